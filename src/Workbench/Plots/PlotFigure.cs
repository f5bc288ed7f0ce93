using ModelWorkbench.Workbench.Shell;
using Plotly.Blazor;
using Plotly.Blazor.LayoutLib;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>What is to be drawn, without colours: those are asked for when it is drawn, light or dark.</summary>
/// <param name="Title">Above the plot and in the name of the downloaded picture; plain text.</param>
/// <param name="Description">The plot in a sentence or two for those who do not see it.</param>
/// <param name="X">The horizontal axis.</param>
/// <param name="Y">The vertical axis.</param>
/// <param name="Traces">The series, in the given colours.</param>
public sealed record PlotFigure(string Title, string Description, PlotAxis X, PlotAxis Y, Func<PlotColors, IList<ITrace>> Traces)
{
    /// <summary>Whether the series are named beside the plot.</summary>
    public bool ShowLegend { get; init; }

    /// <summary>Names the series below the plot, where a narrow screen has room for them.</summary>
    public bool LegendBelow { get; init; }

    /// <summary>Whether its items are chosen by a click alone, not by a box or a line around them.</summary>
    public bool ByClick { get; init; }

    /// <summary>Pixels the content needs, or null where any height will do.</summary>
    public int? Height { get; init; }

    /// <summary>Where points can be chosen: for each of the first series what its points stand for, in their order. Series beyond these have no such points.</summary>
    public IReadOnlyList<IReadOnlyList<int>>? Items { get; init; }

    /// <summary>Layout beyond title, axes and colours, in the given colours.</summary>
    public Action<Layout, PlotColors>? Adjust { get; init; }

    /// <summary>Title, axes and colours for Plotly.</summary>
    /// <param name="colors">Light or dark.</param>
    /// <param name="height">Pixels.</param>
    public Layout Layout(PlotColors colors, int height)
    {
        var layout = new Layout
        {
            Title = new Plotly.Blazor.LayoutLib.Title
            {
                Text = PlotText.Escape(Title),
                X = 0,
                XAnchor = Plotly.Blazor.LayoutLib.TitleLib.XAnchorEnum.Left,
                Y = 1,
                YAnchor = Plotly.Blazor.LayoutLib.TitleLib.YAnchorEnum.Top,
                Pad = new() { L = 4, T = 14 },
                Font = new() { Size = 15, Color = colors.Text, Weight = 600 },
            },
            Font = new Font { Family = WorkbenchTheme.PlotFont, Size = 12, Color = colors.MutedText },
            PaperBgColor = colors.Surface,
            PlotBgColor = colors.Surface,
            AutoSize = true,
            Height = height,
            Margin = new Margin { L = 16, R = 16, T = 48, B = 16, AutoExpand = true },
            ShowLegend = ShowLegend,
            Legend = [new Legend { Font = new() { Color = colors.Text }, ItemSizing = Plotly.Blazor.LayoutLib.LegendLib.ItemSizingEnum.Constant }],
            HoverLabel = new HoverLabel { BgColor = colors.Surface, BorderColor = colors.Reference, NameLength = -1, Font = new() { Color = colors.Text } },
            ModeBar = new ModeBar { BgColor = "rgba(0,0,0,0)", Color = colors.Reference, ActiveColor = colors.Text },
            XAxis = [X.ForX(colors)],
            YAxis = [Y.ForY(colors)],
            // Zoom and hidden series survive a change of colours.
            UiRevision = Title,
        };
        if (LegendBelow) (layout.Legend[0].Orientation, layout.Legend[0].Y) = (Plotly.Blazor.LayoutLib.LegendLib.OrientationEnum.H, -0.25m);
        Adjust?.Invoke(layout, colors);
        return layout;
    }
}

