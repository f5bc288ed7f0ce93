using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes.Steps;
using static ModelWorkbench.Core.Recipes.Expressions.ScriptLiterals;

namespace ModelWorkbench.Core.Recipes.Scripts;

/// <summary>Writes a recipe as a Python program over pandas: it reads the original file, applies the enabled steps, and writes the cleaned rows.</summary>
/// <remarks>The numbers that steps learnt stand in the program as they were learnt, so that it never learns from other than training rows. With <c>--new-rows</c> it leaves no row out. Needs pandas 1.5 or later and numpy; as these know no dates outside the years 1678 to 2261, such dates are missing there.
/// Patterns are those of Python's re: there \w takes in ² and ½ too, and where case is ignored a-z takes in the Turkish İ and ı.</remarks>
public static class PandasScript
{
    /// <param name="fitted">The recipe fitted on training rows: one fitted step for each enabled step.</param>
    /// <exception cref="ArgumentException">The fitted recipe is not of this recipe.</exception>
    public static RecipeScript Write(ScriptSource source, Recipe recipe, FittedRecipe fitted)
    {
        var (body, missing) = (new StringBuilder(), new List<string>());
        if (ScriptStep.UnknownReading(source.Options) is { } unknown)
        {
            missing.Add($"Reading the file: {unknown}");
            body.Append(CultureInfo.InvariantCulture, $"raise NotImplementedError({Python($"The file is read with {unknown}, which has no counterpart in this program.")})\n");
        }
        WriteReading(body, source);
        var steps = ScriptStep.Pair(source, recipe, fitted);
        foreach (var step in steps)
        {
            body.Append(CultureInfo.InvariantCulture, $"\n# {step.Heading}\n");
            if (step.Fitted.Learnt.Count > 0) body.Append("# The numbers were learnt from the training rows alone.\n");
            if (step.Fitted.DropsRows || step.Fitted.TrainingOnly) body.Append("# For training only: when a model is asked, no row is left out.\n");
            if (Lines(step, source.Target) is { } lines) foreach (var line in lines) body.Append(line).Append('\n');
            else
            {
                missing.Add($"{step.Number}. {step.Step.Title}");
                body.Append(CultureInfo.InvariantCulture, $"raise NotImplementedError({Python($"Step {step.Number}, {step.Step.Title}, has no counterpart in pandas.")})\n");
            }
        }
        // pandas would write nine digits of a second wherever one date has a fraction.
        var after = steps.Count == 0 ? source.Columns.Select(c => c.Kind) : steps[^1].Fitted.Replay(steps[^1].Before).Columns.Select(c => c.Kind);
        if (after.Contains(ColumnKind.DateTime)) body.Append("\nfor name in df.select_dtypes(\"datetime\").columns:\n    df[name] = to_text(df[name])");
        body.Append("\ndf.to_csv(target, index=False)\nprint(f\"{len(df)} rows, {len(df.columns)} columns to {target}\")\n");

        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# Cleans {Comment(source.FileName)}: the recipe of Model Workbench as a pandas program.\n# python recipe.py in.csv out.csv\n# With --new-rows at the end no row is left out and rows are encoded as for a model that is asked; otherwise rows are made to learn from.\n");
        text.Append("import re\nimport sys\nimport unicodedata\n\nimport numpy as np\nimport pandas as pd\n\n");
        // What .NET calls white space; Python has four more, which it does not take off.
        text.Append("BLANKS = \" \\t\\n\\v\\f\\r\\x85\\xa0\\u1680\\u2000\\u2001\\u2002\\u2003\\u2004\\u2005\\u2006\\u2007\\u2008\\u2009\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\"\n");
        AppendHelpers(text, body.ToString());
        text.Append("\n\nsource, target = sys.argv[1], sys.argv[2]\ntraining = \"--new-rows\" not in sys.argv[3:]\n\n").Append(body);
        return new RecipeScript("recipe.py", text.ToString(), missing);
    }

    private static void WriteReading(StringBuilder body, ScriptSource source)
    {
        var options = source.Options;
        body.Append("# Every field is read as text first; what each column means follows below.\n");
        body.Append(CultureInfo.InvariantCulture, $"names = {List(source.Columns.Select(c => c.Name))}\n");
        var settings = new List<string>
        {
            $"sep={Python(options.Delimiter)}", $"quotechar={Python(options.Quote.ToString())}", $"encoding={Python(PythonEncoding(options.Encoding))}",
            $"header={(options.HasHeader ? "0" : "None")}", "names=names", "index_col=False", "dtype=str", "keep_default_na=False",
        };
        if (options.Escape is { } escape) settings.Add($"escapechar={Python(escape.ToString())}, doublequote=False");
        if (options.SkipLines > 0) settings.Add(string.Create(CultureInfo.InvariantCulture, $"skiprows={options.SkipLines}"));
        if (options.CommentPrefix is { Length: 1 } comment) settings.Add($"comment={Python(comment)}");
        if (options.BadLines == BadLineAction.Skip) settings.Add("on_bad_lines=\"skip\"");
        if (options.BadLines == BadLineAction.Repair) settings.Add("engine=\"python\", on_bad_lines=lambda fields: fields[:len(names)]");
        body.Append(CultureInfo.InvariantCulture, $"df = pd.read_csv(source, {string.Join(", ", settings)})\n");
        body.Append(CultureInfo.InvariantCulture, $"missing = {List(options.MissingMarks.Select(m => m.Trim()).Prepend("").Distinct())}\n");
        body.Append("for name in names:\n    trimmed = df[name].str.strip(BLANKS)\n");
        var own = options.ColumnMissingMarks.Where(c => source.Columns.Any(s => s.Name == c.Key)).ToArray();
        var marks = own.Length == 0 ? "missing" : $"{{{string.Join(", ", own.Select(c => $"{Python(c.Key)}: {List(c.Value.Select(m => m.Trim()).Prepend("").Distinct())}"))}}}.get(name, missing)";
        var asWritten = source.Columns.Where(c => c.Kind == ColumnKind.Text).Select(c => c.Name).ToArray();
        var kept = asWritten.Length == 0 ? "trimmed" : $"(df[name] if name in {List(asWritten)} else trimmed)";
        body.Append(CultureInfo.InvariantCulture, $"    df[name] = {kept}.mask(trimmed.isin({marks}))\n");
        var numbers = source.Columns.Where(c => c.Kind == ColumnKind.Numeric).Select(c => c.Name).ToArray();
        if (numbers.Length > 0)
        {
            var grouped = ScriptStep.GroupedNumber(options) is { } pattern ? $"{Python(pattern)}, {Python(ScriptStep.GroupMark(options))}" : "None, None";
            body.Append(CultureInfo.InvariantCulture, $"for name in {List(numbers)}:\n    df[name] = read_numbers(df[name], {Python(options.DecimalMark.ToString())}, {grouped})\n");
        }
        var dates = source.Columns.Where(c => c.Kind == ColumnKind.DateTime).Select(c => c.Name).ToArray();
        if (dates.Length > 0) body.Append(CultureInfo.InvariantCulture, $"for name in {List(dates)}:\n    df[name] = read_dates(df[name])\n");
    }

