using System.Net;
using System.Net.Http.Json;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Core.Tuning;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>A search over HTTP: its end, pause and return, more time, values of one's own, models on request, and what a kill leaves.</summary>
[Collection(nameof(AloneCollection))]
public sealed class SearchTests
{
    private static readonly string[] Quick = ["baseline", "linear-lbfgs", "random-forest", "neural-network", "naive-bayes"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_search_ends_with_an_ensemble_a_final_report_and_an_endpoint_for_any_trial()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var dataset = await app.Api.UploadAsync(TestFiles.Sample("breast_cancer.csv"));
        var experiment = await app.Api.RunAsync(Body(dataset.Id) with { Limits = new SearchLimits(MaximumTrials: 14) });
        Assert.Equal(ExperimentStatus.Completed, experiment.Status);
        Assert.Equal("14 trials were made, as many as were asked for.", experiment.EndReason);
        Assert.Equal(Enumerable.Range(1, experiment.Leaderboard.Count), experiment.Leaderboard.Select(t => t.Number).Order());
        var ensemble = Assert.Single(experiment.Leaderboard, t => t.TrainerId == TrainerCatalog.EnsembleId);
        Assert.All(ensemble.Result!.Members!, m => Assert.Contains(experiment.Leaderboard, t => t.Number == m.TrialNumber && t.Status == TrialStatus.Completed));
        Assert.All(experiment.Leaderboard.Where(t => t.Status == TrialStatus.Completed), t => Assert.NotNull(t.Spec));

        // The best has a model with explanations and was tested on the locked rows.
        var best = experiment.Leaderboard[0];
        Assert.True(best.HasModel, Describe(experiment));
        var report = await app.Api.FinalReportAsync(experiment.Id, best.Number);
        Assert.NotNull(report.Report!.Importance);
        Assert.True(report.Final!.Metrics["auc-score"] > 0.97, $"AUC {report.Final.Metrics["auc-score"]}");

        // A trial that has none yet gets one when it is published, and answers.
        var other = experiment.Leaderboard.First(t => t is { HasModel: false, Status: TrialStatus.Completed } && t.TrainerId == "random-forest");
        var published = await app.Api.PublishAsync("forest", experiment.Id, other.Number);
        Assert.True((await app.Api.ExperimentAsync(experiment.Id)).Leaderboard.Single(t => t.Number == other.Number).HasModel);
        var endpoint = await app.Api.GetAsync<Workbench.Endpoints.EndpointApi.EndpointAnswer>("/api/v1/endpoints/forest");
        var answer = await new ModelClient(app.Anonymous(), "forest", published.Key).PredictRowsAsync([.. endpoint.Inputs!.Where(i => i.Used).Select(i => (object?)i.Median)]);
        Assert.Equal(1, answer.GetProperty("predictions").GetArrayLength());
        await app.StopAsync();
    }

    [Fact]
    public async Task A_search_is_paused_goes_on_is_marked_extended_and_finished()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var dataset = await app.Api.UploadAsync(TestFiles.Sample("breast_cancer.csv"));
        var id = (await app.Api.StartAsync(Body(dataset.Id) with { BudgetSeconds = 600 })).Id;
        await app.Api.WaitForExperimentAsync(id, e => e.Leaderboard.Count(t => t.Status == TrialStatus.Completed) >= 6, "six trials are judged");
        await PostAsync(app, id, "stop", HttpStatusCode.NoContent);
        var paused = await app.Api.ExperimentAsync(id);
        Assert.Equal(ExperimentStatus.Stopped, paused.Status);
        Assert.InRange(paused.SpentSeconds, 0.1, 90);
        Assert.Null(paused.EndReason);

