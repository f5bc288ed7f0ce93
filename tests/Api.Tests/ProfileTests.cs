using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Workbench.Datasets;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Profile, warnings, associations and suggested recipe over HTTP.</summary>
public sealed class ProfileTests(SharedWorkbench workbench) : IClassFixture<SharedWorkbench>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private ApiClient Api => workbench.App.Api;

    [Fact]
    public async Task A_column_that_is_known_only_afterwards_is_warned_of_once_a_target_is_named()
    {
        var id = (await UploadAsync()).Id;
        var without = await Api.GetAsync<ProfileApi.WarningsAnswer>($"/api/v1/datasets/{id}/warnings");
        Assert.DoesNotContain(without.Warnings, w => w.Code == WarningCode.LeakageSuspect);
        Assert.Contains(without.Warnings, w => w.Code == WarningCode.Constant && w.Columns.SequenceEqual(["same"]));
        var with = await Api.GetAsync<ProfileApi.WarningsAnswer>($"/api/v1/datasets/{id}/warnings?target=outcome");
        Assert.Equal((WarningCode.LeakageSuspect, WarningSeverity.Serious, "after"), (with.Warnings[0].Code, with.Warnings[0].Severity, with.Warnings[0].Columns[0]));
        Assert.Equal((600, 600), (with.RowCount, with.SampleRowCount));
    }

    [Fact]
    public async Task Associations_name_the_measure_of_each_pair()
    {
        var id = (await UploadAsync()).Id;
        var found = await Api.GetAsync<Associations>($"/api/v1/datasets/{id}/associations?target=outcome");
        Assert.Equal("after", found.WithTarget[0].Column);
        Assert.Equal(1, found.WithTarget[0].Auc!.Value, 2);
        Assert.Equal("outcome", found.Between.Columns[0]);
        Assert.Equal(AssociationMeasure.CorrelationRatio, found.Between.Measures[0][found.Between.Columns.ToList().IndexOf("after")]);
        var text = await Api.Http.GetStringAsync($"/api/v1/datasets/{id}/associations", Cancel);
        Assert.Equal(0, JsonDocument.Parse(text).RootElement.GetProperty("withTarget").GetArrayLength());
    }

    [Fact]
    public async Task The_suggested_recipe_can_be_put_as_it_comes()
    {
        var id = (await UploadAsync()).Id;
        var suggested = await Api.GetAsync<ProfileApi.SuggestedRecipeAnswer>($"/api/v1/datasets/{id}/suggested-recipe?target=outcome");
        Assert.Equal(suggested.Recipe.Steps.Count, suggested.Reasons.Count);
        Assert.Equal(["after", "same"], Assert.IsType<DropColumnsStep>(suggested.Recipe.Steps[0]).Columns);
        Assert.Contains("gives away the target", suggested.Reasons[0]);
        await Api.SetRecipeAsync(id, [.. suggested.Recipe.Steps]);
        using var preview = await Api.Http.PostAsync($"/api/v1/datasets/{id}/recipe/preview?target=outcome", ApiClient.Json(await Api.Http.GetStringAsync($"/api/v1/datasets/{id}/recipe", Cancel)), Cancel);
        var answer = await ApiClient.ReadAsync<JsonElement>(preview, HttpStatusCode.OK);
        Assert.All(answer.GetProperty("outcomes").EnumerateArray(), o => Assert.Equal(0, o.GetProperty("problems").GetArrayLength()));
        Assert.DoesNotContain("after", answer.GetProperty("columns").EnumerateArray().Select(c => c.GetString()));
    }

    [Theory]
    [InlineData("warnings")]
    [InlineData("associations")]
    [InlineData("suggested-recipe")]
    public async Task A_target_that_is_no_column_and_a_dataset_that_is_not_there_are_refused(string what)
    {
        var id = (await UploadAsync()).Id;
        using var target = await Api.Http.GetAsync($"/api/v1/datasets/{id}/{what}?target=nothing", Cancel);
        Assert.Contains("target: found 'nothing'", (await ApiClient.ReadProblemAsync(target, HttpStatusCode.BadRequest)).Detail);
        using var dataset = await Api.Http.GetAsync($"/api/v1/datasets/999999/{what}", Cancel);
        Assert.Contains("999999", (await ApiClient.ReadProblemAsync(dataset, HttpStatusCode.NotFound)).Detail);
    }

    /// <summary>600 rows: "after" all but is the outcome, "same" never changes, "fee" has -999 for missing.</summary>
    private async Task<DatasetApi.DatasetAnswer> UploadAsync()
    {
        var csv = new StringBuilder("noise,after,same,fee,outcome\n");
        for (var i = 0; i < 600; i++)
        {
            var yes = i * 7919 % 600 > 300;
            csv.Append(CultureInfo.InvariantCulture, $"{i * 104729 % 1000},{(yes ? 10 : 0) + i % 5 * 0.1:0.0},k,{(i % 20 == 3 ? -999 : 20 + i * 31 % 60)},{(yes ? "yes" : "no")}\n");
        }
        using var folder = new TemporaryFolder();
        return await Api.UploadAsync(folder.Write("leaky.csv", csv.ToString()));
    }
}
