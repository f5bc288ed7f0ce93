using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Datasets;

/// <summary>Datasets over HTTP: upload, options, versions.</summary>
public static class DatasetApi
{
    /// <param name="Id">In URLs.</param>
    /// <param name="Name">As people know it.</param>
    /// <param name="Version">The number of the version that is described.</param>
    /// <param name="FileName">As it was uploaded.</param>
    /// <param name="FileBytes">Size of the original.</param>
    /// <param name="FileSha256">Hash of the original.</param>
    /// <param name="RowCount">Data rows.</param>
    /// <param name="ColumnCount">Columns.</param>
    /// <param name="CreatedAt">UTC.</param>
    /// <param name="Options">How the file is read; the kind of every column among them. Absent for Parquet.</param>
    /// <param name="ProblemCount">Lines and values that did not fit.</param>
    /// <param name="Problems">The first 100 of them.</param>
    public sealed record DatasetAnswer(int Id, string Name, int Version, string FileName, long FileBytes, string FileSha256, int RowCount, int ColumnCount, DateTimeOffset CreatedAt, CsvOptions? Options, int ProblemCount, IReadOnlyList<CsvProblem> Problems)
    {
        public static DatasetAnswer From(DatasetRow row) => new(row.Id, row.Name, row.Current.Number, row.FileName, row.FileBytes, row.FileSha256, row.Profile.RowCount, row.Profile.Columns.Count, row.CreatedAt, row.Options, row.ProblemCount, row.Problems);
    }

    /// <param name="Number">From 1.</param>
    /// <param name="IsCurrent">Whether it is the version that is meant where none is named.</param>
    /// <param name="FileName">As it was uploaded.</param>
    /// <param name="FileSha256">Hash of the original.</param>
    /// <param name="RowCount">Data rows.</param>
    /// <param name="ColumnCount">Columns.</param>
    /// <param name="ProblemCount">Lines and values that did not fit.</param>
    /// <param name="SkippedCount">Lines that were left out.</param>
    /// <param name="CreatedAt">UTC.</param>
    /// <param name="Options">How the file was read; absent for Parquet.</param>
    public sealed record VersionAnswer(int Number, bool IsCurrent, string FileName, string FileSha256, int RowCount, int ColumnCount, int ProblemCount, int SkippedCount, DateTimeOffset CreatedAt, CsvOptions? Options)
    {
        public static VersionAnswer From(DatasetVersionRow row, int current) =>
            new(row.Number, row.Number == current, row.FileName, row.FileSha256, row.Profile.RowCount, row.Profile.Columns.Count, row.ProblemCount, row.SkippedCount, row.CreatedAt, row.Options);
    }

    public sealed record NumberBody(int Number);

    public sealed record NameBody(string Name);

