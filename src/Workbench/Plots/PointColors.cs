using ModelWorkbench.Core.Explanations;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>What the colour of points says.</summary>
/// <param name="Title">The column or measure, for the legend or the colour bar.</param>
public abstract record PointColors(string Title)
{
    /// <summary>One class a point.</summary>
    /// <param name="Of">Null where a point has none; length n.</param>
    public sealed record Classes(string Title, IReadOnlyList<string?> Of) : PointColors(Title);

    /// <summary>One number a point.</summary>
    /// <param name="Of">NaN where a point has none; length n.</param>
    public sealed record Scale(string Title, IReadOnlyList<double> Of) : PointColors(Title)
    {
        /// <summary>What the scale reaches over, values beyond having the colour of its ends; null for all values.</summary>
        public ValueSpan? Span { get; init; } = ValueSpan.Of(Of);
    }

    /// <summary>More classes than this are not told apart: the most frequent keep a colour of their own, the rest share one.</summary>
    public const int MostClasses = 12;

    /// <summary>The points in the series in which they are drawn, together each point once.</summary>
    public IReadOnlyList<PointSeries> Series => this switch
    {
        Classes { Of: var of } => ByClass(of),
        Scale { Of: var of } => Known(of),
        _ => throw new InvalidOperationException($"There are no series for {GetType().Name}."),
    };

    private static List<PointSeries> ByClass(IReadOnlyList<string?> of)
    {
        var groups = Enumerable.Range(0, of.Count).Where(i => of[i] is not null).GroupBy(i => of[i]!).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).ToList();
        // A colour for the rest is no use where the rest is one class.
        var own = groups.Count > MostClasses + 1 ? MostClasses : groups.Count;
        List<PointSeries> series = [.. groups.Take(own).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new PointSeries(g.Key, [.. g], IsClass: true))];
        if (own < groups.Count) series.Add(new PointSeries($"{groups.Count - own} others", [.. groups.Skip(own).SelectMany(g => g).Order()], IsClass: false));
        if (Enumerable.Range(0, of.Count).Where(i => of[i] is null).ToArray() is { Length: > 0 } without) series.Add(new PointSeries("no value", without, IsClass: false));
        return series;
    }

    private static List<PointSeries> Known(IReadOnlyList<double> of)
    {
        List<PointSeries> series = [new PointSeries("Rows", [.. Enumerable.Range(0, of.Count).Where(i => double.IsFinite(of[i]))], IsClass: true)];
        if (Enumerable.Range(0, of.Count).Where(i => !double.IsFinite(of[i])).ToArray() is { Length: > 0 } without) series.Add(new PointSeries("no value", without, IsClass: false));
        return series;
    }
}

/// <summary>Points that are drawn alike.</summary>
/// <param name="Name">Plain text.</param>
/// <param name="Points">0-based, ascending.</param>
/// <param name="IsClass">Whether they belong together; else they are the rest.</param>
public sealed record PointSeries(string Name, IReadOnlyList<int> Points, bool IsClass);
