using System.Globalization;
using System.Text;
using Microsoft.Extensions.Options;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Datasets;

/// <summary>Uploads that survive a lost connection, and what is made of them.</summary>
/// <remarks>The tus protocol, version 1.0.0 with the extensions creation and termination: any of its clients can be used.</remarks>
public static class UploadApi
{
    private const string ProtocolVersion = "1.0.0";
    private const string PieceType = "application/offset+octet-stream";

    /// <param name="UploadId">A finished upload.</param>
    /// <param name="DatasetId">The dataset that gets a new version; absent for a new dataset.</param>
    /// <param name="Options">How to read the file; absent to detect it.</param>
    public sealed record ImportBody(string UploadId, int? DatasetId = null, CsvOptions? Options = null);

    /// <param name="Id">In URLs.</param>
    /// <param name="FileName">As it was uploaded.</param>
    /// <param name="Status">Queued, running, completed, cancelled or failed.</param>
    /// <param name="Fraction">0 to 1.</param>
    /// <param name="Stage">What is being done while it runs.</param>
    /// <param name="Rows">Rows so far in this stage.</param>
    /// <param name="Reason">Why it failed.</param>
    /// <param name="DatasetId">The dataset, once it is there.</param>
    public sealed record ImportAnswer(int Id, string FileName, ImportStatus Status, double Fraction, string? Stage, long Rows, string? Reason, int? DatasetId)
    {
        public static ImportAnswer From(ImportRow row, ImportProgress? progress) => new(
            row.Id, row.FileName, row.Status, row.Status == ImportStatus.Completed ? 1 : progress?.Fraction ?? 0, progress?.Stage, progress?.Rows ?? 0, row.Reason, row.DatasetId);
    }

    public static void MapUploads(this RouteGroupBuilder api)
    {
        var uploads = api.MapGroup("/uploads").WithTags("Uploads").AddEndpointFilter(async (context, next) =>
        {
            context.HttpContext.Response.Headers["Tus-Resumable"] = ProtocolVersion;
            try
            {
                return await next(context);
            }
            catch (UploadException e)
            {
                return Refused(e);
            }
        });
        uploads.MapPost("/", CreateAsync).WithName("CreateUpload").WithSummary("Begins an upload that can be resumed (tus 1.0.0)")
            .WithDescription("Headers: Upload-Length, the size in bytes; Upload-Metadata, 'filename' and the name in base64. Answers with the upload's address in Location.")
            .Produces(201).ProducesProblem(400).ProducesProblem(413).ProducesProblem(507).DisableAntiforgery();
        uploads.MapMethods("/{id}", ["HEAD"], HeadAsync).WithName("GetUploadOffset").WithSummary("How far an upload has come, in Upload-Offset").Produces(200).ProducesProblem(404);
        uploads.MapPatch("/{id}", AppendAsync).WithName("AppendToUpload").WithSummary("Sends the bytes from Upload-Offset on")
            .WithDescription("What arrived before the connection was lost is kept; ask for the offset and go on from there.").Accepts<byte[]>(PieceType, ManagementApi.AnyContent)
            .Produces(204).ProducesProblem(404).ProducesProblem(409).ProducesProblem(413).ProducesProblem(507).DisableAntiforgery();
        uploads.MapDelete("/{id}", (string id, UploadStore store) => store.Delete(id) ? Results.NoContent() : UnknownUpload()).WithName("DeleteUpload").WithSummary("Gives an upload up").Produces(204).ProducesProblem(404);

        var imports = api.MapGroup("/imports").WithTags("Uploads");
        imports.MapPost("/", ImportAsync).WithName("StartImport").WithSummary("Makes a dataset, or a new version of one, of a finished upload, in the background").Produces<ImportAnswer>(202).ProducesProblem(404).ProducesProblem(409);
        imports.MapGet("/", async (Caller caller, ImportQueue queue, CancellationToken ct) => (await queue.OpenAsync(caller.WorkspaceId, ct)).Select(row => ImportAnswer.From(row, queue.ProgressOf(row.Id))))
            .WithName("ListImports").WithSummary("Imports that wait, run or have failed, newest first");
        imports.MapGet("/{id:int}", async (int id, ImportQueue queue, CancellationToken ct) => await queue.FindAsync(id, ct) is { } row ? Results.Ok(ImportAnswer.From(row, queue.ProgressOf(id))) : UnknownImport(id))
            .WithName("GetImport").WithSummary("How far an import is").Produces<ImportAnswer>().ProducesProblem(404);
        imports.MapPost("/{id:int}/cancel", async (int id, ImportQueue queue, CancellationToken ct) => await queue.CancelAsync(id, ct) ? Results.NoContent() : await NotThatFarAsync(id, queue, "cancelled", ct))
            .WithName("CancelImport").WithSummary("Ends an import that waits or runs; nothing of it is kept").Produces(204).ProducesProblem(404).ProducesProblem(409);
        imports.MapPost("/{id:int}/retry", async (int id, ImportQueue queue, CancellationToken ct) => await queue.RetryAsync(id, null, ct) ? Results.Accepted($"/api/v1/imports/{id}") : await NotThatFarAsync(id, queue, "tried again", ct))
            .WithName("RetryImport").WithSummary("Tries a failed import again").Produces(202).ProducesProblem(404).ProducesProblem(409);
        imports.MapDelete("/{id:int}", async (int id, ImportQueue queue, CancellationToken ct) => await queue.DismissAsync(id, ct) ? Results.NoContent() : await NotThatFarAsync(id, queue, "put away", ct))
            .WithName("DismissImport").WithSummary("Puts a failed import and its file away").Produces(204).ProducesProblem(404).ProducesProblem(409);
    }

