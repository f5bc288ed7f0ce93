using System.Diagnostics;
using System.Globalization;
using System.Text;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Benchmarks;

/// <summary>Scoring a file: the product, and pandas with scikit-learn, each with a forest of 100 trees that it learnt from the same rows, each in a process of its own, in turn.</summary>
internal static class BatchComparison
{
    private const int TrainingRows = 20_000;
    private const int Numbers = 20;
    private const int Categories = 8;
    private static readonly string[] Words = ["north", "south", "east", "west", "central", "coast", "hills", "island", "valley", "harbour", "old town", "new town"];

    public static void Run(int rows, int rounds)
    {
        var folder = Directory.CreateTempSubdirectory("batch").FullName;
        try
        {
            var (training, csv, model) = (Path.Combine(folder, "training.csv"), Path.Combine(folder, "rows.csv"), Path.Combine(folder, "model"));
            Write(training, TrainingRows, seed: 1, withTarget: true);
            Write(csv, rows, seed: 2, withTarget: false);
            Console.WriteLine($"ours: {Train(training, model):N0} nodes");
            var contenders = new List<(string Name, ProcessStartInfo Start)> { ("workbench: BatchScorer", Contender.Self("batch", model, csv, Path.Combine(folder, "ours.csv"))) };
            if (Contender.FindPython("sklearn, pandas") is { } python)
            {
                var script = Path.Combine(AppContext.BaseDirectory, "sklearn_batch.py");
                using (var fit = Process.Start(new ProcessStartInfo(python, [script, "fit", training, model + ".joblib"])))
                {
                    fit!.WaitForExit();
                    if (fit.ExitCode != 0) throw new InvalidOperationException($"The fit in Python ended with {fit.ExitCode}.");
                }
                foreach (var jobs in (int[])[1, -1])
                    contenders.Add(($"pandas + scikit-learn, n_jobs={jobs}", new ProcessStartInfo(python, [script, "score", model + ".joblib", csv, Path.Combine(folder, "theirs.csv"), $"{jobs}"])));
            }
            else Console.WriteLine("There is no python3 with scikit-learn and pandas here; its rows are left out.");

            var figures = contenders.ToDictionary(contender => contender.Name, _ => new List<ContenderFigures>());
            for (var round = 1; round <= rounds; round++)
                foreach (var (name, start) in contenders)
                {
                    figures[name].Add(Contender.Measure(start));
                    var last = figures[name][^1];
                    Console.WriteLine($"round {round}: {name}: {last.Own[0]:F2} s from the file to the answer, AUC {Auc(csv, Path.Combine(folder, name.StartsWith('w') ? "ours.csv" : "theirs.csv")):F4}");
                }
            Console.WriteLine();
            Console.WriteLine($"{rows:N0} rows, {new FileInfo(csv).Length / 1e6:N0} MB, medians of {rounds}, {Environment.ProcessorCount} cores");
            Console.WriteLine("| | s from file to answer | rows/s | process CPU s | peak MB | times ours |");
            Console.WriteLine("|---|---|---|---|---|---|");
            var ours = Contender.Median(figures[contenders[0].Name].Select(f => f.Own[0]));
            foreach (var (name, list) in figures)
            {
                var seconds = Contender.Median(list.Select(f => f.Own[0]));
                Console.WriteLine($"| {name} | {seconds:F2} | {rows / seconds:N0} | {Contender.Median(list.Select(f => f.Cpu)):F1} | {Contender.Median(list.Select(f => f.PeakMegabytes)):N0} | {seconds / ours:F1} |");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public static void RunWorkbench(string model, string csv, string answer)
    {
        Predictor predictor;
        using (var stream = File.OpenRead(model)) predictor = new Predictor(ModelPackage.Read(stream));
        // The second time the program is as it is after its first file: compiled.
        var seconds = new double[2];
        foreach (ref var taken in seconds.AsSpan())
        {
            var clock = Stopwatch.StartNew();
            var file = BatchFile.Open(csv, null, predictor.Signature, CancellationToken.None);
            BatchProgress done;
            using (var output = new FileStream(answer, FileMode.Create, FileAccess.Write, FileShare.None, 1)) done = new BatchScorer(predictor, file).Run(output, BatchProgress.None, null, CancellationToken.None);
            if (done.ErrorRows > 0) throw new InvalidOperationException($"{done.ErrorRows} rows have errors, the first: {done.FirstErrors[0].Message}");
            taken = clock.Elapsed.TotalSeconds;
        }
        Contender.PrintFigures(seconds);
    }

    /// <returns>Nodes of the forest.</returns>
    private static int Train(string csv, string path)
    {
        var table = CsvTableReader.Read(csv, CsvDetector.Detect(csv, CancellationToken.None), null, CancellationToken.None).Table;
        var inputs = table.Without(["label"]);
        var trainer = TrainerCatalog.Find("random-forest");
        var encoder = FeatureEncoder.Fit(inputs, trainer.Encoding, CancellationToken.None);
        var labels = Enumerable.Range(0, table.RowCount).Select(row => table["label"].GetText(row) == "yes" ? 1f : 0f).ToArray();
        var data = new TrainingData(encoder.Encode(inputs), labels, LearningTask.Binary, 2);
        var scorer = trainer.Train(data, HyperparameterValues.Defaults(trainer.Hyperparameters(data.Shape)), new TrainingContext(1, Environment.ProcessorCount), CancellationToken.None).Scorer;
        var recipe = new FittedRecipe([]);
        var signature = Signature.Describe(inputs, inputs.Columns.Select(c => c.Name).ToHashSet());
        var target = new Target("label", LearningTask.Binary, ["no", "yes"]);
        var golden = TextRows.FromTable(signature.Inputs, inputs.Take([.. Enumerable.Range(0, 25)]));
        var outputs = new FittedPipeline(recipe, encoder, scorer, target).Predict(TextRows.ToTable(signature.Inputs, golden)).Chunk(2).ToArray();
        using var file = File.Create(path);
        new ModelPackage(new ModelManifest(trainer.Id, trainer.Name, target, signature, recipe, encoder, new GoldenRows(golden, outputs)), scorer).Write(file);
        return ((TreeEnsembleScorer)scorer).NodeCount;
    }

    /// <summary>20 numbers, whole and decimal, some missing; 8 categories of 3 to 12 words; 2 booleans; half of them act on the label.</summary>
    private static void Write(string path, int rows, int seed, bool withTarget)
    {
        var random = new Random(seed);
        using var text = new StreamWriter(path, false, new UTF8Encoding(false), 1 << 20);
        text.Write(string.Join(',', [.. Enumerable.Range(0, Numbers).Select(i => $"n{i}"), .. Enumerable.Range(0, Categories).Select(i => $"c{i}"), "b0", "b1"]) + (withTarget ? ",label\n" : "\n"));
        using var truth = withTarget ? null : new StreamWriter(path + ".truth");
        var line = new StringBuilder();
        for (var row = 0; row < rows; row++)
        {
            line.Clear();
            var score = -0.5;
            for (var i = 0; i < Numbers; i++)
            {
                var value = random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5;
                if (i < 10) score += value * (i % 2 == 0 ? 1.2 : -0.7);
                if (i % 5 == 4 && random.Next(20) == 0) line.Append(',');
                else line.Append(i % 4 == 0 ? ((int)(value * 1000)).ToString(CultureInfo.InvariantCulture) : value.ToString(i % 4 == 1 ? "F2" : "F6", CultureInfo.InvariantCulture)).Append(',');
            }
            for (var i = 0; i < Categories; i++)
            {
                var word = (int)((3 + i) * random.NextDouble() * random.NextDouble());
                if (i < 4) score += 0.4 * (word % 3) - 0.3;
                line.Append(Words[word]).Append(',');
            }
            var flag = random.Next(3) == 0;
            line.Append(flag ? "true," : "false,").Append(random.Next(2) == 0 ? "yes" : "no");
            var label = random.NextDouble() < 1 / (1 + Math.Exp(-2 * (flag ? score + 0.5 : score))) ? "yes" : "no";
            truth?.WriteLine(label);
            text.Write(line.Append(withTarget ? $",{label}\n" : "\n"));
        }
    }

    /// <summary>Of the column "probability yes", so that nobody is quick with a bad model.</summary>
    private static double Auc(string csv, string answer)
    {
        var positions = new List<(double Score, bool IsYes)>();
        using (var answers = new StreamReader(answer))
        using (var truth = new StreamReader(csv + ".truth"))
        {
            var column = Array.IndexOf(answers.ReadLine()!.Split(','), "probability yes");
            while (answers.ReadLine() is { } line) positions.Add((double.Parse(line.Split(',')[column], CultureInfo.InvariantCulture), truth.ReadLine() == "yes"));
        }
        var ordered = positions.OrderBy(p => p.Score).ToList();
        double yes = ordered.Count(p => p.IsYes), ranks = 0;
        for (var i = 0; i < ordered.Count;)
        {
            var end = i;
            while (end < ordered.Count && ordered[end].Score == ordered[i].Score) end++;
            for (var j = i; j < end; j++)
                if (ordered[j].IsYes) ranks += (i + end + 1) / 2.0;
            i = end;
        }
        return (ranks - (yes * (yes + 1) / 2)) / (yes * (ordered.Count - yes));
    }
}
