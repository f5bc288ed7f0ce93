using System.Collections.Concurrent;
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

    private readonly Predictor _predictor;
    private readonly float[] _features;
    private double[] _outputs = [];

    internal Prediction(Predictor predictor)
    {
        _predictor = predictor;
        Rows = new RowBatch(predictor.Signature);
        _features = new float[predictor.Encoder?.FeatureCount ?? 0];
        OutputCount = predictor.Package.Pipeline.Scorer.OutputCount;
    }

    public Predictor Predictor => _predictor;

    public RowBatch Rows { get; }

    /// <summary>Number of classes, or 1 for regression.</summary>
    public int OutputCount { get; }

    /// <summary>What the caller calls this request, or null.</summary>
    public string? RequestId { get; set; }

    /// <summary>The interval that the caller wants around each number, or null.</summary>
    internal PredictionInterval? Interval { get; set; }

    /// <summary>Which of the outputs the caller wants, in which order; empty for all.</summary>
    internal List<string> WantedOutputs { get; } = [];

    /// <summary>Whether the caller wants columns of answers rather than a list.</summary>
    internal bool WantsColumns { get; set; }

    /// <summary>The model's answers to one row: a probability a class, or the number.</summary>
    public ReadOnlySpan<double> Outputs(int row) => _outputs.AsSpan(row * OutputCount, OutputCount);

    /// <summary>Position of the likeliest class; the first of several.</summary>
    public int LikeliestClass(int row)
    {
        var outputs = Outputs(row);
        var best = 0;
        for (var i = 1; i < outputs.Length; i++)
            if (outputs[i] > outputs[best]) best = i;
        return best;
    }

    /// <summary>Answers all rows.</summary>
    /// <exception cref="InvalidOperationException">The rows have problems.</exception>
    public void Score(CancellationToken cancellationToken)
    {
        if (Rows.Problems.Count > 0) throw new InvalidOperationException($"The rows cannot be scored: {Rows.Problems[0]}");
        var length = Rows.RowCount * OutputCount;
        if (_outputs.Length < length) _outputs = new double[Math.Max(length, Math.Min(2 * _outputs.Length, KeptOutputs))];
        if (_predictor.Encoder is { } encoder && ScoreDirectly(encoder, cancellationToken)) return;
        _predictor.Package.Pipeline.Predict(Rows.ToTable()).CopyTo(_outputs, 0);
    }

    private bool ScoreDirectly(RowEncoder encoder, CancellationToken cancellationToken)
    {
        var scorer = _predictor.Package.Pipeline.Scorer;
        for (var row = 0; row < Rows.RowCount; row++)
        {
            if ((row & 1023) == 1023) cancellationToken.ThrowIfCancellationRequested();
            if (!encoder.TryEncode(Rows, row, _features)) return false;
            scorer.Score(_features, _outputs.AsSpan(row * OutputCount, OutputCount));
        }
        return true;
    }

    internal void Clear()
    {
        Rows.Clear();
        RequestId = null;
        Interval = null;
        WantedOutputs.Clear();
        WantsColumns = false;
    }

    public void Dispose()
    {
        Clear();
        if (_outputs.Length > KeptOutputs) _outputs = [];
        _predictor.TakeBack(this);
    }
}
