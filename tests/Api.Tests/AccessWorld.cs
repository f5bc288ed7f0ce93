using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>A workspace with one thing of each kind, a member of each role, and a stranger who owns another workspace.</summary>
public sealed class AccessWorld : IAsyncLifetime
{
    /// <summary>Stands in everything that belongs to the workspace.</summary>
    public const string Canary = "canary-4711";

    private readonly TemporaryFolder _folder = new();

    public WorkbenchApp App { get; private set; } = null!;

    /// <summary>By the word that its addresses begin with.</summary>
    public Dictionary<string, string> Ids { get; } = new(StringComparer.Ordinal);

    public Dictionary<WorkspaceRole, HttpClient> Members { get; } = [];

    public HttpClient Stranger { get; private set; } = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        App = await WorkbenchApp.StartAsync(_folder.Path);
        var dataset = await App.Api.UploadAsync(TestFiles.Sample("iris.csv"));
        using (var renamed = await App.Api.Http.PutAsJsonAsync($"/api/v1/datasets/{dataset.Id}/name", new { name = Canary }, Cancel)) renamed.EnsureSuccessStatusCode();
        var experiment = await App.Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, "species", Trainers: ["baseline"]));
        using (var published = await App.Api.Http.PostAsJsonAsync("/api/v1/endpoints", new { name = Canary, experimentId = experiment.Id, trialNumber = 1 }, Cancel)) published.EnsureSuccessStatusCode();
        var uploads = App.Services.GetRequiredService<UploadStore>();
        var upload = await uploads.CreateAsync(Canary + ".csv", 10, WorkspaceRow.FirstId, Cancel);
        await using (var db = await App.Services.GetRequiredService<Microsoft.EntityFrameworkCore.IDbContextFactory<AppDb>>().CreateDbContextAsync(Cancel))
        {
            db.Imports.Add(new ImportRow { WorkspaceId = WorkspaceRow.FirstId, FileName = Canary + ".csv", Status = ImportStatus.Failed, Reason = Canary });
            db.BatchJobs.Add(new BatchJobRow { WorkspaceId = WorkspaceRow.FirstId, EndpointName = Canary, ModelSha256 = "", FileName = Canary + ".csv", Status = BatchJobStatus.Failed });
            await db.SaveChangesAsync(Cancel);
        }
        foreach (var (family, id) in new[] { ("datasets", $"{dataset.Id}"), ("experiments", $"{experiment.Id}"), ("endpoints", Canary), ("uploads", upload.Id), ("imports", "1"), ("batches", "1") }) Ids[family] = id;

        await using var scope = App.Services.CreateAsyncScope();
        var (accounts, workspaces, tokens) = (scope.ServiceProvider.GetRequiredService<Accounts>(), scope.ServiceProvider.GetRequiredService<Workspaces>(), scope.ServiceProvider.GetRequiredService<AccessTokens>());
        foreach (var role in Enum.GetValues<WorkspaceRole>())
        {
            var user = await accounts.CreateAsync($"a {role}", null, isAdministrator: false);
            await workspaces.SetRoleAsync(WorkspaceRow.FirstId, user.Id, role, Cancel);
            await workspaces.SwitchAsync(user.Id, WorkspaceRow.FirstId, Cancel);
            Members[role] = App.Anonymous(await tokens.CreateManagementAsync("test", user.Id, null, 1, Cancel));
        }
        var stranger = await accounts.CreateAsync("stranger", null, isAdministrator: false);
        await workspaces.CreateAsync("elsewhere", stranger.Id, Cancel);
        Stranger = App.Anonymous(await tokens.CreateManagementAsync("test", stranger.Id, null, 1, Cancel));
    }

    public async ValueTask DisposeAsync()
    {
        await App.StopAsync();
        _folder.Dispose();
    }

    public static async Task<(HttpStatusCode Status, string Body)> AskAsync(HttpClient http, string method, string address)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), address);
        if (method is "POST" or "PUT" or "PATCH") request.Content = new StringContent("[0]", Encoding.UTF8, "application/json");
        using var answer = await http.SendAsync(request, Cancel);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancel));
    }

    public async Task<string> PageAsync(string cookie, string page)
    {
        using var http = App.Anonymous();
        http.DefaultRequestHeaders.Add("Cookie", cookie);
        using var answer = await http.GetAsync(page, Cancel);
        return await answer.Content.ReadAsStringAsync(Cancel);
    }

    public async Task<string> SignInAsync(string name, string password)
    {
        var (status, cookie, location) = await PostSignInAsync(name, password);
        Assert.Equal((HttpStatusCode.Redirect, "/"), (status, location));
        return cookie!;
    }

    public Task<(HttpStatusCode Status, string? Cookie, string Location)> PostSignInAsync(string name, string password) => PostAsync("/sign-in", ("name", name), ("password", password));

    /// <summary>Sends one of the plain forms, with the token of such a page.</summary>
    public async Task<(HttpStatusCode Status, string? Cookie, string Location)> PostAsync(string address, params (string Name, string Value)[] fields)
    {
        using var http = App.Anonymous();
        using var page = await http.GetAsync("/sign-in", Cancel);
        var body = await page.Content.ReadAsStringAsync(Cancel);
        var antiforgery = page.Headers.GetValues("Set-Cookie").First(c => c.Contains("Antiforgery", StringComparison.OrdinalIgnoreCase)).Split(';')[0];
        var token = Regex.Match(body, "name=\"__RequestVerificationToken\" value=\"([^\"]+)\"").Groups[1].Value;
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new FormUrlEncodedContent([.. fields.Select(f => KeyValuePair.Create(f.Name, f.Value)), KeyValuePair.Create("__RequestVerificationToken", token)]) };
        request.Headers.Add("Cookie", antiforgery);
        using var answer = await http.SendAsync(request, Cancel);
        var cookie = answer.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies.FirstOrDefault(c => c.StartsWith("workbench=", StringComparison.Ordinal))?.Split(';')[0] : null;
        return (answer.StatusCode, cookie, answer.Headers.Location?.OriginalString ?? "");
    }
}
