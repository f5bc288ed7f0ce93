using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;

namespace ModelWorkbench.Core.Serving;

/// <summary>The rows of a request, typed and checked value by value. Made once and used for one request after the other, by one thread at a time.</summary>
/// <remarks>
/// Missing values: <c>null</c>, an empty text and a number that is none (NaN) are missing, in every column; the model treats them as the missing values of its training rows.
/// A category that was not seen in training counts as missing, with a warning (<see cref="InputColumn.ChoicesAreComplete"/>). A used column that is absent altogether is a problem.
/// A cell is 64 bits: those of a number, the ticks of a moment, or where a text stands (<see cref="MissingText"/>; the upper half then says where an unseen one does). No value allocates memory, except a text that is not among the choices.
/// </remarks>
public sealed class RowBatch
{
    /// <summary>So many problems, and so many warnings, are named; the others are not.</summary>
    public const int MostNamed = 100;

    /// <summary>Characters of one text.</summary>
    public const int MostCharacters = 65_536;

    private const long MissingText = -1;
    private const int KeptCells = 1 << 20;
    private static readonly long MissingNumber = BitConverter.DoubleToInt64Bits(double.NaN);

    private readonly Signature _signature;
    private readonly InputColumn[] _inputs;
    private readonly FrozenDictionary<string, int>.AlternateLookup<ReadOnlySpan<char>>?[] _choices;
    private readonly FrozenDictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _index;
    private readonly byte[][] _names;
    private readonly long[] _missing;
    private readonly int[] _givenFor;
    private readonly List<string> _texts = [];
    private readonly List<InputProblem> _problems = [];
    private readonly List<InputWarning> _warnings = [];
    private readonly List<string> _unknown = [];
    private long[] _cells;
    private char[] _characters = new char[256];

    public RowBatch(Signature signature)
    {
        _signature = signature;
        _inputs = [.. signature.Inputs];
        _choices = [.. signature.Choices.Select(c => c?.GetAlternateLookup<ReadOnlySpan<char>>())];
        _index = signature.Index.GetAlternateLookup<ReadOnlySpan<char>>();
        _names = [.. _inputs.Select(i => Encoding.UTF8.GetBytes(i.Name))];
        _missing = [.. _inputs.Select(i => i.Kind switch { ColumnKind.Numeric => MissingNumber, ColumnKind.DateTime => DateTimeColumn.MissingTicks, _ => MissingText })];
        _givenFor = new int[_inputs.Length];
        _cells = new long[_inputs.Length * 4];
        MissingCounts = new int[_inputs.Length];
        UnseenCounts = new int[_inputs.Length];
        OutsideCounts = new int[_inputs.Length];
    }

    public Signature Signature => _signature;

    public int RowCount { get; private set; }

    /// <summary>At most <see cref="MostNamed"/>; where there is one, the rows cannot be scored.</summary>
    public IReadOnlyList<InputProblem> Problems => _problems;

    /// <summary>At most <see cref="MostNamed"/>: values outside the training range, unseen categories, unknown columns.</summary>
    public IReadOnlyList<InputWarning> Warnings => _warnings;

    /// <summary>Columns of the request that the model does not have, in the order in which they were met.</summary>
    public IReadOnlyList<string> UnknownColumns => _unknown;

    /// <summary>How many rows were sent where they are more than allowed; null where they are not.</summary>
    public int? ExcessiveRowCount { get; private set; }

    /// <summary>Whether there are so many problems that reading on tells nothing more.</summary>
    public bool IsHopeless => _problems.Count >= MostNamed;

    /// <summary>One an input: values sent as missing, or counted so; filled in by <see cref="CountValues"/>.</summary>
    public int[] MissingCounts { get; }

    /// <summary>One an input: values that training rows did not have.</summary>
    public int[] UnseenCounts { get; }

    /// <summary>One an input: numbers outside the training range.</summary>
    public int[] OutsideCounts { get; }

