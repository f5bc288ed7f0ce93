using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Plots;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Cards;

/// <summary>Gathers what a card tells.</summary>
public sealed class CardReader(ExperimentStore experiments, DatasetStore datasets, ArtefactStore artefacts, IWebHostEnvironment environment, TimeProvider time)
{
    /// <returns>Null where the trial was not judged.</returns>
    /// <exception cref="InvalidDataException">A report is damaged, or of another version of the program.</exception>
    public async Task<ModelCard?> ReadAsync(ExperimentRow experiment, TrialRow trial, CancellationToken cancellationToken)
    {
        if (await experiments.ReportAsync(trial, cancellationToken) is not { } report) return null;
        var beside = trial.TrainerId == BaselineTrainer.BaselineId ? null : experiment.Trials.FirstOrDefault(t => t.TrainerId == BaselineTrainer.BaselineId);
        // As the model decides since a person chose how.
        report = report with { Validation = ThresholdExplorer.Report(report.Validation, trial.Threshold, experiment.Plan.Split.Repeats) };
        var card = new ModelCard(experiment, trial, report, ManagementApi.ProgramVersion, time.GetUtcNow())
        {
            Final = await experiments.FinalReportAsync(trial, cancellationToken) is { } final ? ThresholdExplorer.Report(final, trial.Threshold) : null,
            Baseline = beside is null ? null : await BesideAsync(beside, cancellationToken),
            Explanation = await experiments.ExplanationAsync(trial, cancellationToken),
            Data = experiment.DatasetId is { } id ? (await datasets.VersionsAsync(id, cancellationToken)).FirstOrDefault(v => v.TableSha256 == experiment.TableSha256) : null,
        };
        return card with
        {
            Signature = card.Data is null && trial.ModelSha256 is { } sha256 ? await SignatureAsync(sha256, cancellationToken) : null,
            Intervals = await IntervalsAsync(card, cancellationToken),
        };
    }

    /// <summary>A script that ships with the program.</summary>
    /// <param name="all">That of its own pages; else the build that draws lines, points and bars, a fifth as long.</param>
    public async Task<string> PlotlyAsync(bool all)
    {
        var web = environment.WebRootFileProvider;
        var file = all ? web.GetFileInfo(PlotScript.File) : web.GetDirectoryContents(PlotScript.PackageFolder).FirstOrDefault(f => f.Name.StartsWith("plotly-basic-", StringComparison.Ordinal));
        if (file is not { Exists: true }) throw new FileNotFoundException($"There is no plotly.js at '{(all ? PlotScript.File : PlotScript.PackageFolder)}' of the web root.");
        await using var stream = file.CreateReadStream();
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }

    /// <summary>On validation rows, of another trial: one that cannot be read costs its figures, not the card.</summary>
    private async Task<EvaluationReport?> BesideAsync(TrialRow trial, CancellationToken cancellationToken)
    {
        try
        {
            return (await experiments.ReportAsync(trial, cancellationToken))?.Validation;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private async Task<Signature> SignatureAsync(string sha256, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream(await artefacts.ReadVerifiedAsync(sha256, cancellationToken));
        return ModelPackage.Read(bytes).Manifest.Signature;
    }

    private async Task<IReadOnlyDictionary<int, MetricInterval>> IntervalsAsync(ModelCard card, CancellationToken cancellationToken)
    {
        var found = new Dictionary<int, MetricInterval>();
        foreach (var (trial, _) in card.Compared)
        {
            // Trials are compared by the likelier class, the card's own too.
            var report = trial.Number == card.Trial.Number && trial.Threshold is null ? card.Report.Validation : await BesideAsync(trial, cancellationToken);
            if (report?.Intervals?.GetValueOrDefault(card.Plan.MetricId) is { } interval) found[trial.Number] = interval;
        }
        return found;
    }
}
