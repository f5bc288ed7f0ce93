using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Optimisation;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Workbench.Optimisation;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Variants of a model over HTTP: built in the training process, kept as trials, published like any other. Trial 1 is a linear model, trial 2 the baseline.</summary>
public sealed class OptimisationTests(PublishedModels models) : IClassFixture<PublishedModels>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private ApiClient Api => models.App.Api;

    private string Address(int trial) => $"/api/v1/experiments/{models.ExperimentId}/trials/{trial}/optimise";

    private async Task<LadderReport> BuildAsync(int trial, LadderLimits? limits = null)
    {
        using var asked = limits is null ? await Api.Http.PostAsync(Address(trial), null, Cancel) : await Api.Http.PostAsJsonAsync($"{Address(trial)}/search", limits, CoreJson.Options, Cancel);
        var accepted = await ApiClient.ReadAsync<OptimisationApi.OptimisationAnswer>(asked, HttpStatusCode.Accepted);
        Assert.Contains(accepted.Status, (string[])["waiting", "running"]);
        OptimisationApi.OptimisationAnswer answer = accepted;
        await Poll.UntilAsync(async () => (answer = await Api.GetAsync<OptimisationApi.OptimisationAnswer>(Address(trial))).Status is "completed" or "failed", TimeSpan.FromMinutes(3), "the variants");
        Assert.Null(answer.Reason);
        return answer.Ladder!;
    }

    [Fact]
    public async Task Variants_are_evaluated_and_published_like_any_model_and_replaced_when_built_anew()
    {
        Assert.Equal("none", (await Api.GetAsync<OptimisationApi.OptimisationAnswer>(Address(1))).Status);
        var trials = (await Api.ExperimentAsync(models.ExperimentId)).Leaderboard.Count;
        var ladder = await BuildAsync(1);
        var quantised = ladder.Rungs.Single(r => r.Steps is [OptimisationStep.Quantise { Bits: 16 }]);
        var projected = ladder.Rungs.Single(r => r.Steps is [OptimisationStep.Project { ComponentCount: 2 }]);
        Assert.Equal(LadderVerdict.NoLoss, quantised.Verdict);
        Assert.NotNull(projected.Figures);
        // The leaderboard is of what was compared.
        Assert.Equal(trials, (await Api.ExperimentAsync(models.ExperimentId)).Leaderboard.Count);

        var report = await Api.GetAsync<JsonElement>($"/api/v1/experiments/{models.ExperimentId}/trials/{quantised.Number}");
        Assert.Equal(quantised.Figures!.Score!.Value, report.GetProperty("report").GetProperty("validation").GetProperty("metrics").GetProperty(ladder.MetricId).GetDouble(), 1e-12);

        object?[] adelie = ["Torgersen", 39.1, 18.7, 181, 3750, "male"];
        var (original, variant, two) = (await AskAsync("whole", 1), await AskAsync("quantised", quantised.Number!.Value), await AskAsync("two", projected.Number!.Value));
        Assert.NotEqual(original, variant);
        Assert.Equal(original[0], variant[0], 1e-3);
        Assert.Equal(1, two.Sum(), 1e-9);
        Assert.NotEqual(original[0], two[0], 1e-3);

        // Smaller than the smallest of the ladder, whatever it costs.
        var limits = new LadderLimits((ladder.Rungs.Min(r => r.Figures?.FileBytes) - 100) / 1000.0, null, null);
        var again = await BuildAsync(1, limits);
        Assert.Equal(limits, again.Search!.Limits);
        Assert.True(again.Search.TriedCount > 0, again.Search.Ending);
        Assert.All(again.Rungs.Where(r => r.IsSearched), r => Assert.NotNull(r.Number));
        Assert.Empty(again.Rungs.Select(r => r.Number).OfType<int>().Intersect(ladder.Rungs.Select(r => r.Number).OfType<int>()));
        await ApiClient.ReadProblemAsync(await Api.Http.GetAsync($"/api/v1/experiments/{models.ExperimentId}/trials/{quantised.Number}", Cancel), HttpStatusCode.NotFound);
        // What is published keeps its model.
        Assert.Equal(variant, await PredictAsync("quantised", _keys["quantised"]));
        // A variant has no variants.
        var number = again.Rungs.Select(r => r.Number).OfType<int>().First();
        Assert.Contains("variant of trial 1", (await ApiClient.ReadProblemAsync(await Api.Http.PostAsync(Address(number), null, Cancel), HttpStatusCode.Conflict)).Detail);

        async Task<double[]> AskAsync(string name, int trial)
        {
            _keys[name] = (await Api.PublishAsync(name, models.ExperimentId, trial)).Key!;
            return await PredictAsync(name, _keys[name]);
        }

        async Task<double[]> PredictAsync(string name, string key)
        {
            using var http = models.App.Anonymous(key);
            var answer = await new ModelClient(http, name, null).PredictRowsAsync(adelie);
            return [.. answer.GetProperty("probabilities")[0].EnumerateArray().Select(p => p.GetDouble())];
        }
    }

    private readonly Dictionary<string, string> _keys = [];

    [Fact]
    public async Task What_cannot_be_asked_says_why()
    {
        await ApiClient.ReadProblemAsync(await Api.Http.PostAsync(Address(99), null, Cancel), HttpStatusCode.NotFound);
        await ApiClient.ReadProblemAsync(await Api.Http.GetAsync("/api/v1/experiments/9999/trials/1/optimise", Cancel), HttpStatusCode.NotFound);
        Assert.Contains("needs a limit", (await ApiClient.ReadProblemAsync(await Api.Http.PostAsJsonAsync($"{Address(1)}/search", new LadderLimits(null, null, null), CoreJson.Options, Cancel), HttpStatusCode.BadRequest)).Detail);
        Assert.Contains("No variants of trial 2", (await ApiClient.ReadProblemAsync(await Api.Http.DeleteAsync(Address(2), Cancel), HttpStatusCode.NotFound)).Detail);
    }

    [Fact]
    public async Task Building_can_be_cancelled_and_leaves_nothing()
    {
        await ApiClient.ReadAsync<OptimisationApi.OptimisationAnswer>(await Api.Http.PostAsync(Address(2), null, Cancel), HttpStatusCode.Accepted);
        Assert.Equal(HttpStatusCode.Accepted, (await Api.Http.DeleteAsync(Address(2), Cancel)).StatusCode);
        OptimisationApi.OptimisationAnswer? answer = null;
        await Poll.UntilAsync(async () => (answer = await Api.GetAsync<OptimisationApi.OptimisationAnswer>(Address(2))).Status == "failed", TimeSpan.FromMinutes(3), "the end of building");
        Assert.StartsWith("Cancelled", answer!.Reason);
        Assert.Null(answer.Ladder);
    }
}
