using System.Diagnostics;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Tests.Recipes;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Experiments;

public class SplitFindingsTests
{
    private static readonly SplitPlan Marked = new(Method: SplitMethod.OwnColumn, Column: "set");

    [Fact]
    public void Rows_that_equal_a_row_learnt_from_are_counted_and_named_by_line()
    {
        // Lines 2 to 9; the target and the mark of the part make no row different, a missing value equals a missing value.
        var table = Samples.Table(
            Samples.Categories("set", "train", "train", "train", "train", "validation", "validation", "test", "test"),
            Samples.Numbers("x", 1, 2, double.NaN, 1, 2, 5, double.NaN, 0.0),
            Samples.Categories("c", "a", "b", null, "a", "b", "b", null, "a"),
            Samples.Categories("y", "p", "q", "p", "q", "p", "q", "p", "q"));
        var findings = Find(table, LearningTask.Binary, Marked);
        AssertRepeated(1, 2, [(6, 3)], findings.Validation);
        AssertRepeated(1, 2, [(8, 4)], findings.Test);
        Assert.Equal(0.5, findings.Test!.Share);
    }

    [Fact]
    public void In_folds_a_repeated_row_counts_once_and_only_where_its_twin_is_learnt_from()
    {
        // Ten different rows, each twice, one after the other.
        var table = Samples.Table(Samples.Numbers("x", [.. Enumerable.Range(0, 20).Select(i => (double)(i / 2))]), Samples.Numbers("y", [.. Enumerable.Range(0, 20).Select(i => (double)i)]));
        var plan = new SplitPlan(0, 5, false, Repeats: 3);
        var findings = Find(table, LearningTask.Regression, plan);
        Assert.Null(findings.Test);
        Assert.Equal(20, findings.Validation!.RowCount);
        Assert.Equal(10, findings.Validation.Examples.Count);
        // Independently: a row counts where its twin is in another fold in one of the three cuts.
        var folds = Splitter.Folds(Splitter.Split(table, null, plan).Training, null, plan);
        Assert.Equal(Enumerable.Range(0, 20).Count(row => folds.Any(f => f.Validation.Positions.Contains(row) && f.Training.Positions.Contains(row ^ 1))), findings.Validation.Count);

        // Groups of equal rows stay together: nothing is repeated.
        var grouped = Find(table.With(new NumericColumn("g", [.. Enumerable.Range(0, 20).Select(i => (double)(i / 2))])), LearningTask.Regression, new SplitPlan(Method: SplitMethod.Grouped, Column: "g", Folds: 3));
        Assert.True(grouped.Validation is null && grouped.Test is null);
    }

    [Fact]
    public void Values_that_change_places_are_different_rows()
    {
        var table = Samples.Table(
            Samples.Categories("set", "train", "train", "train", "train", "validation", "test"),
            Samples.Numbers("a", 1, 2, 3, 4, 2, 9), Samples.Numbers("b", 2, 5, 6, 7, 1, 9), Samples.Categories("y", "p", "q", "p", "q", "p", "q"));
        Assert.Null(Find(table, LearningTask.Binary, Marked).Validation);
    }

    [Fact]
    public void A_column_that_gives_the_target_away_is_named_and_a_good_one_is_not()
    {
        var random = new Random(1);
        double[] truth = [.. Enumerable.Range(0, 1_000).Select(_ => (double)random.Next(2))];
        var table = Samples.Table(
            Samples.Numbers("after", [.. truth.Select(t => t + 0.1 * random.NextDouble())]), Samples.Numbers("good", [.. truth.Select(t => t + 2 * random.NextDouble())]),
            Samples.Categories("y", [.. truth.Select(t => t == 1 ? "yes" : "no")]));
        var giveAway = Assert.Single(Find(table, LearningTask.Binary, new SplitPlan()).GiveAways);
        Assert.Equal((WarningCode.LeakageSuspect, "after"), (giveAway.Code, Assert.Single(giveAway.Columns)));
    }

    [Fact]
    public void The_target_of_locked_rows_is_never_looked_at()
    {
        // A column that gives the target away in the locked rows alone, and a class that only they have.
        var random = new Random(1);
        var set = Enumerable.Range(0, 1_200).Select(i => i < 600 ? "train" : "test").ToArray();
        var classes = set.Select((s, i) => s == "train" ? $"c{random.Next(2)}" : $"c{i % 3}").ToArray();
        var x = classes.Select((c, i) => set[i] == "train" ? random.NextDouble() : c[1] + random.NextDouble() / 10).ToArray();
        var plan = Marked with { Folds = 3 };
        var table = Samples.Table(Samples.Categories("set", set), Samples.Numbers("x", x), Samples.Categories("y", classes));
        var findings = Find(table, LearningTask.Multiclass, plan);
        Assert.Empty(findings.GiveAways);
        // That nobody learns c2 is seen on the training rows.
        Assert.Equal(("c2", 0, 3), Assert.Single(findings.ClassGaps) is var gap ? (gap.Class, gap.RowCount, gap.NotLearntIn.Count) : default);
        var other = table.With(Samples.Categories("y", [.. classes.Select((c, i) => set[i] == "train" ? c : $"c{(i + 1) % 3}")]));
        Assert.Equal(JsonSerializer.Serialize(findings, CoreJson.Options), JsonSerializer.Serialize(Find(other, LearningTask.Multiclass, plan), CoreJson.Options));
    }

