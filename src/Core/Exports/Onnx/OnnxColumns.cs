using System.Globalization;
using System.Text;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Exports.Onnx;

/// <summary>A column of the table as values of a graph, one a row; shape [rows, 1].</summary>
internal abstract record OnnxColumn(ColumnKind Kind)
{
    /// <summary>Doubles; NaN is missing.</summary>
    /// <param name="IsRounded">Whether functions had a part in them whose last digit hangs on the library that computes them: such numbers cannot be looked up as texts.</param>
    public sealed record Numbers(string Value, bool IsRounded = false) : OnnxColumn(ColumnKind.Numeric);

    /// <summary>Doubles that are read as the texts that stand for them; NaN is missing.</summary>
    public sealed record NumberTexts(string Value, ColumnKind Kind) : OnnxColumn(Kind);

    /// <summary>Texts; an empty one is missing.</summary>
    public sealed record Texts(string Value, ColumnKind Kind) : OnnxColumn(Kind);

    /// <summary>Texts of which not the text itself is known, but which ones become a given text; ONNX cannot write texts anew.</summary>
    /// <param name="Value">The texts as they came; an empty one is missing.</param>
    /// <param name="PatternOf">A regular expression for all texts that become the given one; of the empty text, for those that become missing.</param>
    public sealed record Tidied(string Value, ColumnKind Kind, Func<string, string> PatternOf) : OnnxColumn(Kind);

    /// <summary>Moments: days since 0001-01-01 and the parts of the date as int64, seconds of the day as double, and a truth that says whether it is missing.</summary>
    public sealed record Dates(string Missing, string Days, string Year, string Month, string Day, string Seconds) : OnnxColumn(ColumnKind.DateTime);

    /// <summary>What cannot be said with the operators of ONNX; it is a reason against the export if a feature is made of it.</summary>
    public sealed record Refused(ColumnKind Kind, string Reason) : OnnxColumn(Kind);
}

/// <summary>What steps, formulas and features ask of columns.</summary>
internal static class OnnxColumns
{
    /// <summary>More values than this are not looked for by a regular expression each.</summary>
    private const int MostPatterns = 200;

    private const string Blank = @"[\s\p{Z}\x{85}]";

    /// <summary>A condition on numbers decides between two values.</summary>
    public static string Where(this OnnxGraph graph, string condition, string then, string otherwise) => graph.Add("Where", condition, then, otherwise);

    public static string Missing(this OnnxGraph graph, OnnxColumn column) => column switch
    {
        OnnxColumn.Numbers numbers => graph.Add("IsNaN", numbers.Value),
        OnnxColumn.NumberTexts numbers => graph.Add("IsNaN", numbers.Value),
        OnnxColumn.Texts texts => graph.Add("Equal", texts.Value, graph.Word("")),
        OnnxColumn.Tidied tidied => graph.Matches(tidied.Value, tidied.PatternOf("")),
        OnnxColumn.Dates dates => dates.Missing,
        _ => throw new ArgumentException($"A {column.GetType().Name} has no values.", nameof(column)),
    };

    public static string Matches(this OnnxGraph graph, string texts, string pattern) => graph.AddWith("RegexFullMatch", [texts], ("pattern", pattern));

