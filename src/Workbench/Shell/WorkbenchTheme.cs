using ModelWorkbench.Workbench.Plots;
using MudBlazor;

namespace ModelWorkbench.Workbench.Shell;

/// <summary>Every colour, type size and corner of the product, light and dark; parts read them as <c>--mud-…</c> variables, plots as <see cref="PlotColors"/>.</summary>
/// <remarks>
/// Both palettes are written into every page, each under its own <c>data-theme</c> of the html element, so that
/// wwwroot/js/theme.js chooses before the first paint and neither the prerendered page nor the circuit has to know.
/// Text and controls keep a contrast of at least 4.5 to 1 and 3 to 1 on the background and on the surface.
/// </remarks>
public static class WorkbenchTheme
{
    private static readonly string[] Fonts = ["Inter Variable", "Noto Sans SC", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "system-ui", "sans-serif"];

    public static MudTheme Light { get; } = Create("light");
    public static MudTheme Dark { get; } = Create("dark");

    /// <summary>Font stack of the plots, the same as that of the pages.</summary>
    public static string PlotFont { get; } = string.Join(", ", Fonts.Select(f => f.Contains(' ') ? $"'{f}'" : f));

    public static PlotColors Plots(bool isDark) => isDark ? DarkPlots : LightPlots;

    // The eight colours of Okabe and Ito (Color Universal Design, 2008), darkened or lightened until each has
    // at least 3:1 on the surface; order and marker shape keep them apart where hue alone does not.
    private static readonly PlotColors LightPlots = new(
        Text: "#1B2430", MutedText: "#566173", Grid: "#E4E8ED", Surface: "#FFFFFF", Reference: "#7C8796", Accent: "#2F5BB7", Black: "#000000", White: "#FFFFFF",
        Categories: ["#0072B2", "#C75000", "#00855F", "#A8447F", "#8A6500", "#3A8FC7", "#4B3F9E", "#5B6470"],
        LowToHigh: ["#F2F5FA", "#C5D5F0", "#86A8DE", "#4A76C4", "#1E3F86"],
        Scatter: ["#3B2A78", "#2E5E9E", "#1F8A8C", "#4FA95B", "#C9A227"]);

    private static readonly PlotColors DarkPlots = new(
        Text: "#E4E8EE", MutedText: "#A3AFBE", Grid: "#2B3542", Surface: "#171E27", Reference: "#8793A3", Accent: "#8AB4F8", Black: "#000000", White: "#FFFFFF",
        Categories: ["#56B4E9", "#F0883E", "#2FC298", "#E391BE", "#E0C341", "#4C8FE0", "#A99BF5", "#AAB4C0"],
        LowToHigh: ["#1D2733", "#274066", "#36609F", "#5A8CD8", "#A9C9FB"],
        Scatter: ["#7E6BD6", "#4E8FD6", "#38B2AC", "#86CF6B", "#F2DC5D"]);

