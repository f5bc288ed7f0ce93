using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Serving.Dialects;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Benchmarks.Serving;

/// <summary>Where the time of one request goes, without the web server: reading 20 numbers and 10 words, the model, writing. The best of many short rounds, as other work on the machine only ever adds.</summary>
internal static class RowBenchmark
{
    private const int Numbers = 20, Words = 10, TrainingRows = 20_000;
    private static readonly string[] Colours = ["red", "green", "blue", "white", "black", "brown", "grey", "pink"];

    public static void Run()
    {
        var table = Draw(TrainingRows, seed: 1);
        Console.WriteLine($"{"model",-22} {"rows",5} {"read µs/row",12} {"score µs/row",13} {"write µs/row",13} {"bytes/request",14}");
        foreach (var id in new[] { "linear-lbfgs", "lightgbm", "random-forest" })
        {
            if (TrainerCatalog.Find(id).WhyNot(new TrainingShape(LearningTask.Binary, TrainingRows, Numbers + Words, 2)) is not null) continue;
            var package = Train(table, id);
            var name = package.Pipeline.Scorer is TreeEnsembleScorer trees ? $"{id} {trees.TreeCount}×{trees.LeafCount / trees.TreeCount}" : id;
            foreach (var rows in new[] { 1, 100 }) Measure(name, new Predictor(package), Draw(rows, seed: 2));
        }
    }

    private static void Measure(string name, Predictor predictor, Table rows)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new
        {
            features = Enumerable.Range(0, rows.RowCount).Select(row => predictor.Signature.Used.Select(input => rows[input.Name] is NumericColumn numbers ? (object)numbers.Values[row] : rows[input.Name].GetText(row)))
        });
        var output = new ArrayBufferWriter<byte>(1 << 20);
        var (read, score, write, allocated) = (double.MaxValue, double.MaxValue, double.MaxValue, long.MaxValue);
        var repeats = Math.Max(1, 200 / rows.RowCount);
        for (var round = 0; round < 400; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            long readTicks = 0, scoreTicks = 0, writeTicks = 0;
            for (var i = 0; i < repeats; i++)
            {
                using var prediction = predictor.Begin();
                var began = Stopwatch.GetTimestamp();
                if (Dialect.Native.ReadJson(body, prediction, 10_000) is { } refusal) throw new InvalidOperationException(refusal.Message);
                var wasRead = Stopwatch.GetTimestamp();
                prediction.Score(CancellationToken.None);
                var scored = Stopwatch.GetTimestamp();
                output.ResetWrittenCount();
                Dialect.Native.Write(prediction, "model", 1, output);
                (readTicks, scoreTicks, writeTicks) = (readTicks + wasRead - began, scoreTicks + scored - wasRead, writeTicks + Stopwatch.GetTimestamp() - scored);
            }
            (read, score, write) = (Math.Min(read, readTicks), Math.Min(score, scoreTicks), Math.Min(write, writeTicks));
            allocated = Math.Min(allocated, (GC.GetAllocatedBytesForCurrentThread() - before) / repeats);
        }
        double Microseconds(double ticks) => ticks / Stopwatch.Frequency * 1e6 / (repeats * rows.RowCount);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-22} {rows.RowCount,5} {Microseconds(read),12:F2} {Microseconds(score),13:F2} {Microseconds(write),13:F2} {allocated,14}"));
    }

    private static Table Draw(int count, int seed)
    {
        var random = new Random(seed);
        var columns = new List<Column>();
        for (var c = 0; c < Numbers; c++) columns.Add(new NumericColumn($"x{c}", [.. Enumerable.Range(0, count).Select(_ => Math.Round(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()), 4))]));
        for (var c = 0; c < Words; c++) columns.Add(DictionaryColumn.FromTexts($"c{c}", ColumnKind.Category, [.. Enumerable.Range(0, count).Select(_ => Colours[random.Next(Colours.Length)])]));
        return new Table(columns);
    }

    private static ModelPackage Train(Table table, string id)
    {
        var trainer = TrainerCatalog.Find(id);
        var encoder = FeatureEncoder.Fit(table, trainer.Encoding, CancellationToken.None);
        var (x0, x1, x2, c0) = (((NumericColumn)table["x0"]).Values.ToArray(), ((NumericColumn)table["x1"]).Values.ToArray(), ((NumericColumn)table["x2"]).Values.ToArray(), table["c0"]);
        var random = new Random(3);
        var labels = Enumerable.Range(0, table.RowCount).Select(row => x0[row] + 0.5 * x1[row] * x2[row] + (c0.GetText(row) == "red" ? 1 : 0) + random.NextDouble() - 0.5 > 0 ? 1f : 0f).ToArray();
        var data = new TrainingData(encoder.Encode(table), labels, LearningTask.Binary, 2);
        var scorer = trainer.Train(data, HyperparameterValues.Defaults(trainer.Dials(data.Shape)), new TrainingContext(1, 1) { Iterations = 100 }, CancellationToken.None).Scorer;
        var target = new Target("y", LearningTask.Binary, ["no", "yes"]);
        var signature = Signature.Describe(table, table.Columns.Select(c => c.Name).ToHashSet());
        var golden = TextRows.FromTable(signature.Inputs, table.Take([.. Enumerable.Range(0, 25)]));
        var outputs = new FittedPipeline(new FittedRecipe([]), encoder, scorer, target).Predict(TextRows.ToTable(signature.Inputs, golden)).Chunk(2).ToArray();
        return new ModelPackage(new ModelManifest(id, trainer.Name, target, signature, new FittedRecipe([]), encoder, new GoldenRows(golden, outputs)), scorer);
    }
}
