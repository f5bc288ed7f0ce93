using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Tests.Recipes;
using Xunit;

namespace ModelWorkbench.Core.Tests.Explanations;

/// <summary>Held against scikit-learn's t-SNE and trustworthiness (map.py).</summary>
public sealed class NeighbourMapTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Neighbours_are_kept_as_well_as_by_scikit_learn(int sample)
    {
        var expected = Samples.Expected("Explanations", "map.json")[sample];
        var (scores, width) = Scores(expected.GetProperty("file").GetString()!, expected.GetProperty("target").GetString()!);
        Assert.Equal(expected.GetProperty("rowCount").GetInt32(), scores.Length / width);
        var shares = new List<double>();
        var map = NeighbourMap.Create(scores, width, scores.Length / width, width, null, seed: 1, shares.Add, Cancellation);
        // The measure is the same to the digits that 32-bit coordinates leave of it; the map is no worse than the worse of theirs, but for a few in a thousand.
        Assert.Equal(expected.GetProperty("components").GetDouble(), map.OfComponents, 2e-4);
        var theirs = Math.Min(expected.GetProperty("exact").GetDouble(), expected.GetProperty("barnesHut").GetDouble());
        Assert.InRange(map.Trustworthiness, theirs - 0.004, 1);
        Assert.Equal((0, 1), (shares[0], shares[^1]));
        Assert.Equal(shares.Order(), shares);
    }

    [Fact]
    public void A_map_made_again_is_the_same()
    {
        var (scores, width) = Scores("iris.csv", "species");
        NeighbourMap Make() => NeighbourMap.Create(scores, width, 149, width, [.. Enumerable.Range(0, 149)], seed: 3, _ => { }, Cancellation);
        var (first, second) = (Make(), Make());
        Assert.Equal(first.X, second.X);
        Assert.Equal(first.Y, second.Y);
    }

    [Fact]
    public void Classes_that_lie_apart_keep_to_themselves()
    {
        var (scores, width) = Scores("iris.csv", "species");
        var species = Samples.Read("iris.csv")["species"];
        var map = NeighbourMap.Create(scores, width, 149, width, null, seed: 1, _ => { }, Cancellation);
        // The rows that stand twice are of one class, after the first fifty.
        var told = map.Kinship([("setosa", [.. Enumerable.Range(0, 50)]), ("others", [.. Enumerable.Range(50, 99)]), ("none", [])]);
        Assert.Equal("setosa", species.GetText(49)!.ToLowerInvariant());
        Assert.Equal([("setosa", 50), ("others", 99)], told.Select(t => (t.Name, t.Count)));
        Assert.All(told, group => Assert.InRange(group.Share, 0.99, 1));
    }

    [Fact]
    public void Rows_that_are_all_alike_and_single_features_are_placed_too()
    {
        foreach (var map in new[] { NeighbourMap.Create(new float[60], 2, 30, 2, null, 1, _ => { }, Cancellation), NeighbourMap.Create([.. Enumerable.Range(0, 40).Select(i => (float)i)], 1, 40, 1, null, 1, _ => { }, Cancellation) })
        {
            Assert.All(map.X.Concat(map.Y), place => Assert.True(float.IsFinite(place)));
            Assert.InRange(map.Trustworthiness, 0, 1);
        }
    }

    [Fact]
    public void What_cannot_be_placed_is_refused_with_both_numbers()
    {
        Assert.Contains("Found 14 numbers for rows of 2, expected at least 8 rows.", Assert.Throws<ArgumentException>(() => NeighbourLayout.Of(new float[14], 2, 2, 1, _ => { }, Cancellation)).Message);
        Assert.Contains("The perplexity is 9", Assert.Throws<ArgumentException>(() => NeighbourLayout.Of(new float[40], 2, 9, 1, _ => { }, Cancellation)).Message);
        Assert.Contains("Found 10 neighbours", Assert.Throws<ArgumentException>(() => NeighbourLayout.Trustworthiness(new float[40], 2, new float[40], 10)).Message);
        Assert.Throws<OperationCanceledException>(() => NeighbourLayout.Of(new float[40], 2, 3, 1, _ => { }, new CancellationToken(canceled: true)));
    }

    /// <summary>Numbers of complete rows, each once, centred and scaled, on all their components: distances are those of the scaled numbers.</summary>
    private static (float[] Scores, int Width) Scores(string file, string target)
    {
        var table = Samples.Read(file);
        NumericColumn[] numbers = [.. table.Columns.OfType<NumericColumn>().Where(c => c.Name != target)];
        var seen = new HashSet<string>();
        double[][] rows = [.. Enumerable.Range(0, table.RowCount).Where(row => table.Columns.All(c => !c.IsMissing(row))).Select(row => Array.ConvertAll(numbers, c => c.Values[row])).Where(row => seen.Add(string.Join(';', row)))];
        var components = PrincipalComponents.Fit(rows.Length, numbers.Length, (row, into) => rows[row].CopyTo(into), numbers.Length, standardize: true, Cancellation);
        var (scores, ofRow) = (new List<float>(), new double[numbers.Length]);
        foreach (var row in rows)
        {
            components.Project(row, ofRow);
            scores.AddRange(ofRow.Select(score => (float)score));
        }
        return ([.. scores], numbers.Length);
    }
}
