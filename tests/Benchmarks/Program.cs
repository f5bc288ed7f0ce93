using System.Globalization;
using ModelWorkbench.Benchmarks;
using ModelWorkbench.Benchmarks.Quality;
using ModelWorkbench.Benchmarks.Serving;
using ModelWorkbench.Core.Experiments;

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
    case ["search", { } train, { } test, { } target, { } task, { } seconds, { } folds, { } predictions, .. var mode]:
        SearchRun.Run(train, test, target, task, double.Parse(seconds), int.Parse(folds), predictions, mode is ["each-once"] ? TuningMode.DefaultsOnly : TuningMode.Search);
        break;
    case ["losses", { } train, { } target, { } task, { } rows, { } result]:
        PortfolioRun.Run(train, target, task, int.Parse(rows), result);
        break;
    case ["child", "workbench", var csv]:
        IngestComparison.RunWorkbench(csv);
        break;
    case ["training", .. var more]:
        TrainingComparison.Run(more is [var largest] ? int.Parse(largest) : 1_000_000);
        break;
    case ["child", "train", { } trainer, { } rows]:
        TrainingComparison.RunTrainer(trainer, int.Parse(rows));
        break;
    case ["child", "native-lightgbm", { } rows]:
        TrainingComparison.RunNativeLightGbm(int.Parse(rows));
        break;
    case ["contributions"]:
        ContributionComparison.Run();
        break;
    case ["importance", .. var more]:
        ImportanceComparison.Run(more is [var importanceRounds] ? int.Parse(importanceRounds) : 3);
        break;
    case ["child", "importance"]:
        ImportanceComparison.RunWorkbench();
        break;
    case ["rows"]:
        RowBenchmark.Run();
        break;
    case ["scorers"]:
        ScorerComparison.Run();
        break;
    case ["ladder", { } folder, .. var more]:
        LadderComparison.Run(folder, more is [var family] ? family : "lightgbm");
        break;
    case ["bare-server", { } port]:
        BareServer.Run(int.Parse(port));
        break;
    case ["batch", .. var more]:
        BatchComparison.Run(more is [var batchRows, ..] ? int.Parse(batchRows) : 200_000, more is [_, var batchRounds] ? int.Parse(batchRounds) : 3);
        break;
    case ["child", "batch", { } model, { } csv, { } answer]:
        BatchComparison.RunWorkbench(model, csv, answer);
        break;
    case ["child", "duckdb", var csv]:
        IngestComparison.RunDuckDb(csv);
        break;
    default:
        Console.Error.WriteLine("generate <csv> <rows> [seed] | ingest <csv> [rounds] | windows <table file> [rows] | training [most rows] | batch [rows] [rounds] | rows | scorers | ladder <folder of data sets> [trainer] | contributions | importance [rounds] | search <train csv> <test csv> <target> <task> <seconds> <seed> <predictions csv> [each-once] | losses <train csv> <target> <task> <rows> <result json>");
        return 1;
}
return 0;
