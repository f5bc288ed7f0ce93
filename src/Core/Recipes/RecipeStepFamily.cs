using System.Text.Json.Serialization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes.Steps;

namespace ModelWorkbench.Core.Recipes;

[JsonPolymorphic(TypeDiscriminatorPropertyName = "step")]
[JsonDerivedType(typeof(DropMissingRowsStep), "drop-missing-rows")]
[JsonDerivedType(typeof(FillMissingStep), "fill-missing")]
[JsonDerivedType(typeof(Log1pStep), "log1p")]
[JsonDerivedType(typeof(DropColumnsStep), "drop-columns")]
[JsonDerivedType(typeof(RenameColumnStep), "rename-column")]
[JsonDerivedType(typeof(ChangeKindStep), "change-kind")]
[JsonDerivedType(typeof(DropDuplicatesStep), "drop-duplicates")]
[JsonDerivedType(typeof(PcaStep), "pca")]
[JsonDerivedType(typeof(FilterRowsStep), "filter-rows")]
[JsonDerivedType(typeof(DerivedColumnStep), "derived-column")]
public abstract partial record RecipeStep
{
    /// <summary>Whether the target may be among the columns: for steps that choose rows or say what a column means. All other steps are never shown the target.</summary>
    [JsonIgnore]
    public virtual bool AllowsTarget => false;

    /// <summary>Names of the columns that the step adds; each must be free.</summary>
    [JsonIgnore]
    public virtual IReadOnlyList<string> NewColumns => [];

    /// <summary>For the start of every <see cref="Fit"/>.</summary>
    /// <exception cref="RecipeException">The check finds a problem; <see cref="Recipe"/> adds the position of the step.</exception>
    protected void ThrowUnlessApplicable(Table rows)
    {
        var problems = Check(rows);
        if (problems.Count > 0) throw new RecipeException(0, Title, problems);
    }
}

[JsonPolymorphic(TypeDiscriminatorPropertyName = "step")]
[JsonDerivedType(typeof(FittedDropMissingRows), "drop-missing-rows")]
[JsonDerivedType(typeof(FittedFillMissing), "fill-missing")]
[JsonDerivedType(typeof(FittedLog1p), "log1p")]
[JsonDerivedType(typeof(FittedDropColumns), "drop-columns")]
[JsonDerivedType(typeof(FittedRenameColumn), "rename-column")]
[JsonDerivedType(typeof(FittedChangeKind), "change-kind")]
[JsonDerivedType(typeof(FittedDropDuplicates), "drop-duplicates")]
[JsonDerivedType(typeof(FittedPca), "pca")]
[JsonDerivedType(typeof(FittedFilterRows), "filter-rows")]
[JsonDerivedType(typeof(FittedDerivedColumn), "derived-column")]
public abstract partial record FittedStep;
