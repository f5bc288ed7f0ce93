using Bunit;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Explanations.Parts;
using ModelWorkbench.Workbench.Plots;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor.Traces;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Explanations;

public sealed class ExplanationPartTests : PartTest
{
    private static readonly ContributionReport Classes = new(ContributionScale.LogProbability, true, ["low", "<b>high</b>"], [-0.1, 0.1], 4, 100,
    [
        new("a", [0.5, 0.2], new(["1", "2", null, "4"], [0, 0.5f, null, 1], [[-1, 0, 0.1f, 1], [0.2f, 0.2f, -0.2f, -0.2f]])),
        new("<i>b", [0.1, 0.4], new(["u", "v", "u", "v"], [0, 1, 0, 1], [[0.1f, 0.1f, 0.1f, 0.1f], [-0.4f, 0.4f, -0.4f, 0.4f]])),
        new("rare", [0, 0], null),
    ]);

    private static readonly TreeCondition Old = new("age", "above 60"), Paris = new("city", "is Paris");

    private static readonly ErrorReport Errors = new(200, new ErrorSlices([new([Old, Paris], 30, 0.4, 0.1, 0.0004), new([Old], 70, 0.12, 0.14, 0.6)], 0.15, 100), ["age", "city"],
        [new(17, "yes", "no", 0.98, ["61", null]), new(4, "no", "yes", 0.9, ["30", "Rome"])], []);

    [Fact]
    public void Columns_stand_in_the_order_of_what_they_add_to_the_class_that_is_looked_at()
    {
        Assert.Equal(["a", "<i>b", "rare"], ContributionPlots.Bars(Classes, 0).Y.Names!);
        Assert.Equal(["<i>b", "a", "rare"], ContributionPlots.Bars(Classes, 1).Y.Names!);
        var rows = ContributionPlots.Rows(Classes, 1);
        Assert.Equal(["<i>b", "a"], rows.Y.Names!);
        Assert.Contains($"<i>b adds {Figures.Number(-0.4, 2)} where low, {Figures.Number(0.4, 2)} where high.", rows.Description);
        var traces = rows.Traces(WorkbenchTheme.Plots(isDark: false)).Cast<ScatterGl>().ToList();
        Assert.Equal("&lt;i&gt;b", traces[0].Name);
        // Equal points are drawn apart, within the line of their column.
        Assert.Equal(2, traces[0].Y.Cast<double>().Distinct().Count());
        Assert.All(traces[0].Y.Cast<double>(), y => Assert.InRange(y, -0.5, 0.5));
        Assert.Equal("missing", traces[1].TextArray[2]);
    }

    [Fact]
    public void The_class_is_chosen_by_name()
    {
        string? chosen = null;
        var section = Render<ContributionsSection>(p => p.Add(x => x.Report, Classes).Add(x => x.Class, "<b>high</b>").Add(x => x.ClassChanged, name => chosen = name));
        Assert.Equal("1", section.Find("[data-testid=class-choice]").GetAttribute("value"));
        section.Find("[data-testid=class-choice]").Change("0");
        Assert.Equal("low", chosen);
    }

    [Fact]
    public void A_waterfall_ends_at_the_answer_and_gathers_what_is_small()
    {
        ColumnContribution[] columns = [.. Enumerable.Range(0, 15).Select(i => new ColumnContribution($"c{i}", i == 0 ? null : "7", i == 3 ? -5 : 1.0 / (i + 1)))];
        var figure = WaterfallPlot.Figure(columns, 2, ContributionScale.LogOdds, "yes");
        Assert.Equal(13, figure.Y.Names!.Count);
        Assert.Equal("c3 = 7", figure.Y.Names[0]);
        Assert.Equal("c0: missing", figure.Y.Names[1]);
        Assert.Equal("3 other columns", figure.Y.Names[^1]);
        var bar = (Bar)figure.Traces(WorkbenchTheme.Plots(isDark: true)).Single();
        Assert.Equal(2 + columns.Sum(c => c.Added), (double)((IList<object>)bar.Base)[^1] + (double)bar.X[^1], 1e-9);
        Assert.StartsWith("Log-odds of yes: 2 is usual", figure.Description);
    }

    [Fact]
    public void Dependence_draws_single_rows_for_one_answer_and_the_strongest_classes_for_many()
    {
        var one = new PartialDependence("age", true, ["20", "40", "60"], [[0.1, 0.2, 0.6]], [[0, 0.1, 0.5], [0.2, 0.3, 0.7]], [0.5, 0.3, 0.2]);
        Assert.Equal(4, DependencePlot.Figure(one, ["yes"], LearningTask.Binary).Traces(WorkbenchTheme.Plots(isDark: false)).Count);
        var many = new PartialDependence("city", false, ["Rome", "Paris"], [.. Enumerable.Range(0, 26).Select(k => (double[])[k / 100.0, 0])], [], [0.6, 0.4]);
        var figure = DependencePlot.Figure(many, [.. Enumerable.Range(0, 26).Select(k => $"class {k}")], LearningTask.Multiclass);
        Assert.Equal(9, figure.Traces(WorkbenchTheme.Plots(isDark: false)).Count);
        Assert.Contains("class 25", figure.Description);
        var dates = new PartialDependence("day", true, ["2024-01-01", "2024-02-01"], [[1, 2]], [], [0.5, 0.5]);
        Assert.True(DependencePlot.Figure(dates, ["price"], LearningTask.Regression).X.IsTime);
    }

