using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes.Steps;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Recipes.Steps;

/// <summary>Steps that read texts; worked examples.</summary>
public class TextReadingTests
{
    [Theory]
    [InlineData("$1,299.00", 1299)]
    [InlineData("-$5", -5)]
    [InlineData("$-5.25", -5.25)]
    [InlineData("(1,234.50)", -1234.5)]
    [InlineData("($5)", -5)]
    [InlineData("45%", 0.45)]
    [InlineData("12.5 %", 0.125)]
    [InlineData("2100 - 2850", 2475)]
    [InlineData("2100-2850", 2475)]
    [InlineData("10 – 20%", 0.15)]
    [InlineData("5 to 7 years", 6)]
    [InlineData("5 years to 7 years", 6)]
    [InlineData("-3 - -1", -2)]
    [InlineData("19.67 kmpl", 19.67)]
    [InlineData("34.46Sq. Meter", 34.46)]
    [InlineData("1248 CC", 1248)]
    [InlineData("12 m2", 12)]
    [InlineData("80 km/h", 80)]
    [InlineData("21 °C", 21)]
    [InlineData("10,000+", 10000)]
    [InlineData("1 234 567", 1234567)]
    [InlineData("1'234.5", 1234.5)]
    [InlineData("12,34,567", 1234567)]
    [InlineData("Rs. 4,500", 4500)]
    [InlineData("1,200 EUR", 1200)]
    [InlineData("€ 5.-", 5)]
    [InlineData("~ 30", 30)]
    [InlineData("−7", -7)]
    [InlineData("+7", 7)]
    [InlineData("1.5e3", 1500)]
    [InlineData(".5", 0.5)]
    [InlineData("5.", 5)]
    [InlineData("19M", 19)]
    [InlineData("1st", 1)]
    public void A_number_is_read_as_people_write_it(string text, double expected) => Assert.Equal(expected, Read(new ParseNumberStep(["x"], AllowMissing: true), text)!.Value, 1e-12);

    [Theory]
    [InlineData("unknown")]
    [InlineData("Room 12")]
    [InlineData("A12")]
    [InlineData("2024-05-31")]
    [InlineData("12:30")]
    [InlineData("1,5")]
    [InlineData("1,23,4")]
    [InlineData("190Nm@ 2000rpm")]
    [InlineData("20 - 10")]
    [InlineData("5 - ")]
    [InlineData("$")]
    [InlineData("1.2.3")]
    [InlineData("3 4")]
    [InlineData("1e999")]
    [InlineData("--5")]
    public void What_is_no_number_becomes_missing(string text) => Assert.Null(Read(new ParseNumberStep(["x"], AllowMissing: true), text));

    [Theory]
    [InlineData("1.299,00 €", 1299)]
    [InlineData("1 299,5", 1299.5)]
    [InlineData("0,5%", 0.005)]
    [InlineData("1.234.567", 1234567)]
    public void A_decimal_comma_is_read_where_it_is_asked_for(string text, double expected) => Assert.Equal(expected, Read(new ParseNumberStep(["x"], DecimalMark.Comma), text)!.Value, 1e-12);

    [Theory]
    [InlineData("1.2k", 1200)]
    [InlineData("19M", 19e6)]
    [InlineData("$3.5bn", 3.5e9)]
    [InlineData("2 million", 2e6)]
    [InlineData("1 - 2k", 1500)]
    [InlineData("12 km", 12)]
    public void Magnitudes_are_read_where_they_are_asked_for(string text, double expected) => Assert.Equal(expected, Read(new ParseNumberStep(["x"], Magnitudes: true), text)!.Value, 1e-6);

    [Fact]
    public void Texts_that_are_no_number_are_counted_with_the_first_line_unless_they_may_be_missing()
    {
        var table = Table(Categories("price", "$5", null, "free", "ask us"), Numbers("n", 1, 2, 3, 4));
        var problem = Assert.Single(new ParseNumberStep(["price", "n"]).Check(table));
        Assert.Equal(("price", 4), (problem.Column, problem.Line));
        Assert.Contains("2 values", problem.Message);
        Assert.Contains("'free'", problem.Message);
        Assert.Empty(new ParseNumberStep(["price", "n"], AllowMissing: true).Check(table));
        Assert.Single(new ParseNumberStep([]).Check(table));
    }

