using System.Globalization;
using System.Net;
using System.Text;
using ModelWorkbench.Workbench.Datasets;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>What did not fit, all of it.</summary>
public sealed class ProblemTests(SmallUploads workbench) : IClassFixture<SmallUploads>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_problems_come_as_CSV_in_file_order_where_the_dataset_keeps_the_first_hundred()
    {
        var csv = new StringBuilder("a,b\n");
        for (var row = 0; row < 500; row++) csv.Append(CultureInfo.InvariantCulture, $"{row},{row}{(row % 2 == 1 ? ",=surplus" : "")}\n");
        var dataset = await UploadAsync("uneven.csv", csv.ToString());
        Assert.Equal((250, 100), (dataset.ProblemCount, dataset.Problems.Count));

        var lines = await ProblemsAsync($"/api/v1/datasets/{dataset.Id}/problems");
        Assert.Equal("line,column,found,expected,text", lines[0]);
        // Row 1 stands in line 3, row 3 in line 5, …
        Assert.Equal(Enumerable.Range(0, 250).Select(i => $"{2 * i + 3},,3 fields,2 fields,\"{2 * i + 1},{2 * i + 1},=surplus\""), lines[1..]);
    }

    [Fact]
    public async Task A_line_longer_than_the_list_shows_is_whole_in_the_download_and_a_formula_harmless_where_asked_for()
    {
        var longest = "=1" + new string('x', 5_000);
        var dataset = await UploadAsync("long.csv", $"a,b\n1,2\n{longest},3,4\n");
        Assert.EndsWith("…", dataset.Problems.Single().Text);
        Assert.Equal($"3,,3 fields,2 fields,\"{longest},3,4\"", (await ProblemsAsync($"/api/v1/datasets/{dataset.Id}/problems?version=1"))[1]);
        Assert.Equal($"3,,3 fields,2 fields,\"'{longest},3,4\"", (await ProblemsAsync($"/api/v1/datasets/{dataset.Id}/problems?harmless=true"))[1]);
    }

    [Fact]
    public async Task Problems_of_what_is_not_there_are_not_found()
    {
        var dataset = await UploadAsync("fits.csv", "a,b\n1,2\n");
        Assert.Equal(["line,column,found,expected,text"], await ProblemsAsync($"/api/v1/datasets/{dataset.Id}/problems"));
        foreach (var address in new[] { $"/api/v1/datasets/{dataset.Id}/problems?version=2", "/api/v1/datasets/99999/problems" })
        {
            using var answer = await workbench.App.Api.Http.GetAsync(address, Cancel);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    private async Task<string[]> ProblemsAsync(string address)
    {
        using var answer = await workbench.App.Api.Http.GetAsync(address, Cancel);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/csv", answer.Content.Headers.ContentType!.MediaType);
        return (await answer.Content.ReadAsStringAsync(Cancel)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
    }

    private async Task<DatasetApi.DatasetAnswer> UploadAsync(string name, string csv)
    {
        using var file = new StringContent(csv, Encoding.UTF8, "text/csv");
        using var answer = await workbench.App.Api.Http.PostAsync($"/api/v1/datasets?name={name}", file, Cancel);
        return await ApiClient.ReadAsync<DatasetApi.DatasetAnswer>(answer, HttpStatusCode.Created);
    }
}
