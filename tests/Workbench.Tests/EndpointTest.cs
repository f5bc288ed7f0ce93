using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Tests;

/// <summary>A test of pages that stand before an endpoint.</summary>
public abstract class EndpointTest : StoreTest
{
    protected EndpointTest()
    {
        Services.AddMetrics();
        Services.AddSingleton<ModelMemory>();
        Services.AddSingleton<LiveModels>();
        Services.AddSingleton<EndpointStore>();
        Services.AddSingleton<WaitingAlerts>();
    }

    protected EndpointStore Endpoints => Services.GetRequiredService<EndpointStore>();

    /// <summary>Publishes a model that answers 4 to everything: to sqft, a number, and type, of two choices.</summary>
    protected async Task PublishAsync(string name)
    {
        var signature = new Signature(
        [
            new InputColumn("sqft", ColumnKind.Numeric, true, false) { Minimum = 10, Maximum = 20 },
            new InputColumn("type", ColumnKind.Category, true, false) { Choices = ["Condo", "House"] },
        ]);
        var path = Services.GetRequiredService<ArtefactStore>().NewTemporaryPath();
        await using (var file = File.Create(path))
            new ModelPackage(
                new ModelManifest("baseline", "Baseline", new Target("price", LearningTask.Regression, []), signature, new FittedRecipe([]), new FittedFeatureEncoder(FeatureEncoding.Codes, []), new GoldenRows([["12", "House"], ["13", "Condo"]], [[4], [4]])),
                new ConstantScorer(0, [4])).Write(file);
        await Endpoints.ImportAsync(name, path, "homes.mwm", WorkspaceRow.FirstId, "tests", cancellationToken: Cancellation);
    }
}
