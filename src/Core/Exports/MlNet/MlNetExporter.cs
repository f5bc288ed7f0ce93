using System.Globalization;
using System.IO.Compression;
using System.Reflection;
using System.Text;
using Microsoft.ML;
using Microsoft.ML.Data;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Exports.Onnx;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Expressions;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Exports.MlNet;

/// <summary>A model that ML.NET loads, with a C# program that asks it: the ONNX graph as a transformer of ML.NET.</summary>
public sealed class MlNetExporter : ModelExporter
{
    private const string ModelEntry = "model.zip";

    // So that the same model gives the same bytes.
    private static readonly DateTimeOffset EntryTime = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly OnnxExporter _onnx = new();

    // The version of the assembly has not changed since 1.0.
    private static string Name => "ML.NET " + typeof(MLContext).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];

    public override string Id => "ml-net";
    public override string Title => "ML.NET";
    public override string WhatFor => "A model.zip for MLContext.Model.Load in any ML.NET program, and a small C# project that answers the rows of a CSV file with it. Within is the ONNX graph.";

    public override string FileName(string modelName) => modelName + "-mlnet.zip";

    public override string? WhyNot(RecipeStep step) => _onnx.WhyNot(step);

    public override IReadOnlyList<string> WhyNot(ModelPackage package) => _onnx.WhyNot(package);

    public override void Write(ExportSource source, Stream stream, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("ml-net").FullName;
        try
        {
            var graph = Path.Combine(folder, "model.onnx");
            using (var file = File.Create(graph)) _onnx.Write(source, file, cancellationToken);
            using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
            using (var model = new MemoryStream())
            {
                Save(source.Package, graph, model);
                using var again = new MemoryStream();
                CopyWithFixedTimes(model, again);
                again.Position = 0;
                using var entry = Entry(archive, ModelEntry).Open();
                again.CopyTo(entry);
            }
            var package = source.Package;
            AddText(archive, "Program.cs", Resource("Program.cs.txt")
                .Replace("LABEL", OnnxModel.LabelOf(package) ?? "label", StringComparison.Ordinal).Replace("ANSWERS", OnnxModel.AnswersOf(package), StringComparison.Ordinal)
                .Replace("NAMES", string.Join(", ", AnswerNames(package).Select(ScriptLiterals.CSharp)), StringComparison.Ordinal));
            AddText(archive, $"{source.Name}.csproj", Resource("Answers.csproj.txt"));
            AddText(archive, "rows.csv", Csv(package.Manifest.Signature.Used, [.. package.Manifest.Golden.Rows.Take(3).Select(row => (IReadOnlyList<string?>)[.. package.Manifest.Signature.UsedIndexes.Select(i => row[i])])]));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public override ExportProof Prove(ExportSource source, string file, ExportSample sample, string scratchFolder, CancellationToken cancellationToken)
    {
        var context = new MLContext(1);
        var rows = Path.Combine(scratchFolder, "rows.csv");
        File.WriteAllText(rows, Csv(sample.Inputs, sample.Rows));
        using var archive = ZipFile.OpenRead(file);
        using var model = new MemoryStream();
        using (var entry = (archive.GetEntry(ModelEntry) ?? throw new InvalidDataException($"The file has no {ModelEntry}.")).Open()) entry.CopyTo(model);
        model.Position = 0;
        var loaded = context.Model.Load(model, out var schema);
        if (!schema.Select(c => c.Name).SequenceEqual(sample.Inputs.Select(i => i.Name))) throw new InvalidDataException("The loaded model asks for other columns.");
        var answers = loaded.Transform(Loader(context, sample.Inputs).Load(new MultiFileSource(rows)));
        var outputs = new List<double>(sample.Outputs.Length);
        using (var cursor = answers.GetRowCursor([answers.Schema[OnnxModel.AnswersOf(source.Package)]]))
        {
            var read = cursor.GetGetter<VBuffer<double>>(answers.Schema[OnnxModel.AnswersOf(source.Package)]);
            VBuffer<double> values = default;
            while (cursor.MoveNext())
            {
                cancellationToken.ThrowIfCancellationRequested();
                read(ref values);
                outputs.AddRange(values.DenseValues());
            }
        }
        (loaded as IDisposable)?.Dispose();
        return ExportProof.Compare(sample, outputs, Name);
    }

    public override IReadOnlyList<ExportSnippet> Use(ExportSource source) =>
    [
        new ExportSnippet("Terminal", $"unzip {FileName(source.Name)} -d {source.Name}\ncd {source.Name}\ndotnet run -- rows.csv\n"),
        new ExportSnippet("C#", "// dotnet add package Microsoft.ML\n// dotnet add package Microsoft.ML.OnnxTransformer\n// dotnet add package Microsoft.ML.OnnxRuntime\nusing Microsoft.ML;\n\nvar context = new MLContext();\n"
            + $"var model = context.Model.Load({ScriptLiterals.CSharp(ModelEntry)}, out var inputs);   // of the unpacked file\nvar answers = model.Transform(rows);   // an IDataView with the columns {Short(source.Package)}\n"),
    ];

    private static string Short(ModelPackage package)
    {
        var names = package.Manifest.Signature.Used.Select(i => i.Name).ToList();
        return ScriptLiterals.Comment(names.Count <= 8 ? string.Join(", ", names) : string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", names.Take(7))} and {names.Count - 7} more"));
    }

    private static IEnumerable<string> AnswerNames(ModelPackage package) => package.Pipeline.Target.Task == LearningTask.Regression ? [package.Pipeline.Target.Column] : package.Pipeline.Target.Classes;

    private static void Save(ModelPackage package, string graph, Stream stream)
    {
        var context = new MLContext(1);
        var inputs = package.Manifest.Signature.Used;
        string[] outputs = [.. new[] { OnnxModel.LabelOf(package), OnnxModel.AnswersOf(package) }.OfType<string>()];
        var empty = Loader(context, inputs).Load(new MultiFileSource(null));
        // Of any number of rows the transformer asks one by one.
        var shapes = inputs.ToDictionary(i => i.Name, _ => new[] { 1, 1 });
        using var model = context.Transforms.ApplyOnnxModel(outputs, [.. inputs.Select(i => i.Name)], graph, shapes, gpuDeviceId: null, fallbackToCpu: false).Fit(empty);
        context.Model.Save(model, empty.Schema, stream);
    }

    private static TextLoader Loader(MLContext context, IReadOnlyList<InputColumn> inputs) => context.Data.CreateTextLoader(new TextLoader.Options
    {
        Columns = [.. inputs.Select((input, i) => new TextLoader.Column(input.Name, input.Kind == ColumnKind.Numeric ? DataKind.Double : DataKind.String, i))],
        HasHeader = true,
        Separators = [','],
        AllowQuoting = true,
        ReadMultilines = true,
        MissingRealsAsNaNs = true,
    });

    private static string Csv(IReadOnlyList<InputColumn> inputs, IReadOnlyList<IReadOnlyList<string?>> rows)
    {
        var text = new StringBuilder();
        foreach (var row in rows.Prepend([.. inputs.Select(i => i.Name)])) text.AppendJoin(',', row.Select(Field)).Append('\n');
        return text.ToString();

        // A line of a single missing value would be no line at all.
        string Field(string? field) => field is null ? inputs.Count == 1 ? "\"\"" : "" : field.AsSpan().ContainsAny("\",\r\n ") ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field;
    }

    private static void CopyWithFixedTimes(Stream from, Stream to)
    {
        using var before = new ZipArchive(from, ZipArchiveMode.Read, leaveOpen: true);
        using var after = new ZipArchive(to, ZipArchiveMode.Create, leaveOpen: true);
        foreach (var entry in before.Entries)
        {
            using var read = entry.Open();
            using var write = Entry(after, entry.FullName).Open();
            read.CopyTo(write);
        }
    }

    private static ZipArchiveEntry Entry(ZipArchive archive, string name)
    {
        var entry = archive.CreateEntry(name, CompressionLevel.Optimal);
        entry.LastWriteTime = EntryTime;
        return entry;
    }

    private static void AddText(ZipArchive archive, string name, string text)
    {
        using var writer = new StreamWriter(Entry(archive, name).Open());
        writer.Write(text);
    }

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(MlNetExporter).Assembly.GetManifestResourceStream("ml-net." + name)!);
        return reader.ReadToEnd();
    }
}
