using System.Collections.Concurrent;

namespace ModelWorkbench.Core.Datasets;

/// <summary>A thread that takes parts of a table one after the other, at most two ahead of it.</summary>
internal sealed class ChunkPipe : IDisposable
{
    private readonly BlockingCollection<Table> _queue = new(boundedCapacity: 1);
    private readonly CancellationTokenSource _stop;
    private readonly Task _worker;
    private Exception? _failure;

    public ChunkPipe(Action<Table, CancellationToken> take, CancellationToken ct)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        _worker = Task.Factory.StartNew(() => Run(take), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Waits where the thread is behind; throws what it threw.</summary>
    public void Add(Table chunk)
    {
        try
        {
            _queue.Add(chunk, _stop.Token);
        }
        catch (OperationCanceledException) when (_failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
        }
    }

    /// <summary>Waits until all parts are taken; throws what the thread threw.</summary>
    public void Finish(CancellationToken ct)
    {
        _queue.CompleteAdding();
        Task.WaitAll([_worker], CancellationToken.None);
        if (_failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
        ct.ThrowIfCancellationRequested();
    }

    private void Run(Action<Table, CancellationToken> take)
    {
        try
        {
            foreach (var chunk in _queue.GetConsumingEnumerable(_stop.Token)) take(chunk, _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The caller knows.
        }
        catch (Exception e)
        {
            _failure = e;
            _stop.Cancel();
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        if (!_queue.IsAddingCompleted) _queue.CompleteAdding();
        Task.WaitAll([_worker], CancellationToken.None);
        _queue.Dispose();
        _stop.Dispose();
    }
}
