using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Scripts;
using ModelWorkbench.Core.Recipes.Steps;
using Expression = ModelWorkbench.Core.Recipes.Expressions.Expression;

namespace ModelWorkbench.Core.Exports.Sources;

/// <summary>What an exported program does to a column, in order.</summary>
/// <param name="Json">The operation: <c>op</c>, the columns, and what was learnt.</param>
/// <param name="Reads">The columns that it looks at.</param>
/// <param name="Writes">The columns that it sets.</param>
internal sealed record Operation(JsonObject Json, IReadOnlyList<string> Reads, IReadOnlyList<string> Writes)
{
    /// <summary>What is computed, for a formula.</summary>
    public Expression? Formula { get; init; }
}

/// <summary>Takes a fitted recipe apart into operations on columns by name. Steps that choose rows or columns are none: no row is dropped at prediction, and a column that nobody reads is not made.</summary>
internal sealed partial class RecipeWriter
{
    private readonly ModelData _data;
    private readonly bool _forPython;
    private readonly List<Operation> _operations = [];

    private RecipeWriter(ModelData data, bool forPython) => (_data, _forPython) = (data, forPython);

    /// <param name="columns">The columns of the source; afterwards what the steps make of them, without rows.</param>
    /// <param name="needed">The columns that are read in the end; afterwards those of the source.</param>
    /// <param name="forPython">Whether patterns are written for Python.</param>
    public static IReadOnlyList<Operation> Write(FittedRecipe recipe, ref Table columns, HashSet<string> needed, ModelData data, bool forPython)
    {
        var writer = new RecipeWriter(data, forPython);
        foreach (var step in recipe.Steps)
        {
            if (step.DropsRows || step.TrainingOnly) continue;
            writer.Add(step, columns);
            columns = step.Replay(columns);
        }
        // From the end: what nobody reads any more is left out.
        var kept = new List<Operation>();
        foreach (var operation in Enumerable.Reverse(writer._operations))
        {
            if (!operation.Writes.Any(needed.Contains)) continue;
            needed.ExceptWith(operation.Writes);
            needed.UnionWith(operation.Reads);
            kept.Add(operation);
        }
        kept.Reverse();
        return kept;
    }

    /// <summary>The table of a signature's columns, without rows.</summary>
    public static Table ColumnsOf(Signature signature) => TextRows.ToTable(signature.Inputs, []);

    /// <summary>How a value of a column is held: <c>number</c>, <c>date</c> or <c>text</c>.</summary>
    public static string KindOf(Column column) => column.Kind switch { ColumnKind.Numeric => "number", ColumnKind.DateTime => "date", _ => "text" };

    /// <summary>Why Python cannot replace by this pattern of .NET; null where it can.</summary>
    public static string? WhyNotPython(FittedStep step) => step is FittedReplaceText { Match: TextMatch.Pattern } replace ? WhyNotPattern(replace.Find) : null;

    /// <inheritdoc cref="WhyNotPython"/>
    public static string? WhyNotPattern(string pattern) =>
        BeyondPython().Match(pattern) is { Success: true } found && !(found.Value.StartsWith("(?", StringComparison.Ordinal) && found.Index == 0 && !found.Value.Contains('n') && !found.Value.Contains('-'))
            ? $"replaces by the pattern '{pattern}', whose '{found.Value}' Python does not know" : null;

    // Classes of Unicode, subtracted classes, names in single quotes, options in the middle.
    [GeneratedRegex(@"\\[pPeGcC]|-\[|\(\?'|\(\?[imsnx-]+\)|\(\?[ims]*[nx-][imsnx-]*:|\{,")]
    private static partial Regex BeyondPython();

