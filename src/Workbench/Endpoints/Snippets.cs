using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;

namespace ModelWorkbench.Workbench.Endpoints;

/// <summary>Programs ready to be pasted, each complete, which ask for one real row and print the answer.</summary>
/// <param name="Address">Of the workbench, without a slash at its end.</param>
/// <param name="Name">The endpoint.</param>
/// <param name="Key">The key, or a placeholder where it is not known any more.</param>
/// <param name="Signature">What the model expects.</param>
/// <param name="Values">The row: invariant text by column; null or absent is missing.</param>
public sealed record Snippets(string Address, string Name, string Key, Signature Signature, IReadOnlyDictionary<string, string?> Values)
{
    public const string KeyPlaceholder = "YOUR_KEY";

    // Readable in a terminal; single quotes are escaped by each language's own rule below.
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A request for rows, by name.</summary>
    /// <param name="rows">Invariant text by column; null or absent is missing.</param>
    public static string Request(Signature signature, params IReadOnlyList<IReadOnlyDictionary<string, string?>> rows)
    {
        var records = new JsonArray();
        foreach (var row in rows)
        {
            var record = new JsonObject();
            foreach (var input in signature.Used)
                record[input.Name] = row.GetValueOrDefault(input.Name) is { Length: > 0 } text ? Value(input, text) : null;
            records.Add((JsonNode)record);
        }
        return new JsonObject { ["records"] = records }.ToJsonString(Readable);
    }

    private static JsonNode Value(InputColumn input, string text) =>
        input.Kind == ColumnKind.Numeric && double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? JsonValue.Create(number) : JsonValue.Create(text);

    public string Url => $"{Address}/api/v1/models/{Name}/predict";

    private string Body => Request(Signature, Values);

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

    public string PythonRequests => $"""
        import json, requests

        answer = requests.post(
            "{Url}",
            json=json.loads({PythonString(Body)}),
            headers={OpenBrace}"Authorization": "Bearer {Key}"{CloseBrace})
        answer.raise_for_status()
        print(answer.json())
        """;

    /// <summary>As clients of MLflow's scoring server ask.</summary>
    public string PythonMlflow => $"""
        # The address takes the place of an MLflow scoring server's: /mlflow/{Name}/invocations
        import json, urllib.request

        request = urllib.request.Request(
            "{Address}/mlflow/{Name}/invocations",
            data={PythonString(MlflowBody)}.encode(),
            headers={OpenBrace}"Authorization": "Bearer {Key}", "Content-Type": "application/json"{CloseBrace})
        print(json.load(urllib.request.urlopen(request)))
        """;

    /// <summary>As clients of KServe, Triton, MLServer and Seldon ask.</summary>
    public string PythonOpenInference => $"""
        # Open Inference Protocol v2, as for KServe, Triton, MLServer or Seldon: /v2/models/{Name}/infer
        import json, urllib.request

        request = urllib.request.Request(
            "{Address}/v2/models/{Name}/infer",
            data={PythonString(OpenInferenceBody)}.encode(),
            headers={OpenBrace}"Authorization": "Bearer {Key}", "Content-Type": "application/json"{CloseBrace})
        print(json.load(urllib.request.urlopen(request)))
        """;

    public string JavaScript => $"""
        // Node.js 18 or later, or a browser on the same address. Keep the key out of pages.
        const answer = await fetch({JsonSerializer.Serialize(Url, Readable)}, {OpenBrace}
          method: "POST",
          headers: {OpenBrace} "Authorization": "Bearer {Key}", "Content-Type": "application/json" {CloseBrace},
          body: JSON.stringify({Body}),
        {CloseBrace});
        console.log(JSON.stringify(await answer.json()));
        """;

    private string MlflowBody => new JsonObject
    {
        ["dataframe_split"] = new JsonObject
        {
            ["columns"] = new JsonArray([.. Signature.Used.Select(i => JsonValue.Create(i.Name))]),
            ["data"] = new JsonArray(new JsonArray([.. Signature.Used.Select(Node)])),
        },
    }.ToJsonString(Readable);

    private string OpenInferenceBody => new JsonObject
    {
        ["inputs"] = new JsonArray([.. Signature.Used.Select(i => new JsonObject
        {
            ["name"] = i.Name,
            ["shape"] = new JsonArray(1, 1),
            ["datatype"] = i.Kind == ColumnKind.Numeric ? "FP64" : "BYTES",
            ["data"] = new JsonArray(Node(i)),
        })]),
    }.ToJsonString(Readable);

    private JsonNode? Node(InputColumn input) => Values.GetValueOrDefault(input.Name) is { Length: > 0 } text ? Value(input, text) : null;

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
