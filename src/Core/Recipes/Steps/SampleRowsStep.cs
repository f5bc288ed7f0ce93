using System.Globalization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Splits;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Learns from some of the training rows only, drawn evenly; rows that the model is judged on or asked about are all kept.</summary>
/// <param name="Fraction">The chance of each training row to be drawn, above 0 to 1; null where <paramref name="Count"/> is given.</param>
/// <param name="Count">How many rows; all where there are fewer; null where <paramref name="Fraction"/> is given.</param>
/// <param name="Seed">The same seed draws the same rows.</param>
public sealed record SampleRowsStep(
    [property: FieldWords("Share of the training rows", Help = "Above 0 to 1; leave empty to give a number of rows.", NoneMeans = "by number")] double? Fraction = null,
    [property: FieldWords("Number of rows", Help = "Leave empty to give a share.", NoneMeans = "by share")] int? Count = null,
    [property: FieldWords("Seed", Help = "The same seed draws the same rows.")] int Seed = 1) : RecipeStep
{
    public override string Title => "Sample rows";
    public override string Summary => (Fraction, Count) switch
    {
        ({ } fraction, _) => string.Create(CultureInfo.InvariantCulture, $"{fraction:P1} of the training rows, seed {Seed}"),
        (_, { } count) => $"{StepColumns.Count(count, "training row")}, seed {Seed}",
        _ => "no size chosen",
    };

    public override bool TrainingOnly => true;
    public override bool AllowsTarget => true;
    public override IReadOnlyList<string> InputColumns => [];

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        if (Fraction is null == Count is null) return [new StepProblem("Expected either a fraction of the rows or a number of rows.")];
        if (Fraction is not (null or (> 0 and <= 1))) return [new StepProblem(string.Create(CultureInfo.InvariantCulture, $"Found {Fraction} as the fraction of rows, expected more than 0 and at most 1."))];
        return Count < 1 ? [new StepProblem($"Found {Count} as the number of rows, expected at least 1.")] : [];
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedSampleRows(Fraction, Count, Seed);
    }
}

/// <param name="Fraction">The chance of each row, or null.</param>
/// <param name="Count">How many rows, or null.</param>
public sealed record FittedSampleRows(double? Fraction, int? Count, int Seed) : FittedStep
{
    public override bool DropsRows => true;
    public override bool TrainingOnly => true;

    public override Table Replay(Table rows)
    {
        if (Count is { } count) return rows.RowCount <= count ? rows : rows.Take(RowSample.Take(rows.RowCount, count, Seed));
        var drawn = StepColumns.Where(rows, row => RowSample.Chance(row, Seed) < Fraction);
        // Of a handful of rows chance may draw none, and there would be nothing to learn from.
        return drawn.RowCount > 0 || rows.RowCount == 0 ? drawn : rows.Take([0]);
    }

    /// <summary>A fraction draws the same rows as of the whole; a number of rows as many, but the first ones, as the number of all is not yet known.</summary>
    public override Func<Table, Table> ReplayPieces()
    {
        var (seen, taken) = (0L, 0);
        return piece =>
        {
            Table drawn;
            if (Count is { } count) drawn = StepColumns.Where(piece, row => row < count - taken);
            else
            {
                var start = seen;
                drawn = StepColumns.Where(piece, row => RowSample.Chance(start + row, Seed) < Fraction);
            }
            seen += piece.RowCount;
            taken += drawn.RowCount;
            return drawn;
        };
    }
}
