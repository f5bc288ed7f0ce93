using System.Net;
using ModelWorkbench.Workbench.Datasets;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Sorting, filtering and drawing rows, and what must not get through to the engine.</summary>
public sealed class RowsTests(SmallUploads workbench) : IClassFixture<SmallUploads>
{
    private const string Hostile = "a\"; drop table x; --";

    // The columns' names differ by case alone, hold quotes, colons, Chinese, and the word that the engine has for row numbers.
    private const string Csv = "\"a\"\"; drop table x; --\",Size,size,城市,it's:ge,file_row_number,day\n" +
        "x' or 1=1 --,3,30,Oslo,p,7,2024-01-31\nb,NA,10,東京,q|r,7,2024-02-01\nc,1,,Oslo,,8,\nD,3,20,,s,9,2024-01-31\ne,-2,5,Paris,t,9,2023-05-05\n";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private ApiClient Api => workbench.App.Api;

    [Fact]
    public async Task Sorted_rows_have_missing_ones_last_and_ties_in_file_order_both_ways()
    {
        var id = await UploadAsync();
        Assert.Equal([5, 3, 1, 4, 2], (await RowsAsync(id, "sort=Size")).RowNumbers);
        Assert.Equal([1, 4, 3, 5, 2], (await RowsAsync(id, "sort=Size&descending=true")).RowNumbers);
        Assert.Equal([5, 2, 4, 1, 3], (await RowsAsync(id, "sort=size")).RowNumbers);
        Assert.Equal([2, 1, 4, 5, 3], (await RowsAsync(id, "sort=day&descending=true")).RowNumbers);
        // Oslo twice, Paris, Tokyo in Chinese; by code point.
        Assert.Equal([2, 5, 1, 3, 4], (await RowsAsync(id, "sort=城市&descending=true")).RowNumbers);
    }

    [Theory]
    [InlineData("Size:ge:1", new[] { 1, 3, 4 })]
    [InlineData("Size:le:1", new[] { 3, 5 })]
    [InlineData("Size:between:1|3", new[] { 1, 3, 4 })]
    [InlineData("Size:eq:3.0", new[] { 1, 4 })]
    [InlineData("Size:in:1|-2", new[] { 3, 5 })]
    [InlineData("Size:missing", new[] { 2 })]
    [InlineData("Size:present", new[] { 1, 3, 4, 5 })]
    [InlineData("size:le:10", new[] { 2, 5 })]
    [InlineData("城市:eq:東京", new[] { 2 })]
    [InlineData("城市:missing", new[] { 4 })]
    [InlineData("it's:ge:in:q\\|r|s", new[] { 2, 4 })]
    [InlineData("it's:ge:missing", new[] { 3 })]
    [InlineData("file_row_number:eq:9", new[] { 4, 5 })]
    [InlineData("day:eq:2024-01-31", new[] { 1, 4 })]
    [InlineData("day:le:2024-01-31", new[] { 1, 4, 5 })]
    [InlineData("a\"; drop table x; --:contains:X' OR 1=1 --", new[] { 1 })]
    [InlineData("a\"; drop table x; --:eq:' or '1'='1", new int[0])]
    [InlineData("a\"; drop table x; --:contains:%", new int[0])]
    public async Task Filters_keep_the_rows_for_which_they_hold(string filter, int[] rows)
    {
        var id = await UploadAsync();
        var answer = await RowsAsync(id, "filter=" + Uri.EscapeDataString(filter));
        Assert.Equal(rows, answer.RowNumbers);
        Assert.Equal((5, rows.Length), (answer.RowCount, answer.MatchingCount));
    }

    [Fact]
    public async Task Filtered_rows_give_the_values_of_the_file_and_only_the_columns_asked_for()
    {
        var id = await UploadAsync();
        var answer = await RowsAsync(id, $"filter=Size:ge:1&filter=day:present&sort=size&columns=size&columns={Uri.EscapeDataString(Hostile)}");
        Assert.Equal(["size", Hostile], answer.Columns);
        Assert.Equal([["20", "D"], ["30", "x' or 1=1 --"]], answer.Rows);
        Assert.Equal([5, 2], answer.LineNumbers);
        Assert.Equal(["b", null, "10", "東京", "q|r", "7", "2024-02-01"], (await RowsAsync(id, "filter=Size:missing")).Rows[0]);
    }

    [Fact]
    public async Task A_window_of_sorted_rows_is_the_same_part_of_all_sorted_rows()
    {
        var all = await RowsAsync(workbench.PenguinsId, "sort=body_mass_g&limit=1000");
        var window = await RowsAsync(workbench.PenguinsId, "sort=body_mass_g&offset=100&limit=50");
        Assert.Equal(all.RowNumbers.Skip(100).Take(50), window.RowNumbers);
        Assert.Equal(all.Rows.Skip(100).Take(50), window.Rows);
        var column = all.Columns.ToList().IndexOf("body_mass_g");
        var masses = all.Rows.Select(r => r[column]).ToList();
        Assert.Equal([null, null], masses[^2..]);
        Assert.Equal(masses[..^2].Select(m => double.Parse(m!)).Order(), masses[..^2].Select(m => double.Parse(m!)));
        Assert.Empty((await RowsAsync(workbench.PenguinsId, "sort=body_mass_g&offset=344")).Rows);
    }

    [Fact]
    public async Task Random_rows_are_the_same_for_the_same_seed_and_match_the_filter()
    {
        var first = await RowsAsync(workbench.PenguinsId, "random=20&seed=3&filter=species:eq:Gentoo");
        Assert.Equal(first.RowNumbers, (await RowsAsync(workbench.PenguinsId, "random=20&seed=3&filter=species:eq:Gentoo")).RowNumbers);
        Assert.NotEqual(first.RowNumbers, (await RowsAsync(workbench.PenguinsId, "random=20&seed=4&filter=species:eq:Gentoo")).RowNumbers);
        Assert.Equal(20, first.RowNumbers.Distinct().Count());
        Assert.All(first.Rows, row => Assert.Equal("Gentoo", row[first.Columns.ToList().IndexOf("species")]));
    }

    [Theory]
    [InlineData("sort=weight", "weight")]
    [InlineData("columns=weight", "weight")]
    [InlineData("filter=weight:ge:1", "weight")]
    [InlineData("filter=species:like:A", "contains, eq")]
    [InlineData("filter=species:ge:A", "'ge' is not for the text column")]
    [InlineData("filter=body_mass_g:ge:1;drop", "1;drop")]
    [InlineData("filter=body_mass_g:between:1", "expected two")]
    [InlineData("filter=body_mass_g:ge", "no value")]
    [InlineData("random=0", "random is 0")]
    public async Task What_is_wrong_with_a_query_is_named(string query, string named)
    {
        using var answer = await Api.Http.GetAsync($"/api/v1/datasets/{workbench.PenguinsId}/rows?{query}", Cancel);
        Assert.Contains(named, (await ApiClient.ReadProblemAsync(answer, HttpStatusCode.BadRequest)).Detail);
    }

    private Task<RowsApi.RowsAnswer> RowsAsync(int id, string query) => Api.GetAsync<RowsApi.RowsAnswer>($"/api/v1/datasets/{id}/rows?{query}");

    private async Task<int> UploadAsync()
    {
        using var folder = new TemporaryFolder();
        return (await Api.UploadAsync(folder.Write("hostile.csv", Csv))).Id;
    }
}
