using Bunit;
using Microsoft.AspNetCore.Components;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Workbench.Datasets.Parts;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Datasets;

public class ColumnCardTests : PartTest
{
    private static readonly ColumnProfile Age = new("age", ColumnKind.Numeric, 1000, 125, 88, new NumericSummary(0.5, 20, 30, 40, 80, 33.12345, 9), [], new Histogram([0.5, 40, 80], [30, 10]));
    private static readonly ColumnProfile Contract = new("<script>", ColumnKind.Category, 1000, 0, 3, null, [new("<b>monthly</b>", 600), new("yearly", 400)], null);

    [Fact]
    public void A_numeric_column_shows_the_figures_of_its_profile()
    {
        var card = Render<ColumnCard>(p => p.Add(x => x.Column, Age));
        Assert.Equal("age", card.Find("h3").TextContent);
        Assert.Equal("Numeric", card.Find(".kind").TextContent);
        Assert.Equal(["12.5 % (125)", "", "88", "0.5", "33.123", "80"], card.FindAll("dd").Select(d => d.TextContent));
        Assert.Equal("12.5", card.FindAll(".missing-bar rect")[1].GetAttribute("width"));
    }

    [Fact]
    public void The_histogram_has_a_bar_a_bin_and_says_where_most_values_lie()
    {
        var histogram = Render<ColumnCard>(p => p.Add(x => x.Column, Age)).Find("svg.histogram");
        var heights = histogram.QuerySelectorAll("rect").Select(r => double.Parse(r.GetAttribute("height")!, System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(3, heights[0] / heights[1], 2);
        Assert.Equal("Histogram from 0.5 to 80; most values, 30, lie from 0.5 to 40.", histogram.GetAttribute("aria-label"));
    }

    [Fact]
    public void A_category_shows_its_most_frequent_values_as_text()
    {
        var card = Render<ColumnCard>(p => p.Add(x => x.Column, Contract));
        Assert.Equal("<script>", card.Find("h3").TextContent);
        Assert.Empty(card.FindAll("script, b"));
        Assert.Equal(["<b>monthly</b>", "yearly"], card.FindAll(".value").Select(v => v.TextContent));
        Assert.Equal(["60.0 %", "40.0 %"], card.FindAll(".count").Select(v => v.TextContent));
    }

    [Fact]
    public void Dates_are_shown_as_dates()
    {
        static double Ticks(int year) => new DateTime(year, 1, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;
        var card = Render<ColumnCard>(p => p.Add(x => x.Column, Age with { Kind = ColumnKind.DateTime, Numbers = new(Ticks(2001), 0, Ticks(2010), 0, Ticks(2020), 0, 0), Histogram = null }));
        Assert.Contains("2001-01-01", card.Markup);
        Assert.Contains("2010-01-01", card.Markup);
        Assert.Contains("2020-01-01", card.Markup);
    }

    [Fact]
    public void A_column_without_values_says_so() =>
        Assert.Equal("No value in any row.", Render<ColumnCard>(p => p.Add(x => x.Column, Age with { MissingCount = 1000, DistinctCount = 0, Numbers = null, Histogram = null })).Find(".nothing").TextContent);

    [Fact]
    public void The_kind_can_be_changed_only_where_the_card_is_editable()
    {
        Assert.Empty(Render<ColumnCard>(p => p.Add(x => x.Column, Age)).FindAll("select"));
        List<ColumnKind> chosen = [];
        var card = Render<ColumnCard>(p => p.Add(x => x.Column, Age).Add(x => x.Editable, true).Add(x => x.KindChanged, EventCallback.Factory.Create<ColumnKind>(this, chosen.Add)));
        Assert.Equal(5, card.FindAll("option").Count);
        card.Find("select").Change("Category");
        card.Find("select").Change("Numeric");
        Assert.Equal([ColumnKind.Category], chosen);
    }
}
