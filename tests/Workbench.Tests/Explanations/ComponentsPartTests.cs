using Bunit;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Workbench.Explanations;
using ModelWorkbench.Workbench.Explanations.Parts;
using ModelWorkbench.Workbench.Plots;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Explanations;

public sealed class ComponentsPartTests : PartTest
{
    private const string Hostile = "<script>alert(1)</script>";

    /// <summary>Four rows on three components; the third row was never held out.</summary>
    private static readonly PcaReport Report = new([0.6, 0.3, 0.08], [0, 1, 5, 9], [0, 1, 5, 9], ["a", "a", Hostile, "a"], null, ["age", Hostile], [[0.8, -0.6], [0.6, 0.8], [0, 1]], 900)
    {
        FeatureCount = 40,
        Further = [[1, 2, 3, 4]],
        Rows = [10, 20, 30, 40],
        Answers = new PcaAnswers(["a", Hostile, null, "a"], null, [0.1f, 0.9f, null, 0.2f]),
    };

    private static readonly ComponentsView View = ComponentsView.Of(Report, null, null, null, false, false, null);

    private static readonly PcaReport Numbers = Report with { Labels = null, Targets = [1, 2, 3, 4], Answers = new PcaAnswers(null, [1.5, null, 2, 4], [-0.5f, null, 1, 0]) };

    [Fact]
    public void What_the_address_asks_for_is_kept_within_what_the_report_has()
    {
        Assert.Equal(new ComponentsView(0, 1, "target", false, false, null), View);
        Assert.Equal((2, 0), ComponentsView.Of(Report, 99, -3, "", true, true, 4) is var wild ? (wild.X, wild.Y) : default);
        Assert.All(View.Query.Values, Assert.Null);
        Assert.Equal(("3", "1", "column:age", "true"), ComponentsView.Of(Report, 3, 1, "column:age", true, false, null).Query is var q ? (q["x"], q["y"], q["colour"], q["ellipses"]) : default);
        // A single component is drawn against one that does not vary.
        var one = Report with { Loadings = [[1, 0]], Further = [] };
        Assert.Equal((0, 1), ComponentsView.Of(one, 2, 5, null, false, false, null) is var only ? (only.X, only.Y) : default);
    }

    [Fact]
    public void Rows_are_coloured_by_target_prediction_error_or_a_column_of_the_dataset()
    {
        Assert.Equal("species", Classes("target").Title);
        Assert.Equal(["a", Hostile, null, "a"], Classes(ComponentColors.Prediction).Of);
        var error = Assert.IsType<PointColors.Scale>(ComponentColors.Of(Report, ComponentColors.Error, "species", null));
        Assert.Equal(0.9, error.Of[1], 1e-6);
        Assert.True(double.IsNaN(error.Of[2]));
        Assert.Equal([1.5, double.NaN, 2, 4], Assert.IsType<PointColors.Scale>(ComponentColors.Of(Numbers, ComponentColors.Prediction, "price", null)).Of);
        Assert.Equal([1, 2, 3, 4], Assert.IsType<PointColors.Scale>(ComponentColors.Of(Numbers, "target", "price", null)).Of);

        Assert.Equal([5, double.NaN, 7, 8], Assert.IsType<PointColors.Scale>(ComponentColors.Of(Report, "column:size", "species", new NumericColumn("size", [5, double.NaN, 7, 8]))).Of);
        Assert.Equal(["x", null], Assert.IsType<PointColors.Classes>(ComponentColors.Of(Report, "column:kind", "species", DictionaryColumn.FromTexts("kind", ColumnKind.Category, ["x", null]))).Of);
        var year = Assert.IsType<PointColors.Scale>(ComponentColors.Of(Report, "column:day", "species", new DateTimeColumn("day", [new DateTime(2024, 7, 2).Ticks, DateTimeColumn.MissingTicks])));
        Assert.Equal(2024.5, year.Of[0], 0.01);
        Assert.True(double.IsNaN(year.Of[1]));
        // What is not there is the target.
        Assert.Equal("species", Classes("column:gone").Title);
        Assert.Equal("species", Assert.IsType<PointColors.Classes>(ComponentColors.Of(Report with { Answers = null }, ComponentColors.Error, "species", null)).Title);

        static PointColors.Classes Classes(string color) => Assert.IsType<PointColors.Classes>(ComponentColors.Of(Report, color, "species", null));
    }

