using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using Xunit;

namespace ModelWorkbench.Core.Tests.Recipes;

public class WarningStepsTests
{
    [Fact]
    public void The_target_is_never_dropped()
    {
        var profile = new DatasetProfile(10, 0, []);
        Assert.Equal(["copy"], Assert.IsType<DropColumnsStep>(WarningSteps.For(Warning(WarningCode.DuplicateColumns, "price", "copy"), profile, "price")[0]).Columns);
        Assert.Equal(["copy"], Assert.IsType<DropColumnsStep>(WarningSteps.For(Warning(WarningCode.DuplicateColumns, "price", "copy"), profile, null)[0]).Columns);
        Assert.Empty(WarningSteps.For(Warning(WarningCode.Constant, "price"), profile, "price"));
        Assert.Empty(WarningSteps.For(Warning(WarningCode.Imbalance, "price"), profile, "price"));
    }

    [Fact]
    public void Every_step_that_is_proposed_for_a_feature_looks_at_that_feature()
    {
        var profile = new DatasetProfile(10, 0, []);
        foreach (var code in Enum.GetValues<WarningCode>().Where(c => c is not (WarningCode.DuplicateRows or WarningCode.MissingTarget or WarningCode.DuplicateColumns)))
            foreach (var step in WarningSteps.For(Warning(code, "x") with { Values = ["-999"] }, profile, "y"))
                Assert.Equal(["x"], step is DropColumnsStep drop ? drop.Columns : step.InputColumns);
    }

    [Fact]
    public void Dates_are_read_in_the_order_that_fits_all_of_them()
    {
        var table = Samples.Table(DictionaryColumn.FromTexts("when", ColumnKind.Category, ["13/01/2024", "02/12/2024"]));
        var steps = WarningSteps.For(Warning(WarningCode.DatesAsText, "when"), new DatasetProfile(2, 0, []), null);
        var (step, problem) = WarningSteps.FirstThatApplies(steps, Recipe.Empty, table, null, TestContext.Current.CancellationToken);
        Assert.Null(problem);
        Assert.Equal(DatePartOrder.DayFirst, Assert.IsType<ParseDateStep>(step).Order);
    }

    [Fact]
    public void Steps_that_do_the_same_to_different_columns_are_joined_and_others_are_not()
    {
        Assert.Equal(["a", "b", "c"], Assert.IsType<ValuesToMissingStep>(WarningSteps.Join(new ValuesToMissingStep(["a", "b"], ["?", "-1"]), new ValuesToMissingStep(["b", "c"], ["?", "-1"]))).Columns);
        Assert.Null(WarningSteps.Join(new ValuesToMissingStep(["a"], ["?"]), new ValuesToMissingStep(["b"], ["-1"])));
        Assert.Null(WarningSteps.Join(new ParseNumberStep(["a"]), new ParseNumberStep(["b"], DecimalMark.Comma)));
        Assert.Null(WarningSteps.Join(new DropColumnsStep(["a"]), new TidyTextStep(["b"])));
    }

    private static DataWarning Warning(WarningCode code, params string[] columns) => new(code, WarningSeverity.Warning, columns, "found");
}
