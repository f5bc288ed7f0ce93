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
        foreach (var (i, steps) in proposed.Index())
        {
            cancellationToken.ThrowIfCancellationRequested();
            Tell(0.35 + (0.65 * i / proposed.Count), LadderRung.NameOf(steps));
            // What comes after a student was taught is done to the student, not to the model.
            if (steps.Take(steps[0] is OptimisationStep.Distil ? 1 : steps.Count).Select(step => ScorerOptimiser.WhyNot(whole.Scorer, step)).FirstOrDefault(why => why is not null) is { } whyNot)
            {
                rungs.Add(LadderRung.Not(steps, whyNot));
                continue;
            }
            try
            {
                var (variant, rung) = Build(steps, work.FirstNumber + variants.Count);
                variants.Add(variant);
                rungs.Add(rung);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                rungs.Add(LadderRung.Not(steps, Explanation.OfFailure(e)));
            }
        }
        const string reportFile = "ladder.json";
        folder.Write(reportFile, stream => JsonSerializer.Serialize(stream,
            new LadderReport(data.Metric.Id, _labels.Length, Math.Min(ScorerMeter.MostRows, timed.RowCount), own, ownInterval, rungs), CoreJson.Options));
        report(new LadderReady(reportFile, variants));

        void Tell(double share, string phase) => report(new TrialProgressed(trial.Number, share, phase));

        FittedPipeline Join(FinalFit[] fits) => work.Members.Count > 0 ? ModelBuilder.Join(fits, weights, judged.Sharpness) : fits[0].Fit.Pipeline;

        (LadderVariant, LadderRung) Build(IReadOnlyList<OptimisationStep> steps, int number)
        {
            var clock = Stopwatch.StartNew();
            var (final, result, answered) = steps is [OptimisationStep.Project or OptimisationStep.KeepColumns] ? Learn(steps[0]) : steps[0] is OptimisationStep.Distil distil ? Teach(distil, [.. steps.Skip(1)]) : Change(original, whole, steps);
            var predictions = new ValidationPredictions(answered);
            var reports = Reports(answered);
            var metrics = FoldMean.Compute(reports);
            var pooled = answered.SelectMany(o => o).ToArray();
            var name = LadderRung.NameOf(steps);
            if (steps is [OptimisationStep.Project { Variance: not null }]) name += $" ({ScorerOptimiser.Within(final.Scorer).OfType<ProjectedScorer>().Single().ComponentCount} components)";
            if (steps is [OptimisationStep.KeepColumns]) name += $" ({final.Encoder.Columns.Count} of {whole.Encoder.Columns.Count})";
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

        (FittedPipeline Whole, TrialResult Result, IReadOnlyList<double[]> Answers) Change(IReadOnlyList<FittedPipeline> models, FittedPipeline all, IReadOnlyList<OptimisationStep> steps)
        {
            FittedPipeline[] folds = [.. models.Select((pipeline, fold) => Apply(pipeline, steps, fold))];
            return (Apply(all, steps, ExperimentData.All), judged, Answers(folds));
        }

        (FittedPipeline Whole, TrialResult Result, IReadOnlyList<double[]> Answers) Teach(OptimisationStep.Distil distil, IReadOnlyList<OptimisationStep> rest)
        {
            return Change([.. original.Select(Student)], Student(whole, ExperimentData.All), rest);

            FittedPipeline Student(FittedPipeline teacher, int fold)
            {
                var encoded = data.Encode(fold, new LightGbmTrainer().Encoding, cancellationToken);
                var scorer = Distiller.Teach(encoded.Training, teacher.Score(data.Part(fold).Training), data.Target.Task, distil, new TrainingContext(data.Plan.Split.Seed, threads), cancellationToken);
                return teacher with { Encoder = encoded.Encoder, Scorer = scorer };
            }
        }

        (FittedPipeline Whole, TrialResult Result, IReadOnlyList<double[]> Answers) Learn(OptimisationStep step)
        {
            var projection = step as OptimisationStep.Project;
            Func<int, IReadOnlySet<string>>? columns = step is OptimisationStep.KeepColumns keep ? fold => Telling(keep, fold) : null;
            var outcome = _trials.Run(trial.Spec, null, null, SecondsForFolds, null, cancellationToken, projection, columns);
            var trainer = TrainerCatalog.Find(trial.Spec.TrainerId);
            var final = _trials.Fit(trainer, trial.Spec.Values, ExperimentData.All, null, outcome.Result.Iterations, threads, null, cancellationToken, projection: projection, columns: columns).Pipeline;
            return (final with { Scorer = outcome.Result.Calibration.Apply(final.Scorer) }, outcome.Result, outcome.Predictions.Outputs);
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
            if (steps.Any(s => s is OptimisationStep.PruneSplits))
            {
                var rows = data.Part(fold).Training;
                features = pipeline.Encoder.Encode(rows.RowCount <= PruningRowCount ? rows : rows.Take(RowSample.Take(rows.RowCount, PruningRowCount, data.Plan.Split.Seed)));
            }
            return pipeline with { Scorer = steps.Aggregate(pipeline.Scorer, (scorer, step) => ScorerOptimiser.Apply(scorer, step, features, cancellationToken)) };
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

    private IReadOnlyList<double[]> Answers(IReadOnlyList<FittedPipeline> folds) =>
        [.. folds.Select((pipeline, fold) => pipeline.Score(data.Part(fold).Validation ?? throw new InvalidOperationException($"Fold {fold + 1} has no validation rows.")))];

    private EvaluationReport[] Reports(IReadOnlyList<double[]> answers) => [.. answers.Select((outputs, fold) => data.EvaluateFold(fold, outputs))];
}
