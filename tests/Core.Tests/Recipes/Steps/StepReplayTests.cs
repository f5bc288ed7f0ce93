using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Splits;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Recipes.Steps;

/// <summary>What every step owes: the same for a row alone as in bulk, through JSON too, whatever a request holds.</summary>
public class StepReplayTests
{
    private const double Missing = double.NaN;
    private static readonly CancellationToken None = CancellationToken.None;

    private static readonly Table Training = Table(
        Numbers("n", 1, 2, Missing, 4, 5, 60, 7, 8),
        Numbers("m", -1, 2, 3, -4, Missing, 6, 7, 0.5),
        Numbers("positive", 1, 2, 3, 4, 5, 6, 7, 8),
        Categories("c", "a", "b", "a", null, "a", "b", "rare", "a"),
        Categories("money", "$1,000", "5%", "2 - 4", "(7)", null, "8 kg", "9", "10+"),
        Categories("when", "1.2.2024", "03.04.2024", null, "5.6.2024", "7.8.2024", "9.10.2024", "11.12.2024", "1.1.2025"),
        DictionaryColumn.FromTexts("b", ColumnKind.Boolean, ["yes", "no", null, "yes", "no", "no", "yes", "yes"]),
        DictionaryColumn.FromTexts("t", ColumnKind.Text, ["good cat", "bad dog", null, "good dog", " Good  cat ", "cat cat", "", "bad bad bird"]),
        new DateTimeColumn("d", [.. Enumerable.Range(0, 8).Select(i => i == 3 ? DateTimeColumn.MissingTicks : new DateTime(2024, 1, 1).AddHours(1000.5 * i).Ticks)]),
        Categories("y", "in", "out", "in", "in", "out", "in", "out", "in"));

    /// <summary>What training did not have: other categories, numbers out of range, texts that are no number.</summary>
    private static readonly Table Requests = Table(
        Numbers("n", -1e9, Missing, 3, 0), Numbers("m", 1e300, -1e300, Missing, 0), Numbers("positive", -5, 0, Missing, 9),
        Categories("c", "new", null, "a", "rare"), Categories("money", "?", null, "1e999", "$3"), Categories("when", "soon", "31.31.2024", null, "2.2.2022"),
        DictionaryColumn.FromTexts("b", ColumnKind.Boolean, ["yes", null, "no", "no"]), DictionaryColumn.FromTexts("t", ColumnKind.Text, ["unseen", null, "!", "good good cat"]),
        new DateTimeColumn("d", [0, DateTimeColumn.MissingTicks, DateTime.MaxValue.Ticks, new DateTime(2024, 2, 29).Ticks]));

    /// <summary>Every registered step, some in several shapes.</summary>
    public static readonly RecipeStep[] Steps =
    [
        new DropMissingRowsStep(["n"]), new FillMissingStep([], FillMethod.Median), new FillMissingStep(["c", "n", "d"], FillMethod.MostFrequent, GroupBy: "b", Flag: true),
        new FillMissingStep([], FillMethod.Mean, GroupBy: "c", Flag: true), new FillMissingStep(["n"], FillMethod.Constant, "0", Flag: true), new FillMissingStep(["n"], FillMethod.Median, GroupBy: "positive"),
        new Log1pStep(["n"]), new LogStep(["positive"]), new SquareRootStep(["n", "positive"]), new YeoJohnsonStep([]),
        new ScaleStep([], ScaleMethod.Standardize), new ScaleStep([], ScaleMethod.MinMax), new ScaleStep([], ScaleMethod.Robust),
        new ClipOutliersStep([]), new DropOutliersStep([]), new DropOutliersStep(["n"], OutlierMethod.Quantiles, LowerQuantile: 0.1, UpperQuantile: 0.9),
        new DropColumnsStep(["n"]), new RenameColumnStep("n", "N"), new ChangeKindStep("n", ColumnKind.Category), new DropDuplicatesStep(["c"]), new PcaStep(["positive"], 1),
        new ParseNumberStep(["money"], Magnitudes: true), new ParseDateStep(["when"], DatePartOrder.DayFirst), new ValuesToMissingStep([], ["a", "4", "cat cat"]),
        new ReplaceTextStep([], "a", "", TextMatch.Part), new ReplaceTextStep(["c"], "^(.)", "$1$1", TextMatch.Pattern), new TidyTextStep([], Case: LetterCase.Upper),
        new DatePartsStep("d", Enum.GetValues<DatePart>()), new DatePartsStep("d", [DatePart.DaysSince], "2000-01-01", KeepSource: true),
        new MergeRareStep([], MinimumCount: 2), new OneHotStep([], 2), new OrdinalEncodeStep(["c", "b"], CategoryOrder.Frequency, []),
        new OrdinalEncodeStep(["c"], CategoryOrder.Given, ["rare", "b", "a"]), new HashEncodeStep(["c", "t"], 4), new TargetEncodeStep([], 2, 3),
        new BinStep(["n", "m"], BinMethod.Quantile, 3, []), new BinStep(["n"], BinMethod.EqualWidth, 4, [], AsNumbers: true), new BinStep(["m"], BinMethod.OwnEdges, 0, [0, 2.5]),
        new TextNgramsStep("t", NgramUnit.Word, 1, 2, 5), new TextNgramsStep("t", NgramUnit.Character, 1, 3, 20, NgramWeight.Count, KeepSource: true),
        new ReorderColumnsStep(["y", "b"]), new SampleRowsStep(0.5), new SampleRowsStep(Count: 3, Seed: 7),
    ];

