namespace ModelWorkbench.Core.Trainers;

/// <summary>Rows that a trainer puts aside itself, to see when to stop, where nobody gave it any.</summary>
internal static class HoldOut
{
    /// <summary>Every eighth row: 12.5 %.</summary>
    private const int Every = 8;

    /// <summary>Holds out rows evenly over the sorted labels, so that class shares, or the spread of numbers, are those of all rows.</summary>
    public static (TrainingData Learnt, TrainingData HeldOut) Split(TrainingData data, int seed)
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
