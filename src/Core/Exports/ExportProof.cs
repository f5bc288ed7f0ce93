using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Exports;

/// <summary>How near the answers of an exported file are to the model's own.</summary>
/// <param name="Rows">That were compared.</param>
/// <param name="DifferingRows">Of these, how many differ by more than the tolerance or have another class.</param>
/// <param name="LargestDifference">Of any output, as a share of max(1, |expected|); the largest double where a number was expected and none came.</param>
/// <param name="OtherClasses">Rows whose answer is another class; those whose two likeliest are equal within the tolerance, or whose probability is that near to the model's threshold, do not count.</param>
/// <param name="Tolerance">The largest difference that is called equal.</param>
/// <param name="By">What answered: <c>ONNX Runtime 1.31.1</c>.</param>
/// <param name="NotRun">Why the file could not be asked on this machine; null where it was.</param>
public sealed record ExportProof(int Rows, int DifferingRows, double LargestDifference, int OtherClasses, double Tolerance, string By, string? NotRun)
{
    public const double UsualTolerance = 1e-5;

    /// <summary>Whether it was asked, and all rows have the same answer.</summary>
    public bool IsEqual => NotRun is null && Rows > 0 && DifferingRows == 0 && OtherClasses == 0 && LargestDifference <= Tolerance;

    /// <param name="by">What would have answered.</param>
    /// <param name="reason">For people: what is missing.</param>
    public static ExportProof CannotRun(string by, string reason) => new(0, 0, 0, 0, UsualTolerance, by, reason);

    /// <param name="sample">With what was expected.</param>
    /// <param name="outputs">What the file answered, row-major in the order of the sample.</param>
    /// <param name="by">What answered.</param>
    /// <param name="tolerance">The largest difference that is called equal.</param>
    /// <exception cref="InvalidDataException">There are more or fewer answers than were asked for.</exception>
    public static ExportProof Compare(ExportSample sample, IReadOnlyList<double> outputs, string by, double tolerance = UsualTolerance)
    {
        if (outputs.Count != sample.Outputs.Length)
            throw new InvalidDataException($"{by} gave {outputs.Count} numbers for {sample.Rows.Count} rows; expected {sample.Outputs.Length}.");
        var (differing, others, largest) = (0, 0, 0.0);
        var own = new double[sample.OutputCount];
        for (var row = 0; row < sample.Rows.Count; row++)
        {
            var expected = sample.Outputs.AsSpan(row * own.Length, own.Length);
            for (var k = 0; k < own.Length; k++) own[k] = outputs[(row * own.Length) + k];
            var difference = 0.0;
            for (var k = 0; k < own.Length; k++) difference = Math.Max(difference, Difference(expected[k], own[k]));
            var isOther = own.Length > 1 && Target.Decide(expected, sample.Threshold) is var wanted && Target.Decide(own, sample.Threshold) is var given && wanted != given
                && (sample.Threshold is { } threshold ? Math.Abs(expected[1] - threshold) : expected[wanted] - expected[given]) > tolerance;
            largest = Math.Max(largest, difference);
            if (isOther) others++;
            if (isOther || difference > tolerance) differing++;
        }
        return new ExportProof(sample.Rows.Count, differing, largest, others, tolerance, by, null);
    }

    private static double Difference(double expected, double found) =>
        expected.Equals(found) ? 0 : Math.Abs(found - expected) / Math.Max(1, Math.Abs(expected)) is var difference && double.IsFinite(difference) ? difference : double.MaxValue;
}
