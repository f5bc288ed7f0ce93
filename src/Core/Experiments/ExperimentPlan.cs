using System.Text.Json.Serialization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Profiling;
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
/// <param name="TrainerIds">The families, in the order of the run where each is tried once.</param>
/// <param name="BudgetSeconds">For all trials together, 5 to 86,400.</param>
/// <param name="Tuning">Whether each family is tried once with its defaults, or values are searched for.</param>
/// <param name="Limits">What else ends the search, and what a model may cost.</param>
/// <param name="Weights">How much each row counts when models learn; null: all alike.</param>
/// <param name="Proposal">The split that was proposed from the data, and why; what differs in <paramref name="Split"/> a person chose. Null in plans of a time when it was not kept.</param>
public sealed record ExperimentPlan(
    string Target,
    LearningTask Task,
    string MetricId,
    SplitPlan Split,
    Recipe Recipe,
    IReadOnlyList<string> IgnoredColumns,
    IReadOnlyList<string> TrainerIds,
    int BudgetSeconds,
    TuningMode Tuning = TuningMode.DefaultsOnly,
    SearchLimits? Limits = null,
    RowWeighting? Weights = null,
    SplitProposal? Proposal = null)
{
    public const int MinimumBudgetSeconds = 5;
    public const int MaximumBudgetSeconds = 86_400;

    /// <summary>A plan that makes sense for this target: task, metric, split and all trainers that apply.</summary>
    /// <param name="task">The task where it is chosen already; null proposes it.</param>
    /// <param name="profile">Of all rows, where the table is a sample of them.</param>
    /// <exception cref="ArgumentException">The column cannot be predicted; the message says why.</exception>
    public static ExperimentPlan Propose(Table table, string target, Recipe recipe, LearningTask? task = null, DatasetProfile? profile = null)
    {
        var chosen = task ?? Trainers.Target.ProposeTask(table, target);
        var split = SplitPlan.Propose(table, target, chosen != LearningTask.Regression, profile);
        return new ExperimentPlan(
            target, chosen, Metric.Default(chosen).Id, split.Plan,
            recipe, [], [.. TrainerCatalog.All.Where(t => t.IsDefault && t.Supports(chosen)).Select(t => t.Id)], 120, TuningMode.Search, Proposal: split);
    }

    /// <summary>Every reason why this plan cannot run on this table, for people; empty where it can.</summary>
    public IReadOnlyList<string> Problems(Table table) => Check(table).Problems;

    /// <summary>Whether this plan can run on this table, and how it would divide the rows.</summary>
    public PlanCheck Check(Table table)
    {
        List<string> problems = [];
        List<SplitProblem> splitProblems = [];
        SplitOutline? outline = null;
        PlanShape? shape = null;
        PlanCheck Checked() => new(problems, splitProblems, outline, shape);
        if (table.Find(Target) is null)
        {
            problems.Add($"There is no column '{Target}' to predict. The columns are: {string.Join(", ", table.Columns.Select(c => c.Name))}.");
            return Checked();
        }
        var metric = Metric.All.FirstOrDefault(m => m.Id == MetricId);
        if (metric is null) problems.Add($"There is no metric '{MetricId}'. The metrics are: {string.Join(", ", Metric.All.Select(m => m.Id))}.");
        else if (!metric.Tasks.Contains(Task)) problems.Add($"{metric.Name} is not defined for {Task.ToString().ToLowerInvariant()}. Expected one of: {string.Join(", ", Metric.ToChooseBy(Task).Select(m => m.Id))}.");
        else if (!metric.CanChoose) problems.Add($"The best trial cannot be chosen by {metric.Name}, as some tables leave it undefined. Expected one of: {string.Join(", ", Metric.ToChooseBy(Task).Select(m => m.Id))}.");
        if (TrainerIds.Count == 0) problems.Add("No model family is chosen; expected at least one.");
        problems.AddRange(TrainerIds.Where(id => TrainerCatalog.All.All(t => t.Id != id))
            .Select(id => $"There is no model family '{id}'. The families are: {string.Join(", ", TrainerCatalog.All.Select(t => t.Id))}."));
        problems.AddRange(TrainerIds.GroupBy(id => id).Where(g => g.Count() > 1).Select(g => $"The model family '{g.Key}' is chosen {g.Count()} times; expected once."));
        if (BudgetSeconds is < MinimumBudgetSeconds or > MaximumBudgetSeconds) problems.Add($"The time budget is {BudgetSeconds} seconds; expected {MinimumBudgetSeconds} to {MaximumBudgetSeconds:N0}.");
        problems.AddRange((Limits ?? SearchLimits.None).Problems());
        problems.AddRange((Weights ?? RowWeighting.None).Problems(WhereKnown(table), Target, Task, Split.Column));
        problems.AddRange(IgnoredColumns.Where(c => table.Find(c) is null).Select(c => $"The ignored column '{c}' does not exist."));
        if (IgnoredColumns.Contains(Target))
        {
            // Without the target there is nothing to check the rest against.
            problems.Add($"The target '{Target}' is among the ignored columns.");
            return Checked();
        }
        if (Split.Column == Target) splitProblems.Add(new SplitProblem($"'{Target}' is the target, so it cannot be what {Split.Role}.", nameof(SplitPlan.Column)));
        else if (Split.Column is { } named && table.Find(named) is null) splitProblems.Add(new SplitProblem($"There is no column '{named}' that {Split.Role}. The columns are: {string.Join(", ", table.Columns.Select(c => c.Name))}.", nameof(SplitPlan.Column)));
        // The rest is judged without a column that divides nothing.
        var ignoring = this with { IgnoredColumns = [.. IgnoredColumns.Where(c => table.Find(c) is not null)], Split = splitProblems.Count == 0 ? Split : Split with { Method = SplitMethod.Random, Column = null, Repeats = 1 } };
        RecipePreview preview;
        PreparedTable rows;
        try
        {
            rows = ignoring.Prepare(table, CancellationToken.None).Prepared;
            preview = rows.Rest.Preview(rows.Rows, Target, CancellationToken.None);
        }
        catch (RecipeException e)
        {
            // The preview leaves out steps with problems, so those of all steps are named, and the rest of the plan is judged without them.
            // What divides the rows is there, as steps that leave out rows may name it.
            var known = WhereKnown(table.Without(ignoring.IgnoredColumns));
            preview = ignoring.EffectiveRecipe.Preview(known, Target, CancellationToken.None);
            if (preview.Outcomes[e.StepIndex].Problems.Count == 0) problems.Add(Describe(e.StepIndex, e.Problems[0].Message));
            rows = new PreparedTable(WhereKnown(preview.Result), new FittedRecipe([]), Recipe.Empty);
            ignoring = ignoring with { Split = Split with { Method = SplitMethod.Random, Column = null } };
        }
        splitProblems.AddRange((splitProblems.Count == 0 ? Split : ignoring.Split).Check(rows.Rows.RowCount));
        Target? labels = null;
        try { labels = Trainers.Target.Create(rows.Rows, Target, Task); }
        catch (ArgumentException e) { problems.Add(e.Message); }
        if (labels is not null && splitProblems.Count == 0)
        {
            try
            {
                var (split, folds) = ignoring.SplitRows(rows);
                outline = SplitOutline.Of(split, folds, Split);
            }
            catch (SplitException e) { splitProblems.AddRange(e.Problems); }
            catch (ArgumentException e) { problems.Add(e.Message); }
        }
        problems.AddRange(splitProblems.Select(p => p.Message));
        var recipeProblems = RecipeProblems(preview).ToList();
        problems.AddRange(recipeProblems);
        if (labels is null || recipeProblems.Count > 0) return Checked();
        if (!preview.Result.Columns.Any(c => c.Name != Target && Varies(c))) problems.Add(ExperimentData.NoColumn);
        shape = PlanShape.Of(table, preview.Result, Target, labels.Classes.Count);
        // A step that runs in each fold may still change the target's kind and so lose labels.
        try { labels.Labels(preview.Result); }
        catch (ArgumentException e) { problems.Add($"After the recipe: {e.Message}"); }
        return Checked();
    }

    // Ends at the first row that differs, so it is long on what has none alone.
    private static bool Varies(Column column)
    {
        for (var row = 1; row < column.Length; row++)
            if (column.GetText(row) != column.GetText(0)) return true;
        return false;
    }

    private IEnumerable<string> RecipeProblems(RecipePreview preview) => preview.Outcomes.SelectMany((outcome, index) =>
        outcome.Problems.Select(problem => Describe(index, problem.Column is { } column && column == Split.HiddenColumn ? $"{problem.Message} It divides the rows into parts, so nothing that learns sees it." : problem.Message)));

    private string Describe(int step, string problem) => $"Recipe step {step + 1} ({Recipe.Steps[step].Title}): {problem}";

    /// <summary>What no model may see: the ignored columns, the one that only says which rows belong together or in which part they are, and what the rows weigh.</summary>
    public IReadOnlyList<string> UnseenColumns => [.. IgnoredColumns.Concat(new[] { Split.HiddenColumn, Weights?.Column }.OfType<string>()).Distinct()];

    /// <summary>Whether rows do not all count alike when models learn.</summary>
    [JsonIgnore]
    public bool IsWeighted => Weights is { } weights && weights != RowWeighting.None;

    private Recipe EffectiveRecipe => Recipe.WithoutDropping(UnseenColumns);

    /// <summary>What the experiment works on: the rows whose target is known, as they are in the file and as the steps before the split make them.</summary>
    /// <returns>The source rows without the columns that no model may see, and the prepared ones; a step may make a target missing, and those rows are left out of the latter.</returns>
    /// <exception cref="RecipeException">A step cannot be applied.</exception>
    /// <exception cref="ArgumentException">The target is not a column.</exception>
    internal (Table Source, PreparedTable Prepared) Prepare(Table table, CancellationToken cancellationToken)
    {
        var known = WhereKnown(table);
        var source = known.Without(UnseenColumns);
        var by = Split.Column is { } column && known.Find(column) is not null ? new SplitColumn(column, UnseenColumns.Contains(column)) : null;
        var prepared = EffectiveRecipe.Prepare(by is { IsHidden: true } ? source.With(known[by.Name]) : source, Target, by, cancellationToken);
        var rows = KnownRows(prepared.Rows);
        return (source, rows.Length == prepared.Rows.RowCount ? prepared : prepared with { Rows = prepared.Rows.Take(rows), SplitBy = prepared.SplitBy?.Take(rows) });
    }

    /// <summary>The parts that the prepared rows are split into.</summary>
    /// <exception cref="ArgumentException">The rows are too few for the plan, or for its classes, or the plan's column does not suit it.</exception>
    internal (DataSplit Split, IReadOnlyList<Fold> Folds) SplitRows(PreparedTable prepared)
    {
        var stratifyBy = Split.Stratified && Task != LearningTask.Regression ? Target : null;
        var split = Splitter.Split(prepared.Rows, stratifyBy, Split, prepared.SplitBy);
        return (split, Splitter.Folds(split.Training, stratifyBy, Split));
    }

    private Table WhereKnown(Table table) => KnownRows(table) is var rows && rows.Length == table.RowCount ? table : table.Take(rows);

    private int[] KnownRows(Table table)
    {
        var target = table[Target];
        return [.. Enumerable.Range(0, table.RowCount).Where(row => !target.IsMissing(row))];
    }
}

