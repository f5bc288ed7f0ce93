using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Recipes;

/// <summary>The rows of a dataset as the clean page works on them: a sample to look at, and all of them piece by piece.</summary>
/// <param name="Sample">At most <see cref="MostSampleRows"/> rows, drawn evenly, in the order of the file.</param>
/// <param name="RowCount">All rows of the dataset.</param>
/// <param name="Pieces">All rows, in order; reads as it goes.</param>
public sealed record RecipeSource(Table Sample, long RowCount, Func<CancellationToken, IEnumerable<Table>> Pieces)
{
    /// <summary>Enough for every figure on the page to be within a percent or so, and few enough for an answer at once.</summary>
    public const int MostSampleRows = 100_000;

    private const int PieceRows = 65_536;
    private const int Seed = 20_240_531;

    /// <summary>Whether the sample is all there is.</summary>
    public bool IsWhole => Sample.RowCount == RowCount;

    public static async Task<RecipeSource> OpenAsync(DatasetStore store, DatasetRow dataset, CancellationToken cancellationToken)
    {
        var table = await store.TableAsync(dataset);
        return await Task.Run(() => new RecipeSource(Draw(table, MostSampleRows), table.RowCount, ct => Cut(table, ct)), cancellationToken);
    }

    /// <summary>Every set of rows is equally likely; the same rows each time.</summary>
    /// <remarks>Selection sampling: Knuth, The Art of Computer Programming, volume 2, section 3.4.2, algorithm S.</remarks>
    internal static Table Draw(Table table, int count)
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
