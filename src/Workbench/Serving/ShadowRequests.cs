using System.Collections.Concurrent;
using System.Threading.Channels;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>How a shadow answers beside the versions that callers hear.</summary>
public sealed class ShadowFigures
{
    private long _rows, _agreeing, _dropped;

    public long Rows => Volatile.Read(ref _rows);

    /// <summary>Rows with the same class; for numbers, within a hundredth of the answer.</summary>
    public long Agreeing => Volatile.Read(ref _agreeing);

    /// <summary>Requests that were not copied, as the shadow was behind.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    internal void Count(int rows, int agreeing)
    {
        Interlocked.Add(ref _rows, rows);
        Interlocked.Add(ref _agreeing, agreeing);
    }

    internal void CountDropped() => Interlocked.Increment(ref _dropped);
}

/// <summary>Answers copies of requests with a shadow version, after the caller was answered and one at a time. Under load copies are dropped, never requests.</summary>
public sealed class ShadowRequests(LiveModels models, ILogger<ShadowRequests> logger) : BackgroundService
{
    private const int Waiting = 1_000;
    private const int MostRows = 1_000;

    private sealed record Copy(string Endpoint, LiveVersion Shadow, Table Rows, string?[] Answers, double[] Numbers);

    private readonly Channel<Copy> _copies = Channel.CreateBounded<Copy>(new BoundedChannelOptions(Waiting) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly ConcurrentDictionary<(string Endpoint, int Version), ShadowFigures> _figures = new();

    public ShadowFigures FiguresOf(string endpoint, int version) => _figures.GetOrAdd((endpoint, version), _ => new ShadowFigures());

    /// <summary>Takes a copy of an answered request, if there is room.</summary>
    public void Offer(string endpoint, LiveVersion shadow, Prediction prediction)
    {
        if (_copies.Reader.Count >= Waiting || prediction.Rows.RowCount is 0 or > MostRows)
        {
            FiguresOf(endpoint, shadow.Number).CountDropped();
            return;
        }
        var count = prediction.Rows.RowCount;
        var names = prediction.Predictor.ClassNames is null ? null : prediction.Predictor.Target.Classes;
        var copy = new Copy(endpoint, shadow, prediction.Rows.ToTable(),
            names is null ? [] : [.. Enumerable.Range(0, count).Select(row => names[prediction.AnsweredClass(row)])],
            names is null ? [.. Enumerable.Range(0, count).Select(row => prediction.Outputs(row)[0])] : []);
        if (!_copies.Writer.TryWrite(copy)) FiguresOf(endpoint, shadow.Number).CountDropped();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var copy in _copies.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                if (await models.LoadAsync(copy.Endpoint, copy.Shadow, stoppingToken) is { } model) FiguresOf(copy.Endpoint, copy.Shadow.Number).Count(copy.Rows.RowCount, CountAgreeing(model.Package, copy));
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                logger.LogWarning(e, "Endpoint {Name}: the shadow, version {Version}, could not answer a copy", copy.Endpoint, copy.Shadow.Number);
            }
        }
    }

    private static int CountAgreeing(ModelPackage package, Copy copy)
    {
        var outputs = ModelComparison.Answer(package, copy.Rows);
        var target = package.Manifest.Target;
        var agreeing = 0;
        for (var row = 0; row < copy.Rows.RowCount; row++)
        {
            if (target.Task == LearningTask.Regression)
            {
                if (copy.Numbers.Length > row && Math.Abs(outputs[row] - copy.Numbers[row]) <= 0.01 * Math.Max(Math.Abs(copy.Numbers[row]), 1e-9)) agreeing++;
                continue;
            }
            var own = outputs.AsSpan(row * target.Classes.Count, target.Classes.Count);
            if (copy.Answers.Length > row && target.Classes[target.Decide(own)] == copy.Answers[row]) agreeing++;
        }
        return agreeing;
    }
}
