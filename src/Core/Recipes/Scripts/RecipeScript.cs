using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Scripts;

/// <summary>A recipe as a program that does the same without this product.</summary>
/// <param name="FileName"><c>recipe.py</c>.</param>
/// <param name="Text">The whole program.</param>
/// <param name="NotExported">The enabled steps that have no counterpart in the language, as <c>3. Title</c>; the program stops with an error at the first of them.</param>
public sealed record RecipeScript(string FileName, string Text, IReadOnlyList<string> NotExported);

/// <summary>The file that a script reads.</summary>
/// <param name="FileName">For the comment on top: <c>sales.csv</c>.</param>
/// <param name="Options">How the file is written.</param>
/// <param name="Columns">The columns in file order, with the names and kinds that they were given on reading.</param>
public sealed record ScriptSource(string FileName, CsvOptions Options, IReadOnlyList<ColumnHeader> Columns)
{
    /// <summary>The target, which an encoding by its means looks at in training; null where none is chosen.</summary>
    public string? Target { get; init; }
}

/// <summary>A step as the writers of scripts see it.</summary>
/// <param name="Number">1-based among all steps of the recipe.</param>
/// <param name="Before">The columns before the step; without rows.</param>
internal sealed record ScriptStep(int Number, RecipeStep Step, FittedStep Fitted, Table Before)
{
    public string Heading => ScriptLiterals($"{Number}. {Step.Label ?? Step.Title}: {Step.Summary}");

    /// <summary>Pairs each enabled step with what it learnt, and follows the columns through the recipe.</summary>
    /// <exception cref="ArgumentException">The fitted recipe is not of this recipe.</exception>
    public static IReadOnlyList<ScriptStep> Pair(ScriptSource source, Recipe recipe, FittedRecipe fitted)
    {
        var enabled = recipe.Steps.Index().Where(s => s.Item.Enabled).ToArray();
        if (enabled.Length != fitted.Steps.Count)
            throw new ArgumentException($"The recipe has {enabled.Length} enabled steps, the fitted recipe {fitted.Steps.Count}.", nameof(fitted));
        var table = new Table([.. source.Columns.Select(Empty)]);
        var steps = new List<ScriptStep>();
        for (var i = 0; i < enabled.Length; i++)
        {
            steps.Add(new ScriptStep(enabled[i].Index + 1, enabled[i].Item, fitted.Steps[i], table));
            table = fitted.Steps[i].Replay(table);
        }
        return steps;
    }

    /// <summary>Digits in groups of three as a regular expression, the same in both languages; null where digits are not grouped.</summary>
    public static string? GroupedNumber(CsvOptions options) => options.ThousandsSeparator is null ? null : $"^[+-]?[1-9][0-9]{{0,2}}(?:{GroupMark(options)}[0-9]{{3}})+(?:[{options.DecimalMark}][0-9]*)?$";

    /// <summary>What may stand between groups of digits, as a regular expression.</summary>
    public static string GroupMark(CsvOptions options) => options.ThousandsSeparator switch
    {
        null => "",
        ' ' => "[ \\u00a0\\u202f]",
        '\'' => "['\\u2019]",
        var mark => $"[{mark}]",
    };

    private static string ScriptLiterals(string text) => Expressions.ScriptLiterals.Comment(text);

    private static Column Empty(ColumnHeader column) => column.Kind switch
    {
        ColumnKind.Numeric => new NumericColumn(column.Name, []),
        ColumnKind.DateTime => new DateTimeColumn(column.Name, []),
        var kind => new DictionaryColumn(column.Name, kind, [], []),
    };
}