    /// <summary>The step in pandas, or null where it has no counterpart.</summary>
    private static IReadOnlyList<string>? Lines(ScriptStep step, string? target)
    {
        var before = step.Before;
        string Of(string column) => $"df[{Python(column)}]";
        string Set(string column, string code) => $"{Of(column)} = {code}";
        string Each(string column, string change) => Set(column, $"plain(change_text(text({Of(column)}), {change}))");
        switch (step.Fitted)
        {
            case FittedDropMissingRows s: return [IfTraining($"df = df.dropna(subset={List(s.Columns)})")];
            case FittedDropDuplicates s: return s.Columns.Count == 0 ? [] : [IfTraining($"df = df.drop_duplicates(subset={List(s.Columns)})")];
            case FittedDropColumns s: return [$"df = df.drop(columns={List(s.Columns)})"];
            case FittedRenameColumn s: return [$"df = df.rename(columns={{{Python(s.From)}: {Python(s.To)}}})"];
            case FittedFillMissing s:
                return
                [
                    .. (s.Flagged ?? []).Select(name => $"{FillFlag(name)} = {Of(name)}.isna().map({{False: \"false\", True: \"true\"}})"),
                    .. s.Fills.Select(fill => fill.ByGroup is { } groups && s.GroupBy is { } by
                        ? Set(fill.Column, $"{Of(fill.Column)}.fillna(to_text({Typed(before[by])}).map({{{string.Join(", ", groups.Select(g => $"{Python(g.Key)}: {Value(before[fill.Column], g.Value)}"))}}})).fillna({Value(before[fill.Column], fill.Value)})")
                        : Set(fill.Column, $"{Of(fill.Column)}.fillna({Value(before[fill.Column], fill.Value)})")),
                    .. (s.Flagged ?? []).Select(name => Set(FillMissingStep.FlagName(name), FillFlag(name))),
                ];
            case FittedChangeKind s: return before.Find(s.Column) is { } changed && changed.Kind != s.Kind ? Change(changed, s.Kind) is { } code ? [Set(s.Column, code)] : [] : [];
            case FittedLog1p s: return [.. s.Columns.Select(c => Set(c, $"np.log1p({Of(c)}.where({Of(c)} > -1))"))];
            case FittedLog s: return [.. s.Columns.Select(c => Set(c, $"np.log({Of(c)}.where({Of(c)} > 0))"))];
            case FittedSquareRoot s: return [.. s.Columns.Select(c => Set(c, $"np.sqrt({Of(c)}.where({Of(c)} >= 0))"))];
            case FittedYeoJohnson s: return [.. s.Powers.Select(p => Set(p.Column, $"yeo_johnson({Of(p.Column)}, {Number(p.Lambda)})"))];
            case FittedScale s: return [.. s.Scales.Select(c => Set(c.Column, $"({Of(c.Column)} - {Signed(c.Center)}) / {Signed(c.Scale)}"))];
            case FittedClipOutliers s: return [.. s.Bounds.Select(b => Set(b.Column, $"{Of(b.Column)}.clip({Number(b.Lower)}, {Number(b.Upper)})"))];
            case FittedDropOutliers s: return [IfTraining($"df = df[~({string.Join(" | ", s.Bounds.Select(b => $"({Of(b.Column)} < {Number(b.Lower)}) | ({Of(b.Column)} > {Number(b.Upper)})"))})]")];
            case FittedPca s:
                var names = List(s.ComponentNames);
                return
                [
                    $"features = df[{List(s.Columns)}].to_numpy(dtype=float)",
                    $"mean, scale = np.array({Numbers(s.Components.Mean)}), np.array({Numbers(s.Components.Scale)})",
                    $"components = np.array([{string.Join(", ", s.Components.Components.Select(Numbers))}])",
                    "scores = np.nan_to_num((features - mean) / scale) @ components.T  # A missing value counts as the mean.",
                    $"df = pd.concat([df.drop(columns={List(s.Columns)}), pd.DataFrame(scores, columns={names}, index=df.index)], axis=1)",
                ];
            case FittedValuesToMissing s: return [.. s.Columns.Where(c => before.Find(c) is not null).Select(c => Set(c, MaskValues(before[c], s.Values)))];
            case FittedReplaceText s: return [.. s.Columns.Where(c => before.Find(c) is not null).Select(c => Each(c, ReplaceText(s)))];
            case FittedTidyText s: return [.. s.Columns.Where(c => before.Find(c) is not null).Select(c => Each(c, $"lambda value: {Tidy(s)}"))];
            case FittedDateParts s:
                List<string> lines = [];
                var place = $"df.columns.get_loc({Python(s.Column)}) + 1";
                for (var i = s.Parts.Count - 1; i >= 0; i--)
                    lines.Add($"df.insert({place}, {Python(FittedDateParts.NameOf(s.Column, s.Parts[i]))}, {DatePartOf(Of(s.Column), s.Parts[i], s.Since)})");
                if (!s.KeepSource) lines.Add($"df = df.drop(columns=[{Python(s.Column)}])");
                return lines;
            case FittedMergeRare s: return [.. s.Kept.Select(k => Set(k.Column, $"{Of(k.Column)}.where({Of(k.Column)}.isna() | {Of(k.Column)}.isin({List(k.Values)}), {Python(s.Other)})"))];
            case FittedOneHot s:
                return
                [
                    .. s.Columns.SelectMany(c => (string[])
                    [
                        $"place, column = df.columns.get_loc({Python(c.Column)}), df.pop({Python(c.Column)})",
                        $"for i, category in enumerate({List(c.Values)}):",
                        $"    df.insert(place + i, {Python(c.Column + "=")} + category, (column == category).astype(float))",
                    ]),
                ];
            case FittedOrdinalEncode s: return [.. s.Columns.Select(c => Set(c.Column, $"{Of(c.Column)}.map({{category: float(i) for i, category in enumerate({List(c.Values)})}}).astype(float)"))];
            case FittedParseNumber s:
                return [.. s.Columns.Where(c => before.Find(c) is DictionaryColumn).Select(c => Set(c, $"each_number({Of(c)}, lambda value: number_in(value, {Python(s.Decimal == DecimalMark.Point ? "." : ",")}, {Word(s.PercentAsFraction)}, {Word(s.Magnitudes)}))"))];
            case FittedParseDate s:
                var read = s.Columns.Where(c => before[c].Kind != ColumnKind.DateTime).ToArray();
                return read.Length == 0 ? [] :
                [
                    $"date_formats = [date + time for time in {List(DateTexts.Times)} for date in {List(DateTexts.Dates(s.Order))}]",
                    .. read.Select(c => Set(c, $"each_date(to_text({Typed(before[c])}), date_formats)")),
                ];
            case FittedBin s:
                return [.. s.Columns.Select(c => Set(c.Column, s.AsNumbers ? $"bin_of({Of(c.Column)}, {Numbers(c.Edges)})"
                    : $"bin_of({Of(c.Column)}, {Numbers(c.Edges)}).map(dict(enumerate({List(FittedBin.Labels(c.Edges))}))).astype(object)"))];
            case FittedHashEncode s:
                return [.. s.Columns.Select(c => $"df = put(df, {Python(c)}, {List(FittedHashEncode.Names(c, s.Buckets))}, buckets({Of(c)}, {s.Buckets}))")];
            case FittedTextNgrams s:
                return
                [
                    $"grams = {{{string.Join(", ", s.Ngrams.Select(n => $"{Python(n.Text)}: {Number(n.InverseDocumentFrequency)}"))}}}",
                    $"values = ngram_columns({Of(s.Column)}, {Word(s.Unit == NgramUnit.Word)}, {s.Shortest}, {s.Longest}, grams, {Python(s.Weight switch { NgramWeight.Count => "count", NgramWeight.Present => "present", _ => "tf-idf" })})",
                    $"df = put(df, {Python(s.Column)}, {List(s.Ngrams.Select(s.NameOf))}, values{(s.KeepSource ? ", keep=True" : "")})",
                ];
            case FittedTargetEncode s: return TargetEncode(s, (TargetEncodeStep)step.Step, before, target);
            case FittedSampleRows { Count: { } count } s: return [IfTraining($"df = df if len(df) <= {count} else df.iloc[sorted(shuffled(range(len(df)), {s.Seed})[:{count}])]")];
            case FittedSampleRows s:
                return [$"drawn = np.flatnonzero(chances(len(df), {s.Seed}) < {Number(s.Fraction!.Value)})", IfTraining("df = df.iloc[drawn if len(drawn) else [0][:len(df)]]")];
            case FittedReorderColumns s:
                return [$"first = [name for name in {List(s.Columns)} if name in df.columns]", "df = df[first + [name for name in df.columns if name not in first]]"];
            case FittedFilterRows s: return [IfTraining($"df = df[holds({s.Parsed.ToPandas()}, df)]")];
            case FittedDerivedColumn s: return [Set(s.Name, $"plain({s.Parsed.ToPandas()}, df)")];
            default: return null;
        }
    }

