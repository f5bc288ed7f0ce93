using System.Globalization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Trainers;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Models;

public sealed class CounterfactualTests
{
    private static readonly Table Rows = Table(
        Numbers("income", [.. Enumerable.Range(0, 101).Select(i => (double)i)]), Numbers("debt", [.. Enumerable.Range(0, 101).Select(i => 100.0 - i)]),
        Categories("home", [.. Enumerable.Range(0, 101).Select(i => i % 3 == 0 ? "rents" : "owns")]));

    /// <summary>A known model: income less debt, and 40 for owning a home; yes above 50.</summary>
    private static ModelPackage Credit(LearningTask task)
    {
        var encoder = FeatureEncoder.Fit(Rows, FeatureEncoding.Codes, TestContext.Current.CancellationToken);
        var names = encoder.FeatureNames.ToList();
        // The code of a category is its place: the one of the two that owns gets the weight.
        var own = encoder.Encode(Table(Numbers("income", 0, 0), Numbers("debt", 0, 0), Categories("home", "owns", "rents")));
        var home = names.IndexOf("home");
        var (owns, rents) = (own.Row(0)[home], own.Row(1)[home]);
        var weights = new double[names.Count];
        (weights[names.IndexOf("income")], weights[names.IndexOf("debt")], weights[home]) = (1, -1, 40 / (owns - rents));
        Scorer scorer = new LinearScorer(weights, [-50 - (40 / (owns - rents) * rents)], task == LearningTask.Binary ? LinearLink.Logistic : LinearLink.Identity);
        var signature = Signature.Describe(Rows, Rows.Columns.Select(c => c.Name).ToHashSet());
        return new ModelPackage(new ModelManifest("linear-lbfgs", "Linear", new Target("credit", task, task == LearningTask.Binary ? ["no", "yes"] : []), signature, new FittedRecipe([]), encoder, new GoldenRows([], [])), scorer);
    }

    private static Dictionary<string, string?> Row(double income, double debt, string home) =>
        new() { ["income"] = income.ToString(CultureInfo.InvariantCulture), ["debt"] = debt.ToString(CultureInfo.InvariantCulture), ["home"] = home };

    private static readonly HashSet<string> All = ["income", "debt", "home"];

    private static IReadOnlyList<Counterfactual> Find(Dictionary<string, string?> row, HashSet<string> changeable, LearningTask task = LearningTask.Binary, WantedAnswer? wanted = null) =>
        CounterfactualSearch.Find(Credit(task), row, changeable, wanted ?? new WantedAnswer.OfClass(1), TestContext.Current.CancellationToken);

    [Fact]
    public void The_smallest_change_of_one_column_flips_the_answer()
    {
        // 60 - 20 + 0 - 50 = -10: eleven more income, eleven less debt, or a home.
        var found = Find(Row(60, 20, "rents"), All);
        Assert.Equal(3, found.Count);
        Assert.All(found, c => Assert.Single(c.Changes));
        Assert.Equal(found.OrderBy(c => c.Size), found);
        var income = found.Single(c => c.Changes[0].Column == "income").Changes[0];
        Assert.Equal(("60", "71"), (income.From, income.To));
        Assert.Equal("9", found.Single(c => c.Changes[0].Column == "debt").Changes[0].To);
        Assert.Equal("owns", found.Single(c => c.Changes[0].Column == "home").Changes[0].To);
        Assert.All(found, c => Assert.True(c.Outputs[1] > 0.5));
    }

    [Fact]
    public void What_may_not_change_does_not()
    {
        var found = Find(Row(60, 20, "rents"), ["home"]);
        Assert.Equal(["home"], found.SelectMany(c => c.Changes).Select(c => c.Column));
        Assert.Empty(Find(Row(60, 20, "rents"), []));
    }

    [Fact]
    public void Several_columns_change_where_one_is_not_enough()
    {
        // 5 - 90 + 0 - 50 = -135: income alone gives 95, debt alone 90, a home 40.
        var found = Find(Row(5, 90, "rents"), All);
        Assert.NotEmpty(found);
        Assert.All(found, c => Assert.True(c.Changes.Count == 2));
        Assert.All(found, c => Assert.True(c.Outputs[1] > 0.5));
    }

    [Fact]
    public void An_answer_that_is_as_wanted_needs_no_change_and_one_out_of_reach_has_none()
    {
        Assert.Empty(Find(Row(100, 0, "owns"), All));
        Assert.Empty(Find(Row(60, 20, "rents"), All, LearningTask.Regression, new WantedAnswer.AtLeast(1_000)));
    }

    [Fact]
    public void Numbers_are_wanted_from_or_up_to_a_limit()
    {
        var more = Find(Row(60, 20, "rents"), ["income"], LearningTask.Regression, new WantedAnswer.AtLeast(5)).Single();
        Assert.Equal("75", more.Changes.Single().To);
        Assert.Equal(5, more.Outputs[0], 1e-4);
        Assert.Equal("40", Find(Row(60, 20, "rents"), ["income"], LearningTask.Regression, new WantedAnswer.AtMost(-30)).Single().Changes.Single().To);
    }
}
