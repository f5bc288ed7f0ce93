using ModelWorkbench.Core.Exports;
using ModelWorkbench.Workbench.Shell;

namespace ModelWorkbench.Workbench.Exports;

/// <summary>What is said of exported files.</summary>
public static class ExportText
{
    /// <summary>A proof in words; "equal" stands nowhere but where every row has the same answer.</summary>
    public static string Of(ExportProof proof) => proof switch
    {
        { NotRun: { } reason } => $"Not proved here: {reason}",
        { IsEqual: true } => $"Equal: {Figures.Count(proof.Rows, "row")}, {(proof.LargestDifference == 0 ? "not a digit apart" : $"largest difference {Figures.Number(proof.LargestDifference, 2)}")}",
        { LargestDifference: >= double.MaxValue } => $"Differs in {Figures.Count(proof.DifferingRows)} of {Figures.Count(proof.Rows, "row")}: no number where one was expected",
        _ => $"Differs by up to {Figures.Number(proof.LargestDifference, 2)} in {Figures.Count(proof.DifferingRows)} of {Figures.Count(proof.Rows, "row")}"
            + (proof.OtherClasses > 0 ? $", {Figures.Count(proof.OtherClasses)} of them with another class" : ""),
    };
}
