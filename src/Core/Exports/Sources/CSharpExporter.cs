using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes.Expressions;
using ModelWorkbench.Core.Recipes.Scripts;

namespace ModelWorkbench.Core.Exports.Sources;

/// <summary>One file of C# that needs the base library alone: a static class with a typed row.</summary>
/// <remarks>The readers of numbers, dates and words are the workbench's own, word for word, and formulas are those that exported recipes have.</remarks>
public sealed class CSharpExporter : ModelExporter
{
    private const string Part = "//[", End = "//]";

    public override string Id => "csharp";
    public override string Title => "C# file";
    public override string WhatFor => "One file to put into a .NET 8 or later program: a class with a typed row, without packages, quick enough for single requests.";

    public override string FileName(string modelName) => Identifier(modelName) + ".cs";

    public override IReadOnlyList<string> WhyNot(ModelPackage package) => [];

    public override void Write(ExportSource source, Stream stream, CancellationToken cancellationToken)
    {
        using var writer = new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        writer.Write(Program(source));
    }

    /// <summary>The whole file.</summary>
    internal static string Program(ExportSource source)
    {
        var model = SourceModel.Of(source, forPython: false);
        var parts = new List<string> { "DateOrder.cs", "PlainNumber.cs" };
        if (model.Parts.Contains("step parse-number")) parts.Add("NumberTexts.cs");
        if (model.Parts.Contains("step parse-date")) parts.Add("DateTexts.cs");
        if (model.Parts.Contains("step ngrams") || model.Parts.Contains("encode words")) parts.Add("NgramTexts.cs");
        if (model.Parts.Contains("step hash")) parts.Add("StableHash.cs");
        var formulas = string.Concat(model.Operations.Where(o => o.Formula is not null)
            .Select(o => $"        // {ScriptLiterals.Comment((string)o.Json["to"]!)} = {ScriptLiterals.Comment((string)o.Json["expression"]!)}\n        [{o.Json["formula"]}] = row => Plain({o.Formula!.ToCSharp()}),\n"));
        var used = string.Join('\n', Chosen(SourceExporter.Template("Model.cs").Split('\n'), model.Parts));
        var text = new StringBuilder(used.Length + model.Json.Length + (model.Data.Length * 3 / 2))
            .Append(used)
            .Replace("@DOC@", string.Join('\n', SourceExporter.Describe(source).Select(line => $"// {line}".TrimEnd())))
            .Replace("@SUMMARY@", new System.Xml.Linq.XText(SourceExporter.Describe(source)[0]).ToString())
            .Replace("@NAMESPACE@", Identifier(source.Name))
            .Replace("@ROW@", Row(source))
            .Replace("@FORMULAS@", formulas)
            .Replace("@FUNCTIONS@", CSharpScript.Functions)
            .Replace("@PARTS@", string.Join('\n', parts.Select(CSharpScript.Embedded)))
            .Replace("@SHA256@", model.Sha256);
        // Last, as what they hold is not ours to look into.
        return text.Replace("@JSON@", model.Json).Replace("@DATA@\n", SourceExporter.Base64(model.Data)).ToString();
    }

    /// <summary>The lines without the parts that the model does not call.</summary>
    private static IEnumerable<string> Chosen(IEnumerable<string> lines, IReadOnlySet<string> parts)
    {
        var isIn = true;
        foreach (var line in lines)
        {
            if (line.StartsWith(Part, StringComparison.Ordinal)) isIn = line[Part.Length..].Split(',').Any(parts.Contains);
            else if (line.StartsWith(End, StringComparison.Ordinal)) isIn = true;
            else if (isIn) yield return line;
        }
    }

    /// <summary>The typed row: a property an input.</summary>
    private static string Row(ExportSource source)
    {
        var (properties, read) = (new StringBuilder(), new StringBuilder());
        var taken = new HashSet<string>(StringComparer.Ordinal) { "Row", "Equals", "GetHashCode", "GetType", "ToString", "MemberwiseClone", "Finalize", "ReferenceEquals" };
        foreach (var input in source.Package.Manifest.Signature.Inputs)
        {
            if (!input.Used)
            {
                read.Append("Cell.Missing, ");
                continue;
            }
            var name = Identifier(input.Name);
            for (var number = 2; !taken.Add(name); number++) name = string.Create(CultureInfo.InvariantCulture, $"{Identifier(input.Name)}{number}");
            var type = input.Kind switch { ColumnKind.Numeric => "double?", ColumnKind.DateTime => "DateTime?", _ => "string?" };
            properties.Append(CultureInfo.InvariantCulture, $"        /// <summary>{new System.Xml.Linq.XText(SourceExporter.DescribeInput(input))}</summary>\n        public {type} {name} {{ get; init; }}\n\n");
            read.Append(CultureInfo.InvariantCulture, $"Read(Inputs[{source.Package.Manifest.Signature.Inputs.ToList().IndexOf(input)}], row.{name}), ");
        }
        return $"    /// <summary>What the model asks for; null is missing.</summary>\n    public sealed record Row\n    {{\n{properties.ToString().TrimEnd()}\n    }}\n\n"
            + $"    /// <summary>Answers a row.</summary>\n    /// <exception cref=\"ArgumentException\">A number is infinite.</exception>\n    public static Answer Predict(Row row) => Answered(new Cell[] {{ {read.ToString().TrimEnd(' ', ',')} }});\n";
    }

