namespace ModelWorkbench.Core.Datasets;

/// <summary>How a CSV file is to be read. Detected by <c>CsvDetector</c>, and the person may change any of it.</summary>
public sealed record CsvOptions
{
    /// <summary>Between fields: comma, semicolon, tab, pipe or any other text of one or more characters without a line end.</summary>
    public string Delimiter { get; init; } = ",";

    /// <summary>The value of <see cref="Quote"/> where no character quotes.</summary>
    public const char NoQuote = '\0';

    /// <summary>Around fields that hold the delimiter or a line break; <see cref="NoQuote"/> where fields are never quoted.</summary>
    public char Quote { get; init; } = '"';

    /// <summary>Stands before a quote inside a quoted field; null where the quote is doubled instead.</summary>
    public char? Escape { get; init; }

    /// <summary>
    /// Whether the escape stands before any character that is meant as such, outside quotes too, as pandas and DuckDB read it; otherwise it stands before quotes in
    /// quoted fields alone, and is a character like others elsewhere. A field \N stays as it is: the mark of missing values in texts of MySQL and PostgreSQL.
    /// </summary>
    public bool EscapesEverywhere { get; init; }

    /// <summary>Ends a line: "\n", "\r\n" or "\r", the other ones then being characters of fields and a problem outside quotes; null where each of the three does.</summary>
    public string? LineEnd { get; init; }

    /// <summary>Lines of other text above the first record: titles, dates of export, notes.</summary>
    public int SkipLines { get; init; }

    /// <summary>A line that starts with this is passed over; null where there are no comments.</summary>
    public string? CommentPrefix { get; init; }

    /// <summary>Whether <see cref="CommentPrefix"/> begins a comment within a line as well, outside quotes, up to its end.</summary>
    public bool CommentsWithinLines { get; init; }

    /// <summary>What becomes of lines without a value.</summary>
    public BlankLineAction BlankLines { get; init; }

    /// <summary>Whether the first record names the columns; otherwise they are column_1, column_2, …</summary>
    public bool HasHeader { get; init; } = true;

    /// <summary>
    /// Names in place of those of the file, which say how many columns there are; a blank one leaves the file's. Empty where the first record says both.
    /// </summary>
    public IReadOnlyList<string> ColumnNames { get; init; } = [];

    /// <summary>A name that <see cref="System.Text.Encoding.GetEncoding(string)"/> knows: utf-8, utf-16, windows-1252, …</summary>
    public string Encoding { get; init; } = "utf-8";

    /// <summary>The decimal mark, '.' or ','.</summary>
    public char DecimalMark { get; init; } = '.';

    /// <summary>Between groups of three digits: comma, point, blank or apostrophe; null where digits are not grouped.</summary>
    public char? ThousandsSeparator { get; init; }

    /// <summary>Field texts that mean "missing", compared after trimming, case-sensitive. The empty field is always missing.</summary>
    public IReadOnlyList<string> MissingMarks { get; init; } = DefaultMissingMarks;

    /// <summary>Missing marks of single columns, by name, in place of <see cref="MissingMarks"/>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> ColumnMissingMarks { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>What happens to a line that does not fit.</summary>
    public BadLineAction BadLines { get; init; }

    /// <summary>Column kinds that the person chose, by column name; the others are decided on the evidence of all rows.</summary>
    public IReadOnlyDictionary<string, ColumnKind> Kinds { get; init; } = new Dictionary<string, ColumnKind>();

    public static IReadOnlyList<string> DefaultMissingMarks { get; } = ["NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "-", "#N/A"];
}

/// <summary>What becomes of lines without a value.</summary>
public enum BlankLineAction
{
    /// <summary>A line of blanks is no record.</summary>
    PassOver,

    /// <summary>Nor is a line of delimiters between blank fields.</summary>
    PassOverEmptyRecords,

    /// <summary>A blank line is a record of one empty field: a missing value where there is one column.</summary>
    Keep,
}

/// <summary>What to do with a line that has too few or too many fields, a misplaced quote, or bytes that are no text. Each is counted and listed, whatever is done.</summary>
public enum BadLineAction
{
    /// <summary>Keep the row: absent fields are missing, fields too many are left out.</summary>
    Repair,

    /// <summary>Leave the row out.</summary>
    Skip,

    /// <summary>Refuse the file, naming the line.</summary>
    Stop,

    /// <summary>Keep the row with all its fields: there are as many columns as the longest record has fields, and absent fields are missing.</summary>
    Widen,
}

/// <summary>One line of the file that did not fit, or one value that could not be kept.</summary>
/// <param name="Line">1-based line of the source text.</param>
/// <param name="Column">The column's name, or null where the whole record is meant.</param>
/// <param name="Found">What stands there.</param>
/// <param name="Expected">What was expected instead.</param>
public sealed record CsvProblem(int Line, string? Column, string Found, string Expected)
{
    /// <summary>The start of the line as it stands in the file; null where only one value did not fit.</summary>
    public string? Text { get; init; }
}

/// <summary>A table and what went wrong on the way.</summary>
/// <param name="Table">The rows that fit.</param>
/// <param name="Options">The options used, with the kind of every column filled in.</param>
/// <param name="Problems">The first 100 problems in file order.</param>
/// <param name="ProblemCount">How many there were in all.</param>
public sealed record CsvReadResult(Table Table, CsvOptions Options, IReadOnlyList<CsvProblem> Problems, int ProblemCount);

/// <summary>A file cannot be read as CSV at all. The message says what was found and what was expected, for the person who uploaded it.</summary>
public sealed class CsvFormatException(string message, Exception? inner = null) : Exception(message, inner);
