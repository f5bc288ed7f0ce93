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
    public const int MostSampleRows = TableCache.MaxRows;

    /// <summary>Whether the sample is all there is.</summary>
    public bool IsWhole => Sample.RowCount == RowCount;

    /// <summary>The rows that a cleaned file's numbers are learnt from: all where <see cref="MostLearningCells"/> allow it, otherwise a sample.</summary>
    public Table LearningRows() => Draw(Math.Max(MostSampleRows, MostLearningCells / Math.Max(1, Sample.ColumnCount)));

    public static async Task<RecipeSource> OpenAsync(DatasetStore datasets, DatasetRow dataset, CancellationToken cancellationToken)
    {
        var path = datasets.TablePath(dataset);
        return new RecipeSource(await datasets.SampleAsync(dataset), dataset.Profile.RowCount,
            ct => TableFile.ReadChunks(path, ct), count => TableFile.ReadSample(path, count, TableCache.Seed, cancellationToken));
    }
}
