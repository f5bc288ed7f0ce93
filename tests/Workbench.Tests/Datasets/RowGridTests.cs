using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Workbench.Datasets.Parts;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Datasets;

public sealed class RowGridTests : StoreTest
{
    private NavigationManager Navigation => Services.GetRequiredService<NavigationManager>();

    [Fact]
    public async Task A_click_on_a_head_sorts_up_then_down_then_not_at_all()
    {
        var grid = await RenderAsync("n,s\n2,b\n,a\n10,c\n");
        Assert.Equal(["2", "missing", "10"], First(grid));
        await grid.ClickAsync("button.sort");
        grid.WaitForAssertion(() => Assert.Equal(["2", "10", "missing"], First(grid)));
        Assert.Equal("ascending", grid.FindAll("th[aria-sort]")[0].GetAttribute("aria-sort"));
        Assert.Contains("sort=n", Navigation.Uri);
        await grid.ClickAsync("button.sort");
        grid.WaitForAssertion(() => Assert.Equal(["10", "2", "missing"], First(grid)));
        await grid.ClickAsync("button.sort");
        grid.WaitForAssertion(() => Assert.Equal(["2", "missing", "10"], First(grid)));
    }

    [Fact]
    public async Task The_address_says_which_rows_are_shown_and_a_chip_takes_a_filter_away()
    {
        Navigation.NavigateTo("/datasets/1?filter=n%3Age%3A3&sort=s&descending=true");
        var grid = await RenderAsync("n,s\n2,b\n,a\n10,c\n5,d\n");
        Assert.Equal(["5", "10"], First(grid));
        Assert.Contains("2 matching of 4 rows", grid.Markup);
        Assert.Contains("n is at least 3", grid.Markup);
        await grid.ClickAsync("[data-testid=filter-chip] button");
        grid.WaitForAssertion(() => Assert.Equal(["5", "10", "2", "missing"], First(grid)));
    }

    [Fact]
    public async Task No_matching_row_and_a_wrong_address_are_said()
    {
        Navigation.NavigateTo("/datasets/1?filter=n%3Age%3A300");
        var grid = await RenderAsync("n,s\n2,b\n3,a\n10,c\n");
        Assert.Contains("No row matches", grid.Markup);
        await grid.InvokeAsync(() => Navigation.NavigateTo("/datasets/1?sort=weight"));
        grid.WaitForAssertion(() => Assert.Contains("sort is 'weight'", grid.Find("[role=alert]").TextContent));
    }

    [Fact]
    public async Task A_long_text_is_cut_and_shown_whole_on_demand()
    {
        var text = new string('x', 500) + "TheVeryEnd";
        var grid = await RenderAsync($"n,s\n2,{text}\n3,a\n10,c\n");
        Assert.DoesNotContain("TheVeryEnd", grid.Markup);
        await grid.ClickAsync("button.whole");
        Assert.EndsWith("TheVeryEnd", grid.Find("[data-testid=whole-text] pre").TextContent);
    }

    [Fact]
    public async Task Of_hundreds_of_columns_a_window_is_drawn_and_any_is_found_by_name()
    {
        var grid = await RenderAsync($"{string.Join(',', Enumerable.Range(1, 300).Select(i => $"c{i}"))}\n{string.Join(',', Enumerable.Range(1, 300))}\n");
        Assert.Equal(25, grid.FindAll("button.sort").Count);
        await grid.ClickAsync("[data-testid=columns-after]");
        grid.WaitForAssertion(() => Assert.Equal("c26", grid.FindAll("button.sort")[0].TextContent));
        await grid.InvokeAsync(() => Navigation.NavigateTo("/datasets/1?find=c299"));
        grid.WaitForAssertion(() => Assert.Equal("c299", Assert.Single(grid.FindAll("button.sort")).TextContent));
    }

    private static string[] First(IRenderedComponent<RowGrid> grid) => [.. grid.FindAll("tbody tr").Select(row => row.Children[2].TextContent.Trim())];

    private async Task<IRenderedComponent<RowGrid>> RenderAsync(string csv)
    {
        var dataset = await ImportAsync("rows.csv", csv);
        var grid = Render<RowGrid>(p => p.Add(g => g.TableSha256, dataset.TableSha256));
        grid.WaitForAssertion(() => Assert.DoesNotContain("Reading the rows", grid.Markup));
        return grid;
    }
}
