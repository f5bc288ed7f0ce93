using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Models;

/// <summary>What an answer is wanted to be.</summary>
public abstract record WantedAnswer
{
    /// <summary>Above 0 where the answer is as wanted; the larger, the surer.</summary>
    /// <param name="outputs">Of one row.</param>
    public abstract double Margin(ReadOnlySpan<double> outputs);

    /// <param name="Index">0-based class that is to be the answer.</param>
    /// <param name="Threshold">Of two classes: the probability of the second from which on it is the answer; null for the likelier.</param>
    public sealed record OfClass(int Index, double? Threshold = null) : WantedAnswer
    {
        public override double Margin(ReadOnlySpan<double> outputs)
        {
            if (Threshold is { } from && outputs.Length == 2)
            {
                var above = Math.Log(Math.Max(outputs[1], Smallest)) - Math.Log(Math.Max(from, Smallest));
                // From the threshold on it is the second, which is above 0 as well.
                return Index == 1 ? outputs[1] >= from ? Math.Max(above, double.Epsilon) : Math.Min(above, -double.Epsilon) : outputs[1] < from ? Math.Max(-above, double.Epsilon) : Math.Min(-above, 0);
            }
            var most = double.NegativeInfinity;
            for (var k = 0; k < outputs.Length; k++)
                if (k != Index) most = Math.Max(most, outputs[k]);
            // Of logarithms: of a model that is sure of the contrary, the difference itself is 1 to all digits, and nothing would seem to help.
            return Math.Log(Math.Max(outputs[Index], Smallest)) - Math.Log(Math.Max(most, Smallest));
        }

        private const double Smallest = 1e-300;
    }

    /// <summary>A number of at least the limit.</summary>
    public sealed record AtLeast(double Limit) : WantedAnswer
    {
        public override double Margin(ReadOnlySpan<double> outputs) => outputs[0] >= Limit ? Math.Max(outputs[0] - Limit, double.Epsilon) : outputs[0] - Limit;
    }

    /// <summary>A number of at most the limit.</summary>
    public sealed record AtMost(double Limit) : WantedAnswer
    {
        public override double Margin(ReadOnlySpan<double> outputs) => outputs[0] <= Limit ? Math.Max(Limit - outputs[0], double.Epsilon) : Limit - outputs[0];
    }
}

/// <param name="Column">As it stands in the file.</param>
/// <param name="From">Invariant text; null is missing.</param>
/// <param name="To">Invariant text.</param>
public sealed record ColumnChange(string Column, string? From, string To);

/// <summary>A change of a row that makes the answer as wanted.</summary>
/// <param name="Changes">Together they suffice.</param>
/// <param name="Size">The share of the training rows that numbers move past, 0.5 for another category, and 0.25 for each column that changes at all.</param>
/// <param name="Outputs">The model's answer to the changed row.</param>
public sealed record Counterfactual(IReadOnlyList<ColumnChange> Changes, double Size, IReadOnlyList<double> Outputs);

/// <summary>Looks for small changes of a row that flip the model's answer: to values that training rows had, of as few columns as will do, each number moved no further than needed.</summary>
/// <remarks>
/// Wachter, Mittelstadt and Russell (2018), Harvard Journal of Law and Technology 31(2), here as a beam search that works for every model. It tells what the model would say, not what would happen:
/// columns that go together in the world are changed apart.
/// </remarks>
public static class CounterfactualSearch
{
    private const int MostColumns = 3;
    private const int MostFound = 3;
    private const int BeamWidth = 12;
    private const int MostExtendingColumns = 15;
    private const int MostChoices = 12;
    private const int Halvings = 7;
    private const double ColumnSize = 0.25;
    private const double CategorySize = 0.5;

    private sealed record Candidate(IReadOnlyDictionary<string, string?> Row, IReadOnlyList<ColumnChange> Changes, double Size, double[] Outputs, double Margin)
    {
        /// <summary>Which columns it changes.</summary>
        public string Columns { get; } = string.Join('\n', Changes.Select(x => x.Column).Order(StringComparer.Ordinal));
    }

