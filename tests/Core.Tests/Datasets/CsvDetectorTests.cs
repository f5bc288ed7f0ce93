using System.Text;
using ModelWorkbench.Core.Datasets;
using Xunit;

namespace ModelWorkbench.Core.Tests.Datasets;

public class CsvDetectorTests
{
    static CsvDetectorTests() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    private static CsvOptions Detect(TemporaryFile file) => CsvDetector.Detect(file.Path, TestContext.Current.CancellationToken);

    private static CsvOptions Detect(string text, string encoding = "utf-8")
    {
        using var file = new TemporaryFile(text, encoding);
        return Detect(file);
    }

    [Theory]
    [InlineData("a,b\n1,2\n3,4\n", ',')]
    [InlineData("a;b\n1;2\n3;4\n", ';')]
    [InlineData("a\tb\n1\t2\n3\t4\n", '\t')]
    [InlineData("a|b\n1|2\n3|4\n", '|')]
    [InlineData("name;price\n\"Smith, J\";1,5\n\"Jones, A\";2,25\n", ';')]
    [InlineData("1,5;2,3;4,1\n2,5;7,3;9,1\n", ';')]
    [InlineData("a,b\n\"x;y;z\",1\n\"p;q;r\",2\n", ',')]
    [InlineData("a\n1\n2\n", ',')]
    [InlineData("comment\nfine; thank you\nno\nyes\nmaybe\n", ',')]
    public void Delimiter_is_the_one_that_explains_the_records(string text, char expected) => Assert.Equal(expected.ToString(), Detect(text).Delimiter);

    [Theory]
    [InlineData("one|two,two|three\nfour|five,five|six", '|')]
    [InlineData("a;b,c;d\n1;2,5;3\n4;5,5;6\n", ';')]
    public void Delimiter_is_found_among_commas(string text, char expected) => Assert.Equal(expected.ToString(), Detect(text).Delimiter);

