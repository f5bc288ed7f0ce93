using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Experiments;

/// <summary>The column that divides the rows, on its way through the recipe to the split.</summary>
public class PlanSplitTests
{
    private const int RowCount = 120;

    private static readonly Table Visits = Table(
        Categories("customer", [.. Enumerable.Range(0, RowCount).Select(i => $"C{i * 7 % 30}")]),
        Categories("day", [.. Enumerable.Range(0, RowCount).Select(i => $"{i % 28 + 1}.{i * 5 % 12 + 1}.2025")]),
        Numbers("x", [.. Enumerable.Range(0, RowCount).Select(i => (double)(i % 50))]),
        Categories("kind", [.. Enumerable.Range(0, RowCount).Select(i => $"k{i % 3}")]),
        Categories("y", [.. Enumerable.Range(0, RowCount).Select(i => i % 4 == 0 ? "yes" : "no")]));

    private static readonly SplitPlan ByCustomer = new(Method: SplitMethod.Grouped, Column: "customer");
    private static readonly SplitPlan ByDay = new(Method: SplitMethod.TimeOrdered, Column: "day");

    [Fact]
    public void What_groups_the_rows_is_seen_by_no_model_and_no_step_that_takes_all_columns()
    {
        var plan = Plan(ByCustomer, new ValuesToMissingStep([], ["C3"]), new DropDuplicatesStep([]));
        Assert.Equal(["customer"], plan.UnseenColumns);
        Assert.Empty(plan.Problems(Visits));
        var (source, prepared) = plan.Prepare(Visits, CancellationToken.None);
        var (split, folds) = plan.SplitRows(prepared);
        Assert.All(new[] { source, prepared.Rows, split.Training.Table, folds[0].Training.Table, folds[0].Validation.Table }, table => Assert.Null(table.Find("customer")));
        AssertGrouped(split, folds, prepared);
    }

    [Fact]
    public void It_may_be_dropped_by_the_recipe_and_rows_that_steps_leave_out_take_theirs_along()
    {
        // The 50 different values of x, of which 45 are below 45.
        var plan = Plan(ByCustomer, new DropColumnsStep(["day", "customer"]), new DropDuplicatesStep(["x"]), new FilterRowsStep("x < 45"));
        Assert.Empty(plan.Problems(Visits));
        var (_, prepared) = plan.Prepare(Visits, CancellationToken.None);
        Assert.Equal(45, prepared.Rows.RowCount);
        var (split, folds) = plan.SplitRows(prepared);
        AssertGrouped(split, folds, prepared);
        Assert.Empty(Plan(ByCustomer, new DropColumnsStep(["customer"])).Problems(Visits));
        Assert.Empty((Plan(new SplitPlan(), new DropColumnsStep(["customer"])) with { IgnoredColumns = ["customer"] }).Problems(Visits));
    }

    [Fact]
    public void Only_steps_that_leave_out_rows_may_name_it()
    {
        var missing = Visits.With(Categories("customer", [.. Enumerable.Range(0, RowCount).Select(i => i == 5 ? null : $"C{i * 7 % 30}")]));
        Assert.Contains("1 row has no value in it (line 7)", Assert.Single(Plan(ByCustomer).Problems(missing)));
        var plan = Plan(ByCustomer, new DropMissingRowsStep(["customer"]), new FilterRowsStep("customer != \"C3\""));
        Assert.Empty(plan.Problems(missing));
        var (_, prepared) = plan.Prepare(missing, CancellationToken.None);
        Assert.Equal(RowCount - 5, prepared.Rows.RowCount);
        AssertGrouped(plan.SplitRows(prepared).Split, plan.SplitRows(prepared).Folds, prepared, missing);

        Assert.Equal("Recipe step 1 (Change column kind): Column 'customer' divides the rows into parts: no model sees it, and only steps that leave out rows may use it.",
            Assert.Single(Plan(ByCustomer, new ChangeKindStep("customer", ColumnKind.Text)).Problems(Visits)));
        // After the first step that learns it is gone.
        Assert.Contains("It divides the rows into parts, so nothing that learns sees it.", Assert.Single(Plan(ByCustomer, new ScaleStep(["x"], ScaleMethod.Standardize), new OneHotStep(["customer"])).Problems(Visits)));
    }

