using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using Xunit;

namespace ModelWorkbench.Core.Tests.Profiling;

public class AssociationsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static System.Text.Json.JsonElement Expected(string sample) => System.Text.Json.JsonDocument.Parse(File.ReadAllText(TestFiles.Expected("Profiling/Expected/associations.json"))).RootElement.GetProperty(sample);

    private static Table Read(string sample)
    {
        var path = TestFiles.Sample(sample + ".csv");
        return CsvTableReader.Read(path, CsvDetector.Detect(path, Token), null, Token).Table;
    }

    /// <summary>Figures by pandas and scipy: Expected/make_associations.py.</summary>
    [Theory]
    [InlineData("penguins", "species", 21)]
    [InlineData("sacramento_homes", "price", 10)]
    public void Every_pair_of_columns_has_the_association_of_pandas_and_scipy(string sample, string target, int fewest)
    {
        var (found, compared) = (Associations.Measure(Read(sample), target, Token).Between, 0);
        foreach (var pair in Expected(sample).GetProperty("between").EnumerateArray())
        {
            var (i, j) = (found.Columns.ToList().IndexOf(pair[0].GetString()!), found.Columns.ToList().IndexOf(pair[1].GetString()!));
            if (i < 0 || j < 0) continue;
            Assert.Equal(pair[2].GetString(), found.Measures[i][j].ToString());
            Assert.Equal(pair[3].GetDouble(), found.Values[i][j]!.Value, 1e-9);
            Assert.Equal(found.Values[i][j], found.Values[j][i]);
            compared++;
        }
        Assert.True(compared >= fewest, $"{compared} pairs were compared.");
    }

    /// <summary>Figures by scikit-learn's mutual_info_score on the same bins: Expected/make_associations.py.</summary>
    [Fact]
    public void Every_column_has_the_mutual_information_of_scikit_learn()
    {
        var found = Associations.Measure(Read("penguins"), "species", Token).WithTarget;
        Assert.Equal(6, found.Count);
        foreach (var association in found)
            Assert.Equal(Expected("penguins").GetProperty("mutual_information").GetProperty(association.Column).GetDouble(), association.MutualInformation, 1e-9);
    }

    /// <summary>Counts by numpy and pandas: Expected/make_associations.py.</summary>
    [Fact]
    public void Histograms_by_class_have_the_counts_of_numpy()
    {
        var table = Read("penguins");
        var expected = Expected("penguins").GetProperty("by_class");
        foreach (var profile in Profiler.Profile(table, Token).Columns.Where(c => c.Name != "species"))
        {
            var found = ClassHistogram.Measure(table, profile, "species");
            Assert.Equal(["Adelie", "Gentoo", "Chinstrap"], found.Classes);
            for (var c = 0; c < 3; c++)
            {
                var counts = expected.GetProperty(profile.Name).GetProperty(found.Classes[c]);
                if (found.Names is null) Assert.Equal(counts.EnumerateArray().Select(n => n.GetInt32()), found.Counts[c]);
                else Assert.Equal(found.Names.Select(name => counts.TryGetProperty(name, out var n) ? n.GetInt32() : 0), found.Counts[c]);
            }
        }
    }

    /// <summary>The area of the model's held-out answers, by counting pairs: a rank of two rows of different classes is right, wrong or tied.</summary>
    [Fact]
    public void A_perfect_order_has_the_area_1_and_no_order_a_half()
    {
        double[] y = [.. Enumerable.Range(0, 4000).Select(i => (double)(i % 2))];
        var table = new Table([new NumericColumn("same", y), new NumericColumn("other", [.. y.Select((_, i) => (double)(i / 2 % 8))]), new NumericColumn("y", y)]);
        var found = Associations.Measure(table, "y", Token).WithTarget.ToDictionary(a => a.Column);
        Assert.Equal(1, found["same"].Auc!.Value, 1e-9);
        Assert.Equal(0.5, found["other"].Auc!.Value, 0.03);
    }

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