/// <summary>How values of hyperparameters are found.</summary>
public enum TuningMode
{
    /// <summary>Each family once, with its defaults; every trial gets a model.</summary>
    DefaultsOnly,

    /// <summary>A portfolio, then a search within the budget, then an ensemble; the best trials get models, the others on request.</summary>
    Search,
}

/// <summary>What ends a search before its budget, and what a model may cost to be chosen. Null is no limit.</summary>
/// <param name="MaximumTrials">At least 1.</param>
/// <param name="TargetScore">In the plan's metric: the search ends when a trial is as good.</param>
/// <param name="MaximumPredictionMicroseconds">Of the median time for one row: slower models are shown, but not chosen.</param>
/// <param name="MaximumModelBytes">Of the model package: larger models are shown, but not chosen.</param>
public sealed record SearchLimits(int? MaximumTrials = null, double? TargetScore = null, double? MaximumPredictionMicroseconds = null, long? MaximumModelBytes = null)
{
    public static SearchLimits None { get; } = new();

    /// <summary>Every reason why these make no sense; empty where they do.</summary>
    public IReadOnlyList<string> Problems()
    {
        List<string> problems = [];
        if (MaximumTrials is < 1 or > 100_000) problems.Add($"The number of trials is {MaximumTrials}; expected 1 to 100,000.");
        if (TargetScore is { } score && !double.IsFinite(score)) problems.Add($"The target score is {score}; expected a number.");
        if (MaximumPredictionMicroseconds is { } time && !(time > 0)) problems.Add(FormattableString.Invariant($"The time for a prediction is at most {time} µs; expected more than 0."));
        if (MaximumModelBytes is <= 0) problems.Add($"The size of the model is at most {MaximumModelBytes} bytes; expected more than 0.");
        return problems;
    }
}

