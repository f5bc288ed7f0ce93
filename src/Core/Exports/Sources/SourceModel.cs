using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Exports.Sources;

/// <summary>A model as the exported programs hold it: one readable text, the long rows of numbers beside it, and a sum over both by which damage is noticed.</summary>
internal sealed class SourceModel
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.Default };

    private SourceModel(string json, byte[] data, IReadOnlyList<Operation> operations, IReadOnlySet<string> parts)
    {
        (Json, Data, Operations, Parts) = (json, data, operations, parts);
        Sha256 = Convert.ToHexStringLower(SHA256.HashData([.. Encoding.UTF8.GetBytes(json), .. data]));
    }

    /// <summary>ASCII, without single quotes, and never with three double quotes in a row; a line an input, a step, a feature.</summary>
    public string Json { get; }

    /// <summary>The arrays that the text speaks of, compressed by zlib.</summary>
    public byte[] Data { get; }

    public IReadOnlyList<Operation> Operations { get; }

    /// <summary>What a program must be able to do for this model: <c>step fill</c>, <c>encode one-hot</c>, <c>score trees</c>.</summary>
    public IReadOnlySet<string> Parts { get; }

    /// <summary>Of the text and then the data, lower-case hexadecimal.</summary>
    public string Sha256 { get; }

    /// <param name="forPython">Whether patterns are written for Python.</param>
    public static SourceModel Of(ExportSource source, bool forPython)
    {
        var (manifest, data) = (source.Package.Manifest, new ModelData());
        var needed = manifest.Encoder.Columns.Select(c => c.Column).ToHashSet(StringComparer.Ordinal);
        var columns = RecipeWriter.ColumnsOf(manifest.Signature);
        var operations = RecipeWriter.Write(manifest.Recipe, ref columns, needed, data, forPython);
        JsonObject[] steps = [.. operations.Select((operation, i) => { if (operation.Formula is not null) operation.Json["formula"] = i + 1; return operation.Json; })];
        JsonObject[] features = [.. manifest.Encoder.Columns.Select(encoder => Encoder(encoder, columns[encoder.Column], data))];
        var scorer = ScorerWriter.Write(source.Package.Pipeline.Scorer, data);
        var json = new StringBuilder();
        json.Append(CultureInfo.InvariantCulture, $"{{\n\"name\": {Text(source.Name)},\n\"target\": {Text(manifest.Target.Column)},\n\"task\": {Text(manifest.Target.Task.ToString().ToLowerInvariant())},\n\"trainer\": {Text(manifest.TrainerName)},\n");
        json.Append(CultureInfo.InvariantCulture, $"\"classes\": {RecipeWriter.Texts(manifest.Target.Classes).ToJsonString(Plain)},\n");
        if (manifest.Target.Threshold is { } threshold) json.Append(CultureInfo.InvariantCulture, $"\"threshold\": {threshold:R},\n");
        Lines("inputs", [.. manifest.Signature.Inputs.Select(Input)]);
        Lines("intervals", [.. (manifest.Intervals ?? []).Select(i => new JsonObject { ["level"] = i.Level, ["halfWidth"] = i.HalfWidth, ["isRelative"] = i.IsRelative, ["coverage"] = i.Coverage, ["rowCount"] = i.RowCount })]);
        Lines("steps", steps);
        Lines("features", features);
        json.Append(CultureInfo.InvariantCulture, $"\"featureCount\": {manifest.Encoder.FeatureNames.Count},\n\"scorer\": {scorer.ToJsonString(Plain)}\n}}");
        HashSet<string> parts =
        [
            .. operations.Select(o => $"step {o.Json["op"]}"), .. features.Select(f => $"encode {f["kind"]}"), .. ScorerWriter.Kinds(scorer).Select(kind => $"score {kind}"),
            .. manifest.Signature.Used.Select(i => $"input {i.Kind.ToString().ToLowerInvariant()}"),
        ];
        return new SourceModel(json.ToString(), data.Compress(), operations, parts);

        void Lines(string name, JsonObject[] objects) =>
            json.Append(CultureInfo.InvariantCulture, $"\"{name}\": [{(objects.Length == 0 ? "" : "\n")}{string.Join(",\n", objects.Select(o => o.ToJsonString(Plain)))}],\n");
    }

    private static string Text(string text) => JsonSerializer.Serialize(text, Plain);

    /// <summary>Of one that is not used the name and the kind.</summary>
    private static JsonObject Input(InputColumn input)
    {
        var json = new JsonObject { ["name"] = input.Name, ["kind"] = input.Kind.ToString().ToLowerInvariant(), ["used"] = input.Used };
        if (input.Minimum is { } minimum && input.Maximum is { } maximum) (json["minimum"], json["maximum"]) = (minimum, maximum);
        if (input.Choices is { } choices) (json["choices"], json["choicesAreComplete"]) = (RecipeWriter.Texts(choices), input.ChoicesAreComplete);
        return json;
    }

    private static JsonObject Encoder(ColumnEncoder encoder, Column column, ModelData data)
    {
        JsonObject Of(string kind) => new() { ["kind"] = kind, ["column"] = encoder.Column, ["from"] = RecipeWriter.KindOf(column) };
        static JsonObject Feature(NumericFeature feature) => new() { ["fill"] = feature.Fill, ["mean"] = feature.Mean, ["scale"] = feature.Scale };
        var json = Of(encoder switch { NumericEncoder => "number", CategoryCodeEncoder => "codes", OneHotEncoder => "one-hot", DateTimeEncoder => "date", TextEncoder => "words", _ => throw new ArgumentException($"A {encoder.GetType().Name} cannot be written as source.", nameof(encoder)) });
        switch (encoder)
        {
            case NumericEncoder numeric:
                json["value"] = numeric.Value is { } value ? Feature(value) : null;
                json["marksMissing"] = numeric.MarksMissing;
                break;
            case CategoryCodeEncoder codes:
                (json["values"], json["fillsMissing"]) = (RecipeWriter.Texts(codes.Values), codes.FillsMissing);
                break;
            case OneHotEncoder oneHot:
                (json["values"], json["marksMissing"]) = (RecipeWriter.Texts(oneHot.Values), oneHot.MarksMissing);
                break;
            case DateTimeEncoder date:
                json["origin"] = date.OriginTicks;
                json["parts"] = new JsonArray([.. date.Parts.Select(p => { var part = Feature(p.Feature); part["part"] = p.Part.ToString(); return part; })]);
                json["marksMissing"] = date.MarksMissing;
                break;
            case TextEncoder text:
                (json["words"], json["frequencies"]) = (RecipeWriter.Texts(text.Words), data.Doubles([.. text.InverseDocumentFrequencies]));
                break;
        }
        return json;
    }
}
