using System.Buffers;

namespace ModelWorkbench.Core.Datasets;

/// <summary>Tells how a CSV file is written from its bytes alone; the same file always gives the same answer.</summary>
public static class CsvDetector
{
    private const int SampleLength = 1 << 20;
    private static readonly string[] Delimiters = [",", ";", "\t", "|"];
    private static readonly SearchValues<char> DelimiterCharacters = SearchValues.Create(",;\t|");

    /// <summary>Taken only where none of the common ones splits the text, and these split every record alike.</summary>
    private static readonly string[] RareDelimiters = ["\u001F", "\u001E", "\u0001", "^", "~", ":", " "];
    private static readonly string[] CommentPrefixes = ["#", "//", "%"];

    /// <summary>Encoding (checked on the whole file); delimiter, quote, decimal mark and header (on its first million characters).</summary>
    /// <exception cref="CsvFormatException">The file is empty, holds only blank lines, or is not text.</exception>
    public static CsvOptions Detect(string path, CancellationToken ct) => Detect(path, ct, options => options);

    /// <summary>The same where the person has settled some of the options; the others are told from the file in the light of those.</summary>
    /// <param name="path">The file.</param>
    /// <param name="ct">Heeded within a second.</param>
    /// <param name="settle">Sets what is settled in the options that it is given, and leaves the rest.</param>
    /// <exception cref="CsvFormatException">The file is empty, holds only blank lines, or is not text.</exception>
    public static CsvOptions Detect(string path, CancellationToken ct, Func<CsvOptions, CsvOptions> settle)
    {
        using var bytes = CsvText.OpenBytes(path);
        var encoding = settle(new CsvOptions { Encoding = CsvEncodingDetector.Detect(bytes, ct) }).Encoding;
        bytes.Position = 0;
        using var text = CsvText.OpenText(bytes, encoding);
        var sample = ReadSample(text);
        var toSkip = settle(new CsvOptions()).SkipLines;
        if (toSkip > 0) sample = WithoutLines(sample, toSkip);
        var original = sample;
        if (string.IsNullOrWhiteSpace(sample)) throw new CsvFormatException("The file holds only blank lines. Expected text with a record a line.");

        var (comment, body) = FindComments(sample);
        var settledComment = settle(new CsvOptions { CommentPrefix = comment }).CommentPrefix;
        if (settledComment != comment) (comment, body) = (settledComment, settledComment is null ? sample : WithoutComments(sample, settledComment));
        sample = body;
        if (string.IsNullOrWhiteSpace(sample)) throw new CsvFormatException("The file holds only comments and blank lines. Expected text with a record a line.");
        var quote = settle(new CsvOptions { Quote = FindQuote(sample) }).Quote;
        var escape = settle(new CsvOptions { Quote = quote, Escape = FindEscape(sample, quote) }).Escape;
        var delimiter = Delimiters.MaxBy(candidate => ConsistencyOrZero(sample, candidate, quote, escape))!;
        if (ConsistencyOrZero(sample, delimiter, quote, escape) == 0)
            delimiter = RareDelimiters.FirstOrDefault(candidate => SplitsEveryRecord(sample, candidate, quote)) ?? delimiter;
        if (IsDoubled(sample, delimiter, quote)) delimiter += delimiter;
        delimiter = settle(new CsvOptions { Delimiter = delimiter }).Delimiter;
        if (QuotesAreText(sample, new CsvOptions { Quote = quote, Escape = escape, Delimiter = delimiter }))
        {
            quote = settle(new CsvOptions { Quote = CsvOptions.NoQuote }).Quote;
            if (quote == CsvOptions.NoQuote) escape = null;
        }
        var form = new CsvOptions { Quote = quote, Escape = escape, Delimiter = delimiter };
        form = form with { EscapesEverywhere = settle(form with { EscapesEverywhere = EscapesDelimiters(sample, form) }).EscapesEverywhere };
        // A line of comment that is as long as the records is a header that starts with the mark: #id,name.
        if (comment is not null && settle(new CsvOptions()).CommentPrefix is null && FirstCommentIsRecord(text: original, comment, form))
        {
            comment = null;
            sample = original;
        }
        var skipped = toSkip > 0 ? 0 : CountJunkLines(comment is null ? sample : original, form with { CommentPrefix = comment });
        if (comment is null && skipped > 0) sample = WithoutLines(sample, skipped);
        ct.ThrowIfCancellationRequested();
        var (decimalMark, separator) = FindNumberForm(sample, form);
        var options = settle(form with { Encoding = encoding, CommentPrefix = comment, SkipLines = skipped, DecimalMark = decimalMark, ThousandsSeparator = separator });
        // The sample is already without them.
        options = settle(options with { HasHeader = HasHeader(sample, options with { SkipLines = 0 }) });
        return HasNarrowHeader(sample, options with { SkipLines = 0 }) ? settle(options with { BadLines = BadLineAction.Widen }) : options;
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

        static bool EndsField(char character) => character is '\r' or '\n' || DelimiterCharacters.Contains(character);
    }

