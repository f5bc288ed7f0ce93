using Microsoft.Net.Http.Headers;
using ModelWorkbench.Core.Exports;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Exports;

/// <summary>Models to take away, over HTTP.</summary>
public static class ExportsApi
{
    /// <param name="Status">none, waiting, running, failed or completed.</param>
    /// <param name="Fraction">0 to 1 while it runs.</param>
    /// <param name="Phase">What is being done.</param>
    /// <param name="Reason">Why it failed.</param>
    /// <param name="Exports">What was written last; that of before while it is written anew.</param>
    public sealed record ExportsAnswer(string Status, double? Fraction, string? Phase, string? Reason, ExportReport? Exports);

    public static void MapModelExports(this RouteGroupBuilder api)
    {
        api.MapTrialWork(
            TrialWork.Export,
            new TrialWorkTexts("exports", "Exports",
                ("Export", "Writes a model in every form in which it can be taken away"),
                "Each form is proved: the written file answers the golden rows, usual rows, and rows with missing, unseen and extreme values, and its answers are compared with the model's own. A form that cannot hold the model names the steps or parts that stand against it. The model is made before where there is none.",
                ("GetExports", "The forms of a model with their proofs"),
                ("CancelExport", "Ends the writing; what was written before stays"),
                "Nothing to take away", (id, number) => $"Trial {number} of experiment {id} is not being exported."),
            ExperimentSupervisor.WhyNotExport,
            (store, trial, ct) => store.ExportsAsync(trial, ct),
            (status, state, exports) => new ExportsAnswer(status, state?.Progress?.Fraction, state?.Progress?.Phase, state?.Failure, exports));
        api.MapGet("/experiments/{id:int}/trials/{number:int}/exports/{exporterId}", FileAsync).WithTags("Exports").WithName("GetExport").WithSummary("A model in one form, as a file")
            .WithDescription("The header X-Content-SHA256 holds the hash that the answer of GetExports names; the content is checked against it before it is sent.")
            .Produces<byte[]>(200, "application/octet-stream").ProducesProblem(404).ProducesProblem(409).ProducesProblem(500).Audited("model.download", Subject);
    }

    private static string Subject(HttpContext context) => $"trial {context.Route("number")} of experiment {context.Route("id")} as {context.Route("exporterId")}";

    /// <summary>For the links on the trial's page; signed in as for pages.</summary>
    public static void MapExportFiles(this WebApplication app) => app.MapGet("/experiments/{id:int}/trials/{number:int}/take-away/{exporterId}", FileAsync).Audited("model.download", Subject).ExcludeFromDescription().CheckAccess();

    private static Task<IResult> FileAsync(int id, int number, string exporterId, ExperimentStore store, ArtefactStore artefacts, HttpContext http, CancellationToken ct) => store.WithTrialAsync(id, number, async (_, trial) =>
    {
        if (ExporterCatalog.Find(exporterId) is null)
            return Results.Problem(statusCode: 404, title: "Unknown form", detail: $"There is no form '{exporterId}'; expected one of {string.Join(", ", ExporterCatalog.All.Select(e => e.Id))}.");
        try
        {
            if (await store.ExportsAsync(trial, ct) is not { } report)
                return Results.Problem(statusCode: 409, title: "Not exported", detail: $"Trial {number} of experiment {id} was not exported yet; ask for it by POST /experiments/{id}/trials/{number}/exports.");
            if (report.Find(exporterId) is not { File: { } file })
                return Results.Problem(statusCode: 409, title: "No such file", detail: report.Find(exporterId) is { } without ? string.Join(" ", [.. without.WhyNot, .. without.Failure is null ? Array.Empty<string>() : [without.Failure]]) : "The model was exported before there was this form; export it again.");
            var content = await artefacts.OpenVerifiedAsync(file.Sha256, ct);
            http.Response.Headers["X-Content-SHA256"] = file.Sha256;
            return Results.File(content, "application/octet-stream", file.Name, entityTag: new EntityTagHeaderValue($"\"{file.Sha256}\""));
        }
        catch (InvalidDataException e)
        {
            return Results.Problem(statusCode: 500, title: "Damaged file", detail: $"{e.Message} Export the model again.");
        }
    }, ct);
}
