using System.Net;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Workbench.Explanations;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Explanations of a model over HTTP: computed in the training process and kept. Trial 1 is a linear model of the penguins, trial 2 the baseline.</summary>
public sealed class ExplanationTests(PublishedModels models) : IClassFixture<PublishedModels>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private ApiClient Api => models.App.Api;

    private string Address(int trial) => $"/api/v1/experiments/{models.ExperimentId}/trials/{trial}/explanation";

    [Fact]
    public async Task A_model_is_explained_once_and_kept()
    {
        Assert.Equal("none", (await Api.GetAsync<ExplanationsApi.ExplanationAnswer>(Address(1))).Status);
        var accepted = await ApiClient.ReadAsync<ExplanationsApi.ExplanationAnswer>(await Api.Http.PostAsync(Address(1), null, Cancel), HttpStatusCode.Accepted);
        Assert.Contains(accepted.Status, (string[])["waiting", "running"]);
        var answer = accepted;
        await Poll.UntilAsync(async () => (answer = await Api.GetAsync<ExplanationsApi.ExplanationAnswer>(Address(1))).Status is "completed" or "failed", TimeSpan.FromMinutes(3), "the explanation");
        Assert.Null(answer.Reason);
        var explanation = answer.Explanation!;
        Assert.Equal(ContributionScale.LogProbability, explanation.Contributions!.Scale);
        Assert.Equal(["Adelie", "Chinstrap", "Gentoo"], explanation.Contributions.Of);
        Assert.Contains(explanation.Contributions.Columns[0].Column, (string[])["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "island"]);
        Assert.Contains(explanation.Dependence, d => d.Column == "island");
        Assert.NotEmpty(explanation.Surrogate!.Leaves);
        Assert.NotEmpty(explanation.Errors.Worst);
        Assert.Contains(explanation.Errors.Groups, g => g.Column == "sex");
    }

    [Fact]
    public async Task What_cannot_be_explained_says_why()
    {
        await ApiClient.ReadProblemAsync(await Api.Http.PostAsync(Address(99), null, Cancel), HttpStatusCode.NotFound);
        await ApiClient.ReadProblemAsync(await Api.Http.GetAsync("/api/v1/experiments/99/trials/1/explanation", Cancel), HttpStatusCode.NotFound);
        await ApiClient.ReadProblemAsync(await Api.Http.DeleteAsync(Address(2), Cancel), HttpStatusCode.NotFound);
    }
}
