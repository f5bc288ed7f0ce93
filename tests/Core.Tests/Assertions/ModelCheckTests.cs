using ModelWorkbench.Core.Assertions;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Tests.Serving;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Assertions;

public sealed class ModelCheckTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // y rises with a, falls with b, and goes up and down with c.
    private static readonly Lazy<(ModelPackage Package, Table Rows)> Number = new(() =>
    {
        var random = new Random(5);
        double[] a = [.. Enumerable.Range(0, 400).Select(_ => Math.Round(random.NextDouble() * 10, 3))], b = [.. a.Select(_ => Math.Round(random.NextDouble() * 10, 3))], c = [.. a.Select(_ => Math.Round(random.NextDouble() * 10, 3))];
        var table = Table(Numbers("a", a), Numbers("b", b), Numbers("c", c), Categories("d", [.. a.Select((_, i) => i % 2 == 0 ? "x" : "y")]), Numbers("y", [.. a.Select((v, i) => (3 * v) - (2 * b[i]) + (5 * Math.Sin(c[i])))]));
        return (ServingModels.Train(table, "y", new Recipe([]), "linear-lbfgs", Cancel), table);
    });

    private static readonly Lazy<(ModelPackage Package, Table Rows)> Wavy = new(() =>
    {
        var (_, rows) = Number.Value;
        return (ServingModels.Train(rows, "y", new Recipe([]), "random-forest", Cancel), rows);
    });

    private static readonly Lazy<(ModelPackage Package, Table Rows)> Binary = new(() =>
    {
        var random = new Random(6);
        double[] a = [.. Enumerable.Range(0, 300).Select(_ => random.NextDouble() * 10)];
        var table = Table(Numbers("a", a), Categories("class", [.. a.Select(v => v > 5 ? "yes" : "no")]));
        return (ServingModels.Train(table, "class", new Recipe([]), "linear-lbfgs", Cancel), table);
    });

    private static Dictionary<string, string?> Row(params (string Column, string? Value)[] values) => values.ToDictionary(v => v.Column, v => v.Value);

    [Fact]
    public void A_class_is_expected_with_a_probability()
    {
        var package = Binary.Value.Package;
        var high = Row(("a", "9.5"));
        var passed = ModelCheck.Check(package, new Expectation.Answer([high], "yes"), Cancel);
        Assert.Equal((AssertionOutcome.Passed, 1, 0, "yes"), (passed.Outcome, passed.RowCount, passed.BreakingCount, passed.Class));
        var probability = passed.Figure!.Value;
        Assert.InRange(probability, 0.9, 1);

        Assert.Equal(AssertionOutcome.Passed, ModelCheck.Check(package, new Expectation.Answer([high], "yes", probability), Cancel).Outcome);
        Assert.Equal(AssertionOutcome.Failed, ModelCheck.Check(package, new Expectation.Answer([high], "yes", Math.BitIncrement(probability)), Cancel).Outcome);

        var other = ModelCheck.Check(package, new Expectation.Answer([high], "no"), Cancel);
        Assert.Equal((AssertionOutcome.Failed, 1, "yes"), (other.Outcome, other.BreakingCount, other.Class));
        Assert.Equal(1 - probability, other.Figure!.Value, 1e-12);
        Assert.Contains("The answer is yes; no has a probability of", other.Describe(new Expectation.Answer([high], "no")));
    }

    [Fact]
    public void Of_several_rows_the_furthest_is_told()
    {
        var expected = new Expectation.Answer([Row(("a", "9.5")), Row(("a", "1")), Row(("a", "9"))], "yes", 0.5);
        var found = ModelCheck.Check(Binary.Value.Package, expected, Cancel);
        Assert.Equal((AssertionOutcome.Failed, 3, 1, "no"), (found.Outcome, found.RowCount, found.BreakingCount, found.Class));
        Assert.StartsWith("2 of 3 rows are as expected; the furthest is answered with no", found.Describe(expected));
    }

    [Fact]
    public void A_number_is_expected_within_a_range()
    {
        var (package, _) = Number.Value;
        var row = Row(("a", "5"), ("b", "5"), ("c", "3"), ("d", "x"));
        var answer = ModelCheck.Check(package, new Expectation.Answer([row], Low: -1e9), Cancel).Figure!.Value;
        Assert.Equal(AssertionOutcome.Passed, ModelCheck.Check(package, new Expectation.Answer([row], Low: answer, High: answer), Cancel).Outcome);
        Assert.Equal(AssertionOutcome.Failed, ModelCheck.Check(package, new Expectation.Answer([row], Low: answer + 0.1), Cancel).Outcome);
        Assert.Equal(AssertionOutcome.Failed, ModelCheck.Check(package, new Expectation.Answer([row], High: answer - 0.1), Cancel).Outcome);
    }

    [Fact]
    public void What_the_model_does_not_read_changes_nothing_and_what_it_cannot_read_is_no_pass()
    {
        var package = Binary.Value.Package;
        Assert.Equal(AssertionOutcome.Passed, ModelCheck.Check(package, new Expectation.Answer([Row(("a", "9.5"), ("other", "?"))], "yes"), Cancel).Outcome);
        var unread = ModelCheck.Check(package, new Expectation.Answer([Row(("a", "many"))], "yes"), Cancel);
        Assert.Equal(AssertionOutcome.NotDecided, unread.Outcome);
        Assert.Matches("column .a.: found .*many", unread.WhyNot);
        Assert.Equal(AssertionOutcome.Failed, ModelCheck.Check(package, new Expectation.Answer([Row(("a", "9.5"))], "perhaps"), Cancel).Outcome);
        Assert.Equal(AssertionOutcome.NotDecided, ModelCheck.Check(package, new Expectation.Answer([Row(("a", "9.5"))], Low: 1), Cancel).Outcome);
        Assert.Equal(AssertionOutcome.NotDecided, ModelCheck.Check(Number.Value.Package, new Expectation.Answer([Row(("a", "9.5"))], "yes"), Cancel).Outcome);
    }

    [Fact]
    public void A_linear_model_only_goes_one_way()
    {
        var (package, rows) = Number.Value;
        Assert.Equal((AssertionOutcome.Passed, 200, 0), Of(new Expectation.Monotone("a")));
        Assert.Equal((AssertionOutcome.Passed, 200, 0), Of(new Expectation.Monotone("b", Rises: false)));
        Assert.Equal((AssertionOutcome.Failed, 200, 200), Of(new Expectation.Monotone("b")));
        Assert.Equal((AssertionOutcome.Passed, 400, 0), Of(new Expectation.Monotone("a", RowCount: 1_000)));

        (AssertionOutcome, int, int) Of(Expectation.Monotone expected)
        {
            var found = ModelCheck.Check(package, expected, rows, Long, Cancel);
            return (found.Outcome, found.RowCount, found.BreakingCount);
        }
    }

    [Fact]
    public void The_worst_row_is_one_that_the_model_really_answers_so()
    {
        var (package, rows) = Wavy.Value;
        var expected = new Expectation.Monotone("c", RowCount: 50);
        var found = ModelCheck.Check(package, expected, rows, Long, Cancel);
        Assert.Equal(AssertionOutcome.Failed, found.Outcome);
        Assert.Equal(50, found.BreakingCount);
        var worst = found.Worst!;
        Assert.True(worst.To > worst.From && worst.After < worst.Before);
        // Lines begin at 2, below the header.
        int[] row = [worst.Line - 2];
        foreach (var (value, answer) in new[] { (worst.From, worst.Before), (worst.To, worst.After) })
            Assert.Equal(answer, package.Pipeline.Predict(rows.Take(row).With(Numbers("c", value)))[0], 1e-9);
        Assert.Contains($"50 of 50 rows break it; the worst is the row on line {worst.Line}", found.Describe(expected));

        // Nothing goes further than the worst.
        Assert.Equal(AssertionOutcome.Passed, ModelCheck.Check(package, expected with { Slack = worst.Before - worst.After }, rows, Long, Cancel).Outcome);
    }

    [Fact]
    public void A_way_back_in_several_steps_is_told_whole()
    {
        // A probability that falls from 9/10 to 1/10 over many small steps as a rises.
        var (package, rows) = Binary.Value;
        var found = ModelCheck.Check(package, new Expectation.Monotone("a", Class: "no", RowCount: 3), rows, Long, Cancel);
        Assert.Equal((AssertionOutcome.Failed, 3, 3), (found.Outcome, found.RowCount, found.BreakingCount));
        Assert.True(found.Worst!.Before - found.Worst.After > 0.9, $"{found.Worst}");
        // Without a class the second is meant.
        Assert.Equal(AssertionOutcome.Passed, ModelCheck.Check(package, new Expectation.Monotone("a", RowCount: 3), rows, Long, Cancel).Outcome);
    }

    [Fact]
    public void What_cannot_be_raised_is_not_decided()
    {
        var (package, rows) = Number.Value;
        Says("holds category values", new Expectation.Monotone("d"));
        Says("has no column 'e'", new Expectation.Monotone("e"));
        Says("the model predicts a number", new Expectation.Monotone("a", Class: "yes"));
        var none = ModelCheck.Check(package, new Expectation.Monotone("a"), rows.Take([]), Long, Cancel);
        Assert.Equal((AssertionOutcome.NotDecided, "There is no row to try it on."), (none.Outcome, none.WhyNot));
        var late = ModelCheck.Check(package, new Expectation.Monotone("a"), rows, TimeSpan.FromTicks(-1), Cancel);
        Assert.Equal(AssertionOutcome.NotDecided, late.Outcome);
        Assert.Contains("only 0 of 200 rows were tried", late.WhyNot);

        void Says(string words, Expectation.Monotone expected)
        {
            var found = ModelCheck.Check(package, expected, rows, Long, Cancel);
            Assert.Equal(AssertionOutcome.NotDecided, found.Outcome);
            Assert.Contains(words, found.WhyNot);
        }
    }

    [Theory]
    [InlineData(0.8, 100, AssertionOutcome.Passed)]
    [InlineData(0.7999, 100, AssertionOutcome.Failed)]
    [InlineData(0.9, 29, AssertionOutcome.NotDecided)]
    [InlineData(null, 100, AssertionOutcome.NotDecided)]
    public void A_segment_is_decided_by_its_figure(double? figure, int rows, AssertionOutcome expected)
    {
        var segment = new Expectation.Segment(new SegmentMeasure("accuracy-score", "region", "North"), AtLeast: 0.8);
        var found = ModelCheck.Check(segment, new SegmentFigure(figure, rows, figure is null ? "Accuracy is undefined on these rows." : null));
        Assert.Equal((expected, rows), (found.Outcome, found.RowCount));
        if (rows < 30) Assert.Contains("Too few rows: 29 that the model had not seen are in the segment, expected at least 30.", found.WhyNot);
    }

    [Fact]
    public void A_segment_may_have_an_upper_limit()
    {
        var segment = new Expectation.Segment(new SegmentMeasure("rmse-error"), AtMost: 5);
        Assert.Equal(AssertionOutcome.Passed, ModelCheck.Check(segment, new SegmentFigure(5, 100)).Outcome);
        Assert.Equal(AssertionOutcome.Failed, ModelCheck.Check(segment, new SegmentFigure(5.1, 100)).Outcome);
        Assert.Equal("RMSE is at most 5", segment.Describe("y"));
    }
}
