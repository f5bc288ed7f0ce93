using System.Globalization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes.Steps;

namespace ModelWorkbench.Core.Recipes;

/// <summary>A step that the data call for, with the reason in words.</summary>
public sealed record SuggestedStep(RecipeStep Step, string Reason);

/// <summary>A recipe under which training runs, from what was found in the data. The values of the target stay as they are, except that numbers written as text are read.</summary>
public static class RecipeSuggestion
{
    /// <param name="profile">Of all rows.</param>
    /// <param name="sample">Rows to try each step on; a step that cannot be applied to them is not suggested.</param>
    /// <param name="warnings">What <see cref="DataWarnings.Find"/> found with the same target.</param>
    /// <param name="target">The column to predict, or null.</param>
    /// <returns>In an order that makes sense: drop, tidy, read, mark missing, fill, transform.</returns>
    public static IReadOnlyList<SuggestedStep> Suggest(DatasetProfile profile, Table sample, IReadOnlyList<DataWarning> warnings, string? target)
    {
        var steps = new List<SuggestedStep>();
        var table = sample;

        // 1. Columns that tell nothing, or too much. Without any feature left nothing can be learnt: then the person has to decide.
        Answer(warnings.Where(w => w.Code is WarningCode.Constant or WarningCode.IdLike or WarningCode.DuplicateColumns || w.Code == WarningCode.LeakageSuspect && w.Severity == WarningSeverity.Serious || w.Code == WarningCode.MostlyMissing && Profile(w.Columns[0]).MissingFraction >= 0.9),
            step => step is not DropColumnsStep drop || drop.Columns.Count < table.ColumnCount - (target is null ? 0 : 1));

        // 2. Rows.
        Answer(warnings.Where(w => w.Code == WarningCode.DuplicateRows && profile.DuplicateRowCount < profile.RowCount / 2));

        // 3. Texts as they are meant: what only stands for missing first, as it is neither number nor date. The names of classes stay as they are.
        Answer(warnings.Where(w => w.Code == WarningCode.DisguisedMissing && w.Severity >= WarningSeverity.Warning && !w.Columns.Contains(target)));
        Answer(warnings.Where(w => w.Code is WarningCode.SurroundingBlanks or WarningCode.CaseVariants && !w.Columns.Contains(target)));
        Answer(warnings.Where(w => w.Code == WarningCode.NumbersAsText || w.Code is WarningCode.MixedKinds or WarningCode.DatesAsText && !w.Columns.Contains(target)));
        if (target is not null && table.Find(target) is { } truth && truth.CountMissing() is > 0 and var lost)
            Add([new DropMissingRowsStep([target])], warnings.FirstOrDefault(w => w.Code == WarningCode.MissingTarget)?.Message ?? $"{target}: {Words.Count(lost, "value", "values")} cannot be read; nothing can be learnt from {(lost == 1 ? "it" : "them")}.");

        // 4. Categories that a model cannot learn from, where others are left.
        Answer(warnings.Where(w => w.Code == WarningCode.RareCategories || w.Code == WarningCode.HighCardinality && table.Find(w.Columns[0]) is { Kind: ColumnKind.Category } column && HasFrequent(column)));

        // 5. Dates are numbers to a model only in parts.
        foreach (var column in table.Columns.Where(c => c.Kind == ColumnKind.DateTime && c.Name != target).ToArray())
            Add([new DatePartsStep(column.Name, [DatePart.Year, DatePart.Month, DatePart.Weekday, DatePart.DaysSince])], $"{column.Name} is a date: a model learns from its year, month, weekday and distance in days.");

        // 6. Holes, counted on the sample as the steps above leave it.
        var missing = table.Columns.Where(c => c.Name != target && c.CountMissing() is > 0 and var count && count < c.Length).ToArray();
        Fill([.. missing.Where(c => c.Kind == ColumnKind.Numeric)], FillMethod.Median, "the median, which outliers do not move");
        Fill([.. missing.Where(c => c.Kind is ColumnKind.Category or ColumnKind.Boolean)], FillMethod.MostFrequent, "the most frequent value");

        // 7. Long tails.
        Answer(warnings.Where(w => w.Code == WarningCode.Skewed && w.Columns[0] != target), step => step is Log1pStep log && log.Columns.All(name => table[name] is NumericColumn numbers && IsLongTailed(numbers)));
        return steps;

        ColumnProfile Profile(string name) => profile.Columns.First(c => c.Name == name);

        // The steps for the warnings, those that do the same to several columns as one.
        void Answer(IEnumerable<DataWarning> chosen, Func<RecipeStep, bool>? accept = null)
        {
            var answers = new List<(IReadOnlyList<RecipeStep> Steps, List<string> Reasons)>();
            foreach (var warning in chosen)
            {
                var proposed = WarningSteps.For(warning, profile, target);
                if (proposed.Count == 0 || proposed[0].InputColumns.Concat(warning.Columns).Any(name => table.Find(name) is null)) continue;
                var reason = warning.Columns.Count == 1 ? $"{warning.Columns[0]}: {warning.Message}" : warning.Message;
                if (answers.FindIndex(a => WarningSteps.Join(a.Steps[0], proposed[0]) is not null && Applies(proposed[0]) && Applies(a.Steps[0])) is >= 0 and var same)
                {
                    answers[same].Reasons.Add(reason);
                    answers[same] = ([WarningSteps.Join(answers[same].Steps[0], proposed[0])!], answers[same].Reasons);
                }
                else answers.Add((proposed, [reason]));
            }
            foreach (var (proposed, reasons) in answers)
                if (accept is null || accept(proposed[0])) Add(proposed, string.Join(" ", reasons));
        }

        bool Applies(RecipeStep step) => step is DropColumnsStep || new Recipe([step]).Preview(table, target, CancellationToken.None).Outcomes[0].Problems.Count == 0;

        void Fill(Column[] columns, FillMethod method, string with)
        {
            if (columns.Length == 0) return;
            Add([new FillMissingStep([.. columns.Select(c => c.Name)], method)], $"{string.Join(", ", columns.Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Name}: {100.0 * c.CountMissing() / c.Length:0.#} % missing")))}. Filled with {with}.");
        }

        // The first of the steps that can be applied; as in training, steps that may not see the target do not.
        void Add(IReadOnlyList<RecipeStep> proposed, string reason)
        {
            foreach (var step in proposed)
            {
                if (step.InputColumns.Any(name => table.Find(name) is null)) continue;
                try
                {
                    var preview = new Recipe([step]).Preview(table, target, CancellationToken.None);
                    if (preview.Outcomes[0].Problems.Count > 0) continue;
                    table = preview.Result;
                }
                catch (RecipeException) { continue; }
                steps.Add(new SuggestedStep(step, reason));
                return;
            }
        }
    }

    /// <summary>Whether two categories at least are frequent enough to stay, with half of the rows between them.</summary>
    private static bool HasFrequent(Column column)
    {
        var counts = Categories.ByFrequency(column);
        int[] kept = [.. counts.Select(c => c.Count).Where(count => count >= 10)];
        return kept.Length >= 2 && 2 * kept.Sum() >= counts.Sum(c => c.Count);
    }

    /// <summary>A logarithm of what is negative does not exist, and codes or small counts gain nothing from one.</summary>
    private static bool IsLongTailed(NumericColumn numbers)
    {
        foreach (var value in numbers.Values)
            if (value < 0) return false;
        return true;
    }
}
