using ModelWorkbench.Core.Datasets;
using Xunit;

namespace ModelWorkbench.Core.Tests.Datasets;

/// <summary>Traps of real files that were found with the public corpora, each as a small text of our own with its cells worked out by hand.</summary>
public class CsvTrapTests
{
    private static readonly CancellationToken Token = CancellationToken.None;

    private static CsvReadResult Read(string text, CsvOptions options)
    {
        using var file = new TemporaryFile(text, "utf-8");
        return CsvTableReader.Read(file.Path, options with { MissingMarks = [] }, null, Token);
    }

    private static CsvOptions Detect(string text)
    {
        using var file = new TemporaryFile(text, "utf-8");
        return CsvDetector.Detect(file.Path, Token);
    }

    /// <summary>Cells between bars, rows between slashes; what is missing is a dot.</summary>
    private static string Cells(CsvReadResult read) => string.Join(" / ", Enumerable.Range(0, read.Table.RowCount).Select(row => string.Join("|", read.Table.Columns.Select(column => column.GetText(row) ?? "."))));

    [Theory]
    [InlineData("a||b||c\n1||x|y||3\n2||\"p||q\"||\"r\"\"s\"\n", "||", "1|x|y|3 / 2|p||q|r\"s")]
    [InlineData("a, b\n1, \"x, y\"\n2, z\n", ", ", "1|x, y / 2|z")]
    [InlineData("a🦆b\n1🦆two\n2🦆three\n", "🦆", "1|two / 2|three")]
    [InlineData("aaab\n1aaa2\n1aaaa2\n", "aaa", "1|2 / 1|a2")]
    [InlineData("a§b\n1§x\n", "§", "1|x")]
    public void A_delimiter_may_have_several_characters_or_lie_beyond_ascii(string text, string delimiter, string expected)
    {
        var read = Read(text, new CsvOptions { Delimiter = delimiter });
        Assert.Equal((expected, 0), (Cells(read), read.ProblemCount));
    }

    [Theory]
    [InlineData("a||b||c\n1||x||2\n2||y||3\n", "||")]
    [InlineData("a::b\n1::x\n2::\n", "::")]
    [InlineData("a,,c\n1,,2\n2,x,3\n", ",")]
    public void A_delimiter_that_always_stands_twice_is_told_from_the_text(string text, string expected) => Assert.Equal(expected, Detect(text).Delimiter);

    [Fact]
    public void A_record_longer_than_the_buffer_is_split_whole_by_a_delimiter_of_several_characters()
    {
        var longText = new string('x', 200_000);
        var read = Read($"a<>b\n1<>{longText}\n2<>\"{longText}\n{longText}\"\n", new CsvOptions { Delimiter = "<>" });
        Assert.Equal($"1|{longText} / 2|{longText}\n{longText}", Cells(read));
        Assert.Equal([2, 3], read.Table.LineNumbers.ToArray());
    }

    [Fact]
    public void A_chosen_line_end_leaves_the_others_in_the_fields_and_counts_those_outside_quotes()
    {
        var read = Read("a,b\r\n1,x\ny\r\n2,\"p\nq\"\r\n", new CsvOptions { LineEnd = "\r\n" });
        Assert.Equal("1|x\ny / 2|p\nq", Cells(read));
        var problem = Assert.Single(read.Problems);
        Assert.Equal((2, "a line end of another kind outside quotes", "lines that end with CRLF"), (problem.Line, problem.Found, problem.Expected));
    }

    [Fact]
    public void A_comment_within_a_line_ends_it_but_not_within_quotes()
    {
        var text = "a;b#names\n1;3#5;7\n# all of it\n\"6#\";7\n";
        Assert.Equal("1|3 / 6#|7", Cells(Read(text, new CsvOptions { Delimiter = ";", CommentPrefix = "#", CommentsWithinLines = true })));
        Assert.Equal("1|3#5 / 6#|7", Cells(Read(text.Replace("#names", "", StringComparison.Ordinal), new CsvOptions { Delimiter = ";", CommentPrefix = "#" })));
    }

    [Fact]
    public void An_escape_may_stand_before_any_character_outside_quotes_too()
    {
        var options = new CsvOptions { Escape = '\\', EscapesEverywhere = true };
        var read = Read("a,b\n1,x\\,y\n2,\\\"q\\\"\n3,\"p\\,\\\"q\"\n4,back\\\\slash\n5,two\\\nlines\n6,\\N\n", options);
        Assert.Equal("1|x,y / 2|\"q\" / 3|p,\"q / 4|back\\slash / 5|two\nlines / 6|\\N", Cells(read));
    }

    [Fact]
    public void Escapes_before_delimiters_are_told_from_the_text()
    {
        Assert.True(Detect("a,b\n\"1\",\"Surname\\, Firstname\"\n\"2\",\"foo (\\\"foo\\\")\"\n").EscapesEverywhere);
        Assert.False(Detect("a,b\n\"1\",\"C:\\data\"\n\"2\",\"foo (\\\"foo\\\")\"\n").EscapesEverywhere);
    }

    [Theory]
    [InlineData(BlankLineAction.PassOver, "a\n1\n\n3\n", "1 / 3")]
    [InlineData(BlankLineAction.Keep, "a\n1\n\n3\n", "1 / . / 3")]
    [InlineData(BlankLineAction.PassOver, "a,b\n1,2\n,\n3,4\n", "1|2 / .|. / 3|4")]
    [InlineData(BlankLineAction.PassOverEmptyRecords, "a,b\n1,2\n , \"\"\n3,4\n", "1|2 / 3|4")]
    public void Lines_without_a_value_are_rows_or_not_as_chosen(BlankLineAction action, string text, string expected) =>
        Assert.Equal(expected, Cells(Read(text, new CsvOptions { BlankLines = action })));

