using Bunit;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Workbench.Plots;
using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.Traces;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Plots;

public class PlotPartTests : PartTest
{
    private static readonly PlotFigure Roc = RocCurvePlot.Figure([new RocCurve("yes", 0.9, [0, 1], [0, 1])]);

    [Fact]
    public void A_plot_is_described_in_words()
    {
        var plot = Render<Plot>(p => p.Add(x => x.Figure, Roc));
        Assert.Contains("yes 0.9000", plot.Find("figure").GetAttribute("aria-label"));
        Assert.Equal("mine", Render<Plot>(p => p.Add(x => x.Figure, Roc).Add(x => x.Description, "mine")).Find("figcaption").TextContent);
    }

    [Fact]
    public void A_plot_takes_the_height_it_is_given_or_that_of_the_figure()
    {
        Assert.Equal(500, Chart(Render<Plot>(p => p.Add(x => x.Figure, Roc).Add(x => x.Height, 500))).Layout.Height);
        Assert.Equal(444, Chart(Render<Plot>(p => p.Add(x => x.Figure, Roc with { Height = 444 }))).Layout.Height);
    }

    [Fact]
    public void Another_figure_is_drawn_and_dark_colours_are_taken_over()
    {
        var plot = Render<Plot>(p => p.Add(x => x.Figure, Roc).AddCascadingValue("IsDark", true));
        Assert.Equal(WorkbenchTheme.Plots(isDark: true).Surface, Chart(plot).Layout.PaperBgColor);
        Assert.Equal(2, Chart(plot).Data.Count);
        plot.Render(p => p.Add(x => x.Figure, RocCurvePlot.Figure([new RocCurve("a", 0.9, [0, 1], [0, 1]), new RocCurve("b", 0.9, [0, 1], [0, 1])])));
        Assert.Equal(3, Chart(plot).Data.Count);
    }

    [Fact]
    public void A_figure_that_stays_the_same_is_not_built_again()
    {
        var built = 0;
        var figure = Roc with { Traces = _ => { built++; return [new Scatter()]; } };
        var plot = Render<Plot>(p => p.Add(x => x.Figure, figure));
        plot.Render(p => p.Add(x => x.Description, "other words"));
        Assert.Equal(1, built);
    }

    private static PlotlyChart Chart(IRenderedComponent<Plot> plot) => plot.FindComponent<PlotlyChart>().Instance;
}
