using Bunit;
using Microsoft.AspNetCore.Components.Forms;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;
using MudBlazor;
using MudBlazor.Services;
using Xunit;

namespace ModelWorkbench.Workbench.Tests;

/// <summary>A test that renders pages on a data folder of its own: a real SQLite file (what it reads is there at once, as the first render is looked at), the real stores, no web server and nothing that trains.</summary>
public abstract class StoreTest : BunitContext, IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("workbench-test-").FullName;

    /// <summary>Ends with the test run.</summary>
    protected static CancellationToken Cancellation => Xunit.TestContext.Current.CancellationToken;

    protected DatasetStore Datasets => Services.GetRequiredService<DatasetStore>();
    protected ExperimentStore Experiments => Services.GetRequiredService<ExperimentStore>();
    protected IDbContextFactory<AppDb> Databases => Services.GetRequiredService<IDbContextFactory<AppDb>>();

    /// <summary>Where menus open.</summary>
    protected IRenderedComponent<MudPopoverProvider> Popovers { get; private set; } = default!;

    protected IRenderedComponent<MudDialogProvider> Dialogs { get; private set; } = default!;

    public async ValueTask InitializeAsync()
    {
        JSInterop.Mode = JSRuntimeMode.Loose;
        Services.AddMudServices(o => o.PopoverOptions.CheckForPopoverProvider = false);
        Services.AddSingleton(TimeProvider.System);
        Services.AddLogging();
        Services.Configure<WorkbenchOptions>(o => o.DataFolder = _folder);
        Services.AddDatabase(new DatabasePlace(_folder));
        Services.AddSingleton(new ArtefactStore(_folder));
        Services.AddSingleton(new UploadStore(_folder, TimeProvider.System));
        Services.AddSingleton<ImportQueue>();
        Services.AddSingleton<TableCache>();
        Services.AddSingleton<ModelWorkbench.Workbench.Audit.AuditLog>();
        Services.AddSingleton<DatasetStore>();
        Services.AddSingleton<ModelWorkbench.Workbench.Datasets.RowReader>();
        Services.AddSingleton<ExperimentStore>();
        Services.AddSingleton<AntiforgeryStateProvider, NoToken>();
        Services.AddSingleton<JobMonitor>();
        Services.AddSingleton<ExperimentQueue>();
        Services.AddSingleton<ExperimentSupervisor>();
        Services.AddSingleton<AssertionStore>();
        Services.AddSingleton<AssertionChecks>();
        Services.AddSingleton<SideBySides>();
        Services.AddSingleton<RowPlaces>();
        Services.AddSingleton<TrialRows>();
        Services.AddSingleton<TrialWorkQueue>();
        await Databases.MigrateAsync(Cancellation);
        this.ActAs(WorkspaceRole.Owner);
        Popovers = Render<MudPopoverProvider>();
        Dialogs = Render<MudDialogProvider>();
    }

    // MudBlazor has services that can only be disposed of asynchronously.
    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        await base.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        // Work that a page began in the background may write for a moment yet.
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                Directory.Delete(_folder, recursive: true);
                return;
            }
            catch (IOException) when (attempt < 20)
            {
                await Task.Delay(50, CancellationToken.None);
            }
        }
    }

    /// <summary>A data set that ships with the product.</summary>
    protected Task<DatasetRow> ImportSampleAsync(string name) => ImportAsync(name, File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "samples", name)));

    protected async Task<DatasetRow> ImportAsync(string name, string csv)
    {
        var path = Services.GetRequiredService<ArtefactStore>().NewTemporaryPath();
        await File.WriteAllTextAsync(path, csv, Cancellation);
        return await Datasets.ImportAsync(path, name, null, WorkspaceRow.FirstId, Cancellation);
    }

    /// <summary>There is no request here that a token could come from.</summary>
    private sealed class NoToken : AntiforgeryStateProvider
    {
        public override AntiforgeryRequestToken? GetAntiforgeryToken() => null;
    }
}