    /// <summary>Whether quotes are characters like others: taken for quotes they stand in wrong places and swallow lines, taken for text all records have one length.</summary>
    private static bool QuotesAreText(string sample, CsvOptions form)
    {
        if (!sample.Contains(form.Quote)) return false;
        int records = 0, misplaced = 0;
        try
        {
            using var quoted = new CsvRecords(new StringReader(sample), form, OpenQuote.ReadAsText);
            for (; quoted.Read(); records++)
                if (quoted.MisplacedQuote >= 0) misplaced++;
        }
        catch (CsvFormatException)
        {
            misplaced++;
        }
        if (misplaced == 0) return false;
        int lines = 0, length = 0;
        try
        {
            foreach (var line in Records(sample, form with { Quote = CsvOptions.NoQuote, Escape = null }))
            {
                if (length == 0) length = line.FieldCount;
                if (line.FieldCount != length) return false;
                lines++;
            }
        }
        catch (CsvFormatException)
        {
            return false;
        }
        return length > 1 && lines > records;
    }

    private static double ConsistencyOrZero(string sample, string delimiter, char quote, char? escape)
    {
        try
        {
            return Consistency(sample, delimiter, quote, escape);
        }
        catch (CsvFormatException)
        {
            // Beyond the limits with this delimiter; another one may explain the file. If none does, the header check below says so.
            return 0;
        }
    }

