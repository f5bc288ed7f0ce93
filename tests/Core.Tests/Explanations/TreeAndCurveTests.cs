using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Trainers;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Explanations;

/// <summary>Expected/explanations.json is made by scikit-learn and scipy; the script is beside it.</summary>
public sealed class TreeAndCurveTests
{
    private static readonly JsonElement Known = Expected("Explanations", "explanations.json");
    private static readonly double[][] Values = [.. Known.GetProperty("rows").EnumerateArray().Select(Doubles)];
    private static readonly Table Rows = Table(Numbers("a", [.. Values.Select(r => r[0])]), Numbers("b", [.. Values.Select(r => r[1])]), Numbers("c", [.. Values.Select(r => r[2])]));

    private static double[] Doubles(JsonElement numbers) => [.. numbers.EnumerateArray().Select(v => v.GetDouble())];

    [Fact]
    public void Partial_dependence_is_scikit_learns()
    {
        int[] Ints(string name) => [.. Known.GetProperty(name).EnumerateArray().Select(v => v.GetInt32())];
        var (features, thresholds, left, right, values) = (Ints("features"), Doubles(Known.GetProperty("thresholds")), Ints("left"), Ints("right"), Doubles(Known.GetProperty("values")));
        var builder = new TreeEnsembleBuilder(3, 1, TreeLink.Average, [0]);
        builder.AddTree(0, n => left[n] < 0 ? TreeNode.EndsWith(new LeafEntry(0, values[n])) : TreeNode.Split(features[n], TreeEnsembleBuilder.FloorToSingle(thresholds[n]), true, left[n], right[n]));
        var scorer = builder.Build();
        double[] Predict(Table rows)
        {
            var outputs = new double[rows.RowCount];
            for (var row = 0; row < outputs.Length; row++)
                scorer.Score([.. rows.Columns.Select(c => (float)((NumericColumn)c).Values[row])], outputs.AsSpan(row, 1));
            return outputs;
        }
        var found = PartialDependence.Compute(Rows, "b", Predict, 1, TestContext.Current.CancellationToken);
        var dependence = Known.GetProperty("dependence");
        var (grid, mean, first) = (Doubles(dependence.GetProperty("grid")), Doubles(dependence.GetProperty("mean")), Doubles(dependence.GetProperty("first")));
        Assert.InRange(found.Values.Count, 20, 25);
        Assert.Equal(Values.Min(r => r[1]), double.Parse(found.Values[0], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(Values.Max(r => r[1]), double.Parse(found.Values[^1], System.Globalization.CultureInfo.InvariantCulture));
        for (var v = 0; v < found.Values.Count; v++)
        {
            var at = Array.IndexOf(grid, double.Parse(found.Values[v], System.Globalization.CultureInfo.InvariantCulture));
            Assert.Equal(mean[at], found.Means[0][v], 1e-9);
            Assert.Equal(first[at], found.Curves[0][v], 1e-9);
        }
        Assert.Equal(1, found.Shares.Sum(), 1e-9);
    }

    [Fact]
    public void Categories_are_asked_for_by_their_frequency_and_several_answers_have_no_single_rows()
    {
        var rows = Table(Categories("c", "u", "v", "v", null, "v", "u"), Numbers("n", 1, 2, 3, 4, 5, 6));
        var found = PartialDependence.Compute(rows, "c", table => [.. Enumerable.Range(0, table.RowCount).SelectMany(row => new[] { table["c"].GetText(row) == "v" ? 1.0 : 0, ((NumericColumn)table["n"]).Values[row] })], 2, TestContext.Current.CancellationToken);
        Assert.Equal(["v", "u"], found.Values);
        Assert.Equal([1.0, 0.0], found.Means[0]);
        Assert.Equal([3.5, 3.5], found.Means[1]);
        Assert.Equal([0.5, 1 / 3.0], found.Shares);
        Assert.Empty(found.Curves);
        Assert.NotNull(PartialDependence.WhyNot(Numbers("n", double.NaN)));
    }

    [Fact]
    public void A_readable_tree_cuts_where_scikit_learns_does()
    {
        var tree = ReadableTree.Fit(Rows, ["a", "b", "c"], Doubles(Known.GetProperty("targets")), 1, 3, 10, TestContext.Current.CancellationToken);
        var shallow = Known.GetProperty("shallow");
        var (mean, leaves) = (Doubles(shallow.GetProperty("mean")), shallow.GetProperty("leaf").EnumerateArray().Select(v => v.GetInt32()).ToArray());
        var parts = tree.Parts(Rows);
        Assert.Equal(leaves.Distinct().Count(), parts.Count);
        foreach (var part in parts)
        {
            Assert.Single(part.Rows.Select(row => leaves[row]).Distinct());
            Assert.All(part.Rows, row => Assert.Equal(mean[row], part.Means[0], 1e-9));
        }
    }

    [Fact]
    public void Categories_and_missing_values_are_told_in_words()
    {
        var random = new Random(3);
        string?[] kinds = [.. Enumerable.Range(0, 400).Select(_ => "uvw"[random.Next(3)].ToString())];
        double[] numbers = [.. kinds.Select(_ => random.Next(5) == 0 ? double.NaN : random.Next(10))];
        double[] targets = [.. kinds.Select((kind, i) => (kind is "u" or "w" ? 10 : 0) + (double.IsNaN(numbers[i]) || numbers[i] <= 4 ? 0 : 3))];
        var rows = Table(Categories("kind", kinds), Numbers("n", numbers));
        var parts = ReadableTree.Fit(rows, ["kind", "n"], targets, 1, 2, 5, TestContext.Current.CancellationToken).Parts(rows);
        Assert.Equal(
            ["kind is v, n at most 4.5 or missing: 0", "kind is v, n above 4.5: 3", "kind is u or w, n at most 4.5 or missing: 10", "kind is u or w, n above 4.5: 13"],
            parts.Select(p => $"{string.Join(", ", p.Conditions.Select(c => $"{c.Column} {c.Text}"))}: {p.Means[0]:0.##}"));
        // A value that the tree has not met goes with those it does not ask for.
        Assert.Contains(0, ReadableTree.Fit(rows, ["kind"], targets, 1, 1, 5, TestContext.Current.CancellationToken).Parts(Table(Categories("kind", "new"), Numbers("n", 1)))[1].Rows);
    }

    [Fact]
    public void A_kind_of_rows_with_more_errors_is_found_and_chance_is_not_taken_for_one()
    {
        var random = new Random(5);
        double[] a = [.. Enumerable.Range(0, 2000).Select(_ => random.NextDouble())], b = [.. a.Select(_ => random.NextDouble())];
        string?[] c = [.. a.Select(_ => "uvw"[random.Next(3)].ToString())];
        var rows = Table(Numbers("a", a), Numbers("b", b), Categories("c", c));
        double[] planted = [.. a.Select((v, i) => random.NextDouble() < (v > 0.7 && c[i] == "w" ? 0.6 : 0.1) ? 1.0 : 0)];
        var found = ErrorSlices.Find(rows, ["a", "b", "c"], planted, planted, 1, TestContext.Current.CancellationToken)!;
        var worst = found.Slices[0];
        Assert.Contains(worst.Conditions, x => x.Column == "c" && x.Text == "is w");
        Assert.Contains(worst.Conditions, x => x.Column == "a" && x.Text.StartsWith("above 0.6", StringComparison.Ordinal) || x.Text.StartsWith("above 0.7", StringComparison.Ordinal));
        Assert.InRange(worst.MeanError, 0.45, 0.75);
        Assert.True(worst.PValue < 0.001);
        Assert.Equal(1000, found.RowCount);
        Assert.Equal(1000, found.Slices.Sum(s => s.RowCount));

        // Over twenty draws of pure chance hardly any kind may look notable: 20 trees, each at 5 % for all its kinds together.
        var notable = 0;
        for (var draw = 0; draw < 20; draw++)
        {
            double[] chance = [.. a.Select(_ => random.NextDouble() < 0.2 ? 1.0 : 0)];
            if (ErrorSlices.Find(rows, ["a", "b", "c"], chance, chance, draw, TestContext.Current.CancellationToken)!.Slices.Any(s => s.PValue < 0.05)) notable++;
        }
        Assert.InRange(notable, 0, 4);
        Assert.Null(ErrorSlices.Find(rows.Take([0, 1, 2]), ["a"], [0, 0, 1], [0, 0, 1], 1, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Welchs_test_and_Wilsons_interval_are_scipys()
    {
        var targets = Doubles(Known.GetProperty("targets"));
        Assert.Equal(Known.GetProperty("welch").GetDouble(), ErrorSlices.Welch(targets[..30], targets[30..110]), 1e-9);
        var wilson = SampleIntervals.OfShare(37, 120)!;
        Assert.Equal(Doubles(Known.GetProperty("wilson")), [wilson.Low, wilson.High], (x, y) => Math.Abs(x - y) < 1e-9);
    }

    [Fact]
    public void Groups_are_told_apart_by_what_happens_to_them()
    {
        // 40 rows of each: of g the positive ones are found in 15 of 20, of h in 5 of 20; false alarms 4 of 20 and 2 of 20.
        string?[] groups = [.. Enumerable.Repeat("g", 40), .. Enumerable.Repeat("h", 40), null];
        float[] labels = [.. Enumerable.Range(0, 80).Select(i => i % 40 < 20 ? 1f : 0f), 1f];
        double[] answers = [.. Enumerable.Range(0, 80).Select(i => (i / 40, i % 40) switch { (0, < 15) => 1.0, (0, >= 20 and < 24) => 1, (1, < 5) => 1, (1, >= 20 and < 22) => 1, _ => 0 }), 1];
        var report = GroupReport.Compute(Categories("team", groups), LearningTask.Binary, labels, answers)!;
        Assert.Equal(["g", "h", "missing"], report.Groups.Select(g => g.Name));
        Assert.Equal([31 / 40.0, 19 / 40.0, 15 / 20.0, 4 / 20.0], report.Groups[0].Figures.Select(f => f.Value!.Value));
        Assert.Equal([23 / 40.0, 7 / 40.0, 5 / 20.0, 2 / 20.0], report.Groups[1].Figures.Select(f => f.Value!.Value));
        // One row is too few to be compared, and has no row of the first class.
        Assert.Null(report.Groups[2].Figures[3].Value);
        Assert.Equal([0.2, 0.3, 0.5, 0.1], report.Differences.Select(d => Math.Round(d!.Value, 9)));

        var ranges = GroupReport.Compute(Numbers("n", [.. Enumerable.Range(0, 81).Select(i => (double)i)]), LearningTask.Regression, labels, answers)!;
        Assert.Equal(["at most 20", "above 20 to 40", "above 40 to 60", "above 60"], ranges.Groups.Select(g => g.Name));
        Assert.Equal(["0", "1"], GroupReport.Compute(Numbers("flag", [.. labels.Select(l => (double)l)]), LearningTask.Binary, labels, answers)!.Groups.Select(g => g.Name));
        Assert.Null(GroupReport.Compute(Numbers("same", [.. labels.Select(_ => 1.0)]), LearningTask.Binary, labels, answers));
    }
}
