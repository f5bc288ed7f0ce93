namespace ModelWorkbench.Core.Datasets;

/// <summary>Turns a file as the world ships it into a table file.</summary>
public static class DatasetImporter
{
    private const double UnpackingShare = 0.15;
    private static readonly TimeSpan BetweenReports = TimeSpan.FromMilliseconds(200);

    /// <summary>Reads a text, a gzip file, a ZIP archive with one data file, or Parquet, told by content, in bounded memory whatever its size.</summary>
    /// <param name="sourcePath">The file.</param>
    /// <param name="options">How it is written; null to detect it. Not used for Parquet.</param>
    /// <param name="tablePath">Where the table file goes; replaced. An exception leaves no file. A packed source is unpacked in the same folder.</param>
    /// <param name="eachChunk">Called with every part of the table in order, never by two threads at once; all parts have the same columns and kinds, and there is at least one.</param>
    /// <param name="progress">Told a few times a second.</param>
    /// <param name="ct">Heeded within a second.</param>
    /// <exception cref="CsvFormatException">The file cannot be read; the message is for the person who uploaded it.</exception>
    /// <exception cref="ArgumentException">The options contradict themselves.</exception>
    /// <exception cref="IOException">The disk is full (<see cref="IsDiskFull"/>).</exception>
    public static ImportedTable Import(
        string sourcePath, CsvOptions? options, string tablePath, Action<Table>? eachChunk, IProgress<ImportProgress>? progress, CancellationToken ct)
    {
        try
        {
            var reporter = new Reporter(progress);
            using var source = SourceFile.Open(sourcePath, Path.GetDirectoryName(Path.GetFullPath(tablePath))!, ct, fraction => reporter.Report(UnpackingShare * fraction, "Unpacking", 0));
            reporter.Base = source.Path == sourcePath ? 0 : UnpackingShare;
            using var writer = TableFile.OpenWriter(tablePath);
            using var written = new ChunkPipe(writer.Append, ct);
            using var taken = new ChunkPipe((chunk, _) => eachChunk?.Invoke(chunk), ct);
            var imported = source.Format == SourceFormat.Parquet
                ? ImportParquet(source.Path, Take, reporter, ct)
                : ImportText(source.Path, options ?? CsvDetector.Detect(source.Path, ct), Take, reporter, ct);
            written.Finish(ct);
            taken.Finish(ct);
            writer.Complete();
            reporter.Done(imported.RowCount);
            return imported;

            void Take(Table chunk)
            {
                written.Add(chunk);
                taken.Add(chunk);
            }
        }
        catch (IOException e) when (IsDiskFull(e))
        {
            throw new IOException($"The disk is full: the table made from '{Path.GetFileName(sourcePath)}' does not fit. Nothing was kept; free some space and import again.", e) { HResult = e.HResult };
        }
    }

    /// <summary>Everything in a text file that does not fit, not only what a dataset keeps of it.</summary>
    /// <param name="sourcePath">A text, or one in a gzip file or a ZIP archive.</param>
    /// <param name="options">How the dataset was made from it, with the kind of every column.</param>
    /// <param name="temporaryFolder">Where a packed source is unpacked for the while.</param>
    /// <param name="each">Called in the order of the file, never by two threads at once; found values and lines are whole.</param>
    /// <param name="ct">Heeded within a second.</param>
    /// <exception cref="CsvFormatException">The file cannot be read this way.</exception>
    public static void FindProblems(string sourcePath, CsvOptions options, string temporaryFolder, Action<CsvProblem> each, CancellationToken ct)
    {
        using var source = SourceFile.Open(sourcePath, temporaryFolder, ct);
        var import = new CsvImport(source.Path, options) { EachProblem = each };
        import.Survey(null, ct);
        import.Fill(_ => { }, null, ct);
    }

    private static ImportedTable ImportText(string path, CsvOptions options, Action<Table> take, Reporter reporter, CancellationToken ct)
    {
        var import = new CsvImport(path, options);
        var length = Math.Max(1.0, new FileInfo(path).Length);
        import.Survey((position, rows) => reporter.Report(0.4 * position / length, "Finding the kinds of the columns", rows), ct);
        import.Fill(take, (position, rows) => reporter.Report(0.4 + 0.6 * position / length, "Reading and writing the rows", rows), ct);
        return new ImportedTable(import.Options, import.Columns, import.RowCount, import.Problems, import.ProblemCount, import.SkippedCount);
    }

    private static ImportedTable ImportParquet(string path, Action<Table> take, Reporter reporter, CancellationToken ct)
    {
        if (IsOwnTable(path))
        {
            var header = TableFile.ReadHeader(path);
            var rows = 0;
            foreach (var chunk in TableFile.ReadChunks(path, ct))
            {
                take(chunk);
                reporter.Report((rows += chunk.RowCount) / Math.Max(1.0, header.RowCount), "Reading and writing the rows", rows);
            }
            return new ImportedTable(null, header.Columns, header.RowCount, [], 0, 0);
        }
        var source = ParquetSource.Read(path, take, reporter.Report, ct);
        return new ImportedTable(null, source.Columns, source.RowCount, source.Problems, source.ProblemCount, 0);
    }

    private static bool IsOwnTable(string path)
    {
        try
        {
            return TableFile.IsTable(path);
        }
        catch (InvalidDataException e)
        {
            throw new CsvFormatException($"The Parquet file cannot be read: {e.InnerException?.Message ?? e.Message} Expected a whole, unencrypted file.", e);
        }
    }

    /// <summary>Whether a write failed for want of room: ENOSPC and EDQUOT as .NET gives them on Unix, ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL on Windows.</summary>
    public static bool IsDiskFull(IOException e) => e.HResult is 28 or 122 or unchecked((int)0x80070070) or unchecked((int)0x80070027);

    /// <summary>Progress that never goes back, not more often than it can be seen.</summary>
    private sealed class Reporter(IProgress<ImportProgress>? progress)
    {
        private readonly object _gate = new();
        private long _last;
        private double _fraction;

        /// <summary>Share of the whole that was done before.</summary>
        public double Base { get; set; }

        public void Report(double fraction, string stage, long rows)
        {
            if (progress is null) return;
            lock (_gate)
            {
                if (_last != 0 && TimeProvider.System.GetElapsedTime(_last) < BetweenReports) return;
                _last = TimeProvider.System.GetTimestamp();
                // The last thousandth is for finishing the file.
                _fraction = Math.Max(_fraction, Math.Min(0.999, Base + (1 - Base) * fraction));
                progress.Report(new ImportProgress(_fraction, stage, rows));
            }
        }

        public void Done(long rows) => progress?.Report(new ImportProgress(1, "Done", rows));
    }
}
