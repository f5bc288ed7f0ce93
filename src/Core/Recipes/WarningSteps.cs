using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes.Steps;

namespace ModelWorkbench.Core.Recipes;

/// <summary>The step that answers one warning, for a person who reads the warnings one by one; <see cref="RecipeSuggestion"/> is the recipe for all of them.</summary>
public static class WarningSteps
{
    /// <param name="warning">What was found.</param>
    /// <param name="profile">Of the same table.</param>
    /// <param name="target">The column to predict, which is never dropped or transformed; or null.</param>
    /// <returns>The steps that may answer it, the likeliest first: of dates the order of day and month is not known before they are read. Empty where no step helps.</returns>
    public static IReadOnlyList<RecipeStep> For(DataWarning warning, DatasetProfile profile, string? target)
    {
        string[] features = [.. warning.Columns.Where(name => name != target)];
        return warning.Code switch
        {
            WarningCode.DuplicateRows => [new DropDuplicatesStep([])],
            WarningCode.MissingTarget when target is not null => [new DropMissingRowsStep([target])],
            WarningCode.NumbersAsText => [new ParseNumberStep(warning.Columns), new ParseNumberStep(warning.Columns, AllowMissing: true)],
            _ when features.Length == 0 => [],
            WarningCode.Constant or WarningCode.NearConstant or WarningCode.IdLike or WarningCode.MostlyMissing or WarningCode.LeakageSuspect => [new DropColumnsStep(features)],
            // The first of the equal columns stays; where the target is among them, all others tell it.
            WarningCode.DuplicateColumns => [new DropColumnsStep(features.Length < warning.Columns.Count ? features : features[1..])],
            WarningCode.DisguisedMissing => [new ValuesToMissingStep(features, warning.Values)],
            WarningCode.MixedKinds => [new ParseNumberStep(features, AllowMissing: true)],
            WarningCode.DatesAsText => [.. new[] { DatePartOrder.YearFirst, DatePartOrder.MonthFirst, DatePartOrder.DayFirst }.Select(order => new ParseDateStep(features, order))],
            WarningCode.SurroundingBlanks => [new TidyTextStep(features)],
            WarningCode.CaseVariants => [new TidyTextStep(features, Case: LetterCase.Lower)],
            WarningCode.HighCardinality => [new MergeRareStep(features)],
            WarningCode.Skewed => profile.Columns.Where(c => features.Contains(c.Name)).All(c => c.Numbers is { Minimum: >= 0 }) ? [new Log1pStep(features)] : [new YeoJohnsonStep(features)],
            WarningCode.Outliers => [new ClipOutliersStep(features, Factor: 10)],
            _ => [],
        };
    }

    /// <summary>The first of the steps that can be applied after the recipe.</summary>
    /// <param name="steps">The likeliest first.</param>
    /// <param name="recipe">What is done before.</param>
    /// <param name="sample">Rows to try the steps on.</param>
    /// <param name="target">The column to predict, or null.</param>
    /// <param name="ct">Heeded between steps.</param>
    /// <returns>The step, or null with the problem of the first of them.</returns>
    public static (RecipeStep? Step, StepProblem? Problem) FirstThatApplies(IReadOnlyList<RecipeStep> steps, Recipe recipe, Table sample, string? target, CancellationToken ct)
    {
        var table = recipe.Preview(sample, target, ct).Result;
        StepProblem? first = null;
        foreach (var step in steps)
        {
            ct.ThrowIfCancellationRequested();
            var problems = new Recipe([step]).Preview(table, target, ct).Outcomes[0].Problems;
            if (problems.Count == 0) return (step, null);
            first ??= problems[0];
        }
        return (null, first);
    }
}
