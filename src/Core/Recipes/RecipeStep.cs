using System.Globalization;
using System.Text.Json.Serialization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes;

/// <summary>One thing to do to the data, as the person wrote it; it has learnt nothing. Each case is one file with its form fields, its check, its fit and its replay.</summary>
/// <remarks>JSON: <c>{"step":"fill-missing","columns":["age"],"method":"median","enabled":true}</c>.</remarks>
public abstract partial record RecipeStep
{
    /// <summary>A step that is off is kept in the recipe and skipped.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>What the person calls this step, or null for its title.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Label { get; init; }

    /// <summary>The settings as a form shows them; a step with settings that hang on one another leaves out those that do not count.</summary>
    [JsonIgnore]
    public virtual IReadOnlyList<StepField> Fields => StepField.Derive(this);

    /// <summary>What people read in lists: <c>Fill missing values</c>.</summary>
    [JsonIgnore]
    public abstract string Title { get; }

    /// <summary>This step with its settings in one line: <c>age, fare: median of the training rows</c>.</summary>
    [JsonIgnore]
    public abstract string Summary { get; }

    /// <summary>Whether fitting looks at values and remembers them (mean, median, components); such a step is fitted on training rows only.</summary>
    [JsonIgnore]
    public virtual bool Learns => false;

    /// <summary>Columns whose values this step reads or changes; empty for all. The target may not be among those of a step that learns or transforms.</summary>
    [JsonIgnore]
    public abstract IReadOnlyList<string> InputColumns { get; }

    /// <summary>Every reason why the step cannot be applied to this table; empty where it can.</summary>
    public abstract IReadOnlyList<StepProblem> Check(Table table);

    /// <summary>Learns what the step needs from the given rows.</summary>
    /// <param name="rows">Training rows, already taken through the steps before.</param>
    /// <exception cref="RecipeException">The check finds a problem.</exception>
    public abstract FittedStep Fit(Table rows);
}

/// <summary>Why a step cannot be applied, with the place.</summary>
/// <param name="Message">For people: what was found and what was expected.</param>
/// <param name="Column">The column, or null.</param>
/// <param name="Line">The 1-based line of the source file, or null.</param>
public sealed record StepProblem(string Message, string? Column = null, int? Line = null);

/// <summary>A step with what it learnt, frozen: replaying it gives the same result for a row in training and at prediction.</summary>
public abstract partial record FittedStep
{
    /// <summary>Whether replaying may leave out rows. Such a step chooses what to learn from; at prediction it is skipped, as a caller gets an answer for every row.</summary>
    [JsonIgnore]
    public virtual bool DropsRows => false;

    /// <summary>Whether the step only chooses or weighs what is learnt from; rows that a model is judged on or asked about pass it unchanged.</summary>
    [JsonIgnore]
    public virtual bool TrainingOnly => false;

    /// <summary>What was learnt from the training rows, for people; empty for a step that learns nothing.</summary>
    [JsonIgnore]
    public virtual IReadOnlyList<LearntValue> Learnt => [];

    /// <summary>The columns that the step makes, renames, or changes by looking at others. A column that it changes by its own values alone is not among them.</summary>
    [JsonIgnore]
    public virtual IReadOnlyList<ColumnOrigin> Origins => [];

    /// <summary>The columns that are not there after the step.</summary>
    [JsonIgnore]
    public virtual IReadOnlyList<string> Removed => [];

    /// <summary>The columns in which a text that no training row had may still mean something, as the step reads it as something else or keeps it apart from a missing value.</summary>
    [JsonIgnore]
    public virtual IReadOnlyList<string> ReadTexts => [];

    public abstract Table Replay(Table rows);

    /// <summary>What the step makes of a numeric column by its own values alone, NaN being missing: <see cref="Unchanged"/> where it leaves the column as it is, null where that cannot be said value by value.</summary>
    /// <remarks>With this a row goes through the step without a table being made of it. The same function is at work in <see cref="Replay"/>.</remarks>
    public virtual Func<double, double>? NumberMap(string column) => null;

    /// <summary>The function that changes nothing.</summary>
    public static Func<double, double> Unchanged { get; } = value => value;

    /// <summary>A replay of a table that comes in pieces, in order: the pieces one after the other give what <see cref="Replay"/> gives of the whole.</summary>
    /// <remarks>A step that looks at each row by itself needs no memory between the pieces; one that compares rows overrides this.</remarks>
    public virtual Func<Table, Table> ReplayPieces() => Replay;
}

/// <summary>One thing that a step learnt.</summary>
/// <param name="Column">The column that it was learnt from.</param>
/// <param name="Name">What it is: <c>median</c>, <c>lower bound</c>.</param>
/// <param name="Value">A number or text in invariant form.</param>
public sealed record LearntValue(string Column, string Name, string Value)
{
    /// <summary>Long lists of categories are cut here: a person reads them, nothing is computed from them.</summary>
    public const int MostOfAList = 100;

    public LearntValue(string column, string name, double value) : this(column, name, value.ToString("R", CultureInfo.InvariantCulture)) { }

    /// <summary>The first <see cref="MostOfAList"/> values, and how many were left out.</summary>
    internal static IReadOnlyList<LearntValue> Cut(string column, IEnumerable<LearntValue> values)
    {
        var all = values.ToArray();
        return all.Length <= MostOfAList ? all : [.. all.Take(MostOfAList), new LearntValue(column, "further values, not shown", all.Length - MostOfAList)];
    }
}

/// <summary>Where a column that a step makes comes from.</summary>
/// <param name="Column">Its name after the step.</param>
/// <param name="From">The columns before the step that its values depend on.</param>
public sealed record ColumnOrigin(string Column, IReadOnlyList<string> From);

/// <summary>A recipe cannot be fitted or replayed; carries all problems with their step.</summary>
public sealed class RecipeException(int stepIndex, string stepTitle, IReadOnlyList<StepProblem> problems)
    : Exception($"Step {stepIndex + 1} ({stepTitle}) cannot be applied: {string.Join(" ", problems.Select(p => p.Message))}")
{
    /// <summary>0-based index among all steps of the recipe.</summary>
    public int StepIndex { get; } = stepIndex;
    public IReadOnlyList<StepProblem> Problems { get; } = problems;
}
