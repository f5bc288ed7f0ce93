using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Recipes;

public class StepTests
{
    private const double Missing = double.NaN;

    [Fact]
    public void Components_of_values_too_large_to_square_are_refused_with_their_line()
    {
        var table = Table(Numbers("a", 1, 2, 3), Numbers("b", 1, -1e200, 3));
        var problem = Assert.Single(new PcaStep([], 1).Check(table));
        Assert.Equal("Column 'b', line 3: found -1E+200, expected a value between -1E+150 and 1E+150, as squares of larger ones cannot be added up.", problem.Message);
        Assert.Equal(("b", 3), (problem.Column, problem.Line));
        Assert.NotNull(new PcaStep([], 1).Fit(Table(Numbers("a", 1, 2, 3), Numbers("b", 1e150, -1e150, 3))));
    }

    [Theory]
    [InlineData(FillMethod.Mean)]
    [InlineData(FillMethod.Median)]
    public void Mean_and_median_of_huge_numbers_do_not_overflow(FillMethod method)
    {
        var table = Table(Numbers("a", 1.5e308, 1.5e308, double.NaN));
        Assert.Equal(1.5e308, ((NumericColumn)new FillMissingStep(["a"], method).Fit(table).Replay(table)["a"]).Values[2]);
    }

    [Fact]
    public void Dropping_missing_rows_keeps_as_many_as_pandas_dropna()
    {
        var penguins = Read("penguins.csv");
        var rows = Expected("Recipes", "recipes.json").GetProperty("rows");
        Assert.Equal(rows.GetProperty("penguinsWithoutMissing").GetInt32(), Apply(new DropMissingRowsStep([]), penguins).RowCount);
        Assert.Equal(rows.GetProperty("penguinsWithSex").GetInt32(), Apply(new DropMissingRowsStep(["sex"]), penguins).RowCount);
    }

    [Fact]
    public void Dropping_missing_rows_looks_only_at_the_named_columns_and_keeps_line_numbers()
    {
        var table = Table(Numbers("a", 1, Missing, 3), Categories("b", null, "x", "y"));
        Assert.Equal([2, 4], Apply(new DropMissingRowsStep(["a"]), table).LineNumbers.ToArray());
    }

    [Fact]
    public void Dropping_every_row_is_a_problem()
    {
        var problem = Assert.Single(new DropMissingRowsStep([]).Check(Table(Numbers("a", 1, Missing), Numbers("b", Missing, 2))));
        Assert.Contains("2 rows", problem.Message);
    }

    [Fact]
    public void Dropping_duplicates_keeps_the_rows_that_pandas_keeps()
    {
        var rows = Expected("Recipes", "recipes.json").GetProperty("rows");
        var diamonds = Read("diamonds.csv");
        Assert.Equal(rows.GetProperty("diamondsDistinct").GetInt32(), Apply(new DropDuplicatesStep([]), diamonds).RowCount);
        Assert.Equal(rows.GetProperty("diamondsDistinctCutColor").GetInt32(), Apply(new DropDuplicatesStep(["cut", "color"]), diamonds).RowCount);
        var penguins = Apply(new DropDuplicatesStep(["island", "sex"]), Read("penguins.csv"));
        Assert.Equal(rows.GetProperty("firstLinesOfIslandSex").EnumerateArray().Select(e => e.GetInt32()), penguins.LineNumbers.ToArray());
    }

    [Fact]
    public void Missing_equals_missing_and_zero_equals_minus_zero_among_duplicates()
    {
        var table = Table(Numbers("a", 0, -0.0, Missing, -Missing, 1), Categories("b", null, null, null, null, null));
        Assert.Equal([2, 4, 6], Apply(new DropDuplicatesStep([]), table).LineNumbers.ToArray());
    }

