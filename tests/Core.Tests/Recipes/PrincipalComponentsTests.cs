using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Recipes;

public class PrincipalComponentsTests
{
    [Fact]
    public void Components_agree_with_scikit_learn_to_a_millionth()
    {
        var cases = Expected("Recipes", "recipes.json").GetProperty("pca").EnumerateArray().ToArray();
        Assert.Equal(4, cases.Length);
        foreach (var expected in cases)
        {
            var columns = Read(expected.GetProperty("file").GetString()!).Without([expected.GetProperty("target").GetString()!]).Columns.Cast<NumericColumn>().ToArray();
            var components = expected.GetProperty("components").EnumerateArray().Select(c => c.Doubles()).ToArray();
            var pca = Fit(columns, components.Length, expected.GetProperty("standardize").GetBoolean());

            for (var c = 0; c < components.Length; c++) Assert.Equal(components[c], pca.Components[c], new Near(1e-6));
            var variance = expected.GetProperty("explainedVariance").Doubles();
            Assert.Equal(variance, pca.ExplainedVariance, new Near(1e-6 * variance[0]));
            Assert.Equal(expected.GetProperty("explainedVarianceRatio").Doubles(), pca.ExplainedVarianceRatio, new Near(1e-9));

            var scores = new double[components.Length];
            foreach (var (row, ofRow) in expected.GetProperty("rows").EnumerateArray().Zip(expected.GetProperty("scores").EnumerateArray()))
            {
                pca.Project(columns.Select(c => c.Values[row.GetInt32()]).ToArray(), scores);
                Assert.Equal(ofRow.Doubles(), scores, new Near(1e-5));
            }
        }
    }

    [Fact]
    public void A_constant_feature_has_no_weight_even_when_standardised()
    {
        var pca = Fit([Numbers("a", 1, 2, 4, 8), Numbers("constant", 0.1, 0.1, 0.1, 0.1), Numbers("b", 1, 0, 1, 5)], 3, standardize: true);
        Assert.Equal(0, pca.ExplainedVariance[2], 1e-12);
        Assert.Equal(1, pca.ExplainedVarianceRatio.Sum(), 1e-12);
        Assert.Equal(0, pca.Components[0][1], 1e-12);
        Assert.Equal(1, pca.Scale[1]);
    }

    [Fact]
    public void Nothing_that_varies_explains_nothing()
    {
        var pca = Fit([Numbers("a", 3, 3, 3)], 1, standardize: true);
        Assert.Equal([0.0], pca.ExplainedVarianceRatio);
    }

    [Fact]
    public void The_first_of_equally_large_weights_is_positive()
    {
        var pca = Fit([Numbers("a", 1, 2, 4, 8, 3), Numbers("b", -1, -3, -4, -6, -2)], 2, standardize: true);
        Assert.Equal([Math.Sqrt(0.5), -Math.Sqrt(0.5)], pca.Components[0], new Near(1e-12));
        Assert.Equal([Math.Sqrt(0.5), Math.Sqrt(0.5)], pca.Components[1], new Near(1e-12));
    }

    [Theory]
    [InlineData(1, 2, 1)]
    [InlineData(5, 1_001, 1)]
    [InlineData(5, 2, 3)]
    [InlineData(5, 2, 0)]
    public void Sizes_out_of_range_are_refused(int rows, int features, int components) =>
        Assert.Throws<ArgumentException>(() => PrincipalComponents.Fit(rows, features, (_, into) => into.Clear(), components, false, CancellationToken.None));

    [Fact]
    public void A_value_that_is_not_finite_is_named_by_row_and_feature()
    {
        var exception = Assert.Throws<ArgumentException>(() => Fit([Numbers("a", 1, 2, 3), Numbers("b", 1, 2, double.NaN)], 1, false));
        Assert.Contains("Row 2, feature 1", exception.Message);
    }

    private static PrincipalComponents Fit(NumericColumn[] columns, int components, bool standardize) => PrincipalComponents.Fit(
        columns[0].Length, columns.Length,
        (row, into) => { for (var j = 0; j < columns.Length; j++) into[j] = columns[j].Values[row]; },
        components, standardize, CancellationToken.None);
}
