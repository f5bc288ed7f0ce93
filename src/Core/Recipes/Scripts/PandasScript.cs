using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes.Steps;
using static ModelWorkbench.Core.Recipes.Expressions.ScriptLiterals;

namespace ModelWorkbench.Core.Recipes.Scripts;

/// <summary>Writes a recipe as a Python program over pandas: it reads the original file, applies the enabled steps, and writes the cleaned rows.</summary>
/// <remarks>The numbers that steps learnt stand in the program as they were learnt, so that it never learns from other than training rows. Needs pandas 1.5 or later and numpy.</remarks>
public static class PandasScript
{
    /// <param name="fitted">The recipe fitted on training rows: one fitted step for each enabled step.</param>
    /// <exception cref="ArgumentException">The fitted recipe is not of this recipe.</exception>
    public static RecipeScript Write(ScriptSource source, Recipe recipe, FittedRecipe fitted)
    {
        var (body, missing) = (new StringBuilder(), new List<string>());
        WriteReading(body, source);
        foreach (var step in ScriptStep.Pair(source, recipe, fitted))
        {
            body.Append(CultureInfo.InvariantCulture, $"\n# {step.Heading}\n");
            if (step.Fitted.Learnt.Count > 0) body.Append("# The numbers were learnt from the training rows alone.\n");
            if (step.Fitted.DropsRows || step.Fitted.TrainingOnly) body.Append("# For training only: when a model is asked, no row is left out.\n");
            if (Lines(step) is { } lines) foreach (var line in lines) body.Append(line).Append('\n');
            else
            {
                missing.Add($"{step.Number}. {step.Step.Title}");
                body.Append(CultureInfo.InvariantCulture, $"raise NotImplementedError({Python($"Step {step.Number}, {step.Step.Title}, has no counterpart in pandas.")})\n");
            }
        }
        body.Append("\ndf.to_csv(target, index=False)\nprint(f\"{len(df)} rows, {len(df.columns)} columns to {target}\")\n");

        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# Cleans {Comment(source.FileName)}: the recipe of Model Workbench as a pandas program.\n# python recipe.py in.csv out.csv\n");
        text.Append("import re\nimport sys\n\nimport numpy as np\nimport pandas as pd\n");
        AppendHelpers(text, body.ToString());
        text.Append("\n\nsource, target = sys.argv[1], sys.argv[2]\n\n").Append(body);
        return new RecipeScript("recipe.py", text.ToString(), missing);
    }

    private static void WriteReading(StringBuilder body, ScriptSource source)
    {
        var options = source.Options;
        body.Append("# Every field is read as text first; what each column means follows below.\n");
        body.Append(CultureInfo.InvariantCulture, $"names = {List(source.Columns.Select(c => c.Name))}\n");
        var settings = new List<string>
        {
            $"sep={Python(options.Delimiter.ToString())}", $"quotechar={Python(options.Quote.ToString())}", $"encoding={Python(PythonEncoding(options.Encoding))}",
            $"header={(options.HasHeader ? "0" : "None")}", "names=names", "index_col=False", "dtype=str", "keep_default_na=False",
        };
        if (options.Escape is { } escape) settings.Add($"escapechar={Python(escape.ToString())}, doublequote=False");
        if (options.SkipLines > 0) settings.Add(string.Create(CultureInfo.InvariantCulture, $"skiprows={options.SkipLines}"));
        if (options.CommentPrefix is { Length: 1 } comment) settings.Add($"comment={Python(comment)}");
        if (options.BadLines == BadLineAction.Skip) settings.Add("on_bad_lines=\"skip\"");
        if (options.BadLines == BadLineAction.Repair) settings.Add("engine=\"python\", on_bad_lines=lambda fields: fields[:len(names)]");
        body.Append(CultureInfo.InvariantCulture, $"df = pd.read_csv(source, {string.Join(", ", settings)})\n");
        body.Append(CultureInfo.InvariantCulture, $"missing = {List(options.MissingMarks.Select(m => m.Trim()).Prepend("").Distinct())}\n");
        body.Append("for name in names:\n    trimmed = df[name].str.strip()\n");
        var own = options.ColumnMissingMarks.Where(c => source.Columns.Any(s => s.Name == c.Key)).ToArray();
        var marks = own.Length == 0 ? "missing" : $"{{{string.Join(", ", own.Select(c => $"{Python(c.Key)}: {List(c.Value.Select(m => m.Trim()).Prepend("").Distinct())}"))}}}.get(name, missing)";
        var asWritten = source.Columns.Where(c => c.Kind == ColumnKind.Text).Select(c => c.Name).ToArray();
        var kept = asWritten.Length == 0 ? "trimmed" : $"(df[name] if name in {List(asWritten)} else trimmed)";
        body.Append(CultureInfo.InvariantCulture, $"    df[name] = {kept}.mask(trimmed.isin({marks}))\n");
        var numbers = source.Columns.Where(c => c.Kind == ColumnKind.Numeric).Select(c => c.Name).ToArray();
        if (numbers.Length > 0)
        {
            var text = "df[name]";
            if (options.ThousandsSeparator is { } separator) text += $".str.replace({Python(separator.ToString())}, \"\", regex=False)";
            if (options.DecimalMark != '.') text += $".str.replace({Python(options.DecimalMark.ToString())}, \".\", regex=False)";
            body.Append(CultureInfo.InvariantCulture, $"for name in {List(numbers)}:\n    df[name] = plain(to_number({text}))\n");
        }
        var dates = source.Columns.Where(c => c.Kind == ColumnKind.DateTime).Select(c => c.Name).ToArray();
        if (dates.Length > 0) body.Append(CultureInfo.InvariantCulture, $"for name in {List(dates)}:\n    df[name] = read_dates(df[name])\n");
    }

