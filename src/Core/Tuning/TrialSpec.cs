using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Tuning;

/// <summary>Where a trial comes from.</summary>
public enum TrialOrigin
{
    /// <summary>A family with its defaults.</summary>
    Default,

    /// <summary>Values that did well on many tables.</summary>
    Portfolio,

    /// <summary>Proposed by the search from what it has seen.</summary>
    Search,

    /// <summary>Asked for by a person.</summary>
    Person,

    /// <summary>Made of finished trials.</summary>
    Ensemble,

    /// <summary>A smaller or faster variant of a finished trial.</summary>
    Optimisation,
}

/// <summary>What a trial is to try, and why.</summary>
/// <param name="TrainerId">The family.</param>
/// <param name="Values">One for each dial of the family.</param>
/// <param name="Origin">Who proposed it.</param>
/// <param name="Why">For people: why this one now.</param>
public sealed record TrialSpec(string TrainerId, HyperparameterValues Values, TrialOrigin Origin, string Why);
