using System.Diagnostics;
using System.Runtime.InteropServices;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Benchmarks;

/// <summary>Permutation importance of a random forest of 100 trees on 50,000 rows of 30 columns: ours beside scikit-learn's permutation_importance, in turn.</summary>
internal static class ImportanceComparison
{
    private const int Rows = 50_000;
    private const int TrainingRows = 20_000;
    private const int FeatureCount = 30;
    private const int Repeats = 1;

    public static void Run(int rounds)
    {
        Console.WriteLine($"{Rows:N0} rows, {FeatureCount} columns, a forest of 100 trees learnt from {TrainingRows:N0} rows, {Repeats} shuffle a column, {Environment.ProcessorCount} cores, medians of {rounds}");
        if (Contender.FindPython("sklearn") is not { } python)
        {
            Console.WriteLine("There is no python3 with scikit-learn here.");
            return;
        }
        var folder = Directory.CreateTempSubdirectory("importance").FullName;
        try
        {
            var (features, labels) = TrainingComparison.Generate(TrainingRows + Rows);
            File.WriteAllBytes(Path.Combine(folder, "x"), MemoryMarshal.AsBytes(features.AsSpan()).ToArray());
            File.WriteAllBytes(Path.Combine(folder, "y"), MemoryMarshal.AsBytes(labels.AsSpan()).ToArray());
            var (ours, theirs) = (new List<ContenderFigures>(), new List<ContenderFigures>());
            for (var round = 0; round < rounds; round++)
            {
                ours.Add(Contender.Measure(Contender.Self("importance")));
                theirs.Add(Contender.Measure(new ProcessStartInfo(python, [Path.Combine(AppContext.BaseDirectory, "sklearn_importance.py"), Path.Combine(folder, "x"), Path.Combine(folder, "y"), $"{FeatureCount}", $"{TrainingRows}", $"{Repeats}"])));
            }
            var (own, other) = (Contender.Median(ours.Select(o => o.Own[0])), Contender.Median(theirs.Select(o => o.Own[0])));
            Console.WriteLine($"ours          {own:F2} s, accuracy {ours[0].Own[1]:F4}, largest drop {ours[0].Own[2]:F4}, {ours[0].PeakMegabytes:F0} MB");
            Console.WriteLine($"scikit-learn  {other:F2} s, accuracy {theirs[0].Own[1]:F4}, largest drop {theirs[0].Own[2]:F4}, {theirs[0].PeakMegabytes:F0} MB");
            Console.WriteLine($"ours takes {own / other:F2} of its time (aim: 0.5)");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Learns a forest of fully grown trees, as scikit-learn's, and prints seconds of the importance alone, accuracy, and the largest drop.</summary>
    public static void RunWorkbench()
    {
        var (values, labels) = TrainingComparison.Generate(TrainingRows + Rows);
        Table all = new([.. Enumerable.Range(0, FeatureCount).Select(j => new NumericColumn($"f{j}", [.. Enumerable.Range(0, labels.Length).Select(row => (double)values[(row * FeatureCount) + j])]))]);
        var training = all.Take([.. Enumerable.Range(0, TrainingRows)]);
        var trainer = TrainerCatalog.Find("random-forest");
        var encoder = FeatureEncoder.Fit(training, trainer.Encoding, CancellationToken.None);
        var data = new TrainingData(encoder.Encode(training), labels[..TrainingRows], LearningTask.Binary, 2);
        var scorer = trainer.Train(data, HyperparameterValues.Defaults(trainer.Hyperparameters(data.Shape)), new TrainingContext(1, Environment.ProcessorCount), CancellationToken.None).Scorer;
        var truth = labels[TrainingRows..];
        var target = Target.Create(new Table([DictionaryColumn.FromTexts("y", ColumnKind.Category, ["0", "1"])]), "y", LearningTask.Binary);
        var judged = all.Take([.. Enumerable.Range(TrainingRows, Rows)]);
        var clock = Stopwatch.StartNew();
        var shuffled = new ShuffledPipeline(new FittedPipeline(new FittedRecipe([]), encoder, scorer, target), judged);
        var importance = PermutationImportanceCalculator.Compute(
            Rows, [.. judged.Columns.Select(c => new[] { c.Name })], Environment.ProcessorCount, (columns, order) => Score(shuffled.Predict(columns, order)), Metric.Accuracy, Repeats, 1, null, CancellationToken.None);
        var seconds = clock.Elapsed.TotalSeconds;
        Contender.PrintFigures(seconds, Score(shuffled.Predict([], [.. Enumerable.Range(0, Rows)])), importance.Columns[0].MeanDrop);

        double Score(double[] outputs) => MetricCalculator.Compute(Metric.Accuracy, LearningTask.Binary, truth, outputs, 2)!.Value;
    }
}
