using System.Net;
using ModelWorkbench.Workbench.Experiments;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Trials side by side over HTTP, held against one another in the training process. Trial 1 is a linear model, trial 2 the baseline.</summary>
public sealed class SideBySideTests(PublishedModels models) : IClassFixture<PublishedModels>
{
    private ApiClient Api => models.App.Api;

    private string Address(string trials) => $"/api/v1/experiments/{models.ExperimentId}/side-by-side?trials={trials}";

    [Fact]
    public async Task A_model_is_held_against_the_first_on_the_rows_that_both_answered()
    {
        var answer = await Api.GetAsync<SideBySideApi.SideBySideAnswer>(Address("2,1"));
        Assert.Null(answer.WhyNot);
        Assert.Equal([2, 1], answer.Models.Select(m => m.Number));
        var held = Assert.Single(answer.Held!.Others);
        Assert.Equal((2, 1), (answer.Held.First, held.Number));
        Assert.Equal(answer.Models[1].Result.Score!.Value - answer.Models[0].Result.Score!.Value, held.Gain!.Value, 1e-12);
        Assert.True(held.Chance is { IsDistinguishable: true, Interval.Low: > 0.2 }, $"{held.Chance}");
        Assert.Equal(answer.Held.RowCount, held.Right!.BothRight + held.Right.OnlyFirst + held.Right.OnlyOther + held.Right.BothWrong);
        Assert.Equal(answer.Models[0].Report.RowCount, answer.Held.RowCount);
        // One hold-out: accuracy is the share of rows that are right.
        Assert.Equal(answer.Models[1].Report.Metrics["accuracy-score"]!.Value, (double)(held.Right.BothRight + held.Right.OnlyOther) / answer.Held.RowCount, 1e-12);

        var swapped = (await Api.GetAsync<SideBySideApi.SideBySideAnswer>(Address("1,2"))).Held!.Others[0];
        Assert.Equal(-held.Gain.Value, swapped.Gain!.Value, 1e-12);
        Assert.Equal((held.Right.OnlyFirst, held.Right.OnlyOther, held.Right.P), (swapped.Right!.OnlyOther, swapped.Right.OnlyFirst, swapped.Right.P));
    }

    [Fact]
    public async Task What_cannot_be_shown_side_by_side_says_why()
    {
        Assert.Contains("has no trial 99", (await ProblemAsync("1,99", HttpStatusCode.BadRequest)).Detail);
        Assert.Contains("Found 1 trial, expected 2 to 5", (await ProblemAsync("1", HttpStatusCode.BadRequest)).Detail);
        Assert.Contains("is there twice", (await ProblemAsync("1,1", HttpStatusCode.BadRequest)).Detail);
        await ApiClient.ReadProblemAsync(await Api.Http.GetAsync("/api/v1/experiments/999/side-by-side?trials=1,2", TestContext.Current.CancellationToken), HttpStatusCode.NotFound);
    }

    private async Task<Problem> ProblemAsync(string trials, HttpStatusCode status) =>
        await ApiClient.ReadProblemAsync(await Api.Http.GetAsync(Address(trials), TestContext.Current.CancellationToken), status);
}
