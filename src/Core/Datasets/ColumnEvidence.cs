namespace ModelWorkbench.Core.Datasets;

/// <summary>What has been seen of a column so far, in memory that does not grow with the rows: enough to decide its kind.</summary>
internal sealed class ColumnEvidence(NumberParser numbers, ColumnKind? chosenKind = null)
{
    /// <summary>More different values than this are text.</summary>
    private const int MaxCategories = 1000;
    private const int AlwaysCategories = 20;
    private const double MaxDistinctFraction = 0.5;
    private const double MaxMeanCategoryLength = 50;
    private const int MaxDistinctCharacters = 1_000_000;

    private readonly DateParser[] _dateParsers = [.. Enum.GetValues<DateOrder>().Select(order => new DateParser(order))];
    private readonly int[] _dateCounts = new int[DateParser.OrderCount];
    private readonly int[] _booleanCounts = new int[BooleanWords.PairsOnDemand.Count];
    private HashSet<string>? _distinct = new(StringComparer.Ordinal);
    private readonly RecentTexts _recent = new();
    private int _distinctCharacters;
    private long _totalLength;
    private int _valueCount;
    private int _numberCount;
    private int _notFiniteCount;
    private bool _mayBeDate = true;

    /// <summary>Whether a value occurs twice on average: then a value that occurs once stands out.</summary>
    public bool ValuesRepeat => _valueCount > 0 && _distinct is not null && _distinct.Count <= MaxDistinctFraction * _valueCount;

    /// <summary>Takes note of a value that is not missing.</summary>
    /// <param name="text">Without surrounding blanks.</param>
    public void Add(ReadOnlySpan<char> text)
    {
        if (_numberCount + _notFiniteCount == _valueCount)
        {
            var fit = numbers.Parse(text, out _);
            if (fit == NumberFit.Number) _numberCount++;
            else if (fit == NumberFit.NotFinite) _notFiniteCount++;
        }
        // Most values are no dates and most columns have said so by their first value.
        if (_mayBeDate || chosenKind == ColumnKind.DateTime) AddDate(text);
        if (chosenKind == ColumnKind.Boolean)
            for (var i = 0; i < _booleanCounts.Length; i++)
                if (BooleanWords.Holds(BooleanWords.PairsOnDemand[i], text)) _booleanCounts[i]++;
        _valueCount++;
        _totalLength += text.Length;
        AddDistinct(text);
    }

    private void AddDate(ReadOnlySpan<char> text)
    {
        _mayBeDate = false;
        for (var i = 0; i < _dateCounts.Length; i++)
        {
            if ((_dateCounts[i] == _valueCount || chosenKind == ColumnKind.DateTime) && _dateParsers[i].TryParse(text, out _)) _dateCounts[i]++;
            _mayBeDate |= _dateCounts[i] == _valueCount + 1;
        }
    }

    private void AddDistinct(ReadOnlySpan<char> text)
    {
        if (_distinct is null || _recent.Find(text) >= 0) return;
        var added = _distinct.GetAlternateLookup<ReadOnlySpan<char>>().Add(text);
        _recent.Add(text, 0);
        if (!added) return;
        _distinctCharacters += text.Length;
        if (_distinct.Count > MaxCategories || _distinctCharacters > MaxDistinctCharacters) _distinct = null;
    }

    public ColumnKind Kind => chosenKind ?? Decide();

    private ColumnKind Decide()
    {
        if (_numberCount > 0 && _numberCount + _notFiniteCount == _valueCount) return ColumnKind.Numeric;
        if (_distinct is { Count: 2 } two && BooleanWords.ArePair(two.First(), two.Last())) return ColumnKind.Boolean;
        if (_valueCount > 0 && _dateCounts.Count(count => count == _valueCount) == 1) return ColumnKind.DateTime;
        return IsCategory ? ColumnKind.Category : ColumnKind.Text;
    }

    /// <summary>The different values in order of first occurrence; null where there were too many to keep.</summary>
    public IReadOnlyCollection<string>? Distinct => _distinct;

    /// <summary>The kind of a column that holds texts whatever they look like.</summary>
    public ColumnKind TextKind
    {
        get
        {
            if (_distinct is { Count: 2 } two && BooleanWords.ArePair(two.First(), two.Last())) return ColumnKind.Boolean;
            return IsCategory ? ColumnKind.Category : ColumnKind.Text;
        }
    }

    private bool IsCategory => _valueCount == 0 ||
        (_distinct is not null && (_distinct.Count <= AlwaysCategories || _distinct.Count <= MaxDistinctFraction * _valueCount) && _totalLength < MaxMeanCategoryLength * _valueCount);

    /// <summary>The order in which most values can be read as dates; the first of <see cref="DateOrder"/> among equals.</summary>
    public DateOrder DateOrder => (DateOrder)Array.IndexOf(_dateCounts, _dateCounts.Max());

    /// <summary>Whether nothing in the column tells day from month.</summary>
    public bool DateIsAmbiguous =>
        DateOrder == DateOrder.MonthSlash && _dateCounts[(int)DateOrder.MonthSlash] == _dateCounts[(int)DateOrder.DaySlash] && _dateCounts.Max() > 0;

    /// <summary>The pair of words that most values belong to, the first among equals; null unless a person chose boolean.</summary>
    public (string True, string False)? BooleanPair =>
        chosenKind == ColumnKind.Boolean ? BooleanWords.PairsOnDemand[Array.IndexOf(_booleanCounts, _booleanCounts.Max())] : null;
}
