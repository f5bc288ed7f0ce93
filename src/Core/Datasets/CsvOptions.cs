namespace ModelWorkbench.Core.Datasets;

/// <summary>How a CSV file is to be read. Detected by <c>CsvDetector</c>, and the person may change any of it.</summary>
public sealed record CsvOptions
{
    /// <summary>Between fields: comma, semicolon, tab or pipe.</summary>
    public char Delimiter { get; init; } = ',';

    /// <summary>Around fields that hold the delimiter or a line break; doubled inside.</summary>
    public char Quote { get; init; } = '"';

    /// <summary>Whether the first record names the columns; otherwise they are column_1, column_2, …</summary>
    public bool HasHeader { get; init; } = true;

    /// <summary>A name that <see cref="System.Text.Encoding.GetEncoding(string)"/> knows: utf-8, utf-16, windows-1252, …</summary>
    public string Encoding { get; init; } = "utf-8";

    /// <summary>The decimal mark, '.' or ','.</summary>
    public char DecimalMark { get; init; } = '.';

    /// <summary>Field texts that mean "missing", compared after trimming, case-sensitive. The empty field is always missing.</summary>
    public IReadOnlyList<string> MissingMarks { get; init; } = DefaultMissingMarks;

    /// <summary>Column kinds that the person chose, by column name; the others are decided on the evidence of all rows.</summary>
    public IReadOnlyDictionary<string, ColumnKind> Kinds { get; init; } = new Dictionary<string, ColumnKind>();

    public static IReadOnlyList<string> DefaultMissingMarks { get; } = ["NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "-", "#N/A"];
}

/// <summary>One line of the file that did not fit, or one value that could not be kept.</summary>
/// <param name="Line">1-based line of the source text.</param>
/// <param name="Column">The column's name, or null where the whole record is meant.</param>
/// <param name="Found">What stands there.</param>
/// <param name="Expected">What was expected instead.</param>
public sealed record CsvProblem(int Line, string? Column, string Found, string Expected);

/// <summary>A table and what went wrong on the way.</summary>
/// <param name="Table">The rows that fit.</param>
/// <param name="Options">The options used, with the kind of every column filled in.</param>
/// <param name="Problems">The first 100 problems in file order.</param>
/// <param name="ProblemCount">How many there were in all.</param>
public sealed record CsvReadResult(Table Table, CsvOptions Options, IReadOnlyList<CsvProblem> Problems, int ProblemCount);

/// <summary>A file cannot be read as CSV at all. The message says what was found and what was expected, for the person who uploaded it.</summary>
public sealed class CsvFormatException(string message, Exception? inner = null) : Exception(message, inner);
