using System.Collections.Concurrent;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Experiments;

/// <summary>Rows to learn from, and rows to be judged on, after the recipe was fitted on the former.</summary>
/// <param name="Recipe">As fitted.</param>
/// <param name="Training">Features of the training rows.</param>
/// <param name="TrainingLabels">One a row.</param>
/// <param name="Validation">Features of the validation rows; null where all training rows are learnt from.</param>
/// <param name="ValidationLabels">One a row; empty where there are none.</param>
/// <param name="TrainingWeights">One a row, their mean 1; null where all count alike.</param>
/// <param name="ValidationWeights">In the same measure, for telling when to stop; null where all count alike, or there are none.</param>
internal sealed record PreparedPart(FittedRecipe Recipe, Table Training, float[] TrainingLabels, Table? Validation, float[] ValidationLabels, float[]? TrainingWeights, float[]? ValidationWeights);

/// <param name="Encoder">Fitted on the training rows.</param>
/// <param name="Training">What a trainer learns from.</param>
/// <param name="Validation">Null where there are none.</param>
internal sealed record EncodedPart(FittedFeatureEncoder Encoder, FeatureMatrix Training, FeatureMatrix? Validation)
{
    /// <summary>The features of some of the columns.</summary>
    public EncodedPart Keep(IReadOnlySet<string> columns)
    {
        var encoder = new FittedFeatureEncoder(Encoder.Encoding, [.. Encoder.Columns.Where(c => columns.Contains(c.Column))]);
        int[] kept = [.. Encoder.SourceColumns.Index().Where(f => columns.Contains(f.Item)).Select(f => f.Index)];
        return new EncodedPart(encoder, Take(Training), Validation is null ? null : Take(Validation));

        FeatureMatrix Take(FeatureMatrix all)
        {
            var values = new float[(long)all.RowCount * kept.Length];
            for (var row = 0; row < all.RowCount; row++)
                for (var i = 0; i < kept.Length; i++) values[((long)row * kept.Length) + i] = all.Row(row)[kept[i]];
            return new FeatureMatrix(values, all.RowCount, encoder.FeatureNames);
        }
    }
}

/// <summary>What all trials of an experiment share: the split, and for every fold the recipe and the encodings, each fitted once. Safe for several threads.</summary>
internal sealed class ExperimentData
{
    /// <summary>Encoded features beyond this are made anew for each fit rather than kept.</summary>
    private const long MostKeptNumbers = 256L << 20;

    private readonly Lazy<PreparedPart>[] _folds;
    private readonly Lazy<PreparedPart> _all;
    private readonly Lazy<PairedBootstrap> _bootstrap;
    private readonly ConcurrentDictionary<(int Fold, FeatureEncoding Encoding), Lazy<EncodedPart>> _encoded = [];
    private readonly IReadOnlyDictionary<int, float>? _weights;
    private readonly int[] _lines;
    private long _keptNumbers;

    public ExperimentData(ExperimentPlan plan, string tableFile, CancellationToken cancellationToken)
    {
        Plan = plan;
        Metric = Metric.Parse(plan.MetricId);
        var table = TableFile.Read(tableFile, cancellationToken);
        _weights = Weighting.Read(table);
        _lines = table.LineNumbers.ToArray();
        (Source, Prepared) = plan.Prepare(table, cancellationToken);
        Target = Target.Create(Prepared.Rows, plan.Target, plan.Task);
        (Split, Folds) = plan.SplitRows(Prepared);
        CanLogTarget = Target.Task == LearningTask.Regression && TargetSkew.CanLog(Target.Labels(Split.Training.Table));
        _folds = [.. Folds.Select(fold => new Lazy<PreparedPart>(() => Prepare(fold.Training, fold.Validation)))];
        _all = new Lazy<PreparedPart>(() => Prepare(Split.Training, null));
        _bootstrap = new Lazy<PairedBootstrap>(() => Draws([.. _folds.Select(f => new JudgedFold(f.Value.ValidationLabels, f.Value.Validation!.LineNumbers.ToArray()))]));
    }

