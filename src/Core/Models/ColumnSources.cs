using ModelWorkbench.Core.Recipes;

namespace ModelWorkbench.Core.Models;

/// <summary>For each column as it is named now: the source columns that its values come from.</summary>
internal sealed class ColumnSources
{
    // A column that no step made comes from the file.
    private readonly Dictionary<string, IReadOnlyList<string>> _made = new(StringComparer.Ordinal);

    /// <summary>After all steps of a recipe.</summary>
    public static ColumnSources Through(FittedRecipe recipe)
    {
        var sources = new ColumnSources();
        foreach (var step in recipe.Steps) sources.Follow(step);
        return sources;
    }

    public IReadOnlyList<string> Of(string column) => _made.GetValueOrDefault(column) ?? [column];

    public void Follow(FittedStep step)
    {
        // All are looked up before any is set: a step may swap names. Columns made together often share their list.
        var origins = step.Origins;
        var traced = new Dictionary<IReadOnlyList<string>, IReadOnlyList<string>>(ReferenceEqualityComparer.Instance);
        var from = new IReadOnlyList<string>[origins.Count];
        for (var i = 0; i < from.Length; i++)
        {
            if (!traced.TryGetValue(origins[i].From, out var sources))
                traced.Add(origins[i].From, sources = [.. origins[i].From.SelectMany(Of).Distinct(StringComparer.Ordinal)]);
            from[i] = sources;
        }
        foreach (var name in step.Removed) _made[name] = [];
        for (var i = 0; i < from.Length; i++) _made[origins[i].Column] = from[i];
    }
}
