using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Expressions;

/// <summary>The type of a value in an expression. Category and text columns are text; boolean columns are boolean, and text as written where text is needed.</summary>
public enum ExpressionType { Number, Text, Boolean, Date }

/// <summary>What is wrong with an expression, with the place.</summary>
/// <param name="Message">For people: what was found and what was expected.</param>
/// <param name="Column">1-based character of the expression at which it begins.</param>
/// <param name="Length">In characters, at least 1.</param>
public sealed record ExpressionProblem(string Message, int Column, int Length);

/// <summary>A formula over the columns of a table, checked and ready to be evaluated. It is read into a tree of known functions: never compiled, never handed to another program.</summary>
/// <remarks>
/// Missing values, as in SQL: whatever is computed from a missing value is missing, comparisons included; <c>false and missing</c> is false and <c>true or missing</c> is true
/// (three-valued logic); <c>if</c> takes its last value where the condition is missing; <c>coalesce</c> and <c>is_missing</c> look at them. Where a boolean answer is asked for
/// (filtering), missing counts as not true. A number that is infinite or undefined (1/0, log(-1)) is missing.
/// </remarks>
public sealed class Expression
{
    /// <summary>Characters.</summary>
    public const int MaxLength = 4000;

    /// <summary>Levels of nesting; a chain of so many operators counts as that many levels.</summary>
    public const int MaxDepth = 250;

    private readonly BoundExpression _root;

    private Expression(string text, BoundExpression root, IReadOnlyList<ColumnHeader> inputs)
    {
        Text = text;
        _root = root;
        Inputs = inputs;
    }

    public string Text { get; }

    /// <summary>For those that write it in another language.</summary>
    internal BoundExpression Root => _root;

    public ExpressionType Type => _root.Type ?? ExpressionType.Number;

    /// <summary>The columns that it reads, each once, in the order in which they are named.</summary>
    public IReadOnlyList<ColumnHeader> Inputs { get; }

    /// <summary>Everything that is wrong with the text, or its one syntax error; empty where it can be evaluated.</summary>
    /// <param name="expected">The type that the result must have; null for any.</param>
    public static IReadOnlyList<ExpressionProblem> Check(string text, IReadOnlyList<ColumnHeader> columns, ExpressionType? expected = null) => Read(text, columns, expected).Problems;

    /// <summary>As the other, with the columns of a table.</summary>
    public static IReadOnlyList<ExpressionProblem> Check(string text, Table table, ExpressionType? expected = null) => Check(text, ColumnsOf(table), expected);

    /// <exception cref="ArgumentException">The check finds a problem.</exception>
    public static Expression Parse(string text, IReadOnlyList<ColumnHeader> columns)
    {
        var (expression, problems) = Read(text, columns, null);
        return expression ?? throw new ArgumentException($"The expression cannot be used. {string.Join(" ", problems.Select(p => $"Character {p.Column}: {p.Message}"))}", nameof(text));
    }

    public static IReadOnlyList<ColumnHeader> ColumnsOf(Table table) => [.. table.Columns.Select(c => new ColumnHeader(c.Name, c.Kind))];

    /// <summary>The names of columns that the text speaks of, whether or not they exist; empty where it is no expression.</summary>
    public static IReadOnlyList<string> ColumnNames(string text)
    {
        var names = new List<string>();
        void Collect(ExpressionSyntax syntax)
        {
            if (syntax is ExpressionSyntax.ColumnName column && !names.Contains(column.Name)) names.Add(column.Name);
            if (syntax is ExpressionSyntax.Call call) foreach (var argument in call.Arguments) Collect(argument);
        }
        try { Collect(ExpressionParser.Parse(text)); }
        catch (ExpressionSyntaxException) { return []; }
        return names;
    }

    /// <summary>How to write a column's name in an expression: plain where that can be read, else in backticks.</summary>
    public static string Quote(string column)
    {
        try
        {
            if (ExpressionParser.Parse(column) is ExpressionSyntax.ColumnName read && read.Name == column) return column;
        }
        catch (ExpressionSyntaxException) { }
        return $"`{column.Replace("`", "``", StringComparison.Ordinal)}`";
    }

    /// <summary>The value for every row, as a column of the kind that belongs to the type (text: category).</summary>
    /// <param name="rows">With the columns of <see cref="Inputs"/>, of the same kinds.</param>
    /// <exception cref="KeyNotFoundException">A column is not there.</exception>
    /// <exception cref="ArgumentException">A column is of another kind.</exception>
    public Column Evaluate(Table rows, string name) => _root.Evaluate(rows).ToColumn(name, rows.RowCount);

    /// <summary>Whether the condition is true for each row; missing is not true.</summary>
    /// <exception cref="InvalidOperationException">The expression is not boolean.</exception>
    public bool[] EvaluateCondition(Table rows)
    {
        if (_root.Evaluate(rows) is not TruthVector truth) throw new InvalidOperationException($"The expression '{Text}' gives {ExpressionHelp.Noun(Type)}, expected true or false.");
        var holds = new bool[rows.RowCount];
        for (var row = 0; row < holds.Length; row++) holds[row] = truth.Values[row * truth.Stride] == 1;
        return holds;
    }

    /// <summary>The same in Python over a pandas data frame <c>df</c>.</summary>
    internal string ToPandas() => _root.ToPandas();

    /// <summary>The same in C# over a <c>row</c>.</summary>
    internal string ToCSharp() => _root.ToCSharp();

    private static (Expression? Expression, IReadOnlyList<ExpressionProblem> Problems) Read(string text, IReadOnlyList<ColumnHeader> columns, ExpressionType? expected)
    {
        ExpressionSyntax syntax;
        try { syntax = ExpressionParser.Parse(text); }
        catch (ExpressionSyntaxException exception) { return (null, [new ExpressionProblem(exception.Message, exception.Start + 1, exception.Length)]); }
        var binder = new ExpressionBinder(columns);
        var root = binder.Bind(syntax);
        if (binder.Problems.Count == 0)
        {
            if (root.Type is null) binder.Add(syntax, "The expression is missing for every row, expected a value.");
            else if (expected is { } type && root.Type != type)
                binder.Add(syntax, $"The expression gives {ExpressionHelp.Noun(root.Type.Value)}, expected {ExpressionHelp.Noun(type)}.");
        }
        return binder.Problems.Count > 0 ? (null, binder.Problems) : (new Expression(text, root, binder.Inputs), []);
    }
}
