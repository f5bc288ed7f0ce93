using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Serving.Dialects;
using ModelWorkbench.Workbench.Endpoints;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>A model that answers under an endpoint's name. Immutable: a new version is a new object, so a request never sees half of each.</summary>
/// <param name="Known">What the version did before it was loaded again; null where it is loaded for the first time.</param>
public sealed record LiveModel(string Name, int Version, ModelPackage Package, VersionFigures? Known = null)
{
    public Predictor Predictor { get; } = new(Package);

    /// <summary>What its version did since the workbench started.</summary>
    public VersionFigures Figures { get; } = Known ?? new(Package.Manifest.Target.Classes.Count);

    /// <summary>The version as it stands in headers and figures.</summary>
    public string VersionText { get; } = Version.ToString(CultureInfo.InvariantCulture);

    /// <summary>Answers a request for one row in the native dialect, as over HTTP.</summary>
    /// <param name="body">JSON.</param>
    /// <param name="disclosure">What callers of the endpoint are told.</param>
    public RowAnswer AnswerRow(string body, Disclosure disclosure, CancellationToken cancellationToken)
    {
        using var prediction = Predictor.Begin();
        prediction.Disclosure = disclosure;
        var began = Stopwatch.GetTimestamp();
        var refusal = Dialect.Native.ReadJson(Encoding.UTF8.GetBytes(body), prediction, mostRows: 1);
        if (refusal is not null || prediction.Rows.RowCount == 0) return new RowAnswer([.. prediction.Rows.Problems], [], null, double.NaN, [], "", 0);
        prediction.Score(cancellationToken);
        var microseconds = Stopwatch.GetElapsedTime(began).TotalMicroseconds;
        var json = new ArrayBufferWriter<byte>();
        Dialect.Native.Write(prediction, Name, Version, json);
        var outputs = prediction.Outputs(0).ToArray();
        var isNumber = Predictor.ClassNames is null;
        return new RowAnswer([], [.. prediction.Rows.Warnings], isNumber ? null : Predictor.Target.Classes[prediction.AnsweredClass(0)], isNumber ? outputs[0] : double.NaN, isNumber ? [] : outputs, Indent(json.WrittenMemory), microseconds);
    }

    /// <summary>What each column adds to the answer for a row.</summary>
    /// <param name="values">The row: invariant text by column; missing where there is none.</param>
    /// <exception cref="ArgumentException">The row has problems.</exception>
    public RowContributions Explain(IReadOnlyDictionary<string, string?> values, CancellationToken cancellationToken)
    {
        using var prediction = Predictor.Begin();
        var refusal = Dialect.Native.ReadJson(Encoding.UTF8.GetBytes(Snippets.Request(Package.Manifest.Signature, values)), prediction, mostRows: 1);
        if (refusal is not null || prediction.Rows.RowCount == 0) throw new ArgumentException(refusal?.Message ?? "There is no row.", nameof(values));
        prediction.WantsExplanation = true;
        prediction.Score(cancellationToken);
        return prediction.Contributions![0];
    }

    private const int CurvePoints = 41;
    private const int MostCurveChoices = 30;

    /// <summary>What the model says when one input moves over its training values and the others stay.</summary>
    /// <param name="values">The row: invariant text by column.</param>
    /// <param name="input">A number, or one with choices.</param>
    /// <returns>Empty where there is nothing to move over, or the row has problems.</returns>
    public IReadOnlyList<WhatIfPoint> Curve(IReadOnlyDictionary<string, string?> values, InputColumn input, CancellationToken cancellationToken)
    {
        string[] moves = input switch
        {
            { HasRange: true, Minimum: { } low, Maximum: { } high } => [.. Steps(low, high, input.WholeNumbers).Select(v => v.ToString("R", CultureInfo.InvariantCulture))],
            { Choices: { Count: > 1 } choices } => [.. choices.Take(MostCurveChoices)],
            _ => [],
        };
        if (moves.Length == 0) return [];
        var body = Snippets.Request(Package.Manifest.Signature, [.. moves.Select(move => new Dictionary<string, string?>(values) { [input.Name] = move })]);
        using var prediction = Predictor.Begin();
        if (Dialect.Native.ReadJson(Encoding.UTF8.GetBytes(body), prediction, moves.Length) is not null) return [];
        prediction.Score(cancellationToken);
        return [.. moves.Select((move, i) => new WhatIfPoint(move, prediction.Outputs(i).ToArray()))];
    }

