using System.Text.Json.Serialization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;

namespace ModelWorkbench.Core.Splits;

/// <summary>What decides in which part a row is.</summary>
public enum SplitMethod
{
    /// <summary>Chance alone: right where each row stands for itself.</summary>
    Random,

    /// <summary>Rows with the same value of a column stay together, so that models are judged on groups they have never seen.</summary>
    Grouped,

    /// <summary>Models are judged on rows that are later than all they learnt from.</summary>
    TimeOrdered,

    /// <summary>A column of the table says it.</summary>
    OwnColumn,
}

/// <summary>Which rows teach, which compare and which are locked away until the final report.</summary>
/// <param name="TestFraction">Share of the rows in the locked test set, 0.05 to 0.5; 0 for none, where there are test rows of one's own. Without a meaning where the own column marks test rows.</param>
/// <param name="Folds">1: one validation fold of 20 % of the training rows; 2 to 20: cross-validation over the training rows. Without a meaning where the own column marks validation rows or numbers the folds.</param>
/// <param name="Stratified">Keep the class shares equal in all parts; only for classes, and not for rows in order of time.</param>
/// <param name="Seed">The same seed on the same rows gives the same parts.</param>
/// <param name="Repeats">How often the training rows are cut into folds anew, 1 to 10: where rows are few, one cut says as much about chance as about models. Only with two folds or more, and never in order of time.</param>
/// <param name="Method">What decides in which part a row is.</param>
/// <param name="Column">What groups the rows, orders them, or says their part; null where chance decides.</param>
public sealed record SplitPlan(double TestFraction = 0.2, int Folds = 5, bool Stratified = true, int Seed = 42, int Repeats = 1, SplitMethod Method = SplitMethod.Random, string? Column = null)
{
    /// <summary>Share of the training rows in the validation fold where there is only one.</summary>
    public const double HoldOutFraction = 0.2;

    public const int MaximumFolds = 20;
    public const int MaximumRepeats = 10;

    /// <summary>The column that no model may see, as it only says which rows belong together or in which part they are; null where there is none. A time stays: it is known of new rows too.</summary>
    [JsonIgnore]
    public string? HiddenColumn => Method is SplitMethod.Grouped or SplitMethod.OwnColumn ? Column : null;

    /// <summary>A plan that suits the data, with its reason.</summary>
    /// <inheritdoc cref="SplitProposal.Propose"/>
    public static SplitProposal Propose(Table table, string target, bool hasClasses, DatasetProfile? profile = null) => SplitProposal.Propose(table, target, hasClasses, profile);

    /// <summary>Different groups or times that are needed at least: for the parts that models are compared on, and for the locked test set.</summary>
    internal int NeededValues => (TestFraction > 0 ? 1 : 0) + (Folds == 1 ? 2 : Method == SplitMethod.TimeOrdered ? Folds + 1 : Folds);

    /// <summary>Every reason why so many rows cannot be split like this; empty where they can.</summary>
    public IReadOnlyList<string> Problems(int rowCount) => [.. Check(rowCount).Select(p => p.Message)];

    /// <summary>As <see cref="Problems"/>, each with the setting that it is about.</summary>
    public IReadOnlyList<SplitProblem> Check(int rowCount)
    {
        var problems = new List<SplitProblem>();
        if (!(TestFraction is 0 or >= 0.05 and <= 0.5)) problems.Add(new(FormattableString.Invariant($"The test fraction is {TestFraction}; expected 0.05 to 0.5, or 0 for no locked test set."), nameof(TestFraction)));
        if (Folds is < 1 or > MaximumFolds) problems.Add(new($"The number of folds is {Folds}; expected 1 to {MaximumFolds}.", nameof(Folds)));
        if (Repeats is < 1 or > MaximumRepeats) problems.Add(new($"The number of repeats is {Repeats}; expected 1 to {MaximumRepeats}.", nameof(Repeats)));
        else if (Repeats > 1 && Method == SplitMethod.TimeOrdered) problems.Add(new($"The number of repeats is {Repeats}; expected 1, as rows in order of time can be cut in one way only.", nameof(Repeats)));
        if (!Enum.IsDefined(Method)) problems.Add(new($"The method is {Method}; expected one of: {string.Join(", ", Enum.GetNames<SplitMethod>())}.", nameof(Method)));
        else if (Method != SplitMethod.Random && string.IsNullOrEmpty(Column)) problems.Add(new($"Choose the column that {Role}.", nameof(Column)));
        else if (Method == SplitMethod.Random && Column is not null) problems.Add(new($"A random split uses no column, found '{Column}'; choose another method, or no column.", nameof(Column)));
        // Where a column says the parts, only it knows how many rows are in which.
        if (problems.Count > 0 || Method == SplitMethod.OwnColumn) return problems;
        var training = rowCount - Splitter.HeldOutCount(rowCount, TestFraction);
        var needed = Folds == 1 ? 2 : Folds;
        if (training < needed)
            problems.Add(new($"{rowCount} rows leave {Math.Max(0, training)} for training, after {rowCount - training} for the locked test set; expected at least {needed} for {(Folds == 1 ? "training and validation" : $"{Folds} folds")}.", nameof(Folds)));
        return problems;
    }

    /// <summary>What the column does, to end a sentence.</summary>
    internal string Role => Method switch
    {
        SplitMethod.Grouped => "says which rows belong together",
        SplitMethod.TimeOrdered => "orders the rows in time",
        SplitMethod.OwnColumn => "says in which part each row is",
        _ => "divides the rows",
    };
}

/// <summary>Why rows cannot be split as planned.</summary>
/// <param name="Message">For people: what was found and what was expected.</param>
/// <param name="Setting">The property of the plan that it is about.</param>
public sealed record SplitProblem(string Message, string Setting);

/// <summary>The rows cannot be split as planned; carries all problems.</summary>
public sealed class SplitException(IReadOnlyList<SplitProblem> problems) : ArgumentException(string.Join(" ", problems.Select(p => p.Message)))
{
    public IReadOnlyList<SplitProblem> Problems { get; } = problems;
}