    /// <summary>A name that C# takes: <c>bill length (mm)</c> as <c>BillLengthMm</c>.</summary>
    internal static string Identifier(string name)
    {
        var made = new StringBuilder();
        var starts = true;
        foreach (var c in name)
        {
            if (!char.IsLetterOrDigit(c)) { starts = true; continue; }
            made.Append(starts ? char.ToUpperInvariant(c) : c);
            starts = false;
        }
        return made.Length == 0 ? "Column" : char.IsLetter(made[0]) ? made.ToString() : "_" + made;
    }

    public override ExportProof Prove(ExportSource source, string file, ExportSample sample, string scratchFolder, CancellationToken cancellationToken)
    {
        sample = SourceExporter.Trimmed(source.Package, sample);
        using var stream = File.OpenRead(file);
        return ExportProof.Compare(sample, Ask([(Microsoft.CodeAnalysis.Text.SourceText.From(stream, Encoding.UTF8), sample)], cancellationToken)[0], $".NET {Environment.Version}", SourceExporter.Tolerance);
    }

    /// <summary>Compiles files of exported models together, in memory, and asks each its sample.</summary>
    /// <exception cref="InvalidOperationException">A file does not compile; the message holds the first errors.</exception>
    internal static IReadOnlyList<double[]> Ask(IReadOnlyList<(Microsoft.CodeAnalysis.Text.SourceText Text, ExportSample Sample)> models, CancellationToken cancellationToken)
    {
        var options = new CSharpParseOptions(LanguageVersion.CSharp12);
        SyntaxTree[] trees = [.. models.Select(m => CSharpSyntaxTree.ParseText(m.Text, options, cancellationToken: cancellationToken))];
        // What a program without packages may use.
        var platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Where(path => Path.GetFileName(path) is var name && (name.StartsWith("System.", StringComparison.Ordinal) || name is "netstandard.dll" or "mscorlib.dll"));
        var compilation = CSharpCompilation.Create("exported-models", trees, platform.Select(path => MetadataReference.CreateFromFile(path)), new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, nullableContextOptions: NullableContextOptions.Enable));
        using var image = new MemoryStream();
        var emitted = compilation.Emit(image, cancellationToken: cancellationToken);
        if (!emitted.Success) throw new InvalidOperationException("The exported C# does not compile: " + string.Join(" ", emitted.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Take(5).Select(d => d.ToString())));
        image.Position = 0;
        var context = new AssemblyLoadContext("exported-models", isCollectible: true);
        try
        {
            var assembly = context.LoadFromStream(image);
            var types = trees.Select(tree => assembly.GetType(compilation.GetSemanticModel(tree).GetDeclaredSymbol(tree.GetRoot(cancellationToken).DescendantNodes().OfType<Microsoft.CodeAnalysis.CSharp.Syntax.ClassDeclarationSyntax>().First(c => c.Identifier.Text == "Model"), cancellationToken)!.ToDisplayString(), throwOnError: true)!).ToArray();
            return [.. models.Select((model, i) => Ask(types[i], model.Sample, cancellationToken))];
        }
        finally
        {
            context.Unload();
        }
    }

    private static double[] Ask(Type type, ExportSample sample, CancellationToken cancellationToken)
    {
        var predict = type.GetMethod("Predict", [typeof(IReadOnlyDictionary<string, object?>)])!.CreateDelegate<Func<IReadOnlyDictionary<string, object?>, object>>();
        var (number, probabilities) = ((PropertyInfo?)null, (PropertyInfo?)null);
        var outputs = new List<double>(sample.Outputs.Length);
        foreach (var row in sample.Rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var answer = predict(sample.Inputs.Zip(row).ToDictionary(i => i.First.Name, i => (object?)i.Second));
            number ??= answer.GetType().GetProperty("Number")!;
            probabilities ??= answer.GetType().GetProperty("Probabilities")!;
            if (sample.OutputCount == 1) outputs.Add((double)number.GetValue(answer)!);
            else outputs.AddRange((double[])probabilities.GetValue(answer)!);
        }
        return [.. outputs];
    }

    public override IReadOnlyList<ExportSnippet> Use(ExportSource source)
    {
        var given = string.Join(", ", SourceExporter.FirstRow(source).Where(r => r.Text is not null).Select(r => $"{Identifier(r.Input.Name)} = {r.Input.Kind switch
        {
            ColumnKind.Numeric => r.Text,
            ColumnKind.DateTime => $"DateTime.Parse({ScriptLiterals.CSharp(r.Text!)})",
            _ => ScriptLiterals.CSharp(r.Text!),
        }}"));
        return [new("C#", $"using {Identifier(source.Name)};\n\nvar answer = Model.Predict(new Model.Row {{ {given} }});\nConsole.WriteLine(answer);")];
    }
}
