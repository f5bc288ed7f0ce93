using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Datasets;

/// <summary>What is found in a dataset while a person looks at it, found away from the page's thread; a newer question, or leaving, gives up the older one.</summary>
public sealed class DatasetFindings(DatasetStore store) : IDisposable
{
    private readonly CancellationTokenSource _leaving = new();
    private CancellationTokenSource? _asking, _counting;
    private (string Table, string? Target)? _asked;
    private (string Table, string? Target, string Column)? _counted;

    /// <summary>The rows that are looked at: all, or a sample of a large dataset; null until they are read.</summary>
    public Table? Sample { get; private set; }

    /// <summary>Leakage suspects first, then the most severe; null while they are looked for.</summary>
    public IReadOnlyList<DataWarning>? Found { get; private set; }

    /// <summary>Null while they are measured.</summary>
    public Associations? Measured { get; private set; }

    /// <summary>The open column, class by class of the target; null where there are no classes, or while it is counted.</summary>
    public ClassHistogram? ByClass { get; private set; }

    /// <summary>Why nothing can be found, or null.</summary>
    public string? Failure { get; private set; }

    public static IReadOnlyList<DataWarning> Warnings(DatasetRow row, Table sample, string? target, CancellationToken ct) =>
        [.. DataWarnings.Find(row.Profile, sample, target, ct).OrderByDescending(w => w.Code == WarningCode.LeakageSuspect).ThenByDescending(w => w.Severity)];

    public static IReadOnlyList<SuggestedStep> Suggestion(DatasetRow row, Table sample, IReadOnlyList<DataWarning> warnings, string? target) =>
        RecipeSuggestion.Suggest(row.Profile, sample, warnings, target);

    /// <summary>Whether the target divides the rows into few enough classes to draw each.</summary>
    public static bool HasClasses(ColumnProfile target) =>
        target.Kind is ColumnKind.Category or ColumnKind.Boolean || target.Kind == ColumnKind.Numeric && target.DistinctCount <= 10;

    /// <summary>Looks for warnings, then measures associations.</summary>
    /// <param name="row">The dataset.</param>
    /// <param name="target">The column to predict, or null.</param>
    /// <param name="changed">Called on the page's thread whenever there is more to show.</param>
    public async Task LookAsync(DatasetRow row, string? target, Action changed)
    {
        if (_asked == (row.TableSha256, target)) return;
        _asked = (row.TableSha256, target);
        _asking?.Cancel();
        using var asking = CancellationTokenSource.CreateLinkedTokenSource(_leaving.Token);
        _asking = asking;
        var ct = asking.Token;
        (Found, Measured, Failure) = (null, null, null);
        changed();
        try
        {
            var sample = await store.SampleAsync(row);
            if (ct.IsCancellationRequested) return;
            Sample = sample;
            Found = await Task.Run(() => Warnings(row, sample, target, ct), ct);
            if (ct.IsCancellationRequested) return;
            changed();
            Measured = await Task.Run(() => Associations.Measure(sample, target, ct), ct);
        }
        catch (OperationCanceledException)
        {
            // Another target was chosen, or the person left.
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            Failure = e.Message;
        }
        finally
        {
            if (ReferenceEquals(_asking, asking)) _asking = null;
        }
        if (!_leaving.IsCancellationRequested) changed();
    }

    /// <summary>Counts the open column class by class of the target.</summary>
    /// <param name="row">The dataset.</param>
    /// <param name="target">The column to predict, or null.</param>
    /// <param name="column">The open column, or null.</param>
    /// <param name="changed">Called on the page's thread when there is more to show.</param>
    public async Task OpenColumnAsync(DatasetRow row, string? target, string? column, Action changed)
    {
        var profile = row.Profile.Columns.FirstOrDefault(c => c.Name == column);
        var truth = row.Profile.Columns.FirstOrDefault(c => c.Name == target);
        (string, string?, string)? wanted = profile is null ? null : (row.TableSha256, target, profile.Name);
        if (_counted == wanted) return;
        (_counted, ByClass) = (wanted, null);
        _counting?.Cancel();
        if (profile is null || truth is null || column == target || !HasClasses(truth) || profile.TopValues.Count == 0) return;
        using var counting = CancellationTokenSource.CreateLinkedTokenSource(_leaving.Token);
        _counting = counting;
        try
        {
            var sample = await store.SampleAsync(row);
            var counted = await Task.Run(() => ClassHistogram.Measure(sample, profile, truth.Name), counting.Token);
            if (counting.IsCancellationRequested) return;
            ByClass = counted;
        }
        catch (OperationCanceledException)
        {
            return;
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            Failure = e.Message;
        }
        finally
        {
            if (ReferenceEquals(_counting, counting)) _counting = null;
        }
        changed();
    }

    /// <summary>Forgets what was found, as the file was read anew.</summary>
    public void Forget() => (_asked, _counted, Found, Measured, ByClass, Sample) = (null, null, null, null, null, null);

    public void Dispose()
    {
        // Not disposed of: what still runs looks at it.
        _leaving.Cancel();
    }
}