    private static string IfTraining(string line) => $"if training:\n    {line}";
    private static string Word(bool value) => value ? "True" : "False";

    private static List<string> TargetEncode(FittedTargetEncode fitted, TargetEncodeStep settings, Table before, string? target)
    {
        var lines = new List<string>();
        if (target is not null)
            lines.Add(before.Find(target) is NumericColumn ? $"truths = [df[{Python(target)}].to_numpy(dtype=float)]"
                : $"truths = [(df[{Python(target)}] == name).astype(float).where(df[{Python(target)}].notna()).to_numpy() for name in {List(fitted.Outputs)}]");
        foreach (var encoding in fitted.Encodings)
        {
            lines.Add($"means = {{{string.Join(", ", encoding.Categories.Select((category, i) => $"{Python(category)}: {Numbers(encoding.Values[i])}"))}}}");
            lines.Add($"values = means_of(df[{Python(encoding.Column)}], means, {Numbers(encoding.Missing)}, {Numbers(fitted.Prior)})");
            // With its own target among those it learnt from, a category of one row would tell it.
            if (target is not null)
                lines.Add($"if training and len(df) > 1:  # Each row gets what the rows of the other folds teach.\n    values = np.column_stack([cross_fit(df[{Python(encoding.Column)}], truth, {settings.Folds}, {Number(settings.Smoothing)}, {settings.Seed}) for truth in truths])");
            lines.Add($"df = put(df, {Python(encoding.Column)}, {List(Enumerable.Range(0, fitted.Prior.Length).Select(output => fitted.NameOf(encoding.Column, output)))}, values)");
        }
        return lines;
    }

    private static string FillFlag(string column) => $"was_missing_{Regex.Replace(column, "[^A-Za-z0-9_]", "_")}";

    private static string Typed(Column column) => column.Kind switch
    {
        ColumnKind.Numeric => $"number(df[{Python(column.Name)}])",
        ColumnKind.DateTime => $"df[{Python(column.Name)}]",
        _ => $"text(df[{Python(column.Name)}])",
    };

    /// <summary>A learnt value, which is kept as text, as a literal of the column's kind.</summary>
    private static string Value(Column column, string value) => column.Kind switch
    {
        ColumnKind.Numeric => value,
        ColumnKind.DateTime => $"pd.Timestamp({Python(value)}, tz=\"UTC\").tz_localize(None)",
        _ => Python(value),
    };

    private static string? Change(Column column, ColumnKind kind) => kind switch
    {
        ColumnKind.Numeric => $"plain(to_number(to_text({Typed(column)})))",
        ColumnKind.DateTime => $"to_date(to_text({Typed(column)}))",
        ColumnKind.Boolean => $"only_truth(to_text({Typed(column)}))",
        // Categories and text are the same to pandas.
        _ => column is DictionaryColumn ? null : $"plain(to_text({Typed(column)}))",
    };

