namespace ModelWorkbench.Core.Datasets;

/// <summary>Puts the parts of a table together again.</summary>
internal static class TableParts
{
    /// <param name="parts">At least one; all with the same columns and kinds.</param>
    public static Table Join(IReadOnlyList<Table> parts)
    {
        if (parts.Count == 1) return parts[0];
        var rowCount = parts.Sum(part => part.RowCount);
        var columns = new Column[parts[0].ColumnCount];
        for (var c = 0; c < columns.Length; c++)
        {
            var pieces = parts.Select(part => part.Columns[c]).ToList();
            columns[c] = pieces[0] switch
            {
                NumericColumn => new NumericColumn(pieces[0].Name, Concatenate<double>(rowCount, pieces, piece => ((NumericColumn)piece).Values)),
                DateTimeColumn => new DateTimeColumn(pieces[0].Name, Concatenate<long>(rowCount, pieces, piece => ((DateTimeColumn)piece).Ticks)),
                _ => JoinTexts(rowCount, pieces),
            };
        }
        return new Table(columns, Concatenate<int>(rowCount, parts, part => part.LineNumbers));
    }

    private delegate ReadOnlySpan<T> Values<in TPart, T>(TPart part);

    private static T[] Concatenate<T>(int length, IEnumerable<Column> pieces, Values<Column, T> values) => Concatenate<Column, T>(length, pieces, values);
    private static T[] Concatenate<T>(int length, IEnumerable<Table> pieces, Values<Table, T> values) => Concatenate<Table, T>(length, pieces, values);

    private static T[] Concatenate<TPart, T>(int length, IEnumerable<TPart> pieces, Values<TPart, T> values)
    {
        var joined = new T[length];
        var at = 0;
        foreach (var piece in pieces)
        {
            values(piece).CopyTo(joined.AsSpan(at));
            at += values(piece).Length;
        }
        return joined;
    }

    private static DictionaryColumn JoinTexts(int rowCount, List<Column> pieces)
    {
        var index = new Dictionary<string, int>(StringComparer.Ordinal);
        var codes = new int[rowCount];
        var at = 0;
        foreach (var piece in pieces.Cast<DictionaryColumn>())
        {
            var joined = new int[piece.Values.Count];
            for (var code = 0; code < joined.Length; code++)
            {
                index.TryAdd(piece.Values[code], index.Count);
                joined[code] = index[piece.Values[code]];
            }
            foreach (var code in piece.Codes) codes[at++] = code < 0 ? DictionaryColumn.MissingCode : joined[code];
        }
        return new DictionaryColumn(pieces[0].Name, pieces[0].Kind, codes, [.. index.Keys]);
    }
}