    private void Add(FittedStep step, Table before)
    {
        switch (step)
        {
            case FittedDropColumns or FittedReorderColumns:
                break;
            case FittedRenameColumn s:
                Put("copy", s.From, [s.To], ("to", s.To));
                break;
            case FittedFillMissing s:
                foreach (var name in s.Flagged ?? []) Put("flag", name, [FillMissingStep.FlagName(name)], ("kind", KindOf(before[name])), ("to", FillMissingStep.FlagName(name)));
                foreach (var fill in s.Fills)
                {
                    var column = before[fill.Column];
                    if (fill.ByGroup is not { } groups || s.GroupBy is not { } by) Put("fill", fill.Column, null, ("kind", KindOf(column)), ("value", Value(column, fill.Value)));
                    else
                        _operations.Add(new Operation(Json("fill", ("column", fill.Column), ("kind", KindOf(column)), ("value", Value(column, fill.Value)), ("by", by), ("byKind", KindOf(before[by])),
                            ("groups", new JsonObject(groups.Select(g => KeyValuePair.Create(g.Key, Value(column, g.Value)))))), [fill.Column, by], [fill.Column]));
                }
                break;
            case FittedChangeKind s:
                if (before.Find(s.Column) is { } changed && changed.Kind != s.Kind)
                {
                    var to = s.Kind switch { ColumnKind.Numeric => "number", ColumnKind.DateTime => "date", ColumnKind.Boolean => "boolean", _ => "text" };
                    // Categories and text are held alike.
                    if (!(to == "text" && KindOf(changed) == "text")) Put("convert", s.Column, null, ("kind", KindOf(changed)), ("to", to));
                }
                break;
            case FittedLog1p s: Each("log1p", s.Columns); break;
            case FittedLog s: Each("log", s.Columns); break;
            case FittedSquareRoot s: Each("square-root", s.Columns); break;
            case FittedYeoJohnson s:
                foreach (var power in s.Powers) Put("yeo-johnson", power.Column, null, ("power", power.Lambda));
                break;
            case FittedScale s:
                foreach (var scale in s.Scales) Put("scale", scale.Column, null, ("center", scale.Center), ("scale", scale.Scale));
                break;
            case FittedClipOutliers s:
                foreach (var bounds in s.Bounds) Put("clip", bounds.Column, null, ("lower", bounds.Lower), ("upper", bounds.Upper));
                break;
            case FittedPca s:
                _operations.Add(new Operation(Json("project", ("columns", Texts(s.Columns)), ("to", Texts(s.ComponentNames)), ("mean", _data.Doubles(s.Components.Mean)), ("scale", _data.Doubles(s.Components.Scale)),
                    ("weights", _data.Doubles([.. s.Components.Components.SelectMany(c => c)]))), s.Columns, s.ComponentNames));
                break;
            case FittedValuesToMissing s:
                foreach (var name in s.Columns)
                    if (before.Find(name) is { } marked) AddMissing(marked, s.Values);
                break;
            case FittedReplaceText s:
                var (find, by2) = s.Match == TextMatch.Pattern && _forPython ? (PandasScript.PythonPattern(s.Find), PandasScript.PythonReplacement(s.Replacement, s.Find)) : (s.Find, s.Replacement);
                foreach (var name in s.Columns)
                    if (before.Find(name) is not null) Put("replace", name, null, ("match", s.Match.ToString().ToLowerInvariant()), ("find", find), ("by", by2), ("ignoreCase", s.IgnoreCase));
                break;
            case FittedTidyText s:
                foreach (var name in s.Columns)
                    if (before.Find(name) is not null) Put("tidy", name, null, ("trim", s.Trim), ("collapse", s.CollapseBlanks), ("case", s.Case.ToString().ToLowerInvariant()));
                break;
            case FittedDateParts s:
                foreach (var part in s.Parts)
                    Put("date-part", s.Column, [FittedDateParts.NameOf(s.Column, part)], ("to", FittedDateParts.NameOf(s.Column, part)), ("part", part.ToString()), ("since", part == Recipes.Steps.DatePart.DaysSince ? s.Since : null));
                break;
            case FittedMergeRare s:
                foreach (var kept in s.Kept) Put("merge", kept.Column, null, ("keep", Texts(kept.Values)), ("other", s.Other));
                break;
            case FittedOneHot s:
                foreach (var (column, values) in s.Columns)
                {
                    string[] names = [.. values.Select(value => FittedOneHot.NameOf(column, value))];
                    Put("one-hot", column, names, ("values", Texts(values)), ("to", Texts(names)));
                }
                break;
            case FittedOrdinalEncode s:
                foreach (var (column, values) in s.Columns) Put("ordinal", column, null, ("values", Texts(values)));
                break;
            case FittedParseNumber s:
                foreach (var name in s.Columns)
                    if (before.Find(name) is DictionaryColumn) Put("parse-number", name, null, ("decimal", s.Decimal == DecimalMark.Point ? "." : ","), ("percentAsFraction", s.PercentAsFraction), ("magnitudes", s.Magnitudes));
                break;
            case FittedParseDate s:
                foreach (var name in s.Columns)
                    if (before[name] is not DateTimeColumn)
                        Put("parse-date", name, null, ("kind", KindOf(before[name])), ("order", s.Order.ToString()), ("dates", _forPython ? Texts(DateTexts.Dates(s.Order)) : null), ("times", _forPython ? Texts(DateTexts.Times) : null));
                break;
            case FittedBin s:
                foreach (var (column, edges) in s.Columns) Put("bin", column, null, ("edges", ScorerWriter.Numbers(edges)), ("labels", s.AsNumbers ? null : Texts(FittedBin.Labels(edges))));
                break;
            case FittedHashEncode s:
                foreach (var name in s.Columns) Put("hash", name, FittedHashEncode.Names(name, s.Buckets), ("to", Texts(FittedHashEncode.Names(name, s.Buckets))));
                break;
            case FittedTextNgrams s:
                string[] grams = [.. s.Ngrams.Select(s.NameOf)];
                Put("ngrams", s.Column, grams, ("unit", s.Unit.ToString().ToLowerInvariant()), ("shortest", s.Shortest), ("longest", s.Longest),
                    ("weight", s.Weight switch { NgramWeight.Count => "count", NgramWeight.Present => "present", _ => "tf-idf" }),
                    ("grams", Texts(s.Ngrams.Select(n => n.Text))), ("frequencies", _data.Doubles([.. s.Ngrams.Select(n => n.InverseDocumentFrequency)])), ("to", Texts(grams)));
                break;
            case FittedTargetEncode s:
                foreach (var encoding in s.Encodings)
                {
                    string[] to = [.. Enumerable.Range(0, s.Prior.Length).Select(output => s.NameOf(encoding.Column, output))];
                    Put("means", encoding.Column, to, ("categories", Texts(encoding.Categories)), ("values", _data.Doubles([.. encoding.Values.SelectMany(v => v)])),
                        ("missing", ScorerWriter.Numbers(encoding.Missing)), ("other", ScorerWriter.Numbers(s.Prior)), ("to", Texts(to)));
                }
                break;
            case FittedDerivedColumn s:
                _operations.Add(new Operation(Json("formula", ("to", s.Name), ("expression", s.Expression)), [.. s.Inputs.Select(i => i.Name)], [s.Name]) { Formula = s.Parsed });
                break;
            default:
                throw new ArgumentException($"A {step.GetType().Name} cannot be written as source.", nameof(step));
        }
    }

