using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>The tables that pages and API looked at last, in memory and not larger than a page needs; each is read from its file once.</summary>
public sealed class TableCache(ArtefactStore artefacts)
{
    /// <summary>Of larger tables an even sample of that many rows is taken: enough for shares to be right within a third of a percent.</summary>
    public const int MaxRows = 100_000;

    /// <summary>Of the sample: the same rows each time.</summary>
    public const int Seed = 20_240_531;

    // About 400 MB of numbers.
    private const long MaxCells = 50_000_000;

    private readonly Lock _gate = new();
    private readonly LinkedList<Entry> _recent = [];

    public async Task<Table> GetAsync(string tableSha256)
    {
        LinkedListNode<Entry>? node;
        lock (_gate)
        {
            node = _recent.First;
            while (node is not null && node.Value.Sha256 != tableSha256) node = node.Next;
            if (node is not null) _recent.Remove(node);
            node ??= new(new Entry(tableSha256, new Lazy<Task<Table>>(() => Task.Run(() => TableFile.ReadSample(artefacts.PathOf(tableSha256), MaxRows, Seed, CancellationToken.None)))));
            _recent.AddFirst(node);
        }
        try
        {
            var table = await node.Value.Table.Value;
            lock (_gate)
            {
                node.Value.Cells = (long)table.RowCount * table.ColumnCount;
                while (_recent.Count > 1 && _recent.Sum(entry => entry.Cells) > MaxCells) _recent.RemoveLast();
            }
            return table;
        }
        catch
        {
            // A failed read is not remembered: the next one tries again.
            lock (_gate)
                if (node.List is not null) _recent.Remove(node);
            throw;
        }
    }

    private sealed class Entry(string sha256, Lazy<Task<Table>> table)
    {
        public string Sha256 => sha256;
        public Lazy<Task<Table>> Table => table;

        /// <summary>0 until it has been read.</summary>
        public long Cells { get; set; }
    }
}