    [Theory]
    [InlineData(DatePartOrder.DayFirst, "31.05.2024", "2024-05-31")]
    [InlineData(DatePartOrder.DayFirst, "3/4/24 14:05", "2024-04-03T14:05:00")]
    [InlineData(DatePartOrder.MonthFirst, "3/4/2024 2:30 PM", "2024-03-04T14:30:00")]
    [InlineData(DatePartOrder.MonthFirst, "September 9, 2019", "2019-09-09")]
    [InlineData(DatePartOrder.YearFirst, "25-Sep-19", "2019-09-25")]
    [InlineData(DatePartOrder.YearFirst, "20240531", "2024-05-31")]
    [InlineData(DatePartOrder.YearFirst, "2024.5.31", "2024-05-31")]
    [InlineData(DatePartOrder.DayFirst, "2024-05-31T14:30:00+02:00", "2024-05-31T12:30:00")]
    [InlineData(DatePartOrder.DayFirst, "5 May 2021", "2021-05-05")]
    [InlineData(DatePartOrder.MonthFirst, "31/12/2024", null)]
    [InlineData(DatePartOrder.DayFirst, "30.02.2024", null)]
    [InlineData(DatePartOrder.DayFirst, "soon", null)]
    public void Dates_are_read_in_the_order_that_was_chosen(DatePartOrder order, string text, string? expected)
    {
        var step = new ParseDateStep(["d"], order, AllowMissing: true);
        Assert.Equal(expected, StepFiguresTests.Apply(step, Table(Categories("d", text)))["d"].GetText(0));
        Assert.Equal(expected is null, new ParseDateStep(["d"], order).Check(Table(Categories("d", text))).Count == 1);
    }

    [Fact]
    public void Disguised_missing_values_become_missing_in_every_kind()
    {
        var table = Table(Numbers("n", -999, 5), Categories("c", "Unknown", "x"), new DateTimeColumn("d", [new DateTime(1900, 1, 1).Ticks, new DateTime(2024, 1, 1).Ticks]));
        Assert.Equal("n:Numeric,c:Category,d:DateTime\n2: ·,·,·\n3: 5,x,2024-01-01", Show(StepFiguresTests.Apply(new ValuesToMissingStep([], ["-999.0", "unknown ", "1900-01-01"]), table)));
        Assert.Equal("n", Assert.Single(new ValuesToMissingStep(["n"], ["unknown"]).Check(table)).Column);
        Assert.Single(new ValuesToMissingStep([], []).Check(table));
    }

    [Fact]
    public void Text_is_replaced_whole_in_part_or_by_pattern()
    {
        var table = Table(Categories("c", "N/A", "a-b-a", "A", null));
        Assert.Equal("c:Category\n2: none\n3: a-b-a\n4: A\n5: ·", Show(StepFiguresTests.Apply(new ReplaceTextStep([], "n/a", "none", IgnoreCase: true), table)));
        Assert.Equal("c:Category\n2: N/A\n3: -b-\n4: A\n5: ·", Show(StepFiguresTests.Apply(new ReplaceTextStep([], "a", "", TextMatch.Part), table)));
        Assert.Equal("c:Category\n2: N/A\n3: b-a-a\n4: A\n5: ·", Show(StepFiguresTests.Apply(new ReplaceTextStep([], "^(a)-(b)", "$2-$1", TextMatch.Pattern), table)));
        Assert.Equal("c:Category\n2: N/A\n3: a-b-a\n4: ·\n5: ·", Show(StepFiguresTests.Apply(new ReplaceTextStep([], "A", ""), table)));
        Assert.Contains("offset 3", Assert.Single(new ReplaceTextStep([], "a(b", "", TextMatch.Pattern).Check(table)).Message);
        Assert.Contains("around", Assert.Single(new ReplaceTextStep([], "(?=a)b", "", TextMatch.Pattern).Check(table)).Message);
        Assert.Single(new ReplaceTextStep([], "", "x").Check(table));
    }

    [Fact]
    public void A_pattern_that_would_backtrack_for_ever_answers_at_once() =>
        Assert.Equal(new string('a', 5000) + "!", StepFiguresTests.Apply(new ReplaceTextStep([], "^(a+)+$", "x", TextMatch.Pattern), Table(Categories("c", new string('a', 5000) + "!")))["c"].GetText(0));

    [Fact]
    public void Texts_that_differ_in_blanks_and_case_become_one()
    {
        var table = Table(Categories("c", " New\t York ", "new york", "NEW  YORK", "   "), Numbers("n", 1, 2, 3, 4));
        var tidy = (DictionaryColumn)StepFiguresTests.Apply(new TidyTextStep([], Case: LetterCase.Lower), table)["c"];
        Assert.Equal(["new york"], tidy.Values);
        Assert.Equal([0, 0, 0, DictionaryColumn.MissingCode], tidy.Codes.ToArray());
        Assert.Equal("n", Assert.Single(new TidyTextStep(["n"]).Check(table)).Column);
    }

    private static double? Read(ParseNumberStep step, string text)
    {
        var column = (NumericColumn)StepFiguresTests.Apply(step, Table(Categories("x", text)))["x"];
        return column.IsMissing(0) ? null : column.Values[0];
    }
}
