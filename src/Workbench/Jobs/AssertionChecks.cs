using System.Collections.Concurrent;
using ModelWorkbench.Core.Assertions;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Jobs;

/// <param name="Assertion">What is expected.</param>
/// <param name="Finding">What came of it; null where that is not known yet.</param>
public sealed record CheckedAssertion(AssertionRow Assertion, AssertionFinding? Finding)
{
    public bool IsMet => Finding is { Outcome: AssertionOutcome.Passed };

    /// <summary>For people, in one sentence.</summary>
    public string Found => Finding?.Describe(Assertion.Expectation) ?? "It is being checked";
}

/// <summary>A model does not meet what is required of it, so it may not go live.</summary>
public sealed class UnmetAssertionsException(IReadOnlyList<CheckedAssertion> unmet) : ArgumentException(Say(unmet))
{
    public IReadOnlyList<CheckedAssertion> Unmet => unmet;

    private static string Say(IReadOnlyList<CheckedAssertion> unmet) =>
        $"{(unmet.Count == 1 ? "A required assertion is not met" : $"{unmet.Count} required assertions are not met")}: {string.Join("; ", unmet.Select(c => $"“{c.Assertion.Name}” ({(c.Finding is { Outcome: AssertionOutcome.NotDecided } ? "not decided: " : "")}{c.Found})"))}. Another model may meet what this one does not; where the assertion is wrong, change it on the page of the dataset.";
}

