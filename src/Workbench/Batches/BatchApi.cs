using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Datasets;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Batches;

/// <summary>Files that are scored in the background, over HTTP.</summary>
public static class BatchApi
{
    /// <param name="UploadId">A finished upload.</param>
    /// <param name="Version">The version that scores; absent for the live one.</param>
    /// <param name="Options">How to read the file; absent to detect it.</param>
    public sealed record BatchBody(string UploadId, int? Version = null, CsvOptions? Options = null);

    /// <param name="Id">In URLs.</param>
    /// <param name="Endpoint">Whose model scores.</param>
    /// <param name="Version">Fixed when the job was made.</param>
    /// <param name="FileName">As it was uploaded.</param>
    /// <param name="Status">Queued, running, completed, failed, cancelled, or interrupted.</param>
    /// <param name="Reason">Why it failed or was interrupted.</param>
    /// <param name="Fraction">0 to 1.</param>
    /// <param name="Rows">Scored so far.</param>
    /// <param name="ErrorRows">Of these, rows without a prediction; each says why in its column 'error'.</param>
    /// <param name="FirstErrors">The first few, with their lines.</param>
    /// <param name="BytesDone">Of the unpacked file.</param>
    /// <param name="BytesTotal">0 until it is unpacked.</param>
    /// <param name="SecondsLeft">While it runs, what it may be expected to take yet.</param>
    /// <param name="Result">Where the scored file can be had, once it is there.</param>
    public sealed record BatchAnswer(int Id, string Endpoint, int Version, string FileName, BatchJobStatus Status, string? Reason, double Fraction, long Rows, long ErrorRows, IReadOnlyList<BatchError> FirstErrors,
        long BytesDone, long BytesTotal, double? SecondsLeft, string? Result, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt)
    {
        public static BatchAnswer From(BatchJobRow row, BatchState? state)
        {
            var progress = state is { BytesTotal: > 0 } ? state.Progress : new BatchProgress(row.RowsDone, row.ErrorRows, row.BytesDone, row.OutputBytes, row.FirstErrors);
            var total = state is { BytesTotal: > 0 } ? state.BytesTotal : row.BytesTotal;
            var fraction = row.Status == BatchJobStatus.Completed ? 1 : total == 0 ? 0 : (double)progress.BytesRead / total;
            return new BatchAnswer(row.Id, row.EndpointName, row.Version, row.FileName, row.Status, row.Reason, fraction, progress.Rows, progress.ErrorRows, progress.FirstErrors, progress.BytesRead, total, state?.Left?.TotalSeconds,
                row.ResultSha256 is null ? null : $"/api/v1/batches/{row.Id}/result", row.CreatedAt, row.StartedAt, row.FinishedAt);
        }
    }

    public static void MapBatches(this RouteGroupBuilder api)
    {
        api.MapPost("/endpoints/{name}/batches", StartAsync).WithTags("Batches").WithName("StartBatch").WithSummary("Scores a CSV file in the background and gives it back with predictions")
            .WithDescription("Body: {\"uploadId\": …} of a finished upload, or the file itself, plain or packed with gzip or ZIP; the query parameters 'version' and 'name' then say the version and the file's name. "
                + "The result has the fields of the file as they stand, then prediction, a probability a class, and error: empty where all is well, else column, found, expected. A file that lacks columns is refused at once.")
            .Accepts<BatchBody>("application/json", "text/csv", "application/octet-stream", ManagementApi.AnyContent)
            .Produces<BatchAnswer>(202).ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(413).ProducesProblem(422).ProducesProblem(503).ProducesProblem(507).DisableAntiforgery();
        var batches = api.MapGroup("/batches").WithTags("Batches");
        batches.MapGet("/", async (string? endpoint, Caller caller, BatchQueue queue, CancellationToken ct) => (await queue.ListAsync(caller.WorkspaceId, endpoint, ct)).Select(row => BatchAnswer.From(row, queue.StateOf(row.Id))))
            .WithName("ListBatches").WithSummary("Files that are scored or were, newest first").WithDescription("endpoint: of this one alone.");
        batches.MapGet("/{id:int}", async (int id, BatchQueue queue, CancellationToken ct) => await queue.FindAsync(id, ct) is { } row ? Results.Ok(BatchAnswer.From(row, queue.StateOf(id))) : Unknown(id))
            .WithName("GetBatch").WithSummary("How far a file is scored").Produces<BatchAnswer>().ProducesProblem(404);
        batches.MapGet("/{id:int}/result", ResultAsync).Audited("batch.download", context => $"batch {context.Route("id")}").WithName("GetBatchResult").WithSummary("The file with predictions, as CSV").Produces<byte[]>(200, "text/csv").ProducesProblem(404).ProducesProblem(409);
        batches.MapPost("/{id:int}/resume", async (int id, BatchQueue queue, CancellationToken ct) => await queue.ResumeAsync(id, ct) ? Results.Accepted($"/api/v1/batches/{id}") : await NotPossibleAsync(id, queue, "failed, cancelled or interrupted", ct))
            .WithName("ResumeBatch").WithSummary("Lets a job that failed, was cancelled or interrupted go on where it stopped").Produces(202).ProducesProblem(404).ProducesProblem(409);
        batches.MapDelete("/{id:int}", async (int id, BatchQueue queue, CancellationToken ct) => await queue.CancelAsync(id, ct) || await queue.RemoveAsync(id, ct) ? Results.NoContent() : await NotPossibleAsync(id, queue, "no longer writing", ct))
            .WithName("DeleteBatch").WithSummary("Cancels a job that waits or runs; removes one that has ended, with its result").Produces(204).ProducesProblem(404).ProducesProblem(409);
    }

