using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes.Expressions;
using ModelWorkbench.Core.Recipes.Steps;

namespace ModelWorkbench.Core.Exports.Onnx;

/// <summary>Formulas of derived columns as operators of ONNX.</summary>
/// <remarks>Numbers are doubles of which NaN is missing; conditions are doubles too: 1 is true, 0 is false, NaN is missing.</remarks>
internal sealed class OnnxFormula
{
    private static readonly string[] Impossible = ["lower", "upper", "trim", "length", "replace", "substring", "date", "text"];

    private readonly OnnxGraph _graph;
    private readonly IReadOnlyDictionary<string, OnnxColumn> _columns;

    private OnnxFormula(OnnxGraph graph, IReadOnlyDictionary<string, OnnxColumn> columns) => (_graph, _columns) = (graph, columns);

    /// <exception cref="OnnxException">A function has no counterpart.</exception>
    public static OnnxColumn Evaluate(OnnxGraph graph, Expression formula, IReadOnlyDictionary<string, OnnxColumn> columns)
    {
        var value = new OnnxFormula(graph, columns).Of(formula.Root);
        // A formula may give the same for every row: a column has as many values as there are rows.
        var first = columns.Values.First(c => c is not OnnxColumn.Refused);
        var rows = graph.Where(graph.Missing(first), graph.Number(0), graph.Number(0));
        return value switch
        {
            Truth truth => new OnnxColumn.Texts(
                graph.Where(graph.Add("IsNaN", graph.Add("Add", truth.Value, rows)), graph.Word(""), graph.Where(graph.Add("Equal", truth.Value, graph.Number(1)), graph.Word("true"), graph.Word("false"))), ColumnKind.Boolean),
            Number number => new OnnxColumn.Numbers(graph.Add("Add", number.Value, rows)),
            Words { Column: OnnxColumn.Texts texts } => texts with { Value = graph.Where(graph.Add("Equal", rows, graph.Number(0)), texts.Value, graph.Word("")), Kind = ColumnKind.Category },
            Words words => words.Column,
            Moment moment => moment.Dates,
            _ => throw new OnnxException("computes what ONNX cannot hold"),
        };
    }

    /// <summary>Why a formula can never be written; null where that can only be told once the kinds of its columns are known.</summary>
    public static string? WhyNot(string expression)
    {
        try
        {
            return Calls(ExpressionParser.Parse(expression)).FirstOrDefault(Impossible.Contains) is { } name ? Reason(name) : null;
        }
        catch (ExpressionSyntaxException)
        {
            return null;
        }
    }

    /// <summary>As <see cref="OnnxColumn.Numbers.IsRounded"/>.</summary>
    public static bool Rounds(FittedDerivedColumn derived) =>
        derived.Inputs.Any(i => i.Kind == ColumnKind.DateTime) || Calls(ExpressionParser.Parse(derived.Expression)).Any(name => name is "^" or "log" or "log10" or "exp" or "sqrt");

    private static string Reason(string function) => $"uses {function}(…), for which ONNX has no operator";

    private static IEnumerable<string> Calls(ExpressionSyntax syntax) => syntax is ExpressionSyntax.Call call ? [call.Name, .. call.Arguments.SelectMany(Calls)] : [];

    private abstract record Value;
    private sealed record Number(string Value) : Value;
    private sealed record Truth(string Value) : Value;
    private sealed record Words(OnnxColumn Column) : Value;
    private sealed record Moment(OnnxColumn.Dates Dates) : Value;

    private Value Of(BoundExpression expression) => expression switch
    {
        BoundExpression.Constant constant => Constant(constant),
        BoundExpression.ColumnValue column => Column(column),
        BoundExpression.Call call => Call(call),
        _ => throw new OnnxException("uses what has no counterpart in ONNX"),
    };

    private Value Constant(BoundExpression.Constant constant) => constant.Value switch
    {
        NumberVector numbers => new Number(_graph.Number(numbers.Values[0])),
        TruthVector truths => new Truth(_graph.Number(truths.Values[0] < 0 ? double.NaN : truths.Values[0])),
        TextVector texts => new Words(new OnnxColumn.Texts(_graph.Word(texts[0] ?? ""), ColumnKind.Category)),
        DateVector { Ticks: [var ticks] } when ticks != DateTimeColumn.MissingTicks => new Moment(Date(ticks)),
        _ => throw new OnnxException("uses a missing date"),
    };

