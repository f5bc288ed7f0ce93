using System.Globalization;
using System.Text;
using ModelWorkbench.Core.Datasets;
using static ModelWorkbench.Core.Recipes.Expressions.ExpressionType;

namespace ModelWorkbench.Core.Recipes.Expressions;

/// <summary>What a parameter of a function takes.</summary>
internal enum Accepts
{
    Number, Text, Boolean, Date,

    /// <summary>A value of any type.</summary>
    Any,

    /// <summary>A value of any type, which all such parameters of the call share.</summary>
    Same,
}

/// <param name="Name">For messages and help.</param>
/// <param name="IsConstant">Whether the value must be known before any row is looked at.</param>
internal sealed record ExpressionParameter(string Name, Accepts Accepts, bool IsConstant = false);

/// <summary>A function or operator: its signature, what it does to columns, and what is written for it in scripts.</summary>
/// <param name="Name">In lower case; the sign of an operator.</param>
/// <param name="Result">Null: the type that the parameters share.</param>
/// <param name="Evaluate">Arguments and the number of rows (1 where all arguments are constants) to result.</param>
/// <param name="Pandas">Codes of the arguments to code.</param>
/// <param name="CSharp">The same in C#, where values are nullable.</param>
internal sealed record ExpressionFunction(
    string Name, string Group, IReadOnlyList<ExpressionParameter> Parameters, ExpressionType? Result,
    Func<ExpressionVector[], int, ExpressionVector> Evaluate, Func<string[], string> Pandas, Func<string[], string> CSharp, string Meaning = "", string Example = "")
{
    /// <summary>How many of the last parameters may be left out.</summary>
    public int Optional { get; init; }

    /// <summary>What <see cref="Accepts.Same"/> may be here; empty for all types.</summary>
    public IReadOnlyList<ExpressionType> SharedTypes { get; init; } = [];

    /// <summary>Whether the last parameter may be given again and again.</summary>
    public bool Variadic { get; init; }

    /// <summary>Two or more forms of a name differ by the types they take.</summary>
    public string Signature => Group == ExpressionFunctions.Operators ? Name
        : $"{Name}({string.Join(", ", Parameters.Select((p, i) => i >= Parameters.Count - Optional ? $"[{p.Name}]" : p.Name))}{(Variadic ? ", …" : "")})";
}

/// <summary>All functions and operators, one entry each: type, evaluation, scripts and help are read here and stand nowhere else.</summary>
internal static class ExpressionFunctions
{
    public const string Operators = "Operators";
    private const string Conditions = "Conditions", Numbers = "Numbers", Texts = "Text", Dates = "Dates", Conversions = "Conversions";

    /// <summary>By name; several where a name has several forms.</summary>
    public static ILookup<string, ExpressionFunction> ByName { get; }

