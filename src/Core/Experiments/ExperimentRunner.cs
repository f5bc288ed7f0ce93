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

/// <summary>Runs the trials of one job, one after another, in the process it is called in. Knows no database: a folder in, files and events out.</summary>
public sealed class ExperimentRunner
{
    // Enough for the test form to offer real rows at random.
    private const int GoldenRowCount = 25;
    private const int TimedRowCount = 1_000;
    private const int ImportanceRowCount = 1_000;
    private const int ImportanceRepeats = 3;

    // Time grows with the square of the columns, as each shuffle encodes all of them anew: a wide table gets a coarser answer instead of none.
    private const int WideColumnCount = 100;
    private const int WideImportanceRowCount = 300;
    private const int WideImportanceRepeats = 1;
    private const int PcaRowCount = 20_000;

    private readonly ExperimentJob _job;
    private readonly string _folder;
    private readonly Action<ExperimentEvent> _report;
    private readonly Metric _metric;
    private readonly Table _source;
    private readonly PreparedTable _prepared;
    private readonly Target _target;
    private readonly DataSplit _split;
    private readonly IReadOnlyList<Fold> _folds;

    // The same for all trials of the run, hence computed once.
    private Explanation<PcaReport>? _pca;

    private ExperimentRunner(ExperimentJob job, string folder, Action<ExperimentEvent> report, CancellationToken cancellationToken)
    {
        var plan = job.Plan;
        _job = job;
        _folder = folder;
        _report = report;
        _metric = Metric.Parse(plan.MetricId);
        (_source, _prepared) = plan.Prepare(TableFile.Read(job.TableFile, cancellationToken), cancellationToken);
        _target = Target.Create(_prepared.Rows, plan.Target, plan.Task);
        (_split, _folds) = plan.SplitRows(_prepared);
    }

    /// <summary>Runs all trials of the job. A trial that fails is an event, not an exception.</summary>
    /// <param name="job">What to do.</param>
    /// <param name="folder">Where finished model packages and reports are written.</param>
    /// <param name="report">Told of everything that happens, in order, from one thread at a time.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the trials reported as completed stand.</exception>
    public static void Run(ExperimentJob job, string folder, Action<ExperimentEvent> report, CancellationToken cancellationToken)
    {
        ExperimentRunner runner;
        try
        {
            runner = new ExperimentRunner(job, folder, report, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            report(new JobFailed(Explanation.OfFailure(e)));
            return;
        }
        if (job.ModelFile is { } modelFile) runner.WriteFinalReport(modelFile);
        else runner.RunTrials(cancellationToken);
    }

    private void RunTrials(CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < _job.Trials.Count; i++)
        {
            var (number, trainerId) = _job.Trials[i];
            var trainer = TrainerCatalog.Find(trainerId);
            var shape = new TrainingShape(_job.Plan.Task, _split.Training.Table.RowCount, _split.Training.Table.ColumnCount - 1, _target.Classes.Count);
            if (trainer.WhyNot(shape) is { } reason) { _report(new TrialSkipped(number, reason)); continue; }

            var left = _job.BudgetSeconds - clock.Elapsed.TotalSeconds;
            if (left <= 0) { _report(new TrialSkipped(number, $"The time budget of {_job.Plan.BudgetSeconds} s was used up before it began.")); continue; }
            // Up to twice the fair share, all of it only for the last: a slow family may take time that quick ones left over, but cannot starve those after it.
            var allowance = 2 * left / (_job.Trials.Count - i + 1);
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(TimeSpan.FromSeconds(allowance));
            _report(new TrialStarted(number));
            try
            {
                _report(RunTrial(number, trainer, allowance, deadline.Token, cancellationToken));
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                _report(new TrialFailed(number, $"Not finished within its share of the time budget ({allowance:0.#} s of {_job.Plan.BudgetSeconds} s)."));
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                _report(new TrialFailed(number, Explanation.OfFailure(e)));
            }
        }
    }

