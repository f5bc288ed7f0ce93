using System.Diagnostics;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Experiments;

/// <summary>Turns judged trials into models that can be published, with what explains them.</summary>
/// <param name="data">Rows and folds.</param>
/// <param name="trials">Fits.</param>
/// <param name="models">Packages.</param>
/// <param name="threads">At least 1.</param>
/// <param name="folder">Where models and reports go.</param>
/// <param name="predictionsOf">What a judged trial answered for the validation rows.</param>
/// <param name="baseline">Asked when a report is made: the judged baseline, where its predictions are at hand.</param>
internal sealed class TrialFinisher(ExperimentData data, TrialRunner trials, ModelBuilder models, int threads, JobFolder folder, Func<FinishedTrial, ValidationPredictions> predictionsOf, Func<FinishedTrial?> baseline)
{
    public const string LaterNote = "Computed when a model of this trial is made.";

    private const int ImportanceRowCount = 1_000;
    private const int ImportanceRepeats = 3;

    // Time grows with the square of the columns, as each shuffle encodes all of them anew: a wide table gets a coarser answer instead of none.
    private const int WideColumnCount = 100;
    private const int WideImportanceRowCount = 300;
    private const int WideImportanceRepeats = 1;

    private const int SmallPcaValueCount = 100_000;

    // Fits on all training rows, by trial: an ensemble uses those that were made already.
    private readonly Dictionary<int, FinalFit> _fits = [];

    // How often a trial was finished: at once when it took the lead, and again with explanations when it kept it.
    private readonly Dictionary<int, int> _finished = [];

    // The same for all trials of the run, hence computed once.
    private Explanation<PcaReport>? _pca;

    public bool HasFit(int trialNumber) => _fits.ContainsKey(trialNumber);

    /// <summary>Fits on all training rows what is not yet.</summary>
    private void Refit(IReadOnlyList<FinishedTrial> wanted, CancellationToken cancellationToken)
    {
        FinishedTrial[] missing = [.. wanted.Where(t => !HasFit(t.Number))];
        if (missing.Length == 0) return;
        var made = models.Refit(missing, cancellationToken);
        for (var i = 0; i < missing.Length; i++) _fits[missing[i].Number] = made[i];
    }

    /// <summary>Makes the model of a trial, and what explains it.</summary>
    /// <param name="trial">Judged on all folds.</param>
    /// <param name="members">For an ensemble, its members in the order of the result's; else empty.</param>
    /// <param name="firstFold">The trial's pipeline of the first fold, where it is still at hand; else it is fitted anew when columns are shuffled.</param>
    /// <param name="explanationSeconds">Asked when the model is finished: seconds for importance and PCA each; 0 for none.</param>
    /// <param name="progress">Told the share done and what is being done.</param>
    /// <param name="cancellationToken">Cancelled by the person alone.</param>
    public ModelReady Finish(FinishedTrial trial, IReadOnlyList<FinishedTrial> members, FittedPipeline? firstFold, Func<double> explanationSeconds, Action<double, string>? progress, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        progress?.Invoke(0, "final fit on all training rows");
        IReadOnlyList<FinishedTrial> fitted = members.Count > 0 ? members : [trial];
        var wereThere = fitted.All(t => HasFit(t.Number));
        Refit(fitted, cancellationToken);
        double[] weights = [.. trial.Result!.Members?.Select(m => m.Weight) ?? [1]];
        var pipeline = members.Count > 0 ? ModelBuilder.Join([.. members.Select(m => _fits[m.Number])], weights, trial.Result!.Sharpness) : _fits[trial.Number].Fit.Pipeline;
        var fitSeconds = wereThere ? 0 : clock.Elapsed.TotalSeconds;
        var package = models.Package(trial.Spec.TrainerId, TrainerCatalog.NameOf(trial.Spec.TrainerId), pipeline, predictionsOf(trial));
        // A name of its own each time: whoever is told of a file may take it away while the next is written.
        var times = _finished[trial.Number] = _finished.GetValueOrDefault(trial.Number) + 1;
        var name = times == 1 ? $"trial-{trial.Number}" : $"trial-{trial.Number}-{times}";
        var modelFile = $"{name}.mwm";
        var bytes = folder.Write(modelFile, package.Write);
        var (median, p99) = trials.PredictionMicroseconds(package.Pipeline);

        progress?.Invoke(0.98, "importance and PCA");
        var report = Report(trial, members, weights, firstFold, explanationSeconds(), cancellationToken);
        var reportFile = $"{name}.model.json";
        folder.Write(reportFile, stream => JsonSerializer.Serialize(stream, report, CoreJson.Options));
        var result = trial.Result with
        {
            ModelBytes = bytes,
            PredictionMicroseconds = median,
            PredictionP99Microseconds = p99,
            TrainingSeconds = trial.Result.TrainingSeconds + fitSeconds,
            FeatureCount = package.Pipeline.Encoder.FeatureNames.Count,
        };
        return new ModelReady(trial.Number, result, modelFile, reportFile);
    }

