using System.Net;
using System.Net.Http.Json;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Recipes;
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
    public async Task Rows_are_told_with_their_answers_and_with_the_training_rows_most_like_them()
    {
        var trial = $"/api/v1/experiments/{models.ExperimentId}/trials/1";
        var all = await Api.GetAsync<TrialRowsApi.AnsweredRowsAnswer>($"{trial}/rows?limit=1000");
        Assert.Equal(all.Count, all.Rows.Count);
        var cell = await Api.GetAsync<TrialRowsApi.AnsweredRowsAnswer>($"{trial}/rows?actual=Adelie&predicted=Adelie&limit=3");
        Assert.Equal(all.Rows.Count(r => r is { Actual: "Adelie", Predicted: "Adelie" }), cell.Count);
        Assert.Equal(3, cell.Rows.Count);
        var first = cell.Rows[0];
        Assert.Equal("Adelie", first.Values["species"]);
        Assert.Equal(first.Probability, first.TruthProbability);

        var row = await Api.GetAsync<TrialRowsApi.RowAnswer>($"{trial}/rows/{first.Row}?neighbours=4");
        Assert.Equal(first.Probability, row.Row!.Probability);
        Assert.Equal(first.Values["bill_length_mm"], row.Values["bill_length_mm"]);
        Assert.Equal(4, row.Nearest.Count);
        Assert.Equal(row.Nearest.Select(n => n.Distance).Order(), row.Nearest.Select(n => n.Distance));
        Assert.DoesNotContain(first.Row, row.Nearest.Select(n => n.Row.Row));
        Assert.All(row.Nearest, near => Assert.Equal("Adelie", near.Row.Actual));
        for (var sum = 0; sum < row.Contributions!.Base.Count; sum++)
            Assert.Equal(row.Contributions.Sums[sum], row.Contributions.Base[sum] + row.Contributions.Added.Values.Sum(added => added[sum]), 1e-6);

        // Rows that were not judged: those that were only learnt from have a truth, those that are kept locked have values alone.
        var judged = all.Rows.Select(r => r.Row).ToHashSet();
        List<TrialRowsApi.RowAnswer> others = [];
        foreach (var number in Enumerable.Range(1, 344).Where(number => !judged.Contains(number)).Take(30)) others.Add(await Api.GetAsync<TrialRowsApi.RowAnswer>($"{trial}/rows/{number}?neighbours=2"));
        Assert.Contains(others, other => other.Row is { Actual: not "", Predicted: null, Probability: null });
        Assert.Contains(others, other => other.Row is null && other.Values.Count > 0 && other.Nearest.Count == 2);

        await ApiClient.ReadProblemAsync(await Api.Http.GetAsync($"{trial}/rows?actual=Emperor", Cancel), HttpStatusCode.BadRequest);
        await ApiClient.ReadProblemAsync(await Api.Http.GetAsync($"{trial}/rows?limit=0", Cancel), HttpStatusCode.BadRequest);
        await ApiClient.ReadProblemAsync(await Api.Http.GetAsync($"{trial}/rows/99999", Cancel), HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task The_smallest_change_that_flips_an_answer_is_found_with_columns_that_may_not_change()
    {
        var trial = $"/api/v1/experiments/{models.ExperimentId}/trials/1";
        var row = (await Api.GetAsync<TrialRowsApi.AnsweredRowsAnswer>($"{trial}/rows?actual=Adelie&predicted=Adelie&limit=1")).Rows[0];
        async Task<HttpResponseMessage> AskAsync(TrialRowsApi.ChangesBody body) => await Api.Http.PostAsJsonAsync($"{trial}/changes", body, CoreJson.Options, Cancel);
        async Task<TrialRowsApi.ChangesAnswer> FindAsync(TrialRowsApi.ChangesBody body) => await ApiClient.ReadAsync<TrialRowsApi.ChangesAnswer>(await AskAsync(body), HttpStatusCode.OK);

        var found = await FindAsync(new(row.Row, Class: "Gentoo"));
        Assert.Equal(("Adelie", false), (found.Answered, found.IsAsWanted));
        Assert.NotEmpty(found.Changes);
        var changed = row.Values.Where(v => v.Key != "species").ToDictionary();
        foreach (var change in found.Changes[0].Changes)
        {
            Assert.Equal(row.Values[change.Column], change.From);
            changed[change.Column] = change.To;
        }
        // The changed row is asked for by its values, and is then as wanted.
        Assert.Equal(("Gentoo", true, 0), await FindAsync(new(Values: changed, Class: "Gentoo")) is var after ? (after.Answered, after.IsAsWanted, after.Changes.Count) : default);
        var kept = found.Changes[0].Changes[0].Column;
        Assert.DoesNotContain((await FindAsync(new(row.Row, Class: "Gentoo", Fixed: [kept]))).Changes, c => c.Changes.Any(x => x.Column == kept));

        Assert.Contains("Found the class 'Emperor'", (await ApiClient.ReadProblemAsync(await AskAsync(new(row.Row, Class: "Emperor")), HttpStatusCode.BadRequest)).Detail);
        Assert.Contains("expected class", (await ApiClient.ReadProblemAsync(await AskAsync(new(row.Row, AtLeast: 3)), HttpStatusCode.BadRequest)).Detail);
        Assert.Contains("Expected either row or values", (await ApiClient.ReadProblemAsync(await AskAsync(new(Class: "Gentoo")), HttpStatusCode.BadRequest)).Detail);
        Assert.Contains("no column 'beak'", (await ApiClient.ReadProblemAsync(await AskAsync(new(row.Row, Class: "Gentoo", Fixed: ["beak"])), HttpStatusCode.BadRequest)).Detail);
        Assert.Contains("no row 99999", (await ApiClient.ReadProblemAsync(await AskAsync(new(99999, Class: "Gentoo")), HttpStatusCode.NotFound)).Detail);
    }

    [Fact]
    public async Task A_learning_curve_is_drawn_once_and_kept()
    {
        var address = $"/api/v1/experiments/{models.ExperimentId}/trials/1/learning-curve";
        Assert.Equal("none", (await Api.GetAsync<LearningCurvesApi.LearningCurveAnswer>(address)).Status);
        var answer = await ApiClient.ReadAsync<LearningCurvesApi.LearningCurveAnswer>(await Api.Http.PostAsync(address, null, Cancel), HttpStatusCode.Accepted);
        await Poll.UntilAsync(async () => (answer = await Api.GetAsync<LearningCurvesApi.LearningCurveAnswer>(address)).Status is "completed" or "failed", TimeSpan.FromMinutes(3), "the learning curve");
        Assert.Null(answer.Reason);
        Assert.Equal(1, answer.Curve!.Points[^1].Share);
        Assert.NotNull(answer.Curve.Points[^1].Mean);
        await ApiClient.ReadProblemAsync(await Api.Http.DeleteAsync(address, Cancel), HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task What_cannot_be_explained_says_why()
    {
        await ApiClient.ReadProblemAsync(await Api.Http.PostAsync(Address(99), null, Cancel), HttpStatusCode.NotFound);
        await ApiClient.ReadProblemAsync(await Api.Http.GetAsync("/api/v1/experiments/99/trials/1/explanation", Cancel), HttpStatusCode.NotFound);
        await ApiClient.ReadProblemAsync(await Api.Http.DeleteAsync(Address(2), Cancel), HttpStatusCode.NotFound);
    }
}