/// <summary>An axis: its title, and the range or the names where they are given.</summary>
/// <param name="Title">Plain text; empty for none. Across, it may have two lines, where a narrow screen would cut it.</param>
public sealed record PlotAxis(string Title)
{
    /// <summary>From and to; null fits the data.</summary>
    public (double From, double To)? Range { get; init; }

    /// <summary>d3 format of the ticks: <c>.0%</c>.</summary>
    public string? TickFormat { get; init; }

    /// <summary>Names at 0, 1, 2, …, shortened where long; two that look alike stay two.</summary>
    public IReadOnlyList<string>? Names { get; init; }

    /// <summary>With names: the first at the top, as in a table.</summary>
    public bool Reversed { get; init; }

    /// <summary>Whether the values are moments.</summary>
    public bool IsTime { get; init; }

    /// <summary>Whether the axis begins at 0, whatever the values are.</summary>
    public bool FromZero { get; init; }

    /// <summary>Lines across the plot at the ticks.</summary>
    public bool Grid { get; init; } = true;

    /// <summary>A range around numbers that are all the same, in proportion to them; null where they differ, or there is none.</summary>
    internal static (double From, double To)? AroundOne(IEnumerable<double> values)
    {
        double[] distinct = [.. values.Distinct().Take(2)];
        if (distinct.Length != 1 || !double.IsFinite(distinct[0])) return null;
        var margin = distinct[0] == 0 ? 0.05 : 0.05 * Math.Abs(distinct[0]);
        return (distinct[0] - margin, distinct[0] + margin);
    }

    // Half a step beyond the first and the last name: left to itself Plotly adds a margin around texts.
    private (double From, double To)? Ends => Names is null ? Range
        : Reversed ? (Math.Max(Names.Count, 1) - 0.5, -0.5)
        : (-0.5, Math.Max(Names.Count, 1) - 0.5);

    internal XAxis ForX(PlotColors colors) => new()
    {
        Title = new() { Text = PlotText.Escape(Title).Replace("\n", "<br>", StringComparison.Ordinal), Standoff = 12 },
        Range = Ends is { } ends ? [ends.From, ends.To] : null,
        TickFormat = TickFormat,
        TickMode = Names is null ? null : Plotly.Blazor.LayoutLib.XAxisLib.TickModeEnum.Array,
        TickVals = Names is null ? null : [.. Enumerable.Range(0, Names.Count).Cast<object>()],
        TickText = Names is null ? null : [.. Names.Select(PlotText.Label).Cast<object>()],
        Type = IsTime ? Plotly.Blazor.LayoutLib.XAxisLib.TypeEnum.Date : Plotly.Blazor.LayoutLib.XAxisLib.TypeEnum.Linear,
        ShowGrid = Grid,
        GridColor = colors.Grid,
        ZeroLine = false,
        LineColor = colors.Grid,
        AutoMargin = Plotly.Blazor.LayoutLib.XAxisLib.AutoMarginFlag.True,
    };

    internal YAxis ForY(PlotColors colors) => new()
    {
        Title = new() { Text = PlotText.Escape(Title), Standoff = 12 },
        Range = Ends is { } ends ? [ends.From, ends.To] : null,
        TickFormat = TickFormat,
        TickMode = Names is null ? null : Plotly.Blazor.LayoutLib.YAxisLib.TickModeEnum.Array,
        TickVals = Names is null ? null : [.. Enumerable.Range(0, Names.Count).Cast<object>()],
        TickText = Names is null ? null : [.. Names.Select(PlotText.Label).Cast<object>()],
        Type = Plotly.Blazor.LayoutLib.YAxisLib.TypeEnum.Linear,
        RangeMode = FromZero ? Plotly.Blazor.LayoutLib.YAxisLib.RangeModeEnum.ToZero : null,
        ShowGrid = Grid,
        GridColor = colors.Grid,
        ZeroLine = false,
        LineColor = colors.Grid,
        AutoMargin = Plotly.Blazor.LayoutLib.YAxisLib.AutoMarginFlag.True,
    };
}
