using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;

namespace ModelWorkbench.Core.Experiments;

/// <summary>Guesses which column a person wants to predict, so that the form begins with a sensible one. Names speak first, then place and kind.</summary>
public static class TargetProposal
{
    private static readonly string[] Names =
    [
        "target", "label", "class", "outcome", "response", "result", "status", "species", "survived", "churn", "default", "diagnosis", "decision", "quality",
        "price", "saleprice", "income", "salary", "fraud", "isfraud", "attrition", "deposit", "raintomorrow", "charges", "medv", "mpg", "cnt", "count", "rings", "type",
    ];

    private const double MostMissing = 0.2;

    /// <returns>The column's name; null where no column can be a target.</returns>
    public static string? Choose(DatasetProfile profile)
    {
        var columns = profile.Columns;
        return columns.Index().Where(c => CanBeTarget(c.Item)).Select(c => (c.Item.Name, Score: Score(columns, c.Index))).OrderByDescending(c => c.Score).FirstOrDefault().Name;
    }

    private static bool CanBeTarget(ColumnProfile column) =>
        column.DistinctCount >= 2 && column.Kind is not (ColumnKind.Text or ColumnKind.DateTime)
        && (column.Kind == ColumnKind.Numeric || column.DistinctCount <= Math.Min(Trainers.Target.MaximumClasses, column.RowCount / 2));

    private static double Score(IReadOnlyList<ColumnProfile> columns, int index)
    {
        var column = columns[index];
        var score = 0.0;
        var plain = string.Concat(column.Name.Where(char.IsLetterOrDigit)).ToLowerInvariant();
        var rank = Array.IndexOf(Names, plain);
        if (rank >= 0) score += 10 - rank * 0.1;
        else if (Names.Any(n => n.Length > 3 && plain.EndsWith(n, StringComparison.Ordinal))) score += 5;
        // Tables are written with the target at the end, more seldom at the beginning.
        if (index == columns.Count - 1) score += 3;
        else if (index == 0) score += 2;
        // The one column of names among numbers is what the numbers are about.
        if (column.Kind != ColumnKind.Numeric && columns.Count(c => c.Kind != ColumnKind.Numeric) == 1) score += 4;
        if (column.Kind is ColumnKind.Category or ColumnKind.Boolean && column.DistinctCount <= 30) score += 1;
        if (column.MissingFraction > MostMissing) score -= 6;
        else if (column.MissingCount > 0) score -= 1;
        // A number a row without repeats, or a column called so, is a name tag.
        if (plain is "id" or "index" || plain.EndsWith("id", StringComparison.Ordinal) && column.DistinctCount == column.RowCount) score -= 8;
        return score;
    }
}
