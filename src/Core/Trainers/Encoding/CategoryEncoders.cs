using System.Collections.Frozen;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Trainers;

/// <summary>A category as one number: its rank by training frequency, 0 for the most frequent.</summary>
/// <param name="Column">The source column.</param>
/// <param name="Values">The training values by falling frequency, ties by character code.</param>
/// <param name="FillsMissing">Missing and unseen values become the most frequent code; otherwise they are NaN.</param>
public sealed record CategoryCodeEncoder(string Column, IReadOnlyList<string> Values, bool FillsMissing) : ColumnEncoder(Column)
{
    private readonly FrozenDictionary<string, float> _codes = Values.Index().ToFrozenDictionary(v => v.Item, v => (float)v.Index, StringComparer.Ordinal);

    public override IReadOnlyList<string> FeatureNames { get; } = [Column];

    public override void Encode(Column column, float[] values, int first, int stride)
    {
        var unknown = FillsMissing ? 0 : float.NaN;
        var codes = MapTexts(column, text => text is not null && _codes.TryGetValue(text, out var code) ? code : unknown);
        for (var row = 0; row < codes.Length; row++) values[row * stride + first] = codes[row];
    }

    /// <param name="mostValues">That get a feature of their own where the encoding is one-hot.</param>
    internal static ColumnEncoder? Fit(Column column, FeatureEncoding encoding, int mostValues)
    {
        if (encoding == FeatureEncoding.OneHotStandardized) return OneHotEncoder.FitOneHot(column, mostValues);
        var (values, missing) = ValuesByFrequency(column);
        var fills = encoding == FeatureEncoding.FilledCodes;
        var varies = values.Count > 1 || (values.Count == 1 && missing > 0 && !fills);
        return varies ? new CategoryCodeEncoder(column.Name, values, fills) : null;
    }

    internal static (IReadOnlyList<string> Values, int Missing) ValuesByFrequency(Column column)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var missing = 0;
        for (var row = 0; row < column.Length; row++)
        {
            if (column.GetText(row) is { } text) counts[text] = counts.GetValueOrDefault(text) + 1;
            else missing++;
        }
        return ([.. counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Select(c => c.Key)], missing);
    }
}

/// <summary>A category as one feature a value, 1 where the row has it; a value unseen in training is all zeros.</summary>
/// <param name="Column">The source column.</param>
/// <param name="Values">The most frequent training values, at most <see cref="MaximumValues"/>.</param>
/// <param name="MarksMissing">Whether a feature of its own is 1 where the value is missing.</param>
public sealed record OneHotEncoder(string Column, IReadOnlyList<string> Values, bool MarksMissing) : ColumnEncoder(Column)
{
    public const int MaximumValues = 100;

    private readonly FrozenDictionary<string, int> _index = Values.Index().ToFrozenDictionary(v => v.Item, v => v.Index, StringComparer.Ordinal);

    public override IReadOnlyList<string> FeatureNames { get; } =
        [.. Values.Select(v => $"{Column}={v}"), .. MarksMissing ? [MissingName(Column)] : Array.Empty<string>()];

    public override ColumnEncoder? Keep(ReadOnlySpan<bool> features)
    {
        var values = new List<string>();
        for (var i = 0; i < Values.Count; i++)
            if (features[i]) values.Add(Values[i]);
        var marks = MarksMissing && features[^1];
        return values.Count == 0 && !marks ? null : new OneHotEncoder(Column, values, marks);
    }

    public override void Encode(Column column, float[] values, int first, int stride)
    {
        var forMissing = MarksMissing ? Values.Count : -1;
        var features = MapTexts(column, text => text is null ? forMissing : _index.GetValueOrDefault(text, -1));
        for (var row = 0; row < features.Length; row++)
            if (features[row] >= 0) values[row * stride + first + features[row]] = 1;
    }

    internal static ColumnEncoder? FitOneHot(Column column, int mostValues)
    {
        var (values, missing) = CategoryCodeEncoder.ValuesByFrequency(column);
        if (values.Count == 0 || (values.Count == 1 && missing == 0)) return null;
        return new OneHotEncoder(column.Name, [.. values.Take(mostValues)], missing > 0);
    }
}
