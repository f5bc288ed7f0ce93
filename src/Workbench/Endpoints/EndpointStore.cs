using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Endpoints;

/// <param name="Name">The endpoint.</param>
/// <param name="Version">The version that is live now.</param>
/// <param name="Key">A new key where the endpoint is new; it is never shown again.</param>
public sealed record Publication(string Name, int Version, string? Key);

/// <summary>Endpoints with their versions and keys.</summary>
public sealed partial class EndpointStore(IDbContextFactory<AppDb> databases, ExperimentStore experiments, ExperimentSupervisor supervisor, LiveModels live, TimeProvider time)
{
    public const string NameRule = "1 to 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit";

    // The next version's number is read before it is written.
    private readonly SemaphoreSlim _publishing = new(1);

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

    /// <summary>Makes a trial's model answer under this name: version 1 of a new endpoint, or the next version of an existing one.</summary>
    /// <exception cref="ArgumentException">The name is no name, or the trial has no model; the message says so.</exception>
    /// <exception cref="InvalidDataException">The model cannot be loaded; what was live stays live.</exception>
    public async Task<Publication> PublishAsync(string name, int experimentId, int trialNumber, CancellationToken cancellationToken)
    {
        if (!IsName(name)) throw new ArgumentException($"The name is '{name}'; expected {NameRule}.");
        if (await experiments.FindAsync(experimentId, cancellationToken) is not { } experiment) throw new ArgumentException($"There is no experiment {experimentId}.");
        if (experiment.Trials.SingleOrDefault(t => t.Number == trialNumber) is not { } trial) throw new ArgumentException($"Experiment {experimentId} has no trial {trialNumber}; expected 1 to {experiment.Trials.Count}.");
        if (trial.ModelSha256 is null && trial.Status == TrialStatus.Completed)
        {
            if (await supervisor.MakeModelAsync(experimentId, trialNumber, cancellationToken) is { } reason) throw new ArgumentException($"No model could be made of trial {trialNumber}: {reason}");
            trial = (await experiments.FindAsync(experimentId, cancellationToken))!.Trials.Single(t => t.Number == trialNumber);
        }
        if (trial.ModelSha256 is not { } modelSha256) throw new ArgumentException($"Trial {trialNumber} of experiment {experimentId} has no model: it is {trial.Status.ToString().ToLowerInvariant()}.");

        // Proved before anything points to it.
        await live.ReadAsync(modelSha256, cancellationToken);
        await _publishing.WaitAsync(cancellationToken);
        try
        {
            return await AddVersionAsync(name, experimentId, trial, modelSha256, cancellationToken);
        }
        finally
        {
            _publishing.Release();
        }
    }

    private async Task<Publication> AddVersionAsync(string name, int experimentId, TrialRow trial, string modelSha256, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        var endpoint = await db.Endpoints.Include(e => e.Versions).SingleOrDefaultAsync(e => e.Name == name, cancellationToken);
        string? key = null;
        if (endpoint is null)
        {
            var secret = Secret.Create("mwk");
            key = secret.Text;
            endpoint = new EndpointRow { Name = name, CreatedAt = now, Keys = [new EndpointKeyRow { Prefix = secret.Prefix, Hash = secret.Hash, CreatedAt = now }] };
            db.Endpoints.Add(endpoint);
        }
        var number = endpoint.Versions.Select(v => v.Number).DefaultIfEmpty(0).Max() + 1;
        endpoint.Versions.Add(new EndpointVersionRow
        {
            Number = number,
            ModelSha256 = modelSha256,
            ExperimentId = experimentId,
            TrialNumber = trial.Number,
            TrainerName = TrainerCatalog.NameOf(trial.TrainerId),
            PublishedAt = now,
        });
        endpoint.LiveVersion = number;
        await db.SaveChangesAsync(cancellationToken);
        await live.LoadAsync(name, CancellationToken.None);
        return new Publication(name, number, key);
    }

    public async Task<IReadOnlyList<EndpointRow>> ListAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Endpoints.AsNoTracking().Include(e => e.Versions).Include(e => e.Keys).OrderBy(e => e.Name).ToListAsync(cancellationToken);
    }

    public async Task<EndpointRow?> FindAsync(string name, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Endpoints.AsNoTracking().Include(e => e.Versions).Include(e => e.Keys).SingleOrDefaultAsync(e => e.Name == name, cancellationToken);
    }

    /// <summary>A further key; null where the endpoint does not exist.</summary>
    public async Task<string?> AddKeyAsync(string name, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Endpoints.SingleOrDefaultAsync(e => e.Name == name, cancellationToken) is not { } endpoint) return null;
        var secret = Secret.Create("mwk");
        db.EndpointKeys.Add(new EndpointKeyRow { EndpointId = endpoint.Id, Prefix = secret.Prefix, Hash = secret.Hash, CreatedAt = time.GetUtcNow() });
        await db.SaveChangesAsync(cancellationToken);
        await live.LoadAsync(name, CancellationToken.None);
        return secret.Text;
    }

    public async Task<bool> RevokeKeyAsync(string name, string prefix, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        var revoked = await db.EndpointKeys
            .Where(k => k.Prefix == prefix && k.RevokedAt == null && db.Endpoints.Any(e => e.Id == k.EndpointId && e.Name == name))
            .ExecuteUpdateAsync(set => set.SetProperty(k => k.RevokedAt, now), cancellationToken);
        await live.LoadAsync(name, CancellationToken.None);
        return revoked == 1;
    }

    public async Task<bool> DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var deleted = await db.Endpoints.Where(e => e.Name == name).ExecuteDeleteAsync(cancellationToken);
        await live.LoadAsync(name, CancellationToken.None);
        return deleted == 1;
    }
}