/// <summary>Whether a plan can run on a table, and how it would divide the rows.</summary>
/// <param name="Problems">Every reason why it cannot run, for people; empty where it can.</param>
/// <param name="SplitProblems">Those among them that are about the split, each with the setting.</param>
/// <param name="Outline">The sizes of the parts; null where the rows cannot be divided.</param>
/// <param name="Shape">What the recipe makes of the rows; null where it cannot be applied.</param>
public sealed record PlanCheck(IReadOnlyList<string> Problems, IReadOnlyList<SplitProblem> SplitProblems, SplitOutline? Outline, PlanShape? Shape = null);

/// <summary>What came out of one trial, for the leaderboard.</summary>
/// <param name="Score">The plan's metric among <paramref name="Metrics"/>; null where it is undefined on every fold, or not all folds were done.</param>
/// <param name="Metrics">All metrics by id, each the mean of the folds weighted by their rows (<see cref="FoldMean"/>).</param>
/// <param name="FoldScores">The plan's metric on each fold.</param>
/// <param name="TrainingSeconds">Wall time of all fits: folds, and the final one where it was made.</param>
/// <param name="PredictionMicroseconds">Median time from source row to score, one row at a time, on one thread.</param>
/// <param name="ModelBytes">Size of the model package; until a model is made, of the first fold's model without its golden rows.</param>
/// <param name="TrainingRowCount">Rows that the final model learns from.</param>
/// <param name="ValidationRowCount">Rows that were predicted by a model that had not seen them.</param>
/// <param name="FeatureCount">Columns of the feature matrix.</param>
/// <param name="Settings">The trainer's hyperparameters, for people.</param>
/// <param name="PredictionP99Microseconds">The 99 % quantile of the same times.</param>
/// <param name="Iterations">After how many iterations the folds were best, their median; null for families that have none to choose.</param>
/// <param name="FitSeconds">Wall time of one fold's fit, their mean.</param>
/// <param name="FinishedAfterSeconds">Of the budget when the trial was judged.</param>
/// <param name="SampledRowCount">Rows that a fold learnt from, where it was only a sample.</param>
/// <param name="OverLimit">Why the model may not be chosen though it was judged; null where it may.</param>
/// <param name="Sharpness">The power its probabilities are raised to before they are scaled to sum to 1, so that they say how often it is right; 1 leaves them.</param>
/// <param name="Members">For an ensemble: what it is made of.</param>
/// <param name="Factor">For a model of the target's logarithm: what its answers are multiplied by so that their mean is right; 1 leaves them.</param>
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
    IReadOnlyDictionary<string, string> Settings,
    double PredictionP99Microseconds = 0,
    int? Iterations = null,
    double FitSeconds = 0,
    double FinishedAfterSeconds = 0,
    int? SampledRowCount = null,
    string? OverLimit = null,
    double Sharpness = 1,
    IReadOnlyList<EnsembleMember>? Members = null,
    double Factor = 1)
{
    /// <summary>How the score grows with the training rows; null until somebody asks.</summary>
    public LearningCurve? LearningCurve { get; init; }

    internal Calibration Calibration => new(Sharpness, Factor);

    /// <summary>Its place on a leaderboard, best first: by the score, then by log loss, as many trials of an easy table share the best accuracy; without a score last.</summary>
    public (double Loss, double LogLoss) Rank(Metric metric) =>
        (Score is { } score ? metric.HigherIsBetter ? -score : score : double.PositiveInfinity, Metrics.GetValueOrDefault(Metric.LogLoss.Id) ?? double.PositiveInfinity);
}

/// <param name="TrialNumber">Of the member.</param>
/// <param name="Weight">Its share, above 0; all sum to 1.</param>
public sealed record EnsembleMember(int TrialNumber, double Weight);
