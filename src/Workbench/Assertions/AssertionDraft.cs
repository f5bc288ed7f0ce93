using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using ModelWorkbench.Core.Assertions;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Assertions;

/// <summary>The kinds of an assertion as the form offers them.</summary>
public enum AssertionKind
{
    /// <summary>A measure on a part of the rows.</summary>
    Segment,

    /// <summary>An answer that only goes one way.</summary>
    Monotone,

    /// <summary>The answer to given rows.</summary>
    Answer,
}

/// <summary>An assertion while it is written in a form: texts as they are typed.</summary>
public sealed class AssertionDraft
{
    private static readonly JsonSerializerOptions Readable = new(CoreJson.Options) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public string Target { get; set; } = "";
    public string Name { get; set; } = "";
    public bool IsRequired { get; set; }
    public AssertionKind Kind { get; set; }

    public string Rows { get; set; } = "";
    public string Class { get; set; } = "";
    public string LeastProbability { get; set; } = "";
    public string Low { get; set; } = "";
    public string High { get; set; } = "";

    public string Column { get; set; } = "";
    public bool Rises { get; set; } = true;
    public string RowCount { get; set; } = "200";
    public string Slack { get; set; } = "";

    public string MetricId { get; set; } = Metric.Accuracy.Id;
    public string Part { get; set; } = "";
    public bool IsRange { get; set; }
    public string Value { get; set; } = "";
    public string From { get; set; } = "";
    public string To { get; set; } = "";
    public bool IsAtMost { get; set; }
    public string Limit { get; set; } = "";
    public string FewestRows { get; set; } = "30";

    /// <summary>What is kept, for changing it.</summary>
    public static AssertionDraft Of(AssertionRow row)
    {
        var draft = new AssertionDraft { Target = row.Target, Name = row.Name == row.Expectation.Describe(row.Target) ? "" : row.Name, IsRequired = row.IsRequired };
        switch (row.Expectation)
        {
            case Expectation.Answer answer:
                (draft.Kind, draft.Class, draft.LeastProbability, draft.Low, draft.High) = (AssertionKind.Answer, answer.Class ?? "", Text(answer.LeastProbability), Text(answer.Low), Text(answer.High));
                draft.Rows = answer.Rows is [var only] ? JsonSerializer.Serialize(only, Readable) : JsonSerializer.Serialize(answer.Rows, Readable);
                break;
            case Expectation.Monotone monotone:
                (draft.Kind, draft.Column, draft.Rises, draft.Class) = (AssertionKind.Monotone, monotone.Column, monotone.Rises, monotone.Class ?? "");
                (draft.RowCount, draft.Slack) = (Text(monotone.RowCount), monotone.Slack == 0 ? "" : Text(monotone.Slack));
                break;
            case Expectation.Segment { Measure: var measure } segment:
                (draft.Kind, draft.MetricId, draft.Part, draft.Value, draft.From, draft.To) = (AssertionKind.Segment, measure.MetricId, measure.Column ?? "", measure.Value ?? "", Text(measure.From), Text(measure.To));
                (draft.IsRange, draft.IsAtMost, draft.Limit, draft.FewestRows) = (measure.From is not null || measure.To is not null, segment.AtMost is not null, Text(segment.AtLeast ?? segment.AtMost), Text(segment.FewestRows));
                break;
        }
        return draft;
    }

    /// <summary>What is expected, or why that cannot be read.</summary>
    public (Expectation? Expectation, IReadOnlyList<string> Problems) Read()
    {
        List<string> problems = [];
        Expectation? read = Kind switch
        {
            AssertionKind.Answer => new Expectation.Answer(ReadRows(problems), NullIfEmpty(Class), Number(LeastProbability, "The least probability", problems), Number(Low, "The smallest number", problems), Number(High, "The largest number", problems)),
            AssertionKind.Monotone => new Expectation.Monotone(Column, Rises, NullIfEmpty(Class), Whole(RowCount, "The number of rows", problems), Number(Slack, "The slack", problems) ?? 0),
            _ => new Expectation.Segment(
                new SegmentMeasure(MetricId, NullIfEmpty(Part), Part.Length == 0 || IsRange ? null : NullIfEmpty(Value), Part.Length > 0 && IsRange ? Number(From, "The smallest number", problems) : null, Part.Length > 0 && IsRange ? Number(To, "The largest number", problems) : null),
                IsAtMost ? null : Number(Limit, "The limit", problems), IsAtMost ? Number(Limit, "The limit", problems) : null, Whole(FewestRows, "The fewest rows", problems)),
        };
        return problems.Count > 0 ? (null, problems) : (read, problems);
    }

    private IReadOnlyList<IReadOnlyDictionary<string, string?>> ReadRows(List<string> problems)
    {
        var text = Rows.Trim();
        try
        {
            using var document = JsonDocument.Parse(text.StartsWith('{') ? $"[{text}]" : text);
            return RowTextsConverter.Read(document.RootElement);
        }
        catch (JsonException e)
        {
            problems.Add(text.Length == 0 ? "No row is given; expected a JSON object such as { \"age\": 39, \"job\": \"teacher\" }, or a list of them." : $"The rows are no JSON: {e.Message}");
            return [];
        }
    }

    private static double? Number(string text, string what, List<string> problems)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)) return number;
        problems.Add($"{what} is '{text}'; expected a number such as 0.8.");
        return null;
    }

    private static int Whole(string text, string what, List<string> problems)
    {
        if (int.TryParse(text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number)) return number;
        problems.Add($"{what} is '{text}'; expected a whole number.");
        return 1;
    }

    private static string? NullIfEmpty(string text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private static string Text(double? number) => number?.ToString("R", CultureInfo.InvariantCulture) ?? "";
}
