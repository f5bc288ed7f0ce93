using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Splits;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Recipes;

public class RecipeTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>Every step once, in an order that works on the credit sample.</summary>
    private static readonly Recipe Everything = new(
    [
        new DropDuplicatesStep([]),
        new DropMissingRowsStep(["Home"]),
        new ChangeKindStep("Status", ColumnKind.Boolean, AllowMissing: true) { Enabled = false },
        new ChangeKindStep("Time", ColumnKind.Category),
        new RenameColumnStep("Amount", "Loan"),
        new DropColumnsStep(["Records"]),
        new FillMissingStep(["Job"], FillMethod.Constant, "unknown"),
        new FillMissingStep(["Marital"], FillMethod.MostFrequent),
        new FillMissingStep([], FillMethod.Median),
        new Log1pStep(["Income", "Assets", "Debt"]),
        new PcaStep(["Income", "Assets", "Debt"], 2),
    ]);

    [Theory]
    [InlineData("""{"steps":[null]}""", "steps")]
    [InlineData("""{"steps":[{"step":"drop-columns","columns":["a",null]}]}""", "columns")]
    public void A_null_within_a_list_is_refused_by_the_name_of_the_list(string json, string name) =>
        Assert.Contains($"'{name}': element ", Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Recipe>(json, CoreJson.Options)).Message);

    [Theory]
    [InlineData("""{"steps":null}""")]
    [InlineData("""{"steps":[{"step":"drop-columns","columns":[1]}]}""")]
    public void A_list_that_is_none_or_holds_something_else_is_refused(string json) =>
        Assert.Contains("$.steps", Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Recipe>(json, CoreJson.Options)).Message);

    [Fact]
    public void Recipe_fitted_on_train_ignores_validation_rows()
    {
        var table = Read("credit_risk.csv");
        var plan = new SplitPlan();
        var fold = Splitter.Folds(Splitter.Split(table, null, plan).Training, null, plan)[0];
        var learns = new Recipe([new FillMissingStep([], FillMethod.Mean), new FillMissingStep([], FillMethod.MostFrequent), new PcaStep([], 3)]);
        var before = JsonSerializer.Serialize(learns.Fit(fold.Training, "Status"), CoreJson.Options);

        // The same split of a table whose other rows are wild: only what is outside the training rows differs.
        var training = fold.Training.Table.LineNumbers.ToArray().ToHashSet();
        var income = ((NumericColumn)table["Income"]).Values.ToArray();
        var changed = 0;
        for (var row = 0; row < income.Length; row++)
            if (!training.Contains(table.LineNumbers[row])) { income[row] = 1e9 + row; changed++; }
        Assert.Equal(table.RowCount - fold.Training.Table.RowCount, changed);
        var wild = table.With(new NumericColumn("Income", income));
        var wildFold = Splitter.Folds(Splitter.Split(wild, null, plan).Training, null, plan)[0];
        Assert.Equal(before, JsonSerializer.Serialize(learns.Fit(wildFold.Training, "Status"), CoreJson.Options));

        // And the comparison can fail: one training value moves the fitted recipe.
        income[fold.Training.Table.LineNumbers[0] - 2] += 1e6;
        var moved = Splitter.Split(table.With(new NumericColumn("Income", income)), null, plan).Training;
        Assert.NotEqual(before, JsonSerializer.Serialize(learns.Fit(Splitter.Folds(moved, null, plan)[0].Training, "Status"), CoreJson.Options));
    }

    [Fact]
    public void The_median_comes_from_the_training_rows_alone()
    {
        var table = Table(Numbers("x", [.. Enumerable.Range(0, 100).Select(i => (double)(i * i))]));
        var training = Splitter.Split(table, null, new SplitPlan(TestFraction: 0.5)).Training;
        var values = ((NumericColumn)training.Table["x"]).Values.ToArray().Order().ToArray();
        var fitted = Assert.IsType<FittedFillMissing>(Assert.Single(new Recipe([new FillMissingStep(["x"], FillMethod.Median)]).Fit(training, null).Steps));
        Assert.Equal(((values[24] + values[25]) / 2).ToString("R", System.Globalization.CultureInfo.InvariantCulture), fitted.Fills[0].Value);
    }

    [Fact]
    public void Preview_tells_rows_and_columns_before_and_after_each_step()
    {
        var preview = Everything.Preview(Read("credit_risk.csv"), "Status", None);
        Assert.All(preview.Outcomes, o => Assert.Empty(o.Problems));
        Assert.Equal((4454, 14), (preview.Outcomes[0].RowsBefore, preview.Outcomes[0].ColumnsBefore));
        Assert.Equal(6, preview.Outcomes[1].RowsBefore - preview.Outcomes[1].RowsAfter);
        Assert.False(preview.Outcomes[2].Enabled);
        Assert.Equal((14, 13), (preview.Outcomes[5].ColumnsBefore, preview.Outcomes[5].ColumnsAfter));
        Assert.Equal((13, 12), (preview.Outcomes[10].ColumnsBefore, preview.Outcomes[10].ColumnsAfter));
        Assert.Equal((preview.Outcomes[10].RowsAfter, 12), (preview.Result.RowCount, preview.Result.ColumnCount));
        for (var i = 1; i < preview.Outcomes.Count; i++) Assert.Equal(preview.Outcomes[i - 1].RowsAfter, preview.Outcomes[i].RowsBefore);
    }

    [Fact]
    public void Preview_collects_all_problems_and_goes_on_without_the_step()
    {
        var table = Table(Numbers("a", 1, -2, 3), Numbers("b", -1, 5, -9));
        var preview = new Recipe([new Log1pStep([]), new RenameColumnStep("a", "A"), new DropColumnsStep(["a"])]).Preview(table, null, None);
        Assert.Equal([2, 0, 1], preview.Outcomes.Select(o => o.Problems.Count));
        Assert.Equal("A:Numeric,b:Numeric\n2: 1,-1\n3: -2,5\n4: 3,-9", Show(preview.Result));
    }

    [Fact]
    public void Steps_for_all_numeric_columns_leave_the_target_alone()
    {
        var table = Table(Numbers("price", -5, 10, double.NaN, 7), Numbers("x", 1, 2, 3, 4), Numbers("y", 1, double.NaN, 0, 4));
        var recipe = new Recipe([new FillMissingStep([], FillMethod.Mean), new Log1pStep([]), new PcaStep([], 2)]);
        var preview = recipe.Preview(table, "price", None);
        Assert.All(preview.Outcomes, o => Assert.Empty(o.Problems));
        Assert.Equal(["price", "pca_1", "pca_2"], preview.Result.Columns.Select(c => c.Name));
        Assert.Equal(table["price"].GetText(0), preview.Result["price"].GetText(0));
        Assert.True(preview.Result["price"].IsMissing(2));
        Assert.NotEmpty(recipe.Preview(table, null, None).Outcomes[1].Problems);
    }

    [Fact]
    public void Steps_that_would_change_the_target_are_problems()
    {
        var table = Table(Numbers("price", 5, 10), Numbers("x", 1, 2), Numbers("y", 1, 3));
        RecipeStep[] forbidden =
        [
            new Log1pStep(["price"]), new FillMissingStep(["x", "price"], FillMethod.Mean), new RenameColumnStep("price", "p"),
            new DropColumnsStep(["price"]), new PcaStep(["price", "x"], 1), new RenameColumnStep("x", "price"),
        ];
        Assert.All(forbidden, step => Assert.Contains("target", Assert.Single(new Recipe([step]).Preview(table, "price", None).Outcomes).Problems[0].Message));
        Assert.Throws<RecipeException>(() => new Recipe([new Log1pStep(["price"])]).Prepare(table, "price", None));
        Assert.Contains("target", Assert.Single(new Recipe([new PcaStep(["x"], 1)]).Preview(table.Rename("price", "pca_1"), "pca_1", None).Outcomes[0].Problems).Message);

        RecipeStep[] allowed = [new ChangeKindStep("price", ColumnKind.Category), new DropMissingRowsStep(["price"]), new DropDuplicatesStep(["price"])];
        Assert.All(allowed, step => Assert.Empty(new Recipe([step]).Preview(table, "price", None).Outcomes[0].Problems));
    }

    [Fact]
    public void Prepare_applies_only_what_stands_before_the_first_learning_step()
    {
        var prepared = Everything.Prepare(Read("credit_risk.csv"), "Status", None);
        Assert.Equal(6, prepared.Leading.Steps.Count);
        Assert.Contains("Loan", prepared.Rows.Columns.Select(c => c.Name));
        Assert.True(prepared.Rows["Income"].CountMissing() > 0);
        Assert.Equal([7, 8, 9, 10], prepared.Rest.Steps.Index().Where(s => s.Item.Enabled).Select(s => s.Index));
        Assert.DoesNotContain(prepared.Rest.Steps.Take(7), s => s.Enabled);
    }

    [Fact]
    public void A_step_that_fails_in_training_is_named_by_its_place_in_the_whole_recipe()
    {
        var table = Table(Numbers("x", 1, 2, 3, 4), Numbers("empty", double.NaN, double.NaN, double.NaN, double.NaN));
        var recipe = new Recipe([new DropDuplicatesStep([]), new FillMissingStep(["x"], FillMethod.Mean), new FillMissingStep(["empty"], FillMethod.Mean)]);
        var prepared = recipe.Prepare(table, null, None);
        var training = Splitter.Split(prepared.Rows, null, new SplitPlan(Folds: 1)).Training;
        var exception = Assert.Throws<RecipeException>(() => prepared.Rest.Fit(training, null));
        Assert.Equal(2, exception.StepIndex);
        Assert.StartsWith("Step 3 (Fill missing values)", exception.Message);
        Assert.Equal("empty", Assert.Single(exception.Problems).Column);
    }

    [Fact]
    public void A_target_that_is_not_a_column_is_named_with_the_columns_there_are()
    {
        var exception = Assert.Throws<ArgumentException>(() => Recipe.Empty.Prepare(Table(Numbers("x", 1)), "y", None));
        Assert.Contains("'y'", exception.Message);
        Assert.Contains("x", exception.Message);
    }

    [Fact]
    public void Replay_at_prediction_gives_a_single_row_what_it_gives_the_batch()
    {
        var (fitted, rows) = FittedEverything();
        var request = rows.Without(["Status"]);
        var batch = fitted.ReplayAtPrediction(request);
        Assert.Equal(request.RowCount, batch.RowCount);
        Assert.Equal(request.LineNumbers.ToArray(), batch.LineNumbers.ToArray());
        Assert.True(fitted.Replay(rows).RowCount < rows.RowCount);
        for (var row = 0; row < request.RowCount; row += 37)
            Assert.Equal(Show(batch.Take([row])), Show(fitted.ReplayAtPrediction(request.Take([row]))));
    }

    [Fact]
    public void Replay_of_training_rows_at_prediction_equals_what_the_model_learnt_from()
    {
        var (fitted, rows) = FittedEverything();
        var learnt = fitted.Replay(rows).Without(["Status"]);
        var served = fitted.ReplayAtPrediction(rows.Without(["Status"]));
        var byLine = served.LineNumbers.ToArray().Index().ToDictionary(l => l.Item, l => l.Index);
        Assert.Equal(Show(learnt), Show(served.Take([.. learnt.LineNumbers.ToArray().Select(line => byLine[line])])));
    }

    [Fact]
    public void A_target_whose_kind_changes_need_not_be_there_at_prediction()
    {
        var table = Table(Numbers("class", 0, 1, 1, 0), Numbers("x", 1, 2, 3, 4));
        var prepared = new Recipe([new ChangeKindStep("class", ColumnKind.Category)]).Prepare(table, "class", None);
        Assert.Equal(ColumnKind.Category, prepared.Rows["class"].Kind);
        Assert.Equal("x:Numeric\n2: 9", Show(prepared.Leading.ReplayAtPrediction(Table(Numbers("x", 9)))));
    }

    [Fact]
    public void Every_step_survives_JSON()
    {
        var json = JsonSerializer.Serialize(Everything, CoreJson.Options);
        var read = JsonSerializer.Deserialize<Recipe>(json, CoreJson.Options)!;
        Assert.Equal(json, JsonSerializer.Serialize(read, CoreJson.Options));
        Assert.Equal(Everything.Steps.Select(s => (s.GetType(), s.Summary, s.Enabled)), read.Steps.Select(s => (s.GetType(), s.Summary, s.Enabled)));
        Assert.Equal(8, Everything.Steps.Select(s => s.GetType()).Distinct().Count());
        Assert.DoesNotContain("summary", json);
        Assert.Contains("""{"step":"fill-missing","columns":["Marital"],"method":"mostFrequent","constant":null,"enabled":true}""", json);
    }

    [Fact]
    public void A_step_as_a_person_writes_it_can_be_read()
    {
        var step = JsonSerializer.Deserialize<RecipeStep>("""{"columns":["age"],"method":"median","enabled":false,"step":"fill-missing"}""", CoreJson.Options);
        var fill = Assert.IsType<FillMissingStep>(step);
        Assert.Equal((FillMethod.Median, false, "age: median of the training rows"), (fill.Method, fill.Enabled, fill.Summary));
    }

    [Theory]
    [InlineData("""{"step":"explode","columns":[]}""")]
    [InlineData("""{"step":"log1p"}""")]
    [InlineData("""{"step":"log1p","columns":null}""")]
    [InlineData("""{"step":"change-kind","column":"a","kind":"number"}""")]
    public void A_step_that_is_unknown_or_incomplete_is_refused(string json) =>
        Assert.ThrowsAny<Exception>(() => JsonSerializer.Deserialize<RecipeStep>(json, CoreJson.Options)!.Title);

    [Fact]
    public void Every_fitted_step_survives_JSON_and_replays_the_same()
    {
        var (fitted, rows) = FittedEverything();
        Assert.Equal(8, fitted.Steps.Select(s => s.GetType()).Distinct().Count());
        var json = JsonSerializer.Serialize(fitted, CoreJson.Options);
        var read = JsonSerializer.Deserialize<FittedRecipe>(json, CoreJson.Options)!;
        Assert.Equal(json, JsonSerializer.Serialize(read, CoreJson.Options));
        Assert.Equal(Show(fitted.Replay(rows)), Show(read.Replay(rows)));
    }

    /// <summary>The whole way: leading steps, split, fit; the rows are those of the file.</summary>
    private static (FittedRecipe Fitted, Table Rows) FittedEverything()
    {
        var table = Read("credit_risk.csv");
        var prepared = Everything.Prepare(table, "Status", None);
        var training = Splitter.Split(prepared.Rows, "Status", new SplitPlan()).Training;
        return (prepared.Leading.Then(prepared.Rest.Fit(training, "Status")), table);
    }
}
