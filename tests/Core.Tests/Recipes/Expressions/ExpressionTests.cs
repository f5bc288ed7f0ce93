using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Expressions;
using ModelWorkbench.Core.Recipes.Steps;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Recipes.Expressions;

public class ExpressionTests
{
    private const double Missing = double.NaN;

    private static Table Rows { get; } = Table(
        Numbers("a", 7, -7, Missing), Numbers("b", 2, 3, 4), Numbers("sale price", 1, 0, 2),
        Categories("city", "Bonn", "ulm", null), Categories("first", "Ann", "Bob", "Cy"),
        DictionaryColumn.FromTexts("smoker", ColumnKind.Boolean, ["yes", "No", null]),
        new DateTimeColumn("sold", [new DateTime(2024, 1, 31, 14, 30, 0).Ticks, new DateTime(2023, 12, 31).Ticks, DateTimeColumn.MissingTicks]));

    /// <summary>The value of the first rows as texts; · is missing.</summary>
    private static string Evaluate(string text)
    {
        var column = Expression.Parse(text, Expression.ColumnsOf(Rows)).Evaluate(Rows, "x");
        return string.Join('|', Enumerable.Range(0, column.Length).Select(row => column.GetText(row) ?? "·"));
    }

    [Theory]
    [InlineData("1 + 2 * 3 - 4 / 2", "5|5|5")]
    [InlineData("-2 ^ 2", "-4|-4|-4")]
    [InlineData("2 ^ 3 ^ 2", "512|512|512")]
    [InlineData("2 ^ -1", "0.5|0.5|0.5")]
    [InlineData("a % b", "1|2|·")]
    [InlineData("a / `sale price`", "7|·|·")]
    [InlineData("[sale price] + b", "3|3|6")]
    [InlineData("1e-3 * 1000", "1|1|1")]
    [InlineData("round(2.5) + round(3.5)", "6|6|6")]
    [InlineData("round(a / 3, 2)", "2.33|-2.33|·")]
    [InlineData("clip(a, -1, 5)", "5|-1|·")]
    [InlineData("MAX(a, b, 3)", "7|3|·")]
    [InlineData("sqrt(a)", "2.6457513110645907|·|·")]
    [InlineData("log(0)+a", "·|·|·")]
    [InlineData("abs(a) + floor(1.5) + ceil(1.5)", "10|10|·")]
    public void Numbers_are_computed_as_in_arithmetic_and_missing_spreads(string text, string expected) => Assert.Equal(expected, Evaluate(text));

    [Theory]
    [InlineData("a > 0", "true|false|·")]
    [InlineData("a > 0 or b > 3", "true|false|true")]
    [InlineData("a > 0 and b > 4", "false|false|false")]
    [InlineData("not a > 0", "false|true|·")]
    [InlineData("if(a > 0, \"up\", 'down')", "up|down|down")]
    [InlineData("coalesce(a, b)", "7|-7|4")]
    [InlineData("coalesce(city, concat(first, \"?\"))", "Bonn|ulm|Cy?")]
    [InlineData("is_missing(city)", "false|false|true")]
    [InlineData("if(a > 0, missing, b)", "·|3|4")]
    [InlineData("city == \"Bonn\"", "true|false|·")]
    [InlineData("city != 'Bonn'", "false|true|·")]
    [InlineData("smoker", "true|false|·")]
    [InlineData("smoker = \"yes\"", "true|false|·")]
    [InlineData("smoker and true", "true|false|·")]
    [InlineData("number(smoker) * 2", "2|0|·")]
    public void Conditions_follow_the_three_valued_logic_of_SQL(string text, string expected) => Assert.Equal(expected, Evaluate(text));

    [Theory]
    [InlineData("upper(city)", "BONN|ULM|·")]
    [InlineData("length(city) + 0", "4|3|·")]
    [InlineData("substring(city, 2, 2)", "on|lm|·")]
    [InlineData("substring(city, 9)", "||·")]
    [InlineData("replace(city, 'n', 'm')", "Bomm|ulm|·")]
    [InlineData("contains(city, 'on')", "true|false|·")]
    [InlineData("starts_with(city, 'u') or ends_with(city, 'n')", "true|true|·")]
    [InlineData("first + ' of ' + city", "Ann of Bonn|Bob of ulm|·")]
    [InlineData("concat(first, b, sold > \"2024-01-01\")", "Ann2true|Bob3false|·")]
    [InlineData("number(concat('1', b)) + 1", "13|14|15")]
    [InlineData("text(b / 4)", "0.5|0.75|1")]
    [InlineData("'say \"it''s\"'", "say \"it's\"|say \"it's\"|say \"it's\"")]
    public void Texts_are_taken_apart_and_joined(string text, string expected) => Assert.Equal(expected, Evaluate(text));

    [Theory]
    [InlineData("year(sold) * 100 + month(sold)", "202401|202312|·")]
    [InlineData("weekday(sold)", "3|7|·")]
    [InlineData("hour(sold) + minute(sold) / 60", "14.5|0|·")]
    [InlineData("sold >= \"2024-01-01\"", "true|false|·")]
    [InlineData("sold - date(\"2023-12-31\")", "31.604166666666668|0|·")]
    [InlineData("days_between(sold, date('2024-02-01'))", "0.3958333333333333|32|·")]
    public void Dates_are_taken_apart_and_compared(string text, string expected) => Assert.Equal(expected, Evaluate(text));

