using System.ComponentModel;
using System.Text.RegularExpressions;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>How the text to be replaced is looked for.</summary>
public enum TextMatch
{
    /// <summary>The value is this text.</summary>
    [Description("the whole value")] Whole,

    /// <summary>The text occurs in the value; every occurrence is replaced.</summary>
    [Description("a part of the value")] Part,

    /// <summary>A regular expression; in the replacement <c>$1</c> is its first group.</summary>
    [Description("a regular expression")] Pattern,
}

/// <summary>Replaces text by other text.</summary>
/// <param name="Columns">Text and category columns, the target too where it is named; empty for all but the target.</param>
/// <param name="Find">What is looked for.</param>
/// <param name="Replacement">What takes its place. Where nothing is left of a value, it becomes missing.</param>
/// <param name="Match">How it is looked for.</param>
/// <param name="IgnoreCase">Whether upper and lower case are the same.</param>
public sealed record ReplaceTextStep(
    [property: FieldWords("Columns to change", NoneMeans = "None chosen: all text and category columns", Kinds = [ColumnKind.Text, ColumnKind.Category])] IReadOnlyList<string> Columns,
    [property: FieldWords("Find")] string Find,
    [property: FieldWords("Replace by", Help = "Where nothing is left of a value, it becomes missing.")] string Replacement,
    [property: FieldWords("Looked for as")] TextMatch Match = TextMatch.Whole,
    [property: FieldWords("Upper and lower case are the same")] bool IgnoreCase = false) : RecipeStep
{
    public override string Title => "Replace text";
    public override string Summary => $"{StepColumns.Describe(Columns, "all text columns")}: {(Match == TextMatch.Pattern ? "pattern " : "")}'{Find}' by '{Replacement}'";
    public override IReadOnlyList<string> InputColumns => Columns;
    public override bool AllowsTarget => Columns.Count > 0;

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var columns = StepColumns.Resolve(table, Columns, StepColumns.IsText);
        var problems = StepColumns.CheckTexts(table, columns);
        if (columns.Count == 0) problems.Add(new StepProblem("There is no text or category column."));
        if (Find.Length == 0) problems.Add(new StepProblem("The text to look for is empty."));
        else if (Match == TextMatch.Pattern)
        {
            try { _ = FittedReplaceText.Pattern(Find, IgnoreCase); }
            catch (RegexParseException e) { problems.Add(new StepProblem($"The pattern cannot be read: {e.Message}")); }
            catch (NotSupportedException) { problems.Add(new StepProblem($"The pattern '{Find}' looks around or back (such as (?=…), (?<=…) or \\1), which could take for ever on some texts; expected one without.")); }
        }
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedReplaceText(StepColumns.Resolve(rows, Columns, StepColumns.IsText), Find, Replacement, Match, IgnoreCase);
    }
}

public sealed record FittedReplaceText(IReadOnlyList<string> Columns, string Find, string Replacement, TextMatch Match, bool IgnoreCase) : FittedStep
{
    public override IReadOnlyList<string> ReadTexts => Columns;

    public override Func<double, double> NumberMap(string column) => Unchanged;

    public override Table Replay(Table rows)
    {
        var comparison = IgnoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        var pattern = Match == TextMatch.Pattern ? Pattern(Find, IgnoreCase) : null;
        return StepColumns.ChangePresent(rows, Columns, column => StepColumns.Map((DictionaryColumn)column, text =>
        {
            var replaced = Match switch
            {
                TextMatch.Whole => text.Equals(Find, comparison) ? Replacement : text,
                TextMatch.Part => text.Replace(Find, Replacement, comparison),
                _ => pattern!.Replace(text, Replacement),
            };
            return replaced.Length == 0 ? null : replaced;
        }));
    }

    /// <summary>Matches in time linear in the text, whatever the pattern.</summary>
    internal static Regex Pattern(string pattern, bool ignoreCase) =>
        new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | (ignoreCase ? RegexOptions.IgnoreCase : RegexOptions.None), TimeSpan.FromSeconds(5));
}
