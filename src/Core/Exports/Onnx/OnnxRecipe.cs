using System.Globalization;
using System.Text.RegularExpressions;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;

namespace ModelWorkbench.Core.Exports.Onnx;

/// <summary>The columns of a row on its way through the steps of a recipe.</summary>
/// <remarks>Only the columns that the model uses are there; what a step makes of others is left out, as no feature is made of it. A step without a counterpart refuses the columns that it makes, and what is made of those.</remarks>
internal sealed class OnnxRecipe
{
    private readonly OnnxGraph _graph;
    private readonly Dictionary<string, OnnxColumn> _columns = new(StringComparer.Ordinal);

    private OnnxRecipe(OnnxGraph graph) => _graph = graph;

    /// <summary>The columns after all steps.</summary>
    public static IReadOnlyDictionary<string, OnnxColumn> Replay(OnnxGraph graph, Signature signature, FittedRecipe recipe)
    {
        var replay = new OnnxRecipe(graph);
        foreach (var input in signature.Used) replay._columns.Add(input.Name, replay.Read(signature, input));
        // Numbers of steps are those that people see: steps that do nothing here count.
        foreach (var (i, step) in recipe.Steps.Index())
            if (!step.DropsRows && !step.TrainingOnly) replay.Follow(step, string.Create(CultureInfo.InvariantCulture, $"Step {i + 1}, {step.Title},"));
        return replay._columns;
    }

    /// <summary>Why a step can never be written with the operators of ONNX, whatever it learns; null where it can, or that hangs on its formula.</summary>
    public static string? WhyNot(RecipeStep step) => step switch
    {
        HashEncodeStep => "puts texts into buckets by a hash, for which ONNX has no operator",
        TextNgramsStep => "takes texts apart into words, for which ONNX has no operator that does it alike",
        ParseDateStep => "reads dates out of free text, for which ONNX has no operator",
        ParseNumberStep => "reads numbers out of free text, for which ONNX has no operator",
        ReplaceTextStep { Match: not TextMatch.Whole } => "writes texts anew, for which ONNX has no operator",
        DerivedColumnStep derived => OnnxFormula.WhyNot(derived.Expression),
        _ => null,
    };

    private OnnxColumn Read(Signature signature, InputColumn input)
    {
        if (input.Kind == ColumnKind.Numeric) return new OnnxColumn.Numbers(_graph.Input(input.Name, OnnxGraph.Double));
        var texts = _graph.Input(input.Name, OnnxGraph.Text);
        if (input.Kind == ColumnKind.DateTime) return _graph.ReadDates(texts);
        // A category that training rows did not have counts as missing.
        if (input is { ChoicesAreComplete: true, Choices: { Count: > 0 } choices })
            texts = _graph.AddMl("LabelEncoder", [texts], ("keys_strings", choices), ("values_strings", choices), ("default_string", ""));
        return new OnnxColumn.Texts(texts, input.Kind);
    }

