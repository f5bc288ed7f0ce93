using System.Net;
using System.Text.Json;
using ModelWorkbench.Workbench.Explanations;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Principal components over HTTP. Trial 1 is a linear model of the penguins, trial 2 the baseline.</summary>
public sealed class ComponentsTests(PublishedModels models) : IClassFixture<PublishedModels>
{
    private string Address(int trial) => $"/api/v1/experiments/{models.ExperimentId}/trials/{trial}/components";

    [Fact]
    public async Task Points_can_be_traced_to_their_rows_and_have_the_answer_of_the_trial()
    {
        var answer = await models.App.Api.GetAsync<ComponentsApi.ComponentsAnswer>(Address(1));
        Assert.Null(answer.WhyNot);
        var components = answer.Components!;
        Assert.False(components.IsRandomised);
        Assert.Equal(10, components.ScoredCount);
        Assert.Equal(components.First.Count, components.Rows!.Distinct().Count());
        // The label of a point is that of the line of the file: the sample has no line breaks within quotes.
        var lines = await File.ReadAllLinesAsync(TestFiles.Sample("penguins.csv"), TestContext.Current.CancellationToken);
        Assert.All(components.Rows!.Index(), row => Assert.StartsWith($"\"{components.Labels![row.Index]}\"", lines[row.Item + 1]));
        // One fold holds out a part of the rows; a linear model is mostly right there.
        var judged = components.Answers!.Labels!.Index().Where(a => a.Item is not null).ToList();
        Assert.InRange(judged.Count, 20, components.First.Count - 1);
        Assert.InRange(judged.Count(a => a.Item == components.Labels![a.Index]), judged.Count * 0.9, judged.Count);
        Assert.All(judged, a => Assert.InRange(components.Answers.Errors[a.Index]!.Value, 0, 1));
        Assert.Equal(judged.Count, components.Answers.Errors.Count(e => e is not null));

        // The components are of the rows, the answers of the trial; the report of the trial holds the same.
        var baseline = (await models.App.Api.GetAsync<ComponentsApi.ComponentsAnswer>(Address(2))).Components;
        if (baseline is not null) Assert.NotEqual(baseline.Answers!.Errors, components.Answers.Errors);
        var report = await models.App.Api.GetAsync<JsonElement>($"/api/v1/experiments/{models.ExperimentId}/trials/1");
        Assert.Equal(components.First[0], report.GetProperty("report").GetProperty("pca").GetProperty("first")[0].GetDouble());
    }

    [Fact]
    public async Task Unscaled_features_have_components_of_their_own_for_the_same_rows()
    {
        var scaled = (await models.App.Api.GetAsync<ComponentsApi.ComponentsAnswer>(Address(1))).Components!;
        var answer = await models.App.Api.GetAsync<ComponentsApi.ComponentsAnswer>(Address(1) + "?scaled=false");
        Assert.Null(answer.WhyNot);
        var unscaled = answer.Components!;
        Assert.Equal(scaled.Rows, unscaled.Rows);
        Assert.Equal(scaled.Answers!.Errors, unscaled.Answers!.Errors);
        // Grams are the largest numbers by far: the first component is the body mass.
        Assert.Equal("body_mass_g", unscaled.Strongest(0, 1)[0].Feature);
        Assert.InRange(unscaled.ExplainedVarianceRatio[0], 0.99, 1);
        Assert.InRange(scaled.ExplainedVarianceRatio[0], 0.2, 0.8);
    }

    [Fact]
    public async Task Rows_are_placed_on_a_map_that_keeps_their_neighbours()
    {
        var address = $"/api/v1/experiments/{models.ExperimentId}/trials/1/map";
        var map = (await models.App.Api.GetAsync<ComponentsApi.MapAnswer>(address)).Map!;
        var components = (await models.App.Api.GetAsync<ComponentsApi.ComponentsAnswer>(Address(1))).Components!;
        Assert.Equal(components.Rows, map.Rows);
        Assert.True(map.Trustworthiness > map.OfComponents && map.Trustworthiness > 0.95, $"{map.Trustworthiness} beside {map.OfComponents}");
        Assert.Equal(map.X, (await models.App.Api.GetAsync<ComponentsApi.MapAnswer>(address)).Map!.X);
        await ApiClient.ReadProblemAsync(await models.App.Api.Http.GetAsync($"/api/v1/experiments/{models.ExperimentId}/trials/99/map", TestContext.Current.CancellationToken), HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Unknown_trials_are_named()
    {
        Assert.Contains("no trial 99", (await ApiClient.ReadProblemAsync(await models.App.Api.Http.GetAsync(Address(99), TestContext.Current.CancellationToken), HttpStatusCode.NotFound)).Detail);
        await ApiClient.ReadProblemAsync(await models.App.Api.Http.GetAsync("/api/v1/experiments/9999/trials/1/components", TestContext.Current.CancellationToken), HttpStatusCode.NotFound);
    }
}
