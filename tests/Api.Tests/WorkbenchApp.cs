using System.Net.Http.Headers;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Workbench.Access;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>The program itself in this process, on a real Kestrel with a free port; training runs in real child processes.</summary>
public sealed class WorkbenchApp : WebApplicationFactory<Program>
{
    private readonly (string Name, string Value)[] _settings;

    private WorkbenchApp(string dataFolder, (string Name, string Value)[] settings)
    {
        DataFolder = dataFolder;
        _settings = settings;
        UseKestrel(0);
    }

    public string DataFolder { get; }

    /// <summary>Signed in with an access token.</summary>
    public ApiClient Api { get; private set; } = null!;

    /// <param name="dataFolder">An empty folder, or that of an app that was disposed of.</param>
    /// <param name="settings">Names without the section, such as <c>MaxUploadMegabytes</c>.</param>
    public static async Task<WorkbenchApp> StartAsync(string dataFolder, params (string Name, string Value)[] settings)
    {
        var app = new WorkbenchApp(dataFolder, settings);
        var address = Path.Combine(dataFolder, "address");
        if (File.Exists(address)) File.Delete(address);
        app.StartServer();
        // The program makes the link that it prints a moment after the server has started, and only the newest link signs in.
        await Poll.UntilAsync(() => Task.FromResult(File.Exists(address)), TimeSpan.FromSeconds(30), "the program has made its link");
        app.Api = new ApiClient(app.Anonymous(await app.NewTokenAsync("tests")));
        return app;
    }

    /// <summary>A token that may do all that the first administrator may.</summary>
    public async Task<string> NewTokenAsync(string name)
    {
        var tokens = Services.GetRequiredService<AccessTokens>();
        return await tokens.CreateManagementAsync(name, await FirstUserAsync(), null, AccessTokens.DefaultDays, TestContext.Current.CancellationToken);
    }

    /// <summary>The cookie of a browser that the first administrator has signed in with by a link.</summary>
    public async Task<string> SignInAsync()
    {
        var link = await Services.GetRequiredService<AccessTokens>().CreateSignInAsync(await FirstUserAsync(), TestContext.Current.CancellationToken);
        using var http = Anonymous();
        using var signedIn = await http.GetAsync($"/sign-in/{link}", TestContext.Current.CancellationToken);
        return signedIn.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("workbench=", StringComparison.Ordinal)).Split(';')[0];
    }

    public Task<int> FirstUserAsync() => Services.GetRequiredService<AccessTokens>().FirstAdministratorAsync(TestContext.Current.CancellationToken);

    /// <summary>A client without cookies that follows no redirects.</summary>
    public HttpClient Anonymous(string? bearer = null)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, Expect100ContinueTimeout = TimeSpan.FromSeconds(30) }) { BaseAddress = ClientOptions.BaseAddress, Timeout = TimeSpan.FromMinutes(2) };
        if (bearer is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        return client;
    }

    /// <summary>Stops the app and waits until its data folder can be used again.</summary>
    public async Task StopAsync()
    {
        await DisposeAsync();
        // The entry point lets go of the lock a moment after the host has stopped.
        await Poll.UntilAsync(() =>
        {
            try
            {
                using var file = new FileStream(Path.Combine(DataFolder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                return Task.FromResult(true);
            }
            catch (IOException)
            {
                return Task.FromResult(false);
            }
        }, TimeSpan.FromSeconds(10), "the data folder is free");
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseEnvironment("Production");
        (string Name, string Value)[] settings = [("DataFolder", DataFolder), ("Database", TestDatabase.ConnectionOf(DataFolder)), ("Port", "0"), ("InstallSamples", "false"), ("TrainingThreads", "2"), .. _settings];
        foreach (var (name, value) in settings) builder.UseSetting($"Workbench:{name}", value);
    }
}

/// <summary>One app for the tests that do not stop or break it.</summary>
public sealed class SharedWorkbench : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    public WorkbenchApp App { get; private set; } = null!;

    public async ValueTask InitializeAsync() => App = await WorkbenchApp.StartAsync(_folder.Path);

    public async ValueTask DisposeAsync()
    {
        await App.StopAsync();
        _folder.Dispose();
    }
}
