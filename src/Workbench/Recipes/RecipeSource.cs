using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Recipes;

/// <summary>The rows of a dataset as the clean page works on them: a sample to look at, and all of them piece by piece.</summary>
/// <param name="Sample">At most <see cref="MostSampleRows"/> rows, drawn evenly, in the order of the file.</param>
/// <param name="RowCount">All rows of the dataset.</param>
/// <param name="Pieces">All rows, in order; reads as it goes.</param>
/// <param name="Draw">A sample of at most that many rows.</param>
public sealed record RecipeSource(Table Sample, long RowCount, Func<CancellationToken, IEnumerable<Table>> Pieces, Func<int, Table> Draw)
{
    /// <summary>Cells that a cleaned file's numbers are learnt from: about 160 MB of memory.</summary>
    public const int MostLearningCells = 20_000_000;

    /// <summary>Enough for every figure on the page to be within a percent or so, and few enough for an answer at once.</summary>
    public const int MostSampleRows = 100_000;

    private const int PieceRows = 65_536;
    private const int Seed = 20_240_531;

    /// <summary>Whether the sample is all there is.</summary>
    public bool IsWhole => Sample.RowCount == RowCount;

    /// <summary>The rows that a cleaned file's numbers are learnt from: all where <see cref="MostLearningCells"/> allow it, otherwise a sample.</summary>
    public Table LearningRows() => Draw(Math.Max(MostSampleRows, MostLearningCells / Math.Max(1, Sample.ColumnCount)));

    public static async Task<RecipeSource> OpenAsync(DatasetStore store, DatasetRow dataset, CancellationToken cancellationToken)
    {
        var table = await store.TableAsync(dataset);
        return await Task.Run(() => new RecipeSource(DrawFrom(table, MostSampleRows), table.RowCount, ct => Cut(table, ct), count => DrawFrom(table, count)), cancellationToken);
    }

    /// <summary>Every set of rows is equally likely; the same rows each time.</summary>
    /// <remarks>Selection sampling: Knuth, The Art of Computer Programming, volume 2, section 3.4.2, algorithm S.</remarks>
    internal static Table DrawFrom(Table table, int count)
    {
        if (table.RowCount <= count) return table;
        var random = new Random(Seed);
        var rows = new int[count];
        var taken = 0;
        for (var row = 0; taken < count; row++)
            if (random.Next(table.RowCount - row) < count - taken) rows[taken++] = row;
        return table.Take(rows);
    }

    private static IEnumerable<Table> Cut(Table table, CancellationToken cancellationToken)
    {
        if (table.RowCount <= PieceRows)
        {
            yield return table;
            yield break;
        }
        for (var start = 0; start < table.RowCount; start += PieceRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return table.Take([.. Enumerable.Range(start, Math.Min(PieceRows, table.RowCount - start))]);
        }
    }
}
