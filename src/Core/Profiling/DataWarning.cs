namespace ModelWorkbench.Core.Profiling;

public enum WarningSeverity
{
    /// <summary>Good to know; nothing needs to be done.</summary>
    Note,

    /// <summary>Worth a step of the recipe.</summary>
    Warning,

    /// <summary>A model would be worthless or could not be trained.</summary>
    Serious,
}

public enum WarningCode
{
    Constant, NearConstant, IdLike, DuplicateRows, DuplicateColumns, DisguisedMissing, MixedKinds, HighCardinality, RareClasses, Imbalance, MissingTarget,
    Skewed, Outliers, DatesAsText, NumbersAsText, MostlyMissing, SurroundingBlanks, CaseVariants, LeakageSuspect, RareCategories,
}

/// <summary>Something in the data that a person should know before training.</summary>
/// <param name="Code">What it is.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Columns">The columns it is about; empty for all.</param>
/// <param name="Message">With figures and place.</param>
public sealed record DataWarning(WarningCode Code, WarningSeverity Severity, IReadOnlyList<string> Columns, string Message)
{
    /// <summary>The values it is about: those that stand for missing, the texts among numbers.</summary>
    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>The 1-based line of the first of them, where there is one.</summary>
    public int? Line { get; init; }

    /// <summary>How the numbers are written, of numbers that are texts; else null.</summary>
    public NumberWriting? Numbers { get; init; }

    /// <summary>How the dates are written, of dates that are texts; else null.</summary>
    public DateWriting? Dates { get; init; }

    /// <summary>Whether the values of only a part of the rows were looked at: there may be others among the rest.</summary>
    public bool FromSample { get; init; }
}
