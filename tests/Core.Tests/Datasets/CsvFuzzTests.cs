using System.Diagnostics;
using System.Globalization;
using System.Text;
using ModelWorkbench.Core.Datasets;
using Xunit;

namespace ModelWorkbench.Core.Tests.Datasets;

/// <summary>Damaged files: each is read or refused in words, in bounded time; and what a strict reader of RFC 4180 takes is read cell by cell as it reads it. WORKBENCH_CSV_FUZZ sets how many.</summary>
public sealed class CsvFuzzTests(ITestOutputHelper output)
{
    private const int Seed = 4180;

    private static readonly int Count = int.TryParse(Environment.GetEnvironmentVariable("WORKBENCH_CSV_FUZZ"), CultureInfo.InvariantCulture, out var count) ? count : 600;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static readonly string[] Seeds =
    [
        "a,b,c\n1,2,3\n4,5,6\n",
        "name,note\nAnna,\"said \"\"no\"\"\"\nBob,\"two\nlines\"\n",
        "x;y\n1,5;2\n3;4,25\n",
        "day,amount,ok\r\n2024-02-29,1.5,true\r\n2024-03-01,,false\r\n",
        "id\tword\tnumber\n1\tKöln\t1e3\n2\t東京\t-0\n",
        "only\n1\n2\n\n3\n",
        "\uFEFFfirst,second\n\"a,b\",c\n,\n",
        string.Join('\n', Enumerable.Range(0, 400).Select(i => $"{i},{i * 0.37:0.00},w{i % 7},\"q{i}\"")),
        string.Join(',', Enumerable.Range(0, 300).Select(i => $"c{i}")) + "\n" + string.Join(',', Enumerable.Range(0, 300)) + "\n",
    ];