    public static IReadOnlyList<ExpressionFunction> All { get; } =
    [
        // Numbers: a result that is infinite or not a number is missing.
        Arithmetic("+", (a, b) => a + b, c => $"({c[0]} + {c[1]})", c => $"Finite({c[0]} + {c[1]})"),
        Arithmetic("-", (a, b) => a - b, c => $"({c[0]} - {c[1]})", c => $"Finite({c[0]} - {c[1]})"),
        Arithmetic("*", (a, b) => a * b, c => $"({c[0]} * {c[1]})", c => $"Finite({c[0]} * {c[1]})"),
        Arithmetic("/", (a, b) => a / b, c => $"finite({c[0]} / {c[1]})", c => $"Finite({c[0]} / {c[1]})"),
        Arithmetic("%", Modulo, c => $"finite({c[0]} % {c[1]})", c => $"Map({c[0]}, {c[1]}, Modulo)"),
        Arithmetic("^", Math.Pow, c => $"finite({c[0]} ** {c[1]})", c => $"Map({c[0]}, {c[1]}, Math.Pow)"),
        new("negate", Operators, [new("value", Accepts.Number)], Number, (a, n) => Map(a[0], n, x => -x), c => $"(-{c[0]})", c => $"(-({c[0]}))"),
        Comparison("=", order => order == 0, "==", Number, Text, Date, ExpressionType.Boolean),
        Comparison("!=", order => order != 0, "!=", Number, Text, Date, ExpressionType.Boolean),
        Comparison("<", order => order < 0, "<", Number, Text, Date),
        Comparison("<=", order => order <= 0, "<=", Number, Text, Date),
        Comparison(">", order => order > 0, ">", Number, Text, Date),
        Comparison(">=", order => order >= 0, ">=", Number, Text, Date),
        Connective("and", (a, b) => a == 0 || b == 0 ? 0 : Math.Min(a, b) < 0 ? -1 : 1, "&"),
        Connective("or", (a, b) => a == 1 || b == 1 ? 1 : Math.Min(a, b) < 0 ? -1 : 0, "|"),
        new("not", Operators, [new("condition", Accepts.Boolean)], ExpressionType.Boolean,
            (a, n) => new TruthVector(Array.ConvertAll(Truths(a[0]).Values, x => x < 0 ? x : (sbyte)(1 - x)), a[0].IsConstant), c => $"(~{c[0]})", c => $"(!{c[0]})"),

        new("if", Conditions, [new("condition", Accepts.Boolean), new("then", Accepts.Same), new("else", Accepts.Same)], null, Choose,
            c => $"choose({c[0]}, {c[1]}, {c[2]})", c => $"(({c[0]}) == true ? {c[1]} : {c[2]})",
            "The second value where the condition is true, else the third; a missing condition counts as not true.", "if(age >= 18, \"adult\", \"minor\")"),
        new("coalesce", Conditions, [new("value", Accepts.Same), new("otherwise", Accepts.Same)], null, Coalesce,
            c => c.Aggregate((a, b) => $"choose(is_missing({a}), {b}, {a})"), c => $"({string.Join(" ?? ", c)})",
            "The first of the values that is not missing.", "coalesce(mobile, phone, \"none\")") { Variadic = true },
        new("is_missing", Conditions, [new("value", Accepts.Any)], ExpressionType.Boolean,
            (a, n) => new TruthVector(Rows(a, n, row => a[0].IsMissing(row) ? (sbyte)1 : (sbyte)0), a[0].IsConstant),
            c => $"is_missing({c[0]})", c => $"(bool?)({c[0]} is null)", "True where there is no value.", "is_missing(age)"),

        Numeric("abs", Math.Abs, c => $"abs({c[0]})", "Math.Abs", "The number without its sign.", "abs(change)"),
        Numeric("sqrt", Math.Sqrt, c => $"finite(np.sqrt({c[0]}))", "Math.Sqrt", "The square root; missing for a negative number.", "sqrt(area)"),
        Numeric("log", Math.Log, c => $"finite(np.log({c[0]}))", "Math.Log", "The natural logarithm; missing for 0 and negative numbers.", "log(price)"),
        Numeric("log10", Math.Log10, c => $"finite(np.log10({c[0]}))", "Math.Log10", "The logarithm to base 10; missing for 0 and negative numbers.", "log10(price)"),
        Numeric("exp", Math.Exp, c => $"finite(np.exp({c[0]}))", "Math.Exp", "e to the power of the number; missing where that is too large to write down.", "exp(log_price)"),
        Numeric("floor", Math.Floor, c => $"np.floor({c[0]})", "Math.Floor", "The next whole number down.", "floor(age / 10) * 10"),
        Numeric("ceil", Math.Ceiling, c => $"np.ceil({c[0]})", "Math.Ceiling", "The next whole number up.", "ceil(weight)"),
        new("round", Numbers, [new("number", Accepts.Number), new("digits", Accepts.Number, IsConstant: true)], Number,
            (a, n) => { var factor = Factor(a, 15); return Map(a[0], n, x => RoundTo(x, factor)); },
            c => c.Length == 1 ? $"{c[0]}.round()" : $"{c[0]}.round({Integer(c[1])})",
            c => c.Length == 1 ? $"Map({c[0]}, x => Math.Round(x))" : $"Map({c[0]}, x => RoundTo(x, {Integer(c[1])}))",
            "Rounded to so many digits after the point, 0 to 15, else to a whole number; a half goes to the even neighbour, as in pandas.", "round(price, 2)") { Optional = 1 },
        Extreme("min", Math.Min, "np.minimum", "Math.Min", "The smallest of the numbers; missing where one of them is.", "min(front, back)"),
        Extreme("max", Math.Max, "np.maximum", "Math.Max", "The largest of the numbers; missing where one of them is.", "max(0, balance)"),
        new("clip", Numbers, [new("number", Accepts.Number), new("lowest", Accepts.Number), new("highest", Accepts.Number)], Number,
            (a, n) => Map(Map(a[0], a[1], n, Math.Max), a[2], n, Math.Min),
            c => $"np.minimum(np.maximum({c[0]}, {c[1]}), {c[2]})", c => $"Map(Map({c[0]}, {c[1]}, Math.Max), {c[2]}, Math.Min)",
            "The number, but no less than the lowest and no more than the highest.", "clip(age, 0, 100)"),

        TextToText("lower", text => text.ToLowerInvariant(), "lower_case", "ToLowerInvariant()", "In small letters.", "lower(city)"),
        TextToText("upper", text => text.ToUpperInvariant(), "upper_case", "ToUpperInvariant()", "In capital letters.", "upper(code)"),
        TextToText("trim", text => text.Trim(), "trim", "Trim()", "Without blanks at both ends.", "trim(name)"),
        new("length", Texts, [new("text", Accepts.Text)], Number, (a, n) => new NumberVector(Words(a[0]).MapTo(text => (double)CountRunes(text), double.NaN), a[0].IsConstant),
            c => $"{c[0]}.str.len().astype(\"Float64\")", c => $"Length({c[0]})", "The number of characters.", "length(review)"),
        Finding("contains", (text, part) => text.Contains(part, StringComparison.Ordinal), part => $".str.contains({part}, regex=False)", "Contains", "Whether the part stands in the text; capital and small letters differ.", "contains(lower(title), \"manager\")"),
        Finding("starts_with", (text, part) => text.StartsWith(part, StringComparison.Ordinal), part => $".str.startswith({part})", "StartsWith", "Whether the text begins with the part.", "starts_with(phone, \"+49\")"),
        Finding("ends_with", (text, part) => text.EndsWith(part, StringComparison.Ordinal), part => $".str.endswith({part})", "EndsWith", "Whether the text ends with the part.", "ends_with(email, \".org\")"),
        new("replace", Texts, [new("text", Accepts.Text), new("part", Accepts.Text, IsConstant: true), new("by", Accepts.Text, IsConstant: true)], Text,
            (a, n) => { var (part, by) = (Words(a[1])[0]!, Words(a[2])[0]!); return Words(a[0]).Map(text => part.Length == 0 ? text : text.Replace(part, by, StringComparison.Ordinal)); },
            c => c[1] == "\"\"" ? c[0] : $"{c[0]}.str.replace({c[1]}, {c[2]}, regex=False)", c => c[1] == "\"\"" ? c[0] : $"({c[0]})?.Replace({c[1]}, {c[2]}, StringComparison.Ordinal)",
            "The text with every occurrence of the part replaced.", "replace(price, \"$\", \"\")"),
        new("substring", Texts, [new("text", Accepts.Text), new("start", Accepts.Number, IsConstant: true), new("length", Accepts.Number, IsConstant: true)], Text,
            (a, n) => { var (start, length) = (WholeNumber(a[1], 1), a.Length > 2 ? WholeNumber(a[2], 0) : int.MaxValue); return Words(a[0]).Map(text => Substring(text, start, length)); },
            c => $"{c[0]}.str[{Number0(c[1])}:{(c.Length > 2 ? (Number0(c[1]) + int.Parse(Integer(c[2]), CultureInfo.InvariantCulture)).ToString(CultureInfo.InvariantCulture) : "")}]",
            c => $"Substring({c[0]}, {Number0(c[1])}, {(c.Length > 2 ? Integer(c[2]) : "int.MaxValue")})",
            "So many characters from the given place on (the first is 1), else all from there on.", "substring(zip, 1, 2)") { Optional = 1 },
        new("concat", Texts, [new("text", Accepts.Any), new("text", Accepts.Any)], Text, Concat,
            c => $"({string.Join(" + ", c)})", c => $"Concat({string.Join(", ", c)})",
            "The texts one after the other; numbers, dates and true/false are written out; missing where one of them is.", "concat(first, \" \", last)") { Variadic = true },

        Part("year", d => d.Year, ".dt.year", "d.Year", "The year of a date.", "year(sold)"),
        Part("quarter", d => (d.Month + 2) / 3, ".dt.quarter", "(d.Month + 2) / 3", "The quarter of a date, 1 to 4.", "quarter(sold)"),
        Part("month", d => d.Month, ".dt.month", "d.Month", "The month of a date, 1 to 12.", "month(sold)"),
        Part("day", d => d.Day, ".dt.day", "d.Day", "The day of the month, 1 to 31.", "day(sold)"),
        Part("weekday", d => ((int)d.DayOfWeek + 6) % 7 + 1, ".dt.dayofweek + 1", "((int)d.DayOfWeek + 6) % 7 + 1", "The day of the week: 1 is Monday, 7 is Sunday (ISO 8601).", "weekday(sold) >= 6"),
        Part("hour", d => d.Hour, ".dt.hour", "d.Hour", "The hour of the day, 0 to 23.", "hour(called)"),
        Part("minute", d => d.Minute, ".dt.minute", "d.Minute", "The minute of the hour, 0 to 59.", "minute(called)"),
        new("days_between", Dates, [new("start", Accepts.Date), new("end", Accepts.Date)], Number, DaysBetween,
            c => $"days_between({c[0]}, {c[1]})", c => $"({c[1]} - {c[0]})?.TotalDays", "Days from start to end, with a fraction where a time of day is given; negative where the end comes first.", "days_between(ordered, delivered)"),
        new("date", Dates, [new("text", Accepts.Text)], Date, (a, n) => new DateVector(Words(a[0]).MapTo(ParseDate, DateTimeColumn.MissingTicks), a[0].IsConstant),
            c => $"to_date({c[0]})", c => $"ToDate({c[0]})", "The date that the text gives as yyyy-mm-dd, with or without a time of day; missing where it gives none.", "date(\"2024-01-31\")"),

        new("number", Conversions, [new("text", Accepts.Text)], Number, (a, n) => new NumberVector(Words(a[0]).MapTo(text => ColumnConversion.TryParseNumber(text, out var value) ? value : double.NaN, double.NaN), a[0].IsConstant),
            c => $"to_number({c[0]})", c => $"ToNumber({c[0]})", "The number that the text gives, missing where it gives none; true is 1 and false is 0.", "number(\"12.5\")"),
        new("number", Conversions, [new("condition", Accepts.Boolean)], Number, (a, n) => new NumberVector(Array.ConvertAll(Truths(a[0]).Values, x => x < 0 ? double.NaN : x), a[0].IsConstant),
            c => $"{c[0]}.astype(\"Float64\")", c => $"ToNumber({c[0]})"),
        new("number", Conversions, [new("number", Accepts.Number)], Number, (a, n) => a[0], c => c[0], c => c[0]),
        new("text", Conversions, [new("value", Accepts.Any)], Text, (a, n) => ToText(a[0]),
            c => $"to_text({c[0]})", c => $"ToText({c[0]})", "The value written out.", "text(year(sold))"),
    ];

