using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using ModelWorkbench.Core.Exports;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;

namespace ModelWorkbench.Core.Experiments;

/// <summary>Writes a finished model in every form in which it can be taken away, and proves each.</summary>
internal sealed class ExportRunner(JobFolder folder, Action<ExperimentEvent> report)
{
    public void Run(JobWork.Export work, CancellationToken cancellationToken)
    {
        Tell(0, "reading the model");
        ModelPackage package;
        using (var file = File.OpenRead(work.ModelFile)) package = ModelPackage.Read(file);
        var source = new ExportSource(package, work.ModelFile, work.Name);
        var sample = ExportSample.Of(package);
        var exporters = ExporterCatalog.All;
        var (entries, files) = (new List<ExportEntry>(), new List<string>());
        foreach (var (i, exporter) in exporters.Index())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var entry = Export(exporter, i, exporters.Count);
            entries.Add(entry);
            if (entry.File is not null) files.Add(FileOf(exporter));
        }
        const string reportFile = "exports.json";
        folder.Write(reportFile, stream => JsonSerializer.Serialize(stream, new ExportReport(sample.Rows.Count, entries), CoreJson.Options));
        report(new ExportsReady(reportFile, files));

        void Tell(double share, string phase) => report(new TrialProgressed(work.Number, share, phase));

        ExportEntry Export(ModelExporter exporter, int index, int count)
        {
            var entry = new ExportEntry(exporter.Id, []);
            try
            {
                Tell((double)index / count, $"writing {exporter.Title}");
                if (exporter.WhyNot(package) is { Count: > 0 } reasons) return entry with { WhyNot = reasons };
                var bytes = folder.Write(FileOf(exporter), stream => exporter.Write(source, stream, cancellationToken));
                Tell((index + 0.3) / count, string.Create(CultureInfo.InvariantCulture, $"proving {exporter.Title} on {sample.Rows.Count} rows"));
                var proof = Prove(exporter);
                string sha256;
                using (var file = File.OpenRead(folder.PathOf(FileOf(exporter)))) sha256 = Convert.ToHexStringLower(SHA256.HashData(file));
                return entry with { File = new ExportFile(exporter.FileName(work.Name), bytes, sha256), Proof = proof, Use = exporter.Use(source) };
            }
            // Each form stands for itself: that one cannot be written is no reason against the others.
            catch (Exception e) when (e is not OperationCanceledException)
            {
                return entry with { Failure = Explanation.OfFailure(e) };
            }
        }

        ExportProof Prove(ModelExporter exporter)
        {
            var scratch = Directory.CreateDirectory(folder.PathOf("scratch-" + exporter.Id)).FullName;
            try
            {
                return exporter.Prove(source, folder.PathOf(FileOf(exporter)), sample, scratch, cancellationToken);
            }
            finally
            {
                Directory.Delete(scratch, recursive: true);
            }
        }
    }

    private static string FileOf(ModelExporter exporter) => "export-" + exporter.Id;
}
