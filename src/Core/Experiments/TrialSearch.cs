using System.Diagnostics;
using System.Text.Json;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Core.Tuning;

namespace ModelWorkbench.Core.Experiments;

/// <summary>Runs trials one after another until the budget is used: those that wait, then what the tuner proposes; at the end an ensemble, and models of what is best.</summary>
internal sealed class TrialSearch
{
    // Of what is left of the budget, a trial may be expected to cost no more than this: a single slow family must not eat the search.
    private const double LargestShare = 0.35;

    // A trial that takes longer than expected is ended at this share of what is left.
    private const double DeadlineShare = 0.6;

    // Beyond this share of the budget for the portfolio, values are first compared on a sample of the rows.
    private const double PortfolioShare = 0.6;
    private const int SmallestSample = 10_000;
    private const int SampleFactor = 4;
    private const int LeadersToPromote = 3;

    // Of the time, what a trial on all rows may cost before anything is known.
    private const double QuickShare = 0.03;

    // A trial this far behind, as a share of the way from the baseline to the best, is not worth its other folds.
    private const double HopelessShare = 0.3;

    // Of what is left, a trial and the fit on all rows that may follow it take no more than this where the trainer learns in iterations: it ends early with what it has.
    private const double SoftShare = 0.45;

    private const double FewestExplanationSeconds = 0.1;

    private readonly ExperimentJob _job;
    private readonly ExperimentData _data;
    private readonly JobWork.Search _work;
    private readonly Action<ExperimentEvent> _report;
    private readonly JobFolder _folder;
    private readonly JobControl _control;
    private readonly TrialRunner _trials;
    private readonly TrialFinisher _finisher;
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    private readonly List<FinishedTrial> _finished;

    // Of the trial that was judged last: what explains it needs a model that has not seen the rows it is explained on.
    private (int Number, FittedPipeline Pipeline)? _firstFold;
    private readonly Dictionary<int, ValidationPredictions> _predictions = [];
    private int _nextNumber;
    private EnsembleChoice? _choice;
    private (double At, IReadOnlyList<FinishedTrial> Members)? _likely;
    private double _choosingSeconds;

    // How many of the seconds of Trainer.CostSeconds this machine does in a second of the clock.
    private double _costDone, _wallDone;

    public TrialSearch(ExperimentJob job, ExperimentData data, JobWork.Search work, JobFolder folder, JobControl control, Action<ExperimentEvent> report)
    {
        (_job, _data, _work, _folder, _control, _report) = (job, data, work, folder, control, report);
        _finished = [.. work.Finished];
        _nextNumber = work.NextNumber;
        _trials = new TrialRunner(data, job.Threads);
        _finisher = new TrialFinisher(data, _trials, new ModelBuilder(data, _trials, job.Threads), job.Threads, folder, PredictionsOf, () => Baseline);
    }

    private double Elapsed => _work.SpentSeconds + _clock.Elapsed.TotalSeconds;
    private double Budget => _control.BudgetSeconds ?? _job.Plan.BudgetSeconds;
    private double Left => Budget - Elapsed;

    /// <summary>The first trials are slow, as their code is compiled: they count against some seconds at the speed that is expected.</summary>
    private double Speed
    {
        get
        {
            const double seconds = 4;
            var expected = Math.Min(_job.Threads, _data.Folds.Count);
            return Math.Clamp((_costDone + (seconds * expected)) / (_wallDone + seconds), 0.2 * expected, 10 * expected);
        }
    }

    private SearchLimits Limits => _job.Plan.Limits ?? SearchLimits.None;

