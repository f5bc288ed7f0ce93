using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Core.Tuning;

namespace ModelWorkbench.Benchmarks.Quality;

/// <summary>Judges the same values of every family on one data set: what a portfolio is learnt from.</summary>
internal static class PortfolioRun
{
    // Values are drawn inside the ranges that apply to such a table, and held inside those of the table they are tried on.
    private const int ReferenceRows = 5_000, ReferenceFeatures = 20, ReferenceClasses = 5;
    private const int Seed = 20;

    /// <param name="trainCsv">With the target.</param>
    /// <param name="target">Its name.</param>
    /// <param name="task">binary, multiclass or regression.</param>
    /// <param name="rows">A sample of so many is learnt from and judged on.</param>
    /// <param name="resultJson">Where the losses go: one entry a candidate, the same candidates in the same order for every data set of a task.</param>
    public static void Run(string trainCsv, string target, string task, int rows, string resultJson)
    {
        var folder = Directory.CreateTempSubdirectory("portfolio").FullName;
        try
        {
            var (trainFile, _, recipe) = SearchRun.Import(trainCsv, target, folder);
            var learningTask = Enum.Parse<LearningTask>(task, ignoreCase: true);
            var table = TableFile.Read(trainFile, CancellationToken.None);
            if (table.RowCount > rows)
            {
                table = table.Take(RowSample.Take(table.RowCount, rows, 1));
                TableFile.Write(table, trainFile, CancellationToken.None);
            }
            var candidates = Candidates(learningTask);
            var plan = ExperimentPlan.Propose(table, target, recipe, learningTask);
            plan = plan with
            {
                MetricId = SearchRun.MetricOf(learningTask).Id,
                // Three folds tell values apart well enough where the differences of many data sets are averaged.
                Split = plan.Split with { TestFraction = 0, Folds = 3, Repeats = 1 },
                BudgetSeconds = ExperimentPlan.MaximumBudgetSeconds,
                Tuning = TuningMode.Search,
                // Nothing beyond the candidates, which count as proposed.
                Limits = new SearchLimits(MaximumTrials: 1),
            };
            var results = new Dictionary<int, TrialResult>();
            using var control = new JobControl();
            var job = new ExperimentJob(plan, trainFile, Environment.ProcessorCount, new JobWork.Search([.. candidates.Select((c, i) => new JobTrial(i + 1, c))], [], candidates.Count + 1, 0));
            ExperimentRunner.Run(job, folder, e => { if (e is TrialCompleted { Number: var number, Result: var result } && number <= candidates.Count) results[number] = result; }, control, CancellationToken.None);
            var sign = SearchRun.MetricOf(learningTask).HigherIsBetter ? -1 : 1;
            var lines = candidates.Select((c, i) => new { trainer = c.TrainerId, values = c.Values.ById, loss = results.GetValueOrDefault(i + 1)?.Score * sign, seconds = results.GetValueOrDefault(i + 1)?.FitSeconds });
            File.WriteAllText(resultJson, JsonSerializer.Serialize(lines));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The baseline, then for each family its defaults and values drawn at random, more of them the more dials there are.</summary>
    private static List<TrialSpec> Candidates(LearningTask task)
    {
        var shape = new TrainingShape(task, ReferenceRows, ReferenceFeatures, task switch { LearningTask.Binary => 2, LearningTask.Multiclass => ReferenceClasses, _ => 1 }) { CanLogTarget = true };
        var random = new Random(Seed);
        var candidates = new List<TrialSpec>();
        foreach (var trainer in TrainerCatalog.All.Where(t => t.WhyNot(shape) is null))
        {
            var space = trainer.Dials(shape);
            var defaults = HyperparameterValues.Defaults(space);
            candidates.Add(new TrialSpec(trainer.Id, defaults, TrialOrigin.Portfolio, ""));
            if (space.Count == 0) continue;
            for (var draw = 0; draw < 3 + (2 * space.Count); draw++)
            {
                // Half of the dials keep their default on average: good values lie nearer to the defaults than to the corners of the space.
                var values = space.Select(d => KeyValuePair.Create(d.Id, random.NextDouble() < 0.5 ? d.Default : d.FromUnit(random.NextDouble())));
                candidates.Add(new TrialSpec(trainer.Id, new HyperparameterValues(values), TrialOrigin.Portfolio, ""));
            }
        }
        return candidates;
    }
}
