using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Audit;

/// <summary>What a line of the audit log says of how it went.</summary>
public static class AuditResult
{
    public const string Ok = "ok";
    public const string Refused = "refused";
    public const string Failed = "failed";
}

/// <param name="Count">Entries that were looked at, up to the first that does not fit.</param>
/// <param name="Head">Hash of the last entry that fits; zeros where there is none.</param>
/// <param name="BrokenAt">The first entry that does not fit; null where all do.</param>
/// <param name="Why">What does not fit.</param>
public sealed record AuditCheck(long Count, string Head, long? BrokenAt, string? Why)
{
    public bool IsIntact => BrokenAt is null;

    public string Describe() => IsIntact
        ? FormattableString.Invariant($"{Count} {(Count == 1 ? "entry" : "entries")}, chain intact, head {Head}")
        : FormattableString.Invariant($"Entry {BrokenAt} does not fit: {Why} The {Count} before it do; their head is {Head}.");
}

/// <summary>Which entries are meant; null means all.</summary>
/// <param name="Actor">Beginning of the name, in any case.</param>
/// <param name="Action">Beginning, such as <c>endpoint</c> or <c>endpoint.promote</c>.</param>
/// <param name="Subject">Found anywhere in it, in any case.</param>
/// <param name="From">At or after.</param>
/// <param name="To">Before.</param>
public sealed record AuditFilter(string? Actor = null, string? Action = null, string? Subject = null, DateTimeOffset? From = null, DateTimeOffset? To = null);

/// <summary>Who did what to what, and when: lines that are only ever added, each bound to the one before it by its hash.</summary>
/// <remarks>
/// Whoever can write the database can also write a new chain, with all hashes made anew. That shows only beside a head that was kept elsewhere: it goes to the program's log every hour and at the end, and <c>audit verify</c> prints it.
/// </remarks>
public sealed class AuditLog(IDbContextFactory<AppDb> databases, TimeProvider time)
{
    /// <summary>What the first entry has as the hash before it.</summary>
    public static readonly string NoHash = new('0', 64);

    private const int MostCharacters = 300;
    private const int MostDetails = 4_000;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Adds an entry in a transaction of its own.</summary>
    /// <param name="action">Such as <c>dataset.delete</c>.</param>
    /// <param name="subject">Such as <c>dataset 3 (penguins)</c>.</param>
    /// <param name="details">Becomes JSON; no values of the data and no secrets.</param>
    /// <param name="result">Of <see cref="AuditResult"/>.</param>
    /// <param name="actor">Null for the one behind the request that is being answered.</param>
    public async Task RecordAsync(string action, string subject, object? details = null, string result = AuditResult.Ok, Actor? actor = null, CancellationToken cancellationToken = default)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await AppendAsync(db, action, subject, details, result, actor, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Adds an entry within the transaction of the fact that it tells: there are both, or neither.</summary>
    /// <remarks>A transaction of SQLite that EF begins may write from its first moment on, and others wait; in PostgreSQL <see cref="PostgresWriters"/> sees to it. So nothing comes between reading the last entry and adding the next, here or in another process.</remarks>
    /// <exception cref="InvalidOperationException">No transaction was begun.</exception>
    public async Task AppendAsync(AppDb db, string action, string subject, object? details = null, string result = AuditResult.Ok, Actor? actor = null, CancellationToken cancellationToken = default)
    {
        if (db.Database.CurrentTransaction is null) throw new InvalidOperationException("An entry of the audit log is added within a transaction; begin one first.");
        var who = actor ?? Actor.Current;
        var last = await db.AuditEntries.AsNoTracking().OrderByDescending(e => e.Id).Select(e => new { e.Id, e.Hash }).FirstOrDefaultAsync(cancellationToken);
        var now = time.GetUtcNow();
        var row = new AuditEntryRow
        {
            Id = (last?.Id ?? 0) + 1,
            At = new DateTimeOffset(now.UtcTicks - now.UtcTicks % TimeSpan.TicksPerMillisecond, TimeSpan.Zero),
            Actor = Shortened(who.Name),
            Address = who.Address,
            Action = action,
            Subject = Shortened(subject),
            Result = result,
            Details = details is null ? null : DetailsOf(details),
            PreviousHash = last?.Hash ?? NoHash,
            Hash = "",
        };
        row.Hash = HashOf(row);
        db.AuditEntries.Add(row);
        await db.SaveChangesAsync(cancellationToken);
        db.Entry(row).State = EntityState.Detached;
    }

    private static string Shortened(string text) => text.Length <= MostCharacters ? text : text[..MostCharacters] + "…";

    private static string DetailsOf(object details)
    {
        var text = JsonSerializer.Serialize(details, Json);
        return text.Length <= MostDetails ? text : JsonSerializer.Serialize(new { leftOut = $"{text.Length} characters", beginning = text[..(MostDetails / 2)] }, Json);
    }

    /// <summary>SHA-256 over the fields in the order of the table, each as its length in bytes of UTF-8, a colon, the bytes, a comma (a netstring); an absent one as <c>-,</c>. The time is written as <c>2026-01-31T23:59:59.123Z</c>.</summary>
    public static string HashOf(AuditEntryRow row)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var field in (string?[])[row.Id.ToString(CultureInfo.InvariantCulture), TimeOf(row), row.Actor, row.Address, row.Action, row.Subject, row.Result, row.Details, row.PreviousHash])
        {
            if (field is null)
            {
                hash.AppendData("-,"u8);
                continue;
            }
            var bytes = Encoding.UTF8.GetBytes(field);
            hash.AppendData(Encoding.ASCII.GetBytes(bytes.Length.ToString(CultureInfo.InvariantCulture) + ":"));
            hash.AppendData(bytes);
            hash.AppendData(","u8);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>As it is hashed and exported.</summary>
    public static string TimeOf(AuditEntryRow row) => row.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Goes through the whole chain.</summary>
    public async Task<AuditCheck> VerifyAsync(CancellationToken cancellationToken)
    {
        var (count, head) = (0L, NoHash);
        await foreach (var row in ReadAllAsync(cancellationToken))
        {
            var why = row.Id != count + 1 ? FormattableString.Invariant($"its number should be {count + 1}: entries between were removed.")
                : row.PreviousHash != head ? $"it names {row.PreviousHash} as the hash before it, found {head}."
                : HashOf(row) is var found && row.Hash != found ? $"its content has the hash {found}, written down is {row.Hash}."
                : null;
            if (why is not null) return new AuditCheck(count, head, row.Id, why);
            (count, head) = (count + 1, row.Hash);
        }
        return new AuditCheck(count, head, null, null);
    }

    /// <summary>Number and hash of the last entry.</summary>
    public async Task<(long Count, string Head)> HeadAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var last = await db.AuditEntries.AsNoTracking().OrderByDescending(e => e.Id).Select(e => new { e.Id, e.Hash }).FirstOrDefaultAsync(cancellationToken);
        return (last?.Id ?? 0, last?.Hash ?? NoHash);
    }

