using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Every route of the management API and every page, asked by everybody: who may, who may not, and who must not even know.</summary>
public sealed partial class AccessMatrixTests : IAsyncLifetime
{
    // Whoever adds a route decides here who may use it. What is not listed takes a viewer for GET and HEAD, an editor else.
    private static readonly HashSet<string> ForPublishers =
    [
        "POST /endpoints", "POST /endpoints/import", "DELETE /endpoints/{name}", "POST /endpoints/{name}/promote", "POST /endpoints/{name}/rollback", "POST /endpoints/{name}/versions/{version}/retire", "PUT /endpoints/{name}/aliases/{alias}",
        "DELETE /endpoints/{name}/aliases/{alias}", "PUT /endpoints/{name}/traffic", "PUT /endpoints/{name}/shadow", "DELETE /endpoints/{name}/shadow", "PUT /endpoints/{name}/settings", "POST /endpoints/{name}/keys",
        "DELETE /endpoints/{name}/keys/{prefix}", "DELETE /endpoints/{name}/log",
        "POST /endpoints/{name}/alerts/{id}/acknowledge", "POST /endpoints/{name}/alerts/mute", "PUT /endpoints/{name}/webhook", "DELETE /endpoints/{name}/webhook", "POST /endpoints/{name}/webhook/test",
    ];

    private static readonly HashSet<string> ForAdministrators = ["GET /audit", "GET /audit/check", "GET /audit/csv", "GET /system", "POST /system/database-copies"];

    // They ask a model and keep nothing.
    private static readonly HashSet<string> ForViewers = ["POST /experiments/{id}/trials/{number}/changes"];

    // The same for everybody: what the program can do.
    private static readonly HashSet<string> OfTheProgram = ["GET /trainers", "GET /metrics"];

    private readonly AccessWorld _world = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [GeneratedRegex(@":\w+(?=\})")]
    private static partial Regex Constraints();

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Parameters();

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    private sealed record Cell(string Method, string Route, bool NamesSomething)
    {
        public string Key => $"{Method} {Route}";
    }

    private IReadOnlyList<Cell> Cells() =>
    [
        .. _world.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Where(AccessCheck.IsChecked).SelectMany(endpoint =>
            (endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"]).Select(method => new Cell(method, Constraints().Replace(endpoint.RoutePattern.RawText!, "").Replace("/api/v1", "", StringComparison.Ordinal).TrimEnd('/'), OwnedObject.KindOf(endpoint.RoutePattern) is not null)))
            .DistinctBy(c => c.Key)
            // What is deleted is asked for last.
            .OrderBy(c => c.Method == "DELETE").ThenByDescending(c => c.Route.Length),
    ];

    private string AddressOf(Cell cell)
    {
        var family = cell.Route.Split('/')[1];
        var first = true;
        return "/api/v1" + Parameters().Replace(cell.Route, _ =>
        {
            var value = first && _world.Ids.TryGetValue(family, out var id) ? id : "1";
            first = false;
            return value;
        });
    }

    private static WorkspaceRole Least(Cell cell) => cell.Method is "GET" or "HEAD" || ForViewers.Contains(cell.Key) ? WorkspaceRole.Viewer : ForPublishers.Contains(cell.Key) ? WorkspaceRole.Publisher : WorkspaceRole.Editor;

    [Fact]
    public async Task Every_route_answers_those_who_may_and_tells_others_nothing()
    {
        var cells = Cells();
        Assert.True(cells.Count > 60, $"Only {cells.Count} routes are checked.");
        Assert.All(ForPublishers.Concat(ForViewers), key => Assert.Contains(key, cells.Select(c => c.Key)));
        List<string> wrong = [];
        using var anonymous = _world.App.Anonymous();
        foreach (var cell in cells)
        {
            var address = AddressOf(cell);
            Expect(await AccessWorld.AskAsync(anonymous, cell.Method, address), "anonymous", a => a.Status == HttpStatusCode.Unauthorized);
            Expect(await AccessWorld.AskAsync(_world.Stranger, cell.Method, address), "a stranger", a => !a.Body.Contains(AccessWorld.Canary.ToUpperInvariant(), StringComparison.Ordinal)
                && (ForAdministrators.Contains(cell.Key) ? a.Status == HttpStatusCode.Forbidden : !cell.NamesSomething || (a.Status == HttpStatusCode.NotFound && Same(a.Body, cell, address)))
                && (cell.NamesSomething || !a.Body.Contains(AccessWorld.Canary, StringComparison.Ordinal)));
            foreach (var (role, http) in _world.Members.Where(m => m.Key < Least(cell) || ForAdministrators.Contains(cell.Key)))
                Expect(await AccessWorld.AskAsync(http, cell.Method, address), role.ToString(), a => a.Status == HttpStatusCode.Forbidden);
            if (ForAdministrators.Contains(cell.Key)) continue;
            // The lowest role that may; all above it go the same way.
            Expect(await AccessWorld.AskAsync(_world.Members[Least(cell)], cell.Method, address), $"{Least(cell)}, who may,", a => a.Status is not (HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized));

            void Expect((HttpStatusCode Status, string Body) answer, string who, Func<(HttpStatusCode Status, string Body), bool> isRight)
            {
                if (!isRight(answer)) wrong.Add($"{cell.Key} by {who}: {(int)answer.Status} {answer.Body[..Math.Min(200, answer.Body.Length)]}");
            }
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} wrong:\n{string.Join('\n', wrong)}");

        // What belongs to others is told in the words of what is not there.
        bool Same(string body, Cell cell, string address) => cell.Method == "HEAD" || body.Contains("\"title\":\"Unknown ", StringComparison.Ordinal);
    }

    /// <summary>So another site, which can make a browser fetch an address, cannot make it do anything.</summary>
    [Fact]
    public async Task Reading_changes_nothing()
    {
        TestDatabase.SkipOnServer("its tables are listed otherwise.");
        var cells = Cells().Where(c => c.Method == "GET").ToList();
        // Once before, so that what is written down at the first use (that a token was used) is there.
        await AskAsync();
        var before = Dump();
        await AskAsync();
        var after = Dump();
        Assert.True(before.SetEquals(after), $"Gone: {string.Join('\n', before.Except(after))}\nNew: {string.Join('\n', after.Except(before))}");

        async Task AskAsync()
        {
            foreach (var cell in cells) await AccessWorld.AskAsync(_world.Members[WorkspaceRole.Owner], cell.Method, AddressOf(cell));
        }
    }

    private HashSet<string> Dump()
    {
        using var connection = TestDatabase.Open(_world.App.DataFolder);
        List<string> tables = [];
        using (var command = connection.CreateCommand())
        {
            // That somebody took data along is written down.
            command.CommandText = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'AuditEntries'";
            using var names = command.ExecuteReader();
            while (names.Read()) tables.Add(names.GetString(0));
        }
        HashSet<string> dump = [];
        foreach (var table in tables)
        {
            using var command = connection.CreateCommand();
            command.CommandText = $"SELECT * FROM \"{table}\"";
            using var rows = command.ExecuteReader();
            while (rows.Read()) dump.Add($"{table}: {string.Join(" | ", Enumerable.Range(0, rows.FieldCount).Select(i => $"{rows.GetName(i)} {rows.GetValue(i)}"))}");
        }
        return dump;
    }
}
