using Microsoft.AspNetCore.Components;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Shell;

/// <summary>Shows what work on a trial came to, asks for it, follows it and ends it.</summary>
/// <typeparam name="T">What came of it.</typeparam>
public abstract class TrialWorkPage<T> : ComponentBase, IAsyncDisposable where T : class
{
    [Parameter] public int Id { get; set; }
    [Parameter] public int Number { get; set; }

    [Inject] protected ExperimentStore Experiments { get; set; } = default!;
    [Inject] private TrialWorkQueue Queue { get; set; } = default!;
    [Inject] private JobMonitor Monitor { get; set; } = default!;
    [Inject] private TimeProvider Time { get; set; } = default!;

    private ExperimentFollower? _follower;
    private (int Id, int Number) _shown;

    protected abstract TrialWork Work { get; }

    protected bool IsLoading { get; private set; } = true;
    protected ExperimentRow? Experiment { get; private set; }
    protected TrialRow? Trial { get; private set; }

    /// <summary>Null where nobody asked for it yet.</summary>
    protected T? Result { get; private set; }

    /// <summary>Null where nothing waits, runs or failed.</summary>
    protected TrialWorkState? State { get; private set; }

    /// <summary>Why what was kept cannot be read.</summary>
    protected string? Unreadable { get; private set; }

    protected bool IsUnderWay => State is { Failure: null };

    /// <exception cref="InvalidDataException">It is damaged, or of another version of the program.</exception>
    protected abstract Task<T?> ReadAsync(TrialRow trial);

    protected override async Task OnParametersSetAsync()
    {
        // A choice on the page changes the address alone.
        if (_shown == (Id, Number)) return;
        var isElsewhere = _shown.Id != Id;
        _shown = (Id, Number);
        await LoadAsync();
        IsLoading = false;
        if (!isElsewhere) return;
        if (_follower is not null) await _follower.DisposeAsync();
        _follower = new ExperimentFollower(Monitor, Id, Time, MovedAsync);
    }

    private async Task LoadAsync()
    {
        var (id, number) = (Id, Number);
        var experiment = await Experiments.FindAsync(id, CancellationToken.None);
        var trial = experiment?.FindTrial(number);
        T? result = null;
        string? unreadable = null;
        try
        {
            if (trial is not null) result = await ReadAsync(trial);
        }
        catch (InvalidDataException e)
        {
            unreadable = e.Message;
        }
        // Another trial was chosen while this one was read.
        if ((id, number) != (Id, Number)) return;
        (Experiment, Trial, Result, Unreadable, State) = (experiment, trial, result, unreadable, Queue.StateOf(id, number, Work));
    }

    private async Task<bool> MovedAsync()
    {
        try
        {
            await InvokeAsync(async () =>
            {
                var was = IsUnderWay;
                State = Queue.StateOf(Id, Number, Work);
                if (was && !IsUnderWay) await LoadAsync();
                StateHasChanged();
            });
        }
        catch (Exception e)
        {
            // Nobody awaits this; the page handles it as a failure of its own.
            await DispatchExceptionAsync(e);
        }
        return IsUnderWay;
    }

    protected void Start() => Start(null);

    /// <param name="limits">Of variants: to search combinations under.</param>
    protected void Start(LadderLimits? limits)
    {
        try
        {
            Queue.Enqueue(Id, Number, Work, limits);
            State = Queue.StateOf(Id, Number, Work);
        }
        catch (LimitException e)
        {
            State = new TrialWorkState(null, e.Message);
        }
    }

    protected async Task CancelAsync() => await Queue.CancelAsync(Id, Number, Work);

    public async ValueTask DisposeAsync()
    {
        if (_follower is not null) await _follower.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
