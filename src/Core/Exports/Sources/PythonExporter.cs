using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Expressions;
using ModelWorkbench.Core.Recipes.Scripts;
using ModelWorkbench.Core.Recipes.Steps;

namespace ModelWorkbench.Core.Exports.Sources;

/// <summary>One file of Python that needs the standard library alone: rows as they stand in the source go in, answers come out.</summary>
/// <remarks>Python's floats are doubles; features, and sums where the scorer has them, are rounded to 32 bits at the same places, so that every row takes the same way through trees.</remarks>
public sealed partial class PythonExporter : ModelExporter
{
    private static readonly TimeSpan MostTime = TimeSpan.FromMinutes(5);

    // Pure helpers on texts that the exported recipes have too.
    private static readonly string[] Shared = ["lower_case", "upper_case", "replace_in_any_case", "number_in", "currency_in", "amount_in", "unit_in", "date_pattern", "hash_of", "ngrams_of"];

    public override string Id => "python";
    public override string Title => "Python file";
    public override string WhatFor => "One file that scores rows with Python 3.8 or later and nothing else: for notebooks, scripts, jobs, and to read how an answer comes about.";

    public override string FileName(string modelName) => modelName.Replace('-', '_') + ".py";

    public override string? WhyNot(RecipeStep step) => step is ReplaceTextStep { Match: TextMatch.Pattern } replace ? RecipeWriter.WhyNotPattern(replace.Find) : null;

    public override IReadOnlyList<string> WhyNot(ModelPackage package) =>
    [
        .. package.Manifest.Recipe.Steps.Index().Select(s => (s.Index, Reason: RecipeWriter.WhyNotPython(s.Item))).Where(s => s.Reason is not null)
            .Select(s => $"Step {s.Index + 1}, Replace text, {s.Reason}."),
    ];

    public override void Write(ExportSource source, Stream stream, CancellationToken cancellationToken)
    {
        var model = SourceModel.Of(source, forPython: true);
        cancellationToken.ThrowIfCancellationRequested();
        using var writer = new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        writer.Write(Program(source, model));
        writer.Write("\n\n# The model: its inputs, what is done to them step by step, the features, and how they are scored. An array of the data below is type, first byte and count.\nMODEL = r'''");
        writer.Write(model.Json);
        writer.Write("'''\n\n\n# Arrays, compressed by zlib.\nDATA = b\"\"\"\n");
        writer.Write(SourceExporter.Base64(model.Data));
        writer.Write("\"\"\"\n\n\n");
        writer.Write($"# Of the two: a model that was damaged does not answer.\nSHA256 = \"{model.Sha256}\"\n\n\n");
        writer.Write("LOADED = Loaded()\n\n\nif __name__ == \"__main__\":\n    sys.exit(main(sys.argv[1:]))\n");
    }