    private TrialReport Report(FinishedTrial trial, IReadOnlyList<FinishedTrial> members, double[] weights, FittedPipeline? firstFold, double seconds, CancellationToken cancellationToken)
    {
        var validation = Validation(trial);
        if (seconds <= 0) return new TrialReport(validation, null, null, LaterNote, LaterNote) { GainOverBaseline = GainOverBaseline(trial), PredictionIntervals = models.Intervals(predictionsOf(trial)) };
        // The model is finished: explaining it may go beyond the deadline a little, and whatever happens there does not undo the trial.
        // Components are those of the data, whatever the model: what one trial had no time for, the next may have.
        if (_pca is null || _pca.WhyNot == Explanation.TimedOut) _pca = Explanation.Run(Pca, PcaSeconds(seconds), cancellationToken);
        var importance = Explanation.Run(token => Importance(firstFold ?? FirstFold(trial, members, weights, token), token), seconds, cancellationToken);
        return new TrialReport(validation, importance.Value, _pca.Value is { } pca ? pca with { Answers = Answers(pca, trial) } : null, _pca.WhyNot, importance.WhyNot) { GainOverBaseline = GainOverBaseline(trial), PredictionIntervals = models.Intervals(predictionsOf(trial)) };
    }

    private EvaluationReport Validation(FinishedTrial trial) =>
        data.EvaluateValidation(predictionsOf(trial).Outputs, trial.Result!.Metrics);

    private MetricInterval? GainOverBaseline(FinishedTrial trial) =>
        baseline() is { } other && other.Number != trial.Number ? data.Bootstrap.Loss(data.Metric, predictionsOf(trial).Outputs, predictionsOf(other).Outputs) : null;

    private FittedPipeline FirstFold(FinishedTrial trial, IReadOnlyList<FinishedTrial> members, double[] weights, CancellationToken cancellationToken)
    {
        IReadOnlyList<FinishedTrial> fitted = members.Count > 0 ? members : [trial];
        FinalFit[] fits = [.. fitted.Select(t => models.Refit(t, 0, threads, cancellationToken))];
        return members.Count > 0 ? ModelBuilder.Join(fits, weights, trial.Result!.Sharpness) : fits[0].Fit.Pipeline;
    }

    private PermutationImportance Importance(FittedPipeline pipeline, CancellationToken cancellationToken)
    {
        var validation = data.Folds[0].Validation.Table;
        var columns = validation.Columns.Select(c => c.Name).Where(n => n != data.Target.Column).ToArray();
        var wide = columns.Length > WideColumnCount;
        var rows = Sample(validation, wide ? WideImportanceRowCount : ImportanceRowCount);
        var labels = data.Target.Labels(rows);
        var shuffled = new ShuffledPipeline(pipeline, rows);
        if (Score([], [.. Enumerable.Range(0, rows.RowCount)]) is null)
            throw new ArgumentException($"{data.Metric.Name} is undefined on the {rows.RowCount} validation rows that the columns would be shuffled on.");
        // Of very many columns the pairs are too many to look at, and a group of them would tell little.
        var groups = wide ? [] : ColumnClusters.Find(rows, columns, ColumnClusters.Limit, cancellationToken);
        return PermutationImportanceCalculator.Compute(
            rows.RowCount, [.. columns.Select(name => new[] { name }), .. groups], threads, (moved, order) => Score(moved, order)!.Value, data.Metric, wide ? WideImportanceRepeats : ImportanceRepeats, data.Plan.Split.Seed, null, cancellationToken);

        double? Score(IReadOnlyList<string> moved, int[] order) => MetricCalculator.Compute(data.Metric, data.Target.Task, labels, shuffled.Predict(moved, order), data.ClassCount);
    }

    /// <summary>Of few values components take milliseconds: a machine that is busy with something else may take longer over them without costing the search.</summary>
    private double PcaSeconds(double seconds) =>
        (long)data.Split.Training.Table.RowCount * data.Split.Training.Table.ColumnCount <= SmallPcaValueCount ? Math.Max(seconds, Explanation.MostSeconds) : seconds;

    private PcaReport Pca(CancellationToken cancellationToken) => ComponentRows.Of(data, isScaled: true, cancellationToken).Components(data, isScaled: true, cancellationToken);

    /// <summary>What the trial answered for the shown rows where a fold held them out; of several times the mean.</summary>
    private PcaAnswers? Answers(PcaReport pca, FinishedTrial trial)
    {
        if (pca.Rows is not { } shown) return null;
        var width = data.ClassCount;
        // Of a large table few rows are shown; the others need no place.
        var known = shown.Distinct().ToDictionary(row => row, _ => (Sums: new double[width], Times: 0));
        foreach (var (fold, outputs) in predictionsOf(trial).Outputs.Index())
        {
            if (data.Part(fold).Validation is not { } held) continue;
            foreach (var (i, row) in data.DatasetRows(held).Index())
            {
                if (!known.TryGetValue(row, out var sofar)) continue;
                for (var k = 0; k < width; k++) sofar.Sums[k] += outputs[(i * width) + k];
                known[row] = (sofar.Sums, sofar.Times + 1);
            }
        }
        double[]?[] means = [.. shown.Select(row => known[row] is { Times: > 0 } found ? Array.ConvertAll(found.Sums, sum => sum / found.Times) : null)];
        if (pca.Targets is { } targets)
            return new PcaAnswers(null, [.. means.Select(m => m?[0])], [.. means.Select((m, i) => m is null ? (float?)null : (float)(targets[i] - m[0]))]);
        var classes = data.Target.Classes.Index().ToDictionary(c => c.Item, c => c.Index);
        return new PcaAnswers(
            [.. means.Select(m => m is null ? null : data.Target.Classes[Target.Likeliest(m)])], null,
            [.. means.Select((m, i) => m is null ? (float?)null : (float)(1 - m[classes[pca.Labels![i]]]))]);
    }

    private Table Sample(Table rows, int count) => Sample(rows, count, out _);

    private Table Sample(Table rows, int count, out int[]? drawn)
    {
        drawn = rows.RowCount <= count ? null : RowSample.Take(rows.RowCount, count, data.Plan.Split.Seed);
        return drawn is null ? rows : rows.Take(drawn);
    }
}
