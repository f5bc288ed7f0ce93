using System.Globalization;
using System.Text;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes.Steps;
using static ModelWorkbench.Core.Recipes.Expressions.ScriptLiterals;

namespace ModelWorkbench.Core.Recipes.Scripts;

/// <summary>Writes a recipe as a C# program in one file, to be run with <c>dotnet run recipe.cs -- in.csv out.csv</c> (.NET 10): it streams the original file row by row; with <c>--new-rows</c> it leaves no row out.</summary>
/// <remarks>The numbers that steps learnt stand in the program as they were learnt. Reads CSV by the package Sylvan.Data.Csv.</remarks>
public static class CSharpScript
{
    /// <param name="fitted">The recipe fitted on training rows: one fitted step for each enabled step.</param>
    /// <exception cref="ArgumentException">The fitted recipe is not of this recipe.</exception>
    public static RecipeScript Write(ScriptSource source, Recipe recipe, FittedRecipe fitted)
    {
        var (body, state, missing) = (new StringBuilder(), new ProgramState(), new List<string>());
        var steps = ScriptStep.Pair(source, recipe, fitted);
        foreach (var step in steps)
        {
            body.Append(CultureInfo.InvariantCulture, $"\n        // {step.Heading}\n");
            if (step.Fitted.Learnt.Count > 0) body.Append("        // The numbers were learnt from the training rows alone.\n");
            if (step.Fitted.DropsRows || step.Fitted.TrainingOnly) body.Append("        // For training only: when a model is asked, no row is left out.\n");
            if (Lines(step, source.Target, state) is { } lines) foreach (var line in lines) body.Append("        ").Append(line).Append('\n');
            else
            {
                missing.Add($"{step.Number}. {step.Step.Title}");
                body.Append(CultureInfo.InvariantCulture, $"        if (row is not null) throw new NotSupportedException({CSharp($"Step {step.Number}, {step.Step.Title}, has no counterpart in this program.")});\n");
            }
        }
        var after = steps.Count == 0 ? [.. source.Columns.Select(c => c.Name)] : steps[^1].Fitted.Replay(steps[^1].Before).Columns.Select(c => c.Name).ToArray();
        var options = source.Options;
        var unknown = ScriptStep.UnknownReading(options);
        if (unknown is not null) missing.Insert(0, $"Reading the file: {unknown}");
        var text = Template
            .Replace("@UNREADABLE@", unknown is null ? "" : $"if (bytes.CanRead) throw new NotSupportedException({CSharp($"The file is read with {unknown}, which has no counterpart in this program.")});", StringComparison.Ordinal)
            .Replace("@SOURCE@", Comment(source.FileName), StringComparison.Ordinal)
            .Replace("@DELIMITER@", Character(options.Delimiter[0]), StringComparison.Ordinal)
            .Replace("@QUOTE@", Character(options.Quote), StringComparison.Ordinal)
            .Replace("@ESCAPE@", Character(options.Escape ?? options.Quote), StringComparison.Ordinal)
            .Replace("@ENCODING@", CSharp(options.Encoding), StringComparison.Ordinal)
            .Replace("@SKIP@", options.SkipLines.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("@HEADER@", options.HasHeader ? "true" : "false", StringComparison.Ordinal)
            .Replace("@COMMENT@", options.CommentPrefix is { Length: > 0 } comment ? CSharp(comment) : "null", StringComparison.Ordinal)
            .Replace("@DECIMAL@", CSharp(options.DecimalMark.ToString()), StringComparison.Ordinal)
            .Replace("@GROUPED@", ScriptStep.GroupedNumber(options) is { } grouped ? CSharp(grouped) : "null", StringComparison.Ordinal)
            .Replace("@MARK@", CSharp(ScriptStep.GroupMark(options)), StringComparison.Ordinal)
            .Replace("@BADLINES@", CSharp(options.BadLines.ToString()), StringComparison.Ordinal)
            .Replace("@COLUMNS@", string.Concat(source.Columns.Select(c => $"\n        new({CSharp(c.Name)}, Kind.{(c.Kind == ColumnKind.DateTime ? "Date" : c.Kind.ToString())}, {Marks(options, c.Name)}),")), StringComparison.Ordinal)
            .Replace("@RESULT@", string.Join(", ", after.Select(CSharp)), StringComparison.Ordinal)
            .Replace("@STATE@", string.Concat(state.Members.Select(m => $"    {m}\n")), StringComparison.Ordinal)
            .Replace("@RESET@", string.Join(" ", state.Resets), StringComparison.Ordinal)
            .Replace("@FIRST@", string.Join(", ", state.FirstPasses), StringComparison.Ordinal)
            .Replace("@STEPS@", body.ToString(), StringComparison.Ordinal)
            .Replace("@FUNCTIONS@", Functions, StringComparison.Ordinal);
        foreach (var part in state.Parts) text = text.TrimEnd() + "\n\n" + Part(part);
        return new RecipeScript("recipe.cs", text, missing);
    }

    private static string Marks(CsvOptions options, string column) =>
        $"[{string.Join(", ", (options.ColumnMissingMarks.TryGetValue(column, out var own) ? own : options.MissingMarks).Select(m => CSharp(m.Trim())))}]";

    private static string Character(char c) => c == '\'' ? "'\\''" : c == '"' ? "'\"'" : $"'{CSharp(c.ToString())[1..^1]}'";

    /// <summary>The step as statements over a <c>row</c>, or null where it has no counterpart.</summary>
    /// <param name="state">Takes what outlives a row.</param>
    private static IReadOnlyList<string>? Lines(ScriptStep step, string? target, ProgramState state)
    {
        var before = step.Before;
        string Of(string column) => $"row[{CSharp(column)}]";
        string NumberOf(string column) => $"row.Number({CSharp(column)})";
        string Map(string column, string code) => $"{Of(column)} = Map({NumberOf(column)}, x => {code});";
        var N = step.Number;
        string Member(string type, string name, int i, string value)
        {
            state.Members.Add($"private static readonly {type} {name}{N}_{i} = {value};");
            return $"{name}{N}_{i}";
        }
        string Places(IReadOnlyList<string> texts, int i) => Member("Dictionary<string, int>", "Places", i, $"new() {{ {string.Join(", ", texts.Select((text, place) => $"[{CSharp(text)}] = {place}"))} }}");
        string Values(IEnumerable<double> values) => $"[{string.Join(", ", values.Select(Number))}]";
        IReadOnlyList<string> TargetEncode(FittedTargetEncode fitted, TargetEncodeStep settings)
        {
            var lines = new List<string>();
            if (target is not null)
            {
                // In training every row gets what the rows of the other folds teach, so all rows are looked at first.
                state.Parts.Add("TargetMeans.cs");
                Member("FoldMeans", "Folds", 0, $"new({settings.Folds}, {Number(settings.Smoothing)}, {settings.Seed})");
                state.Resets.Add($"Folds{N}_0.Restart();");
                state.FirstPasses.Add($"Folds{N}_0.Fit");
                var truth = before.Find(target) is NumericColumn ? $"{NumberOf(target)} ?? double.NaN"
                    : string.Join(", ", fitted.Outputs.Select(output => $"row.Text({CSharp(target)}) is null ? double.NaN : row.Text({CSharp(target)}) == {CSharp(output)} ? 1 : 0"));
                lines.Add($"if (Training && !Folds{N}_0.IsFitted) {{ Folds{N}_0.Add([{string.Join(", ", fitted.Encodings.Select(e => $"row.Text({CSharp(e.Column)})"))}], [{truth}]); return false; }}");
                lines.Add($"var means{N} = Training ? Folds{N}_0.Next() : null;");
            }
            foreach (var (i, encoding) in fitted.Encodings.Index())
            {
                var means = Member("Dictionary<string, double[]>", "Means", i, $"new() {{ {string.Join(", ", encoding.Categories.Select((category, c) => $"[{CSharp(category)}] = {Values(encoding.Values[c])}"))} }}");
                var names = Member("string[]", "Names", i, $"[{Join(Enumerable.Range(0, fitted.Prior.Length).Select(output => fitted.NameOf(encoding.Column, output)))}]");
                var learnt = $"(row.Text({CSharp(encoding.Column)}) is {{ }} category{N}_{i} ? {means}.TryGetValue(category{N}_{i}, out var mean{N}_{i}) ? mean{N}_{i} : {Values(fitted.Prior)} : {Values(encoding.Missing)})";
                lines.Add($"row.Replace({CSharp(encoding.Column)}, {names}, {(target is null ? learnt : $"means{N}?[{i}] ?? {learnt}")});");
            }
            return lines;
        }
        switch (step.Fitted)
        {
            case FittedDropMissingRows s: return [.. s.Columns.Select(c => $"if (Training && {Of(c)} is null) return false;")];
            case FittedDropDuplicates s:
                if (s.Columns.Count == 0) return [];
                state.Members.Add($"private static readonly HashSet<string> Seen{step.Number} = [];");
                state.Resets.Add($"Seen{step.Number}.Clear();");
                return [$"if (Training && !Seen{step.Number}.Add(row.Key({Join(s.Columns)}))) return false;"];
            case FittedDropColumns s: return [.. s.Columns.Select(c => $"row.Remove({CSharp(c)});")];
            case FittedRenameColumn s: return [$"row.Rename({CSharp(s.From)}, {CSharp(s.To)});"];
            case FittedFillMissing s:
                return
                [
                    .. (s.Flagged ?? []).Select(name => $"row[{CSharp(FillMissingStep.FlagName(name))}] = {Of(name)} is null ? \"true\" : \"false\";"),
                    // Groups are looked at as they were before anything is filled in.
                    .. s.GroupBy is { } by ? (string[])[$"var group{step.Number} = ToText({Of(by)});"] : [],
                    .. s.Fills.SelectMany(fill => (string[])
                    [
                        .. fill.ByGroup is { } groups && s.GroupBy is not null
                            ? (string[])[$"{Of(fill.Column)} ??= group{step.Number} switch {{ {string.Concat(groups.Select(g => $"{CSharp(g.Key)} => {Value(before[fill.Column], g.Value)}, "))}_ => (object?)null }};"] : [],
                        $"{Of(fill.Column)} ??= {Value(before[fill.Column], fill.Value)};",
                    ]),
                ];
            case FittedChangeKind s:
                return before.Find(s.Column) is not { } changed || changed.Kind == s.Kind ? []
                    : s.Kind switch
                    {
                        ColumnKind.Numeric => [$"{Of(s.Column)} = ToNumber(ToText({Of(s.Column)}));"],
                        ColumnKind.DateTime => [$"{Of(s.Column)} = ToDate(ToText({Of(s.Column)}));"],
                        ColumnKind.Boolean => [$"if (Truth(ToText({Of(s.Column)})) is null) {Of(s.Column)} = null; else {Of(s.Column)} = ToText({Of(s.Column)});"],
                        _ => [$"{Of(s.Column)} = ToText({Of(s.Column)});"],
                    };
            case FittedLog1p s: return [.. s.Columns.Select(c => Map(c, "Log1p(x)"))];
            case FittedLog s: return [.. s.Columns.Select(c => Map(c, "Math.Log(x)"))];
            case FittedSquareRoot s: return [.. s.Columns.Select(c => Map(c, "Math.Sqrt(x)"))];
            case FittedYeoJohnson s: return [.. s.Powers.Select(p => Map(p.Column, $"YeoJohnson(x, {Number(p.Lambda)})"))];
            case FittedScale s: return [.. s.Scales.Select(c => Map(c.Column, $"(x - {Signed(c.Center)}) / {Signed(c.Scale)}"))];
            case FittedClipOutliers s: return [.. s.Bounds.Select(b => Map(b.Column, $"Math.Clamp(x, {Number(b.Lower)}, {Number(b.Upper)})"))];
            case FittedDropOutliers s: return [.. s.Bounds.Select(b => $"if (Training && ({NumberOf(b.Column)} < {Signed(b.Lower)} || {NumberOf(b.Column)} > {Signed(b.Upper)})) return false;")];
            case FittedPca s:
                return
                [
                    $"row.Project([{Join(s.Columns)}], [{Join(s.ComponentNames)}],",
                    $"    [{string.Join(", ", s.Components.Mean.Select(Number))}],",
                    $"    [{string.Join(", ", s.Components.Scale.Select(Number))}],",
                    $"    [{string.Join(", ", s.Components.Components.Select(c => $"[{string.Join(", ", c.Select(Number))}]"))}]);",
                ];
            case FittedValuesToMissing s:
                return [.. s.Columns.Where(c => before.Find(c) is not null).SelectMany(c => s.Values.Select(v => $"if ({Equals(before[c], v.Trim())}) {Of(c)} = null;"))];
            case FittedReplaceText s: return [.. s.Columns.Where(c => before.Find(c) is not null).Select(c => $"{Of(c)} = OrMissing({Replace($"row.Text({CSharp(c)})", s)});")];
            case FittedTidyText s:
                return [.. s.Columns.Where(c => before.Find(c) is not null).Select(c =>
                {
                    var code = $"row.Text({CSharp(c)})" + (s.Trim ? "?.Trim()" : "");
                    if (s.CollapseBlanks) code = $"Collapse({code})";
                    if (s.Case != LetterCase.Keep) code += s.Case == LetterCase.Lower ? "?.ToLowerInvariant()" : "?.ToUpperInvariant()";
                    return $"{Of(c)} = OrMissing({code});";
                })];
            case FittedDateParts s:
                return
                [
                    .. s.Parts.Reverse().Select(p => $"row.InsertAfter({CSharp(s.Column)}, {CSharp(FittedDateParts.NameOf(s.Column, p))}, Part(row.Date({CSharp(s.Column)}), d => {DatePartOf(p, s.Since)}));"),
                    .. s.KeepSource ? (string[])[] : [$"row.Remove({CSharp(s.Column)});"],
                ];
            case FittedMergeRare s:
                return [.. s.Kept.Select((k, i) => $"if ({Of(k.Column)} is string && !{Member("HashSet<string>", "Kept", i, $"[{Join(k.Values)}]")}.Contains(row.Text({CSharp(k.Column)})!)) {Of(k.Column)} = {CSharp(s.Other)};")];
            case FittedOneHot s:
                return [.. s.Columns.Select((c, i) => $"row.Replace({CSharp(c.Column)}, {Member("string[]", "Names", i, $"[{Join(c.Values.Select(v => FittedOneHot.NameOf(c.Column, v)))}]")}, OneAt({Places(c.Values, i)}.TryGetValue(row.Text({CSharp(c.Column)}) ?? Missing, out var place{N}_{i}) ? place{N}_{i} : -1, {c.Values.Count}));")];
            case FittedOrdinalEncode s:
                return [.. s.Columns.Select((c, i) => $"{Of(c.Column)} = {Places(c.Values, i)}.TryGetValue(row.Text({CSharp(c.Column)}) ?? Missing, out var place{N}_{i}) ? (double)place{N}_{i} : null;")];
            case FittedParseNumber s:
                state.Parts.Add("NumberTexts.cs");
                Member("NumberTexts", "Numbers", 0, $"new(DecimalMark.{s.Decimal}, {Word(s.PercentAsFraction)}, {Word(s.Magnitudes)})");
                return [.. s.Columns.Where(c => before.Find(c) is DictionaryColumn).Select(c => $"{Of(c)} = Read(row.Text({CSharp(c)}), Numbers{N}_0.Read);")];
            case FittedParseDate s:
                state.Parts.Add("DateTexts.cs");
                Member("DateTexts", "Dates", 0, $"new(DatePartOrder.{s.Order})");
                return [.. s.Columns.Where(c => before[c].Kind != ColumnKind.DateTime).Select(c => $"{Of(c)} = DateTimeColumn.Read(ToText({Of(c)}), Dates{N}_0.Read);")];
            case FittedBin s:
                return [.. s.Columns.Select((c, i) =>
                {
                    var place = $"Bin({NumberOf(c.Column)}, {Member("double[]", "Edges", i, $"[{string.Join(", ", c.Edges.Select(Number))}]")})";
                    return s.AsNumbers ? $"{Of(c.Column)} = (double?){place};" : $"{Of(c.Column)} = {place} is {{ }} bin{N}_{i} ? {Member("string[]", "Bins", i, $"[{Join(FittedBin.Labels(c.Edges))}]")}[bin{N}_{i}] : null;";
                })];
            case FittedHashEncode s:
                state.Parts.Add("StableHash.cs");
                return [.. s.Columns.Select((c, i) => $"row.Replace({CSharp(c)}, {Member("string[]", "Names", i, $"[{Join(FittedHashEncode.Names(c, s.Buckets))}]")}, OneAt(row.Text({CSharp(c)}) is {{ }} hashed{N}_{i} ? StableHash.Bucket(hashed{N}_{i}, {s.Buckets}) : -1, {s.Buckets}));")];
            case FittedTextNgrams s:
                state.Parts.Add("NgramTexts.cs");
                Member("string[]", "Names", 0, $"[{Join(s.Ngrams.Select(s.NameOf))}]");
                Places([.. s.Ngrams.Select(n => n.Text)], 0);
                Member("double[]", "Weights", 0, $"[{string.Join(", ", s.Ngrams.Select(n => Number(s.Weight == NgramWeight.TfIdf ? n.InverseDocumentFrequency : 1)))}]");
                return
                [
                    $"row.Replace({CSharp(s.Column)}, Names{N}_0, NgramColumns.Weigh(row.Text({CSharp(s.Column)}), NgramUnit.{s.Unit}, {s.Shortest}, {s.Longest}, Places{N}_0, Weights{N}_0, {CSharp(s.Weight.ToString())}){(s.KeepSource ? ", keep: true" : "")});",
                ];
            case FittedTargetEncode s: return TargetEncode(s, (TargetEncodeStep)step.Step);
            case FittedSampleRows s:
                state.Parts.Add("RowSample.cs");
                state.Members.Add($"private static HashSet<int>? Drawn{N};");
                state.Members.Add($"private static int Rows{N};");
                state.Resets.Add($"Rows{N} = 0;");
                state.FirstPasses.Add(s.Count is { } count ? $"() => Drawn{N} = [.. RowSample.Take(Rows{N}, {count}, {s.Seed})]"
                    : $"() => Drawn{N} = [.. Enumerable.Range(0, Rows{N}).Where(row => RowSample.Chance(row, {s.Seed}) < {Number(s.Fraction!.Value)}).DefaultIfEmpty(0)]");
                return [$"Rows{N}++;", $"if (Training && Drawn{N}?.Contains(Rows{N} - 1) != true) return false;"];
            // The order is that in which the columns are written.
            case FittedReorderColumns: return [];
            case FittedFilterRows s: return [$"if (Training && {s.Parsed.ToCSharp()} != true) return false;"];
            case FittedDerivedColumn s: return [$"row[{CSharp(s.Name)}] = Plain({s.Parsed.ToCSharp()});"];
            default: return null;
        }
    }

    /// <summary>What a program holds beside its statements.</summary>
    private sealed class ProgramState
    {
        /// <summary>Fields of the program.</summary>
        public List<string> Members { get; } = [];

        /// <summary>Statements that forget the rows seen.</summary>
        public List<string> Resets { get; } = [];

        /// <summary>What is done after the rows were gone through up to a step that must know them all, in order of the steps.</summary>
        public List<string> FirstPasses { get; } = [];

        /// <summary>Files of our own that the program holds word for word.</summary>
        public HashSet<string> Parts { get; } = [];
    }

    private static string Part(string name) => Embedded(name) + Joints.GetValueOrDefault(name);

    /// <summary>A file of ours without its namespace.</summary>
    internal static string Embedded(string name)
    {
        using var reader = new StreamReader(typeof(CSharpScript).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The file {name} is not embedded."));
        var lines = reader.ReadToEnd().Split('\n').Select(l => l.TrimEnd('\r'))
            .Where(l => !l.StartsWith("using ", StringComparison.Ordinal) && !l.StartsWith("namespace ", StringComparison.Ordinal) && !l.Contains("<remarks>Stands word for word", StringComparison.Ordinal)
                && !l.EndsWith("Stands word for word in exported C# programs.</remarks>", StringComparison.Ordinal));
        return string.Join('\n', lines).Trim() + "\n";
    }

    private static readonly Dictionary<string, string> Joints = new()
    {
        ["DateTexts.cs"] = """

            static class ColumnConversion
            {
                public static bool TryParseMoment(string text, out long ticks)
                {
                    var moment = Recipe.ToDate(text);
                    ticks = moment?.Ticks ?? DateTimeColumn.MissingTicks;
                    return moment is not null;
                }
            }

            static class DateTimeColumn
            {
                public const long MissingTicks = long.MinValue;
                public static DateTime? Read(string? text, Func<string, long> read) => text is not null && read(text) is var ticks and not MissingTicks ? new DateTime(ticks, DateTimeKind.Utc) : null;
            }

            """,
        ["NgramTexts.cs"] = """

            static class NgramColumns
            {
                public static double[] Weigh(string? text, NgramUnit unit, int shortest, int longest, Dictionary<string, int> places, double[] weights, string kind)
                {
                    var values = new double[weights.Length];
                    if (text is null) return values;
                    foreach (var gram in NgramTexts.Split(text, unit, shortest, longest))
                        if (places.TryGetValue(gram, out var place)) values[place]++;
                    if (kind == "Count") return values;
                    if (kind == "Present") return Array.ConvertAll(values, value => value > 0 ? 1.0 : 0.0);
                    for (var i = 0; i < values.Length; i++) values[i] *= weights[i];
                    var length = Math.Sqrt(values.Sum(value => value * value));
                    return length == 0 ? values : Array.ConvertAll(values, value => value / length);
                }
            }

            """,
        ["TargetMeans.cs"] = """

            /// <summary>Each row gets what was learnt from the folds it is not in: with its own target among them, a category of one row would tell it.</summary>
            sealed class FoldMeans(int folds, double smoothing, int seed)
            {
                private readonly List<int[]> _categories = [];
                private readonly List<double[]> _truth = [];
                private readonly Dictionary<string, int> _codes = [];
                private double[][][]? _means;
                private int _row;

                public bool IsFitted { get; private set; }

                public void Add(string?[] categories, double[] truth)
                {
                    _categories.Add(Array.ConvertAll(categories, category =>
                    {
                        if (category is null) return 0;
                        if (!_codes.TryGetValue(category, out var code)) _codes.Add(category, code = _codes.Count + 1);
                        return code;
                    }));
                    _truth.Add(truth);
                }

                public void Fit()
                {
                    IsFitted = true;
                    if (_truth.Count < 2) return;
                    var count = Math.Min(folds, _truth.Count);
                    var foldOfRow = TargetMeans.AssignFolds(_truth.Count, count, seed);
                    _means = [.. Enumerable.Range(0, _categories[0].Length).Select(column => Enumerable.Range(0, _truth[0].Length).Select(output =>
                        TargetMeans.CrossFit([.. _categories.Select(c => c[column])], _codes.Count + 1, [.. _truth.Select(t => t[output])], foldOfRow, count, smoothing)).ToArray())];
                }

                public void Restart() => _row = 0;

                /// <summary>For each column one number an output; null where there are no other rows to learn from.</summary>
                public double[][]? Next()
                {
                    var row = _row++;
                    return _means is null ? null : Array.ConvertAll(_means, column => Array.ConvertAll(column, output => output[row]));
                }
            }

            """,
    };

    private static string Word(bool value) => value ? "true" : "false";

    private static string Equals(Column column, string value) => column.Kind switch
    {
        ColumnKind.Numeric => ColumnConversion.TryParseNumber(value, out var number) ? $"row.Number({CSharp(column.Name)}) == {Signed(number)}" : "false",
        ColumnKind.DateTime => $"row.Date({CSharp(column.Name)}) is not null && row.Date({CSharp(column.Name)}) == ToDate({CSharp(value)})",
        _ => $"string.Equals(row.Text({CSharp(column.Name)})?.Trim(), {CSharp(value)}, StringComparison.OrdinalIgnoreCase)",
    };

    private static string Replace(string code, FittedReplaceText s)
    {
        var comparison = s.IgnoreCase ? "StringComparison.OrdinalIgnoreCase" : "StringComparison.Ordinal";
        return s.Match switch
        {
            TextMatch.Whole => $"string.Equals({code}, {CSharp(s.Find)}, {comparison}) ? {CSharp(s.Replacement)} : {code}",
            TextMatch.Part => $"{code}?.Replace({CSharp(s.Find)}, {CSharp(s.Replacement)}, {comparison})",
            _ => $"Change({code}, found => Regex.Replace(found, {CSharp(s.Find)}, {CSharp(s.Replacement)}, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant{(s.IgnoreCase ? " | RegexOptions.IgnoreCase" : "")}))",
        };
    }

    private static string DatePartOf(DatePart part, string? since) => part switch
    {
        DatePart.DaysSince => $"(d - ToDate({CSharp(since!)})!.Value).TotalDays",
        DatePart.Weekday => "((int)d.DayOfWeek + 6) % 7",
        DatePart.Quarter => "(d.Month + 2) / 3",
        _ => $"d.{part}",
    };

    private static string Value(Column column, string value) => column.Kind switch
    {
        ColumnKind.Numeric => Signed(double.Parse(value, CultureInfo.InvariantCulture)),
        ColumnKind.DateTime => $"ToDate({CSharp(value)})",
        _ => CSharp(value),
    };

    private static string Signed(double value) => value < 0 ? $"({Number(value)})" : Number(value);
    private static string Join(IEnumerable<string> names) => string.Join(", ", names.Select(CSharp));

    /// <summary>What formulas and steps call; members of a class with a <c>DateReader</c> beside them.</summary>
    internal const string Functions = """"
            // A value that is missing is null; what is computed from null is null.
            public static object? Plain(double? value) => Finite(value);
            public static object? Plain(DateTime? value) => value;
            public static object? Plain(bool? value) => ToText(value);
            public static object? Plain(string? value) => value;
            public static double? Finite(double? value) => value is { } x && double.IsFinite(x) ? x : null;
            public static double? Map(double? value, Func<double, double> function) => value is { } x ? Finite(function(x)) : null;
            public static double? Map(double? left, double? right, Func<double, double, double> function) => left is { } x && right is { } y ? Finite(function(x, y)) : null;
            public static double? Part(DateTime? value, Func<DateTime, double> part) => value is { } d ? part(d) : null;
            public static bool? Is(int? order, Func<int, bool> test) => order is { } o ? test(o) : null;
            public static int? Order(double? a, double? b) => a is { } x && b is { } y ? x.CompareTo(y) : null;
            public static int? Order(string? a, string? b) => a is not null && b is not null ? string.CompareOrdinal(a, b) : null;
            public static int? Order(DateTime? a, DateTime? b) => a is { } x && b is { } y ? x.CompareTo(y) : null;
            public static int? Order(bool? a, bool? b) => a is { } x && b is { } y ? x.CompareTo(y) : null;
            public static string? Concat(params string?[] texts) => texts.Contains(null) ? null : string.Concat(texts);
            public static double? Length(string? text) => text?.EnumerateRunes().Count();
            public static string? Substring(string? text, int start, int length) => text is null ? null : string.Concat(text.EnumerateRunes().Skip(start).Take(length));
            public static string? OrMissing(string? text) => string.IsNullOrEmpty(text) ? null : text;
            public static string? Collapse(string? text) => text is null ? null : Regex.Replace(text, @"\s+", " ");
            public static double? ToNumber(bool? value) => value is { } v ? v ? 1 : 0 : null;
            public static double? ToNumber(string? text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? Finite(number) : null;
            public static DateTime? ToDate(string? text) => text is null ? null : new DateReader(0).Read(text.Trim());

            public static string? Change(string? text, Func<string, string> change) => text is null ? null : change(text);
            public static double? Read(string? text, Func<string, double> read) => text is null ? null : Finite(read(text));

            // No text is this one, as no text of the file has a character that is half of another.
            private const string Missing = "\ud800";

            public static double[] OneAt(int place, int count)
            {
                var values = new double[count];
                if (place >= 0) values[place] = 1;
                return values;
            }

            /// <summary>An edge belongs to the bin below it.</summary>
            public static int? Bin(double? value, double[] edges) => value is { } x ? edges.Count(edge => edge < x) : null;

            public static bool? Truth(string? word) => word?.ToLowerInvariant() switch
            {
                "true" or "yes" or "y" or "t" or "1" => true,
                "false" or "no" or "n" or "f" or "0" => false,
                _ => null,
            };

            public static string? ToText(object? value) => value switch
            {
                double number => number.ToString("R", CultureInfo.InvariantCulture),
                DateTime moment => moment.ToString(moment.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture),
                bool truth => truth ? "true" : "false",
                _ => (string?)value,
            };

            /// <summary>With the sign of the divisor: -7 % 3 is 2.</summary>
            public static double Modulo(double a, double b)
            {
                if (b == 0) return double.NaN;
                var rest = a % b;
                return rest != 0 && rest < 0 != b < 0 ? rest + b : rest;
            }

            /// <summary>So many digits after the point; a number too large for it stays as it is.</summary>
            public static double RoundTo(double x, int digits)
            {
                var factor = Math.Pow(10, digits);
                return Math.Round(x * factor) is var scaled && double.IsFinite(scaled) ? scaled / factor : x;
            }

            public static double Log1p(double x)
            {
                if (!(x > -1)) return double.NaN;
                var u = 1 + x;
                return u == 1 || double.IsPositiveInfinity(u) ? x : Math.Log(u) * (x / (u - 1));
            }

            public static double YeoJohnson(double x, double power)
            {
                static double Bend(double y, double p) => Math.Abs(p) < 1e-12 ? Log1p(y) : (Math.Pow(y + 1, p) - 1) / p;
                return x >= 0 ? Bend(x, power) : -Bend(-x, 2 - power);
            }
        """";

    private const string Template = """"
        #:package Sylvan.Data.Csv@1.4.4
        #:property PublishAot=false
        #nullable enable
        // Cleans @SOURCE@: the recipe of Model Workbench as a C# program.
        // dotnet run recipe.cs -- in.csv out.csv
        // With --new-rows at the end no row is left out and rows are encoded as for a model that is asked; otherwise rows are made to learn from.
        using System.Buffers.Binary;
        using System.ComponentModel;
        using System.Globalization;
        using System.IO.Compression;
        using System.Numerics;
        using System.Text;
        using System.Text.RegularExpressions;
        using Sylvan.Data.Csv;

        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        Recipe.Run(args[0], args[1], training: !args.Contains("--new-rows"));

        static class Recipe
        {
            // The columns of the file, what they mean, and the texts that mean "missing".
            private static readonly Field[] Fields =
            [@COLUMNS@
            ];

            private static readonly string[] Result = [@RESULT@];
            private static bool Training;
        @STATE@
            // Steps that must know all rows before they change the first one.
            private static readonly Action[] FirstPasses = [@FIRST@];
            private static void Restart() { @RESET@ }

            /// <summary>Whether the row is kept; changes it on the way.</summary>
            private static bool Clean(Row row)
            {@STEPS@
                return true;
            }

            public static void Run(string source, string target, bool training)
            {
                Training = training;
                var formats = DateReader.Find(Fields, Read(source));
                foreach (var learn in training ? FirstPasses : [])
                {
                    foreach (var row in Rows(source, formats)) Clean(row);
                    learn();
                    Restart();
                }
                using var writer = new StreamWriter(target);
                writer.WriteLine(string.Join(',', Result.Select(Quote)));
                var kept = 0;
                foreach (var row in Rows(source, formats))
                {
                    if (!Clean(row)) continue;
                    writer.WriteLine(string.Join(',', Result.Select(name => Quote(ToText(row[name]) ?? ""))));
                    kept++;
                }
                Console.WriteLine($"{kept} rows, {Result.Length} columns to {target}");
            }

            private static IEnumerable<Row> Rows(string source, DateReader[] formats)
            {
                foreach (var texts in Read(source))
                {
                    var row = new Row();
                    for (var i = 0; i < Fields.Length; i++)
                    {
                        var (field, text) = (Fields[i], texts[i]);
                        var trimmed = text?.Trim();
                        row[field.Name] = string.IsNullOrEmpty(trimmed) || field.Missing.Contains(trimmed) ? null : field.Kind switch
                        {
                            Kind.Numeric => ReadNumber(trimmed),
                            Kind.Date => formats[i].Read(trimmed),
                            // Text is kept as written.
                            Kind.Text => text,
                            _ => trimmed,
                        };
                    }
                    yield return row;
                }
            }

            private static Stream Open(string source)
            {
                if (source.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)) return new GZipStream(File.OpenRead(source), CompressionMode.Decompress);
                return source.EndsWith(".zip", StringComparison.OrdinalIgnoreCase) ? ZipFile.OpenRead(source).Entries.First(e => e.Length > 0).Open() : File.OpenRead(source);
            }

            private static IEnumerable<string?[]> Read(string source)
            {
                using var bytes = Open(source);
                @UNREADABLE@
                using var text = new StreamReader(bytes, Encoding.GetEncoding(@ENCODING@));
                for (var line = 0; line < @SKIP@; line++) text.ReadLine();
                string? comment = @COMMENT@;
                using var reader = CsvDataReader.Create(text, new CsvDataReaderOptions
                {
                    HasHeaders = false, Delimiter = @DELIMITER@, Quote = @QUOTE@, Escape = @ESCAPE@,
                    BufferSize = 1 << 16, MaxBufferSize = 1 << 24, ResultSetMode = ResultSetMode.SingleResult,
                });
                var isHeader = @HEADER@;
                while (reader.Read())
                {
                    var count = reader.RowFieldCount;
                    if (count == 0 || (count == 1 && reader.GetString(0).Length == 0)) continue;
                    if (comment is not null && reader.GetString(0).StartsWith(comment, StringComparison.Ordinal)) continue;
                    if (isHeader) { isHeader = false; continue; }
                    // A delimiter at the end of the line begins no field.
                    var fits = count == Fields.Length || (count == Fields.Length + 1 && reader.GetString(count - 1).Trim().Length == 0);
                    if (!fits && @BADLINES@ == "Skip") continue;
                    if (!fits && @BADLINES@ == "Stop") throw new InvalidDataException($"Row {reader.RowNumber}: found {count} fields, expected {Fields.Length}.");
                    var texts = new string?[Fields.Length];
                    for (var i = 0; i < Math.Min(count, texts.Length); i++) texts[i] = reader.GetString(i);
                    yield return texts;
                }
            }

            private static double? ReadNumber(string text)
            {
                string? grouped = @GROUPED@;
                if (grouped is not null && Regex.IsMatch(text, grouped)) text = Regex.Replace(text, @MARK@, "");
                var format = new NumberFormatInfo { NumberDecimalSeparator = @DECIMAL@, NumberGroupSeparator = "" };
                return double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, format, out var number) ? Finite(number) : null;
            }

            private static string Quote(string text) => text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"")}\"" : text;

        @FUNCTIONS@

            enum Kind { Numeric, Category, Text, Date, Boolean }

            sealed record Field(string Name, Kind Kind, string[] Missing);

            /// <summary>Values by column, in order: numbers, dates, texts.</summary>
            sealed class Row : OrderedDictionary<string, object?>
            {
                public double? Number(string name) => (double?)this[name];
                public DateTime? Date(string name) => (DateTime?)this[name];
                public string? Text(string name) => (string?)this[name];
                public bool? Truth(string name) => Recipe.Truth((string?)this[name]);

                public string Key(params string[] names) => string.Concat(names.Select(name => (this[name] is double and 0 ? "0" : ToText(this[name])) is { } text ? $"{text.Length}:{text}" : "-"));

                public void Rename(string from, string to)
                {
                    var (place, value) = (IndexOf(from), this[from]);
                    RemoveAt(place);
                    Insert(place, to, value);
                }

                public void InsertAfter(string column, string name, object? value) => Insert(IndexOf(column) + 1, name, value);

                public void Replace(string column, string[] names, double[] values, bool keep = false)
                {
                    if (!keep) Remove(column);
                    for (var i = 0; i < names.Length; i++) this[names[i]] = values[i];
                }

                public void Project(string[] from, string[] to, double[] mean, double[] scale, double[][] components)
                {
                    var scores = components.Select(weights => from.Select((name, j) => Number(name) is { } x ? (x - mean[j]) / scale[j] * weights[j] : 0).Sum()).ToArray();
                    foreach (var name in from) Remove(name);
                    for (var i = 0; i < to.Length; i++) this[to[i]] = scores[i];
                }
            }

            /// <summary>Dates in one order of day, month and year.</summary>
            sealed class DateReader(int order)
            {
                private static readonly string[][] Orders =
                [
                    ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd HH:mmK"],
                    ["yyyy/M/d", "yyyy/M/d H:mm", "yyyy/M/d H:mm:ss"],
                    ["d.M.yyyy", "d.M.yyyy H:mm", "d.M.yyyy H:mm:ss"],
                    ["M/d/yyyy", "M/d/yyyy H:mm", "M/d/yyyy H:mm:ss"],
                    ["d/M/yyyy", "d/M/yyyy H:mm", "d/M/yyyy H:mm:ss"],
                ];

                public DateTime? Read(string text) => DateTime.TryParseExact(text, Orders[order], CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment) ? moment : null;

                /// <summary>For each column the order that fits most of its values.</summary>
                public static DateReader[] Find(Field[] fields, IEnumerable<string?[]> rows)
                {
                    var readers = Orders.Select((_, i) => new DateReader(i)).ToArray();
                    var counts = fields.Select(_ => new int[readers.Length]).ToArray();
                    var dates = fields.Index().Where(f => f.Item.Kind == Kind.Date).Select(f => f.Index).ToArray();
                    if (dates.Length > 0)
                        foreach (var row in rows)
                            foreach (var i in dates)
                                for (var r = 0; r < readers.Length; r++)
                                    if (row[i] is { } text && readers[r].Read(text.Trim()) is not null) counts[i][r]++;
                    return [.. counts.Select(c => readers[Array.IndexOf(c, c.Max())])];
                }
            }
        }
        """";
}
