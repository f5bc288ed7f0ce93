using System.Text.Json;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Experiments.Parts;
using ModelWorkbench.Workbench.Plots;
using ModelWorkbench.Workbench.Shell;
using ModelWorkbench.Workbench.Storage;
using Plotly.Blazor.Traces;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Experiments;

public sealed class SideBySidePartTests : PartTest
{
    private static readonly HeldAgainst Better = new(4, 0.02, new PairedGain(new MetricInterval(0.004, 0.031), 0.024), new RightAnswers(60, 5, 15, 20, 0.0414), null);
    private static readonly HeldAgainst Alike = new(7, -0.01, new PairedGain(new MetricInterval(-0.03, 0.012), 0.376), new RightAnswers(70, 4, 3, 23, 1), null);

    private static ComparedModel Model(int number, double accuracy, double logLoss, long bytes, bool hasIntervals = true) => new(
        new TrialRow
        {
            Number = number,
            TrainerId = "lightgbm",
            Status = TrialStatus.Completed,
            Result = new TrialResult(accuracy, new Dictionary<string, double?>(), [accuracy], 2, number, bytes, 200, 50, 6, new Dictionary<string, string>()),
        },
        Report(accuracy, logLoss, hasIntervals))
    { Name = $"Trees #{number}" };

    internal static EvaluationReport Report(double accuracy, double logLoss, bool hasIntervals = true) => new(
        LearningTask.Multiclass, 100, new Dictionary<string, double?> { [Metric.Accuracy.Id] = accuracy, [Metric.LogLoss.Id] = logLoss },
        new ClassificationReport(["a", "b", "<i>c</i>"], [[1, 0, 0], [0, 1, 0], [0, 0, 1]], [],
            [new RocCurve("a", 0.9, [0, 0.1, 1], [0, 0.9, 1]), new RocCurve("b", 0.8, [0, 0.2, 1], [0, 0.8, 1])], [new PrecisionRecallCurve("a", 0.7, 0.3, [0, 1], [1, 0.3])]), null)
    {
        Intervals = hasIntervals ? new Dictionary<string, MetricInterval> { [Metric.Accuracy.Id] = new(accuracy - 0.05, accuracy + 0.05) } : null,
    };

    [Fact]
    public void The_best_of_each_row_is_marked_by_the_metrics_own_direction_and_none_where_all_are_alike()
    {
        var table = Render<ComparedTable>(p => p.Add(x => x.ExperimentId, 3).Add(x => x.MetricId, Metric.LogLoss.Id).Add(x => x.Models, [Model(2, 0.9, 0.5, 2_000), Model(4, 0.8, 0.4, 1_000), Model(7, 0.8, 0.45, 1_000)]));
        Assert.Equal([2], Best("Accuracy"));
        Assert.Equal([4], Best("Log loss"));
        Assert.Equal([4, 7], Best("Size"));
        Assert.Equal([2], Best("Prediction"));
        Assert.Empty(Best("Training"));
        // The experiment's own metric first.
        Assert.StartsWith("Log loss", table.FindAll("[data-testid=compared-row] th")[0].TextContent);
        Assert.Contains("0.8500 to 0.9500", Row("Accuracy").TextContent);
        Assert.Equal("/experiments/3/side-by-side?trials=4,2,7", table.Find("[data-testid=make-first]").GetAttribute("href"));
        Assert.Empty(table.FindAll("[data-testid=no-intervals]"));

        AngleSharp.Dom.IElement Row(string name) => table.FindAll("[data-testid=compared-row]").Single(r => r.QuerySelector("th")!.TextContent.StartsWith(name, StringComparison.Ordinal));

        int[] Best(string name) => [.. Row(name).QuerySelectorAll("td").Index().Where(c => c.Item.ClassList.Contains("best")).Select(c => new[] { 2, 4, 7 }[c.Index])];
    }