    /// <summary>The step in pandas, or null where it has no counterpart.</summary>
    internal static IReadOnlyList<string>? Lines(ScriptStep step)
    {
        var before = step.Before;
        string Of(string column) => $"df[{Python(column)}]";
        string Set(string column, string code) => $"{Of(column)} = {code}";
        switch (step.Fitted)
        {
            case FittedDropMissingRows s: return [$"df = df.dropna(subset={List(s.Columns)})"];
            case FittedDropDuplicates s: return s.Columns.Count == 0 ? [] : [$"df = df.drop_duplicates(subset={List(s.Columns)})"];
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
            case FittedDropOutliers s: return [$"df = df[~({string.Join(" | ", s.Bounds.Select(b => $"({Of(b.Column)} < {Number(b.Lower)}) | ({Of(b.Column)} > {Number(b.Upper)})"))})]"];
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
            case FittedReplaceText s: return [.. s.Columns.Where(c => before.Find(c) is not null).Select(c => Set(c, $"{ReplaceText(Of(c), s)}.replace(\"\", np.nan)"))];
            case FittedTidyText s: return [.. s.Columns.Where(c => before.Find(c) is not null).Select(c => Set(c, Tidy(Of(c), s)))];
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
            case FittedReorderColumns s:
                return [$"first = [name for name in {List(s.Columns)} if name in df.columns]", "df = df[first + [name for name in df.columns if name not in first]]"];
            case FittedFilterRows s: return [$"df = df[holds({s.Parsed.ToPandas()}, df)]"];
            case FittedDerivedColumn s: return [Set(s.Name, $"plain({s.Parsed.ToPandas()}, df)")];
            default: return null;
        }
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
                return $"{code}.mask({code}.str.strip().str.lower().isin({List(values.Select(v => v.Trim().ToLowerInvariant()))}))";
        }
    }

    private static string ReplaceText(string column, FittedReplaceText step)
    {
        var flags = step.IgnoreCase ? ", flags=re.IGNORECASE" : "";
        // .NET writes $1 and ${name} where Python writes \g<1> and \g<name>.
        return step.Match switch
        {
            TextMatch.Pattern => $"{column}.str.replace({Python(step.Find)}, {Python(Regex.Replace(step.Replacement.Replace("\\", "\\\\", StringComparison.Ordinal), @"\$(?:\{(\w+)\}|(\d+))", "\\g<$1$2>"))}, regex=True{flags})",
            TextMatch.Whole when step.IgnoreCase => $"{column}.mask({column}.str.lower() == {Python(step.Find.ToLowerInvariant())}, {Python(step.Replacement)})",
            TextMatch.Whole => $"{column}.mask({column} == {Python(step.Find)}, {Python(step.Replacement)})",
            _ when step.IgnoreCase => $"{column}.str.replace(re.escape({Python(step.Find)}), lambda found: {Python(step.Replacement)}, regex=True{flags})",
            _ => $"{column}.str.replace({Python(step.Find)}, {Python(step.Replacement)}, regex=False)",
        };
    }

    private static string Tidy(string code, FittedTidyText step)
    {
        if (step.Trim) code += ".str.strip()";
        if (step.CollapseBlanks) code += ".str.replace(r\"\\s+\", \" \", regex=True)";
        if (step.Case != LetterCase.Keep) code += step.Case == LetterCase.Lower ? ".str.lower()" : ".str.upper()";
        return code + ".replace(\"\", np.nan)";
    }

    private static string DatePartOf(string code, DatePart part, string? since) => part switch
    {
        DatePart.DaysSince => $"({code} - pd.Timestamp({Python(since!)})) / pd.Timedelta(days=1)",
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
            foreach (var (name, source) in Helpers)
                if (Regex.IsMatch(code, $@"(?<![\w.]){name}\(") && needed.Add(name)) Need(source);
        }
        Need(body);
        foreach (var (name, source) in Helpers)
            if (needed.Contains(name)) text.Append("\n\n").Append(source.Trim()).Append('\n');
    }

    private static readonly (string Name, string Source)[] Helpers =
    [
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
                return words.str.lower().map(known).astype("boolean")
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
                numeric = texts.str.strip().str.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?").fillna(False).astype(bool)
                return finite(pd.to_numeric(texts.where(numeric), errors="coerce").astype("Float64"))
            """),
        ("to_text", """
            def to_text(values):
                "Values written out: 12.5, 2024-01-31, true."
                if pd.api.types.is_datetime64_any_dtype(values):
                    day = values.dt.strftime("%Y-%m-%d")
                    return day.where(values == values.dt.normalize(), day + "T" + values.dt.strftime("%H:%M:%S.%f").str.replace(r"\.0*$|(?<=[1-9])0+$", "", regex=True)).astype("string")
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
                    return f"{mantissa}E{exponent}"
                written = repr(value)
                return written[:-2] if written.endswith(".0") else written.replace("e", "E")
            """),
        ("to_date", """
            def to_date(texts):
                "Texts such as 2024-01-31 or 2024-01-31T14:30:00 as dates; missing where a text is none."
                return parse_dates(texts, r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?:[T ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d(?:\.\d{1,7})?))?(?P<zone>Z|[+-]\d\d:\d\d)?)?")
            """),
        ("read_dates", """
            def read_dates(texts):
                "Dates in the order that fits most of the texts."
                time = r"(?: (?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?P<zone>Z)?)?"
                orders = [
                    r"(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})" + time,
                    r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})" + time,
                    r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})" + time,
                    r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})" + time,
                ]
                return max([to_date(texts)] + [parse_dates(texts, order) for order in orders], key=lambda dates: dates.notna().sum())
            """),
        ("parse_dates", """
            def parse_dates(texts, pattern):
                parts = texts.astype("string").str.strip().str.extract("^" + pattern + "$")
                dates = pd.to_datetime(parts[["year", "month", "day"]].astype(float), errors="coerce")
                clock = parts[["hour", "minute", "second"]].astype(float)
                dates = dates.mask((clock["hour"] > 23) | (clock["minute"] > 59) | (clock["second"] >= 60))
                for unit in ("hour", "minute"):
                    dates = dates + pd.to_timedelta(clock[unit].fillna(0), unit=unit)
                dates = dates + pd.to_timedelta((clock["second"].fillna(0) * 1e7).round().astype("int64") * 100, unit="ns")
                zone = parts["zone"].str.extract(r"([+-])(\d\d):(\d\d)")
                offset = zone[1].astype(float) * 60 + zone[2].astype(float)
                return dates - pd.to_timedelta(offset.where(zone[0] == "+", -offset).astype(float).fillna(0), unit="minute")
            """),
        ("only_truth", """
            def only_truth(words):
                "Missing where a word is neither true nor false."
                return plain(words.where(words.str.lower().isin(["true", "false", "t", "f", "yes", "no", "y", "n", "1", "0"])))
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
