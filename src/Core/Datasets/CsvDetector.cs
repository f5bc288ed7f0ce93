namespace ModelWorkbench.Core.Datasets;

/// <summary>Tells how a CSV file is written from its bytes alone; the same file always gives the same answer.</summary>
public static class CsvDetector
{
    private const int SampleLength = 1 << 20;
    private static readonly char[] Delimiters = [',', ';', '\t', '|'];

    /// <summary>Encoding (checked on the whole file); delimiter, quote, decimal mark and header (on its first million characters).</summary>
    /// <exception cref="CsvFormatException">The file is empty, holds only blank lines, or is not text.</exception>
    public static CsvOptions Detect(string path, CancellationToken ct)
    {
        using var bytes = CsvText.OpenBytes(path);
        var encoding = CsvEncodingDetector.Detect(bytes, ct);
        bytes.Position = 0;
        using var text = CsvText.OpenText(bytes, encoding);
        var sample = ReadSample(text);
        if (string.IsNullOrWhiteSpace(sample)) throw new CsvFormatException("The file holds only blank lines. Expected text with a record a line.");

        var quote = FindQuote(sample);
        var delimiter = Delimiters.MaxBy(candidate => ConsistencyOrZero(sample, candidate, quote));
        ct.ThrowIfCancellationRequested();
        var decimalMark = delimiter != ',' && CountNumericColumns(sample, delimiter, quote, ',') > CountNumericColumns(sample, delimiter, quote, '.') ? ',' : '.';
        var options = new CsvOptions { Encoding = encoding, Quote = quote, Delimiter = delimiter, DecimalMark = decimalMark };
        return options with { HasHeader = HasHeader(sample, options) };
    }

    /// <summary>The start of the text, cut after its last whole line.</summary>
    private static string ReadSample(TextReader text)
    {
        var buffer = new char[SampleLength];
        var length = text.ReadBlock(buffer, 0, buffer.Length);
        if (length < buffer.Length) return new string(buffer, 0, length);
        var end = buffer.AsSpan().LastIndexOfAny('\r', '\n');
        return new string(buffer, 0, end < 0 ? length : end + 1);
    }

    /// <summary>The single quote where it opens and closes fields and the double quote opens none; else the double quote.</summary>
    private static char FindQuote(string sample)
    {
        var (doubleOpens, _) = CountQuotes(sample, '"');
        var (singleOpens, singleCloses) = CountQuotes(sample, '\'');
        return doubleOpens == 0 && singleOpens > 0 && singleOpens == singleCloses ? '\'' : '"';
    }

    private static (int Opens, int Closes) CountQuotes(string sample, char quote)
    {
        int opens = 0, closes = 0;
        for (var at = sample.IndexOf(quote); at >= 0; at = sample.IndexOf(quote, at + 1))
        {
            if (at == 0 || EndsField(sample[at - 1])) opens++;
            if (at == sample.Length - 1 || EndsField(sample[at + 1])) closes++;
        }
        return (opens, closes);

        static bool EndsField(char character) => character is '\r' or '\n' || Delimiters.Contains(character);
    }

    private static double ConsistencyOrZero(string sample, char delimiter, char quote)
    {
        try
        {
            return Consistency(sample, delimiter, quote);
        }
        catch (CsvFormatException)
        {
            // Beyond the limits with this delimiter; another one may explain the file. If none does, the header check below says so.
            return 0;
        }
    }

    /// <summary>How well the delimiter explains the sample: records of one length, more than one field, cells of a known form.</summary>
    /// <remarks>Pattern score times type score, after van den Burg, Nazabal and Sutton (2019), Data Mining and Knowledge Discovery 33(6); record lengths stand for patterns.</remarks>
    private static double Consistency(string sample, char delimiter, char quote)
    {
        var recordsByLength = new Dictionary<int, int>();
        long cells = 0, known = 0;
        var point = new NumberParser('.');
        var comma = new NumberParser(',');
        var dates = Enum.GetValues<DateOrder>().Select(order => new DateParser(order)).ToArray();
        foreach (var record in Records(sample, delimiter, quote))
        {
            recordsByLength[record.FieldCount] = recordsByLength.GetValueOrDefault(record.FieldCount) + 1;
            for (var c = 0; c < record.FieldCount; c++)
            {
                cells++;
                if (IsKnown(record.Field(c).Trim())) known++;
            }
        }
        // Without a majority of records with two fields the character is punctuation.
        var total = recordsByLength.Values.Sum();
        if (2 * recordsByLength.GetValueOrDefault(1) >= total) return 0;
        var pattern = recordsByLength.Sum(pair => pair.Value * (pair.Key - 1.0) / pair.Key) / recordsByLength.Count;
        return pattern * known / cells;

        bool IsKnown(ReadOnlySpan<char> text)
        {
            if (text.IndexOfAny(Delimiters) < 0 && !text.Contains(quote)) return true;
            if (point.Parse(text, out _) == NumberFit.Number || comma.Parse(text, out _) == NumberFit.Number) return true;
            foreach (var date in dates)
                if (date.TryParse(text, out _)) return true;
            return false;
        }
    }