    private static async Task<IResult> StartAsync(string name, [FromQuery] int? version, [FromQuery(Name = "name")] string? fileName, HttpContext context, Caller caller, Workspaces workspaces, BatchQueue queue, ArtefactStore artefacts, StoredBytes stored, IOptions<WorkbenchOptions> options)
    {
        var ct = context.RequestAborted;
        try
        {
            BatchJobRow row;
            if (context.Request.HasJsonContentType())
            {
                if (await context.Request.ReadFromJsonAsync<BatchBody>(CoreJson.Options, ct) is not { } body) return Results.Problem(statusCode: 400, title: "Invalid request", detail: "The body is null; expected an object with 'uploadId'.");
                if (await workspaces.WhyNotAsync(caller, new OwnedObject(OwnedKind.Upload, body.UploadId), WorkspaceRole.Editor, ct) is { } refusal) return refusal;
                row = await queue.AddUploadAsync(name, body.Version ?? version, body.UploadId, body.Options, ct);
            }
            else
            {
                // Before a large body is taken in vain.
                if (await stored.WhyNotAsync(context, caller) is { } full) return LargeBodies.WorkspaceFull(full);
                await queue.VersionAsync(name, version, ct);
                row = await TakeAsync(context, caller, queue, name, version, fileName, artefacts, stored, options.Value, ct);
            }
            return Results.Accepted($"/api/v1/batches/{row.Id}", BatchAnswer.From(row, null));
        }
        catch (JsonException e)
        {
            return Results.Problem(statusCode: 400, title: "Invalid request", detail: e.Message);
        }
        catch (BatchException e)
        {
            return Results.Problem(statusCode: e.StatusCode, title: e.Title, detail: e.Message);
        }
        catch (CsvFormatException e)
        {
            return Results.Problem(statusCode: 422, title: "The file cannot be scored", detail: e.Message);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == 413)
        {
            return DatasetApi.TooLarge(options.Value);
        }
        catch (IOException e) when (DiskSpace.IsFull(e))
        {
            return LargeBodies.DiskFull(artefacts);
        }
    }

    private static async Task<BatchJobRow> TakeAsync(HttpContext context, Caller caller, BatchQueue queue, string endpoint, int? version, string? fileName, ArtefactStore artefacts, StoredBytes stored, WorkbenchOptions options, CancellationToken ct)
    {
        context.AllowLargeBody(options.MaxUploadBytes);
        var temporary = artefacts.NewTemporaryPath();
        try
        {
            await context.Request.Body.SaveAsync(temporary, artefacts, ct);
            if (await stored.WhyNotArrivedAsync(context, caller, temporary) is { } full) throw new BatchException(507, "Workspace full", full);
            return await queue.AddFileAsync(endpoint, version, temporary, DatasetApi.CleanName(fileName), ct);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static async Task<IResult> ResultAsync(int id, BatchQueue queue, ArtefactStore artefacts, CancellationToken ct)
    {
        if (await queue.FindAsync(id, ct) is not { } row) return Unknown(id);
        if (row.ResultSha256 is not { } sha256) return await NotPossibleAsync(id, queue, "completed", ct);
        var path = artefacts.PathOf(sha256);
        if (!File.Exists(path)) return Results.Problem(statusCode: 404, title: "Missing result", detail: $"The result of batch {id} is missing from the data folder.");
        return Results.File(path, "text/csv; charset=utf-8", ResultName(row.FileName), enableRangeProcessing: true);
    }

    /// <summary>What the result of a file is called: <c>customers.csv.gz</c> becomes <c>customers-scored.csv</c>.</summary>
    public static string ResultName(string fileName)
    {
        var stem = fileName;
        while (Path.GetExtension(stem).ToLowerInvariant() is ".csv" or ".tsv" or ".txt" or ".gz" or ".zip" or ".tab" or ".data") stem = Path.GetFileNameWithoutExtension(stem);
        return $"{stem}-scored.csv";
    }

    private static async Task<IResult> NotPossibleAsync(int id, BatchQueue queue, string expected, CancellationToken ct) => await queue.FindAsync(id, ct) is { } row
        ? Results.Problem(statusCode: 409, title: "Not possible now", detail: $"Batch {id} is {row.Status.ToString().ToLowerInvariant()}; expected one that is {expected}.")
        : Unknown(id);

    private static IResult Unknown(int id) => Results.Problem(statusCode: 404, title: "Unknown batch", detail: $"There is no batch {id}.");
}
