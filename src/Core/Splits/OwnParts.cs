using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Splits;

/// <summary>The parts that a column names: training, validation and test, or the number of a fold.</summary>
internal sealed class OwnParts
{
    public const string Expected = "train, validation or test, or the numbers of folds";

    private const int TrainingPart = -1;
    private const int ValidationPart = -2;
    private const int TestPart = -3;
    private const int UnknownPart = -4;
    private const int MostExamples = 5;

    private static readonly Dictionary<string, int> Names = new (int Part, string[] Words)[]
    {
        (TrainingPart, ["train", "training", "learn", "learning", "fit"]),
        (ValidationPart, ["validation", "validate", "valid", "val", "dev", "development", "eval"]),
        (TestPart, ["test", "testing", "holdout", "hold-out", "hold_out", "hold out", "locked"]),
    }.SelectMany(p => p.Words, (p, word) => (word, p.Part)).ToDictionary(p => p.word, p => p.Part, StringComparer.OrdinalIgnoreCase);

    private readonly int[] _parts;

    private OwnParts(int[] parts, IReadOnlyList<int> folds) => (_parts, Folds) = (parts, folds);

    /// <summary>The different numbers of folds, ascending; empty where parts are named.</summary>
    public IReadOnlyList<int> Folds { get; }

    public bool HasTraining => Has(TrainingPart);
    public bool HasValidation => Has(ValidationPart);
    public bool HasTest => Has(TestPart);

    public bool[] IsTest => Array.ConvertAll(_parts, p => p == TestPart);
    public bool[] IsValidation => Array.ConvertAll(_parts, p => p == ValidationPart);
    public bool[] IsFold(int number) => Array.ConvertAll(_parts, p => p == number);

    private bool Has(int part) => Array.IndexOf(_parts, part) >= 0;

    /// <summary>Reads the column as it is; what it does not know is left unknown.</summary>
    public static OwnParts Of(Column by)
    {
        var (codes, count) = ColumnCodes.Of(by);
        var meanings = new int[count];
        Array.Fill(meanings, int.MinValue);
        var parts = new int[codes.Length];
        for (var row = 0; row < parts.Length; row++)
        {
            ref var meaning = ref meanings[codes[row]];
            if (meaning == int.MinValue) meaning = Meaning(by.GetText(row));
            parts[row] = meaning;
        }
        return new OwnParts(parts, [.. parts.Where(p => p >= 0).Distinct().Order()]);
    }

    /// <summary>Every reason why these parts cannot be used; empty where they can.</summary>
    /// <param name="by">The column they were read from.</param>
    /// <param name="lines">The line of each row.</param>
    /// <param name="plan">Whether there is to be a locked test set.</param>
    public IReadOnlyList<SplitProblem> Problems(Column by, ReadOnlySpan<int> lines, SplitPlan plan)
    {
        var unknown = new Dictionary<string, (int Count, int Line)>(StringComparer.Ordinal);
        for (var row = 0; row < _parts.Length; row++)
        {
            if (_parts[row] != UnknownPart || by.IsMissing(row)) continue;
            var text = by.GetText(row)!;
            var (count, line) = unknown.GetValueOrDefault(text, (0, lines[row]));
            unknown[text] = (count + 1, line);
        }
        if (unknown.Count > 0)
            return [Problem($"Column '{by.Name}': expected {Expected}; found {string.Join(", ", unknown.Take(MostExamples).Select(u => $"'{u.Key}' in {Rows(u.Value.Count)} ({(u.Value.Count > 1 ? "first on " : "")}line {u.Value.Line})"))}{(unknown.Count > MostExamples ? $" and {unknown.Count - MostExamples} more values" : "")}.")];
        if (Folds.Count > 0)
        {
            if (HasTraining || HasValidation) return [Problem($"Column '{by.Name}' holds numbers of folds ({Numbers()}) and rows marked {(HasTraining ? "train" : "validation")}; expected either names or numbers, test rows apart.")];
            var needed = HasTest || plan.TestFraction == 0 ? 2 : 3;
            if (Folds.Count < needed) return [Problem($"Column '{by.Name}' numbers {(Folds.Count == 1 ? "1 fold" : $"{Folds.Count} folds")} ({Numbers()}); expected at least {needed}{(needed == 3 ? ", one of which becomes the locked test set as no row is marked test" : "")}.")];
            var most = SplitPlan.MaximumFolds + (needed == 3 ? 1 : 0);
            return Folds.Count <= most ? [] : [Problem($"Column '{by.Name}' numbers {Folds.Count} folds; expected at most {most}.")];
        }
        if (!HasTraining) return [Problem($"Column '{by.Name}' marks no row as train; expected {Expected}, found only {(HasValidation && HasTest ? "validation and test" : HasTest ? "test" : "validation")}.")];
        return [];

        SplitProblem Problem(string message) => new(message, nameof(SplitPlan.Column));
        string Numbers() => string.Join(", ", Folds.Take(MostExamples)) + (Folds.Count > MostExamples ? ", …" : "");
        static string Rows(int count) => count == 1 ? "1 row" : string.Create(CultureInfo.InvariantCulture, $"{count:N0} rows");
    }

    /// <summary>Whether all values that are there have a meaning, and more than one part is named.</summary>
    public static bool IsLikely(Column column)
    {
        var parts = Of(column);
        if (parts.Has(UnknownPart)) return false;
        return parts.Folds.Count > 0 ? parts.Folds.Count is >= 3 and <= SplitPlan.MaximumFolds && !parts.HasTraining && !parts.HasValidation : parts.HasTraining && (parts.HasValidation || parts.HasTest);
    }

    private static int Meaning(string? text)
    {
        if (text is null) return UnknownPart;
        var name = text.Trim();
        if (Names.TryGetValue(name, out var part)) return part;
        if (name.StartsWith("fold", StringComparison.OrdinalIgnoreCase)) name = name[4..].TrimStart(' ', '_', '-', '.');
        return int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : UnknownPart;
    }
}
