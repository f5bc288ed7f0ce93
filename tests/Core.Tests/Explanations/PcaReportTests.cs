using System.Text.Json;
using MathNet.Numerics.Distributions;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Tests.Recipes;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Explanations;

public class PcaReportTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void The_report_on_iris_agrees_with_scikit_learn()
    {
        var iris = Samples.Read("iris.csv");
        var names = iris.Columns.Take(4).Select(c => c.Name).ToArray();
        var labels = Enumerable.Range(0, 150).Select(row => iris["species"].GetText(row)!).ToArray();
        var report = PcaReporter.Create(Matrix(iris, names), labels, null, standardize: true, seed: 1, Cancellation);

        var expected = Samples.Expected("Recipes", "recipes.json").GetProperty("pca")[1];
        Assert.Equal(expected.GetProperty("explainedVarianceRatio").Doubles(), report.ExplainedVarianceRatio, new Near(1e-6));
        foreach (var (row, scores) in expected.GetProperty("rows").EnumerateArray().Zip(expected.GetProperty("scores").EnumerateArray()))
            Assert.Equal(scores.Doubles().Take(2), [report.First[row.GetInt32()], report.Second[row.GetInt32()]], new Near(1e-5));
        Assert.Equal(expected.GetProperty("components").EnumerateArray().Take(2).Select(c => c.Doubles()).SelectMany(c => c), report.Loadings.Take(2).SelectMany(l => l), new Near(1e-6));
        Assert.Equal(labels, report.Labels);
        Assert.Null(report.Targets);
        Assert.Equal(names, report.FeatureNames);
    }

    [Fact]
    public void Of_many_rows_five_thousand_are_shown_with_their_targets()
    {
        var diamonds = Samples.Read("diamonds.csv");
        var targets = ((NumericColumn)diamonds["price"]).Values.ToArray();
        var report = PcaReporter.Create(Matrix(diamonds, ["price"]), null, targets, standardize: false, seed: 1, Cancellation);
        Assert.Equal((53_940, 5_000, 5_000), (report.RowCount, report.First.Count, report.Targets!.Count));
        // The only component of the price is the price, less its mean.
        var mean = targets.Average();
        Assert.All(report.First.Zip(report.Targets), pair => Assert.Equal(pair.Second - mean, pair.First, 1e-6));
        Assert.All(report.Second, value => Assert.Equal(0, value));
        Assert.Equal([[1.0]], report.Loadings);
        Assert.Equal(1, report.ScoredCount);
        Assert.Equal([1.0], report.ExplainedVarianceRatio);
    }

    [Fact]
    public void Too_many_features_are_refused_with_both_numbers()
    {
        Assert.Contains("20001", PcaReporter.WhyNot(10, 20_001));
        Assert.Null(PcaReporter.WhyNot(2, 20_000));
        var features = new FeatureMatrix(new float[2 * 20_001], 2, [.. Enumerable.Range(0, 20_001).Select(i => $"f{i}")]);
        Assert.Contains("20000", Assert.Throws<ArgumentException>(() => PcaReporter.Create(features, null, null, false, 1, Cancellation)).Message);
    }

    [Fact]
    public void Ten_components_agree_with_scikit_learn_on_centred_and_scaled_features()
    {
        var expected = Samples.Expected("Explanations", "components.json").GetProperty("sample");
        var table = Samples.Read(expected.GetProperty("file").GetString()!).Without([expected.GetProperty("target").GetString()!]);
        var report = PcaReporter.Create(Matrix(table, [.. table.Columns.Select(c => c.Name)]), null, null, standardize: true, seed: 1, Cancellation);
        Assert.False(report.IsRandomised);
        Assert.Equal((30, 10, 10), (report.FeatureCount, report.ScoredCount, report.Loadings.Count));
        Assert.Equal(expected.GetProperty("explainedVarianceRatio").Doubles(), report.ExplainedVarianceRatio.Take(10), new Near(1e-9));
        Compare(expected, report, 1e-6);
    }

    [Fact]
    public void Components_of_two_thousand_features_found_by_random_projection_agree_with_all_eigenvectors_of_scikit_learn()
    {
        var expected = Samples.Expected("Explanations", "components.json").GetProperty("wide");
        var features = Wide(expected.GetProperty("rowCount").GetInt32(), expected.GetProperty("featureCount").GetInt32());
        var report = PcaReporter.Create(features, null, null, standardize: true, seed: 1, Cancellation);
        Assert.True(report.IsRandomised);
        Assert.Equal(2_000, report.FeatureCount);
        // Ten components with 30 features each, some the same.
        Assert.InRange(report.FeatureNames.Count, 30, 300);
        Assert.Equal(expected.GetProperty("explainedVarianceRatio").Doubles(), report.ExplainedVarianceRatio.Take(6), new Near(1e-7));
        // Stated tolerance of the randomised method: a hundred-thousandth of scores of some tens.
        Compare(expected, report, 1e-5);

        Assert.Equal(report.First, PcaReporter.Create(features, null, null, standardize: true, seed: 1, Cancellation).First);
        Assert.Equal(report.First, PcaReporter.Create(features, null, null, standardize: true, seed: 2, Cancellation).First, new Near(1e-5));
    }

    private static void Compare(JsonElement expected, PcaReport report, double tolerance)
    {
        Assert.Equal(expected.GetProperty("marks").EnumerateArray().Select(m => (int?)m.GetInt32()), report.Marks.Select(m => m.Components));
        var strongest = expected.GetProperty("strongest").EnumerateArray().ToArray();
        foreach (var (row, scores) in expected.GetProperty("rows").EnumerateArray().Zip(expected.GetProperty("scores").EnumerateArray()))
            foreach (var (c, score) in scores.Doubles().Index())
                // From the third component on scores are kept as 32-bit floats.
                Assert.Equal(score, report.Scores(c)[row.GetInt32()], tolerance * (c > 1 ? 1 + Math.Abs(score) : 1));
        foreach (var (c, loadings) in expected.GetProperty("loadings").EnumerateArray().Index())
            Assert.Equal(loadings.Doubles().Select(Math.Abs), report.Strongest(c, 5).Select(f => Math.Abs(f.Loading)), new Near(tolerance));
        Assert.Equal(strongest.Length, expected.GetProperty("loadings").GetArrayLength());
        Assert.All(report.Loadings, l => Assert.True(l.MaxBy(Math.Abs) > 0));
    }

    [Fact]
    public void Random_projection_follows_no_direction_that_the_rows_do_not_have()
    {
        // Three rows span two directions; the rest of ten thousand features has no variance left.
        var features = Wide(3, 10_000);
        var components = RandomisedComponents.Fit(3, 10_000, features.Read, 5, standardize: true, seed: 3, Cancellation);
        Assert.Equal(1, components.ExplainedVarianceRatio.Sum(), 1e-9);
        Assert.Equal(0, components.ExplainedVarianceRatio[2], 1e-9);
        Assert.All(components.Components, c => Assert.Equal(1, Math.Sqrt(c.Sum(w => w * w)), 1e-9));
        var nothing = RandomisedComponents.Fit(4, 12, (_, into) => into.Fill(7), 2, standardize: true, seed: 3, Cancellation);
        Assert.Equal([0.0, 0.0], nothing.ExplainedVarianceRatio);
    }

    [Fact]
    public void Random_projection_can_be_cancelled_and_refuses_sizes_out_of_range()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => RandomisedComponents.Fit(3, 600, (_, into) => into.Clear(), 5, true, 1, source.Token));
        Assert.Throws<ArgumentException>(() => RandomisedComponents.Fit(1, 600, (_, into) => into.Clear(), 5, true, 1, Cancellation));
        Assert.Throws<ArgumentException>(() => RandomisedComponents.Fit(3, 4, (_, into) => into.Clear(), 5, true, 1, Cancellation));
        Assert.Contains("Row 1, feature 0", Assert.Throws<ArgumentException>(() => RandomisedComponents.Fit(3, 4, (row, into) => into.Fill(row == 1 ? double.NaN : 0), 2, true, 1, Cancellation)).Message);
    }

    [Fact]
    public void A_wide_table_is_computed_on_fewer_rows() => Assert.Equal([20_000, 20_000, 10_000, 500], new[] { 1, 500, 1_000, 20_000 }.Select(PcaReporter.MaximumRows));

    [Fact]
    public void A_share_that_the_known_components_do_not_hold_has_no_number_of_components()
    {
        Assert.Equal([new VarianceMark(0.9, 2), new VarianceMark(0.95, 3), new VarianceMark(0.99, null)], VarianceMark.Of([0.5, 0.4, 0.05]));
        Assert.All(VarianceMark.Of([]), mark => Assert.Null(mark.Components));
    }

    [Fact]
    public void A_report_of_an_older_version_has_two_scored_components_and_all_features()
    {
        const string old = """{"explainedVarianceRatio":[0.7,0.3],"first":[1,2],"second":[3,4],"labels":["a","b"],"targets":null,"featureNames":["x","y"],"loadings":[[0.8,-0.6],[0.6,0.8]],"rowCount":2}""";
        var report = JsonSerializer.Deserialize<PcaReport>(old, CoreJson.Options)!;
        Assert.Equal((2, 2, false), (report.FeatureCount, report.ScoredCount, report.IsRandomised));
        Assert.Equal([2, 2, 2], report.Marks.Select(m => m.Components!.Value));
        Assert.Null(report.Rows);
        Assert.Null(report.Answers);
        Assert.Equal([new FeatureLoading("x", 0.8), new FeatureLoading("y", -0.6)], report.Strongest(0, 5));
    }

    [Fact]
    public void A_report_comes_back_from_its_json_as_it_was()
    {
        var iris = Samples.Read("iris.csv");
        var report = PcaReporter.Create(Matrix(iris, [.. iris.Columns.Take(4).Select(c => c.Name)]), null, [.. Enumerable.Range(0, 150).Select(i => (double)i)], true, 1, Cancellation, [.. Enumerable.Range(0, 150)]) with
        {
            Answers = new PcaAnswers(null, [1.5, null], [0.25f, null]),
        };
        var json = JsonSerializer.Serialize(report, CoreJson.Options);
        Assert.Equal(json, JsonSerializer.Serialize(JsonSerializer.Deserialize<PcaReport>(json, CoreJson.Options), CoreJson.Options));
        Assert.Contains("\"further\":[[", json);
        Assert.Equal([4, 2, 150], [report.ScoredCount, report.Further.Count, report.Rows!.Count]);
    }

    [Fact]
    public void The_nearest_rows_are_those_on_the_two_components_that_are_looked_at()
    {
        var report = new PcaReport([0.5, 0.3, 0.2], [0, 1, 5, 5.5], [0, 9, 0, 1], null, [1, 2, 3, 4], ["a"], [[1], [1], [1]], 4) { Further = [[0, 0, 9, 1]] };
        Assert.Equal([0, 2, 3], report.Nearest(0, 0, 1, 2));
        Assert.Equal([0, 1, 3, 2], report.Nearest(0, 0, 2, 20));
        Assert.Equal([9.0, 1.0], report.Scores(2).Skip(2));
        Assert.Equal(new FeatureArrow("a", 1, 0), Assert.Single(report.Arrows(0, 7, 3)));
    }

    [Fact]
    public void A_few_extreme_values_do_not_take_all_of_the_scale()
    {
        double[] values = [.. Enumerable.Range(0, 101).Select(i => (double)i), double.NaN, double.PositiveInfinity];
        Assert.Equal(new ValueSpan(2, 98), ValueSpan.Of(values));
        Assert.Equal(new ValueSpan(-98, 98), ValueSpan.Of(values)!.Around0);
        Assert.Null(ValueSpan.Of([1, 1, 1]));
        Assert.Null(ValueSpan.Of([double.NaN]));
    }

    [Fact]
    public void The_ellipse_has_the_axes_of_the_covariance_and_holds_95_percent_of_a_normal_cloud()
    {
        // Variances 4 and 1 with n - 1 in the denominator, turned by 30 degrees about (5, -2).
        var random = new Random(4);
        var (x, y) = (new double[20_000], new double[20_000]);
        for (var i = 0; i < x.Length; i++)
        {
            var (a, b) = (2 * Normal.Sample(random, 0, 1), Normal.Sample(random, 0, 1));
            (x[i], y[i]) = (5 + (a * Math.Cos(Math.PI / 6)) - (b * 0.5), -2 + (a * 0.5) + (b * Math.Cos(Math.PI / 6)));
        }
        var ellipse = CovarianceEllipse.Of(x, y)!;
        Assert.Equal(2 * Math.Sqrt(5.991464547), ellipse.LongRadius, 0.1);
        Assert.Equal(Math.Sqrt(5.991464547), ellipse.ShortRadius, 0.05);
        Assert.Equal(Math.PI / 6, ellipse.Angle, 0.02);
        var inside = Enumerable.Range(0, x.Length).Count(i =>
        {
            var (dx, dy) = (x[i] - ellipse.CentreX, y[i] - ellipse.CentreY);
            var (along, across) = ((dx * Math.Cos(ellipse.Angle)) + (dy * Math.Sin(ellipse.Angle)), (dy * Math.Cos(ellipse.Angle)) - (dx * Math.Sin(ellipse.Angle)));
            return Math.Pow(along / ellipse.LongRadius, 2) + Math.Pow(across / ellipse.ShortRadius, 2) <= 1;
        });
        Assert.Equal(0.95, (double)inside / x.Length, 0.01);
        var line = ellipse.Line(41);
        Assert.Equal(line[0].X, line[^1].X, 1e-9);
        Assert.Equal(ellipse.LongRadius, Math.Sqrt(Math.Pow(line[0].X - ellipse.CentreX, 2) + Math.Pow(line[0].Y - ellipse.CentreY, 2)), 1e-9);
    }

    [Fact]
    public void Two_points_and_points_that_are_one_have_no_ellipse()
    {
        Assert.Null(CovarianceEllipse.Of([1, 2], [1, 2]));
        Assert.Null(CovarianceEllipse.Of([1, 1, 1], [2, 2, 2]));
        Assert.Equal(0, CovarianceEllipse.Of([1, 2, 3], [1, 2, 3])!.ShortRadius, 1e-9);
    }

    // The formula of components.py.
    private static FeatureMatrix Wide(int rowCount, int featureCount)
    {
        var values = new float[rowCount * featureCount];
        for (var i = 1; i <= rowCount; i++)
            for (var j = 1; j <= featureCount; j++)
            {
                var value = 0.01 * Math.Sin((12.9898 * i * j) + (78.233 * i));
                for (var r = 0; r < 6; r++) value += Math.Pow(0.5, r) * Math.Sin((0.7 * (r + 1) * i) + r) * Math.Cos((0.013 * (r + 2) * j) + (r * r));
                values[((i - 1) * featureCount) + j - 1] = (float)value;
            }
        return new FeatureMatrix(values, rowCount, [.. Enumerable.Range(0, featureCount).Select(j => $"f{j}")]);
    }

    private static FeatureMatrix Matrix(Table table, IReadOnlyList<string> names)
    {
        var values = new float[table.RowCount * names.Count];
        for (var row = 0; row < table.RowCount; row++)
            for (var j = 0; j < names.Count; j++) values[row * names.Count + j] = (float)((NumericColumn)table[names[j]]).Values[row];
        return new FeatureMatrix(values, table.RowCount, names);
    }
}
