using System.Globalization;

namespace ModelWorkbench.Core.Datasets;

/// <summary>A named column of values, immutable. Rows are 0-based.</summary>
public abstract class Column
{
    private protected Column(string name, ColumnKind kind, int length)
    {
        Name = name;
        Kind = kind;
        Length = length;
    }

    public string Name { get; }
    public ColumnKind Kind { get; }
    public int Length { get; }

    public abstract bool IsMissing(int row);

    /// <summary>The value as text in invariant form, or null where it is missing.</summary>
    public abstract string? GetText(int row);

    /// <summary>The same column with the given rows in the given order; a row may occur more than once.</summary>
    public abstract Column Take(ReadOnlySpan<int> rows);

    public abstract Column Rename(string name);

    public int CountMissing()
    {
        var missing = 0;
        for (var row = 0; row < Length; row++)
            if (IsMissing(row)) missing++;
        return missing;
    }
}

/// <summary>Numbers; NaN is missing.</summary>
public sealed class NumericColumn(string name, double[] values) : Column(name, ColumnKind.Numeric, values.Length)
{
    public ReadOnlySpan<double> Values => values;
    internal ReadOnlyMemory<double> Memory => values;
    public override bool IsMissing(int row) => double.IsNaN(values[row]);
    public override string? GetText(int row) => double.IsNaN(values[row]) ? null : values[row].ToString("R", CultureInfo.InvariantCulture);
    public override Column Rename(string name) => new NumericColumn(name, values);

    public override Column Take(ReadOnlySpan<int> rows)
    {
        var taken = new double[rows.Length];
        for (var i = 0; i < rows.Length; i++) taken[i] = values[rows[i]];
        return new NumericColumn(Name, taken);
    }
}

/// <summary>Category, text or boolean values as codes into a list of distinct values; code -1 is missing.</summary>
public sealed class DictionaryColumn : Column
{
    public const int MissingCode = -1;
    private readonly int[] _codes;
    private readonly string[] _values;

    /// <param name="name">The column's name.</param>
    /// <param name="kind">Category, text or boolean.</param>
    /// <param name="codes">One index into <paramref name="values"/> a row, or -1; length n.</param>
    /// <param name="values">The distinct values; some may occur in no row (after <see cref="Take"/>).</param>
    public DictionaryColumn(string name, ColumnKind kind, int[] codes, string[] values) : base(name, kind, codes.Length)
    {
        if (kind is ColumnKind.Numeric or ColumnKind.DateTime)
            throw new ArgumentException($"A dictionary column holds category, text or boolean values, not {kind}.", nameof(kind));
        _codes = codes;
        _values = values;
    }

    public ReadOnlySpan<int> Codes => _codes;
    public IReadOnlyList<string> Values => _values;
    public override bool IsMissing(int row) => _codes[row] < 0;
    public override string? GetText(int row) => _codes[row] < 0 ? null : _values[_codes[row]];
    public override Column Rename(string name) => new DictionaryColumn(name, Kind, _codes, _values);

    public override Column Take(ReadOnlySpan<int> rows)
    {
        var taken = new int[rows.Length];
        for (var i = 0; i < rows.Length; i++) taken[i] = _codes[rows[i]];
        return new DictionaryColumn(Name, Kind, taken, _values);
    }

    /// <summary>Builds a column from texts; null is missing.</summary>
    public static DictionaryColumn FromTexts(string name, ColumnKind kind, IReadOnlyList<string?> texts)
    {
        var codes = new int[texts.Count];
        var index = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var row = 0; row < codes.Length; row++)
        {
            if (texts[row] is not { } text) { codes[row] = MissingCode; continue; }
            if (!index.TryGetValue(text, out var code)) index.Add(text, code = index.Count);
            codes[row] = code;
        }
        return new DictionaryColumn(name, kind, codes, [.. index.Keys]);
    }
}

/// <summary>Moments in time as UTC ticks (100 ns since 0001-01-01); <see cref="MissingTicks"/> is missing.</summary>
public sealed class DateTimeColumn(string name, long[] ticks) : Column(name, ColumnKind.DateTime, ticks.Length)
{
    public const long MissingTicks = long.MinValue;
    public ReadOnlySpan<long> Ticks => ticks;
    public override bool IsMissing(int row) => ticks[row] == MissingTicks;
    public override Column Rename(string name) => new DateTimeColumn(name, ticks);

    /// <summary>ISO 8601: the date alone where the time of day is midnight.</summary>
    public override string? GetText(int row)
    {
        if (ticks[row] == MissingTicks) return null;
        var moment = new DateTime(ticks[row], DateTimeKind.Utc);
        return moment.ToString(moment.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture);
    }

    public override Column Take(ReadOnlySpan<int> rows)
    {
        var taken = new long[rows.Length];
        for (var i = 0; i < rows.Length; i++) taken[i] = ticks[rows[i]];
        return new DateTimeColumn(Name, taken);
    }
}