    private static string MaskValues(Column column, IReadOnlyList<string> values)
    {
        var code = $"df[{Python(column.Name)}]";
        switch (column.Kind)
        {
            case ColumnKind.Numeric:
                var numbers = values.Select(v => ColumnConversion.TryParseNumber(v.Trim(), out var number) ? number : double.NaN).Where(double.IsFinite).ToArray();
                return $"{code}.mask({code}.isin({Numbers(numbers)}))";
            case ColumnKind.DateTime:
                return $"{code}.mask({code}.isin(to_date(pd.Series({List(values)}, dtype=\"string\"))))";
            default:
                return $"{code}.mask(change_text(text({code}), lambda value: upper_case(value.strip(BLANKS))).isin({List(values.Select(v => v.Trim().ToUpperInvariant()))}))";
        }
    }

    /// <summary>A function of one text.</summary>
    private static string ReplaceText(FittedReplaceText step) => step.Match switch
    {
        TextMatch.Pattern => $"lambda value: re.sub({Python(PythonPattern(step.Find))}, {Python(PythonReplacement(step.Replacement, step.Find))}, value{(step.IgnoreCase ? ", flags=re.IGNORECASE" : "")})",
        TextMatch.Whole when step.IgnoreCase => $"lambda value: {Python(step.Replacement)} if upper_case(value) == {Python(step.Find.ToUpperInvariant())} else value",
        TextMatch.Whole => $"lambda value: {Python(step.Replacement)} if value == {Python(step.Find)} else value",
        _ when step.IgnoreCase => $"lambda value: replace_in_any_case(value, {Python(step.Find.ToUpperInvariant())}, {Python(step.Replacement)})",
        _ => $"lambda value: value.replace({Python(step.Find)}, {Python(step.Replacement)})",
    };

    /// <summary>.NET names groups by (?&lt;name&gt;, Python by (?P&lt;name&gt;; the very end of the text is \z in .NET and \Z in Python. Where some groups have names, .NET counts the others first: those then get names too.</summary>
    internal static string PythonPattern(string pattern)
    {
        var (own, named) = GroupsOf(pattern);
        var count = 0;
        return Groups.Replace(pattern, m => m.Value == @"\z" ? @"\Z" : m.Groups["name"].Success ? $"(?P<{m.Groups["name"].Value}>" : m.Groups["own"].Success && named.Count > 0 && own > 0 ? $"(?P<group{++count}>" : m.Value);
    }

    /// <summary>.NET writes $1, ${name}, $&amp; and $$ where Python writes \g&lt;1&gt;, \g&lt;name&gt;, \g&lt;0&gt; and $; the number of no group is text.</summary>
    internal static string PythonReplacement(string replacement, string pattern)
    {
        var (own, named) = GroupsOf(pattern);
        string Group(string name, string written)
        {
            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return named.Contains(name) ? $"\\g<{name}>" : written;
            return number > own + named.Count ? written : number > own ? $"\\g<{named[number - own - 1]}>" : number > 0 && named.Count > 0 ? $"\\g<group{number}>" : $"\\g<{number}>";
        }
        return Regex.Replace(replacement.Replace("\\", "\\\\", StringComparison.Ordinal), @"\$(?:\{(\w+)\}|(\d+)|(&)|(\$))", m =>
            m.Groups[4].Success ? "$" : m.Groups[3].Success ? "\\g<0>" : Group(m.Groups[1].Value + m.Groups[2].Value, m.Value));
    }

    private static (int Own, List<string> Named) GroupsOf(string pattern)
    {
        var found = Groups.Matches(pattern);
        return (found.Count(m => m.Groups["own"].Success), [.. found.Where(m => m.Groups["name"].Success).Select(m => m.Groups["name"].Value)]);
    }

    // Passes over what is escaped and over classes.
    private static readonly Regex Groups = new(@"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?<(?<name>\w+)>|(?<own>\((?!\?))", RegexOptions.Singleline | RegexOptions.ExplicitCapture);

    private static string Tidy(FittedTidyText step)
    {
        var code = step.Trim ? "value.strip(BLANKS)" : "value";
        if (step.CollapseBlanks) code = $"re.sub(f\"[{{BLANKS}}]+\", \" \", {code})";
        return step.Case switch { LetterCase.Lower => $"lower_case({code})", LetterCase.Upper => $"upper_case({code})", _ => code };
    }

    private static string DatePartOf(string code, DatePart part, string? since) => part switch
    {
        DatePart.DaysSince => $"({code} - pd.Timestamp({Python(since!)}, tz=\"UTC\").tz_localize(None)) / pd.Timedelta(days=1)",
        DatePart.Weekday => code + ".dt.dayofweek",
        _ => $"{code}.dt.{part.ToString().ToLowerInvariant()}",
    };

    private static string Signed(double value) => value < 0 ? $"({Number(value)})" : Number(value);
    private static string Numbers(IEnumerable<double> values) => $"[{string.Join(", ", values.Select(Number))}]";
    private static string List(IEnumerable<string> texts) => $"[{string.Join(", ", texts.Select(Python))}]";

    private static string PythonEncoding(string encoding) => encoding.ToLowerInvariant() switch
    {
        // A mark at the start of the file is no part of the first name.
        "utf-8" => "utf-8-sig",
        "windows-1252" => "cp1252",
        var name when name.StartsWith("windows-", StringComparison.Ordinal) => "cp" + name["windows-".Length..],
        var name => name,
    };

    /// <summary>The helpers that the program calls, and those that they call.</summary>
    private static void AppendHelpers(StringBuilder text, string body)
    {
        var needed = new HashSet<string>();
        void Need(string code)
        {
            // Called, or handed on as a function.
            foreach (var (name, source) in Helpers)
                if (Regex.IsMatch(code, $@"(?<![\w.""]){name}[(,)]") && needed.Add(name)) Need(source);
        }
        Need(body);
        if (needed.Contains("amount_in")) text.Append(CultureInfo.InvariantCulture, $"CURRENCIES = {List(NumberTexts.CurrencyWords)}\n");
        foreach (var (name, source) in Helpers)
            if (needed.Contains(name)) text.Append("\n\n").Append(Fill(source)).Append('\n');
    }

    /// <summary>A helper that reads or changes one text and needs the standard library alone.</summary>
    /// <param name="name">Such as <c>number_in</c>.</param>
    internal static string Helper(string name) => Fill(Array.Find(Helpers, h => h.Name == name).Source ?? throw new ArgumentException($"There is no helper '{name}'.", nameof(name)));

