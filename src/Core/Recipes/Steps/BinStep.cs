using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Where one bin ends and the next begins.</summary>
public enum BinMethod
{
    /// <summary>Bins of equal width between the smallest and the largest training value.</summary>
    EqualWidth,

    /// <summary>Bins of about equally many training rows.</summary>
    Quantile,

    /// <summary>Where the person says.</summary>
    OwnEdges,
}

/// <summary>Puts numbers into bins; an edge belongs to the bin below it. The first and the last bin are open, so every number has its bin.</summary>
/// <param name="Columns">Numeric columns; empty for all of them.</param>
/// <param name="Method">How bins are cut.</param>
/// <param name="Bins">How many, for equal width and quantiles; fewer come out where quantiles are equal.</param>
/// <param name="Edges">For <see cref="BinMethod.OwnEdges"/>: ascending, at least one; one bin more than edges.</param>
/// <param name="AsNumbers">Whether the result is the number of the bin from 0 on; otherwise a category such as <c>10 – 20</c>.</param>
/// <remarks>The edges of pandas' cut and qcut (duplicates="drop").</remarks>
public sealed record BinStep(
    [property: FieldWords("Columns to bin", NoneMeans = "None chosen: all numeric columns", Kinds = [ColumnKind.Numeric])] IReadOnlyList<string> Columns,
    [property: FieldWords("Bins of")] BinMethod Method,
    [property: FieldWords("How many bins")] int Bins,
    [property: FieldWords("Edges", Help = "Numbers, ascending; an edge belongs to the bin below it.")] IReadOnlyList<double> Edges,
    [property: FieldWords("Give the number of the bin in place of its range")] bool AsNumbers = false) : RecipeStep
{
    public const int MostBins = 1_000;

    public override IReadOnlyList<StepField> Fields =>
        [.. StepField.Derive(this).Where(f => f.Name switch { "bins" => Method != BinMethod.OwnEdges, "edges" => Method == BinMethod.OwnEdges, _ => true })];

    public override string Title => "Bin";
    public override bool Learns => Method != BinMethod.OwnEdges;
    public override IReadOnlyList<string> InputColumns => Columns;

    public override string Summary => $"{StepColumns.Describe(Columns, "all numeric columns")}: " + Method switch
    {
        BinMethod.EqualWidth => $"{Bins} bins of equal width",
        BinMethod.Quantile => $"{Bins} bins of equally many rows",
        _ => $"at {string.Join(", ", Edges.Select(e => e.ToString("R", CultureInfo.InvariantCulture)))}",
    };

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var problems = StepColumns.CheckAllNumeric(table, Columns, needValues: Learns);
        if (Learns && Bins is < 2 or > MostBins) problems.Add(new StepProblem($"Found {Bins} as the number of bins, expected 2 to {MostBins}."));
        if (Method == BinMethod.OwnEdges)
        {
            if (Edges.Count is 0 or >= MostBins) problems.Add(new StepProblem($"Found {StepColumns.Count(Edges.Count, "edge")}, expected 1 to {MostBins - 1}."));
            for (var i = 0; i < Edges.Count; i++)
                if (!double.IsFinite(Edges[i]) || (i > 0 && !(Edges[i] > Edges[i - 1])))
                    problems.Add(new StepProblem(string.Create(CultureInfo.InvariantCulture, $"Edge {i + 1} is {Edges[i]}, expected {(i > 0 ? $"more than edge {i}, {Edges[i - 1]}" : "a number")}.")));
        }
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedBin([.. StepColumns.Resolve(rows, Columns, StepColumns.IsNumeric).Select(name => new ColumnEdges(name, Learn(rows[name])))], AsNumbers);
    }

    private double[] Learn(Column column)
    {
        if (Method == BinMethod.OwnEdges) return [.. Edges];
        var (low, high) = StepStatistics.Range(column);
        var sorted = Method == BinMethod.Quantile ? StepStatistics.Sorted(column) : [];
        var edges = Enumerable.Range(1, Bins - 1).Select(i =>
            Method == BinMethod.Quantile ? StepStatistics.Quantile(sorted, (double)i / Bins) : low + i * (high / Bins - low / Bins));
        return [.. edges.Where(edge => edge > low && edge < high).Distinct()];
    }
}

/// <param name="Column">The column.</param>
/// <param name="Edges">Ascending; an edge belongs to the bin below it.</param>
public sealed record ColumnEdges(string Column, double[] Edges);

public sealed record FittedBin(IReadOnlyList<ColumnEdges> Columns, bool AsNumbers) : FittedStep
{
    public override IReadOnlyList<LearntValue> Learnt => [.. Columns.SelectMany(c => c.Edges.Select((edge, i) => new LearntValue(c.Column, string.Create(CultureInfo.InvariantCulture, $"edge {i + 1}"), edge)))];

    public override Func<double, double>? NumberMap(string column) => Columns.FirstOrDefault(c => c.Column == column) is not { } bins ? Unchanged : AsNumbers ? value => double.IsNaN(value) ? value : Find(bins.Edges, value) : null;

    public override Table Replay(Table rows) => StepColumns.Change(rows, [.. Columns.Select(c => c.Column)], (column, i) =>
    {
        var edges = Columns[i].Edges;
        if (AsNumbers) return StepColumns.Map(column, NumberMap(column.Name)!);
        var values = StepColumns.Numeric(column).Values;
        var codes = new int[values.Length];
        for (var row = 0; row < codes.Length; row++) codes[row] = double.IsNaN(values[row]) ? DictionaryColumn.MissingCode : Find(edges, values[row]);
        return new DictionaryColumn(column.Name, ColumnKind.Category, codes, Labels(edges));
    });

    private static int Find(double[] edges, double value)
    {
        var (low, high) = (0, edges.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (edges[middle] < value) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    /// <summary>With as few digits as tell the edges apart, at least four.</summary>
    internal static string[] Labels(double[] edges)
    {
        if (edges.Length == 0) return ["all"];
        string[] texts = [];
        for (var digits = 4; digits <= 17; digits++)
        {
            texts = Array.ConvertAll(edges, edge => double.Parse(edge.ToString($"G{digits}", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture));
            if (texts.Distinct(StringComparer.Ordinal).Count() == texts.Length) break;
        }
        return [$"≤ {texts[0]}", .. texts.Zip(texts.Skip(1), (from, to) => $"{from} – {to}"), $"> {texts[^1]}"];
    }
}
