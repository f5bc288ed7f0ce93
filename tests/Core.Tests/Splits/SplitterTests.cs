using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Tests.Recipes;
using Xunit;

namespace ModelWorkbench.Core.Tests.Splits;

public class SplitterTests
{
    [Fact]
    public void Sizes_are_those_of_scikit_learn_and_class_counts_within_one_row()
    {
        var cases = Samples.Expected("Splits", "splits.json").EnumerateArray().ToArray();
        Assert.Equal(5, cases.Length);
        foreach (var expected in cases)
        {
            var table = Samples.Read(expected.GetProperty("file").GetString()!);
            var target = expected.GetProperty("target").GetString()!;
            var plan = new SplitPlan(expected.GetProperty("fraction").GetDouble());
            var split = Splitter.Split(table, target, plan);
            Assert.Equal((expected.GetProperty("trainCount").GetInt32(), expected.GetProperty("testCount").GetInt32()), (split.Training.Table.RowCount, split.Test.RowCount));
            AssertCounts(expected.GetProperty("testByClass"), table.Take(split.Test.Positions), target);
        }
    }

    [Fact]
    public void Folds_hold_each_class_to_within_one_row_as_scikit_learn_does()
    {
        foreach (var expected in Samples.Expected("Splits", "splits.json").EnumerateArray())
        {
            var table = Samples.Read(expected.GetProperty("file").GetString()!);
            var target = expected.GetProperty("target").GetString()!;
            var plan = new SplitPlan(expected.GetProperty("fraction").GetDouble());
            var folds = Splitter.Folds(Splitter.Split(table, target, plan).Training, target, plan);
            Assert.Equal(expected.GetProperty("validationByClass").GetArrayLength(), folds.Count);
            foreach (var (fold, ofClass) in folds.Zip(expected.GetProperty("validationByClass").EnumerateArray()))
                AssertCounts(ofClass, fold.Validation.Table, target);
        }
    }

    [Theory]
    [InlineData(150, 0.2, 30)]
    [InlineData(101, 0.2, 21)]
    [InlineData(10, 0.05, 1)]
    [InlineData(7, 0.5, 4)]
    public void The_test_set_is_rounded_up(int rows, double fraction, int expected) =>
        Assert.Equal(expected, Splitter.Split(Rows(rows), null, new SplitPlan(fraction, 1)).Test.RowCount);

    [Fact]
    public void Every_row_is_in_exactly_one_part_and_positions_point_to_it()
    {
        var table = Samples.Read("telco_churn.csv");
        var split = Splitter.Split(table, "churn", new SplitPlan());
        Assert.Equal(Enumerable.Range(0, table.RowCount), split.Training.Positions.ToArray().Concat(split.Test.Positions.ToArray()).Order());
        Assert.Equal(table.Take(split.Training.Positions).LineNumbers.ToArray(), split.Training.Table.LineNumbers.ToArray());

        var folds = Splitter.Folds(split.Training, "churn", new SplitPlan());
        Assert.Equal(Enumerable.Range(0, split.Training.Table.RowCount), folds.SelectMany(f => f.Validation.Positions.ToArray()).Order());
        foreach (var fold in folds)
        {
            Assert.Equal(Enumerable.Range(0, split.Training.Table.RowCount), fold.Training.Positions.ToArray().Concat(fold.Validation.Positions.ToArray()).Order());
            Assert.Equal(split.Training.Table.Take(fold.Validation.Positions).LineNumbers.ToArray(), fold.Validation.Table.LineNumbers.ToArray());
        }
        Assert.True(folds.Max(f => f.Validation.Table.RowCount) - folds.Min(f => f.Validation.Table.RowCount) <= 1);
    }

