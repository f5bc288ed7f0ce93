using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Tests.Recipes;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Explanations;

/// <summary>Nearest rows, differences of parts, clusters of columns and interactions, against figures of numpy, pandas and scipy.</summary>
public sealed class NeighbourhoodTests
{
    private static readonly JsonElement Expected = Samples.Expected("Explanations", "neighbours.json");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Nearest_rows_are_those_of_Gowers_distance(int index)
    {
        var expected = Expected.GetProperty("nearest")[index];
        var table = Samples.Read(expected.GetProperty("file").GetString()!);
        var asked = Asked(table, expected.GetProperty("columns").Strings(), expected.GetProperty("row").GetInt32());
        var found = NearestRows.Find(asked, name => table[name], [.. Enumerable.Range(0, table.RowCount)], expected.GetProperty("row").GetInt32(), 8, Cancel);
        Assert.Equal(asked.Columns.Select(c => c.Name), found.Columns);
        foreach (var (near, distance) in found.Rows.Zip(expected.GetProperty("distances").Doubles())) Assert.Equal(distance, near.Distance, 1e-6);
        // Equal distances may stand in another order, as sums of floats differ in the last digit.
        Assert.Equal(expected.GetProperty("rows").EnumerateArray().Select(r => r.GetInt32()).Order(), found.Rows.Select(r => r.Row).Order());
    }

    [Fact]
    public void A_row_finds_itself_first_and_rows_keep_their_numbers()
    {
        var table = Samples.Read("penguins.csv");
        int[] some = [5, 40, 90, 200, 300];
        var found = NearestRows.Find(Asked(table, ["island", "bill_length_mm", "sex"], 90), name => table[name].Take(some), some, null, 2, Cancel);
        Assert.Equal(new NearRow(90, 0), found.Rows[0]);
        Assert.Equal(2, found.Rows.Count);
        Assert.DoesNotContain(90, NearestRows.Find(Asked(table, ["island"], 90), name => table[name].Take(some), some, 90, 9, Cancel).Rows.Select(r => r.Row));
    }

    [Fact]
    public void What_no_row_has_is_far_from_all_and_text_is_not_compared()
    {
        Table asked = new([DictionaryColumn.FromTexts("kind", ColumnKind.Category, ["new"]), DictionaryColumn.FromTexts("note", ColumnKind.Text, ["words"])]);
        var column = DictionaryColumn.FromTexts("kind", ColumnKind.Category, ["old", null]);
        var found = NearestRows.Find(asked, _ => column, [0, 1], null, 5, Cancel);
        Assert.Equal(["kind"], found.Columns);
        Assert.All(found.Rows, row => Assert.Equal(1, row.Distance));
    }

    private static Table Asked(Table table, string[] columns, int row) => new([.. columns.Select(name => table[name].Take([row]))]);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Parts_differ_as_scipy_says(int index)
    {
        var expected = Expected.GetProperty("halves")[index];
        var all = Samples.Read(expected.GetProperty("file").GetString()!);
        var columns = expected.GetProperty("columns").EnumerateObject().ToDictionary(c => c.Name, c => c.Value);
        Table table = new([.. columns.Keys.Select(name => all[name])]);
        int[] rows = [.. Enumerable.Range(0, table.RowCount)];
        var target = columns.Keys.Last();
        var drift = PartDrift.Measure(DriftPart.Test, table.Take(rows[..(rows.Length / 2)]), table.Take(rows[(rows.Length / 2)..]), target, 1, Cancel);
        Assert.Equal(target, drift.Columns[0].Column);
        Assert.Equal(columns.Count, drift.Columns.Count);
        foreach (var column in drift.Columns)
        {
            var figures = columns[column.Column];
            Assert.Equal(figures.GetProperty("statistic").GetDouble(), column.Statistic, 1e-8);
            Assert.Equal(figures.GetProperty("size").GetDouble(), column.Size, 1e-8);
            Assert.Equal(figures.GetProperty("p").GetDouble(), column.PValue!.Value, 1e-8);
        }
        Assert.Equal(rows.Length, drift.TrainingRowCount + drift.RowCount);
    }

