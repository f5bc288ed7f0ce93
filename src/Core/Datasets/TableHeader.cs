using System.Text.Json.Serialization;

namespace ModelWorkbench.Core.Datasets;

/// <summary>A column without its values.</summary>
public sealed record ColumnHeader(string Name, ColumnKind Kind);

/// <summary>What a table file holds, without its values.</summary>
public sealed record TableHeader(IReadOnlyList<ColumnHeader> Columns, int RowCount);

/// <summary>What Parquet has no place for, kept in the metadata of a table file.</summary>
internal sealed record TableLayout(IReadOnlyList<ColumnLayout> Columns, int RowCount)
{
    public const string MetadataKey = "model-workbench";
}

/// <param name="Values">The dictionary, where its order is not that of first occurrence or it is small.</param>
internal sealed record ColumnLayout(string Name, [property: JsonConverter(typeof(JsonStringEnumConverter<ColumnKind>))] ColumnKind Kind, IReadOnlyList<string>? Values);
