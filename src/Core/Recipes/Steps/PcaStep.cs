using System.Globalization;
using System.Text.Json.Serialization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Replaces numeric columns by their principal components <c>pca_1</c> … <c>pca_k</c>, learnt from the training rows.</summary>
/// <param name="Columns">Numeric columns without missing values; empty for all numeric columns.</param>
/// <param name="Components">k: 1 to the number of columns.</param>
/// <param name="Standardize">Whether columns are first brought to unit variance, so that their units do not matter.</param>
public sealed record PcaStep(
    [property: FieldWords("Columns to replace", NoneMeans = "None chosen: all numeric columns", Kinds = [ColumnKind.Numeric])] IReadOnlyList<string> Columns,
    [property: FieldWords("Components", Help = "How many new columns take the place of the chosen ones. Fewer components lose more of the variance.")] int Components,
    [property: FieldWords("Bring columns to unit variance first, so that their units do not matter")] bool Standardize = true) : RecipeStep
{
    public override string Title => "Principal components";
    public override string Summary => $"{StepColumns.Describe(Columns, "all numeric columns")} to {StepColumns.Count(Components, "component")}{(Standardize ? ", standardised" : "")}";
    public override bool Learns => true;
    public override IReadOnlyList<string> InputColumns => Columns;
    public override IReadOnlyList<string> NewColumns => FittedPca.Names(Math.Clamp(Components, 0, PrincipalComponents.MaximumFeatures));

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var columns = StepColumns.Resolve(table, Columns, StepColumns.IsNumeric);
        var problems = StepColumns.CheckNumeric(table, columns);
        if (columns.Count == 0) problems.Add(new StepProblem("There is no numeric column."));
        else if (Components < 1 || Components > columns.Count)
            problems.Add(new StepProblem($"Found {Components} as the number of components, expected 1 to {columns.Count}, the number of columns."));
        if (columns.Count > PrincipalComponents.MaximumFeatures)
            problems.Add(new StepProblem($"Found {columns.Count} columns, expected at most {PrincipalComponents.MaximumFeatures}; the time grows with the cube of their number."));
        if (table.RowCount < 2) problems.Add(new StepProblem($"Found {StepColumns.Count(table.RowCount, "row")}, expected at least 2."));
        foreach (var name in NewColumns.Where(name => table.Find(name) is not null && !columns.Contains(name)))
            problems.Add(new StepProblem($"There is a column '{name}' already, which the step would make.", name));
        foreach (var column in columns.Distinct().Select(table.Find).OfType<NumericColumn>())
        {
            var (count, first, huge) = (0, -1, -1);
            for (var row = 0; row < column.Length; row++)
            {
                if (!double.IsFinite(column.Values[row]) && count++ == 0) first = row;
                if (huge < 0 && double.IsFinite(column.Values[row]) && Math.Abs(column.Values[row]) > PrincipalComponents.LargestValue) huge = row;
            }
            if (huge >= 0)
                problems.Add(new StepProblem(
                    $"Column '{column.Name}', line {table.LineNumbers[huge]}: found {column.GetText(huge)}, expected a value between -1E+150 and 1E+150, as squares of larger ones cannot be added up.",
                    column.Name, table.LineNumbers[huge]));
            if (count > 0)
                problems.Add(new StepProblem(
                    $"Column '{column.Name}' has {StepColumns.Count(count, "missing or infinite value")}, the first on line {table.LineNumbers[first]}; expected a number in every row. Fill or drop missing values before this step.",
                    column.Name, table.LineNumbers[first]));
        }
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        var columns = StepColumns.Resolve(rows, Columns, StepColumns.IsNumeric);
        var inputs = columns.Select(name => (NumericColumn)rows[name]).ToArray();
        var components = PrincipalComponents.Fit(rows.RowCount, inputs.Length, (row, features) =>
        {
            for (var j = 0; j < inputs.Length; j++) features[j] = inputs[j].Values[row];
        }, Components, Standardize, CancellationToken.None);
        return new FittedPca(columns, components);
    }
}

public sealed record FittedPca(IReadOnlyList<string> Columns, PrincipalComponents Components) : FittedStep
{
    /// <summary>The columns that take the place of <see cref="Columns"/>.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> ComponentNames => Names(Components.Components.Length);

    public override IReadOnlyList<ColumnOrigin> Origins => [.. ComponentNames.Select(name => new ColumnOrigin(name, Columns))];
    public override IReadOnlyList<string> Removed => Columns;

    public override IReadOnlyList<LearntValue> Learnt =>
    [
        .. Columns.SelectMany((column, j) => new[] { new LearntValue(column, "mean", Components.Mean[j]), new LearntValue(column, "divided by", Components.Scale[j]) }),
        .. ComponentNames.SelectMany((name, c) => Columns.Select((column, j) => new LearntValue(column, $"weight in {name}", Components.Components[c][j]))
            .Append(new LearntValue(name, "share of the variance", Components.ExplainedVarianceRatio[c]))),
    ];

    internal static IReadOnlyList<string> Names(int count) =>
        [.. Enumerable.Range(1, count).Select(c => string.Create(CultureInfo.InvariantCulture, $"pca_{c}"))];

    public override Func<double, double>? NumberMap(string column) => Columns.Contains(column) || ComponentNames.Contains(column) ? null : Unchanged;

    /// <summary>The components stand after the columns that stay. A missing value, which training rows do not have, counts as the training mean.</summary>
    public override Table Replay(Table rows)
    {
        var inputs = Columns.Select(name => StepColumns.Numeric(rows[name])).ToArray();
        var names = ComponentNames;
        var outputs = names.Select(_ => new double[rows.RowCount]).ToArray();
        var features = new double[inputs.Length];
        var scores = new double[outputs.Length];
        for (var row = 0; row < rows.RowCount; row++)
        {
            for (var j = 0; j < inputs.Length; j++) features[j] = inputs[j].Values[row];
            Components.Project(features, scores);
            for (var c = 0; c < scores.Length; c++) outputs[c][row] = scores[c];
        }
        return new Table(
            [.. rows.Columns.Where(c => !Columns.Contains(c.Name)), .. outputs.Select((values, c) => new NumericColumn(names[c], values))],
            rows.LineNumbers.ToArray());
    }
}
