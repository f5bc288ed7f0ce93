namespace ModelWorkbench.Workbench.Shell;

/// <summary>The way from a file to a tested endpoint, in order.</summary>
public enum JourneyStep { Data, Clean, Compare, Evaluate, Optimise, Publish, Test }

/// <summary>Where on the way a page stands.</summary>
/// <param name="Current">The step the page belongs to.</param>
/// <param name="Links">Addresses of the steps that can be reached from here; a step without one is not available yet.</param>
public sealed record Journey(JourneyStep Current, IReadOnlyDictionary<JourneyStep, string> Links);