    public void Run(CancellationToken cancellationToken)
    {
        var searches = _job.Plan.Tuning == TuningMode.Search;
        // Known to whoever goes on with the search already.
        if (_work.Finished.Count == 0) _report(new SplitChecked(SplitFindings.Find(_data.Prepared.Rows, _data.Split, _data.Folds, _data.Target, _data.Plan.Split, cancellationToken)));
        for (var i = 0; i < _work.Waiting.Count; i++)
        {
            var (number, spec) = _work.Waiting[i];
            if (TrainerCatalog.Find(spec.TrainerId).WhyNot(_data.RoughShape) is { } reason) { _report(new TrialSkipped(number, reason)); continue; }
            if (Left <= 0) { _report(new TrialSkipped(number, FormattableString.Invariant($"The time budget of {Budget:0.#} s was used up before it began."))); continue; }
            // Up to twice the fair share, all of it only for the last: a slow family may take time that quick ones left over, but cannot starve those after it.
            var allowance = searches ? Left * DeadlineShare : 2 * Left / (_work.Waiting.Count - i + 1);
            if (Try(number, spec, null, allowance, null, cancellationToken) is { Result.Score: not null } judged) Finish(judged, allowance, explain: !searches, _work.Waiting.Count - i - 1, cancellationToken);
        }
        if (!searches)
        {
            _report(new SearchEnded("All families were tried."));
            return;
        }
        var why = Search(cancellationToken);
        Conclude(cancellationToken);
        _report(new SearchEnded(why));
    }