/// <summary>Holds trials and their models against the assertions of their dataset: when a trial finishes, when an assertion changes, and before a model goes live.</summary>
public sealed class AssertionChecks(
    AssertionStore assertions, ExperimentStore experiments, DatasetStore datasets, ExperimentSupervisor supervisor, ArtefactStore artefacts, TableCache tables, JobMonitor monitor, TimeProvider time, ILogger<AssertionChecks> logger) : BackgroundService
{
    private const string NoModel = "No model was made of this trial yet.";
    private const string NoAnswers = "Its answers for the validation rows were not kept, as they were too many.";
    private const string FromFile = "The model came from elsewhere: which rows it has not seen is not known here.";

    // Trials finish one after another while a search runs: they are looked at together, and its cores stay its own.
    private static readonly TimeSpan WhileRunning = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestMonotone = TimeSpan.FromSeconds(20);

    private readonly ConcurrentDictionary<int, bool> _wanted = [];
    private readonly Dictionary<int, DateTimeOffset> _looked = [];

    // What a fault of ours kept from being decided: tried again when somebody wants to publish, and after a restart.
    private readonly ConcurrentDictionary<(int Assertion, int Version, string OfSha256), AssertionFinding> _failed = [];

    // One at a time: whoever comes second finds what the first found.
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Has an experiment's trials checked soon, as far as that is not done.</summary>
    public void Want(int experimentId) => _wanted[experimentId] = true;

    /// <summary>What is known about the judged trials and variants of an experiment now, by number; empty where nothing is expected of them.</summary>
    public async Task<IReadOnlyDictionary<int, IReadOnlyList<CheckedAssertion>>> ReadAsync(ExperimentRow experiment, CancellationToken cancellationToken)
    {
        if (await ExpectedAsync(experiment, cancellationToken) is not { Count: > 0 } expected) return new Dictionary<int, IReadOnlyList<CheckedAssertion>>();
        return Join(Judged(experiment, null), expected, await assertions.ResultsAsync(experiment.Id, cancellationToken));
    }

    /// <summary>Checks what is not known about a trial, or about all of an experiment.</summary>
    /// <param name="experimentId">Which.</param>
    /// <param name="trialNumber">Null for all trials and variants.</param>
    /// <param name="again">Whether to try again what could not be checked before.</param>
    /// <param name="requiredOnly">Whether only those that are required are looked at.</param>
    /// <param name="cancellationToken">Ends it; what was found by then may be lost.</param>
    /// <returns>By number; empty where nothing is expected.</returns>
    public async Task<IReadOnlyDictionary<int, IReadOnlyList<CheckedAssertion>>> CheckAsync(int experimentId, int? trialNumber, bool again, bool requiredOnly, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (await experiments.FindAsync(experimentId, cancellationToken) is not { } experiment) return new Dictionary<int, IReadOnlyList<CheckedAssertion>>();
            AssertionRow[] expected = [.. (await ExpectedAsync(experiment, cancellationToken)).Where(a => a.IsRequired || !requiredOnly)];
            if (expected.Length == 0) return new Dictionary<int, IReadOnlyList<CheckedAssertion>>();
            var trials = Judged(experiment, trialNumber);
            var known = await assertions.ResultsAsync(experimentId, cancellationToken);
            (TrialRow Trial, AssertionRow Assertion)[] open = [.. trials.SelectMany(t => expected.Select(a => (Trial: t, Assertion: a))).Where(x => Subject(x.Trial, x.Assertion) is { } subject
                && !known.Any(r => Holds(r, x.Trial, x.Assertion)) && (again || !_failed.ContainsKey((x.Assertion.Id, x.Assertion.Version, subject))))];
            if (open.Length == 0) return Join(trials, expected, known);
            List<AssertionResultRow> found = [];
            await MeasureAsync(experiment, [.. open.Where(x => x.Assertion.Expectation is Expectation.Segment)], found, cancellationToken);
            foreach (var ofTrial in open.Where(x => x.Assertion.Expectation is not Expectation.Segment).GroupBy(x => x.Trial.Number))
                await AskAsync(experiment, [.. ofTrial], found, cancellationToken);
            await assertions.KeepAsync(found, cancellationToken);
            return Join(trials, expected, [.. known, .. found]);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>What a trial's model would have to meet to go live, and does not.</summary>
    /// <exception cref="UnmetAssertionsException">There is such a thing.</exception>
    public async Task ThrowIfUnmetAsync(int experimentId, int trialNumber, CancellationToken cancellationToken)
    {
        var found = await CheckAsync(experimentId, trialNumber, again: true, requiredOnly: true, cancellationToken);
        Throw(found.GetValueOrDefault(trialNumber) ?? []);
    }

    /// <summary>As <see cref="ThrowIfUnmetAsync(int, int, CancellationToken)"/>, for a model that was published of a trial, which may have another by now.</summary>
    /// <exception cref="UnmetAssertionsException">There is such a thing.</exception>
    public async Task ThrowIfUnmetAsync(ExperimentRow experiment, TrialRow trial, EndpointVersionRow version, CancellationToken cancellationToken)
    {
        if ((trial.ModelSha256, trial.Threshold) == (version.ModelSha256, version.Threshold))
        {
            await ThrowIfUnmetAsync(experiment.Id, trial.Number, cancellationToken);
            return;
        }
        AssertionRow[] expected = [.. (await ExpectedAsync(experiment, cancellationToken)).Where(a => a.IsRequired)];
        if (expected.Length == 0) return;
        var published = new TrialRow { ExperimentId = experiment.Id, Number = trial.Number, TrainerId = trial.TrainerId, Spec = trial.Spec, Status = trial.Status, Result = trial.Result, PredictionsSha256 = trial.PredictionsSha256, ModelSha256 = version.ModelSha256, Threshold = version.Threshold };
        // Not kept: what is remembered of the trial is about its model of today.
        List<AssertionResultRow> found = [];
        (TrialRow Trial, AssertionRow Assertion)[] open = [.. expected.Where(a => Subject(published, a) is not null).Select(a => (published, a))];
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await MeasureAsync(experiment, [.. open.Where(x => x.Assertion.Expectation is Expectation.Segment)], found, cancellationToken);
            if (open.Where(x => x.Assertion.Expectation is not Expectation.Segment).ToArray() is { Length: > 0 } asked) await AskAsync(experiment, asked, found, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
        Throw(Join([published], expected, found)[trial.Number]);
    }

    /// <summary>As <see cref="ThrowIfUnmetAsync(int, int, CancellationToken)"/>, for a model whose trial is not here: what hangs on rows that it has not seen cannot be decided.</summary>
    /// <param name="datasetId">Whose assertions count.</param>
    /// <param name="package">The model.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="UnmetAssertionsException">There is such a thing.</exception>
    public async Task ThrowIfUnmetAsync(int datasetId, ModelPackage package, CancellationToken cancellationToken)
    {
        AssertionRow[] expected = [.. (await assertions.ListAsync(datasetId, package.Manifest.Target.Column, cancellationToken)).Where(a => a.IsRequired)];
        if (expected.Length == 0 || await datasets.FindAsync(datasetId, cancellationToken) is not { } dataset) return;
        List<CheckedAssertion> found = [];
        foreach (var assertion in expected)
            found.Add(new CheckedAssertion(assertion, assertion.Expectation is Expectation.Segment ? AssertionFinding.NotDecided(FromFile) : await AskAsync(package, assertion.Expectation, () => datasets.SampleAsync(dataset), cancellationToken)));
        Throw(found);
    }

    private static void Throw(IReadOnlyList<CheckedAssertion> found)
    {
        CheckedAssertion[] unmet = [.. found.Where(c => c.Assertion.IsRequired && !c.IsMet)];
        if (unmet.Length > 0) throw new UnmetAssertionsException(unmet);
    }

    private async Task<IReadOnlyList<AssertionRow>> ExpectedAsync(ExperimentRow experiment, CancellationToken cancellationToken) =>
        experiment.DatasetId is { } dataset ? await assertions.ListAsync(dataset, experiment.Plan.Target, cancellationToken) : [];

    private static TrialRow[] Judged(ExperimentRow experiment, int? number) =>
        [.. experiment.Trials.Concat(experiment.Variants).Where(t => t is { Status: TrialStatus.Completed, Result: not null } && (number is null || t.Number == number))];

    /// <summary>What an assertion is about: the model, or its answers for the validation rows with the threshold that makes them classes; null where there is nothing to judge.</summary>
    private static string? Subject(TrialRow trial, AssertionRow assertion) => assertion.Expectation is not Expectation.Segment ? trial.ModelSha256
        : trial.Threshold is { } threshold && trial.PredictionsSha256 is { } answers ? FormattableString.Invariant($"{answers} at {threshold:R}") : trial.PredictionsSha256;

    private static bool Holds(AssertionResultRow result, TrialRow trial, AssertionRow assertion) =>
        result.AssertionId == assertion.Id && result.TrialNumber == trial.Number && result.Version == assertion.Version && result.OfSha256 == Subject(trial, assertion);

    private Dictionary<int, IReadOnlyList<CheckedAssertion>> Join(IReadOnlyList<TrialRow> trials, IReadOnlyList<AssertionRow> expected, IReadOnlyList<AssertionResultRow> results)
    {
        var byTrial = results.ToLookup(r => r.TrialNumber);
        return trials.ToDictionary(t => t.Number, t => (IReadOnlyList<CheckedAssertion>)[.. expected.Select(a => new CheckedAssertion(a, Subject(t, a) is not { } subject
            ? AssertionFinding.NotDecided(a.Expectation is Expectation.Segment ? NoAnswers : NoModel)
            : byTrial[t.Number].FirstOrDefault(r => Holds(r, t, a))?.Finding ?? _failed.GetValueOrDefault((a.Id, a.Version, subject))))]);
    }

    /// <summary>All trials in one process, as it has to read and split the rows.</summary>
    private async Task MeasureAsync(ExperimentRow experiment, IReadOnlyList<(TrialRow Trial, AssertionRow Assertion)> open, List<AssertionResultRow> found, CancellationToken cancellationToken)
    {
        if (open.Count == 0) return;
        TrialRow[] trials = [.. open.Select(x => x.Trial).Distinct()];
        SegmentMeasure[] measures = [.. open.Select(x => ((Expectation.Segment)x.Assertion.Expectation).Measure).Distinct()];
        var (figures, whyNot) = await supervisor.MeasureAsync(experiment, trials, measures, cancellationToken);
        foreach (var (trial, assertion) in open)
        {
            var expected = (Expectation.Segment)assertion.Expectation;
            if (figures.TryGetValue(trial.Number, out var measured)) Note(found, trial, assertion, ModelCheck.Check(expected, measured[Array.IndexOf(measures, expected.Measure)]));
            else _failed[(assertion.Id, assertion.Version, Subject(trial, assertion)!)] = AssertionFinding.NotDecided($"It could not be measured: {whyNot}");
        }
    }

    private async Task AskAsync(ExperimentRow experiment, IReadOnlyList<(TrialRow Trial, AssertionRow Assertion)> open, List<AssertionResultRow> found, CancellationToken cancellationToken)
    {
        ModelPackage package;
        try
        {
            var content = await artefacts.ReadVerifiedAsync(open[0].Trial.ModelSha256!, cancellationToken);
            package = await Task.Run(() => ModelPackage.ReadStoppable(new MemoryStream(content, writable: false), cancellationToken), cancellationToken);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            foreach (var (trial, assertion) in open) _failed[(assertion.Id, assertion.Version, trial.ModelSha256!)] = AssertionFinding.NotDecided($"The model cannot be read: {e.Message}");
            return;
        }
        foreach (var (trial, assertion) in open)
            Note(found, trial, assertion, await AskAsync(package, assertion.Expectation, () => tables.GetAsync(experiment.TableSha256), cancellationToken));
    }

    private static async Task<AssertionFinding> AskAsync(ModelPackage package, Expectation expectation, Func<Task<Table>> rows, CancellationToken cancellationToken)
    {
        try
        {
            switch (expectation)
            {
                case Expectation.Answer answer:
                    return await Task.Run(() => ModelCheck.Check(package, answer, cancellationToken), cancellationToken);
                case Expectation.Monotone monotone:
                    var table = await rows();
                    return await Task.Run(() => ModelCheck.Check(package, monotone, table, LongestMonotone, cancellationToken), cancellationToken);
                default:
                    throw new ArgumentException($"A {expectation.GetType().Name} is not asked of a model.", nameof(expectation));
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            return AssertionFinding.NotDecided($"The rows cannot be read: {e.Message}");
        }
    }

    private void Note(List<AssertionResultRow> found, TrialRow trial, AssertionRow assertion, AssertionFinding finding)
    {
        var subject = Subject(trial, assertion)!;
        _failed.TryRemove((assertion.Id, assertion.Version, subject), out _);
        found.Add(new AssertionResultRow { AssertionId = assertion.Id, Version = assertion.Version, ExperimentId = trial.ExperimentId, TrialNumber = trial.Number, OfSha256 = subject, Finding = finding, At = time.GetUtcNow() });
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Datasets are told by other threads, and read here.
        var changed = new ConcurrentQueue<int>(await assertions.DatasetsAsync(stoppingToken));
        assertions.Changed += changed.Enqueue;
        monitor.Changed += Want;
        try
        {
            using var timer = new PeriodicTimer(Beat, time);
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    while (changed.TryDequeue(out var datasetId))
                        if (await datasets.FindAsync(datasetId, stoppingToken) is { } dataset)
                            foreach (var experiment in await experiments.ListAsync(dataset.WorkspaceId, datasetId, stoppingToken)) Want(experiment.Id);
                    foreach (var id in _wanted.Keys.OrderDescending()) await LookAsync(id, stoppingToken);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    logger.LogError(e, "Assertions could not be checked");
                }
            }
        }
        finally
        {
            assertions.Changed -= changed.Enqueue;
            monitor.Changed -= Want;
        }
    }

    private async Task LookAsync(int experimentId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (monitor.ProgressOf(experimentId) is not null && _looked.TryGetValue(experimentId, out var looked) && now - looked < WhileRunning) return;
        _wanted.TryRemove(experimentId, out _);
        _looked[experimentId] = now;
        if (await experiments.FindAsync(experimentId, cancellationToken) is not { } experiment) return;
        // Most often nothing is expected, or all is known.
        if (!(await ReadAsync(experiment, cancellationToken)).Values.Any(found => found.Any(c => c.Finding is null))) return;
        await CheckAsync(experimentId, null, again: false, requiredOnly: false, cancellationToken);
        monitor.Report(experimentId, monitor.ProgressOf(experimentId));
    }

    public override void Dispose()
    {
        _turn.Dispose();
        base.Dispose();
    }
}
