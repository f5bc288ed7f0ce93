using System.Diagnostics;
using System.Runtime.InteropServices;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Benchmarks;

/// <summary>How the time of every family grows with the rows, and how the random forest and LightGBM stand beside scikit-learn's and the bare library.</summary>
internal static class TrainingComparison
{
    private const int FeatureCount = 30;

    // A family that would take longer by its own estimate is left out of a size.
    private const double LongestSeconds = 300;

    public static void Run(int mostRows)
    {
        Console.WriteLine($"{mostRows:N0} rows, one after another, medians of 3");
        var own = Rounds(() => Contender.Measure(Contender.Self("train", "random-forest", $"{mostRows}")));
        Report("random forest of 100 trees, ours", own, null);
        if (Contender.FindPython("sklearn") is { } python)
        {
            var folder = Directory.CreateTempSubdirectory("training").FullName;
            try
            {
                var (features, labels) = Generate(mostRows);
                File.WriteAllBytes(Path.Combine(folder, "x"), MemoryMarshal.AsBytes(features.AsSpan()).ToArray());
                File.WriteAllBytes(Path.Combine(folder, "y"), MemoryMarshal.AsBytes(labels.AsSpan()).ToArray());
                Report("the same, scikit-learn n_jobs=-1", Rounds(() => Contender.Measure(new ProcessStartInfo(python, [Path.Combine(AppContext.BaseDirectory, "sklearn_forest.py"), Path.Combine(folder, "x"), Path.Combine(folder, "y"), $"{FeatureCount}"]))), own);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        else Console.WriteLine("There is no python3 with scikit-learn here; its row is left out.");
        var native = Rounds(() => Contender.Measure(Contender.Self("native-lightgbm", $"{mostRows}")));
        Report("LightGBM, the bare library, 100 rounds", native, null);
        Report("the same through the trainer", Rounds(() => Contender.Measure(Contender.Self("train", "lightgbm-100", $"{mostRows}"))), native);
        Console.WriteLine();
        int[] sizes = [.. new[] { mostRows / 100, mostRows / 10, mostRows }.Where(s => s >= 1_000)];
        var megabytes = (double)mostRows * (FeatureCount + 1) * sizeof(float) / 1048576;
        Console.WriteLine($"{Environment.ProcessorCount} cores, {FeatureCount} numbers a row, two classes, defaults of each family; seconds of training alone, accuracy and AUC on a tenth held out");
        Console.WriteLine($"| | {string.Join(" | ", sizes.Select(s => $"{s:N0} rows, s"))} | growth for 10 times the rows | CPU s | peak MB / data's {megabytes:N0} | accuracy | AUC |");
        Console.WriteLine($"|---|{string.Concat(sizes.Select(_ => "---|"))}---|---|---|---|---|");
        foreach (var trainer in TrainerCatalog.All.Where(t => t is not BaselineTrainer && t.Supports(LearningTask.Binary)))
        {
            var figures = sizes.Select(size =>
            {
                var shape = new TrainingShape(LearningTask.Binary, size, FeatureCount, 2);
                return trainer.WhyNot(shape) is null && trainer.CostSeconds(shape, HyperparameterValues.Defaults(trainer.Hyperparameters(shape))) < LongestSeconds ? Contender.Measure(Contender.Self("train", trainer.Id, $"{size}")) : null;
            }).ToArray();
            var last = figures.LastOrDefault(f => f is not null);
            var growth = figures is [.., { } before, { } largest] ? $"{largest.Own[0] / before.Own[0]:F1}" : "";
            Console.WriteLine($"| {trainer.Name} | {string.Join(" | ", figures.Select(f => f is null ? "not run" : $"{f.Own[0]:F2}"))} | {growth} | {last?.Cpu:F0} | {(last is null || figures[^1] is null ? "" : $"{last.PeakMegabytes / megabytes:F1}")} | {last?.Own[1]:F4} | {last?.Own[2]:F4} |");
        }
    }

    /// <summary>Trains and judges one family with its defaults; the forest has 100 trees, and <c>lightgbm-100</c> is LightGBM of 100 rounds.</summary>
    public static void RunTrainer(string id, int rows)
    {
        var trainer = TrainerCatalog.Find(id == "lightgbm-100" ? "lightgbm" : id);
        var (training, judged) = Data(rows);
        var values = HyperparameterValues.Defaults(trainer.Hyperparameters(training.Shape));
        if (id == "random-forest") values = values.With("trees", 100);
        var clock = Stopwatch.StartNew();
        var scorer = trainer.Train(training, values, new TrainingContext(1, Environment.ProcessorCount) { Iterations = id == "lightgbm-100" ? 100 : null }, CancellationToken.None).Scorer;
        var seconds = clock.Elapsed.TotalSeconds;
        var outputs = new double[2 * judged.Labels.Length];
        Parallel.For(0, judged.Labels.Length, row => scorer.Score(judged.Features.Row(row), outputs.AsSpan(2 * row, 2)));
        Contender.PrintFigures(seconds, MetricCalculator.Compute(Metric.Accuracy, LearningTask.Binary, judged.Labels, outputs, 2)!.Value, MetricCalculator.Compute(Metric.Auc, LearningTask.Binary, judged.Labels, outputs, 2)!.Value);
    }

    /// <summary>The library's own calls with the same parameters, and nothing else.</summary>
    public static void RunNativeLightGbm(int rows)
    {
        var (training, _) = Data(rows);
        var parameters = LightGbmTrainer.Parameters(training, HyperparameterValues.Defaults(new LightGbmTrainer().Hyperparameters(training.Shape)), new TrainingContext(1, Environment.ProcessorCount));
        LightGbmLibrary.Silence();
        var clock = Stopwatch.StartNew();
        var dataset = LightGbmLibrary.CreateDataset(training.Features.Values, training.Labels, null, FeatureCount, parameters, 0);
        LightGbmLibrary.Check(LightGbmLibrary.BoosterCreate(dataset, parameters, out var booster));
        for (var round = 0; round < 100; round++) LightGbmLibrary.Check(LightGbmLibrary.BoosterUpdateOneIteration(booster, out _));
        Contender.PrintFigures(clock.Elapsed.TotalSeconds);
    }

    private static List<ContenderFigures> Rounds(Func<ContenderFigures> measure) => [measure(), measure(), measure()];

    private static void Report(string name, List<ContenderFigures> rounds, List<ContenderFigures>? yardstick)
    {
        var seconds = Contender.Median(rounds.Select(r => r.Own[0]));
        var ratio = yardstick is null ? "" : $", {seconds / Contender.Median(yardstick.Select(r => r.Own[0])):F2} times the line above";
        var quality = rounds[0].Own.Count > 1 ? $", accuracy {rounds[0].Own[1]:F4}, AUC {rounds[0].Own[2]:F4}" : "";
        Console.WriteLine($"- {name}: {seconds:F1} s ({Contender.Median(rounds.Select(r => r.Cpu)):F0} s CPU, peak {Contender.Median(rounds.Select(r => r.PeakMegabytes)):N0} MB){ratio}{quality}");
    }

    private static (TrainingData Training, TrainingData Judged) Data(int rows)
    {
        var (features, labels) = Generate(rows);
        var learnt = rows - (rows / 10);
        string[] names = [.. Enumerable.Range(0, FeatureCount).Select(i => $"x{i}")];
        return (new TrainingData(new FeatureMatrix(features[..(learnt * FeatureCount)], learnt, names), labels[..learnt], LearningTask.Binary, 2),
            new TrainingData(new FeatureMatrix(features[(learnt * FeatureCount)..], rows - learnt, names), labels[learnt..], LearningTask.Binary, 2));
    }

    /// <summary>Numbers of which some act alone, some together and some not at all, with noise in the class.</summary>
    internal static (float[] Features, float[] Labels) Generate(int rows)
    {
        var random = new Random(1);
        var (features, labels) = (new float[(long)rows * FeatureCount], new float[rows]);
        for (var row = 0; row < rows; row++)
        {
            var x = features.AsSpan(row * FeatureCount, FeatureCount);
            foreach (ref var value in x) value = (float)Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * (float)Math.Cos(2 * Math.PI * random.NextDouble());
            var score = x[0] + (0.5 * x[1]) - (0.7 * x[2] * x[3]) + (0.8 * Math.Sin(2 * x[4])) + (x[5] > 0.5 ? x[6] : -0.5 * x[7]) + (0.3 * x[8] * x[8]) - 0.3;
            labels[row] = random.NextDouble() < 1 / (1 + Math.Exp(-score)) ? 1 : 0;
        }
        return (features, labels);
    }
}
