using System.Text;
using ModelWorkbench.Core.Datasets;
using Xunit;

namespace ModelWorkbench.Core.Tests.Datasets;

public class CsvTableReaderTests
{
    static CsvTableReaderTests() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    private static CsvReadResult Read(string text, CsvOptions? options = null)
    {
        options ??= new CsvOptions();
        using var file = new TemporaryFile(text, options.Encoding);
        return CsvTableReader.Read(file.Path, options, null, TestContext.Current.CancellationToken);
    }

    private static string?[] Texts(Column column) => [.. Enumerable.Range(0, column.Length).Select(column.GetText)];

    private static string Rows(IEnumerable<string> rows) => "x\n" + string.Join('\n', rows) + "\n";

    private static Column ReadColumn(IEnumerable<string> rows) => Read(Rows(rows)).Table["x"];

    [Theory]
    [InlineData(ColumnKind.Numeric, "1", "-2.5", "+3e4", ".5", "6.")]
    [InlineData(ColumnKind.Numeric, "0", "1", "0")]
    [InlineData(ColumnKind.Numeric, "1", "NA", "", "?")]
    [InlineData(ColumnKind.Category, "1", "12abc", "2")]
    [InlineData(ColumnKind.Category, "\"1,234\"", "\"2,345\"")]
    [InlineData(ColumnKind.Boolean, "yes", "no", "yes")]
    [InlineData(ColumnKind.Boolean, "TRUE", "FALSE", "")]
    [InlineData(ColumnKind.Boolean, "t", "f")]
    [InlineData(ColumnKind.Category, "yes", "no", "maybe")]
    [InlineData(ColumnKind.Category, "yes", "yes")]
    [InlineData(ColumnKind.Category, "yes", "f")]
    [InlineData(ColumnKind.DateTime, "2026-01-31", "2026-02-28T23:59:59.5Z", "2026-02-28 23:59")]
    [InlineData(ColumnKind.DateTime, "2026/01/31", "2026/2/1")]
    [InlineData(ColumnKind.DateTime, "31.01.2026", "1.2.2026 07:30")]
    [InlineData(ColumnKind.DateTime, "01/02/2026", "01/31/2026")]
    [InlineData(ColumnKind.DateTime, "01/02/2026", "31/01/2026")]
    [InlineData(ColumnKind.Category, "01/02/2026", "03/04/2026")]
    [InlineData(ColumnKind.Category, "13/01/2026", "01/13/2026")]
    [InlineData(ColumnKind.Category, "2026-01-31", "2026-02-30")]
    public void Kind_is_decided_on_all_values(ColumnKind expected, params string[] rows) => Assert.Equal(expected, ReadColumn(rows).Kind);

    [Fact]
    public void Many_different_values_are_text_and_few_are_categories()
    {
        Assert.Equal(ColumnKind.Text, ReadColumn(Enumerable.Range(0, 41).Select(i => $"v{i}")).Kind);
        Assert.Equal(ColumnKind.Category, ReadColumn(Enumerable.Range(0, 82).Select(i => $"v{i % 41}")).Kind);
        Assert.Equal(ColumnKind.Text, ReadColumn(Enumerable.Range(0, 4004).Select(i => $"v{i % 1001}")).Kind);
        Assert.Equal(ColumnKind.Category, ReadColumn(Enumerable.Range(0, 4000).Select(i => $"v{i % 1000}")).Kind);
        Assert.Equal(ColumnKind.Text, ReadColumn(Enumerable.Repeat(new string('x', 50), 30)).Kind);
    }

    [Fact]
    public void A_late_word_keeps_the_original_texts_of_a_column_of_numbers()
    {
        var column = ReadColumn([.. Enumerable.Range(0, 5000).Select(i => $"0{i}.50"), "unknown"]);
        Assert.Equal(ColumnKind.Text, column.Kind);
        Assert.Equal("00.50", column.GetText(0));
        Assert.Equal("04999.50", column.GetText(4999));
        Assert.Equal("unknown", column.GetText(5000));
    }

    [Fact]
    public void Infinite_numbers_are_missing_and_a_problem()
    {
        var result = Read("a,b\n1,2\n1e999,3\n-inf,4\n");
        Assert.Equal(["1", null, null], Texts(result.Table["a"]));
        Assert.Equal(
            [new CsvProblem(3, "a", "1e999", "a finite number"), new CsvProblem(4, "a", "-inf", "a finite number")],
            result.Problems);
    }

