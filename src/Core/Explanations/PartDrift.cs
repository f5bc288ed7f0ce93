using System.Text.Json.Serialization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Splits;

namespace ModelWorkbench.Core.Explanations;

/// <summary>Rows that training rows are held against.</summary>
public enum DriftPart
{
    /// <summary>The validation rows of the last fold; in order of time, the latest.</summary>
    Validation,

    /// <summary>The locked test set.</summary>
    Test,
}

/// <summary>How far the rows that a model is judged on are from those that it learnt from, column by column: figures say little of rows that are otherwise.</summary>
/// <param name="Part">The rows that training rows are held against.</param>
/// <param name="TrainingRowCount">Training rows.</param>
/// <param name="RowCount">The other rows.</param>
/// <param name="Columns">The target, then those that differ most; free text is left out.</param>
public sealed record PartDrift(DriftPart Part, int TrainingRowCount, int RowCount, IReadOnlyList<ColumnDifference> Columns)
{
    // Of more an even sample tells the same.
    private const int MostRows = 100_000;
    private const int MostNames = 50;

    /// <summary>Columns that differ beyond chance and by enough to matter.</summary>
    [JsonIgnore]
    public IEnumerable<ColumnDifference> Notable => Columns.Where(c => c.IsNotable);

    /// <param name="part">What the other rows are.</param>
    /// <param name="training">As they stand in the file.</param>
    /// <param name="other">With the same columns.</param>
    /// <param name="target">Stands first.</param>
    /// <param name="seed">Decides the sample.</param>
    /// <param name="cancellationToken">Looked at before each column.</param>
    public static PartDrift Measure(DriftPart part, Table training, Table other, string target, int seed, CancellationToken cancellationToken)
    {
        var (before, after) = (Sample(training), Sample(other));
        Column[] columns = [.. before.Columns.Where(c => c.Kind != ColumnKind.Text)];
        var found = new List<ColumnDifference>();
        foreach (var column in columns)
        {
            cancellationToken.ThrowIfCancellationRequested();
            found.Add(Measure(column, after[column.Name], columns.Length));
        }
        return new PartDrift(part, training.RowCount, other.RowCount, [.. found.OrderByDescending(c => c.Column == target).ThenByDescending(c => c.IsNotable).ThenByDescending(c => c.Size)]);

        Table Sample(Table rows) => rows.RowCount <= MostRows ? rows : rows.Take(RowSample.Take(rows.RowCount, MostRows, seed));
    }

    private static ColumnDifference Measure(Column before, Column after, int tests)
    {
        var (missingBefore, missing) = (Share(before), Share(after));
        if (before is DictionaryColumn names)
        {
            // By text: the parts were cut from one table, but need not share its codes.
            var (first, second) = (Count(names), Count((DictionaryColumn)after));
            string[] kept = [.. first.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Take(MostNames).Select(c => c.Key)];
            var (ofBefore, ofAfter) = (Table(first), Table(second));
            var (chi, p) = DistributionTests.ChiSquared(ofBefore, ofAfter);
            var all = ofBefore.Sum() + ofAfter.Sum();
            return new ColumnDifference(before.Name, DriftTest.ChiSquared, chi, all == 0 ? 0 : Math.Sqrt(chi / all), p, tests, missingBefore, missing);

            double[] Table(Dictionary<string, int> counts) => [.. kept.Select(name => (double)counts.GetValueOrDefault(name)), counts.Sum(c => (double)c.Value) - kept.Sum(name => (double)counts.GetValueOrDefault(name))];
        }
        var (distance, chance) = DistributionTests.KolmogorovSmirnov(Sorted(before), Sorted(after));
        return new ColumnDifference(before.Name, DriftTest.KolmogorovSmirnov, distance, distance, chance, tests, missingBefore, missing);

        static double Share(Column column) => column.Length == 0 ? 0 : (double)column.CountMissing() / column.Length;

        static double[] Sorted(Column column)
        {
            double[] values = [.. Discretizer.Numbers(column).Where(v => !double.IsNaN(v))];
            Array.Sort(values);
            return values;
        }

        static Dictionary<string, int> Count(DictionaryColumn column)
        {
            var counts = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var code in column.Codes)
                if (code >= 0) counts[column.Values[code]] = counts.GetValueOrDefault(column.Values[code]) + 1;
            return counts;
        }
    }
}

/// <param name="Column">As it stands in the file.</param>
/// <param name="Test">Of the values that are there.</param>
/// <param name="Statistic">Kolmogorov-Smirnov: the largest distance of the two distribution functions. Chi-squared: of the table of counts.</param>
/// <param name="Size">How much they differ, whatever the number of rows, 0 to 1: the distance, or Cramér's V.</param>
/// <param name="PValue">Chance of such a difference where there is none; null where there is nothing to compare.</param>
/// <param name="Tests">Columns that were tested together.</param>
/// <param name="TrainingMissingShare">Of the training rows.</param>
/// <param name="MissingShare">Of the other rows.</param>
public sealed record ColumnDifference(string Column, DriftTest Test, double Statistic, double Size, double? PValue, int Tests, double TrainingMissingShare, double MissingShare)
{
    private const double BeyondChance = 0.05;

    // Of many rows the smallest difference is beyond chance, and means nothing.
    private const double LeastSize = 0.1;
    private const double LeastMissingGap = 0.05;

    /// <summary>Beyond chance, by Bonferroni over all columns, and by enough to matter.</summary>
    [JsonIgnore]
    public bool IsNotable => (PValue * Tests < BeyondChance && Size >= LeastSize) || Math.Abs(MissingShare - TrainingMissingShare) >= LeastMissingGap;
}
