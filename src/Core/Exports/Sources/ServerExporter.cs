using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;

namespace ModelWorkbench.Core.Exports.Sources;

/// <summary>A project of ASP.NET that serves the model alone, in the protocols that the workbench speaks: the C# file, our readers and writers word for word, and a small program around them.</summary>
public sealed class ServerExporter : ModelExporter
{
    private const string ModelFile = "Model.cs";

    // Fixed, so that the same model gives the same bytes.
    private static readonly DateTimeOffset Stamp = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Files of ours that stand in the project as they are.</summary>
    internal static readonly string[] Protocols =
    [
        "Dialect.cs", "NativeDialect.cs", "OpenInferenceDialect.cs", "TensorBytes.cs", "MlflowDialect.cs", "TensorFlowDialect.cs", "RowBatch.cs", "JsonRows.cs", "CsvRows.cs", "BareNumbers.cs", "InputProblem.cs", "JsonNames.cs", "CsvAnswers.cs", "Disclosure.cs",
        "Column.cs", "Table.cs", "ColumnKind.cs", "ColumnConversion.cs", "DateOrder.cs", "PlainNumber.cs", "MissingMarks.cs", "CsvOptions.cs", "CsvSplitter.cs", "PredictionInterval.cs", "Target.cs", "LearningTask.cs", "DialectErrors.cs", "RequestBody.cs",
    ];

    public override string Id => "server";
    public override string Title => "Stand-alone server";
    public override string WhatFor => "A small ASP.NET project to run or to publish as a container: it serves this model alone, in the same protocols as the workbench.";

    public override string FileName(string modelName) => modelName + "-server.zip";

    public override IReadOnlyList<string> WhyNot(ModelPackage package) => [];

    public override void Write(ExportSource source, Stream stream, CancellationToken cancellationToken)
    {
        var program = CSharpExporter.Program(source);
        cancellationToken.ThrowIfCancellationRequested();
        using var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        string Filled(string template) => SourceExporter.Template(template).Replace("@NAMESPACE@", CSharpExporter.Identifier(source.Name), StringComparison.Ordinal).Replace("@NAME@", source.Name, StringComparison.Ordinal);
        Add($"{source.Name}.csproj", Filled("Server.csproj.txt"));
        Add("Program.cs", Filled("Program.cs"));
        Add("Serving.cs", Filled("Serving.cs"));
        Add("README.md", Filled("SERVER.md").Replace("@ABOUT@", string.Join('\n', SourceExporter.Describe(source)).Replace("```", "'''", StringComparison.Ordinal), StringComparison.Ordinal).Replace("@BODY@", Body(source).Replace("'", "'\\''", StringComparison.Ordinal), StringComparison.Ordinal));
        Add(ModelFile, program);
        foreach (var name in Protocols) Add("Protocols/" + name, Own(name));

        void Add(string name, string text)
        {
            var entry = zip.CreateEntry(name, CompressionLevel.Optimal);
            entry.LastWriteTime = Stamp;
            using var writer = new StreamWriter(entry.Open(), new UTF8Encoding(false));
            writer.Write(text);
        }
    }

    private static string Own(string name)
    {
        using var reader = new StreamReader(typeof(ServerExporter).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The file {name} is not embedded."));
        return reader.ReadToEnd();
    }

    /// <summary>The program of the project is that of the C# file, which is compiled and asked; the project around it is the same for every model.</summary>
    public override ExportProof Prove(ExportSource source, string file, ExportSample sample, string scratchFolder, CancellationToken cancellationToken)
    {
        var model = Path.Combine(scratchFolder, ModelFile);
        using (var zip = ZipFile.OpenRead(file)) (zip.GetEntry(ModelFile) ?? throw new InvalidDataException($"The project has no {ModelFile}.")).ExtractToFile(model);
        var proof = new CSharpExporter().Prove(source, model, sample, scratchFolder, cancellationToken);
        return proof with { By = $"{proof.By}, {ModelFile} of the project compiled by itself" };
    }

    private static string Body(ExportSource source) => JsonSerializer.Serialize(new Dictionary<string, object> { ["records"] = new[] { SourceExporter.FirstRow(source).ToDictionary(r => r.Input.Name, r => r.Input.Kind == ColumnKind.Numeric && r.Text is not null ? (object)double.Parse(r.Text, System.Globalization.CultureInfo.InvariantCulture) : r.Text) } }, Readable);

    public override IReadOnlyList<ExportSnippet> Use(ExportSource source) =>
    [
        new("Terminal", $"unzip {FileName(source.Name)} -d {source.Name} && cd {source.Name}\ndotnet run -c Release\n\n# or as a container\ndotnet publish -c Release -t:PublishContainer"),
        new("curl", $"curl http://127.0.0.1:8080/predict -H 'Content-Type: application/json' -d '{Body(source).Replace("'", "'\\''", StringComparison.Ordinal)}'"),
    ];
}
