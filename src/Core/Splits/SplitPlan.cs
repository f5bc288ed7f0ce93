namespace ModelWorkbench.Core.Splits;

/// <summary>Which rows teach, which compare and which are locked away until the final report.</summary>
/// <param name="TestFraction">Share of the rows in the locked test set, 0.05 to 0.5; 0 for none, where there are test rows of one's own.</param>
/// <param name="Folds">1: one validation fold of 20 % of the training rows; 2 to 20: cross-validation over the training rows.</param>
/// <param name="Stratified">Keep the class shares equal in all parts; only for classes.</param>
/// <param name="Seed">The same seed on the same rows gives the same parts.</param>
/// <param name="Repeats">How often the training rows are cut into folds anew, 1 to 10: where rows are few, one cut says as much about chance as about models. Only with two folds or more.</param>
public sealed record SplitPlan(double TestFraction = 0.2, int Folds = 5, bool Stratified = true, int Seed = 42, int Repeats = 1)
{
    /// <summary>Share of the training rows in the validation fold where there is only one.</summary>
    public const double HoldOutFraction = 0.2;

    public const int MaximumRepeats = 10;

    /// <summary>Repeated cross-validation where rows are few and one cut says little; cross-validation up to where one fold says enough and five trainings take long.</summary>
    public static SplitPlan Propose(int rowCount) => rowCount switch
    {
        <= 500 => new(Repeats: 3),
        <= 1_500 => new(Repeats: 2),
        <= 12_000 => new(),
        _ => new(Folds: 1),
    };

    /// <summary>Every reason why so many rows cannot be split like this; empty where they can.</summary>
    public IReadOnlyList<string> Problems(int rowCount)
    {
        var problems = new List<string>();
        if (!(TestFraction is 0 or >= 0.05 and <= 0.5)) problems.Add(FormattableString.Invariant($"The test fraction is {TestFraction}; expected 0.05 to 0.5, or 0 for no locked test set."));
        if (Folds is < 1 or > 20) problems.Add($"The number of folds is {Folds}; expected 1 to 20.");
        if (Repeats is < 1 or > MaximumRepeats) problems.Add($"The number of repeats is {Repeats}; expected 1 to {MaximumRepeats}.");
        if (problems.Count > 0) return problems;
        var training = rowCount - Splitter.HeldOutCount(rowCount, TestFraction);
        var needed = Folds == 1 ? 2 : Folds;
        if (training < needed)
            problems.Add($"{rowCount} rows leave {Math.Max(0, training)} for training, after {rowCount - training} for the locked test set; expected at least {needed} for {(Folds == 1 ? "training and validation" : $"{Folds} folds")}.");
        return problems;
    }
}
