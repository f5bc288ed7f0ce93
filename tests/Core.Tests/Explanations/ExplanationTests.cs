using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Tests.Recipes;
using ModelWorkbench.Core.Trainers;
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

    [Fact]
    public void The_report_on_iris_agrees_with_scikit_learn()
    {
        var iris = Samples.Read("iris.csv");
        var names = iris.Columns.Take(4).Select(c => c.Name).ToArray();
        var labels = Enumerable.Range(0, 150).Select(row => iris["species"].GetText(row)!).ToArray();
        var report = PcaReporter.Create(Matrix(iris, names), labels, null, standardize: true, seed: 1, TestContext.Current.CancellationToken);

        var expected = Samples.Expected("Recipes", "recipes.json").GetProperty("pca")[1];
        Assert.Equal(expected.GetProperty("explainedVarianceRatio").Doubles(), report.ExplainedVarianceRatio, new Near(1e-6));
        foreach (var (row, scores) in expected.GetProperty("rows").EnumerateArray().Zip(expected.GetProperty("scores").EnumerateArray()))
            Assert.Equal(scores.Doubles().Take(2), [report.First[row.GetInt32()], report.Second[row.GetInt32()]], new Near(1e-5));
        Assert.Equal(expected.GetProperty("components").EnumerateArray().Take(2).Select(c => c.Doubles()).SelectMany(c => c), report.Loadings.SelectMany(l => l), new Near(1e-6));
        Assert.Equal(labels, report.Labels);
        Assert.Null(report.Targets);
        Assert.Equal(names, report.FeatureNames);
    }

    [Fact]
    public void Of_many_rows_five_thousand_are_shown_with_their_targets()
    {
        var diamonds = Samples.Read("diamonds.csv");
        var targets = ((NumericColumn)diamonds["price"]).Values.ToArray();
        var report = PcaReporter.Create(Matrix(diamonds, ["price"]), null, targets, standardize: false, seed: 1, TestContext.Current.CancellationToken);
        Assert.Equal((53_940, 5_000, 5_000), (report.RowCount, report.First.Count, report.Targets!.Count));
        // The only component of the price is the price, less its mean.
        var mean = targets.Average();
        Assert.All(report.First.Zip(report.Targets), pair => Assert.Equal(pair.Second - mean, pair.First, 1e-6));
        Assert.All(report.Second, value => Assert.Equal(0, value));
        Assert.Equal([[1.0], [0.0]], report.Loadings);
        Assert.Equal([1.0], report.ExplainedVarianceRatio);
    }

    [Fact]
    public void Too_many_features_are_refused_with_both_numbers()
    {
        Assert.Contains("1001", PcaReporter.WhyNot(10, 1_001));
        Assert.Null(PcaReporter.WhyNot(2, 1_000));
        var features = new FeatureMatrix(new float[10 * 1_001], 10, [.. Enumerable.Range(0, 1_001).Select(i => $"f{i}")]);
        Assert.Contains("1000", Assert.Throws<ArgumentException>(() => PcaReporter.Create(features, null, null, false, 1, TestContext.Current.CancellationToken)).Message);
    }

    private static FeatureMatrix Matrix(Table table, IReadOnlyList<string> names)
    {
        var values = new float[table.RowCount * names.Count];
        for (var row = 0; row < table.RowCount; row++)
            for (var j = 0; j < names.Count; j++) values[row * names.Count + j] = (float)((NumericColumn)table[names[j]]).Values[row];
        return new FeatureMatrix(values, table.RowCount, names);
    }
}