    [Fact]
    public void A_variant_is_named_by_its_trial_and_what_was_done_to_it()
    {
        var (trial, variant) = (Model(2, 0.9, 0.5, 1).Trial, Model(1_000_002, 0.9, 0.5, 1).Trial);
        variant.VariantOf = 2;
        variant.Result = variant.Result! with { Settings = new Dictionary<string, string> { ["Variant"] = "First 50 % of the trees" } };
        var earlier = Model(1_000_001, 0.9, 0.5, 1).Trial;
        earlier.VariantOf = 2;
        var experiment = new ExperimentRow { WorkspaceId = WorkspaceRow.FirstId, DatasetName = "d", TableSha256 = "", Plan = new ExperimentPlan("y", LearningTask.Binary, Metric.Auc.Id, new SplitPlan(), Recipe.Empty, [], [], 60), Trials = [trial], Variants = [earlier, variant] };
        Assert.Equal("Boosted trees (LightGBM) #2", SideBySide.NameOf(experiment, trial));
        Assert.Equal("Boosted trees (LightGBM) #2, variant 2", SideBySide.NameOf(experiment, variant));
        Assert.Equal("First 50 % of the trees", SideBySide.DetailOf(variant));
        Assert.Null(SideBySide.DetailOf(trial));
    }

    [Fact]
    public void A_report_from_before_there_were_intervals_says_so()
    {
        var table = Render<ComparedTable>(p => p.Add(x => x.ExperimentId, 3).Add(x => x.MetricId, Metric.Accuracy.Id).Add(x => x.Models, [Model(2, 0.9, 0.5, 2_000), Model(4, 0.8, 0.4, 1_000, hasIntervals: false)]));
        Assert.StartsWith("Trees #4", table.Find("[data-testid=no-intervals]").TextContent);
    }

    [Fact]
    public void A_sentence_says_who_is_better_beyond_chance_and_the_counts_stand_below()
    {
        var section = Render<HeldSection>(p => p.Add(x => x.Report, new SideBySideReport(Metric.Accuracy.Id, 2, 100, 250, [Better, Alike])).Add(x => x.Models, [Model(2, 0.8, 0.5, 1), Model(4, 0.82, 0.4, 1), Model(7, 0.79, 0.4, 1)]));
        var sentences = section.FindAll("[data-testid=verdicts] li").Select(l => l.TextContent.Trim()).ToList();
        Assert.Equal(["Trees #4 is better than #2 (p = 0.02).", "Trees #7 is not distinguishable from #2 (p = 0.38)."], sentences);
        var counts = section.FindAll("[data-testid=disagree] tbody tr")[0].TextContent;
        Assert.Contains("15 15.0 %", counts);
        Assert.Contains("0.041", counts);
        Assert.Contains("+0.02", section.Find("[data-testid=held]").TextContent);
    }

    [Fact]
    public void Numbers_say_on_which_share_of_the_rows_each_is_closer()
    {
        var held = new HeldAgainst(4, -12, new PairedGain(new MetricInterval(-20, -3), 0.004), null, new CloserAnswers(70, 25, 5, 0.00001));
        var section = Render<HeldSection>(p => p.Add(x => x.Report, new SideBySideReport(Metric.Rmse.Id, 2, 100, 250, [held])).Add(x => x.Models, [Model(2, 0.8, 0.5, 1), Model(4, 0.82, 0.4, 1)]));
        Assert.Equal("Trees #4 is worse than #2 (p ≤ 0.004).", section.Find("[data-testid=verdicts] li").TextContent.Trim());
        var counts = section.Find("[data-testid=disagree] tbody").TextContent;
        Assert.Contains("70 70.0 %", counts);
        Assert.Contains("< 0.0001", counts);
    }

