using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Optimisation;
using Xunit;

namespace ModelWorkbench.Core.Tests.Experiments;

/// <summary>A made-up model of 100,000 bytes and 10 µs whose trees are half of its file and all of its time, and whose steps cost what the tests say.</summary>
public sealed class CombinationSearchTests
{
    private readonly List<string> _built = [];

    private LadderRung Build(IReadOnlyList<OptimisationStep> steps)
    {
        var name = LadderRung.NameOf(steps);
        Assert.DoesNotContain(name, _built);
        _built.Add(name);
        double bytes = 100_000, time = 10, loss = 0;
        foreach (var step in steps)
        {
            switch (step)
            {
                case OptimisationStep.Quantise quantise:
                    (bytes, loss) = (bytes * quantise.Bits / 32, loss + (quantise.Bits == 8 ? 0.004 : 0.0001));
                    break;
                case OptimisationStep.KeepTrees keep:
                    (bytes, time, loss) = (bytes * (0.5 + (0.5 * keep.Share)), time * keep.Share, loss + (0.02 * (1 - keep.Share)));
                    break;
                case OptimisationStep.PruneSplits prune:
                    (bytes, time, loss) = (bytes * prune.Share, time * (0.8 + (0.2 * prune.Share)), loss + (0.1 * (1 - prune.Share)));
                    break;
                default:
                    return LadderRung.Not(steps, "It cannot.");
            }
        }
        return new LadderRung(steps, name, 1_000 + _built.Count, new LadderFigures((long)bytes, 1, time, time, 0.9 - loss), loss, new MetricInterval(loss - 0.001, loss + 0.001), 0, loss < 0.001 ? LadderVerdict.NoLoss : LadderVerdict.Worse, null);
    }

    private static LadderReport Ladder(params LadderRung[] rungs) => new(Metric.Accuracy.Id, 500, 100, new LadderFigures(100_000, 1, 10, 10, 0.9), new MetricInterval(0.88, 0.92), rungs);

    private LadderReport Search(LadderLimits limits, params LadderRung[] rungs) => new CombinationSearch(Ladder(rungs), limits, Build, _ => { }).Run();

    [Fact]
    public void It_ends_where_the_limits_are_kept_and_shows_what_it_tried()
    {
        var report = Search(new LadderLimits(20, 6, null));
        var taken = report.Rungs.Single(r => r.Number == report.Search!.Number);
        Assert.True(taken.Figures is { FileBytes: <= 20_000, MedianMicroseconds: <= 6 });
        Assert.Contains(new OptimisationStep.Quantise(8), taken.Steps);
        Assert.Contains(taken.Steps, s => s is OptimisationStep.KeepTrees);
        Assert.Equal("It ended where the limits were kept.", report.Search!.Ending);
        Assert.All(report.Rungs, r => Assert.True(r.IsSearched && r.Figures is not null));
        Assert.Equal(report.Rungs.Count, report.Search.TriedCount);
        // Pruning costs the most: it was tried and not taken.
        Assert.Contains(report.Rungs, r => r.Steps is [OptimisationStep.PruneSplits]);
        Assert.DoesNotContain(taken.Steps, s => s is OptimisationStep.PruneSplits);
    }

    [Fact]
    public void A_loss_that_is_too_large_is_no_way_on()
    {
        var report = Search(new LadderLimits(null, null, 0.006));
        var taken = report.Rungs.Single(r => r.Number == report.Search!.Number);
        Assert.True(taken.Loss <= 0.006);
        Assert.Equal(report.Rungs.Where(r => r.Loss <= 0.006).Min(r => r.Figures!.FileBytes), taken.Figures!.FileBytes);
        Assert.Equal("Every further step loses more than is allowed.", report.Search!.Ending);

        _built.Clear();
        var none = Search(new LadderLimits(1, 0.5, 0.006));
        Assert.Null(none.Search!.Number);
    }

    [Fact]
    public void What_is_there_is_not_searched_for()
    {
        Assert.Contains("itself", Search(new LadderLimits(200, null, null)).Search!.Ending);
        var rung = Build([new OptimisationStep.Quantise(16)]);
        var report = Search(new LadderLimits(60, null, null), rung);
        Assert.Equal((0, rung.Number), (report.Search!.TriedCount, report.Search.Number));
        Assert.Single(_built);
        // Nor is it built anew on the way to something smaller.
        Assert.NotNull(Search(new LadderLimits(30, null, null), rung).Search!.Number);
    }

    [Fact]
    public void Limits_that_are_none_are_refused()
    {
        foreach (var limits in (LadderLimits[])[new(null, null, null), new(0, null, null), new(null, -1, null), new(null, null, -0.1), new(double.NaN, null, null)])
        {
            Assert.NotNull(limits.WhyNot());
            Assert.Throws<ArgumentException>(() => Search(limits));
        }
    }
}
