using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Tests.Recipes;
using Xunit;

namespace ModelWorkbench.Core.Tests.Explanations;

public class ExplanationTests
{
    [Theory]
    [InlineData("rmse-error", "neg_root_mean_squared_error")]
    [InlineData("r-squared-score", "r2")]
    public void Importance_of_columns_agrees_with_scikit_learn(string metricId, string scoring)
    {
        var expected = Samples.Expected("Explanations", "importance.json");
        var table = Samples.Read(expected.GetProperty("file").GetString()!);
        var columns = expected.GetProperty("columns").Strings();
        var importance = PermutationImportanceCalculator.Compute(table, columns, Score, Metric.Parse(metricId), repeats: 400, seed: 1, null, TestContext.Current.CancellationToken);

        Assert.Equal((metricId, table.RowCount, 400), (importance.MetricId, importance.RowCount, importance.Repeats));
        var (means, deviations) = (expected.GetProperty("expected").GetProperty(scoring).GetProperty("mean"), expected.GetProperty("expected").GetProperty(scoring).GetProperty("deviation"));
        Assert.Equal(columns.OrderByDescending(c => means.GetProperty(c).GetDouble()).Take(3), importance.Columns.Take(3).Select(c => c.Column));
        foreach (var column in importance.Columns)
        {
            // Both are means of 400 random shuffles: they differ by no more than four standard errors of the difference.
            var deviation = deviations.GetProperty(column.Column).GetDouble();
            Assert.Equal(means.GetProperty(column.Column).GetDouble(), column.MeanDrop, 4 * deviation * Math.Sqrt(2.0 / 400));
            Assert.Equal(deviation, column.StandardDeviation, 0.2 * deviation);
        }

        double Score(Table rows)
        {
            var predicted = new double[rows.RowCount];
            Array.Fill(predicted, expected.GetProperty("intercept").GetDouble());
            foreach (var coefficient in expected.GetProperty("coefficients").EnumerateObject())
            {
                var values = ((NumericColumn)rows[coefficient.Name]).Values;
                for (var row = 0; row < predicted.Length; row++) predicted[row] += values[row] * coefficient.Value.GetDouble();
            }
            return Evaluator.Regression(((NumericColumn)rows["price"]).Values, predicted).Metrics[metricId]!.Value;
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_importance_on_at_most_two_thousand_rows()
    {
        var random = new Random(2);
        var table = Samples.Table(Samples.Numbers("x", [.. Enumerable.Range(0, 5_000).Select(_ => random.NextDouble())]), Samples.Numbers("y", [.. Enumerable.Range(0, 5_000).Select(i => (double)i)]));
        var progress = new List<double>();
        PermutationImportance Compute(int seed) => PermutationImportanceCalculator.Compute(
            table, ["x", "y"], rows => ((NumericColumn)rows["x"]).Values[0], Metric.Accuracy, 3, seed, progress.Add, TestContext.Current.CancellationToken);
        Assert.Equal(Compute(1).Columns, Compute(1).Columns);
        Assert.NotEqual(Compute(1).Columns, Compute(2).Columns);
        Assert.Equal(2_000, Compute(1).RowCount);
        Assert.Equal([0.5, 1], progress.Take(2));
    }

    [Fact]
    public void Importance_can_be_cancelled()
    {
        using var source = new CancellationTokenSource();
        var calls = 0;
        Assert.Throws<OperationCanceledException>(() => PermutationImportanceCalculator.Compute(
            Samples.Read("iris.csv"), ["sepal_length", "sepal_width"], _ => { if (++calls == 3) source.Cancel(); return 0; }, Metric.Rmse, 10, 1, null, source.Token));
        Assert.Equal(3, calls);
    }
}
