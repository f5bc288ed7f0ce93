namespace ModelWorkbench.Core.Datasets;

/// <summary>Takes the field texts of one column in row order and becomes the column.</summary>
internal abstract class ColumnBuilder
{
    /// <summary>What a value of this column has to look like, for messages.</summary>
    public abstract string Expected { get; }

    /// <summary>Stores a value; one that does not fit is missing.</summary>
    /// <param name="row">0-based.</param>
    /// <param name="written">The field as it stands in the file.</param>
    /// <param name="trimmed">The same without surrounding blanks; not a missing mark.</param>
    /// <returns>Whether it fits.</returns>
    public abstract bool Set(int row, ReadOnlySpan<char> written, ReadOnlySpan<char> trimmed);

    public abstract Column Build(string name);

    public static ColumnBuilder Create(ColumnEvidence evidence, NumberParser numbers, int rowCount) => evidence.Kind switch
    {
        ColumnKind.Numeric => new Numbers(numbers, rowCount),
        ColumnKind.DateTime => new Dates(new DateParser(evidence.DateOrder), rowCount),
        ColumnKind.Boolean => new Words(ColumnKind.Boolean, rowCount, evidence.BooleanPair),
        var kind => new Words(kind, rowCount, pair: null),
    };

    private sealed class Numbers : ColumnBuilder
    {
        private readonly NumberParser _parser;
        private readonly double[] _values;

        public Numbers(NumberParser parser, int rowCount)
        {
            _parser = parser;
            _values = new double[rowCount];
            Array.Fill(_values, double.NaN);
        }

        public override string Expected => "a finite number";
        public override bool Set(int row, ReadOnlySpan<char> written, ReadOnlySpan<char> trimmed) => _parser.Parse(trimmed, out _values[row]) == NumberFit.Number;
        public override Column Build(string name) => new NumericColumn(name, _values);
    }

    private sealed class Dates : ColumnBuilder
    {
        private readonly DateParser _parser;
        private readonly long[] _ticks;

        public Dates(DateParser parser, int rowCount)
        {
            _parser = parser;
            _ticks = new long[rowCount];
            Array.Fill(_ticks, DateTimeColumn.MissingTicks);
        }

        public override string Expected => $"a date written {_parser.Example}";
        public override bool Set(int row, ReadOnlySpan<char> written, ReadOnlySpan<char> trimmed) => _parser.TryParse(trimmed, out _ticks[row]);
        public override Column Build(string name) => new DateTimeColumn(name, _ticks);
    }

    private sealed class Words : ColumnBuilder
    {
        private readonly ColumnKind _kind;
        private readonly (string True, string False)? _pair;
        private readonly int[] _codes;
        private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
        private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;

        public Words(ColumnKind kind, int rowCount, (string True, string False)? pair)
        {
            _kind = kind;
            _pair = pair;
            _codes = new int[rowCount];
            Array.Fill(_codes, DictionaryColumn.MissingCode);
            _lookup = _index.GetAlternateLookup<ReadOnlySpan<char>>();
        }

        public override string Expected => _pair is var (yes, no) ? $"{yes} or {no}" : "text";

        public override bool Set(int row, ReadOnlySpan<char> written, ReadOnlySpan<char> trimmed)
        {
            if (_pair is { } pair && !BooleanWords.Holds(pair, trimmed)) return false;
            // Blanks around a name mean nothing; text is kept as written.
            var value = _kind == ColumnKind.Text ? written : trimmed;
            if (!_lookup.TryGetValue(value, out var code))
            {
                code = _index.Count;
                _lookup[value] = code;
            }
            _codes[row] = code;
            return true;
        }

        public override Column Build(string name) => new DictionaryColumn(name, _kind, _codes, [.. _index.Keys]);
    }
}