    public static TheoryData<int> Indexes => [.. Enumerable.Range(0, Steps.Length)];

    [Theory, MemberData(nameof(Indexes))]
    public void A_row_alone_comes_out_as_it_does_in_bulk_and_after_JSON(int index)
    {
        var fitted = Fit(Steps[index]);
        var read = JsonSerializer.Deserialize<FittedRecipe>(JsonSerializer.Serialize(fitted, CoreJson.Options), CoreJson.Options)!;
        foreach (var table in new[] { Requests, Training.Without(["y"]) })
        {
            var bulk = fitted.ReplayAtPrediction(table);
            Assert.Equal(table.RowCount, bulk.RowCount);
            Assert.Equal(Show(bulk), Show(read.ReplayAtPrediction(table)));
            for (var row = 0; row < table.RowCount; row++) Assert.Equal(Show(bulk.Take([row])), Show(fitted.ReplayAtPrediction(table.Take([row]))));
            Assert.DoesNotContain(bulk.Columns.OfType<NumericColumn>(), column => column.Values.ContainsAny(double.PositiveInfinity, double.NegativeInfinity));
        }
    }

    [Theory, MemberData(nameof(Indexes))]
    public void A_step_survives_JSON_and_says_what_it_does(int index)
    {
        var step = Steps[index];
        var json = JsonSerializer.Serialize(step, CoreJson.Options);
        var read = JsonSerializer.Deserialize<RecipeStep>(json, CoreJson.Options)!;
        Assert.Equal(json, JsonSerializer.Serialize(read, CoreJson.Options));
        Assert.Equal((step.GetType(), step.Title, step.Summary), (read.GetType(), read.Title, read.Summary));
        Assert.NotEmpty(step.Summary);
        Assert.Empty(step.Check(step.AllowsTarget ? Training : Training.Without(["y"])));
        var learnt = Fit(step).Steps[0].Learnt;
        Assert.True(!step.Learns || learnt.Count > 0, "A step that learns shows what.");
        Assert.All(learnt, value => Assert.True(value is { Column.Length: > 0, Name.Length: > 0 }, $"{value}"));
    }

    /// <summary>The columns that a step says it makes and removes are those that it makes and removes.</summary>
    [Theory, MemberData(nameof(Indexes))]
    public void A_step_tells_where_its_columns_come_from(int index)
    {
        var fitted = Fit(Steps[index]).Steps[0];
        var before = Requests.Columns.Select(c => c.Name).ToHashSet();
        var after = fitted.Replay(Requests).Columns.Select(c => c.Name).ToHashSet();
        var made = fitted.Origins.Select(o => o.Column).ToHashSet();
        Assert.Equal(after.Except(before).Order(), made.Except(before).Order());
        Assert.Equal(before.Except(after).Order(), fitted.Removed.Except(made).Order());
        Assert.All(fitted.Origins, origin => Assert.Subset(before, origin.From.ToHashSet()));
    }

    [Fact]
    public void One_hot_encoding_that_would_explode_is_refused_before_a_column_is_made_with_count_limit_and_a_way_out()
    {
        // A million distinct values in one column are cut to those that were asked for, and never more than 1,000.
        var million = Table(Categories("id", [.. Enumerable.Range(0, 1_000_000).Select(i => $"k{i}")]));
        Assert.Contains("Found 1001 as the number of categories, expected 1 to 1000.", new OneHotStep(["id"], 1_001).Check(million).Single().Message);
        Assert.Equal(1_000, new OneHotStep(["id"], 1_000).Fit(million).Origins.Count);
        var wide = Table([.. Enumerable.Range(0, 300).Select(c => (Column)Categories($"c{c}", [.. Enumerable.Range(0, 50 + c).Select(i => $"k{i}")]))
            .Select(c => (Column)DictionaryColumn.FromTexts(c.Name, ColumnKind.Category, [.. Enumerable.Range(0, 400).Select(i => ((DictionaryColumn)c).Values[i % ((DictionaryColumn)c).Values.Count])]))]);
        Assert.Equal("The step would make 15,000 columns of 300 ('c299' has 349 categories, 'c298' has 348 categories, 'c297' has 347 categories, …); expected at most 5,000. Give fewer categories a column each (16 would do), name fewer columns, or use hashing or target encoding for those with many categories.",
            new OneHotStep([], 50).Check(wide).Single().Message);
        Assert.Throws<RecipeException>(() => new OneHotStep([], 50).Fit(wide));
        Assert.Equal(16 * 300, new OneHotStep([], 16).Fit(wide).Origins.Count);
    }

