using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using MudBlazor;

namespace ModelWorkbench.Workbench.Recipes;

/// <summary>What a step is for, as the menu groups them.</summary>
public enum StepPurpose { Missing, Rows, Columns, Numbers, Categories, Text, Dates, Reduce }

/// <summary>A kind of step as the menu offers it.</summary>
/// <param name="Id">As in the recipe's JSON: <c>fill-missing</c>.</param>
/// <param name="Purpose">Its group.</param>
/// <param name="Icon">Beside the title.</param>
/// <param name="Help">One sentence: what it does and when it helps.</param>
/// <param name="Words">Further words that people may look for, apart from title and help.</param>
/// <param name="Blank">What the form starts with.</param>
public sealed record StepKind(string Id, StepPurpose Purpose, string Icon, string Help, string Words, RecipeStep Blank)
{
    public static IReadOnlyList<StepKind> All { get; } =
    [
        new("drop-missing-rows", StepPurpose.Missing, Icons.Material.Outlined.PlaylistRemove, "Leaves out rows that have no value in the chosen columns; right where few rows are affected.", "na null empty dropna delete", new DropMissingRowsStep([])),
        new("fill-missing", StepPurpose.Missing, Icons.Material.Outlined.FormatColorFill, "Puts a value where none is, so that no row is lost: the mean, the median, the most frequent value or one of your own, by group if you like.", "na null impute fillna mean median mode flag indicator", new FillMissingStep([], FillMethod.Median)),
        new("log1p", StepPurpose.Numbers, Icons.Material.Outlined.ShowChart, "Replaces numbers by ln(1 + value), which draws in a long right tail such as that of prices or counts.", "logarithm skew", new Log1pStep([])),
        new("values-to-missing", StepPurpose.Missing, Icons.Material.Outlined.HideSource, "Makes values that only stand for missing missing: -999, 0 where it is impossible, unknown.", "na null disguised sentinel placeholder", new ValuesToMissingStep([], [])),
        new("log", StepPurpose.Numbers, Icons.Material.Outlined.ShowChart, "Replaces numbers above 0 by their natural logarithm.", "ln logarithm skew", new LogStep([])),
        new("square-root", StepPurpose.Numbers, Icons.Material.Outlined.SquareFoot, "Replaces numbers by their square root, a milder remedy for a long right tail than the logarithm.", "sqrt skew", new SquareRootStep([])),
        new("yeo-johnson", StepPurpose.Numbers, Icons.Material.Outlined.AutoGraph, "Bends each column as near to a normal distribution as one power can; takes negative values too.", "power transform skew normal boxcox gaussian", new YeoJohnsonStep([])),
        new("scale", StepPurpose.Numbers, Icons.Material.Outlined.Straighten, "Brings columns to one scale: mean 0 and deviation 1, 0 to 1, or by median and quartiles.", "standardise standardize normalise normalize min-max minmax robust zscore", new ScaleStep([], ScaleMethod.Standardize)),
        new("clip-outliers", StepPurpose.Numbers, Icons.Material.Outlined.VerticalAlignCenter, "Moves values far outside to the nearest bound, so that a few of them do not rule the model.", "winsorize winsorise iqr quantile cap limit", new ClipOutliersStep([])),
        new("drop-outliers", StepPurpose.Rows, Icons.Material.Outlined.FilterAlt, "Leaves rows with a value far outside out of training; rows to be judged or answered stay.", "iqr quantile anomaly", new DropOutliersStep([])),
        new("parse-number", StepPurpose.Text, Icons.Material.Outlined.Percent, "Reads numbers out of texts such as $1,299.00, 45%, 3.2k or 2100 - 2850.", "currency money thousands price amount convert", new ParseNumberStep([])),
        new("replace-text", StepPurpose.Text, Icons.Material.Outlined.FindReplace, "Replaces text by other text: whole values, parts or a pattern.", "regex substitute correct typo map", new ReplaceTextStep([], "", "")),
        new("tidy-text", StepPurpose.Text, Icons.Material.Outlined.FormatAlignLeft, "Makes texts one that differ only in blanks or in upper and lower case.", "trim strip whitespace lower upper case", new TidyTextStep([])),
        new("parse-date", StepPurpose.Dates, Icons.Material.Outlined.CalendarMonth, "Reads dates out of texts such as 31.05.2024, 5/31/24 2:30 PM or 25-Sep-19.", "datetime time convert strptime", new ParseDateStep([], DatePartOrder.DayFirst)),
        new("date-parts", StepPurpose.Dates, Icons.Material.Outlined.EditCalendar, "Takes dates apart into numbers: year, month, weekday, hour, days since.", "datetime year month day weekday hour age", new DatePartsStep("", [DatePart.Year, DatePart.Month])),
        new("drop-columns", StepPurpose.Columns, Icons.Material.Outlined.VisibilityOff, "Leaves out columns that no model should see: identifiers, or what is only known after the outcome.", "remove delete select", new DropColumnsStep([])),
        new("rename-column", StepPurpose.Columns, Icons.Material.Outlined.DriveFileRenameOutline, "Gives a column another name; the steps after it use the new one.", "header name", new RenameColumnStep("", "")),
        new("change-kind", StepPurpose.Columns, Icons.Material.Outlined.SwapHoriz, "Reads a column as another kind: codes that look like numbers as categories, text as numbers.", "type cast convert astype", new ChangeKindStep("", ColumnKind.Category)),
        new("drop-duplicates", StepPurpose.Rows, Icons.Material.Outlined.FilterNone, "Keeps the first of rows that are equal, so that the same row cannot be in training and in the test set.", "deduplicate unique distinct", new DropDuplicatesStep([])),
        new("filter-rows", StepPurpose.Rows, Icons.Material.Outlined.FilterList, "Keeps the rows for which a condition is true, such as age >= 18.", "where condition query select expression", new FilterRowsStep("")),
        new("sample-rows", StepPurpose.Rows, Icons.Material.Outlined.Casino, "Draws a part of the rows for training, which makes comparing quicker; rows to be judged or answered stay.", "random subset undersample", new SampleRowsStep(0.1)),
        new("derived-column", StepPurpose.Columns, Icons.Material.Outlined.Functions, "Computes a new column from others by an expression, such as price / area.", "formula expression feature calculate mutate assign", new DerivedColumnStep("", "")),
        new("reorder-columns", StepPurpose.Columns, Icons.Material.Outlined.Reorder, "Puts columns first, in the order you give.", "order move arrange", new ReorderColumnsStep([])),
        new("bin", StepPurpose.Numbers, Icons.Material.Outlined.BarChart, "Cuts numbers into ranges: of equal width, with equally many rows, or at edges of your own.", "discretize discretise bucket quantile histogram", new BinStep([], BinMethod.Quantile, 5, [])),
        new("merge-rare", StepPurpose.Categories, Icons.Material.Outlined.CallMerge, "Makes one category of the rare ones.", "infrequent other group lump cardinality", new MergeRareStep([])),
        new("one-hot", StepPurpose.Categories, Icons.Material.Outlined.GridOn, "Gives each frequent category a column of 0 and 1.", "dummy dummies indicator encode encoding", new OneHotStep([])),
        new("ordinal-encode", StepPurpose.Categories, Icons.Material.Outlined.FormatListNumbered, "Replaces categories by their place in an order: small, medium, large become 0, 1, 2.", "label encode encoding rank", new OrdinalEncodeStep([], CategoryOrder.Alphabet, [])),
        new("hash-encode", StepPurpose.Categories, Icons.Material.Outlined.Tag, "Spreads categories over a fixed number of columns; right for very many or ever new ones.", "hashing trick feature encode encoding cardinality", new HashEncodeStep([])),
        new("target-encode", StepPurpose.Categories, Icons.Material.Outlined.TrackChanges, "Replaces a category by the mean of the target, learnt inside folds so that no row sees its own target.", "mean encode encoding likelihood impact", new TargetEncodeStep([])),
        new("text-ngrams", StepPurpose.Text, Icons.Material.Outlined.Subject, "Turns text into columns that tell which words or pieces are in it.", "bag of words tfidf tf-idf vectorize tokens nlp", new TextNgramsStep("")),
        new("pca", StepPurpose.Reduce, Icons.Material.Outlined.ScatterPlot, "Replaces numeric columns by a few principal components that keep most of their variance.", "dimension components", new PcaStep([], 2)),
    ];

    public string Title => Blank.Title;

    public static StepKind Of(RecipeStep step) => All.Single(kind => kind.Blank.GetType() == step.GetType());

    /// <summary>The kinds in which every word of the query occurs; all of them for an empty one.</summary>
    public static IEnumerable<StepKind> Find(string query)
    {
        var words = query.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return All.Where(kind => words.All(word => $"{kind.Title} {kind.Help} {kind.Words} {kind.Id} {Name(kind.Purpose)}".Contains(word, StringComparison.OrdinalIgnoreCase)))
            // Whoever types a step's name means that step, not one whose explanation has the word.
            .OrderBy(kind => words.Length > 0 && !kind.Title.Contains(words[0], StringComparison.OrdinalIgnoreCase));
    }

    public static string Name(StepPurpose purpose) => purpose switch
    {
        StepPurpose.Missing => "Missing values",
        StepPurpose.Rows => "Rows",
        StepPurpose.Columns => "Columns",
        StepPurpose.Numbers => "Numbers",
        StepPurpose.Categories => "Categories",
        StepPurpose.Text => "Text",
        StepPurpose.Dates => "Dates",
        _ => "Fewer columns",
    };
}
