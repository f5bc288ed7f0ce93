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

        // 1. Columns that tell nothing, or too much.
        var drops = new Dictionary<string, string>();
        foreach (var warning in warnings)
            switch (warning.Code)
            {
                case WarningCode.Constant or WarningCode.IdLike:
                    Drop(warning.Columns, warning.Message);
                    break;
                case WarningCode.LeakageSuspect when warning.Severity == WarningSeverity.Serious:
                    Drop(warning.Columns, warning.Message);
                    break;
                case WarningCode.DuplicateColumns:
                    Drop([.. warning.Columns.OrderByDescending(name => name == target).Skip(1)], warning.Message);
                    break;
                case WarningCode.MostlyMissing when profile.Columns.First(c => c.Name == warning.Columns[0]).MissingFraction >= 0.9:
                    Drop(warning.Columns, warning.Message);
                    break;
            }
        // A table without any feature left cannot be learnt from: then the person has to decide.
        if (drops.Count > 0 && drops.Count < sample.ColumnCount - (target is null ? 0 : 1))
            Add(new DropColumnsStep([.. drops.Keys]), string.Join(" ", drops.Select(drop => $"{drop.Key}: {drop.Value}")));

        // 2. Rows.
        if (profile.DuplicateRowCount > 0 && profile.DuplicateRowCount < profile.RowCount / 2)
            Add(new DropDuplicatesStep([]), Why(WarningCode.DuplicateRows));
        if (target is not null && profile.Columns.FirstOrDefault(c => c.Name == target) is { MissingCount: > 0 })
            Add(new DropMissingRowsStep([target]), Why(WarningCode.MissingTarget));

        // 3. Texts as they are meant, before they are read as anything else.
        AddFor(WarningCode.SurroundingBlanks, names => new TidyTextStep(names), withTarget: false);
        AddFor(WarningCode.CaseVariants, names => new TidyTextStep(names, Case: LetterCase.Lower), withTarget: false);
        AddFor(WarningCode.NumbersAsText, names => new ParseNumberStep(names), withTarget: true);
        AddFor(WarningCode.MixedKinds, names => new ParseNumberStep(names, AllowMissing: true), withTarget: false);
        foreach (var warning in warnings.Where(w => w.Code == WarningCode.DatesAsText && w.Columns[0] != target))
            foreach (var order in new[] { DatePartOrder.YearFirst, DatePartOrder.MonthFirst, DatePartOrder.DayFirst })
                if (Add(new ParseDateStep(warning.Columns, order), $"{warning.Columns[0]}: {warning.Message}")) break;

        // 4. What only stands for missing.
        foreach (var group in warnings.Where(w => w.Code == WarningCode.DisguisedMissing && w.Severity >= WarningSeverity.Warning && !w.Columns.Contains(target)).GroupBy(w => string.Join('\0', w.Values)))
            Add(new ValuesToMissingStep([.. group.SelectMany(w => w.Columns)], group.First().Values), string.Join(" ", group.Select(w => $"{w.Columns[0]}: {w.Message}")));

        // 5. Dates are numbers to a model only in parts.
        foreach (var column in table.Columns.Where(c => c.Kind == ColumnKind.DateTime && c.Name != target).ToArray())
            Add(new DatePartsStep(column.Name, [DatePart.Year, DatePart.Month, DatePart.Weekday, DatePart.DaysSince]), $"{column.Name} is a date: a model learns from its year, month, weekday and distance in days.");

        // 6. Holes, counted on the sample as the steps above leave it.
        var missing = table.Columns.Where(c => c.Name != target && c.CountMissing() is > 0 and var count && count < c.Length).ToArray();
        Fill([.. missing.Where(c => c.Kind == ColumnKind.Numeric)], FillMethod.Median, "the median, which outliers do not move");
        Fill([.. missing.Where(c => c.Kind is ColumnKind.Category or ColumnKind.Boolean)], FillMethod.MostFrequent, "the most frequent value");

        // 7. Long tails.
        var skewed = warnings.Where(w => w.Code == WarningCode.Skewed && w.Columns[0] != target && table.Find(w.Columns[0]) is NumericColumn numbers && IsLongTailed(numbers)).ToArray();
        if (skewed.Length > 0)
            Add(new Log1pStep([.. skewed.Select(w => w.Columns[0])]), string.Join(" ", skewed.Select(w => $"{w.Columns[0]}: {w.Message}")));
        return steps;

        string Why(WarningCode code) => string.Join(" ", warnings.Where(w => w.Code == code).Select(w => w.Message));

        void Drop(IReadOnlyList<string> names, string reason)
        {
            foreach (var name in names)
                if (name != target && sample.Find(name) is not null) drops.TryAdd(name, reason);
        }

        void AddFor(WarningCode code, Func<IReadOnlyList<string>, RecipeStep> make, bool withTarget)
        {
            foreach (var warning in warnings.Where(w => w.Code == code && (withTarget || !w.Columns.Contains(target)) && w.Columns.All(name => table.Find(name) is not null)))
                Add(make(warning.Columns), $"{warning.Columns[0]}: {warning.Message}");
        }

        void Fill(Column[] columns, FillMethod method, string with)
        {
            if (columns.Length == 0) return;
            Add(new FillMissingStep([.. columns.Select(c => c.Name)], method), $"{string.Join(", ", columns.Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Name}: {100.0 * c.CountMissing() / c.Length:0.#} % missing")))}. Filled with {with}.");
        }

        bool Add(RecipeStep step, string reason)
        {
            if (step.InputColumns.Any(name => table.Find(name) is null)) return false;
            try
            {
                // As training does it: steps that may not see the target do not.
                var preview = new Recipe([step]).Preview(table, target, CancellationToken.None);
                if (preview.Outcomes[0].Problems.Count > 0) return false;
                table = preview.Result;
            }
            catch (RecipeException) { return false; }
            steps.Add(new SuggestedStep(step, reason));
            return true;
        }
    }

    /// <summary>A logarithm of what is negative does not exist, and codes or small counts gain nothing from one.</summary>
    private static bool IsLongTailed(NumericColumn numbers)
    {
        foreach (var value in numbers.Values)
            if (value < 0) return false;
        return true;
    }
}