    [Fact]
    public void Every_registered_step_is_among_those_tested()
    {
        static IEnumerable<Type> Registered(Type family) =>
            family.GetCustomAttributes(typeof(System.Text.Json.Serialization.JsonDerivedTypeAttribute), false).Cast<System.Text.Json.Serialization.JsonDerivedTypeAttribute>().Select(a => a.DerivedType);
        Type[] testedElsewhere = [.. Registered(typeof(RecipeStep)).Where(type => type.Name is "FilterRowsStep" or "DerivedColumnStep")];
        Assert.Empty(Registered(typeof(RecipeStep)).Except(testedElsewhere).Except(Steps.Select(s => s.GetType())));
        Assert.Equal(Registered(typeof(RecipeStep)).Count(), Registered(typeof(FittedStep)).Count());
    }

    [Fact]
    public void What_an_older_release_fitted_is_still_read()
    {
        const string json = """{"steps":[{"step":"fill-missing","fills":[{"column":"n","value":"4"}]},{"step":"log1p","columns":["n"]}]}""";
        var fitted = JsonSerializer.Deserialize<FittedRecipe>(json, CoreJson.Options)!;
        Assert.Equal("n:Numeric\n2: " + Math.Log(5).ToString("R", System.Globalization.CultureInfo.InvariantCulture), Show(fitted.Replay(Table(Numbers("n", Missing)))));
        Assert.Equal(json, JsonSerializer.Serialize(fitted, CoreJson.Options));
    }

    [Fact]
    public void Rows_are_left_out_of_training_alone_by_outliers_and_sampling()
    {
        var table = Table(Numbers("x", [.. Enumerable.Range(0, 200).Select(i => i % 10 == 0 ? 1e6 : i % 7)]), Numbers("y", [.. Enumerable.Range(0, 200).Select(i => (double)i)]));
        foreach (var step in new RecipeStep[] { new DropOutliersStep(["x"]), new SampleRowsStep(0.5), new SampleRowsStep(Count: 30) })
        {
            var recipe = new Recipe([step, new FillMissingStep(["x"], FillMethod.Constant, "0")]);
            var prepared = recipe.Prepare(table, "y", None);
            Assert.Empty(prepared.Leading.Steps);
            var split = Splitter.Split(prepared.Rows, null, new SplitPlan());
            var trained = prepared.Rest.FitAndReplay(split.Training, "y");
            Assert.InRange(trained.Rows.RowCount, 1, split.Training.Table.RowCount - 1);
            Assert.Equal(2, trained.Rows.ColumnCount);
            Assert.Equal(table.RowCount, trained.Recipe.Replay(table).RowCount);
            Assert.Equal(table.RowCount, trained.Recipe.ReplayAtPrediction(table).RowCount);
            Assert.Equal(200, recipe.Preview(table, "y", None).Outcomes[0].RowsBefore);
            Assert.InRange(recipe.Preview(table, "y", None).Outcomes[0].RowsAfter, 1, 199);
        }
    }

    [Fact]
    public void A_fraction_draws_about_that_many_rows_and_the_same_ones_of_a_table_in_pieces()
    {
        var table = Table(Numbers("x", [.. Enumerable.Range(0, 10_000).Select(i => (double)i)]));
        var drawn = StepFiguresTests.Apply(new SampleRowsStep(0.3, Seed: 5), table);
        // Five standard deviations of a binomial distribution.
        Assert.InRange(drawn.RowCount, 3000 - 230, 3000 + 230);
        Assert.NotEqual(drawn.LineNumbers.ToArray(), StepFiguresTests.Apply(new SampleRowsStep(0.3, Seed: 6), table).LineNumbers.ToArray());
        Assert.Equal(1, StepFiguresTests.Apply(new SampleRowsStep(1e-12), table).RowCount);
        Assert.Equal(drawn.LineNumbers.ToArray(), InPieces(new SampleRowsStep(0.3, Seed: 5)));
        Assert.Equal(25, InPieces(new SampleRowsStep(Count: 25)).Length);

        int[] InPieces(SampleRowsStep step)
        {
            var replay = step.Fit(table).ReplayPieces();
            return [.. new[] { 0..7, 7..20, 20..9_000, 9_000..10_000 }.SelectMany(range => replay(table.Take(Enumerable.Range(0, 10_000).ToArray().AsSpan(range))).LineNumbers.ToArray())];
        }
    }