    private static string Fill(string source) =>
        source.Trim().Replace("@LASTYEAR@", (CultureInfo.InvariantCulture.Calendar.TwoDigitYearMax % 100).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    private static readonly (string Name, string Source)[] Helpers =
    [
        ("lower_case", """
            def lower_case(value):
                "Each letter by itself."
                return value.lower() if value.isascii() else "".join(c.lower() if len(c.lower()) == 1 else c for c in value)
            """),
        ("upper_case", """
            def upper_case(value):
                "Each letter by itself: ß stays ß."
                if value.isascii():
                    return value.upper()
                return "".join(c if c == "\u0131" else next((u for u in (c.upper(), c.title()) if len(u) == 1), c) for c in value)
            """),
        ("change_text", """
            def change_text(texts, change):
                "Every text changed; where nothing is left it is missing."
                if isinstance(texts, str):
                    return change(texts)
                changed = {value: change(value) or pd.NA for value in texts.dropna().unique()}
                return pd.Series([changed.get(value, pd.NA) for value in texts], index=texts.index, dtype="string")
            """),
        ("map_text", """
            def map_text(texts, change):
                if isinstance(texts, str):
                    return change(texts)
                return texts.map(change, na_action="ignore").astype("string")
            """),
        ("trim", """
            def trim(value):
                return value.strip(BLANKS)
            """),
        ("replace_in_any_case", """
            def replace_in_any_case(value, find, by):
                upper, start, parts = upper_case(value), 0, []
                while (place := upper.find(find, start)) >= 0:
                    parts += [value[start:place], by]
                    start = place + len(find)
                return "".join(parts) + value[start:]
            """),
        ("read_numbers", """
            def read_numbers(texts, decimal, grouped, mark):
                "Numbers as the file writes them."
                texts = text(texts)
                if grouped:
                    texts = texts.mask(texts.str.match(grouped).fillna(False), texts.str.replace(mark, "", regex=True))
                if decimal != ".":
                    texts = texts.mask(texts.str.contains(".", regex=False)).str.replace(decimal, ".", regex=False)
                return plain(to_number(texts))
            """),
        ("each_number", """
            def each_number(texts, read):
                known = {value: read(value) for value in texts.dropna().unique()}
                return pd.Series([known.get(value, np.nan) for value in texts], index=texts.index, dtype=float)
            """),
        ("number_in", """
            def number_in(value, decimal, percent_as_fraction, magnitudes):
                "The number that a text stands for, of a range its middle; NaN where it is none."
                rest = value.strip(BLANKS)
                # Accounts are also written with the currency before the parentheses: $(1,234).
                inner = rest[len(currency_in(rest) or ""):].lstrip(BLANKS)
                if rest[-1:] == ")" and inner[:1] == "(":
                    rest = inner
                negative = len(rest) > 2 and rest[0] == "(" and rest[-1] == ")"
                if negative:
                    rest = rest[1:-1].strip(BLANKS)
                for about in ("~", "≈", "ca.", "approx."):
                    if rest[:len(about)].lower() == about:
                        rest = rest[len(about):].lstrip(BLANKS)
                        break
                first = amount_in(rest, decimal, percent_as_fraction, magnitudes)
                if first is None:
                    return float("nan")
                number, unit, rest = first
                if rest:
                    mark = next((m for m in ("-", "–", "—", "−", "..", "to") if rest[:len(m)].lower() == m), None)
                    second = mark and amount_in(rest[len(mark):].lstrip(BLANKS), decimal, percent_as_fraction, magnitudes)
                    if not second or second[2] or second[0] < number:
                        return float("nan")
                    # In "10 - 20%" and "1 - 2k" the mark at the end is meant for both.
                    number = number / 2 * (second[1] if unit == 1 else unit) + second[0] / 2 * second[1]
                else:
                    number = number * unit
                return float("nan") if abs(number) == float("inf") else -number if negative else number
            """),
        ("currency_in", """
            def currency_in(rest):
                "The currency that the text begins with, or None."
                word = next((w for w in CURRENCIES if rest.startswith(w) and not (w[-1].isalpha() and rest[len(w):len(w) + 1].isalpha())), None)
                return rest[0] if word is None and rest and unicodedata.category(rest[0]) == "Sc" else word
            """),
        ("amount_in", """
            def amount_in(rest, decimal, percent_as_fraction, magnitudes):
                "Sign, currency, digits, and what they are counted in; None where there are no digits."
                negative, signs, currencies = False, 0, 0
                while True:
                    rest = rest.lstrip(BLANKS)
                    if not rest:
                        return None
                    if rest[0] in "+-−" and signs == 0:
                        signs, negative, rest = 1, rest[0] != "+", rest[1:]
                        continue
                    word = currency_in(rest)
                    if word is not None:
                        rest, currencies = rest[len(word):], currencies + 1
                        if currencies == 1:
                            continue
                    break
                # Groups of three, or (lakh and crore) of two and at the end three; all behind the same mark.
                point = re.escape(decimal)
                marks = [m for m in ("'", "’", " ", "\u00a0", "\u202f", "\u2009", ",", ".") if m != decimal]
                groups = "|".join(f"(?:{re.escape(m)}(?:[0-9]{{3}}(?![0-9])" + ("|[0-9]{2}(?=(?:,[0-9]{2})*,[0-9]{3}(?![0-9]))" if m == "," else "") + "))+" for m in marks)
                # No thousands begin with 0: 0,299 has a decimal comma.
                found = re.match(f"[1-9][0-9]{{0,2}}(?![0-9])(?:{groups})?|[0-9]*", rest)
                digits, rest = re.sub("[^0-9]", "", found.group()), rest[found.end():]
                if fraction := re.match(f"{point}([0-9]+)", rest):
                    digits, rest = digits + "." + fraction[1], rest[fraction.end():]
                elif digits and (bare := re.match(f"{point}(?:-\\Z|(?=[-{BLANKS}]|\\Z))", rest)):
                    rest = rest[bare.end():]
                if not digits:
                    return None
                if power := re.match("[eE][+-]?[0-9]+", rest):
                    digits, rest = digits + power.group(), rest[power.end():]
                number = -float(digits) if negative else float(digits)
                unit, rest = unit_in(rest.lstrip(BLANKS), percent_as_fraction, magnitudes)
                return number, unit, rest.lstrip(BLANKS)
            """),
        ("unit_in", """
            def unit_in(rest, percent_as_fraction, magnitudes):
                "What the digits are to be multiplied by, and what stands after the unit."
                def is_range(text):
                    return len(text) > 2 and text[:2].lower() == "to" and not text[2].isalpha()
                # Open at the end: 10,000+ and 10+ years.
                if rest[:1] == "+":
                    rest = rest[1:].lstrip(BLANKS)
                if not rest:
                    return 1, ""
                if rest[0] == "%":
                    return (0.01 if percent_as_fraction else 1), rest[1:]
                if rest[0] == "‰":
                    return (0.001 if percent_as_fraction else 0.1), rest[1:]
                factor = 1
                words = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "mio": 1e6, "mrd": 1e9, "lakh": 1e5, "crore": 1e7, "bn": 1e9, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
                for word in words if magnitudes else ():
                    if rest[:len(word)].lower() == word and not rest[len(word):len(word) + 1].isalpha():
                        factor, rest = words[word], rest[len(word):]
                        break
                rest = rest.lstrip(BLANKS)
                if rest == "+":
                    return factor, ""
                i = 0
                while i < len(rest):
                    c, after_letter, following = rest[i], i > 0 and rest[i - 1].isalpha(), rest[i + 1:i + 2]
                    if not (c.isalpha() or c in '°²³µ"″' or unicodedata.category(c) == "Sc"
                            or after_letter and (c in ".^" or c in "0123456789" and following not in tuple("0123456789"))
                            or i > 0 and c == "/" and following.isalpha()
                            or i > 0 and c in BLANKS and following.isalpha() and not is_range(rest[i + 1:])):
                        break
                    i += 1
                # "to" right after the digits belongs to a range.
                return factor, rest if is_range(rest) else rest[i:]
            """),
        ("each_date", """
            def each_date(texts, formats):
                "Dates written in one of the formats of .NET or as ISO 8601; pandas knows those of 1678 to 2261."
                patterns, known = [date_pattern(f) for f in formats], {}
                for value in texts.dropna().unique():
                    trimmed = value.strip(BLANKS)
                    known[value] = pd.NaT
                    if not 6 <= len(trimmed) <= 60 or not re.search("[0-9]", trimmed):
                        continue
                    for place, pattern in enumerate(patterns):
                        moment = date_in(pattern.match(trimmed))
                        if moment is not None:
                            known[value] = moment
                            # A column is mostly written in one way.
                            patterns.insert(0, patterns.pop(place))
                            break
                left = pd.Series([value for value, moment in known.items() if moment is pd.NaT], dtype="string")
                known.update(zip(left, to_date(left)))
                return pd.Series([known.get(value, pd.NaT) for value in texts], index=texts.index, dtype="datetime64[ns]")
            """),
        ("date_pattern", """
            def date_pattern(written):
                "A format of .NET as a regular expression; blanks may stand or be absent anywhere."
                months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
                days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
                up_to_two = "(?P<{}>[0-9]{{2}}|[0-9](?![0-9]))"
                parts = {
                    "yyyy": "(?P<year>[0-9]{4})", "yy": "(?P<short_year>[0-9]{2})", "MM": "(?P<month>[0-9]{2})", "M": up_to_two.format("month"), "dd": "(?P<day>[0-9]{2})", "d": up_to_two.format("day"),
                    "MMMM": f"(?P<month_name>{'|'.join(months)})", "MMM": f"(?P<month_name>{'|'.join(m[:3] for m in months)})", "dddd": f"(?P<weekday>{'|'.join(days)})", "ddd": f"(?P<weekday>{'|'.join(d[:3] for d in days)})",
                    "H": up_to_two.format("hour"), "h": up_to_two.format("half_day_hour"), "mm": "(?P<minute>[0-9]{2})", "ss": "(?P<second>[0-9]{2})", ".FFFFFFF": r"(?:\.(?P<fraction>[0-9]{1,7}))?", "tt": "(?P<half>AM|PM)", " ": "", "' '": "",
                }
                tokens = re.findall(r"y+|M+|d+|H+|h+|m+|s+|\.F+|t+|'[^']*'|.", written)
                return re.compile(f"[{BLANKS}]*".join(parts.get(token, re.escape(token.strip("'"))) for token in tokens) + r"\Z", re.IGNORECASE | re.ASCII)
            """),
        ("date_in", """
            def date_in(found):
                "The date that a match tells, or None where there is no such day or time."
                if found is None:
                    return None
                part = {name: value for name, value in found.groupdict().items() if value is not None}
                short = int(part.get("short_year", 0))
                year = int(part["year"]) if "year" in part else short + (2000 if short <= @LASTYEAR@ else 1900)
                names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
                month = names.index(part["month_name"][:3].lower()) + 1 if "month_name" in part else int(part["month"])
                hour = int(part.get("hour", 0))
                if "half_day_hour" in part:
                    hour = int(part["half_day_hour"])
                    if hour > 12:
                        return None
                    hour = hour % 12 + (12 if part["half"].upper() == "PM" else 0)
                try:
                    moment = pd.Timestamp(year=year, month=month, day=int(part.get("day", 1)), hour=hour, minute=int(part.get("minute", 0)), second=int(part.get("second", 0)))
                except ValueError:
                    return None
                if "weekday" in part and moment.day_name()[:3].lower() != part["weekday"][:3].lower():
                    return None
                return moment + pd.Timedelta(int(part.get("fraction", "0").ljust(7, "0")) * 100, unit="ns")
            """),
        ("bin_of", """
            def bin_of(numbers, edges):
                "0 and on; an edge belongs to the bin below it."
                return pd.Series(np.searchsorted(np.array(edges, dtype=float), numbers.to_numpy(dtype=float), side="left").astype(float), index=numbers.index).where(numbers.notna())
            """),
        ("put", """
            def put(df, column, names, values, keep=False):
                "New columns in the place of one, or behind it."
                place = df.columns.get_loc(column)
                new = pd.DataFrame(values, columns=names, index=df.index)
                return pd.concat([df.iloc[:, :place + keep], new, df.iloc[:, place + 1:]], axis=1)
            """),
        ("buckets", """
            def buckets(texts, count):
                values = np.zeros((len(texts), count))
                place = {value: abs(hash_of(value)) % count for value in texts.dropna().unique()}
                for row, value in enumerate(texts):
                    if value in place:
                        values[row, place[value]] = 1
                return values
            """),
        ("hash_of", """
            def hash_of(value):
                "MurmurHash3 (x86, 32 bit, seed 0), as scikit-learn's FeatureHasher."
                def turned(x, bits):
                    return (x << bits | x >> 32 - bits) & 0xffffffff
                def mixed(x):
                    return turned(x * 0xcc9e2d51 & 0xffffffff, 15) * 0x1b873593 & 0xffffffff
                data, hashed = value.encode("utf-8"), 0
                whole = len(data) // 4 * 4
                for i in range(0, whole, 4):
                    hashed = (turned(hashed ^ mixed(int.from_bytes(data[i:i + 4], "little")), 13) * 5 + 0xe6546b64) & 0xffffffff
                if data[whole:]:
                    hashed ^= mixed(int.from_bytes(data[whole:], "little"))
                hashed ^= len(data)
                hashed = (hashed ^ hashed >> 16) * 0x85ebca6b & 0xffffffff
                hashed = (hashed ^ hashed >> 13) * 0xc2b2ae35 & 0xffffffff
                hashed ^= hashed >> 16
                return hashed - 2 ** 32 if hashed >= 2 ** 31 else hashed
            """),
        ("ngram_columns", """
            def ngram_columns(texts, words, shortest, longest, grams, weight):
                place, weights, known = {gram: i for i, gram in enumerate(grams)}, np.array(list(grams.values())), {}
                values = np.zeros((len(texts), len(grams)))
                for row, value in enumerate(texts):
                    if pd.isna(value):
                        continue
                    if value not in known:
                        counts = np.zeros(len(grams))
                        for gram in ngrams_of(value, words, shortest, longest):
                            if gram in place:
                                counts[place[gram]] += 1
                        if weight == "present":
                            counts = (counts > 0).astype(float)
                        if weight == "tf-idf" and counts.any():
                            counts = counts * weights / np.sqrt(((counts * weights) ** 2).sum())
                        known[value] = counts
                    values[row] = known[value]
                return values
            """),
        ("ngrams_of", """
            def ngrams_of(value, words, shortest, longest):
                "As scikit-learn's CountVectorizer."
                value = lower_case(value)
                pieces = re.findall(r"\w\w+", value) if words else list(re.sub(f"[{BLANKS}]{{2,}}", " ", value))
                return [(" " if words else "").join(pieces[i:i + length]) for length in range(shortest, longest + 1) for i in range(len(pieces) - length + 1)]
            """),
        ("means_of", """
            def means_of(texts, means, missing, others):
                "What all training rows together taught of each category."
                return np.array([missing if pd.isna(value) else means.get(value, others) for value in texts], dtype=float).reshape(len(texts), len(others))
            """),
        ("cross_fit", """
            def cross_fit(texts, truth, folds, smoothing, seed):
                "Each row's mean of the target in the rows of its category in the other folds."
                folds = min(folds, len(texts))
                fold = np.array(shuffled([row % folds for row in range(len(texts))], seed))
                category = pd.factorize(texts)[0] + 1
                known = np.isfinite(truth)
                sums, counts = np.zeros((category.max() + 1, folds)), np.zeros((category.max() + 1, folds))
                np.add.at(sums, (category[known], fold[known]), truth[known])
                np.add.at(counts, (category[known], fold[known]), 1)
                values = np.zeros(sums.shape)
                for f in range(folds):
                    others = np.arange(folds) != f
                    total, count = sums[:, others].sum(axis=1), counts[:, others].sum(axis=1)
                    prior = total.sum() / count.sum() if count.sum() else 0.0
                    values[:, f] = np.where(count == 0, prior, (total + smoothing * prior) / np.where(count == 0, 1, count + smoothing))
                return values[category, fold]
            """),
        ("chances", """
            def chances(count, seed):
                "A number of 0 to 1 for each row by its position: SplitMix64 (Steele, Lea and Flood, 2014)."
                z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed * 0xD1342543DE82EF95 % 2 ** 64)
                z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(float) / 2.0 ** 53
            """),
        ("shuffled", """
            def shuffled(values, seed):
                "As new Random(seed).Shuffle of .NET: Knuth's subtractive generator."
                def wrapped(x):
                    return (x + 2 ** 31) % 2 ** 32 - 2 ** 31
                largest, values = 2 ** 31 - 1, list(values)
                state, j, k, place = [0] * 56, 161803398 - min(abs(seed), largest), 1, 0
                state[55] = j
                for i in range(1, 55):
                    place = 21 * i % 55
                    state[place] = k
                    k = wrapped(j - k)
                    k += largest if k < 0 else 0
                    j = state[place]
                for _ in range(4):
                    for i in range(1, 56):
                        n = i + 30 - 55 if i + 30 >= 55 else i + 30
                        state[i] = wrapped(state[i] - state[1 + n])
                        state[i] += largest if state[i] < 0 else 0
                a, b = 0, 21
                for i in range(len(values) - 1):
                    a, b = a % 55 + 1, b % 55 + 1
                    x = wrapped(state[a] - state[b])
                    x -= 1 if x == largest else 0
                    x += largest if x < 0 else 0
                    state[a] = x
                    other = int(x * (1.0 / largest) * (len(values) - i)) + i
                    values[i], values[other] = values[other], values[i]
                return values
            """),
        ("number", """
            def number(values):
                "Numbers that know missing: what is computed from a missing value is missing."
                return values.astype("Float64")
            """),
        ("text", """
            def text(values):
                "Text that knows missing."
                return values.astype("string")
            """),
        ("truth", """
            def truth(words):
                "Words such as yes and no as truth values that know missing."
                known = {"true": True, "false": False, "yes": True, "no": False, "y": True, "n": False, "t": True, "f": False, "1": True, "0": False}
                return change_text(words, lower_case).map(known).astype("boolean")
            """),
        ("ticks", """
            def ticks(moments):
                "Dates as whole numbers, as comparisons of missing dates would be false and not missing."
                if isinstance(moments, pd.Timestamp):
                    return moments.value
                return moments.astype("int64").astype("Int64").mask(moments.isna())
            """),
        ("finite", """
            def finite(numbers):
                "Missing where a result is infinite or undefined: 1/0, log(-1)."
                values = numbers.to_numpy(dtype=float, na_value=np.nan)
                return pd.Series(np.where(np.isfinite(values), values, np.nan), index=numbers.index).astype("Float64")
            """),
        ("is_missing", """
            def is_missing(values):
                if not isinstance(values, pd.Series):
                    return bool(pd.isna(values))
                return values.isna().astype("boolean")
            """),
        ("choose", """
            def choose(condition, yes, no):
                "yes where the condition is true, no where it is false or missing."
                if not isinstance(condition, pd.Series):
                    return yes if condition is True else no
                like = [v for v in (yes, no) if isinstance(v, pd.Series)]
                if like:
                    dtype = like[0].dtype
                else:
                    known = [v for v in (yes, no) if v is not pd.NA]
                    kinds = {bool: "boolean", str: "string", pd.Timestamp: "datetime64[ns]"}
                    dtype = kinds.get(type(known[0]), "Float64") if known else "Float64"
                yes, no = (v if isinstance(v, pd.Series) else pd.Series(v, index=condition.index, dtype=dtype) for v in (yes, no))
                return yes.where(condition.fillna(False).astype(bool), no)
            """),
        ("days_between", """
            def days_between(start, end):
                return ((end - start) / pd.Timedelta(days=1)).astype("Float64")
            """),
        ("to_number", """
            def to_number(texts):
                "Texts as numbers; missing where a text is none."
                texts = text(texts)
                numeric = texts.str.strip(BLANKS).str.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?").fillna(False).astype(bool)
                return finite(pd.to_numeric(texts.where(numeric), errors="coerce").astype("Float64"))
            """),
        ("to_text", """
            def to_text(values):
                "Values written out: 12.5, 2024-01-31, true."
                if pd.api.types.is_datetime64_any_dtype(values):
                    day = values.dt.strftime("%Y-%m-%d")
                    time = values.dt.strftime("%H:%M:%S.%f") + (values.dt.nanosecond.fillna(0) // 100).astype(int).astype(str)
                    return day.where(values == values.dt.normalize(), day + "T" + time.str.replace(r"\.0*$|(?<=[1-9])0+$", "", regex=True)).astype("string")
                if pd.api.types.is_bool_dtype(values):
                    return values.map({True: "true", False: "false"}).astype("string")
                if pd.api.types.is_numeric_dtype(values):
                    return values.map(lambda value: number_text(value), na_action="ignore").astype("string")
                return values.astype("string")
            """),
        ("number_text", """
            def number_text(value):
                "As short as says the number exactly: 5, 12.5, 1E+20."
                if value is pd.NA or value != value:
                    return pd.NA
                value = float(value)
                if abs(value) >= 1e15:
                    shortest = next(s for s in (f"{value:.{n}e}" for n in range(18)) if float(s) == value)
                    mantissa, exponent = shortest.split("e")
                    # An exponent stands only where zeros would have to be put behind the digits.
                    digits = mantissa.replace(".", "").lstrip("-")
                    return f"{mantissa}E{exponent}" if int(exponent) >= len(digits) else ("-" if value < 0 else "") + digits
                written = repr(value)
                return written[:-2] if written.endswith(".0") else written.replace("e", "E")
            """),
        ("to_date", """
            def to_date(texts):
                "Texts such as 2024-01-31 or 2024-01-31T14:30:00 as dates; missing where a text is none."
                return parse_dates(texts, r"(?P<year>[0-9]{4})-(?P<month>[0-9][0-9])-(?P<day>[0-9][0-9])(?:[T ](?P<hour>[0-9][0-9]):(?P<minute>[0-9][0-9])(?::(?P<second>[0-9][0-9](?:\.[0-9]{1,7})?))?(?P<zone>Z|[+-][0-9][0-9]:?[0-9][0-9])?)?")
            """),
        ("read_dates", """
            def read_dates(texts):
                "Dates in the order that fits most of the texts; pandas knows those of 1678 to 2261."
                time = r"(?: (?P<hour>[0-9]{1,2}):(?P<minute>[0-9][0-9])(?::(?P<second>[0-9][0-9]))?(?P<zone>Z)?)?"
                orders = [
                    r"(?P<year>[0-9]{4})/(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})" + time,
                    r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})" + time,
                    r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})" + time,
                    r"(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})/(?P<year>[0-9]{4})" + time,
                ]
                return max([to_date(texts)] + [parse_dates(texts, order) for order in orders], key=lambda dates: dates.notna().sum())
            """),
        ("parse_dates", """
            def parse_dates(texts, pattern):
                parts = texts.astype("string").str.strip(BLANKS).str.extract("^" + pattern + "$")
                dates = pd.to_datetime(parts[["year", "month", "day"]].astype(float), errors="coerce")
                clock = parts[["hour", "minute", "second"]].astype(float)
                dates = dates.mask((clock["hour"] > 23) | (clock["minute"] > 59) | (clock["second"] >= 60))
                for unit in ("hour", "minute"):
                    dates = dates + pd.to_timedelta(clock[unit].fillna(0), unit=unit)
                dates = dates + pd.to_timedelta((clock["second"].fillna(0) * 1e7).round().astype("int64") * 100, unit="ns")
                zone = parts["zone"].str.extract(r"([+-])([0-9][0-9]):?([0-9][0-9])")
                offset = zone[1].astype(float) * 60 + zone[2].astype(float)
                return dates - pd.to_timedelta(offset.where(zone[0] == "+", -offset).astype(float).fillna(0), unit="minute")
            """),
        ("only_truth", """
            def only_truth(words):
                "Missing where a word is neither true nor false."
                return plain(words.where(change_text(words, lower_case).isin(["true", "false", "t", "f", "yes", "no", "y", "n", "1", "0"])))
            """),
        ("yeo_johnson", """
            def yeo_johnson(x, power):
                "Yeo and Johnson (2000); scipy.stats.yeojohnson does the same."
                def bend(y, p):
                    return np.log1p(y) if abs(p) < 1e-12 else ((y + 1) ** p - 1) / p
                y = bend(x.where(x >= 0), power).fillna(-bend(-x.where(x < 0), 2 - power))
                return y.where(np.isfinite(y))
            """),
        ("holds", """
            def holds(condition, df):
                "Where the condition is true: missing is not."
                if not isinstance(condition, pd.Series):
                    return pd.Series(condition is True, index=df.index)
                return condition.fillna(False).astype(bool)
            """),
        ("plain", """
            def plain(values, df=None):
                "A column as pandas users know it: float64, object or datetime64."
                if not isinstance(values, pd.Series):
                    values = pd.Series(values, index=df.index)
                if isinstance(values.dtype, pd.BooleanDtype) or values.dtype == bool:
                    return values.map({True: "true", False: "false"}, na_action="ignore").astype(object)
                if pd.api.types.is_numeric_dtype(values):
                    return pd.Series(finite(values.astype("Float64")).to_numpy(dtype=float, na_value=np.nan), index=values.index)
                if isinstance(values.dtype, pd.StringDtype):
                    return values.astype(object).where(values.notna(), np.nan)
                return values
            """),
    ];
}
