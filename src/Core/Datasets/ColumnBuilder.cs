namespace ModelWorkbench.Core.Datasets;

/// <summary>Takes the field texts of one column in row order and becomes the column, part after part.</summary>
internal abstract class ColumnBuilder
{
    /// <summary>What a value of this column has to look like, for messages.</summary>
    public abstract string Expected { get; }

    /// <summary>Begins a part of the column, all missing.</summary>
    public abstract void Start(int rowCount);

    /// <summary>Stores a value; one that does not fit is missing.</summary>
    /// <param name="row">0-based in the part.</param>
    /// <param name="written">The field as it stands in the file.</param>
    /// <param name="trimmed">The same without surrounding blanks; not a missing mark.</param>
    /// <returns>Whether it fits.</returns>
    public abstract bool Set(int row, ReadOnlySpan<char> written, ReadOnlySpan<char> trimmed);

    /// <summary>Ends the part.</summary>
    /// <param name="name">The column's name.</param>
    /// <param name="rowCount">At most what <see cref="Start"/> was told.</param>
    public abstract Column Build(string name, int rowCount);

    public static ColumnBuilder Create(ColumnEvidence evidence, NumberParser numbers) => evidence.Kind switch
    {
        ColumnKind.Numeric => new Numbers(numbers),
        ColumnKind.DateTime => new Dates(new DateParser(evidence.DateOrder)),
        ColumnKind.Boolean => new Words(ColumnKind.Boolean, evidence.BooleanPair, evidence.BooleanPair is null ? evidence.Distinct : null),
        ColumnKind.Category => new Words(ColumnKind.Category, null, evidence.Distinct),
        var kind => new Words(kind, null, null),
    };

    private sealed class Numbers(NumberParser parser) : ColumnBuilder
    {
        private double[] _values = [];

        public override string Expected => "a finite number";

        public override void Start(int rowCount)
        {
            _values = new double[rowCount];
            Array.Fill(_values, double.NaN);
        }

        public override bool Set(int row, ReadOnlySpan<char> written, ReadOnlySpan<char> trimmed) => parser.Parse(trimmed, out _values[row]) == NumberFit.Number;

        public override Column Build(string name, int rowCount)
        {
            Array.Resize(ref _values, rowCount);
            return new NumericColumn(name, _values);
        }
    }

    private sealed class Dates(DateParser parser) : ColumnBuilder
    {
        private long[] _ticks = [];

        public override string Expected => $"a date written {parser.Example}";

        public override void Start(int rowCount)
        {
            _ticks = new long[rowCount];
            Array.Fill(_ticks, DateTimeColumn.MissingTicks);
        }

        public override bool Set(int row, ReadOnlySpan<char> written, ReadOnlySpan<char> trimmed) => parser.TryParse(trimmed, out _ticks[row]);

        public override Column Build(string name, int rowCount)
        {
            Array.Resize(ref _ticks, rowCount);
            return new DateTimeColumn(name, _ticks);
        }
    }

    /// <summary>Codes of a category or boolean column go on from part to part; those of a text column start anew, as its texts would not fit into memory.</summary>
    private sealed class Words : ColumnBuilder
    {
        /// <summary>More different values than this in a column that a person declared a category would take the memory.</summary>
        private const int MaxCategories = 1_000_000;

        private readonly ColumnKind _kind;
        private readonly (string True, string False)? _pair;
        private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
        private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
        private readonly RecentTexts _recent = new();
        private int[] _codes = [];
        private string[] _values = [];

        public Words(ColumnKind kind, (string True, string False)? pair, IReadOnlyCollection<string>? known)
        {
            _kind = kind;
            _pair = pair;
            _lookup = _index.GetAlternateLookup<ReadOnlySpan<char>>();
            foreach (var value in known ?? []) _index.Add(value, _index.Count);
        }

        public override string Expected => _pair is var (yes, no) ? $"{yes} or {no}" : "text";

        public override void Start(int rowCount)
        {
            _codes = new int[rowCount];
            Array.Fill(_codes, DictionaryColumn.MissingCode);
            if (_kind != ColumnKind.Text) return;
            _index.Clear();
            _recent.Clear();
        }

        public override bool Set(int row, ReadOnlySpan<char> written, ReadOnlySpan<char> trimmed)
        {
            if (_pair is { } pair && !BooleanWords.Holds(pair, trimmed)) return false;
            // Blanks around a name mean nothing; text is kept as written.
            var value = _kind == ColumnKind.Text ? written : trimmed;
            var code = _recent.Find(value);
            if (code < 0)
            {
                if (!_lookup.TryGetValue(value, out var text, out code))
                {
                    code = _index.Count;
                    if (code == MaxCategories && _kind != ColumnKind.Text)
                        throw new CsvFormatException($"A column that was declared {_kind.ToString().ToLowerInvariant()} has more than {MaxCategories:N0} different values, '{trimmed}' among them. Expected fewer; as text it can be kept.");
                    text = value.ToString();
                    _index.Add(text, code);
                }
                if (value.Length <= 64) _recent.Add(text, code);
            }
            _codes[row] = code;
            return true;
        }

        public override Column Build(string name, int rowCount)
        {
            Array.Resize(ref _codes, rowCount);
            if (_kind == ColumnKind.Text || _values.Length != _index.Count) _values = [.. _index.Keys];
            return new DictionaryColumn(name, _kind, _codes, _values);
        }
    }
}
