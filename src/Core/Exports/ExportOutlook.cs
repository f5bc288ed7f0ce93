using System.Globalization;
using ModelWorkbench.Core.Recipes;

namespace ModelWorkbench.Core.Exports;

/// <summary>Forms that models of a recipe will not fit into, told before anything is trained.</summary>
/// <param name="Forms">Titles of the exporters.</param>
/// <param name="Steps">What stands against them: <c>step 3, Read dates from text, reads dates out of free text</c>.</param>
public sealed record ExportOutlook(IReadOnlyList<string> Forms, IReadOnlyList<string> Steps)
{
    /// <summary>By the steps of a recipe that are on, which are numbered as a trained model numbers them; forms with the same reasons together. What else may stand against a form, such as a column of free text, is told of the trained model.</summary>
    public static IReadOnlyList<ExportOutlook> Of(Recipe recipe) =>
    [
        .. ExporterCatalog.All.Select(exporter => (exporter.Title, Steps: recipe.Steps.Where(s => s.Enabled).Select((step, i) => exporter.WhyNot(step) is { } reason ? string.Create(CultureInfo.InvariantCulture, $"step {i + 1}, {step.Title}, {reason}") : null)
                .OfType<string>().ToList()))
            .Where(e => e.Steps.Count > 0).GroupBy(e => string.Join('\n', e.Steps)).Select(g => new ExportOutlook([.. g.Select(e => e.Title)], g.First().Steps)),
    ];
}