    /// <summary>What minus means between dates, with the sides changed.</summary>
    public static ExpressionFunction DaysBetweenFunction { get; }

    static ExpressionFunctions()
    {
        ByName = All.ToLookup(f => f.Name);
        DaysBetweenFunction = ByName["days_between"].Single();
    }

    private static ExpressionFunction Arithmetic(string sign, Func<double, double, double> function, Func<string[], string> pandas, Func<string[], string> csharp) =>
        new(sign, Operators, [new("left", Accepts.Number), new("right", Accepts.Number)], Number, (a, n) => Map(a[0], a[1], n, function), pandas, csharp);

    private static ExpressionFunction Comparison(string sign, Func<int, bool> test, string code, params ExpressionType[] types) =>
        new(sign, Operators, [new("left", Accepts.Same), new("right", Accepts.Same)], ExpressionType.Boolean, (a, n) => Compare(a[0], a[1], n, test),
            c => $"({c[0]} {code} {c[1]})", c => $"Is(Order({c[0]}, {c[1]}), order => order {code} 0)")
        { SharedTypes = types };

    private static ExpressionFunction Connective(string word, Func<int, int, int> function, string sign) =>
        new(word, Operators, [new("left", Accepts.Boolean), new("right", Accepts.Boolean)], ExpressionType.Boolean,
            (a, n) =>
            {
                var (x, y, i, j) = (Truths(a[0]).Values, Truths(a[1]).Values, a[0].Stride, a[1].Stride);
                var result = new sbyte[n];
                for (var row = 0; row < n; row++) result[row] = (sbyte)function(x[row * i], y[row * j]);
                return new TruthVector(result, a[0].IsConstant && a[1].IsConstant);
            },
            c => $"({c[0]} {sign} {c[1]})", c => $"({c[0]} {sign} {c[1]})");

