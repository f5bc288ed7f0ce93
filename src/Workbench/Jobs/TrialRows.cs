using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Jobs;

/// <summary>Trials row by row: what was answered for which row of the dataset, its values, and the training rows most like it.</summary>
public sealed class TrialRows(ExperimentSupervisor supervisor, ArtefactStore artefacts) : IDisposable
{
    // Of a million rows the answers take 20 MB.
    private const int MostRemembered = 8;
    private const int MostModels = 3;
    private const string NoTable = "The dataset's table is no longer there.";

    private readonly RecentAnswers<AnsweredRows> _answered = new(MostRemembered);
    private readonly RecentAnswers<ModelPackage> _models = new(MostModels);
    private readonly RecentAnswers<RowExplainer> _explainers = new(MostModels);

    /// <summary>What models of the folds answered for rows that they had not seen; joined with the rows in a training process when it is first asked for.</summary>
    public Task<(AnsweredRows? Rows, string? WhyNot)> FindAsync(ExperimentRow experiment, TrialRow trial, CancellationToken cancellationToken) =>
        _answered.FindAsync(FormattableString.Invariant($"{experiment.Id} {trial.Number}:{trial.PredictionsSha256} at {trial.Threshold:R}"), () => supervisor.AnsweredRowsAsync(experiment, trial, cancellationToken), cancellationToken);

    /// <summary>The model of a trial, and what explains its answers; null where no model was made.</summary>
    public async Task<(ModelPackage Package, RowExplainer Explainer)?> ModelAsync(TrialRow trial, CancellationToken cancellationToken)
    {
        if (trial.ModelSha256 is not { } sha256) return null;
        var (package, _) = await _models.FindAsync(sha256, () => Task.Run<(ModelPackage?, string?)>(() =>
        {
            using var file = File.OpenRead(artefacts.PathOf(sha256));
            return (ModelPackage.Read(file), null);
        }, cancellationToken), cancellationToken);
        var (explainer, _) = await _explainers.FindAsync(sha256, () => Task.Run<(RowExplainer?, string?)>(() => (new RowExplainer(package!), null), cancellationToken), cancellationToken);
        return (package!, explainer!);
    }

    /// <summary>Rows of the dataset as they were when the experiment began, in the order asked for.</summary>
    /// <param name="experiment">Whose dataset.</param>
    /// <param name="rows">0-based; one may occur twice.</param>
    /// <param name="columns">Null for all.</param>
    /// <param name="cancellationToken">Looked at column by column.</param>
    /// <exception cref="InvalidDataException">The table is damaged, or no longer there.</exception>
    public Task<Table> ValuesAsync(ExperimentRow experiment, IReadOnlyList<int> rows, IReadOnlyList<string>? columns, CancellationToken cancellationToken) => Task.Run(() =>
    {
        int[] distinct = [.. rows.Distinct().Order()];
        var read = Read(experiment, distinct, columns, cancellationToken);
        return read.Take([.. rows.Select(row => Array.BinarySearch(distinct, row))]);
    }, cancellationToken);

    /// <summary>Names of the dataset's columns, in its order.</summary>
    /// <exception cref="InvalidDataException">The table is damaged, or no longer there.</exception>
    public Task<IReadOnlyList<string>> ColumnsAsync(ExperimentRow experiment, CancellationToken cancellationToken) => Task.Run<IReadOnlyList<string>>(() =>
    {
        try
        {
            return [.. TableFile.ReadHeader(artefacts.PathOf(experiment.TableSha256)).Columns.Select(c => c.Name)];
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidDataException(NoTable, e);
        }
    }, cancellationToken);

    /// <summary>The training rows most like a row, nearest first.</summary>
    /// <param name="experiment">Whose dataset.</param>
    /// <param name="answered">Its training rows.</param>
    /// <param name="asked">The row, with the columns to compare.</param>
    /// <param name="except">0-based row of the dataset that is not to be found; null for none.</param>
    /// <param name="count">How many.</param>
    /// <param name="cancellationToken">Looked at column by column.</param>
    /// <exception cref="InvalidDataException">The table is damaged, or no longer there.</exception>
    public Task<NearestRows> NearestAsync(ExperimentRow experiment, AnsweredRows answered, Table asked, int? except, int count, CancellationToken cancellationToken) => Task.Run(() =>
        NearestRows.Find(asked, name => Read(experiment, answered.Rows, [name], cancellationToken)[name], answered.Rows, except, count, cancellationToken), cancellationToken);

    private Table Read(ExperimentRow experiment, int[] rows, IReadOnlyList<string>? columns, CancellationToken cancellationToken)
    {
        try
        {
            return TableFile.ReadPicks(artefacts.PathOf(experiment.TableSha256), rows, columns, cancellationToken);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidDataException(NoTable, e);
        }
    }

    public void Dispose()
    {
        _answered.Dispose();
        _models.Dispose();
        _explainers.Dispose();
    }
}
