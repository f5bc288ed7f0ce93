using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes.Expressions;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Keeps the rows for which a condition is true; where it is missing, the row goes.</summary>
/// <param name="Condition">An expression that gives true or false: <c>age &gt;= 18 and country != "test"</c>. It may speak of the target.</param>
public sealed record FilterRowsStep([property: FieldWords("Keep rows where", Help = "An expression that is true or false, such as age >= 18 and country != \"test\".")] string Condition) : RecipeStep
{
    public override string Title => "Filter rows";
    public override string Summary => $"rows where {(string.IsNullOrWhiteSpace(Condition) ? "…" : Condition)}";
    public override IReadOnlyList<string> InputColumns => Expression.ColumnNames(Condition);
    public override bool AllowsTarget => true;

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var problems = ExpressionProblems(Condition, table, ExpressionType.Boolean);
        if (problems.Count == 0 && table.RowCount > 0 && !Expression.Parse(Condition, Expression.ColumnsOf(table)).EvaluateCondition(table).Contains(true))
            problems.Add(new StepProblem($"No row would be left: the condition is true for none of the {StepColumns.Count(table.RowCount, "row")}."));
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedFilterRows(Condition, Expression.Parse(Condition, Expression.ColumnsOf(rows)).Inputs);
    }

    internal static List<StepProblem> ExpressionProblems(string text, Table table, ExpressionType? expected) =>
        [.. Expression.Check(text, table, expected).Select(p => new StepProblem($"Character {p.Column}: {p.Message}"))];
}

/// <param name="Condition">As the person wrote it.</param>
/// <param name="Inputs">The columns it reads, with their kinds in training.</param>
public sealed record FittedFilterRows(string Condition, IReadOnlyList<ColumnHeader> Inputs) : FittedStep
{
    private Expression? _expression;

    public override bool DropsRows => true;

    internal Expression Parsed => _expression ??= Expression.Parse(Condition, Inputs);

    public override Table Replay(Table rows)
    {
        var holds = Parsed.EvaluateCondition(rows);
        return StepColumns.Where(rows, row => holds[row]);
    }
}
