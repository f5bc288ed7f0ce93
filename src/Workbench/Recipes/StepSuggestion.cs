using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Workbench.Shell;

namespace ModelWorkbench.Workbench.Recipes;

/// <summary>A step that the data call for.</summary>
/// <param name="Text">On the button: <c>Fill 2 numeric columns with the median</c>.</param>
/// <param name="Why">What was found.</param>
/// <param name="Step">Applies to the table as it stands.</param>
public sealed record StepSuggestion(string Text, string Why, RecipeStep Step)
{
    /// <summary>Pearson's second coefficient from which a logarithm is suggested; it lies between -3 and 3.</summary>
    private const double StrongSkewness = 1;

    // A few distinct values are codes or small counts, which a logarithm does not help.
    private const int DistinctOfScale = 20;

    /// <param name="profile">Of the dataset before the recipe.</param>
    /// <param name="steps">The recipe.</param>
    /// <param name="table">After the recipe.</param>
    public static IReadOnlyList<StepSuggestion> Find(DatasetProfile profile, IReadOnlyList<RecipeStep> steps, Table table)
    {
        List<StepSuggestion> suggestions = [];
        if (profile.DuplicateRowCount > 0 && !steps.Any(s => s is DropDuplicatesStep { Enabled: true }))
            suggestions.Add(new("Drop duplicate rows", $"{Figures.Count(profile.DuplicateRowCount, "row equals", "rows equal")} an earlier row in all columns.", new DropDuplicatesStep([])));

        var missing = table.Columns.Select(c => (Column: c, Count: c.CountMissing())).Where(c => c.Count > 0 && c.Count < table.RowCount).ToList();
        AddFill([.. missing.Where(c => c.Column.Kind == ColumnKind.Numeric)], FillMethod.Median, "the median", "numeric column");
        AddFill([.. missing.Where(c => c.Column.Kind is ColumnKind.Category or ColumnKind.Boolean)], FillMethod.MostFrequent, "the most frequent value", "category column");

        var logged = steps.OfType<Log1pStep>().ToList();
        if (!logged.Any(s => s.Columns.Count == 0))
        {
            // The last column is the likeliest target, and a target may not be transformed.
            var skewed = profile.Columns.SkipLast(1).Where(c => IsSkewed(c) && table.Find(c.Name) is NumericColumn && !logged.Any(s => s.Columns.Contains(c.Name))).Select(c => c.Name).ToList();
            if (skewed.Count > 0)
                suggestions.Add(new($"Log transform {Name(skewed, "column")}", $"{string.Join(", ", skewed)}: never negative, with a long tail of large values.", new Log1pStep(skewed)));
        }
        return [.. suggestions.Where(s => s.Step.Check(table).Count == 0)];

        void AddFill(List<(Column Column, int Count)> columns, FillMethod method, string value, string noun)
        {
            if (columns.Count == 0) return;
            List<string> names = [.. columns.Select(c => c.Column.Name)];
            suggestions.Add(new($"Fill {Name(names, noun)} with {value}", string.Join(", ", columns.Select(c => $"{c.Column.Name}: {Figures.Count(c.Count)} missing")) + ".", new FillMissingStep(names, method)));
        }
    }

    /// <summary>Pearson's second coefficient of skewness, 3 (mean - median) / standard deviation, of values that are never negative.</summary>
    private static bool IsSkewed(ColumnProfile column) =>
        column is { Kind: ColumnKind.Numeric, DistinctCount: > DistinctOfScale, Numbers: { Minimum: >= 0, StandardDeviation: > 0 } numbers }
        && 3 * (numbers.Mean - numbers.Median) / numbers.StandardDeviation > StrongSkewness;

    private static string Name(List<string> names, string noun) => names.Count == 1 ? names[0] : Figures.Count(names.Count, noun);
}
