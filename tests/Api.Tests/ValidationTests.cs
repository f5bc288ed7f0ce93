using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Workbench.Datasets;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>An app that takes files up to 1 MB, with the penguins in it.</summary>
public sealed class SmallUploads : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    public WorkbenchApp App { get; private set; } = null!;
    public int PenguinsId { get; private set; }

    public async ValueTask InitializeAsync()
    {
        App = await WorkbenchApp.StartAsync(_folder.Path, ("MaxUploadMegabytes", "1"));
        PenguinsId = (await App.Api.UploadAsync(TestFiles.Sample("penguins.csv"))).Id;
    }

    public async ValueTask DisposeAsync()
    {
        await App.StopAsync();
        _folder.Dispose();
    }
}

/// <summary>What people and scripts get wrong, and what they are told.</summary>
public sealed class ValidationTests(SmallUploads workbench) : IClassFixture<SmallUploads>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private ApiClient Api => workbench.App.Api;

    [Theory]
    [InlineData("""{"target": "weight"}""", "no column 'weight'", "species, island")]
    [InlineData("""{"target": "species", "metricId": "roc"}""", "no metric 'roc'", "accuracy-score")]
    [InlineData("""{"target": "species", "metricId": "rmse-error"}""", "not defined for multiclass", "accuracy-score")]
    [InlineData("""{"target": "species", "trainers": ["catboost"]}""", "no model family 'catboost'", "random-forest")]
    [InlineData("""{"target": "species", "trainers": []}""", "No model family", "at least one")]
    [InlineData("""{"target": "species", "trainers": ["baseline", "baseline"]}""", "'baseline' is chosen 2 times", "once")]
    [InlineData("""{"target": "species", "ignoredColumns": ["colour"]}""", "'colour' does not exist", "")]
    [InlineData("""{"target": "species", "ignoredColumns": ["species"]}""", "'species'", "")]
    [InlineData("""{"target": "species", "weights": {"column": "island"}}""", "holds category values; expected numbers", "")]
    [InlineData("""{"target": "species", "budgetSeconds": 4}""", "4 seconds", "5 to 86,400")]
    [InlineData("""{"target": "species", "budgetSeconds": 86401}""", "86401 seconds", "5 to 86,400")]
    [InlineData("""{"target": "species", "split": {"testFraction": 0.9}}""", "0.9", "0.05 to 0.5")]
    [InlineData("""{"target": "species", "split": {"folds": 21}}""", "21", "1 to 20")]
    [InlineData("""{"target": "species", "task": "regression"}""", "'Adelie'", "a number")]
    [InlineData("""{"target": "species", "task": "binary"}""", "found 3", "exactly 2 classes")]
    public async Task An_experiment_that_cannot_run_is_refused_saying_what_was_found_and_expected(string body, string found, string expected)
    {
        var problem = await RefusedAsync(workbench.PenguinsId, body, HttpStatusCode.BadRequest);
        Assert.Contains(found, problem.Detail);
        Assert.Contains(expected, problem.Detail);
        Assert.Equal(problem.Detail, problem.Errors[0].GetString());
        Assert.Empty(await Api.GetAsync<JsonElement[]>($"/api/v1/experiments?datasetId={workbench.PenguinsId}"));
    }

    [Fact]
    public async Task All_that_is_wrong_with_an_experiment_is_said_at_once()
    {
        var problem = await RefusedAsync(workbench.PenguinsId, """{"target": "species", "metricId": "roc", "trainers": ["catboost"], "budgetSeconds": 1}""", HttpStatusCode.BadRequest);
        Assert.Equal(3, problem.Errors.Count);
    }

    [Fact]
    public async Task A_date_and_a_column_of_one_value_cannot_be_targets()
    {
        var dataset = await UploadTextAsync("day,same,amount\n2024-01-01,a,1\n2024-01-02,a,2\n2024-01-03,a,3\n2024-01-04,a,4\n2024-01-05,a,5\n2024-01-06,a,6\n");
        Assert.Contains("found dates", (await RefusedAsync(dataset.Id, """{"target": "day"}""", HttpStatusCode.BadRequest)).Detail);
        Assert.Contains("only 'a'", (await RefusedAsync(dataset.Id, """{"target": "same"}""", HttpStatusCode.BadRequest)).Detail);
        var chosen = await RefusedAsync(dataset.Id, """{"target": "same", "task": "multiclass"}""", HttpStatusCode.BadRequest);
        Assert.Contains(chosen.Errors, e => e.GetString()!.Contains("at least 2 classes in column 'same', found 1 (a)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_logarithm_of_minus_one_is_refused_naming_column_and_line_in_preview_and_experiment()
    {
        var dataset = await UploadTextAsync("amount,balance,class\n1,0.5,a\n2,7.25,b\n3,-1,a\n4,2,b\n5,-3,a\n6,8,b\n7,1,a\n8,3.5,b\n9,1,a\n10,2,b\n");
        using var previewed = await Api.Http.PostAsync($"/api/v1/datasets/{dataset.Id}/recipe/preview", ApiClient.Json("""{"steps": [{"step": "log1p", "columns": []}]}"""), Cancel);
        var preview = await ApiClient.ReadAsync<JsonElement>(previewed, HttpStatusCode.OK);
        var told = preview.GetProperty("outcomes")[0].GetProperty("problems")[0];
        Assert.Equal(("balance", 4), (told.GetProperty("column").GetString(), told.GetProperty("line").GetInt32()));

        await Api.SetRecipeAsync(dataset.Id, new Log1pStep([]));
        var problem = await RefusedAsync(dataset.Id, """{"target": "class"}""", HttpStatusCode.BadRequest);
        Assert.Contains("Recipe step 1", problem.Detail);
        Assert.Contains("'balance' has 2 values of -1 or less, the first on line 4: found -1, expected more than -1", problem.Detail);
    }

    [Theory]
    [InlineData("{", "LineNumber: 0")]
    [InlineData("""{"target": "species"}""", "datasetId")]
    [InlineData("""{"datasetId": 1, "target": null}""", "target")]
    [InlineData("""{"datasetId": "one", "target": "species"}""", "datasetId")]
    [InlineData("""{"datasetId": 1, "target": "species", "task": "clustering"}""", "task")]
    public async Task A_body_of_another_shape_is_refused_naming_the_place(string body, string place)
    {
        using var answer = await Api.Http.PostAsync("/api/v1/experiments", ApiClient.Json(body), Cancel);
        Assert.Contains(place, (await ApiClient.ReadProblemAsync(answer, HttpStatusCode.BadRequest)).Detail);
    }

    [Fact]
    public async Task An_unknown_recipe_step_is_refused_naming_the_place()
    {
        using var answer = await Api.Http.PutAsync($"/api/v1/datasets/{workbench.PenguinsId}/recipe", ApiClient.Json("""{"steps": [{"step": "make-coffee", "columns": []}]}"""), Cancel);
        Assert.Contains("$.steps[0]", (await ApiClient.ReadProblemAsync(answer, HttpStatusCode.BadRequest)).Detail);
    }

    [Fact]
    public async Task Recipes_saved_and_files_uploaded_at_once_all_arrive()
    {
        var datasets = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => UploadTextAsync($"a,b\n1,x\n{i},y\n")));
        Assert.Equal(6, datasets.Select(d => d.Name).Distinct().Count());
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Api.SetRecipeAsync(datasets[0].Id, new DropMissingRowsStep([]))));
        var recipe = await Api.GetAsync<Recipe>($"/api/v1/datasets/{datasets[0].Id}/recipe");
        Assert.IsType<DropMissingRowsStep>(Assert.Single(recipe.Steps));
    }

    [Fact]
    public async Task What_does_not_exist_answers_404_naming_it()
    {
        Assert.Contains("dataset 999", (await RefusedAsync(999, """{"target": "species"}""", HttpStatusCode.NotFound)).Detail);
        foreach (var address in new[] { "datasets/999", "datasets/999/profile", "datasets/999/rows", "datasets/999/recipe", "experiments/999", "experiments/999/trials/1", "endpoints/nothing", "nowhere", "datasets/abc" })
        {
            using var answer = await Api.Http.GetAsync($"/api/v1/{address}", Cancel);
            await ApiClient.ReadProblemAsync(answer, HttpStatusCode.NotFound);
        }
    }

    [Fact]
    public async Task A_wrong_method_and_a_wrong_content_type_are_told_as_such()
    {
        using var method = await Api.Http.PatchAsync("/api/v1/datasets", null, Cancel);
        Assert.Contains("PATCH", (await ApiClient.ReadProblemAsync(method, HttpStatusCode.MethodNotAllowed)).Detail);
        using var type = await Api.Http.PostAsync("/api/v1/experiments", new StringContent("{}", Encoding.UTF8, "text/plain"), Cancel);
        Assert.Contains("'text/plain; charset=utf-8'; expected application/json", (await ApiClient.ReadProblemAsync(type, HttpStatusCode.UnsupportedMediaType)).Detail);
    }

    [Theory]
    [InlineData("TRACE")]
    [InlineData("OPTIONS")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("GET")]
    public async Task Nothing_but_what_is_meant_to_be_sent_is_taken_and_no_other_site_is_let_in(string method)
    {
        foreach (var address in (string[])["/api/v1/models/iris/predict", "/mlflow/iris/invocations", "/v2/models/iris/infer", "/v1/models/iris:predict"])
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), address);
            request.Headers.Add("Origin", "https://example.org");
            request.Headers.Add("Access-Control-Request-Method", "POST");
            using var anonymous = workbench.App.Anonymous();
            using var answer = await anonymous.SendAsync(request, Cancel);
            // Nobody is signed in: what is no address of a model leads to the page for that.
            Assert.True(answer.StatusCode is HttpStatusCode.MethodNotAllowed or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.Unauthorized or HttpStatusCode.Found, $"{method} {address}: {answer.StatusCode}");
            Assert.DoesNotContain(answer.Headers, h => h.Key.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
        }
    }

    [Theory]
    [InlineData("89504E470D0A1A0A0000000D49484452", "image")]
    [InlineData("7F454C4602010100000000000000000003003E00", "program")]
    [InlineData("53514C69746520666F726D6174203300100001", "SQLite")]
    [InlineData("255044462D312E370A25E2E3CFD30A", "PDF")]
    [InlineData("504B0304140006000800000021005B436F6E74656E745F54797065735D2E786D6C", "zip")]
    public async Task A_file_of_another_kind_under_the_name_of_a_table_is_refused_by_what_it_is(string start, string kind)
    {
        var before = (await Api.GetAsync<JsonElement>("/api/v1/datasets")).GetArrayLength();
        var problem = await RefusedUploadAsync(new ByteArrayContent([.. Convert.FromHexString(start), .. new byte[200]]), HttpStatusCode.UnprocessableEntity);
        Assert.Contains(kind, problem.Detail, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(before, (await Api.GetAsync<JsonElement>("/api/v1/datasets")).GetArrayLength());
    }

    [Fact]
    public async Task A_picture_is_no_table()
    {
        byte[] png = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 0x0D, (byte)'I', (byte)'H', (byte)'D', (byte)'R', 0, 0, 0, 1, 0, 0, 0, 1, 8, 6, 0, 0, 0];
        Assert.Contains("text", (await RefusedUploadAsync(new ByteArrayContent(png), HttpStatusCode.UnprocessableEntity)).Detail);
    }

    [Fact]
    public async Task Empty_and_blank_files_are_no_tables()
    {
        Assert.Contains("empty", (await RefusedUploadAsync(new ByteArrayContent([]), HttpStatusCode.UnprocessableEntity)).Detail);
        Assert.Contains("blank", (await RefusedUploadAsync(new StringContent("\n\n  \n"), HttpStatusCode.UnprocessableEntity)).Detail);
    }

    [Fact]
    public async Task Too_large_a_file_is_refused_naming_the_limit_with_and_without_its_length()
    {
        var large = Encoding.UTF8.GetBytes("a,b\n" + string.Concat(Enumerable.Repeat("1,2\n", 400_000)));
        Assert.Contains("1 MB (MaxUploadMegabytes)", (await RefusedUploadAsync(new ByteArrayContent(large), HttpStatusCode.RequestEntityTooLarge)).Detail);
        using var chunked = new HttpRequestMessage(HttpMethod.Post, "/api/v1/datasets") { Content = new ByteArrayContent(large) };
        chunked.Headers.TransferEncodingChunked = true;
        using var answer = await Api.Http.SendAsync(chunked, Cancel);
        await ApiClient.ReadProblemAsync(answer, HttpStatusCode.RequestEntityTooLarge);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(workbench.App.DataFolder, "tmp")));
    }

    [Theory]
    [InlineData("../../etc/passwd.csv", "passwd.csv")]
    [InlineData("C:\\Users\\ada\\homes.csv", "homes.csv")]
    [InlineData("/", "upload.csv")]
    [InlineData("a\u0000\r\nb.csv", "ab.csv")]
    [InlineData("日本.csv", "日本.csv")]
    public async Task Of_a_path_only_the_last_part_is_kept_as_the_name(string name, string kept)
    {
        using var answer = await Api.Http.PostAsync($"/api/v1/datasets?name={Uri.EscapeDataString(name)}", new StringContent("a,b\n1,x\n2,y\n"), Cancel);
        var dataset = await ApiClient.ReadAsync<DatasetApi.DatasetAnswer>(answer, HttpStatusCode.Created);
        Assert.Equal(kept, dataset.FileName);
        Assert.DoesNotContain('/', dataset.Name);
        Assert.DoesNotContain('\\', dataset.Name);
    }

    [Fact]
    public async Task A_form_with_a_file_is_taken_and_one_without_is_refused()
    {
        using var file = new StringContent("a,b\n1,x\n2,y\n");
        file.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        using var form = new MultipartFormDataContent { { file, "file", "pairs.csv" } };
        using var taken = await Api.Http.PostAsync("/api/v1/datasets", form, Cancel);
        Assert.Equal("pairs.csv", (await ApiClient.ReadAsync<DatasetApi.DatasetAnswer>(taken, HttpStatusCode.Created)).FileName);
        using var empty = new MultipartFormDataContent { { new StringContent("x"), "note" } };
        Assert.Contains("no file part", (await RefusedUploadAsync(empty, HttpStatusCode.BadRequest)).Detail);
        using var torn = new StringContent("--x\r\nContent-Disposition: form-data; name=file; filename=a.csv\r\n\r\na,b\n1");
        torn.Headers.ContentType = MediaTypeHeaderValue.Parse("multipart/form-data; boundary=x");
        Assert.Contains("multipart", (await RefusedUploadAsync(torn, HttpStatusCode.BadRequest)).Detail);
    }

    [Theory]
    [InlineData("?offset=-1")]
    [InlineData("?limit=0")]
    [InlineData("?limit=1001")]
    [InlineData("?limit=many")]
    public async Task Rows_out_of_range_are_refused(string query)
    {
        using var answer = await Api.Http.GetAsync($"/api/v1/datasets/{workbench.PenguinsId}/rows{query}", Cancel);
        await ApiClient.ReadProblemAsync(answer, HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Reading_options_that_contradict_themselves_are_refused_and_the_dataset_stays()
    {
        using var answer = await Api.Http.PutAsJsonAsync($"/api/v1/datasets/{workbench.PenguinsId}/options", new { delimiter = ",", quote = ",", encoding = "utf-8" }, Cancel);
        await ApiClient.ReadProblemAsync(answer, HttpStatusCode.UnprocessableEntity);
        using var encoding = await Api.Http.PutAsJsonAsync($"/api/v1/datasets/{workbench.PenguinsId}/options", new { encoding = "klingon" }, Cancel);
        Assert.Contains("klingon", (await ApiClient.ReadProblemAsync(encoding, HttpStatusCode.UnprocessableEntity)).Detail);
        Assert.Equal(344, (await Api.GetAsync<DatasetApi.DatasetAnswer>($"/api/v1/datasets/{workbench.PenguinsId}")).RowCount);
    }

    private async Task<DatasetApi.DatasetAnswer> UploadTextAsync(string text)
    {
        using var folder = new TemporaryFolder();
        return await Api.UploadAsync(folder.Write("table.csv", text));
    }

    private async Task<Problem> RefusedUploadAsync(HttpContent content, HttpStatusCode expected)
    {
        using var answer = await Api.Http.PostAsync("/api/v1/datasets?name=file.csv", content, Cancel);
        return await ApiClient.ReadProblemAsync(answer, expected);
    }

    /// <param name="body">A start body without the dataset.</param>
    private async Task<Problem> RefusedAsync(int datasetId, string body, HttpStatusCode expected)
    {
        using var answer = await Api.Http.PostAsync("/api/v1/experiments", ApiClient.Json($"{{\"datasetId\": {datasetId}, {body[1..]}"), Cancel);
        return await ApiClient.ReadProblemAsync(answer, expected);
    }
}
