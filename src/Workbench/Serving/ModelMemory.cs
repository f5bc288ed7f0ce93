using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using ModelWorkbench.Workbench.Settings;

namespace ModelWorkbench.Workbench.Serving;

/// <param name="Loaded">Versions whose model is in memory.</param>
/// <param name="Bytes">About what their models take: the size of their files, a model that several share counted once.</param>
/// <param name="BudgetBytes">Beyond it those are forgotten that were not asked for the longest.</param>
/// <param name="Loads">Since the workbench started.</param>
/// <param name="Unloads">Since the workbench started.</param>
public sealed record ModelMemoryState(int Loaded, long Bytes, long BudgetBytes, long Loads, long Unloads);

/// <summary>Keeps loaded models within a budget of memory. A request never passes here: it marks the version that it takes, and looks no further.</summary>
public sealed class ModelMemory
{
    private readonly ConcurrentDictionary<string, long> _sizes = new(StringComparer.Ordinal);
    private readonly Lock _trimming = new();
    private readonly Histogram<double> _duration;
    private ModelMemoryState _state;
    private long _loads, _unloads;

    public ModelMemory(IOptions<WorkbenchOptions> options, IMeterFactory meters)
    {
        // What the system or container gives the process, its whole memory where nothing is said.
        BudgetBytes = options.Value.ModelMemoryMegabytes > 0 ? options.Value.ModelMemoryMegabytes * 1024L * 1024L : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4;
        _state = new ModelMemoryState(0, 0, BudgetBytes, 0, 0);
        var meter = meters.Create(ServingFigures.MeterName);
        meter.CreateObservableGauge("mw.model.loaded", () => State.Loaded, "{model}", "Versions whose model is in memory");
        meter.CreateObservableGauge("mw.model.memory", () => State.Bytes, "By", "About what loaded models take");
        meter.CreateObservableGauge("mw.model.memory.budget", () => State.BudgetBytes, "By", "What loaded models may take");
        meter.CreateObservableCounter("mw.model.loads", () => State.Loads, "{load}", "Models read into memory");
        meter.CreateObservableCounter("mw.model.unloads", () => State.Unloads, "{unload}", "Models forgotten as memory was short");
        _duration = meter.CreateHistogram("mw.model.load.duration", "s", "Reading and proving a model", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] });
    }

    public long BudgetBytes { get; }

    public ModelMemoryState State => Volatile.Read(ref _state);

    /// <summary>Whether more may be loaded without forgetting something.</summary>
    public bool HasRoom => State.Bytes < BudgetBytes;

    internal void NoteSize(string modelSha256, long bytes) => _sizes[modelSha256] = bytes;

    internal void NoteLoad(TimeSpan took)
    {
        Interlocked.Increment(ref _loads);
        _duration.Record(took.TotalSeconds);
    }

    /// <summary>Forgets models until the others fit: those first that were not asked for the longest. Whoever answers with one keeps it till the end.</summary>
    /// <param name="all">Every version that can be asked.</param>
    /// <param name="kept">Just loaded; it stays, however large. Null for none.</param>
    internal void Trim(IEnumerable<LiveVersion> all, LiveVersion? kept)
    {
        lock (_trimming)
        {
            var loaded = all.Concat(kept is null ? [] : [kept]).Distinct().Where(v => v.Model is not null).OrderByDescending(v => v == kept ? long.MaxValue : v.UsedAt).ToList();
            var users = loaded.CountBy(v => v.ModelSha256, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
            var bytes = users.Keys.Sum(SizeOf);
            for (var i = loaded.Count - 1; i >= (kept is null ? 0 : 1) && bytes > BudgetBytes; i--)
            {
                var forgotten = loaded[i];
                loaded.RemoveAt(i);
                forgotten.Model = null;
                _unloads++;
                // What another version still uses is not freed.
                if (--users[forgotten.ModelSha256] == 0) bytes -= SizeOf(forgotten.ModelSha256);
            }
            Volatile.Write(ref _state, new ModelMemoryState(loaded.Count, bytes, BudgetBytes, Interlocked.Read(ref _loads), _unloads));
        }
    }

    private long SizeOf(string modelSha256) => _sizes.GetValueOrDefault(modelSha256);
}