    [Theory]
    [InlineData(0.0312, 0, "p = 0.03")]
    [InlineData(0.048, 0, "p = 0.048")]
    [InlineData(0.4321, 0, "p = 0.43")]
    [InlineData(1, 0, "p = 1")]
    [InlineData(0.00001, 0, "p < 0.0001")]
    [InlineData(0.004, 0.004, "p ≤ 0.004")]
    public void A_p_is_written_as_exactly_as_it_is_worth(double p, double floor, string expected) => Assert.Equal(expected, SideBySide.P(p, floor));

    [Fact]
    public void Curves_are_of_the_chosen_class_and_who_has_none_is_named()
    {
        string? chosen = null;
        var curves = Render<ComparedCurves>(p => p.Add(x => x.Models, [Model(2, 0.9, 0.5, 1), Model(4, 0.8, 0.4, 1)]).Add(x => x.Class, "b").Add(x => x.ClassChanged, name => chosen = name));
        Assert.Equal(["a", "b", "<i>c</i>"], curves.FindAll("[data-testid=curve-class] option").Select(o => o.TextContent));
        Assert.Contains("Area under the curve: Trees #2 0.8000, Trees #4 0.8000", curves.Markup);
        Assert.Contains("precision and recall of Trees #2, Trees #4", curves.Find("[data-testid=no-curves]").TextContent);
        curves.Find("[data-testid=curve-class]").Change("a");
        Assert.Equal("a", chosen);
    }

    [Fact]
    public void A_model_keeps_its_colour_where_another_has_no_curve()
    {
        var colors = WorkbenchTheme.Plots(isDark: true);
        var curve = new RocCurve("a", 0.9, [0, 1], [0, 1]);
        var figure = SideBySidePlots.Roc([new("one", null), new("<b>two</b>", curve)], "a");
        var lines = figure.Traces(colors).Cast<Scatter>().ToList();
        Assert.Equal(["Guessing", "&lt;b&gt;two&lt;/b&gt; (AUC 0.9000)"], lines.Select(l => l.Name));
        Assert.Equal(colors.Category(1), lines[1].Line.Color);
    }

    [Fact]
    public void Residuals_are_drawn_as_the_share_of_rows_up_to_each()
    {
        var figure = SideBySidePlots.Residuals([new("one", new ResidualQuantiles([-1, 0, 1], [-3, 0, 2], 0, 2)), new("two", null)]);
        var line = Assert.IsType<Scatter>(Assert.Single(figure.Traces(WorkbenchTheme.Plots(isDark: false))));
        Assert.Equal([-3.0, 0.0, 2.0], line.X);
        Assert.Equal([0.5 / 3, 0.5, 2.5 / 3], line.Y.Cast<double>());
    }
}

