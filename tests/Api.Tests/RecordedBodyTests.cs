using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Serving;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Bodies that the public documentation of other servers sends, run as they stand there against a model of the same data; each names its source.</summary>
public sealed class RecordedBodyTests(CaseModels models) : IClassFixture<CaseModels>
{
    private static readonly JsonElement[] Recorded = [.. JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Cases", "recorded-bodies.json"))).RootElement.EnumerateArray()];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bodies_of_the_public_documentation_are_answered_as_they_stand()
    {
        // The same flowers under the names that scikit-learn gives the columns.
        using var folder = new TemporaryFolder();
        var lines = await File.ReadAllLinesAsync(TestFiles.Sample("iris.csv"), Cancel);
        var dataset = await models.App.Api.UploadAsync(folder.Write("iris.csv", string.Join('\n', lines.Skip(1).Prepend("sepal length (cm),sepal width (cm),petal length (cm),petal width (cm),species")) + "\n"));
        var experiment = await models.App.Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, "species", Trainers: ["linear-lbfgs"], Split: new SplitPlan(Folds: 1), BudgetSeconds: 60));
        var key = (await models.App.Api.PublishAsync("iris-sklearn", experiment.Id, 1)).Key!;

        foreach (var recorded in Recorded)
        {
            var (source, path) = (recorded.GetProperty("source").GetString()!, recorded.GetProperty("path").GetString()!);
            var name = recorded.GetProperty("columns").GetString() == "sklearn" ? "iris-sklearn" : "iris";
            using var http = models.App.Anonymous(name == "iris" ? models.KeyOf("iris") : key);
            using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(recorded.GetProperty("body").GetString()!));
            content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
            using var answer = await http.PostAsync(path, content, Cancel);
            var text = await answer.Content.ReadAsStringAsync(Cancel);
            Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{source}: {text}");
            using var document = JsonDocument.Parse(text);
            var said = document.RootElement.TryGetProperty("predictions", out var predictions) ? predictions : document.RootElement.GetProperty("outputs")[0].GetProperty("data");

            var model = (await models.App.Services.GetRequiredService<LiveModels>().FindAsync(name, Cancel))!;
            var rows = recorded.GetProperty("rows").EnumerateArray().Select(r => (IReadOnlyList<string?>)[.. r.EnumerateArray().Select(v => v.GetDouble().ToString("R", CultureInfo.InvariantCulture))]).ToArray();
            var scores = model.Package.Pipeline.Predict(Core.Models.TextRows.ToTable(model.Package.Manifest.Signature.Inputs, rows));
            var classes = model.Predictor.Target.Classes;
            Assert.Equal(rows.Select((_, row) => classes[Core.Trainers.Target.Likeliest(scores.AsSpan(row * classes.Count, classes.Count))]), said.EnumerateArray().Select(s => s.GetString()));
        }
    }
}
