using Bunit;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Workbench.Storage;
using MudBlazor;
using MudBlazor.Services;
using Xunit;

namespace ModelWorkbench.Workbench.Tests;

/// <summary>A test that renders parts: MudBlazor's services, and a browser that answers nothing.</summary>
public abstract class PartTest : BunitContext, IAsyncLifetime
{
    public ValueTask InitializeAsync()
    {
        JSInterop.Mode = JSRuntimeMode.Loose;
        Services.AddMudServices(o => o.PopoverOptions.CheckForPopoverProvider = false);
        Services.AddSingleton(TimeProvider.System);
        this.ActAs(WorkspaceRole.Owner);
        Render<MudPopoverProvider>();
        return ValueTask.CompletedTask;
    }

    // MudBlazor has services that can only be disposed of asynchronously.
    ValueTask IAsyncDisposable.DisposeAsync() => base.DisposeAsync();
}
