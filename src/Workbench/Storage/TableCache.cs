using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>The tables that pages and API looked at last, in memory; each is read from its file once.</summary>
public sealed class TableCache(ArtefactStore artefacts)
{
    private const int Capacity = 4;
    private readonly Lock _gate = new();
    private readonly LinkedList<(string Sha256, Lazy<Task<Table>> Table)> _recent = [];

    public async Task<Table> GetAsync(string tableSha256)
    {
        Lazy<Task<Table>> table;
        lock (_gate)
        {
            var node = _recent.First;
            while (node is not null && node.Value.Sha256 != tableSha256) node = node.Next;
            if (node is not null) _recent.Remove(node);
            node ??= new((tableSha256, new Lazy<Task<Table>>(() => Task.Run(() => TableFile.Read(artefacts.PathOf(tableSha256), CancellationToken.None)))));
            _recent.AddFirst(node);
            if (_recent.Count > Capacity) _recent.RemoveLast();
            table = node.Value.Table;
        }
        try
        {
            return await table.Value;
        }
        catch
        {
            // A failed read is not remembered: the next one tries again.
            lock (_gate)
                if (_recent.FirstOrDefault(e => e.Sha256 == tableSha256) is { Table: not null } failed && ReferenceEquals(failed.Table, table)) _recent.Remove(failed);
            throw;
        }
    }
}
