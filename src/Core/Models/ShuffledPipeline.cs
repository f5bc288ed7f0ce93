using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Models;

/// <summary>Scores the same rows again and again, each time with some source columns taken from other rows.</summary>
/// <remarks>Rows are encoded once. Features that come from shuffled columns alone are moved as they are, which gives the same numbers as encoding the shuffled rows; where a feature comes from a shuffled column and another, recipe and encoder run anew. Safe for several threads.</remarks>
public sealed class ShuffledPipeline
{
    private readonly FittedPipeline _pipeline;
    private readonly Table _rows;
    private readonly FeatureMatrix _features;

    // One a feature: the source columns that it comes from.
    private readonly IReadOnlyList<string>[] _sources;

    /// <param name="pipeline">The model.</param>
    /// <param name="rows">Source rows.</param>
    public ShuffledPipeline(FittedPipeline pipeline, Table rows)
    {
        (_pipeline, _rows) = (pipeline, rows);
        _features = pipeline.Encoder.Encode(pipeline.Recipe.ReplayAtPrediction(rows));
        var sources = ColumnSources.Through(pipeline.Recipe);
        _sources = [.. pipeline.Encoder.SourceColumns.Select(sources.Of)];
    }

    /// <param name="columns">Source columns whose values move; none for the rows as they are.</param>
    /// <param name="order">From which row each row takes them; one a row.</param>
    /// <returns>Row-major: probabilities of the classes, or the number.</returns>
    public double[] Predict(IReadOnlyList<string> columns, int[] order)
    {
        var moved = new List<int>();
        for (var feature = 0; feature < _sources.Length; feature++)
        {
            if (!_sources[feature].Any(columns.Contains)) continue;
            if (!_sources[feature].All(columns.Contains)) return _pipeline.Predict(columns.Aggregate(_rows, (mixed, name) => mixed.With(_rows[name].Take(order))));
            moved.Add(feature);
        }
        var (width, values) = (_features.FeatureCount, _features.Values);
        if (moved.Count > 0)
        {
            values = [.. values];
            foreach (var feature in moved)
                for (var row = 0; row < order.Length; row++) values[((long)row * width) + feature] = _features.Values[((long)order[row] * width) + feature];
        }
        var outputs = new double[_features.RowCount * _pipeline.Scorer.OutputCount];
        _pipeline.Scorer.ScoreRows(values, width, _features.RowCount, outputs);
        return outputs;
    }
}