    /// <summary>Forgets all rows, problems and warnings.</summary>
    public void Clear()
    {
        RowCount = 0;
        ExcessiveRowCount = null;
        Array.Clear(_givenFor);
        Array.Clear(MissingCounts);
        Array.Clear(UnseenCounts);
        Array.Clear(OutsideCounts);
        if (_texts.Count > 0) _texts.Clear();
        if (_problems.Count > 0) _problems.Clear();
        if (_warnings.Count > 0) _warnings.Clear();
        if (_unknown.Count > 0) _unknown.Clear();
        // One huge request must not hold its memory for ever.
        if (_cells.Length > KeptCells) _cells = new long[_inputs.Length * 4];
        if (_characters.Length > MostCharacters) _characters = new char[256];
    }

    /// <summary>Adds a row of missing values.</summary>
    public int AddRow()
    {
        var from = RowCount * _inputs.Length;
        if (from + _inputs.Length > _cells.Length) Array.Resize(ref _cells, checked(Math.Max(_cells.Length * 2, from + _inputs.Length)));
        _missing.CopyTo(_cells, from);
        return RowCount++;
    }

    /// <summary>Takes the last row back, with what was noted of it; for callers that keep the problems of each row apart.</summary>
    internal void RemoveLastRow()
    {
        RowCount--;
        _problems.Clear();
    }

    public void RefuseRows(int sent, int most)
    {
        ExcessiveRowCount = sent;
        Problem(null, null, $"{sent:N0} rows", $"at most {most:N0} rows in one request (MaxPredictionRows)");
    }

    /// <summary>Takes back the problems and warnings that were noted after the first so many.</summary>
    internal void Forget(int problems, int warnings)
    {
        if (_problems.Count > problems) _problems.RemoveRange(problems, _problems.Count - problems);
        if (_warnings.Count > warnings) _warnings.RemoveRange(warnings, _warnings.Count - warnings);
    }

    /// <summary>The name of an input in UTF-8.</summary>
    internal ReadOnlySpan<byte> NameBytes(int column) => _names[column];

    public bool TryFind(ReadOnlySpan<char> name, out int column) => _index.TryGetValue(name, out column);

    /// <summary>Room for a text of so many characters, in use until the next call.</summary>
    public Span<char> Room(int length)
    {
        if (length > _characters.Length) _characters = new char[Math.Max(length, _characters.Length * 2)];
        return _characters;
    }

    public void Problem(int? row, string? column, string found, string expected)
    {
        if (_problems.Count < MostNamed) _problems.Add(new InputProblem(row, column, found, expected));
    }

    /// <summary>Notes a column that the model does not have; each once.</summary>
    public void NoteUnknown(int row, string name)
    {
        if (_unknown.Contains(name)) return;
        // A row of thousands of made-up names must not cost the square of their number.
        if (_unknown.Count >= MostNamed) return;
        _unknown.Add(name);
        Warn(row, name, "The model has no such column; the value was not used.");
    }

    public void Warn(int row, string column, string message)
    {
        if (_warnings.Count < MostNamed) _warnings.Add(new InputWarning(row, column, message));
    }

    /// <summary>Marks a column as given in this row, whatever its value.</summary>
    public void MarkGiven(int row, int column) => _givenFor[column] = row + 1;

    /// <summary>Names the used columns that were not given in this row.</summary>
    public void CheckGiven(int row, string where)
    {
        foreach (var column in _signature.UsedIndexes)
            if (_givenFor[column] != row + 1) Problem(row, _inputs[column].Name, $"no such column in {where}", "a value, or null where it is missing");
    }

    public void SetMissing(int row, int column) => _cells[row * _inputs.Length + column] = _missing[column];

    /// <param name="value">NaN is missing.</param>
    /// <param name="found">The value as it was sent, for messages and for columns of texts; ASCII.</param>
    public void SetNumber(int row, int column, double value, ReadOnlySpan<byte> found)
    {
        var input = _inputs[column];
        if (input.Kind != ColumnKind.Numeric)
        {
            if (input.Kind == ColumnKind.DateTime) { Problem(row, input.Name, Shorten(Encoding.UTF8.GetString(found)), Expected(input)); return; }
            var room = Room(found.Length);
            SetText(row, column, room[..Encoding.UTF8.GetChars(found, room)]);
            return;
        }
        if (!double.IsFinite(value))
        {
            if (double.IsNaN(value)) SetMissing(row, column);
            else Problem(row, input.Name, Shorten(Encoding.UTF8.GetString(found)), Expected(input));
            return;
        }
        _cells[row * _inputs.Length + column] = BitConverter.DoubleToInt64Bits(value);
        if (value < input.Minimum || value > input.Maximum)
        {
            OutsideCounts[column]++;
            if (_warnings.Count < MostNamed) Warn(row, input.Name, $"{Format(value)} is outside the training range {Format(input.Minimum)} to {Format(input.Maximum)}.");
        }
    }

