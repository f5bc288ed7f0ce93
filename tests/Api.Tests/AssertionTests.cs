using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Assertions;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Workbench.Assertions;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>What is expected of models, over HTTP: held against them when they are trained, and before they go live. Trial 1 is a linear model, trial 2 the baseline.</summary>
public sealed class AssertionTests(SharedWorkbench workbench) : IClassFixture<SharedWorkbench>
{
    private ApiClient Api => workbench.App.Api;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static readonly Dictionary<string, string?> Adelie = new() { ["island"] = "Torgersen", ["bill_length_mm"] = "39.1", ["bill_depth_mm"] = "18.7", ["flipper_length_mm"] = "181", ["body_mass_g"] = "3750", ["sex"] = "male" };

    private async Task<(int Dataset, int Experiment)> PenguinsAsync()
    {
        var dataset = await Api.UploadAsync(TestFiles.Sample("penguins.csv"));
        var experiment = await Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, "species", Trainers: ["linear-lbfgs", "baseline"], Split: new SplitPlan(Folds: 3), BudgetSeconds: 60));
        Assert.Equal(ExperimentStatus.Completed, experiment.Status);
        return (dataset.Id, experiment.Id);
    }

    private async Task<AssertionApi.AssertionAnswer> ExpectAsync(int dataset, Expectation expectation, bool isRequired = true)
    {
        using var answer = await Api.Http.PostAsJsonAsync($"/api/v1/datasets/{dataset}/assertions", new AssertionApi.AssertionBody("species", expectation, IsRequired: isRequired), CoreJson.Options, Cancel);
        return await ApiClient.ReadAsync<AssertionApi.AssertionAnswer>(answer, HttpStatusCode.Created);
    }

    private async Task<AssertionApi.AssertionAnswer> ChangeAsync(AssertionApi.AssertionAnswer assertion, Expectation expectation, bool isRequired = true)
    {
        using var answer = await Api.Http.PutAsJsonAsync($"/api/v1/datasets/{assertion.DatasetId}/assertions/{assertion.Id}", new AssertionApi.AssertionBody("species", expectation, assertion.Name, isRequired), CoreJson.Options, Cancel);
        return await ApiClient.ReadAsync<AssertionApi.AssertionAnswer>(answer, HttpStatusCode.OK);
    }

    private Task<AssertionApi.ResultsAnswer> ResultsAsync(int experiment, int trial) => Api.GetAsync<AssertionApi.ResultsAnswer>($"/api/v1/experiments/{experiment}/trials/{trial}/assertions");

    private async Task<JsonElement> RefusedAsync(string name, int experiment, int trial)
    {
        using var answer = await Api.Http.PostAsJsonAsync("/api/v1/endpoints", new EndpointApi.PublishBody(name, experiment, trial), CoreJson.Options, Cancel);
        return await ApiClient.ReadAsync<JsonElement>(answer, HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task A_model_that_does_not_meet_what_is_required_is_not_published()
    {
        var (dataset, experiment) = await PenguinsAsync();
        var answer = await ExpectAsync(dataset, new Expectation.Answer([Adelie], "Gentoo", 0.8));
        Assert.Equal(("For one row species is Gentoo with a probability of at least 0.8", 1), (answer.Name, answer.Version));
        var segment = await ExpectAsync(dataset, new Expectation.Segment(new SegmentMeasure("accuracy-score", "island", "Biscoe"), AtLeast: 0.9));
        await ExpectAsync(dataset, new Expectation.Monotone("body_mass_g", Class: "Adelie", RowCount: 40), isRequired: false);

        var results = await ResultsAsync(experiment, 1);
        Assert.False(results.MayGoLive);
        Assert.Equal([AssertionOutcome.Failed, AssertionOutcome.Passed], results.Results.Take(2).Select(r => r.Outcome!.Value));
        Assert.StartsWith("The answer is Adelie; Gentoo has a probability of", results.Results[0].Found);
        // The rows of the island among those that were not locked away, each judged once.
        Assert.InRange(results.Results[1].Finding!.RowCount, 100, 168);
        Assert.Equal(40, results.Results[2].Finding!.RowCount);

        var refusal = await RefusedAsync("asserted", experiment, 1);
        Assert.Contains("“For one row species is Gentoo with a probability of at least 0.8” (The answer is Adelie; Gentoo has a probability of", refusal.GetProperty("detail").GetString());
        var unmet = Assert.Single(refusal.GetProperty("assertions").EnumerateArray().ToArray());
        Assert.Equal((answer.Id, "failed"), (unmet.GetProperty("id").GetInt32(), unmet.GetProperty("outcome").GetString()));
        using (var none = await Api.Http.GetAsync("/api/v1/endpoints/asserted", Cancel)) Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);

        // Changed to what the model does: it is held against it anew.
        Assert.Equal(2, (await ChangeAsync(answer, new Expectation.Answer([Adelie], "Adelie", 0.8))).Version);
        Assert.True((await ResultsAsync(experiment, 1)).MayGoLive);
        var published = await Api.PublishAsync("asserted", experiment, 1);
        Assert.Equal(1, published.Version);

        // The baseline knows no islands: as a challenger it is refused like any other.
        using (var challenger = await Api.Http.PostAsJsonAsync("/api/v1/endpoints", new EndpointApi.PublishBody("asserted", experiment, 2, GoLive: false), CoreJson.Options, Cancel))
            Assert.Contains("2 required assertions are not met", (await ApiClient.ReadProblemAsync(challenger, HttpStatusCode.Conflict)).Detail);

        // What is not required any more keeps nobody.
        await ChangeAsync(answer, new Expectation.Answer([Adelie], "Adelie", 0.8), isRequired: false);
        await ChangeAsync(segment, segment.Expectation, isRequired: false);
        Assert.False((await Api.PublishAsync("asserted", experiment, 2)).Key is not null);
        Assert.Equal(2, (await Api.GetAsync<EndpointApi.EndpointAnswer>("/api/v1/endpoints/asserted")).LiveVersion);

        // Required again, what was published meanwhile may be rolled back to, but not be made live, nor get traffic.
        await ChangeAsync(segment, segment.Expectation);
        using (var back = await Api.Http.PostAsJsonAsync("/api/v1/endpoints/asserted/promote", new EndpointApi.PromoteBody(1), CoreJson.Options, Cancel)) Assert.Equal(HttpStatusCode.OK, back.StatusCode);
        using (var forward = await Api.Http.PostAsJsonAsync("/api/v1/endpoints/asserted/promote", new EndpointApi.PromoteBody(2), CoreJson.Options, Cancel))
            Assert.Contains("Accuracy where island is Biscoe is at least 0.9", (await ApiClient.ReadProblemAsync(forward, HttpStatusCode.Conflict)).Detail);
        using (var alias = await Api.Http.PutAsJsonAsync("/api/v1/endpoints/asserted/aliases/champion", new EndpointApi.AliasBody(2), CoreJson.Options, Cancel)) Assert.Equal(HttpStatusCode.Conflict, alias.StatusCode);
        using (var traffic = await Api.Http.PutAsJsonAsync("/api/v1/endpoints/asserted/traffic", new EndpointApi.TrafficBody([new TrafficShare(1, 90), new TrafficShare(2, 10)]), CoreJson.Options, Cancel)) Assert.Equal(HttpStatusCode.Conflict, traffic.StatusCode);
        using (var rollback = await Api.Http.PostAsJsonAsync("/api/v1/endpoints/asserted/rollback", new EndpointApi.WhyBody(), CoreJson.Options, Cancel)) Assert.Equal(HttpStatusCode.OK, rollback.StatusCode);
        Assert.Equal(2, (await Api.GetAsync<EndpointApi.EndpointAnswer>("/api/v1/endpoints/asserted")).LiveVersion);
        await Api.DeleteAsync("/api/v1/endpoints/asserted");

        var lines = await Api.GetAsync<JsonElement>("/api/v1/audit?action=assertion");
        Assert.Contains(lines.ToString().Split("assertion.change"), part => part.Contains("penguins", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Too_few_rows_are_no_pass()
    {
        var (dataset, experiment) = await PenguinsAsync();
        var assertion = await ExpectAsync(dataset, new Expectation.Segment(new SegmentMeasure("accuracy-score", "body_mass_g", From: 6_000), AtLeast: 0.1));
        var result = Assert.Single((await ResultsAsync(experiment, 1)).Results);
        Assert.Equal(AssertionOutcome.NotDecided, result.Outcome);
        Assert.StartsWith("Too few rows:", result.Found);
        Assert.Contains("not decided: Too few rows", (await RefusedAsync("too-few", experiment, 1)).GetProperty("detail").GetString());
        await Api.DeleteAsync($"/api/v1/datasets/{dataset}/assertions/{assertion.Id}");
        Assert.True((await ResultsAsync(experiment, 1)) is { Results.Count: 0, MayGoLive: true });
    }

    [Fact]
    public async Task Models_are_held_against_an_assertion_without_anybody_asking()
    {
        var (dataset, experiment) = await PenguinsAsync();
        var made = await ExpectAsync(dataset, new Expectation.Segment(new SegmentMeasure("accuracy-score"), AtLeast: 0.9), isRequired: false);
        await using var scope = workbench.App.Services.CreateAsyncScope();
        var store = scope.ServiceProvider.GetRequiredService<AssertionStore>();
        IReadOnlyList<AssertionResultRow> results = [];
        await Poll.UntilAsync(async () => (results = [.. (await store.ResultsAsync(experiment, Cancel)).Where(r => r.AssertionId == made.Id)]).Count == 2, TimeSpan.FromSeconds(60), "both trials are held against it");
        Assert.Equal([AssertionOutcome.Passed, AssertionOutcome.Failed], results.OrderBy(r => r.TrialNumber).Select(r => r.Finding.Outcome));

        // And a trial that comes later.
        var next = await Api.RunAsync(new ExperimentApi.StartBody(dataset, "species", Trainers: ["linear-lbfgs"], Split: new SplitPlan(Folds: 1), BudgetSeconds: 60));
        await Poll.UntilAsync(async () => (await store.ResultsAsync(next.Id, Cancel)).Count == 1, TimeSpan.FromSeconds(60), "the new trial is held against it");
    }

    [Fact]
    public async Task A_model_from_a_file_meets_what_the_others_under_its_name_have_to()
    {
        var (dataset, experiment) = await PenguinsAsync();
        await Api.PublishAsync("from-file", experiment, 1);
        var endpoint = await Api.GetAsync<EndpointApi.EndpointAnswer>("/api/v1/endpoints/from-file");
        var bytes = await File.ReadAllBytesAsync(workbench.App.Services.GetRequiredService<ArtefactStore>().PathOf(endpoint.Versions[0].ModelSha256), Cancel);
        var assertion = await ExpectAsync(dataset, new Expectation.Answer([Adelie], "Gentoo"));
        using (var refused = await ImportAsync()) Assert.Contains("The answer is Adelie", (await ApiClient.ReadProblemAsync(refused, HttpStatusCode.Conflict)).Detail);
        await ChangeAsync(assertion, new Expectation.Answer([Adelie], "Adelie"));
        using (var taken = await ImportAsync()) Assert.Equal(HttpStatusCode.Created, taken.StatusCode);
        await ExpectAsync(dataset, new Expectation.Segment(new SegmentMeasure("accuracy-score"), AtLeast: 0.5));
        using (var undecided = await ImportAsync()) Assert.Contains("which rows it has not seen is not known here", (await ApiClient.ReadProblemAsync(undecided, HttpStatusCode.Conflict)).Detail);
        await Api.DeleteAsync("/api/v1/endpoints/from-file");

        async Task<HttpResponseMessage> ImportAsync()
        {
            using var file = new ByteArrayContent(bytes);
            return await Api.Http.PostAsync("/api/v1/endpoints/import?name=from-file", file, Cancel);
        }
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused_with_all_that_is_wrong()
    {
        var dataset = await Api.UploadAsync(TestFiles.Sample("penguins.csv"));
        using var answer = await Api.Http.PostAsync($"/api/v1/datasets/{dataset.Id}/assertions", ApiClient.Json("""{"target":"species","expectation":{"kind":"monotone","column":"wings","rowCount":5000}}"""), Cancel);
        var problem = await ApiClient.ReadProblemAsync(answer, HttpStatusCode.BadRequest);
        Assert.Equal(2, problem.Errors.Count);
        Assert.Contains("There is no column 'wings'", problem.Detail);
        var row = await ExpectAsync(dataset.Id, new Expectation.Monotone("body_mass_g", Class: "Gentoo"));
        // Of another dataset it is not there.
        var other = await Api.UploadAsync(TestFiles.Sample("penguins.csv"));
        using var elsewhere = await Api.Http.GetAsync($"/api/v1/datasets/{other.Id}/assertions/{row.Id.ToString(CultureInfo.InvariantCulture)}", Cancel);
        Assert.Equal("Unknown assertion", (await ApiClient.ReadProblemAsync(elsewhere, HttpStatusCode.NotFound)).Title);
        Assert.Single(await Api.GetAsync<IReadOnlyList<AssertionApi.AssertionAnswer>>($"/api/v1/datasets/{dataset.Id}/assertions?target=species"));
        Assert.Empty(await Api.GetAsync<IReadOnlyList<AssertionApi.AssertionAnswer>>($"/api/v1/datasets/{dataset.Id}/assertions?target=sex"));
    }
}
