using System.Collections.Concurrent;

namespace ModelWorkbench.Core.Datasets;

/// <summary>Threads that each own some columns and see every batch in order, while the caller reads the next ones.</summary>
/// <remarks>Queues are short: a slow reader of batches holds up their maker, so memory does not grow with the file.</remarks>
internal sealed class ColumnWorkers : IDisposable
{
    private const int QueueLength = 4;

    /// <summary>More could not be fed by the one that reads.</summary>
    private const int MaxThreads = 8;

    private readonly CancellationTokenSource _stop;
    private readonly BlockingCollection<RecordBatch>[] _queues;
    private readonly Task[] _workers;
    private readonly ConcurrentBag<RecordBatch> _free = [];
    private readonly int _columnCount;
    private Exception? _failure;

    /// <param name="columnCount">Columns of the table.</param>
    /// <param name="work">Called by the thread that owns the columns: the batch, the first column, and the step to the next.</param>
    /// <param name="done">Called when all threads have read a batch, in the order of the batches.</param>
    /// <param name="ct">Stops all.</param>
    public ColumnWorkers(int columnCount, Action<RecordBatch, int, int> work, Action<RecordBatch> done, CancellationToken ct)
    {
        _columnCount = columnCount;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var count = Math.Clamp(columnCount, 1, Math.Min(Environment.ProcessorCount, MaxThreads));
        _queues = [.. Enumerable.Range(0, count).Select(_ => new BlockingCollection<RecordBatch>(QueueLength))];
        _workers = [.. _queues.Select((queue, first) => Task.Factory.StartNew(() => Run(queue, first, count, work, done), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
    }

    /// <summary>Cancelled when a thread has failed or the caller's token is.</summary>
    public CancellationToken Stopped => _stop.Token;

    public RecordBatch Rent()
    {
        if (!_free.TryTake(out var batch)) batch = new RecordBatch(_columnCount);
        batch.Clear();
        return batch;
    }

    /// <exception cref="OperationCanceledException">A thread failed; <see cref="Finish"/> throws the cause.</exception>
    public void Hand(RecordBatch batch)
    {
        batch.Readers = _queues.Length;
        foreach (var queue in _queues) queue.Add(batch, _stop.Token);
    }

    /// <summary>Waits for all batches to be read; throws what a thread threw.</summary>
    public void Finish(CancellationToken ct)
    {
        foreach (var queue in _queues) queue.CompleteAdding();
        Task.WaitAll(_workers, CancellationToken.None);
        if (_failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
        ct.ThrowIfCancellationRequested();
    }

    private void Run(BlockingCollection<RecordBatch> queue, int first, int step, Action<RecordBatch, int, int> work, Action<RecordBatch> done)
    {
        try
        {
            foreach (var batch in queue.GetConsumingEnumerable(_stop.Token))
            {
                work(batch, first, step);
                if (Interlocked.Decrement(ref batch.Readers) > 0) continue;
                done(batch);
                _free.Add(batch);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The caller knows, or another thread has failed and says why.
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _failure, e, null);
            _stop.Cancel();
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        foreach (var queue in _queues) queue.CompleteAdding();
        Task.WaitAll(_workers, CancellationToken.None);
        foreach (var queue in _queues) queue.Dispose();
        _stop.Dispose();
    }
}
