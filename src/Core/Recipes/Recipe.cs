using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Splits;

namespace ModelWorkbench.Core.Recipes;

/// <summary>What to do to the data, in order, as the person wrote it; it has learnt nothing.</summary>
/// <remarks>The target, once chosen, is hidden from every step that changes values (<see cref="RecipeStep.AllowsTarget"/>): "all numeric columns"
/// never includes it, and naming it is a problem. Such a step is fitted on the table without the target; its replay touches only the columns it then froze.</remarks>
public sealed record Recipe(IReadOnlyList<RecipeStep> Steps)
{
    public static Recipe Empty { get; } = new([]);

    /// <summary>What every step would do to the table, for display: learning steps are fitted on all the rows given here, so nothing of this may go into a model.</summary>
    /// <param name="table">The data set.</param>
    /// <param name="target">The target's name, or null where none is chosen yet.</param>
    /// <param name="cancellationToken">Looked at between steps.</param>
    /// <returns>One outcome a step, all problems included; a step with problems is left out for the steps after it.</returns>
    public RecipePreview Preview(Table table, string? target, CancellationToken cancellationToken)
    {
        var outcomes = new StepOutcome[Steps.Count];
        for (var i = 0; i < Steps.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            (outcomes[i], _, table) = PreviewStep(i, table, target);
        }
        return new RecipePreview(outcomes, table);
    }

    /// <summary>What one step would do to the table, for display, as <see cref="Preview"/>.</summary>
    /// <param name="index">0-based position of the step.</param>
    /// <param name="before">The table as the steps before it leave it.</param>
    /// <param name="target">The target's name, or null where none is chosen yet.</param>
    public StepPreview PreviewStep(int index, Table before, string? target)
    {
        var (after, fitted, problems) = (before, (FittedStep?)null, (IReadOnlyList<StepProblem>)[]);
        if (Steps[index].Enabled)
        {
            try
            {
                fitted = FitStep(index, before, target);
                after = Steps[index].ReplayInTraining(fitted, before, target);
            }
            catch (RecipeException exception) { problems = exception.Problems; }
        }
        return new StepPreview(new StepOutcome(Steps[index].Enabled, before.RowCount, before.ColumnCount, after.RowCount, after.ColumnCount, problems), fitted, after);
    }

    /// <summary>Applies the enabled steps up to the first one that learns or is for training alone. They look at each row by itself or only choose rows, so doing them before the split leaks nothing.</summary>
    /// <exception cref="RecipeException">A step cannot be applied.</exception>
    /// <exception cref="ArgumentException">The target is not a column.</exception>
    public PreparedTable Prepare(Table table, string? target, CancellationToken cancellationToken) => Prepare(table, target, null, cancellationToken);