        // What was judged stays as it was, and the search goes on behind it.
        var kept = paused.Leaderboard.Where(t => t.Status == TrialStatus.Completed).ToDictionary(t => t.Number, t => t.Result!.Score);
        var excluded = paused.Leaderboard.First(t => t.Status == TrialStatus.Completed);
        using (var marked = await app.Api.Http.PatchAsJsonAsync($"/api/v1/experiments/{id}/trials/{excluded.Number}", new ExperimentApi.MarkBody(IsPinned: true, IsExcluded: true), CoreJson.Options, Cancel)) Assert.Equal(HttpStatusCode.NoContent, marked.StatusCode);
        await PostAsync(app, id, "resume", HttpStatusCode.Accepted);
        await app.Api.WaitForExperimentAsync(id, e => e.Leaderboard.Count(t => t.Status == TrialStatus.Completed) >= kept.Count + 3, "three more are judged");

        // While it runs: values of a person's own, more time, and the end.
        using (var asked = await app.Api.Http.PostAsJsonAsync($"/api/v1/experiments/{id}/trials", new ExperimentApi.TryBody("random-forest", new HyperparameterValues([KeyValuePair.Create("trees", 77.0)])), CoreJson.Options, Cancel)) Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        await app.Api.WaitForExperimentAsync(id, e => e.Leaderboard.Any(t => t.Spec?.Origin == TrialOrigin.Person && t.Status == TrialStatus.Completed), "the person's values are judged");
        await PostAsync(app, id, "extend", HttpStatusCode.Accepted, """{"seconds": 60}""");
        Assert.Equal(660, (await app.Api.ExperimentAsync(id)).Plan.BudgetSeconds);
        await PostAsync(app, id, "finish", HttpStatusCode.Accepted);
        var ended = await app.Api.WaitForExperimentAsync(id, e => e.Status is not (ExperimentStatus.Queued or ExperimentStatus.Running), "the experiment has ended");
        Assert.Equal((ExperimentStatus.Completed, "Ended by a person."), (ended.Status, ended.EndReason));
        Assert.All(kept, k => Assert.Equal(k.Value, ended.Leaderboard.Single(t => t.Number == k.Key).Result!.Score));
        var aside = ended.Leaderboard.Single(t => t.Number == excluded.Number);
        Assert.True(aside is { IsPinned: true, IsExcluded: true });
        Assert.DoesNotContain(ended.Leaderboard.SelectMany(t => t.Result?.Members ?? []), m => m.TrialNumber == excluded.Number);