    private void Follow(FittedStep step, string place)
    {
        switch (step)
        {
            case FittedDropColumns drop:
                foreach (var name in drop.Columns) _columns.Remove(name);
                break;
            case FittedReorderColumns:
                break;
            case FittedRenameColumn rename:
                if (_columns.Remove(rename.From, out var renamed)) _columns[rename.To] = renamed;
                break;
            case FittedLog1p log1p:
                foreach (var name in log1p.Columns) Map(name, place, _graph.Log1p, rounds: true);
                break;
            case FittedLog log:
                foreach (var name in log.Columns) Map(name, place, x => _graph.Where(_graph.Add("Greater", x, _graph.Number(0)), _graph.Add("Log", x), _graph.Number(double.NaN)), rounds: true);
                break;
            case FittedSquareRoot root:
                foreach (var name in root.Columns) Map(name, place, x => _graph.Where(_graph.Add("GreaterOrEqual", x, _graph.Number(0)), _graph.Add("Sqrt", x), _graph.Number(double.NaN)));
                break;
            case FittedYeoJohnson powers:
                foreach (var (name, lambda) in powers.Powers) Map(name, place, x => YeoJohnson(x, lambda), rounds: true);
                break;
            case FittedScale scale:
                foreach (var (name, center, divisor) in scale.Scales) Map(name, place, x => _graph.Add("Div", _graph.Add("Sub", x, _graph.Number(center)), _graph.Number(divisor)));
                break;
            case FittedClipOutliers clip:
                foreach (var (name, lower, upper) in clip.Bounds) Map(name, place, x => _graph.Clamp(x, lower, upper));
                break;
            case FittedBin bins:
                foreach (var (name, edges) in bins.Columns) Change(name, place, column => Bin(column, edges, bins.AsNumbers));
                break;
            case FittedFillMissing fill:
                Fill(fill, place);
                break;
            case FittedChangeKind change:
                Change(change.Column, place, column => Convert(column, change.Kind));
                break;
            case FittedValuesToMissing values:
                foreach (var name in values.Columns) Change(name, place, column => ToMissing(column, values.Values));
                break;
            case FittedReplaceText replace:
                foreach (var name in replace.Columns) Change(name, place, column => Replace(column, replace));
                break;
            case FittedTidyText tidy:
                foreach (var name in tidy.Columns) Change(name, place, column => Tidy(column, tidy));
                break;
            case FittedMergeRare merge:
                foreach (var (name, kept) in merge.Kept)
                    Change(name, place, column => new OnnxColumn.Texts(_graph.Take(_graph.Words([.. kept, merge.Other, ""], kept.Count + 2), _graph.Positions(column, kept, kept.Count, kept.Count + 1)), column.Kind));
                break;
            case FittedOneHot oneHot:
                foreach (var (name, values) in oneHot.Columns) Spread(name, place, [.. values.Select(v => FittedOneHot.NameOf(name, v))], column => OneHot(column, values));
                break;
            case FittedOrdinalEncode ordinal:
                foreach (var (name, values) in ordinal.Columns)
                    Change(name, place, column => new OnnxColumn.Numbers(_graph.Lookup(column, values, values.Select((_, i) => (double)i), double.NaN, double.NaN)));
                break;
            case FittedTargetEncode target:
                foreach (var encoding in target.Encodings)
                    Spread(encoding.Column, place, [.. target.Prior.Select((_, output) => target.NameOf(encoding.Column, output))], column =>
                    {
                        var positions = _graph.Positions(column, encoding.Categories, encoding.Categories.Count, encoding.Categories.Count + 1);
                        return [.. target.Prior.Select((prior, output) => _graph.Take(_graph.Numbers([.. encoding.Values.Select(v => v[output]), prior, encoding.Missing[output]], encoding.Categories.Count + 2), positions))];
                    });
                break;
            case FittedDateParts dates:
                var source = _columns.GetValueOrDefault(dates.Column);
                Spread(dates.Column, place, [.. dates.Parts.Select(part => FittedDateParts.NameOf(dates.Column, part))], column => [.. dates.Parts.Select(part => DatePart(column, part, dates.Since))]);
                // A fraction of a day is summed up otherwise; years and months are whole.
                if (_columns.GetValueOrDefault(FittedDateParts.NameOf(dates.Column, Recipes.Steps.DatePart.DaysSince)) is OnnxColumn.Numbers days && source is not null && dates.Parts.Contains(Recipes.Steps.DatePart.DaysSince))
                    _columns[FittedDateParts.NameOf(dates.Column, Recipes.Steps.DatePart.DaysSince)] = days with { IsRounded = true };
                if (dates.KeepSource && source is not null) _columns[dates.Column] = source;
                break;
            case FittedPca pca:
                Project(pca, place);
                break;
            case FittedDerivedColumn derived:
                Derive(derived, place);
                break;
            case FittedHashEncode hash:
                foreach (var name in hash.Columns) Spread(name, place, FittedHashEncode.Names(name, hash.Buckets), _ => throw new OnnxException("puts texts into buckets by a hash, for which ONNX has no operator"));
                break;
            case FittedTextNgrams ngrams:
                var text = _columns.GetValueOrDefault(ngrams.Column);
                Spread(ngrams.Column, place, [.. ngrams.Ngrams.Select(ngrams.NameOf)], _ => throw new OnnxException("takes texts apart into words, for which ONNX has no operator that does it alike"));
                if (ngrams.KeepSource && text is not null) _columns[ngrams.Column] = text;
                break;
            case FittedParseDate parse:
                foreach (var name in parse.Columns)
                    Change(name, place, column => column is OnnxColumn.Dates ? column : throw new OnnxException("reads dates out of free text, for which ONNX has no operator"));
                break;
            case FittedParseNumber parse:
                foreach (var name in parse.Columns)
                    Change(name, place, column => column is OnnxColumn.Numbers ? column : throw new OnnxException("reads numbers out of free text, for which ONNX has no operator"));
                break;
            default:
                foreach (var origin in step.Origins.Where(o => o.From.Any(_columns.ContainsKey)).ToList())
                    _columns[origin.Column] = new OnnxColumn.Refused(ColumnKind.Numeric, $"{place} has no counterpart in ONNX.");
                break;
        }
    }

