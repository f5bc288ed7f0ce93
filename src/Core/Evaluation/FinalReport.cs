using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Splits;

namespace ModelWorkbench.Core.Evaluation;

/// <summary>The only reader of the locked test set: the figures of the chosen model on rows that had no part in choosing it.</summary>
public static class FinalReport
{
    /// <param name="test">The locked rows, as the split made them.</param>
    /// <param name="evaluate">Replays the fitted recipe on the rows, scores them and reports. To be called once for a chosen model; choosing again by its result would make the figures too good.</param>
    public static EvaluationReport Evaluate(LockedTestSet test, Func<Table, EvaluationReport> evaluate) => evaluate(test.Table);
}
