using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes.Steps;

namespace ModelWorkbench.Core.Recipes;

/// <summary>The step that answers one warning; <see cref="RecipeSuggestion"/> puts them together to a recipe for all.</summary>
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
            // Numbers in different units are read when a person has brought them to one.
            WarningCode.NumbersAsText or WarningCode.MixedKinds => warning.Numbers is { HasDifferentUnits: true } ? [] : ReadNumbers(warning),
            WarningCode.SurroundingBlanks => [new TidyTextStep(warning.Columns)],
            WarningCode.CaseVariants => [new TidyTextStep(warning.Columns, Case: LetterCase.Lower)],
            _ when features.Length == 0 => [],
            // Whether there is a value may tell something, if there often is.
            WarningCode.Constant when Find(features[0]) is { DistinctCount: 1, MissingCount: > 0, MissingFraction: < 0.9, Kind: ColumnKind.Category or ColumnKind.Text or ColumnKind.Boolean } => [new FillMissingStep(features, FillMethod.Constant, "none")],
            WarningCode.Constant or WarningCode.NearConstant or WarningCode.IdLike or WarningCode.MostlyMissing or WarningCode.LeakageSuspect => [new DropColumnsStep(features)],
            // The first of the equal columns stays; where the target is among them, all others tell it.
            WarningCode.DuplicateColumns => [new DropColumnsStep(features.Length < warning.Columns.Count ? features : features[1..])],
            WarningCode.DisguisedMissing => [new ValuesToMissingStep(features, warning.Values)],
            WarningCode.DatesAsText => ReadDates(warning),
            WarningCode.HighCardinality or WarningCode.RareCategories => [new MergeRareStep(features, MinimumShare: 0, MinimumCount: 10)],
            WarningCode.Skewed => profile.Columns.Where(c => features.Contains(c.Name)).All(c => c.Numbers is { Minimum: >= 0 }) ? [new Log1pStep(features)] : [new YeoJohnsonStep(features)],
            WarningCode.Outliers => [new ClipOutliersStep(features, Factor: 10)],
            _ => [],
        };

        ColumnProfile? Find(string name) => profile.Columns.FirstOrDefault(c => c.Name == name);
    }

    private static RecipeStep[] ReadNumbers(DataWarning warning)
    {
        var step = new ParseNumberStep(warning.Columns, warning.Numbers?.Decimal ?? DecimalMark.Point, PercentAsFraction: true, warning.Numbers?.Magnitudes ?? false);
        var lenient = step with { AllowMissing = true };
        // Rows that were not looked at may hold what is no number: training must not fail for that.
        return warning.FromSample || warning.Code == WarningCode.MixedKinds || warning.Numbers is { UnreadCount: > 0 } ? [lenient] : [step, lenient];
    }

    private static RecipeStep[] ReadDates(DataWarning warning)
    {
        var orders = warning.Dates?.Orders ?? [DatePartOrder.YearFirst, DatePartOrder.MonthFirst, DatePartOrder.DayFirst];
        var steps = orders.Select(order => new ParseDateStep(warning.Columns, order)).ToArray();
        var lenient = steps[0] with { AllowMissing = true };
        return warning.FromSample || warning.Dates is { UnreadCount: > 0 } ? [lenient] : [.. steps, lenient];
    }

    /// <summary>One step in place of two that do the same to different columns.</summary>
    /// <param name="first">Comes first with its columns; the name that a person gave it stays.</param>
    /// <param name="second">Adds its columns.</param>
    /// <returns>Null where they do different things.</returns>
    public static RecipeStep? Join(RecipeStep first, RecipeStep second)
    {
        // Records compare lists by reference: with the columns of the other they are equal where all else is.
        return (first, second) switch
        {
            (DropColumnsStep a, DropColumnsStep b) => a with { Columns = Both(a.Columns, b.Columns) },
            (TidyTextStep a, TidyTextStep b) when a with { Columns = b.Columns } == b => a with { Columns = Both(a.Columns, b.Columns) },
            (ParseNumberStep a, ParseNumberStep b) when a with { Columns = b.Columns } == b => a with { Columns = Both(a.Columns, b.Columns) },
            (ParseDateStep a, ParseDateStep b) when a with { Columns = b.Columns } == b => a with { Columns = Both(a.Columns, b.Columns) },
            (ValuesToMissingStep a, ValuesToMissingStep b) when a.Values.SequenceEqual(b.Values) => a with { Columns = Both(a.Columns, b.Columns) },
            (FillMissingStep a, FillMissingStep b) when a with { Columns = b.Columns } == b => a with { Columns = Both(a.Columns, b.Columns) },
            (MergeRareStep a, MergeRareStep b) when a with { Columns = b.Columns } == b => a with { Columns = Both(a.Columns, b.Columns) },
            (Log1pStep a, Log1pStep b) => a with { Columns = Both(a.Columns, b.Columns) },
            _ => null,
        };

        static string[] Both(IReadOnlyList<string> a, IReadOnlyList<string> b) => [.. a.Union(b)];
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
