using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Replaces a column of categories by one column of 0 and 1 for each category, such as <c>sex=male</c>.</summary>
/// <param name="Columns">Category, boolean and text columns; empty for all category and boolean columns.</param>
/// <param name="MaximumCategories">The most frequent ones of the training rows get a column each; all others are 0 in all of them.</param>
public sealed record OneHotStep(
    [property: FieldWords("Columns to encode", NoneMeans = "None chosen: all category columns", Kinds = [ColumnKind.Category, ColumnKind.Boolean, ColumnKind.Text])] IReadOnlyList<string> Columns,
    [property: FieldWords("Categories with a column each", Help = "The most frequent ones of the training rows; all others are 0 in all of them.")] int MaximumCategories = 20) : RecipeStep
{
    public const int MostCategories = 1_000;

    /// <summary>That the step makes of all its columns together.</summary>
    public const int MostColumns = 5_000;

    public override string Title => "One-hot encoding";
    public override string Summary => $"{StepColumns.Describe(Columns, "all category columns")}: a column for each of the {MaximumCategories} most frequent categories";
    public override bool Learns => true;
    public override IReadOnlyList<string> InputColumns => Columns;

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var problems = Categories.Check(table, Columns);
        if (MaximumCategories is < 1 or > MostCategories) problems.Add(new StepProblem($"Found {MaximumCategories} as the number of categories, expected 1 to {MostCategories}."));
        else if (problems.Count == 0) problems.AddRange(TooMany(table));
        return problems;
    }

    /// <summary>Told by the numbers of distinct values alone, before a column is made.</summary>
    private IEnumerable<StepProblem> TooMany(Table table)
    {
        var counts = StepColumns.Resolve(table, Columns, Categories.Holds).Select(name => (Name: name, Distinct: Categories.Texts(table[name]).Values.Count)).ToList();
        var made = counts.Sum(c => (long)Math.Min(MaximumCategories, c.Distinct));
        if (made <= MostColumns) yield break;
        var widest = counts.OrderByDescending(c => c.Distinct).Take(3).Select(c => FormattableString.Invariant($"'{c.Name}' has {c.Distinct:N0} categories"));
        yield return new StepProblem(FormattableString.Invariant(
            $"The step would make {made:N0} columns of {counts.Count:N0} ({string.Join(", ", widest)}{(counts.Count > 3 ? ", …" : "")}); expected at most {MostColumns:N0}. Give fewer categories a column each ({Math.Max(1, MostColumns / counts.Count):N0} would do), name fewer columns, or use hashing or target encoding for those with many categories."));
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        var columns = StepColumns.Resolve(rows, Columns, Categories.Holds);
        var fitted = new FittedOneHot([.. columns.Select(name => new ColumnCategories(name, [.. Categories.ByFrequency(rows[name]).Take(MaximumCategories).Select(c => c.Value)]))]);
        ThrowUnlessFree(rows, [.. fitted.Origins.Select(o => o.Column)], columns);
        return fitted;
    }
}

public sealed record FittedOneHot(IReadOnlyList<ColumnCategories> Columns) : FittedStep
{
    public override IReadOnlyList<LearntValue> Learnt => [.. Columns.SelectMany(c => LearntValue.Cut(c.Column, c.Values.Select(v => new LearntValue(c.Column, "category", v))))];

    public override IReadOnlyList<ColumnOrigin> Origins => [.. Columns.SelectMany(c =>
    {
        string[] from = [c.Column];
        return c.Values.Select(value => new ColumnOrigin(NameOf(c.Column, value), from));
    })];

    public override IReadOnlyList<string> Removed => [.. Columns.Select(c => c.Column)];

    public override Func<double, double>? NumberMap(string column) => Columns.Any(c => c.Column == column) ? null : Unchanged;

    /// <summary>A missing value, and a category that has no column, is 0 in all columns.</summary>
    public override Table Replay(Table rows)
    {
        foreach (var (column, values) in Columns)
        {
            var indicators = values.Select(_ => new double[rows.RowCount]).ToArray();
            var positions = Categories.Positions(rows[column], values);
            for (var row = 0; row < positions.Length; row++)
                if (positions[row] >= 0) indicators[positions[row]][row] = 1;
            rows = StepColumns.Replace(rows, column, [.. indicators.Select((indicator, i) => new NumericColumn(NameOf(column, values[i]), indicator))]);
        }
        return rows;
    }

    internal static string NameOf(string column, string value) => $"{column}={value}";
}
