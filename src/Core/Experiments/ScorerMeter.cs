using System.Diagnostics;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Experiments;

/// <summary>Measures what a model costs to keep and to ask.</summary>
internal static class ScorerMeter
{
    public const int MostRows = 1_000;
    private const int WarmUpRounds = 3;
    private const int Rounds = 7;
    private const long MeasuredBytes = 4_000_000;
    private const long MostCopies = 32;

    // A warm-up that compiles needs time more than rounds.
    private const double WarmUpSeconds = 0.15;

    /// <summary>What a scorer takes once it is loaded and has answered: of small ones the mean over many, as the heap changes by a little at any time.</summary>
    private static long MemoryBytes(MemoryStream file, FeatureMatrix features)
    {
        var copies = new Scorer[(int)Math.Clamp(MeasuredBytes / file.Length, 1, MostCopies)];
        double[]? outputs = null;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < copies.Length; i++)
        {
            file.Position = 0;
            copies[i] = ScorerFile.Read(file);
            // Trees that are asked often are laid out anew.
            outputs ??= new double[copies[i].OutputCount];
            for (var row = 0; row < features.RowCount; row++) copies[i].Score(features.Row(row), outputs);
        }
        var bytes = Math.Max(0, GC.GetTotalMemory(forceFullCollection: true) - before) / copies.Length;
        GC.KeepAlive(copies);
        return bytes;
    }

    /// <param name="pipeline">The model.</param>
    /// <param name="rows">Prepared rows, at most <see cref="MostRows"/> of which are used.</param>
    /// <param name="score">Its metric.</param>
    public static LadderFigures Measure(FittedPipeline pipeline, Datasets.Table rows, double? score)
    {
        using var file = new MemoryStream();
        ScorerFile.Write(pipeline.Scorer, file);
        var features = pipeline.Encoder.Encode(rows.RowCount <= MostRows ? rows : rows.Take([.. Enumerable.Range(0, MostRows).Select(i => (int)((long)i * rows.RowCount / MostRows))]));
        var memory = MemoryBytes(file, features);
        file.Position = 0;
        var loaded = ScorerFile.Read(file);
        file.Position = file.Length;
        System.Text.Json.JsonSerializer.Serialize(file, pipeline.Encoder, CoreJson.Options);

        var outputs = new double[loaded.OutputCount];
        var clock = Stopwatch.StartNew();
        for (var round = 0; round < WarmUpRounds || clock.Elapsed.TotalSeconds < WarmUpSeconds; round++)
            for (var row = 0; row < features.RowCount; row++) loaded.Score(features.Row(row), outputs);
        // Of each row the median of some rounds, so that a pause of the machine is no row's time.
        var times = new double[features.RowCount][];
        for (var row = 0; row < times.Length; row++) times[row] = new double[Rounds];
        for (var round = 0; round < Rounds; round++)
            for (var row = 0; row < features.RowCount; row++)
            {
                var start = Stopwatch.GetTimestamp();
                loaded.Score(features.Row(row), outputs);
                times[row][round] = (Stopwatch.GetTimestamp() - start) * (1e6 / Stopwatch.Frequency);
            }
        double[] medians = [.. times.Select(t => t.Order().ElementAt(Rounds / 2)).Order()];
        return new LadderFigures(file.Length, memory, medians[medians.Length / 2], medians[Math.Min(medians.Length - 1, (int)Math.Ceiling(0.99 * medians.Length) - 1)], score);
    }
}
