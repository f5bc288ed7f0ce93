using System.Net;
using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.Logging.Abstractions;
using ModelWorkbench.Workbench.Plots;
using ModelWorkbench.Workbench.Shell;

namespace ModelWorkbench.Workbench.Cards;

/// <summary>A card as one HTML file that asks for nothing: style, plots and what draws them stand in it.</summary>
public static class CardDocument
{
    private static readonly string Style = Read("card.css"), Script = Read("card.js");

    /// <param name="card">What it tells.</param>
    /// <param name="plotly">The source of plotly.js: all of it where the argument is true, else at least lines, points and bars.</param>
    public static async Task<string> WriteAsync(ModelCard card, Func<bool, Task<string>> plotly)
    {
        var colors = WorkbenchTheme.Plots(isDark: false);
        var plots = Numbered(CardFigures.OfReport(card.Report), "plot");
        var explained = Numbered(CardFigures.OfExplanation(card), "explanation");
        var all = plots.Concat(explained).ToList();
        var body = await RenderAsync(card, plots, explained);
        var html = new StringBuilder()
            .Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
            // Nothing is fetched, whatever stands in the file.
            .Append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:\">\n")
            .Append($"<meta name=\"generator\" content=\"Model Workbench {WebUtility.HtmlEncode(card.Version)}\">\n<title>{WebUtility.HtmlEncode(card.Title)}</title>\n")
            .Append("<style>\n").Append(Colors(colors)).Append(Style).Append("</style>\n</head>\n<body>\n").Append(body);
        foreach (var (plot, id) in all) html.Append($"<script type=\"application/json\" id=\"{id}\">").Append(plot.Json).Append("</script>\n");
        if (all.Count > 0) html.Append("<script>").Append(InScript(await plotly(all.Any(p => p.Plot.NeedsAllOfPlotly)))).Append("</script>\n<script>\n").Append(Script).Append("</script>\n");
        return html.Append("</body>\n</html>\n").ToString();

        List<(StillPlot Plot, string Id)> Numbered(IEnumerable<PlotFigure> figures, string name) => [.. figures.Select((figure, index) => (StillPlot.Of(figure, colors), $"{name}-{index + 1}"))];
    }

    /// <summary>A script as it may stand between tags: what would end it, or begin another, is written so that it means the same in a string.</summary>
    public static string InScript(string script) => script.Replace("</script", "<\\/script", StringComparison.OrdinalIgnoreCase).Replace("<!--", "<\\!--", StringComparison.Ordinal);

    private static async Task<string> RenderAsync(ModelCard card, IReadOnlyList<(StillPlot, string)> plots, IReadOnlyList<(StillPlot, string)> explained)
    {
        await using var services = new ServiceCollection().BuildServiceProvider();
        await using var renderer = new HtmlRenderer(services, NullLoggerFactory.Instance);
        var parameters = ParameterView.FromDictionary(new Dictionary<string, object?> { [nameof(CardBody.Card)] = card, [nameof(CardBody.Plots)] = plots, [nameof(CardBody.ExplanationPlots)] = explained });
        return await renderer.Dispatcher.InvokeAsync(async () => (await renderer.RenderComponentAsync<CardBody>(parameters)).ToHtmlString());
    }

    /// <summary>The theme's light colours under names of the card's own.</summary>
    private static string Colors(PlotColors colors)
    {
        var palette = WorkbenchTheme.Light.PaletteLight;
        (string Name, string Value)[] values =
        [
            ("font", WorkbenchTheme.PlotFont), ("text", colors.Text), ("muted", colors.MutedText), ("surface", colors.Surface), ("line", colors.Grid), ("rule", colors.Reference),
            ("accent", colors.Accent), ("back", palette.TableStriped.Value), ("mild", palette.TableHover.Value), ("bad", palette.Error.Value),
        ];
        return $":root {{ {string.Join(" ", values.Select(v => $"--{v.Name}: {v.Value};"))} }}\n";
    }

    private static string Read(string name)
    {
        using var stream = typeof(CardDocument).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The program was built without '{name}'.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
