using System.Text.Json;
using System.Text.Json.Serialization;

namespace ModelWorkbench.Core.Assertions;

/// <summary>Rows as people write them: numbers and truth values stand for the texts that they have in a file.</summary>
public sealed class RowTextsConverter : JsonConverter<IReadOnlyList<IReadOnlyDictionary<string, string?>>>
{
    public override IReadOnlyList<IReadOnlyDictionary<string, string?>> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return Read(document.RootElement);
    }

    /// <param name="rows">A list of objects.</param>
    /// <exception cref="JsonException">It is none; the message says place, found and expected.</exception>
    public static IReadOnlyList<IReadOnlyDictionary<string, string?>> Read(JsonElement rows)
    {
        if (rows.ValueKind != JsonValueKind.Array) throw new JsonException($"Found {Name(rows)} as rows, expected a list of objects.");
        var read = new List<IReadOnlyDictionary<string, string?>>();
        foreach (var row in rows.EnumerateArray())
        {
            if (row.ValueKind != JsonValueKind.Object) throw new JsonException($"Row {read.Count + 1}: found {Name(row)}, expected an object of values by column.");
            var texts = new Dictionary<string, string?>(StringComparer.Ordinal);
            foreach (var value in row.EnumerateObject())
                texts[value.Name] = value.Value.ValueKind switch
                {
                    JsonValueKind.Null => null,
                    JsonValueKind.String => value.Value.GetString(),
                    JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.Value.GetRawText(),
                    _ => throw new JsonException($"Row {read.Count + 1}, column '{value.Name}': found {Name(value.Value)}, expected a text, a number, true, false or null."),
                };
            read.Add(texts);
        }
        return read;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<IReadOnlyDictionary<string, string?>> value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var row in value)
        {
            writer.WriteStartObject();
            foreach (var (column, text) in row) writer.WriteString(column, text);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static string Name(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        JsonValueKind.Null => "null",
        _ => $"'{value}'",
    };
}
