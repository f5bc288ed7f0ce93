namespace ModelWorkbench.Core.Datasets;

/// <summary>How far an import is.</summary>
/// <param name="Fraction">0 to 1, never backwards.</param>
/// <param name="Stage">What is being done, for the person who waits.</param>
/// <param name="Rows">Rows of the table so far in this stage.</param>
public sealed record ImportProgress(double Fraction, string Stage, long Rows);

/// <summary>What became of a file that was imported.</summary>
/// <param name="Options">The options used, with the kind of every column filled in; null where the file was Parquet.</param>
/// <param name="Columns">Names and kinds in order.</param>
/// <param name="RowCount">Rows of the table.</param>
/// <param name="Problems">The first 100 problems in file order.</param>
/// <param name="ProblemCount">How many there were in all.</param>
/// <param name="SkippedCount">Lines left out because they did not fit and the options say to skip those.</param>
public sealed record ImportedTable(
    CsvOptions? Options, IReadOnlyList<ColumnHeader> Columns, int RowCount, IReadOnlyList<CsvProblem> Problems, int ProblemCount, int SkippedCount);
