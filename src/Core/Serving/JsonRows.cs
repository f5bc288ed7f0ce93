using System.Text;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Serving;

/// <summary>How the rows of a request are written.</summary>
internal enum RowForm
{
    /// <summary>All as arrays or all as objects.</summary>
    Either,

    /// <summary>Arrays of values in an agreed order.</summary>
    Positional,

    /// <summary>Objects with one value a column.</summary>
    Records,
}

/// <summary>Reads rows of JSON straight into a batch; the reader stands on the first token of what is read and afterwards on its last.</summary>
internal static class JsonRows
{
    /// <summary>Stands in an order of columns for one that the model does not have.</summary>
    public const int NoColumn = -1;

    /// <summary>An array of rows.</summary>
    /// <param name="order">For rows as arrays: the input for each position, or <see cref="NoColumn"/>.</param>
    /// <param name="mayBeFlat">Whether an array of plain values is one row.</param>
    public static void ReadRows(ref Utf8JsonReader reader, RowBatch batch, ReadOnlySpan<int> order, RowForm form, int mostRows, bool mayBeFlat = false)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (batch.RowCount >= mostRows || batch.IsHopeless)
            {
                var sent = batch.RowCount + CountRest(ref reader);
                if (sent > mostRows) batch.RefuseRows(sent, mostRows);
                return;
            }
            var row = batch.AddRow();
            switch (reader.TokenType)
            {
                case JsonTokenType.StartArray when form != RowForm.Records:
                    form = RowForm.Positional;
                    reader.Read();
                    ReadValues(ref reader, batch, row, order);
                    break;
                case JsonTokenType.StartObject when form != RowForm.Positional:
                    form = RowForm.Records;
                    ReadRecord(ref reader, batch, row);
                    break;
                case not (JsonTokenType.StartArray or JsonTokenType.StartObject) when mayBeFlat && row == 0:
                    ReadValues(ref reader, batch, row, order);
                    return;
                default:
                    batch.Problem(row, null, Describe(ref reader), form switch
                    {
                        RowForm.Records => "an object with one value a column",
                        RowForm.Positional => $"an array of {order.Length} values",
                        _ => $"an array of {order.Length} values, or an object with one value a column",
                    });
                    reader.Skip();
                    break;
            }
        }
    }

    /// <summary>Counts the elements that are left of an array, the one on which the reader stands included.</summary>
    private static int CountRest(ref Utf8JsonReader reader)
    {
        var count = 0;
        do
        {
            count++;
            reader.Skip();
        }
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray);
        return count;
    }

    // The reader stands on the first value.
    private static void ReadValues(ref Utf8JsonReader reader, RowBatch batch, int row, ReadOnlySpan<int> order)
    {
        var (problems, warnings) = (batch.Problems.Count, batch.Warnings.Count);
        var position = 0;
        for (; reader.TokenType != JsonTokenType.EndArray; reader.Read(), position++)
        {
            if (position < order.Length && order[position] != NoColumn) ReadValue(ref reader, batch, row, order[position]);
            else reader.Skip();
        }
        if (position == order.Length) return;
        // With a value too many or too few nothing stands where it should.
        batch.Forget(problems, warnings);
        batch.Problem(row, null, $"{position} {(position == 1 ? "value" : "values")}", $"{order.Length}: {Names(batch, order)}");
    }

    private static string Names(RowBatch batch, ReadOnlySpan<int> order)
    {
        var names = new List<string>();
        foreach (var column in order) names.Add(column == NoColumn ? "?" : batch.Signature.Inputs[column].Name);
        return RowBatch.Shorten(string.Join(", ", names));
    }

    private static void ReadRecord(ref Utf8JsonReader reader, RowBatch batch, int row)
    {
        var expected = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var column = Find(ref reader, batch, ref expected, out var name);
            reader.Read();
            if (column == NoColumn)
            {
                batch.NoteUnknown(row, name!);
                reader.Skip();
                continue;
            }
            batch.MarkGiven(row, column);
            ReadValue(ref reader, batch, row, column);
        }
        batch.CheckGiven(row, "the record");
    }

    /// <summary>The input that a property is about.</summary>
    /// <param name="expected">Among the used inputs the one that is looked at first, as callers mostly send them in order; moved on.</param>
    /// <param name="unknown">The name, where the model has no such column.</param>
    private static int Find(ref Utf8JsonReader reader, RowBatch batch, ref int expected, out string? unknown)
    {
        unknown = null;
        var used = batch.Signature.UsedIndexes;
        if (expected < used.Length && reader.ValueTextEquals(batch.NameBytes(used[expected]))) return used[expected++];
        var room = batch.Room(reader.ValueSpan.Length);
        var name = room[..reader.CopyString(room)];
        if (!batch.TryFind(name, out var column))
        {
            unknown = name.ToString();
            return NoColumn;
        }
        var position = Array.BinarySearch(used, column);
        if (position >= 0) expected = position + 1;
        return column;
    }

    /// <summary>An object with an array of values for each column.</summary>
    public static void ReadColumns(ref Utf8JsonReader reader, RowBatch batch, int mostRows)
    {
        int? rowCount = null;
        var expected = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var column = Find(ref reader, batch, ref expected, out var unknown);
            var name = unknown ?? batch.Signature.Inputs[column].Name;
            reader.Read();
            if (column == NoColumn) batch.NoteUnknown(0, name);
            else batch.MarkGiven(0, column);
            if (reader.TokenType != JsonTokenType.StartArray)
            {
                batch.Problem(null, name, Describe(ref reader), "an array with one value a row");
                reader.Skip();
                continue;
            }
            if (ReadColumn(ref reader, batch, column, rowCount, mostRows) is not { } count) return;
            if (rowCount is { } rows && count != rows) batch.Problem(null, name, Words(count), $"{rows:N0}, as the columns before it have");
            rowCount ??= count;
        }
        batch.CheckGiven(0, "the request");
    }

    /// <summary>The values of one column, in an array or in arrays of arrays.</summary>
    /// <param name="rowCount">How many rows there are; null where this column decides.</param>
    /// <returns>How many values there were; null where they are more than allowed.</returns>
    public static int? ReadColumn(ref Utf8JsonReader reader, RowBatch batch, int column, int? rowCount, int mostRows)
    {
        var (count, depth) = (0, reader.CurrentDepth);
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == depth))
        {
            if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.EndArray) continue;
            if (rowCount is null && count < mostRows) batch.AddRow();
            if (column != NoColumn && count < batch.RowCount && !batch.IsHopeless) ReadValue(ref reader, batch, count, column);
            else reader.Skip();
            count++;
        }
        if (count <= mostRows || rowCount is not null) return count;
        batch.RefuseRows(count, mostRows);
        return null;
    }

    public static void ReadValue(ref Utf8JsonReader reader, RowBatch batch, int row, int column)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Number:
                batch.SetNumber(row, column, PlainNumber.TryParse(reader.ValueSpan, (byte)'.', out var number) || reader.TryGetDouble(out number) ? number : double.PositiveInfinity, reader.ValueSpan);
                break;
            case JsonTokenType.String:
                var room = batch.Room(reader.ValueSpan.Length);
                batch.SetText(row, column, room[..reader.CopyString(room)]);
                break;
            case JsonTokenType.Null:
                batch.SetMissing(row, column);
                break;
            case JsonTokenType.True or JsonTokenType.False:
                batch.SetTruth(row, column, reader.TokenType == JsonTokenType.True);
                break;
            default:
                var input = batch.Signature.Inputs[column];
                batch.Problem(row, input.Name, $"a JSON {Describe(ref reader)}", RowBatch.Expected(input));
                reader.Skip();
                break;
        }
    }

    /// <summary>An array of column names as an order of inputs.</summary>
    public static int[]? ReadOrder(ref Utf8JsonReader reader, RowBatch batch, string property)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            batch.Problem(null, null, $"\"{property}\": {Describe(ref reader)}", "an array of column names");
            reader.Skip();
            return null;
        }
        var order = new List<int>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.String)
            {
                batch.Problem(null, null, $"\"{property}\": {Describe(ref reader)}", "an array of column names");
                reader.Skip();
                order.Add(NoColumn);
                continue;
            }
            var name = reader.GetString()!;
            var column = batch.TryFind(name, out var found) ? found : NoColumn;
            if (column == NoColumn) batch.NoteUnknown(0, name);
            else batch.MarkGiven(0, column);
            order.Add(column);
        }
        batch.CheckGiven(0, $"\"{property}\"");
        return [.. order];
    }

    public static string Words(int values) => $"{values:N0} {(values == 1 ? "value" : "values")}";

    /// <summary>What stands here, in a few words; the reader stays where it is.</summary>
    public static string Describe(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.StartObject => "object",
        JsonTokenType.StartArray => "array",
        JsonTokenType.String => RowBatch.Quote(reader.GetString()),
        _ => RowBatch.Shorten(Encoding.UTF8.GetString(reader.ValueSpan)),
    };
}