    [Fact]
    public void Filling_learns_what_the_simple_imputer_of_scikit_learn_learns()
    {
        foreach (var expected in Expected("Recipes", "recipes.json").GetProperty("impute").EnumerateArray())
        {
            var method = expected.GetProperty("strategy").GetString() switch
            {
                "mean" => FillMethod.Mean,
                "median" => FillMethod.Median,
                _ => FillMethod.MostFrequent,
            };
            var columns = expected.GetProperty("columns").Strings();
            var fitted = Assert.IsType<FittedFillMissing>(new FillMissingStep(columns, method).Fit(Read(expected.GetProperty("file").GetString()!)));
            Assert.Equal(columns, fitted.Fills.Select(f => f.Column));
            foreach (var (fill, value) in fitted.Fills.Zip(expected.GetProperty("values").EnumerateArray()))
            {
                if (value.ValueKind == System.Text.Json.JsonValueKind.String) Assert.Equal(value.GetString(), fill.Value);
                else Assert.Equal(value.GetDouble(), double.Parse(fill.Value, System.Globalization.CultureInfo.InvariantCulture), 1e-9);
            }
        }
    }

    [Fact]
    public void Of_equally_frequent_values_the_smallest_is_filled_in()
    {
        var (early, late) = (new DateTime(2024, 1, 1).Ticks, new DateTime(2024, 5, 31).Ticks);
        var table = Table(Numbers("n", 10, 9, Missing), Categories("c", "b", "a", null), new DateTimeColumn("d", [late, early, DateTimeColumn.MissingTicks]));
        var filled = Apply(new FillMissingStep([], FillMethod.MostFrequent), table);
        Assert.Equal("2024-01-01", filled["d"].GetText(2));
        Assert.Equal("9", filled["n"].GetText(2));
        Assert.Equal("a", filled["c"].GetText(2));
    }

    [Fact]
    public void A_constant_fills_every_kind_and_leaves_other_values_alone()
    {
        var table = Table(
            Numbers("n", 1, Missing), Categories("c", "x", null),
            new DateTimeColumn("d", [new DateTime(2024, 5, 31).Ticks, DateTimeColumn.MissingTicks]),
            DictionaryColumn.FromTexts("b", ColumnKind.Boolean, ["yes", null]));
        table = Apply(new FillMissingStep(["n"], FillMethod.Constant, "-1.5"), table);
        table = Apply(new FillMissingStep(["c"], FillMethod.Constant, "unknown"), table);
        table = Apply(new FillMissingStep(["d"], FillMethod.Constant, "2020-01-01T12:30"), table);
        table = Apply(new FillMissingStep(["b"], FillMethod.Constant, "yes"), table);
        Assert.Equal("n:Numeric,c:Category,d:DateTime,b:Boolean\n2: 1,x,2024-05-31,yes\n3: -1.5,unknown,2020-01-01T12:30:00,yes", Show(table));
    }

    [Fact]
    public void A_constant_that_does_not_fit_the_kind_names_what_was_found_and_expected()
    {
        var table = Table(Numbers("n", 1), new DateTimeColumn("d", [0]), DictionaryColumn.FromTexts("b", ColumnKind.Boolean, ["yes"]), Categories("c", "x"));
        var problems = new FillMissingStep([], FillMethod.Constant, "unknown").Check(table);
        Assert.Equal(["n", "d", "b"], problems.Select(p => p.Column));
        Assert.All(problems, p => Assert.Contains("'unknown'", p.Message));
        Assert.Contains("expected a number", problems[0].Message);
        Assert.Single(new FillMissingStep(["n"], FillMethod.Constant).Check(table));
    }

    [Fact]
    public void The_mean_of_a_column_without_values_or_of_text_is_a_problem()
    {
        var problems = new FillMissingStep(["empty", "text", "nowhere"], FillMethod.Mean).Check(Table(Numbers("empty", Missing, Missing), Categories("text", "a", "b")));
        Assert.Equal(["nowhere", "text", "empty"], problems.Select(p => p.Column));
    }

