using ModelWorkbench.Workbench.Shell;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Shell;

public class FiguresTests
{
    [Theory]
    [InlineData(0, "0")]
    [InlineData(999, "999")]
    [InlineData(1234567, "1\u202F234\u202F567")]
    [InlineData(-1234, "\u22121\u202F234")]
    public void Counts_are_grouped_by_a_narrow_space(long count, string text) => Assert.Equal(text, Figures.Count(count));

    [Fact]
    public void One_row_is_not_rows()
    {
        Assert.Equal("1 row", Figures.Count(1, "row"));
        Assert.Equal("0 rows", Figures.Count(0, "row"));
        Assert.Equal("2 classes", Figures.Count(2, "class", "classes"));
    }

    [Theory]
    [InlineData(0.0, "0 %")]
    [InlineData(1.0, "100 %")]
    [InlineData(0.125, "12.5 %")]
    [InlineData(0.00001, "< 0.1 %")]
    [InlineData(0.99999, "> 99.9 %")]
    [InlineData(null, "–")]
    [InlineData(double.NaN, "–")]
    public void A_percentage_never_rounds_something_to_nothing_or_to_all(double? share, string text) => Assert.Equal(text, Figures.Percent(share));

    [Theory]
    [InlineData(0.91234567, "0.9123")]
    [InlineData(0.0, "0.0000")]
    [InlineData(-0.25, "−0.2500")]
    [InlineData(0.0000321, "3.21e\u22125")]
    [InlineData(81234.5678, "81\u202F235")]
    [InlineData(123.456, "123.46")]
    [InlineData(null, "–")]
    [InlineData(double.PositiveInfinity, "∞")]
    public void Metrics_have_four_decimals_where_that_says_something(double? value, string text) => Assert.Equal(text, Figures.Metric(value));

    [Theory]
    [InlineData(0.0, "0")]
    [InlineData(33.12345, "33.123")]
    [InlineData(1234567.89, "1\u202F234\u202F568")]
    [InlineData(0.012300, "0.0123")]
    [InlineData(1e-9, "1.00e\u22129")]
    [InlineData(2.50, "2.5")]
    public void Numbers_of_the_data_keep_their_significant_digits(double value, string text) => Assert.Equal(text, Figures.Number(value));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1500, "1.5 KB")]
    [InlineData(999_999, "1.0 MB")]
    [InlineData(2_300_000_000, "2.3 GB")]
    public void Bytes_have_a_unit(long bytes, string text) => Assert.Equal(text, Figures.Bytes(bytes));

    [Theory]
    [InlineData(0.0000123, "12 µs")]
    [InlineData(0.0000035, "3.5 µs")]
    [InlineData(0.045, "45 ms")]
    [InlineData(0.0015, "1.5 ms")]
    [InlineData(0.9999, "1.0 s")]
    [InlineData(1.24, "1.2 s")]
    [InlineData(59.99, "1 min 0 s")]
    [InlineData(200, "3 min 20 s")]
    [InlineData(7500, "2 h 5 min")]
    public void A_duration_takes_the_unit_that_suits_it(double seconds, string text) => Assert.Equal(text, Figures.Duration(TimeSpan.FromTicks((long)Math.Round(seconds * TimeSpan.TicksPerSecond))));

    [Theory]
    [InlineData(0.0042, "4.2 ns")]
    [InlineData(0.084, "84 ns")]
    [InlineData(1.26, "1.3 µs")]
    [InlineData(2_500.0, "2.5 ms")]
    [InlineData(0.0, "0 s")]
    [InlineData(double.NaN, "–")]
    [InlineData(null, "–")]
    public void Microseconds_have_the_unit_that_suits_them(double? microseconds, string expected) => Assert.Equal(expected, Figures.Microseconds(microseconds));
}
