namespace ModelWorkbench.Workbench.Plots;

/// <summary>The plotly.js that draws: the build that makes no code out of text, which pages here may not do.</summary>
public static class PlotScript
{
    /// <summary>In the web root.</summary>
    public const string File = "lib/plotly/plotly-strict.min.js";

    /// <summary>In the web root: what comes with Plotly.Blazor.</summary>
    public const string PackageFolder = "_content/Plotly.Blazor";

    /// <summary>Plotly.Blazor names its own script and takes no other name; ours answers there. Before routing.</summary>
    public static void UsePlotScript(this WebApplication app) => app.Use((context, next) =>
    {
        if (IsOfPackage(context.Request.Path.Value)) context.Request.Path = "/" + File;
        return next(context);
    });

    /// <summary>The script that the component loads, whatever its version; not the one that talks to it.</summary>
    public static bool IsOfPackage(string? path) =>
        path is not null && path.StartsWith($"/{PackageFolder}/plotly-", StringComparison.Ordinal) && path.EndsWith(".min.js", StringComparison.Ordinal);
}
