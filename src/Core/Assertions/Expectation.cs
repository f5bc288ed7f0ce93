using System.Globalization;
using System.Text.Json.Serialization;
using ModelWorkbench.Core.Evaluation;

namespace ModelWorkbench.Core.Assertions;

/// <summary>What is expected of every model of a target.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Answer), "answer")]
[JsonDerivedType(typeof(Monotone), "monotone")]
[JsonDerivedType(typeof(Segment), "segment")]
public abstract record Expectation
{
    public const int MostAnswerRows = 100;
    public const int MostMonotoneRows = 1_000;

    /// <summary>Every reason why this makes no sense for a dataset; empty where it does.</summary>
    /// <param name="columns">Of the file.</param>
    /// <param name="target">The column that is predicted.</param>
    public abstract IReadOnlyList<string> Problems(IReadOnlyCollection<string> columns, string target);

    /// <summary>As a sentence without its full stop.</summary>
    /// <param name="target">The column that is predicted.</param>
    public abstract string Describe(string target);

    /// <summary>The answer to given rows.</summary>
    /// <param name="Rows">By column as it stands in the file, as invariant text; null or absent is missing.</param>
    /// <param name="Class">The class that every row is; null for a number.</param>
    /// <param name="LeastProbability">Of that class; null where it need only be the answer.</param>
    /// <param name="Low">For a number: at least this; null for no lower end.</param>
    /// <param name="High">For a number: at most this; null for no upper end.</param>
    public sealed record Answer(
        [property: JsonConverter(typeof(RowTextsConverter))] IReadOnlyList<IReadOnlyDictionary<string, string?>> Rows,
        string? Class = null, double? LeastProbability = null, double? Low = null, double? High = null) : Expectation
    {
        public override IReadOnlyList<string> Problems(IReadOnlyCollection<string> columns, string target)
        {
            List<string> problems = [];
            if (Rows.Count is 0 or > MostAnswerRows) problems.Add($"Found {Rows.Count} rows, expected 1 to {MostAnswerRows}.");
            string[] unknown = [.. Rows.SelectMany(r => r.Keys).Distinct(StringComparer.Ordinal).Where(name => !columns.Contains(name))];
            if (unknown.Length > 0) problems.Add($"The rows name {string.Join(", ", unknown.Take(5).Select(u => $"'{u}'"))}, which the dataset does not have.");
            if (Rows.Any(r => r.All(v => string.IsNullOrEmpty(v.Value)))) problems.Add("A row has no value at all; expected at least one.");
            var isNumber = Low is not null || High is not null;
            if (Class is null == !isNumber) problems.Add(isNumber ? "Both a class and a range of numbers are expected; give one of them." : "Neither a class nor a range of numbers is expected; give one of them.");
            if (Class is { Length: 0 }) problems.Add("The class is empty; expected its name.");
            if (LeastProbability is { } least && (Class is null || !(least > 0 && least <= 1))) problems.Add(Class is null ? "A probability is expected without a class." : Text($"The least probability is {least}; expected more than 0, at most 1."));
            if (Low is { } low && !double.IsFinite(low) || High is { } high && !double.IsFinite(high)) problems.Add("An end of the range is not a number; expected one.");
            if (Low > High) problems.Add(Text($"The range is {Low} to {High}; expected its smaller end first."));
            return problems;
        }

        public override string Describe(string target)
        {
            var rows = Rows.Count == 1 ? "For one row" : $"For {Rows.Count} rows";
            return Class is not null ? $"{rows} {target} is {Class}{(LeastProbability is { } least ? Text($" with a probability of at least {least}") : "")}" : $"{rows} {target} is {Range(Low, High)}";
        }
    }

    /// <summary>An answer that only goes one way as a column rises and the rest of the row stays.</summary>
    /// <param name="Column">Of numbers, as it stands in the file.</param>
    /// <param name="Rises">Whether the answer may not fall; else it may not rise.</param>
    /// <param name="Class">Whose probability is the answer; null for a number, and for the second of two classes.</param>
    /// <param name="RowCount">Rows of the dataset that it is tried on.</param>
    /// <param name="Slack">How far the answer may go the wrong way; 0 for not at all.</param>
    public sealed record Monotone(string Column, bool Rises = true, string? Class = null, int RowCount = 200, double Slack = 0) : Expectation
    {
        public override IReadOnlyList<string> Problems(IReadOnlyCollection<string> columns, string target)
        {
            List<string> problems = [];
            if (!columns.Contains(Column)) problems.Add($"There is no column '{Column}'. The columns are: {string.Join(", ", columns.Take(20))}{(columns.Count > 20 ? ", …" : "")}.");
            if (Column == target) problems.Add($"'{Column}' is the target; expected a column that the model reads.");
            if (RowCount is < 1 or > MostMonotoneRows) problems.Add($"It is to be tried on {RowCount} rows; expected 1 to {MostMonotoneRows}.");
            if (!(Slack >= 0) || double.IsInfinity(Slack)) problems.Add(Text($"The slack is {Slack}; expected 0 or more."));
            return problems;
        }

        public override string Describe(string target) =>
            $"Raising {Column} never {(Rises ? "lowers" : "raises")} {(Class is null ? target : $"the probability of {Class}")}{(Slack > 0 ? Text($" by more than {Slack}") : "")}, tried on {RowCount} rows";
    }

    /// <summary>A metric on a part of the rows that models had not seen.</summary>
    /// <param name="Measure">What is measured, on which rows.</param>
    /// <param name="AtLeast">The figure may not be below; null where <paramref name="AtMost"/> is given.</param>
    /// <param name="AtMost">The figure may not be above.</param>
    /// <param name="FewestRows">With fewer rows nothing is decided.</param>
    public sealed record Segment(SegmentMeasure Measure, double? AtLeast = null, double? AtMost = null, int FewestRows = 30) : Expectation
    {
        public override IReadOnlyList<string> Problems(IReadOnlyCollection<string> columns, string target)
        {
            List<string> problems = [.. Measure.Problems(columns)];
            if (AtLeast is null == AtMost is null) problems.Add($"{(AtLeast is null ? "Neither" : "Both")} 'at least' {(AtLeast is null ? "nor" : "and")} 'at most' {(AtLeast is null ? "is" : "are")} given; expected one of them.");
            if (!double.IsFinite(AtLeast ?? AtMost ?? 0)) problems.Add("The limit is not a number; expected one.");
            if (FewestRows < 1) problems.Add($"The fewest rows are {FewestRows}; expected 1 or more.");
            return problems;
        }

        public override string Describe(string target) =>
            $"{Metric.All.FirstOrDefault(m => m.Id == Measure.MetricId)?.Name ?? Measure.MetricId}{Measure.Where} is {(AtLeast is { } least ? Text($"at least {least}") : Text($"at most {AtMost}"))}";
    }

    internal static string Range(double? low, double? high) => (low, high) switch
    {
        ({ } from, { } to) => Text($"{from} to {to}"),
        ({ } from, _) => Text($"at least {from}"),
        _ => Text($"at most {high}"),
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
