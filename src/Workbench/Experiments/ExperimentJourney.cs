using ModelWorkbench.Workbench.Shell;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Experiments;

/// <summary>What can be reached from an experiment.</summary>
public static class ExperimentJourney
{
    /// <summary>Before an experiment exists.</summary>
    public static Journey From(int datasetId) => new(JourneyStep.Compare, new Dictionary<JourneyStep, string>(DatasetLinks(datasetId)) { [JourneyStep.Compare] = $"/datasets/{datasetId}/compare" });

    /// <param name="endpointName">An endpoint that answers with a model of this experiment, or null.</param>
    public static Journey From(ExperimentRow experiment, string? endpointName)
    {
        var links = experiment.DatasetId is { } datasetId ? DatasetLinks(datasetId) : [];
        links[JourneyStep.Compare] = $"/experiments/{experiment.Id}";
        if (ExperimentStore.Best(experiment) is { } best)
        {
            links[JourneyStep.Evaluate] = $"/experiments/{experiment.Id}/trials/{best.Number}";
            links[JourneyStep.Optimise] = $"/experiments/{experiment.Id}/trials/{best.Number}/optimise";
            links[JourneyStep.Publish] = $"/experiments/{experiment.Id}/trials/{best.Number}/publish";
        }
        if (endpointName is not null) links[JourneyStep.Test] = $"/endpoints/{Uri.EscapeDataString(endpointName)}/test";
        return new Journey(JourneyStep.Compare, links);
    }

    private static Dictionary<JourneyStep, string> DatasetLinks(int datasetId) => new()
    {
        [JourneyStep.Data] = $"/datasets/{datasetId}",
        [JourneyStep.Clean] = $"/datasets/{datasetId}/clean",
    };
}
