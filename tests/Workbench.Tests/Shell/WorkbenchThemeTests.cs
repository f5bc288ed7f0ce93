using ModelWorkbench.Workbench.Shell;
using MudBlazor;
using MudBlazor.Utilities;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Shell;

public class WorkbenchThemeTests
{
    [Fact]
    public void Light_text_and_controls_have_the_contrast_of_wcag_aa() => Check(WorkbenchTheme.Light.PaletteLight);

    [Fact]
    public void Dark_text_and_controls_have_the_contrast_of_wcag_aa() => Check(WorkbenchTheme.Dark.PaletteDark);

    [Fact]
    public void Each_palette_applies_under_its_own_name_only()
    {
        Assert.Equal(":root[data-theme=light]", WorkbenchTheme.Light.PseudoCss.Scope);
        Assert.Equal(":root[data-theme=dark]", WorkbenchTheme.Dark.PseudoCss.Scope);
    }

    private static void Check(Palette p)
    {
        List<string> poor = [];
        void AtLeast(double ratio, string name, MudColor front, MudColor back)
        {
            if (Contrast(front, back) < ratio) poor.Add($"{name}: {Contrast(front, back):F2}, at least {ratio} wanted");
        }
        foreach (var (place, back) in new[] { ("background", p.Background), ("surface", p.Surface), ("grey background", p.BackgroundGray) })
        {
            AtLeast(4.5, $"text on {place}", p.TextPrimary, back);
            AtLeast(4.5, $"secondary text on {place}", p.TextSecondary, back);
            AtLeast(4.5, $"primary on {place}", p.Primary, back);
            AtLeast(4.5, $"error on {place}", p.Error, back);
            AtLeast(4.5, $"success on {place}", p.Success, back);
            AtLeast(3, $"edges of inputs on {place}", p.LinesInputs, back);
        }
        AtLeast(4.5, "text on primary", p.PrimaryContrastText, p.Primary);
        AtLeast(4.5, "text on secondary", p.SecondaryContrastText, p.Secondary);
        AtLeast(4.5, "text on success", p.SuccessContrastText, p.Success);
        AtLeast(4.5, "text on warning", p.WarningContrastText, p.Warning);
        AtLeast(4.5, "text on error", p.ErrorContrastText, p.Error);
        AtLeast(4.5, "text on info", p.InfoContrastText, p.Info);
        AtLeast(4.5, "app bar", p.AppbarText, p.AppbarBackground);
        AtLeast(4.5, "drawer", p.DrawerText, p.DrawerBackground);
        Assert.Empty(poor);
    }

    // Contrast ratio of WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio.
    private static double Contrast(MudColor a, MudColor b) => (Math.Max(Luminance(a), Luminance(b)) + 0.05) / (Math.Min(Luminance(a), Luminance(b)) + 0.05);

    private static double Luminance(MudColor color)
    {
        static double Channel(byte value) => value / 255.0 <= 0.04045 ? value / 255.0 / 12.92 : Math.Pow((value / 255.0 + 0.055) / 1.055, 2.4);
        return 0.2126 * Channel(color.R) + 0.7152 * Channel(color.G) + 0.0722 * Channel(color.B);
    }
}
