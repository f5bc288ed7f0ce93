using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>What a column of an n-gram holds.</summary>
public enum NgramWeight
{
    /// <summary>How often it occurs.</summary>
    Count,

    /// <summary>1 where it occurs.</summary>
    Present,

    /// <summary>Count times ln((1 + rows) / (1 + rows with it)) + 1, each row scaled to length 1.</summary>
    TfIdf,
}

/// <summary>Replaces a text by columns for the words, or runs of words or characters, that most training rows have: <c>review: good</c>.</summary>
/// <param name="Column">A text or category column.</param>
/// <param name="Unit">Words or characters; upper and lower case are the same.</param>
/// <param name="Shortest">1 to <paramref name="Longest"/> units.</param>
/// <param name="Longest">Up to <see cref="MostUnits"/> units.</param>
/// <param name="Top">How many n-grams get a column: those in the most rows, of equally many by character code.</param>
/// <param name="Weight">What the columns hold.</param>
/// <param name="KeepSource">Whether the text stays.</param>
/// <remarks>The same n-grams and weights as scikit-learn's CountVectorizer and TfidfVectorizer with their defaults, given this vocabulary.</remarks>
public sealed record TextNgramsStep(
    [property: FieldWords("Column of texts", Kinds = [ColumnKind.Text, ColumnKind.Category])] string Column,
    [property: FieldWords("Pieces of")] NgramUnit Unit = NgramUnit.Word,
    [property: FieldWords("From a length of")] int Shortest = 1,
    [property: FieldWords("To a length of")] int Longest = 1,
    [property: FieldWords("Columns at most", Help = "The pieces that are in the most rows get a column each.")] int Top = 100,
    [property: FieldWords("Columns hold")] NgramWeight Weight = NgramWeight.TfIdf,
    [property: FieldWords("Keep the text")] bool KeepSource = false) : RecipeStep
{
    public const int MostUnits = 6;
    public const int MostColumns = 2_000;

    /// <summary>Where counting takes more entries than this, n-grams met only once so far are forgotten: of those many the most frequent are sought.</summary>
    private const int MostCounted = 4_000_000;

    public override string Title => "Text to n-grams";
    public override bool Learns => true;
    public override IReadOnlyList<string> InputColumns => [Column];

    public override string Summary
    {
        get
        {
            var unit = Unit == NgramUnit.Word ? "word" : "character";
            var length = Shortest == Longest ? Longest == 1 ? $"{unit}s" : $"runs of {Longest} {unit}s" : $"runs of {Shortest} to {Longest} {unit}s";
            return $"{Column}: the {Top} most common {length}, " + Weight switch { NgramWeight.Count => "counted", NgramWeight.Present => "present or not", _ => "tf-idf" };
        }
    }

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var problems = StepColumns.CheckTexts(table, [Column]);
        if (Shortest < 1 || Longest < Shortest || Longest > MostUnits) problems.Add(new StepProblem($"Found lengths from {Shortest} to {Longest}, expected 1 <= shortest <= longest <= {MostUnits}."));
        if (Top is < 1 or > MostColumns) problems.Add(new StepProblem($"Found {Top} as the number of n-grams, expected 1 to {MostColumns}."));
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (text, rowCount) in Categories.ByFrequency(rows[Column]))
        {
            seen.Clear();
            foreach (var gram in NgramTexts.Split(text, Unit, Shortest, Longest))
                if (seen.Add(gram)) counts[gram] = counts.GetValueOrDefault(gram) + rowCount;
            if (counts.Count <= MostCounted) continue;
            foreach (var (gram, count) in counts)
                if (count == 1) counts.Remove(gram);
        }
        if (counts.Count == 0) throw new RecipeException(0, Title, [new StepProblem($"Column '{Column}' has no {(Unit == NgramUnit.Word ? "word of two or more letters" : "text")} in {StepColumns.Count(rows.RowCount, "row")} to learn from.", Column)]);
        Ngram[] chosen = [.. counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Take(Top)
            .Select(c => new Ngram(c.Key, Math.Log((1.0 + rows.RowCount) / (1.0 + c.Value)) + 1))];
        var fitted = new FittedTextNgrams(Column, Unit, Shortest, Longest, chosen, Weight, KeepSource);
        ThrowUnlessFree(rows, [.. fitted.Origins.Select(o => o.Column)], KeepSource ? [] : [Column]);
        return fitted;
    }
}

/// <param name="Text">The words with a blank between them, or the characters; lower case.</param>
/// <param name="InverseDocumentFrequency">ln((1 + rows) / (1 + rows with it)) + 1.</param>
public sealed record Ngram(string Text, double InverseDocumentFrequency);

public sealed record FittedTextNgrams(string Column, NgramUnit Unit, int Shortest, int Longest, IReadOnlyList<Ngram> Ngrams, NgramWeight Weight, bool KeepSource) : FittedStep
{
    public override IReadOnlyList<LearntValue> Learnt => LearntValue.Cut(Column, Ngrams.Select(n => new LearntValue(Column, $"inverse document frequency of '{n.Text}'", n.InverseDocumentFrequency)));

    public override IReadOnlyList<ColumnOrigin> Origins
    {
        get
        {
            string[] from = [Column];
            return [.. Ngrams.Select(n => new ColumnOrigin(NameOf(n), from))];
        }
    }

    public override IReadOnlyList<string> Removed => KeepSource ? [] : [Column];
    public override IReadOnlyList<string> ReadTexts => [Column];

    public override Func<double, double>? NumberMap(string column) => column == Column ? null : Unchanged;

    /// <summary>A missing text is 0 in all columns.</summary>
    public override Table Replay(Table rows)
    {
        var texts = Categories.Texts(rows[Column]);
        var index = Ngrams.Index().ToDictionary(n => n.Item.Text, n => n.Index, StringComparer.Ordinal);
        var byCode = new (int Gram, double Weight)[]?[texts.Values.Count];
        var columns = Ngrams.Select(_ => new double[rows.RowCount]).ToArray();
        for (var row = 0; row < texts.Length; row++)
        {
            if (texts.Codes[row] is not (>= 0 and var code)) continue;
            foreach (var (gram, weight) in byCode[code] ??= Weigh(texts.Values[code], index)) columns[gram][row] = weight;
        }
        return StepColumns.Replace(rows, Column, [.. columns.Select((values, i) => new NumericColumn(NameOf(Ngrams[i]), values))], KeepSource);
    }

    private (int Gram, double Weight)[] Weigh(string text, Dictionary<string, int> index)
    {
        var counts = new SortedDictionary<int, int>();
        foreach (var gram in NgramTexts.Split(text, Unit, Shortest, Longest))
            if (index.TryGetValue(gram, out var position)) counts[position] = counts.GetValueOrDefault(position) + 1;
        if (Weight == NgramWeight.Count) return [.. counts.Select(c => (c.Key, (double)c.Value))];
        if (Weight == NgramWeight.Present) return [.. counts.Select(c => (c.Key, 1.0))];
        var length = Math.Sqrt(counts.Sum(c => Math.Pow(c.Value * Ngrams[c.Key].InverseDocumentFrequency, 2)));
        return [.. counts.Select(c => (c.Key, c.Value * Ngrams[c.Key].InverseDocumentFrequency / length))];
    }

    internal string NameOf(Ngram ngram) => $"{Column}: {ngram.Text}";
}
