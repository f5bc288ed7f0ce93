using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using Xunit;

namespace ModelWorkbench.Core.Tests.Profiling;

public class AssociationsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Table Penguins()
    {
        var path = TestFiles.Sample("penguins.csv");
        return CsvTableReader.Read(path, CsvDetector.Detect(path, Token), null, Token).Table;
    }

    /// <summary>Figures by pandas, scipy and scikit-learn: Expected/make_associations.py.</summary>
    [Fact]
    public void Penguins_have_the_associations_of_pandas_scipy_and_scikit_learn()
    {
        var found = Associations.Measure(Penguins(), "species", Token);
        using var document = System.Text.Json.JsonDocument.Parse(File.ReadAllText(TestFiles.Expected("Profiling/Expected/associations.json")));
        var expected = document.RootElement;
        (AssociationMeasure Measure, double? Value) Between(string a, string b)
        {
            var (i, j) = (found.Between.Columns.ToList().IndexOf(a), found.Between.Columns.ToList().IndexOf(b));
            return (found.Between.Measures[i][j], found.Between.Values[j][i]);
        }
        Assert.Equal((AssociationMeasure.Pearson, expected.GetProperty("pearson").GetDouble()), Round(Between("flipper_length_mm", "body_mass_g")));
        Assert.Equal((AssociationMeasure.CramersV, expected.GetProperty("cramers_v").GetDouble()), Round(Between("species", "island")));
        Assert.Equal((AssociationMeasure.CorrelationRatio, expected.GetProperty("correlation_ratio").GetDouble()), Round(Between("species", "bill_length_mm")));
        Assert.Equal(expected.GetProperty("mutual_information").GetDouble(), found.WithTarget.Single(a => a.Column == "island").MutualInformation, 1e-9);
    }

    private static (AssociationMeasure, double?) Round((AssociationMeasure Measure, double? Value) pair) => (pair.Measure, Math.Round(pair.Value!.Value, 9));

    [Fact]
    public void A_name_tag_tells_nothing_of_the_target_and_a_copy_all()
    {
        double[] y = [.. Enumerable.Range(0, 2000).Select(i => (double)(i * 7919 % 2003 % 2))];
        var table = new Table([DictionaryColumn.FromTexts("tag", ColumnKind.Text, [.. y.Select((_, i) => $"r{i}")]), new NumericColumn("copy", [.. y.Select(v => 3 - v)]), new NumericColumn("y", y)]);
        var found = Associations.Measure(table, "y", Token).WithTarget.ToDictionary(a => a.Column);
        Assert.Equal(0, found["tag"].Gini!.Value, 1e-9);
        Assert.Equal(1, found["copy"].Gini!.Value, 1e-9);
        Assert.Equal(1, found["copy"].Auc!.Value, 1e-9);
    }
}
