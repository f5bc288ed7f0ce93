using System.Globalization;

namespace ModelWorkbench.Core.Profiling;

/// <summary>Figures and examples in the sentences of warnings.</summary>
internal static class Words
{
    public static string Count(long count, string one, string many) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? one : many)}");

    public static string Percent(long part, long all) => (100.0 * part / Math.Max(1, all)).ToString("0.#", CultureInfo.InvariantCulture) + " %";

    /// <summary>The first five, and how many more there are.</summary>
    public static string Examples(IEnumerable<string> texts)
    {
        var all = texts.ToArray();
        return string.Join(", ", all.Take(5)) + (all.Length > 5 ? $" and {all.Length - 5} more" : "");
    }
}
