namespace ModelWorkbench.Workbench.Shell;

/// <summary>The way from a file to a tested endpoint, in order.</summary>
public enum JourneyStep { Data, Clean, Compare, Evaluate, Optimise, Publish, Test }

/// <summary>Where on the way a page stands.</summary>
/// <param name="Current">The step the page belongs to.</param>
/// <param name="Links">Addresses of the steps that can be reached from here; a step without one is not available yet.</param>
public sealed record Journey(JourneyStep Current, IReadOnlyDictionary<JourneyStep, string> Links)
{
    /// <summary>From a page about a trial, to all steps of the trial and of its dataset.</summary>
    /// <param name="datasetId">Null where the dataset is no longer there.</param>
    public static Journey AroundTrial(JourneyStep current, int experimentId, int number, int? datasetId)
    {
        var trial = $"/experiments/{experimentId}/trials/{number}";
        var links = new Dictionary<JourneyStep, string> { [JourneyStep.Compare] = $"/experiments/{experimentId}", [JourneyStep.Evaluate] = trial, [JourneyStep.Optimise] = $"{trial}/optimise", [JourneyStep.Publish] = $"{trial}/publish" };
        if (datasetId is { } dataset) (links[JourneyStep.Data], links[JourneyStep.Clean]) = ($"/datasets/{dataset}", $"/datasets/{dataset}/clean");
        return new Journey(current, links);
    }
}
