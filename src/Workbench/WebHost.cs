using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Assertions;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Backups;
using ModelWorkbench.Workbench.Batches;
using ModelWorkbench.Workbench.Cards;
using ModelWorkbench.Workbench.Datasets;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Explanations;
using ModelWorkbench.Workbench.Exports;
using ModelWorkbench.Workbench.Health;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Monitoring;
using ModelWorkbench.Workbench.Optimisation;
using ModelWorkbench.Workbench.Plots;
using ModelWorkbench.Workbench.Recipes;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Shell;
using ModelWorkbench.Workbench.Storage;
using MudBlazor.Services;

namespace ModelWorkbench.Workbench;

/// <summary>Puts the web program together and runs it.</summary>
public static class WebHost
{
    private const int BadSettings = 2;

    private static readonly string[] HostArguments = [$"--{WorkbenchOptions.Section}:", $"--{WorkbenchOptions.Section}=", "--environment=", "--contentRoot=", "--applicationName="];

    /// <summary>Whether this is a setting that the web host reads by itself.</summary>
    public static bool IsHostArgument(string argument) =>
        argument.Contains('=') && HostArguments.Any(start => argument.StartsWith(start, StringComparison.OrdinalIgnoreCase));

    /// <param name="hostArguments">Settings that the host reads by itself.</param>
    /// <param name="overrides">Settings from our own options; they win.</param>
    /// <returns>The exit code: 0, or 2 where the settings cannot work.</returns>
    public static async Task<int> RunAsync(string[] hostArguments, Dictionary<string, string?> overrides, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = hostArguments, ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(overrides);
        if (ReadSettings(builder.Configuration) is not { } settings) return BadSettings;
        if (MakeDataFolder(settings) is not { } dataFolder) return BadSettings;
        using var dataFolderLock = DataFolderLock.TryTake(dataFolder);
        if (dataFolderLock is null)
        {
            await Console.Error.WriteLineAsync($"The data folder '{dataFolder}' is in use by another workbench{(DataFolderLock.HolderOf(dataFolder) is { } holder ? $" (process {holder})" : "")}. Stop that one, or choose another folder with --data.");
            return BadSettings;
        }

        var place = DatabasePlace.Of(settings, dataFolder);
        DatabaseLock? taken = null;
        if (place.IsServer)
        {
            try
            {
                taken = await DatabaseLock.TryTakeAsync(place, cancellationToken);
            }
            catch (Exception e) when (e is System.Data.Common.DbException or TimeoutException)
            {
                await Console.Error.WriteLineAsync(PostgresSchema.Unreachable(place, e));
                return BadSettings;
            }
            if (taken is null)
            {
                await Console.Error.WriteLineAsync($"The database {place.Name} is in use by another workbench. Stop that one, or name another database in {WorkbenchOptions.Section}:{nameof(WorkbenchOptions.Database)}.");
                return BadSettings;
            }
        }
        await using var databaseLock = taken;
        if (await DatabaseStart.PrepareAsync(place, cancellationToken) is { } problem)
        {
            await Console.Error.WriteLineAsync(problem);
            return BadSettings;
        }

        builder.Logging.AddConsoleFormatter<OneLineFormatter, Microsoft.Extensions.Logging.Console.ConsoleFormatterOptions>();
        X509Certificate2? certificate;
        try
        {
            certificate = settings.ReadCertificate();
        }
        catch (CryptographicException e)
        {
            Report([$"{WorkbenchOptions.Section}:{nameof(WorkbenchOptions.CertificateFile)} and {nameof(WorkbenchOptions.CertificateKeyFile)} cannot be used; expected a certificate and its key in PEM. {e.Message}"]);
            return BadSettings;
        }

        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.ConfigureKestrel(kestrel => { kestrel.AddServerHeader = false; kestrel.ListenAt(settings, certificate); });
        builder.AllowHosts(settings);
        builder.Services.AddRazorComponents().AddInteractiveServerComponents(circuits =>
        {
            // Of pages whose browser is away, which each hold a megabyte or so: for a change of network, and as long as a meeting.
            (circuits.DisconnectedCircuitMaxRetained, circuits.DisconnectedCircuitRetentionPeriod) = (50, TimeSpan.FromMinutes(2));
            (circuits.PersistedCircuitInMemoryMaxRetained, circuits.PersistedCircuitInMemoryRetentionPeriod) = (100, TimeSpan.FromMinutes(10));
        }).AddHubOptions(hub => hub.LimitPages());
        builder.Services.AddMudServices(mud =>
        {
            // Above, a notice would lie on the buttons of the page; while it is seen through, nobody can read it.
            mud.SnackbarConfiguration.PositionClass = MudBlazor.Defaults.Classes.Position.BottomRight;
            mud.SnackbarConfiguration.MaximumOpacity = 100;
            (mud.SnackbarConfiguration.ShowTransitionDuration, mud.SnackbarConfiguration.HideTransitionDuration) = (150, 150);
        });
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<PolicyReports>();
        builder.Services.Configure<WorkbenchOptions>(builder.Configuration.GetSection(WorkbenchOptions.Section));
        builder.AddStorage(place, databaseLock);
        builder.AddAccess(dataFolder, settings);
        builder.Services.AddOpenPages();
        builder.AddAudit();
        builder.AddBackups();
        builder.AddJobs();
        builder.AddServing();
        builder.Services.AddSingleton<EndpointStore>();
        builder.AddBatches();
        builder.AddCards();
        builder.AddMonitoring();
        builder.AddManagementApi();
        builder.AddHealth();

        var app = builder.Build();
        await using (var scope = app.Services.CreateAsyncScope()) await scope.ServiceProvider.GetRequiredService<Accounts>().EnsureFirstAsync(cancellationToken);
        app.Services.GetRequiredService<ArtefactStore>().EmptyTemporaryFolder();
        await app.Services.GetRequiredService<LiveModels>().LoadAllAsync(cancellationToken);

        // Before everything that pages need: a published model answers right after its address is known.
        app.UseDrain();
        app.RefuseDoubtfulLengths();
        app.UseProxy(settings);
        app.UsePlotScript();
        app.UseSecurityHeaders();
        app.RefusePlain(settings);
        app.UseRouting();
        app.UsePageErrors();
        app.UseApiErrors();
        app.UseOriginCheck();
        app.UseStatusCodePagesWithReExecute("/not-found", createScopeForStatusCodePages: true);
        app.UseApiStatusCodes();
        app.UseAuthentication();
        app.UseAudit();
        app.UseAuthorization();
        app.UseAccessCheck();
        app.UseIdempotency();
        app.UsePageLimit();
        app.UseAntiforgery();
        app.MapStaticAssets().AllowAnonymous();
        app.MapAccess();
        if (settings.OpenId.IsOn) app.MapOpenId();
        app.MapHealth();
        PolicyReports.Map(app);
        app.MapServing();
        app.MapManagementApi(api =>
        {
            api.MapDatasets();
            api.MapProfiles();
            api.MapRows();
            api.MapUploads();
            api.MapRecipes();
            api.MapExperiments();
            api.MapSideBySide();
            api.MapAssertions();
            api.MapExplanations();
            api.MapTrialRows();
            api.MapLearningCurves();
            api.MapOptimisation();
            api.MapModelExports();
            api.MapCards();
            api.MapComponents();
            api.MapEndpoints();
            api.MapBatches();
            api.MapMonitoring();
            api.MapAlerts();
            api.MapAudit();
            api.MapSystem();
        });
        app.MapCardPage();
        app.MapExportFiles();
        // Without a header of its own: SecurityHeaders says it, and more.
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(server => server.ContentSecurityFrameAncestorsPolicy = null);

        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException e)
        {
            await Console.Error.WriteLineAsync($"Port {settings.Port} cannot be used: {e.Message} Choose another with --port.");
            return BadSettings;
        }
        var tokens = app.Services.GetRequiredService<AccessTokens>();
        var token = await tokens.CreateSignInAsync(await tokens.FirstAdministratorAsync(cancellationToken), cancellationToken);
        // For the command 'link', which runs in another process.
        await File.WriteAllTextAsync(AddressFile(dataFolder), Address(app, settings), cancellationToken);
        Console.WriteLine($"Model Workbench is ready. Open {Address(app, settings)}/sign-in/{token}");
        await app.WaitForShutdownAsync(cancellationToken);
        return 0;
    }

    public static Task<int> PrintTokenAsync(string name, Dictionary<string, string?> overrides, CancellationToken cancellationToken) =>
        WithDataAsync(overrides, async (services, _) =>
        {
            var tokens = services.GetRequiredService<AccessTokens>();
            Console.WriteLine(await tokens.CreateManagementAsync(name, await tokens.FirstAdministratorAsync(cancellationToken), null, AccessTokens.DefaultDays, cancellationToken));
            return 0;
        });

    public static Task<int> PrintLinkAsync(Dictionary<string, string?> overrides, CancellationToken cancellationToken) =>
        WithDataAsync(overrides, async (services, dataFolder) =>
        {
            using (var free = DataFolderLock.TryTake(dataFolder))
                if (free is not null)
                {
                    await Console.Error.WriteLineAsync($"No workbench is running on the data folder '{dataFolder}'. Name the folder it was started with by --data.");
                    return BadSettings;
                }
            var tokens = services.GetRequiredService<AccessTokens>();
            Console.WriteLine($"{await File.ReadAllTextAsync(AddressFile(dataFolder), cancellationToken)}/sign-in/{await tokens.CreateSignInAsync(await tokens.FirstAdministratorAsync(cancellationToken), cancellationToken)}");
            return 0;
        });

    private static string AddressFile(string dataFolder) => Path.Combine(dataFolder, "address");

    /// <summary>Does something with the data of a workbench that runs or not, for a command.</summary>
    /// <param name="overrides">Settings from our own options.</param>
    /// <param name="use">Given the services and the data folder; gives the exit code.</param>
    public static async Task<int> WithDataAsync(Dictionary<string, string?> overrides, Func<IServiceProvider, string, Task<int>> use)
    {
        Actor.Current = Actor.CommandLine;
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(overrides);
        if (ReadSettings(builder.Configuration) is not { } settings) return BadSettings;
        var dataFolder = Path.GetFullPath(settings.DataFolder);
        // A mistyped folder would get a database of its own, and a token that opens nothing.
        var place = DatabasePlace.Of(settings, dataFolder);
        if (!place.IsServer && !File.Exists(StorageSetup.DatabaseFile(dataFolder)))
        {
            await Console.Error.WriteLineAsync($"There is no workbench in the data folder '{dataFolder}'. Start one there first, or name the folder it was started with by --data.");
            return BadSettings;
        }
        if (await DatabaseStart.WhyNotUseAsync(place, CancellationToken.None) is { } problem)
        {
            await Console.Error.WriteLineAsync(problem);
            return BadSettings;
        }
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<AccessTokens>();
        builder.AddStorage(place);
        await using var app = builder.Build();
        return await use(app.Services, dataFolder);
    }

    /// <summary>For a command that works on a data folder in which there is nothing yet.</summary>
    /// <param name="dataFolder">The one that the command names.</param>
    /// <param name="use">Given where the database is; gives the exit code.</param>
    public static async Task<int> WithPlaceAsync(string dataFolder, Func<DatabasePlace, Task<int>> use)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        return ReadSettings(builder.Configuration) is { } settings ? await use(DatabasePlace.Of(settings, dataFolder)) : BadSettings;
    }

    private static WorkbenchOptions? ReadSettings(IConfiguration configuration)
    {
        WorkbenchOptions settings;
        IReadOnlyList<string> problems;
        try
        {
            settings = configuration.GetSection(WorkbenchOptions.Section).Get<WorkbenchOptions>(binder => binder.ErrorOnUnknownConfiguration = true) ?? new WorkbenchOptions();
            problems = settings.Problems();
        }
        catch (InvalidOperationException e)
        {
            settings = new WorkbenchOptions();
            problems = [e.InnerException is null ? e.Message : $"{e.Message} {e.InnerException.Message}"];
        }
        if (problems.Count == 0) return settings;
        Report(problems);
        return null;
    }

    /// <returns>The full path, or null where files cannot be written there; the reason is reported.</returns>
    private static string? MakeDataFolder(WorkbenchOptions settings)
    {
        try
        {
            var folder = Directory.CreateDirectory(settings.DataFolder).FullName;
            using (File.Create(Path.Combine(folder, Path.GetRandomFileName()), 1, FileOptions.DeleteOnClose)) { }
            if (FileModes.Close(folder)) Console.Error.WriteLine($"The data folder '{folder}' was open to other accounts of this machine; it is closed to them now.");
            return folder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Report([$"{WorkbenchOptions.Section}:{nameof(WorkbenchOptions.DataFolder)} is '{settings.DataFolder}'; expected a folder in which files can be written. {e.Message}"]);
            return null;
        }
    }

    private static void Report(IReadOnlyList<string> problems)
    {
        Console.Error.WriteLine("The settings cannot work:");
        foreach (var problem in problems) Console.Error.WriteLine($"  {problem}");
    }

    private static string Address(WebApplication app, WorkbenchOptions settings)
    {
        // What it listens on is no place to go to; a proxy stands where people know it.
        if (settings is { BehindProxy: true, HostNames: [var known, ..] }) return $"https://{known}";
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? "http://127.0.0.1";
        if (settings.HostNames is [var host, ..]) address = new UriBuilder(address) { Host = host }.Uri.ToString();
        return address.Replace("localhost", "127.0.0.1", StringComparison.Ordinal).TrimEnd('/');
    }
}
