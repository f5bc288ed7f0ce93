using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Endpoints.Parts;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Shell;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Endpoints;

public sealed class ImportPanelTests : StoreTest
{
    private UploadStore Uploads => Services.GetRequiredService<UploadStore>();
    private EndpointStore Endpoints => Services.GetRequiredService<EndpointStore>();

    public ImportPanelTests()
    {
        Services.AddMetrics();
        Services.AddSingleton<ModelMemory>();
        Services.AddSingleton<LiveModels>();
        Services.AddSingleton<EndpointStore>();
    }

    private IRenderedComponent<ImportPanel> Show(Action? published = null) =>
        Render<ImportPanel>(p => p.Add(panel => panel.OnPublished, EventCallback.Factory.Create(this, () => published?.Invoke())));

    /// <summary>A model that answers 4 to everything.</summary>
    private static byte[] Model()
    {
        var signature = new Signature([new InputColumn("sqft", Core.Datasets.ColumnKind.Numeric, true, false)]);
        using var stream = new MemoryStream();
        new ModelPackage(
            new ModelManifest("baseline", "Baseline", new Target("price", LearningTask.Regression, []), signature, new FittedRecipe([]), new FittedFeatureEncoder(FeatureEncoding.Codes, []), new GoldenRows([["12"], ["13"]], [[4], [4]])),
            new ConstantScorer(0, [4])).Write(stream);
        return stream.ToArray();
    }

    private async Task<string> ArriveAsync(IRenderedComponent<ImportPanel> panel, string name, byte[] file)
    {
        var upload = await Uploads.CreateAsync(name, file.Length, WorkspaceRow.FirstId, Cancellation);
        await Uploads.AppendAsync(upload.Id, 0, new MemoryStream(file), Cancellation);
        await panel.InvokeAsync(() => panel.FindComponent<UploadPanel>().Instance.OnUploaded.InvokeAsync(upload.Id));
        return upload.Id;
    }

    [Fact]
    public async Task A_file_that_arrived_is_shown_named_and_published()
    {
        var published = 0;
        var panel = Show(() => published++);
        var id = await ArriveAsync(panel, "Homes (2).mwm", Model());
        Assert.Contains("Baseline, predicts price", panel.Markup, StringComparison.Ordinal);
        Assert.Contains("It gives the answers it was stored with for 2 rows.", panel.Markup, StringComparison.Ordinal);
        Assert.Equal("homes-2", panel.Find("#import-name").GetAttribute("value"));

        await panel.InvokeAsync(() => panel.Find("[data-testid=model-file]").Submit());
        panel.WaitForElement("[data-testid=imported]");
        Assert.Contains("mwk_", panel.Find("[data-testid=key]").TextContent, StringComparison.Ordinal);
        Assert.Equal(1, published);
        Assert.Null(await Uploads.FindAsync(id, Cancellation));
        var version = Assert.Single((await Endpoints.FindAsync("homes-2", Cancellation))!.Versions);
        Assert.True(version is { FileName: "Homes (2).mwm", ExperimentId: null, TrainerName: "Baseline" });
        Assert.Equal("published version 1 from a model file, the first", EndpointText.Describe(Assert.Single(await Endpoints.HistoryAsync("homes-2", Cancellation))));

        // The page of the endpoint tells the file, and links to no experiment.
        var endpoint = (await Endpoints.FindAsync("homes-2", Cancellation))!;
        var versions = Render<VersionsPanel>(p => p.Add(v => v.Endpoint, endpoint));
        Assert.Contains("the file Homes (2).mwm", versions.Markup, StringComparison.Ordinal);
        Assert.DoesNotContain("/experiments/", versions.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_file_of_the_name_is_compared_and_may_be_the_challenger()
    {
        var panel = Show();
        await ArriveAsync(panel, "homes.mwm", Model());
        await panel.InvokeAsync(() => panel.Find("[data-testid=model-file]").Submit());
        panel.WaitForElement("[data-testid=imported]");
        await panel.InvokeAsync(() => panel.FindAll("button").Single(b => b.TextContent.Contains("Another file", StringComparison.Ordinal)).Click());
        await ArriveAsync(panel, "homes.mwm", Model());
        Assert.Contains("Publish as version 2", panel.Find("[data-testid=import]").TextContent, StringComparison.Ordinal);
        Assert.Contains("Beside the live version", panel.Markup, StringComparison.Ordinal);
        Assert.NotNull(panel.Find("[data-testid=go-live]"));
    }

    [Fact]
    public async Task A_file_that_is_refused_says_why_and_is_not_kept()
    {
        var panel = Show();
        var id = await ArriveAsync(panel, "iris.mwm", "sepal_length,species"u8.ToArray());
        Assert.Contains("Not a model package: it begins with the bytes 736570", panel.Markup, StringComparison.Ordinal);
        Assert.NotEmpty(panel.FindComponents<UploadPanel>());
        Assert.Null(await Uploads.FindAsync(id, Cancellation));
    }
}