    private OnnxColumn.Dates Date(long ticks)
    {
        var moment = new DateTime(ticks, DateTimeKind.Utc);
        return new OnnxColumn.Dates(_graph.Add("IsNaN", _graph.Number(0)), _graph.Ints([ticks / TimeSpan.TicksPerDay]), _graph.Ints([moment.Year]), _graph.Ints([moment.Month]), _graph.Ints([moment.Day]),
            _graph.Number(moment.TimeOfDay.TotalSeconds));
    }

    private Value Column(BoundExpression.ColumnValue value)
    {
        var column = _columns[value.Name];
        switch (value.ReadAs)
        {
            case ExpressionType.Number:
                return new Number(OnnxRecipe.NumbersOf(column));
            case ExpressionType.Date:
                return new Moment(column as OnnxColumn.Dates ?? throw new OnnxException("takes what are no dates as dates"));
            case ExpressionType.Boolean when column is OnnxColumn.Texts texts:
                var (yes, no) = (Pattern(p => p.True), Pattern(p => p.False));
                return new Truth(_graph.Where(_graph.Matches(texts.Value, yes), _graph.Number(1), _graph.Where(_graph.Matches(texts.Value, no), _graph.Number(0), _graph.Number(double.NaN))));
            case ExpressionType.Boolean when column is OnnxColumn.NumberTexts numbers:
                return new Truth(numbers.Value);
            case ExpressionType.Text when column is OnnxColumn.Texts or OnnxColumn.NumberTexts or OnnxColumn.Tidied:
                return new Words(column);
            default:
                throw new OnnxException($"takes {value.Name} as what it is not");
        }

        static string Pattern(Func<(string True, string False), string> of) => $"(?i)({string.Join('|', BooleanWords.PairsOnDemand.Select(of))})";
    }

    private Value Call(BoundExpression.Call call)
    {
        var name = call.Function.Name;
        if (name is "if")
        {
            var condition = _graph.Add("Equal", TruthOf(call.Arguments[0]), _graph.Number(1));
            return Choose(condition, Of(call.Arguments[1]), Of(call.Arguments[2]));
        }
        var arguments = Array.ConvertAll(call.Arguments, Of);
        switch (name)
        {
            case "coalesce":
                return arguments.Reverse().Aggregate((otherwise, value) => Choose(Missing(value), otherwise, value));
            case "is_missing":
                return new Truth(_graph.Cast(Missing(arguments[0]), OnnxGraph.Double));
            case "=" or "!=" or "<" or "<=" or ">" or ">=":
                return new Truth(Compare(name, arguments[0], arguments[1]));
            case "and" or "or":
                var (a, b) = (((Truth)arguments[0]).Value, ((Truth)arguments[1]).Value);
                var decisive = _graph.Number(name == "and" ? 0 : 1);
                var decided = _graph.Add("Or", _graph.Add("Equal", a, decisive), _graph.Add("Equal", b, decisive));
                // Where neither decides, both are the other value, or one is missing.
                return new Truth(_graph.Where(decided, decisive, _graph.Add("Mul", _graph.Add("Add", a, b), _graph.Number(0.5))));
            case "not":
                return new Truth(_graph.Add("Sub", _graph.Number(1), ((Truth)arguments[0]).Value));
            case "contains" or "starts_with" or "ends_with":
                return Find(name, ((Words)arguments[0]).Column, ((TextVector)((BoundExpression.Constant)call.Arguments[1]).Value)[0]!);
            case "concat":
                return Join(arguments);
            case "number":
                return arguments[0] switch
                {
                    Truth truth => new Number(truth.Value),
                    Number number => number,
                    Words { Column: OnnxColumn.NumberTexts numbers } => new Number(numbers.Value),
                    _ => throw new OnnxException("reads numbers out of text in a formula"),
                };
            case "year" or "quarter" or "month" or "day" or "weekday" or "hour" or "minute":
                return Part(name, ((Moment)arguments[0]).Dates);
            case "days_between":
                var (start, end) = (((Moment)arguments[0]).Dates, ((Moment)arguments[1]).Dates);
                var days = _graph.Add("Add", _graph.Cast(_graph.Add("Sub", end.Days, start.Days), OnnxGraph.Double), _graph.Add("Div", _graph.Add("Sub", end.Seconds, start.Seconds), _graph.Number(86_400)));
                return new Number(_graph.Where(_graph.Add("Or", start.Missing, end.Missing), _graph.Number(double.NaN), days));
            default:
                if (Array.TrueForAll(arguments, x => x is Number)) return new Number(Arithmetic(name, Array.ConvertAll(arguments, x => ((Number)x).Value)));
                throw new OnnxException(Reason(name));
        }
    }