    /// <param name="number">The trial.</param>
    /// <param name="trainer">What learns.</param>
    /// <param name="allowance">Seconds for all of the trial.</param>
    /// <param name="deadline">Cancelled when they are over.</param>
    /// <param name="cancellationToken">Cancelled by the person alone.</param>
    private TrialCompleted RunTrial(int number, Trainer trainer, double allowance, CancellationToken deadline, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var fits = _folds.Count + 1;
        Progress(number, 0, Phase(0));
        List<double[]> foldOutputs = [];
        List<float[]> foldLabels = [];
        List<EvaluationReport> foldReports = [];
        (FittedPipeline Pipeline, Table Rows)? first = null;
        for (var fold = 0; fold < _folds.Count; fold++)
        {
            var pipeline = Fit(trainer, _folds[fold].Training, fold);
            var rows = pipeline.Recipe.Replay(_folds[fold].Validation.Table);
            var outputs = pipeline.Score(rows);
            var labels = _target.Labels(rows);
            foldOutputs.Add(outputs);
            foldLabels.Add(labels);
            foldReports.Add(Evaluate(outputs, labels));
            first ??= (pipeline, _folds[fold].Validation.Table);
        }
        var validation = Evaluate([.. foldOutputs.SelectMany(o => o)], [.. foldLabels.SelectMany(l => l)]) with { Metrics = FoldMean.Compute(foldReports) };

        var fitted = Fit(trainer, _split.Training, _folds.Count);
        var trainingSeconds = clock.Elapsed.TotalSeconds;
        var package = Package(trainer, fitted);
        var modelFile = $"trial-{number}.mwm";
        var modelBytes = WriteFile(modelFile, package.Write);

        Progress(number, 0.98, "importance and PCA");
        // The model is finished: explaining it may go beyond the deadline a little, and whatever happens there does not undo the trial.
        _pca ??= Explanation.Run(Pca, ExplanationSeconds(), cancellationToken);
        var importance = Explanation.Run(token => Importance(first!.Value.Pipeline, first.Value.Rows, token), ExplanationSeconds(), cancellationToken);
        var report = new TrialReport(validation, importance.Value, _pca.Value, _pca.WhyNot, importance.WhyNot);
        var reportFile = $"trial-{number}.json";
        WriteFile(reportFile, stream => JsonSerializer.Serialize(stream, report, CoreJson.Options));

        var result = new TrialResult(
            validation.Metrics[_metric.Id], validation.Metrics, [.. foldReports.Select(r => r.Metrics[_metric.Id])], trainingSeconds, PredictionMicroseconds(package),
            modelBytes, _split.Training.Table.RowCount, validation.RowCount, package.Pipeline.Encoder.FeatureNames.Count, trainer.Settings(_job.Plan.Task));
        return new TrialCompleted(number, result, modelFile, reportFile);

        double ExplanationSeconds() => Explanation.Seconds(allowance - clock.Elapsed.TotalSeconds);

        string Phase(int fit) => fit == _folds.Count ? "final fit on all training rows" : _folds.Count == 1 ? "hold-out" : $"fold {fit + 1} of {_folds.Count}";

        FittedPipeline Fit(Trainer trainer, TrainingRows training, int fit)
        {
            deadline.ThrowIfCancellationRequested();
            Progress(number, 0.97 * fit / fits, Phase(fit));
            var (recipe, rows) = _prepared.Rest.FitAndReplay(training, _target.Column);
            var features = rows.Without([_target.Column]);
            var encoder = FeatureEncoder.Fit(features, trainer.Encoding, deadline);
            if (encoder.FeatureNames.Count == 0)
                throw new TrainingFailedException("No column is left to learn from: all are constant, empty or dropped by the recipe.");
            var data = new TrainingData(encoder.Encode(features), _target.Labels(rows), _target.Task, Math.Max(1, _target.Classes.Count));
            var context = new TrainingContext(_job.Plan.Split.Seed, _job.Threads, fraction => Progress(number, 0.97 * (fit + Math.Clamp(fraction, 0, 1)) / fits, Phase(fit)));
            return new FittedPipeline(recipe, encoder, trainer.Train(data, context, deadline), _target);
        }
    }

    private EvaluationReport Evaluate(double[] outputs, float[] labels) => _target.Task == LearningTask.Regression
        ? Evaluator.Regression(Array.ConvertAll(labels, l => (double)l), outputs)
        : Evaluator.Classification(_target.Classes, Array.ConvertAll(labels, l => (int)l), outputs);

    private ModelPackage Package(Trainer trainer, FittedPipeline fitted)
    {
        var recipe = _prepared.Leading.Then(fitted.Recipe);
        var encoded = fitted.Encoder.SourceColumns.ToHashSet(StringComparer.Ordinal);
        // Ranges and choices come from training rows alone: line numbers tell which source rows those are.
        var trainingLines = _split.Training.Table.LineNumbers.ToArray().ToHashSet();
        int[] trainingRows = [.. Enumerable.Range(0, _source.RowCount).Where(row => trainingLines.Contains(_source.LineNumbers[row]))];
        var rows = _source.Take(trainingRows).Without([_target.Column]);
        var signature = Signature.Describe(rows, Signature.UsedColumns(rows.Columns.Select(c => c.Name), recipe, encoded), Signature.ReinterpretedColumns(recipe));
        var sample = rows.Take([.. Enumerable.Range(0, Math.Min(GoldenRowCount, rows.RowCount)).Select(i => i * Math.Max(1, rows.RowCount / GoldenRowCount))]);
        var golden = TextRows.FromTable(signature.Inputs, sample);
        var pipeline = new FittedPipeline(recipe, fitted.Encoder, fitted.Scorer, _target);
        var outputs = pipeline.Predict(TextRows.ToTable(signature.Inputs, golden)).Chunk(fitted.Scorer.OutputCount).ToArray();
        return new ModelPackage(new ModelManifest(trainer.Id, trainer.Name, _target, signature, recipe, fitted.Encoder, new GoldenRows(golden, outputs)), fitted.Scorer);
    }

