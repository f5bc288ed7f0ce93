using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using Xunit;

namespace ModelWorkbench.Core.Tests.Recipes;

/// <summary>A table that comes in pieces gives what it gives in one.</summary>
public class RecipeCountsTests
{
    private static Table Sample(int rows = 1_000)
    {
        var random = new Random(7);
        var numbers = Enumerable.Range(0, rows).Select(_ => random.Next(5) == 0 ? double.NaN : random.Next(4)).ToArray();
        // The codes of a text differ from piece to piece; their texts do not.
        var names = Enumerable.Range(0, rows).Select(_ => random.Next(9) is > 0 and var n ? $"n{n % 3}" : null).ToArray();
        return new Table([new NumericColumn("x", numbers), DictionaryColumn.FromTexts("name", ColumnKind.Category, names)]);
    }

    private static IEnumerable<Table> Pieces(Table table, int size)
    {
        for (var start = 0; start < table.RowCount; start += size)
        {
            var piece = table.Take([.. Enumerable.Range(start, Math.Min(size, table.RowCount - start))]);
            // Read from a file, every piece has a dictionary of its own.
            yield return new Table([piece["x"], DictionaryColumn.FromTexts("name", ColumnKind.Category, [.. Enumerable.Range(0, piece.RowCount).Select(piece["name"].GetText)])], piece.LineNumbers.ToArray());
        }
    }

    private static readonly Recipe Recipe = new([new DropDuplicatesStep([]), new FillMissingStep(["x"], FillMethod.Mean), new DropMissingRowsStep([])]);

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1_000)]
    public void Counts_of_pieces_are_those_of_the_whole(int size)
    {
        var table = Sample();
        List<FittedStep?> fitted = [];
        List<StageCount> expected = [StageCount.Of(table)];
        var at = table;
        for (var i = 0; i < Recipe.Steps.Count; i++)
        {
            var step = Recipe.PreviewStep(i, at, null);
            fitted.Add(step.Fitted);
            at = step.After;
            expected.Add(StageCount.Of(at));
        }
        // Four numbers or none by three names or none: twenty different rows.
        Assert.Equal(20, expected[1].RowCount);
        var counted = RecipeCounts.Count(fitted, Pieces(table, size), null, CancellationToken.None);
        Assert.Equal(expected.Select(c => (c.RowCount, c.MissingCount)), counted.Select(c => (c.RowCount, c.MissingCount)));
        Assert.Equal(expected[0].Missing["x"], counted[0].Missing["x"]);
    }

    [Fact]
    public void Rows_replayed_in_pieces_are_those_replayed_in_one()
    {
        var table = Sample();
        var fitted = new List<FittedStep>();
        var at = table;
        for (var i = 0; i < Recipe.Steps.Count; i++)
        {
            var step = Recipe.PreviewStep(i, at, null);
            fitted.Add(step.Fitted!);
            at = step.After;
        }
        var pieces = new FittedRecipe(fitted).ReplayPieces(Pieces(table, 13)).ToList();
        Assert.Equal(at.LineNumbers.ToArray(), pieces.SelectMany(p => p.LineNumbers.ToArray()));
        foreach (var column in at.Columns)
            Assert.Equal(Enumerable.Range(0, at.RowCount).Select(column.GetText), pieces.SelectMany(p => Enumerable.Range(0, p.RowCount).Select(p[column.Name].GetText)));
    }

    [Fact]
    public void A_step_that_is_off_changes_no_count()
    {
        var counted = RecipeCounts.Count([null], [Sample(10)], null, CancellationToken.None);
        Assert.Equal(counted[0].RowCount, counted[1].RowCount);
        Assert.Equal(counted[0].MissingCount, counted[1].MissingCount);
    }
}