    /// <param name="package">The model.</param>
    /// <param name="row">Invariant text by used column; missing where there is none.</param>
    /// <param name="changeable">The columns that may change.</param>
    /// <param name="wanted">What the answer is to be.</param>
    /// <param name="cancellationToken">Looked at between rounds.</param>
    /// <returns>At most 3, of different columns, smallest first; empty where changes of three columns do not suffice, or the answer is already as wanted.</returns>
    /// <exception cref="FormatException">A value is not of its column's kind.</exception>
    public static IReadOnlyList<Counterfactual> Find(ModelPackage package, IReadOnlyDictionary<string, string?> row, IReadOnlySet<string> changeable, WantedAnswer wanted, CancellationToken cancellationToken)
    {
        InputColumn[] columns = [.. package.Manifest.Signature.Used.Where(i => changeable.Contains(i.Name))];
        var start = Judge([(row, [])])[0];
        if (start.Margin > 0) return [];
        var found = new List<Candidate>();
        List<Candidate> beam = [start];
        for (var depth = 1; depth <= MostColumns && found.Count == 0; depth++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var tried = Judge([.. beam.SelectMany(candidate => columns.Where(c => candidate.Changes.All(x => x.Column != c.Name)).SelectMany(column => ValuesOf(column)
                .Where(value => value != candidate.Row.GetValueOrDefault(column.Name))
                .Select(value => Changed(candidate, column.Name, value))))]);
            found.AddRange(tried.Where(c => c.Margin > 0));
            // Each column by the best it can do: else the values of one column would fill the beam.
            beam = [.. tried.GroupBy(c => c.Columns).Select(g => g.MaxBy(c => c.Margin - (0.01 * c.Size))!).Where(c => c.Margin > start.Margin).OrderByDescending(c => c.Margin).Take(BeamWidth)];
            if (depth == 1)
            {
                var useful = tried.GroupBy(c => c.Changes[0].Column).OrderByDescending(g => g.Max(c => c.Margin)).Take(MostExtendingColumns).Select(g => g.Key).ToHashSet(StringComparer.Ordinal);
                columns = [.. columns.Where(c => useful.Contains(c.Name))];
            }
        }
        // Only the smallest of the same columns, and its numbers back towards the row as far as the answer stays.
        return [.. found.GroupBy(c => c.Columns).Select(g => g.MinBy(c => c.Size)!).OrderBy(c => c.Size).Take(2 * MostFound)
            .Select(Shrink).OrderBy(c => c.Size).Take(MostFound).Select(c => new Counterfactual(c.Changes, c.Size, c.Outputs))];

        (IReadOnlyDictionary<string, string?>, IReadOnlyList<ColumnChange>) Changed(Candidate candidate, string column, string value) =>
            (new Dictionary<string, string?>(candidate.Row) { [column] = value }, [.. candidate.Changes, new ColumnChange(column, row.GetValueOrDefault(column), value)]);

        List<Candidate> Judge(IReadOnlyList<(IReadOnlyDictionary<string, string?> Row, IReadOnlyList<ColumnChange> Changes)> candidates)
        {
            if (candidates.Count == 0) return [];
            var inputs = package.Manifest.Signature.Inputs;
            var outputs = package.Pipeline.Predict(TextRows.ToTable(inputs, [.. candidates.Select(c => (IReadOnlyList<string?>)[.. inputs.Select(i => c.Row.GetValueOrDefault(i.Name) is { Length: > 0 } text ? text : null)])]));
            var width = package.Pipeline.Scorer.OutputCount;
            return [.. candidates.Select((c, i) => new Candidate(c.Row, c.Changes, c.Changes.Sum(SizeOf), outputs[(i * width)..((i + 1) * width)], wanted.Margin(outputs.AsSpan(i * width, width))))];
        }

        double SizeOf(ColumnChange change)
        {
            var input = package.Manifest.Signature.Inputs[package.Manifest.Signature.Index[change.Column]];
            return ColumnSize + (input.Kind == ColumnKind.Numeric && Number(change.From) is { } from ? Math.Abs(Share(input, Number(change.To)!.Value) - Share(input, from)) : CategorySize);
        }

        Candidate Shrink(Candidate candidate)
        {
            foreach (var change in candidate.Changes)
            {
                if (Number(change.From) is not { } near || Number(change.To) is not { } far || package.Manifest.Signature.Inputs[package.Manifest.Signature.Index[change.Column]] is not { Kind: ColumnKind.Numeric } input) continue;
                for (var i = 0; i < Halvings; i++)
                {
                    var middle = near + ((far - near) / 2);
                    middle = input.WholeNumbers ? Math.Round(middle) : Rounded(middle, Math.Abs(far - near));
                    if (middle == near || middle == far) break;
                    var text = middle.ToString("R", CultureInfo.InvariantCulture);
                    var changed = Judge([(new Dictionary<string, string?>(candidate.Row) { [change.Column] = text }, [.. candidate.Changes.Select(c => c.Column == change.Column ? c with { To = text } : c)])])[0];
                    if (changed.Margin > 0) (candidate, far) = (changed, middle);
                    else near = middle;
                }
            }
            return candidate;
        }
    }

    /// <summary>With no more digits than its distance to another makes sense of.</summary>
    private static double Rounded(double value, double distance) => Math.Round(value, Math.Clamp(2 - (int)Math.Floor(Math.Log10(distance)), 0, 12));

    private static double? Number(string? text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;

    /// <summary>Values that training rows had: tenths of the rows for numbers, the most frequent categories.</summary>
    private static IEnumerable<string> ValuesOf(InputColumn input) => input switch
    {
        { Kind: ColumnKind.Numeric, Minimum: { } low, Maximum: { } high } => new[] { low, high }.Concat(input.Training?.LowerBounds ?? []).Distinct().Select(v => v.ToString("R", CultureInfo.InvariantCulture)),
        { Choices: { } choices } => choices.Take(MostChoices),
        _ => [],
    };

    /// <summary>The share of the training rows below a number, between bins in proportion.</summary>
    private static double Share(InputColumn input, double value)
    {
        if (input is not { Minimum: { } low, Maximum: { } high } || high <= low) return 0;
        if (input.Training is not { LowerBounds: { Count: > 1 } bounds } training) return Math.Clamp((value - low) / (high - low), 0, 1);
        var total = (double)training.Counts.Sum();
        if (value <= low) return 0;
        var bin = training.BinOf(value);
        var end = bin + 1 < bounds.Count ? bounds[bin + 1] : high;
        var within = end > bounds[bin] ? Math.Clamp((value - bounds[bin]) / (end - bounds[bin]), 0, 1) : 1;
        return (training.Counts.Take(bin).Sum() + (within * training.Counts[bin])) / total;
    }
}
