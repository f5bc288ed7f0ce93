using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Splits;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Recipes.Steps;

/// <summary>An encoding learnt from the target must not tell a training row its own.</summary>
public class TargetEncodeTests
{
    [Fact]
    public void In_training_a_row_gets_the_smoothed_mean_of_the_other_folds()
    {
        var table = Random(300, categories: 12);
        var step = new TargetEncodeStep(["c"], 3, 5, 9);
        var encoded = Values(step.ReplayInTraining(step.FitToTarget(table.Without(["y"]), table["y"]), table, "y"));
        var y = ((NumericColumn)table["y"]).Values.ToArray();
        var folds = TargetMeans.AssignFolds(300, 5, 9);
        Assert.Equal([60, 60, 60, 60, 60], folds.GroupBy(f => f).Select(g => g.Count()));
        for (var row = 0; row < 300; row++)
        {
            var others = Enumerable.Range(0, 300).Where(r => folds[r] != folds[row]).ToArray();
            var same = others.Where(r => table["c"].GetText(r) == table["c"].GetText(row)).ToArray();
            Assert.Equal((same.Sum(r => y[r]) + 3 * others.Average(r => y[r])) / (same.Length + 3), encoded[row], 1e-12);
        }
    }

    [Fact]
    public void A_row_s_own_target_never_moves_its_own_code_in_training()
    {
        var table = Random(60, categories: 6);
        var step = new TargetEncodeStep(["c"], 1);
        var before = Values(step.ReplayInTraining(step.FitToTarget(table.Without(["y"]), table["y"]), table, "y"));
        for (var row = 0; row < 60; row++)
        {
            var y = ((NumericColumn)table["y"]).Values.ToArray();
            y[row] += 1000;
            var changed = table.With(new NumericColumn("y", y));
            var after = Values(step.ReplayInTraining(step.FitToTarget(changed.Without(["y"]), changed["y"]), changed, "y"));
            Assert.Equal(before[row], after[row]);
            Assert.NotEqual(before, after);
        }
    }

    [Fact]
    public void Where_the_target_is_chance_the_codes_of_training_rows_do_not_know_it()
    {
        // Two rows a category: replaying what was learnt from all rows gives the target away.
        var table = Random(2000, categories: 1000);
        var training = Splitter.Split(table, null, new SplitPlan(Stratified: false)).Training;
        var trained = new Recipe([new TargetEncodeStep(["c"], 1)]).FitAndReplay(training, "y");
        var y = ((NumericColumn)training.Table["y"]).Values.ToArray();
        Assert.InRange(Correlation(Values(trained.Recipe.Replay(training.Table)), y), 0.6, 1);
        Assert.InRange(Correlation(Values(trained.Rows), y), -0.1, 0.1);
    }

    [Fact]
    public void At_prediction_all_training_rows_count_and_the_unknown_has_the_mean_of_all()
    {
        var table = Table(Categories("c", "a", "a", "b", null), Numbers("y", 1, 3, 10, 6));
        var fitted = new TargetEncodeStep(["c"], 2).FitToTarget(table.Without(["y"]), table["y"]);
        Assert.Equal([(4 + 2 * 5) / 4.0, (10 + 2 * 5) / 3.0, (6 + 2 * 5) / 3.0, 5], Values(fitted.Replay(Table(Categories("c", "a", "b", null, "new")))));
    }

    [Fact]
    public void Two_classes_give_the_share_of_the_second_and_more_a_column_each()
    {
        var table = Table(Categories("c", "a", "a", "b", "b"), Categories("two", "no", "yes", "yes", "yes"), Categories("three", "x", "y", "z", "z"));
        var two = new TargetEncodeStep(["c"], 0).FitToTarget(table, table["two"]);
        Assert.Equal([0.5, 0.5, 1, 1], Values(two.Replay(table)));
        var three = new TargetEncodeStep(["c"], 0).FitToTarget(table, table["three"]).Replay(table);
        Assert.Equal(["c~x", "c~y", "c~z", "two", "three"], three.Columns.Select(c => c.Name));
        Assert.Equal([0, 0, 1, 1], ((NumericColumn)three["c~z"]).Values.ToArray());
    }

    [Fact]
    public void A_target_that_is_not_chosen_or_cannot_be_averaged_is_a_problem()
    {
        var table = Table(Categories("c", "a", "b"), Numbers("y", 1, 2), new DateTimeColumn("d", [0, 1]));
        var recipe = new Recipe([new TargetEncodeStep(["c"])]);
        Assert.Contains("choose a target", recipe.Preview(table, null, CancellationToken.None).Outcomes[0].Problems[0].Message);
        Assert.Contains("dates", recipe.Preview(table, "d", CancellationToken.None).Outcomes[0].Problems[0].Message);
        Assert.Contains("target", new Recipe([new TargetEncodeStep(["y"])]).Preview(table, "y", CancellationToken.None).Outcomes[0].Problems[0].Message);
        Assert.Empty(recipe.Preview(table, "y", CancellationToken.None).Outcomes[0].Problems);
    }

    private static Table Random(int rows, int categories)
    {
        var random = new Random(4);
        return Table(Categories("c", [.. Enumerable.Range(0, rows).Select(i => $"c{i % categories}")]), Numbers("y", [.. Enumerable.Range(0, rows).Select(_ => (double)random.Next(2))]));
    }

    private static double[] Values(Table table) => ((NumericColumn)table["c"]).Values.ToArray();

    private static double Correlation(double[] x, double[] y)
    {
        var (meanX, meanY) = (x.Average(), y.Average());
        return x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum() / Math.Sqrt(x.Sum(a => (a - meanX) * (a - meanX)) * y.Sum(b => (b - meanY) * (b - meanY)));
    }
}