    /// <summary>Notes that a value is not what its column holds.</summary>
    /// <param name="example">How such a value is written here; null for what the column expects anyway.</param>
    internal void Refuse(int row, int column, ReadOnlySpan<char> found, string? example = null) =>
        Problem(row, _inputs[column].Name, Quote(found), example is null ? Expected(_inputs[column]) : $"a date written {example} or in ISO 8601, or null");

    /// <param name="ticks">UTC.</param>
    internal void SetTicks(int row, int column, long ticks) => _cells[row * _inputs.Length + column] = ticks;

    public void SetTruth(int row, int column, bool value)
    {
        var input = _inputs[column];
        if (input.Kind is ColumnKind.Numeric or ColumnKind.DateTime) Problem(row, input.Name, value ? "true" : "false", Expected(input));
        else SetText(row, column, value ? "true" : "false");
    }

    /// <summary>A text, a number in invariant form, or an ISO 8601 date, as the column asks for; an empty text is missing.</summary>
    public void SetText(int row, int column, ReadOnlySpan<char> text)
    {
        var input = _inputs[column];
        if (text.Length > MostCharacters) { Problem(row, input.Name, $"a text of {text.Length:N0} characters", $"at most {MostCharacters:N0}"); return; }
        var trimmed = text.Trim();
        if (trimmed.IsEmpty) { SetMissing(row, column); return; }
        ref var cell = ref _cells[row * _inputs.Length + column];
        switch (input.Kind)
        {
            case ColumnKind.Numeric:
                if (!double.TryParse(trimmed, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number))
                {
                    // What Python and R write for a missing number.
                    if (trimmed.Equals("nan", StringComparison.OrdinalIgnoreCase)) SetMissing(row, column);
                    else Problem(row, input.Name, Quote(text), Expected(input));
                    return;
                }
                SetNumber(row, column, number, []);
                return;
            case ColumnKind.DateTime:
                if (ColumnConversion.TryParseMoment(trimmed, out var ticks)) cell = ticks;
                else Problem(row, input.Name, Quote(text), Expected(input));
                return;
        }
        if (_choices[column] is { } choices)
        {
            if (choices.TryGetValue(trimmed, out var code)) { cell = code; return; }
            // Clients send true and false for a column that the file writes as TRUE, yes or t.
            if (input.Kind == ColumnKind.Boolean && SameTruth(trimmed, input.Choices!) is >= 0 and var same) { cell = same; return; }
            if (input.ChoicesAreComplete)
            {
                UnseenCounts[column]++;
                if (_warnings.Count < MostNamed) Warn(row, input.Name, $"'{Shorten(trimmed.ToString())}' was not seen in training; it counts as missing.");
                // Missing to the model, and yet kept for those who write down what came.
                _texts.Add(trimmed.ToString());
                cell = (long)_texts.Count << 32 | uint.MaxValue;
                return;
            }
        }
        // Codes below -1 stand for texts that are not among the choices.
        cell = -2 - _texts.Count;
        _texts.Add(trimmed.ToString());
    }

    public double Number(int row, int column) => BitConverter.Int64BitsToDouble(_cells[row * _inputs.Length + column]);

    /// <summary>UTC ticks or <see cref="DateTimeColumn.MissingTicks"/>.</summary>
    public long Ticks(int row, int column) => _cells[row * _inputs.Length + column];

    /// <summary>The position among the choices; -1 for missing, less for a text that is not among them.</summary>
    public int Choice(int row, int column) => (int)_cells[row * _inputs.Length + column];

    public string? Text(int row, int column) => Choice(row, column) switch
    {
        -1 => null,
        >= 0 and var code => _inputs[column].Choices![code],
        var code => _texts[-2 - code],
    };

