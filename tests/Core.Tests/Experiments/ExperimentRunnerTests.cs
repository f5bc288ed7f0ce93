using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Experiments;

public sealed class ExperimentRunnerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("runner").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_baseline_ranks_at_random_whatever_the_folds_hold()
    {
        var table = Table(Categories("y", [.. Enumerable.Range(0, 100).Select(i => i % 10 < 3 ? "yes" : "no")]), Numbers("x", [.. Enumerable.Range(0, 100).Select(i => (double)i)]));
        var result = Completed(Run(Plan(table) with { Split = new SplitPlan(Stratified: false, Folds: 5) }, table)).Result;
        Assert.Equal(0.5, result.Score);
        Assert.All(result.FoldScores, score => Assert.Equal(0.5, score));
        Assert.Equal(0.0, FoldSpread.Compute(result.FoldScores));
        Assert.Equal(0.5, Report().Validation.Metrics[Metric.Auc.Id]);
        // The matrix is of all validation rows.
        Assert.Equal(80, Report().Validation.Classification!.Confusion.Sum(row => row.Sum()));
    }

    [Fact]
    public void The_score_is_the_mean_of_the_folds_weighted_by_rows()
    {
        static EvaluationReport Fold(int rows, double? score) => new(LearningTask.Regression, rows, new Dictionary<string, double?> { ["mae-error"] = score }, null, null);
        Assert.Equal((2 * 1.5 + 3 * 4) / 5, FoldMean.Compute([Fold(2, 1.5), Fold(3, 4), Fold(7, null)])["mae-error"]);
        Assert.Null(FoldMean.Compute([Fold(2, null)])["mae-error"]);
    }

    private static ExperimentPlan Plan(Table table, LearningTask? task = null) =>
        ExperimentPlan.Propose(table, "y", Recipe.Empty, task) with { TrainerIds = [BaselineTrainer.BaselineId] };

    private List<ExperimentEvent> Run(ExperimentPlan plan, Table table, Action<ExperimentEvent>? report = null, double budget = 120, CancellationToken? cancellationToken = null)
    {
        var file = Path.Combine(_folder, "table.parquet");
        TableFile.Write(table, file, CancellationToken.None);
        var events = new List<ExperimentEvent>();
        var job = new ExperimentJob(plan, file, [.. plan.TrainerIds.Select((id, i) => new JobTrial(i + 1, id))], budget, 1);
        ExperimentRunner.Run(job, _folder, e => { events.Add(e); report?.Invoke(e); }, cancellationToken ?? TestContext.Current.CancellationToken);
        return events;
    }

    private static TrialCompleted Completed(IEnumerable<ExperimentEvent> events)
    {
        var last = events.Last();
        return last as TrialCompleted ?? throw new Xunit.Sdk.XunitException($"Expected a completed trial, found {last}.");
    }

    private TrialReport Report() => JsonSerializer.Deserialize<TrialReport>(File.ReadAllText(Path.Combine(_folder, "trial-1.json")), CoreJson.Options)!;
}
