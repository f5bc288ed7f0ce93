using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Experiments;

public sealed class SideBySideTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("side-by-side").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(LearningTask.Binary)]
    [InlineData(LearningTask.Multiclass)]
    [InlineData(LearningTask.Regression)]
    public void Trials_are_held_against_the_first_on_the_rows_that_all_answered(LearningTask task)
    {
        var (job, trials) = Search(task);
        var report = Compare(job, [trials[0], trials[1], trials[0] with { Number = 9 }]);
        // Three repeats judge every training row three times.
        Assert.Equal((1, 240, PairedBootstrap.Draws), (report.First, report.RowCount, report.Draws));
        Assert.Equal([2, 9], report.Others.Select(o => o.Number));

        var baseline = report.Others[0];
        var difference = trials[0].Result!.Score!.Value - trials[1].Result!.Score!.Value;
        Assert.Equal(-Math.Abs(difference), baseline.Gain!.Value, 1e-12);
        Assert.True(baseline.Chance!.Interval.High < 0 && baseline.Chance.IsDistinguishable, $"{baseline.Chance}");
        Assert.Equal(task == LearningTask.Regression, baseline.Right is null);
        Assert.Equal(task != LearningTask.Regression, baseline.Closer is null);

        var same = report.Others[1];
        Assert.Equal((0, new PairedGain(new MetricInterval(0, 0), 1)), (same.Gain!.Value, same.Chance));
        if (same.Right is { } right)
        {
            Assert.Equal((0, 0, 240, 1), (right.OnlyFirst, right.OnlyOther, right.BothRight + right.BothWrong, right.P));
            Assert.True(baseline.Right!.OnlyFirst > baseline.Right.OnlyOther && baseline.Right.P < 0.01);
        }
        else
        {
            Assert.Equal(new CloserAnswers(0, 0, 240, 1), same.Closer);
            Assert.True(baseline.Closer!.First > baseline.Closer.Other && baseline.Closer.P < 0.01);
        }
    }

    [Fact]
    public void A_trial_with_a_threshold_is_held_against_others_as_it_decides()
    {
        var (job, trials) = Search(LearningTask.Binary);
        job = job with { Plan = job.Plan with { MetricId = Metric.Accuracy.Id } };
        // From a probability of 0.000001 on everything is the second class: no better than its share.
        var report = Compare(job, [trials[0], trials[0] with { Number = 9, Threshold = 1e-6 }]);
        var held = Assert.Single(report.Others);
        Assert.True(held.Gain < -0.2 && held.Chance is { IsDistinguishable: true, Interval.High: < -0.1 }, $"{held}");
        Assert.True(held.Right!.OnlyFirst > 4 * held.Right.OnlyOther && held.Right.P < 0.001, $"{held.Right}");
        // The gain is that of the folds, as the interval is.
        Assert.InRange(held.Gain!.Value, held.Chance!.Interval.Low, held.Chance.Interval.High);
    }

    [Theory]
    [InlineData(LearningTask.Binary)]
    [InlineData(LearningTask.Regression)]
    public void Trials_are_measured_on_parts_of_rows_that_they_had_not_seen(LearningTask task)
    {
        var (job, trials) = Search(task);
        var metric = (task == LearningTask.Regression ? Metric.Mae : Metric.Accuracy).Id;
        SegmentMeasure[] measures = [new(metric), new(metric, "a", To: 0.5), new(metric, "a", From: 0.5), new(metric, "a", From: 7)];
        var events = new List<ExperimentEvent>();
        ExperimentRunner.Run(job with { Work = new JobWork.MeasureSegments(trials, measures) }, _folder, events.Add, new JobControl(), CancellationToken.None);
        Assert.Equal(trials.Select(t => t.Number), events.Cast<SegmentsMeasured>().Select(e => e.Number));
        foreach (var (all, low, high, none) in events.Cast<SegmentsMeasured>().Select(e => (e.Figures[0], e.Figures[1], e.Figures[2], e.Figures[3])))
        {
            // Every training row is judged, though by three repeats; accuracy and MAE of the whole are means of those of the parts.
            Assert.Equal((240, 240), (all.RowCount, low.RowCount + high.RowCount));
            Assert.Equal(all.Figure!.Value, ((low.RowCount * low.Figure!.Value) + (high.RowCount * high.Figure!.Value)) / 240, 1e-9);
            Assert.Equal(new SegmentFigure(null, 0, "No row that the model had not seen is in the segment."), none);
        }
        Assert.Equal(task != LearningTask.Regression, events.Cast<SegmentsMeasured>().First().Figures[0].Figure > events.Cast<SegmentsMeasured>().Last().Figures[0].Figure);
    }

    [Fact]
    public void A_part_may_be_told_by_a_column_that_no_model_sees()
    {
        var (job, trials) = Search(LearningTask.Binary);
        var hidden = job with { Plan = job.Plan with { IgnoredColumns = ["b"] }, Work = new JobWork.MeasureSegments([trials[1]], [new SegmentMeasure(Metric.Accuracy.Id, "b", From: 0.5)]) };
        var events = new List<ExperimentEvent>();
        ExperimentRunner.Run(hidden, _folder, events.Add, new JobControl(), CancellationToken.None);
        Assert.InRange(Assert.IsType<SegmentsMeasured>(Assert.Single(events)).Figures[0].RowCount, 80, 160);
    }

    [Fact]
    public void Predictions_of_other_rows_are_said_to_be()
    {
        var (job, trials) = Search(LearningTask.Regression);
        var other = Path.Combine(_folder, "other.mwo");
        using (var file = File.Create(other)) new ValidationPredictions([[1, 2, 3]]).Write(file);
        var failed = Assert.IsType<JobFailed>(Assert.Single(Run(job, [trials[0], trials[1] with { PredictionsFile = other }])));
        Assert.Contains("trial 2 are not of the validation rows", failed.Reason);
    }

    private (ExperimentJob Job, IReadOnlyList<FinishedTrial> Trials) Search(LearningTask task)
    {
        var random = new Random(8);
        double[] a = [.. Enumerable.Range(0, 300).Select(_ => random.NextDouble())], b = [.. a.Select(_ => random.NextDouble())];
        double[] y = [.. a.Select((v, i) => (2 * v) + b[i] + (0.3 * random.NextDouble()))];
        var table = Table(
            task == LearningTask.Regression ? Numbers("y", y) : Categories("y", [.. y.Select(v => task == LearningTask.Binary ? v > 1.6 ? "yes" : "no" : v > 2 ? "high" : v > 1.2 ? "middle" : "low")]),
            Numbers("a", a), Numbers("b", b));
        var file = Path.Combine(_folder, "table.parquet");
        TableFile.Write(table, file, CancellationToken.None);
        var plan = new ExperimentPlan("y", task, (task == LearningTask.Regression ? Metric.Rmse : Metric.Accuracy).Id, new SplitPlan(Folds: 3, Repeats: 3), new Recipe([]), [], ["lightgbm", "baseline"], 600);
        var events = new List<ExperimentEvent>();
        ExperimentRunner.Run(new ExperimentJob(plan, file, 2, JobWorkOf.EachOnce(plan)), _folder, events.Add, new JobControl(), CancellationToken.None);
        return (new ExperimentJob(plan, file, 2, JobWorkOf.EachOnce(plan)),
            [.. events.OfType<TrialCompleted>().Select(c => new FinishedTrial(c.Number, events.OfType<TrialStarted>().Single(s => s.Number == c.Number).Spec, c.Result, Path.Combine(_folder, c.PredictionsFile!)))]);
    }

    private List<ExperimentEvent> Run(ExperimentJob job, IReadOnlyList<FinishedTrial> trials)
    {
        var events = new List<ExperimentEvent>();
        ExperimentRunner.Run(job with { Work = new JobWork.SideBySide(trials) }, _folder, events.Add, new JobControl(), CancellationToken.None);
        return events;
    }

    private SideBySideReport Compare(ExperimentJob job, IReadOnlyList<FinishedTrial> trials)
    {
        var ready = Assert.IsType<SideBySideReady>(Assert.Single(Run(job, trials)));
        return JsonSerializer.Deserialize<SideBySideReport>(File.ReadAllBytes(Path.Combine(_folder, ready.ReportFile)), CoreJson.Options)!;
    }
}
