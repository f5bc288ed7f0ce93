using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Core.Tuning;
using ModelWorkbench.Workbench.Evaluation.Parts;
using ModelWorkbench.Workbench.Explanations;
using ModelWorkbench.Workbench.Plots;
using ModelWorkbench.Workbench.Shell;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Explanations;

/// <summary>Pages and parts that ask the training process row by row: on a trial that was really trained, of the penguins.</summary>
public sealed class TrainedTrialTests : StoreTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private NavigationManager Navigation => Services.GetRequiredService<NavigationManager>();

    [Fact]
    public async Task The_rows_of_a_cell_are_those_that_the_matrix_counts_and_each_leads_to_its_page()
    {
        var (experiment, trial) = await TrainAsync("species", LearningTask.Multiclass);
        var report = (await Experiments.ReportAsync(trial, Cancellation))!.Validation.Classification!;
        (string?, string?)? changed = null;
        var part = Render<CellRowsSection>(p => p.Add(x => x.Experiment, experiment).Add(x => x.Trial, trial).Add(x => x.Report, report).Add(x => x.Important, ["body_mass_g"]).Add(x => x.Actual, "Adelie").Add(x => x.Predicted, "Adelie").Add(x => x.Changed, cell => changed = cell));
        await part.WaitForStateAsync(() => part.FindAll("[data-testid=cell-table] tbody tr").Count > 0, Patience);
        Assert.Contains($"{report.Confusion[0][0]} rows of Adelie predicted as Adelie.", part.Find("[data-testid=cell-told]").TextContent);
        // The column that matters comes first, and the surest answers do.
        Assert.Equal("body_mass_g", part.FindAll("[data-testid=cell-table] th")[5].TextContent);
        Assert.Equal(Math.Min(20, report.Confusion[0][0]), part.FindAll("[data-testid=cell-table] tbody tr").Count);
        Assert.StartsWith($"/experiments/{experiment.Id}/trials/1/row?row=", part.Find("[data-testid=cell-table] a").GetAttribute("href"));
        await part.ClickAsync("[data-testid=cell-more]");
        await part.WaitForStateAsync(() => part.FindAll("[data-testid=cell-table] tbody tr").Count > 20, Patience);

        await part.ChangeAsync("[data-testid=cell-predicted]", "Gentoo");
        Assert.Equal(("Adelie", "Gentoo"), changed);
        part.Render(p => p.Add(x => x.Predicted, "Gentoo"));
        await part.WaitForStateAsync(() => part.FindAll("[data-testid=cell-told]").Count == 1, Patience);
        Assert.Contains($"{(report.Confusion[0][2] == 1 ? "1 row" : $"{report.Confusion[0][2]} rows")} of Adelie predicted as Gentoo.", part.Find("[data-testid=cell-told]").TextContent);

        // Predictions that are gone say so instead of an empty list.
        part.Render(p => p.Add(x => x.Trial, new TrialRow { Number = 2, TrainerId = "baseline", Status = TrialStatus.Completed }).Add(x => x.Predicted, "Adelie"));
        await part.WaitForStateAsync(() => part.FindAll(".failed-state").Count == 1, Patience);
        Assert.Contains("The rows cannot be listed", part.Markup);
    }

    [Fact]
    public async Task A_row_is_told_with_its_answer_why_what_would_change_it_and_its_nearest()
    {
        var (experiment, _) = await TrainAsync("species", LearningTask.Multiclass);
        Navigation.NavigateTo($"/experiments/{experiment.Id}/trials/1/row?row=1");
        var page = Render<RowPage>(p => p.Add(x => x.Id, experiment.Id).Add(x => x.Number, 1));
        await page.WaitForStateAsync(() => page.FindAll("[data-testid=nearest-table] tbody tr").Count == 10, Patience);
        Assert.Contains("Why row 1", page.Find("h1").TextContent);
        // Row 1 of penguins.csv is an Adelie of Torgersen with a bill of 39.1 mm; whatever its part, the finished model knows it.
        Assert.Contains("39.1", page.Find("[data-testid=row-values]").TextContent);
        Assert.Contains("The finished model says Adelie", page.Markup);
        Assert.Contains("species", page.Find("[data-testid=nearest-table] thead").TextContent);
        var distances = page.FindAll("[data-testid=nearest-table] tbody tr").Select(r => double.Parse(r.QuerySelectorAll("td")[1].TextContent, System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(distances.Order(), distances);
        Assert.DoesNotContain(page.FindAll("[data-testid=nearest-table] tbody tr"), r => r.QuerySelector("td")!.TextContent == "1");
        // Three classes, each with its reasons.
        Assert.Equal(3, page.FindAll("[data-testid=row-class] option").Count);
        Assert.Contains("Adelie", page.FindComponent<Plot>().Instance.Figure.Description);
        await page.ChangeAsync("[data-testid=row-class]", "2");
        Assert.Contains("Gentoo", page.FindComponent<Plot>().Instance.Figure.Description);

        // What would make it another: of no column that must stay as it is.
        Assert.DoesNotContain(page.FindAll("[data-testid=wanted-class] option"), o => o.TextContent.Trim() == "Adelie");
        await page.ChangeAsync("[data-testid=wanted-class]", "2");
        await page.InvokeAsync(() => page.Find("[data-testid=change] form").SubmitAsync());
        await page.WaitForStateAsync(() => page.FindAll("[data-testid=found-change]").Count > 0, Patience);
        Assert.DoesNotContain(page.FindAll("[data-testid=found-change] button"), b => b.TextContent.Contains("Fill in", StringComparison.Ordinal));

        Navigation.NavigateTo($"/experiments/{experiment.Id}/trials/1/row?row=345");
        await page.WaitForStateAsync(() => page.FindAll(".failed-state").Count == 1, Patience);
        Assert.Contains("The dataset has no row 345.", page.Markup);
    }

    [Fact]
    public async Task Residuals_are_drawn_along_any_column_and_intervals_are_told()
    {
        var (experiment, trial) = await TrainAsync("body_mass_g", LearningTask.Regression);
        string? asked = null;
        var part = Render<ResidualColumnSection>(p => p.Add(x => x.Experiment, experiment).Add(x => x.Trial, trial).Add(x => x.ColumnChanged, name => asked = name));
        await part.WaitForStateAsync(() => part.FindAll("[data-testid=along-column] option").Count == 7, Patience);
        Assert.Empty(part.FindComponents<Plot>());
        await part.ChangeAsync("[data-testid=along-column]", "sex");
        Assert.Equal("sex", asked);
        part.Render(p => p.Add(x => x.Column, "sex"));
        await part.WaitForStateAsync(() => part.FindComponents<Plot>().Count == 1, Patience);
        Assert.Contains("sex", part.FindComponent<Plot>().Instance.Figure.Title);
        part.Render(p => p.Add(x => x.Column, "no such column"));
        await part.WaitForStateAsync(() => part.FindComponents<Plot>().Count == 0, Patience);

        var intervals = (await Experiments.ReportAsync(trial, Cancellation))!.PredictionIntervals!;
        Assert.Equal([0.8, 0.9, 0.95], intervals.Select(i => i.Level));
        Assert.All(intervals, i => Assert.True(i.Pinball > 0 && Math.Abs(i.Coverage - i.Level) < 0.1, $"{i}"));
        var table = Render<IntervalSection>(p => p.Add(x => x.Intervals, intervals));
        Assert.Equal(["80 %", "90 %", "95 %"], table.FindAll("tbody tr").Select(r => r.QuerySelector("td")!.TextContent));
        Assert.Contains(Figures.Number(intervals[1].Pinball, 4), table.FindAll("tbody tr")[1].TextContent);
    }

    [Fact]
    public async Task A_map_is_drawn_when_asked_for_and_unscaled_components_when_switched_to()
    {
        var (experiment, _) = await TrainAsync("species", LearningTask.Multiclass);
        Navigation.NavigateTo($"/experiments/{experiment.Id}/trials/1/components");
        var page = Render<ComponentsPage>(p => p.Add(x => x.Id, experiment.Id).Add(x => x.Number, 1));
        await page.WaitForStateAsync(() => page.FindAll("[data-testid=draw-map]").Count == 1, Patience);
        await page.ClickAsync("[data-testid=draw-map]");
        await page.WaitForStateAsync(() => page.FindAll("[data-testid=map-told]").Count == 1, Patience);
        Assert.Contains("Trustworthiness", page.Find("[data-testid=map-told]").TextContent);
        Assert.Equal(["Adelie", "Chinstrap", "Gentoo"], page.FindAll("[data-testid=map-groups] tbody tr").Select(r => r.QuerySelector("td")!.TextContent));
        var map = page.FindComponents<Plot>().Single(p => p.Instance.Figure.Title == "Map of neighbours");
        Assert.Contains("coloured by species", map.Instance.Figure.Description);
        // Points of the map are rows like those of the components.
        await map.InvokeAsync(() => map.Instance.OnSelected([0, 0, 1, 0], 2));
        await page.WaitForStateAsync(() => page.FindAll("[data-testid=chosen-table] tbody tr").Count == 2, Patience);

        await page.ChangeAsync("[data-testid=scaled]", false);
        Assert.EndsWith("scaled=false", Navigation.Uri);
        await page.WaitForStateAsync(() => page.Markup.Contains("left in its own unit", StringComparison.Ordinal), Patience);
        Assert.Contains("of the variance", page.FindComponents<Plot>()[0].Instance.Figure.X.Title);
        await page.ChangeAsync("#component-z", "3");
        Assert.Contains("z=3", Navigation.Uri);
        await page.WaitForStateAsync(() => page.FindComponents<Plot>()[0].Instance.Figure.Title == "Components 1, 2 and 3", Patience);
    }

    /// <summary>Trains a linear model as the training process does, and keeps what comes of it.</summary>
    private async Task<(ExperimentRow Experiment, TrialRow Trial)> TrainAsync(string target, LearningTask task)
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        var plan = new ExperimentPlan(target, task, Metric.Default(task).Id, new SplitPlan(Folds: 2), Recipe.Empty, [], ["linear-lbfgs"], 100, TuningMode.DefaultsOnly);
        if (task == LearningTask.Regression) plan = plan with { TrainerIds = ["lightgbm"] };
        var artefacts = Services.GetRequiredService<ArtefactStore>();
        var folder = Directory.CreateDirectory(artefacts.NewTemporaryPath()).FullName;
        var spec = new TrialSpec(plan.TrainerIds[0], HyperparameterValues.None, TrialOrigin.Default, "The family's defaults.");
        var events = new List<ExperimentEvent>();
        using var control = new JobControl();
        ExperimentRunner.Run(new ExperimentJob(plan, artefacts.PathOf(dataset.TableSha256), 2, new JobWork.Search([new JobTrial(1, spec)], [], 2, 0)), folder, events.Add, control, Cancellation);
        var (judged, made) = (events.OfType<TrialCompleted>().Single(), events.OfType<ModelReady>().Last());
        var id = (await Experiments.AddAsync(dataset, plan, Cancellation)).Id;
        await using (var db = await Databases.CreateDbContextAsync(Cancellation))
        {
            var stored = await db.Experiments.Include(e => e.Trials).SingleAsync(e => e.Id == id, Cancellation);
            var row = stored.Trials.Single();
            (stored.Status, row.Status, row.Spec, row.Result) = (ExperimentStatus.Completed, TrialStatus.Completed, spec, made.Result);
            row.ReportSha256 = await artefacts.AddAsync(Path.Combine(folder, made.ReportFile), Cancellation);
            row.ModelSha256 = await artefacts.AddAsync(Path.Combine(folder, made.ModelFile), Cancellation);
            row.PredictionsSha256 = await artefacts.AddAsync(Path.Combine(folder, judged.PredictionsFile!), Cancellation);
            await db.SaveChangesAsync(Cancellation);
        }
        var experiment = (await Experiments.FindAsync(id, Cancellation))!;
        return (experiment, experiment.FindTrial(1)!);
    }
}
