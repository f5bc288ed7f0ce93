using System.Diagnostics;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Benchmarks;

/// <summary>How long a window of 100 rows anywhere in a table of many rows takes to read.</summary>
internal static class WindowBenchmark
{
    private const int ColumnCount = 22;

    public static void Run(string path, int rows)
    {
        if (!File.Exists(path)) Write(path, rows);
        var clock = Stopwatch.StartNew();
        var header = TableFile.ReadHeader(path);
        Console.WriteLine($"{header.RowCount:N0} rows, {header.Columns.Count} columns, {new FileInfo(path).Length / 1e6:N0} MB; header {clock.Elapsed.TotalMilliseconds:F0} ms the first time");
        var random = new Random(1);
        var times = new List<double>();
        for (var i = 0; i < 60; i++)
        {
            clock.Restart();
            TableFile.ReadRows(path, random.Next(header.RowCount), 100, null, CancellationToken.None);
            // The first few pay for the just-in-time compiler.
            if (i >= 10) times.Add(clock.Elapsed.TotalMilliseconds);
        }
        times.Sort();
        Console.WriteLine($"window of 100 rows, all columns: median {times[times.Count / 2]:F0} ms, 95 % {times[times.Count * 95 / 100]:F0} ms, most {times[^1]:F0} ms");
        clock.Restart();
        TableFile.ReadSample(path, 100_000, 1, CancellationToken.None);
        Console.WriteLine($"sample of 100,000 rows: {clock.Elapsed.TotalSeconds:F1} s");
    }

    private static void Write(string path, int rows)
    {
        var random = new Random(1);
        string[] cities = ["Amsterdam", "Berlin", "Chicago", "Göteborg", "Lisboa", "London", "Oslo", "Paris"];
        using var writer = TableFile.OpenWriter(path);
        for (var start = 0; start < rows; start += TableWriter.RowsPerGroup)
        {
            var count = Math.Min(TableWriter.RowsPerGroup, rows - start);
            var columns = new Column[ColumnCount];
            for (var c = 0; c < ColumnCount; c++)
                columns[c] = (c % 4) switch
                {
                    0 or 1 => new NumericColumn($"n{c}", [.. Enumerable.Range(0, count).Select(_ => Math.Round(random.NextDouble() * 1000, 3))]),
                    2 => new DictionaryColumn($"c{c}", ColumnKind.Category, [.. Enumerable.Range(0, count).Select(_ => random.Next(cities.Length))], cities),
                    _ => new DateTimeColumn($"d{c}", [.. Enumerable.Range(0, count).Select(_ => TimeSpan.TicksPerSecond * random.NextInt64(60_000_000_000, 63_000_000_000))]),
                };
            writer.Append(new Table(columns, [.. Enumerable.Range(start + 2, count)]));
        }
        writer.Complete();
    }
}