    private static async Task<IResult> CreateAsync(HttpContext context, Caller caller, UploadStore store, StoredBytes stored, IOptions<WorkbenchOptions> options)
    {
        if (!TryReadBytes(context.Request.Headers["Upload-Length"], out var length) || length == 0)
            return Results.Problem(statusCode: 400, title: "No length", detail: $"Upload-Length is '{context.Request.Headers["Upload-Length"]}'; expected the size of the file in bytes, at least 1.");
        if (length > options.Value.MaxUploadBytes) return DatasetApi.TooLarge(options.Value);
        if (await stored.WhyNotAsync(caller.WorkspaceId, length, context.RequestAborted) is { } full) return LargeBodies.WorkspaceFull(full);
        var upload = await store.CreateAsync(DatasetApi.CleanName(FileNameOf(context.Request.Headers["Upload-Metadata"])), length, caller.WorkspaceId, context.RequestAborted);
        return Results.Created($"/api/v1/uploads/{upload.Id}", null);
    }

    private static async Task<IResult> HeadAsync(string id, HttpContext context, UploadStore store)
    {
        if (await store.FindAsync(id, context.RequestAborted) is not var (upload, offset)) return UnknownUpload();
        context.Response.Headers["Upload-Offset"] = offset.ToString(CultureInfo.InvariantCulture);
        context.Response.Headers["Upload-Length"] = upload.Length.ToString(CultureInfo.InvariantCulture);
        return Results.Ok();
    }

    private static async Task<IResult> AppendAsync(string id, HttpContext context, UploadStore store, IOptions<WorkbenchOptions> options)
    {
        context.AllowLargeBody(options.Value.MaxUploadBytes);
        if (context.Request.ContentType != PieceType) return Results.Problem(statusCode: 415, title: "Unsupported content", detail: $"The content type is '{context.Request.ContentType}'; expected {PieceType}.");
        if (!TryReadBytes(context.Request.Headers["Upload-Offset"], out var offset))
            return Results.Problem(statusCode: 400, title: "No offset", detail: $"Upload-Offset is '{context.Request.Headers["Upload-Offset"]}'; expected the number of bytes that have arrived.");
        offset = await store.AppendAsync(id, offset, context.Request.Body, context.RequestAborted);
        context.Response.Headers["Upload-Offset"] = offset.ToString(CultureInfo.InvariantCulture);
        return Results.NoContent();
    }

    private static async Task<IResult> ImportAsync(ImportBody body, Caller caller, ImportQueue queue, Workspaces workspaces, CancellationToken ct)
    {
        var upload = new OwnedObject(OwnedKind.Upload, body.UploadId);
        if (await workspaces.WhyNotAsync(caller, upload, WorkspaceRole.Editor, ct) is { } unknown) return unknown;
        var workspaceId = (await workspaces.OfAsync(upload, ct))!.Value;
        if (body.DatasetId is { } datasetId)
        {
            var dataset = new OwnedObject(OwnedKind.Dataset, datasetId);
            if (await workspaces.WhyNotAsync(caller, dataset, WorkspaceRole.Editor, ct) is { } refusal) return refusal;
            workspaceId = (await workspaces.OfAsync(dataset, ct))!.Value;
        }
        try
        {
            var row = await queue.EnqueueUploadAsync(body.UploadId, body.Options, body.DatasetId, workspaceId, ct);
            return Results.Accepted($"/api/v1/imports/{row.Id}", ImportAnswer.From(row, null));
        }
        catch (UploadException e)
        {
            return Refused(e);
        }
    }

    private static async Task<IResult> NotThatFarAsync(int id, ImportQueue queue, string what, CancellationToken ct) => await queue.FindAsync(id, ct) is { } row
        ? Results.Problem(statusCode: 409, title: "Not possible now", detail: $"Import {id} is {row.Status.ToString().ToLowerInvariant()} and cannot be {what}.")
        : UnknownImport(id);

    private static IResult Refused(UploadException e) => Results.Problem(statusCode: e.StatusCode, title: "Upload refused", detail: e.Message);
    private static IResult UnknownUpload() => Results.Problem(statusCode: 404, title: "Unknown upload", detail: "There is no such upload. It may have been finished or cancelled, or nothing happened to it for a day.");
    private static IResult UnknownImport(int id) => Results.Problem(statusCode: 404, title: "Unknown import", detail: $"There is no import {id}.");

    private static bool TryReadBytes(string? header, out long bytes) => long.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out bytes);

    /// <summary>The value of <c>filename</c> in <c>name base64,name base64</c>; null where it is absent or not base64.</summary>
    private static string? FileNameOf(string? metadata)
    {
        var pair = (metadata ?? "").Split(',').Select(entry => entry.Trim().Split(' ')).FirstOrDefault(entry => entry is ["filename", _]);
        var bytes = new byte[(pair?[1].Length ?? 0) + 3];
        return pair is not null && Convert.TryFromBase64String(pair[1], bytes, out var count) ? Encoding.UTF8.GetString(bytes, 0, count) : null;
    }
}
