using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Experiments;

/// <summary>A comparison of trainers as the person asked for it; together with the table it decides every result.</summary>
/// <param name="Target">The column to predict.</param>
/// <param name="Task">Binary, multiclass or regression.</param>
/// <param name="MetricId">What the leaderboard is ordered by.</param>
/// <param name="Split">Training, validation and locked test rows.</param>
/// <param name="Recipe">Cleaning, fitted inside each fold.</param>
/// <param name="IgnoredColumns">Columns that no model may see.</param>
/// <param name="TrainerIds">In the order of the run.</param>
/// <param name="BudgetSeconds">For all trials together, 5 to 86,400.</param>
public sealed record ExperimentPlan(
    string Target,
    LearningTask Task,
    string MetricId,
    SplitPlan Split,
    Recipe Recipe,
    IReadOnlyList<string> IgnoredColumns,
    IReadOnlyList<string> TrainerIds,
    int BudgetSeconds)
{
    /// <summary>A plan that makes sense for this target: task, metric, split and all trainers that apply.</summary>
    /// <param name="task">The task where it is chosen already; null proposes it.</param>
    /// <exception cref="ArgumentException">The column cannot be predicted; the message says why.</exception>
    public static ExperimentPlan Propose(Table table, string target, Recipe recipe, LearningTask? task = null)
    {
        var chosen = task ?? Trainers.Target.ProposeTask(table, target);
        return new ExperimentPlan(
            target, chosen, Metric.Default(chosen).Id,
            SplitPlan.Propose(table.RowCount) with { Stratified = chosen != LearningTask.Regression },
            recipe, [], [.. TrainerCatalog.All.Where(t => t.Supports(chosen)).Select(t => t.Id)], 120);
    }

    /// <summary>Every reason why this plan cannot run on this table, for people; empty where it can.</summary>
    public IReadOnlyList<string> Problems(Table table)
    {
        List<string> problems = [];
        if (table.Find(Target) is null)
            return [$"There is no column '{Target}' to predict. The columns are: {string.Join(", ", table.Columns.Select(c => c.Name))}."];
        var metric = Metric.All.FirstOrDefault(m => m.Id == MetricId);
        if (metric is null) problems.Add($"There is no metric '{MetricId}'. The metrics are: {string.Join(", ", Metric.All.Select(m => m.Id))}.");
        else if (!metric.Tasks.Contains(Task)) problems.Add($"{metric.Name} is not defined for {Task.ToString().ToLowerInvariant()}. Expected one of: {string.Join(", ", Metric.For(Task).Select(m => m.Id))}.");
        if (TrainerIds.Count == 0) problems.Add("No model family is chosen; expected at least one.");
        problems.AddRange(TrainerIds.Where(id => TrainerCatalog.All.All(t => t.Id != id))
            .Select(id => $"There is no model family '{id}'. The families are: {string.Join(", ", TrainerCatalog.All.Select(t => t.Id))}."));
        problems.AddRange(TrainerIds.GroupBy(id => id).Where(g => g.Count() > 1).Select(g => $"The model family '{g.Key}' is chosen {g.Count()} times; expected once."));
        if (BudgetSeconds is < 5 or > 86_400) problems.Add($"The time budget is {BudgetSeconds} seconds; expected 5 to 86,400.");
        problems.AddRange(IgnoredColumns.Where(c => table.Find(c) is null).Select(c => $"The ignored column '{c}' does not exist."));
        if (IgnoredColumns.Contains(Target))
        {
            // Without the target there is nothing to check the rest against.
            problems.Add($"The target '{Target}' is among the ignored columns.");
            return problems;
        }
        var ignoring = this with { IgnoredColumns = [.. IgnoredColumns.Where(c => table.Find(c) is not null)] };
        RecipePreview preview;
        Table rows;
        try
        {
            var prepared = ignoring.Prepare(table, CancellationToken.None).Prepared;
            rows = prepared.Rows;
            preview = prepared.Rest.Preview(rows, Target, CancellationToken.None);
        }
        catch (RecipeException)
        {
            // The preview leaves out steps with problems, so those of all steps are named, and the rest of the plan is judged without them.
            preview = Recipe.Preview(ignoring.WithTarget(table), Target, CancellationToken.None);
            rows = WhereKnown(preview.Result);
        }
        var splitProblems = Split.Problems(rows.RowCount);
        problems.AddRange(splitProblems);
        Target? labels = null;
        try { labels = Trainers.Target.Create(rows, Target, Task); }
        catch (ArgumentException e) { problems.Add(e.Message); }
        if (labels is not null && splitProblems.Count == 0)
        {
            try { _ = SplitRows(rows); }
            catch (ArgumentException e) { problems.Add(e.Message); }
        }
        var recipeProblems = RecipeProblems(preview).ToList();
        problems.AddRange(recipeProblems);
        if (labels is null || recipeProblems.Count > 0) return problems;
        // A step that runs in each fold may still change the target's kind and so lose labels.
        try { labels.Labels(preview.Result); }
        catch (ArgumentException e) { problems.Add($"After the recipe: {e.Message}"); }
        return problems;
    }

    private IEnumerable<string> RecipeProblems(RecipePreview preview) => preview.Outcomes.SelectMany((outcome, index) =>
        outcome.Problems.Select(problem => $"Recipe step {index + 1} ({Recipe.Steps[index].Title}): {problem.Message}"));

    /// <summary>What the experiment works on: the rows whose target is known, as they are in the file and as the steps before the split make them.</summary>
    /// <returns>The source rows without the ignored columns, and the prepared ones; a step may make a target missing, and those rows are left out of the latter.</returns>
    /// <exception cref="RecipeException">A step cannot be applied.</exception>
    /// <exception cref="ArgumentException">The target is not a column.</exception>
    internal (Table Source, PreparedTable Prepared) Prepare(Table table, CancellationToken cancellationToken)
    {
        var source = WithTarget(table);
        var prepared = Recipe.Prepare(source, Target, cancellationToken);
        return (source, prepared with { Rows = WhereKnown(prepared.Rows) });
    }

    /// <summary>The parts that the prepared rows are split into.</summary>
    /// <exception cref="ArgumentException">The rows are too few for the plan, or for its classes.</exception>
    internal (DataSplit Split, IReadOnlyList<Fold> Folds) SplitRows(Table prepared)
    {
        var stratifyBy = Split.Stratified && Task != LearningTask.Regression ? Target : null;
        var split = Splitter.Split(prepared, stratifyBy, Split);
        return (split, Splitter.Folds(split.Training, stratifyBy, Split));
    }

    /// <summary>The rows whose target is known, without the ignored columns: what the experiment works on.</summary>
    public Table WithTarget(Table table) => WhereKnown(table.Without(IgnoredColumns));

    private Table WhereKnown(Table table)
    {
        var target = table[Target];
        int[] rows = [.. Enumerable.Range(0, table.RowCount).Where(row => !target.IsMissing(row))];
        return rows.Length == table.RowCount ? table : table.Take(rows);
    }
}