    private string TruthOf(BoundExpression expression) => ((Truth)Of(expression)).Value;

    private string Missing(Value value) => value switch
    {
        Number number => _graph.Add("IsNaN", number.Value),
        Truth truth => _graph.Add("IsNaN", truth.Value),
        Words words => _graph.Missing(words.Column),
        Moment moment => moment.Dates.Missing,
        _ => throw new OnnxException("asks what is missing"),
    };

    private Value Choose(string condition, Value then, Value otherwise) => (then, otherwise) switch
    {
        (Number a, Number b) => new Number(_graph.Where(condition, a.Value, b.Value)),
        (Truth a, Truth b) => new Truth(_graph.Where(condition, a.Value, b.Value)),
        (Words { Column: OnnxColumn.Texts a }, Words { Column: OnnxColumn.Texts b }) => new Words(new OnnxColumn.Texts(_graph.Where(condition, a.Value, b.Value), ColumnKind.Category)),
        (Moment { Dates: var a }, Moment { Dates: var b }) => new Moment(new OnnxColumn.Dates(_graph.Where(condition, a.Missing, b.Missing), _graph.Where(condition, a.Days, b.Days), _graph.Where(condition, a.Year, b.Year),
            _graph.Where(condition, a.Month, b.Month), _graph.Where(condition, a.Day, b.Day), _graph.Where(condition, a.Seconds, b.Seconds))),
        _ => throw new OnnxException("chooses between values that ONNX cannot hold together"),
    };

    private string Compare(string sign, Value left, Value right)
    {
        string holds;
        if (left is Words a && right is Words b)
        {
            if (sign is not ("=" or "!=") || a.Column is not OnnxColumn.Texts x || b.Column is not OnnxColumn.Texts y) throw new OnnxException("asks which of two texts comes first, for which ONNX has no operator");
            holds = _graph.Add("Equal", x.Value, y.Value);
            if (sign == "!=") holds = _graph.Add("Not", holds);
        }
        else
        {
            var (x, y) = (Plain(left), Plain(right));
            holds = sign switch
            {
                "=" => _graph.Add("Equal", x, y),
                "!=" => _graph.Add("Not", _graph.Add("Equal", x, y)),
                "<" => _graph.Add("Less", x, y),
                "<=" => _graph.Add("LessOrEqual", x, y),
                ">" => _graph.Add("Greater", x, y),
                _ => _graph.Add("GreaterOrEqual", x, y),
            };
        }
        return _graph.Where(_graph.Add("Or", Missing(left), Missing(right)), _graph.Number(double.NaN), _graph.Cast(holds, OnnxGraph.Double));

        // Moments in seconds: to some millionths.
        string Plain(Value value) => value switch
        {
            Number number => number.Value,
            Truth truth => truth.Value,
            Moment { Dates: var dates } => _graph.Add("Add", _graph.Add("Mul", _graph.Cast(dates.Days, OnnxGraph.Double), _graph.Number(86_400)), dates.Seconds),
            _ => throw new OnnxException("compares texts with what are none"),
        };
    }

    private Truth Find(string name, OnnxColumn column, string part)
    {
        if (column is not OnnxColumn.Texts texts) throw new OnnxException("looks into texts that ONNX does not have as such");
        var pattern = OnnxColumns.Escape(part);
        var found = _graph.Matches(texts.Value, "(?s)" + (name == "starts_with" ? "" : ".*") + pattern + (name == "ends_with" ? "" : ".*"));
        return new Truth(_graph.Where(_graph.Missing(texts), _graph.Number(double.NaN), _graph.Cast(found, OnnxGraph.Double)));
    }