    private static ExpressionFunction Numeric(string name, Func<double, double> function, Func<string[], string> pandas, string csharp, string meaning, string example) =>
        new(name, Numbers, [new("number", Accepts.Number)], Number, (a, n) => Map(a[0], n, function), pandas, c => $"Map({c[0]}, {csharp})", meaning, example);

    private static ExpressionFunction Extreme(string name, Func<double, double, double> function, string pandas, string csharp, string meaning, string example) =>
        new(name, Numbers, [new("number", Accepts.Number), new("number", Accepts.Number)], Number,
            (a, n) => a.Skip(1).Aggregate(a[0], (x, y) => Map(x, y, n, function)),
            c => c.Aggregate((x, y) => $"{pandas}({x}, {y})"), c => c.Aggregate((x, y) => $"Map({x}, {y}, {csharp})"), meaning, example)
        { Variadic = true };

    private static ExpressionFunction TextToText(string name, Func<string, string> function, string pandas, string csharp, string meaning, string example) =>
        new(name, Texts, [new("text", Accepts.Text)], Text, (a, n) => Words(a[0]).Map(function), c => $"map_text({c[0]}, {pandas})", c => $"({c[0]})?.{csharp}", meaning, example);

    private static ExpressionFunction Finding(string name, Func<string, string, bool> function, Func<string, string> pandas, string csharp, string meaning, string example) =>
        new(name, Texts, [new("text", Accepts.Text), new("part", Accepts.Text, IsConstant: true)], ExpressionType.Boolean,
            (a, n) => { var part = Words(a[1])[0]!; return new TruthVector(Words(a[0]).MapTo(text => function(text, part) ? (sbyte)1 : (sbyte)0, TruthVector.MissingTruth), a[0].IsConstant); },
            c => c[0] + pandas(c[1]), c => $"({c[0]})?.{csharp}({c[1]}, StringComparison.Ordinal)", meaning, example);