    private void AddMissing(Column column, IReadOnlyList<string> values)
    {
        JsonArray? looked = column.Kind switch
        {
            ColumnKind.Numeric => ScorerWriter.Numbers(values.Select(v => ColumnConversion.TryParseNumber(v.Trim(), out var number) ? number : double.NaN).Where(double.IsFinite)),
            ColumnKind.DateTime => Texts(values.Where(v => ColumnConversion.TryParseMoment(v, out _)).Select(v => v.Trim())),
            _ => Texts(values.Select(v => v.Trim())),
        };
        if (looked.Count > 0) Put("missing", column.Name, null, ("kind", KindOf(column)), ("values", looked));
    }

    private void Each(string op, IReadOnlyList<string> columns)
    {
        foreach (var name in columns) Put(op, name, null);
    }

    /// <summary>An operation that reads one column.</summary>
    /// <param name="writes">Null where it changes that column.</param>
    private void Put(string op, string column, IReadOnlyList<string>? writes, params (string Name, JsonNode? Value)[] parts) =>
        _operations.Add(new Operation(Json(op, [("column", column), .. parts]), [column], writes ?? [column]));

    private static JsonObject Json(string op, params (string Name, JsonNode? Value)[] parts)
    {
        var json = new JsonObject { ["op"] = op };
        foreach (var (name, value) in parts)
            if (value is not null) json[name] = value;
        return json;
    }

    /// <summary>A learnt value, which is kept as text: numbers as such, dates and texts as text.</summary>
    private static JsonNode? Value(Column column, string value) => column.Kind == ColumnKind.Numeric ? JsonValue.Create(double.Parse(value, CultureInfo.InvariantCulture)) : JsonValue.Create(value);

    internal static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(t => (JsonNode?)JsonValue.Create(t))]);
}