    [Fact]
    public void Damaged_files_are_read_or_refused_in_words_and_well_formed_ones_as_a_strict_reader_reads_them()
    {
        var random = new Random(Seed);
        var (read, refused, compared, slowest) = (0, 0, 0, TimeSpan.Zero);
        for (var i = 0; i < Count; i++)
        {
            var bytes = Mutate(Encoding.UTF8.GetBytes(Seeds[random.Next(Seeds.Length)]), random);
            using var source = new TemporaryFile(bytes);
            using var target = new TemporaryFile();
            var clock = Stopwatch.StartNew();
            // As a person would drop it, everything found out by the program.
            if (Import(source, target, null, i) is { } found) { read++; Assert.Equal(found.RowCount, TableFile.Read(target.Path, Cancel).RowCount); }
            else refused++;
            slowest = clock.Elapsed > slowest ? clock.Elapsed : slowest;
            Assert.True(clock.Elapsed < Patience, $"File {i} of seed {Seed} took {clock.Elapsed.TotalSeconds:0.0} s.");
            // As text with the dialect of RFC 4180, in which both have to find the same cells.
            if (StrictReader.Read(bytes) is not { } records) continue;
            var names = records[0];
            var options = new CsvOptions { MissingMarks = [], Kinds = names.ToDictionary(name => name, _ => ColumnKind.Text) };
            Assert.True(Import(source, target, options, i) is not null, $"File {i} of seed {Seed} is well-formed and was refused.");
            var table = TableFile.Read(target.Path, Cancel);
            Assert.Equal(names, table.Columns.Select(column => column.Name));
            Assert.Equal(records.Count - 1, table.RowCount);
            for (var row = 1; row < records.Count; row++)
                for (var c = 0; c < names.Length; c++)
                    Assert.Equal(records[row][c].Length == 0 ? null : records[row][c], table.Columns[c].GetText(row - 1));
            compared++;
        }
        Assert.True(read > Count / 4 && compared > Count / 20, $"Of {Count} files only {read} were read and {compared} compared.");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Count} damaged files (seed {Seed}): {read} read, {refused} refused in words, {compared} compared with the strict reader, mismatches 0, slowest {slowest.TotalMilliseconds:0} ms"));
    }

    /// <summary>The same files against a reader that splits lines at commas: the comparison would see what it looks for.</summary>
    [Fact]
    public void A_reader_that_splits_at_commas_is_caught()
    {
        var random = new Random(Seed);
        var (compared, wrong) = (0, 0);
        for (var i = 0; i < Count; i++)
        {
            var bytes = Mutate(Encoding.UTF8.GetBytes(Seeds[random.Next(Seeds.Length)]), random);
            if (StrictReader.Read(bytes) is not { } records) continue;
            compared++;
            var naive = Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r').Split(',')).ToList();
            if (naive.Count != records.Count || naive.Zip(records).Any(pair => !pair.First.SequenceEqual(pair.Second))) wrong++;
        }
        Assert.True(wrong > 0, $"Of {compared} files none was read wrongly.");
    }

    private static ImportedTable? Import(TemporaryFile source, TemporaryFile target, CsvOptions? options, int number)
    {
        try
        {
            return DatasetImporter.Import(source.Path, options, target.Path, null, null, Cancel);
        }
        catch (CsvFormatException e)
        {
            Assert.NotEmpty(e.Message);
            Assert.False(File.Exists(target.Path), $"File {number} was refused and left a table.");
            return null;
        }
    }

    private static byte[] Mutate(byte[] seed, Random random)
    {
        var bytes = seed.ToList();
        for (var times = random.Next(0, 4); times > 0; times--)
        {
            var at = bytes.Count == 0 ? 0 : random.Next(bytes.Count);
            switch (random.Next(11))
            {
                case 0 when bytes.Count > 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes.InsertRange(at, "\""u8.ToArray()); break;
                case 2: bytes.InsertRange(at, "\n"u8.ToArray()); break;
                case 3: bytes.Insert(at, 0); break;
                case 4: bytes.InsertRange(at, (byte[])[0xEF, 0xBB, 0xBF]); break;
                case 5: bytes.RemoveRange(at, Math.Min(random.Next(1, 40), bytes.Count - at)); break;
                case 6: bytes.InsertRange(at, bytes.GetRange(0, Math.Min(random.Next(1, 200), bytes.Count))); break;
                case 7: bytes.InsertRange(at, Encoding.UTF8.GetBytes(new[] { ",", ";", "\t", "\r\n", "\r", "''", "\\", "1e999", "NaN", "  ", "\"\"", "#", "é" }[random.Next(13)])); break;
                case 8: bytes = [.. new[] { Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.Latin1 }[random.Next(3)].GetBytes(Encoding.UTF8.GetString([.. bytes]))]; break;
                case 9: bytes.InsertRange(at, Enumerable.Repeat((byte)random.Next(32, 127), random.Next(1, 5_000))); break;
                case 10: bytes.InsertRange(at, Enumerable.Repeat((byte)',', random.Next(1, 3_000))); break;
            }
        }
        return [.. bytes];
    }

    /// <summary>RFC 4180 to the letter, character by character: what it takes has one meaning.</summary>
    private static class StrictReader
    {
        /// <returns>Header and rows; null where the text is not well-formed, or where readers may differ in good faith.</returns>
        public static List<string[]>? Read(byte[] bytes)
        {
            string text;
            try
            {
                text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
            }
            catch (ArgumentException)
            {
                return null;
            }
            // Byte order marks, NUL and lone carriage returns are for other tests.
            if (text.Any(c => c is '\uFEFF' or '\0' || char.IsControl(c) && c is not ('\n' or '\r' or '\t')) || text.Replace("\r\n", "", StringComparison.Ordinal).Contains('\r')) return null;
            List<string[]> records = [];
            List<string> record = [];
            var at = 0;
            while (at < text.Length)
            {
                var field = new StringBuilder();
                if (text[at] == '"')
                {
                    at++;
                    while (true)
                    {
                        if (at >= text.Length) return null;
                        if (text[at] != '"') field.Append(text[at++]);
                        else if (at + 1 < text.Length && text[at + 1] == '"') { field.Append('"'); at += 2; }
                        else { at++; break; }
                    }
                    if (at < text.Length && text[at] is not (',' or '\n' or '\r')) return null;
                }
                else
                {
                    while (at < text.Length && text[at] is not (',' or '\n' or '\r'))
                    {
                        if (text[at] == '"') return null;
                        field.Append(text[at++]);
                    }
                }
                record.Add(field.ToString());
                if (at < text.Length && text[at] == ',')
                {
                    at++;
                    // A comma at the very end opens one more field, which is empty.
                    if (at == text.Length) record.Add("");
                    else continue;
                }
                if (at < text.Length && text[at] == '\r') at++;
                if (at < text.Length && text[at] == '\n') at++;
                records.Add([.. record]);
                record.Clear();
            }
            if (records.Count == 0) return null;
            var names = records[0];
            var isPlain = names.All(name => name.Trim() == name && name.Length is > 0 and <= 256) && names.Distinct(StringComparer.Ordinal).Count() == names.Length
                // Fields of lines that differ in length, and lines of nothing, are repaired in ways of our own; so are blanks around a value.
                && records.All(r => r.Length == names.Length && r.Any(f => f.Trim().Length > 0) && r.All(f => f.Length == 0 || f.Trim().Length > 0));
            return isPlain ? records : null;
        }
    }
}
