using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>The OpenAPI document of an endpoint: valid by the official schema, and true to what the endpoint takes and answers.</summary>
public sealed class EndpointDescriptionTests(CaseModels models) : IClassFixture<CaseModels>
{
    private static readonly Lazy<JsonSchema> Official = new(() => JsonSchema.FromText(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Cases", "openapi-3.1-schema.json"))));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private async Task<JsonObject> ReadAsync(string name)
    {
        using var http = models.App.Anonymous(models.KeyOf(name));
        return (await http.GetFromJsonAsync<JsonObject>($"/api/v1/models/{name}/openapi.json", Cancel))!;
    }

    [Theory]
    [InlineData("iris")]
    [InlineData("titanic")]
    [InlineData("tips")]
    public async Task The_document_is_valid_and_its_examples_are_answered_as_it_says_in_every_dialect(string name)
    {
        var document = await ReadAsync(name);
        var valid = Official.Value.Evaluate(document, new EvaluationOptions { OutputFormat = OutputFormat.List });
        Assert.True(valid.IsValid, string.Join('\n', valid.Details.Where(d => d.Errors is { Count: > 0 }).Select(d => $"{d.InstanceLocation}: {string.Join(", ", d.Errors!.Values)}")));

        using var http = models.App.Anonymous(models.KeyOf(name));
        var asked = 0;
        foreach (var (path, item) in document["paths"]!.AsObject())
        {
            var post = item!["post"]!;
            var content = post["requestBody"]!["content"]!["application/json"]!;
            foreach (var (_, example) in content["examples"]!.AsObject())
            {
                var body = example!["value"]!;
                Check(document, content["schema"]!, body, $"{path}, request");
                using var answer = await http.PostAsync(path, ApiClient.Json(body.ToJsonString()), Cancel);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                Check(document, post["responses"]!["200"]!["content"]!["application/json"]!["schema"]!, JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!, $"{path}, answer");
                asked++;
            }
            using var refused = await http.PostAsync(path, ApiClient.Json("""{"x": 1}"""), Cancel);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            var error = post["responses"]!["400"]!["content"]!.AsObject().Single();
            Assert.Equal(error.Key, refused.Content.Headers.ContentType!.MediaType);
            Check(document, error.Value!["schema"]!, JsonNode.Parse(await refused.Content.ReadAsStringAsync(Cancel))!, $"{path}, refusal");
        }
        Assert.Equal(5, asked);
    }

    [Fact]
    public async Task Columns_are_described_with_kinds_ranges_and_choices_and_the_example_is_a_real_row()
    {
        var document = await ReadAsync("titanic");
        var row = document["components"]!["schemas"]!["Row"]!;
        Assert.Equal(["pclass", "sex", "age", "sibsp", "parch", "fare", "embarked"], row["required"]!.AsArray().Select(n => n!.GetValue<string>()));
        Assert.Equal(["number", "null"], row["properties"]!["fare"]!["type"]!.AsArray().Select(n => n!.GetValue<string>()));
        Assert.Equal(2, row["properties"]!["fare"]!["x-training-range"]!.AsArray().Count);
        Assert.Equal(["C", "Q", "S"], row["properties"]!["embarked"]!["examples"]!.AsArray().Select(n => n!.GetValue<string>()).Order());
        Assert.Equal(["no", "yes"], document["components"]!["schemas"]!["Predictions"]!["properties"]!["predictions"]!["items"]!["examples"]!.AsArray().Select(n => n!.GetValue<string>()).Order());
        using var closed = await models.App.Anonymous().GetAsync("/api/v1/models/titanic/openapi.json", Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, closed.StatusCode);
    }

    /// <summary>By the schema of a place in the document, with the document's components.</summary>
    private static void Check(JsonObject document, JsonNode schema, JsonNode value, string where)
    {
        var whole = schema.DeepClone().AsObject();
        whole["components"] = document["components"]!.DeepClone();
        var result = JsonSchema.FromText(whole.ToJsonString()).Evaluate(value, new EvaluationOptions { OutputFormat = OutputFormat.List });
        Assert.True(result.IsValid, $"{where}: {string.Join("; ", result.Details.Where(d => d.Errors is { Count: > 0 }).Select(d => $"{d.InstanceLocation}: {string.Join(", ", d.Errors!.Values)}"))}\n{value}");
    }
}