    /// <summary>Replaces a column; where that is not possible, by a refusal. Columns that are not there are passed over.</summary>
    private void Change(string name, string place, Func<OnnxColumn, OnnxColumn> change)
    {
        if (!_columns.TryGetValue(name, out var column) || column is OnnxColumn.Refused) return;
        try { _columns[name] = change(column); }
        catch (OnnxException e) { _columns[name] = new OnnxColumn.Refused(column.Kind, $"{place} {e.Message} ({name})."); }
    }

    /// <param name="rounds">As <see cref="OnnxColumn.Numbers.IsRounded"/>.</param>
    private void Map(string name, string place, Func<string, string> map, bool rounds = false) =>
        Change(name, place, column => new OnnxColumn.Numbers(map(NumbersOf(column)), rounds || column is OnnxColumn.Numbers { IsRounded: true }));

    /// <summary>Puts columns of numbers in the place of one.</summary>
    private void Spread(string name, string place, IReadOnlyList<string> names, Func<OnnxColumn, string[]> spread)
    {
        if (!_columns.Remove(name, out var column)) return;
        try
        {
            if (column is OnnxColumn.Refused) throw new OnnxException("");
            foreach (var (made, value) in names.Zip(spread(column))) _columns[made] = new OnnxColumn.Numbers(value);
        }
        catch (OnnxException e)
        {
            var reason = column as OnnxColumn.Refused ?? new OnnxColumn.Refused(ColumnKind.Numeric, $"{place} {e.Message} ({name}).");
            foreach (var made in names) _columns[made] = reason;
        }
    }

    internal static string NumbersOf(OnnxColumn column) => (column as OnnxColumn.Numbers)?.Value ?? throw new OnnxException("takes what are no numbers as numbers");

    private string YeoJohnson(string x, double lambda)
    {
        var bent = _graph.Where(_graph.Add("GreaterOrEqual", x, _graph.Number(0)), Bend(x, lambda), _graph.Add("Neg", Bend(_graph.Add("Neg", x), 2 - lambda)));
        return _graph.Finite(bent);

        string Bend(string value, double power) => Math.Abs(power) < 1e-12 ? _graph.Log1p(value)
            : _graph.Add("Div", _graph.Add("Sub", _graph.Add("Pow", _graph.Add("Add", value, _graph.Number(1)), _graph.Number(power)), _graph.Number(1)), _graph.Number(power));
    }

