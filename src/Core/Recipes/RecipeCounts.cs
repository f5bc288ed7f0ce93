using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes;

/// <summary>How large a table is at one place of a recipe.</summary>
/// <param name="RowCount">Rows.</param>
/// <param name="Missing">Rows without a value, by column; columns in their order.</param>
public sealed record StageCount(long RowCount, IReadOnlyDictionary<string, long> Missing)
{
    /// <summary>Cells without a value in all columns.</summary>
    public long MissingCount => Missing.Values.Sum();

    public static StageCount Of(Table table) => new(table.RowCount, table.Columns.ToDictionary(c => c.Name, c => (long)c.CountMissing()));
}

/// <summary>Counts what a recipe does to all rows of a table of any size, piece by piece.</summary>
public static class RecipeCounts
{
    /// <param name="steps">The fitted steps in order; null for one that is off or cannot be applied.</param>
    /// <param name="pieces">The table, in order.</param>
    /// <param name="progress">Rows counted so far.</param>
    /// <param name="cancellationToken">Looked at between pieces and steps.</param>
    /// <returns>One count before the first step and one after each; where no piece comes, nothing is counted.</returns>
    public static IReadOnlyList<StageCount> Count(IReadOnlyList<FittedStep?> steps, IEnumerable<Table> pieces, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var replays = steps.Select(s => s?.ReplayPieces()).ToArray();
        var rows = new long[steps.Count + 1];
        var missing = rows.Select(_ => new Dictionary<string, long>(StringComparer.Ordinal)).ToArray();
        foreach (var piece in pieces)
        {
            // Steps share the columns that they do not touch; each is counted once.
            var counted = new Dictionary<Column, int>(ReferenceEqualityComparer.Instance);
            var table = piece;
            for (var stage = 0; stage <= steps.Count; stage++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (stage > 0 && replays[stage - 1] is { } replay) table = replay(table);
                rows[stage] += table.RowCount;
                foreach (var column in table.Columns)
                {
                    if (!counted.TryGetValue(column, out var count)) counted.Add(column, count = column.CountMissing());
                    missing[stage][column.Name] = missing[stage].GetValueOrDefault(column.Name) + count;
                }
            }
            progress?.Report(rows[0]);
        }
        return [.. rows.Zip(missing, (count, byColumn) => new StageCount(count, byColumn))];
    }
}
