using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Replaces a column of very many categories by a few columns of 0 and 1, <c>city#0</c> …: a stable hash chooses the one that is 1. Learns nothing, so new categories have their place too.</summary>
/// <param name="Columns">Category, boolean and text columns; at least one.</param>
/// <param name="Buckets">How many columns take the place of each.</param>
/// <remarks>The buckets are those of scikit-learn's FeatureHasher(input_type="string", alternate_sign=False).</remarks>
public sealed record HashEncodeStep(
    [property: FieldWords("Columns to encode", Kinds = [ColumnKind.Category, ColumnKind.Boolean, ColumnKind.Text])] IReadOnlyList<string> Columns,
    [property: FieldWords("Columns in place of each")] int Buckets = 16) : RecipeStep
{
    public const int MostBuckets = 1_024;

    public override string Title => "Hashing encoding";
    public override string Summary => $"{StepColumns.Describe(Columns, "none chosen")} into {StepColumns.Count(Buckets, "bucket")}";
    public override IReadOnlyList<string> InputColumns => Columns;
    public override IReadOnlyList<string> NewColumns => [.. Columns.SelectMany(column => FittedHashEncode.Names(column, Math.Clamp(Buckets, 0, MostBuckets)))];

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        if (Columns.Count == 0) return [new StepProblem("No column is chosen; at least one was expected.")];
        var problems = StepColumns.CheckTexts(table, Columns, orBoolean: true);
        if (Buckets is < 2 or > MostBuckets) problems.Add(new StepProblem($"Found {Buckets} as the number of buckets, expected 2 to {MostBuckets}."));
        problems.AddRange(StepColumns.CheckFree(table, NewColumns, Columns));
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedHashEncode(Columns, Buckets);
    }
}

public sealed record FittedHashEncode(IReadOnlyList<string> Columns, int Buckets) : FittedStep
{
    public override IReadOnlyList<ColumnOrigin> Origins => [.. Columns.SelectMany(column =>
    {
        string[] from = [column];
        return Names(column, Buckets).Select(name => new ColumnOrigin(name, from));
    })];

    public override IReadOnlyList<string> Removed => Columns;
    public override IReadOnlyList<string> ReadTexts => Columns;

    public override Func<double, double>? NumberMap(string column) => Columns.Contains(column) ? null : Unchanged;

    /// <summary>A missing value is 0 in all buckets.</summary>
    public override Table Replay(Table rows)
    {
        foreach (var name in Columns)
        {
            var texts = Categories.Texts(rows[name]);
            var byCode = texts.Values.Select(value => StableHash.Bucket(value, Buckets)).ToArray();
            var indicators = Enumerable.Range(0, Buckets).Select(_ => new double[rows.RowCount]).ToArray();
            for (var row = 0; row < texts.Length; row++)
                if (texts.Codes[row] is >= 0 and var code) indicators[byCode[code]][row] = 1;
            var names = Names(name, Buckets);
            rows = StepColumns.Replace(rows, name, [.. indicators.Select((indicator, i) => new NumericColumn(names[i], indicator))]);
        }
        return rows;
    }

    internal static string[] Names(string column, int buckets) => [.. Enumerable.Range(0, buckets).Select(b => string.Create(CultureInfo.InvariantCulture, $"{column}#{b}"))];
}
