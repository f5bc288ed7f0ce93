using System.Globalization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Experiments;

/// <summary>Whether a model learns something under the recipe that is suggested, without a hand touching it.</summary>
public sealed class SuggestedRecipeExperimentTests(ListedDatasets listed) : IDisposable
{
    private const int MostRows = 1_000;
    private readonly string _folder = Directory.CreateTempSubdirectory("suggested").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Under_the_suggested_recipe_a_forest_beats_the_baseline_on_every_listed_data_set()
    {
        var failures = new List<string>();
        foreach (var dataset in listed.All)
        {
            var name = dataset.Name;
            try
            {
                var file = Path.Combine(_folder, name + ".parquet");
                var (profile, table) = (dataset.Profile, dataset.Sample(MostRows));
                var target = dataset.TargetIn(table);
                var recipe = new Recipe([.. RecipeSuggestion.Suggest(profile, table, DataWarnings.Find(profile, table, target, Token), target).Select(s => s.Step)]);
                var plan = ExperimentPlan.Propose(table, target, recipe, Enum.Parse<LearningTask>(dataset.Task, ignoreCase: true)) with
                {
                    TrainerIds = [BaselineTrainer.BaselineId, "random-forest"],
                    Tuning = TuningMode.DefaultsOnly,
                    Split = new SplitPlan(Folds: 2, Stratified: false),
                };
                Assert.Empty(plan.Problems(table));
                TableFile.Write(table, file, Token);
                var events = new List<ExperimentEvent>();
                using var control = new JobControl();
                ExperimentRunner.Run(new ExperimentJob(plan, file, Environment.ProcessorCount, JobWorkOf.EachOnce(plan)), _folder, events.Add, control, Token);
                var scores = events.OfType<TrialCompleted>().Select(t => t.Result.Score!.Value).ToArray();
                Assert.True(scores.Length == 2, string.Join("; ", events));
                var metric = Metric.All.Single(m => m.Id == plan.MetricId);
                var better = metric.HigherIsBetter ? scores[1] > scores[0] : scores[1] < scores[0];
                var line = string.Create(CultureInfo.InvariantCulture, $"{name}: {metric.Id} {scores[1]:0.####}, baseline {scores[0]:0.####}, {recipe.Steps.Count} steps");
                TestContext.Current.TestOutputHelper?.WriteLine(line);
                if (!better) failures.Add(line);
            }
            catch (Exception e) when (e is not OperationCanceledException) { failures.Add($"{name}: {e.Message}"); }
        }
        Assert.True(failures.Count == 0, string.Join("\n", failures));
    }
}
