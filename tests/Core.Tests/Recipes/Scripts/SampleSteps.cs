using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;

namespace ModelWorkbench.Core.Tests.Recipes.Scripts;

/// <summary>Every step that is registered, with settings for a table of the columns age, income (numbers), city (category), note (text), member (boolean) and joined (date).</summary>
internal static class SampleSteps
{
    public static IReadOnlyList<RecipeStep> OneOfEach() =>
        [.. RecipeJson.StepNames.Select(name => All().First(step => RecipeJson.Write(new Recipe([step])).Contains($"\"step\": \"{name}\"", StringComparison.Ordinal)))];

    /// <summary>Several of most steps.</summary>
    public static IReadOnlyList<RecipeStep> All() =>
    [
        new DropMissingRowsStep(["age"]), new DropMissingRowsStep([]),
        new FillMissingStep(["age"], FillMethod.Mean), new FillMissingStep([], FillMethod.MostFrequent), new FillMissingStep(["income"], FillMethod.Median, GroupBy: "city", Flag: true),
        new FillMissingStep(["city"], FillMethod.Constant, "no \"where\""), new FillMissingStep(["joined"], FillMethod.Constant, "2020-02-29"),
        new Log1pStep(["income"]), new LogStep(["income"]), new SquareRootStep(["income"]), new YeoJohnsonStep(["age"]), new YeoJohnsonStep([]),
        new DropColumnsStep(["note"]), new RenameColumnStep("age", "Age in years"), new ReplaceTextStep(["city"], "o", "0", TextMatch.Part), new ReplaceTextStep(["city", "note"], "BONN", "Köln", TextMatch.Whole, IgnoreCase: true),
        new ReplaceTextStep(["note"], "([a-z]+) ([a-z]+)", "$2 $1", TextMatch.Pattern),
        new ChangeKindStep("age", ColumnKind.Category), new ChangeKindStep("joined", ColumnKind.Text), new ChangeKindStep("city", ColumnKind.Numeric, AllowMissing: true), new ChangeKindStep("note", ColumnKind.DateTime, AllowMissing: true),
        new DropDuplicatesStep(["city", "member"]), new DropDuplicatesStep([]),
        new PcaStep(["age", "income"], 2), new PcaStep([], 1, Standardize: false),
        new FilterRowsStep("age > 18 or contains(lower(city), 'n')"), new FilterRowsStep("income < 1e6"),
        new DerivedColumnStep("ratio", "income / age"), new DerivedColumnStep("label", "concat(city, '-', year(joined), '-', member)"), new DerivedColumnStep("old", "not member and joined < \"2021-01-01\""),
        new ScaleStep(["age"], ScaleMethod.Standardize), new ScaleStep([], ScaleMethod.MinMax), new ScaleStep(["income"], ScaleMethod.Robust),
        new ClipOutliersStep(["income"]), new ClipOutliersStep([], OutlierMethod.Quantiles), new DropOutliersStep(["income"]),
        new ParseNumberStep(["note"], AllowMissing: true), new ParseDateStep(["note"], DatePartOrder.YearFirst, AllowMissing: true),
        new ValuesToMissingStep(["city", "age"], ["bonn", "42"]), new TidyTextStep(["note", "city"], Case: LetterCase.Upper),
        new MergeRareStep(["city"], 0.2), new OneHotStep(["city"], 3), new OrdinalEncodeStep(["city"], CategoryOrder.Frequency, []), new HashEncodeStep(["city"], 4), new TargetEncodeStep(["city"]),
        new BinStep(["age"], BinMethod.Quantile, 3, []), new TextNgramsStep("note", Top: 5), new ReorderColumnsStep(["city", "age"]), new SampleRowsStep(Fraction: 0.5),
        new DatePartsStep("joined", [DatePart.Year, DatePart.Weekday, DatePart.DaysSince], "2020-01-01", KeepSource: true), new DatePartsStep("joined", [DatePart.Month, DatePart.Hour]),
    ];
}
