namespace ModelWorkbench.Core.Trainers;

/// <summary>Rows that a trainer puts aside itself, to see when to stop, where nobody gave it any.</summary>
internal static class HoldOut
{
    /// <summary>Every eighth row: 12.5 %.</summary>
    private const int Every = 8;

    // With fewer, those put aside tell less than they cost.
    private const int SmallestRowCount = 200;

    /// <summary>What to learn from, and what to judge by when to stop: the rows that the context gives, else some of the data's own where there are enough.</summary>
    /// <returns>Judged is null where nothing says when to stop: the number of iterations is given, or the rows are too few.</returns>
    public static (TrainingData Learnt, TrainingData? Judged) ForStopping(TrainingData data, TrainingContext context)
    {
        if (context.Iterations is not null) return (data, null);
        if (context.Validation is { } judged) return (data, judged);
        return data.Labels.Length >= SmallestRowCount ? Split(data, context.Seed) : (data, null);
    }

    /// <summary>Holds out rows evenly over the sorted labels, so that class shares, or the spread of numbers, are those of all rows.</summary>
    private static (TrainingData Learnt, TrainingData HeldOut) Split(TrainingData data, int seed)
    {
        var order = Enumerable.Range(0, data.Labels.Length).ToArray();
        var random = new Random(seed);
        random.Shuffle(order);
        var sorted = order.OrderBy(r => data.Labels[r]).ToArray();
        var first = random.Next(Every);
        int[] heldOut = [.. sorted.Where((_, i) => i % Every == first).Order()];
        return (data.Take([.. Enumerable.Range(0, data.Labels.Length).Except(heldOut)]), data.Take(heldOut));
    }
}
