using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes.Expressions;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Adds a column that a formula computes from the others in the same row.</summary>
/// <param name="Name">The new column's name.</param>
/// <param name="Formula">An expression: <c>price / area</c>. Its type gives the kind: numbers, true/false, dates; text becomes a category where values repeat.</param>
public sealed record DerivedColumnStep(string Name, string Formula) : RecipeStep
{
    /// <summary>More different texts than this, or more than half as many as rows, are text and not categories; as for the columns of a file.</summary>
    private const int MaxCategories = 1000, AlwaysCategories = 20;

    public override string Title => "Add a computed column";
    public override string Summary => $"{Name} = {(string.IsNullOrWhiteSpace(Formula) ? "…" : Formula)}";
    public override IReadOnlyList<string> InputColumns => Expression.ColumnNames(Formula);
    public override IReadOnlyList<string> NewColumns => [Name];

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var problems = FilterRowsStep.ExpressionProblems(Formula, table, null);
        if (string.IsNullOrWhiteSpace(Name)) problems.Add(new StepProblem("The name of the new column is empty."));
        else if (table.Find(Name) is not null) problems.Add(new StepProblem($"There is a column '{Name}' already.", Name));
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        var expression = Expression.Parse(Formula, Expression.ColumnsOf(rows));
        var kind = expression.Evaluate(rows, Name) switch
        {
            DictionaryColumn { Kind: not ColumnKind.Boolean } texts when texts.Values.Count > AlwaysCategories
                && (texts.Values.Count > MaxCategories || texts.Values.Count > rows.RowCount - texts.CountMissing() - texts.Values.Count) => ColumnKind.Text,
            var column => column.Kind,
        };
        return new FittedDerivedColumn(Name, Formula, kind, expression.Inputs);
    }
}

/// <param name="Name">The column it adds, at the end.</param>
/// <param name="Formula">As the person wrote it.</param>
/// <param name="Kind">What the column is.</param>
/// <param name="Inputs">The columns it reads, with their kinds in training.</param>
public sealed record FittedDerivedColumn(string Name, string Formula, ColumnKind Kind, IReadOnlyList<ExpressionColumn> Inputs) : FittedStep
{
    private Expression? _expression;

    internal Expression Parsed => _expression ??= Expression.Parse(Formula, Inputs);

    public override Table Replay(Table rows)
    {
        var column = Parsed.Evaluate(rows, Name);
        return rows.With(column.Kind == Kind ? column : ColumnConversion.Convert(column, Kind));
    }
}