    private static MudTheme Create(string name) => new()
    {
        PseudoCss = new PseudoCss { Scope = $":root[data-theme={name}]" },
        PaletteLight = new PaletteLight
        {
            Primary = "#2F5BB7",
            PrimaryContrastText = "#FFFFFF",
            Secondary = "#566173",
            SecondaryContrastText = "#FFFFFF",
            Tertiary = "#00746B",
            TertiaryContrastText = "#FFFFFF",
            Info = "#1F6FA8",
            InfoContrastText = "#FFFFFF",
            Success = "#1E7B4C",
            SuccessContrastText = "#FFFFFF",
            Warning = "#946200",
            WarningContrastText = "#FFFFFF",
            Error = "#BF3329",
            ErrorContrastText = "#FFFFFF",
            Background = "#F5F6F8",
            BackgroundGray = "#EDEFF3",
            Surface = "#FFFFFF",
            AppbarBackground = "#FFFFFF",
            AppbarText = "#1B2430",
            DrawerBackground = "#FFFFFF",
            DrawerText = "#3A4555",
            DrawerIcon = "#566173",
            TextPrimary = "#1B2430",
            TextSecondary = "#566173",
            TextDisabled = "#8C96A3",
            ActionDefault = "#566173",
            ActionDisabled = "#A9B1BC",
            ActionDisabledBackground = "#E4E8ED",
            LinesDefault = "#E0E4EA",
            LinesInputs = "#7A8594",
            TableLines = "#E0E4EA",
            TableHover = "#F2F5FA",
            TableStriped = "#F8F9FB",
            Divider = "#E0E4EA",
            DividerLight = "#EDF0F3",
            Skeleton = "#E4E8ED",
            GrayLight = "#C3CAD4",
            GrayLighter = "#E4E8ED",
            Dark = "#3A4555",
            OverlayDark = "rgba(17,24,33,0.45)",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#8AB4F8",
            PrimaryContrastText = "#0F1B2E",
            Secondary = "#A3AFBE",
            SecondaryContrastText = "#10151C",
            Tertiary = "#5CC9BE",
            TertiaryContrastText = "#0B1F1D",
            Info = "#6CB6EB",
            InfoContrastText = "#0B1A26",
            Success = "#56C48E",
            SuccessContrastText = "#0A1F15",
            Warning = "#E3B254",
            WarningContrastText = "#211802",
            Error = "#F28B82",
            ErrorContrastText = "#2B0B08",
            Background = "#10151C",
            BackgroundGray = "#1C2530",
            Surface = "#171E27",
            AppbarBackground = "#171E27",
            AppbarText = "#E4E8EE",
            DrawerBackground = "#171E27",
            DrawerText = "#C7CFD9",
            DrawerIcon = "#A3AFBE",
            TextPrimary = "#E4E8EE",
            TextSecondary = "#A3AFBE",
            TextDisabled = "#717D8C",
            ActionDefault = "#A3AFBE",
            ActionDisabled = "#5A6675",
            ActionDisabledBackground = "#232D39",
            LinesDefault = "#2B3542",
            LinesInputs = "#75818F",
            TableLines = "#2B3542",
            TableHover = "#1E2733",
            TableStriped = "#1A222C",
            Divider = "#2B3542",
            DividerLight = "#232D39",
            Skeleton = "#2B3542",
            GrayLight = "#4A5665",
            GrayLighter = "#2B3542",
            Dark = "#C7CFD9",
            DarkContrastText = "#10151C",
            OverlayDark = "rgba(4,7,11,0.6)",
        },
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "8px", DrawerWidthLeft = "232px", AppbarHeight = "56px" },
        Typography = new Typography
        {
            Default = new DefaultTypography { FontFamily = Fonts, FontSize = "0.875rem", LineHeight = "1.5", LetterSpacing = "normal" },
            H1 = new H1Typography { FontSize = "1.5rem", FontWeight = "650", LineHeight = "1.25", LetterSpacing = "-0.015em" },
            H2 = new H2Typography { FontSize = "1.125rem", FontWeight = "620", LineHeight = "1.35", LetterSpacing = "-0.01em" },
            H3 = new H3Typography { FontSize = "1rem", FontWeight = "600", LineHeight = "1.4", LetterSpacing = "normal" },
            H4 = new H4Typography { FontSize = "0.9375rem", FontWeight = "600", LineHeight = "1.4", LetterSpacing = "normal" },
            H5 = new H5Typography { FontSize = "0.875rem", FontWeight = "600", LineHeight = "1.4", LetterSpacing = "normal" },
            H6 = new H6Typography { FontSize = "1rem", FontWeight = "600", LineHeight = "1.4", LetterSpacing = "normal" },
            Body1 = new Body1Typography { FontSize = "0.9375rem", LineHeight = "1.55", LetterSpacing = "normal" },
            Body2 = new Body2Typography { FontSize = "0.875rem", LineHeight = "1.5", LetterSpacing = "normal" },
            Button = new ButtonTypography { FontSize = "0.875rem", FontWeight = "550", LineHeight = "1.6", LetterSpacing = "normal", TextTransform = "none" },
            Caption = new CaptionTypography { FontSize = "0.8125rem", LineHeight = "1.45", LetterSpacing = "normal" },
            Subtitle1 = new Subtitle1Typography { FontSize = "0.9375rem", FontWeight = "500", LetterSpacing = "normal" },
            Subtitle2 = new Subtitle2Typography { FontSize = "0.875rem", FontWeight = "600", LetterSpacing = "normal" },
        },
    };
}
