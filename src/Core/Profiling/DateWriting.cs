using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Profiling;

/// <summary>How the dates in a column of texts are written, on the evidence of all its values together.</summary>
/// <param name="Orders">The orders of day, month and year that read most of the rows, the likeliest first; more than one where nothing tells them apart.</param>
/// <param name="ReadCount">Rows that are read as dates.</param>
/// <param name="UnreadCount">Rows that hold something else.</param>
/// <param name="Doubts">What the texts leave open and how it is taken, a sentence each.</param>
public sealed record DateWriting(IReadOnlyList<DatePartOrder> Orders, int ReadCount, int UnreadCount, IReadOnlyList<string> Doubts)
{
    private const double FewestRead = 0.8;
    private const int FirstLook = 100;
    private static readonly DatePartOrder[] Likeliest = [DatePartOrder.YearFirst, DatePartOrder.MonthFirst, DatePartOrder.DayFirst];

    /// <param name="texts">The different texts that are neither missing nor stand for it.</param>
    /// <param name="counts">Rows of each.</param>
    /// <param name="unread">Indexes into <paramref name="texts"/> of those that are no dates.</param>
    /// <returns>Null where less than four in five rows hold a date.</returns>
    internal static DateWriting? Of(IReadOnlyList<string> texts, IReadOnlyList<int> counts, out int[] unread)
    {
        unread = [];
        // Trying every way of writing takes long; most columns of texts show at once that they hold no dates.
        var orders = Likeliest.Where(order => Read(texts, counts, order, FirstLook) is var (first, _, of) && first >= 0.5 * of && of > 0).ToArray();
        if (orders.Length == 0) return null;
        var readings = orders.Select(order => (Order: order, Read: Read(texts, counts, order, texts.Count))).ToArray();
        var most = readings.Max(r => r.Read.Rows);
        var total = counts.Sum();
        if (most < FewestRead * total) return null;
        var best = readings.Where(r => r.Read.Rows == most).ToArray();
        unread = [.. Enumerable.Range(0, texts.Count).Where(i => best[0].Read.Ticks[i] == DateTimeColumn.MissingTicks)];
        var doubts = new List<string>();
        if (best.Length > 1 && Enumerable.Range(0, texts.Count).FirstOrDefault(i => best.Select(r => r.Read.Ticks[i]).Distinct().Count() > 1, -1) is >= 0 and var either)
        {
            var moments = best.Select(r => new DateTimeColumn("", [r.Read.Ticks[either]]).GetText(0)).Distinct().ToArray();
            doubts.Add($"'{texts[either]}' could be {string.Join(" or ", moments)}, and no value tells which: it is read as {moments[0]}.");
        }
        return new DateWriting([.. best.Select(r => r.Order)], most, total - most, doubts);
    }

    private static (int Rows, long[] Ticks, int Of) Read(IReadOnlyList<string> texts, IReadOnlyList<int> counts, DatePartOrder order, int most)
    {
        var reader = new DateTexts(order);
        var ticks = new long[Math.Min(most, texts.Count)];
        var (rows, of) = (0, 0);
        for (var i = 0; i < ticks.Length; i++)
        {
            ticks[i] = reader.Read(texts[i]);
            of += counts[i];
            if (ticks[i] != DateTimeColumn.MissingTicks) rows += counts[i];
        }
        return (rows, ticks, of);
    }
}