    [Fact]
    public void Kinds_of_rows_say_whether_they_are_worse_beyond_chance()
    {
        var section = Render<SlicesSection>(p => p.Add(x => x.Report, Errors).Add(x => x.Task, LearningTask.Binary));
        Assert.Contains("1 kind is worse", section.Find("[data-testid=slices-told]").TextContent);
        var rows = section.FindAll("[data-testid=slices] tbody tr");
        Assert.Contains("age above 60", rows[0].TextContent);
        Assert.Contains("and city is Paris", rows[0].TextContent);
        Assert.Contains("< 0.001", rows[0].TextContent);
        Assert.Contains("worse", rows[0].TextContent);
        Assert.DoesNotContain("worse", rows[1].TextContent);

        Assert.Contains("too few", Render<SlicesSection>(p => p.Add(x => x.Report, Errors with { Slices = null }).Add(x => x.Task, LearningTask.Binary)).Markup);
        Assert.Contains("no kind of rows stands out", Render<SlicesSection>(p => p.Add(x => x.Report, Errors with { Slices = new([], 0.1, 100) }).Add(x => x.Task, LearningTask.Binary)).Markup);
    }

    [Fact]
    public void Worst_rows_are_those_of_the_chosen_classes()
    {
        var all = Render<WorstRowsSection>(p => p.Add(x => x.Report, Errors).Add(x => x.Task, LearningTask.Binary));
        Assert.Equal(2, all.FindAll("[data-testid=worst-rows] tbody tr").Count);
        Assert.Contains("missing", all.Find("[data-testid=worst-rows] tbody tr").TextContent);
        var some = Render<WorstRowsSection>(p => p.Add(x => x.Report, Errors).Add(x => x.Task, LearningTask.Binary).Add(x => x.Actual, "no"));
        Assert.Contains("Rome", some.Find("[data-testid=worst-rows] tbody tr").TextContent);
        Assert.Contains("No row of this kind", Render<WorstRowsSection>(p => p.Add(x => x.Report, Errors).Add(x => x.Task, LearningTask.Binary).Add(x => x.Actual, "no").Add(x => x.Predicted, "no")).Markup);
    }

    [Fact]
    public void Groups_show_figures_with_intervals_and_their_difference()
    {
        GroupReport report = new("team", [new("g", 40, [new(0.8, new MetricInterval(0.65, 0.9)), new(null, null), new(0.5, null), new(0.1, null)])], [0.25, null, null, 0.1]);
        var section = Render<GroupsSection>(p => p.Add(x => x.Groups, [report]).Add(x => x.Task, LearningTask.Binary));
        var text = section.Find("[data-testid=groups]").TextContent;
        Assert.Contains("65.0 %", text);
        Assert.Contains("25.0 %", text);
    }

    [Fact]
    public void Parts_are_held_against_training_rows_and_what_differs_is_named()
    {
        ColumnDifference target = new("y", DriftTest.ChiSquared, 0.4, 0.01, 0.8, 2, 0, 0), moved = new("age", DriftTest.KolmogorovSmirnov, 0.3, 0.3, 1e-9, 2, 0.01, 0.2);
        PartDrift test = new(DriftPart.Test, 800, 200, [target, moved]), validation = new(DriftPart.Validation, 640, 160, [target]);
        string? chosen = null;
        var section = Render<DriftSection>(p => p.Add(x => x.Drift, [validation, test]).Add(x => x.Target, "y").Add(x => x.PartChanged, name => chosen = name));
        Assert.Contains("1 column differs between the 800 training rows and the locked test set: age", section.Find("[data-testid=drift-told]").TextContent);
        var rows = section.FindAll("[data-testid=drift-columns] tbody tr");
        Assert.Contains("target", rows[0].TextContent);
        Assert.DoesNotContain("differs", rows[0].TextContent);
        Assert.Contains("differs", rows[1].TextContent);
        Assert.Contains("< 0.001", rows[1].TextContent);
        section.Find("[data-testid=drift-part]").Change("Validation");
        Assert.Equal("Validation", chosen);
        Assert.Contains("No column differs notably", Render<DriftSection>(p => p.Add(x => x.Drift, [validation, test]).Add(x => x.Part, "Validation")).Markup);
    }

    [Fact]
    public void Pairs_of_columns_stand_by_their_effect()
    {
        Interactions interactions = new(["a", "b", "c"], [[null, 0.2, 0.9], [0.2, null, 0.1], [0.9, 0.1, null]], [[null, 3, 0.01], [3, null, 0.5], [0.01, 0.5, null]], 80);
        var rows = Render<InteractionsSection>(p => p.Add(x => x.Interactions, interactions)).FindAll("[data-testid=interactions] tbody tr");
        Assert.Equal(["ab0.23", "bc0.10.5", "ac0.90.01"], rows.Select(r => string.Concat(r.TextContent.Where(c => !char.IsWhiteSpace(c)))));
    }

    [Fact]
    public void Rules_that_tell_little_say_so()
    {
        SurrogateTree tree = new(["yes"], [new([Old], 30, [0.8]), new([Paris], 70, [0.2])], 0.3, 0.7, 100);
        Assert.Contains("That is little", Render<SurrogateSection>(p => p.Add(x => x.Tree, tree).Add(x => x.Task, LearningTask.Binary)).Find("[data-testid=fidelity]").TextContent);
        SurrogateTree classes = new(["low", "high"], [new([Old], 30, [0.2, 0.8]), new([Paris], 70, [0.9, 0.1])], 0.9, 0.95, 100);
        Assert.Contains("high (80 %)", Render<SurrogateSection>(p => p.Add(x => x.Tree, classes).Add(x => x.Task, LearningTask.Multiclass)).Markup);
    }
}
