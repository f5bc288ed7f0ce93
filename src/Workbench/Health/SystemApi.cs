using Microsoft.Extensions.Options;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Backups;
using ModelWorkbench.Workbench.Settings;

namespace ModelWorkbench.Workbench.Health;

/// <summary>The state of the program over HTTP, for whoever operates it.</summary>
public static class SystemApi
{
    /// <param name="File">Below backups/ of the data folder.</param>
    public sealed record CopyAnswer(string File, DateTimeOffset At, long Bytes);

    public static void MapSystem(this RouteGroupBuilder api)
    {
        var system = api.MapGroup("/system").WithTags("Administration").ForAdministrators();
        system.MapGet("/", async (SystemReader reader, CancellationToken ct) => await reader.ReadAsync(ct)).WithName("GetSystem").WithSummary("Version, work, disk, memory, database, keys, settings and trainers");
        system.MapPost("/database-copies", async (DatabaseCopies copies, IOptions<WorkbenchOptions> options, CancellationToken ct) =>
        {
            try
            {
                var copy = await copies.MakeAsync(options.Value.DailyDatabaseCopies, ct);
                return Results.Created("/api/v1/system", new CopyAnswer(Path.GetFileName(copy.Path), copy.At, copy.Bytes));
            }
            catch (IOException e)
            {
                return Results.Problem(statusCode: 507, title: "No copy was made", detail: e.Message);
            }
        }).WithName("CopyDatabase").WithSummary("Makes a copy of the database below backups/ of the data folder, as the program does once a day").Produces<CopyAnswer>(201).ProducesProblem(507);
    }
}