    /// <summary>As <see cref="Prepare(Table, string?, CancellationToken)"/>, and the values by which the rows are to be split.</summary>
    /// <param name="table">All rows, with the column to split by.</param>
    /// <param name="target">The target's name.</param>
    /// <param name="splitBy">The column that divides the rows; null where none does. One that models may not see is hidden from every step but those that choose rows by its name,
    /// so that nothing made of it becomes a feature; one that they may see is taken as the last step leaves it that does not remove it.</param>
    /// <param name="cancellationToken">Looked at between steps.</param>
    internal PreparedTable Prepare(Table table, string? target, SplitColumn? splitBy, CancellationToken cancellationToken)
    {
        ThrowUnlessColumn(table, target);
        var fitted = new List<FittedStep>();
        var rest = Steps.ToArray();
        var by = splitBy is null ? null : table[splitBy.Name];
        if (splitBy is { IsHidden: true }) table = table.Without([splitBy.Name]);
        for (var i = 0; i < Steps.Count && !(Steps[i].Enabled && (Steps[i].Learns || Steps[i].TrainingOnly)); i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!Steps[i].Enabled) continue;
            var step = FitBeforeSplit(i, table, target, by, splitBy?.IsHidden ?? false);
            if (by is null) table = step.Replay(table);
            else if (step.DropsRows)
            {
                var isSeen = table.Find(by.Name) is not null;
                table = step.Replay(table.With(by));
                by = table[by.Name];
                if (!isSeen) table = table.Without([by.Name]);
            }
            else
            {
                table = step.Replay(table);
                by = table.Find(by.Name) ?? by;
            }
            fitted.Add(step);
            rest[i] = Steps[i] with { Enabled = false };
        }
        return new PreparedTable(table, new FittedRecipe(fitted), new Recipe(rest)) { SplitBy = by };
    }

    /// <summary>Fits every enabled step on the training rows, each on what the steps before have made of them.</summary>
    /// <exception cref="RecipeException">A step cannot be applied to the training rows.</exception>
    /// <exception cref="ArgumentException">The target is not a column.</exception>
    public FittedRecipe Fit(TrainingRows rows, string? target) => FitAndReplay(rows, target).Recipe;

    /// <summary>As <see cref="Fit"/>, and the training rows as a model is to learn from them. These are not always what <see cref="FittedRecipe.Replay"/> makes of them:
    /// steps for training alone are applied, and an encoding learnt from the target gives each row what was learnt from other rows.</summary>
    /// <exception cref="RecipeException">A step cannot be applied to the training rows.</exception>
    /// <exception cref="ArgumentException">The target is not a column.</exception>
    public FittedTraining FitAndReplay(TrainingRows rows, string? target)
    {
        var table = rows.Table;
        ThrowUnlessColumn(table, target);
        var fitted = new List<FittedStep>();
        for (var i = 0; i < Steps.Count; i++)
        {
            if (!Steps[i].Enabled) continue;
            var step = FitStep(i, table, target);
            table = Steps[i].ReplayInTraining(step, table, target);
            fitted.Add(step);
        }
        return new FittedTraining(new FittedRecipe(fitted), table);
    }

    private FittedStep FitBeforeSplit(int index, Table table, string? target, Column? by, bool isHidden)
    {
        if (by is null || !isHidden || !Steps[index].InputColumns.Contains(by.Name)) return FitStep(index, table, target);
        var fitted = FitStep(index, table.With(by), target);
        return fitted.DropsRows ? fitted
            : throw new RecipeException(index, Steps[index].Title, [new StepProblem($"Column '{by.Name}' divides the rows into parts: no model sees it, and only steps that leave out rows may use it.", by.Name)]);
    }

    private FittedStep FitStep(int index, Table rows, string? target)
    {
        var step = Steps[index];
        if (step.LearnsFromTarget && (target is null || rows.Find(target) is null))
            throw new RecipeException(index, step.Title, [new StepProblem("This step learns from the target; choose a target first."), .. step.Check(rows)]);
        var truth = step.LearnsFromTarget ? rows[target!] : null;
        if (target is not null && rows.Find(target) is not null && !step.AllowsTarget)
        {
            var problems = new List<StepProblem>();
            var features = rows.Without([target]);
            if (step.InputColumns.Contains(target))
                problems.AddRange([new StepProblem($"Column '{target}' is the target, which this step may not touch.", target), .. step.Check(rows)]);
            else if (step.NewColumns.Contains(target))
                problems.AddRange([new StepProblem($"The step makes a column '{target}', but that is the name of the target.", target), .. step.Check(features)]);
            if (problems.Count > 0) throw new RecipeException(index, step.Title, problems);
            rows = features;
        }
        FittedStep fitted;
        try { fitted = truth is null ? step.Fit(rows) : step.FitToTarget(rows, truth); }
        catch (RecipeException exception) { throw new RecipeException(index, step.Title, exception.Problems); }
        // Names that were learnt (one a category) are known only now.
        if (target is not null && rows.Find(target) is null && fitted.Origins.Any(o => o.Column == target))
            throw new RecipeException(index, step.Title, [new StepProblem($"The step makes a column '{target}', but that is the name of the target.", target)]);
        return fitted;
    }

    /// <summary>The same steps, where those that drop columns no longer name these, as they are left out already.</summary>
    internal Recipe WithoutDropping(IReadOnlyCollection<string> columns) => new(
    [
        .. Steps.Select(step => step is not DropColumnsStep drop || !drop.Columns.Any(columns.Contains) ? step
            : drop.Columns.All(columns.Contains) ? drop with { Enabled = false }
            : drop with { Columns = [.. drop.Columns.Where(c => !columns.Contains(c))] }),
    ]);

    private static void ThrowUnlessColumn(Table table, string? target)
    {
        if (target is not null && table.Find(target) is null)
            throw new ArgumentException($"The target '{target}' is not a column. The columns are: {string.Join(", ", table.Columns.Select(c => c.Name))}.", nameof(target));
    }
}

/// <summary>What a step does to the size of the table; for a step that is off or has problems nothing.</summary>
public sealed record StepOutcome(bool Enabled, int RowsBefore, int ColumnsBefore, int RowsAfter, int ColumnsAfter, IReadOnlyList<StepProblem> Problems);

/// <param name="Outcome">What it did to the size of the table.</param>
/// <param name="Fitted">The step with what it learnt; null where it is off or has problems.</param>
/// <param name="After">The table after it.</param>
public sealed record StepPreview(StepOutcome Outcome, FittedStep? Fitted, Table After);

/// <param name="Outcomes">One a step.</param>
/// <param name="Result">The table after the last step.</param>
public sealed record RecipePreview(IReadOnlyList<StepOutcome> Outcomes, Table Result);

/// <param name="Recipe">For all other rows.</param>
/// <param name="Rows">The training rows, ready to learn from.</param>
public sealed record FittedTraining(FittedRecipe Recipe, Table Rows);

/// <param name="Rows">The rows to split.</param>
/// <param name="Leading">What was done to them, to be replayed at prediction.</param>
/// <param name="Rest">What is still to be fitted on training rows: the same recipe with the steps already done switched off, so that step numbers stay those that the person sees.</param>
public sealed record PreparedTable(Table Rows, FittedRecipe Leading, Recipe Rest)
{
    /// <summary>What divides the rows into parts, one value a row; it need not be a column of <see cref="Rows"/>. Null where chance does.</summary>
    public Column? SplitBy { get; init; }
}

/// <summary>The column that divides the rows into parts.</summary>
/// <param name="Name">A column of the table.</param>
/// <param name="IsHidden">Whether models may not see it.</param>
internal sealed record SplitColumn(string Name, bool IsHidden);
