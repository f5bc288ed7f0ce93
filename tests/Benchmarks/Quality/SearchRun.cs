using System.Diagnostics;
using System.Globalization;
using System.Text;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Benchmarks.Quality;

/// <summary>The product as a contestant: a training file in, predictions for a test file out, nothing chosen by hand but the target.</summary>
internal static class SearchRun
{
    /// <param name="trainCsv">With the target.</param>
    /// <param name="testCsv">The same columns; the target's values are not looked at.</param>
    /// <param name="target">Its name.</param>
    /// <param name="task">binary, multiclass or regression.</param>
    /// <param name="seconds">For the search.</param>
    /// <param name="seed">Of the folds.</param>
    /// <param name="predictionsCsv">Where the answers go: the classes' probabilities, or the number.</param>
    /// <param name="tuning">Search, or each family once.</param>
    public static void Run(string trainCsv, string testCsv, string target, string task, double seconds, int seed, string predictionsCsv, TuningMode tuning)
    {
        var clock = Stopwatch.StartNew();
        var folder = Directory.CreateTempSubdirectory("search").FullName;
        try
        {
            var (trainFile, options, recipe) = Import(trainCsv, target, folder);
            var learningTask = Enum.Parse<LearningTask>(task, ignoreCase: true);
            var plan = ExperimentPlan.Propose(TableFile.Read(trainFile, CancellationToken.None), target, recipe, learningTask);
            plan = plan with
            {
                MetricId = MetricOf(learningTask).Id,
                Split = plan.Split with { TestFraction = 0, Seed = seed },
                BudgetSeconds = (int)seconds,
                Tuning = tuning,
            };
            var importSeconds = clock.Elapsed.TotalSeconds;
            var events = new List<ExperimentEvent>();
            using var control = new JobControl();
            var first = 0.0;
            var job = new ExperimentJob(plan, trainFile, Environment.ProcessorCount, new JobWork.Search(
                tuning == TuningMode.Search ? [] : [.. plan.TrainerIds.Select((id, i) => new JobTrial(i + 1, new Core.Tuning.TrialSpec(id, HyperparameterValues.None, Core.Tuning.TrialOrigin.Default, "")))], [], plan.TrainerIds.Count + 1, 0));
            ExperimentRunner.Run(job, folder, e =>
            {
                events.Add(e);
                if (first == 0 && e is ModelReady) first = clock.Elapsed.TotalSeconds - importSeconds;
            }, control, CancellationToken.None);
            var searchSeconds = clock.Elapsed.TotalSeconds - importSeconds;
            var metric = Metric.Parse(plan.MetricId);
            var ready = events.OfType<ModelReady>().ToList();
            if (ready.Count == 0) throw new InvalidOperationException($"There is no model: {string.Join("; ", events.Where(e => e is not TrialProgressed))}");
            var best = metric.HigherIsBetter ? ready.MaxBy(r => r.Result.Score)! : ready.MinBy(r => r.Result.Score)!;
            using var file = File.OpenRead(Path.Combine(folder, best.ModelFile));
            var package = ModelPackage.Read(file);
            var testFile = Path.Combine(folder, "test.parquet");
            DatasetImporter.Import(testCsv, options, testFile, null, null, CancellationToken.None);
            var test = TableFile.Read(testFile, CancellationToken.None);
            var outputs = package.Pipeline.Predict(test.Without([target]));
            Write(predictionsCsv, package.Manifest.Target, outputs);
            var specs = events.OfType<TrialStarted>().DistinctBy(t => t.Number).ToDictionary(t => t.Number, t => t.Spec);
            foreach (var completed in events.OfType<TrialCompleted>().OrderBy(c => metric.HigherIsBetter ? -c.Result.Score : c.Result.Score).Take(60))
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {completed.Number,4} {completed.Result.Score:0.#####} {TrainerCatalog.NameOf(specs[completed.Number].TrainerId)} {specs[completed.Number].Values} it {completed.Result.Iterations} {completed.Result.TrainingSeconds:0.00} s at {completed.Result.FinishedAfterSeconds:0.0} s {(completed.Result.Members is { } members ? string.Join("+", members.Select(m => $"{m.TrialNumber}:{m.Weight:0.00}")) : "")}"));
            foreach (var failed in events.OfType<TrialFailed>().Take(5)) Console.WriteLine($"  {failed.Number,4} failed: {failed.Reason}");
            foreach (var failed in events.OfType<TrialSkipped>()) Console.WriteLine($"  {failed.Number,4} skipped: {failed.Reason}");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"FIGURES {{\"trials\": {specs.Count}, \"completed\": {events.OfType<TrialCompleted>().Count()}, \"pruned\": {events.OfType<TrialPruned>().Count()}, \"failed\": {events.OfType<TrialFailed>().Count()}, \"best\": \"{TrainerCatalog.NameOf(specs[best.Number].TrainerId)}\", \"validation\": {best.Result.Score}, \"first_model_seconds\": {first:0.0}, \"import_seconds\": {importSeconds:0.0}, \"search_seconds\": {searchSeconds:0.0}, \"model_bytes\": {best.Result.ModelBytes}, \"microseconds\": {best.Result.PredictionMicroseconds:0.0}}}"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>As the product takes in a file: imported, profiled, with the recipe it suggests.</summary>
    internal static (string TableFile, CsvOptions? Options, Recipe Recipe) Import(string trainCsv, string target, string folder)
    {
        var trainFile = Path.Combine(folder, "train.parquet");
        var builder = new ProfileBuilder();
        var imported = DatasetImporter.Import(trainCsv, null, trainFile, chunk => builder.Add(chunk, CancellationToken.None), null, CancellationToken.None);
        var profile = builder.Build();
        var sample = TableFile.ReadSample(trainFile, 50_000, 1, CancellationToken.None);
        return (trainFile, imported.Options, new Recipe([.. RecipeSuggestion.Suggest(profile, sample, DataWarnings.Find(profile, sample, target, CancellationToken.None), target).Select(s => s.Step)]));
    }

    /// <summary>What contestants are compared by.</summary>
    internal static Metric MetricOf(LearningTask task) => task switch { LearningTask.Binary => Metric.Auc, LearningTask.Multiclass => Metric.LogLoss, _ => Metric.Rmse };

    private static void Write(string path, Target target, double[] outputs)
    {
        var names = target.Task == LearningTask.Regression ? ["prediction"] : target.Classes;
        var text = new StringBuilder(string.Join(',', names.Select(n => '"' + n.Replace("\"", "\"\"") + '"'))).Append('\n');
        foreach (var row in outputs.Chunk(names.Count)) text.Append(string.Join(',', row.Select(o => o.ToString("R", CultureInfo.InvariantCulture)))).Append('\n');
        File.WriteAllText(path, text.ToString());
    }
}