    [Fact]
    public void A_kept_blank_line_is_one_row_also_with_a_delimiter_of_several_characters() =>
        Assert.Equal("1 / . / 3", Cells(Read("a\n1\n\n3\n", new CsvOptions { Delimiter = "||", BlankLines = BlankLineAction.Keep })));

    [Fact]
    public void Records_longer_than_the_header_make_further_columns_where_that_is_chosen()
    {
        var read = Read("a,b\n1,2\n3,4,5,6\n7\n", new CsvOptions { BadLines = BadLineAction.Widen });
        Assert.Equal(["a", "b", "column_3", "column_4"], read.Table.Columns.Select(column => column.Name));
        Assert.Equal("1|2|.|. / 3|4|5|6 / 7|.|.|.", Cells(read));
        // The header and two rows are shorter than the longest record.
        Assert.Equal(3, read.ProblemCount);
    }

    [Fact]
    public void A_header_narrower_than_all_rows_loses_no_column()
    {
        Assert.Equal(BadLineAction.Widen, Detect("one,two,three\n1,2,3,4\n1,2,3,5\n1,2,3,6\n").BadLines);
        Assert.Equal(BadLineAction.Repair, Detect("one,two,three\n1,2,3,4\n1,2,3\n1,2,3,6\n").BadLines);
        Assert.Equal(BadLineAction.Repair, Detect("one,two,three\n1,2,3,\n1,2,3,\n1,2,3,\n").BadLines);
    }

    [Fact]
    public void A_delimiter_at_the_end_of_lines_is_no_problem()
    {
        var read = Read("a,b\n1,2,\n3,4, \n5,6,x\n", new CsvOptions { BadLines = BadLineAction.Skip });
        Assert.Equal("1|2 / 3|4", Cells(read));
        Assert.Equal((4, "3 fields"), (Assert.Single(read.Problems).Line, read.Problems[0].Found));
    }

    [Fact]
    public void Given_names_stand_for_the_header_and_say_how_many_columns_there_are()
    {
        Assert.Equal(["x", "b"], Read("a,b\n1,2\n", new CsvOptions { ColumnNames = ["x", " "] }).Table.Columns.Select(column => column.Name));
        var read = Read("1,2\n3,4\n", new CsvOptions { HasHeader = false, ColumnNames = ["x", "y", "z"] });
        Assert.Equal(("1|2|. / 3|4|.", 2), (Cells(read), read.ProblemCount));
        Assert.Throws<ArgumentException>(() => Read("1,2\n", new CsvOptions { ColumnNames = ["x", "x"] }));
    }

    [Theory]
    [InlineData("\"Pedro \"the\" legend\"\n\"Pedro \"the\"\n", "Pedro \"the\" legend / Pedro \"the", 2)]
    [InlineData("\"1\",\"x\"\n\"2\",\"the \"legend\"\"\n", "1|x / 2|the \"legend\"", 1)]
    public void Quotes_within_quotes_that_are_not_doubled_are_kept_also_in_the_first_record_and_at_the_end_of_a_field(string text, string expected, int problems)
    {
        var read = Read(text, new CsvOptions { HasHeader = false });
        Assert.Equal((expected, problems), (Cells(read), read.ProblemCount));
    }

    [Fact]
    public void A_quote_that_never_closes_damages_its_line_alone_with_a_delimiter_of_several_characters()
    {
        var read = Read("a||b\n1||\"x\n2||y\n", new CsvOptions { Delimiter = "||" });
        Assert.Equal("1|\"x / 2|y", Cells(read));
        Assert.Equal(2, Assert.Single(read.Problems).Line);
        var refused = Assert.Throws<CsvFormatException>(() => Read("a||b\n1||\"x\n2||y\n", new CsvOptions { Delimiter = "||", BadLines = BadLineAction.Stop }));
        Assert.Contains("line 2, field 2", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_short_text_with_a_nul_is_text_and_the_nul_a_problem_of_its_line()
    {
        Assert.Equal("|", Detect("a|b|c\nval1|val\02|val3\n").Delimiter);
        Assert.Equal(2, Assert.Single(Read("a|b|c\nval1|val\02|val3\n", new CsvOptions { Delimiter = "|" }).Problems).Line);
        // Three bytes with a NUL in the middle are no UTF-16.
        Assert.Equal("utf-8", Detect("a\0b").Encoding);
    }

    [Fact]
    public void Letters_that_are_control_characters_of_latin_1_are_a_problem_as_the_encoding_is_another()
    {
        using var file = new TemporaryFile("name\nsmart “quotes”\nplain\n", "windows-1252");
        var read = CsvTableReader.Read(file.Path, new CsvOptions { Encoding = "iso-8859-1" }, null, Token);
        Assert.Equal((2, "a control character above U+0080 (U+0093)"), (Assert.Single(read.Problems).Line, read.Problems[0].Found));
        Assert.Equal(0, CsvTableReader.Read(file.Path, new CsvOptions { Encoding = "windows-1252" }, null, Token).ProblemCount);
    }

    [Fact]
    public void Moments_as_PostgreSQL_and_BigQuery_write_them_are_dates()
    {
        var column = Assert.IsType<DateTimeColumn>(Read("t\n2020-01-01 08:00:00+00\n2020-01-01 00:00:00.5-08\n2020-01-01T00:00:00+05:30\n2020-01-01 08:00:00.25 UTC\n", new CsvOptions()).Table["t"]);
        var day = new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        Assert.Equal([day.AddHours(8).Ticks, day.AddHours(8.0).AddSeconds(0.5).Ticks, day.AddHours(-5.5).Ticks, day.AddHours(8).AddSeconds(0.25).Ticks], column.Ticks.ToArray());
    }
}