    [Fact]
    public async Task A_choice_is_told_to_the_page_and_not_kept_by_the_part()
    {
        List<ComponentsView> told = [];
        var section = Scores(p => p.Add(x => x.Changed, told.Add));
        await section.ChangeAsync("#component-x", "3");
        await section.ChangeAsync("#component-y", "1");
        await section.ChangeAsync("#component-colour", "column:age");
        await section.ChangeAsync("[data-testid=ellipses]", true);
        await section.ChangeAsync("[data-testid=arrows]", true);
        Assert.Equal([View with { X = 2 }, View with { Y = 0 }, View with { Color = "column:age" }, View with { HasEllipses = true }, View with { HasArrows = true }], told);
        Assert.Equal("Components 1 and 2", section.FindComponent<Plot>().Instance.Figure.Title);
    }

    [Fact]
    public void Colours_are_offered_for_what_the_report_knows()
    {
        var known = Scores(p => p.Add(x => x.Columns, ["age", "species", Hostile]));
        Assert.Equal(["target", "prediction", "error", "column:age", $"column:{Hostile}"], known.FindAll("#component-colour option").Select(o => o.GetAttribute("value")));
        Assert.Empty(known.FindAll("script"));
        var old = Scores(_ => { }, Report with { Answers = null, Rows = null });
        Assert.Equal(["target"], old.FindAll("#component-colour option").Select(o => o.GetAttribute("value")));
        Assert.Contains("older version", old.Markup);
        var wide = Scores(p => p.Add(x => x.Columns, [.. Enumerable.Range(0, 5_000).Select(i => $"x{i}")]), view: View with { Color = "column:x4999" });
        Assert.Equal("column:x4999", wide.FindAll("#component-colour option")[^1].GetAttribute("value"));
        Assert.Equal(304, wide.FindAll("#component-colour option").Count);
        Assert.Contains("The first 300 of 5\u202F000 columns", wide.Markup);
    }

    [Fact]
    public void The_plot_has_a_table_of_its_classes_and_says_how_many_rows_are_shown()
    {
        var section = Scores(_ => { });
        Assert.Contains("4 of 900 rows are shown", section.Markup);
        var rows = section.FindAll("[data-testid=score-groups] tbody tr");
        Assert.Equal([Hostile, "1", "–"], rows[0].QuerySelectorAll("td").Take(3).Select(d => d.TextContent));
        Assert.Equal(["a", "3", "3.33", "3.33"], rows[1].QuerySelectorAll("td").Take(4).Select(d => d.TextContent));
    }

    [Fact]
    public void A_figure_is_drawn_anew_only_when_what_it_shows_has_changed()
    {
        var section = Scores(_ => { });
        var before = section.FindComponent<Plot>().Instance.Figure;
        section.Render(p => p.Add(x => x.View, View with { RowNumber = 7 }));
        Assert.Same(before, section.FindComponent<Plot>().Instance.Figure);
        section.Render(p => p.Add(x => x.View, View with { HasArrows = true }));
        Assert.NotSame(before, section.FindComponent<Plot>().Instance.Figure);
    }

    [Fact]
    public async Task Points_chosen_in_the_browser_are_told_as_rows()
    {
        List<PlotSelection> told = [];
        var section = Scores(p => p.Add(x => x.Selected, told.Add));
        var plot = section.FindComponent<Plot>();
        // Series 0 is the hostile class with its one row, series 1 the other; what is beyond them is a line.
        await plot.InvokeAsync(() => plot.Instance.OnSelected([0, 0, 1, 2, 1, 77, 5, 0], 3_000));
        await plot.InvokeAsync(() => plot.Instance.OnSelected([], 0));
        Assert.Equal([2, 3], told[0].Items);
        Assert.Equal([3_000, 0], told.Select(t => t.Count));
    }

    [Fact]
    public void Chosen_rows_are_listed_with_scores_answers_and_raw_values()
    {
        var values = new Table([new NumericColumn("age", [33, double.NaN]), DictionaryColumn.FromTexts("species", ColumnKind.Category, ["a", "b"]), DictionaryColumn.FromTexts("note", ColumnKind.Text, [Hostile, null])], [12, 32]);
        var part = Chosen(p => p.Add(x => x.Chosen, [0, 2]).Add(x => x.Count, 2).Add(x => x.Values, values));
        Assert.Equal(["Row", "PC1", "PC2", "species", "Prediction", "Error", "age", "note"], part.FindAll("th").Select(h => h.TextContent.Trim()));
        var rows = part.FindAll("tbody tr").Select(r => r.QuerySelectorAll("td").Select(d => d.TextContent).ToList()).ToList();
        Assert.Equal(["11", "0", "0", "a", "a", "0.1", "33", Hostile], rows[0]);
        Assert.Equal(["31", "5", "5", Hostile, "–", "–", "–", "missing"], rows[1]);
        Assert.Contains("2 chosen rows.", part.Markup);
        Assert.Empty(part.FindAll("script"));
        Assert.Contains("The first 2 of 500 chosen rows.", Chosen(p => p.Add(x => x.Chosen, [0, 2]).Add(x => x.Count, 500)).Markup);
    }

