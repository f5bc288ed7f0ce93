using System.Globalization;
using ModelWorkbench.Benchmarks;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["generate", var path, var rows, .. var rest]:
        MixedFile.Write(path, int.Parse(rows), rest is [var seed] ? int.Parse(seed) : 1);
        break;
    case ["ingest", var csv, .. var rest]:
        IngestComparison.Run(csv, rest is [var rounds] ? int.Parse(rounds) : 3);
        break;
    case ["windows", var table, .. var more]:
        WindowBenchmark.Run(table, more is [var count] ? int.Parse(count) : 10_000_000);
        break;
    case ["child", "workbench", var csv]:
        IngestComparison.RunWorkbench(csv);
        break;
    case ["child", "duckdb", var csv]:
        IngestComparison.RunDuckDb(csv);
        break;
    default:
        Console.Error.WriteLine("generate <csv> <rows> [seed] | ingest <csv> [rounds] | windows <table file> [rows]");
        return 1;
}
return 0;
