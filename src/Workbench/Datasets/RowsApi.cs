using Microsoft.AspNetCore.Mvc;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Datasets;

/// <summary>Rows of a dataset over HTTP: any window, sorted, filtered, or drawn at random.</summary>
public static class RowsApi
{
    /// <param name="Columns">Names.</param>
    /// <param name="FirstRow">0-based place of the first row given among the matching ones; 0 for random rows.</param>
    /// <param name="RowCount">All rows of the dataset.</param>
    /// <param name="MatchingCount">Rows for which all filters hold.</param>
    /// <param name="Rows">Values as text; null is missing.</param>
    /// <param name="RowNumbers">1-based places of these rows in the dataset.</param>
    /// <param name="LineNumbers">1-based lines of the original on which these rows begin.</param>
    public sealed record RowsAnswer(IReadOnlyList<string> Columns, int FirstRow, int RowCount, int MatchingCount, IReadOnlyList<IReadOnlyList<string?>> Rows, IReadOnlyList<int> RowNumbers, IReadOnlyList<int> LineNumbers);

    public static void MapRows(this RouteGroupBuilder api) =>
        api.MapGet("/datasets/{id:int}/rows", RowsAsync).WithTags("Datasets").WithName("GetRows").WithSummary("Rows of the dataset as text: a window, sorted, filtered, or random ones")
            .WithDescription("""
                `filter` is `column:operator:value` and may be repeated; all must hold. Operators: `contains` (text, upper and lower case alike), `eq`, `in` (values between `|`; `\|` is a bar itself),
                `ge`, `le`, `between` (two values between `|`), `missing`, `present` (no value). Examples: `filter=age:ge:30`, `filter=name:contains:Smith`, `filter=city:in:Oslo|Paris`,
                `filter=day:between:2024-01-01|2024-01-31`, `filter=age:missing`. A date without a time is the whole day.
                `sort` names a column; `descending=true` turns it round; missing values come last either way, ties stand in the order of the file, texts by code point.
                `columns` may be repeated and chooses columns. `random=n` draws n rows, the same ones for the same `seed`. `version` is the number of a version of the dataset.
                """)
            .Produces<RowsAnswer>().ProducesProblem(400).ProducesProblem(404);

    private static async Task<IResult> RowsAsync(int id, DatasetStore store, RowReader reader, CancellationToken ct, [FromQuery] int offset = 0, [FromQuery] int limit = 100, [FromQuery] string? sort = null, [FromQuery] bool descending = false,
        [FromQuery] string[]? filter = null, [FromQuery] string[]? columns = null, [FromQuery] int? random = null, [FromQuery] int seed = 0, [FromQuery] int? version = null)
    {
        if (await store.FindAsync(id, version, ct) is not { } row)
            return version is null || await store.FindAsync(id, ct) is null ? DatasetApi.NotFound(id) : Results.Problem(statusCode: 404, title: "Unknown version", detail: $"There is no version {version} of dataset {id}.");
        if (offset < 0 || limit is < 1 or > 1000) return Results.Problem(statusCode: 400, title: "Out of range", detail: $"offset is {offset}, limit is {limit}; expected offset of at least 0 and limit of 1 to 1000.");
        if (random is < 1 or > 1000) return Results.Problem(statusCode: 400, title: "Out of range", detail: $"random is {random}; expected 1 to 1000.");
        try
        {
            var header = await Task.Run(() => reader.Header(row.TableSha256), ct);
            foreach (var name in columns ?? [])
                if (header.Columns.All(c => c.Name != name)) throw new FormatException($"columns has '{name}'; expected names of columns of this dataset.");
            IReadOnlyList<string>? wanted = columns is { Length: > 0 } ? [.. columns.Distinct()] : null;
            var query = RowQuery.Parse(sort, descending, filter ?? [], header.Columns);
            var matching = await reader.CountAsync(row.TableSha256, query, ct);
            var (table, rows) = random is { } count ? await reader.RandomAsync(row.TableSha256, query, count, seed, wanted, ct) : await reader.WindowAsync(row.TableSha256, query, offset, limit, wanted, ct);
            return Results.Ok(new RowsAnswer([.. table.Columns.Select(c => c.Name)], random is null ? offset : 0, header.RowCount, matching,
                [.. Enumerable.Range(0, table.RowCount).Select(r => table.Columns.Select(c => c.GetText(r)).ToArray())], [.. rows.Select(r => r + 1)], table.LineNumbers.ToArray()));
        }
        catch (FormatException e)
        {
            return Results.Problem(statusCode: 400, title: "Invalid query", detail: e.Message);
        }
    }
}