    [Fact]
    public void Chosen_numbers_have_their_prediction_and_residual()
    {
        var part = Chosen(p => p.Add(x => x.Chosen, [0]).Add(x => x.Count, 1), Numbers);
        Assert.Equal(["11", "0", "0", "1", "1.5", "−0.5"], part.FindAll("tbody td").Select(d => d.TextContent));
    }

    [Fact]
    public async Task A_row_is_asked_for_by_its_number_and_one_that_is_not_shown_says_why()
    {
        List<int?> asked = [];
        var part = Chosen(p => p.Add(x => x.RowNumberChanged, asked.Add).Add(x => x.RowNumber, 99).Add(x => x.Problem, "Row 99 is not shown."));
        Assert.Equal("Row 99 is not shown.", part.Find("[role=alert]").TextContent);
        await part.ChangeAsync("#row-number", "31");
        await part.ChangeAsync("#row-number", "");
        Assert.Equal([31, null], asked);
        Assert.Contains("Row 31 and the 1 row next to it", Chosen(p => p.Add(x => x.RowNumber, 31).Add(x => x.Chosen, [2, 1]).Add(x => x.Count, 2)).Markup);
    }

    [Fact]
    public void Chosen_rows_have_a_face_for_nothing_for_reading_and_for_failure()
    {
        Assert.Contains("Choose points in the plot, or name a row", Chosen(_ => { }).Markup);
        Assert.Empty(Chosen(_ => { }, Report with { Rows = null, Answers = null }).FindAll("#row-number"));
        Assert.Contains("Reading the rows…", Chosen(p => p.Add(x => x.Chosen, [0]).Add(x => x.IsReading, true)).Markup);
        Assert.Contains("no longer there", Chosen(p => p.Add(x => x.Failure, "The table is no longer there.")).Find("[role=alert]").TextContent);
    }

    [Fact]
    public void Variance_has_its_marks_in_words_and_each_share_in_a_table()
    {
        var part = Render<VarianceSection>(p => p.Add(x => x.Report, Report with { IsRandomised = true }));
        Assert.Contains("2 components hold 90 %, 3 components hold 95 %, for 99 % more than the first 3 are needed.", part.Find("[data-testid=marks]").TextContent);
        Assert.Contains("random projection", part.Find("[data-testid=marks]").TextContent);
        Assert.Equal(["2", "30.00 %", "90.00 %"], part.FindAll("tbody tr")[1].QuerySelectorAll("td").Select(d => d.TextContent));
    }

    [Fact]
    public void Loadings_of_both_components_are_drawn_and_listed()
    {
        var part = Render<LoadingsSection>(p => p.Add(x => x.Report, Report).Add(x => x.X, 0).Add(x => x.Y, 2));
        Assert.Equal(["Loadings of component 1", "Loadings of component 3"], part.FindComponents<Plot>().Select(p => p.Instance.Figure.Title));
        Assert.Equal(["age", "0.8", Hostile, "−0.6"], part.FindAll("[data-testid=loadings-table] td").Take(4).Select(d => d.TextContent));
        Assert.Single(Render<LoadingsSection>(p => p.Add(x => x.Report, Report).Add(x => x.X, 1).Add(x => x.Y, 1)).FindComponents<Plot>());
    }

    private IRenderedComponent<ScoresSection> Scores(Action<ComponentParameterCollectionBuilder<ScoresSection>> more, PcaReport? report = null, ComponentsView? view = null) => Render<ScoresSection>(p =>
    {
        p.Add(x => x.Report, report ?? Report).Add(x => x.View, view ?? View).Add(x => x.TargetName, "species");
        more(p);
    });

    private IRenderedComponent<ChosenRows> Chosen(Action<ComponentParameterCollectionBuilder<ChosenRows>> more, PcaReport? report = null) => Render<ChosenRows>(p =>
    {
        p.Add(x => x.Report, report ?? Report).Add(x => x.View, View).Add(x => x.TargetName, "species");
        more(p);
    });
}
