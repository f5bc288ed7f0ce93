using System.Globalization;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Recipes.Steps;

/// <summary>Steps against scikit-learn and pandas: Expected/steps.py made the figures.</summary>
public class StepFiguresTests
{
    private static readonly JsonElement Figures = Expected("Recipes/Steps", "steps.json");

    [Theory]
    [InlineData(ScaleMethod.Standardize, "standardize")]
    [InlineData(ScaleMethod.MinMax, "minMax")]
    [InlineData(ScaleMethod.Robust, "robust")]
    public void Scaling_agrees_with_scikit_learn(ScaleMethod method, string figures)
    {
        var expected = Figures.GetProperty(figures);
        var scaled = Apply(new ScaleStep(["bill_length_mm", "body_mass_g"], method), Read("penguins.csv"));
        foreach (var column in expected.EnumerateObject()) AssertRows(column.Value, scaled[column.Name], 1e-12);
    }

    [Fact]
    public void Yeo_Johnson_finds_the_power_and_the_values_of_scikit_learn()
    {
        foreach (var expected in Figures.GetProperty("yeoJohnson").EnumerateArray())
            Check(expected, Read(expected.GetProperty("file").GetString()!));

        var price = ((NumericColumn)Read("diamonds.csv")["price"]).Values.ToArray();
        var sorted = price.Order().ToArray();
        var median = (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        Check(Figures.GetProperty("yeoJohnsonSigned"), Table(Numbers("offset", [.. price.Select(p => (p - median) / 100)])));

        static void Check(JsonElement expected, Table table)
        {
            var name = expected.GetProperty("column").GetString()!;
            var fitted = (FittedYeoJohnson)new YeoJohnsonStep([name]).Fit(table);
            Assert.Equal(expected.GetProperty("lambda").GetDouble(), fitted.Powers[0].Lambda, 1e-5);
            AssertRows(expected.GetProperty("values"), fitted.Replay(table)[name], 1e-3);
        }
    }

    [Fact]
    public void A_column_that_does_not_vary_keeps_its_values_under_Yeo_Johnson_and_is_moved_to_zero_by_scaling()
    {
        var table = Table(Numbers("x", 0.1, 0.1, 0.1));
        Assert.Equal("1", Assert.Single(new YeoJohnsonStep([]).Fit(table).Learnt).Value);
        foreach (var method in Enum.GetValues<ScaleMethod>()) Assert.Equal([0, 0, 0], Values(Apply(new ScaleStep([], method), table)["x"]), new Near(1e-15));
    }

    [Fact]
    public void Outlier_bounds_agree_with_pandas_quantiles()
    {
        var credit = Read("credit_risk.csv");
        foreach (var expected in Figures.GetProperty("quantiles").EnumerateObject())
        {
            double Quantile(string name) => expected.Value.GetProperty(name).GetDouble();
            var reach = 1.5 * (Quantile("q3") - Quantile("q1"));
            var bounds = ((FittedClipOutliers)new ClipOutliersStep([expected.Name]).Fit(credit)).Bounds[0];
            Assert.Equal((Quantile("q1") - reach, Quantile("q3") + reach), (bounds.Lower, bounds.Upper));
            bounds = ((FittedClipOutliers)new ClipOutliersStep([expected.Name], OutlierMethod.Quantiles).Fit(credit)).Bounds[0];
            Assert.Equal(Quantile("p01"), bounds.Lower, 1e-9);
            Assert.Equal(Quantile("p99"), bounds.Upper, 1e-9);
            Assert.Equal(expected.Value.GetProperty("outliers").GetInt32(), credit.RowCount - Apply(new DropOutliersStep([expected.Name]), credit).RowCount);
        }
    }

    [Fact]
    public void Filling_by_group_agrees_with_pandas_groupby()
    {
        var penguins = Read("penguins.csv");
        var figures = Figures.GetProperty("fillByGroup");
        Check("median", new FillMissingStep(["bill_length_mm"], FillMethod.Median, GroupBy: "species"));
        Check("mean", new FillMissingStep(["body_mass_g"], FillMethod.Mean, GroupBy: "species"));
        Check("mostFrequent", new FillMissingStep(["sex"], FillMethod.MostFrequent, GroupBy: "island"));

        void Check(string name, FillMissingStep step)
        {
            var fitted = (FittedFillMissing)step.Fit(penguins);
            var filled = fitted.Replay(penguins)[step.Columns[0]];
            Assert.Equal(0, filled.CountMissing());
            for (var row = 0; row < penguins.RowCount; row++)
            {
                if (!penguins[step.Columns[0]].IsMissing(row)) { Assert.Equal(penguins[step.Columns[0]].GetText(row), filled.GetText(row)); continue; }
                var expected = figures.GetProperty(name).GetProperty(penguins[step.GroupBy!].GetText(row)!);
                if (expected.ValueKind == JsonValueKind.String) Assert.Equal(expected.GetString(), filled.GetText(row));
                else Assert.Equal(expected.GetDouble(), double.Parse(filled.GetText(row)!, CultureInfo.InvariantCulture), 1e-9);
            }
        }
    }

    [Fact]
    public void One_hot_and_ordinal_encodings_agree_with_scikit_learn()
    {
        var diamonds = Read("diamonds.csv");
        var expected = Figures.GetProperty("oneHot");
        var encoded = Apply(new OneHotStep(["cut"]), diamonds);
        foreach (var (category, sum) in expected.GetProperty("categories").Strings().Zip(expected.GetProperty("sums").Doubles()))
            Assert.Equal(sum, Values(encoded[$"cut={category}"]).Sum());
        Assert.Equal(diamonds.ColumnCount - 1 + 5, encoded.ColumnCount);
        Assert.Equal(Figures.GetProperty("ordinal").Doubles(), Values(Apply(new OrdinalEncodeStep(["cut"], CategoryOrder.Alphabet, []), diamonds)["cut"]).Take(20));
        Assert.Equal(Figures.GetProperty("frequency").Strings(), ((FittedOrdinalEncode)new OrdinalEncodeStep(["cut"], CategoryOrder.Frequency, []).Fit(diamonds)).Columns[0].Values);
    }

    [Fact]
    public void Hash_buckets_are_those_of_scikit_learn()
    {
        var expected = Figures.GetProperty("hash");
        foreach (var (text, bucket) in expected.GetProperty("texts").Strings().Zip(expected.GetProperty("buckets").Doubles()))
        {
            var encoded = Apply(new HashEncodeStep(["c"], 16), Table(Categories("c", text)));
            Assert.Equal(1, Values(encoded[string.Create(CultureInfo.InvariantCulture, $"c#{bucket}")])[0]);
            Assert.Equal(1, encoded.Columns.Sum(c => Values(c)[0]));
        }
    }

    [Fact]
    public void Target_encoding_of_all_rows_is_the_smoothed_mean_of_pandas_groups()
    {
        var diamonds = Read("diamonds.csv");
        var expected = Figures.GetProperty("targetEncoding");
        var fitted = (FittedTargetEncode)new TargetEncodeStep(["clarity"]).FitToTarget(diamonds.Without(["price"]), diamonds["price"]);
        Assert.Equal(expected.GetProperty("prior").GetDouble(), fitted.Prior[0], 1e-8);
        foreach (var code in expected.GetProperty("codes").EnumerateObject())
            Assert.Equal(code.Value.GetDouble(), Values(fitted.Replay(Table(Categories("clarity", code.Name)))["clarity"])[0], 1e-8);
    }

    [Fact]
    public void Bins_have_the_edges_and_counts_of_pandas()
    {
        var diamonds = Read("diamonds.csv");
        Check("equalWidth", new BinStep(["price"], BinMethod.EqualWidth, 5, []));
        Check("quantile", new BinStep(["carat"], BinMethod.Quantile, 10, []));
        Check("ownEdges", new BinStep(["price"], BinMethod.OwnEdges, 0, [.. Figures.GetProperty("ownEdges").GetProperty("edges").Doubles()]));

        void Check(string name, BinStep step)
        {
            var expected = Figures.GetProperty(name);
            var fitted = (FittedBin)(step with { AsNumbers = true }).Fit(diamonds);
            Assert.Equal(expected.GetProperty("edges").Doubles(), fitted.Columns[0].Edges, new Near(1e-9));
            var counts = new double[fitted.Columns[0].Edges.Length + 1];
            foreach (var bin in Values(fitted.Replay(diamonds)[step.Columns[0]])) counts[(int)bin]++;
            Assert.Equal(expected.GetProperty("counts").Doubles(), counts);

            var named = (DictionaryColumn)Apply(step, diamonds)[step.Columns[0]];
            Assert.Equal(counts.Length, named.Values.Distinct().Count());
        }
    }

    [Fact]
    public void N_grams_and_their_weights_are_those_of_scikit_learn()
    {
        var table = Table(DictionaryColumn.FromTexts("t", ColumnKind.Text, Figures.GetProperty("texts").Strings()));
        foreach (var expected in Figures.GetProperty("ngrams").EnumerateArray())
        {
            var step = new TextNgramsStep("t",
                Enum.Parse<NgramUnit>(expected.GetProperty("unit").GetString()!, true), expected.GetProperty("shortest").GetInt32(), expected.GetProperty("longest").GetInt32(),
                expected.GetProperty("top").GetInt32(), Enum.Parse<NgramWeight>(expected.GetProperty("weight").GetString()!, true));
            var encoded = Apply(step, table);
            Assert.Equal(expected.GetProperty("names").Strings().Select(n => $"t: {n}"), encoded.Columns.Select(c => c.Name));
            foreach (var (row, values) in expected.GetProperty("matrix").EnumerateArray().Index())
                Assert.Equal(values.Doubles(), encoded.Columns.Select(c => Values(c)[row]), new Near(1e-12));
        }
    }

    [Fact]
    public void Date_parts_are_those_of_pandas()
    {
        var expected = Figures.GetProperty("dates");
        var dates = Apply(new ChangeKindStep("d", ColumnKind.DateTime), Table(Categories("d", expected.GetProperty("texts").Strings())));
        var parts = Apply(new DatePartsStep("d", Enum.GetValues<DatePart>()), dates);
        Assert.Null(parts.Find("d"));
        foreach (var part in new[] { "year", "quarter", "month", "day", "weekday", "hour", "days" })
            Assert.Equal(expected.GetProperty(part).Doubles(), Values(parts[$"d_{part}"]), new Near(1e-9));
    }

    internal static Table Apply(RecipeStep step, Table table) => step.Fit(table).Replay(table);

    internal static double[] Values(Column column) => ((NumericColumn)column).Values.ToArray();

    private static void AssertRows(JsonElement expected, Column column, double tolerance)
    {
        var values = Values(column);
        foreach (var (row, value) in Figures.GetProperty("rows").Doubles().Zip(expected.EnumerateArray()))
        {
            if (value.ValueKind == JsonValueKind.Null) Assert.Equal(double.NaN, values[(int)row]);
            else Assert.Equal(value.GetDouble(), values[(int)row], tolerance * Math.Max(1, Math.Abs(value.GetDouble())));
        }
    }
}