    public static void MapDatasets(this RouteGroupBuilder api)
    {
        var datasets = api.MapGroup("/datasets").WithTags("Datasets");
        datasets.MapPost("/", UploadAsync).WithName("UploadDataset").WithSummary("Uploads a CSV file")
            .WithDescription("The body is the file itself, or multipart/form-data with one file. The file's name goes into the query parameter 'name'. Reading options are detected.")
            .Accepts<byte[]>("text/csv", "application/octet-stream", "multipart/form-data", ManagementApi.AnyContent)
            .Produces<DatasetAnswer>(201).ProducesProblem(400).ProducesProblem(413).ProducesProblem(422).DisableAntiforgery();
        datasets.MapGet("/", async (Caller caller, DatasetStore store, CancellationToken ct) => (await store.ListAsync(caller.WorkspaceId, ct)).Select(DatasetAnswer.From)).WithName("ListDatasets").WithSummary("All datasets, newest first");
        datasets.MapGet("/{id:int}", async (int id, DatasetStore store, CancellationToken ct) =>
            await store.FindAsync(id, ct) is { } row ? Results.Ok(DatasetAnswer.From(row)) : NotFound(id)).WithName("GetDataset").WithSummary("One dataset").Produces<DatasetAnswer>().ProducesProblem(404);
        datasets.MapPut("/{id:int}/options", OptionsAsync).WithName("SetOptions").WithSummary("Reads the original file again with these options")
            .WithDescription("Kinds that are given stay fixed; the others are decided on the evidence of all rows. Experiments that ran keep the table they had.").Produces<DatasetAnswer>().ProducesProblem(404).ProducesProblem(422);
        datasets.MapGet("/{id:int}/versions", async (int id, DatasetStore store, CancellationToken ct) => await store.FindAsync(id, ct) is { } row
            ? Results.Ok((await store.VersionsAsync(id, ct)).Select(v => VersionAnswer.From(v, row.Current.Number)))
            : NotFound(id)).WithName("ListVersions").WithSummary("All versions of a dataset, newest first").Produces<IEnumerable<VersionAnswer>>().ProducesProblem(404);
        datasets.MapGet("/{id:int}/problems", ProblemsAsync).Audited("dataset.problems.download", context => $"dataset {context.Route("id")}").WithName("GetProblems").WithSummary("All lines and values that did not fit, as CSV")
            .WithDescription("Columns: line (1-based, in the original), column (empty where the whole line is meant), found, expected, text (the line as it stands in the file; empty where one value did not fit). The original is read again for it. "
                + "version: of the dataset; absent for the current one. harmless=true puts an apostrophe before texts that a spreadsheet would run as a formula.")
            .Produces<byte[]>(200, "text/csv").ProducesProblem(404).ProducesProblem(422);
        datasets.MapPut("/{id:int}/current-version", async (int id, NumberBody body, DatasetStore store, CancellationToken ct) => await store.MakeCurrentAsync(id, body.Number, ct) is { } row
            ? Results.Ok(DatasetAnswer.From(row))
            : Results.Problem(statusCode: 404, title: "Unknown version", detail: $"There is no version {body.Number} of dataset {id}.")).WithName("SetCurrentVersion").WithSummary("Makes an older or newer version the current one").Produces<DatasetAnswer>().ProducesProblem(404);
        datasets.MapPut("/{id:int}/name", RenameAsync).WithName("RenameDataset").WithSummary("Gives a dataset another name").Produces<DatasetAnswer>().ProducesProblem(400).ProducesProblem(404);
        datasets.MapDelete("/{id:int}", async (int id, DatasetStore store, CancellationToken ct) =>
            await store.DeleteAsync(id, ct) ? Results.NoContent() : NotFound(id)).WithName("DeleteDataset").WithSummary("Removes a dataset; experiments and endpoints made from it stay").Produces(204).ProducesProblem(404);
    }

    public static IResult TooLarge(WorkbenchOptions options) => LargeBodies.TooLarge("file", options.MaxUploadMegabytes, nameof(options.MaxUploadMegabytes));

    public static IResult NotFound(int id) => Results.Problem(statusCode: 404, title: "Unknown dataset", detail: $"There is no dataset {id}.");