    private static ExpressionFunction Part(string name, Func<DateTime, int> part, string pandas, string csharp, string meaning, string example) =>
        new(name, Dates, [new("date", Accepts.Date)], Number,
            (a, n) => new NumberVector(Array.ConvertAll(((DateVector)a[0]).Ticks, t => t == DateTimeColumn.MissingTicks ? double.NaN : part(new DateTime(t, DateTimeKind.Utc))), a[0].IsConstant),
            c => $"({c[0]}{pandas}).astype(\"Float64\")", c => $"Part({c[0]}, d => {csharp})", meaning, example);

    private static NumberVector Map(ExpressionVector vector, int rowCount, Func<double, double> function)
    {
        var values = ((NumberVector)vector).Values;
        var result = new double[vector.IsConstant ? 1 : rowCount];
        for (var row = 0; row < result.Length; row++) result[row] = Finite(function(values[row]));
        return new NumberVector(result, vector.IsConstant);
    }

    private static NumberVector Map(ExpressionVector left, ExpressionVector right, int rowCount, Func<double, double, double> function)
    {
        var (x, y, i, j) = (((NumberVector)left).Values, ((NumberVector)right).Values, left.Stride, right.Stride);
        var isConstant = left.IsConstant && right.IsConstant;
        var result = new double[isConstant ? 1 : rowCount];
        for (var row = 0; row < result.Length; row++)
        {
            var (a, b) = (x[row * i], y[row * j]);
            // 1 to the power of missing is 1 for Math.Pow.
            result[row] = double.IsNaN(a) || double.IsNaN(b) ? double.NaN : Finite(function(a, b));
        }
        return new NumberVector(result, isConstant);
    }

    private static double Finite(double value) => double.IsFinite(value) ? value : double.NaN;

    /// <summary>With the sign of the divisor, as in Python: -7 % 3 is 2.</summary>
    private static double Modulo(double a, double b)
    {
        if (b == 0) return double.NaN;
        var rest = a % b;
        return rest != 0 && rest < 0 != b < 0 ? rest + b : rest;
    }

