using System.Net;
using System.Text.Json;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Workbench.Datasets;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Recipes and cleaned data as files, over HTTP.</summary>
public sealed class RecipeFileTests(SharedWorkbench workbench) : IClassFixture<SharedWorkbench>
{
    private const string Sales = "price,item,note\n10,apple,=1+1\n,pear,\"a,b\"\n30,apple,\n10,apple,=1+1\n";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private ApiClient Api => workbench.App.Api;

    [Fact]
    public async Task A_recipe_that_is_downloaded_can_be_put_on_another_dataset()
    {
        var (one, other) = (await UploadAsync(Sales), await UploadAsync(Sales));
        await Api.SetRecipeAsync(one.Id, new DropDuplicatesStep([]) { Label = "once only" }, new FillMissingStep(["price"], FillMethod.Median));
        using var file = await Api.Http.GetAsync($"/api/v1/datasets/{one.Id}/recipe.json", Cancel);
        Assert.Equal("recipe.json", file.Content.Headers.ContentDisposition?.FileName);
        using var put = await Api.Http.PutAsync($"/api/v1/datasets/{other.Id}/recipe", ApiClient.Json(await file.Content.ReadAsStringAsync(Cancel)), Cancel);
        Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        var recipe = await Api.GetAsync<Recipe>($"/api/v1/datasets/{other.Id}/recipe");
        Assert.Equal("once only", Assert.IsType<DropDuplicatesStep>(recipe.Steps[0]).Label);
        Assert.Equal(FillMethod.Median, Assert.IsType<FillMissingStep>(recipe.Steps[1]).Method);
    }

    [Fact]
    public async Task The_cleaned_rows_come_as_csv_filled_and_without_duplicates()
    {
        var dataset = await UploadAsync(Sales);
        await Api.SetRecipeAsync(dataset.Id, new DropDuplicatesStep([]), new FillMissingStep(["price"], FillMethod.Mean));
        using var file = await Api.Http.GetAsync($"/api/v1/datasets/{dataset.Id}/export", Cancel);
        Assert.Equal("text/csv", file.Content.Headers.ContentType?.MediaType);
        Assert.EndsWith("-cleaned.csv", file.Content.Headers.ContentDisposition?.FileName?.Trim('"'));
        // The mean of 10 and 30; the fourth row equals the first.
        Assert.Equal("price,item,note\r\n10,apple,=1+1\r\n20,pear,\"a,b\"\r\n30,apple,\r\n", await file.Content.ReadAsStringAsync(Cancel));

        Assert.Equal("price;item;note\r\n10;apple;'=1+1\r\n;pear;a,b\r\n30;apple;\r\n10;apple;'=1+1\r\n",
            await Api.Http.GetStringAsync($"/api/v1/datasets/{dataset.Id}/export?cleaned=false&delimiter=%3B&decimal=,&harmless=true", Cancel));
    }

    [Fact]
    public async Task The_cleaned_rows_come_as_parquet()
    {
        var dataset = await UploadAsync(Sales);
        await Api.SetRecipeAsync(dataset.Id, new DropDuplicatesStep([]));
        var bytes = await Api.Http.GetByteArrayAsync($"/api/v1/datasets/{dataset.Id}/export?format=parquet", Cancel);
        using var stream = new MemoryStream(bytes);
        await using var reader = await Parquet.ParquetReader.CreateAsync(stream, cancellationToken: Cancel);
        Assert.Equal(["price", "item", "note"], reader.Schema.DataFields.Select(f => f.Name));
        using var group = reader.OpenRowGroupReader(0);
        Assert.Equal(3, group.RowCount);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(workbench.App.DataFolder, "tmp")));
    }

    [Theory]
    [InlineData("format=xlsx", "expected csv or parquet")]
    [InlineData("delimiter=ab", "expected one character")]
    [InlineData("decimal=,", "both ','")]
    [InlineData("target=nothing", "no such column")]
    public async Task An_export_that_cannot_be_made_says_why(string query, string why)
    {
        var dataset = await UploadAsync(Sales);
        using var answer = await Api.Http.GetAsync($"/api/v1/datasets/{dataset.Id}/export?{query}", Cancel);
        Assert.Contains(why, (await ApiClient.ReadProblemAsync(answer, HttpStatusCode.BadRequest)).Detail);
    }

    [Fact]
    public async Task A_recipe_that_does_not_apply_gives_no_file_but_the_step_and_the_reason()
    {
        var dataset = await UploadAsync(Sales);
        await Api.SetRecipeAsync(dataset.Id, new DropColumnsStep(["colour"]));
        using var answer = await Api.Http.GetAsync($"/api/v1/datasets/{dataset.Id}/export", Cancel);
        var problem = await ApiClient.ReadProblemAsync(answer, HttpStatusCode.UnprocessableEntity);
        Assert.Contains("Step 1 (Drop columns)", problem.Detail);
        Assert.Contains("'colour'", problem.Detail);
    }

    [Fact]
    public async Task The_recipe_comes_as_programs_with_what_was_learnt()
    {
        var dataset = await UploadAsync(Sales);
        await Api.SetRecipeAsync(dataset.Id, new FillMissingStep(["price"], FillMethod.Median));
        var program = await Api.Http.GetStringAsync($"/api/v1/datasets/{dataset.Id}/recipe.py", Cancel);
        Assert.Contains("import pandas", program);
        // The median of 10, 30 and 10.
        Assert.Contains("10", program.Split("Fill missing values")[1]);
        var csharp = await Api.Http.GetStringAsync($"/api/v1/datasets/{dataset.Id}/recipe.cs", Cancel);
        Assert.Contains("Fill missing values", csharp);
    }

    [Fact]
    public async Task A_preview_tells_what_is_learnt_and_counts_all_rows_when_asked()
    {
        var dataset = await UploadAsync(Sales);
        using var answer = await Api.Http.PostAsync($"/api/v1/datasets/{dataset.Id}/recipe/preview?exact=true", ApiClient.Json("""{"steps": [{"step": "fill-missing", "columns": ["price"], "method": "mean"}]}"""), Cancel);
        var preview = await ApiClient.ReadAsync<JsonElement>(answer, HttpStatusCode.OK);
        Assert.Equal(4, preview.GetProperty("datasetRowCount").GetInt64());
        // The mean of 10, 30 and 10.
        Assert.StartsWith("16.66", preview.GetProperty("learnt")[0][0].GetProperty("value").GetString());
        Assert.Equal(1, preview.GetProperty("counts")[0].GetProperty("missing").GetProperty("price").GetInt64());
        Assert.Equal(0, preview.GetProperty("counts")[1].GetProperty("missing").GetProperty("price").GetInt64());
    }

    private async Task<DatasetApi.DatasetAnswer> UploadAsync(string text)
    {
        using var folder = new TemporaryFolder();
        return await Api.UploadAsync(folder.Write("sales.csv", text));
    }
}
