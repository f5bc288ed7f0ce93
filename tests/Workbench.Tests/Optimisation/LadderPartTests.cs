using Bunit;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Optimisation;
using ModelWorkbench.Workbench.Optimisation.Parts;
using ModelWorkbench.Workbench.Plots;
using ModelWorkbench.Workbench.Shell;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Optimisation;

public sealed class LadderPartTests : PartTest
{
    private static LadderRung Rung(int number, long bytes, double microseconds, double score, LadderVerdict verdict) =>
        new([new OptimisationStep.Quantise(8)], $"Variant {number}", number, new LadderFigures(bytes, 2 * bytes, microseconds, 2 * microseconds, score), 0.9 - score, new MetricInterval(0.8 - score, 1 - score), 0.01, verdict, null);

    /// <summary>Accuracy 0.9 at 10,000 bytes and 4 µs; the smallest variant is worse.</summary>
    private static readonly LadderReport Report = new(Metric.Accuracy.Id, 500, 100, new LadderFigures(10_000, 20_000, 4, 8, 0.9), new MetricInterval(0.88, 0.92),
    [
        Rung(1_000_001, 5_000, 3, 0.905, LadderVerdict.NoLoss), Rung(1_000_002, 2_000, 2, 0.89, LadderVerdict.WithinInterval), Rung(1_000_003, 1_000, 1, 0.7, LadderVerdict.Worse),
        Rung(1_000_004, 6_000, 1.5, 0.9, LadderVerdict.NoLoss), new LadderRung([new OptimisationStep.Project(2, null)], "PCA to 2 components", null, null, null, null, null, null, "It has 1 feature."),
    ]);

    private static readonly LadderLimits None = new(null, null, null);

    [Fact]
    public void The_smallest_within_the_limits_is_chosen_and_never_a_worse_one_unasked()
    {
        Assert.Equal(1_000_001, None.Choose(Report)?.Number);
        Assert.Equal(1_000_004, (None with { Microseconds = 2 }).Choose(Report)?.Number);
        Assert.Equal(1_000_002, (None with { Loss = 0.02 }).Choose(Report)?.Number);
        Assert.Equal(1_000_003, (None with { Loss = 0.3, Kilobytes = 1.5 }).Choose(Report)?.Number);
        Assert.Null((None with { Kilobytes = 1.5 }).Choose(Report));
        Assert.Null((None with { Microseconds = 0.5, Loss = 1 }).Choose(Report));
    }

    [Fact]
    public void What_a_search_tried_and_found_is_marked()
    {
        var searched = Report with
        {
            Rungs = [.. Report.Rungs, Rung(1_000_005, 3_000, 2, 0.89, LadderVerdict.WithinInterval) with { IsSearched = true }, Rung(1_000_006, 2_500, 2, 0.89, LadderVerdict.WithinInterval) with { IsSearched = true }],
            Search = new LadderSearch(None with { Kilobytes = 2.5 }, 2, 1_000_006, "It ended where the limits were kept."),
        };
        var rows = Render<LadderTable>(p => p.Add(x => x.Report, searched).Add(x => x.ExperimentId, 7)).FindAll("[data-testid=rung]");
        Assert.Contains("searched", rows[5].TextContent);
        Assert.Contains("found", rows[6].TextContent);
        Assert.DoesNotContain(rows.Take(5), r => r.TextContent.Contains("searched") || r.TextContent.Contains("found"));
    }

    [Fact]
    public void The_front_holds_what_nothing_beats_in_size_and_metric()
    {
        Assert.Equal([1_000_003, 1_000_002, 1_000_001], LadderLimits.Front(Report).Select(r => r.Number!.Value));
    }

    [Fact]
    public void Each_variant_says_what_it_costs_in_the_models_own_figures_or_why_it_is_not_there()
    {
        var table = Render<LadderTable>(p => p.Add(x => x.Report, Report).Add(x => x.ExperimentId, 7).Add(x => x.Limits, None with { Kilobytes = 5 }).Add(x => x.Chosen, Report.Rungs[0]));
        var rows = table.FindAll("[data-testid=rung]");
        Assert.Equal(5, rows.Count);
        Assert.Contains("×0.5", rows[0].TextContent);
        Assert.Contains("×0.75", rows[0].TextContent);
        Assert.Contains("smallest", rows[0].TextContent);
        Assert.Contains(LadderPlot.NameOf(LadderVerdict.Worse), rows[2].TextContent);
        Assert.Equal(["chosen", "", "", "beyond", "beyond"], rows.Select(r => r.ClassName ?? ""));
        Assert.Equal(["/experiments/7/trials/1000002", "/experiments/7/trials/1000002/publish"], rows[1].QuerySelectorAll("a").Select(a => a.GetAttribute("href")));
        Assert.Contains("Not built: It has 1 feature.", rows[4].TextContent);
        Assert.Empty(rows[4].QuerySelectorAll("a"));
    }

    [Fact]
    public void The_plot_says_in_words_what_it_shows()
    {
        var figure = LadderPlot.Figure(Report, LadderLimits.Front(Report), byTime: false);
        Assert.Contains("4 variants", figure.Description);
        Assert.Contains("10.0 KB", figure.Description);
        // Three verdicts, the model itself, the front.
        Assert.Equal(5, figure.Traces(WorkbenchTheme.Plots(isDark: false)).Count);
    }
}
