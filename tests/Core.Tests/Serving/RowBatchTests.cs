using System.Text;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Serving.Dialects;
using Xunit;

namespace ModelWorkbench.Core.Tests.Serving;

public sealed class RowBatchTests
{
    private sealed record Parsed(Table? Rows, IReadOnlyList<InputProblem> Problems, IReadOnlyList<InputWarning> Warnings);

    private static Parsed Parse(Signature signature, string json)
    {
        using var prediction = ServingModels.Constant(signature).Begin();
        Dialect.Native.ReadJson(Encoding.UTF8.GetBytes(json), prediction, 10_000);
        var rows = prediction.Rows;
        return new Parsed(rows.Problems.Count == 0 ? rows.ToTable() : null, [.. rows.Problems], [.. rows.Warnings]);
    }

    private static Signature Describe(FittedRecipe recipe, params Column[] columns) =>
        Signature.Describe(new Table(columns), columns.Select(c => c.Name).ToHashSet(), Signature.ReinterpretedColumns(recipe));

    private static Column Category(string name, params string?[] values) => DictionaryColumn.FromTexts(name, ColumnKind.Category, values);

    private static readonly FittedRecipe NoSteps = new([]);

    [Theory]
    [InlineData("02.01.2026")]
    [InlineData("1/2/2026")]
    [InlineData("1/2")]
    [InlineData("12:30")]
    [InlineData("2026")]
    public void A_date_that_is_not_iso_is_refused_rather_than_guessed(string text)
    {
        var problem = Assert.Single(Parse(Describe(NoSteps, new DateTimeColumn("day", [0, 1])), $$"""{"features":[["{{text}}"]]}""").Problems);
        Assert.Equal(("day", $"\"{text}\""), (problem.Column, problem.Found));
    }

    [Theory]
    [InlineData("2026-01-02")]
    [InlineData(" 2026-01-02T00:00 ")]
    [InlineData("2026-01-02T00:00:00.000Z")]
    [InlineData("2026-01-02 02:00:00+02:00")]
    public void Iso_dates_are_utc_moments(string text)
    {
        var rows = Parse(Describe(NoSteps, new DateTimeColumn("day", [0, 1])), $$"""{"features":[["{{text}}"],[null]]}""").Rows!;
        Assert.Equal(["2026-01-02", null], new[] { rows["day"].GetText(0), rows["day"].GetText(1) });
    }

    [Fact]
    public void A_category_not_seen_in_training_is_missing_as_the_warning_says()
    {
        var parsed = Parse(Describe(NoSteps, Category("city", "Rome", "Oslo")), """{"records":[{"city":"Atlantis"},{"city":"Oslo"}]}""");
        Assert.Equal("'Atlantis' was not seen in training; it counts as missing.", Assert.Single(parsed.Warnings).Message);
        Assert.Equal([null, "Oslo"], new[] { parsed.Rows!["city"].GetText(0), parsed.Rows["city"].GetText(1) });
    }

    [Fact]
    public void Beyond_a_cut_list_of_choices_nothing_is_said_or_lost()
    {
        var signature = Describe(NoSteps, Category("city", [.. Enumerable.Range(0, 1_001).Select(i => $"c{i}")]), Category("all", [.. Enumerable.Range(0, 1_001).Select(i => $"c{i % 1_000}")]));
        Assert.Equal([false, true], signature.Inputs.Select(i => i.ChoicesAreComplete));
        var parsed = Parse(signature, """{"features":[["new","c1"]]}""");
        Assert.Empty(parsed.Warnings);
        Assert.Equal("new", parsed.Rows!["city"].GetText(0));
    }

    [Fact]
    public void A_text_that_a_later_step_reads_as_a_number_is_kept_though_it_is_new()
    {
        var recipe = new FittedRecipe([new FittedRenameColumn("zone", "level"), new FittedChangeKind("level", ColumnKind.Numeric), new FittedChangeKind("city", ColumnKind.Boolean)]);
        var parsed = Parse(Describe(recipe, Category("zone", "1", "2"), Category("city", "yes", "no")), """{"features":[["3","t"]]}""");
        Assert.Equal("city", Assert.Single(parsed.Warnings).Column);
        Assert.Equal("3", parsed.Rows!["zone"].GetText(0));
        Assert.Null(parsed.Rows["city"].GetText(0));
    }

