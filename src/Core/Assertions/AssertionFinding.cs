using System.Globalization;

namespace ModelWorkbench.Core.Assertions;

public enum AssertionOutcome
{
    Passed,
    Failed,

    /// <summary>It could not be told, which is no pass.</summary>
    NotDecided,
}

/// <summary>What came of holding a model against an expectation.</summary>
/// <param name="Outcome">Whether it is met.</param>
/// <param name="WhyNot">Why nothing was decided; null where it was.</param>
public sealed record AssertionFinding(AssertionOutcome Outcome, string? WhyNot = null)
{
    /// <summary>Rows that were looked at.</summary>
    public int RowCount { get; init; }

    /// <summary>Of these, rows that are not as expected; of a metric always 0.</summary>
    public int BreakingCount { get; init; }

    /// <summary>The metric; or of the row that is furthest from what is expected, the probability of the expected class or the number.</summary>
    public double? Figure { get; init; }

    /// <summary>The class that the model answers to that row.</summary>
    public string? Class { get; init; }

    /// <summary>Where an answer goes furthest the wrong way; null where none does.</summary>
    public MonotoneBreak? Worst { get; init; }

    public static AssertionFinding NotDecided(string whyNot) => new(AssertionOutcome.NotDecided, whyNot);

    /// <summary>What was found, as a sentence without its full stop.</summary>
    public string Describe(Expectation expected) => WhyNot is not null ? WhyNot.TrimEnd('.') : expected switch
    {
        Expectation.Answer { Class: { } name } => RowCount == 1 ? $"The answer is {Class}; {name} has a probability of {Text(Figure)}"
            : $"{RowCount - BreakingCount} of {RowCount} rows are as expected; the furthest is answered with {Class}, and {name} has a probability of {Text(Figure)}",
        Expectation.Answer => RowCount == 1 ? $"The answer is {Text(Figure)}" : $"{RowCount - BreakingCount} of {RowCount} rows are as expected; the furthest is answered with {Text(Figure)}",
        Expectation.Monotone { Column: var column } => Worst is null ? $"None of {RowCount} rows breaks it"
            : $"{BreakingCount} of {RowCount} rows {(BreakingCount == 1 ? "breaks" : "break")} it; the worst is the row on line {Worst.Line}: from {Text(Worst.Before)} to {Text(Worst.After)} as {column} goes from {Text(Worst.From)} to {Text(Worst.To)}",
        _ => $"{Text(Figure)} on {RowCount} {(RowCount == 1 ? "row" : "rows")}",
    };

    private static string Text(double? number) => number is { } value ? value.ToString("G5", CultureInfo.InvariantCulture) : "none";
}

/// <summary>An answer that goes the wrong way.</summary>
/// <param name="Line">1-based line of the file on which the row starts.</param>
/// <param name="From">What the column holds before.</param>
/// <param name="To">What it holds after, which is more.</param>
/// <param name="Before">The answer before.</param>
/// <param name="After">The answer after.</param>
public sealed record MonotoneBreak(int Line, double From, double To, double Before, double After);