    [Fact]
    public void A_time_is_taken_as_the_recipe_reads_it_and_may_be_used_and_taken_apart()
    {
        Assert.Contains("Column 'day' holds categories, found '1.1.2025' on line 2; expected dates or numbers.", Assert.Single(Plan(ByDay).Problems(Visits)));
        var read = new ParseDateStep(["day"], DatePartOrder.DayFirst);
        foreach (var plan in new[] { Plan(ByDay, read), Plan(ByDay, read, new DatePartsStep("day", [Core.Recipes.Steps.DatePart.Month]), new FilterRowsStep("x < 45")) })
        {
            Assert.Empty(plan.Problems(Visits));
            Assert.Empty(plan.UnseenColumns);
            var (source, prepared) = plan.Prepare(Visits, CancellationToken.None);
            Assert.NotNull(source.Find("day"));
            Assert.Equal(prepared.Rows.RowCount, prepared.SplitBy!.Length);
            var (split, folds) = plan.SplitRows(prepared);
            Assert.True(Days(split.Training.Table.LineNumbers).Max() < Days(prepared.Rows.Take(split.Test.Positions).LineNumbers).Min());
            Assert.All(folds, fold => Assert.True(Days(fold.Training.Table.LineNumbers).Max() < Days(fold.Validation.Table.LineNumbers).Min()));
        }

        static DateTime[] Days(ReadOnlySpan<int> lines) => [.. lines.ToArray().Select(line => DateTime.ParseExact(Visits["day"].GetText(line - 2)!, "d.M.yyyy", null))];
    }

    [Fact]
    public void An_ignored_time_orders_the_rows_all_the_same()
    {
        var table = Visits.With(Numbers("t", [.. Enumerable.Range(0, RowCount).Select(i => (double)i)]));
        var plan = Plan(new SplitPlan(Method: SplitMethod.TimeOrdered, Column: "t")) with { IgnoredColumns = ["t"] };
        Assert.Empty(plan.Problems(table));
        var (_, prepared) = plan.Prepare(table, CancellationToken.None);
        Assert.Null(prepared.Rows.Find("t"));
        Assert.Equal(Enumerable.Range(96, 24), plan.SplitRows(prepared).Split.Test.Positions.ToArray());
    }

    [Fact]
    public void A_column_that_is_the_target_or_not_there_is_a_problem_of_the_setting()
    {
        SplitProblem Problem(SplitPlan split) => Assert.Single(Plan(split).Check(Visits).SplitProblems);
        Assert.Equal(new SplitProblem("'y' is the target, so it cannot be what says which rows belong together.", "Column"), Problem(ByCustomer with { Column = "y" }));
        Assert.Contains("There is no column 'nobody' that orders the rows in time. The columns are: customer, day", Problem(ByDay with { Column = "nobody" }).Message);
        Assert.Equal("Choose the column that says in which part each row is.", Problem(new SplitPlan(Method: SplitMethod.OwnColumn)).Message);
        Assert.Equal(["Folds", "Repeats"], Plan(new SplitPlan(Folds: 30, Repeats: 0)).Check(Visits).SplitProblems.Select(p => p.Setting));
    }

    [Fact]
    public void The_outline_tells_the_sizes_of_all_parts()
    {
        var random = Plan(new SplitPlan(Folds: 4, Repeats: 2)).Check(Visits).Outline!;
        Assert.Equal((120, 24, 4), (random.RowCount, random.TestCount, random.Folds.Count));
        Assert.Equal([new FoldOutline(0, 24, 72, 0), new(24, 24, 48, 0), new(48, 24, 24, 0), new(72, 24, 0, 0)], random.Folds);
        Assert.Equal([new FoldOutline(76, 20, 0, 0)], Plan(new SplitPlan(Folds: 1)).Check(Visits).Outline!.Folds);

        var table = Visits.With(Numbers("t", [.. Enumerable.Range(0, RowCount).Select(i => (double)i)]));
        var time = Plan(new SplitPlan(Folds: 3, Method: SplitMethod.TimeOrdered, Column: "t")).Check(table).Outline!;
        Assert.Equal([new FoldOutline(24, 24, 0, 48), new(48, 24, 0, 24), new(72, 24, 0, 0)], time.Folds);
        Assert.Null(Plan(ByDay).Check(Visits).Outline);
    }

    private static ExperimentPlan Plan(SplitPlan split, params RecipeStep[] steps) =>
        ExperimentPlan.Propose(Visits, "y", new Recipe(steps), LearningTask.Binary) with { Split = split };

    private static void AssertGrouped(DataSplit split, IReadOnlyList<Fold> folds, PreparedTable prepared, Table? source = null)
    {
        string[] Customers(ReadOnlySpan<int> lines) => [.. lines.ToArray().Select(line => (source ?? Visits)["customer"].GetText(line - 2)!).Distinct()];
        Assert.Equal(prepared.Rows.RowCount, split.Training.Table.RowCount + split.Test.RowCount);
        Assert.Empty(Customers(split.Training.Table.LineNumbers).Intersect(Customers(prepared.Rows.Take(split.Test.Positions).LineNumbers)));
        Assert.All(folds, fold => Assert.Empty(Customers(fold.Training.Table.LineNumbers).Intersect(Customers(fold.Validation.Table.LineNumbers))));
    }
}