    private Words Join(Value[] parts)
    {
        if (parts.Any(p => p is not Words { Column: OnnxColumn.Texts })) throw new OnnxException("writes numbers or dates out as text, for which ONNX has no operator that does it alike");
        var texts = parts.Select(p => ((OnnxColumn.Texts)((Words)p).Column).Value).ToList();
        var missing = texts.Select(t => _graph.Add("Equal", t, _graph.Word(""))).Aggregate((a, b) => _graph.Add("Or", a, b));
        return new Words(new OnnxColumn.Texts(_graph.Where(missing, _graph.Word(""), texts.Aggregate((a, b) => _graph.Add("StringConcat", a, b))), ColumnKind.Category));
    }

    private Number Part(string name, OnnxColumn.Dates dates)
    {
        var value = name switch
        {
            "year" => _graph.Cast(dates.Year, OnnxGraph.Double),
            "quarter" => _graph.Cast(_graph.Add("Div", _graph.Add("Add", dates.Month, _graph.Ints([2])), _graph.Ints([3])), OnnxGraph.Double),
            "month" => _graph.Cast(dates.Month, OnnxGraph.Double),
            "day" => _graph.Cast(dates.Day, OnnxGraph.Double),
            "weekday" => _graph.Cast(_graph.Add("Add", _graph.Add("Mod", dates.Days, _graph.Ints([7])), _graph.Ints([1])), OnnxGraph.Double),
            "hour" => _graph.Hour(dates),
            _ => _graph.Add("Floor", _graph.Add("Div", _graph.Add("Sub", dates.Seconds, _graph.Add("Mul", _graph.Hour(dates), _graph.Number(3600))), _graph.Number(60))),
        };
        return new Number(_graph.Where(dates.Missing, _graph.Number(double.NaN), value));
    }

    private string Arithmetic(string name, string[] a)
    {
        var missing = a.Select(x => _graph.Add("IsNaN", x)).Aggregate((x, y) => _graph.Add("Or", x, y));
        var value = name switch
        {
            "+" => _graph.Add("Add", a[0], a[1]),
            "-" => _graph.Add("Sub", a[0], a[1]),
            "*" => _graph.Add("Mul", a[0], a[1]),
            "/" => _graph.Add("Div", a[0], a[1]),
            "^" => _graph.Add("Pow", a[0], a[1]),
            "%" => Modulo(a[0], a[1]),
            "negate" => _graph.Add("Neg", a[0]),
            "abs" => _graph.Add("Abs", a[0]),
            "sqrt" => _graph.Add("Sqrt", a[0]),
            "log" => _graph.Add("Log", a[0]),
            "log10" => _graph.Add("Div", _graph.Add("Log", a[0]), _graph.Number(Math.Log(10))),
            "exp" => _graph.Add("Exp", a[0]),
            "floor" => _graph.Add("Floor", a[0]),
            "ceil" => _graph.Add("Ceil", a[0]),
            "round" when a.Length == 1 => _graph.Add("Round", a[0]),
            "min" => a.Aggregate((x, y) => _graph.Where(_graph.Add("Less", y, x), y, x)),
            "max" => a.Aggregate((x, y) => _graph.Where(_graph.Add("Greater", y, x), y, x)),
            "clip" => Least(Most(a[0], a[1]), a[2]),
            "round" => Round(a[0], a[1]),
            _ => throw new OnnxException(Reason(name)),
        };
        return _graph.Finite(_graph.Where(missing, _graph.Number(double.NaN), value));

        string Most(string x, string y) => _graph.Where(_graph.Add("Greater", y, x), y, x);
        string Least(string x, string y) => _graph.Where(_graph.Add("Less", y, x), y, x);

        string Round(string x, string digits)
        {
            var factor = _graph.Add("Pow", _graph.Number(10), digits);
            var scaled = _graph.Finite(_graph.Add("Round", _graph.Add("Mul", x, factor)));
            return _graph.Where(_graph.Add("IsNaN", scaled), x, _graph.Add("Div", scaled, factor));
        }

        // With the sign of the divisor.
        string Modulo(string x, string y)
        {
            var zero = _graph.Number(0);
            var rest = _graph.AddWith("Mod", [x, y], ("fmod", 1L));
            var turned = _graph.Add("And", _graph.Add("Not", _graph.Add("Equal", rest, zero)), _graph.Add("Xor", _graph.Add("Less", rest, zero), _graph.Add("Less", y, zero)));
            return _graph.Where(turned, _graph.Add("Add", rest, y), rest);
        }
    }
}