    [Fact]
    public void Classes_that_a_fold_has_no_rows_of_are_named_with_the_folds()
    {
        // Class r stands in one fold alone, class s in none but the first two.
        var table = Samples.Table(
            Samples.Categories("set", [.. Enumerable.Range(0, 30).Select(i => $"{i / 10 + 1}")]), Samples.Numbers("x", [.. Enumerable.Range(0, 30).Select(i => (double)i)]),
            Samples.Categories("y", [.. Enumerable.Range(0, 30).Select(i => i is 3 or 4 ? "r" : i is 5 or 15 ? "s" : "p")]));
        var gaps = Find(table, LearningTask.Multiclass, Marked with { TestFraction = 0 }).ClassGaps;
        Assert.Equal(["r of 2: not learnt in 1, not judged in 2,3", "s of 2: not learnt in , not judged in 3"], gaps.Select(g => $"{g.Class} of {g.RowCount}: not learnt in {string.Join(',', g.NotLearntIn)}, not judged in {string.Join(',', g.NotJudgedIn)}"));
    }

    [Fact]
    public void A_target_that_moves_with_time_is_told_and_one_that_does_not_is_not()
    {
        var random = new Random(3);
        var days = Samples.Numbers("t", [.. Enumerable.Range(0, 1_000).Select(i => (double)i)]);
        var plan = new SplitPlan(Method: SplitMethod.TimeOrdered, Column: "t", Folds: 3);
        SplitFindings OfNumbers(Func<int, double> y, SplitPlan plan) => Find(Samples.Table(days, Samples.Numbers("y", [.. Enumerable.Range(0, 1_000).Select(y)])), LearningTask.Regression, plan);
        SplitFindings OfClasses(Func<int, double> chance) => Find(Samples.Table(days, Samples.Categories("y", [.. Enumerable.Range(0, 1_000).Select(i => random.NextDouble() < chance(i) ? "yes" : "no")])), LearningTask.Binary, plan);

        var rising = OfNumbers(i => i + 300 * random.NextDouble(), plan).Shift!;
        Assert.True(rising.Distance > 0.5 && rising.LaterMean > rising.EarlierMean + 200);
        Assert.Null(OfNumbers(_ => random.NextDouble(), plan).Shift);
        Assert.Null(OfNumbers(i => i, new SplitPlan(Stratified: false)).Shift);

        var spreading = OfClasses(i => i < 600 ? 0.2 : 0.5).Shift!;
        Assert.Equal(["no", "yes"], spreading.Classes.Select(c => c.Class).Order());
        Assert.Equal(0.3, spreading.Distance, 0.1);
        Assert.Null(OfClasses(_ => 0.2).Shift);
    }

    // scipy.stats.ks_2samp([1, 2, 3, 4, 5], [3, 4, 4, 8]).statistic of SciPy 1.10.1, and of equal samples.
    [Fact]
    public void The_distance_of_two_samples_is_that_of_scipy()
    {
        Assert.Equal(0.4, SplitFindings.KolmogorovSmirnov([5, 1, 2, 3, 4], [3, 8, 4, 4]), 12);
        Assert.Equal(0, SplitFindings.KolmogorovSmirnov([2, 1], [1, 2]));
        Assert.Equal(1, SplitFindings.KolmogorovSmirnov([1, 2], [3]));
    }

    [Fact]
    public void Findings_come_back_from_json_and_clean_data_have_none()
    {
        var findings = new SplitFindings(new RepeatedRows(1, 2, [new RepeatedRow(6, 3)]), null, [new DataWarning(WarningCode.LeakageSuspect, WarningSeverity.Serious, ["x"], "m")], [new ClassGap("r", 2, [1], [])], new TargetShift(0.2, null, null, [new ClassShift("yes", 0.1, 0.3)]));
        var json = JsonSerializer.Serialize(findings, CoreJson.Options);
        Assert.Equal(json, JsonSerializer.Serialize(JsonSerializer.Deserialize<SplitFindings>(json, CoreJson.Options), CoreJson.Options));
        Assert.False(findings.IsEmpty);
        Assert.True(Find(Samples.Read("breast_cancer.csv"), LearningTask.Binary, new SplitPlan(), "diagnosis").IsEmpty);
    }

    [Fact]
    public void A_million_rows_take_seconds()
    {
        var random = new Random(1);
        Column[] columns = [.. Enumerable.Range(0, 10).Select(c => (Column)new NumericColumn($"x{c}", [.. Enumerable.Range(0, 1_000_000).Select(_ => random.NextDouble())])), new NumericColumn("y", [.. Enumerable.Range(0, 1_000_000).Select(_ => random.NextDouble())])];
        var table = new Table(columns);
        var plan = new SplitPlan(Folds: 1, Stratified: false);
        var target = Target.Create(table, "y", LearningTask.Regression);
        var split = Splitter.Split(table, null, plan);
        var folds = Splitter.Folds(split.Training, null, plan);
        var clock = Stopwatch.StartNew();
        Assert.Null(SplitFindings.Find(table, split, folds, target, plan, TestContext.Current.CancellationToken).Validation);
        TestContext.Current.TestOutputHelper?.WriteLine($"{clock.Elapsed.TotalSeconds} s");
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"{clock.Elapsed.TotalSeconds} s");
    }

    private static SplitFindings Find(Table table, LearningTask task, SplitPlan plan, string target = "y")
    {
        var stratifyBy = task == LearningTask.Regression ? null : target;
        var split = Splitter.Split(table, stratifyBy, plan);
        return SplitFindings.Find(table, split, Splitter.Folds(split.Training, stratifyBy, plan), Target.Create(table, target, task), plan, TestContext.Current.CancellationToken);
    }

    private static void AssertRepeated(int count, int rowCount, (int, int)[] lines, RepeatedRows? found) =>
        Assert.Equal((count, rowCount, string.Join(' ', lines)), found is null ? default : (found.Count, found.RowCount, string.Join(' ', found.Examples.Select(e => (e.Line, e.TrainingLine)))));
}
