using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Profiling;

/// <summary>Measures a table that is in memory, on all of its rows.</summary>
public static class Profiler
{
    /// <summary>As <see cref="ProfileBuilder"/>, with the table as its only chunk.</summary>
    public static DatasetProfile Profile(Table table, CancellationToken ct)
    {
        var builder = new ProfileBuilder();
        builder.Add(table, ct);
        return builder.Build();
    }
}
