using System.Text;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Serving;

/// <summary>Reads a body of comma-separated values into a batch; the first line names the columns.</summary>
internal static class CsvRows
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly MissingMarks Marks = new(CsvOptions.DefaultMissingMarks);
    private static readonly string[] Delimiters = [",", ";", "\t", "|"];

    /// <returns>Why the body cannot be read, or null.</returns>
    public static string? Read(ReadOnlySpan<byte> body, RowBatch batch, int mostRows)
    {
        if (body.StartsWith("\uFEFF"u8)) body = body[3..];
        string text;
        try
        {
            text = Utf8.GetString(body);
        }
        catch (DecoderFallbackException)
        {
            return "The body is not valid UTF-8.";
        }
        try
        {
            var delimiter = Delimiters.MaxBy(d => KnownNames(text, d, batch))!;
            using var records = new CsvRecords(new StringReader(text), new CsvOptions { Delimiter = delimiter });
            if (!records.Read()) return "The body is empty; expected a line with the names of the columns, and then one line a row.";
            var order = new int[records.FieldCount];
            for (var i = 0; i < order.Length; i++) order[i] = ReadName(records.Field(i), i, batch);
            batch.CheckGiven(0, "the first line");
            while (records.Read())
            {
                // A blank line is no row, except where there is one column: there it is a missing value.
                if (records.FieldCount <= 1 && order.Length > 1 && records.Field(0).IsWhiteSpace()) continue;
                if (batch.RowCount >= mostRows) { batch.RefuseRows(batch.RowCount + 1 + CountRest(records), mostRows); return null; }
                var row = batch.AddRow();
                if (records.FieldCount != order.Length) batch.Problem(row, null, JsonRows.Words(records.FieldCount), $"{order.Length}, as the first line has names");
                else
                    for (var i = 0; i < order.Length; i++)
                        if (order[i] != JsonRows.NoColumn) ReadField(records.Field(i), batch, row, order[i]);
                if (batch.IsHopeless) return null;
            }
            return null;
        }
        catch (Exception e) when (e is CsvFormatException or InvalidDataException)
        {
            return e.Message;
        }
    }

    private static int CountRest(CsvRecords records)
    {
        var count = 0;
        while (records.Read()) count++;
        return count;
    }

    private static int ReadName(ReadOnlySpan<char> name, int position, RowBatch batch)
    {
        if (batch.TryFind(name, out var column) || batch.TryFind(name.Trim(), out column))
        {
            batch.MarkGiven(0, column);
            return column;
        }
        // The nameless first column that pandas writes is its row numbers.
        if (!(position == 0 && name.IsWhiteSpace())) batch.NoteUnknown(0, name.ToString());
        return JsonRows.NoColumn;
    }

    private static void ReadField(ReadOnlySpan<char> field, RowBatch batch, int row, int column)
    {
        if (!Marks.Contains(field.Trim())) batch.SetText(row, column, field);
    }

    private static int KnownNames(string text, string delimiter, RowBatch batch)
    {
        using var records = new CsvRecords(new StringReader(text), new CsvOptions { Delimiter = delimiter });
        if (!records.Read()) return 0;
        var known = 0;
        for (var i = 0; i < records.FieldCount; i++)
            if (batch.TryFind(records.Field(i).Trim(), out _)) known++;
        return known;
    }
}