    [Fact]
    public void Only_differences_that_matter_are_notable()
    {
        var random = new Random(3);
        double[] Draw(int count, double shift) => [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() + shift)];
        Table Part(int count, double shift) => Samples.Table(Samples.Numbers("same", Draw(count, 0)), Samples.Numbers("little", Draw(count, shift / 20)), Samples.Numbers("moved", Draw(count, shift)));
        var drift = PartDrift.Measure(DriftPart.Validation, Part(20_000, 0), Part(20_000, 0.5), "same", 1, Cancel);
        Assert.Equal(["moved"], drift.Notable.Select(c => c.Column));
        // Beyond chance all the same.
        Assert.True(drift.Columns.Single(c => c.Column == "little").PValue < 0.001);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Columns_that_say_the_same_are_grouped_as_by_scipy(int index)
    {
        var expected = Expected.GetProperty("clusters")[index];
        var groups = ColumnClusters.Find(Samples.Read(expected.GetProperty("file").GetString()!), expected.GetProperty("columns").Strings(), expected.GetProperty("limit").GetDouble(), Cancel);
        Assert.Equal(expected.GetProperty("groups").EnumerateArray().Select(g => string.Join(',', g.Strings())), groups.Select(g => string.Join(',', g)));
        Assert.NotEmpty(groups);
    }

    [Fact]
    public void Interactions_are_Friedmans_H()
    {
        var expected = Expected.GetProperty("friedman");
        double[][] x = [.. expected.GetProperty("x").EnumerateArray().Select(c => c.Doubles())];
        var table = Samples.Table(Samples.Numbers("a", x[0]), Samples.Numbers("b", x[1]), Samples.Numbers("c", x[2]));
        var shares = new List<double>();
        var found = Interactions.Compute(table, ["a", "b", "c"], rows =>
        {
            double[] Of(string name) => ((NumericColumn)rows[name]).Values.ToArray();
            var (a, b, c) = (Of("a"), Of("b"), Of("c"));
            return [.. a.Select((v, i) => (v * b[i]) + (2 * c[i]) + (0.5 * v))];
        }, 1, shares.Add, Cancel);
        foreach (var (i, j) in new[] { (0, 1), (0, 2), (1, 2) })
        {
            Assert.Equal(expected.GetProperty("h").GetProperty($"{i}{j}").GetDouble(), found.Strength[i][j]!.Value, 1e-9);
            Assert.Equal(found.Strength[i][j], found.Strength[j][i]);
            Assert.Equal(expected.GetProperty("effect").GetProperty($"{i}{j}").GetDouble(), found.Effect[i][j]!.Value, 1e-9);
        }
        Assert.Null(found.Strength[1][1]);
        Assert.Equal(1, shares[^1]);
    }

    [Fact]
    public void Rows_that_are_moved_after_encoding_answer_as_rows_that_are_moved_before()
    {
        var random = new Random(5);
        double[] a = [.. Enumerable.Range(0, 300).Select(_ => random.NextDouble())], b = [.. a.Select(v => (v * 0.5) + random.NextDouble())];
        string?[] kind = [.. a.Select(_ => random.Next(5) is 0 ? null : "uvw"[random.Next(3)].ToString())];
        var rows = Samples.Table(Samples.Numbers("a", a), Samples.Numbers("b", b), Samples.Categories("kind", kind));
        float[] labels = [.. a.Select((v, i) => v + b[i] + (kind[i] == "u" ? 1 : 0) > 1.2 ? 1f : 0)];
        var trainer = TrainerCatalog.Find("lightgbm");
        var encoder = FeatureEncoder.Fit(rows, trainer.Encoding, Cancel);
        var data = new TrainingData(encoder.Encode(rows), labels, LearningTask.Binary, 2);
        var scorer = trainer.Train(data, HyperparameterValues.Defaults(trainer.Hyperparameters(data.Shape)), new TrainingContext(1, 1), Cancel).Scorer;
        var pipeline = new FittedPipeline(new FittedRecipe([]), encoder, scorer, new Target("y", LearningTask.Binary, ["no", "yes"]));
        var shuffled = new ShuffledPipeline(pipeline, rows);
        int[] order = [.. Enumerable.Range(0, 300)];
        Assert.Equal(pipeline.Predict(rows), shuffled.Predict([], order));
        random.Shuffle(order);
        foreach (var columns in new string[][] { ["a"], ["kind"], ["a", "kind"], ["b"] })
        {
            var moved = columns.Aggregate(rows, (mixed, name) => mixed.With(rows[name].Take(order)));
            Assert.Equal(pipeline.Predict(moved), shuffled.Predict(columns, order));
        }
    }
}
