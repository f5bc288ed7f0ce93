using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Serving;

/// <summary>A model ready to answer requests from any number of threads: each takes a <see cref="Prediction"/> and gives it back.</summary>
public sealed class Predictor
{
    private readonly ConcurrentBag<Prediction> _idle = [];
    private readonly int _mostIdle = 2 * Environment.ProcessorCount;

    public Predictor(ModelPackage package)
    {
        Package = package;
        Encoder = RowEncoder.TryMake(package);
        if (package.Pipeline.Target.Task != LearningTask.Regression) ClassNames = new JsonNames(package.Pipeline.Target.Classes);
    }

    public ModelPackage Package { get; }

    public Signature Signature => Package.Manifest.Signature;

    public Target Target => Package.Pipeline.Target;

    /// <summary>The names of the classes, ready to be written; null for regression.</summary>
    public JsonNames? ClassNames { get; }

    /// <summary>Whether rows go to the model without a table in between.</summary>
    public bool IsDirect => Encoder is not null;

    internal RowEncoder? Encoder { get; }

    /// <summary>What tells why the model answers as it does; made when it is asked for first.</summary>
    public RowExplainer Explainer => LazyInitializer.EnsureInitialized(ref _explainer, () => new RowExplainer(Package));

    private RowExplainer? _explainer;

    /// <summary>An empty prediction; dispose it to give it back.</summary>
    public Prediction Begin() => _idle.TryTake(out var idle) ? idle : new Prediction(this);

    internal void TakeBack(Prediction prediction)
    {
        if (_idle.Count < _mostIdle) _idle.Add(prediction);
    }
}

/// <summary>One request under way: its rows, then the model's answers. Belongs to one thread at a time, and is used again for another request after it is disposed.</summary>
public sealed class Prediction : IDisposable
{
    private const int KeptOutputs = 1 << 18;

    // Features of so many rows, at most, are encoded before they are scored together; about what a core's cache holds.
    private const int MostBlockFeatures = 1 << 18;
    private const int MostBlockRows = 4096;

    private readonly Predictor _predictor;
    private readonly int _blockRows;
    private float[] _features;
    private double[] _outputs = [];

    internal Prediction(Predictor predictor)
    {
        _predictor = predictor;
        Rows = new RowBatch(predictor.Signature);
        var width = predictor.Encoder?.FeatureCount ?? 0;
        _features = new float[width];
        _blockRows = Math.Clamp(MostBlockFeatures / Math.Max(1, width), 1, MostBlockRows);
        OutputCount = predictor.Package.Pipeline.Scorer.OutputCount;
    }

    public Predictor Predictor => _predictor;

    public RowBatch Rows { get; }

    /// <summary>Number of classes, or 1 for regression.</summary>
    public int OutputCount { get; }

    /// <summary>How much of the answers the caller is told.</summary>
    public Disclosure Disclosure { get; set; } = Disclosure.Full;

    /// <summary>What the caller calls this request, or null.</summary>
    public string? RequestId { get; set; }

    /// <summary>A name for a request that came without one, for the dialects that always answer with one; null for none.</summary>
    public string? MadeId { get; set; }

    /// <summary>The interval that the caller wants around each number, or null.</summary>
    internal PredictionInterval? Interval { get; set; }

    /// <summary>Which of the outputs the caller wants, in which order; empty for all.</summary>
    internal List<string> WantedOutputs { get; } = [];

    /// <summary>Whether outputs are wanted as bytes after the JSON, where nothing else is said of one.</summary>
    internal bool WantsBytes { get; set; }

    /// <summary>What is said of single outputs: whether they are wanted as bytes.</summary>
    internal Dictionary<string, bool> BytesByOutput { get; } = new(0, StringComparer.Ordinal);

    /// <summary>So many rows are explained in one request: it takes far longer than to answer them.</summary>
    public const int MostExplainedRows = 100;

    /// <summary>Whether the caller wants to know what each column adds to the answers.</summary>
    public bool WantsExplanation { get; set; }

    /// <summary>One a row, where they are wanted; null else.</summary>
    public RowContributions[]? Contributions { get; private set; }

    /// <summary>Whether the caller wants columns of answers rather than a list.</summary>
    internal bool WantsColumns { get; set; }

    /// <summary>The model's answers to one row: a probability a class, or the number.</summary>
    public ReadOnlySpan<double> Outputs(int row) => _outputs.AsSpan(row * OutputCount, OutputCount);

    /// <summary>Position of the class that is the answer.</summary>
    public int AnsweredClass(int row) => _predictor.Target.Decide(Outputs(row));

    /// <summary>Answers all rows.</summary>
    /// <exception cref="InvalidOperationException">The rows have problems.</exception>
    public void Score(CancellationToken cancellationToken)
    {
        if (Rows.Problems.Count > 0) throw new InvalidOperationException($"The rows cannot be scored: {Rows.Problems[0]}");
        var length = Rows.RowCount * OutputCount;
        if (_outputs.Length < length) _outputs = new double[Math.Max(length, Math.Min(2 * _outputs.Length, KeptOutputs))];
        if (_predictor.Encoder is not { } encoder || !ScoreDirectly(encoder, cancellationToken)) _predictor.Package.Pipeline.Predict(Rows.ToTable()).CopyTo(_outputs, 0);
        if (WantsExplanation) Contributions = _predictor.Explainer.Explain(Rows.ToTable(), cancellationToken);
    }

    private bool ScoreDirectly(RowEncoder encoder, CancellationToken cancellationToken)
    {
        var scorer = _predictor.Package.Pipeline.Scorer;
        var width = encoder.FeatureCount;
        var most = Math.Min(_blockRows, Rows.RowCount);
        if (_features.Length < most * width) _features = new float[most * width];
        for (var first = 0; first < Rows.RowCount; first += most)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = Math.Min(most, Rows.RowCount - first);
            if (!TryEncode(encoder, Rows, first, count, _features)) return false;
            scorer.ScoreRows(_features, width, count, _outputs.AsSpan(first * OutputCount, count * OutputCount));
        }
        return true;
    }

    // Called seldom and at work for long: compiled well at once.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryEncode(RowEncoder encoder, RowBatch rows, int first, int count, float[] features)
    {
        var width = encoder.FeatureCount;
        for (var i = 0; i < count; i++)
            if (!encoder.TryEncode(rows, first + i, features.AsSpan(i * width, width))) return false;
        return true;
    }

    internal void Clear()
    {
        Rows.Clear();
        (RequestId, MadeId) = (null, null);
        Interval = null;
        WantedOutputs.Clear();
        (WantsColumns, WantsExplanation, WantsBytes) = (false, false, false);
        BytesByOutput.Clear();
        Contributions = null;
    }

    public void Dispose()
    {
        Clear();
        // Not there: a body that is read a second time is answered under the same terms.
        Disclosure = Disclosure.Full;
        if (_outputs.Length > KeptOutputs) _outputs = [];
        _predictor.TakeBack(this);
    }
}
