namespace ModelWorkbench.Core.Datasets;

/// <summary>Turns a file as the world ships it into a table file.</summary>
public static class DatasetImporter
{
    /// <summary>Reads the file in bounded memory, whatever its size.</summary>
    /// <param name="sourcePath">The file.</param>
    /// <param name="options">How it is written; null to detect it.</param>
    /// <param name="tablePath">Where the table file goes; replaced. An exception leaves no file.</param>
    /// <param name="eachChunk">Called with every part of the table in order, never by two threads at once; all parts have the same columns and kinds, and there is at least one.</param>
    /// <param name="progress">Told a few times a second.</param>
    /// <param name="ct">Heeded within a second.</param>
    /// <exception cref="CsvFormatException">The file cannot be read; the message is for the person who uploaded it.</exception>
    /// <exception cref="IOException">The disk is full.</exception>
    public static ImportedTable Import(
        string sourcePath, CsvOptions? options, string tablePath, Action<Table>? eachChunk, IProgress<ImportProgress>? progress, CancellationToken ct)
    {
        options ??= CsvDetector.Detect(sourcePath, ct);
        var length = Math.Max(1, new FileInfo(sourcePath).Length);
        var read = CsvTableReader.Read(sourcePath, options, bytes => progress?.Report(new ImportProgress(0.8 * bytes / length, "Reading", 0)), ct);
        TableFile.Write(read.Table, tablePath, ct);
        progress?.Report(new ImportProgress(0.9, "Writing", read.Table.RowCount));
        foreach (var chunk in TableFile.ReadChunks(tablePath, ct)) eachChunk?.Invoke(chunk);
        progress?.Report(new ImportProgress(1, "Done", read.Table.RowCount));
        return new ImportedTable(
            read.Options, [.. read.Table.Columns.Select(column => new ColumnHeader(column.Name, column.Kind))], read.Table.RowCount, read.Problems, read.ProblemCount, 0);
    }
}
