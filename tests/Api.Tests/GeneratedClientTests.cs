using System.Collections;
using System.Reflection;
using System.Runtime.Loader;
using System.Text.Json;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using NJsonSchema.CodeGeneration.CSharp;
using NSwag;
using NSwag.CodeGeneration.CSharp;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>A client that a generator makes of an endpoint's OpenAPI document compiles as it comes, and gets its answers.</summary>
public sealed class GeneratedClientTests(CaseModels models) : IClassFixture<CaseModels>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("titanic")]
    [InlineData("tips")]
    public async Task A_client_generated_from_the_document_compiles_and_gets_the_answer(string name)
    {
        using var http = models.App.Anonymous(models.KeyOf(name));
        var json = await http.GetStringAsync($"/api/v1/models/{name}/openapi.json", Cancel);
        var document = await OpenApiDocument.FromJsonAsync(json, Cancel);
        var settings = new CSharpClientGeneratorSettings { ClassName = "EndpointClient", InjectHttpClient = true, UseBaseUrl = true };
        settings.CSharpGeneratorSettings.Namespace = "Generated";
        settings.CSharpGeneratorSettings.JsonLibrary = CSharpJsonLibrary.SystemTextJson;
        var assembly = Compile(new CSharpClientGenerator(document, settings).GenerateFile());

        // By name, as a program in C# would fill it in.
        var rowType = assembly.GetType("Generated.Row")!;
        var example = JsonDocument.Parse(json).RootElement.GetProperty("paths").GetProperty($"/api/v1/models/{name}/predict").GetProperty("post").GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("examples").GetProperty("records").GetProperty("value");
        var row = JsonSerializer.Deserialize(example.GetProperty("records")[0].GetRawText(), rowType)!;
        var request = Activator.CreateInstance(assembly.GetType("Generated.Request")!)!;
        var records = request.GetType().GetProperty("Records")!;
        var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(rowType))!;
        list.Add(row);
        records.SetValue(request, list);

        var client = Activator.CreateInstance(assembly.GetType("Generated.EndpointClient")!, http)!;
        var predict = client.GetType().GetMethods().Single(m => m.Name == "PredictAsync" && m.GetParameters() is [_, { ParameterType: var last }] && last == typeof(CancellationToken) && m.GetParameters()[0].ParameterType == request.GetType());
        var task = (Task)predict.Invoke(client, [request, Cancel])!;
        await task;
        var answer = task.GetType().GetProperty("Result")!.GetValue(task)!;
        var predictions = ((IEnumerable)answer.GetType().GetProperty("Predictions")!.GetValue(answer)!).Cast<object>().ToArray();

        using var plain = await http.PostAsync($"/api/v1/models/{name}/predict", ApiClient.Json(example.GetRawText()), Cancel);
        var expected = JsonDocument.Parse(await plain.Content.ReadAsStringAsync(Cancel)).RootElement.GetProperty("predictions")[0];
        if (expected.ValueKind == JsonValueKind.Number) Assert.Equal(expected.GetDouble(), Convert.ToDouble(Assert.Single(predictions), System.Globalization.CultureInfo.InvariantCulture));
        else Assert.Equal(expected.GetString(), Assert.Single(predictions).ToString(), ignoreCase: true);
        Assert.Equal(name, answer.GetType().GetProperty("Model")!.GetValue(answer));
    }

    private static Assembly Compile(string source)
    {
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path));
        var compilation = CSharpCompilation.Create("GeneratedClient", [CSharpSyntaxTree.ParseText(source, cancellationToken: Cancel)], references, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using var image = new MemoryStream();
        var made = compilation.Emit(image, cancellationToken: Cancel);
        Assert.True(made.Success, string.Join('\n', made.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Take(20)));
        image.Position = 0;
        return new AssemblyLoadContext("generated", isCollectible: false).LoadFromStream(image);
    }
}
