using ModelWorkbench.Core.Models;

namespace ModelWorkbench.Core.Exports;

/// <summary>The model package itself, as it is stored.</summary>
public sealed class PackageExporter : ModelExporter
{
    public override string Id => "package";
    public override string Title => "Model package";
    public override string WhatFor => "The model as the workbench keeps it: recipe, encoder, scorer and golden rows in one file. For keeping, and for publishing on another workbench.";

    public override string FileName(string modelName) => modelName + ".mwm";

    public override IReadOnlyList<string> WhyNot(ModelPackage package) => [];

    public override void Write(ExportSource source, Stream stream, CancellationToken cancellationToken)
    {
        using var file = File.OpenRead(source.PackageFile);
        file.CopyTo(stream);
    }

    public override ExportProof Prove(ExportSource source, string file, ExportSample sample, string scratchFolder, CancellationToken cancellationToken)
    {
        using var stream = File.OpenRead(file);
        // Reading proves the golden rows.
        return ExportProof.Compare(sample, ExportSample.Answers(ModelPackage.Read(stream), sample.Rows), "Model Workbench");
    }

    public override IReadOnlyList<ExportSnippet> Use(ExportSource source) => [];
}