    private double PredictionMicroseconds(ModelPackage package)
    {
        var rows = _source.Take([.. Enumerable.Range(0, Math.Min(TimedRowCount, _source.RowCount))]);
        package.Pipeline.Predict(rows);
        var best = double.MaxValue;
        for (var i = 0; i < 5; i++)
        {
            var clock = Stopwatch.StartNew();
            package.Pipeline.Predict(rows);
            best = Math.Min(best, clock.Elapsed.TotalMicroseconds);
        }
        return best / rows.RowCount;
    }

    private PermutationImportance Importance(FittedPipeline pipeline, Table validation, CancellationToken cancellationToken)
    {
        var columns = validation.Columns.Select(c => c.Name).Where(n => n != _target.Column).ToArray();
        var wide = columns.Length > WideColumnCount;
        var rows = Sample(validation, wide ? WideImportanceRowCount : ImportanceRowCount);
        var labels = _target.Labels(rows);
        if (Evaluate(pipeline.Predict(rows), labels).Metrics[_metric.Id] is null)
            throw new ArgumentException($"{_metric.Name} is undefined on the {rows.RowCount} validation rows that the columns would be shuffled on.");
        return PermutationImportanceCalculator.Compute(
            rows, columns, shuffled => Evaluate(pipeline.Predict(shuffled), labels).Metrics[_metric.Id]!.Value,
            _metric, wide ? WideImportanceRepeats : ImportanceRepeats, _job.Plan.Split.Seed, null, cancellationToken);
    }

    private PcaReport Pca(CancellationToken cancellationToken)
    {
        var rows = Sample(_prepared.Rest.FitAndReplay(_split.Training, _target.Column).Rows, PcaRowCount);
        var features = rows.Without([_target.Column]);
        var encoder = FeatureEncoder.Fit(features, FeatureEncoding.OneHotStandardized, cancellationToken);
        // Asked before the features of a wide table fill the memory.
        if (PcaReporter.WhyNot(rows.RowCount, encoder.FeatureNames.Count) is { } reason) throw new ArgumentException(reason);
        var labels = _target.Labels(rows);
        var regression = _target.Task == LearningTask.Regression;
        return PcaReporter.Create(
            encoder.Encode(features),
            regression ? null : [.. labels.Select(l => _target.Classes[(int)l])],
            regression ? [.. labels.Select(l => (double)l)] : null,
            standardize: false, _job.Plan.Split.Seed, cancellationToken);
    }

    private Table Sample(Table rows, int count) => rows.RowCount <= count ? rows : rows.Take(RowSample.Take(rows.RowCount, count, _job.Plan.Split.Seed));

    private void WriteFinalReport(string modelFile)
    {
        using var file = File.OpenRead(modelFile);
        var pipeline = ModelPackage.Read(file).Pipeline;
        // The test rows already went through the leading steps, so only the rest of the frozen recipe is replayed.
        var rest = new FittedRecipe([.. pipeline.Recipe.Steps.Skip(_prepared.Leading.Steps.Count)]);
        var report = FinalReport.Evaluate(_split.Test, test =>
        {
            var rows = rest.Replay(test);
            return Evaluate(pipeline.Score(rows), _target.Labels(rows));
        });
        const string reportFile = "final.json";
        WriteFile(reportFile, stream => JsonSerializer.Serialize(stream, report, CoreJson.Options));
        _report(new FinalReportReady(reportFile));
    }

    private void Progress(int number, double fraction, string phase) => _report(new TrialProgressed(number, fraction, phase));

    /// <summary>Written under another name first, so that a file with the final name is always whole.</summary>
    private long WriteFile(string name, Action<Stream> write)
    {
        var path = Path.Combine(_folder, name);
        using (var file = File.Create(path + ".part"))
        {
            write(file);
            file.Flush(flushToDisk: true);
        }
        File.Move(path + ".part", path, overwrite: true);
        return new FileInfo(path).Length;
    }
}