/// <summary>What came out of one trial, for the leaderboard.</summary>
/// <param name="Score">The plan's metric among <paramref name="Metrics"/>; null where it is undefined on every fold.</param>
/// <param name="Metrics">All metrics by id, each the mean of the folds weighted by their rows (<see cref="FoldMean"/>).</param>
/// <param name="FoldScores">The plan's metric on each fold.</param>
/// <param name="TrainingSeconds">Wall time of all fits: folds and the final one.</param>
/// <param name="PredictionMicroseconds">Per row, from source row to score, batch of up to 1,000 rows on one thread, best of five.</param>
/// <param name="ModelBytes">Size of the model package.</param>
/// <param name="TrainingRowCount">Rows that the final model learnt from.</param>
/// <param name="ValidationRowCount">Rows that were predicted by a model that had not seen them.</param>
/// <param name="FeatureCount">Columns of the feature matrix.</param>
/// <param name="Settings">The trainer's hyperparameters.</param>
public sealed record TrialResult(
    double? Score,
    IReadOnlyDictionary<string, double?> Metrics,
    IReadOnlyList<double?> FoldScores,
    double TrainingSeconds,
    double PredictionMicroseconds,
    long ModelBytes,
    int TrainingRowCount,
    int ValidationRowCount,
    int FeatureCount,
    IReadOnlyDictionary<string, string> Settings);
