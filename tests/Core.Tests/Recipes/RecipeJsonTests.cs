using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Tests.Recipes.Scripts;
using Xunit;

namespace ModelWorkbench.Core.Tests.Recipes;

public class RecipeJsonTests
{
    [Fact]
    public void Every_registered_step_survives_writing_and_reading()
    {
        var recipe = new Recipe(SampleSteps.OneOfEach());
        Assert.Equal(RecipeJson.StepNames.Count, recipe.Steps.Count);
        var text = RecipeJson.Write(recipe);
        var read = RecipeJson.Parse(text);
        Assert.Empty(read.Problems);
        Assert.Equal(text, RecipeJson.Write(read.Recipe!));
    }

    [Theory]
    [InlineData("{", "", "no JSON")]
    [InlineData("3", "", "Found a number, expected a list of steps")]
    [InlineData("{\"stepps\":[]}", "", "no 'steps'")]
    [InlineData("{\"steps\":[{\"step\":\"log1p\",\"columns\":[]},{\"step\":\"drop-colums\",\"columns\":[]}]}", "steps[1].step", "did you mean 'drop-columns'?")]
    [InlineData("{\"steps\":[{\"step\":\"fill-missing\",\"columns\":[],\"method\":\"mode\"}]}", "steps[0].method", "Found \"mode\", expected one of: mean, median, mostFrequent, constant")]
    [InlineData("{\"steps\":[{\"step\":\"log1p\",\"columns\":\"a\"}]}", "steps[0].columns", "Found \"a\", expected a list, each a text")]
    [InlineData("{\"steps\":[{\"step\":\"log1p\",\"colums\":[]}]}", "steps[0].colums", "did you mean 'columns'?")]
    [InlineData("{\"steps\":[{\"step\":\"log1p\"}]}", "steps[0]", "columns")]
    [InlineData("{\"steps\":[null]}", "steps[0]", "Found null, expected a step")]
    [InlineData("[{}]", "[0].step", "The step has no name")]
    public void A_fault_is_told_with_its_place(string text, string path, string message)
    {
        var result = RecipeJson.Parse(text);
        Assert.Null(result.Recipe);
        var problem = Assert.Single(result.Problems);
        Assert.Equal(path, problem.Path);
        Assert.Contains(message, problem.Message);
    }

    [Fact]
    public void All_steps_with_faults_are_told_at_once() =>
        Assert.Equal(["[0].step", "[2].columns"], RecipeJson.Parse("[{\"step\":\"x\"}, {\"step\":\"log1p\",\"columns\":[]}, {\"step\":\"log1p\",\"columns\":7}, /* and a comma */]").Problems.Select(p => p.Path));
}
