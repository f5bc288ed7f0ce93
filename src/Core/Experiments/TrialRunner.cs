using System.Diagnostics;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Optimisation;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Core.Tuning;

namespace ModelWorkbench.Core.Experiments;

/// <summary>One fit and what it says of rows it has not seen.</summary>
/// <param name="Pipeline">Without the steps before the split.</param>
/// <param name="Outputs">Of the fold's validation rows, row-major; empty where all training rows were learnt from.</param>
/// <param name="Iterations">After how many it was best; null where there are none to choose.</param>
/// <param name="Seconds">Wall time.</param>
internal sealed record FoldFit(FittedPipeline Pipeline, double[] Outputs, int? Iterations, double Seconds);

/// <summary>A trial judged on its folds.</summary>
/// <param name="Result">For the leaderboard; without a score where not all folds were done.</param>
/// <param name="Validation">The report on all validation rows; null where not all folds were done.</param>
/// <param name="Fits">By fold; null where not done.</param>
/// <param name="PrunedBecause">Why not all folds were done.</param>
internal sealed record TrialOutcome(TrialResult Result, EvaluationReport? Validation, IReadOnlyList<FoldFit?> Fits, string? PrunedBecause)
{
    public ValidationPredictions Predictions => new([.. Fits.Select(f => f!.Outputs)]);
}

/// <summary>Fits and judges trials, several folds at a time.</summary>
internal sealed class TrialRunner(ExperimentData data, int threads)
{
    private const int TimedRowCount = 100;
    private const int WarmUpRowCount = 20;

    /// <summary>Judges values on all folds.</summary>
    /// <param name="spec">What to try.</param>
    /// <param name="sampledRows">Rows to learn from in each fold; null for all.</param>
    /// <param name="isHopeless">Asked after each fold with the scores so far (null where a fold is not done): why to go no further, or null.</param>
    /// <param name="softSeconds">Seconds of the clock for all folds, after which trainers that learn in iterations end with what they have.</param>
    /// <param name="progress">Told the share done and what is being done.</param>
    /// <param name="cancellationToken">Stops soon.</param>
    /// <param name="projection">Principal components to put before the trainer; null for none.</param>
    /// <param name="columns">By fold, the prepared columns to learn from; null for all.</param>
    /// <exception cref="TrainingFailedException">The data made training impossible.</exception>
    public TrialOutcome Run(TrialSpec spec, int? sampledRows, Func<IReadOnlyList<double?>, string?>? isHopeless, double softSeconds, Action<double, string>? progress, CancellationToken cancellationToken, OptimisationStep.Project? projection = null, Func<int, IReadOnlySet<string>>? columns = null)
    {
        var clock = Stopwatch.StartNew();
        var trainer = TrainerCatalog.Find(spec.TrainerId);
        var fits = new FoldFit?[data.Folds.Count];
        var reports = new EvaluationReport?[fits.Length];
        var shares = new double[fits.Length];
        var gate = new Lock();
        string? hopeless = null;
        var parallel = Math.Min(threads, fits.Length);
        var softSecondsAFold = softSeconds / Math.Ceiling((double)fits.Length / parallel);
        var next = -1;
        try
        {
            Parallel.For(0, parallel, new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken }, _ =>
            {
                for (int fold; (fold = Interlocked.Increment(ref next)) < fits.Length && Volatile.Read(ref hopeless) is null;)
                {
                    var index = fold;
                    using var soft = new CancellationTokenSource(TimeSpan.FromSeconds(Math.Max(0.05, softSecondsAFold)));
                    var fit = Fit(trainer, spec.Values, index, sampledRows, null, Math.Max(1, threads / parallel), share => Report(index, share), cancellationToken, soft.Token, projection, columns);
                    var report = data.EvaluateFold(index, fit.Outputs);
                    lock (gate)
                    {
                        (fits[index], reports[index]) = (fit, report);
                        var scores = Array.ConvertAll(reports, r => r?.Metrics[data.Metric.Id]);
                        if (scores.Count(s => s is not null) < fits.Length) hopeless ??= isHopeless?.Invoke(scores);
                    }
                    Report(index, 1);
                }
            });
        }
        catch (AggregateException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw e.Flatten().InnerExceptions[0];
        }
        cancellationToken.ThrowIfCancellationRequested();
        return Conclude(trainer, spec, sampledRows, fits, reports, hopeless, clock.Elapsed.TotalSeconds);

