namespace ModelWorkbench.Core.Trainers;

/// <summary>Numbers that a trainer learns from: one row a record, one column a feature; row-major.</summary>
/// <param name="Values">Length <c>RowCount * Names.Count</c>; NaN is missing where the encoding keeps missing values.</param>
/// <param name="RowCount">The number of records.</param>
/// <param name="Names">One name a feature, such as <c>age</c> or <c>sex=male</c>.</param>
public sealed record FeatureMatrix(float[] Values, int RowCount, IReadOnlyList<string> Names)
{
    public int FeatureCount => Names.Count;
    public ReadOnlySpan<float> Row(int row) => Values.AsSpan(row * Names.Count, Names.Count);

    /// <summary>Copies the features of a row as doubles.</summary>
    /// <param name="into">Length <see cref="FeatureCount"/>.</param>
    public void Read(int row, Span<double> into)
    {
        var values = Row(row);
        for (var j = 0; j < values.Length; j++) into[j] = values[j];
    }
}

/// <summary>Features with the truth beside them.</summary>
/// <param name="Features">n rows.</param>
/// <param name="Labels">One a row: the 0-based class, or the number; never NaN; length n.</param>
/// <param name="Task">What is to be learnt.</param>
/// <param name="ClassCount">Number of classes; 1 for regression.</param>
/// <param name="Weights">How much each row counts, finite and not below 0, not all 0; null where all count alike; length n.</param>
public sealed record TrainingData(FeatureMatrix Features, float[] Labels, LearningTask Task, int ClassCount, float[]? Weights = null)
{
    public TrainingShape Shape => new(Task, Features.RowCount, Features.FeatureCount, ClassCount);

    /// <summary>Some of the rows, copied.</summary>
    /// <param name="rows">0-based, in the order in which they are wanted.</param>
    public TrainingData Take(int[] rows)
    {
        var count = Features.FeatureCount;
        var values = new float[(long)rows.Length * count];
        for (var i = 0; i < rows.Length; i++) Features.Row(rows[i]).CopyTo(values.AsSpan(i * count, count));
        return this with
        {
            Features = new FeatureMatrix(values, rows.Length, Features.Names),
            Labels = Array.ConvertAll(rows, r => Labels[r]),
            Weights = Weights is { } weights ? Array.ConvertAll(rows, r => weights[r]) : null,
        };
    }
}