    [Fact]
    public void Class_shares_hold_within_one_row_for_any_class_sizes()
    {
        var random = new Random(3);
        for (var trial = 0; trial < 200; trial++)
        {
            var sizes = Enumerable.Range(0, random.Next(2, 8)).Select(_ => random.Next(1, 40)).Append(20).ToArray();
            var names = sizes.SelectMany((size, c) => Enumerable.Repeat($"c{c}", size)).ToArray();
            random.Shuffle(names);
            var table = new Table([DictionaryColumn.FromTexts("y", ColumnKind.Category, names)]);
            var plan = new SplitPlan(random.Next(5, 51) / 100.0, random.Next(1, 6), Seed: trial);
            var split = Splitter.Split(table, "y", plan);
            var share = (double)split.Test.RowCount / table.RowCount;
            var folds = Splitter.Folds(split.Training, "y", plan);
            for (var c = 0; c < sizes.Length; c++)
            {
                var training = Count(split.Training.Table, "y", $"c{c}");
                Assert.Equal(sizes[c] * share, sizes[c] - training, 1.0);
                Assert.True(training >= 1);
                foreach (var fold in folds)
                {
                    var held = Count(fold.Validation.Table, "y", $"c{c}");
                    var foldShare = (double)fold.Validation.Table.RowCount / split.Training.Table.RowCount;
                    Assert.InRange(held, Math.Floor(training * (plan.Folds == 1 ? foldShare : 1.0 / plan.Folds)) - (plan.Folds == 1 ? 1 : 0), Math.Ceiling(training * (plan.Folds == 1 ? foldShare : 1.0 / plan.Folds)) + (plan.Folds == 1 ? 1 : 0));
                    if (training >= 2) Assert.True(training - held >= 1, $"class c{c} of {training} rows is not in the training part");
                }
            }
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_parts_and_another_seed_others()
    {
        var table = Rows(200);
        int[] Test(int seed) => Splitter.Split(table, null, new SplitPlan(Seed: seed)).Test.Positions.ToArray();
        Assert.Equal(Test(42), Test(42));
        Assert.NotEqual(Test(42), Test(43));
    }

    [Fact]
    public void One_fold_holds_out_a_fifth()
    {
        var training = Splitter.Split(Rows(125), null, new SplitPlan()).Training;
        var fold = Assert.Single(Splitter.Folds(training, null, new SplitPlan(Folds: 1)));
        Assert.Equal((80, 20), (fold.Training.Table.RowCount, fold.Validation.Table.RowCount));
    }

    [Fact]
    public void A_plan_that_is_not_stratified_disregards_the_classes()
    {
        var table = Samples.Read("iris.csv");
        var plan = new SplitPlan(Stratified: false);
        Assert.Equal(Splitter.Split(table, null, plan).Test.Positions.ToArray(), Splitter.Split(table, "species", plan).Test.Positions.ToArray());
    }

    [Fact]
    public void A_missing_class_is_a_class_of_its_own()
    {
        var table = new Table([DictionaryColumn.FromTexts("y", ColumnKind.Category, [.. Enumerable.Range(0, 40).Select(i => i % 2 == 0 ? null : "a")])]);
        Assert.Equal(5, table.Take(Splitter.Split(table, "y", new SplitPlan(0.25)).Test.Positions)["y"].CountMissing());
    }

    [Fact]
    public void Problems_of_a_plan_name_the_value_and_the_range()
    {
        Assert.Empty(new SplitPlan().Problems(10));
        Assert.Equal(2, new SplitPlan(0.6, 21).Problems(100).Count);
        Assert.Contains("0.6", new SplitPlan(0.6).Problems(100)[0]);
        Assert.Single(new SplitPlan(double.NaN).Problems(100));
        Assert.Contains("5 rows leave 4 for training", Assert.Single(new SplitPlan().Problems(5)));
        Assert.Single(new SplitPlan(Folds: 1).Problems(0));
        Assert.Throws<SplitException>(() => Splitter.Split(Rows(4), null, new SplitPlan()));
    }

    [Fact]
    public void Classes_of_one_row_each_leave_no_test_set_and_that_is_said()
    {
        var table = new Table([DictionaryColumn.FromTexts("y", ColumnKind.Category, [.. Enumerable.Range(0, 20).Select(i => $"c{i}")])]);
        Assert.Contains("20 classes", Assert.Throws<SplitException>(() => Splitter.Split(table, "y", new SplitPlan())).Message);
    }

    [Fact]
    public void A_sample_is_even_distinct_and_ascending()
    {
        var sample = RowSample.Take(10_000, 1_000, seed: 1);
        Assert.Equal(1_000, sample.Distinct().Count());
        Assert.Equal(sample.Order(), sample);
        Assert.InRange(sample.Count(row => row < 5_000), 450, 550);
        Assert.Equal([0, 1, 2], RowSample.Take(3, 3, seed: 1));
    }

    private static Table Rows(int count) => new([new NumericColumn("x", [.. Enumerable.Range(0, count).Select(i => (double)i)])]);

    private static int Count(Table table, string column, string value) => Enumerable.Range(0, table.RowCount).Count(row => table[column].GetText(row) == value);

    private static void AssertCounts(JsonElement expected, Table part, string target)
    {
        foreach (var property in expected.EnumerateObject()) Assert.Equal(property.Value.GetInt32(), Count(part, target, property.Name), 1.0);
    }
}