    private static TextVector Words(ExpressionVector vector) => (TextVector)vector;
    private static TruthVector Truths(ExpressionVector vector) => (TruthVector)vector;

    private static T[] Rows<T>(ExpressionVector[] arguments, int rowCount, Func<int, T> value)
    {
        var result = new T[Array.TrueForAll(arguments, a => a.IsConstant) ? 1 : rowCount];
        for (var row = 0; row < result.Length; row++) result[row] = value(row);
        return result;
    }

    /// <summary>Missing where a side is missing. Text is compared by character code, so capital letters come before small ones.</summary>
    private static TruthVector Compare(ExpressionVector left, ExpressionVector right, int rowCount, Func<int, bool> test)
    {
        ExpressionVector[] both = [left, right];
        var isConstant = left.IsConstant && right.IsConstant;
        var answers = new[] { test(-1), test(0), test(1) }.Select(holds => holds ? (sbyte)1 : (sbyte)0).ToArray();
        sbyte Answer(int order) => answers[Math.Sign(order) + 1];
        var (i, j) = (left.Stride, right.Stride);
        switch (left, right)
        {
            case (NumberVector a, NumberVector b):
                return new TruthVector(Rows(both, rowCount, row => double.IsNaN(a.Values[row * i]) || double.IsNaN(b.Values[row * j]) ? TruthVector.MissingTruth : Answer(a.Values[row * i].CompareTo(b.Values[row * j]))), isConstant);
            case (DateVector a, DateVector b):
                return new TruthVector(Rows(both, rowCount, row => a.IsMissing(row) || b.IsMissing(row) ? TruthVector.MissingTruth : Answer(a.Ticks[row * i].CompareTo(b.Ticks[row * j]))), isConstant);
            case (TruthVector a, TruthVector b):
                return new TruthVector(Rows(both, rowCount, row => a.IsMissing(row) || b.IsMissing(row) ? TruthVector.MissingTruth : Answer(a.Values[row * i].CompareTo(b.Values[row * j]))), isConstant);
            case (TextVector a, TextVector { IsConstant: true } b) when b[0] is { } text:
                return new TruthVector(a.MapTo(value => Answer(string.CompareOrdinal(value, text)), TruthVector.MissingTruth), isConstant);
            case (TextVector { IsConstant: true } a, TextVector b) when a[0] is { } text:
                return new TruthVector(b.MapTo(value => Answer(string.CompareOrdinal(text, value)), TruthVector.MissingTruth), isConstant);
            default:
                var (x, y) = (Words(left), Words(right));
                return new TruthVector(Rows(both, rowCount, row => x[row] is { } one && y[row] is { } other ? Answer(string.CompareOrdinal(one, other)) : TruthVector.MissingTruth), isConstant);
        }
    }

    private static ExpressionVector Choose(ExpressionVector[] arguments, int rowCount)
    {
        var condition = Truths(arguments[0]);
        return Select(arguments[1..], Rows([condition, .. arguments[1..]], rowCount, row => condition.Values[row * condition.Stride] == 1 ? 0 : 1), Array.TrueForAll(arguments, a => a.IsConstant));
    }

    private static ExpressionVector Coalesce(ExpressionVector[] arguments, int rowCount) =>
        Select(arguments, Rows(arguments, rowCount, row => Math.Max(0, Array.FindIndex(arguments, a => !a.IsMissing(row)))), Array.TrueForAll(arguments, a => a.IsConstant));

    /// <summary>For each row the value of the chosen argument.</summary>
    private static ExpressionVector Select(ExpressionVector[] from, int[] choice, bool isConstant)
    {
        switch (from[0])
        {
            case NumberVector:
                var numbers = Array.ConvertAll(from, v => ((NumberVector)v).Values);
                return new NumberVector([.. choice.Select((c, row) => numbers[c][row * from[c].Stride])], isConstant);
            case TruthVector:
                var truths = Array.ConvertAll(from, v => ((TruthVector)v).Values);
                return new TruthVector([.. choice.Select((c, row) => truths[c][row * from[c].Stride])], isConstant);
            case DateVector:
                var ticks = Array.ConvertAll(from, v => ((DateVector)v).Ticks);
                return new DateVector([.. choice.Select((c, row) => ticks[c][row * from[c].Stride])], isConstant);
            default:
                // The dictionaries one after the other.
                var texts = Array.ConvertAll(from, Words);
                var starts = new int[from.Length];
                for (var i = 1; i < starts.Length; i++) starts[i] = starts[i - 1] + texts[i - 1].Values.Length;
                var codes = new int[choice.Length];
                for (var row = 0; row < codes.Length; row++)
                    codes[row] = texts[choice[row]] is var text && text.Codes[row * text.Stride] is var code && code < 0 ? DictionaryColumn.MissingCode : starts[choice[row]] + code;
                return new TextVector(codes, [.. texts.SelectMany(t => t.Values)], isConstant);
        }
    }

