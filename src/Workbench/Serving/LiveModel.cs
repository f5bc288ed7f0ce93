using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Serving.Dialects;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>A model that answers under an endpoint's name. Immutable: a new version is a new object, so a request never sees half of each.</summary>
public sealed record LiveModel(string Name, int Version, ModelPackage Package)
{
    public Predictor Predictor { get; } = new(Package);

    /// <summary>What it did since it was loaded.</summary>
    public VersionFigures Figures { get; } = new(Package.Manifest.Target.Classes.Count);

    /// <summary>The version as it stands in headers and figures.</summary>
    public string VersionText { get; } = Version.ToString(CultureInfo.InvariantCulture);

    /// <summary>Answers a request for one row in the native dialect, as over HTTP.</summary>
    /// <param name="body">JSON.</param>
    public RowAnswer AnswerRow(string body, CancellationToken cancellationToken)
    {
        using var prediction = Predictor.Begin();
        var refusal = Dialect.Native.ReadJson(Encoding.UTF8.GetBytes(body), prediction, mostRows: 1);
        if (refusal is not null || prediction.Rows.RowCount == 0) return new RowAnswer([.. prediction.Rows.Problems], [], null, double.NaN, [], "");
        prediction.Score(cancellationToken);
        var json = new ArrayBufferWriter<byte>();
        Dialect.Native.Write(prediction, Name, Version, json);
        var outputs = prediction.Outputs(0).ToArray();
        var isNumber = Predictor.ClassNames is null;
        return new RowAnswer([], [.. prediction.Rows.Warnings], isNumber ? null : Predictor.Target.Classes[prediction.LikeliestClass(0)], isNumber ? outputs[0] : double.NaN, isNumber ? [] : outputs, Indent(json.WrittenMemory));
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
public sealed record RowAnswer(IReadOnlyList<InputProblem> Problems, IReadOnlyList<InputWarning> Warnings, string? Class, double Number, IReadOnlyList<double> Probabilities, string Json);
