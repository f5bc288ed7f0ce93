using ModelWorkbench.Core.Models;

namespace ModelWorkbench.Workbench.Endpoints;

/// <summary>Real rows for snippets and forms: training rows that are kept in the model package.</summary>
public static class SampleRows
{
    /// <summary>The first kept row without missing values, or the first of all.</summary>
    public static IReadOnlyDictionary<string, string?> First(ModelManifest manifest)
    {
        var complete = manifest.Golden.Rows.ToList().FindIndex(row => row.All(value => value is not null));
        return At(manifest, Math.Max(0, complete));
    }

    /// <summary>Another kept row, by any number.</summary>
    public static IReadOnlyDictionary<string, string?> At(ModelManifest manifest, int number)
    {
        var rows = manifest.Golden.Rows;
        if (rows.Count == 0) return new Dictionary<string, string?>();
        var row = rows[number % rows.Count];
        return manifest.Signature.Inputs.Select((input, i) => (input.Name, Value: row[i])).ToDictionary(pair => pair.Name, pair => pair.Value);
    }
}