public sealed class SideBySidePageTests : StoreTest
{
    private async Task<int> ExperimentAsync(int trials)
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        var row = await Experiments.AddAsync(dataset, new ExperimentPlan("species", LearningTask.Multiclass, Metric.Accuracy.Id, new SplitPlan(), Recipe.Empty, [], [.. Enumerable.Repeat("lightgbm", trials)], 60), Cancellation);
        var artefacts = Services.GetRequiredService<ArtefactStore>();
        var path = artefacts.NewTemporaryPath();
        await File.WriteAllBytesAsync(path, JsonSerializer.SerializeToUtf8Bytes(new TrialReport(SideBySidePartTests.Report(0.9, 0.5), null, null, "none"), CoreJson.Options), Cancellation);
        var report = await artefacts.AddAsync(path, Cancellation);
        await using var db = await Databases.CreateDbContextAsync(Cancellation);
        var experiment = await db.Experiments.Include(e => e.Trials.OrderBy(t => t.Number)).SingleAsync(e => e.Id == row.Id, Cancellation);
        experiment.Status = ExperimentStatus.Completed;
        foreach (var trial in experiment.Trials)
        {
            (trial.Status, trial.ReportSha256) = (TrialStatus.Completed, report);
            trial.Result = new TrialResult(0.9, new Dictionary<string, double?>(), [0.9], 1.5, 3, 1000, 200, 50, 6, new Dictionary<string, string>());
        }
        await db.SaveChangesAsync(Cancellation);
        return row.Id;
    }

    private IRenderedComponent<SideBySidePage> Open(int id, string? trials)
    {
        Services.GetRequiredService<NavigationManager>().NavigateTo(trials is null ? $"/experiments/{id}/side-by-side" : $"/experiments/{id}/side-by-side?trials={trials}");
        var page = Render<SideBySidePage>(p => p.Add(x => x.Id, id));
        page.WaitForState(() => page.FindAll(".page-header p").Count > 0 || page.FindAll(".empty-state").Count > 0, TimeSpan.FromSeconds(20));
        return page;
    }

    [Fact]
    public async Task What_cannot_be_shown_side_by_side_says_why()
    {
        var id = await ExperimentAsync(6);
        Assert.Contains("Found 0 trials, expected 2 to 5", Open(id, null).Markup);
        Assert.Contains("Found 1 trial, expected 2 to 5", Open(id, "2").Markup);
        Assert.Contains("Found 6 trials, expected 2 to 5", Open(id, "1,2,3,4,5,6").Markup);
        Assert.Contains($"Experiment {id} has no trial 99", Open(id, "1,99").Markup);
        Assert.Contains("Trial 2 is there twice", Open(id, "2,2").Markup);
        Assert.Contains("Found 'x'", Open(id, "1,x").Markup);
        Assert.Contains("There is no experiment 999", Open(999, "1,2").Markup);
    }

    [Fact]
    public async Task Where_predictions_were_not_kept_figures_and_curves_stand_and_the_rest_says_why()
    {
        var page = Open(await ExperimentAsync(3), "2,1");
        page.WaitForAssertion(() => Assert.Contains("The answers of trial 2 for the validation rows were not kept", page.Find(".failed-state").TextContent), TimeSpan.FromSeconds(20));
        Assert.Empty(page.FindAll(".failed-state button"));
        Assert.Equal(2, page.FindAll("[data-testid=compared-model]").Count);
        Assert.Equal(2, page.FindAll("figure.plot").Count);
        Assert.Equal(2, page.FindAll("[data-testid=add-model] option").Count);
    }

    [Fact]
    public async Task Rows_of_the_leaderboard_are_ticked_in_the_address_and_the_button_says_what_is_missing()
    {
        var id = await ExperimentAsync(6);
        Services.GetRequiredService<NavigationManager>().NavigateTo($"/experiments/{id}");
        var page = Render<ExperimentPage>(p => p.Add(x => x.Id, id));
        page.WaitForState(() => page.FindAll("[data-testid=tick]").Count == 6, TimeSpan.FromSeconds(20));
        Assert.Contains("Tick 2 to 5 models", Reason());
        Assert.True(page.Find("[data-testid=side-by-side]").HasAttribute("disabled"));
        await page.ChangeAsync("[data-testid=tick]", true, 3);
        page.WaitForAssertion(() => Assert.Contains("Tick one more model", Reason()));
        await page.ChangeAsync("[data-testid=tick]", true, 0);
        page.WaitForAssertion(() => Assert.Equal($"/experiments/{id}/side-by-side?trials=4,1", page.Find("[data-testid=side-by-side]").GetAttribute("href")));
        Assert.EndsWith("?ticked=4%2C1", Services.GetRequiredService<NavigationManager>().Uri);
        foreach (var other in (int[])[1, 2, 4, 5]) await page.ChangeAsync("[data-testid=tick]", true, other);
        page.WaitForAssertion(() => Assert.Contains("6 models are ticked; at most 5", Reason()));
        await page.ChangeAsync("[data-testid=tick]", false, 3);
        page.WaitForAssertion(() => Assert.Equal($"/experiments/{id}/side-by-side?trials=1,2,3,5,6", page.Find("[data-testid=side-by-side]").GetAttribute("href")));

        string Reason() => page.Find("[data-testid=why-not-together]").TextContent;
    }
}
