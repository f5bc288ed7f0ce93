using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;

namespace ModelWorkbench.Core.Experiments;

/// <summary>Does the work of one job in the process it is called in. Knows no database: a folder in, files and events out.</summary>
public sealed class ExperimentRunner
{
    private readonly ExperimentJob _job;
    private readonly JobFolder _folder;
    private readonly Action<ExperimentEvent> _report;

    private ExperimentRunner(ExperimentJob job, string folder, Action<ExperimentEvent> report) => (_job, _folder, _report) = (job, new JobFolder(folder), report);

    /// <summary>Does the job. A trial that fails is an event, not an exception.</summary>
    /// <param name="job">What to do.</param>
    /// <param name="folder">Where finished model packages and reports are written.</param>
    /// <param name="report">Told of everything that happens, in order, from one thread at a time.</param>
    /// <param name="control">How a running search is told to end, to go on for longer, or to try something.</param>
    /// <param name="cancellationToken">Looked at while trials learn; what was reported as completed stands.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the trials reported as completed stand.</exception>
    public static void Run(ExperimentJob job, string folder, Action<ExperimentEvent> report, JobControl control, CancellationToken cancellationToken)
    {
        var gate = new Lock();
        var runner = new ExperimentRunner(job, folder, e => { lock (gate) report(e); });
        if (job.Work is JobWork.Export export)
        {
            // The model says all that is needed; the table is not read.
            runner.Try(() => new ExportRunner(runner._folder, runner._report).Run(export, cancellationToken));
            return;
        }
        ExperimentData data;
        try
        {
            data = new ExperimentData(job.Plan, job.TableFile, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            report(new JobFailed(Explanation.OfFailure(e)));
            return;
        }
        switch (job.Work)
        {
            case JobWork.Search search:
                new TrialSearch(job, data, search, runner._folder, control, runner._report).Run(cancellationToken);
                break;
            case JobWork.MakeModel make:
                runner.Try(() => runner.MakeModel(data, make, cancellationToken));
                break;
            case JobWork.TestModel test:
                runner.TestModel(data, test.ModelFile);
                break;
            case JobWork.Optimise optimise:
                runner.Try(() => new LadderRunner(data, job.Threads, runner._folder, runner._report).Run(optimise, cancellationToken));
                break;
            case JobWork.Explain explain:
                runner.Try(() => new ExplanationRunner(data, job.Threads, runner._folder, runner._report).Run(explain, cancellationToken));
                break;
            case JobWork.SideBySide sideBySide:
                runner.Try(() => runner.Compare(data, sideBySide.Trials));
                break;
            case JobWork.MeasureSegments measure:
                runner.Try(() => runner.Measure(data, measure, cancellationToken));
                break;
            case JobWork.AnswerRows rows:
                runner.Try(() => runner.TellRows(data, rows.Trial));
                break;
            case JobWork.PlaceRows:
                runner.Try(() => runner.PlaceRows(data, cancellationToken));
                break;
            case JobWork.FindUnscaledComponents:
                runner.Try(() => runner.FindUnscaledComponents(data, cancellationToken));
                break;
            case JobWork.DrawLearningCurve curve:
                runner.Try(() => runner._report(new LearningCurveReady(new LearningCurveRunner(data, job.Threads, runner._report).Run(curve, cancellationToken))));
                break;
        }
    }

    private void MakeModel(ExperimentData data, JobWork.MakeModel make, CancellationToken cancellationToken)
    {
        var number = make.Trial.Number;
        var trials = new TrialRunner(data, _job.Threads);
        var models = new ModelBuilder(data, trials, _job.Threads);
        var finisher = new TrialFinisher(data, trials, models, _job.Threads, _folder, ValidationPredictions.Of, () => make.Baseline);
        var progress = new Action<double, string>((share, phase) => _report(new TrialProgressed(number, share, phase)));
        _report(finisher.Finish(make.Trial, make.Members, null, () => 20, progress, cancellationToken));
    }

    private void TellRows(ExperimentData data, FinishedTrial trial)
    {
        const string rowsFile = "rows.mwr";
        var rows = AnsweredRows.Of(data, ValidationPredictions.Of(trial), trial.Threshold);
        _folder.Write(rowsFile, rows.Write);
        _report(new AnsweredRowsReady(rowsFile));
    }

    private void PlaceRows(ExperimentData data, CancellationToken cancellationToken)
    {
        const string mapFile = "map.json";
        var map = ComponentRows.Of(data, isScaled: true, cancellationToken).Map(data, _ => { }, cancellationToken);
        _folder.Write(mapFile, stream => JsonSerializer.Serialize(stream, map, CoreJson.Options));
        _report(new RowsPlaced(mapFile));
    }

    private void FindUnscaledComponents(ExperimentData data, CancellationToken cancellationToken)
    {
        const string reportFile = "components.json";
        var report = ComponentRows.Of(data, isScaled: false, cancellationToken).Components(data, isScaled: false, cancellationToken);
        _folder.Write(reportFile, stream => JsonSerializer.Serialize(stream, report, CoreJson.Options));
        _report(new UnscaledComponentsFound(reportFile));
    }

    private void Compare(ExperimentData data, IReadOnlyList<FinishedTrial> trials)
    {
        var report = SideBySideReport.Of(data, trials);
        const string reportFile = "side-by-side.json";
        _folder.Write(reportFile, stream => JsonSerializer.Serialize(stream, report, CoreJson.Options));
        _report(new SideBySideReady(reportFile));
    }

    private void Measure(ExperimentData data, JobWork.MeasureSegments work, CancellationToken cancellationToken)
    {
        // A part may be told by a column that no model sees.
        var file = TableFile.Read(_job.TableFile, cancellationToken);
        var told = new Table([.. work.Measures.Select(m => m.Column).OfType<string>().Distinct(StringComparer.Ordinal).Select(file.Find).OfType<Column>()], rowCount: file.RowCount);
        foreach (var trial in work.Trials)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (judged, labels, outputs) = data.Judged(ValidationPredictions.Of(trial));
            var rows = told.Take(data.DatasetRows(judged));
            _report(new SegmentsMeasured(trial.Number, [.. work.Measures.Select(m => m.Measure(rows, data.Target.Task, labels, outputs, data.ClassCount, trial.Threshold))]));
        }
    }

    private void Try(Action work)
    {
        try
        {
            work();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _report(new JobFailed(Explanation.OfFailure(e)));
        }
    }

    private void TestModel(ExperimentData data, string modelFile)
    {
        using var file = File.OpenRead(modelFile);
        var pipeline = ModelPackage.Read(file).Pipeline;
        // The test rows already went through the leading steps, so only the rest of the frozen recipe is replayed.
        var rest = new FittedRecipe([.. pipeline.Recipe.Steps.Skip(data.Prepared.Leading.Steps.Count)]);
        var report = FinalReport.Evaluate(data.Split.Test, test =>
        {
            var rows = rest.Replay(test);
            return data.EvaluateOnce(pipeline.Score(rows), data.Target.Labels(rows));
        });
        const string reportFile = "final.json";
        _folder.Write(reportFile, stream => JsonSerializer.Serialize(stream, report, CoreJson.Options));
        _report(new FinalReportReady(reportFile));
    }
}