    private static IEnumerable<double> Steps(double low, double high, bool whole) => whole && high - low < CurvePoints
        ? Enumerable.Range(0, (int)(high - low) + 1).Select(i => low + i)
        : Enumerable.Range(0, CurvePoints).Select(i => low + (high - low) * i / (CurvePoints - 1)).Select(v => whole ? Math.Round(v) : v);

    /// <summary>Reads one row as people paste it: a JSON object or array, a whole request, or CSV with a header.</summary>
    /// <returns>Invariant text by column, or why it is no row.</returns>
    public (IReadOnlyDictionary<string, string?>? Values, string? WhyNot) ReadRow(string text)
    {
        var trimmed = text.Trim();
        if (trimmed.Length == 0) return (null, "Nothing was pasted; expected a JSON object, an array, or CSV with a header.");
        using var prediction = Predictor.Begin();
        var refusal = trimmed[0] switch
        {
            '{' when IsRequest(trimmed) => Dialect.Native.ReadJson(Encoding.UTF8.GetBytes(trimmed), prediction, mostRows: 10_000),
            '{' => Dialect.Native.ReadJson(Encoding.UTF8.GetBytes($$"""{"records":[{{trimmed}}]}"""), prediction, mostRows: 1),
            '[' when trimmed.AsSpan(1).TrimStart() is ['{', ..] => Dialect.Native.ReadJson(Encoding.UTF8.GetBytes($$"""{"records":{{trimmed}}}"""), prediction, mostRows: 10_000),
            '[' when trimmed.AsSpan(1).TrimStart() is ['[', ..] => Dialect.Native.ReadJson(Encoding.UTF8.GetBytes($$"""{"features":{{trimmed}}}"""), prediction, mostRows: 10_000),
            '[' => Dialect.Native.ReadJson(Encoding.UTF8.GetBytes($$"""{"features":[{{trimmed}}]}"""), prediction, mostRows: 1),
            _ => Dialect.Native.ReadCsv(Encoding.UTF8.GetBytes(trimmed), prediction, mostRows: 10_000),
        };
        var rows = prediction.Rows;
        if (refusal is not null) return (null, rows.Problems.Count > 0 ? string.Join(" ", rows.Problems.Take(5)) : refusal.Message);
        if (rows.RowCount == 0) return (null, "There is no row in it.");
        return (rows.Signature.Inputs.Index().Where(i => i.Item.Used).ToDictionary(i => i.Item.Name, i => rows.GetText(0, i.Index), StringComparer.Ordinal), null);
    }

    private static bool IsRequest(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.TryGetProperty("records", out var rows) && rows.ValueKind == JsonValueKind.Array || document.RootElement.TryGetProperty("features", out rows) && rows.ValueKind == JsonValueKind.Array;
        }
        catch (JsonException)
        {
            // What is wrong with it is said by the reader of requests.
            return false;
        }
    }

    private static string Indent(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        return JsonSerializer.Serialize(document.RootElement, ReadableJson);
    }

    private static readonly JsonSerializerOptions ReadableJson = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}

/// <summary>What a model says to one row.</summary>
/// <param name="Problems">Why it says nothing; the rest is then empty.</param>
/// <param name="Warnings">What it answered in spite of.</param>
/// <param name="Class">The likeliest class; null for regression.</param>
/// <param name="Number">For regression; NaN where the model has no finite answer.</param>
/// <param name="Probabilities">One a class, in the order of the target's classes.</param>
/// <param name="Json">The answer as it goes over HTTP, on several lines.</param>
/// <param name="Microseconds">For reading and scoring it.</param>
public sealed record RowAnswer(IReadOnlyList<InputProblem> Problems, IReadOnlyList<InputWarning> Warnings, string? Class, double Number, IReadOnlyList<double> Probabilities, string Json, double Microseconds);

/// <param name="Value">Of the input that moves; invariant text.</param>
/// <param name="Outputs">A probability a class, or the number.</param>
public sealed record WhatIfPoint(string Value, IReadOnlyList<double> Outputs);
