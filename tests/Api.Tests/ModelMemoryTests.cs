using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Health;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Models come into memory when they are asked for and leave it when it is short, and no answer shows it.</summary>
public sealed class ModelMemoryTests : IAsyncLifetime
{
    private const string Row = """{"records": [{"city": "SACRAMENTO", "zip": "z95823", "beds": 3, "baths": 2, "sqft": 1200, "type": "Residential", "latitude": 38.5, "longitude": -121.4, "price": 150000}]}""";

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _keys = [];
    private WorkbenchApp _app = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _app = await WorkbenchApp.StartAsync(_folder.Path);
        var dataset = await _app.Api.UploadAsync(TestFiles.Sample("sacramento_homes.csv"));
        foreach (var target in new[] { "price", "sqft" })
        {
            var experiment = await _app.Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, target, Trainers: ["random-forest", "extra-trees"], Split: new SplitPlan(Folds: 1), BudgetSeconds: 90));
            Assert.Equal(ExperimentStatus.Completed, experiment.Status);
            foreach (var trial in new[] { 1, 2 })
            {
                var name = $"{target}-{trial}";
                _keys[name] = (await _app.Api.PublishAsync(name, experiment.Id, trial)).Key!;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        _folder.Dispose();
    }

    private ModelMemoryState State => _app.Services.GetRequiredService<ModelMemory>().State;

    private async Task<(string Version, double Answer)> AskAsync(string name)
    {
        using var http = _app.Anonymous(_keys[name]);
        using var answer = await http.PostAsync($"/api/v1/models/{name}/predict", ApiClient.Json(Row), Cancel);
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
        using var document = JsonDocument.Parse(text);
        Assert.Equal(name, document.RootElement.GetProperty("model").GetString());
        return (answer.Headers.GetValues("X-Model-Version").Single(), document.RootElement.GetProperty("predictions")[0].GetDouble());
    }

    [Fact]
    public async Task Beyond_the_budget_the_longest_unused_are_forgotten_and_every_answer_stays_right()
    {
        var expected = new Dictionary<string, (string, double)>();
        foreach (var name in _keys.Keys) expected[name] = await AskAsync(name);
        var all = State;
        Assert.Equal((4, 0), (all.Loaded, all.Unloads));
        Assert.True(all.Bytes > 3 * 512 * 1024, $"The models take {all.Bytes:N0} bytes: too few for a budget of 1 MB to be short.");

        await _app.StopAsync();
        _app = await WorkbenchApp.StartAsync(_folder.Path, ("ModelMemoryMegabytes", "1"), ("PredictionsPerSecond", "0"));
        // Many at once, for all models in turn: each is forgotten again and again while others still answer with it.
        await Parallel.ForEachAsync(Enumerable.Range(0, 400), new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Cancel }, async (i, _) =>
        {
            var name = _keys.Keys.ElementAt((i / 3 + i) % 4);
            Assert.Equal(expected[name], await AskAsync(name));
        });
        var state = State;
        Assert.True(state.Bytes <= state.BudgetBytes || state.Loaded == 1, $"{state}");
        Assert.True(state.Unloads > 0 && state.Loads - state.Unloads == state.Loaded, $"{state}");
        Assert.Equal(1024 * 1024, state.BudgetBytes);

        // Those who look at it without asking for a prediction find it too.
        foreach (var name in _keys.Keys)
            Assert.NotEmpty((await _app.Api.GetAsync<JsonElement>($"/api/v1/endpoints/{name}")).GetProperty("inputs").EnumerateArray());
        Assert.Equal(state.BudgetBytes, (await _app.Api.GetAsync<SystemReport>("/api/v1/system")).Models.BudgetBytes);
        var metrics = await _app.Api.Http.GetStringAsync("/metrics", Cancel);
        foreach (var figure in new[] { "mw_model_loaded", "mw_model_memory_bytes", "mw_model_loads_total", "mw_model_unloads_total", "mw_model_load_duration_seconds_count" }) Assert.Contains(figure, metrics);
    }

    [Fact]
    public async Task However_many_ask_first_a_model_is_read_once()
    {
        await _app.StopAsync();
        _app = await WorkbenchApp.StartAsync(_folder.Path, ("PredictionsPerSecond", "0"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => AskAsync(_keys.Keys.ElementAt(i % 4))));
        Assert.Equal(4, answers.Distinct().Count());
        await Poll.UntilAsync(() => Task.FromResult(State.Loaded == 4), TimeSpan.FromSeconds(20), "all are loaded");
        Assert.Equal((4, 0), (State.Loads, State.Unloads));
    }

    [Fact]
    public async Task A_damaged_model_is_found_after_the_start_and_keeps_nobody_else_from_answering()
    {
        var models = _app.Services.GetRequiredService<LiveModels>();
        var damaged = models.FindEndpoint("price-1")!.Champion.ModelSha256;
        await _app.StopAsync();
        var file = Directory.GetFiles(_folder.Path, damaged + "*", SearchOption.AllDirectories).Single();
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await using (var stream = new FileStream(file, FileMode.Open))
        {
            stream.Position = stream.Length / 2;
            stream.WriteByte(0x5A);
            stream.WriteByte(0xA5);
        }
        _app = await WorkbenchApp.StartAsync(_folder.Path);
        models = _app.Services.GetRequiredService<LiveModels>();
        await Poll.UntilAsync(() => Task.FromResult(models.FailureOf("price-1") is not null), TimeSpan.FromSeconds(20), "the damage is found");
        using var http = _app.Anonymous(_keys["price-1"]);
        using var answer = await http.PostAsync("/api/v1/models/price-1/predict", ApiClient.Json(Row), Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        await AskAsync("price-2");
    }
}
