using System.Diagnostics;
using System.Globalization;
using System.Net;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Datasets;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>From a CSV to a model that answers, over the API alone.</summary>
public sealed class JourneyTests(SharedWorkbench workbench, ITestOutputHelper output) : IClassFixture<SharedWorkbench>
{
    private ApiClient Api => workbench.App.Api;

    [Fact]
    public Task Penguins_with_missing_values_filled() =>
        Travel(TestFiles.Sample("penguins.csv"), "species", LearningTask.Multiclass, 344, ["baseline", "random-forest", "linear-lbfgs"],
            "accuracy-score", 0.95, new FillMissingStep([], FillMethod.Median));

    [Fact]
    public Task Telco_churn() =>
        Travel(TestFiles.Sample("telco_churn.csv"), "churn", LearningTask.Binary, 7043, ["baseline", "linear-lbfgs", Families.Boosted], "auc-score", 0.80);

    [Fact]
    public Task Adult_without_header() =>
        Travel(TestFiles.Shared("datasets/adult/adult.csv"), "column_15", LearningTask.Binary, 32561, ["baseline", Families.Boosted], "auc-score", 0.90);

    [Fact]
    public Task California_housing_with_blanks_filled_by_the_median() =>
        Travel(TestFiles.Shared("datasets/california-housing/california-housing.csv"), "median_house_value", LearningTask.Regression, 20640, ["baseline", Families.Boosted],
            "r-squared-score", 0.78, new FillMissingStep([], FillMethod.Median));

    [Fact]
    public Task Car_evaluation_of_categories_alone() =>
        Travel(TestFiles.Shared("datasets/car-evaluation/car-evaluation.csv"), "decision", LearningTask.Multiclass, 1728, ["baseline", "random-forest", Families.Boosted],
            "accuracy-score", 0.93);

    /// <param name="metricId">Judged on the locked test set.</param>
    /// <param name="atLeast">What a sound model reaches on this data.</param>
    private async Task Travel(string path, string target, LearningTask task, int rowCount, string[] families, string metricId, double atLeast, params RecipeStep[] recipe)
    {
        var clock = Stopwatch.StartNew();
        var dataset = await Api.UploadAsync(path);
        var uploaded = clock.Elapsed;
        Assert.Equal(rowCount, dataset.RowCount);
        Assert.Equal(0, dataset.ProblemCount);

        var profile = await Api.GetAsync<DatasetProfile>($"/api/v1/datasets/{dataset.Id}/profile");
        Assert.Equal(rowCount, profile.RowCount);
        Assert.Contains(profile.Columns, c => c.Name == target && c.MissingCount == 0 && c.DistinctCount > 1);

        await Api.SetRecipeAsync(dataset.Id, recipe);
        var stored = await Api.GetAsync<Recipe>($"/api/v1/datasets/{dataset.Id}/recipe");
        Assert.Equal(recipe.Select(s => s.Summary), stored.Steps.Select(s => s.Summary));

        var before = clock.Elapsed;
        var experiment = await Api.RunAsync(new ExperimentApi.StartBody(dataset.Id, target, MetricId: metricId, Trainers: families, Split: new SplitPlan(Folds: 1, Stratified: task != LearningTask.Regression), BudgetSeconds: 180));
        var trained = clock.Elapsed - before;
        Assert.Equal(ExperimentStatus.Completed, experiment.Status);
        Assert.Equal(task, experiment.Plan.Task);
        Assert.Equal(families.Order(), experiment.Leaderboard.Select(t => t.TrainerId).Order());
        Assert.All(experiment.Leaderboard, t => Assert.True(t.Status == TrialStatus.Completed, $"{t.TrainerId} is {t.Status}: {t.Reason}"));
        Assert.Equal(experiment.Leaderboard.OrderByDescending(t => t.Result!.Score).Select(t => t.Number), experiment.Leaderboard.Select(t => t.Number));

        var best = experiment.Leaderboard[0];
        Assert.NotEqual("baseline", best.TrainerId);
        var report = await Api.FinalReportAsync(experiment.Id, best.Number);
        Assert.NotNull(report.Report?.Importance);
        var final = report.Final!.Metrics[metricId]!.Value;
        Assert.True(final >= atLeast, $"{metricId} on the locked test set is {final:0.0000}, expected at least {atLeast}.");

        var name = EndpointStore.NameFrom(dataset.Name);
        var published = await Api.PublishAsync(name, experiment.Id, best.Number);
        Assert.Equal(1, published.Version);
        var endpoint = await Api.GetAsync<EndpointApi.EndpointAnswer>($"/api/v1/endpoints/{name}");
        var used = endpoint.Inputs!.Where(i => i.Used).ToList();
        var rows = await Api.GetAsync<RowsApi.RowsAnswer>($"/api/v1/datasets/{dataset.Id}/rows?limit=20");
        var records = rows.Rows.Select(row => used.ToDictionary(i => i.Name, i => ToValue(i.Kind, row[rows.Columns.ToList().IndexOf(i.Name)]))).ToArray();

        var model = new ModelClient(workbench.App.Anonymous(), name, published.Key);
        var byName = await model.PredictRecordsAsync(records);
        var positional = await model.PredictRowsAsync([.. records.Select(record => used.Select(i => record[i.Name]).ToArray())]);
        Assert.Equal(20, byName.GetProperty("predictions").GetArrayLength());
        Assert.Equal(byName.GetRawText(), positional.GetRawText());

        await Api.DeleteAsync($"/api/v1/datasets/{dataset.Id}");
        await Api.DeleteAsync($"/api/v1/experiments/{experiment.Id}");
        Assert.Equal(byName.GetRawText(), (await model.PredictRecordsAsync(records)).GetRawText());
        await Api.DeleteAsync($"/api/v1/endpoints/{name}");
        await model.RefusalAsync("""{"features":[]}""", HttpStatusCode.NotFound);
        using var gone = await Api.Http.GetAsync($"/api/v1/datasets/{dataset.Id}", TestContext.Current.CancellationToken);
        await ApiClient.ReadProblemAsync(gone, HttpStatusCode.NotFound);
        output.WriteLine($"{dataset.Name}: upload {uploaded.TotalSeconds:0.0} s, comparison {trained.TotalSeconds:0.0} s, all {clock.Elapsed.TotalSeconds:0.0} s; {best.TrainerId}, {metricId} {final:0.0000} on the locked test set");
    }

    private static object? ToValue(ColumnKind kind, string? text) =>
        text is null ? null : kind == ColumnKind.Numeric ? double.Parse(text, CultureInfo.InvariantCulture) : text;
}
