using ModelWorkbench.Core.Datasets;
using Formula = ModelWorkbench.Core.Recipes.Expressions.Expression;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Adds a column that a formula computes from the others in the same row.</summary>
/// <param name="Name">The new column's name.</param>
/// <param name="Expression">An expression: <c>price / area</c>. Its type gives the kind: numbers, true/false, dates; text becomes a category where values repeat.</param>
public sealed record DerivedColumnStep([property: FieldWords("Name of the new column")] string Name, [property: FieldWords("Expression", Help = "Such as price / area or if(age < 18, \"child\", \"adult\").")] string Expression) : RecipeStep
{
    /// <summary>More different texts than this, or more than half as many as rows, are text and not categories; as for the columns of a file.</summary>
    private const int MaxCategories = 1000, AlwaysCategories = 20;

    public override string Title => "Add a computed column";
    public override string Summary => $"{Name} = {(string.IsNullOrWhiteSpace(Expression) ? "…" : Expression)}";
    public override IReadOnlyList<string> InputColumns => Formula.ColumnNames(Expression);
    public override IReadOnlyList<string> NewColumns => [Name];

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var problems = FilterRowsStep.ExpressionProblems(Expression, table, null);
        if (string.IsNullOrWhiteSpace(Name)) problems.Add(new StepProblem("The name of the new column is empty."));
        else if (table.Find(Name) is not null) problems.Add(new StepProblem($"There is a column '{Name}' already.", Name));
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        var expression = Formula.Parse(Expression, Formula.ColumnsOf(rows));
        var kind = expression.Evaluate(rows, Name) switch
        {
            DictionaryColumn { Kind: not ColumnKind.Boolean } texts when texts.Values.Count > AlwaysCategories
                && (texts.Values.Count > MaxCategories || texts.Values.Count > rows.RowCount - texts.CountMissing() - texts.Values.Count) => ColumnKind.Text,
            var column => column.Kind,
        };
        return new FittedDerivedColumn(Name, Expression, kind, expression.Inputs);
    }
}

/// <param name="Name">The column it adds, at the end.</param>
/// <param name="Expression">As the person wrote it.</param>
/// <param name="Kind">What the column is.</param>
/// <param name="Inputs">The columns it reads, with their kinds in training.</param>
public sealed record FittedDerivedColumn(string Name, string Expression, ColumnKind Kind, IReadOnlyList<ColumnHeader> Inputs) : FittedStep
{
    private Formula? _formula;

    public override IReadOnlyList<ColumnOrigin> Origins => [new ColumnOrigin(Name, [.. Inputs.Select(i => i.Name)])];

    public override IReadOnlyList<string> ReadTexts => [.. Inputs.Where(i => i.Kind is ColumnKind.Category or ColumnKind.Text).Select(i => i.Name)];

    internal Formula Parsed => _formula ??= Formula.Parse(Expression, Inputs);

    public override Func<double, double>? NumberMap(string column) => column == Name ? null : Unchanged;

    public override Table Replay(Table rows)
    {
        var column = Parsed.Evaluate(rows, Name);
        return rows.With(column.Kind == Kind ? column : ColumnConversion.Convert(column, Kind));
    }
}
