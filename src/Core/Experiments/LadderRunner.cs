using System.Diagnostics;
using System.Text.Json;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Optimisation;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Core.Tuning;

namespace ModelWorkbench.Core.Experiments;

/// <summary>Builds the variants of a judged trial. Each is judged as the trial was: what is done to a model is done in every fold, with that fold's training rows.</summary>
internal sealed class LadderRunner(ExperimentData data, int threads, JobFolder folder, Action<ExperimentEvent> report)
{
    private const string NoExplanations = "Not computed for variants; the model they were made of has it.";
    private const int PruningRowCount = 20_000;
    private const int InfluenceRowCount = 1_000;
    private const int KeptBases = 2;

    // A variant learns as long as it takes: the person waits for it and can cancel.
    private const double SecondsForFolds = 24 * 3600;

    private readonly TrialRunner _trials = new(data, threads);
    private readonly float[] _labels = [.. data.ValidationLabels.SelectMany(l => l)];

    /// <param name="work">What is asked for.</param>
    /// <param name="cancellationToken">Stops soon; nothing is kept then.</param>
    public void Run(JobWork.Optimise work, CancellationToken cancellationToken)
    {
        var trial = work.Trial;
        var judged = trial.Result ?? throw new ArgumentException($"Trial {trial.Number} was not judged.", nameof(work));
        var builder = new ModelBuilder(data, _trials, threads);
        var weights = judged.Members?.Select(m => m.Weight).ToArray() ?? [];
        // As the trial was judged, early stopping included: the variants are held against the very models that its figures are of.
        IReadOnlyList<FinishedTrial> learnt = work.Members.Count > 0 ? work.Members : [trial];
        TrialOutcome[] outcomes = [.. learnt.Select((t, i) => _trials.Run(t.Spec, null, null, SecondsForFolds, (share, phase) => Tell(0.3 * (i + share) / learnt.Count, $"learning the model again, {phase}"), cancellationToken))];
        FittedPipeline[] original = [.. data.Folds.Select((_, fold) => Join([.. outcomes.Select((outcome, i) => new FinalFit(TrainerCatalog.Find(learnt[i].Spec.TrainerId).Encoding, outcome.Fits[fold]!))]))];
        Tell(0.3, "learning from all training rows");
        var whole = Join([.. learnt.Select(t => builder.Refit(t, ExperimentData.All, threads, cancellationToken))]);

        var outputs = Answers(original);
        double[] before = [.. outputs.SelectMany(o => o)];
        var ownInterval = data.Bootstrap.Of(data.Metric, outputs);
        var timed = data.Part(ExperimentData.All).Training;
        var own = ScorerMeter.Measure(whole, timed, FoldMean.Compute(Reports(outputs))[data.Metric.Id]);
        var proposed = ScorerOptimiser.Propose(whole.Scorer);
        var (rungs, variants) = (new List<LadderRung>(), new List<LadderVariant>());
        // What was learnt or taught anew is built upon by what follows soon; more than the last of them could be large.
        var bases = new List<(OptimisationStep Step, Learnt Learnt)>();
        var end = work.Limits is null ? 1 : 0.75;
        foreach (var (i, steps) in proposed.Index())
        {
            Tell(0.35 + ((end - 0.35) * i / proposed.Count), LadderRung.NameOf(steps));
            rungs.Add(Try(steps));
        }
        var ladder = new LadderReport(data.Metric.Id, _labels.Length, Math.Min(ScorerMeter.MostRows, timed.RowCount), own, ownInterval, rungs);
        if (work.Limits is { } limits)
        {
            var search = new CombinationSearch(ladder, limits, Try, tried => Tell(end + ((1 - end) * tried / CombinationSearch.MostTried), FormattableString.Invariant($"searching, combination {tried + 1}")));
            ladder = search.Run();
        }
        const string reportFile = "ladder.json";
        folder.Write(reportFile, stream => JsonSerializer.Serialize(stream, ladder, CoreJson.Options));
        report(new LadderReady(reportFile, variants));

        void Tell(double share, string phase) => report(new TrialProgressed(trial.Number, share, phase));

        FittedPipeline Join(FinalFit[] fits) => work.Members.Count > 0 ? ModelBuilder.Join(fits, weights, judged.Sharpness) : fits[0].Fit.Pipeline;

        LadderRung Try(IReadOnlyList<OptimisationStep> steps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // What comes after a student was taught is done to the student, not to the model.
            if (steps.Take(steps[0].IsTaught ? 1 : steps.Count).Select(step => ScorerOptimiser.WhyNot(whole.Scorer, step)).FirstOrDefault(why => why is not null) is { } whyNot) return LadderRung.Not(steps, whyNot);
            try
            {
                var (variant, rung) = Build(steps, work.FirstNumber + variants.Count);
                variants.Add(variant);
                return rung;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                return LadderRung.Not(steps, Explanation.OfFailure(e));
            }
        }

        (LadderVariant, LadderRung) Build(IReadOnlyList<OptimisationStep> steps, int number)
        {
            var clock = Stopwatch.StartNew();
            var start = steps[0].IsLearnt ? Base(steps[0]) : new Learnt(original, whole, judged);
            var rest = steps[0].IsLearnt ? steps.Skip(1).ToArray() : steps;
            FittedPipeline[] folds = [.. start.Folds.Select((pipeline, fold) => Apply(pipeline, rest, fold))];
            var (final, result) = (Apply(start.Whole, rest, ExperimentData.All), start.Result);
            var answered = Answers(folds);
            var predictions = new ValidationPredictions(answered);
            var reports = Reports(answered);
            var metrics = FoldMean.Compute(reports);
            var pooled = answered.SelectMany(o => o).ToArray();
            var name = LadderRung.NameOf(steps);
            if (steps is [OptimisationStep.Project { Variance: not null }]) name += $" ({ScorerOptimiser.Within(final.Scorer).OfType<ProjectedScorer>().Single().ComponentCount} components)";
            if (steps is [OptimisationStep.KeepColumns]) name += $" ({start.Whole.Encoder.Columns.Count} of {whole.Encoder.Columns.Count})";
            if (steps[0] is OptimisationStep.KeepWeights) name += $" ({final.Encoder.FeatureNames.Count} of {whole.Encoder.FeatureNames.Count})";
            var package = builder.Package(trial.Spec.TrainerId, $"{TrainerCatalog.NameOf(trial.Spec.TrainerId)}: {char.ToLowerInvariant(name[0])}{name[1..]}", final, predictions);
            var files = $"variant-{number}";
            var bytes = folder.Write($"{files}.mwm", package.Write);
            folder.Write($"{files}.mwo", predictions.Write);
            folder.Write($"{files}.json", stream => JsonSerializer.Serialize(stream,
                new TrialReport(data.EvaluateValidation(answered, metrics), null, null, NoExplanations, NoExplanations), CoreJson.Options));
            var (median, p99) = _trials.PredictionMicroseconds(package.Pipeline);
            result = result with
            {
                Score = metrics[data.Metric.Id],
                Metrics = metrics,
                FoldScores = [.. reports.Select(r => r.Metrics[data.Metric.Id])],
                TrainingSeconds = clock.Elapsed.TotalSeconds,
                PredictionMicroseconds = median,
                PredictionP99Microseconds = p99,
                ModelBytes = bytes,
                FeatureCount = final.Encoder.FeatureNames.Count,
                Settings = new Dictionary<string, string>(result.Settings) { ["Variant"] = name },
                Members = null,
                LearningCurve = null,
                OverLimit = null,
            };
            var figures = ScorerMeter.Measure(final, timed, result.Score);
            var loss = result.Score - own.Score;
            if (data.Metric.HigherIsBetter) loss = -loss;
            var interval = data.Bootstrap.Loss(data.Metric, outputs, answered);
            var spec = trial.Spec with { Origin = TrialOrigin.Optimisation, Why = $"{name}, of trial {trial.Number}." };
            return (new LadderVariant(number, spec, result, $"{files}.mwm", $"{files}.json", $"{files}.mwo"),
                new LadderRung(steps, name, number, figures, loss, interval, ChangedShare(pooled), Judge(loss, interval, result.Score), null));
        }

        Learnt Base(OptimisationStep step)
        {
            if (bases.Find(b => b.Step == step).Learnt is { } known) return known;
            if (bases.Count == KeptBases) bases.RemoveAt(0);
            var learnt = step is OptimisationStep.Project or OptimisationStep.KeepColumns ? Learn(step)
                : new Learnt([.. original.Select((pipeline, fold) => Taught(pipeline, step, fold))], Taught(whole, step, ExperimentData.All), judged);
            bases.Add((step, learnt));
            return learnt;
        }

        FittedPipeline Taught(FittedPipeline teacher, OptimisationStep step, int fold)
        {
            var part = data.Part(fold);
            var context = new TrainingContext(data.Plan.Split.Seed, threads);
            if (step is OptimisationStep.KeepWeights keep)
            {
                var rows = new TrainingData(teacher.Encoder.Encode(part.Training), part.TrainingLabels, data.Target.Task, data.ClassCount, part.TrainingWeights);
                return teacher with { Scorer = SparseWeights.Learn(teacher.Scorer, rows, keep.Share, data.Plan.Split.Seed, cancellationToken) };
            }
            var encoded = data.Encode(fold, step is OptimisationStep.DistilLinear ? FeatureEncoding.OneHotStandardized : new LightGbmTrainer().Encoding, cancellationToken);
            var answers = teacher.Score(part.Training);
            Scorer student = step is OptimisationStep.Distil distil
                ? Distiller.Teach(encoded.Training, answers, data.Target.Task, distil, context, cancellationToken)
                : Distiller.TeachLinear(encoded.Training, answers, data.Target.Task, cancellationToken);
            return teacher with { Encoder = encoded.Encoder, Scorer = student };
        }

        Learnt Learn(OptimisationStep step)
        {
            var projection = step as OptimisationStep.Project;
            Func<int, IReadOnlySet<string>>? columns = step is OptimisationStep.KeepColumns keep ? fold => Telling(keep, fold) : null;
            var outcome = _trials.Run(trial.Spec, null, null, SecondsForFolds, null, cancellationToken, projection, columns);
            var trainer = TrainerCatalog.Find(trial.Spec.TrainerId);
            var final = _trials.Fit(trainer, trial.Spec.Values, ExperimentData.All, null, outcome.Result.Iterations, threads, null, cancellationToken, projection: projection, columns: columns).Pipeline;
            return new Learnt([.. outcome.Fits.Select(f => f!.Pipeline)], final with { Scorer = outcome.Result.Calibration.Apply(final.Scorer) }, outcome.Result);
        }

        // Each fold asks the model of its own training rows, and those rows.
        IReadOnlySet<string> Telling(OptimisationStep.KeepColumns keep, int fold)
        {
            var pipeline = fold == ExperimentData.All ? whole : original[fold];
            var count = pipeline.Encoder.Columns.Count;
            var kept = (int)Math.Ceiling(keep.Share * count);
            if (kept == count) throw new TrainingFailedException($"The model looks at {count} {(count == 1 ? "column" : "columns")}; {keep.Name.ToLowerInvariant()} would be all.");
            var rows = data.Part(fold).Training;
            var sample = pipeline.Encoder.Encode(rows.RowCount <= InfluenceRowCount ? rows : rows.Take(RowSample.Take(rows.RowCount, InfluenceRowCount, data.Plan.Split.Seed)));
            return ColumnInfluence.Of(pipeline.Scorer, pipeline.Encoder, sample, data.Plan.Split.Seed, cancellationToken).Take(kept).Select(c => c.Column).ToHashSet();
        }

        FittedPipeline Apply(FittedPipeline pipeline, IReadOnlyList<OptimisationStep> steps, int fold)
        {
            // Only pruning looks at rows.
            var features = new FeatureMatrix([], 0, pipeline.Encoder.FeatureNames);
            var changed = pipeline;
            foreach (var step in steps)
            {
                // Thresholds and leaves are packed once, so what nothing asks for goes before.
                if (step is OptimisationStep.Quantise) changed = Trim(changed);
                if (step is OptimisationStep.PruneSplits) features = Rows(changed, fold);
                changed = changed with { Scorer = ScorerOptimiser.Apply(changed.Scorer, step, features, cancellationToken) };
            }
            return Trim(changed);
        }

        FeatureMatrix Rows(FittedPipeline pipeline, int fold)
        {
            var rows = data.Part(fold).Training;
            return pipeline.Encoder.Encode(rows.RowCount <= PruningRowCount ? rows : rows.Take(RowSample.Take(rows.RowCount, PruningRowCount, data.Plan.Split.Seed)));
        }

        double? ChangedShare(double[] pooled)
        {
            if (data.Target.Task == LearningTask.Regression) return null;
            var changed = 0;
            for (var row = 0; row < _labels.Length; row++)
                if (Target.Likeliest(before.AsSpan(row * data.ClassCount, data.ClassCount)) != Target.Likeliest(pooled.AsSpan(row * data.ClassCount, data.ClassCount))) changed++;
            return (double)changed / _labels.Length;
        }

        LadderVerdict? Judge(double? loss, MetricInterval? interval, double? score) =>
            loss is null || interval is null ? null
            : loss <= 0 || interval.Low <= 0 ? LadderVerdict.NoLoss
            : ownInterval is { } range && (data.Metric.HigherIsBetter ? score >= range.Low : score <= range.High) ? LadderVerdict.WithinInterval
            : LadderVerdict.Worse;
    }

    private static FittedPipeline Trim(FittedPipeline pipeline)
    {
        var (encoder, scorer) = FeatureTrimming.Trim(pipeline.Encoder, pipeline.Scorer);
        return pipeline with { Encoder = encoder, Scorer = scorer };
    }

    private IReadOnlyList<double[]> Answers(IReadOnlyList<FittedPipeline> folds) =>
        [.. folds.Select((pipeline, fold) => pipeline.Score(data.Part(fold).Validation ?? throw new InvalidOperationException($"Fold {fold + 1} has no validation rows.")))];

    private EvaluationReport[] Reports(IReadOnlyList<double[]> answers) => [.. answers.Select((outputs, fold) => data.EvaluateFold(fold, outputs))];

    /// <summary>Models that further steps are done to.</summary>
    /// <param name="Folds">By fold, none of which saw the fold's validation rows.</param>
    /// <param name="Whole">Of all training rows.</param>
    /// <param name="Result">How it was learnt.</param>
    private sealed record Learnt(FittedPipeline[] Folds, FittedPipeline Whole, TrialResult Result);
}
