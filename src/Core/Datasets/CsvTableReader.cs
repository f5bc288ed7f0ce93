namespace ModelWorkbench.Core.Datasets;

/// <summary>Reads a CSV file into a table in memory and reports everything that did not fit. Larger files go through <see cref="DatasetImporter"/>, which reads them in the same way.</summary>
public static class CsvTableReader
{
    /// <param name="path">The file.</param>
    /// <param name="options">How it is written; kinds given there win over the evidence, and a value that does not fit becomes missing and a problem. Kinds of columns that the file does not have are passed over.</param>
    /// <param name="bytesRead">Progress from 0 to the length of the file, never backwards; each of the two readings counts for half.</param>
    /// <param name="ct">Checked every few thousand rows.</param>
    /// <exception cref="CsvFormatException">There is no record, a line does not fit and the options say stop, quotes are opened and never closed again and again, or a limit is exceeded (1 Mi characters a field, 10,000 columns).</exception>
    /// <exception cref="ArgumentException">The options contradict themselves.</exception>
    public static CsvReadResult Read(string path, CsvOptions options, Action<long>? bytesRead, CancellationToken ct) => Read(path, options, bytesRead, refuseOpenQuote: false, ct);

    internal static CsvReadResult Read(string path, CsvOptions options, Action<long>? bytesRead, bool refuseOpenQuote, CancellationToken ct)
    {
        var length = new FileInfo(path).Length;
        var import = new CsvImport(path, options, refuseOpenQuote);
        var parts = new List<Table>();
        import.Survey((position, _) => bytesRead?.Invoke(position / 2), ct);
        import.Fill(parts.Add, (position, _) => bytesRead?.Invoke(length / 2 + (position + 1) / 2), ct);
        return new CsvReadResult(TableParts.Join(parts), import.Options, import.Problems, import.ProblemCount);
    }
}
