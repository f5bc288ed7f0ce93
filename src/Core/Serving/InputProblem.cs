namespace ModelWorkbench.Core.Serving;

/// <summary>A value in a request that the model cannot take.</summary>
/// <param name="Row">0-based row of the request; null where the request as a whole is meant.</param>
/// <param name="Column">The column's name, or null.</param>
/// <param name="Found">What was sent.</param>
/// <param name="Expected">What the model takes.</param>
public sealed record InputProblem(int? Row, string? Column, string Found, string Expected)
{
    public override string ToString() =>
        $"{(Row is { } row ? $"Row {row}" : "Request")}{(Column is null ? "" : $", column '{Column}'")}: found {Found}; expected {Expected}.";
}

/// <summary>Something the model answered in spite of, so that the caller can see it.</summary>
public sealed record InputWarning(int Row, string Column, string Message);
