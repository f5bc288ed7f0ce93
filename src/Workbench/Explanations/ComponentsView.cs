using System.Globalization;
using ModelWorkbench.Core.Explanations;

namespace ModelWorkbench.Workbench.Explanations;

/// <summary>What of the components is looked at; stands in the address.</summary>
/// <param name="X">0-based component along the horizontal axis.</param>
/// <param name="Y">0-based component along the vertical axis.</param>
/// <param name="Color">What colours the points: <see cref="ComponentColors"/>.</param>
/// <param name="HasEllipses">Whether each class has its ellipse.</param>
/// <param name="HasArrows">Whether features are drawn as arrows.</param>
/// <param name="Z">0-based component into the depth; null for two.</param>
/// <param name="IsScaled">Whether features count alike; else those with the largest numbers count most.</param>
/// <param name="RowNumber">1-based row of the dataset that is looked at with those next to it.</param>
public sealed record ComponentsView(int X, int Y, string Color, bool HasEllipses, bool HasArrows, int? RowNumber, int? Z = null, bool IsScaled = true)
{
    /// <summary>As the address asks, kept within what the report has.</summary>
    /// <param name="x">1-based.</param>
    /// <param name="y">1-based.</param>
    /// <param name="z">1-based; null for two components.</param>
    public static ComponentsView Of(PcaReport report, int? x, int? y, string? color, bool ellipses, bool arrows, int? row, int? z = null, bool isScaled = true) => new(
        Math.Clamp(x ?? 1, 1, report.ScoredCount) - 1,
        // A single component is drawn against one that does not vary.
        Math.Clamp(y ?? 2, 1, Math.Max(2, report.ScoredCount)) - 1,
        string.IsNullOrEmpty(color) ? ComponentColors.Target : color, ellipses, arrows, row,
        z is >= 1 && z <= report.ScoredCount ? z - 1 : null, isScaled);

    /// <summary>For the address; what is as it begins is left out.</summary>
    public Dictionary<string, object?> Query => new()
    {
        ["x"] = X == 0 ? null : (X + 1).ToString(CultureInfo.InvariantCulture),
        ["y"] = Y == 1 ? null : (Y + 1).ToString(CultureInfo.InvariantCulture),
        ["z"] = Z is { } depth ? (depth + 1).ToString(CultureInfo.InvariantCulture) : null,
        ["scaled"] = IsScaled ? null : "false",
        ["colour"] = Color == ComponentColors.Target ? null : Color,
        ["ellipses"] = HasEllipses ? "true" : null,
        ["arrows"] = HasArrows ? "true" : null,
        ["row"] = RowNumber?.ToString(CultureInfo.InvariantCulture),
    };
}