    [Fact]
    public void A_chosen_kind_wins_and_what_does_not_fit_is_a_problem_with_its_place()
    {
        var kinds = new Dictionary<string, ColumnKind> { ["zip"] = ColumnKind.Category, ["age"] = ColumnKind.Numeric, ["flag"] = ColumnKind.Boolean, ["day"] = ColumnKind.DateTime };
        var result = Read("zip,age,flag,day\n01234,12,1,2026-01-01\n01234,12abc,2,soon\n", new CsvOptions { Kinds = kinds });
        Assert.Equal(["01234", "01234"], Texts(result.Table["zip"]));
        Assert.Equal(["12", null], Texts(result.Table["age"]));
        Assert.Equal(["1", null], Texts(result.Table["flag"]));
        Assert.Equal(["2026-01-01", null], Texts(result.Table["day"]));
        Assert.Equal(
            [new CsvProblem(3, "age", "12abc", "a finite number"), new CsvProblem(3, "flag", "2", "1 or 0"), new CsvProblem(3, "day", "soon", "a date written yyyy-mm-dd")],
            result.Problems);
        Assert.Equal(kinds.OrderBy(pair => pair.Key, StringComparer.Ordinal), result.Options.Kinds.OrderBy(pair => pair.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void Dates_chosen_for_an_ambiguous_column_are_read_month_first_with_one_warning()
    {
        var result = Read("d\n01/02/2026\n03/04/2026\n", new CsvOptions { Kinds = new Dictionary<string, ColumnKind> { ["d"] = ColumnKind.DateTime } });
        Assert.Equal(["2026-01-02", "2026-03-04"], Texts(result.Table["d"]));
        Assert.Equal((2, "d"), (Assert.Single(result.Problems).Line, result.Problems[0].Column));
    }

    [Fact]
    public void Dates_become_ticks_in_utc()
    {
        var column = (DateTimeColumn)ReadColumn(["2026-01-31T10:00:00+02:00", "2026-01-31 08:00", "2026-01-31"]);
        Assert.Equal([new DateTime(2026, 1, 31, 8, 0, 0).Ticks, new DateTime(2026, 1, 31, 8, 0, 0).Ticks, new DateTime(2026, 1, 31).Ticks], column.Ticks.ToArray());
    }

    [Fact]
    public void Blanks_around_values_mean_nothing_except_in_text()
    {
        var result = Read("n, c ,t\n 1 , red ,  free text\n2,red,\n NA , blue,x\n", new CsvOptions { Kinds = new Dictionary<string, ColumnKind> { ["t"] = ColumnKind.Text } });
        Assert.Equal(["1", "2", null], Texts(result.Table["n"]));
        Assert.Equal(["red", "red", "blue"], Texts(result.Table["c"]));
        Assert.Equal(["  free text", null, "x"], Texts(result.Table["t"]));
    }

    [Fact]
    public void Missing_marks_are_those_of_the_options_and_are_case_sensitive()
    {
        var result = Read("a,b\n-99,x\n1,na\n2,NA\n", new CsvOptions { MissingMarks = ["-99"] });
        Assert.Equal([null, "1", "2"], Texts(result.Table["a"]));
        Assert.Equal(["x", "na", "NA"], Texts(result.Table["b"]));
    }

    [Fact]
    public void Header_names_are_made_distinct_without_taking_a_written_name()
    {
        var names = Read("a, a ,,a_2,a,column_3\n1,2,3,4,5,6\n").Table.Columns.Select(column => column.Name);
        Assert.Equal(["a", "a_3", "column_4", "a_2", "a_4", "column_3"], names);
    }

    [Fact]
    public void Without_header_columns_are_numbered_and_the_first_record_is_a_row()
    {
        var table = Read("1,x\n2,y\n", new CsvOptions { HasHeader = false }).Table;
        Assert.Equal(["column_1", "column_2"], table.Columns.Select(column => column.Name));
        Assert.Equal([1, 2], table.LineNumbers.ToArray());
    }

    [Fact]
    public void Ragged_records_are_filled_or_cut_and_all_are_counted()
    {
        var result = Read("a,b,c\n1\n1,2,3,4\n" + string.Concat(Enumerable.Repeat("5,6\n", 200)));
        Assert.Equal(["1", "1"], Texts(result.Table["a"])[..2]);
        Assert.Equal([null, "3"], Texts(result.Table["c"])[..2]);
        Assert.Equal(202, result.ProblemCount);
        Assert.Equal(100, result.Problems.Count);
        Assert.Equal(new CsvProblem(2, null, "1 field", "3 fields") { Text = "1" }, result.Problems[0]);
        Assert.Equal(new CsvProblem(3, null, "4 fields", "3 fields") { Text = "1,2,3,4" }, result.Problems[1]);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public void Line_numbers_count_quoted_and_blank_lines(string end)
    {
        var text = $"{end}a,b{end}1,\"x{end}y{end}z\"{end}{end}  {end}2,p{end}\"3\",\"q\"{end}{end}".Replace("  ", " ", StringComparison.Ordinal);
        var table = Read(text).Table;
        Assert.Equal([3, 8, 9], table.LineNumbers.ToArray());
        Assert.Equal($"x{end}y{end}z", table["b"].GetText(0));
    }

    [Fact]
    public void Texts_and_line_numbers_hold_for_random_records_across_buffer_borders()
    {
        var random = new Random(20260131);
        var kinds = new Dictionary<string, ColumnKind> { ["a"] = ColumnKind.Text, ["b"] = ColumnKind.Text };
        foreach (var end in new[] { "\n", "\r\n", "\r" })
        {
            var text = new StringBuilder("a,b" + end);
            var lines = new List<int>();
            var cells = new List<(string A, string B)>();
            var line = 2;
            while (text.Length < 400_000)
            {
                var (a, b) = (Cell(), Cell());
                lines.Add(line);
                cells.Add((a, b));
                var record = $"\"{a.Replace("\"", "\"\"", StringComparison.Ordinal)}\",\"{b.Replace("\"", "\"\"", StringComparison.Ordinal)}\"{end}" + (random.Next(10) == 0 ? end : "");
                text.Append(record);
                line += record.Split(end).Length - 1;
            }
            var result = Read(text.ToString(), new CsvOptions { Kinds = kinds, MissingMarks = [] });
            Assert.Equal(lines, result.Table.LineNumbers.ToArray());
            Assert.Equal(cells.Select(cell => cell.A), Texts(result.Table["a"]));
            Assert.Equal(cells.Select(cell => cell.B), Texts(result.Table["b"]));
            Assert.Equal(0, result.ProblemCount);

            string Cell() => "c" + string.Concat(Enumerable.Range(0, random.Next(60)).Select(_ => random.Next(12) switch { 0 => end, 1 => "\"", 2 => ",", 3 => "ä", _ => "x" }));
        }
    }

