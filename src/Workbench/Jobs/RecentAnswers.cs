using System.Collections.Concurrent;

namespace ModelWorkbench.Workbench.Jobs;

/// <summary>Answers that are computed when somebody asks; the last ones are remembered, as they follow from files that never change.</summary>
/// <param name="most">How many are remembered.</param>
internal sealed class RecentAnswers<T>(int most) : IDisposable where T : class
{
    private readonly ConcurrentDictionary<string, T> _remembered = [];
    private readonly ConcurrentQueue<string> _order = [];

    // One at a time: a second reader of the same page finds the first one's answer, and other work keeps its cores.
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Null where nobody asked, or not lately.</summary>
    public T? Remembered(string key) => _remembered.GetValueOrDefault(key);

    /// <param name="key">What the answer follows from.</param>
    /// <param name="compute">The answer, or why there is none.</param>
    /// <param name="cancellationToken">Ends the waiting; what others wait for is computed then for them.</param>
    public async Task<(T? Answer, string? WhyNot)> FindAsync(string key, Func<Task<(T? Answer, string? WhyNot)>> compute, CancellationToken cancellationToken)
    {
        if (Remembered(key) is { } known) return (known, null);
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (Remembered(key) is { } remembered) return (remembered, null);
            var (answer, whyNot) = await compute();
            if (answer is null) return (null, whyNot);
            _remembered[key] = answer;
            _order.Enqueue(key);
            if (_order.Count > most && _order.TryDequeue(out var oldest)) _remembered.TryRemove(oldest, out _);
            return (answer, null);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();
}
