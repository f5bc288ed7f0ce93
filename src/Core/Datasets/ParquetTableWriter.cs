using Parquet;
using Parquet.Schema;

namespace ModelWorkbench.Core.Datasets;

/// <summary>Writes tables as Parquet for other programs, piece by piece: numbers as nullable doubles, dates as timestamps, all else as strings; missing is null.</summary>
public static class ParquetTableWriter
{
    /// <summary>Writes the pieces, each a row group; replaces what is at the path. An exception leaves an unusable file.</summary>
    /// <param name="pieces">At least one; all with the same columns.</param>
    /// <param name="path">Where to.</param>
    /// <param name="cancellationToken">Looked at between columns.</param>
    /// <exception cref="ArgumentException">There is no piece, or a piece has other columns than the first.</exception>
    public static async Task WriteAsync(IEnumerable<Table> pieces, string path, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16);
        ParquetWriter? writer = null;
        DataField[] fields = [];
        try
        {
            foreach (var piece in pieces)
            {
                if (writer is null)
                {
                    fields = [.. piece.Columns.Select(column => column.Kind switch
                    {
                        ColumnKind.Numeric => new DataField<double>(column.Name, nullable: true),
                        ColumnKind.DateTime => new DateTimeDataField(column.Name, DateTimeFormat.Timestamp, isAdjustedToUTC: true, unit: DateTimeTimeUnit.Micros, isNullable: true),
                        _ => (DataField)new DataField<string>(column.Name, nullable: true),
                    })];
                    writer = await ParquetWriter.CreateAsync(new ParquetSchema(fields), file, cancellationToken: cancellationToken).ConfigureAwait(false);
                }
                else if (piece.RowCount == 0) continue;
                if (piece.ColumnCount != fields.Length) throw new ArgumentException($"A piece has {piece.ColumnCount} columns; expected {fields.Length} as the first.", nameof(pieces));
                using var group = writer.CreateRowGroup();
                for (var c = 0; c < fields.Length; c++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    await WriteAsync(group, fields[c], piece.Columns[c], cancellationToken).ConfigureAwait(false);
                }
                group.CompleteValidate();
            }
            if (writer is null) throw new ArgumentException("There is no piece; expected at least one.", nameof(pieces));
        }
        finally
        {
            if (writer is not null) await writer.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async Task WriteAsync(ParquetRowGroupWriter group, DataField field, Column column, CancellationToken ct)
    {
        switch (column)
        {
            case NumericColumn numbers:
                var values = new double?[column.Length];
                for (var row = 0; row < values.Length; row++) values[row] = double.IsNaN(numbers.Values[row]) ? null : numbers.Values[row];
                await group.WriteAsync<double>(field, values, cancellationToken: ct).ConfigureAwait(false);
                break;
            case DateTimeColumn dates:
                var moments = new DateTime?[column.Length];
                for (var row = 0; row < moments.Length; row++) moments[row] = dates.IsMissing(row) ? null : new DateTime(dates.Ticks[row], DateTimeKind.Utc);
                await group.WriteAsync<DateTime>(field, moments, cancellationToken: ct).ConfigureAwait(false);
                break;
            default:
                var texts = new string?[column.Length];
                for (var row = 0; row < texts.Length; row++) texts[row] = column.GetText(row);
                await group.WriteAsync(field, texts!).ConfigureAwait(false);
                break;
        }
    }
}
