using System.Globalization;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Core.Tuning;
using ModelWorkbench.Workbench.Datasets;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>
/// The pipeline most textbooks begin with: drop incomplete rows, ln(1 + x), two principal components, 80/20, random forest.
/// Accuracies on the locked test set against scikit-learn 1.2.1 on the same rows (Expected/iris_pipelines.py).
/// </summary>
public sealed class ArticlePipelineTests(SharedWorkbench workbench, ITestOutputHelper output) : IClassFixture<SharedWorkbench>
{
    private static readonly string[] Features = ["sepal_length", "sepal_width", "petal_length", "petal_width"];
    private static readonly RecipeStep[] Cleaning = [new DropMissingRowsStep([]), new Log1pStep(Features)];
    private static readonly RecipeStep[] WithPca = [.. Cleaning, new PcaStep(Features, 2, Standardize: false)];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Locked_test_sets_are_those_that_scikit_learn_was_given()
    {
        var table = ReadIris();
        using var expected = JsonDocument.Parse(File.ReadAllBytes(TestFiles.Expected("iris-splits.json")));
        foreach (var seed in expected.RootElement.GetProperty("testLines").EnumerateObject())
        {
            var split = Splitter.Split(table, "species", Split(int.Parse(seed.Name, CultureInfo.InvariantCulture)));
            Assert.Equal(seed.Value.EnumerateArray().Select(l => l.GetInt32()), split.Test.Positions.ToArray().Select(p => table.LineNumbers[p]));
        }
    }

    [Fact]
    public void Two_components_and_a_random_forest_are_as_accurate_as_in_scikit_learn() => Compare(WithPca, "withPca");

    [Fact]
    public void A_random_forest_alone_is_as_accurate_as_in_scikit_learn() => Compare(Cleaning, "withoutPca");

    /// <summary>The mean over ten seeds within two points.</summary>
    private void Compare(RecipeStep[] steps, string name)
    {
        using var folder = new TemporaryFolder();
        var tableFile = Path.Combine(folder.Path, "iris.parquet");
        TableFile.Write(ReadIris(), tableFile, Cancel);
        using var expected = JsonDocument.Parse(File.ReadAllBytes(TestFiles.Expected("iris-pipelines.json")));
        List<double> theirs = [], ours = [];
        foreach (var seed in expected.RootElement.GetProperty(name).EnumerateObject())
        {
            theirs.Add(seed.Value.GetDouble());
            ours.Add(FinalAccuracy(tableFile, folder.Path, steps, int.Parse(seed.Name, CultureInfo.InvariantCulture)));
        }
        output.WriteLine($"{name}: ours {ours.Average():0.0000} ({string.Join(" ", ours.Select(a => a.ToString("0.000", CultureInfo.InvariantCulture)))}), scikit-learn {theirs.Average():0.0000}");
        Assert.Equal(10, ours.Count);
        Assert.InRange(ours.Average(), theirs.Average() - 0.02, theirs.Average() + 0.02);
    }

    private static double FinalAccuracy(string tableFile, string folder, RecipeStep[] steps, int seed)
    {
        var plan = new ExperimentPlan("species", LearningTask.Multiclass, Metric.Accuracy.Id, Split(seed), new Recipe(steps), [], ["random-forest"], 60);
        var job = new ExperimentJob(plan, tableFile, 2, new JobWork.Search([new JobTrial(1, new TrialSpec("random-forest", HyperparameterValues.None, TrialOrigin.Default, ""))], [], 2, 0));
        var completed = Assert.Single(Run(job).OfType<ModelReady>());
        var ready = Assert.Single(Run(job with { Work = new JobWork.TestModel(Path.Combine(folder, completed.ModelFile)) }).OfType<FinalReportReady>());
        var report = JsonSerializer.Deserialize<EvaluationReport>(File.ReadAllBytes(Path.Combine(folder, ready.ReportFile)), CoreJson.Options)!;
        Assert.Equal(30, report.RowCount);
        return report.Metrics[Metric.Accuracy.Id]!.Value;

        List<ExperimentEvent> Run(ExperimentJob order)
        {
            List<ExperimentEvent> events = [];
            using var control = new JobControl();
            ExperimentRunner.Run(order, folder, events.Add, control, Cancel);
            return events;
        }
    }

    [Fact]
    public async Task The_same_pipeline_over_the_API_gives_the_same_accuracy_and_answers_positional_rows()
    {
        var api = workbench.App.Api;
        var dataset = await api.UploadAsync(TestFiles.Sample("iris.csv"));
        await api.SetRecipeAsync(dataset.Id, WithPca);
        var experiment = await api.RunAsync(new ExperimentApi.StartBody(dataset.Id, "species", Trainers: ["random-forest"], Split: Split(1), BudgetSeconds: 60));
        Assert.Equal(ExperimentStatus.Completed, experiment.Status);
        Assert.Equal(2, experiment.Leaderboard[0].Result!.FeatureCount);
        var report = await api.FinalReportAsync(experiment.Id, 1);
        using var folder = new TemporaryFolder();
        var tableFile = Path.Combine(folder.Path, "iris.parquet");
        TableFile.Write(ReadIris(), tableFile, Cancel);
        Assert.Equal(FinalAccuracy(tableFile, folder.Path, WithPca, seed: 1), report.Final!.Metrics[Metric.Accuracy.Id]);

        var published = await api.PublishAsync("iris", experiment.Id, 1);
        var endpoint = await api.GetAsync<EndpointApi.EndpointAnswer>("/api/v1/endpoints/iris");
        Assert.Equal(Features, endpoint.Inputs!.Select(i => i.Name));
        Assert.All(endpoint.Inputs!, input => Assert.True(input.Used));
        var model = new ModelClient(workbench.App.Anonymous(), "iris", published.Key);
        var answer = await model.PredictRowsAsync([5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]);
        Assert.Equal(["setosa", "virginica"], answer.GetProperty("predictions").EnumerateArray().Select(p => p.GetString()));

        var rows = await api.GetAsync<RowsApi.RowsAnswer>($"/api/v1/datasets/{dataset.Id}/rows?limit=150");
        var all = await model.PredictRowsAsync([.. rows.Rows.Select(r => r.Take(4).Select(v => (object?)double.Parse(v!, CultureInfo.InvariantCulture)).ToArray())]);
        var right = all.GetProperty("predictions").EnumerateArray().Zip(rows.Rows).Count(p => p.First.GetString() == p.Second[4]);
        Assert.True(right >= 140, $"{right} of 150 rows are predicted correctly, training rows among them.");
    }

    private static SplitPlan Split(int seed) => new(TestFraction: 0.2, Folds: 1, Stratified: true, Seed: seed);

    private static Table ReadIris()
    {
        var path = TestFiles.Sample("iris.csv");
        return CsvTableReader.Read(path, CsvDetector.Detect(path, Cancel), null, Cancel).Table;
    }
}