    private string Search(CancellationToken cancellationToken)
    {
        var shape = _data.RoughShape;
        Trainer[] families = [.. _job.Plan.TrainerIds.Select(TrainerCatalog.Find).Where(t => t.WhyNot(shape) is null)];
        foreach (var impossible in _job.Plan.TrainerIds.Select(TrainerCatalog.Find).Except(families))
            if (_finished.All(f => f.Spec.TrainerId != impossible.Id))
            {
                var (number, spec) = (_nextNumber++, new TrialSpec(impossible.Id, HyperparameterValues.None, TrialOrigin.Default, ""));
                _report(new TrialStarted(number, spec));
                _report(new TrialSkipped(number, impossible.WhyNot(shape)!));
                _finished.Add(new FinishedTrial(number, spec, null));
            }
        var portfolio = Portfolio.For(_job.Plan.Task, families, shape);
        var sample = SampleSize(portfolio, shape);
        var tuner = new CostFrugalTuner(families, shape with { RowCount = sample ?? shape.RowCount }, _data.Folds.Count, portfolio, _job.Plan.Split.Seed);
        var promoted = new HashSet<(string, HyperparameterValues)>();
        var replayed = sample is null ? Replay(tuner) : null;
        var sampled = new List<FinishedTrial>();
        // There is a model to publish from the first seconds on, though values are compared on a sample.
        if (sample is not null && Best() is null)
            foreach (var quick in portfolio.Where(p => CostOf(p, shape) <= QuickShare * Left * Speed).Take(2))
            {
                promoted.Add((quick.TrainerId, quick.Values));
                Next(quick with { Why = $"On all rows, so that there is a model at once. {quick.Why}" }, null, Left, cancellationToken);
            }
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (WhyEnd(cancellationToken) is { } reason) return reason;
            if (_control.TryTake(out var wanted))
            {
                tuner.Observe(wanted!, Loss(Next(wanted!, null, Left, cancellationToken)), null);
                continue;
            }
            var time = Left - FinishingSeconds(cancellationToken);
            if (sample is not null && NextToPromote(sampled, promoted, portfolio.Count, time) is { } leader)
            {
                promoted.Add((leader.Spec.TrainerId, leader.Spec.Values));
                Next(leader.Spec with { Why = $"Did best on a sample of {sample:N0} rows; now on all of them." }, null, time, cancellationToken);
                continue;
            }
            var spec = replayed ?? tuner.Next(Math.Max(0, time) * Speed * LargestShare);
            replayed = null;
            if (spec is null)
                return tuner.IsExhausted ? "Nothing new is left to try."
                    : _finished.Any(f => f.Result?.Score is not null) ? FormattableString.Invariant($"The time budget of {Budget:0.#} s is used: what is left is too short for another trial.")
                    : FormattableString.Invariant($"No trial can be done in the time budget of {Budget:0.#} s.");
            var judged = Next(sample is null ? spec : spec with { Why = $"On a sample of {sample:N0} rows. {spec.Why}" }, sample, time, cancellationToken);
            if (sample is not null && judged is { Result: not null }) sampled.Add(judged);
            tuner.Observe(spec, Loss(judged), judged?.Result?.Iterations);
        }
    }

    /// <summary>What the tuner saw in earlier processes it sees again, in the same order, so that it goes on as if it had never been interrupted.</summary>
    /// <returns>The proposal that follows.</returns>
    private TrialSpec? Replay(CostFrugalTuner tuner)
    {
        var past = _work.Finished.Where(f => f.Spec.Origin is TrialOrigin.Portfolio or TrialOrigin.Search && f.Result?.SampledRowCount is null).ToList();
        while (past.Count > 0)
        {
            var next = tuner.Next(double.PositiveInfinity);
            var found = next is null ? -1 : past.FindIndex(f => f.Spec.TrainerId == next.TrainerId && f.Spec.Values.Equals(next.Values));
            if (found < 0)
            {
                // It was skipped for its cost, or the portfolio has changed: the rest is told in order.
                foreach (var trial in past) tuner.Observe(trial.Spec, Loss(trial), trial.Result?.Iterations);
                return next is not null && past.All(p => p.Spec.TrainerId != next.TrainerId || !p.Spec.Values.Equals(next.Values)) ? next : null;
            }
            tuner.Observe(past[found].Spec, Loss(past[found]), past[found].Result?.Iterations);
            past.RemoveAt(found);
        }
        return null;
    }

    /// <summary>Runs a new trial and takes note of it; the best so far gets a model at once, so that there is one whenever the person stops.</summary>
    private FinishedTrial? Next(TrialSpec spec, int? sample, double time, CancellationToken cancellationToken)
    {
        var best = Best();
        var number = _nextNumber++;
        var judged = Try(number, spec, sample, Math.Max(1, time * DeadlineShare), sample is null ? best : null, cancellationToken);
        if (judged is not { Result.Score: not null } || sample is not null || !IsEligible(judged)) return judged;
        var isBest = best is null || _data.Metric.IsBetter(judged.Result.Score.Value, best.Result!.Score!.Value);
        // The first model at once; later ones only where making them does not eat the search.
        if (isBest && (best is null || RefitSeconds([judged]) < 0.05 * Left)) Finish(judged, 0, explain: false, 0, cancellationToken);
        return judged;
    }

    /// <summary>Judges values; whatever happens is reported.</summary>
    /// <returns>What came of it; null where nothing can be learnt from it.</returns>
    private FinishedTrial? Try(int number, TrialSpec spec, int? sample, double allowance, FinishedTrial? best, CancellationToken cancellationToken)
    {
        _report(new TrialStarted(number, spec));
        _report(new TrialProgressed(number, 0, _data.Folds.Count == 1 ? "hold-out" : $"fold 1 of {_data.Folds.Count}"));
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _control.Finishing);
        deadline.CancelAfter(TimeSpan.FromSeconds(Math.Max(0.5, allowance)));
        var clock = Stopwatch.StartNew();
        FinishedTrial? finished = null;
        try
        {
            var outcome = _trials.Run(spec, sample, best is null || spec.Origin != TrialOrigin.Search ? null : scores => WhyHopeless(scores, best), SoftSeconds(allowance), (share, phase) => _report(new TrialProgressed(number, 0.97 * share, phase)), deadline.Token);
            var result = outcome.Result with { FinishedAfterSeconds = Elapsed };
            result = result with { OverLimit = OverLimit(result) };
            if (outcome.PrunedBecause is { } why)
            {
                finished = new FinishedTrial(number, spec, result);
                _report(new TrialPruned(number, result, why));
            }
            else
            {
                _firstFold = (number, outcome.Fits[0]!.Pipeline);
                finished = Complete(number, spec, result, outcome.Validation!, result.SampledRowCount is null ? outcome.Predictions : null);
            }
        }
        catch (OperationCanceledException) when (_control.Finishing.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            _report(new TrialFailed(number, "Ended with the search, before it was judged."));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _report(new TrialFailed(number, FormattableString.Invariant($"Not finished within its share of the time budget ({allowance:0.#} s of {Budget:0.#} s).")));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _report(new TrialFailed(number, Explanation.OfFailure(e)));
        }
        var trainer = TrainerCatalog.Find(spec.TrainerId);
        var rows = _data.RoughShape with { RowCount = sample ?? _data.RoughShape.RowCount };
        if (finished?.Result is { } known && spec.Values.ById.Count > 0)
        {
            _wallDone += clock.Elapsed.TotalSeconds;
            _costDone += trainer.CostSeconds(rows with { FeatureCount = known.FeatureCount }, spec.Values, known.Iterations) * known.FoldScores.Count(s => s is not null);
        }
        finished ??= new FinishedTrial(number, spec, null);
        _finished.Add(finished);
        return finished;
    }

    /// <summary>Seconds of the clock for all folds of a trial, such that the fit on all rows can still follow.</summary>
    private double SoftSeconds(double allowance)
    {
        // The whole share where there is no search that others wait for.
        if (_job.Plan.Tuning != TuningMode.Search) return 0.8 * allowance;
        var refit = (double)_data.Split.Training.Table.RowCount / Math.Max(1, _data.Folds[0].Training.Table.RowCount) / _data.Folds.Count;
        return SoftShare * (allowance / DeadlineShare) / (1 + refit);
    }

    /// <summary>Writes down a judged trial: its report, and its predictions, which an ensemble needs.</summary>
    /// <param name="number">Of the trial.</param>
    /// <param name="spec">What was tried.</param>
    /// <param name="result">With a score.</param>
    /// <param name="validation">On all validation rows.</param>
    /// <param name="predictions">Null where no ensemble can use them.</param>
    private FinishedTrial Complete(int number, TrialSpec spec, TrialResult result, EvaluationReport validation, ValidationPredictions? predictions)
    {
        string? predictionsFile = null;
        if (predictions is not null && predictions.Outputs.Sum(o => (long)o.Length) <= ValidationPredictions.MaximumCount)
        {
            predictionsFile = $"trial-{number}.predictions";
            _folder.Write(predictionsFile, predictions.Write);
            _predictions[number] = predictions;
        }
        var reportFile = $"trial-{number}.json";
        var report = new TrialReport(validation, null, null, TrialFinisher.LaterNote, TrialFinisher.LaterNote)
        {
            GainOverBaseline = predictions is not null && Baseline is { } baseline ? _data.Bootstrap.Loss(_data.Metric, predictions.Outputs, PredictionsOf(baseline).Outputs) : null,
        };
        _folder.Write(reportFile, stream => JsonSerializer.Serialize(stream, report, CoreJson.Options));
        _report(new TrialCompleted(number, result, reportFile, predictionsFile));
        return new FinishedTrial(number, spec, result, predictionsFile is null ? null : _folder.PathOf(predictionsFile));
    }

    /// <param name="waiting">Families behind it, whose time explanations may not use up.</param>
    private void Finish(FinishedTrial trial, double allowance, bool explain, int waiting, CancellationToken cancellationToken)
    {
        if (trial.PredictionsFile is null) return;
        var clock = _clock.Elapsed.TotalSeconds;
        var firstFold = _firstFold?.Number == trial.Number ? _firstFold.Value.Pipeline : null;
        MakeModel(trial, [], firstFold, ExplanationSeconds, 0.97, cancellationToken);

        double ExplanationSeconds() => !explain ? 0 : _job.Plan.Tuning == TuningMode.Search ? ExplainSeconds([trial]) : Math.Min(Explanation.Seconds(allowance - (_clock.Elapsed.TotalSeconds - clock)), waiting > 0 ? Math.Max(FewestExplanationSeconds, Left / 4) : double.MaxValue);
    }

    /// <returns>Whether it has a model now.</returns>
    private bool MakeModel(FinishedTrial trial, IReadOnlyList<FinishedTrial> members, FittedPipeline? firstFold, Func<double> explanationSeconds, double shareDone, CancellationToken cancellationToken)
    {
        try
        {
            var ready = _finisher.Finish(trial, members, firstFold, explanationSeconds, (share, phase) => _report(new TrialProgressed(trial.Number, shareDone + ((1 - shareDone) * share), phase)), cancellationToken);
            Replace(trial with { Result = ready.Result, HasModel = true });
            _report(ready);
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The trial was judged and stands; what went wrong is said where its model is asked for again.
            _report(new TrialFailed(trial.Number, $"Judged, but no model could be made of it: {Explanation.OfFailure(e)}"));
            Replace(trial with { Result = null });
            return false;
        }
    }

    /// <summary>For importance and PCA each: what is left, and even where nothing is, a moment, or as long as it takes to fit anew what the columns are shuffled for.</summary>
    /// <param name="explained">The trial, or the members of the ensemble.</param>
    private double ExplainSeconds(IEnumerable<FinishedTrial> explained) => Math.Clamp(Left / 2, Math.Clamp(2 * FoldSeconds(explained), 0.5, 2), 20);

    private void Replace(FinishedTrial trial) => _finished[_finished.FindIndex(f => f.Number == trial.Number)] = trial;

    /// <summary>The ensemble, then the models of ensemble and best trial.</summary>
    private void Conclude(CancellationToken cancellationToken)
    {
        var ensemble = MakeEnsemble(cancellationToken);
        var best = Best();
        if (best is null) return;
        if (!best.HasModel)
        {
            if (ensemble is not null && best.Number == ensemble.Number)
            {
                FinishedTrial[] members = [.. ensemble.Result!.Members!.Select(m => _finished.First(f => f.Number == m.TrialNumber))];
                if (MakeModel(ensemble, members, null, () => ExplainSeconds(members), 0, cancellationToken)) return;
                if (Best() is { HasModel: false } next) Finish(next, 1, explain: true, 0, cancellationToken);
            }
            else Finish(best, Left, explain: true, 0, cancellationToken);
        }
        // Its model was made in passing, without what explains it.
        else if (best.Spec.Origin != TrialOrigin.Ensemble) Finish(best, Left, explain: true, 0, cancellationToken);
    }

    private FinishedTrial? MakeEnsemble(CancellationToken cancellationToken)
    {
        var pool = EnsemblePool();
        if (pool.Count < 2) return null;
        var started = _clock.Elapsed.TotalSeconds;
        IReadOnlyList<double[]>[] outputs = [.. pool.Select(p => PredictionsOf(p).Outputs)];
        var choice = _choice ??= new EnsembleChoice(_data, _job.Threads);
        var weights = Affordable(pool, choice.Weights(outputs, cancellationToken));
        if (weights.Count(w => w > 0) < 2) return null;
        var mixed = GreedyEnsemble.Combine(outputs, weights);
        var sharpness = Calibration.FitSharpness(_data, mixed);
        foreach (var fold in mixed) SharpenedScorer.Sharpen(fold, _data.ClassCount, sharpness);
        // Not where it would take longer than is left: the score stands without it.
        var crossFitted = _clock.Elapsed.TotalSeconds - started < 0.3 * Left / Math.Max(2, _data.Folds.Count) ? choice.Score(choice.CrossFitted(outputs, cancellationToken)) : null;
        var number = _nextNumber++;
        var spec = new TrialSpec(TrainerCatalog.EnsembleId, HyperparameterValues.None, TrialOrigin.Ensemble, "Mixes trials so that their errors cancel out; weights chosen on out-of-fold predictions.");
        _report(new TrialStarted(number, spec));
        var members = pool.Select((trial, i) => (Trial: trial, Weight: weights[i])).Where(m => m.Weight > 0).OrderByDescending(m => m.Weight).ThenBy(m => m.Trial.Number).ToList();
        var foldReports = mixed.Select((fold, i) => _data.EvaluateFold(i, fold)).ToArray();
        var metrics = FoldMean.Compute(foldReports);
        double?[] foldScores = [.. foldReports.Select(r => r.Metrics[_data.Metric.Id])];
        var result = new TrialResult(
            metrics[_data.Metric.Id], metrics, foldScores, _clock.Elapsed.TotalSeconds - started,
            members.Sum(m => m.Trial.Result!.PredictionMicroseconds), members.Sum(m => m.Trial.Result!.ModelBytes),
            _data.Split.Training.Table.RowCount, _data.ValidationLabels.Sum(l => l.Length), members.Max(m => m.Trial.Result!.FeatureCount),
            new Dictionary<string, string>
            {
                ["Members"] = string.Join(", ", members.Select(m => FormattableString.Invariant($"{100 * m.Weight:0} % {TrainerCatalog.NameOf(m.Trial.Spec.TrainerId)} (trial {m.Trial.Number})"))),
                ["Weights"] = "greedy selection with replacement on out-of-fold predictions",
                [$"{_data.Metric.Name} with weights chosen without the rows they are judged on"] = crossFitted is { } honest ? FormattableString.Invariant($"{honest:0.#####}") : "not computed within the time budget",
            },
            members.Sum(m => m.Trial.Result!.PredictionP99Microseconds), FinishedAfterSeconds: Elapsed, Sharpness: sharpness, Members: [.. members.Select(m => new EnsembleMember(m.Trial.Number, m.Weight))]);
        result = result with { OverLimit = OverLimit(result) };
        var validation = _data.EvaluateValidation(mixed, metrics);
        var ensemble = Complete(number, spec, result, validation, new ValidationPredictions(mixed));
        _finished.Add(ensemble);
        return ensemble;
    }

    /// <summary>The members whose models can still be made in the time: those of least weight go first.</summary>
    private double[] Affordable(List<FinishedTrial> pool, double[] weights)
    {
        var kept = (double[])weights.Clone();
        var most = Math.Max(0.5, 0.9 * Left);
        while (kept.Count(w => w > 0) > 2 && RefitSeconds(pool.Where((t, i) => kept[i] > 0 && !_finisher.HasFit(t.Number))) > most)
            kept[Array.IndexOf(kept, kept.Where(w => w > 0).Min())] = 0;
        var sum = kept.Sum();
        return Array.ConvertAll(kept, w => w / sum);
    }

    /// <summary>What an ensemble would be made of now; chosen anew a few times in the course of a search, as choosing takes time itself.</summary>
    private IReadOnlyList<FinishedTrial> LikelyMembers(CancellationToken cancellationToken)
    {
        if (_likely is { } known && (Elapsed < known.At + Math.Max(1, 0.06 * Budget))) return known.Members;
        var pool = EnsemblePool();
        if (pool.Count < 2) return Best() is { } best ? [best] : [];
        var started = _clock.Elapsed.TotalSeconds;
        _choice ??= new EnsembleChoice(_data, _job.Threads);
        var weights = _choice.Weights([.. pool.Select(p => (IReadOnlyList<double[]>)PredictionsOf(p).Outputs)], cancellationToken);
        FinishedTrial[] members = [.. pool.Where((_, i) => weights[i] > 0)];
        _choosingSeconds = _clock.Elapsed.TotalSeconds - started;
        _likely = (Elapsed, members);
        return members;
    }

    /// <summary>Trials an ensemble may be made of: the best of all, and the best of each family.</summary>
    private List<FinishedTrial> EnsemblePool()
    {
        const int most = 24;
        var judged = _finished.Where(f => IsEligible(f) && f.PredictionsFile is not null && f.Spec.Origin != TrialOrigin.Ensemble && f.Spec.TrainerId != BaselineTrainer.BaselineId)
            .OrderBy(f => f.Result!.Rank(_data.Metric)).ThenBy(f => f.Number).ToList();
        return [.. judged.Take(most).Union(judged.GroupBy(f => f.Spec.TrainerId).Select(g => g.First()))];
    }

    private ValidationPredictions PredictionsOf(FinishedTrial trial) =>
        _predictions.TryGetValue(trial.Number, out var kept) ? kept : _predictions[trial.Number] = ValidationPredictions.Of(trial);

    /// <summary>The baseline, where it was judged and its predictions are at hand.</summary>
    private FinishedTrial? Baseline => _finished.FirstOrDefault(f => f is { Spec.TrainerId: BaselineTrainer.BaselineId, Result.Score: not null, PredictionsFile: not null });

    private bool IsEligible(FinishedTrial trial) => trial is { Result: { Score: not null, SampledRowCount: null, OverLimit: null }, IsExcluded: false };

    private FinishedTrial? Best() => _finished.Where(IsEligible).OrderBy(f => f.Result!.Rank(_data.Metric)).ThenBy(f => f.Number).FirstOrDefault();

    private double? Loss(FinishedTrial? trial)
    {
        if (trial?.Result is not { } result) return null;
        var sign = _data.Metric.HigherIsBetter ? -1 : 1;
        if (result.Score is { } score) return result.OverLimit is null ? sign * score : null;
        // Ended early: as good as the folds that were done.
        var scores = result.FoldScores.OfType<double>().ToArray();
        return scores.Length > 0 ? sign * scores.Average() : null;
    }

    /// <summary>Seconds of the clock to fit trials on all training rows, with all threads.</summary>
    private double RefitSeconds(IEnumerable<FinishedTrial> trials) =>
        FoldSeconds(trials) * _data.Split.Training.Table.RowCount / Math.Max(1.0, _data.Folds[0].Training.Table.RowCount);

    /// <summary>Seconds of the clock to fit trials on the training rows of one fold, with all threads.</summary>
    private double FoldSeconds(IEnumerable<FinishedTrial> trials)
    {
        // Folds that were fitted side by side had fewer threads each.
        var threadsAFit = Math.Max(1, _job.Threads / Math.Min(_job.Threads, _data.Folds.Count));
        return trials.Sum(t => t.Result!.FitSeconds) * threadsAFit / _job.Threads;
    }

    /// <summary>Seconds to keep for the end: fitting what the ensemble is likely to be made of, and explaining it.</summary>
    private double FinishingSeconds(CancellationToken cancellationToken)
    {
        var likely = LikelyMembers(cancellationToken);
        var refit = RefitSeconds(likely.Where(t => !_finisher.HasFit(t.Number)));
        // Explaining fits what is explained once more, without the rows it is explained on.
        var explain = Math.Min(0.05 * Budget, 1.5 * FoldSeconds(likely));
        return Math.Min(0.5 * Budget, (1.3 * refit) + explain + (2.5 * _choosingSeconds) + Math.Min(2, 0.05 * Budget));
    }

    private string? WhyEnd(CancellationToken cancellationToken)
    {
        if (_control.Finishing.IsCancellationRequested) return "Ended by a person.";
        if (Left - FinishingSeconds(cancellationToken) <= 0) return FormattableString.Invariant($"The time budget of {Budget:0.#} s is used.");
        if (Limits.MaximumTrials is { } most && _finished.Count(f => f.Spec.Origin is TrialOrigin.Portfolio or TrialOrigin.Search) >= most)
            return $"{most:N0} trials were made, as many as were asked for.";
        if (Limits.TargetScore is { } target && Best()?.Result?.Score is { } score && !_data.Metric.IsBetter(target, score))
            return FormattableString.Invariant($"The target score of {target} is reached.");
        return null;
    }

    private string? OverLimit(TrialResult result)
    {
        if (Limits.MaximumPredictionMicroseconds is { } most && result.PredictionMicroseconds > most)
            return FormattableString.Invariant($"A prediction takes {result.PredictionMicroseconds:0.#} µs, more than the limit of {most:0.#} µs.");
        return Limits.MaximumModelBytes is { } bytes && result.ModelBytes > bytes ? $"The model has {result.ModelBytes:N0} bytes, more than the limit of {bytes:N0}." : null;
    }

    /// <summary>Far behind the best on the folds that both have done.</summary>
    private string? WhyHopeless(IReadOnlyList<double?> scores, FinishedTrial best)
    {
        if (_finished.FirstOrDefault(f => f.Spec.TrainerId == BaselineTrainer.BaselineId && f.Result?.Score is not null)?.Result is not { } baseline) return null;
        double own = 0, ofBest = 0, ofBaseline = 0;
        var done = 0;
        for (var fold = 0; fold < scores.Count; fold++)
        {
            if (scores[fold] is not { } score || best.Result!.FoldScores[fold] is not { } bestScore || baseline.FoldScores[fold] is not { } baselineScore) continue;
            (own, ofBest, ofBaseline, done) = (own + score, ofBest + bestScore, ofBaseline + baselineScore, done + 1);
        }
        if (done == 0) return null;
        var way = Math.Abs(ofBest - ofBaseline);
        var behind = _data.Metric.HigherIsBetter ? ofBest - own : own - ofBest;
        return way > 0 && behind > HopelessShare * way
            ? FormattableString.Invariant($"Ended after {done} of {scores.Count} folds: {_data.Metric.Name} {own / done:0.####} there, where the best has {ofBest / done:0.####}.")
            : null;
    }

    /// <summary>Rows of a sample on which values are first compared, or null where all rows can be paid for.</summary>
    private int? SampleSize(IReadOnlyList<TrialSpec> portfolio, TrainingShape shape)
    {
        var rows = shape.RowCount;
        if (rows < 2 * SmallestSample || Cost(rows) <= PortfolioShare * Left * Speed) return null;
        var sample = SmallestSample;
        while (sample * SampleFactor < rows && Cost(sample * SampleFactor) <= 0.3 * Left * Speed) sample *= SampleFactor;
        return sample;

        double Cost(int count) => portfolio.Sum(p => CostOf(p, shape with { RowCount = count }));
    }

    /// <summary>Seconds of <see cref="Trainer.CostSeconds"/> for all folds.</summary>
    private double CostOf(TrialSpec spec, TrainingShape shape) => TrainerCatalog.Find(spec.TrainerId).CostSeconds(shape, spec.Values) * _data.Folds.Count;

    /// <summary>The best on the sample that is worth all rows now: one of each leading family once the portfolio is through, then whatever takes the lead, then the next best while time is short.</summary>
    private FinishedTrial? NextToPromote(List<FinishedTrial> sampled, HashSet<(string, HyperparameterValues)> promoted, int portfolioCount, double time)
    {
        if (sampled.Count == 0) return null;
        var ranked = sampled.Where(s => s.Result?.Score is not null).OrderBy(s => Loss(s)).ToList();
        var open = ranked.Where(s => !promoted.Contains((s.Spec.TrainerId, s.Spec.Values)) && IsAffordable(s)).ToList();
        if (open.Count == 0) return null;
        if (sampled.Count < portfolioCount && time > 0.5 * Budget) return null;
        var leaders = ranked.GroupBy(s => s.Spec.TrainerId).Select(g => g.First()).Take(LeadersToPromote).ToList();
        if (open.FirstOrDefault(leaders.Contains) is { } leader) return leader;
        if (open[0] == ranked[0]) return open[0];
        return time < 0.4 * Budget ? open[0] : null;

        bool IsAffordable(FinishedTrial trial)
        {
            var shape = _data.RoughShape with { FeatureCount = trial.Result!.FeatureCount };
            var trainer = TrainerCatalog.Find(trial.Spec.TrainerId);
            var onSample = trainer.CostSeconds(shape with { RowCount = trial.Result.SampledRowCount ?? shape.RowCount }, trial.Spec.Values, trial.Result.Iterations);
            var onAll = trainer.CostSeconds(shape, trial.Spec.Values, trial.Result.Iterations);
            return trial.Result.TrainingSeconds * onAll / Math.Max(1e-9, onSample) < 0.8 * time;
        }
    }
}