    private OnnxColumn Bin(OnnxColumn column, double[] edges, bool asNumbers)
    {
        var x = NumbersOf(column);
        var missing = _graph.Add("IsNaN", x);
        var below = edges.Length == 0 ? _graph.Add("Mul", _graph.Where(missing, _graph.Number(0), x), _graph.Number(0))
            : _graph.AddWith("ReduceSum", [_graph.Cast(_graph.Add("Greater", x, _graph.Numbers(edges, 1, edges.Length)), OnnxGraph.Double), _graph.Ints([1], 1)], ("keepdims", 1L));
        if (asNumbers) return new OnnxColumn.Numbers(_graph.Where(missing, _graph.Number(double.NaN), below));
        var labels = FittedBin.Labels(edges);
        var index = _graph.Cast(_graph.Where(missing, _graph.Number(labels.Length), below), OnnxGraph.Int);
        return new OnnxColumn.Texts(_graph.Take(_graph.Words([.. labels, ""], labels.Length + 1), index), ColumnKind.Category);
    }

    private void Fill(FittedFillMissing fill, string place)
    {
        // Flags and groups are of the columns as they were before the step.
        var before = new Dictionary<string, OnnxColumn>(_columns, StringComparer.Ordinal);
        foreach (var (name, value, byGroup) in fill.Fills.Select(f => (f.Column, f.Value, f.ByGroup)))
            Change(name, place, column =>
            {
                if (byGroup is null || fill.GroupBy is null) return Filled(column, value);
                // Where only the flag of a column is looked at, what it is filled by is not asked for, and what it is filled with hangs on nothing.
                if (!before.TryGetValue(fill.GroupBy, out var group)) throw new OnnxException($"fills by the column '{fill.GroupBy}', which the model does not ask for");
                if (group is OnnxColumn.Refused refused) throw new OnnxException($"fills by a column that cannot be exported: {refused.Reason}");
                string[] groups = [.. byGroup.Keys];
                switch (column)
                {
                    case OnnxColumn.Numbers numbers:
                        var fills = groups.Select(g => double.Parse(byGroup[g], CultureInfo.InvariantCulture));
                        var other = double.Parse(value, CultureInfo.InvariantCulture);
                        return numbers with { Value = _graph.Where(_graph.Missing(column), _graph.Lookup(group, groups, fills, other, other), numbers.Value) };
                    case OnnxColumn.Texts texts:
                        var words = _graph.Take(_graph.Words([.. groups.Select(g => byGroup[g]), value], groups.Length + 1), _graph.Positions(group, groups, groups.Length, groups.Length));
                        return new OnnxColumn.Texts(_graph.Where(_graph.Missing(column), words, texts.Value), column.Kind);
                    default:
                        throw new OnnxException("fills by group what is neither numbers nor texts");
                }
            });
        foreach (var name in fill.Flagged ?? [])
            if (before.GetValueOrDefault(name) is { } column)
                _columns[FillMissingStep.FlagName(name)] = column is OnnxColumn.Refused ? column
                    : new OnnxColumn.Texts(_graph.Where(_graph.Missing(column), _graph.Word("true"), _graph.Word("false")), ColumnKind.Boolean);
    }

