using System.Text.Encodings.Web;
using System.Text.Json;

namespace ModelWorkbench.Core.Serving;

/// <summary>Names that are written with every answer, escaped once.</summary>
public sealed class JsonNames
{
    private readonly JsonEncodedText[] _encoded;

    public JsonNames(IEnumerable<string> names) => _encoded = [.. names.Select(name => JsonEncodedText.Encode(name, JavaScriptEncoder.UnsafeRelaxedJsonEscaping))];

    public int Count => _encoded.Length;

    public JsonEncodedText this[int index] => _encoded[index];
}
