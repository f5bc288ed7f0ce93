using System.Globalization;
using System.IO.Compression;
using System.Text;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Serving.Dialects;
using Xunit;

namespace ModelWorkbench.Core.Tests.Serving;

public sealed class BatchScorerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("batch-test-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>city, size and day tell the kind: a forest of a few hundred rows.</summary>
    internal static readonly Lazy<Predictor> Kinds = new(() =>
    {
        var random = new Random(3);
        string[] cities = ["Oslo", "Rome", "Lima; old", "Bonn"];
        var rows = Enumerable.Range(0, 400).Select(_ => (City: random.Next(4), Size: random.Next(20) == 0 ? double.NaN : Math.Round(random.NextDouble() * 100, 3), Day: new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddDays(random.Next(400)).Ticks)).ToArray();
        var table = new Table(
        [
            DictionaryColumn.FromTexts("city", ColumnKind.Category, [.. rows.Select(r => cities[r.City])]),
            new NumericColumn("size", [.. rows.Select(r => r.Size)]),
            new DateTimeColumn("day", [.. rows.Select(r => r.Day)]),
            DictionaryColumn.FromTexts("kind", ColumnKind.Category, [.. rows.Select(r => (r.Size > 50) ^ (r.City == 1) ? "large, \"big\"" : r.City == 2 ? "odd" : "small")]),
        ]);
        return new Predictor(ServingModels.Train(table, "kind", new Recipe([]), "random-forest", CancellationToken.None));
    });

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Put(string text, Encoding? encoding = null)
    {
        var path = Path.Combine(_folder, Guid.NewGuid().ToString("N"));
        File.WriteAllText(path, text, encoding ?? new UTF8Encoding(false));
        return path;
    }

    private static (string Text, BatchProgress Done) Score(string path, Predictor? predictor = null, CsvOptions? options = null)
    {
        predictor ??= Kinds.Value;
        var file = BatchFile.Open(path, options, predictor.Signature, Cancel);
        using var output = new MemoryStream();
        var done = new BatchScorer(predictor, file).Run(output, BatchProgress.None, null, Cancel);
        Assert.Equal(output.Length, done.OutputBytes);
        return (Encoding.UTF8.GetString(output.ToArray()), done);
    }

    /// <summary>The records of an answer, read as the file that was scored is read.</summary>
    private List<string[]> Read(string text, CsvOptions options)
    {
        var records = new List<string[]>();
        using var reader = new CsvRecords(new StringReader(text), options);
        while (reader.Read()) records.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.Field(i).ToString())]);
        return records;
    }

    [Fact]
    public void Fields_stay_as_they_stand_and_answers_follow_in_the_manner_of_the_file()
    {
        var (text, done) = Score(Put("note;city;size;day\r\n\"a;\"\"b\"\"\";Oslo;12,5;31.01.2024\r\n  x ;\"Lima; old\";\"7,25\";01.02.2024\r\n"));
        var lines = text.Split("\r\n");
        Assert.Equal("note;city;size;day;prediction;\"probability large, \"\"big\"\"\";probability odd;probability small;error", lines[0]);
        Assert.StartsWith("\"a;\"\"b\"\"\";Oslo;12,5;31.01.2024;small;0,", lines[1]);
        Assert.StartsWith("  x ;\"Lima; old\";\"7,25\";01.02.2024;odd;0,", lines[2]);
        Assert.Equal((2, 0, ""), (done.Rows, done.ErrorRows, lines[3]));
    }

    [Theory]
    [InlineData("\t", '"', null)]
    [InlineData("|", '\'', null)]
    [InlineData("||", '"', null)]
    [InlineData(";", '"', '\\')]
    [InlineData("\u001F", '"', null)]
    [InlineData(",", CsvOptions.NoQuote, null)]
    public void Whatever_the_dialect_a_reader_of_it_finds_every_field_again(string delimiter, char quote, char? escape)
    {
        var options = new CsvOptions { Delimiter = delimiter, Quote = quote, Escape = escape };
        var rows = string.Concat(Enumerable.Range(1, 30).Select(i => string.Create(CultureInfo.InvariantCulture, $"Oslo{delimiter}{i * 3}.5{delimiter}2024-01-{i:D2}\n")));
        var (text, done) = Score(Put($"city{delimiter}size{delimiter}day\n{rows}Rome{delimiter}big{delimiter}2024-01-01\n"), options: options);
        var records = Read(text, options);
        Assert.Equal((31, 1), (done.Rows, done.ErrorRows));
        Assert.All(records, r => Assert.Equal(8, r.Length));
        Assert.Equal(["Oslo", "3.5", "2024-01-01", "small"], records[1][..4]);
        Assert.Equal(quote == CsvOptions.NoQuote ? "large  \"big\"" : "large, \"big\"", records[30][3]);
        Assert.StartsWith("size: found \"big\"", records[31][7]);
        Assert.Contains("training range", records[31][7]);
    }

    [Fact]
    public void A_row_with_a_problem_says_what_and_the_rows_around_it_are_answered_as_if_it_were_not_there()
    {
        const string header = "city,size,day\n";
        const string bad = "Oslo,tall,2024-13-45\nOslo,1\nOslo,1,2024-01-01,surplus\n";
        const string good = "Rome,60,2024-02-03\nNowhere,NA,\n";
        var (text, done) = Score(Put(header + "Bonn,80,2024-01-05\n" + bad + good));
        var records = Read(text, new CsvOptions());
        var alone = Read(Score(Put(header + "Bonn,80,2024-01-05\n" + good)).Text, new CsvOptions());
        Assert.Equal((6, 3), (done.Rows, done.ErrorRows));
        Assert.Equal([2 + 1, 4, 5], done.FirstErrors.Select(e => e.Line));
        Assert.StartsWith("size: found \"tall\", expected a number", records[2][7]);
        Assert.Contains("; day: found \"2024-13-45\", expected an ISO 8601 date", records[2][7]);
        Assert.Equal(["Oslo", "1", "", "", "", "", "", "found 2 fields; expected 3, one a column"], records[3]);
        Assert.Equal(["Oslo", "1", "2024-01-01", "", "", "", "", "found 4 fields; expected 3, one a column; left out: \"surplus\""], records[4]);
        Assert.All(records.Skip(2).Take(3), r => Assert.Equal("", r[3]));
        Assert.Equal(alone[1..], [records[1], records[5], records[6]]);
    }

    [Fact]
    public void More_bad_rows_than_a_request_names_are_each_told()
    {
        var (text, done) = Score(Put("city,size,day\n" + string.Concat(Enumerable.Range(0, 5_000).Select(i => i % 5 == 0 ? "Oslo,1,2024-01-01\n" : $"Oslo,x{i},2024-01-01\n"))));
        Assert.Equal((5_000, 4_000, BatchScorer.MostErrors), (done.Rows, done.ErrorRows, done.FirstErrors.Count));
        var records = Read(text, new CsvOptions());
        for (var i = 0; i < 5_000; i++)
            if (i % 5 == 0) Assert.Equal(("small", ""), (records[i + 1][3], records[i + 1][7]));
            else Assert.StartsWith($"size: found \"x{i}\"", records[i + 1][7]);
    }

    [Fact]
    public void Names_that_the_file_has_already_get_a_number()
    {
        var header = Read(Score(Put("city,Prediction,size,day,error,error_2\nOslo,mine,1,2024-01-01,e,f\n")).Text, new CsvOptions())[0];
        Assert.Equal(["city", "Prediction", "size", "day", "error", "error_2", "prediction_2", "probability large, \"big\"", "probability odd", "probability small", "error_3"], header);
    }

    [Fact]
    public void A_missing_column_is_named_before_anything_is_scored()
    {
        var path = Put("town,size,date\nOslo,1,2024-01-01\n");
        var refusal = Assert.Throws<CsvFormatException>(() => BatchFile.CheckHead(path, null, Kinds.Value.Signature, _folder, Cancel));
        Assert.Contains("no column 'city', 'day'", refusal.Message);
        Assert.Contains("Found the columns 'town', 'size', 'date'", refusal.Message);
    }

    [Fact]
    public void Packed_files_and_other_encodings_give_the_same_answer()
    {
        const string text = "city,size,day,note\nOslo,1,2024-01-01,Müller\nRome,70,2024-03-01,Ærø\n";
        var expected = Score(Put(text)).Text;
        Assert.Equal(expected, Score(Put(text, Encoding.Latin1)).Text);
        Assert.Equal('\uFEFF' + expected, Score(Put(text, Encoding.Unicode)).Text);
        var gzip = Path.Combine(_folder, "rows.gz");
        using (var packed = new GZipStream(File.Create(gzip), CompressionLevel.Fastest)) packed.Write(Encoding.UTF8.GetBytes(text));
        var zip = Path.Combine(_folder, "rows.zip");
        using (var archive = ZipFile.Open(zip, ZipArchiveMode.Create)) archive.CreateEntryFromFile(Put(text), "rows.csv");
        foreach (var path in (string[])[gzip, zip])
        {
            BatchFile.CheckHead(path, null, Kinds.Value.Signature, _folder, Cancel);
            using var source = BatchFile.OpenSource(path, _folder, Cancel);
            Assert.Equal(expected, Score(source.Path).Text);
        }
        var parquet = Path.Combine(_folder, "rows.parquet");
        File.WriteAllText(parquet, "PAR1 and so on");
        Assert.Contains("Expected CSV", Assert.Throws<CsvFormatException>(() => BatchFile.OpenSource(parquet, _folder, Cancel)).Message);
    }

    [Fact]
    public void Every_answer_is_that_of_a_single_request_bit_for_bit()
    {
        var random = new Random(5);
        string[] cities = ["Oslo", "Rome", "Bonn", "Elsewhere", ""];
        var rows = Enumerable.Range(0, 3_000).Select(_ => (City: cities[random.Next(5)], Size: random.Next(10) == 0 ? "" : (random.NextDouble() * 120).ToString("R", CultureInfo.InvariantCulture), Day: random.Next(10) == 0 ? "" : $"2024-{random.Next(1, 13):D2}-{random.Next(1, 28):D2}")).ToArray();
        var records = Read(Score(Put("city,size,day\n" + string.Concat(rows.Select(r => $"{r.City},{r.Size},{r.Day}\n")))).Text, new CsvOptions());
        for (var i = 0; i < rows.Length; i++)
        {
            using var prediction = Kinds.Value.Begin();
            var json = $$"""{"records":[{"city":"{{rows[i].City}}","size":{{(rows[i].Size.Length == 0 ? "null" : rows[i].Size)}},"day":"{{rows[i].Day}}"}]}""";
            Assert.Null(Dialect.Native.ReadJson(Encoding.UTF8.GetBytes(json), prediction, 1));
            prediction.Score(Cancel);
            Assert.Equal(Kinds.Value.Target.Classes[prediction.AnsweredClass(0)], records[i + 1][3]);
            Assert.Equal(prediction.Outputs(0).ToArray().Select(p => BitConverter.DoubleToInt64Bits(p)), records[i + 1][4..7].Select(p => BitConverter.DoubleToInt64Bits(double.Parse(p, CultureInfo.InvariantCulture))));
        }
    }

    [Fact]
    public void What_is_cancelled_goes_on_where_it_stopped_and_ends_as_if_nothing_had_been()
    {
        var path = Put(Many(40_000));
        var expected = Score(path).Text;
        var file = BatchFile.Open(path, null, Kinds.Value.Signature, Cancel);
        using var output = new MemoryStream();
        using var cancelling = new CancellationTokenSource();
        var point = BatchProgress.None;
        Assert.ThrowsAny<OperationCanceledException>(() => new BatchScorer(Kinds.Value, file).Run(output, point, progress =>
        {
            if (point == BatchProgress.None) point = progress;
            cancelling.Cancel();
        }, cancelling.Token));
        Assert.InRange(point.Rows, 1, 39_999);
        output.SetLength(point.OutputBytes);
        var done = new BatchScorer(Kinds.Value, file).Run(output, point, null, Cancel);
        Assert.Equal((40_000, expected), (done.Rows, Encoding.UTF8.GetString(output.ToArray())));
    }

    internal static string Many(int rows)
    {
        var random = new Random(7);
        var text = new StringBuilder("id,city,size,day,note\n");
        for (var i = 0; i < rows; i++) text.Append(CultureInfo.InvariantCulture, $"{i},{(i % 3 == 0 ? "Oslo" : "Rome")},{random.NextDouble() * 100:F4},2024-{(i % 12) + 1:D2}-{(i % 28) + 1:D2},\"note, of \"\"{i}\"\"\"\n");
        return text.ToString();
    }
}