    [Fact]
    public void A_character_that_would_give_too_many_columns_is_not_the_delimiter()
    {
        var options = Detect("a;b\n1;" + new string(',', 20_000) + "\n2;x\n3;y\n");
        Assert.Equal(";", options.Delimiter);
        Assert.Contains("10,001 fields", Assert.Throws<CsvFormatException>(() => Detect(new string(',', 10_000) + "\n")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a;b\n1,5;2\n2,5;3\n", ',')]
    [InlineData("a;b\n1.5;2\n2.5;3\n", '.')]
    [InlineData("a;b\n1;2\n2;3\n", '.')]
    [InlineData("a,b\n\"1,5\",2\n\"2,5\",3\n", ',')]
    public void Decimal_mark_is_a_comma_only_where_more_columns_are_numbers_that_way(string text, char expected) => Assert.Equal(expected, Detect(text).DecimalMark);

    [Theory]
    [InlineData("'a','b'\n'x,y','1'\n'z','2'\n", '\'')]
    [InlineData("a,b\nit's,1\n'tis,2\n", '"')]
    [InlineData("a,b\n\"x,'y'\",1\n", '"')]
    public void Quote_is_single_only_where_single_quotes_open_and_close_fields(string text, char expected) => Assert.Equal(expected, Detect(text).Quote);

    [Theory]
    [InlineData("name,age\nAda,36\nAlan,41\n", true)]
    [InlineData("Ada,36\nAlan,41\n", false)]
    [InlineData("1,2\n3,4\n", false)]
    [InlineData("vhigh,small,bad\nhigh,big,good\nvhigh,small,good\nhigh,big,bad\n", false)]
    [InlineData("price,size,class\nhigh,big,good\nvhigh,small,good\nhigh,big,bad\nvhigh,small,bad\n", true)]
    [InlineData("first,last\nAda,Lovelace\nAlan,Turing\n", true)]
    [InlineData("day,text\n2026-01-01,a\n2026-01-02,b\n", true)]
    [InlineData("2026-01-01,a\n2026-01-02,b\n", false)]
    [InlineData("a,b,c\n", true)]
    [InlineData("1,b,c\n", false)]
    [InlineData(",x,y\n0,1,2\n1,3,4\n", true)]
    public void Header_is_told_by_what_stands_below(string text, bool expected) => Assert.Equal(expected, Detect(text).HasHeader);

    [Fact]
    public void Categories_without_header_are_told_by_the_recurring_first_values()
    {
        var path = TestFiles.Shared("datasets/adult/adult.csv");
        Assert.False(CsvDetector.Detect(path, TestContext.Current.CancellationToken).HasHeader);
    }

    [Theory]
    [InlineData("a,b\n\"1,299\",2\n\"12,500.50\",3\n", '.', ',')]
    [InlineData("a;b\n1.299,5;2\n12.500;3\n", ',', '.')]
    [InlineData("a;b\n1 299,5;2\n12 500;3\n", ',', ' ')]
    [InlineData("a,b\n1.299,2\n12.5,3\n", '.', null)]
    public void Thousands_are_told_where_columns_are_numbers_only_with_them(string text, char decimalMark, char? separator)
    {
        var options = Detect(text);
        Assert.Equal((decimalMark, separator), (options.DecimalMark, options.ThousandsSeparator));
    }

    [Theory]
    [InlineData("# made by a tool, version 2\n# \"open quote\nid,x\n1,2\n3,4\n", "#", 0)]
    [InlineData("#id,name\n1,a\n2,b\n3,a\n", null, 0)]
    [InlineData("Sales of all shops\nExported on 2026-01-01\n\nshop,year,sum\nA,2024,1\nB,2025,2\nC,2026,3\n", null, 3)]
    public void Comments_and_titles_above_the_table_are_told(string text, string? prefix, int skipLines)
    {
        var options = Detect(text);
        Assert.Equal((prefix, skipLines, true), (options.CommentPrefix, options.SkipLines, options.HasHeader));
    }

    [Fact]
    public void A_header_of_years_is_a_header() => Assert.True(Detect("country,1990,1991,1992\nA,1.5,2,3\nB,4,5,6\n").HasHeader);

    [Theory]
    [InlineData("a^b\n1^2\n", '^')]
    [InlineData("a:b\n1:2\n", ':')]
    [InlineData("12:30\n13:45\n", ',')]
    [InlineData("a b\n1 2\n3 4\n", ' ')]
    public void Rare_delimiters_are_taken_where_no_other_splits_the_text(string text, char expected) => Assert.Equal(expected.ToString(), Detect(text).Delimiter);

    [Fact]
    public void Quotes_that_swallow_lines_are_text() =>
        Assert.Equal(CsvOptions.NoQuote, Detect("space\ttitle\n0\t\"\n0\t\"!\"\n0\t\"Heroes\"_(song)\n0\tplain\n").Quote);

    [Fact]
    public void What_is_settled_stays_and_the_rest_is_told_in_its_light()
    {
        using var file = new TemporaryFile("note,x\na;b\n1;2\n3;4\n");
        var options = CsvDetector.Detect(file.Path, TestContext.Current.CancellationToken, told => told with { SkipLines = 1 });
        Assert.Equal((1, ";", true), (options.SkipLines, options.Delimiter, options.HasHeader));
    }

    [Fact]
    public void A_date_alone_is_no_header() => Assert.False(Detect("2019-06-05\n").HasHeader);

    [Fact]
    public void Backslashes_before_quotes_are_told_from_doubled_quotes()
    {
        Assert.Equal('\\', Detect("a,b\n\"say \\\"hi\\\", you\",1\n\"x\",2\n").Escape);
        Assert.Null(Detect("a,b\n\"say \"\"hi\"\"\",1\n").Escape);
    }

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    public void Unicode_is_told_with_and_without_byte_order_mark(string name)
    {
        var encoding = Encoding.GetEncoding(name);
        var text = encoding.GetBytes("größe,name\n1,Żółć\n2,日本\n");
        using var plain = new TemporaryFile(text);
        using var marked = new TemporaryFile([.. encoding.GetPreamble(), .. text]);
        foreach (var file in new[] { plain, marked })
        {
            var options = Detect(file);
            Assert.Equal(name, options.Encoding);
            var table = CsvTableReader.Read(file.Path, options, null, TestContext.Current.CancellationToken).Table;
            Assert.Equal(["größe", "name"], table.Columns.Select(column => column.Name));
            Assert.Equal("日本", table["name"].GetText(1));
        }
    }

    [Fact]
    public void Windows_1252_is_told_even_where_the_first_special_character_comes_after_megabytes()
    {
        var text = "id,city\n" + string.Concat(Enumerable.Range(0, 200_000).Select(i => $"{i},Berlin\n")) + "200000,Münster\n200001,Göteborg\n";
        Assert.Equal("windows-1252", Detect(text, "windows-1252").Encoding);
    }

    [Theory]
    [InlineData("windows-1251", "id,город\n1,Москва\n2,Санкт-Петербург\n3,Новосибирск\n")]
    [InlineData("shift_jis", "id,都市\n1,東京都\n2,大阪市\n3,ひらがなとカタカナ\n")]
    [InlineData("gb18030", "id,城市\n1,北京市\n2,上海市\n3,广州市\n")]
    public void Other_scripts_are_told(string encoding, string text) => Assert.Equal(encoding, Detect(text, encoding).Encoding);

    [Fact]
    public void Utf8_is_told_where_a_character_lies_across_two_blocks()
    {
        // The check reads blocks of 1 MiB; every alignment of a 3-byte character to their border is tried.
        for (var shift = 0; shift < 4; shift++)
            Assert.Equal("utf-8", Detect(new string('x', (1 << 20) - shift) + "€,日\n1,2\n").Encoding);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("\n\r\n  \n", "blank lines")]
    [InlineData("PK\u0003\u0004rest", "ZIP archive")]
    [InlineData("%PDF-1.7", "PDF")]
    [InlineData("\u007fELF\u0002", "ELF")]
    [InlineData("SQLite format 3\0", "SQLite")]
    [InlineData("a,b\0\0\0\u0001\0\0\u0002", "binary")]
    public void A_file_that_is_not_csv_is_refused_with_what_it_is(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<CsvFormatException>(() => Detect(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_gzip_archive_and_an_image_are_refused_by_name()
    {
        using var gzip = new TemporaryFile([0x1F, 0x8B, 8, 0, 1, 2, 3]);
        using var image = new TemporaryFile([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        Assert.Contains("gzip", Assert.Throws<CsvFormatException>(() => Detect(gzip)).Message, StringComparison.Ordinal);
        Assert.Contains("PNG", Assert.Throws<CsvFormatException>(() => Detect(image)).Message, StringComparison.Ordinal);
    }
}
