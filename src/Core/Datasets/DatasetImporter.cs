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
        using var writer = TableFile.OpenWriter(tablePath);
        var import = new CsvImport(sourcePath, options);
        var length = Math.Max(1, new FileInfo(sourcePath).Length);
        import.Survey((position, rows) => progress?.Report(new ImportProgress(0.4 * position / length, "Finding the kinds of the columns", rows)), ct);
        using (var written = new ChunkPipe(writer.Append, ct))
        using (var taken = new ChunkPipe((chunk, _) => eachChunk?.Invoke(chunk), ct))
        {
            import.Fill(
                chunk =>
                {
                    written.Add(chunk);
                    taken.Add(chunk);
                },
                (position, rows) => progress?.Report(new ImportProgress(0.4 + 0.6 * position / length, "Reading and writing the rows", rows)), ct);
            written.Finish(ct);
            taken.Finish(ct);
        }
        writer.Complete();
        return new ImportedTable(import.Options, import.Columns, import.RowCount, import.Problems, import.ProblemCount, import.SkippedCount);
    }
}