    /// <summary>The template with the parts that the model calls.</summary>
    private static string Program(ExportSource source, SourceModel model)
    {
        var text = SourceExporter.Template("model.py")
            .Replace("@DOC@", Docstring(source), StringComparison.Ordinal)
            .Replace("@MARKS@", $"[\"\", {string.Join(", ", CsvOptions.DefaultMissingMarks.Select(ScriptLiterals.Python))}]", StringComparison.Ordinal)
            .Replace("@LASTYEAR@", (CultureInfo.InvariantCulture.Calendar.TwoDigitYearMax % 100).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        // The head with the imports, then blocks of which each defines one name.
        var blocks = text.TrimEnd().Split("\n\n\n").ToList();
        var formulas = string.Concat(model.Operations.Where(o => o.Formula is not null)
            .Select(o => $"\n    # {ScriptLiterals.Comment((string)o.Json["to"]!)} = {ScriptLiterals.Comment((string)o.Json["expression"]!)}\n    {o.Json["formula"]}: lambda v: {PythonFormula.Write(o.Formula!)},"));
        blocks.Add($"# What formulas compute of the values v of a row; nan and None are missing.\nFORMULAS = {{{formulas}\n}}");
        blocks.AddRange(Shared.Select(PandasScript.Helper));
        blocks.Add($"CURRENCIES = [{string.Join(", ", NumberTexts.CurrencyWords.Select(ScriptLiterals.Python))}]");
        var named = blocks.Skip(1).Select(block => (Name: Definition().Match(block).Groups["name"].Value, Block: block)).ToArray();
        var needed = new HashSet<string>(StringComparer.Ordinal);
        Need("predict score answer main Loaded " + string.Join(' ', model.Parts.Where(p => !p.StartsWith("input ", StringComparison.Ordinal)).Select(p => p.Replace(' ', '_').Replace('-', '_'))));
        return string.Join("\n\n\n", [blocks[0], .. named.Where(b => needed.Contains(b.Name)).Select(b => b.Block)]) + "\n";

        void Need(string code)
        {
            foreach (var word in Word().Matches(code).Select(m => m.Value))
                if (Array.Find(named, b => b.Name == word).Block is { } block && needed.Add(word)) Need(block);
        }
    }

    private static string Docstring(ExportSource source)
    {
        var lines = SourceExporter.Describe(source).Append("").Append($"    python3 {source.Name.Replace('-', '_')}.py < rows.csv    answers as CSV; --json for JSON, which is read as well")
            .Append($"    from {source.Name.Replace('-', '_')} import predict    predict([{{...}}, ...]) with a dictionary a row");
        return string.Join('\n', lines).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"\"\"", "\\\"\\\"\\\"", StringComparison.Ordinal) + "\n";
    }

    public override ExportProof Prove(ExportSource source, string file, ExportSample sample, string scratchFolder, CancellationToken cancellationToken)
    {
        if (SourceExporter.Find("python3", "python") is not { } python) return ExportProof.CannotRun("Python", "No python3 was found on this machine.");
        sample = SourceExporter.Trimmed(source.Package, sample);
        var rows = Path.Combine(scratchFolder, "rows.json");
        using (var stream = File.Create(rows)) JsonSerializer.Serialize(stream, sample.Rows.Select(row => sample.Inputs.Zip(row).ToDictionary(i => i.First.Name, i => i.Second)));
        var program = Path.Combine(scratchFolder, "prove.py");
        File.WriteAllText(program, """
            import json, runpy, sys
            model = runpy.run_path(sys.argv[1])
            outputs = [number for row in model["score"](json.load(sys.stdin)) for number in row]
            print(json.dumps({"version": sys.version.split()[0], "outputs": [repr(float(number)) for number in outputs]}))
            """);
        using var answer = JsonDocument.Parse(SourceExporter.Run(python, [program, file], rows, MostTime, cancellationToken));
        double[] outputs = [.. answer.RootElement.GetProperty("outputs").EnumerateArray().Select(number => ReadNumber(number.GetString()!))];
        return ExportProof.Compare(sample, outputs, $"Python {answer.RootElement.GetProperty("version").GetString()}", SourceExporter.Tolerance);
    }

    private static double ReadNumber(string text) => text switch
    {
        "inf" => double.PositiveInfinity,
        "-inf" => double.NegativeInfinity,
        "nan" => double.NaN,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    public override IReadOnlyList<ExportSnippet> Use(ExportSource source)
    {
        var row = SourceExporter.FirstRow(source);
        var module = FileName(source.Name)[..^3];
        var given = string.Join(", ", row.Select(r => $"{ScriptLiterals.Python(r.Input.Name)}: {(r.Text is null ? "None" : r.Input.Kind == ColumnKind.Numeric ? r.Text : ScriptLiterals.Python(r.Text))}"));
        return [new("Python", $"from {module} import predict\n\nprint(predict([{{{given}}}]))"), new("Terminal", $"python3 {module}.py < rows.csv > answers.csv")];
    }

    [GeneratedRegex(@"^(?:(?:def|class) (?<name>\w+)|(?<name>[A-Z_]+) = )", RegexOptions.Multiline)]
    private static partial Regex Definition();

    [GeneratedRegex(@"\b[A-Za-z_]\w*")]
    private static partial Regex Word();
}