    /// <summary>For each row the position of its text in a list.</summary>
    /// <param name="graph">Where it is added.</param>
    /// <param name="column">Of texts, or numbers taken as texts.</param>
    /// <param name="values">Distinct, none empty.</param>
    /// <param name="unknown">For other texts.</param>
    /// <param name="missing">For missing ones.</param>
    /// <returns>int64.</returns>
    public static string Positions(this OnnxGraph graph, OnnxColumn column, IReadOnlyList<string> values, long unknown, long missing)
    {
        switch (column)
        {
            case OnnxColumn.Texts texts:
                return graph.AddMl("LabelEncoder", [texts.Value],
                    ("keys_strings", values.Append("")), ("values_int64s", (long[])[.. Enumerable.Range(0, values.Count).Select(i => (long)i), missing]), ("default_int64", unknown));
            case OnnxColumn.Tidied tidied:
                if (values.Count > MostPatterns) throw new OnnxException($"looks for {values.Count} different texts in tidied ones, and each takes a regular expression of its own; at most {MostPatterns} are possible");
                var found = graph.Where(graph.Missing(column), graph.Ints([missing]), graph.Ints([unknown]));
                foreach (var (i, value) in values.Index()) found = graph.Where(graph.Matches(tidied.Value, tidied.PatternOf(value)), graph.Ints([i]), found);
                return found;
            case OnnxColumn.Numbers { IsRounded: true }:
                throw new OnnxException("takes computed numbers as texts, and their last digits may differ");
            case OnnxColumn.Numbers or OnnxColumn.NumberTexts:
                var numbers = column is OnnxColumn.Numbers plain ? plain.Value : ((OnnxColumn.NumberTexts)column).Value;
                // Only a text that is written as numbers are can be the text of one.
                var known = values.Index().Where(v => double.TryParse(v.Item, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number.ToString("R", CultureInfo.InvariantCulture) == v.Item).ToList();
                var position = graph.Ints([unknown]);
                if (known.Exists(k => k.Item is "0" or "-0"))
                {
                    // As texts, zero with a sign and without are two; the one with a sign takes the place of infinity, which no column holds.
                    numbers = graph.Where(graph.IsSignedZero(numbers), graph.Number(double.NegativeInfinity), numbers);
                }
                if (known.Count > 0)
                {
                    var equal = graph.Cast(graph.Add("Equal", numbers, graph.Numbers([.. known.Select(k => k.Item == "-0" ? double.NegativeInfinity : double.Parse(k.Item, CultureInfo.InvariantCulture))], 1, known.Count)), OnnxGraph.Double);
                    var offset = graph.Add("MatMul", equal, graph.Numbers([.. known.Select(k => (double)k.Index - unknown)], known.Count, 1));
                    position = graph.Add("Add", graph.Cast(offset, OnnxGraph.Int), graph.Ints([unknown]));
                }
                return graph.Where(graph.Add("IsNaN", numbers), graph.Ints([missing]), position);
            case OnnxColumn.Dates:
                throw new OnnxException("takes dates as texts, which ONNX cannot write out");
            default:
                throw new ArgumentException($"A {column.GetType().Name} has no texts.", nameof(column));
        }
    }

    /// <summary>A number for each text.</summary>
    /// <param name="numbers">One a value.</param>
    public static string Lookup(this OnnxGraph graph, OnnxColumn column, IReadOnlyList<string> values, IEnumerable<double> numbers, double unknown, double missing) =>
        graph.Take(graph.Numbers([.. numbers, unknown, missing], values.Count + 2), graph.Positions(column, values, values.Count, values.Count + 1));

    /// <summary>The elements at the positions.</summary>
    public static string Take(this OnnxGraph graph, string table, string positions) => graph.AddWith("Gather", [table, positions], ("axis", 0L));

    public static string IsSignedZero(this OnnxGraph graph, string numbers) =>
        graph.Add("And", graph.Add("Equal", numbers, graph.Number(0)), graph.Add("Less", graph.Add("Div", graph.Number(1), numbers), graph.Number(0)));

    /// <summary>NaN where a number is infinite.</summary>
    public static string Finite(this OnnxGraph graph, string numbers) =>
        graph.Where(graph.Add("LessOrEqual", graph.Add("Abs", numbers), graph.Number(double.MaxValue)), numbers, graph.Number(double.NaN));

    /// <summary>No less than one number, no more than another; NaN stays.</summary>
    public static string Clamp(this OnnxGraph graph, string numbers, double least, double most)
    {
        var (low, high) = (graph.Number(least), graph.Number(most));
        return graph.Where(graph.Add("Less", numbers, low), low, graph.Where(graph.Add("Greater", numbers, high), high, numbers));
    }

    /// <summary>ln(1 + x) without the loss of digits near 0; NaN for -1 or less.</summary>
    public static string Log1p(this OnnxGraph graph, string x)
    {
        var u = graph.Add("Add", x, graph.Number(1));
        var log = graph.Add("Mul", graph.Add("Log", u), graph.Add("Div", x, graph.Add("Sub", u, graph.Number(1))));
        var exact = graph.Where(graph.Add("Or", graph.Add("Equal", u, graph.Number(1)), graph.Add("IsInf", u)), x, log);
        return graph.Where(graph.Add("Greater", x, graph.Number(-1)), exact, graph.Number(double.NaN));
    }

    /// <summary>Texts that are ISO dates, with or without a time of day, as moments; all others are missing.</summary>
    public static OnnxColumn.Dates ReadDates(this OnnxGraph graph, string texts)
    {
        var isDate = graph.Matches(texts, @"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])");
        var isMoment = graph.Matches(texts, @"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,7})?");
        var midnight = graph.Add("StringConcat", graph.Where(isDate, texts, graph.Word("0001-01-01")), graph.Word("T00:00:00"));
        var (day, time) = Two(graph.Where(isMoment, texts, midnight), "T");
        var date = Parts(day, "-", OnnxGraph.Int);
        var clock = Parts(time, ":", OnnxGraph.Double);
        var (year, month, dayOfMonth) = (date[0], date[1], date[2]);
        var seconds = graph.Add("Add", graph.Add("Mul", clock[0], graph.Number(3600)), graph.Add("Add", graph.Add("Mul", clock[1], graph.Number(60)), clock[2]));
        return new OnnxColumn.Dates(graph.Add("Not", graph.Add("Or", isDate, isMoment)), graph.DaysOf(year, month, dayOfMonth), year, month, dayOfMonth, seconds);

        (string, string) Two(string text, string mark)
        {
            var parts = graph.AddMany("StringSplit", 2, [text], ("delimiter", mark), ("maxsplit", 1L))[0];
            return (Part(parts, 0), Part(parts, 1));
        }

        string[] Parts(string text, string mark, TensorProto.Types.DataType type)
        {
            var parts = graph.AddMany("StringSplit", 2, [text], ("delimiter", mark))[0];
            return [graph.Cast(Part(parts, 0), type), graph.Cast(Part(parts, 1), type), graph.Cast(Part(parts, 2), type)];
        }

        string Part(string parts, long index) => graph.AddWith("Gather", [parts, graph.Ints([index])], ("axis", 2L));
    }

    /// <summary>Days since 0001-01-01 in the Gregorian calendar; int64.</summary>
    private static string DaysOf(this OnnxGraph graph, string year, string month, string day)
    {
        // Years that begin in March, so that the leap day is the last: Hinnant (2013), chrono-compatible low-level date algorithms.
        var shifted = graph.Add("Sub", year, graph.Cast(graph.Add("Less", month, graph.Ints([3])), OnnxGraph.Int));
        var march = graph.AddWith("Mod", [graph.Add("Add", month, graph.Ints([9])), graph.Ints([12])]);
        var ofYear = graph.Add("Sub", graph.Add("Add", Quotient(graph.Add("Add", graph.Add("Mul", march, graph.Ints([153])), graph.Ints([2])), 5), day), graph.Ints([1]));
        var leaps = graph.Add("Add", graph.Add("Sub", Quotient(shifted, 4), Quotient(shifted, 100)), Quotient(shifted, 400));
        // 306 days from the first of March of the year 0 to the first of January of the year 1.
        return graph.Add("Sub", graph.Add("Add", graph.Add("Add", graph.Add("Mul", shifted, graph.Ints([365])), leaps), ofYear), graph.Ints([306]));

        string Quotient(string number, long by) => graph.Add("Div", number, graph.Ints([by]));
    }

    /// <summary>Days of moments with a fraction, since another.</summary>
    /// <param name="sinceTicks">UTC.</param>
    public static string DaysSince(this OnnxGraph graph, OnnxColumn.Dates dates, long sinceTicks)
    {
        var (day, rest) = Math.DivRem(sinceTicks, TimeSpan.TicksPerDay);
        var whole = graph.Cast(graph.Add("Sub", dates.Days, graph.Ints([day])), OnnxGraph.Double);
        return graph.Add("Add", whole, graph.Add("Div", graph.Add("Sub", dates.Seconds, graph.Number(rest / (double)TimeSpan.TicksPerSecond)), graph.Number(86_400)));
    }

    /// <summary>Sunday is 0; int64.</summary>
    public static string DayOfWeek(this OnnxGraph graph, OnnxColumn.Dates dates) => graph.Add("Mod", graph.Add("Add", dates.Days, graph.Ints([1])), graph.Ints([7]));

    public static string Hour(this OnnxGraph graph, OnnxColumn.Dates dates) => graph.Add("Floor", graph.Add("Div", dates.Seconds, graph.Number(3600)));

    /// <summary>1 for the first of January; int64.</summary>
    public static string DayOfYear(this OnnxGraph graph, OnnxColumn.Dates dates) =>
        graph.Add("Add", graph.Add("Sub", dates.Days, graph.DaysOf(dates.Year, graph.Ints([1]), graph.Ints([1]))), graph.Ints([1]));

    /// <summary>A regular expression, as ONNX reads them, for one text.</summary>
    public static string Escape(string text)
    {
        var pattern = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
            if (rune.IsAscii && Rune.IsLetterOrDigit(rune)) pattern.Append(rune);
            else pattern.Append(CultureInfo.InvariantCulture, $"\\x{{{rune.Value:X}}}");
        return pattern.ToString();
    }

    /// <summary>Blanks on both sides of a pattern are passed over.</summary>
    public static string Trimmed(string pattern) => $"{Blank}*(?:{pattern}){Blank}*";

    /// <summary>One blank or more.</summary>
    public static string Blanks => Blank + "+";
}

/// <summary>A part of a model has no counterpart in ONNX; the message goes on after the name of the part.</summary>
internal sealed class OnnxException(string message) : Exception(message);