    /// <summary>All entries in order, as they are read.</summary>
    public async IAsyncEnumerable<AuditEntryRow> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await foreach (var row in db.AuditEntries.AsNoTracking().OrderBy(e => e.Id).AsAsyncEnumerable().WithCancellation(cancellationToken)) yield return row;
    }

    /// <summary>Entries, the newest first.</summary>
    /// <param name="before">Entries with a smaller number alone; for the next page.</param>
    /// <param name="most">At most so many.</param>
    public async Task<IReadOnlyList<AuditEntryRow>> ListAsync(AuditFilter filter, long? before, int most, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var rows = Matching(db, filter);
        if (before is { } id) rows = rows.Where(e => e.Id < id);
        return await rows.OrderByDescending(e => e.Id).Take(most).ToListAsync(cancellationToken);
    }

    public async Task<long> CountAsync(AuditFilter filter, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await Matching(db, filter).LongCountAsync(cancellationToken);
    }

    private static IQueryable<AuditEntryRow> Matching(AppDb db, AuditFilter filter)
    {
        var rows = db.AuditEntries.AsNoTracking();
        if (filter.From is { } from) rows = rows.Where(e => e.At >= from);
        if (filter.To is { } to) rows = rows.Where(e => e.At < to);
        if (AnyCase.StartsWith(filter.Actor) is { } actor) rows = rows.Where(e => EF.Functions.Like(e.Actor.ToLower(), actor, AnyCase.Escape));
        if (AnyCase.StartsWith(filter.Action) is { } action) rows = rows.Where(e => EF.Functions.Like(e.Action.ToLower(), action, AnyCase.Escape));
        if (AnyCase.Contains(filter.Subject) is { } subject) rows = rows.Where(e => EF.Functions.Like(e.Subject.ToLower(), subject, AnyCase.Escape));
        return rows;
    }

    /// <summary>An entry as one line of JSON, with what its hash was made of.</summary>
    public static string LineOf(AuditEntryRow row) => JsonSerializer.Serialize(new
    {
        number = row.Id,
        at = TimeOf(row),
        row.Actor,
        row.Address,
        row.Action,
        row.Subject,
        row.Result,
        row.Details,
        row.PreviousHash,
        row.Hash,
    }, Json);
}
