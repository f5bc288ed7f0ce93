namespace ModelWorkbench.Core.Splits;

/// <summary>How many rows are in which part, for a picture of the split.</summary>
/// <param name="TestCount">Rows in the locked test set.</param>
/// <param name="Folds">Of the first repeat.</param>
public sealed record SplitOutline(int TestCount, IReadOnlyList<FoldOutline> Folds)
{
    public int RowCount => TestCount + (Folds.Count == 0 ? 0 : Folds[0].RowCount);

    /// <param name="split">Training and locked test rows.</param>
    /// <param name="folds">Made of its training rows.</param>
    /// <param name="plan">That both were made by.</param>
    public static SplitOutline Of(DataSplit split, IReadOnlyList<Fold> folds, SplitPlan plan)
    {
        var all = split.Training.Table.RowCount;
        var outlines = new List<FoldOutline>();
        var judged = 0;
        foreach (var fold in folds.Take(Math.Max(1, folds.Count / plan.Repeats)))
        {
            var (training, validation) = (fold.Training.Table.RowCount, fold.Validation.Table.RowCount);
            var unused = all - training - validation;
            // In order of time all training rows come before; else folds judge one after another.
            var before = plan.Method == SplitMethod.TimeOrdered || folds.Count == 1 ? training : judged;
            outlines.Add(new FoldOutline(before, validation, training - before, unused));
            judged += validation;
        }
        return new SplitOutline(split.Test.RowCount, outlines);
    }
}

/// <param name="TrainingBefore">Training rows drawn before the validation rows.</param>
/// <param name="Validation">Rows that are judged on.</param>
/// <param name="TrainingAfter">Training rows drawn after the validation rows.</param>
/// <param name="Unused">Rows that are later than the fold's validation rows and so in no part of it.</param>
public sealed record FoldOutline(int TrainingBefore, int Validation, int TrainingAfter, int Unused)
{
    public int Training => TrainingBefore + TrainingAfter;
    public int RowCount => Training + Validation + Unused;
}