    public ExperimentPlan Plan { get; }
    public Metric Metric { get; }
    private RowWeighting Weighting => Plan.Weights ?? RowWeighting.None;

    /// <summary>The file's rows whose target is known.</summary>
    public Table Source { get; }

    public PreparedTable Prepared { get; }
    public Target Target { get; }
    public DataSplit Split { get; }
    public IReadOnlyList<Fold> Folds { get; }

    /// <summary>Whether models may learn the logarithm of the target; decided on training rows.</summary>
    public bool CanLogTarget { get; }

    public int ClassCount => Math.Max(1, Target.Classes.Count);

    /// <summary>Stands for all training rows where a fold is asked for.</summary>
    public const int All = -1;

    /// <summary>Of the rows that a fold learns from, before encoding: for questions asked before any fold is fitted.</summary>
    public TrainingShape RoughShape => new(Plan.Task, Folds.Max(f => f.Training.Table.RowCount), Split.Training.Table.ColumnCount - 1, Target.Classes.Count) { CanLogTarget = CanLogTarget, IsWeighted = Plan.IsWeighted };

    /// <summary>The 0-based rows of the dataset that these rows were read from; -1 where there is none.</summary>
    public int[] DatasetRows(Table rows)
    {
        var found = new int[rows.RowCount];
        for (var row = 0; row < found.Length; row++) found[row] = Math.Max(-1, Array.BinarySearch(_lines, rows.LineNumbers[row]));
        return found;
    }

    /// <summary>Some rows to learn from: of classes each its share, so that a rare one is not lost by chance.</summary>
    /// <param name="labels">Of the rows to draw from.</param>
    /// <param name="count">All rows where there are no more.</param>
    /// <returns>0-based, ascending.</returns>
    public int[] Draw(float[] labels, int count) =>
        Target.Task == LearningTask.Regression ? RowSample.Take(labels.Length, count, Plan.Split.Seed) : PartSample.OfClasses(labels, count, Plan.Split.Seed);

    /// <param name="fold">0-based, or <see cref="All"/>.</param>
    public PreparedPart Part(int fold) => fold == All ? _all.Value : _folds[fold].Value;

    /// <summary>The truth of the validation rows of all folds.</summary>
    public IReadOnlyList<float[]> ValidationLabels => [.. _folds.Select(f => f.Value.ValidationLabels)];

    internal const string NoColumn = "No column is left to learn from: all are constant, empty or dropped by the recipe.";

    /// <exception cref="TrainingFailedException">No column is left to learn from.</exception>
    public EncodedPart Encode(int fold, FeatureEncoding encoding, CancellationToken cancellationToken)
    {
        if (_encoded.TryGetValue((fold, encoding), out var kept)) return kept.Value;
        if (Interlocked.Read(ref _keptNumbers) > MostKeptNumbers) return Make();
        // A cancelled or failed attempt is not kept: the next trial may have more time.
        var entry = _encoded.GetOrAdd((fold, encoding), _ => new Lazy<EncodedPart>(Make, LazyThreadSafetyMode.PublicationOnly));
        return entry.Value;

        EncodedPart Make()
        {
            var part = Part(fold);
            var encoder = FeatureEncoder.Fit(part.Training, encoding, cancellationToken);
            if (encoder.FeatureNames.Count == 0)
                throw new TrainingFailedException(NoColumn);
            var made = new EncodedPart(encoder, encoder.Encode(part.Training), part.Validation is null ? null : encoder.Encode(part.Validation));
            Interlocked.Add(ref _keptNumbers, made.Training.Values.Length + (made.Validation?.Values.Length ?? 0));
            return made;
        }
    }

    /// <summary>The figures of a fold's validation rows, without matrix and curves.</summary>
    public EvaluationReport EvaluateFold(int fold, double[] outputs) => Evaluate(outputs, Part(fold).ValidationLabels, figuresOnly: true);

