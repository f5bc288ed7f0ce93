namespace ModelWorkbench.Workbench.Jobs;

/// <summary>One more of something than one person may have waiting or running; the message is for the person.</summary>
public sealed class LimitException(string message) : Exception(message)
{
    /// <param name="what">In the plural, such as "experiments".</param>
    /// <param name="setting">Name of the setting; 0 there is no limit.</param>
    /// <exception cref="LimitException">There are as many as there may be.</exception>
    public static void ThrowIfReached(int found, int most, string what, string setting)
    {
        if (most > 0 && found >= most) throw new LimitException($"{found} {what} of yours wait or run; expected fewer than {most}. Wait until some are done, or end some that are no longer wanted. Whoever operates the workbench can set another limit ({setting}).");
    }
}

/// <summary>The order in which work of several people is done: person by person in turn, of each the one that waits the longest.</summary>
public static class Turns
{
    /// <summary>Puts what waits into the order in which it will be done if nothing is added.</summary>
    /// <param name="waiting">Of each person in the order that the person wants.</param>
    /// <param name="personOf">Null for nobody, who is a person like any other.</param>
    /// <param name="lastTurnOf">When something of a person began last; null for never. Who has waited longest for a turn is next.</param>
    public static IReadOnlyList<T> InTurn<T>(IEnumerable<T> waiting, Func<T, int?> personOf, Func<int?, DateTimeOffset?> lastTurnOf)
    {
        var persons = waiting.GroupBy(item => personOf(item) ?? 0).Select(group => (Items: group.ToArray(), LastTurn: lastTurnOf(personOf(group.First())) ?? DateTimeOffset.MinValue)).OrderBy(p => p.LastTurn).ToArray();
        List<T> order = [];
        for (var round = 0; persons.Any(p => p.Items.Length > round); round++) order.AddRange(persons.Where(p => p.Items.Length > round).Select(p => p.Items[round]));
        return order;
    }
}

/// <summary>Work that waits in memory, taken person by person in turn.</summary>
public sealed class FairQueue<T>
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _filled = new(0);
    private readonly Dictionary<int, Queue<T>> _waiting = [];
    private readonly Queue<int> _turns = [];

    public int CountOf(int? person)
    {
        lock (_lock) return _waiting.TryGetValue(person ?? 0, out var own) ? own.Count : 0;
    }

    public void Add(int? person, T item)
    {
        lock (_lock)
        {
            if (!_waiting.TryGetValue(person ?? 0, out var own))
            {
                _waiting[person ?? 0] = own = [];
                _turns.Enqueue(person ?? 0);
            }
            own.Enqueue(item);
        }
        _filled.Release();
    }

    /// <summary>Waits for the next one.</summary>
    public async Task<T> TakeAsync(CancellationToken cancellationToken)
    {
        await _filled.WaitAsync(cancellationToken);
        lock (_lock)
        {
            var person = _turns.Dequeue();
            var item = _waiting[person].Dequeue();
            // Behind the others; who has nothing more begins there with the next thing anyway.
            if (_waiting[person].Count > 0) _turns.Enqueue(person);
            else _waiting.Remove(person);
            return item;
        }
    }
}
