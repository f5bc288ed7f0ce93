using System.Globalization;
using System.Text.Json.Serialization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Trainers;

/// <summary>How one column becomes features, with everything learnt from the training rows.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(NumericEncoder), "numeric")]
[JsonDerivedType(typeof(CategoryCodeEncoder), "category-codes")]
[JsonDerivedType(typeof(OneHotEncoder), "one-hot")]
[JsonDerivedType(typeof(DateTimeEncoder), "date-time")]
[JsonDerivedType(typeof(TextEncoder), "text")]
public abstract record ColumnEncoder(string Column)
{
    /// <summary>At least one.</summary>
    [JsonIgnore]
    public abstract IReadOnlyList<string> FeatureNames { get; }

    /// <summary>Writes this column's features for all rows.</summary>
    /// <param name="column">Of any kind: values that cannot be converted are missing.</param>
    /// <param name="values">The row-major feature matrix, all zero where this encoder writes.</param>
    /// <param name="first">Index of this encoder's first feature.</param>
    /// <param name="stride">Features a row.</param>
    public abstract void Encode(Column column, float[] values, int first, int stride);

    /// <summary>An encoder of some of the features, which have the same values; null where none are left.</summary>
    /// <param name="features">One a feature: whether it is wanted. Where features hang on one another all stay if any is.</param>
    public virtual ColumnEncoder? Keep(ReadOnlySpan<bool> features) => features.Contains(true) ? this : null;

    /// <summary>One result a row; each distinct value of a dictionary column is mapped once.</summary>
    private protected static T[] MapTexts<T>(Column column, Func<string?, T> map)
    {
        var mapped = new T[column.Length];
        var missing = map(null);
        // After Take the list of values may be far longer than the rows.
        if (column is DictionaryColumn dictionary && dictionary.Values.Count <= dictionary.Length)
        {
            var byCode = new T[dictionary.Values.Count];
            for (var code = 0; code < byCode.Length; code++) byCode[code] = map(dictionary.Values[code]);
            var codes = dictionary.Codes;
            for (var row = 0; row < mapped.Length; row++) mapped[row] = codes[row] < 0 ? missing : byCode[codes[row]];
            return mapped;
        }
        for (var row = 0; row < mapped.Length; row++) mapped[row] = column.GetText(row) is { } text ? map(text) : missing;
        return mapped;
    }

    internal static string MissingName(string column) => $"{column} missing";
}

/// <summary>One number as a feature: filled where a value is missing, then shifted and scaled.</summary>
/// <param name="Name">The feature's name.</param>
/// <param name="Fill">What stands for a missing value; null keeps it missing (NaN).</param>
/// <param name="Mean">Subtracted.</param>
/// <param name="Scale">Divided by; above 0.</param>
public sealed record NumericFeature(string Name, double? Fill, double Mean, double Scale)
{
    public float Apply(double value)
    {
        if (double.IsNaN(value))
        {
            if (Fill is not { } fill) return float.NaN;
            value = fill;
        }
        // Beyond the range of float a huge number stays a huge number rather than infinite, which linear models could not bear.
        return (float)Math.Clamp((value - Mean) / Scale, float.MinValue, float.MaxValue);
    }

    /// <summary>Learns fill and scale; null where the feature would be constant on the training rows.</summary>
    internal static NumericFeature? Fit(string name, double[] values, FeatureEncoding encoding)
    {
        var present = Array.FindAll(values, v => !double.IsNaN(v));
        if (present.Length == 0) return null;
        Array.Sort(present);
        var hasMissing = present.Length < values.Length;
        if (present[0] == present[^1] && !(hasMissing && encoding == FeatureEncoding.Codes)) return null;
        var middle = present.Length / 2;
        var median = present.Length % 2 == 1 ? present[middle] : present[middle - 1] / 2 + present[middle] / 2;
        // Trees that met no missing value have learnt no way for it; LightGBM's would take it as 0.
        if (encoding == FeatureEncoding.Codes) return new NumericFeature(name, hasMissing ? null : median, 0, 1);
        if (encoding == FeatureEncoding.FilledCodes) return new NumericFeature(name, median, 0, 1);

        double count = values.Length, missing = values.Length - present.Length;
        var mean = present.Sum(v => v / count) + median * (missing / count);
        var variance = present.Sum(v => (v - mean) * (v - mean) / count) + (median - mean) * (median - mean) * (missing / count);
        var deviation = Math.Sqrt(variance);
        return double.IsFinite(deviation) && deviation > 0 ? new NumericFeature(name, median, mean, deviation) : null;
    }
}

/// <summary>A number as one feature, and where asked for a second that marks missing values.</summary>
/// <param name="Column">The source column.</param>
/// <param name="Value">Null where only missingness varied.</param>
/// <param name="MarksMissing">Whether a feature of its own is 1 where the value is missing.</param>
public sealed record NumericEncoder(string Column, NumericFeature? Value, bool MarksMissing) : ColumnEncoder(Column)
{
    public override IReadOnlyList<string> FeatureNames { get; } =
        [.. Value is null ? Array.Empty<string>() : [Value.Name], .. MarksMissing ? [MissingName(Column)] : Array.Empty<string>()];

    public override ColumnEncoder? Keep(ReadOnlySpan<bool> features)
    {
        var value = Value is not null && features[0] ? Value : null;
        var marks = MarksMissing && features[^1];
        return value is null && !marks ? null : new NumericEncoder(Column, value, marks);
    }

    public override void Encode(Column column, float[] values, int first, int stride)
    {
        var numbers = Numbers(column);
        for (var row = 0; row < numbers.Length; row++) Encode(numbers[row], values.AsSpan(row * stride + first));
    }