    private static async Task<IResult> UploadAsync(HttpContext context, Caller caller, [FromQuery] string? name, DatasetStore store, ArtefactStore artefacts, StoredBytes stored, IOptions<WorkbenchOptions> options)
    {
        var most = options.Value.MaxUploadBytes;
        if (context.Request.ContentLength > most) return TooLarge(options.Value);
        if (context.Request.ContentLength is { } length && !artefacts.HasRoom(length)) return LargeBodies.DiskFull(artefacts);
        if (await stored.WhyNotAsync(context, caller) is { } full) return LargeBodies.WorkspaceFull(full);
        context.AllowLargeBody(most + 64 * 1024);

        var isForm = context.Request.ContentType?.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase) == true;
        var temporary = artefacts.NewTemporaryPath();
        try
        {
            // curl says application/x-www-form-urlencoded of any file that is sent as it is.
            var body = context.Request.Body;
            if (isForm)
            {
                if (await FileSectionAsync(context) is not { } section) return Results.Problem(statusCode: 400, title: "No file", detail: "The form has no file part; expected one.");
                (body, name) = (section.Body, name ?? section.GetContentDispositionHeader()!.FileName.Value);
            }
            await body.SaveAsync(temporary, artefacts, context.RequestAborted);
            if (new FileInfo(temporary).Length > most) return TooLarge(options.Value);
            if (await stored.WhyNotArrivedAsync(context, caller, temporary) is { } tooMuch) return LargeBodies.WorkspaceFull(tooMuch);
            var row = await store.ImportAsync(temporary, CleanName(name), null, caller.WorkspaceId, context.RequestAborted);
            return Results.Created($"/api/v1/datasets/{row.Id}", DatasetAnswer.From(row));
        }
        catch (CsvFormatException e)
        {
            return Unreadable(e);
        }
        catch (IOException e) when (DiskSpace.IsFull(e))
        {
            return LargeBodies.DiskFull(artefacts);
        }
        catch (Exception e) when (isForm && e is FormatException or InvalidDataException or IOException and not BadHttpRequestException)
        {
            return Results.Problem(statusCode: 400, title: "Malformed form", detail: $"The multipart body cannot be read: {e.Message}");
        }
        catch (BadHttpRequestException e) when (e.StatusCode == 413)
        {
            return TooLarge(options.Value);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static async Task<MultipartSection?> FileSectionAsync(HttpContext context)
    {
        var boundary = HeaderUtilities.RemoveQuotes(MediaTypeHeaderValue.Parse(context.Request.ContentType).Boundary).Value;
        if (string.IsNullOrEmpty(boundary)) return null;
        var reader = new MultipartReader(boundary, context.Request.Body);
        while (await reader.ReadNextSectionAsync(context.RequestAborted) is { } section)
            if (section.GetContentDispositionHeader()?.IsFileDisposition() == true) return section;
        return null;
    }

    private static async Task<IResult> RenameAsync(int id, NameBody body, DatasetStore store, CancellationToken ct)
    {
        try
        {
            return await store.RenameAsync(id, body.Name, ct) ? Results.Ok(DatasetAnswer.From((await store.FindAsync(id, ct))!)) : NotFound(id);
        }
        catch (ArgumentException e)
        {
            return Results.Problem(statusCode: 400, title: "Not a name", detail: e.Message.Replace(" (Parameter 'name')", "", StringComparison.Ordinal));
        }
    }

    private static async Task<IResult> ProblemsAsync(int id, DatasetStore store, ArtefactStore artefacts, CancellationToken ct, [FromQuery] int? version = null, [FromQuery] bool harmless = false)
    {
        if (await store.FindAsync(id, version, ct) is not { } row)
            return version is null || await store.FindAsync(id, ct) is null ? NotFound(id) : Results.Problem(statusCode: 404, title: "Unknown version", detail: $"There is no version {version} of dataset {id}.");
        var path = artefacts.NewTemporaryPath();
        try
        {
            await Task.Run(() => WriteProblems(row, artefacts, path, harmless, ct), ct);
            // Gone from the folder with the last byte sent, or with the connection.
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Delete, 1 << 16, FileOptions.Asynchronous | FileOptions.DeleteOnClose);
            return Results.File(file, "text/csv; charset=utf-8", $"{CleanName(row.Name)}-problems.csv");
        }
        catch (CsvFormatException e)
        {
            File.Delete(path);
            return Unreadable(e);
        }
        catch (IOException e) when (DiskSpace.IsFull(e))
        {
            File.Delete(path);
            return LargeBodies.DiskFull(artefacts);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    private static void WriteProblems(DatasetRow row, ArtefactStore artefacts, string path, bool harmless, CancellationToken ct)
    {
        using var text = new StreamWriter(path, append: false, CsvTableWriter.Encoding);
        var writer = new CsvTableWriter(text, new CsvWriteOptions(HarmlessFormulas: harmless));
        writer.WriteHeader(["line", "column", "found", "expected", "text"]);
        // Of a Parquet file all problems are kept, one a column at most.
        if (row.Options is { } options) DatasetImporter.FindProblems(artefacts.PathOf(row.FileSha256), options, artefacts.TemporaryFolder, Write, ct);
        else
            foreach (var problem in row.Problems) Write(problem);

        void Write(CsvProblem problem) =>
            writer.WriteTexts([problem.Line.ToString(System.Globalization.CultureInfo.InvariantCulture), problem.Column, problem.Found, problem.Expected, problem.Text]);
    }

    private static async Task<IResult> OptionsAsync(int id, CsvOptions options, DatasetStore store, CancellationToken ct)
    {
        try
        {
            return await store.ReadAgainAsync(id, options, ct) is { } row ? Results.Ok(DatasetAnswer.From(row)) : NotFound(id);
        }
        catch (CsvFormatException e)
        {
            return Unreadable(e);
        }
    }

    private static IResult Unreadable(CsvFormatException e) => Results.Problem(statusCode: 422, title: "The file cannot be read", detail: e.Message);

    /// <summary>The last part of whatever path the client gave, without control characters; it is only ever shown.</summary>
    public static string CleanName(string? name)
    {
        var last = (name ?? "").Split('/', '\\')[^1];
        var clean = string.Concat(last.Where(c => !char.IsControl(c) && char.GetUnicodeCategory(c) != System.Globalization.UnicodeCategory.Format)).Trim();
        return clean.Length == 0 ? "upload.csv" : clean.Length <= 200 ? clean : clean[..200];
    }
}
