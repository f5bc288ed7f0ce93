using System.Text.Json.Serialization;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;

namespace ModelWorkbench.Core.Exports;

/// <summary>A model that is to leave the house.</summary>
/// <param name="Package">Read and proved against its golden rows.</param>
/// <param name="PackageFile">Full path of the package, as it is stored.</param>
/// <param name="Name">What files and programs made of it are called: lower-case letters, digits and hyphens, a letter first, such as <c>penguins-trial-2</c>.</param>
public sealed record ExportSource(ModelPackage Package, string PackageFile, string Name);

/// <summary>One form in which a model can be taken away. It says beforehand where it cannot hold a model, and proves afterwards that what it wrote gives the model's answers.</summary>
/// <remarks>
/// An exported model asks for the used columns of the signature alone, in their order, as they stand in the file. It takes them as an endpoint does: an empty text and a number that is none are missing, and a text that is not among the
/// choices of a column counts as missing where these are complete (<see cref="InputColumn.ChoicesAreComplete"/>). Steps that choose rows (<see cref="FittedStep.DropsRows"/>, <see cref="FittedStep.TrainingOnly"/>) do nothing at prediction, and so
/// are never a reason against. Safe for several threads.
/// </remarks>
public abstract class ModelExporter
{
    /// <summary>In addresses: <c>onnx</c>; lower-case letters, digits and hyphens.</summary>
    public abstract string Id { get; }

    /// <summary>As people read it: <c>ONNX</c>.</summary>
    public abstract string Title { get; }

    /// <summary>Where the file is of use, in a sentence or two.</summary>
    public abstract string WhatFor { get; }

    /// <param name="modelName">As <see cref="ExportSource.Name"/>.</param>
    public abstract string FileName(string modelName);

    /// <summary>Why a step of a recipe cannot be exported, in a sentence that goes on after the step's name: <c>reads dates out of free text</c>. Null where it can.</summary>
    /// <param name="step">Not fitted: this is told before anything is trained.</param>
    public virtual string? WhyNot(RecipeStep step) => null;

    /// <summary>Every reason why a model cannot be exported, each naming the step or the part: <c>Step 3, Read dates from text, reads dates out of free text.</c> Empty where it can.</summary>
    public abstract IReadOnlyList<string> WhyNot(ModelPackage package);

    /// <summary>Writes the file; the same model gives the same bytes.</summary>
    /// <param name="source">With no reason against it.</param>
    /// <param name="stream">Seekable; the file starts at its beginning.</param>
    /// <param name="cancellationToken">Looked at now and then.</param>
    public abstract void Write(ExportSource source, Stream stream, CancellationToken cancellationToken);

    /// <summary>Has the written file answer the sample, and compares.</summary>
    /// <param name="source">What it was written from.</param>
    /// <param name="file">Full path of the file; it may be named otherwise than <see cref="FileName"/> says.</param>
    /// <param name="sample">Rows with the model's own answers.</param>
    /// <param name="scratchFolder">Full path of an empty folder to unpack and build in; it is removed afterwards.</param>
    /// <param name="cancellationToken">Ends it, and the programs that it started.</param>
    /// <returns>What was found; <see cref="ExportProof.CannotRun"/> where this machine lacks what is needed.</returns>
    /// <exception cref="Exception">The file does not answer at all.</exception>
    public abstract ExportProof Prove(ExportSource source, string file, ExportSample sample, string scratchFolder, CancellationToken cancellationToken);

    /// <summary>How to load the file and ask it, for copying; a file with a first row of the model's own.</summary>
    public abstract IReadOnlyList<ExportSnippet> Use(ExportSource source);
}

/// <param name="Title">Where it is typed: <c>Python</c>, <c>Terminal</c>.</param>
/// <param name="Text">Ready to be copied.</param>
public sealed record ExportSnippet(string Title, string Text);

/// <summary>What came of every exporter for one model.</summary>
/// <param name="SampleRowCount">Rows that every file was asked.</param>
/// <param name="Entries">In the order of the <see cref="ExporterCatalog"/>.</param>
public sealed record ExportReport(int SampleRowCount, IReadOnlyList<ExportEntry> Entries)
{
    public ExportEntry? Find(string exporterId) => Entries.FirstOrDefault(e => e.ExporterId == exporterId);
}

/// <summary>What came of one exporter: a file with its proof, reasons against, or a failure.</summary>
/// <param name="ExporterId">The <see cref="ModelExporter.Id"/>.</param>
/// <param name="WhyNot">Every reason against; empty where there is none.</param>
public sealed record ExportEntry(string ExporterId, IReadOnlyList<string> WhyNot)
{
    /// <summary>Null where there is no file.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ExportFile? File { get; init; }

    /// <summary>Null where there is no file, or it gave no answers.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ExportProof? Proof { get; init; }

    /// <summary>Why the file could not be written or gave no answers; null where that went well. A file that gave no answers is not kept.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Failure { get; init; }

    public IReadOnlyList<ExportSnippet> Use { get; init; } = [];
}

/// <param name="Name">As it is downloaded.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Lower-case hexadecimal.</param>
public sealed record ExportFile(string Name, long Bytes, string Sha256);
