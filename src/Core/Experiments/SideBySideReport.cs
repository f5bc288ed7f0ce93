using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Experiments;

/// <summary>Trials of an experiment held against one of them, on the validation rows that all of them answered; each decides by its threshold where a person chose one.</summary>
/// <param name="MetricId">What the gains are measured by: the experiment's own.</param>
/// <param name="First">Number of the trial that the others are held against.</param>
/// <param name="RowCount">Validation rows; one that several repeats judge counts once.</param>
/// <param name="Draws">Of the bootstrap.</param>
/// <param name="Others">In the order in which they were asked for.</param>
public sealed record SideBySideReport(string MetricId, int First, int RowCount, int Draws, IReadOnlyList<HeldAgainst> Others)
{
    /// <summary>Trials that are shown together at most: more columns and lines nobody tells apart.</summary>
    public const int MostTrials = 5;

    /// <exception cref="InvalidOperationException">Predictions were not kept, or are not of these rows.</exception>
    internal static SideBySideReport Of(ExperimentData data, IReadOnlyList<FinishedTrial> trials)
    {
        var labels = data.ValidationLabels;
        IReadOnlyList<double[]>[] outputs = [.. trials.Select(trial => ValidationPredictions.Of(trial).Outputs)];
        foreach (var (trial, answered) in trials.Zip(outputs))
            if (!answered.Select(o => o.Length).SequenceEqual(labels.Select(l => l.Length * data.ClassCount)))
                throw new InvalidOperationException($"The predictions of trial {trial.Number} are not of the validation rows as they are split now.");
        var gains = data.Bootstrap.Gains(data.Metric, outputs[0], outputs[1..], [.. trials.Select(t => t.Threshold)]);
        var rows = RowsOnce(data);
        var isRegression = data.Target.Task == LearningTask.Regression;
        int[] classes = isRegression ? [] : [.. rows.Select(row => (int)labels[row.Fold][row.Place])];
        double[] numbers = isRegression ? [.. rows.Select(row => (double)labels[row.Fold][row.Place])] : [];
        var (firstClasses, firstNumbers) = (Classes(outputs[0], trials[0].Threshold), Numbers(outputs[0]));
        var firstScore = Score(trials[0], outputs[0]);
        return new SideBySideReport(data.Metric.Id, trials[0].Number, rows.Count, PairedBootstrap.Draws, [.. trials.Skip(1).Select((trial, i) =>
        {
            var gain = Score(trial, outputs[i + 1]) - firstScore;
            return new HeldAgainst(
                trial.Number, data.Metric.HigherIsBetter ? gain : -gain, gains[i],
                isRegression ? null : PairedAnswers.Classes(classes, firstClasses, Classes(outputs[i + 1], trial.Threshold)),
                isRegression ? PairedAnswers.Numbers(numbers, firstNumbers, Numbers(outputs[i + 1])) : null);
        })]);

        // As on the leaderboard, a mean over the folds; at a threshold the folds are judged anew.
        double? Score(FinishedTrial trial, IReadOnlyList<double[]> answered)
        {
            if (trial.Threshold is not { } threshold || !ThresholdExplorer.ByClass.Contains(data.Metric.Id)) return trial.Result!.Score;
            var (sum, weight) = (0.0, 0L);
            for (var fold = 0; fold < answered.Count; fold++)
            {
                if (labels[fold].Length == 0 || MetricCalculator.Compute(data.Metric, data.Target.Task, labels[fold], answered[fold], data.ClassCount, threshold) is not { } figure) continue;
                sum += figure * labels[fold].Length;
                weight += labels[fold].Length;
            }
            return weight > 0 ? sum / weight : null;
        }

        int[] Classes(IReadOnlyList<double[]> answered, double? threshold) =>
            isRegression ? [] : [.. rows.Select(row => Target.Decide(answered[row.Fold].AsSpan(row.Place * data.ClassCount, data.ClassCount), threshold))];

        double[] Numbers(IReadOnlyList<double[]> answered) => isRegression ? [.. rows.Select(row => answered[row.Fold][row.Place])] : [];
    }

    /// <summary>Where each validation row was judged first: a test of independent rows may not count one again.</summary>
    private static List<(int Fold, int Place)> RowsOnce(ExperimentData data)
    {
        var (seen, rows) = (new HashSet<int>(), new List<(int, int)>());
        for (var fold = 0; fold < data.Folds.Count; fold++)
            foreach (var (place, line) in data.Part(fold).Validation!.LineNumbers.ToArray().Index())
                if (seen.Add(line)) rows.Add((fold, place));
        return rows;
    }
}

/// <summary>A trial beside the first.</summary>
/// <param name="Number">The trial.</param>
/// <param name="Gain">How much better its metric is than the first's, whichever way the metric goes; below 0 is worse. Null where it is undefined.</param>
/// <param name="Chance">How far the gain hangs on which rows there happen to be; null where the metric is undefined on most draws.</param>
/// <param name="Right">For classes.</param>
/// <param name="Closer">For numbers.</param>
public sealed record HeldAgainst(int Number, double? Gain, PairedGain? Chance, RightAnswers? Right, CloserAnswers? Closer);