    [Theory]
    [InlineData("a,b\n1,2\n3,\"x\n4,5\n6,7\n", "line 3, field 2")]
    [InlineData("a,b\n\"1\n2\",\"x\n4,5\n6,7", "line 3, field 2")]
    [InlineData("a,\"b\n1,2\n", "line 1, field 2")]
    [InlineData("a,b\n1,\"", "line 2, field 2")]
    [InlineData("a,b\n1,\"abc\"\"", "line 2, field 2")]
    public void A_quote_that_is_never_closed_is_an_error_at_the_line_of_the_quote_where_the_reading_stops_at_problems(string text, string place)
    {
        var message = Assert.Throws<CsvFormatException>(() => Read(text, new CsvOptions { BadLines = BadLineAction.Stop })).Message;
        Assert.Contains(place, message, StringComparison.Ordinal);
        Assert.Contains("never closed", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_with_a_quote_that_is_never_closed_is_a_row_of_its_own_and_a_problem_and_the_lines_after_it_are_read()
    {
        const string text = "a,b\n1,\"p\nq\"\n3,\"x\n4,5\n6,7\n";
        var mended = Read(text);
        Assert.Equal(["1", "3", "4", "6"], Texts(mended.Table["a"]));
        Assert.Equal(["p\nq", "\"x", "5", "7"], Texts(mended.Table["b"]));
        Assert.Equal([2, 4, 5, 6], mended.Table.LineNumbers.ToArray());
        Assert.Equal((4, "b"), (Assert.Single(mended.Problems).Line, mended.Problems[0].Column));
        var skipped = Read(text, new CsvOptions { BadLines = BadLineAction.Skip });
        Assert.Equal(["1", "4", "6"], Texts(skipped.Table["a"]));
    }

    [Fact]
    public void Quotes_within_a_quoted_field_that_are_not_doubled_are_text_where_that_gives_the_usual_number_of_fields()
    {
        var result = Read("a,b\n1,\"pedro \"the, one\" legend\"\n2,\"x\"\n");
        Assert.Equal(["pedro \"the, one\" legend", "x"], Texts(result.Table["b"]));
        Assert.Equal(1, result.ProblemCount);
    }

    [Fact]
    public void Blanks_around_quotes_are_left_out_and_a_delimiter_within_the_quotes_splits_nothing()
    {
        var result = Read("a,b,c\n1, \"Hi, Mom!\" ,2\n3, \"x \"\"y\"\"\",4\n");
        Assert.Equal(["Hi, Mom!", "x \"y\""], Texts(result.Table["b"]));
        Assert.Equal(["2", "4"], Texts(result.Table["c"]));
        Assert.Equal(0, result.ProblemCount);
    }

    [Fact]
    public void Fields_beyond_the_columns_are_cut_off_and_counted() =>
        Assert.Equal((1, "5 fields", "3 fields"), Read("a,b,c\n1,2,3,4,5\n1,2,3\n") is var read ? (read.ProblemCount, read.Problems[0].Found, read.Problems[0].Expected) : default);

    [Fact]
    public void A_line_of_64_megabytes_and_100_000_columns_are_refused_in_bounded_memory()
    {
        using var line = new TemporaryFile(new string('x', 64 << 20));
        using var quoted = new TemporaryFile("a,b\n1,\"" + new string('x', 64 << 20));
        using var columns = new TemporaryFile(string.Join(',', Enumerable.Range(1, 100_000)) + "\n");
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("longer than 16,777,216 characters", Refusal(line), StringComparison.Ordinal);
        Assert.Contains("starts on line 2", Refusal(quoted), StringComparison.Ordinal);
        Assert.Contains("100,000 fields", Refusal(columns), StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 512L << 20);

        static string Refusal(TemporaryFile file) => Assert.Throws<CsvFormatException>(() => CsvTableReader.Read(file.Path, CsvDetector.Detect(file.Path, TestContext.Current.CancellationToken), null, TestContext.Current.CancellationToken)).Message;
    }

    [Fact]
    public void Text_after_a_closing_quote_is_kept_and_a_problem()
    {
        var result = Read("a,b\n1,\"x\"y\n2,\"z\" \n3,5\"\n");
        Assert.Equal(["xy", "z", "5\""], Texts(result.Table["b"]));
        Assert.Equal((2, "b", "xy"), (Assert.Single(result.Problems).Line, result.Problems[0].Column, result.Problems[0].Found));
    }

    [Fact]
    public void A_misplaced_quote_in_the_header_is_a_problem_of_its_line()
    {
        var problem = Assert.Single(Read("a,\"b\"c\n1,2\n").Problems);
        Assert.Equal((1, "bc"), (problem.Line, problem.Column));
    }

    [Fact]
    public void Limits_are_errors_that_name_limit_and_place()
    {
        Assert.Contains("line 2 has 1,048,577 characters", Assert.Throws<CsvFormatException>(() => Read("a\n" + new string('x', (1 << 20) + 1) + "\n")).Message, StringComparison.Ordinal);
        Assert.Contains("10,001 fields", Assert.Throws<CsvFormatException>(() => Read(new string(',', 10_000))).Message, StringComparison.Ordinal);
        Assert.Contains("starts on line 2", Assert.Throws<CsvFormatException>(() => Read("a\n\"" + new string('x', 1 << 25))).Message, StringComparison.Ordinal);
        Assert.Equal(10_000, Read(new string(',', 9_999)).Table.ColumnCount);
        Assert.Equal(1 << 20, Read("a\n" + new string('x', 1 << 20) + "\n").Table["a"].GetText(0)!.Length);
    }

    [Fact]
    public void Decimal_comma_and_semicolon_are_read_as_numbers()
    {
        var table = Read("a;b\n1,5;-2\n,25;1e-3\n", new CsvOptions { Delimiter = ";", DecimalMark = ',' }).Table;
        Assert.Equal([1.5, 0.25], ((NumericColumn)table["a"]).Values.ToArray());
        Assert.Equal([-2, 0.001], ((NumericColumn)table["b"]).Values.ToArray());
    }

    [Fact]
    public void Escaped_quotes_comments_and_skipped_lines_keep_their_line_numbers()
    {
        var result = Read("title \"open\na,b\n# it's \"so, \"x\n\"say \\\"hi\\\", you\",1\n# end\nz\n", new CsvOptions { SkipLines = 1, CommentPrefix = "#", Escape = '\\' });
        Assert.Equal(["say \"hi\", you", "z"], Texts(result.Table["a"]));
        Assert.Equal([4, 6], result.Table.LineNumbers.ToArray());
        Assert.Equal(new CsvProblem(6, null, "1 field", "2 fields") { Text = "z" }, Assert.Single(result.Problems));
    }

    [Fact]
    public void Without_a_quote_quotes_are_text() =>
        Assert.Equal(["\"x", "y\""], Texts(Read("a,b\n\"x,1\ny\",2\n", new CsvOptions { Quote = CsvOptions.NoQuote }).Table["a"]));

    [Theory]
    [InlineData("1,234", 1234.0)]
    [InlineData("-12,345,678.5", -12345678.5)]
    [InlineData("999", 999.0)]
    [InlineData("12,34", null)]
    [InlineData("0,123", null)]
    [InlineData("1,2345", null)]
    [InlineData("1,234.5,6", null)]
    public void Thousands_are_groups_of_three_digits(string text, double? expected)
    {
        var options = new CsvOptions { ThousandsSeparator = ',', Kinds = new Dictionary<string, ColumnKind> { ["x"] = ColumnKind.Numeric } };
        var result = Read($"x\n\"{text}\"\n", options);
        Assert.Equal(expected ?? double.NaN, ((NumericColumn)result.Table["x"]).Values[0]);
        Assert.Equal(expected is null ? 1 : 0, result.ProblemCount);
    }

    [Fact]
    public void Bad_lines_are_repaired_or_left_out_or_refused_and_always_counted()
    {
        const string text = "a,b\n1,2\n3\n4,\0\n5,6\n";
        var repaired = Read(text);
        Assert.Equal((4, 2), (repaired.Table.RowCount, repaired.ProblemCount));
        var skipped = Read(text, new CsvOptions { BadLines = BadLineAction.Skip });
        Assert.Equal((2, 2), (skipped.Table.RowCount, skipped.ProblemCount));
        Assert.Contains("Line 3", Assert.Throws<CsvFormatException>(() => Read(text, new CsvOptions { BadLines = BadLineAction.Stop })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Windows_1252_is_decoded_and_wrong_utf8_is_a_problem()
    {
        using var file = new TemporaryFile("name\nMünster\n", "windows-1252");
        Assert.Equal("Münster", CsvTableReader.Read(file.Path, new CsvOptions { Encoding = "windows-1252" }, null, TestContext.Current.CancellationToken).Table["name"].GetText(0));
        var wrong = CsvTableReader.Read(file.Path, new CsvOptions(), null, TestContext.Current.CancellationToken);
        Assert.Equal(new CsvProblem(2, null, "M\uFFFDnster", "text in the encoding utf-8") { Text = "M\uFFFDnster" }, Assert.Single(wrong.Problems));
    }

    [Fact]
    public void A_header_without_rows_is_a_table_without_rows()
    {
        var table = Read("a,b\n").Table;
        Assert.Equal((0, 2), (table.RowCount, table.ColumnCount));
    }

    [Fact]
    public void Blank_lines_alone_and_unknown_encodings_are_refused()
    {
        Assert.Throws<CsvFormatException>(() => Read("\n\n"));
        using var file = new TemporaryFile("a\n1\n");
        Assert.Throws<CsvFormatException>(() => CsvTableReader.Read(file.Path, new CsvOptions { Encoding = "klingon" }, null, TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentException>(() => CsvTableReader.Read(file.Path, new CsvOptions { Delimiter = "\"" }, null, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Progress_never_goes_back_and_ends_at_the_length_of_the_file()
    {
        using var file = new TemporaryFile(Rows(Enumerable.Range(0, 50_000).Select(i => $"{i}")));
        var seen = new List<long>();
        CsvTableReader.Read(file.Path, new CsvOptions(), seen.Add, TestContext.Current.CancellationToken);
        Assert.Equal(seen.Order(), seen);
        Assert.Equal(new FileInfo(file.Path).Length, seen[^1]);
        Assert.True(seen.Count > 10);
    }

    [Fact]
    public void Reading_stops_when_cancelled()
    {
        using var file = new TemporaryFile("a\n1\n");
        Assert.Throws<OperationCanceledException>(() => CsvTableReader.Read(file.Path, new CsvOptions(), null, new CancellationToken(canceled: true)));
    }
}
