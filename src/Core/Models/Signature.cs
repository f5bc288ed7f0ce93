using System.Collections.Frozen;
using System.Text.Json.Serialization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;

namespace ModelWorkbench.Core.Models;

/// <summary>The columns a model expects, as they stand in the source file: before any recipe step.</summary>
public sealed record Signature(IReadOnlyList<InputColumn> Inputs)
{
    /// <summary>The columns that influence the prediction, in file order; positional requests follow this order.</summary>
    public IReadOnlyList<InputColumn> Used { get; } = [.. Inputs.Where(i => i.Used)];

    // Made once for all requests.
    internal FrozenDictionary<string, int> Index { get; } = Inputs.Index().ToFrozenDictionary(i => i.Item.Name, i => i.Index, StringComparer.Ordinal);
    internal IReadOnlyList<FrozenDictionary<string, int>?> Choices { get; } = [.. Inputs.Select(i => i.Choices?.Index().ToFrozenDictionary(c => c.Item, c => c.Index, StringComparer.Ordinal))];

    // Positions of the used inputs, in order.
    internal int[] UsedIndexes { get; } = [.. Inputs.Index().Where(i => i.Item.Used).Select(i => i.Index)];

    private const int MostChoices = 1_000;

    /// <summary>Reads names, kinds, ranges and choices off the training rows.</summary>
    /// <param name="rows">Source rows with feature columns only.</param>
    /// <param name="used">Names of the columns that influence the prediction.</param>
    /// <param name="reinterpreted">Names of the columns whose texts are read as something else later (<see cref="ReinterpretedColumns"/>); null for none.</param>
    public static Signature Describe(Table rows, IReadOnlySet<string> used, IReadOnlySet<string>? reinterpreted = null) =>
        new([.. rows.Columns.Select(column => Describe(column, used.Contains(column.Name), reinterpreted?.Contains(column.Name) ?? false))]);

    private static InputColumn Describe(Column column, bool used, bool reinterpreted)
    {
        var hadMissing = column.CountMissing() > 0;
        switch (column)
        {
            case NumericColumn numbers:
                var present = numbers.Values.ToArray().Where(v => !double.IsNaN(v)).Order().ToArray();
                if (present.Length == 0) return new InputColumn(column.Name, column.Kind, used, true);
                return new InputColumn(column.Name, column.Kind, used, hadMissing)
                {
                    Minimum = present[0],
                    Maximum = present[^1],
                    Median = present[(present.Length - 1) / 2],
                    WholeNumbers = present.All(v => v == Math.Floor(v)),
                    Training = ValueDistribution.OfSorted(present, column.Length - present.Length),
                };
            case DateTimeColumn dates:
                var moments = dates.Ticks.ToArray().Where(t => t != DateTimeColumn.MissingTicks).Order().ToArray();
                if (moments.Length == 0) return new InputColumn(column.Name, column.Kind, used, true);
                var bounds = new DateTimeColumn(column.Name, [moments[0], moments[^1], moments[(moments.Length - 1) / 2]]);
                return new InputColumn(column.Name, column.Kind, used, hadMissing)
                {
                    Earliest = bounds.GetText(0),
                    Latest = bounds.GetText(1),
                    Default = bounds.GetText(2),
                    Training = ValueDistribution.OfSorted([.. moments.Select(m => (double)m)], column.Length - moments.Length),
                };
            case DictionaryColumn names:
                var counts = new int[names.Values.Count];
                foreach (var code in names.Codes)
                    if (code >= 0) counts[code]++;
                var choices = Enumerable.Range(0, counts.Length).Where(c => counts[c] > 0)
                    .OrderByDescending(c => counts[c]).ThenBy(c => names.Values[c], StringComparer.Ordinal)
                    .ToArray();
                return new InputColumn(column.Name, column.Kind, used, hadMissing)
                {
                    Choices = column.Kind == ColumnKind.Text ? null : [.. choices.Take(MostChoices).Select(c => names.Values[c])],
                    ChoicesAreComplete = column.Kind != ColumnKind.Text && choices.Length <= MostChoices && !reinterpreted,
                    Default = choices.Length == 0 ? null : names.Values[choices[0]],
                    // Where the list was cut, the rest would look unseen.
                    Training = column.Kind == ColumnKind.Text || choices.Length > MostChoices ? null : new ValueDistribution(null, [.. choices.Select(c => counts[c])], column.CountMissing()),
                };
            default:
                throw new ArgumentException($"Column '{column.Name}' is a {column.GetType().Name}, which has no signature.", nameof(column));
        }
    }

    /// <summary>The source columns that a step reads as numbers, dates or text: what they hold may mean something to the model though training rows had other values.</summary>
    /// <param name="recipe">Its steps change kinds and rename columns.</param>
    public static IReadOnlySet<string> ReinterpretedColumns(FittedRecipe recipe)
    {
        var sources = new ColumnSources();
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var step in recipe.Steps)
        {
            foreach (var name in step.ReadTexts) found.UnionWith(sources.Of(name));
            sources.Follow(step);
        }
        return found;
    }

    /// <summary>Which source columns reach the encoder through the steps of a recipe.</summary>
    /// <param name="sourceColumns">Names in the file.</param>
    /// <param name="recipe">Its steps rename, drop and combine columns.</param>
    /// <param name="encodedColumns">Names, after the recipe, of the columns that became features.</param>
    public static IReadOnlySet<string> UsedColumns(IEnumerable<string> sourceColumns, FittedRecipe recipe, IReadOnlySet<string> encodedColumns)
    {
        return encodedColumns.SelectMany(ColumnSources.Through(recipe).Of).Intersect(sourceColumns, StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal);
    }
}

/// <summary>One column that a model expects.</summary>
/// <param name="Name">Its name in the source file.</param>
/// <param name="Kind">What its values mean.</param>
/// <param name="Used">Whether it influences the prediction; the others may be left out.</param>
/// <param name="HadMissing">Whether values were missing in the training rows.</param>
public sealed record InputColumn(string Name, ColumnKind Kind, bool Used, bool HadMissing)
{
    /// <summary>Smallest number in the training rows.</summary>
    public double? Minimum { get; init; }

    /// <summary>Largest number in the training rows.</summary>
    public double? Maximum { get; init; }

    /// <summary>Lower median of the training rows: a value that really occurred.</summary>
    public double? Median { get; init; }

    /// <summary>Whether all training values were whole numbers.</summary>
    public bool WholeNumbers { get; init; }

    /// <summary>First moment in the training rows, ISO 8601.</summary>
    public string? Earliest { get; init; }

    /// <summary>Last moment in the training rows, ISO 8601.</summary>
    public string? Latest { get; init; }

    /// <summary>Category and boolean: the values of the training rows, most frequent first, at most 1,000.</summary>
    public IReadOnlyList<string>? Choices { get; init; }

    /// <summary>Whether a text that is not among <see cref="Choices"/> says nothing to the model and so counts as missing; false where the list was cut, or a step reads the texts as another kind.</summary>
    public bool ChoicesAreComplete { get; init; }

    /// <summary>Most frequent text, or the median moment.</summary>
    public string? Default { get; init; }

    /// <summary>Whether the training rows had more than one number.</summary>
    [JsonIgnore]
    public bool HasRange => Maximum > Minimum;

    /// <summary>How the values were spread over the training rows; null for text, for more than 1,000 choices, and for models of a time when it was not kept.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ValueDistribution? Training { get; init; }
}
