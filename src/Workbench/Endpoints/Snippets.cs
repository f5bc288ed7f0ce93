using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;

namespace ModelWorkbench.Workbench.Endpoints;

/// <summary>Requests ready to be pasted, each with a real row.</summary>
/// <param name="Url">Where the model answers.</param>
/// <param name="Key">The key, or a placeholder where it is not known any more.</param>
/// <param name="Body">The request as JSON on one line.</param>
public sealed record Snippets(string Url, string Key, string Body)
{
    public const string KeyPlaceholder = "YOUR_KEY";

    // Readable in a terminal; single quotes are escaped by each language's own rule below.
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A request for one row, by name.</summary>
    /// <param name="values">Invariant text by column; null or absent is missing.</param>
    public static string Request(Signature signature, IReadOnlyDictionary<string, string?> values)
    {
        var record = new JsonObject();
        foreach (var input in signature.Used)
            record[input.Name] = values.GetValueOrDefault(input.Name) is { Length: > 0 } text ? Value(input, text) : null;
        return new JsonObject { ["records"] = new JsonArray(record) }.ToJsonString(Readable);
    }

    private static JsonNode Value(InputColumn input, string text) =>
        input.Kind == ColumnKind.Numeric && double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? JsonValue.Create(number) : JsonValue.Create(text);

    public string Curl => $"""
        curl -X POST '{Url}' \
          -H 'Authorization: Bearer {Key}' \
          -H 'Content-Type: application/json' \
          -d '{Body.Replace("'", "'\\''", StringComparison.Ordinal)}'
        """;

    public string Python => $"""
        import json, urllib.request

        request = urllib.request.Request(
            "{Url}",
            data={PythonString(Body)}.encode(),
            headers={OpenBrace}"Authorization": "Bearer {Key}", "Content-Type": "application/json"{CloseBrace})
        print(json.load(urllib.request.urlopen(request)))
        """;

    public string CSharp => $"""
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", "{Key}");
        var answer = await http.PostAsync(
            "{Url}",
            new StringContent({CSharpString(Body)}, System.Text.Encoding.UTF8, "application/json"));
        Console.WriteLine(await answer.Content.ReadAsStringAsync());
        """;

    private const string OpenBrace = "{", CloseBrace = "}";

    // Readable where that is safe: JSON neither begins nor ends with a quote or a backslash. A JSON string is a Python string too.
    private static string PythonString(string text) => text.Contains("'''", StringComparison.Ordinal) ? JsonSerializer.Serialize(text) : $"r'''{text}'''";

    // A raw string takes more quotes around it than stand together in it.
    private static string CSharpString(string text)
    {
        var (run, longest) = (0, 0);
        foreach (var c in text) longest = Math.Max(longest, run = c == '"' ? run + 1 : 0);
        var quotes = new string('"', Math.Max(3, longest + 1));
        return quotes + text + quotes;
    }
}
