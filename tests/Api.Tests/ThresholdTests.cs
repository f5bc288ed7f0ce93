using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ModelWorkbench.Core.Assertions;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Workbench.Assertions;
using ModelWorkbench.Workbench.Datasets;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Explanations;
using ModelWorkbench.Workbench.Optimisation;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>A threshold that a person chose goes with the model: into its versions, answers and figures.</summary>
public sealed class ThresholdTests(SharedWorkbench workbench) : IClassFixture<SharedWorkbench>
{
    private const double Chosen = 0.2;

    private ApiClient Api => workbench.App.Api;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private async Task<HttpResponseMessage> SetAsync(int experiment, int trial, double? threshold) =>
        await Api.Http.PutAsJsonAsync($"/api/v1/experiments/{experiment}/trials/{trial}/threshold", new ExperimentApi.ThresholdBody(threshold), CoreJson.Options, Cancel);

    [Fact]
    public async Task A_chosen_threshold_is_published_with_the_model()
    {
        var dataset = await Api.UploadAsync(TestFiles.Sample("telco_churn.csv"));
        var experiment = await Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, "churn", Trainers: ["linear-lbfgs", "baseline"], Split: new SplitPlan(Folds: 3), BudgetSeconds: 60));
        Assert.Equal(ExperimentStatus.Completed, experiment.Status);
        var plain = await Api.PublishAsync("churn", experiment.Id, 1);
        using (var expected = await Api.Http.PostAsJsonAsync($"/api/v1/datasets/{dataset.Id}/assertions", new AssertionApi.AssertionBody("churn", new Expectation.Segment(new SegmentMeasure(Metric.F1.Id), AtLeast: 0.01)), CoreJson.Options, Cancel))
            Assert.Equal(HttpStatusCode.Created, expected.StatusCode);
        var f1Before = await F1Async();

        using (var set = await SetAsync(experiment.Id, 1, Chosen)) Assert.Equal(Chosen, (await ApiClient.ReadAsync<ExperimentApi.ReportAnswer>(set, HttpStatusCode.OK)).Trial.Threshold);
        // The same model decides otherwise, and is measured so, with intervals.
        Assert.NotEqual(f1Before, await F1Async());
        var report = await Api.GetAsync<ExperimentApi.ReportAnswer>($"/api/v1/experiments/{experiment.Id}/trials/1");
        var decided = report.AtThreshold!;
        Assert.All(ThresholdExplorer.ByClass, id => Assert.InRange(decided.Metrics[id]!.Value, decided.Intervals[id].Low, decided.Intervals[id].High));
        Assert.NotEqual(report.Report!.Validation.Metrics[Metric.F1.Id], decided.Metrics[Metric.F1.Id]);
        Assert.NotNull(report.FinalAtThreshold);
        // So are its rows, cell by cell, and its errors; the likelier class stays with the other.
        foreach (var (t, truth) in new[] { "No", "Yes" }.Index())
            foreach (var (a, answered) in new[] { "No", "Yes" }.Index())
                AssertNear(decided.Confusion[t][a], (await Api.GetAsync<TrialRowsApi.AnsweredRowsAnswer>($"/api/v1/experiments/{experiment.Id}/trials/1/rows?actual={truth}&predicted={answered}&limit=1")).Count);
        var beside = await Api.GetAsync<SideBySideApi.SideBySideAnswer>($"/api/v1/experiments/{experiment.Id}/side-by-side?trials=2,1");
        Assert.Equal([null, Chosen], beside.Models.Select(m => m.Threshold));
        Assert.Equal(decided.Metrics[Metric.F1.Id], beside.Models[1].Report.Metrics[Metric.F1.Id]);
        var right = beside.Held!.Others[0].Right!;
        AssertNear(decided.Confusion[0][0] + decided.Confusion[1][1], right.BothRight + right.OnlyOther);
        var second = await Api.PublishAsync("churn", experiment.Id, 1);
        Assert.Equal(2, second.Version);
        Assert.True(second.Comparison!.ChangedShare > 0.05, $"{second.Comparison}");
        Assert.Equal(second.Comparison.MetricBefore!.Value, second.Comparison.Metric!.Value, 1e-12);
        var endpoint = await Api.GetAsync<EndpointApi.EndpointAnswer>("/api/v1/endpoints/churn");
        Assert.Equal([Chosen, null], endpoint.Versions.Select(v => v.Threshold));
        Assert.NotEqual(endpoint.Versions[0].ModelSha256, endpoint.Versions[1].ModelSha256);

        var rows = await Api.GetAsync<RowsApi.RowsAnswer>($"/api/v1/datasets/{dataset.Id}/rows?limit=100");
        var used = endpoint.Inputs!.Where(i => i.Used).ToList();
        var records = rows.Rows.Select(row => used.ToDictionary(i => i.Name, i => (object?)row[rows.Columns.ToList().IndexOf(i.Name)])).ToArray();
        using var http = workbench.App.Anonymous();
        http.DefaultRequestHeaders.Add("X-Api-Key", plain.Key);
        var (now, before) = (await AskAsync("/api/v1/models/churn/predict"), await AskAsync("/api/v1/models/churn/versions/1/predict"));
        Assert.Contains(now, a => a is { Label: "Yes", Probability: < 0.5 });
        Assert.All(now, a => Assert.Equal(a.Probability >= Chosen ? "Yes" : "No", a.Label));
        Assert.All(before, a => Assert.Equal(a.Probability > 0.5 ? "Yes" : "No", a.Label));
        Assert.Equal(before.Select(a => a.Probability), now.Select(a => a.Probability));
        using (var described = await http.GetAsync("/api/v1/models/churn/openapi.json", Cancel)) Assert.Contains("The answer is Yes where its probability is at least 0.2, else No.", await described.Content.ReadAsStringAsync(Cancel));
        using (var card = await Api.Http.GetAsync($"/api/v1/experiments/{experiment.Id}/trials/1/card", Cancel)) Assert.Contains("Yes from a probability of 0.2 on", await card.Content.ReadAsStringAsync(Cancel));

        // Variants decide as the model does that they are made of.
        var variants = $"/api/v1/experiments/{experiment.Id}/trials/1/optimise";
        using (await Api.Http.PostAsync(variants, null, Cancel))
        {
            OptimisationApi.OptimisationAnswer? ladder = null;
            await Poll.UntilAsync(async () => (ladder = await Api.GetAsync<OptimisationApi.OptimisationAnswer>(variants)).Status is "completed" or "failed", TimeSpan.FromMinutes(3), "the variants");
            var number = ladder!.Ladder!.Rungs.Select(r => r.Number).OfType<int>().First();
            Assert.Equal(Chosen, (await Api.GetAsync<ExperimentApi.ReportAnswer>($"/api/v1/experiments/{experiment.Id}/trials/{number}")).Trial.Threshold);
            await Api.PublishAsync("churn", experiment.Id, number);
            Assert.Equal(Chosen, (await Api.GetAsync<EndpointApi.EndpointAnswer>("/api/v1/endpoints/churn")).Versions[0].Threshold);
        }

        // Back to what it was: the same bytes as before.
        using (var reset = await SetAsync(experiment.Id, 1, null)) Assert.Equal(HttpStatusCode.OK, reset.StatusCode);
        await Api.PublishAsync("churn", experiment.Id, 1);
        endpoint = await Api.GetAsync<EndpointApi.EndpointAnswer>("/api/v1/endpoints/churn");
        Assert.Equal((null, endpoint.Versions[3].ModelSha256), (endpoint.Versions[0].Threshold, endpoint.Versions[0].ModelSha256));
        await Api.DeleteAsync("/api/v1/endpoints/churn");

        // The counts of a report are of 500 thresholds, one of which is next to the one that was chosen.
        static void AssertNear(int expected, int found) => Assert.InRange(found, expected - 40, expected + 40);

        async Task<double> F1Async() => (await Api.GetAsync<AssertionApi.ResultsAnswer>($"/api/v1/experiments/{experiment.Id}/trials/1/assertions")).Results[0].Finding!.Figure!.Value;

        async Task<List<(string Label, double Probability)>> AskAsync(string address)
        {
            using var answer = await http.PostAsJsonAsync(address, new { records }, Cancel);
            var body = await ApiClient.ReadAsync<JsonElement>(answer, HttpStatusCode.OK);
            return [.. body.GetProperty("predictions").EnumerateArray().Zip(body.GetProperty("probabilities").EnumerateArray(), (label, p) => (label.GetString()!, p[1].GetDouble()))];
        }
    }

    [Fact]
    public async Task A_threshold_that_cannot_be_is_refused()
    {
        var dataset = await Api.UploadAsync(TestFiles.Sample("penguins.csv"));
        var experiment = await Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, "species", Trainers: ["baseline"], Split: new SplitPlan(Folds: 1), BudgetSeconds: 60));
        using (var several = await SetAsync(experiment.Id, 1, 0.3)) Assert.Contains("decides between two classes", (await ApiClient.ReadProblemAsync(several, HttpStatusCode.Conflict)).Detail);
        using (var unknown = await SetAsync(experiment.Id, 9, 0.3)) await ApiClient.ReadProblemAsync(unknown, HttpStatusCode.NotFound);
        var binary = await Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, "sex", Trainers: ["baseline"], Split: new SplitPlan(Folds: 1), BudgetSeconds: 60));
        using (var large = await SetAsync(binary.Id, 1, 1.5)) Assert.Contains("The threshold is 1.5; expected more than 0, at most 1.", (await ApiClient.ReadProblemAsync(large, HttpStatusCode.Conflict)).Detail);
    }
}
