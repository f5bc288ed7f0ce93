using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>A plot for a document that nobody serves: everything that Plotly has to know as JSON, in light colours.</summary>
/// <param name="Title">Plain text.</param>
/// <param name="Description">The plot in a sentence or two.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Json">Traces as <c>data</c>, and <c>layout</c>; may stand in a script element as it is.</param>
/// <param name="NeedsAllOfPlotly">Whether its traces are more than lines, points and bars, which Plotly's basic build draws.</param>
public sealed record StillPlot(string Title, string Description, int Height, string Json, bool NeedsAllOfPlotly)
{
    private const int UsualHeight = 360;

    // The default encoder writes < and > as \u003C and \u003E.
    private static readonly JsonSerializerOptions Options = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public static StillPlot Of(PlotFigure figure, PlotColors colors)
    {
        var height = figure.Height ?? UsualHeight;
        var data = new JsonArray([.. figure.Traces(colors).Select(trace => JsonSerializer.SerializeToNode(trace, trace.GetType(), Options))]);
        // Points of the graphics card print as pixels, and browsers draw only some such plots on one page.
        foreach (var trace in data)
            if (TypeOf(trace) == "scattergl") trace!["type"] = "scatter";
        var figureJson = new JsonObject { ["data"] = data, ["layout"] = JsonSerializer.SerializeToNode(figure.Layout(colors, height), Options) };
        return new StillPlot(figure.Title, figure.Description, height, figureJson.ToJsonString(), data.Any(trace => TypeOf(trace) is not ("scatter" or "bar")));
    }

    private static string? TypeOf(JsonNode? trace) => trace?["type"]?.GetValue<string>();
}
