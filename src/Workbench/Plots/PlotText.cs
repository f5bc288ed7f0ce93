using System.Globalization;
using System.Text;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Words and numbers of the data on their way into a plot.</summary>
public static class PlotText
{
    private const int LongestLabel = 24;

    /// <summary>The text as it stands: Plotly reads <c>&lt;b&gt;</c>, <c>&lt;a href&gt;</c>, <c>&amp;lt;</c> as markup, and a name in the data is none.</summary>
    public static string Escape(string text) => text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;");

    /// <summary>A name short enough for an axis or a legend, escaped. The middle is left out, because names that are alike differ at the end.</summary>
    public static string Label(string name) => Escape(Shorten(name, LongestLabel));

    /// <summary>At most <paramref name="length"/> characters of the text, with … for the middle.</summary>
    public static string Shorten(string text, int length)
    {
        var line = string.Join(' ', text.Split(['\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries));
        var elements = StringInfo.ParseCombiningCharacters(line);
        if (elements.Length <= length) return line;
        var head = (length - 1) * 2 / 3;
        var tail = length - 1 - head;
        return string.Concat(line.AsSpan(0, elements[head]), "…", line.AsSpan(elements[^tail]));
    }

    /// <summary>Numbers for a trace: NaN and infinity, which JSON cannot carry, leave a gap.</summary>
    public static IList<object> Numbers(IEnumerable<double> values) => [.. values.Select(v => double.IsFinite(v) ? (object)v : null!)];

    /// <summary>As <see cref="Numbers"/> with five significant digits: enough for a point of a cloud, and half the message.</summary>
    public static IList<object> Points(IEnumerable<double> values) => [.. values.Select(v => double.IsFinite(v) ? (object)Round(v) : null!)];

    /// <summary>The title as a file name: lower case, words joined by a hyphen.</summary>
    public static string FileName(string title)
    {
        var name = new StringBuilder();
        foreach (var character in title.ToLowerInvariant())
        {
            if (char.IsLetterOrDigit(character)) name.Append(character);
            else if (name.Length > 0 && name[^1] != '-') name.Append('-');
        }
        return name.ToString().Trim('-') is { Length: > 0 } file ? file : "plot";
    }

    private static double Round(double value)
    {
        if (value == 0) return 0;
        var decimals = 4 - (int)Math.Floor(Math.Log10(Math.Abs(value)));
        return decimals is >= 0 and <= 15 ? Math.Round(value, decimals) : value;
    }
}