    [Theory]
    [InlineData("a + City", 5, 4, "did you mean city?")]
    [InlineData("a + ", 5, 1, "ends too early")]
    [InlineData("a + city * 2", 5, 4, "found text, expected a number")]
    [InlineData("a > 1 > 2", 7, 1, "cannot be chained")]
    [InlineData("sqroot(a)", 1, 9, "did you mean sqrt?")]
    [InlineData("round(a, b)", 10, 1, "written out")]
    [InlineData("round(a, 1.5)", 10, 3, "whole number from 0 to 15")]
    [InlineData("if(a, 1, 2)", 4, 1, "found a number, expected true or false")]
    [InlineData("if(a > 1, 1, 'x')", 14, 3, "found text, expected a number")]
    [InlineData("sold > 'yesterday'", 8, 11, "expected a date such as 2024-01-31")]
    [InlineData("a && b", 3, 1, "write 'and'")]
    [InlineData("'open", 1, 5, "no closing '")]
    [InlineData("sqrt(a, b)", 1, 10, "found 2 values, expected 1")]
    [InlineData("missing", 1, 7, "missing for every row")]
    [InlineData("", 1, 1, "empty")]
    [InlineData("1.2.3", 1, 5, "expected a finite number")]
    public void A_fault_is_told_with_its_place(string text, int column, int length, string message)
    {
        var problem = Assert.Single(Expression.Check(text, Rows));
        Assert.Contains(message, problem.Message);
        Assert.Equal((column, length), (problem.Column, problem.Length));
    }

    [Fact]
    public void All_faults_are_told_at_once() => Assert.Equal([7, 16, 19], Expression.Check("upper(a)+lower(b)=nowhere1", Rows).Select(p => p.Column));

    [Fact]
    public void Hostile_texts_are_refused_and_do_not_overflow_the_stack()
    {
        foreach (var text in (string[])[new string('(', 3900), new string('-', 3900) + "1", string.Concat(Enumerable.Repeat("not ", 900)) + "true", string.Concat(Enumerable.Repeat("1+", 1900)) + "1",
            string.Concat(Enumerable.Repeat("abs(", 900)), string.Concat(Enumerable.Repeat("2^", 1900)) + "1", new string('1', 5000), "\0", "\ud800", "`", "[", "if(", ",", ")"])
            Assert.NotEmpty(Expression.Check(text, Rows));
        Assert.Equal("200|200|200", Evaluate(string.Join("+", Enumerable.Repeat("1", 200))));
    }

    [Fact]
    public void Any_column_name_can_be_quoted()
    {
        foreach (var name in (string[])["age", "sale price", "a`b", "x]", "and", "TRUE", "missing", "2nd", "", "größe", "a.b", "日本"])
            Assert.Equal([name], Expression.ColumnNames(Expression.Quote(name)));
    }

    [Fact]
    public void Every_function_has_help_whose_example_is_an_expression()
    {
        Assert.True(ExpressionHelp.Functions.Count > 30);
        foreach (var function in ExpressionHelp.Functions)
        {
            Assert.NotEmpty(function.Meaning);
            var names = Expression.ColumnNames(function.Example);
            Assert.True(names.Count > 0 || function.Name is "date" or "number", function.Example);
        }
    }

    [Fact]
    public void A_million_rows_of_categories_cost_their_distinct_values_alone()
    {
        var rows = new Table([new DictionaryColumn("c", ColumnKind.Category, [.. Enumerable.Range(0, 1_000_000).Select(i => i % 3)], ["x", "yy", "zzz"])]);
        var column = (DictionaryColumn)Expression.Parse("upper(c) + '!'", Expression.ColumnsOf(rows)).Evaluate(rows, "u");
        Assert.Equal(["X!", "YY!", "ZZZ!"], column.Values);
    }

    [Fact]
    public void Filtering_keeps_rows_where_the_condition_is_true_and_skips_prediction()
    {
        var step = new FilterRowsStep("a > 0 or city = 'ulm'");
        Assert.Empty(step.Check(Rows));
        var fitted = step.Fit(Rows);
        Assert.Equal([2, 3], fitted.Replay(Rows).LineNumbers.ToArray());
        Assert.Equal(3, new FittedRecipe([fitted]).ReplayAtPrediction(Rows).RowCount);
        Assert.Contains("No row would be left", Assert.Single(new FilterRowsStep("a > 100").Check(Rows)).Message);
        Assert.Contains("Character 1", Assert.Single(new FilterRowsStep("a + 1").Check(Rows)).Message);
    }

    [Fact]
    public void A_computed_column_takes_its_kind_from_the_formula()
    {
        ColumnKind Kind(string formula) => new DerivedColumnStep("new", formula).Fit(Rows).Replay(Rows)["new"].Kind;
        Assert.Equal(ColumnKind.Numeric, Kind("a + b"));
        Assert.Equal(ColumnKind.Boolean, Kind("a > b"));
        Assert.Equal(ColumnKind.DateTime, Kind("coalesce(sold, date('2020-01-01'))"));
        Assert.Equal(ColumnKind.Category, Kind("lower(city)"));
        Assert.Equal("city", Assert.Single(new DerivedColumnStep("city", "1 + b").Check(Rows)).Column);
        var many = Table([Numbers("n", [.. Enumerable.Range(0, 100).Select(i => (double)i)])]);
        Assert.Equal(ColumnKind.Text, new DerivedColumnStep("t", "text(n)").Fit(many).Replay(many.Take([1]))["t"].Kind);
    }
}
