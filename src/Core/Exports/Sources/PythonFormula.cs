using System.Globalization;
using ModelWorkbench.Core.Recipes.Expressions;
using static ModelWorkbench.Core.Recipes.Expressions.ScriptLiterals;

namespace ModelWorkbench.Core.Exports.Sources;

/// <summary>Writes a formula as plain Python over the values <c>v</c> of one row: numbers with nan, texts, truths and dates (as ticks) with None for missing.</summary>
internal static class PythonFormula
{
    public static string Write(Expression expression) => Write(expression.Root);

    private static string Write(BoundExpression part) => part switch
    {
        BoundExpression.Constant constant => WriteConstant(constant),
        BoundExpression.ColumnValue { ReadAs: ExpressionType.Boolean } column => $"truth_of(v[{Python(column.Name)}])",
        BoundExpression.ColumnValue column => $"v[{Python(column.Name)}]",
        BoundExpression.Call call => WriteCall(call),
        _ => throw new ArgumentException($"A {part.GetType().Name} cannot be written in Python.", nameof(part)),
    };

    private static string WriteConstant(BoundExpression.Constant constant) => constant.Value switch
    {
        NumberVector number => constant.IsMissing ? "NAN" : Number(number.Values[0]) is var text && text[0] == '-' ? $"({text})" : text,
        _ when constant.IsMissing => "None",
        TextVector text => Python(text[0]!),
        TruthVector truth => truth.Values[0] == 1 ? "True" : "False",
        DateVector date => date.Ticks[0].ToString(CultureInfo.InvariantCulture),
        _ => throw new ArgumentException($"A constant of the type {constant.Value.Type} cannot be written in Python.", nameof(constant)),
    };

    private static string WriteCall(BoundExpression.Call call)
    {
        var a = Array.ConvertAll(call.Arguments, Write);
        string Calculated(string function, params string[] operands) => $"calculated({function}, {string.Join(", ", operands)})";
        string Ordered(string test) => $"ordered({a[0]}, {a[1]}, lambda order: order {test} 0)";
        string OnText(string function, string missing = "") => $"on_text({a[0]}, {function}{missing})";
        string PartIn(string function) => $"part_in({a[0]}, lambda ticks: {function})";
        int Whole(int argument) => (int)((NumberVector)((BoundExpression.Constant)call.Arguments[argument]).Value).Values[0];
        switch (call.Function.Name)
        {
            case "+" or "-" or "*" or "/": return Calculated($"lambda a, b: a {call.Function.Name} b", a);
            case "%": return Calculated("modulo", a);
            case "^": return Calculated("math.pow", a);
            case "negate": return Calculated("lambda a: -a", a);
            case "=": return Ordered("==");
            case "!=" or "<" or "<=" or ">" or ">=": return Ordered(call.Function.Name);
            case "and": return $"both({a[0]}, {a[1]})";
            case "or": return $"either({a[0]}, {a[1]})";
            case "not": return $"opposite({a[0]})";
            case "if": return $"({a[1]} if {a[0]} is True else {a[2]})";
            case "coalesce": return $"coalesce({string.Join(", ", a)})";
            case "is_missing": return $"is_missing({a[0]})";
            case "abs": return Calculated("abs", a);
            case "sqrt" or "log" or "log10" or "exp": return Calculated($"math.{call.Function.Name}", a);
            case "floor" or "ceil": return Calculated(call.Function.Name, a);
            case "round": return Calculated("round_to", a);
            case "min" or "max": return a.Aggregate((x, y) => Calculated(call.Function.Name, x, y));
            case "clip": return Calculated("min", Calculated("max", a[0], a[1]), a[2]);
            case "lower": return OnText("lower_case");
            case "upper": return OnText("upper_case");
            case "trim": return OnText("lambda text: text.strip(BLANKS)");
            case "length": return OnText("lambda text: float(len(text))", ", NAN");
            case "contains": return OnText($"lambda text: {a[1]} in text");
            case "starts_with": return OnText($"lambda text: text.startswith({a[1]})");
            case "ends_with": return OnText($"lambda text: text.endswith({a[1]})");
            case "replace": return a[1] == "\"\"" ? a[0] : OnText($"lambda text: text.replace({a[1]}, {a[2]})");
            case "substring":
                var start = Math.Max(0, Whole(1) - 1);
                return OnText(string.Create(CultureInfo.InvariantCulture, $"lambda text: text[{start}:{(a.Length > 2 ? (start + Whole(2)).ToString(CultureInfo.InvariantCulture) : "")}]"));
            case "concat": return $"join({string.Join(", ", a)})";
            case "year" or "month" or "day": return PartIn($"date_of(ticks).{call.Function.Name}");
            case "quarter": return PartIn("(date_of(ticks).month + 2) // 3");
            case "weekday": return PartIn("date_of(ticks).weekday() + 1");
            case "hour": return PartIn("ticks % DAY // 36000000000");
            case "minute": return PartIn("ticks % 36000000000 // 600000000");
            case "days_between": return $"days_between({a[0]}, {a[1]})";
            case "date": return OnText("ticks_of");
            case "number": return call.Arguments[0].Type switch { ExpressionType.Text => $"finite_number_of({a[0]})", ExpressionType.Boolean => $"number_of_truth({a[0]})", _ => a[0] };
            case "text": return $"text_of({a[0]})";
            default: throw new ArgumentException($"The function '{call.Function.Name}' cannot be written in Python.", nameof(call));
        }
    }
}