    /// <summary>Writes the features of one value, NaN being missing.</summary>
    internal void Encode(double number, Span<float> features)
    {
        if (Value is not null) features[0] = Value.Apply(number);
        if (MarksMissing) features[Value is null ? 0 : 1] = double.IsNaN(number) ? 1 : 0;
    }

    internal static ColumnEncoder? Fit(Column column, FeatureEncoding encoding)
    {
        var numbers = Numbers(column).ToArray();
        var feature = NumericFeature.Fit(column.Name, numbers, encoding);
        var missing = numbers.Count(double.IsNaN);
        var marks = encoding == FeatureEncoding.OneHotStandardized && missing > 0 && missing < numbers.Length;
        return feature is null && !marks ? null : new NumericEncoder(column.Name, feature, marks);
    }

    private static ReadOnlySpan<double> Numbers(Column column) => column is NumericColumn numeric
        ? numeric.Values
        : MapTexts(column, text => text is not null && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN);
}

/// <summary>A date as calendar parts and as days since the earliest training date.</summary>
/// <param name="Column">The source column.</param>
/// <param name="OriginTicks">The earliest training date in UTC ticks.</param>
/// <param name="Parts">Those that varied in training.</param>
/// <param name="MarksMissing">As in <see cref="NumericEncoder"/>.</param>
public sealed record DateTimeEncoder(string Column, long OriginTicks, IReadOnlyList<DatePartFeature> Parts, bool MarksMissing) : ColumnEncoder(Column)
{
    public override IReadOnlyList<string> FeatureNames { get; } =
        [.. Parts.Select(p => p.Feature.Name), .. MarksMissing ? [MissingName(Column)] : Array.Empty<string>()];

    public override ColumnEncoder? Keep(ReadOnlySpan<bool> features)
    {
        var parts = new List<DatePartFeature>();
        for (var i = 0; i < Parts.Count; i++)
            if (features[i]) parts.Add(Parts[i]);
        var marks = MarksMissing && features[^1];
        return parts.Count == 0 && !marks ? null : new DateTimeEncoder(Column, OriginTicks, parts, marks);
    }

    public override void Encode(Column column, float[] values, int first, int stride)
    {
        var ticks = Ticks(column);
        for (var row = 0; row < ticks.Length; row++) Encode(ticks[row], values.AsSpan(row * stride + first));
    }

    /// <summary>Writes the features of one moment.</summary>
    /// <param name="ticks">UTC ticks or <see cref="DateTimeColumn.MissingTicks"/>.</param>
    /// <param name="features">As many as <see cref="FeatureNames"/>, or more.</param>
    internal void Encode(long ticks, Span<float> features)
    {
        for (var i = 0; i < Parts.Count; i++) features[i] = Parts[i].Feature.Apply(Part(Parts[i].Part, ticks, OriginTicks));
        if (MarksMissing) features[Parts.Count] = ticks == DateTimeColumn.MissingTicks ? 1 : 0;
    }

    internal static ColumnEncoder? Fit(Column column, FeatureEncoding encoding)
    {
        var ticks = Ticks(column).ToArray();
        var present = Array.FindAll(ticks, t => t != DateTimeColumn.MissingTicks);
        if (present.Length == 0) return null;
        var origin = present.Min();
        var parts = new List<DatePartFeature>();
        foreach (var part in Enum.GetValues<DatePart>())
        {
            var numbers = Array.ConvertAll(ticks, t => Part(part, t, origin));
            // A part that never varies says nothing, and missingness is already told by the others.
            if (present.All(t => Part(part, t, origin) == Part(part, origin, origin)) && (part != DatePart.Days || present.Length == ticks.Length)) continue;
            if (NumericFeature.Fit($"{column.Name} {Name(part)}", numbers, encoding) is { } feature) parts.Add(new DatePartFeature(part, feature));
        }
        var marks = encoding == FeatureEncoding.OneHotStandardized && present.Length < ticks.Length;
        return parts.Count == 0 && !marks ? null : new DateTimeEncoder(column.Name, origin, parts, marks);
    }

    private static double Part(DatePart part, long ticks, long origin)
    {
        if (ticks == DateTimeColumn.MissingTicks) return double.NaN;
        var moment = new DateTime(ticks, DateTimeKind.Utc);
        return part switch
        {
            DatePart.Year => moment.Year,
            DatePart.Month => moment.Month,
            DatePart.DayOfYear => moment.DayOfYear,
            DatePart.DayOfWeek => (int)moment.DayOfWeek,
            DatePart.Hour => moment.Hour,
            DatePart.Days => (double)(ticks - origin) / TimeSpan.TicksPerDay,
            _ => throw new ArgumentOutOfRangeException(nameof(part), part, null),
        };
    }

    private static string Name(DatePart part) => part switch
    {
        DatePart.DayOfYear => "day of year",
        DatePart.DayOfWeek => "day of week",
        _ => part.ToString().ToLowerInvariant(),
    };

    private static ReadOnlySpan<long> Ticks(Column column) => column switch
    {
        DateTimeColumn dates => dates.Ticks,
        NumericColumn => Enumerable.Repeat(DateTimeColumn.MissingTicks, column.Length).ToArray(),
        _ => MapTexts(column, text => text is not null && ColumnConversion.TryParseMoment(text, out var ticks) ? ticks : DateTimeColumn.MissingTicks),
    };
}

/// <summary>What is taken from a date; Sunday is day of week 0; days count from the earliest training date, with fractions.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DatePart>))]
public enum DatePart { Year, Month, DayOfYear, DayOfWeek, Hour, Days }

public sealed record DatePartFeature(DatePart Part, NumericFeature Feature);
