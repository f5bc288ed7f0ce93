using System.Text.Json.Serialization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Trainers;

/// <summary>Learns how columns become features from the training rows alone.</summary>
public static class FeatureEncoder
{
    /// <summary>Features that all one-hot columns together may make. Where they would make more, each keeps so many of its most frequent values that they fit; the others are none of these.</summary>
    public const int MaximumOneHotFeatures = 5_000;

    /// <param name="trainingFeatures">Training rows, the feature columns only: the target is already removed.</param>
    /// <param name="encoding">What the trainer asks for.</param>
    /// <param name="cancellationToken">Stops between columns, and inside long texts.</param>
    /// <remarks>A column that is constant or wholly missing in training yields no feature.</remarks>
    public static FittedFeatureEncoder Fit(Table trainingFeatures, FeatureEncoding encoding, CancellationToken cancellationToken)
    {
        var encoders = new List<ColumnEncoder>();
        var most = encoding == FeatureEncoding.OneHotStandardized ? OneHotValues(trainingFeatures.Columns) : OneHotEncoder.MaximumValues;
        foreach (var column in trainingFeatures.Columns)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var encoder = column.Kind switch
            {
                ColumnKind.Numeric => NumericEncoder.Fit(column, encoding),
                ColumnKind.Category or ColumnKind.Boolean => CategoryCodeEncoder.Fit(column, encoding, most),
                ColumnKind.DateTime => DateTimeEncoder.Fit(column, encoding),
                ColumnKind.Text => TextEncoder.Fit(column, cancellationToken),
                _ => throw new ArgumentOutOfRangeException(nameof(trainingFeatures), column.Kind, $"Column '{column.Name}' has an unknown kind."),
            };
            if (encoder is not null) encoders.Add(encoder);
        }
        return new FittedFeatureEncoder(encoding, encoders);
    }

    /// <summary>Features that these columns become at most, told without looking at their rows.</summary>
    internal static int CountAtMost(IEnumerable<Column> columns, FeatureEncoding encoding)
    {
        var all = columns.ToArray();
        var marks = encoding == FeatureEncoding.OneHotStandardized ? 1 : 0;
        var most = OneHotValues(all);
        return all.Sum(column => column.Kind switch
        {
            ColumnKind.Category or ColumnKind.Boolean => marks == 0 ? 1 : marks + Math.Min(most, DistinctAtMost(column)),
            ColumnKind.DateTime => marks + Enum.GetValues<DatePart>().Length,
            ColumnKind.Text => Math.Min(TextEncoder.MaximumWords, column.Length),
            _ => 1 + marks,
        });
    }

    /// <summary>Values of each one-hot column that get a feature.</summary>
    private static int OneHotValues(IEnumerable<Column> columns)
    {
        int[] counts = [.. columns.Where(c => c.Kind is ColumnKind.Category or ColumnKind.Boolean).Select(DistinctAtMost)];
        var most = OneHotEncoder.MaximumValues;
        while (most > 1 && counts.Sum(c => (long)Math.Min(most, c)) > MaximumOneHotFeatures) most--;
        return most;
    }

    // The list of values may hold some that no row has any more.
    private static int DistinctAtMost(Column column) => column is DictionaryColumn texts ? Math.Min(texts.Values.Count, column.Length) : 2;
}

/// <summary>How columns become features, learnt and frozen: a row gets the same features in training and at prediction.</summary>
public sealed record FittedFeatureEncoder
{
    /// <param name="encoding">For which kind of trainer.</param>
    /// <param name="columns">One a source column that yields features, in feature order.</param>
    [JsonConstructor]
    public FittedFeatureEncoder(FeatureEncoding encoding, IReadOnlyList<ColumnEncoder> columns)
    {
        Encoding = encoding;
        Columns = columns;
        FeatureNames = [.. columns.SelectMany(c => c.FeatureNames)];
        SourceColumns = [.. columns.SelectMany(c => c.FeatureNames.Select(_ => c.Column))];
    }

    [JsonConverter(typeof(JsonStringEnumConverter<FeatureEncoding>))]
    public FeatureEncoding Encoding { get; }

    public IReadOnlyList<ColumnEncoder> Columns { get; }

    [JsonIgnore]
    public IReadOnlyList<string> FeatureNames { get; }

    /// <summary>One a feature: the column it came from.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> SourceColumns { get; }

    /// <summary>Columns are found by name and may be of another kind than in training: their values are then converted through text, and what cannot be is missing.</summary>
    /// <exception cref="ArgumentException">A column that the features need is not in the table.</exception>
    /// <exception cref="TrainingFailedException">The matrix would not fit into memory.</exception>
    public FeatureMatrix Encode(Table rows)
    {
        var size = (long)rows.RowCount * FeatureNames.Count;
        if (size > Array.MaxLength)
            throw new TrainingFailedException($"{rows.RowCount:N0} rows with {FeatureNames.Count:N0} features make {size:N0} numbers; at most {Array.MaxLength:N0} fit.");
        var values = new float[size];
        var first = 0;
        foreach (var encoder in Columns)
        {
            var column = rows.Find(encoder.Column)
                ?? throw new ArgumentException($"Column '{encoder.Column}' is missing. The columns are: {string.Join(", ", rows.Columns.Select(c => c.Name))}.", nameof(rows));
            encoder.Encode(column, values, first, FeatureNames.Count);
            first += encoder.FeatureNames.Count;
        }
        return new FeatureMatrix(values, rows.RowCount, FeatureNames);
    }
}