        void Report(int fold, double share)
        {
            if (progress is null) return;
            lock (gate)
            {
                shares[fold] = Math.Clamp(share, 0, 1);
                var done = fits.Count(f => f is not null);
                progress(shares.Average(), fits.Length == 1 ? "hold-out" : $"fold {Math.Min(fits.Length, done + 1)} of {fits.Length}");
            }
        }
    }

    /// <summary>Learns from a fold's training rows, or from all.</summary>
    /// <param name="trainer">What learns.</param>
    /// <param name="values">One for each dial.</param>
    /// <param name="fold">0-based, or <see cref="ExperimentData.All"/>.</param>
    /// <param name="sampledRows">Rows to learn from; null for all.</param>
    /// <param name="iterations">How many, where that is known; else the validation rows tell when to stop.</param>
    /// <param name="ownThreads">For this fit.</param>
    /// <param name="progress">0 to 1.</param>
    /// <param name="cancellationToken">Stops soon.</param>
    /// <param name="stopEarly">Cancelled when time is short.</param>
    /// <param name="projection">Principal components to put before the trainer; null for none.</param>
    /// <param name="columns">By fold, the prepared columns to learn from; null for all.</param>
    public FoldFit Fit(Trainer trainer, HyperparameterValues values, int fold, int? sampledRows, int? iterations, int ownThreads, Action<double>? progress, CancellationToken cancellationToken, CancellationToken stopEarly = default, OptimisationStep.Project? projection = null, Func<int, IReadOnlySet<string>>? columns = null)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var part = data.Part(fold);
        var encoded = data.Encode(fold, projection is null ? trainer.Encoding : FeatureEncoding.OneHotStandardized, cancellationToken);
        if (columns is not null) encoded = encoded.Keep(columns(fold));
        var clock = Stopwatch.StartNew();
        var unprojected = encoded;
        PrincipalComponents? components = null;
        if (projection is not null)
        {
            components = Components(projection, encoded.Training, cancellationToken);
            encoded = encoded with { Training = Project(components, encoded.Training), Validation = encoded.Validation is { } rows ? Project(components, rows) : null };
        }
        var training = new TrainingData(encoded.Training, part.TrainingLabels, data.Target.Task, data.ClassCount, part.TrainingWeights);
        if (sampledRows is { } count && count < training.Labels.Length) training = training.Take(data.Draw(training.Labels, count));
        var onLogarithm = trainer.LearnsLogarithm(values, training.Shape with { CanLogTarget = data.CanLogTarget });
        var validationLabels = part.ValidationLabels;
        if (onLogarithm) (training, validationLabels) = (training with { Labels = Logarithms(training.Labels) }, Logarithms(validationLabels));
        var context = new TrainingContext(data.Plan.Split.Seed, ownThreads, progress)
        {
            Validation = iterations is null && encoded.Validation is { RowCount: > 0 } validation ? training with { Features = validation, Labels = validationLabels, Weights = part.ValidationWeights } : null,
            Iterations = iterations,
            StopEarly = stopEarly,
        };
        var trained = trainer.Train(training, values.Fit(trainer.Hyperparameters(training.Shape)), context, cancellationToken);
        if (components is not null) (trained, encoded) = (trained with { Scorer = new ProjectedScorer(trained.Scorer, components) }, unprojected);
        // Up to twice the largest that was learnt from.
        if (onLogarithm) trained = trained with { Scorer = new ExponentialScorer(trained.Scorer, 1, training.Labels.Max() + Math.Log(2)) };
        var outputs = encoded.Validation is { } judged ? Score(trained.Scorer, judged, ownThreads, cancellationToken) : [];
        return new FoldFit(new FittedPipeline(part.Recipe, encoded.Encoder, trained.Scorer, data.Target), outputs, trained.Iterations, clock.Elapsed.TotalSeconds);
    }

    /// <summary>As many components as are asked for, or as hold the share of the variance.</summary>
    private static PrincipalComponents Components(OptimisationStep.Project projection, FeatureMatrix features, CancellationToken cancellationToken)
    {
        if (features.FeatureCount > PrincipalComponents.MaximumFeatures)
            throw new TrainingFailedException($"Principal components are computed for at most {PrincipalComponents.MaximumFeatures:N0} features, found {features.FeatureCount:N0}.");
        if (projection.ComponentCount is { } wanted && wanted >= features.FeatureCount)
            throw new TrainingFailedException($"{wanted} components of {features.FeatureCount} features would leave nothing out.");
        var all = PrincipalComponents.Fit(features.RowCount, features.FeatureCount, features.Read, projection.ComponentCount ?? features.FeatureCount, standardize: false, cancellationToken);
        if (projection.Variance is not { } share) return all;
        var (count, held) = (0, 0.0);
        // A rounding error short of the share is the share.
        while (count < all.Components.Length && held < share - 1e-9) held += all.ExplainedVarianceRatio[count++];
        return all with { Components = all.Components[..count], ExplainedVariance = all.ExplainedVariance[..count], ExplainedVarianceRatio = all.ExplainedVarianceRatio[..count] };
    }

    private static FeatureMatrix Project(PrincipalComponents components, FeatureMatrix features)
    {
        // The very sums that the scorer makes at prediction, so that a row lies on the same side of a threshold.
        return new ProjectedScorer(new ConstantScorer(components.Components.Length, [0]), components).Project(features);
    }

    private static float[] Logarithms(float[] labels) => Array.ConvertAll(labels, l => (float)Math.Log(1.0 + l));

    /// <summary>Times of single rows through the whole pipeline, from a source row on, on one thread.</summary>
    public (double Median, double P99) PredictionMicroseconds(FittedPipeline pipeline)
    {
        var rows = data.Source;
        var count = Math.Min(TimedRowCount, rows.RowCount);
        var single = Enumerable.Range(0, count).Select(i => rows.Take([(int)((long)i * rows.RowCount / count)])).ToArray();
        for (var i = 0; i < WarmUpRowCount; i++) pipeline.Predict(single[i % count]);
        var times = new double[count];
        for (var i = 0; i < count; i++)
        {
            var start = Stopwatch.GetTimestamp();
            pipeline.Predict(single[i]);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }
        Array.Sort(times);
        return (times[count / 2], times[Math.Min(count - 1, (int)Math.Ceiling(0.99 * count) - 1)]);
    }

    /// <summary>From a source row on: the steps before the split, then the fold's own.</summary>
    public FittedPipeline FromSource(FittedPipeline pipeline) => pipeline with { Recipe = data.Prepared.Leading.Then(pipeline.Recipe) };

    internal static double[] Score(Scorer scorer, FeatureMatrix features, int threads, CancellationToken cancellationToken)
    {
        const int block = 1024;
        var width = scorer.OutputCount;
        var outputs = new double[features.RowCount * width];
        Parallel.For(0, (features.RowCount + block - 1) / block, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken }, b =>
        {
            for (var row = b * block; row < Math.Min(features.RowCount, (b + 1) * block); row++) scorer.Score(features.Row(row), outputs.AsSpan(row * width, width));
        });
        return outputs;
    }

    private TrialOutcome Conclude(Trainer trainer, TrialSpec spec, int? sampledRows, FoldFit?[] fits, EvaluationReport?[] reports, string? hopeless, double seconds)
    {
        var done = fits.OfType<FoldFit>().ToArray();
        var first = fits[0] ?? done[0];
        var isComplete = done.Length == fits.Length;
        var calibration = isComplete ? Calibration.Fit(data, [.. done.Select(f => f.Outputs)], first.Pipeline.Scorer is ExponentialScorer) : Calibration.None;
        if (calibration != Calibration.None)
        {
            foreach (var (i, fit) in done.Index())
            {
                calibration.Apply(fit.Outputs, data.ClassCount);
                fits[i] = fit with { Pipeline = fit.Pipeline with { Scorer = calibration.Apply(fit.Pipeline.Scorer) } };
                reports[i] = data.EvaluateFold(i, fit.Outputs);
            }
            first = fits[0]!;
        }
        var foldReports = reports.OfType<EvaluationReport>().ToArray();
        var metrics = FoldMean.Compute(foldReports);
        var validation = isComplete
            ? data.EvaluateValidation([.. done.Select(f => f.Outputs)], metrics)
            : null;
        var (median, p99) = PredictionMicroseconds(FromSource(first.Pipeline));
        using var size = new MemoryStream();
        ScorerFile.Write(first.Pipeline.Scorer, size);
        System.Text.Json.JsonSerializer.Serialize(size, first.Pipeline.Encoder, CoreJson.Options);
        var iterations = done.Select(f => f.Iterations).OfType<int>().Order().ToArray();
        var rows = fits.Length == 1 ? data.Part(0).TrainingLabels.Length : data.Folds[0].Training.Table.RowCount;
        var shape = data.RoughShape with { RowCount = rows, FeatureCount = first.Pipeline.Encoder.FeatureNames.Count };
        var result = new TrialResult(
            isComplete ? metrics[data.Metric.Id] : null, metrics, [.. reports.Select(r => r?.Metrics[data.Metric.Id])], seconds, median, size.Length,
            data.Split.Training.Table.RowCount, foldReports.Sum(r => r.RowCount), first.Pipeline.Encoder.FeatureNames.Count,
            trainer.Settings(shape, spec.Values.Fit(trainer.Dials(shape))),
            p99, iterations.Length > 0 ? iterations[iterations.Length / 2] : null, done.Average(f => f.Seconds),
            SampledRowCount: sampledRows < rows ? sampledRows : null, Sharpness: calibration.Sharpness, Factor: calibration.Factor);
        return new TrialOutcome(result, validation, fits, isComplete ? null : hopeless);
    }
}
