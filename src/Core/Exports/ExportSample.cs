using System.Globalization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;

namespace ModelWorkbench.Core.Exports;

/// <summary>Rows that an exported file has to answer as the model does: usual ones, and those at which copies tend to go wrong.</summary>
/// <param name="Inputs">The used columns, in order.</param>
/// <param name="Rows">One text an input, in invariant form as <see cref="Column.GetText"/> gives it; null is missing. Texts that training rows did not have are among them.</param>
/// <param name="Outputs">What the model answers, row-major.</param>
/// <param name="OutputCount">Numbers a row: one a class, or 1.</param>
public sealed record ExportSample(IReadOnlyList<InputColumn> Inputs, IReadOnlyList<IReadOnlyList<string?>> Rows, double[] Outputs, int OutputCount)
{
    private const int MostUsualRows = 200;
    private const int MostVariedColumns = 150;
    private const int RowsAVariation = 2;

    /// <summary>As <see cref="Trainers.Target.Threshold"/>.</summary>
    public double? Threshold { get; init; }

    // A text that no file has.
    private const string Unseen = "∅ not in training";

    /// <summary>The golden rows, the background rows, and golden rows with one input changed: missing, of a category that training rows did not have, at the ends of its range and far beyond them. The same for the same model.</summary>
    /// <param name="package">The model.</param>
    public static ExportSample Of(ModelPackage package)
    {
        var signature = package.Manifest.Signature;
        int[] used = signature.UsedIndexes;
        string?[] Used(IReadOnlyList<string?> row) => Array.ConvertAll(used, i => string.IsNullOrEmpty(row[i]) ? null : row[i]);
        var usual = package.Manifest.Golden.Rows.Concat(package.Manifest.Background ?? []).Take(MostUsualRows).Select(Used).ToList();
        if (usual.Count == 0) usual.Add([.. signature.Used.Select(DefaultOf)]);
        var rows = new List<IReadOnlyList<string?>>(usual);
        // One thing changed at a time, where there are rows that have everything else.
        var varied = usual.Where(row => !row.Contains(null)).ToList();
        if (varied.Count == 0) varied = usual;
        var next = 0;
        foreach (var (at, input) in signature.Used.Index().Take(MostVariedColumns))
            foreach (var value in Variations(input))
                for (var i = 0; i < Math.Min(RowsAVariation, varied.Count); i++)
                {
                    // Rows in turn, so that no row stands for all columns.
                    var changed = varied[next++ % varied.Count].ToArray();
                    changed[at] = value;
                    rows.Add(changed);
                }
        rows.Add(new string?[used.Length]);
        var distinct = rows.DistinctBy(row => string.Join('\0', row.Select(text => text ?? "\u0001"))).ToList();
        return new ExportSample(signature.Used, distinct, Answers(package, distinct), package.Pipeline.Scorer.OutputCount) { Threshold = package.Pipeline.Target.Threshold };
    }

    /// <summary>What an endpoint answers to rows of the used columns, row-major.</summary>
    public static double[] Answers(ModelPackage package, IReadOnlyList<IReadOnlyList<string?>> rows)
    {
        var signature = package.Manifest.Signature;
        var full = rows.Select(row =>
        {
            var texts = new string?[signature.Inputs.Count];
            foreach (var (i, input) in signature.UsedIndexes.Index()) texts[input] = Counted(signature, input, row[i]);
            return (IReadOnlyList<string?>)texts;
        }).ToList();
        return package.Pipeline.Predict(TextRows.ToTable(signature.Inputs, full));
    }

    /// <summary>A text as the model sees it: null where it is missing or counts as missing.</summary>
    private static string? Counted(Signature signature, int input, string? text) =>
        string.IsNullOrEmpty(text) || (signature.Inputs[input].ChoicesAreComplete && signature.Choices[input] is { } choices && !choices.ContainsKey(text)) ? null : text;

    private static IEnumerable<string?> Variations(InputColumn input)
    {
        yield return null;
        if (input.Kind == ColumnKind.DateTime)
        {
            if (input.Earliest is not null) yield return input.Earliest;
            if (input.Latest is not null) yield return input.Latest;
            yield return "1969-12-31T23:59:59";
            yield return "2096-02-29T12:30:00";
            yield break;
        }
        if (input.Kind != ColumnKind.Numeric)
        {
            yield return Unseen;
            foreach (var choice in (input.Choices ?? []).TakeLast(3)) yield return choice;
            yield break;
        }
        var (low, high) = (input.Minimum ?? 0, input.Maximum ?? 1);
        var width = Math.Max(Math.Min(high - low, 1e100), 1);
        double[] numbers = [low, high, low - (0.5 * width), high + (0.5 * width), low - (1e6 * width), high + (1e6 * width), 0, -1];
        foreach (var number in numbers.Distinct())
            if (double.IsFinite(number)) yield return number.ToString("R", CultureInfo.InvariantCulture);
    }

    private static string? DefaultOf(InputColumn input) => input.Median?.ToString("R", CultureInfo.InvariantCulture) ?? input.Default;
}
