using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Workbench.Experiments;

/// <summary>What the compare page proposes for a target.</summary>
/// <param name="Plan">Null where the column cannot be predicted.</param>
/// <param name="Reason">Why it cannot.</param>
/// <param name="Tasks">Each task with the reason why it is not possible, or null where it is.</param>
public sealed record PlanDraft(ExperimentPlan? Plan, string? Reason, IReadOnlyDictionary<LearningTask, string?> Tasks)
{
    /// <summary>The split that suits the data, with its reason; null where the column cannot be predicted.</summary>
    public SplitProposal? Split => Plan?.Proposal;

    /// <param name="table">The rows, or a sample of them.</param>
    /// <param name="target">The column to predict.</param>
    /// <param name="recipe">Cleaning.</param>
    /// <param name="before">What was proposed for the target chosen before: what a person changed and does not depend on the target is kept.</param>
    /// <param name="profile">Of all rows.</param>
    public static PlanDraft Propose(Table table, string target, Recipe recipe, PlanDraft? before, DatasetProfile? profile = null)
    {
        try
        {
            var plan = ExperimentPlan.Propose(table, target, recipe, null, profile);
            var tasks = Enum.GetValues<LearningTask>().ToDictionary(task => task, task => WhyNot(table, target, task));
            if (before?.Plan is { } previous)
                plan = plan with
                {
                    Split = IsOwn(previous.Split, before.Split, target) ? previous.Split with { Stratified = plan.Split.Stratified } : plan.Split,
                    IgnoredColumns = [.. previous.IgnoredColumns.Where(c => c != target)],
                    BudgetSeconds = previous.BudgetSeconds,
                    Tuning = previous.Tuning,
                    Limits = previous.Limits is { } limits ? limits with { TargetScore = null } : null,
                    Weights = previous.Weights is { } weights ? new RowWeighting(weights.Column == target ? null : weights.Column, weights.BalanceClasses && plan.Task != LearningTask.Regression) : null,
                };
            return new PlanDraft(plan, null, tasks);
        }
        catch (ArgumentException e)
        {
            return new PlanDraft(null, e.Message, new Dictionary<LearningTask, string?>());
        }
    }

    /// <summary>Whether a person chose this split, and can have it for this target too.</summary>
    private static bool IsOwn(SplitPlan split, SplitProposal? proposal, string target) =>
        split.Column != target && (proposal is null || split != proposal.Plan with { Stratified = split.Stratified });

    /// <summary>The same choices for another task: metric, stratification and families are proposed anew.</summary>
    public static ExperimentPlan For(ExperimentPlan plan, Table table, LearningTask task)
    {
        var proposed = ExperimentPlan.Propose(table, plan.Target, plan.Recipe, task);
        var weights = task == LearningTask.Regression && plan.Weights is { BalanceClasses: true } balanced ? balanced with { BalanceClasses = false } : plan.Weights;
        return plan with
        {
            Task = task,
            Weights = weights,
            MetricId = proposed.MetricId,
            TrainerIds = proposed.TrainerIds,
            Split = plan.Split with { Stratified = proposed.Split.Stratified },
            Proposal = plan.Proposal is { } split ? split with { Plan = split.Plan with { Stratified = proposed.Split.Stratified } } : null,
        };
    }

    /// <summary>Columns that look like identifiers: named so, with another text or whole number in every row. They teach a model nothing that holds for new rows.</summary>
    public static IReadOnlyList<string> Identifiers(Table table, DatasetProfile profile) =>
    [
        .. profile.Columns.Where(c => c is { MissingCount: 0, RowCount: > 1 } && c.DistinctCount == c.RowCount && IsNamedId(c.Name) && table.Find(c.Name) is { } column && IsTextOrInteger(column)).Select(c => c.Name),
    ];

    private static bool IsNamedId(string name) => name.StartsWith("id", StringComparison.OrdinalIgnoreCase) || name.EndsWith("id", StringComparison.OrdinalIgnoreCase);

    private static bool IsTextOrInteger(Column column)
    {
        if (column is not NumericColumn numbers) return column is DictionaryColumn;
        foreach (var value in numbers.Values)
            if (value != Math.Floor(value)) return false;
        return true;
    }

    private static string? WhyNot(Table table, string target, LearningTask task)
    {
        try
        {
            var column = table[target];
            int[] known = [.. Enumerable.Range(0, table.RowCount).Where(row => !column.IsMissing(row))];
            _ = Target.Create(known.Length == table.RowCount ? table : new Table([column], table.LineNumbers.ToArray()).Take(known), target, task);
            return null;
        }
        catch (ArgumentException e)
        {
            return e.Message;
        }
    }
}
