using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Which category gets which number.</summary>
public enum CategoryOrder
{
    /// <summary>The order that the person wrote: Fair, Good, Ideal.</summary>
    Given,

    /// <summary>The most frequent category of the training rows is 0.</summary>
    Frequency,

    /// <summary>By character code, as scikit-learn's OrdinalEncoder.</summary>
    Alphabet,
}

/// <summary>Replaces categories by numbers 0, 1, 2 … in an order.</summary>
/// <param name="Columns">Category, boolean and text columns; empty for all category and boolean columns.</param>
/// <param name="By">Which order.</param>
/// <param name="Sequence">For <see cref="CategoryOrder.Given"/>: the categories, the least first.</param>
public sealed record OrdinalEncodeStep(
    [property: FieldWords("Columns to encode", NoneMeans = "None chosen: all category columns", Kinds = [ColumnKind.Category, ColumnKind.Boolean, ColumnKind.Text])] IReadOnlyList<string> Columns,
    [property: FieldWords("In order")] CategoryOrder By,
    [property: FieldWords("Categories, the least first")] IReadOnlyList<string> Sequence) : RecipeStep
{
    public const int MostCategories = 100_000;

    public override IReadOnlyList<StepField> Fields => [.. StepField.Derive(this).Where(f => f.Name != "order" || By == CategoryOrder.Given)];

    public override string Title => "Ordinal encoding";
    public override bool Learns => By != CategoryOrder.Given;
    public override IReadOnlyList<string> InputColumns => Columns;

    public override string Summary => $"{StepColumns.Describe(Columns, "all category columns")}: " + By switch
    {
        CategoryOrder.Given => string.Join(" < ", Sequence),
        CategoryOrder.Frequency => "the most frequent is 0",
        _ => "in alphabetical order",
    };

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var problems = Categories.Check(table, Columns);
        if (By != CategoryOrder.Given)
        {
            foreach (var name in StepColumns.Resolve(table, Columns, Categories.Holds).Distinct())
                if (table.Find(name) is DictionaryColumn column && Categories.ByFrequency(column).Count is var count and > MostCategories)
                    problems.Add(new StepProblem($"Column '{name}' has {count} categories, expected at most {MostCategories}.", name));
            return problems;
        }
        if (Sequence.Count == 0) problems.Add(new StepProblem("No order is given; expected the categories, the least first."));
        foreach (var twice in Sequence.GroupBy(o => o, StringComparer.Ordinal).Where(g => g.Count() > 1)) problems.Add(new StepProblem($"'{twice.Key}' stands twice in the order."));
        if (problems.Count > 0) return problems;
        foreach (var name in StepColumns.Resolve(table, Columns, Categories.Holds))
        {
            var positions = Categories.Positions(table[name], Sequence);
            var (count, first) = (0, -1);
            for (var row = 0; row < positions.Length; row++)
                if (positions[row] < 0 && !table[name].IsMissing(row) && count++ == 0) first = row;
            if (count > 0)
                problems.Add(new StepProblem(
                    $"{StepColumns.Count(count, "value")} of column '{name}' {(count == 1 ? "is" : "are")} not in the order, the first on line {table.LineNumbers[first]}: found '{table[name].GetText(first)}', expected one of {string.Join(", ", Sequence)}.",
                    name, table.LineNumbers[first]));
        }
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedOrdinalEncode([.. StepColumns.Resolve(rows, Columns, Categories.Holds).Select(name => new ColumnCategories(name, By switch
        {
            CategoryOrder.Given => Sequence,
            CategoryOrder.Frequency => [.. Categories.ByFrequency(rows[name]).Select(c => c.Value)],
            _ => [.. Categories.ByFrequency(rows[name]).Select(c => c.Value).Order(StringComparer.Ordinal)],
        }))]);
    }
}

/// <param name="Columns">The categories of each column; their position is their number.</param>
public sealed record FittedOrdinalEncode(IReadOnlyList<ColumnCategories> Columns) : FittedStep
{
    public override IReadOnlyList<LearntValue> Learnt => [.. Columns.SelectMany(c => LearntValue.Cut(c.Column, c.Values.Select((v, i) => new LearntValue(c.Column, v, i))))];

    public override Func<double, double>? NumberMap(string column) => Columns.Any(c => c.Column == column) ? null : Unchanged;

    /// <summary>A category that has no number becomes missing.</summary>
    public override Table Replay(Table rows) => StepColumns.Change(rows, [.. Columns.Select(c => c.Column)], (column, i) =>
        new NumericColumn(column.Name, Array.ConvertAll(Categories.Positions(column, Columns[i].Values), position => position < 0 ? double.NaN : position)));
}