    [Fact]
    public void A_signature_survives_json_with_what_requests_look_up()
    {
        var json = JsonSerializer.Serialize(Describe(NoSteps, Category("city", "Rome", "Oslo")), CoreJson.Options);
        Assert.DoesNotContain("index", json);
        var parsed = Parse(JsonSerializer.Deserialize<Signature>(json, CoreJson.Options)!, """{"features":[["Rome"],["Paris"]]}""");
        Assert.Equal(1, Assert.Single(parsed.Warnings).Row);
    }

    [Fact]
    public void Every_row_of_a_record_request_must_name_all_used_columns()
    {
        var signature = Describe(NoSteps, new NumericColumn("a", [1, 2]), new NumericColumn("b", [1, 2]));
        var problems = Parse(signature, """{"records":[{"a":1,"b":null},{"b":1},{"a":1,"b":2}]}""").Problems;
        Assert.Equal((1, "a", "no such column in the record"), (problems[0].Row, problems[0].Column, problems[0].Found));
        Assert.Single(problems);
        Assert.Equal(2, Parse(signature, """{"records":[{"a":1,"b":null},{"b":null,"a":2}]}""").Rows!.RowCount);
    }

    [Theory]
    [InlineData("features", "[0]")]
    [InlineData("records", "{}")]
    public void Rows_without_values_cost_no_memory(string name, string row)
    {
        var signature = Describe(NoSteps, [.. Enumerable.Range(0, 1_000).Select(c => new NumericColumn($"x{c}", [1, 2]))]);
        var json = $$"""{"{{name}}":[{{string.Join(',', Enumerable.Repeat(row, 10_000))}}]}""";
        using var prediction = ServingModels.Constant(signature).Begin();
        var body = Encoding.UTF8.GetBytes(json);
        Dialect.Native.ReadJson(body, prediction, 10_000);
        prediction.Rows.Clear();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Dialect.Native.ReadJson(body, prediction, 10_000);
        Assert.Equal(100, prediction.Rows.Problems.Count);
        // The columns of 10,000 rows would be 80 MB.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    /// <summary>The yardstick is the reader of numbers in .NET, which is correctly rounded.</summary>
    [Fact]
    public void Numbers_are_read_to_the_last_bit()
    {
        var random = new Random(7);
        var signature = Describe(NoSteps, new NumericColumn("x", [-1, 1]));
        string[] texts =
        [
            "0", "-0", "0.0", "-0.0", "1", "-1", "0.1", "0.3", "123456789012345", "1234567890123456", "9007199254740993", "12345678901234.5", "0.00000000000001", "0.000000000000001", "1e5", "1E-5", "-1.5e3", "5e-324", "1.7976931348623157e308",
            .. Enumerable.Range(0, 20_000).Select(_ => Decimal(random)),
        ];
        using var prediction = ServingModels.Constant(signature).Begin();
        foreach (var chunk in texts.Chunk(1_000))
        {
            prediction.Rows.Clear();
            Assert.Null(Dialect.Native.ReadJson(Encoding.UTF8.GetBytes($$"""{"features":[{{string.Join(',', chunk.Select(t => $"[{t}]"))}}]}"""), prediction, 1_000));
            for (var i = 0; i < chunk.Length; i++)
                Assert.True(BitConverter.DoubleToInt64Bits(double.Parse(chunk[i], System.Globalization.CultureInfo.InvariantCulture)) == BitConverter.DoubleToInt64Bits(prediction.Rows.Number(i, 0)), chunk[i]);
        }
    }

    /// <summary>Of up to 18 digits, with a point anywhere among them or none.</summary>
    private static string Decimal(Random random)
    {
        var digits = string.Concat(Enumerable.Range(0, random.Next(1, 19)).Select(_ => (char)('0' + random.Next(10))));
        var point = random.Next(digits.Length + 1);
        var whole = digits[..point].TrimStart('0') is { Length: > 0 } some ? some : "0";
        return (random.Next(2) == 0 ? "-" : "") + whole + (point < digits.Length ? "." + digits[point..] : "");
    }
}
