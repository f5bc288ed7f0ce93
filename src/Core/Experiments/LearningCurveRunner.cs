using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Experiments;

/// <summary>Has a trial learn from ever more of the training rows, with the same values and in the same folds.</summary>
internal sealed class LearningCurveRunner(ExperimentData data, int threads, Action<ExperimentEvent> report)
{
    private static readonly double[] Shares = [0.1, 0.2, 0.4, 0.7, 1];

    // Fewer teach nothing that a curve could show.
    private const int FewestRows = 10;
    private const int MostTrainingRowsJudged = 5_000;

    // The person waits for it and can cancel.
    private const double SecondsForFolds = 24 * 3600;

    private readonly TrialRunner _trials = new(data, threads);

    public LearningCurve Run(JobWork.DrawLearningCurve work, CancellationToken cancellationToken)
    {
        var judged = work.Trial.Result ?? throw new ArgumentException($"Trial {work.Trial.Number} was not judged.", nameof(work));
        IReadOnlyList<FinishedTrial> learning = work.Members.Count > 0 ? work.Members : [work.Trial];
        double[] weights = [.. judged.Members?.Select(m => m.Weight) ?? [1]];
        var fewest = data.Folds.Min((fold) => fold.Training.Table.RowCount);
        double[] shares = [.. Shares.Where(share => share == 1 || share * fewest >= FewestRows)];
        var points = new List<LearningPoint>();
        var done = 0.0;
        foreach (var share in shares)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var rows = (int)Math.Round(share * fewest);
            var (before, told) = (done, $"{share:P0} of the training rows");
            points.Add(Point(share, rows, (part, phase) => report(new TrialProgressed(work.Trial.Number, before + (part * share / shares.Sum()), $"{told}, {phase}"))));
            done += share / shares.Sum();
        }
        return new LearningCurve(data.Metric.Id, points);

        LearningPoint Point(double share, int rows, Action<double, string> progress)
        {
            try
            {
                int? sampled = share == 1 ? null : rows;
                var outcomes = new List<TrialOutcome>();
                foreach (var (i, trial) in learning.Index())
                    outcomes.Add(_trials.Run(trial.Spec, sampled, null, SecondsForFolds, (part, phase) => progress((i + part) / learning.Count, phase), cancellationToken));
                var (scores, training) = (new double?[data.Folds.Count], new double?[data.Folds.Count]);
                for (var fold = 0; fold < scores.Length; fold++)
                {
                    FinalFit[] fits = [.. learning.Select((trial, i) => new FinalFit(TrainerCatalog.Find(trial.Spec.TrainerId).Encoding, outcomes[i].Fits[fold]!))];
                    var pipeline = work.Members.Count > 0 ? ModelBuilder.Join(fits, weights, judged.Sharpness) : fits[0].Fit.Pipeline;
                    var part = data.Part(fold);
                    var outputs = work.Members.Count > 0 ? pipeline.Score(part.Validation!) : fits[0].Fit.Outputs;
                    scores[fold] = data.EvaluateFold(fold, outputs).Metrics[data.Metric.Id];
                    training[fold] = OfTraining(pipeline, part, sampled);
                }
                return new LearningPoint(share, rows, scores, training);
            }
            catch (Exception e) when (e is TrainingFailedException or ArgumentException)
            {
                // Few rows may lack a class or hold a single value: the others are drawn all the same.
                return new LearningPoint(share, rows, [], [], Explanation.OfFailure(e));
            }
        }
    }

    /// <summary>The score on rows that were learnt from, or on some of them.</summary>
    private double? OfTraining(FittedPipeline pipeline, PreparedPart part, int? sampled)
    {
        var seed = data.Plan.Split.Seed;
        // The draw that the trial learnt from.
        var learnt = data.Draw(part.TrainingLabels, sampled ?? int.MaxValue);
        int[] rows = [.. RowSample.Take(learnt.Length, MostTrainingRowsJudged, seed).Select(i => learnt[i])];
        var outputs = pipeline.Score(part.Training.Take(rows));
        return new JudgedRows(data.Target.Task, Array.ConvertAll(rows, row => part.TrainingLabels[row]), outputs, data.ClassCount).Figure(data.Metric);
    }
}