    private static IEnumerable<CsvRecords> Records(string sample, char delimiter, char quote)
    {
        using var records = new CsvRecords(new StringReader(sample), delimiter, quote);
        while (records.Read()) yield return records;
    }

    private static int CountNumericColumns(string sample, char delimiter, char quote, char decimalMark) =>
        CollectEvidence(sample, delimiter, quote, decimalMark).Count(column => column.Kind == ColumnKind.Numeric);

    /// <summary>Evidence on the columns below the first record.</summary>
    private static ColumnEvidence[] CollectEvidence(string sample, char delimiter, char quote, char decimalMark)
    {
        var numbers = new NumberParser(decimalMark);
        var marks = new MissingMarks(CsvOptions.DefaultMissingMarks);
        ColumnEvidence[]? columns = null;
        foreach (var record in Records(sample, delimiter, quote))
        {
            if (columns is null)
            {
                columns = new ColumnEvidence[record.FieldCount];
                for (var c = 0; c < columns.Length; c++) columns[c] = new ColumnEvidence(numbers);
                continue;
            }
            for (var c = 0; c < Math.Min(columns.Length, record.FieldCount); c++)
            {
                var text = record.Field(c).Trim();
                if (!marks.Contains(text)) columns[c].Add(text);
            }
        }
        return columns!;
    }

    /// <summary>Weighs the first record against the columns below it.</summary>
    /// <remarks>
    /// A column speaks for a header where text stands above numbers or dates, or above categories of which it is none; it speaks against one where
    /// a number stands above numbers, or a text occurs again below. Where nothing speaks, the first record is a header if all its
    /// fields are different texts.
    /// </remarks>
    private static bool HasHeader(string sample, CsvOptions options)
    {
        var columns = CollectEvidence(sample, options.Delimiter, options.Quote, options.DecimalMark);
        var marks = new MissingMarks(CsvOptions.DefaultMissingMarks);
        var numbers = new NumberParser(options.DecimalMark);
        var dates = Enum.GetValues<DateOrder>().Select(order => new DateParser(order)).ToArray();
        string[] first = [];
        bool[] recurs = [];
        foreach (var record in Records(sample, options.Delimiter, options.Quote))
        {
            if (first.Length == 0)
            {
                first = new string[record.FieldCount];
                for (var c = 0; c < first.Length; c++) first[c] = record.Field(c).Trim().ToString();
                recurs = new bool[first.Length];
                continue;
            }
            for (var c = 0; c < Math.Min(first.Length, record.FieldCount); c++)
                if (!recurs[c] && record.Field(c).Trim().SequenceEqual(first[c])) recurs[c] = true;
        }

        int votesFor = 0, votesAgainst = 0;
        for (var c = 0; c < first.Length; c++)
        {
            if (marks.Contains(first[c])) continue;
            var isNumber = numbers.Parse(first[c], out _) != NumberFit.NotANumber;
            var isDate = dates.Any(date => date.TryParse(first[c], out _));
            switch (columns[c].Kind)
            {
                case ColumnKind.Numeric when isNumber:
                case ColumnKind.DateTime when isDate:
                    votesAgainst++;
                    break;
                case ColumnKind.Numeric or ColumnKind.DateTime:
                    votesFor++;
                    break;
                case var _ when recurs[c]:
                    votesAgainst++;
                    break;
                case ColumnKind.Category or ColumnKind.Boolean when columns[c].ValuesRepeat && !isNumber && !isDate:
                    votesFor++;
                    break;
            }
        }
        if (votesFor != votesAgainst) return votesFor > votesAgainst;
        return first.All(text => text.Length > 0 && numbers.Parse(text, out _) == NumberFit.NotANumber) && first.Distinct(StringComparer.Ordinal).Count() == first.Length;
    }
}
