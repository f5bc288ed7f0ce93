using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Exports.Onnx;

/// <summary>Features out of prepared columns, as the encoder of the model makes them: floats, shape [rows, features].</summary>
internal static class OnnxFeatures
{
    /// <param name="graph">Where it is added.</param>
    /// <param name="encoder">Of at least one feature.</param>
    /// <param name="columns">After all steps.</param>
    /// <param name="reasons">Told of every column that features cannot be made of.</param>
    /// <returns>Null where there is such a column.</returns>
    public static string? Encode(OnnxGraph graph, FittedFeatureEncoder encoder, IReadOnlyDictionary<string, OnnxColumn> columns, Action<string> reasons)
    {
        var (features, complete) = (new List<string>(), true);
        foreach (var column in encoder.Columns)
        {
            try
            {
                var values = columns.GetValueOrDefault(column.Column) ?? throw new OnnxException($"Column {column.Column} is not there after the steps.");
                if (values is OnnxColumn.Refused refused) throw new OnnxException(refused.Reason);
                features.AddRange(Encode(graph, column, values));
            }
            catch (OnnxException e)
            {
                complete = false;
                reasons(e.Message);
            }
        }
        if (!complete) return null;
        return features.Count == 1 ? features[0] : graph.AddWith("Concat", [.. features], ("axis", 1L));
    }

    private static IEnumerable<string> Encode(OnnxGraph graph, ColumnEncoder encoder, OnnxColumn column)
    {
        switch (encoder)
        {
            case NumericEncoder numeric when column is OnnxColumn.Numbers numbers:
                if (numeric.Value is { } feature) yield return Feature(graph, feature, numbers.Value);
                if (numeric.MarksMissing) yield return graph.Cast(graph.Missing(column), OnnxGraph.Float);
                break;
            case CategoryCodeEncoder codes:
                var positions = graph.Cast(graph.Positions(column, codes.Values, -1, -1), OnnxGraph.Float);
                yield return graph.Where(graph.Add("Less", positions, graph.Floats([0])), graph.Floats([codes.FillsMissing ? 0 : float.NaN]), positions);
                break;
            case OneHotEncoder oneHot:
                var width = oneHot.FeatureNames.Count;
                var position = graph.Positions(column, oneHot.Values, -1, oneHot.MarksMissing ? oneHot.Values.Count : -1);
                yield return graph.Cast(graph.Add("Equal", position, graph.Ints([.. Enumerable.Range(0, width).Select(i => (long)i)], 1, width)), OnnxGraph.Float);
                break;
            case DateTimeEncoder parts when column is OnnxColumn.Dates dates:
                foreach (var (part, own) in parts.Parts) yield return Feature(graph, own, graph.Where(dates.Missing, graph.Number(double.NaN), Part(graph, dates, part, parts.OriginTicks)));
                if (parts.MarksMissing) yield return graph.Cast(dates.Missing, OnnxGraph.Float);
                break;
            case TextEncoder:
                throw new OnnxException($"Column {encoder.Column} is free text, which the model takes apart into words; ONNX has no operator that does it alike.");
            default:
                throw new OnnxException($"Column {encoder.Column} is encoded from {column.Kind.ToString().ToLowerInvariant()} values, which has no counterpart in ONNX.");
        }
    }

    private static string Feature(OnnxGraph graph, NumericFeature feature, string x)
    {
        if (feature.Fill is { } fill) x = graph.Where(graph.Add("IsNaN", x), graph.Number(fill), x);
        if (feature.Mean != 0) x = graph.Add("Sub", x, graph.Number(feature.Mean));
        if (feature.Scale != 1) x = graph.Add("Div", x, graph.Number(feature.Scale));
        return graph.Cast(graph.Clamp(x, float.MinValue, float.MaxValue), OnnxGraph.Float);
    }

    private static string Part(OnnxGraph graph, OnnxColumn.Dates dates, DatePart part, long origin) => part switch
    {
        DatePart.Year => graph.Cast(dates.Year, OnnxGraph.Double),
        DatePart.Month => graph.Cast(dates.Month, OnnxGraph.Double),
        DatePart.DayOfYear => graph.Cast(graph.DayOfYear(dates), OnnxGraph.Double),
        DatePart.DayOfWeek => graph.Cast(graph.DayOfWeek(dates), OnnxGraph.Double),
        DatePart.Hour => graph.Hour(dates),
        _ => graph.DaysSince(dates, origin),
    };
}