    private OnnxColumn Filled(OnnxColumn column, string value)
    {
        switch (column)
        {
            case OnnxColumn.Numbers numbers:
                return numbers with { Value = _graph.Where(_graph.Missing(column), _graph.Number(double.Parse(value, CultureInfo.InvariantCulture)), numbers.Value) };
            case OnnxColumn.NumberTexts numbers when double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number.ToString("R", CultureInfo.InvariantCulture) == value:
                return numbers with { Value = _graph.Where(_graph.Missing(column), _graph.Number(number), numbers.Value) };
            case OnnxColumn.Texts texts:
                return texts with { Value = _graph.Where(_graph.Missing(column), _graph.Word(value), texts.Value) };
            case OnnxColumn.Tidied tidied:
                var pattern = tidied.PatternOf;
                return tidied with { PatternOf = text => text == value ? $"(?:{pattern(text)})|(?:{pattern("")})" : text.Length == 0 ? "[^\\x{0}-\\x{10FFFF}]" : pattern(text) };
            case OnnxColumn.Dates dates when ColumnConversion.TryParseMoment(value, out var ticks):
                var moment = new DateTime(ticks, DateTimeKind.Utc);
                string Or(long part, string own) => _graph.Where(dates.Missing, _graph.Ints([part]), own);
                return new OnnxColumn.Dates(_graph.Add("And", dates.Missing, _graph.Add("Not", dates.Missing)), Or(ticks / TimeSpan.TicksPerDay, dates.Days), Or(moment.Year, dates.Year), Or(moment.Month, dates.Month), Or(moment.Day, dates.Day),
                    _graph.Where(dates.Missing, _graph.Number(moment.TimeOfDay.TotalSeconds), dates.Seconds));
            default:
                throw new OnnxException($"fills '{value}' into numbers that are taken as texts");
        }
    }

    private OnnxColumn Convert(OnnxColumn column, ColumnKind kind)
    {
        if (column.Kind == kind) return column;
        switch (column, kind)
        {
            case (OnnxColumn.Numbers { IsRounded: true }, _):
                throw new OnnxException("takes computed numbers as texts, and their last digits may differ");
            case (OnnxColumn.Numbers numbers, ColumnKind.Category or ColumnKind.Text):
                return new OnnxColumn.NumberTexts(numbers.Value, kind);
            case (OnnxColumn.Numbers numbers, ColumnKind.Boolean):
                return new OnnxColumn.NumberTexts(ZeroOrOne(numbers.Value), kind);
            case (OnnxColumn.NumberTexts numbers, ColumnKind.Numeric):
                return new OnnxColumn.Numbers(numbers.Value);
            case (OnnxColumn.NumberTexts numbers, ColumnKind.Category or ColumnKind.Text):
                return numbers with { Kind = kind };
            case (OnnxColumn.NumberTexts numbers, ColumnKind.Boolean):
                return new OnnxColumn.NumberTexts(ZeroOrOne(numbers.Value), kind);
            case (OnnxColumn.Texts texts, ColumnKind.Category or ColumnKind.Text):
                return texts with { Kind = kind };
            case (OnnxColumn.Tidied texts, ColumnKind.Category or ColumnKind.Text):
                return texts with { Kind = kind };
            case (OnnxColumn.Texts texts, ColumnKind.Boolean):
                return new OnnxColumn.Texts(_graph.Where(_graph.Matches(texts.Value, "(?i)(true|false|t|f|yes|no|y|n|1|0)"), texts.Value, _graph.Word("")), kind);
            case (OnnxColumn.Texts texts, ColumnKind.Numeric):
                var isNumber = _graph.Matches(texts.Value, OnnxColumns.Trimmed(@"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"));
                var read = _graph.Cast(_graph.Where(isNumber, texts.Value, _graph.Word("0")), OnnxGraph.Double);
                return new OnnxColumn.Numbers(_graph.Where(isNumber, _graph.Finite(read), _graph.Number(double.NaN)));
            default:
                throw new OnnxException($"takes {StepColumns.Noun(column.Kind)} as {StepColumns.Noun(kind)}, for which ONNX has no operator");
        }

        // Zero with a sign is written -0, which is neither true nor false.
        string ZeroOrOne(string numbers)
        {
            var isZero = _graph.Add("And", _graph.Add("Equal", numbers, _graph.Number(0)), _graph.Add("Not", _graph.IsSignedZero(numbers)));
            return _graph.Where(_graph.Add("Or", isZero, _graph.Add("Equal", numbers, _graph.Number(1))), numbers, _graph.Number(double.NaN));
        }
    }

