using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Workbench.Datasets;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>The management API as a script would use it.</summary>
public sealed class ApiClient(HttpClient http)
{
    public HttpClient Http => http;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async Task<DatasetApi.DatasetAnswer> UploadAsync(string path)
    {
        using var file = new StreamContent(File.OpenRead(path));
        using var answer = await http.PostAsync($"/api/v1/datasets?name={Uri.EscapeDataString(Path.GetFileName(path))}", file, Cancel);
        return await ReadAsync<DatasetApi.DatasetAnswer>(answer, HttpStatusCode.Created);
    }

    public async Task SetRecipeAsync(int datasetId, params RecipeStep[] steps)
    {
        using var answer = await http.PutAsJsonAsync($"/api/v1/datasets/{datasetId}/recipe", new Recipe(steps), CoreJson.Options, Cancel);
        await ReadAsync<Recipe>(answer, HttpStatusCode.OK);
    }

    /// <summary>Starts a comparison: each family once where the body does not say otherwise, as a search would use its whole budget.</summary>
    public async Task<ExperimentApi.ExperimentAnswer> StartAsync(ExperimentApi.StartBody body)
    {
        body = body with { Tuning = body.Tuning ?? TuningMode.DefaultsOnly };
        using var answer = await http.PostAsJsonAsync("/api/v1/experiments", body, CoreJson.Options, Cancel);
        return await ReadAsync<ExperimentApi.ExperimentAnswer>(answer, HttpStatusCode.Accepted);
    }

    public Task<ExperimentApi.ExperimentAnswer> ExperimentAsync(int id) => GetAsync<ExperimentApi.ExperimentAnswer>($"/api/v1/experiments/{id}");

    public async Task<ExperimentApi.ExperimentAnswer> WaitForExperimentAsync(int id, Func<ExperimentApi.ExperimentAnswer, bool> until, string what)
    {
        ExperimentApi.ExperimentAnswer experiment = null!;
        await Poll.UntilAsync(async () => until(experiment = await ExperimentAsync(id)), TimeSpan.FromSeconds(90), what);
        return experiment;
    }

    /// <summary>Runs a comparison to its end.</summary>
    public async Task<ExperimentApi.ExperimentAnswer> RunAsync(ExperimentApi.StartBody body)
    {
        var started = await StartAsync(body);
        return await WaitForExperimentAsync(started.Id, e => e.Status is not (ExperimentStatus.Queued or ExperimentStatus.Running), "the experiment has ended");
    }

    /// <summary>The report with figures of the locked test set, which are made after the experiment has completed.</summary>
    public async Task<ExperimentApi.ReportAnswer> FinalReportAsync(int experimentId, int trialNumber)
    {
        using var answer = await http.PostAsync($"/api/v1/experiments/{experimentId}/trials/{trialNumber}/final-report", null, Cancel);
        return await ReadAsync<ExperimentApi.ReportAnswer>(answer, HttpStatusCode.OK);
    }

    public async Task<EndpointApi.PublishAnswer> PublishAsync(string name, int experimentId, int trialNumber)
    {
        using var answer = await http.PostAsJsonAsync("/api/v1/endpoints", new EndpointApi.PublishBody(name, experimentId, trialNumber), CoreJson.Options, Cancel);
        return await ReadAsync<EndpointApi.PublishAnswer>(answer, HttpStatusCode.Created);
    }

    public async Task<T> GetAsync<T>(string address)
    {
        using var answer = await http.GetAsync(address, Cancel);
        return await ReadAsync<T>(answer, HttpStatusCode.OK);
    }

    public async Task DeleteAsync(string address)
    {
        using var answer = await http.DeleteAsync(address, Cancel);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    public static async Task<T> ReadAsync<T>(HttpResponseMessage answer, HttpStatusCode expected)
    {
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.True(answer.StatusCode == expected, $"{answer.RequestMessage?.Method} {answer.RequestMessage?.RequestUri} answered {(int)answer.StatusCode}, expected {(int)expected}: {text}");
        return JsonSerializer.Deserialize<T>(text, CoreJson.Options)!;
    }

    /// <summary>An answer of the form problem+json.</summary>
    public static async Task<Problem> ReadProblemAsync(HttpResponseMessage answer, HttpStatusCode expected)
    {
        var root = await ReadAsync<JsonElement>(answer, expected);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal((int)expected, root.GetProperty("status").GetInt32());
        return new Problem(
            root.GetProperty("title").GetString()!, root.GetProperty("detail").GetString()!,
            root.TryGetProperty("errors", out var errors) ? [.. errors.EnumerateArray()] : []);
    }

    public static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}

/// <param name="Title">What kind of problem it is.</param>
/// <param name="Detail">What was found and expected.</param>
/// <param name="Errors">One a fault, where there can be several.</param>
public sealed record Problem(string Title, string Detail, IReadOnlyList<JsonElement> Errors);

/// <summary>A published model as its callers see it.</summary>
public sealed class ModelClient(HttpClient http, string name, string? key)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public string Address => $"/api/v1/models/{name}/predict";

    public ModelClient WithKey(string? other) => new(http, name, other);

    public async Task<HttpResponseMessage> SendAsync(HttpContent body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address) { Content = body };
        if (key is not null) request.Headers.Add("X-Api-Key", key);
        return await http.SendAsync(request, Cancel);
    }

    public Task<HttpResponseMessage> SendAsync(string json) => SendAsync(ApiClient.Json(json));

    public Task<JsonElement> PredictRowsAsync(params object?[][] rows) => PredictAsync(new { features = rows });

    public Task<JsonElement> PredictRecordsAsync(params IReadOnlyDictionary<string, object?>[] records) => PredictAsync(new { records });

    private async Task<JsonElement> PredictAsync(object body)
    {
        using var answer = await SendAsync(JsonSerializer.Serialize(body));
        return await ApiClient.ReadAsync<JsonElement>(answer, HttpStatusCode.OK);
    }

    public async Task<Problem> RefusalAsync(string json, HttpStatusCode expected)
    {
        using var answer = await SendAsync(json);
        return await ApiClient.ReadProblemAsync(answer, expected);
    }
}
