using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Workbench.Shell;

namespace ModelWorkbench.Workbench.Plots;

/// <summary>Residuals in ascending order against normal quantiles (Q-Q plot), with the line on which normal residuals lie.</summary>
public static class ResidualQuantilePlot
{
    public static PlotFigure Figure(ResidualQuantiles quantiles) => new(
        "Residuals against the normal distribution",
        $"Ordered residuals against the quantiles of the normal distribution, with mean {Figures.Number(quantiles.Mean)} and standard deviation {Figures.Number(quantiles.StandardDeviation)}; "
        + $"the smallest is {Figures.Number(quantiles.Residual[0])}, the largest {Figures.Number(quantiles.Residual[^1])}. Ends that leave the line mean that large errors are more frequent than normal.",
        new PlotAxis("Normal quantile"),
        new PlotAxis("Actual − predicted"),
        colors =>
        [
            PlotPoints.Of("Residuals", quantiles.Normal, quantiles.Residual, colors.Accent, "quantile %{x}<br>residual %{y}<extra></extra>"),
            PlotPoints.Reference("Normal", [quantiles.Normal[0], quantiles.Normal[^1]], [At(quantiles, quantiles.Normal[0]), At(quantiles, quantiles.Normal[^1])], colors),
        ]);

    private static double At(ResidualQuantiles quantiles, double normal) => quantiles.Mean + (normal * quantiles.StandardDeviation);
}
