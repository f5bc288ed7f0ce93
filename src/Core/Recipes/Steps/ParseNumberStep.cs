using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Reads numbers out of texts as people write them: currency, percent, thousands, parentheses for negative, units, of a range its middle.</summary>
/// <param name="Columns">At least one; it may be the target. A column that is numeric already stays as it is.</param>
/// <param name="Decimal">The mark between whole part and fraction.</param>
/// <param name="PercentAsFraction">Whether 45% becomes 0.45; otherwise 45.</param>
/// <param name="Magnitudes">Whether 1.2k, 19M and 3bn stand for thousands, millions and billions; otherwise these letters are units and left out.</param>
/// <param name="AllowMissing">Whether texts that are no number may become missing; otherwise they are a problem.</param>
public sealed record ParseNumberStep(
    [property: FieldWords("Columns to read as numbers")] IReadOnlyList<string> Columns,
    [property: FieldWords("Decimal mark")] DecimalMark Decimal = DecimalMark.Point,
    [property: FieldWords("45% becomes 0.45 (otherwise 45)")] bool PercentAsFraction = true,
    [property: FieldWords("1.2k, 19M and 3bn are thousands, millions and billions")] bool Magnitudes = false,
    [property: FieldWords("Texts that are no number become missing")] bool AllowMissing = false) : RecipeStep
{
    public override string Title => "Read numbers from text";
    public override string Summary => $"{StepColumns.Describe(Columns, "none chosen")}, decimal {(Decimal == DecimalMark.Point ? "point" : "comma")}{(Magnitudes ? ", k and M are thousands and millions" : "")}{(AllowMissing ? ", others become missing" : "")}";
    public override IReadOnlyList<string> InputColumns => Columns;
    public override bool AllowsTarget => true;

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        if (Columns.Count == 0) return [new StepProblem("No column is chosen; at least one was expected.")];
        var problems = StepColumns.CheckNames(table, Columns);
        foreach (var name in Columns.Distinct())
        {
            if (table.Find(name) is not { } before) continue;
            if (before is NumericColumn) continue;
            if (!StepColumns.IsText(before)) { problems.Add(new StepProblem($"Column '{name}' holds {StepColumns.Noun(before.Kind)}; a text or category column was expected.", name)); continue; }
            if (AllowMissing) continue;
            var after = Fitted().Read(before);
            var (lost, first) = (0, -1);
            for (var row = 0; row < after.Length; row++)
                if (after.IsMissing(row) && !before.IsMissing(row) && lost++ == 0) first = row;
            if (lost > 0)
                problems.Add(new StepProblem(
                    $"{StepColumns.Count(lost, "value")} of column '{name}' cannot be read as numbers, the first on line {table.LineNumbers[first]}: found '{before.GetText(first)}', expected a number such as $1,299.00, 45% or 2100 - 2850{(Decimal == DecimalMark.Comma ? " (with a decimal comma)" : "")}.",
                    name, table.LineNumbers[first]));
        }
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return Fitted();
    }

    private FittedParseNumber Fitted() => new(Columns, Decimal, PercentAsFraction, Magnitudes);
}

public sealed record FittedParseNumber(IReadOnlyList<string> Columns, DecimalMark Decimal, bool PercentAsFraction, bool Magnitudes) : FittedStep
{
    public override IReadOnlyList<string> ReadTexts => Columns;

    public override Func<double, double> NumberMap(string column) => Unchanged;

    /// <summary>Texts that are no number become missing.</summary>
    public override Table Replay(Table rows) => StepColumns.ChangePresent(rows, Columns, Read);

    internal Column Read(Column column)
    {
        if (column is not DictionaryColumn texts) return column;
        var reader = new NumberTexts(Decimal, PercentAsFraction, Magnitudes);
        var numbers = new double[texts.Values.Count];
        for (var code = 0; code < numbers.Length; code++) numbers[code] = reader.Read(texts.Values[code]);
        var values = new double[texts.Length];
        for (var row = 0; row < values.Length; row++) values[row] = texts.Codes[row] is >= 0 and var code ? numbers[code] : double.NaN;
        return new NumericColumn(column.Name, values);
    }
}