    [Fact]
    public void The_source_columns_that_a_model_uses_are_traced_through_new_columns()
    {
        var recipe = new FittedRecipe(
        [
            .. Fit(new RenameColumnStep("n", "N")).Steps,
            new FittedFillMissing([new ColumnFill("N", "1") { ByGroup = new Dictionary<string, string>() }]) { GroupBy = "c" },
            .. Fit(new OneHotStep(["b"])).Steps, .. Fit(new DatePartsStep("d", [DatePart.Year, DatePart.Month])).Steps, .. Fit(new TidyTextStep(["t"])).Steps,
        ]);
        var used = Signature.UsedColumns(Requests.Columns.Select(c => c.Name), recipe, new HashSet<string> { "N", "b=yes", "d_month", "m" });
        Assert.Equal(["b", "c", "d", "m", "n"], used.Order());
        Assert.Equal(["t"], Signature.ReinterpretedColumns(recipe));
    }

    [Fact]
    public void New_names_that_are_taken_are_problems()
    {
        var table = Table(Categories("c", "a", "b"), Numbers("c=a", 1, 2), new DateTimeColumn("d", [0, 1]), Numbers("d_year", 1, 2), Numbers("c_was_missing", 0, 1), Numbers("c#1", 0, 1));
        Assert.Equal("c=a", Assert.Single(Assert.Throws<RecipeException>(() => new OneHotStep(["c"]).Fit(table)).Problems).Column);
        Assert.Equal("d_year", Assert.Single(new DatePartsStep("d", [DatePart.Year]).Check(table)).Column);
        Assert.Equal("c_was_missing", Assert.Single(new FillMissingStep(["c"], FillMethod.MostFrequent, Flag: true).Check(table)).Column);
        Assert.Equal("c#1", Assert.Single(new HashEncodeStep(["c"], 2).Check(table)).Column);
        // A name that is learnt may be that of the hidden target.
        Assert.Contains("target", new Recipe([new OneHotStep(["c"])]).Preview(Table(Categories("c", "a", "b"), Numbers("c=a", 1, 2)), "c=a", None).Outcomes[0].Problems[0].Message);
    }

    [Fact]
    public void Settings_out_of_range_name_what_was_found_and_expected()
    {
        RecipeStep[] wrong =
        [
            new ClipOutliersStep(["n"], Factor: -1), new ClipOutliersStep(["n"], OutlierMethod.Quantiles, LowerQuantile: 0.9, UpperQuantile: 0.1), new BinStep(["n"], BinMethod.Quantile, 1, []),
            new BinStep(["n"], BinMethod.OwnEdges, 0, [2, 1]), new OneHotStep(["c"], 0), new HashEncodeStep(["c"], 1), new MergeRareStep(["c"], 1.5), new TargetEncodeStep(["c"], -1), new TargetEncodeStep(["c"], Folds: 1),
            new TextNgramsStep("t", Shortest: 3, Longest: 2), new TextNgramsStep("t", Top: 0), new SampleRowsStep(1.5), new SampleRowsStep(), new SampleRowsStep(Count: 0), new DatePartsStep("d", [DatePart.DaysSince], "soon"),
            new OrdinalEncodeStep(["c"], CategoryOrder.Given, ["a", "b"]), new LogStep(["m"]), new SquareRootStep(["m"]), new OneHotStep(["n"]), new ScaleStep(["c"], ScaleMethod.MinMax), new DatePartsStep("c", [DatePart.Year]),
            new FillMissingStep(["n"], FillMethod.Constant, "1", GroupBy: "c"), new FillMissingStep(["n"], FillMethod.Mean, GroupBy: "n"), new FillMissingStep(["n"], FillMethod.Mean, GroupBy: "nowhere"),
        ];
        Assert.All(wrong, step => Assert.NotEmpty(Assert.Single(step.Check(Training)).Message));
    }

    private static FittedRecipe Fit(RecipeStep step)
    {
        var fitted = step.LearnsFromTarget ? step.FitToTarget(Training.Without(["y"]), Training["y"]) : step.Fit(step.AllowsTarget ? Training : Training.Without(["y"]));
        return new FittedRecipe([fitted]);
    }
}