    private EvaluationReport Evaluate(double[] outputs, float[] labels, bool figuresOnly = false) => Target.Task == LearningTask.Regression
        ? Evaluator.Regression(Array.ConvertAll(labels, l => (double)l), outputs, figuresOnly)
        : Evaluator.Classification(Target.Classes, Array.ConvertAll(labels, l => (int)l), outputs, figuresOnly);

    /// <summary>Draws of the validation rows: how far figures hang on which rows there happen to be.</summary>
    public PairedBootstrap Bootstrap => _bootstrap.Value;

    /// <summary>Reports on the validation rows of all folds, with intervals.</summary>
    /// <param name="outputs">By fold.</param>
    /// <param name="metrics">Means over the folds.</param>
    public EvaluationReport EvaluateValidation(IReadOnlyList<double[]> outputs, IReadOnlyDictionary<string, double?> metrics) =>
        Evaluate([.. outputs.SelectMany(o => o)], [.. ValidationLabels.SelectMany(l => l)]) with { Metrics = metrics, Intervals = Bootstrap.Intervals(outputs) };

    /// <summary>Reports on rows that are judged once, with intervals.</summary>
    public EvaluationReport EvaluateOnce(double[] outputs, float[] labels) =>
        Evaluate(outputs, labels) with { Intervals = Draws([JudgedFold.Of(labels)]).Intervals([outputs]) };

    /// <summary>The validation rows as they stand in the file, each once, with the truth and the mean of the answers.</summary>
    /// <exception cref="InvalidOperationException">The answers are not of these rows.</exception>
    public (Table Rows, float[] Labels, double[] Outputs) Judged(ValidationPredictions predictions)
    {
        var width = ClassCount;
        if (!predictions.Outputs.Select(o => o.Length).SequenceEqual(ValidationLabels.Select(l => l.Length * width))) throw new InvalidOperationException("The predictions are not of the validation rows as they are split now.");
        var positions = new Dictionary<int, int>();
        for (var row = 0; row < Source.RowCount; row++) positions.TryAdd(Source.LineNumbers[row], row);
        var (rows, labels, sums, counts) = (new List<int>(), new List<float>(), new List<double[]>(), new List<int>());
        var places = new Dictionary<int, int>();
        foreach (var (fold, outputs) in predictions.Outputs.Index())
        {
            var part = Part(fold);
            var lines = part.Validation!.LineNumbers;
            for (var i = 0; i < lines.Length; i++)
            {
                if (!positions.TryGetValue(lines[i], out var source)) continue;
                if (!places.TryGetValue(source, out var place))
                {
                    places.Add(source, place = rows.Count);
                    rows.Add(source);
                    labels.Add(part.ValidationLabels[i]);
                    sums.Add(new double[width]);
                    counts.Add(0);
                }
                counts[place]++;
                for (var k = 0; k < width; k++) sums[place][k] += outputs[(i * width) + k];
            }
        }
        return (Source.Take([.. rows]), [.. labels], [.. sums.SelectMany((sum, place) => sum.Select(s => s / counts[place]))]);
    }

    private PairedBootstrap Draws(IReadOnlyList<JudgedFold> folds) => new(Target.Task, ClassCount, folds, Plan.Split.Seed);

    private PreparedPart Prepare(TrainingRows training, ValidationRows? validation)
    {
        var (recipe, rows) = Prepared.Rest.FitAndReplay(training, Target.Column);
        var judged = validation is null ? null : recipe.Replay(validation.Table);
        var (labels, judgedLabels) = (Target.Labels(rows), judged is null ? [] : Target.Labels(judged));
        var (weights, judgedWeights) = Weighting.Of(_weights, rows, labels, judged, judgedLabels, ClassCount);
        return new PreparedPart(recipe, rows.Without([Target.Column]), labels, judged?.Without([Target.Column]), judgedLabels, weights, judgedWeights);
    }
}
