using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Monitoring;

/// <summary>Makes a dataset of the rows that an endpoint was sent, with what came true as the target, and the recipe of the experiment or model file that the live version comes from.</summary>
public sealed class LogDataset(IDbContextFactory<AppDb> databases, RequestLog log, LiveModels models, EndpointStore endpoints, DatasetStore datasets, ExperimentStore experiments, ArtefactStore artefacts)
{
    /// <param name="DatasetId">The new one.</param>
    /// <param name="Target">The column of what came true; without a value where that is not known.</param>
    /// <param name="RowCount">Rows of the log.</param>
    /// <param name="TruthCount">Of these, with truth.</param>
    /// <param name="HasRecipe">Whether the recipe could be taken over; the experiment may be gone, or the model file be of a time before it held the recipe.</param>
    public sealed record Made(int DatasetId, string Target, int RowCount, int TruthCount, bool HasRecipe);

    /// <returns>Null where there is no such endpoint, or it does not answer.</returns>
    /// <exception cref="InvalidDataException">No row is written down.</exception>
    public async Task<Made?> MakeAsync(string endpoint, CancellationToken cancellationToken)
    {
        if (await models.FindAsync(endpoint, cancellationToken) is not { } model) return null;
        await log.FlushAsync(cancellationToken);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var rows = await db.LoggedRows.AsNoTracking().Where(r => r.EndpointName == endpoint && r.Problem == null).OrderBy(r => r.Id).Select(r => new { r.Values, r.Truth }).ToListAsync(cancellationToken);
        if (rows.Count == 0) throw new InvalidDataException($"No row of '{endpoint}' is written down yet; expected at least one.");
        var manifest = model.Package.Manifest;
        InputColumn[] inputs = [.. manifest.Signature.Used];
        var texts = inputs.Select(_ => new string?[rows.Count]).ToArray();
        var index = inputs.Index().ToDictionary(i => i.Item.Name, i => i.Index, StringComparer.Ordinal);
        var written = new bool[inputs.Length];
        for (var row = 0; row < rows.Count; row++)
        {
            using var values = JsonDocument.Parse(rows[row].Values);
            foreach (var value in values.RootElement.EnumerateObject())
            {
                if (!index.TryGetValue(value.Name, out var column)) continue;
                written[column] = true;
                texts[column][row] = value.Value.ValueKind switch { JsonValueKind.Null => null, JsonValueKind.String => value.Value.GetString(), _ => value.Value.GetDouble().ToString("R", CultureInfo.InvariantCulture) };
            }
        }
        // A column that is masked is not there at all, rather than empty.
        var table = new Table([.. inputs.Select((input, i) => (input, i)).Where(c => written[c.i]).Select(c => DictionaryColumn.FromTexts(c.input.Name, ColumnKind.Text, texts[c.i])), DictionaryColumn.FromTexts(manifest.Target.Column, ColumnKind.Text, [.. rows.Select(r => r.Truth)])]);
        var path = artefacts.NewTemporaryPath();
        await using (var file = new StreamWriter(path, append: false, CsvTableWriter.Encoding))
        {
            var writer = new CsvTableWriter(file, new CsvWriteOptions());
            writer.WriteHeader([.. table.Columns.Select(c => c.Name)]);
            writer.WriteRows(table, cancellationToken);
        }
        if (await endpoints.FindAsync(endpoint, cancellationToken) is not { } published) return null;
        var dataset = await datasets.ImportAsync(path, $"{endpoint} requests.csv", null, published.WorkspaceId, cancellationToken);
        var version = published.Versions.SingleOrDefault(v => v.Number == model.Version);
        // A model that came from a file brings its recipe along.
        var recipe = version?.ExperimentId is { } id ? (await experiments.FindAsync(id, cancellationToken))?.Plan.Recipe : manifest.Steps is { } steps ? new Recipe(steps) : null;
        var hasRecipe = recipe is not null && (recipe.Steps.Count == 0 || await datasets.SaveRecipeAsync(dataset.Id, recipe, cancellationToken));
        return new Made(dataset.Id, manifest.Target.Column, rows.Count, rows.Count(r => r.Truth is not null), hasRecipe);
    }
}
