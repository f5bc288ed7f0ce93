using System.Diagnostics;
using DuckDB.NET.Data;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;

namespace ModelWorkbench.Benchmarks;

/// <summary>From CSV to a columnar copy and a full profile: the product, DuckDB and pandas, each in a process of its own, in turn.</summary>
internal static class IngestComparison
{
    public static void Run(string csv, int rounds)
    {
        var contenders = new List<(string Name, ProcessStartInfo Start)>
        {
            ("workbench: import + profile", Contender.Self("workbench", Path.GetFullPath(csv))),
            ("DuckDB: COPY to Parquet + SUMMARIZE", Contender.Self("duckdb", Path.GetFullPath(csv))),
        };
        if (Contender.FindPython("pandas") is { } python) contenders.Add(("pandas: read_csv + describe(include=\"all\")", new ProcessStartInfo(python, [Path.Combine(AppContext.BaseDirectory, "pandas_ingest.py"), csv])));
        else Console.WriteLine("There is no python3 with pandas here; its row is left out.");

        var figures = contenders.ToDictionary(contender => contender.Name, _ => new List<ContenderFigures>());
        for (var round = 1; round <= rounds; round++)
            foreach (var (name, start) in contenders)
            {
                figures[name].Add(Contender.Measure(start));
                var last = figures[name][^1];
                Console.WriteLine($"round {round}: {name}: {last.Wall:F1} s wall, {last.Cpu:F1} s CPU, {last.PeakMegabytes:N0} MB peak");
            }

        Console.WriteLine();
        Console.WriteLine($"{new FileInfo(csv).Length / 1e6:N0} MB, medians of {rounds}, {Environment.ProcessorCount} cores");
        Console.WriteLine("| | wall s | CPU s | peak MB |");
        Console.WriteLine("|---|---|---|---|");
        foreach (var (name, list) in figures)
            Console.WriteLine($"| {name} | {Contender.Median(list.Select(f => f.Wall)):F1} | {Contender.Median(list.Select(f => f.Cpu)):F1} | {Contender.Median(list.Select(f => f.PeakMegabytes)):N0} |");
    }

    public static void RunWorkbench(string csv)
    {
        var table = csv + ".workbench.parquet";
        try
        {
            var clock = Stopwatch.StartNew();
            var profile = new ProfileBuilder();
            var imported = DatasetImporter.Import(csv, null, table, chunk => profile.Add(chunk, CancellationToken.None), null, CancellationToken.None);
            var profiled = profile.Build();
            Console.WriteLine($"{profiled.Columns.Count} columns profiled, {profiled.DuplicateRowCount:N0} duplicate rows");
            Console.WriteLine($"{imported.RowCount:N0} rows, {imported.ProblemCount:N0} problems, {new FileInfo(table).Length / 1e6:N0} MB of Parquet, {clock.Elapsed.TotalSeconds:F1} s");
            Console.WriteLine(string.Join(", ", imported.Columns.Select(column => $"{column.Name} {column.Kind}")));
            Contender.PrintFigures();
        }
        finally
        {
            File.Delete(table);
        }
    }

    public static void RunDuckDb(string csv)
    {
        var parquet = csv + ".duckdb.parquet";
        try
        {
            using var connection = new DuckDBConnection("Data Source=:memory:");
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = $"COPY (SELECT * FROM read_csv('{csv.Replace("'", "''")}', sample_size = -1)) TO '{parquet.Replace("'", "''")}' (FORMAT parquet)";
            command.ExecuteNonQuery();
            command.CommandText = $"SUMMARIZE SELECT * FROM '{parquet.Replace("'", "''")}'";
            using var reader = command.ExecuteReader();
            var columns = 0;
            while (reader.Read()) columns++;
            Console.WriteLine($"{columns} columns, {new FileInfo(parquet).Length / 1e6:N0} MB of Parquet");
            Contender.PrintFigures();
        }
        finally
        {
            File.Delete(parquet);
        }
    }
}