    private OnnxColumn ToMissing(OnnxColumn column, IReadOnlyList<string> values)
    {
        switch (column)
        {
            case OnnxColumn.Numbers numbers:
                var x = numbers.Value;
                foreach (var value in values)
                    if (ColumnConversion.TryParseNumber(value.Trim(), out var number)) x = _graph.Where(_graph.Add("Equal", numbers.Value, _graph.Number(number)), _graph.Number(double.NaN), x);
                return numbers with { Value = x };
            case OnnxColumn.Texts texts:
                var pattern = "(?i)" + OnnxColumns.Trimmed(string.Join('|', values.Select(v => OnnxColumns.Escape(v.Trim()))));
                return texts with { Value = _graph.Where(_graph.Matches(texts.Value, pattern), _graph.Word(""), texts.Value) };
            case OnnxColumn.NumberTexts numbers:
                var text = numbers.Value;
                foreach (var value in values)
                    if (ColumnConversion.TryParseNumber(value.Trim(), out var number) && number.ToString("R", CultureInfo.InvariantCulture).Equals(value.Trim(), StringComparison.OrdinalIgnoreCase))
                        text = _graph.Where(_graph.Add("Equal", numbers.Value, _graph.Number(number)), _graph.Number(double.NaN), text);
                return numbers with { Value = text };
            default:
                throw new OnnxException($"looks for values in {StepColumns.Noun(column.Kind)} that ONNX cannot compare");
        }
    }

    private OnnxColumn Replace(OnnxColumn column, FittedReplaceText replace)
    {
        if (replace.Match != TextMatch.Whole || column is not OnnxColumn.Texts texts) throw new OnnxException("writes texts anew, for which ONNX has no operator");
        var found = replace.IgnoreCase ? _graph.Matches(texts.Value, "(?i)" + OnnxColumns.Escape(replace.Find)) : _graph.Add("Equal", texts.Value, _graph.Word(replace.Find));
        return texts with { Value = _graph.Where(found, _graph.Word(replace.Replacement), texts.Value) };
    }

    private static OnnxColumn.Tidied Tidy(OnnxColumn column, FittedTidyText tidy)
    {
        if (column is not OnnxColumn.Texts texts) throw new OnnxException("tidies what is no longer as it stands in the file, which ONNX cannot follow");
        return new OnnxColumn.Tidied(texts.Value, column.Kind, text =>
        {
            // What no text becomes, no text matches.
            var impossible = (tidy.Trim && text != text.Trim()) || (tidy.CollapseBlanks && Regex.IsMatch(text, @"[^\S ]|\s\s"))
                || (tidy.Case == LetterCase.Lower && text != text.ToLowerInvariant()) || (tidy.Case == LetterCase.Upper && text != text.ToUpperInvariant());
            if (impossible) return "[^\\x{0}-\\x{10FFFF}]";
            var pattern = tidy.CollapseBlanks ? string.Join(OnnxColumns.Blanks, text.Split(' ').Select(OnnxColumns.Escape)) : OnnxColumns.Escape(text);
            if (tidy.Trim) pattern = OnnxColumns.Trimmed(pattern);
            return tidy.Case == LetterCase.Keep ? pattern : "(?i)" + pattern;
        });
    }

    private string[] OneHot(OnnxColumn column, IReadOnlyList<string> values)
    {
        var indicators = _graph.Cast(_graph.Add("Equal", _graph.Positions(column, values, -1, -1), _graph.Ints([.. Enumerable.Range(0, values.Count).Select(i => (long)i)], 1, values.Count)), OnnxGraph.Double);
        return Split(indicators, values.Count);
    }

    private string[] Split(string values, int count) => count == 1 ? [values] : _graph.AddMany("Split", count, [values], ("axis", 1L), ("num_outputs", (long)count));