    /// <summary>What was sent, whatever the kind, in invariant form; null for missing. A text that counts as missing, as training rows did not have it, is told all the same.</summary>
    public string? GetText(int row, int column) => _inputs[column].Kind switch
    {
        ColumnKind.Numeric => double.IsNaN(Number(row, column)) ? null : Number(row, column).ToString("R", CultureInfo.InvariantCulture),
        ColumnKind.DateTime => new DateTimeColumn("", [Ticks(row, column)]).GetText(0),
        _ => Text(row, column) ?? UnseenText(row, column),
    };

    private string? UnseenText(int row, int column) => _inputs[column].Kind is ColumnKind.Category or ColumnKind.Boolean && _cells[row * _inputs.Length + column] >> 32 is > 0 and var text ? _texts[(int)text - 1] : null;

    /// <summary>Counts the missing values; called once where somebody wants to know.</summary>
    public void CountValues()
    {
        foreach (var column in _signature.UsedIndexes)
        {
            var count = 0;
            var missing = _missing[column];
            var kind = _inputs[column].Kind;
            for (var (cell, end) = (column, RowCount * _inputs.Length); cell < end; cell += _inputs.Length)
                if (kind switch { ColumnKind.Numeric => double.IsNaN(BitConverter.Int64BitsToDouble(_cells[cell])), ColumnKind.DateTime => _cells[cell] == missing, _ => (int)_cells[cell] == (int)missing }) count++;
            MissingCounts[column] = count;
        }
    }

    /// <summary>All inputs of the signature as a table.</summary>
    public Table ToTable()
    {
        var columns = new Column[_inputs.Length];
        for (var c = 0; c < columns.Length; c++)
        {
            var input = _inputs[c];
            switch (input.Kind)
            {
                case ColumnKind.Numeric:
                    var numbers = new double[RowCount];
                    for (var row = 0; row < numbers.Length; row++) numbers[row] = Number(row, c);
                    columns[c] = new NumericColumn(input.Name, numbers);
                    break;
                case ColumnKind.DateTime:
                    var ticks = new long[RowCount];
                    for (var row = 0; row < ticks.Length; row++) ticks[row] = Ticks(row, c);
                    columns[c] = new DateTimeColumn(input.Name, ticks);
                    break;
                default:
                    var texts = new string?[RowCount];
                    for (var row = 0; row < texts.Length; row++) texts[row] = Text(row, c);
                    columns[c] = DictionaryColumn.FromTexts(input.Name, input.Kind, texts);
                    break;
            }
        }
        return new Table(columns, rowCount: RowCount);
    }

    private static bool? Truth(ReadOnlySpan<char> text)
    {
        foreach (var word in (ReadOnlySpan<string>)["true", "t", "yes", "y", "1"])
            if (text.Equals(word, StringComparison.OrdinalIgnoreCase)) return true;
        foreach (var word in (ReadOnlySpan<string>)["false", "f", "no", "n", "0"])
            if (text.Equals(word, StringComparison.OrdinalIgnoreCase)) return false;
        return null;
    }

    private static int SameTruth(ReadOnlySpan<char> text, IReadOnlyList<string> choices)
    {
        if (Truth(text) is not { } truth) return -1;
        for (var i = 0; i < choices.Count; i++)
            if (Truth(choices[i]) == truth) return i;
        return -1;
    }

    internal static string Quote(ReadOnlySpan<char> text) => $"\"{Shorten(text.ToString())}\"";

    internal static string Shorten(string text) => text.Length <= 60 ? text : string.Concat(text.AsSpan(0, 57), "…");

    internal static string Expected(InputColumn input) => input.Kind switch
    {
        ColumnKind.Numeric => input.Minimum is null ? "a number or null" : $"a number (training range {Format(input.Minimum)} to {Format(input.Maximum)}) or null",
        ColumnKind.DateTime => "an ISO 8601 date or date-time such as \"2026-01-31\", or null",
        ColumnKind.Text => "a text or null",
        _ => $"a text ({Shorten(string.Join(", ", (input.Choices ?? []).Take(5)))}) or null",
    };

    private static string Format(double? number) => number?.ToString("R", CultureInfo.InvariantCulture) ?? "?";
}
