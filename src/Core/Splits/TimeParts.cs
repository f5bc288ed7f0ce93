using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Splits;

/// <summary>Rows in order of time, and the places where they can be cut so that equal times stay on one side.</summary>
internal sealed class TimeParts
{
    private readonly int[] _rows;

    // Where in the order a new time begins, without the first.
    private readonly int[] _edges;

    private TimeParts(int[] rows, int[] edges) => (_rows, _edges) = (rows, edges);

    /// <param name="by">Dates or numbers, none missing.</param>
    public static TimeParts Of(Column by)
    {
        var rows = Enumerable.Range(0, by.Length).ToArray();
        if (by is DateTimeColumn dates)
        {
            var ticks = dates.Ticks.ToArray();
            Array.Sort(ticks, rows);
            return new TimeParts(rows, Edges(ticks));
        }
        var numbers = ((NumericColumn)by).Values.ToArray();
        Array.Sort(numbers, rows);
        return new TimeParts(rows, Edges(numbers));
    }

    private static int[] Edges<T>(T[] sorted) where T : IEquatable<T> => [.. Enumerable.Range(1, Math.Max(0, sorted.Length - 1)).Where(i => !sorted[i].Equals(sorted[i - 1]))];

    public int DistinctCount => _rows.Length == 0 ? 0 : _edges.Length + 1;

    /// <summary>The cuts nearest to the wanted places, each after the one before, with times to spare for those that follow.</summary>
    /// <param name="wanted">Numbers of rows before each cut, ascending.</param>
    /// <param name="before">How many times must be before the first cut.</param>
    public int[] Cuts(IReadOnlyList<int> wanted, int before = 1)
    {
        var cuts = new int[wanted.Count];
        var first = before - 1;
        for (var i = 0; i < cuts.Length; i++)
        {
            var last = _edges.Length - (cuts.Length - i);
            var edge = Array.BinarySearch(_edges, wanted[i]);
            if (edge < 0)
            {
                edge = ~edge;
                if (edge > 0 && (edge == _edges.Length || wanted[i] - _edges[edge - 1] <= _edges[edge] - wanted[i])) edge--;
            }
            edge = Math.Clamp(edge, first, last);
            cuts[i] = _edges[edge];
            first = edge + 1;
        }
        return cuts;
    }

    /// <summary>The rows from one place in the order to another, ascending.</summary>
    public int[] Rows(int from, int to)
    {
        var rows = _rows[from..to];
        Array.Sort(rows);
        return rows;
    }
}
