using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using MudBlazor;

namespace ModelWorkbench.Workbench.Recipes;

/// <summary>A kind of step as the menu offers it.</summary>
/// <param name="Id">As in the recipe's JSON: <c>fill-missing</c>.</param>
/// <param name="Icon">Beside the title.</param>
/// <param name="Help">One sentence: what it does and when it helps.</param>
/// <param name="Blank">What the form starts with.</param>
public sealed record StepKind(string Id, string Icon, string Help, RecipeStep Blank)
{
    public static IReadOnlyList<StepKind> All { get; } =
    [
        new("drop-missing-rows", Icons.Material.Outlined.PlaylistRemove, "Leaves out rows that have no value in the chosen columns; right where few rows are affected.", new DropMissingRowsStep([])),
        new("fill-missing", Icons.Material.Outlined.FormatColorFill, "Puts a value where none is, so that no row is lost: the mean, the median, the most frequent value or one of your own.", new FillMissingStep([], FillMethod.Median)),
        new("log1p", Icons.Material.Outlined.ShowChart, "Replaces numbers by ln(1 + value), which draws in a long right tail such as that of prices or counts.", new Log1pStep([])),
        new("drop-columns", Icons.Material.Outlined.VisibilityOff, "Leaves out columns that no model should see: identifiers, or what is only known after the outcome.", new DropColumnsStep([])),
        new("rename-column", Icons.Material.Outlined.DriveFileRenameOutline, "Gives a column another name; the steps after it use the new one.", new RenameColumnStep("", "")),
        new("change-kind", Icons.Material.Outlined.SwapHoriz, "Reads a column as another kind: codes that look like numbers as categories, text as numbers.", new ChangeKindStep("", ColumnKind.Category)),
        new("drop-duplicates", Icons.Material.Outlined.FilterNone, "Keeps the first of rows that are equal, so that the same row cannot be in training and in the test set.", new DropDuplicatesStep([])),
        new("pca", Icons.Material.Outlined.ScatterPlot, "Replaces numeric columns by a few principal components that keep most of their variance.", new PcaStep([], 2)),
    ];

    public string Title => Blank.Title;

    public static StepKind Of(RecipeStep step) => All.Single(kind => kind.Blank.GetType() == step.GetType());
}