    private string DatePart(OnnxColumn column, Recipes.Steps.DatePart part, string? since)
    {
        if (column is not OnnxColumn.Dates dates) throw new OnnxException("takes what are no dates as dates");
        var value = part switch
        {
            Recipes.Steps.DatePart.Year => _graph.Cast(dates.Year, OnnxGraph.Double),
            Recipes.Steps.DatePart.Quarter => _graph.Cast(_graph.Add("Div", _graph.Add("Add", dates.Month, _graph.Ints([2])), _graph.Ints([3])), OnnxGraph.Double),
            Recipes.Steps.DatePart.Month => _graph.Cast(dates.Month, OnnxGraph.Double),
            Recipes.Steps.DatePart.Day => _graph.Cast(dates.Day, OnnxGraph.Double),
            // 0001-01-01 was a Monday.
            Recipes.Steps.DatePart.Weekday => _graph.Cast(_graph.Add("Mod", dates.Days, _graph.Ints([7])), OnnxGraph.Double),
            Recipes.Steps.DatePart.Hour => _graph.Hour(dates),
            _ => _graph.DaysSince(dates, since is not null && ColumnConversion.TryParseMoment(since, out var ticks) ? ticks : 0),
        };
        return _graph.Where(dates.Missing, _graph.Number(double.NaN), value);
    }

    private void Project(FittedPca pca, string place)
    {
        var names = pca.ComponentNames;
        var inputs = pca.Columns.Select(_columns.GetValueOrDefault).ToList();
        foreach (var name in pca.Columns) _columns.Remove(name);
        // Components are of all the columns: where one is not used, no feature is made of any component.
        if (inputs.Contains(null)) return;
        if (inputs.OfType<OnnxColumn.Refused>().FirstOrDefault() is { } refused || inputs.Any(i => i is not OnnxColumn.Numbers))
        {
            refused = inputs.OfType<OnnxColumn.Refused>().FirstOrDefault() ?? new OnnxColumn.Refused(ColumnKind.Numeric, $"{place} takes what are no numbers as numbers.");
            foreach (var name in names) _columns[name] = refused;
            return;
        }
        var (mean, scale, components) = (pca.Components.Mean, pca.Components.Scale, pca.Components.Components);
        var values = _graph.AddWith("Concat", [.. inputs.Select(i => NumbersOf(i!))], ("axis", 1L));
        var centred = _graph.Add("Div", _graph.Add("Sub", values, _graph.Numbers(mean, 1, mean.Length)), _graph.Numbers(scale, 1, scale.Length));
        centred = _graph.Where(_graph.Add("IsNaN", values), _graph.Number(0), centred);
        var weights = new double[mean.Length * components.Length];
        for (var j = 0; j < mean.Length; j++)
            for (var c = 0; c < components.Length; c++) weights[(j * components.Length) + c] = components[c][j];
        var scores = Split(_graph.Add("MatMul", centred, _graph.Numbers(weights, mean.Length, components.Length)), components.Length);
        foreach (var (name, score) in names.Zip(scores)) _columns[name] = new OnnxColumn.Numbers(score, IsRounded: true);
    }

    private void Derive(FittedDerivedColumn derived, string place)
    {
        var inputs = derived.Inputs.Select(i => _columns.GetValueOrDefault(i.Name)).ToList();
        if (inputs.Contains(null)) return;
        if (inputs.OfType<OnnxColumn.Refused>().FirstOrDefault() is { } refused)
        {
            _columns[derived.Name] = refused;
            return;
        }
        try
        {
            var column = OnnxFormula.Evaluate(_graph, derived.Parsed, _columns);
            if (column is OnnxColumn.Numbers numbers) column = numbers with { IsRounded = OnnxFormula.Rounds(derived) || inputs.Exists(i => i is OnnxColumn.Numbers { IsRounded: true }) };
            _columns[derived.Name] = Convert(column, derived.Kind);
        }
        catch (OnnxException e)
        {
            _columns[derived.Name] = new OnnxColumn.Refused(derived.Kind, $"{place} {e.Message} ({derived.Name}).");
        }
    }
}
