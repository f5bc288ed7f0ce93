using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;

namespace ModelWorkbench.Workbench.Recipes;

/// <summary>A whole dataset after its recipe, piece by piece, ready to be written.</summary>
/// <param name="Recipe">Fitted, with the steps that are on.</param>
/// <param name="Pieces">At least one, all with the same columns.</param>
/// <param name="LearntFromSample">Whether the numbers were learnt from a part of the rows.</param>
public sealed record CleanedData(FittedRecipe Recipe, IEnumerable<Table> Pieces, bool LearntFromSample)
{
    /// <exception cref="RecipeException">A step cannot be applied.</exception>
    public static CleanedData Of(RecipeSource source, Recipe recipe, string? target, CancellationToken cancellationToken)
    {
        var learnsAnything = recipe.Steps.Any(s => s.Enabled && s.Learns);
        var rows = learnsAnything ? source.LearningRows() : source.Sample;
        var table = rows;
        List<FittedStep> fitted = [];
        for (var i = 0; i < recipe.Steps.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var made = recipe.PreviewStep(i, table, target);
            if (made.Outcome.Problems.Count > 0) throw new RecipeException(i, recipe.Steps[i].Title, made.Outcome.Problems);
            if (made.Fitted is not null) fitted.Add(made.Fitted);
            table = made.After;
        }
        var steps = new FittedRecipe(fitted);
        // Rows that were all there while the steps were tried need not be gone through again.
        return new CleanedData(steps, source.IsWhole ? [table] : steps.ReplayPieces(source.Pieces(cancellationToken)), learnsAnything && rows.RowCount < source.RowCount);
    }

    /// <summary>Writes CSV; the stream is written to in large blocks, and no more than a piece is held.</summary>
    public async Task WriteCsvAsync(Stream stream, CsvWriteOptions options, Func<CleanedData, Task> beforeFirstByte, CancellationToken cancellationToken)
    {
        var isFirst = true;
        foreach (var piece in Pieces)
        {
            if (isFirst) await beforeFirstByte(this);
            using var buffer = new MemoryStream();
            await using (var text = new StreamWriter(buffer, CsvTableWriter.Encoding, 1 << 16, leaveOpen: true))
            {
                var writer = new CsvTableWriter(text, options);
                if (isFirst) writer.WriteHeader([.. piece.Columns.Select(c => c.Name)]);
                await Task.Run(() => writer.WriteRows(piece, cancellationToken), cancellationToken);
            }
            buffer.Position = 0;
            await buffer.CopyToAsync(stream, 1 << 20, cancellationToken);
            isFirst = false;
        }
    }
}
