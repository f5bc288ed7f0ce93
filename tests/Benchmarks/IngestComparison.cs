using System.Diagnostics;
using DuckDB.NET.Data;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;

namespace ModelWorkbench.Benchmarks;

/// <summary>From CSV to a columnar copy and a full profile: the product, DuckDB and pandas, each in a process of its own, in turn.</summary>
internal static class IngestComparison
{
    private const string Marker = "FIGURES";

    private sealed record Figures(double Wall, double Cpu, double PeakMegabytes);

    public static void Run(string csv, int rounds)
    {
        var contenders = new List<(string Name, ProcessStartInfo Start)>
        {
            ("workbench: import + profile", Self("workbench", csv)),
            ("DuckDB: COPY to Parquet + SUMMARIZE", Self("duckdb", csv)),
        };
        if (FindPandas() is { } python) contenders.Add(("pandas: read_csv + describe(include=\"all\")", new ProcessStartInfo(python, [Path.Combine(AppContext.BaseDirectory, "pandas_ingest.py"), csv])));
        else Console.WriteLine("There is no python3 with pandas here; its row is left out.");

        var figures = contenders.ToDictionary(contender => contender.Name, _ => new List<Figures>());
        for (var round = 1; round <= rounds; round++)
            foreach (var (name, start) in contenders)
            {
                figures[name].Add(Measure(start));
                var last = figures[name][^1];
                Console.WriteLine($"round {round}: {name}: {last.Wall:F1} s wall, {last.Cpu:F1} s CPU, {last.PeakMegabytes:N0} MB peak");
            }

        Console.WriteLine();
        Console.WriteLine($"{new FileInfo(csv).Length / 1e6:N0} MB, medians of {rounds}, {Environment.ProcessorCount} cores");
        Console.WriteLine("| | wall s | CPU s | peak MB |");
        Console.WriteLine("|---|---|---|---|");
        foreach (var (name, list) in figures)
            Console.WriteLine($"| {name} | {Median(list.Select(f => f.Wall)):F1} | {Median(list.Select(f => f.Cpu)):F1} | {Median(list.Select(f => f.PeakMegabytes)):N0} |");
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
            PrintFigures();
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
            PrintFigures();
        }
        finally
        {
            File.Delete(parquet);
        }
    }

    private static ProcessStartInfo Self(string contender, string csv) => new(Environment.ProcessPath!, ["child", contender, Path.GetFullPath(csv)]);

    private static string? FindPandas()
    {
        foreach (var python in new[] { "python3", "/usr/bin/python3" })
        {
            try
            {
                using var probe = Process.Start(new ProcessStartInfo(python, ["-c", "import pandas"]) { RedirectStandardError = true });
                probe!.WaitForExit();
                if (probe.ExitCode == 0) return python;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                // Not installed under that name.
            }
        }
        return null;
    }

    private static Figures Measure(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var wall = clock.Elapsed.TotalSeconds;
        var line = output.Split('\n').FirstOrDefault(text => text.StartsWith(Marker, StringComparison.Ordinal));
        if (process.ExitCode != 0 || line is null) throw new InvalidOperationException($"'{start.FileName} {string.Join(' ', start.ArgumentList)}' ended with {process.ExitCode}: {output}");
        var fields = line.Split(' ');
        return new Figures(wall, double.Parse(fields[1]), double.Parse(fields[2]));
    }

    private static void PrintFigures()
    {
        using var self = Process.GetCurrentProcess();
        Console.WriteLine($"{Marker} {self.TotalProcessorTime.TotalSeconds:F2} {self.PeakWorkingSet64 / 1048576.0:F0}");
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
