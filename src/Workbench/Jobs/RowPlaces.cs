using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Jobs;

/// <summary>Where training rows of an experiment lie: on a map that keeps neighbours, and on the components of features in their own units. Computed when somebody asks, and of all trials alike.</summary>
public sealed class RowPlaces(ExperimentSupervisor supervisor) : IDisposable
{
    // A map is 2,000 points, components half a megabyte.
    private const int MostMaps = 50;
    private const int MostReports = 10;

    private readonly RecentAnswers<NeighbourMap> _maps = new(MostMaps);
    private readonly RecentAnswers<PcaReport> _unscaled = new(MostReports);

    /// <summary>Null where nobody asked, or not lately.</summary>
    public NeighbourMap? RememberedMap(ExperimentRow experiment) => _maps.Remembered(KeyOf(experiment));

    /// <returns>The map, or why there is none.</returns>
    public Task<(NeighbourMap? Map, string? WhyNot)> MapAsync(ExperimentRow experiment, CancellationToken cancellationToken) =>
        _maps.FindAsync(KeyOf(experiment), () => supervisor.PlaceRowsAsync(experiment, cancellationToken), cancellationToken);

    /// <summary>The components of features that were centred and not scaled.</summary>
    /// <param name="experiment">Whose.</param>
    /// <param name="scaled">The components of scaled features: what a trial answered for the same rows.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The components, or why there are none.</returns>
    public async Task<(PcaReport? Report, string? WhyNot)> UnscaledAsync(ExperimentRow experiment, PcaReport scaled, CancellationToken cancellationToken)
    {
        var (report, whyNot) = await _unscaled.FindAsync(KeyOf(experiment), () => supervisor.UnscaledComponentsAsync(experiment, cancellationToken), cancellationToken);
        // Both draw by the seed of the split; a report of an older version may have drawn others.
        return (report is { Rows: { } rows } && scaled.Rows is { } known && rows.SequenceEqual(known) ? report with { Answers = scaled.Answers } : report, whyNot);
    }

    private static string KeyOf(ExperimentRow experiment) => $"{experiment.Id} {experiment.TableSha256}";

    public void Dispose()
    {
        _maps.Dispose();
        _unscaled.Dispose();
    }
}
