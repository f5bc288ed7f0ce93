namespace ModelWorkbench.Core.Recipes.Expressions;

/// <summary>A function as help and editors show it.</summary>
/// <param name="Group">Under which heading: Conditions, Numbers, Text, Dates, Conversions.</param>
/// <param name="Signature"><c>round(number, [digits])</c>; what stands in brackets may be left out.</param>
/// <param name="Example">A whole expression.</param>
public sealed record ExpressionFunctionHelp(string Name, string Group, string Signature, string Meaning, string Example);

/// <summary>What people need to know to write an expression.</summary>
public static class ExpressionHelp
{
    /// <summary>All functions, grouped, in the order of reading.</summary>
    public static IReadOnlyList<ExpressionFunctionHelp> Functions { get; } =
        [.. ExpressionFunctions.All.Where(f => f.Meaning.Length > 0).Select(f => new ExpressionFunctionHelp(f.Name, f.Group, f.Signature, f.Meaning, f.Example))];

    /// <summary>What is not a function, as pairs of writing and meaning.</summary>
    public static IReadOnlyList<(string Writing, string Meaning)> Basics { get; } =
    [
        ("age", "A column by its name; with blanks or signs in it in backticks or brackets: `sale price`, [sale price]."),
        ("\"red\", 'red'", "Text, in either quotes; a quote inside is doubled."),
        ("+ - * / %", "Arithmetic; % is the remainder with the sign of the divisor. + also joins text, - also gives the days between two dates."),
        ("^", "To the power of: 2^3 is 8."),
        ("= != < <= > >=", "Comparisons of numbers, text (capital letters before small ones) or dates: sold >= \"2024-01-31\"."),
        ("and or not", "Conditions joined."),
        ("true false missing", "Fixed values."),
        ("missing values", "What is computed from a missing value is missing, comparisons too; if(…) takes its last value where the condition is missing, and a filter keeps only rows where it is true. 1/0 is missing."),
    ];

    /// <summary>For messages: "a number".</summary>
    internal static string Noun(ExpressionType type) => type switch
    {
        ExpressionType.Number => "a number",
        ExpressionType.Text => "text",
        ExpressionType.Boolean => "true or false",
        _ => "a date",
    };
}