    [Fact]
    public void Log1p_agrees_with_numpy_near_zero_and_far_from_it()
    {
        var expected = Expected("Recipes", "recipes.json").GetProperty("log1p");
        var logs = (NumericColumn)Apply(new Log1pStep([]), Table(Numbers("x", expected.GetProperty("x").Doubles())))["x"];
        foreach (var (y, log) in expected.GetProperty("y").Doubles().Zip(logs.Values.ToArray())) Assert.Equal(y, log, Math.Abs(y) * 1e-14);
    }

    [Fact]
    public void Log1p_names_column_line_and_number_of_the_values_it_cannot_take()
    {
        var table = Table(Numbers("a", 0, -1, 5, -7.5), Numbers("b", 1, 2, Missing, 4), Numbers("c", 0, 0, 0, -1.25));
        var problems = new Log1pStep([]).Check(table);
        Assert.Equal([("a", 3), ("c", 5)], problems.Select(p => (p.Column!, p.Line!.Value)));
        Assert.Contains("2 values", problems[0].Message);
        Assert.Contains("found -1,", problems[0].Message);
        Assert.Contains("found -1.25,", problems[1].Message);
        Assert.Throws<RecipeException>(() => new Log1pStep([]).Fit(table));
    }

    [Fact]
    public void A_value_that_log1p_cannot_take_becomes_missing_at_prediction()
    {
        var fitted = new Log1pStep(["a"]).Fit(Table(Numbers("a", 0, 1)));
        Assert.Equal([true, true, false], Rows(fitted.Replay(Table(Numbers("a", -1, -5, 1)))["a"], (c, r) => c.IsMissing(r)));
    }

    [Fact]
    public void A_column_of_another_kind_than_in_training_is_named()
    {
        var other = Table(Categories("a", "x"));
        FittedStep[] fitted = [new Log1pStep(["a"]).Fit(Table(Numbers("a", 0, 1))), new PcaStep(["a"], 1).Fit(Table(Numbers("a", 0, 1)))];
        Assert.All(fitted, step => Assert.Contains("'a' holds categories", Assert.Throws<ArgumentException>(() => step.Replay(other)).Message));
        var fill = new FillMissingStep(["a"], FillMethod.Constant, "x").Fit(other);
        Assert.Contains("'a' holds numbers", Assert.Throws<ArgumentException>(() => fill.Replay(Table(Numbers("a", Missing)))).Message);
        Assert.Contains("There is no column 'a'", Assert.Throws<KeyNotFoundException>(() => fill.Replay(Table(Numbers("b", 1)))).Message);
    }

    [Fact]
    public void Dropping_and_renaming_columns_keeps_the_others_in_place()
    {
        var table = Table(Numbers("a", 1), Numbers("b", 2), Numbers("c", 3));
        table = Apply(new RenameColumnStep("b", "B"), Apply(new DropColumnsStep(["a"]), table));
        Assert.Equal(["B", "c"], table.Columns.Select(c => c.Name));
        Assert.Equal("2", table["B"].GetText(0));
    }

    [Fact]
    public void Names_that_are_absent_twice_there_or_taken_are_problems()
    {
        var table = Table(Numbers("a", 1), Numbers("b", 2));
        Assert.Contains("a, b", Assert.Single(new DropColumnsStep(["x"]).Check(table)).Message);
        Assert.Single(new DropColumnsStep([]).Check(table));
        Assert.Single(new DropColumnsStep(["a", "b"]).Check(table));
        Assert.Single(new DropColumnsStep(["a", "a"]).Check(table));
        Assert.Single(new RenameColumnStep("a", "b").Check(table));
        Assert.Single(new RenameColumnStep("a", " ").Check(table));
        Assert.Empty(new RenameColumnStep("a", "A").Check(table));
    }

