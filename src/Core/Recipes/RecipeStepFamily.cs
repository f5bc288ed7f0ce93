using System.Collections.Frozen;
using System.Runtime.CompilerServices;
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
[JsonDerivedType(typeof(LogStep), "log")]
[JsonDerivedType(typeof(SquareRootStep), "square-root")]
[JsonDerivedType(typeof(YeoJohnsonStep), "yeo-johnson")]
[JsonDerivedType(typeof(ScaleStep), "scale")]
[JsonDerivedType(typeof(ClipOutliersStep), "clip-outliers")]
[JsonDerivedType(typeof(DropOutliersStep), "drop-outliers")]
[JsonDerivedType(typeof(ParseNumberStep), "parse-number")]
[JsonDerivedType(typeof(ParseDateStep), "parse-date")]
[JsonDerivedType(typeof(ValuesToMissingStep), "values-to-missing")]
[JsonDerivedType(typeof(ReplaceTextStep), "replace-text")]
[JsonDerivedType(typeof(TidyTextStep), "tidy-text")]
[JsonDerivedType(typeof(DatePartsStep), "date-parts")]
[JsonDerivedType(typeof(MergeRareStep), "merge-rare")]
[JsonDerivedType(typeof(OneHotStep), "one-hot")]
[JsonDerivedType(typeof(OrdinalEncodeStep), "ordinal-encode")]
[JsonDerivedType(typeof(HashEncodeStep), "hash-encode")]
[JsonDerivedType(typeof(TargetEncodeStep), "target-encode")]
[JsonDerivedType(typeof(BinStep), "bin")]
[JsonDerivedType(typeof(TextNgramsStep), "text-ngrams")]
[JsonDerivedType(typeof(ReorderColumnsStep), "reorder-columns")]
[JsonDerivedType(typeof(SampleRowsStep), "sample-rows")]
public abstract partial record RecipeStep
{
    /// <summary>Whether the target may be among the columns: for steps that choose rows or say what a column means. All other steps are never shown the target.</summary>
    [JsonIgnore]
    public virtual bool AllowsTarget => false;

    /// <summary>Names of the columns that the step adds; each must be free.</summary>
    [JsonIgnore]
    public virtual IReadOnlyList<string> NewColumns => [];

    /// <summary>Whether the step is for training alone (<see cref="FittedStep.TrainingOnly"/>); such a step never runs before the split.</summary>
    [JsonIgnore]
    public virtual bool TrainingOnly => false;

    /// <summary>Whether fitting needs the target; such a step is fitted by <see cref="FitToTarget"/> and its columns never include the target.</summary>
    [JsonIgnore]
    public virtual bool LearnsFromTarget => false;

    /// <summary>For steps that learn from the target, in place of <see cref="Fit"/>.</summary>
    /// <param name="rows">Training rows without the target.</param>
    /// <param name="target">The target of these rows, as it is at this step.</param>
    /// <exception cref="RecipeException">The check finds a problem.</exception>
    public virtual FittedStep FitToTarget(Table rows, Column target) => Fit(rows);

    /// <summary>The rows that the step was fitted on, as the steps after it and the model are to learn from them. Differs from <see cref="FittedStep.Replay"/>
    /// where replaying what was learnt from a row on that row itself would give its target away.</summary>
    /// <param name="fitted">What fitting on these rows gave.</param>
    /// <param name="rows">The same rows, the target among them.</param>
    /// <param name="target">The target's name, or null.</param>
    public virtual Table ReplayInTraining(FittedStep fitted, Table rows, string? target) => fitted.Replay(rows);

    /// <summary>For steps whose new columns are named after what they learnt.</summary>
    /// <param name="leaving">Columns that make room.</param>
    /// <exception cref="RecipeException">A name is taken, or two are the same.</exception>
    protected void ThrowUnlessFree(Table rows, IReadOnlyList<string> newNames, IReadOnlyList<string> leaving)
    {
        var problems = StepColumns.CheckFree(rows, newNames, leaving).ToArray();
        if (problems.Length > 0) throw new RecipeException(0, Title, problems);
    }

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
[JsonDerivedType(typeof(FittedLog), "log")]
[JsonDerivedType(typeof(FittedSquareRoot), "square-root")]
[JsonDerivedType(typeof(FittedYeoJohnson), "yeo-johnson")]
[JsonDerivedType(typeof(FittedScale), "scale")]
[JsonDerivedType(typeof(FittedClipOutliers), "clip-outliers")]
[JsonDerivedType(typeof(FittedDropOutliers), "drop-outliers")]
[JsonDerivedType(typeof(FittedParseNumber), "parse-number")]
[JsonDerivedType(typeof(FittedParseDate), "parse-date")]
[JsonDerivedType(typeof(FittedValuesToMissing), "values-to-missing")]
[JsonDerivedType(typeof(FittedReplaceText), "replace-text")]
[JsonDerivedType(typeof(FittedTidyText), "tidy-text")]
[JsonDerivedType(typeof(FittedDateParts), "date-parts")]
[JsonDerivedType(typeof(FittedMergeRare), "merge-rare")]
[JsonDerivedType(typeof(FittedOneHot), "one-hot")]
[JsonDerivedType(typeof(FittedOrdinalEncode), "ordinal-encode")]
[JsonDerivedType(typeof(FittedHashEncode), "hash-encode")]
[JsonDerivedType(typeof(FittedTargetEncode), "target-encode")]
[JsonDerivedType(typeof(FittedBin), "bin")]
[JsonDerivedType(typeof(FittedTextNgrams), "text-ngrams")]
[JsonDerivedType(typeof(FittedReorderColumns), "reorder-columns")]
[JsonDerivedType(typeof(FittedSampleRows), "sample-rows")]
public abstract partial record FittedStep
{
    private static readonly FrozenDictionary<Type, string> Titles = CollectTitles();

    /// <summary>The title of the step that was fitted: <c>Fill missing values</c>.</summary>
    [JsonIgnore]
    public string Title => Titles[GetType()];

    // A step and what fitting gives have the same name in JSON. A title hangs on no setting, so a step that has none can tell it.
    private static FrozenDictionary<Type, string> CollectTitles()
    {
        var steps = Names(typeof(RecipeStep));
        return Names(typeof(FittedStep)).ToFrozenDictionary(f => f.Value, f => ((RecipeStep)RuntimeHelpers.GetUninitializedObject(steps[f.Key])).Title);

        static Dictionary<string, Type> Names(Type family) => family.GetCustomAttributes(typeof(JsonDerivedTypeAttribute), false).Cast<JsonDerivedTypeAttribute>().ToDictionary(a => (string)a.TypeDiscriminator!, a => a.DerivedType, StringComparer.Ordinal);
    }
}