        // A search that has ended goes on when it gets more time.
        await PostAsync(app, id, "extend", HttpStatusCode.Accepted, """{"seconds": 30}""");
        await app.Api.WaitForExperimentAsync(id, e => e.Leaderboard.Count > ended.Leaderboard.Count && e.Status == ExperimentStatus.Running, "it goes on");
        await app.Api.DeleteAsync($"/api/v1/experiments/{id}");
        await app.StopAsync();
    }

    [Fact]
    public async Task After_kill_9_of_training_and_of_the_program_nothing_judged_is_lost()
    {
        using var folder = new TemporaryFolder();
        int id;
        Dictionary<int, double?> kept;
        using (var program = await WorkbenchProcess.StartAsync(folder.Path))
        {
            var dataset = await program.Api.UploadAsync(TestFiles.Sample("breast_cancer.csv"));
            id = (await program.Api.StartAsync(Body(dataset.Id) with { BudgetSeconds = 300 })).Id;
            await program.Api.WaitForExperimentAsync(id, e => e.Leaderboard.Count(t => t.Status == TrialStatus.Completed) >= 4, "four trials are judged");
            using (var child = System.Diagnostics.Process.GetProcessById(Assert.Single(TrainingProcesses.Of(folder.Path)))) child.Kill();
            var after = await program.Api.WaitForExperimentAsync(id, e => e.Leaderboard.Count(t => t.Status == TrialStatus.Completed) >= 7, "a new process has gone on");
            Assert.True(after.Leaderboard.Count(t => t.Status == TrialStatus.Failed) <= 1);
            kept = after.Leaderboard.Where(t => t.Status == TrialStatus.Completed).ToDictionary(t => t.Number, t => t.Result!.Score);
            await program.KillAsync();
        }

        using var next = await WorkbenchProcess.StartAsync(folder.Path);
        var experiment = await next.Api.WaitForExperimentAsync(id, e => e.Status != ExperimentStatus.Running, "the program has looked at what it left");
        Assert.Equal(ExperimentStatus.Interrupted, experiment.Status);
        Assert.DoesNotContain(experiment.Leaderboard, t => t.Status == TrialStatus.Running);
        Assert.All(kept, k => Assert.Equal(k.Value, experiment.Leaderboard.Single(t => t.Number == k.Key).Result!.Score));
        using (var finish = await next.Api.Http.PostAsync($"/api/v1/experiments/{id}/finish", null, Cancel)) Assert.Equal(HttpStatusCode.Accepted, finish.StatusCode);
        experiment = await next.Api.WaitForExperimentAsync(id, e => e.Status is not (ExperimentStatus.Queued or ExperimentStatus.Running or ExperimentStatus.Interrupted), "the experiment has ended");
        Assert.True(experiment.Status == ExperimentStatus.Completed, experiment.Reason);
        Assert.True(experiment.Leaderboard[0].HasModel, Describe(experiment));
    }

    [Theory]
    [InlineData("trials", """{"trainerId": "catboost"}""", HttpStatusCode.BadRequest, "no model family 'catboost'")]
    [InlineData("trials", """{"trainerId": "random-forest", "values": {"trees": 5}}""", HttpStatusCode.BadRequest, "Trees ('trees') is 5; expected 20 to 500.")]
    [InlineData("trials", """{"trainerId": "random-forest", "values": {"depth": 5}}""", HttpStatusCode.BadRequest, "no hyperparameter 'depth'")]
    [InlineData("extend", """{"seconds": 0}""", HttpStatusCode.Conflict, "expected more than")]
    [InlineData("extend", """{"seconds": 100000}""", HttpStatusCode.Conflict, "at most 86,400 s")]
    [InlineData("finish", "", HttpStatusCode.Conflict, "Only a search that runs")]
    [InlineData("trials/99/model", "", HttpStatusCode.NotFound, "no trial 99")]
    public async Task What_makes_no_sense_is_refused_in_words(string path, string body, HttpStatusCode expected, string words)
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var dataset = await app.Api.UploadAsync(TestFiles.Sample("iris.csv"));
        var experiment = await app.Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, "species", Trainers: ["baseline"], Tuning: TuningMode.Search, Split: new SplitPlan(Folds: 2), BudgetSeconds: 5));
        Assert.True(experiment.Status == ExperimentStatus.Completed, $"{experiment.Status}: {experiment.Reason}");
        using var answer = await app.Api.Http.PostAsync($"/api/v1/experiments/{experiment.Id}/{path}", body.Length == 0 ? null : ApiClient.Json(body), Cancel);
        Assert.Contains(words, (await ApiClient.ReadProblemAsync(answer, expected)).Detail);
        await app.StopAsync();
    }

    private static string Describe(ExperimentApi.ExperimentAnswer experiment) =>
        string.Join("\n", experiment.Leaderboard.Select(t => $"{t.Number} {t.TrainerId} {t.Status} {t.Result?.Score:R} {t.Result?.Metrics.GetValueOrDefault("log-loss"):R} {t.HasModel} {t.Reason}"));

    private static ExperimentApi.StartBody Body(int datasetId) =>
        new(datasetId, "diagnosis", Trainers: Quick, Split: new SplitPlan(Folds: 3), Tuning: TuningMode.Search, BudgetSeconds: 60);

    private static async Task PostAsync(WorkbenchApp app, int id, string action, HttpStatusCode expected, string? body = null)
    {
        using var answer = await app.Api.Http.PostAsync($"/api/v1/experiments/{id}/{action}", body is null ? null : ApiClient.Json(body), Cancel);
        Assert.Equal(expected, answer.StatusCode);
    }
}