    [Fact]
    public void Changing_kind_goes_by_way_of_the_text()
    {
        var table = Table(Numbers("zip", 95838, 10, Missing));
        var categories = Apply(new ChangeKindStep("zip", ColumnKind.Category), table);
        Assert.Equal("zip:Category\n2: 95838\n3: 10\n4: ·", Show(categories));
        Assert.Equal(Show(table), Show(Apply(new ChangeKindStep("zip", ColumnKind.Numeric), categories)));
        var dates = Table(Categories("when", "2024-05-31", "2024-05-31T14:30:00", "2024-05-31 14:30:00+02:00"));
        Assert.Equal("when:DateTime\n2: 2024-05-31\n3: 2024-05-31T14:30:00\n4: 2024-05-31T12:30:00", Show(Apply(new ChangeKindStep("when", ColumnKind.DateTime), dates)));
    }

    [Fact]
    public void Values_that_cannot_change_kind_are_counted_with_the_first_line_unless_they_may_be_missing()
    {
        var table = Table(Categories("age", "31", null, "old", "1e5", "Infinity"));
        var problem = Assert.Single(new ChangeKindStep("age", ColumnKind.Numeric).Check(table));
        Assert.Equal(("age", 4), (problem.Column, problem.Line));
        Assert.Contains("2 values", problem.Message);
        Assert.Contains("'old'", problem.Message);
        Assert.Equal("age:Numeric\n2: 31\n3: ·\n4: ·\n5: 100000\n6: ·", Show(Apply(new ChangeKindStep("age", ColumnKind.Numeric, AllowMissing: true), table)));
    }

    [Fact]
    public void Pca_names_column_and_line_of_missing_values_and_the_range_of_components()
    {
        var table = Table(Numbers("a", 1, 2, Missing, 3), Numbers("b", 4, 1, 1, Missing), Categories("c", "x", "y", "z", "x"));
        var problems = new PcaStep([], 3).Check(table);
        Assert.Equal([(null, null), ("a", 4), ("b", 5)], problems.Select(p => (p.Column, p.Line)));
        Assert.Contains("1 to 2", problems[0].Message);
        Assert.Equal("c", Assert.Single(new PcaStep(["c"], 1).Check(table)).Column);
    }

    [Fact]
    public void Pca_replaces_its_columns_and_counts_a_missing_value_as_the_training_mean()
    {
        var table = Table(Numbers("a", 1, 2, 4), Categories("c", "x", "y", "z"), Numbers("b", 4, 1, 1));
        var fitted = new PcaStep([], 2).Fit(table);
        Assert.Equal(["c", "pca_1", "pca_2"], fitted.Replay(table).Columns.Select(c => c.Name));
        var mean = fitted.Replay(Table(Numbers("a", 7.0 / 3), Numbers("b", 2)));
        Assert.Equal([0, 0], mean.Columns.Select(c => ((NumericColumn)c).Values[0]), new Near(1e-12));
        var unknown = fitted.Replay(Table(Numbers("a", Missing), Numbers("b", 3)));
        var filled = fitted.Replay(Table(Numbers("a", 7.0 / 3), Numbers("b", 3)));
        Assert.Equal(filled.Columns.Select(c => ((NumericColumn)c).Values[0]), unknown.Columns.Select(c => ((NumericColumn)c).Values[0]), new Near(1e-12));
    }

    [Fact]
    public void Pca_does_not_take_the_name_of_a_column_that_stays()
    {
        var table = Table(Numbers("a", 1, 2), Numbers("pca_1", 3, 5));
        Assert.Equal("pca_1", Assert.Single(new PcaStep(["a"], 1).Check(table)).Column);
        Assert.Empty(new PcaStep([], 1).Check(table));
    }

    private static Table Apply(RecipeStep step, Table table) => step.Fit(table).Replay(table);

    private static T[] Rows<T>(Column column, Func<Column, int, T> value) => [.. Enumerable.Range(0, column.Length).Select(row => value(column, row))];
}

/// <summary>Numbers are equal within a distance.</summary>
internal sealed class Near(double tolerance) : IEqualityComparer<double>
{
    public bool Equals(double a, double b) => Math.Abs(a - b) <= tolerance;
    public int GetHashCode(double value) => 0;
}
