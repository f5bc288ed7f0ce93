using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Experiments;

public sealed class ExperimentPlanTests
{
    [Fact]
    public void A_split_that_cannot_be_made_is_said_before_anything_runs()
    {
        var table = new Table([
            DictionaryColumn.FromTexts("rare", ColumnKind.Category, ["a", "b", "c", "d", "e", null, null]),
            new NumericColumn("x", [1, 2, 3, 4, 5, 6, 7]),
        ]);
        var plan = ExperimentPlan.Propose(table, "rare", Recipe.Empty, LearningTask.Multiclass);
        plan = plan with { Split = plan.Split with { Folds = 1 } };
        var problem = Assert.Single(plan.Problems(table), p => p.Contains("5 rows in 5 classes", StringComparison.Ordinal));
        Assert.DoesNotContain("Parameter", problem);
        Assert.DoesNotContain((plan with { Split = plan.Split with { Stratified = false } }).Problems(table), p => p.Contains("classes leave no row", StringComparison.Ordinal));
    }
}
