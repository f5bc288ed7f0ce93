using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Recipes;

/// <summary>The whole dataset, as it was read or after its recipe, as a file.</summary>
public static class ExportApi
{
    public static void MapExports(this RouteGroupBuilder api) =>
        api.MapGet("/datasets/{id:int}/export", ExportAsync).Audited("dataset.export", context => $"dataset {context.Route("id")}").WithTags("Recipes").WithName("ExportDataset").WithSummary("All rows as CSV or Parquet, cleaned by the recipe or as they were read")
            .WithDescription("format: csv (default) or parquet. cleaned: true (default) applies the recipe's steps, learnt from all rows (of very large datasets from a sample; the header X-Learnt-From-Sample says so). "
                + "For CSV: delimiter (one character; tab as \\t), decimal (. or ,), harmless=true puts an apostrophe before texts that a spreadsheet would run as a formula. target: needed where a step learns from the target. Of more than 100,000 rows a step that samples rows is left out.")
            .Produces<byte[]>(200, "text/csv", "application/vnd.apache.parquet").ProducesProblem(400).ProducesProblem(404).ProducesProblem(422);

    private static async Task<IResult> ExportAsync(int id, HttpContext context, DatasetStore store, ArtefactStore artefacts, CancellationToken ct,
        [FromQuery] string format = "csv", [FromQuery] bool cleaned = true, [FromQuery] string delimiter = ",", [FromQuery] string @decimal = ".", [FromQuery] bool harmless = false, [FromQuery] string? target = null)
    {
        if (await store.FindAsync(id, ct) is not { } dataset || await store.RecipeAsync(id, ct) is not { } state)
            return Results.Problem(statusCode: 404, title: "Unknown dataset", detail: $"There is no dataset {id}.");
        if (format is not ("csv" or "parquet")) return Results.Problem(statusCode: 400, title: "Unknown format", detail: $"format is '{format}'; expected csv or parquet.");
        delimiter = delimiter is "\\t" or "tab" ? "\t" : delimiter;
        if (delimiter.Length != 1) return Results.Problem(statusCode: 400, title: "Out of range", detail: $"delimiter is '{delimiter}'; expected one character.");
        if (@decimal.Length != 1) return Results.Problem(statusCode: 400, title: "Out of range", detail: $"decimal is '{@decimal}'; expected '.' or ','.");
        var options = new CsvWriteOptions(delimiter[0], @decimal[0], harmless);
        if (format == "csv" && options.WhyNot() is { } reason) return Results.Problem(statusCode: 400, title: "Options that contradict themselves", detail: reason);
        try
        {
            var source = await RecipeSource.OpenAsync(store, dataset, ct);
            if (target is not null && source.Sample.Find(target) is null) return Results.Problem(statusCode: 400, title: "Unknown column", detail: $"target is '{target}'; there is no such column.");
            var data = await Task.Run(() => CleanedData.Of(source, cleaned ? state.Recipe : Recipe.Empty, target, ct), ct);
            if (data.LearntFromSample) context.Response.Headers["X-Learnt-From-Sample"] = "true";
            var name = FileName(dataset.Name, cleaned && state.Recipe.Steps.Any(s => s.Enabled));
            if (format == "parquet")
            {
                var path = artefacts.NewTemporaryPath();
                try
                {
                    await Task.Run(() => ParquetTableWriter.WriteAsync(data.Pieces, path, ct), ct);
                    // Gone from the folder with the last byte sent, or with the connection.
                    var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Delete, 1 << 16, FileOptions.Asynchronous | FileOptions.DeleteOnClose);
                    return Results.File(file, "application/vnd.apache.parquet", name + ".parquet");
                }
                catch
                {
                    File.Delete(path);
                    throw;
                }
            }
            await data.WriteCsvAsync(context.Response.Body, options, _ =>
            {
                var disposition = new ContentDispositionHeaderValue("attachment");
                disposition.SetHttpFileName(name + ".csv");
                context.Response.ContentType = "text/csv; charset=utf-8";
                context.Response.Headers.ContentDisposition = disposition.ToString();
                return Task.CompletedTask;
            }, ct);
            return Results.Empty;
        }
        catch (RecipeException e)
        {
            return Results.Problem(statusCode: 422, title: "The recipe cannot be applied", detail: e.Message);
        }
    }

    private static string FileName(string dataset, bool isCleaned) => string.Concat(dataset.Select(c => Path.GetInvalidFileNameChars().Contains(c) || c is '\\' or ':' or '"' ? '_' : c)) + (isCleaned ? "-cleaned" : "");
}
