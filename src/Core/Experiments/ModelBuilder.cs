using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Experiments;

/// <summary>A trial fitted on all training rows.</summary>
/// <param name="Encoding">How its features are made.</param>
/// <param name="Fit">Recipe, encoder, scorer.</param>
internal sealed record FinalFit(FeatureEncoding Encoding, FoldFit Fit);

/// <summary>Makes model packages: fits on all training rows, joins the members of an ensemble, describes inputs, keeps golden rows.</summary>
internal sealed class ModelBuilder(ExperimentData data, TrialRunner runner, int threads)
{
    // Enough for the test form to offer real rows at random.
    private const int GoldenRowCount = 25;

    // A wide row is large: fewer of them then stand for the usual.
    private const int MostBackgroundCells = 50_000;

    private readonly Lazy<Table> _trainingSource = new(() =>
    {
        // Ranges and choices come from training rows alone: line numbers tell which source rows those are.
        var trainingLines = data.Split.Training.Table.LineNumbers.ToArray().ToHashSet();
        int[] rows = [.. Enumerable.Range(0, data.Source.RowCount).Where(row => trainingLines.Contains(data.Source.LineNumbers[row]))];
        return data.Source.Take(rows).Without([data.Target.Column]);
    });

    /// <summary>The training rows as they stand in the file, without the target.</summary>
    public Table TrainingSource => _trainingSource.Value;

    /// <summary>Fits a judged trial on some rows, with as many iterations and the calibration that its folds found.</summary>
    /// <param name="trial">With a result.</param>
    /// <param name="fold">0-based, or <see cref="ExperimentData.All"/>.</param>
    /// <param name="ownThreads">For this fit.</param>
    /// <param name="cancellationToken">Stops soon.</param>
    public FinalFit Refit(FinishedTrial trial, int fold, int ownThreads, CancellationToken cancellationToken)
    {
        var trainer = TrainerCatalog.Find(trial.Spec.TrainerId);
        var fit = runner.Fit(trainer, trial.Spec.Values, fold, null, trial.Result!.Iterations, ownThreads, null, cancellationToken);
        return new FinalFit(trainer.Encoding, fit with { Pipeline = fit.Pipeline with { Scorer = trial.Result.Calibration.Apply(fit.Pipeline.Scorer) } });
    }

    /// <summary>Fits several trials on all training rows, some at a time.</summary>
    public IReadOnlyList<FinalFit> Refit(IReadOnlyList<FinishedTrial> trials, CancellationToken cancellationToken)
    {
        var fits = new FinalFit[trials.Count];
        var parallel = Math.Min(threads, trials.Count);
        // Fitted before the threads share them, so that they are fitted once.
        foreach (var encoding in trials.Select(t => TrainerCatalog.Find(t.Spec.TrainerId).Encoding).Distinct()) data.Encode(ExperimentData.All, encoding, cancellationToken);
        Parallel.For(0, trials.Count, new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken },
            i => fits[i] = Refit(trials[i], ExperimentData.All, Math.Max(1, threads / parallel), cancellationToken));
        return fits;
    }

    /// <summary>One pipeline that gives the weighted mean of several.</summary>
    /// <param name="members">Fitted on the same rows with the same recipe; those of one encoding share its features.</param>
    /// <param name="weights">One a member, above 0, summing to 1.</param>
    /// <param name="sharpness">The power of the probabilities.</param>
    public static FittedPipeline Join(IReadOnlyList<FinalFit> members, IReadOnlyList<double> weights, double sharpness)
    {
        var encoders = new Dictionary<FeatureEncoding, (int First, FittedFeatureEncoder Encoder)>();
        var features = 0;
        foreach (var member in members)
        {
            if (!encoders.TryAdd(member.Encoding, (features, member.Fit.Pipeline.Encoder))) continue;
            features += member.Fit.Pipeline.Encoder.FeatureNames.Count;
        }
        var scorer = new EnsembleScorer(features, [.. members.Select((m, i) => new EnsembleScorerMember(encoders[m.Encoding].First, weights[i], m.Fit.Pipeline.Scorer))], sharpness);
        var first = members[0].Fit.Pipeline;
        var encoder = new FittedFeatureEncoder(members[0].Encoding, [.. encoders.Values.OrderBy(e => e.First).SelectMany(e => e.Encoder.Columns)]);
        return first with { Encoder = encoder, Scorer = scorer };
    }

    /// <param name="validation">What models of the folds answered for rows that they had not seen.</param>
    public ModelPackage Package(string trainerId, string trainerName, FittedPipeline fitted, ValidationPredictions validation)
    {
        var recipe = data.Prepared.Leading.Then(fitted.Recipe);
        var encoded = fitted.Encoder.SourceColumns.ToHashSet(StringComparer.Ordinal);
        var rows = _trainingSource.Value;
        var signature = Signature.Describe(rows, Signature.UsedColumns(rows.Columns.Select(c => c.Name), recipe, encoded), Signature.ReinterpretedColumns(recipe));
        var golden = TextRows.FromTable(signature.Inputs, Evenly(rows, GoldenRowCount));
        var background = TextRows.FromTable(signature.Inputs, Evenly(rows, Math.Clamp(MostBackgroundCells / Math.Max(1, signature.Inputs.Count), GoldenRowCount, RowExplainer.MostBackgroundRows)));
        var pipeline = new FittedPipeline(recipe, fitted.Encoder, fitted.Scorer, data.Target);
        var outputs = pipeline.Predict(TextRows.ToTable(signature.Inputs, golden)).Chunk(fitted.Scorer.OutputCount).ToArray();
        double[] answered = [.. validation.Outputs.SelectMany(o => o)];
        float[] truths = [.. data.ValidationLabels.SelectMany(l => l)];
        return new ModelPackage(new ModelManifest(trainerId, trainerName, data.Target, signature, recipe, fitted.Encoder, new GoldenRows(golden, outputs))
        {
            Intervals = Intervals(validation),
            Calibration = data.Target.Task == LearningTask.Regression ? null : MeasuredCalibration.Measure(answered, truths),
            Background = background,
            Steps = data.Plan.Recipe.Steps,
            Answers = data.Target.Task == LearningTask.Regression ? ValueDistribution.OfNumbers(answered) : CountLikeliest(answered, data.Target.Classes.Count),
        }, fitted.Scorer);
    }

    /// <summary>How far numbers are off, by answers of models of the folds that had not seen the rows; null for classes.</summary>
    public IReadOnlyList<PredictionInterval>? Intervals(ValidationPredictions validation) =>
        data.Target.Task == LearningTask.Regression ? PredictionInterval.Measure([.. validation.Outputs.SelectMany(o => o)], [.. data.ValidationLabels.SelectMany(l => l)]) : null;

    private static Table Evenly(Table rows, int most) =>
        rows.Take([.. Enumerable.Range(0, Math.Min(most, rows.RowCount)).Select(i => i * Math.Max(1, rows.RowCount / most))]);

    private static ValueDistribution CountLikeliest(double[] answered, int classCount)
    {
        var counts = new int[classCount];
        foreach (var row in answered.Chunk(classCount)) counts[Target.Likeliest(row)]++;
        return new ValueDistribution(null, counts, 0);
    }
}
