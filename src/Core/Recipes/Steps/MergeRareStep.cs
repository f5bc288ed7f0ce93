using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Puts categories that are rare in the training rows, and those that these do not have, together as one.</summary>
/// <param name="Columns">Category and text columns; empty for all category columns.</param>
/// <param name="MinimumShare">Of the rows with a value, 0 to 1: what is less frequent is rare.</param>
/// <param name="MinimumCount">What has fewer rows is rare.</param>
/// <param name="Other">What they become.</param>
public sealed record MergeRareStep(
    [property: FieldWords("Columns to look at", NoneMeans = "None chosen: all category columns", Kinds = [ColumnKind.Category, ColumnKind.Text])] IReadOnlyList<string> Columns,
    [property: FieldWords("Rare below a share of", Help = "Of the rows with a value, 0 to 1.")] double MinimumShare = 0.01,
    [property: FieldWords("Rare below a count of")] int MinimumCount = 1,
    [property: FieldWords("Call them")] string Other = "other") : RecipeStep
{
    public override string Title => "Merge rare categories";
    public override string Summary => string.Create(CultureInfo.InvariantCulture, $"{StepColumns.Describe(Columns, "all category columns")}: below {(MinimumShare > 0 ? $"{MinimumShare:P1} or " : "")}{StepColumns.Count(MinimumCount, "row")} becomes '{Other}'");
    public override bool Learns => true;
    public override IReadOnlyList<string> InputColumns => Columns;

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var columns = Resolve(table);
        var problems = StepColumns.CheckTexts(table, columns);
        if (columns.Count == 0) problems.Add(new StepProblem("There is no category column."));
        if (MinimumShare is not (>= 0 and < 1)) problems.Add(new StepProblem(string.Create(CultureInfo.InvariantCulture, $"Found {MinimumShare} as the smallest share, expected 0 or more and less than 1; 0.01 is one row in a hundred.")));
        if (MinimumCount < 0) problems.Add(new StepProblem($"Found {MinimumCount} as the smallest number of rows, expected 0 or more."));
        if (string.IsNullOrWhiteSpace(Other)) problems.Add(new StepProblem("The name for rare categories is empty."));
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedMergeRare([.. Resolve(rows).Select(name =>
        {
            var counts = Categories.ByFrequency(rows[name]);
            var all = counts.Sum(c => (double)c.Count);
            return new ColumnCategories(name, [.. counts.Where(c => c.Count >= MinimumCount && c.Count >= MinimumShare * all).Select(c => c.Value)]);
        })], Other);
    }

    private IReadOnlyList<string> Resolve(Table table) => StepColumns.Resolve(table, Columns, column => column.Kind == ColumnKind.Category);
}

/// <param name="Kept">The categories that stay.</param>
/// <param name="Other">What all others become.</param>
public sealed record FittedMergeRare(IReadOnlyList<ColumnCategories> Kept, string Other) : FittedStep
{
    public override IReadOnlyList<LearntValue> Learnt =>
        [.. Kept.SelectMany(k => LearntValue.Cut(k.Column, [new LearntValue(k.Column, "categories kept", k.Values.Count), .. k.Values.Select(v => new LearntValue(k.Column, "kept", v))]))];

    public override IReadOnlyList<string> ReadTexts => [.. Kept.Select(k => k.Column)];

    public override Func<double, double>? NumberMap(string column) => Kept.Any(k => k.Column == column) ? null : Unchanged;

    public override Table Replay(Table rows) => StepColumns.Change(rows, [.. Kept.Select(k => k.Column)], (column, i) =>
    {
        var kept = Kept[i].Values.ToHashSet(StringComparer.Ordinal);
        return StepColumns.Map(Categories.Texts(column), text => kept.Contains(text) ? text : Other);
    });
}
