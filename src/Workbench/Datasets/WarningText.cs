using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Workbench.Shell;

namespace ModelWorkbench.Workbench.Datasets;

/// <summary>Warnings, measures and values in the words of the pages.</summary>
public static class WarningText
{
    /// <summary>The same for the same finding, whatever its figures: a warning that was put aside stays so when the file is read again.</summary>
    public static string Key(DataWarning warning) => $"{warning.Code}:{string.Join('\u001f', warning.Columns)}";

    public static string Title(WarningCode code) => code switch
    {
        WarningCode.Constant => "Only one value",
        WarningCode.NearConstant => "Nearly only one value",
        WarningCode.IdLike => "Looks like an identifier",
        WarningCode.DuplicateRows => "Duplicate rows",
        WarningCode.DuplicateColumns => "Duplicate columns",
        WarningCode.DisguisedMissing => "Missing in disguise",
        WarningCode.MixedKinds => "Mixed kinds",
        WarningCode.HighCardinality => "Many different values",
        WarningCode.RareClasses => "Rare classes",
        WarningCode.Imbalance => "Unbalanced classes",
        WarningCode.MissingTarget => "Target missing",
        WarningCode.Skewed => "Skewed",
        WarningCode.Outliers => "Far outliers",
        WarningCode.DatesAsText => "Dates as text",
        WarningCode.NumbersAsText => "Numbers as text",
        WarningCode.MostlyMissing => "Mostly missing",
        WarningCode.SurroundingBlanks => "Blanks around values",
        WarningCode.CaseVariants => "Same word, other case",
        WarningCode.LeakageSuspect => "May give the target away",
        WarningCode.RareCategories => "Rare categories",
        _ => code.ToString(),
    };

    /// <summary>Whether another way of reading the file could be the better remedy.</summary>
    public static bool IsAboutReading(WarningCode code) => code is WarningCode.MixedKinds or WarningCode.DisguisedMissing or WarningCode.NumbersAsText or WarningCode.DatesAsText;


    /// <summary>How strongly one column by itself tells the target, 0 to 1: R² of a number, else the normalised Gini; null where it is undefined.</summary>
    public static double? Strength(TargetAssociation association) => (association.RSquared ?? association.Gini) is { } value && double.IsFinite(value) ? Math.Clamp(value, 0, 1) : null;

    /// <summary>The figures of an association: <c>AUC 0.9300 · Gini 0.8600 · mutual information 0.3100 nats</c>.</summary>
    public static string Describe(TargetAssociation association)
    {
        List<string> parts = [];
        if (association.Auc is { } auc) parts.Add($"AUC {Figures.Metric(auc)}");
        if (association.RSquared is { } r2) parts.Add($"R² {Figures.Metric(r2)}");
        if (association.Gini is { } gini) parts.Add($"Gini {Figures.Metric(gini)}");
        parts.Add($"mutual information {Figures.Metric(association.MutualInformation)} nats");
        return string.Join(" · ", parts);
    }
}
