using System.Text;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Serving.Dialects;
using Xunit;

namespace ModelWorkbench.Core.Tests.Serving;

/// <summary>The way without a table gives what the way by a table gives, bit for bit.</summary>
public sealed class RowEncoderTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Recipes => [.. ByName.Keys];

    private static readonly Dictionary<string, Recipe> ByName = new()
    {
        ["none"] = new Recipe([]),
        ["fill and scale"] = new Recipe([new FillMissingStep(["age", "fare"], FillMethod.Median), new ScaleStep(["age", "fare"], ScaleMethod.Standardize)]),
        ["fill with flags"] = new Recipe([new FillMissingStep(["age"], FillMethod.Mean, Flag: true), new FillMissingStep(["city"], FillMethod.MostFrequent)]),
        ["logarithms and powers"] = new Recipe([new Log1pStep(["fare"]), new YeoJohnsonStep(["age"])]),
        ["outliers and bins"] = new Recipe([new ValuesToMissingStep(["age"], ["40"]), new BinStep(["fare"], BinMethod.Quantile, 4, [], AsNumbers: true)]),
        ["categories"] = new Recipe([new MergeRareStep(["city"], MinimumCount: 5), new OneHotStep(["city"])]),
        ["target means"] = new Recipe([new TargetEncodeStep(["city"])]),
        ["renamed and dropped"] = new Recipe([new RenameColumnStep("age", "years"), new DropColumnsStep(["fare"]), new SquareRootStep(["years"])]),
        ["dates"] = new Recipe([new DatePartsStep("day", [DatePart.Year, DatePart.Month, DatePart.Weekday, DatePart.DaysSince])]),
    };

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Without_a_table_a_row_gets_the_same_answer_bit_for_bit(string recipe)
    {
        foreach (var trainer in new[] { "linear-lbfgs", "random-forest", "naive-bayes" })
        {
            var package = ServingModels.Train(People(300, seed: 1), "class", ByName[recipe], trainer, Cancel);
            var predictor = new Predictor(package);
            Assert.True(predictor.IsDirect, $"{recipe}, {trainer}");
            var rows = People(200, seed: 2).Without(["class"]);
            var expected = package.Pipeline.Predict(rows);
            using var prediction = Ask(predictor, rows);
            for (var row = 0; row < rows.RowCount; row++)
                Assert.Equal(expected.Skip(row * prediction.OutputCount).Take(prediction.OutputCount), prediction.Outputs(row).ToArray());
        }
    }

    [Fact]
    public void A_feature_of_several_inputs_goes_by_a_table_and_is_answered_too()
    {
        var recipe = new Recipe([new FillMissingStep(["age", "fare"], FillMethod.Median), new PcaStep(["age", "fare"], 2)]);
        var package = ServingModels.Train(People(300, seed: 1), "class", recipe, "linear-lbfgs", Cancel);
        var predictor = new Predictor(package);
        Assert.False(predictor.IsDirect);
        var rows = People(50, seed: 2).Without(["class"]);
        using var prediction = Ask(predictor, rows);
        Assert.Equal(package.Pipeline.Predict(rows)[..prediction.OutputCount], prediction.Outputs(0).ToArray());
    }

    [Fact]
    public void A_single_row_costs_no_memory_once_everything_was_made()
    {
        var predictor = new Predictor(ServingModels.Train(People(300, seed: 1), "class", ByName["none"], "random-forest", Cancel));
        var body = Encoding.UTF8.GetBytes("""{"features":[[33,12.5,"Rome","2026-01-02",true]]}""");
        var output = new System.Buffers.ArrayBufferWriter<byte>(4096);
        for (var i = 0; i < 200; i++) AskOnce();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) AskOnce();
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 100, 0, 300);

        void AskOnce()
        {
            using var prediction = predictor.Begin();
            Assert.Null(Dialect.Native.ReadJson(body, prediction, 10));
            prediction.Score(Cancel);
            output.ResetWrittenCount();
            Dialect.Native.Write(prediction, "people", 1, output);
        }
    }

    [Fact]
    public void Eight_threads_get_the_answers_of_one_in_every_dialect()
    {
        var predictor = new Predictor(ServingModels.Train(People(300, seed: 1), "class", ByName["fill and scale"], "random-forest", Cancel));
        var rows = People(500, seed: 3).Without(["class"]);
        string[] columns = [.. rows.Columns.Select(c => c.Name)];
        object?[][] values = [.. Enumerable.Range(0, rows.RowCount).Select(row => rows.Columns.Select(c => Value(c, row)).ToArray())];
        var single = new double[rows.RowCount][];
        using (var prediction = Ask(predictor, rows))
            for (var row = 0; row < rows.RowCount; row++) single[row] = prediction.Outputs(row).ToArray();

        (Dialect Dialect, Func<int, byte[]> Body, bool Csv)[] ways =
        [
            (Dialect.Native, row => JsonSerializer.SerializeToUtf8Bytes(new { features = new[] { values[row] } }), false),
            (Dialect.MlflowScoring, row => JsonSerializer.SerializeToUtf8Bytes(new { dataframe_split = new { columns, data = new[] { values[row] } } }), false),
            (Dialect.TensorFlowServing, row => JsonSerializer.SerializeToUtf8Bytes(new { instances = new[] { values[row] } }), false),
            (Dialect.OpenInference, row => JsonSerializer.SerializeToUtf8Bytes(new { inputs = columns.Select((name, c) => new { name, shape = new[] { 1 }, datatype = values[row][c] is bool ? "BOOL" : rows[name] is NumericColumn ? "FP64" : "BYTES", data = new[] { values[row][c] } }) }), false),
            (Dialect.Native, row => Encoding.UTF8.GetBytes(string.Join(',', columns) + "\n" + string.Join(',', columns.Select(c => CsvAnswers.Quote(rows[c].GetText(row) ?? ""))) + "\n"), true),
        ];
        var wrong = 0;
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Cancel }, thread =>
        {
            for (var i = 0; i < rows.RowCount; i++)
            {
                var row = (i + thread * 61) % rows.RowCount;
                var (dialect, body, csv) = ways[(i + thread) % ways.Length];
                using var prediction = predictor.Begin();
                var refusal = csv ? dialect.ReadCsv(body(row), prediction, 10) : dialect.ReadJson(body(row), prediction, 10);
                if (refusal is null) prediction.Score(Cancel);
                if (refusal is not null || !prediction.Outputs(0).SequenceEqual(single[row])) Interlocked.Increment(ref wrong);
            }
        });
        Assert.Equal(0, wrong);
    }

    private static object? Value(Column column, int row) => column switch
    {
        NumericColumn numbers => double.IsNaN(numbers.Values[row]) ? null : numbers.Values[row],
        { Kind: ColumnKind.Boolean } => column.GetText(row) is { } text ? text == "true" : null,
        _ => column.GetText(row),
    };

    private static Prediction Ask(Predictor predictor, Table rows)
    {
        var prediction = predictor.Begin();
        var body = JsonSerializer.SerializeToUtf8Bytes(new { features = Enumerable.Range(0, rows.RowCount).Select(row => predictor.Signature.Used.Select(input => Value(rows[input.Name], row))) });
        Assert.Null(Dialect.Native.ReadJson(body, prediction, 10_000));
        prediction.Score(Cancel);
        return prediction;
    }

    private static Table People(int count, int seed)
    {
        var random = new Random(seed);
        double[] ages = [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() < 0.1 ? double.NaN : random.Next(1, 80))];
        double[] fares = [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() < 0.1 ? double.NaN : Math.Round(random.NextDouble() * 100, 2))];
        string?[] cities = [.. Enumerable.Range(0, count).Select(i => i % 11 == 0 ? null : new[] { "Rome", "Oslo", "São Paulo", "東京", "a,\"b\"" }[random.Next(5)])];
        long[] days = [.. Enumerable.Range(0, count).Select(i => i % 13 == 0 ? DateTimeColumn.MissingTicks : new DateTime(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddDays(random.Next(600)).Ticks)];
        string?[] members = [.. Enumerable.Range(0, count).Select(_ => random.Next(2) == 0 ? "true" : "false")];
        string?[] classes = [.. Enumerable.Range(0, count).Select(i => ages[i] > 40 ? "old" : cities[i] == "Oslo" ? "north" : "other")];
        return new Table(
        [
            new NumericColumn("age", ages), new NumericColumn("fare", fares), DictionaryColumn.FromTexts("city", ColumnKind.Category, cities), new DateTimeColumn("day", days),
            DictionaryColumn.FromTexts("member", ColumnKind.Boolean, members), DictionaryColumn.FromTexts("class", ColumnKind.Category, classes),
        ]);
    }
}
