using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Audit;

/// <summary>The audit log over HTTP.</summary>
public static class AuditApi
{
    private const int MostListed = 500;

    /// <param name="Number">From 1, without gaps.</param>
    /// <param name="At">UTC.</param>
    /// <param name="Actor">The person, the token, or workbench.</param>
    /// <param name="Address">IP address.</param>
    /// <param name="Action">What was done.</param>
    /// <param name="Subject">To what.</param>
    /// <param name="Result">ok, refused or failed.</param>
    /// <param name="Details">What else matters.</param>
    /// <param name="PreviousHash">Of the entry before.</param>
    /// <param name="Hash">SHA-256.</param>
    public sealed record EntryAnswer(long Number, DateTimeOffset At, string Actor, string? Address, string Action, string Subject, string Result, JsonElement? Details, string PreviousHash, string Hash)
    {
        public static EntryAnswer From(AuditEntryRow row) => new(row.Id, row.At, row.Actor, row.Address, row.Action, row.Subject, row.Result, row.Details is { } details ? JsonElement.Parse(details) : null, row.PreviousHash, row.Hash);
    }

    /// <param name="Count">All entries that fit the filter.</param>
    /// <param name="Entries">The newest first.</param>
    public sealed record PageAnswer(long Count, IReadOnlyList<EntryAnswer> Entries);

    public static void MapAudit(this RouteGroupBuilder api)
    {
        var audit = api.MapGroup("/audit").WithTags("Administration").ForAdministrators();
        audit.MapGet("/", async (AuditLog log, CancellationToken ct, [FromQuery] string? actor, [FromQuery] string? action, [FromQuery(Name = "object")] string? subject, [FromQuery] DateTimeOffset? from, [FromQuery] DateTimeOffset? to, [FromQuery] long? before, [FromQuery] int most = 100) =>
        {
            if (most is < 1 or > MostListed) return Results.Problem(statusCode: 400, title: "Out of range", detail: $"most is {most}; expected 1 to {MostListed}.");
            var filter = new AuditFilter(actor, action, subject, from, to);
            return Results.Ok(new PageAnswer(await log.CountAsync(filter, ct), [.. (await log.ListAsync(filter, before, most, ct)).Select(EntryAnswer.From)]));
        }).WithName("ListAudit").WithSummary("Who did what to what, newest first")
            .WithDescription("actor and action are beginnings (action=endpoint finds endpoint.promote), object is found anywhere, from and to bound the time, before is the number of the last entry of the page before.").Produces<PageAnswer>().ProducesProblem(400);
        audit.MapGet("/check", async (AuditLog log, CancellationToken ct) => await log.VerifyAsync(ct)).WithName("CheckAudit").WithSummary("Goes through the whole chain of hashes");
        audit.MapGet("/csv", CsvAsync).Audited("audit.export", _ => "audit log").WithName("ExportAudit").WithSummary("Entries as CSV, oldest first").WithDescription("Filters as for the list. Texts that a spreadsheet would run as a formula get an apostrophe.").Produces<byte[]>(200, "text/csv");
    }

    private static async Task<IResult> CsvAsync(AuditLog log, ArtefactStore artefacts, CancellationToken ct, [FromQuery] string? actor, [FromQuery] string? action, [FromQuery(Name = "object")] string? subject, [FromQuery] DateTimeOffset? from, [FromQuery] DateTimeOffset? to)
    {
        var path = artefacts.NewTemporaryPath();
        try
        {
            await using (var text = new StreamWriter(path, append: false, CsvTableWriter.Encoding))
            {
                var writer = new CsvTableWriter(text, new CsvWriteOptions(HarmlessFormulas: true));
                writer.WriteHeader(["number", "at", "actor", "address", "action", "object", "result", "details", "previous_hash", "hash"]);
                var rows = await log.ListAsync(new AuditFilter(actor, action, subject, from, to), null, int.MaxValue, ct);
                foreach (var row in rows.Reverse())
                    writer.WriteTexts([row.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), AuditLog.TimeOf(row), row.Actor, row.Address, row.Action, row.Subject, row.Result, row.Details, row.PreviousHash, row.Hash]);
            }
            // Gone from the folder with the last byte sent, or with the connection.
            return Results.File(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Delete, 1 << 16, FileOptions.Asynchronous | FileOptions.DeleteOnClose), "text/csv; charset=utf-8", "audit.csv");
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }
}
