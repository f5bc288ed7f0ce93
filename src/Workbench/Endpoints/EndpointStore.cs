using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Endpoints;

/// <param name="Name">The endpoint.</param>
/// <param name="Version">The version that was made.</param>
/// <param name="IsLive">Whether it answers now.</param>
/// <param name="Key">A new key where the endpoint is new; it is never shown again.</param>
/// <param name="Comparison">With the version that was live; null for the first.</param>
public sealed record Publication(string Name, int Version, bool IsLive, string? Key, VersionComparison? Comparison);

/// <summary>Endpoints with their versions, traffic, keys and history. Whatever changes is one change of one row, written together with its line of the history, and then swapped in as a whole.</summary>
public sealed partial class EndpointStore(
    IDbContextFactory<AppDb> databases, ExperimentStore experiments, ExperimentSupervisor supervisor, AssertionChecks assertions, LiveModels live, TableCache tables, ArtefactStore artefacts, AuditLog audit, IOptions<WorkbenchOptions> options, TimeProvider time)
{
    public const string NameRule = "1 to 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit";

    private const int ComparedRows = 1_000;
    private const int Seed = 17;
    private static readonly TimeSpan LongestProof = TimeSpan.FromMinutes(1);

    // What is written hangs on what was read.
    private readonly SemaphoreSlim _changing = new(1);

    [GeneratedRegex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\z")]
    private static partial Regex NamePattern();

    public static bool IsName(string name) => NamePattern().IsMatch(name);

    /// <summary>A valid name made of any text: <c>Telco churn (2)</c> becomes <c>telco-churn-2</c>.</summary>
    public static string NameFrom(string text)
    {
        var name = NotInName().Replace(text.ToLowerInvariant(), "-").Trim('-');
        if (name.Length > 63) name = name[..63].Trim('-');
        return name.Length == 0 ? "model" : name;
    }

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NotInName();

    /// <summary>Makes a trial's model a version under this name: the first of a new endpoint, or the next of an existing one.</summary>
    /// <param name="goesLive">Whether it answers at once; otherwise it becomes the challenger. The first version always goes live.</param>
    /// <exception cref="ArgumentException">The name is no name, or the trial has no model; the message says so.</exception>
    /// <exception cref="UnmetAssertionsException">The model does not meet what is required of it.</exception>
    /// <exception cref="InvalidDataException">The model cannot be loaded; what was live stays live.</exception>
    public async Task<Publication> PublishAsync(string name, int experimentId, int trialNumber, string who, bool goesLive = true, string? why = null, CancellationToken cancellationToken = default)
    {
        if (!IsName(name)) throw new ArgumentException($"The name is '{name}'; expected {NameRule}.");
        var (experiment, trial, modelSha256) = await FindModelAsync(experimentId, trialNumber, cancellationToken);
        await ThrowIfTakenAsync(name, experiment.WorkspaceId, cancellationToken);
        // Proved before anything points to it.
        // Also where the model is in memory: after a restart it comes from the file.
        await using (await artefacts.OpenVerifiedAsync(modelSha256, cancellationToken)) { }
        var package = await live.ReadAsync(modelSha256, cancellationToken);
        await assertions.ThrowIfUnmetAsync(experimentId, trialNumber, cancellationToken);
        await _changing.WaitAsync(cancellationToken);
        try
        {
            var comparison = await CompareAsync(name, package, experiment, cancellationToken);
            var version = new EndpointVersionRow { ModelSha256 = modelSha256, ExperimentId = experimentId, TrialNumber = trialNumber, DatasetId = experiment.DatasetId, Threshold = package.Manifest.Target.Threshold, TrainerName = TrainerCatalog.NameOf(trial.TrainerId), Comparison = comparison };
            return await AddVersionAsync(name, experiment.WorkspaceId, version, who, goesLive, why, cancellationToken);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Reads a model file that came from elsewhere and proves it: checksum, manifest, golden rows. No code of the file is run, and time is bounded.</summary>
    /// <exception cref="InvalidDataException">It is no model file, of a later version, damaged, or does not give its own answers; the message says place, found and expected.</exception>
    public static async Task<ModelPackage> ReadFileAsync(string path, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LongestProof);
        try
        {
            return await Task.Run(() =>
            {
                using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
                return ModelPackage.ReadStoppable(file, limit.Token);
            }, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new InvalidDataException($"The golden rows of the model were not answered within {LongestProof.TotalSeconds:N0} s.");
        }
    }

    /// <summary>Makes a model file a version under this name: the first of a new endpoint, or the next of an existing one.</summary>
    /// <param name="name">Of the endpoint.</param>
    /// <param name="path">In the temporary folder or among the uploads; it is taken over where the model is published, and stays where it is not.</param>
    /// <param name="fileName">As the person knows it.</param>
    /// <param name="workspaceId">Where a new endpoint belongs; an existing one must be there.</param>
    /// <param name="who">For the history.</param>
    /// <param name="goesLive">As in <see cref="PublishAsync"/>.</param>
    /// <param name="why">The reason, for the history.</param>
    /// <param name="cancellationToken">Nothing is published once it is cancelled.</param>
    /// <exception cref="ArgumentException">The name is no name, or taken.</exception>
    /// <exception cref="UnmetAssertionsException">The model does not meet what is required of those under this name.</exception>
    /// <exception cref="InvalidDataException">As <see cref="ReadFileAsync"/>.</exception>
    public async Task<Publication> ImportAsync(string name, string path, string fileName, int workspaceId, string who, bool goesLive = true, string? why = null, CancellationToken cancellationToken = default)
    {
        if (!IsName(name)) throw new ArgumentException($"The name is '{name}'; expected {NameRule}.");
        await ThrowIfTakenAsync(name, workspaceId, cancellationToken);
        var package = await ReadFileAsync(path, cancellationToken);
        var datasetId = await DatasetOfAsync(name, null, cancellationToken);
        if (datasetId is { } dataset) await assertions.ThrowIfUnmetAsync(dataset, package, cancellationToken);
        // What a failure leaves behind is a file that no row names, which the sweeper takes.
        var modelSha256 = await artefacts.AddAsync(path, cancellationToken);
        await _changing.WaitAsync(cancellationToken);
        try
        {
            var comparison = await CompareAsync(name, package, null, cancellationToken);
            var version = new EndpointVersionRow { ModelSha256 = modelSha256, FileName = fileName, DatasetId = datasetId, Threshold = package.Manifest.Target.Threshold, TrainerName = package.Manifest.TrainerName, Comparison = comparison };
            return await AddVersionAsync(name, workspaceId, version, who, goesLive, why, cancellationToken);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>How a model file would answer beside the live version; null where there is none.</summary>
    /// <exception cref="ArgumentException">The name is taken by another workspace.</exception>
    public async Task<VersionComparison?> PreviewFileAsync(string name, ModelPackage package, int workspaceId, CancellationToken cancellationToken)
    {
        await ThrowIfTakenAsync(name, workspaceId, cancellationToken);
        return await CompareAsync(name, package, null, cancellationToken);
    }

    private async Task<(ExperimentRow Experiment, TrialRow Trial, string ModelSha256)> FindModelAsync(int experimentId, int trialNumber, CancellationToken cancellationToken)
    {
        if (await experiments.FindAsync(experimentId, cancellationToken) is not { } experiment) throw new ArgumentException($"There is no experiment {experimentId}.");
        if (experiment.FindTrial(trialNumber) is not { } trial) throw new ArgumentException($"Experiment {experimentId} has no trial {trialNumber}; expected 1 to {experiment.Trials.Count}.");
        if (trial.ModelSha256 is null && trial.Status == TrialStatus.Completed)
        {
            if (await supervisor.MakeModelAsync(experimentId, trialNumber, cancellationToken) is { } reason) throw new ArgumentException($"No model could be made of trial {trialNumber}: {reason}");
            trial = (await experiments.FindAsync(experimentId, cancellationToken))!.FindTrial(trialNumber)!;
        }
        return trial.ModelSha256 is { } modelSha256 ? (experiment, trial, modelSha256) : throw new ArgumentException($"Trial {trialNumber} of experiment {experimentId} has no model: it is {trial.Status.ToString().ToLowerInvariant()}.");
    }

    /// <summary>Assertions may have been made, or changed, since a version was published.</summary>
    /// <exception cref="UnmetAssertionsException">Its model does not meet what is required of it.</exception>
    private async Task MeetAsync(string name, IReadOnlyList<int> numbers, CancellationToken cancellationToken)
    {
        if (await FindAsync(name, cancellationToken) is not { } endpoint) return;
        foreach (var version in endpoint.Versions.Where(v => numbers.Contains(v.Number) && v.RetiredAt is null))
        {
            if (version is { ExperimentId: { } id, TrialNumber: { } number } && await experiments.FindAsync(id, cancellationToken) is { DatasetId: not null } experiment && experiment.FindTrial(number) is { } trial)
                await assertions.ThrowIfUnmetAsync(experiment, trial, version, cancellationToken);
            else if (await DatasetOfAsync(name, version, cancellationToken) is { } dataset)
                await assertions.ThrowIfUnmetAsync(dataset, await live.ReadAsync(version.ModelSha256, cancellationToken), cancellationToken);
        }
    }

    /// <summary>Whose assertions count for a version; for one that came from a file, those of the others under its name.</summary>
    /// <param name="version">Null for one that is to be.</param>
    private async Task<int?> DatasetOfAsync(string name, EndpointVersionRow? version, CancellationToken cancellationToken)
    {
        if (version?.DatasetId is { } known) return known;
        if (await FindAsync(name, cancellationToken) is not { } endpoint) return null;
        foreach (var other in endpoint.Versions.OrderByDescending(v => v.Number == version?.Number).ThenByDescending(v => v.Number == endpoint.LiveVersion).ThenByDescending(v => v.Number))
            if ((other.DatasetId ?? (other.ExperimentId is { } id ? (await experiments.FindAsync(id, cancellationToken))?.DatasetId : null)) is { } dataset) return dataset;
        return null;
    }

    // Addresses are one space for all workspaces; what stands behind one is nobody else's business.
    private async Task ThrowIfTakenAsync(string name, int workspaceId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Endpoints.AnyAsync(e => e.Name == name && e.WorkspaceId != workspaceId, cancellationToken)) throw new ArgumentException($"The name '{name}' is taken. Choose another.");
    }

    /// <summary>How a trial's model would answer beside the live version; null where there is none, or the trial has no model yet.</summary>
    /// <exception cref="ArgumentException">The name is taken by another workspace.</exception>
    public async Task<VersionComparison?> PreviewAsync(string name, int experimentId, int trialNumber, CancellationToken cancellationToken)
    {
        if (await experiments.FindAsync(experimentId, cancellationToken) is not { } experiment || experiment.FindTrial(trialNumber)?.ModelSha256 is not { } modelSha256) return null;
        await ThrowIfTakenAsync(name, experiment.WorkspaceId, cancellationToken);
        return await CompareAsync(name, await live.ReadAsync(modelSha256, cancellationToken), experiment, cancellationToken);
    }

    /// <param name="experiment">That the model comes from; null for one from a file, which is compared on the rows of the live version's.</param>
    private async Task<VersionComparison?> CompareAsync(string name, ModelPackage package, ExperimentRow? experiment, CancellationToken cancellationToken)
    {
        if (live.FindEndpoint(name)?.Champion is not { } champion || await live.LoadAsync(name, champion, cancellationToken) is not { } before) return null;
        if (experiment is null)
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            var id = await db.Endpoints.Where(e => e.Name == name).SelectMany(e => e.Versions).Where(v => v.Number == champion.Number).Select(v => v.ExperimentId).SingleOrDefaultAsync(cancellationToken);
            experiment = id is { } known ? await experiments.FindAsync(known, cancellationToken) : null;
        }
        var (rows, areKept) = await SampleAsync(package, experiment);
        if (ModelComparison.WhyNot(package, before.Package, rows) is { } whyNot) return new VersionComparison(champion.Number, 0, 0, null, null, null, 0, 0, whyNot);
        var compared = await Task.Run(() => ModelComparison.Compare(package, before.Package, rows, cancellationToken), cancellationToken);
        return new VersionComparison(champion.Number, compared.RowCount, compared.ChangedShare, compared.MetricUsed?.Id, compared.Metric, compared.MetricBefore, compared.Microseconds, compared.MicrosecondsBefore, OnKeptRows: areKept);
    }

    /// <summary>The same rows for the same data, with the truth; where the table is gone, those that are kept with the model.</summary>
    private async Task<(Core.Datasets.Table Rows, bool AreKept)> SampleAsync(ModelPackage package, ExperimentRow? experiment)
    {
        if (experiment is null) return (Kept(package), true);
        try
        {
            var table = await tables.GetAsync(experiment.TableSha256);
            return (table.RowCount <= ComparedRows ? table : table.Take(RowSample.Take(table.RowCount, ComparedRows, Seed)), false);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            return (Kept(package), true);
        }
    }

    private static Core.Datasets.Table Kept(ModelPackage package) => TextRows.ToTable(package.Manifest.Signature.Inputs, package.Manifest.Golden.Rows);

    private async Task<Publication> AddVersionAsync(string name, int workspaceId, EndpointVersionRow version, string who, bool goesLive, string? why, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        var endpoint = await db.Endpoints.Include(e => e.Versions.OrderBy(v => v.Number)).SingleOrDefaultAsync(e => e.Name == name, cancellationToken);
        string? key = null;
        if (endpoint is null)
        {
            var secret = Secret.Create("mwk");
            key = secret.Text;
            goesLive = true;
            endpoint = new EndpointRow { WorkspaceId = workspaceId, Name = name, CreatedAt = now, Keys = [new EndpointKeyRow { Prefix = secret.Prefix, Hash = secret.Hash, Name = "first key", CreatedAt = now }] };
            db.Endpoints.Add(endpoint);
        }
        else if (endpoint.WorkspaceId != workspaceId)
        {
            throw new ArgumentException($"The name '{name}' is taken. Choose another.");
        }
        var number = endpoint.Versions.Select(v => v.Number).DefaultIfEmpty(0).Max() + 1;
        (version.Number, version.PublishedAt) = (number, now);
        endpoint.Versions.Add(version);
        var before = endpoint.LiveVersion;
        if (goesLive) GoLive(endpoint, number);
        else endpoint.Routing = endpoint.Routing with { Aliases = With(endpoint.Routing.Aliases, EndpointRouting.Challenger, number) };
        Note(db, endpoint, now, who, version.FileName is null ? EndpointEventKind.Published : EndpointEventKind.Imported, before == 0 ? null : Text(before), goesLive ? Text(number) : $"{Text(number)}, {EndpointRouting.Challenger}", why);
        await SaveAsync(db, cancellationToken, file: version.FileName is { } fileName ? new { name = fileName, sha256 = version.ModelSha256 } : null);
        await live.LoadAsync(name, CancellationToken.None);
        return new Publication(name, number, goesLive, key, version.Comparison);
    }

    /// <summary>The champion is another from now on, and answers all requests that name no version.</summary>
    private static void GoLive(EndpointRow endpoint, int number)
    {
        endpoint.LiveVersion = number;
        endpoint.Routing = endpoint.Routing with { Traffic = [], Shadow = endpoint.Routing.Shadow?.Version == number ? null : endpoint.Routing.Shadow };
    }

    /// <summary>Makes a version the live one.</summary>
    /// <returns>False where there is no such endpoint.</returns>
    /// <exception cref="ArgumentException">There is no such version, it is retired, or live already.</exception>
    /// <exception cref="UnmetAssertionsException">Its model does not meet what is required of it.</exception>
    public async Task<bool> PromoteAsync(string name, int version, string who, string? why, CancellationToken cancellationToken)
    {
        await MeetAsync(name, [version], cancellationToken);
        return await ChangeAsync(name, (db, endpoint, now) =>
        {
            FindVersion(endpoint, version);
            if (endpoint.LiveVersion == version) throw new ArgumentException($"Version {version} is live already.");
            var before = endpoint.LiveVersion;
            GoLive(endpoint, version);
            Note(db, endpoint, now, who, EndpointEventKind.Promoted, Text(before), Text(version), why);
        }, cancellationToken);
    }

    /// <summary>Makes the version live again that was so before the one that is.</summary>
    /// <exception cref="ArgumentException">There was none, or it is retired.</exception>
    public Task<bool> RollBackAsync(string name, string who, string? why, CancellationToken cancellationToken) => ChangeAsync(name, async (db, endpoint, now) =>
    {
        var before = endpoint.LiveVersion;
        var earlier = await VersionBeforeAsync(db, endpoint, cancellationToken) ?? throw new ArgumentException($"There is no version to roll back to: version {before} is the only one that was live.");
        FindVersion(endpoint, earlier);
        GoLive(endpoint, earlier);
        Note(db, endpoint, now, who, EndpointEventKind.RolledBack, Text(before), Text(earlier), why);
    }, cancellationToken);

    /// <summary>The version that was live before the one that is; null where there was none.</summary>
    public async Task<int?> VersionBeforeAsync(string name, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Endpoints.AsNoTracking().Include(e => e.Versions.OrderBy(v => v.Number)).SingleOrDefaultAsync(e => e.Name == name, cancellationToken) is { } endpoint ? await VersionBeforeAsync(db, endpoint, cancellationToken) : null;
    }

    private static async Task<int?> VersionBeforeAsync(AppDb db, EndpointRow endpoint, CancellationToken cancellationToken)
    {
        // Rolling back twice goes back two steps, not to and fro: what a rollback took off is passed over.
        var changes = await db.EndpointEvents.Where(e => e.EndpointName == endpoint.Name && e.At >= endpoint.CreatedAt).OrderBy(e => e.Id).Select(e => new { e.Kind, e.LiveVersion }).ToListAsync(cancellationToken);
        var lived = new List<int>();
        foreach (var change in changes)
        {
            if (lived.Count > 0 && lived[^1] == change.LiveVersion) continue;
            if (change.Kind == EndpointEventKind.RolledBack && lived.LastIndexOf(change.LiveVersion) is >= 0 and var at) lived.RemoveRange(at + 1, lived.Count - at - 1);
            else lived.Add(change.LiveVersion);
        }
        var retired = endpoint.Versions.Where(v => v.RetiredAt is not null).Select(v => v.Number).ToHashSet();
        for (var i = lived.Count - 1; i >= 0; i--)
            if (lived[i] != endpoint.LiveVersion && !retired.Contains(lived[i])) return lived[i];
        // Endpoints of a time without a history go back by number.
        return changes.Count > 0 ? null : endpoint.Versions.Where(v => v.Number < endpoint.LiveVersion && v.RetiredAt is null).Select(v => (int?)v.Number).Max();
    }

    /// <summary>Takes a version out of use for good; its model is kept.</summary>
    /// <exception cref="ArgumentException">It is live, gets traffic, or an alias points to it.</exception>
    public Task<bool> RetireAsync(string name, int version, string who, string? why, CancellationToken cancellationToken) => ChangeAsync(name, (db, endpoint, now) =>
    {
        var row = FindVersion(endpoint, version);
        if (endpoint.LiveVersion == version) throw new ArgumentException($"Version {version} is live. Make another one live first.");
        if (endpoint.Routing.InUse.Contains(version)) throw new ArgumentException($"Version {version} gets traffic. Take it out of the traffic first.");
        row.RetiredAt = now;
        endpoint.Routing = endpoint.Routing with { Aliases = endpoint.Routing.Aliases.Where(a => a.Value != version).ToDictionary() };
        Note(db, endpoint, now, who, EndpointEventKind.Retired, Text(version), null, why);
    }, cancellationToken);

    /// <summary>Points an alias to a version.</summary>
    /// <exception cref="ArgumentException">The alias is no name, or there is no such version.</exception>
    public Task<bool> SetAliasAsync(string name, string alias, int version, string who, string? why, CancellationToken cancellationToken)
    {
        if (alias == EndpointRouting.Champion) return PromoteAsync(name, version, who, why, cancellationToken);
        if (!IsName(alias)) throw new ArgumentException($"The alias is '{alias}'; expected {NameRule}.");
        return ChangeAsync(name, (db, endpoint, now) =>
        {
            FindVersion(endpoint, version);
            var before = endpoint.Routing.Aliases.TryGetValue(alias, out var known) ? known : (int?)null;
            endpoint.Routing = endpoint.Routing with { Aliases = With(endpoint.Routing.Aliases, alias, version) };
            Note(db, endpoint, now, who, EndpointEventKind.AliasSet, before is { } number ? $"{alias}: {Text(number)}" : null, $"{alias}: {Text(version)}", why);
        }, cancellationToken);
    }

    /// <exception cref="ArgumentException">There is no such alias.</exception>
    public Task<bool> RemoveAliasAsync(string name, string alias, string who, CancellationToken cancellationToken) => ChangeAsync(name, (db, endpoint, now) =>
    {
        if (!endpoint.Routing.Aliases.TryGetValue(alias, out var version)) throw new ArgumentException($"The alias is '{alias}'; expected one of {string.Join(", ", endpoint.Routing.Aliases.Keys.Order(StringComparer.Ordinal))}.");
        endpoint.Routing = endpoint.Routing with { Aliases = endpoint.Routing.Aliases.Where(a => a.Key != alias).ToDictionary() };
        Note(db, endpoint, now, who, EndpointEventKind.AliasRemoved, $"{alias}: {Text(version)}", null, null);
    }, cancellationToken);

    /// <summary>Splits the requests that name no version.</summary>
    /// <param name="traffic">Shares that sum to 100; empty lets the champion answer all.</param>
    /// <exception cref="ArgumentException">The shares do not sum to 100, or there is no such version.</exception>
    /// <exception cref="UnmetAssertionsException">The model of a version does not meet what is required of it.</exception>
    public async Task<bool> SetTrafficAsync(string name, IReadOnlyList<TrafficShare> traffic, string who, string? why, CancellationToken cancellationToken)
    {
        if (live.FindEndpoint(name)?.Champion.Number is { } champion) await MeetAsync(name, [.. traffic.Select(t => t.Version).Where(number => number != champion)], cancellationToken);
        return await ChangeAsync(name, async (db, endpoint, now) =>
        {
            foreach (var share in traffic)
            {
                if (share.Percent is < 1 or > 100) throw new ArgumentException($"The share of version {share.Version} is {share.Percent} %; expected 1 to 100.");
                await ReadyAsync(FindVersion(endpoint, share.Version), cancellationToken);
            }
            if (traffic.Select(t => t.Version).Distinct().Count() != traffic.Count) throw new ArgumentException("A version is named twice; expected each once.");
            if (traffic.Count > 0 && traffic.Sum(t => t.Percent) != 100) throw new ArgumentException($"The shares sum to {traffic.Sum(t => t.Percent)} %; expected 100.");
            var before = Describe(endpoint.Routing.Traffic, endpoint.LiveVersion);
            endpoint.Routing = endpoint.Routing with { Traffic = traffic is [{ Version: var only }] && only == endpoint.LiveVersion ? [] : traffic };
            Note(db, endpoint, now, who, EndpointEventKind.TrafficSet, before, Describe(endpoint.Routing.Traffic, endpoint.LiveVersion), why);
        }, cancellationToken);
    }

    /// <summary>Lets a version answer copies of requests; null for none.</summary>
    /// <exception cref="ArgumentException">There is no such version, it is live, or the share is not 1 to 100.</exception>
    public Task<bool> SetShadowAsync(string name, ShadowTraffic? shadow, string who, string? why, CancellationToken cancellationToken) => ChangeAsync(name, async (db, endpoint, now) =>
    {
        if (shadow is not null)
        {
            if (shadow.Percent is < 1 or > 100) throw new ArgumentException($"The share of copies is {shadow.Percent} %; expected 1 to 100.");
            if (shadow.Version == endpoint.LiveVersion) throw new ArgumentException($"Version {shadow.Version} is live; expected another one as shadow.");
            await ReadyAsync(FindVersion(endpoint, shadow.Version), cancellationToken);
        }
        var before = endpoint.Routing.Shadow;
        endpoint.Routing = endpoint.Routing with { Shadow = shadow };
        Note(db, endpoint, now, who, EndpointEventKind.ShadowSet, Describe(before), Describe(shadow), why);
    }, cancellationToken);

    /// <exception cref="ArgumentException">A value cannot work; the message names all of them.</exception>
    public async Task<bool> SetSettingsAsync(string name, EndpointSettings settings, string who, CancellationToken cancellationToken)
    {
        var problems = settings.Problems(options.Value.MaxPredictionRows, options.Value.MaxPredictionMegabytes);
        if (problems.Count > 0) throw new ArgumentException(string.Join(" ", problems));
        // A mask that fits no column would let values through that somebody believes to be masked.
        if ((await live.FindAsync(name, cancellationToken))?.Package.Manifest.Signature.Inputs.Select(i => i.Name) is { } columns
            && settings.Log.Masked.Except(columns, StringComparer.Ordinal).Except(live.FindEndpoint(name)?.Settings.Log.Masked ?? [], StringComparer.Ordinal).ToArray() is { Length: > 0 } unknown)
            throw new ArgumentException($"log.masked names {string.Join(", ", unknown.Select(u => $"'{u}'"))}; expected columns of the model: {string.Join(", ", columns.Take(20))}{(columns.Count() > 20 ? ", …" : "")}.");
        return await ChangeAsync(name, (db, endpoint, now) =>
        {
            var before = endpoint.Settings;
            endpoint.Settings = settings;
            var opened = before.IsOpen == settings.IsOpen ? null : settings.IsOpen ? "opened to anybody" : "closed: a key is asked for";
            Note(db, endpoint, now, who, EndpointEventKind.SettingsChanged, null, opened ?? "limits", null);
        }, cancellationToken);
    }

    // Loaded and proved before a request can reach it.
    private async Task ReadyAsync(EndpointVersionRow version, CancellationToken cancellationToken)
    {
        try
        {
            await live.ReadAsync(version.ModelSha256, cancellationToken);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new ArgumentException($"Version {version.Number} cannot be loaded: {e.Message}", e);
        }
    }

    private static EndpointVersionRow FindVersion(EndpointRow endpoint, int number)
    {
        var version = endpoint.Versions.SingleOrDefault(v => v.Number == number) ?? throw new ArgumentException($"The version is {number}; expected one of {string.Join(", ", endpoint.Versions.Where(v => v.RetiredAt is null).Select(v => v.Number).Order())}.");
        return version.RetiredAt is null ? version : throw new ArgumentException($"Version {number} was retired on {version.RetiredAt:yyyy-MM-dd}.");
    }

    private Task<bool> ChangeAsync(string name, Action<AppDb, EndpointRow, DateTimeOffset> change, CancellationToken cancellationToken) => ChangeAsync(name, (db, endpoint, now) =>
    {
        change(db, endpoint, now);
        return Task.CompletedTask;
    }, cancellationToken);

    private async Task<bool> ChangeAsync(string name, Func<AppDb, EndpointRow, DateTimeOffset, Task> change, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            if (await db.Endpoints.AsSplitQuery().Include(e => e.Versions.OrderBy(v => v.Number)).Include(e => e.Keys.OrderBy(k => k.Id)).SingleOrDefaultAsync(e => e.Name == name, cancellationToken) is not { } endpoint) return false;
            await change(db, endpoint, time.GetUtcNow());
            await SaveAsync(db, cancellationToken);
            await live.LoadAsync(name, CancellationToken.None);
            return true;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Writes the changes with their lines of the history and of the audit log: all of them, or none.</summary>
    private async Task SaveAsync(AppDb db, CancellationToken cancellationToken, Func<Task>? more = null, object? file = null)
    {
        var lines = db.ChangeTracker.Entries<EndpointEventRow>().Where(e => e.State == EntityState.Added).Select(e => e.Entity).ToList();
        var settings = db.ChangeTracker.Entries<EndpointRow>().Where(e => e.State == EntityState.Modified).Select(e => e.Property(r => r.Settings)).FirstOrDefault(s => s.IsModified);
        var (before, after) = (settings?.OriginalValue, settings?.CurrentValue);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        if (more is not null) await more();
        foreach (var line in lines)
            await audit.AppendAsync(db, ActionOf(line.Kind), $"endpoint {line.EndpointName}", new { line.From, line.To, line.Why, line.LiveVersion, before, after, file }, actor: Actor.Current with { Name = line.Who }, cancellationToken: cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static string ActionOf(EndpointEventKind kind) => kind switch
    {
        EndpointEventKind.Published => "endpoint.publish",
        EndpointEventKind.Imported => "endpoint.import",
        EndpointEventKind.Promoted => "endpoint.promote",
        EndpointEventKind.RolledBack => "endpoint.rollback",
        EndpointEventKind.Retired => "endpoint.retire",
        EndpointEventKind.AliasSet => "endpoint.alias.set",
        EndpointEventKind.AliasRemoved => "endpoint.alias.remove",
        EndpointEventKind.TrafficSet => "endpoint.traffic",
        EndpointEventKind.ShadowSet => "endpoint.shadow",
        EndpointEventKind.SettingsChanged => "endpoint.settings",
        EndpointEventKind.KeyAdded => "endpoint.key.make",
        EndpointEventKind.KeyRevoked => "endpoint.key.revoke",
        EndpointEventKind.Deleted => "endpoint.delete",
        _ => "endpoint." + kind.ToString().ToLowerInvariant(),
    };

    private static void Note(AppDb db, EndpointRow endpoint, DateTimeOffset now, string who, EndpointEventKind kind, string? from, string? to, string? why) =>
        db.EndpointEvents.Add(new EndpointEventRow { WorkspaceId = endpoint.WorkspaceId, EndpointName = endpoint.Name, At = now, Who = who, Kind = kind, From = from, To = to, Why = string.IsNullOrWhiteSpace(why) ? null : why.Trim(), LiveVersion = endpoint.LiveVersion });

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Describe(IReadOnlyList<TrafficShare> traffic, int champion) =>
        traffic.Count == 0 ? $"all to {Text(champion)}" : string.Join(", ", traffic.Select(t => $"{t.Percent.ToString(CultureInfo.InvariantCulture)} % to {Text(t.Version)}"));

    private static string? Describe(ShadowTraffic? shadow) => shadow is null ? null : $"{shadow.Percent.ToString(CultureInfo.InvariantCulture)} % copied to {Text(shadow.Version)}";

    private static Dictionary<string, int> With(IReadOnlyDictionary<string, int> aliases, string alias, int version) => new(aliases, StringComparer.Ordinal) { [alias] = version };

    public async Task<IReadOnlyList<EndpointRow>> ListAsync(int workspaceId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Endpoints.AsNoTracking().AsSplitQuery().Include(e => e.Versions.OrderBy(v => v.Number)).Include(e => e.Keys.OrderBy(k => k.Id)).Where(e => e.WorkspaceId == workspaceId).OrderBy(e => e.Name).ToListAsync(cancellationToken);
    }

    public async Task<EndpointRow?> FindAsync(string name, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Endpoints.AsNoTracking().AsSplitQuery().Include(e => e.Versions.OrderBy(v => v.Number)).Include(e => e.Keys.OrderBy(k => k.Id)).SingleOrDefaultAsync(e => e.Name == name, cancellationToken);
    }

    // Another workspace may have had the name before.
    private static IQueryable<EndpointEventRow> EventsOf(AppDb db, string name) => db.EndpointEvents.AsNoTracking()
        .Where(e => e.EndpointName == name && e.WorkspaceId == db.EndpointEvents.Where(last => last.EndpointName == name).OrderByDescending(last => last.Id).Select(last => last.WorkspaceId).First());

    /// <summary>What was done to an endpoint of this name, newest first; also of one that was deleted.</summary>
    public async Task<IReadOnlyList<EndpointEventRow>> HistoryAsync(string name, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await EventsOf(db, name).OrderByDescending(e => e.Id).ToListAsync(cancellationToken);
    }

    /// <summary>The last line of the history at a time: its version answered then. Null where nothing did.</summary>
    public async Task<EndpointEventRow?> LiveAtAsync(string name, DateTimeOffset moment, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var last = await EventsOf(db, name).Where(e => e.At <= moment).OrderByDescending(e => e.Id).FirstOrDefaultAsync(cancellationToken);
        return last is null or { Kind: EndpointEventKind.Deleted } ? null : last;
    }

    /// <summary>A further key; null where the endpoint does not exist.</summary>
    /// <param name="keyName">What it is for; may be empty.</param>
    /// <param name="expiresAt">Null for never.</param>
    /// <exception cref="ArgumentException">It would be expired already, may do nothing, or its name is too long.</exception>
    public async Task<string?> AddKeyAsync(string name, string keyName, EndpointScopes scopes, DateTimeOffset? expiresAt, string who, CancellationToken cancellationToken)
    {
        if (expiresAt <= time.GetUtcNow()) throw new ArgumentException($"The key would expire at {expiresAt:u}; expected a time to come.");
        if ((scopes & EndpointScopes.All) == 0) throw new ArgumentException("The key may do nothing; expected at least one of predict, feedback and metadata.");
        if (keyName.Length > 100) throw new ArgumentException($"The name has {keyName.Length} characters; expected at most 100.");
        var secret = Secret.Create("mwk");
        var isThere = await ChangeAsync(name, (db, endpoint, now) =>
        {
            endpoint.Keys.Add(new EndpointKeyRow { Prefix = secret.Prefix, Hash = secret.Hash, Name = keyName.Trim(), Scopes = scopes & EndpointScopes.All, ExpiresAt = expiresAt, CreatedAt = now });
            Note(db, endpoint, now, who, EndpointEventKind.KeyAdded, null, secret.Prefix, string.IsNullOrWhiteSpace(keyName) ? null : keyName);
        }, cancellationToken);
        return isThere ? secret.Text : null;
    }

    public async Task<bool> RevokeKeyAsync(string name, string prefix, string who, CancellationToken cancellationToken)
    {
        var isRevoked = false;
        await ChangeAsync(name, (db, endpoint, now) =>
        {
            if (endpoint.Keys.SingleOrDefault(k => k.Prefix == prefix && k.RevokedAt is null) is not { } key) return;
            key.RevokedAt = now;
            isRevoked = true;
            Note(db, endpoint, now, who, EndpointEventKind.KeyRevoked, prefix, null, null);
        }, cancellationToken);
        return isRevoked;
    }

    public async Task<bool> DeleteAsync(string name, string who, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            if (await db.Endpoints.SingleOrDefaultAsync(e => e.Name == name, cancellationToken) is not { } endpoint) return false;
            Note(db, endpoint, time.GetUtcNow(), who, EndpointEventKind.Deleted, Text(endpoint.LiveVersion), null, null);
            db.Endpoints.Remove(endpoint);
            await SaveAsync(db, cancellationToken, async () =>
            {
                // What callers sent goes with it, and what it did: another endpoint of the same name is another one.
                await db.LoggedRows.Where(r => r.EndpointName == name).ExecuteDeleteAsync(cancellationToken);
                await db.ServingPeriods.Where(p => p.EndpointName == name).ExecuteDeleteAsync(cancellationToken);
                await db.Alerts.Where(a => a.EndpointName == name).ExecuteDeleteAsync(cancellationToken);
                await db.Webhooks.Where(w => w.EndpointName == name).ExecuteDeleteAsync(cancellationToken);
                await db.WebhookDeliveries.Where(d => d.EndpointName == name).ExecuteDeleteAsync(cancellationToken);
            });
            await live.LoadAsync(name, CancellationToken.None);
            return true;
        }
        finally
        {
            _changing.Release();
        }
    }
}
