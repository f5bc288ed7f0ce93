using System.Globalization;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using Sylvan.Data.Csv;

namespace ModelWorkbench.Core.Tests.Recipes;

/// <summary>The sample data sets that ship with the repository, and the figures other tools gave for them.</summary>
internal static class Samples
{
    /// <summary>Numbers where every value is one, else categories; empty and NA are missing, as pandas reads them.</summary>
    public static Table Read(string file)
    {
        using var reader = CsvDataReader.Create(Path.Combine(Root(), "samples", file));
        var texts = Enumerable.Range(0, reader.FieldCount).Select(_ => new List<string?>()).ToArray();
        var lines = new List<int>();
        while (reader.Read())
        {
            lines.Add(lines.Count + 2);
            for (var c = 0; c < texts.Length; c++)
                texts[c].Add(reader.GetString(c) is var text and not ("" or "NA") ? text : null);
        }
        var columns = texts.Select((values, c) => values.All(v => v is null || double.TryParse(v, CultureInfo.InvariantCulture, out _))
            ? (Column)new NumericColumn(reader.GetName(c), [.. values.Select(v => v is null ? double.NaN : double.Parse(v, CultureInfo.InvariantCulture))])
            : DictionaryColumn.FromTexts(reader.GetName(c), ColumnKind.Category, values));
        return new Table([.. columns], [.. lines]);
    }

    /// <summary>Figures stored beside the script that made them.</summary>
    public static JsonElement Expected(string stage, string file) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, stage, "Expected", file))).RootElement;

    public static double[] Doubles(this JsonElement element) => [.. element.EnumerateArray().Select(e => e.GetDouble())];

    public static string[] Strings(this JsonElement element) => [.. element.EnumerateArray().Select(e => e.GetString()!)];

    public static Table Table(params Column[] columns) => new(columns, [.. Enumerable.Range(2, columns[0].Length)]);

    public static NumericColumn Numbers(string name, params double[] values) => new(name, values);

    public static DictionaryColumn Categories(string name, params string?[] values) => DictionaryColumn.FromTexts(name, ColumnKind.Category, values);

    /// <summary>The table as text, to compare two.</summary>
    public static string Show(Table table) => string.Join('\n',
    [
        string.Join(',', table.Columns.Select(c => $"{c.Name}:{c.Kind}")),
        .. Enumerable.Range(0, table.RowCount).Select(row => table.LineNumbers[row] + ": " + string.Join(',', table.Columns.Select(c => c.GetText(row) ?? "·"))),
    ]);

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "ModelWorkbench.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds ModelWorkbench.sln.");
    }
}
