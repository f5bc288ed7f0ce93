using System.ComponentModel;
using System.Text;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Which case letters get.</summary>
public enum LetterCase
{
    [Description("as they are")] Keep,
    [Description("lower case")] Lower,
    [Description("upper case")] Upper,
}

/// <summary>Makes texts that differ only in blanks or case one.</summary>
/// <param name="Columns">Text and category columns, the target too where it is named; empty for all but the target.</param>
/// <param name="Trim">Whether blanks at both ends go; where nothing is left, the value becomes missing.</param>
/// <param name="CollapseBlanks">Whether runs of blanks, tabs and line breaks become one blank.</param>
/// <param name="Case">Which case letters get, independent of any language.</param>
public sealed record TidyTextStep(
    [property: FieldWords("Columns to tidy", NoneMeans = "None chosen: all text and category columns", Kinds = [ColumnKind.Text, ColumnKind.Category])] IReadOnlyList<string> Columns,
    [property: FieldWords("Take blanks off both ends")] bool Trim = true,
    [property: FieldWords("Make runs of blanks one blank")] bool CollapseBlanks = true,
    [property: FieldWords("Letters")] LetterCase Case = LetterCase.Keep) : RecipeStep
{
    public override string Title => "Tidy text";
    public override IReadOnlyList<string> InputColumns => Columns;
    public override bool AllowsTarget => Columns.Count > 0;

    public override string Summary
    {
        get
        {
            var parts = new List<string>();
            if (Trim) parts.Add("trimmed");
            if (CollapseBlanks) parts.Add("single blanks");
            if (Case != LetterCase.Keep) parts.Add(Case == LetterCase.Lower ? "lower case" : "upper case");
            return $"{StepColumns.Describe(Columns, "all text columns")}: {(parts.Count == 0 ? "nothing chosen" : string.Join(", ", parts))}";
        }
    }

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var columns = StepColumns.Resolve(table, Columns, StepColumns.IsText);
        var problems = StepColumns.CheckTexts(table, columns);
        if (columns.Count == 0) problems.Add(new StepProblem("There is no text or category column."));
        if (!Trim && !CollapseBlanks && Case == LetterCase.Keep) problems.Add(new StepProblem("Nothing is chosen: expected to trim, to collapse blanks, or another case."));
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedTidyText(StepColumns.Resolve(rows, Columns, StepColumns.IsText), Trim, CollapseBlanks, Case);
    }
}

public sealed record FittedTidyText(IReadOnlyList<string> Columns, bool Trim, bool CollapseBlanks, LetterCase Case) : FittedStep
{
    public override IReadOnlyList<string> ReadTexts => Columns;

    public override Func<double, double> NumberMap(string column) => Unchanged;

    public override Table Replay(Table rows) => StepColumns.ChangePresent(rows, Columns, column => StepColumns.Map((DictionaryColumn)column, Tidy));

    private string? Tidy(string text)
    {
        if (Trim) text = text.Trim();
        if (CollapseBlanks) text = Collapse(text);
        text = Case switch { LetterCase.Lower => text.ToLowerInvariant(), LetterCase.Upper => text.ToUpperInvariant(), _ => text };
        return text.Length == 0 ? null : text;
    }

    private static string Collapse(string text)
    {
        var needed = false;
        for (var i = 0; i < text.Length && !needed; i++)
            needed = char.IsWhiteSpace(text[i]) && (text[i] != ' ' || (i > 0 && char.IsWhiteSpace(text[i - 1])));
        if (!needed) return text;
        var collapsed = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (!char.IsWhiteSpace(c)) collapsed.Append(c);
            else if (collapsed.Length == 0 || collapsed[^1] != ' ') collapsed.Append(' ');
        }
        return collapsed.ToString();
    }
}