    /// <summary>How well the delimiter explains the sample: records of one length, more than one field, cells of a known form.</summary>
    /// <remarks>Pattern score times type score, after van den Burg, Nazabal and Sutton (2019), Data Mining and Knowledge Discovery 33(6); record lengths stand for patterns.</remarks>
    private static double Consistency(string sample, string delimiter, char quote, char? escape)
    {
        var recordsByLength = new Dictionary<int, int>();
        long cells = 0, known = 0;
        var point = new NumberParser('.');
        var comma = new NumberParser(',');
        var dates = Enum.GetValues<DateOrder>().Select(order => new DateParser(order)).ToArray();
        foreach (var record in Records(sample, new CsvOptions { Delimiter = delimiter, Quote = quote, Escape = escape }))
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
            if (text.IndexOfAny(DelimiterCharacters) < 0 && !text.Contains(quote)) return true;
            if (point.Parse(text, out _) == NumberFit.Number || comma.Parse(text, out _) == NumberFit.Number) return true;
            foreach (var date in dates)
                if (date.TryParse(text, out _)) return true;
            return false;
        }
    }

    private static IEnumerable<CsvRecords> Records(string sample, CsvOptions options)
    {
        using var records = new CsvRecords(new StringReader(sample), options);
        while (records.Read()) yield return records;
    }

    /// <summary>The lines that start with a comment mark are taken out; the mark is null where there are none.</summary>
    private static (string? Prefix, string Body) FindComments(string sample)
    {
        var head = sample.AsSpan(0, Math.Min(sample.Length, 1 << 14));
        foreach (var prefix in CommentPrefixes)
        {
            // Comments stand at the top; a mark further down may be a value.
            if (!head.TrimStart("\r\n ").StartsWith(prefix)) continue;
            return (prefix, WithoutComments(sample, prefix));
        }
        return (null, sample);
    }

    private static string WithoutComments(string sample, string prefix)
    {
        var body = new System.Text.StringBuilder(sample.Length);
        var reader = new StringReader(sample);
        while (reader.ReadLine() is { } line)
            if (!line.StartsWith(prefix, StringComparison.Ordinal)) body.Append(line).Append('\n');
        return body.ToString();
    }

    private static bool FirstCommentIsRecord(string text, string comment, CsvOptions form)
    {
        var lengths = Records(text, form).Take(200).Select(record => (record.FieldCount, IsComment: record.Raw.StartsWith(comment))).ToList();
        var records = lengths.Where(record => !record.IsComment).Select(record => record.FieldCount).ToList();
        var usual = records.Count == 0 ? 1 : records.GroupBy(count => count).MaxBy(group => group.Count())!.Key;
        return lengths.Where(record => record.IsComment).All(record => record.FieldCount == usual && usual > 1);
    }

    /// <summary>The backslash where it stands before quotes inside fields and quotes are not doubled.</summary>
    private static char? FindEscape(string sample, char quote)
    {
        var escaped = 0;
        for (var at = sample.IndexOf($"\\{quote}", StringComparison.Ordinal); at >= 0; at = sample.IndexOf($"\\{quote}", at + 1, StringComparison.Ordinal))
        {
            // Before a delimiter or a line end it may be a path that ends in a backslash.
            var next = at + 2 < sample.Length ? sample[at + 2] : '\n';
            if (next is not ('\r' or '\n') && !DelimiterCharacters.Contains(next)) escaped++;
        }
        if (escaped == 0) return null;
        var pair = new string(quote, 2);
        for (var at = sample.IndexOf(pair, StringComparison.Ordinal); at >= 0; at = sample.IndexOf(pair, at + 2, StringComparison.Ordinal))
            if (at > 0 && sample[at - 1] is not ('\r' or '\n' or '\\') && !DelimiterCharacters.Contains(sample[at - 1])) return null;
        return '\\';
    }

    /// <summary>Whether the character always stands twice, as in a||b or a::b: every second field is empty in every record.</summary>
    private static bool IsDoubled(string sample, string delimiter, char quote)
    {
        if (!sample.Contains(delimiter + delimiter, StringComparison.Ordinal)) return false;
        var records = 0;
        try
        {
            foreach (var record in Records(sample, new CsvOptions { Delimiter = delimiter, Quote = quote }))
            {
                if (record.FieldCount < 3 || record.FieldCount % 2 == 0) return false;
                var filled = false;
                for (var c = 0; c < record.FieldCount; c++)
                    if (c % 2 == 0) filled |= !record.Field(c).IsEmpty;
                    else if (!record.Field(c).IsEmpty) return false;
                if (!filled) return false;
                records++;
            }
        }
        catch (CsvFormatException)
        {
            return false;
        }
        return records > 1;
    }

    /// <summary>Whether the escape stands before delimiters as well, and all records have one length if it takes their meaning.</summary>
    private static bool EscapesDelimiters(string sample, CsvOptions form)
    {
        // Before a line end it may be a path that ends in a backslash: two records would become one.
        if (form.Escape is not { } escape || !sample.Contains(escape + form.Delimiter, StringComparison.Ordinal) || sample.Contains($"{escape}\r", StringComparison.Ordinal) || sample.Contains($"{escape}\n", StringComparison.Ordinal)) return false;
        try
        {
            var lengths = Records(sample, form with { EscapesEverywhere = true }).Select(record => record.FieldCount).Distinct().Take(2).ToList();
            return lengths is [> 1];
        }
        catch (CsvFormatException)
        {
            return false;
        }
    }

    private static bool SplitsEveryRecord(string sample, string delimiter, char quote)
    {
        int length = 0, records = 0, texts = 0, cells = 0;
        try
        {
            foreach (var record in Records(sample, new CsvOptions { Delimiter = delimiter, Quote = quote }))
            {
                if (length == 0) length = record.FieldCount;
                if (record.FieldCount != length || length < 2) return false;
                records++;
                for (var c = 0; c < length; c++)
                {
                    cells++;
                    if (!double.TryParse(record.Field(c), System.Globalization.CultureInfo.InvariantCulture, out _)) texts++;
                }
            }
        }
        catch (CsvFormatException)
        {
            return false;
        }
        // Times have colons and no texts; sentences have blanks and few numbers.
        return delimiter switch { ":" => records > 1 && texts > 0, " " => records > 2 && 2 * texts <= cells, _ => records > 0 };
    }

    /// <summary>Lines of titles and notes above the first record: they have at most half as many filled fields as most records.</summary>
    private static int CountJunkLines(string sample, CsvOptions form)
    {
        const int maxJunkRecords = 50;
        var records = Records(sample, form).Take(1000)
            .Select(record => (record.Line, record.FieldCount, Filled: Enumerable.Range(0, record.FieldCount).Count(c => !record.Field(c).Trim().IsEmpty))).ToList();
        if (records.Count < 3) return 0;
        var usual = records.GroupBy(record => record.FieldCount).MaxBy(group => group.Count())!.Key;
        if (usual < 2 || 2 * records.Count(record => record.FieldCount == usual) <= records.Count) return 0;
        var first = records.FindIndex(record => record.FieldCount == usual && (usual < 3 || record.Filled > 1) && 2 * record.Filled > Math.Min(usual, 3));
        return first is > 0 and <= maxJunkRecords && records.Take(first).All(record => 2 * record.FieldCount <= usual || record.Filled <= 1) ? records[first].Line - 1 : 0;
    }

    /// <summary>Whether the header has fewer fields than all records below it, and these a value there: cutting it off would lose a column.</summary>
    private static bool HasNarrowHeader(string sample, CsvOptions options)
    {
        int header = 0, rows = 0, valued = 0;
        foreach (var record in Records(sample, options))
        {
            if (header == 0) header = record.FieldCount;
            else if (record.FieldCount <= header) return false;
            else
            {
                rows++;
                if (!record.Field(header).Trim().IsEmpty) valued++;
            }
        }
        return options.HasHeader && options.ColumnNames.Count == 0 && rows > 1 && 2 * valued > rows;
    }

    private static string WithoutLines(string sample, int count)
    {
        var reader = new StringReader(sample);
        for (var i = 0; i < count; i++) reader.ReadLine();
        return reader.ReadToEnd();
    }

    /// <summary>The decimal mark and separator of thousands with which most columns are numbers; the plainest among equals.</summary>
    private static (char DecimalMark, char? Separator) FindNumberForm(string sample, CsvOptions form)
    {
        // Within commas a comma stands in quotes only, and groups of three are thousands there.
        var commas = form.Delimiter != "," || sample.Contains(form.Quote);
        (char, char?)[] candidates = form.Delimiter == ","
            ? [('.', null), ('.', ','), (',', null), (',', '.'), ('.', ' '), (',', ' '), ('.', '\'')]
            : [('.', null), (',', null), (',', '.'), ('.', ','), ('.', ' '), (',', ' '), ('.', '\'')];
        return candidates.Where(candidate => commas || candidate is not ((',', _) or (_, ',')))
            .Where(candidate => candidate.Item2 is not { } separator || StandsBetweenDigits(sample, separator))
            .MaxBy(candidate => CollectEvidence(sample, form with { DecimalMark = candidate.Item1, ThousandsSeparator = candidate.Item2 }).Count(column => column.Kind == ColumnKind.Numeric));
    }

    private static bool StandsBetweenDigits(string sample, char separator)
    {
        for (var at = sample.IndexOf(separator, 1 % Math.Max(1, sample.Length)); at > 0 && at < sample.Length - 1; at = sample.IndexOf(separator, at + 1))
            if (char.IsAsciiDigit(sample[at - 1]) && char.IsAsciiDigit(sample[at + 1])) return true;
        return separator == ' ' && (sample.Contains('\u00A0') || sample.Contains('\u202F')) || separator == '\'' && sample.Contains('\u2019');
    }

    /// <summary>Evidence on the columns below the first record.</summary>
    private static ColumnEvidence[] CollectEvidence(string sample, CsvOptions options)
    {
        var numbers = new NumberParser(options.DecimalMark, options.ThousandsSeparator);
        var marks = new MissingMarks(CsvOptions.DefaultMissingMarks);
        ColumnEvidence[]? columns = null;
        foreach (var record in Records(sample, options))
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

    /// <summary>Whether the numbers among the names are at least three years at equal distances: 1990, 1995, 2000.</summary>
    private static bool AreYearsInARow(string[] names)
    {
        var numbers = names.Where(name => name.Length > 0 && name.All(char.IsAsciiDigit)).ToList();
        if (numbers.Count < 3 || numbers.Any(number => number.Length != 4 || number[0] is not ('1' or '2'))) return false;
        var years = numbers.Select(number => int.Parse(number, System.Globalization.CultureInfo.InvariantCulture)).ToList();
        return years[1] != years[0] && Enumerable.Range(1, years.Count - 1).All(i => years[i] - years[i - 1] == years[1] - years[0]);
    }

    /// <summary>Weighs the first record against the columns below it.</summary>
    /// <remarks>
    /// A column speaks for a header where text stands above numbers or dates, or above categories of which it is none; it speaks against one where
    /// a number stands above numbers, or a text occurs again below. Where nothing speaks, the first record is a header if all its
    /// fields are different texts.
    /// </remarks>
    private static bool HasHeader(string sample, CsvOptions options)
    {
        var columns = CollectEvidence(sample, options);
        var marks = new MissingMarks(CsvOptions.DefaultMissingMarks);
        var numbers = new NumberParser(options.DecimalMark, options.ThousandsSeparator);
        var dates = Enum.GetValues<DateOrder>().Select(order => new DateParser(order)).ToArray();
        string[] first = [];
        bool[] recurs = [];
        foreach (var record in Records(sample, options))
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

        var years = AreYearsInARow(first) && !recurs.Any(again => again);
        int votesFor = 0, votesAgainst = 0;
        for (var c = 0; c < first.Length; c++)
        {
            if (marks.Contains(first[c])) continue;
            var isNumber = numbers.Parse(first[c], out _) != NumberFit.NotANumber;
            var isDate = dates.Any(date => date.TryParse(first[c], out _));
            switch (columns[c].Kind)
            {
                case ColumnKind.Numeric when years:
                    votesFor++;
                    break;
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
        return first.All(text => text.Length > 0 && numbers.Parse(text, out _) == NumberFit.NotANumber && !dates.Any(date => date.TryParse(text, out _))) && first.Distinct(StringComparer.Ordinal).Count() == first.Length;
    }
}