    private static TextVector Concat(ExpressionVector[] arguments, int rowCount) => arguments.Select(ToText).Aggregate((left, right) =>
    {
        if (right.IsConstant && right[0] is { } after) return left.Map(text => text + after);
        if (left.IsConstant && left[0] is { } before) return right.Map(text => before + text);
        // Each pair of values is joined once, as in most columns few pairs occur.
        var pairs = new Dictionary<(int, int), int>();
        var values = new List<string>();
        var codes = Rows([left, right], rowCount, row =>
        {
            var pair = (left.Codes[row * left.Stride], right.Codes[row * right.Stride]);
            if (pair.Item1 < 0 || pair.Item2 < 0) return DictionaryColumn.MissingCode;
            if (!pairs.TryGetValue(pair, out var code))
            {
                pairs.Add(pair, code = values.Count);
                values.Add(left.Values[pair.Item1] + right.Values[pair.Item2]);
            }
            return code;
        });
        return new TextVector(codes, [.. values], left.IsConstant && right.IsConstant);
    });

    private static TextVector ToText(ExpressionVector vector) => vector switch
    {
        TextVector text => text,
        TruthVector truth => truth.ToText(),
        NumberVector numbers => Written(new NumericColumn("", numbers.Values), vector.IsConstant),
        _ => Written(new DateTimeColumn("", ((DateVector)vector).Ticks), vector.IsConstant),
    };

    private static TextVector Written(Column column, bool isConstant) => TextVector.Of([.. Enumerable.Range(0, column.Length).Select(column.GetText)], isConstant);

    private static NumberVector DaysBetween(ExpressionVector[] arguments, int rowCount)
    {
        var (start, end) = ((DateVector)arguments[0], (DateVector)arguments[1]);
        return new NumberVector(Rows(arguments, rowCount, row => start.IsMissing(row) || end.IsMissing(row) ? double.NaN
            : (end.Ticks[row * end.Stride] - start.Ticks[row * start.Stride]) / (double)TimeSpan.TicksPerDay), start.IsConstant && end.IsConstant);
    }

    private static long ParseDate(string text) => ColumnConversion.TryParseMoment(text, out var ticks) ? ticks : DateTimeColumn.MissingTicks;

    private static int CountRunes(string text)
    {
        var count = 0;
        foreach (var _ in text.EnumerateRunes()) count++;
        return count;
    }

    /// <summary>Characters outside the basic plane count as one, as in Python.</summary>
    private static string Substring(string text, int start, int length)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            return start > text.Length ? "" : text.Substring(start - 1, Math.Min(length, text.Length - start + 1));
        var result = new StringBuilder();
        foreach (var rune in text.EnumerateRunes().Skip(start - 1).Take(length)) result.Append(rune.ToString());
        return result.ToString();
    }

    private static double Factor(ExpressionVector[] arguments, int most) => arguments.Length == 1 ? 1 : Math.Pow(10, Math.Clamp(WholeNumber(arguments[1], 0), 0, most));

    private static double RoundTo(double value, double factor) => Math.Round(value * factor) is var scaled && double.IsFinite(scaled) ? scaled / factor : value;

    private static int WholeNumber(ExpressionVector vector, int least) => (int)Math.Clamp(((NumberVector)vector).Values[0], least, 1_000_000);

    /// <summary>The whole number in the code of a constant, which ends in its literal: <c>2.0</c> or <c>((double?)2.0)</c>.</summary>
    private static string Integer(string code) =>
        ((int)double.Parse(code.TrimEnd(')').Split(')')[^1], CultureInfo.InvariantCulture)).ToString(CultureInfo.InvariantCulture);

    private static int Number0(string code) => Math.Max(0, int.Parse(Integer(code), CultureInfo.InvariantCulture) - 1);
}
