using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Tests.Recipes;
using Xunit;

namespace ModelWorkbench.Core.Tests.Splits;

public class SplitProposalTests(ListedDatasets listed)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(150, 5, 5, 3, "three times, because with 150 rows")]
    [InlineData(501, 5, 5, 2, "twice, because with 501 rows")]
    [InlineData(1_501, 5, 5, 1, "each of the 1,501 rows judges once")]
    [InlineData(12_000, 80, 5, 1, "each of the 12,000 rows")]
    [InlineData(12_001, 5, 1, 1, "One hold-out, because 12,001 rows with 5 columns")]
    [InlineData(5_000, 1_000, 1, 1, "One hold-out")]
    public void Few_rows_are_cut_often_and_many_once(int rows, int columns, int folds, int repeats, string reason)
    {
        var proposal = SplitProposal.BySize(rows, columns, hasClasses: true);
        Assert.Equal(new SplitPlan(Folds: folds, Repeats: repeats), proposal.Plan);
        Assert.Contains(reason, proposal.Reason);
    }

    [Theory]
    [InlineData("customer_id")]
    [InlineData("CustomerID")]
    [InlineData("Patient")]
    [InlineData("subject no")]
    [InlineData("userId")]
    public void Rows_of_one_thing_stay_together_where_an_id_repeats(string name)
    {
        var proposal = SplitPlan.Propose(Table(Samples.Categories(name, [.. Enumerable.Range(0, 260).Select(i => $"C{i * 17 % 50}")])), "y", true);
        Assert.Equal((SplitMethod.Grouped, name), (proposal.Plan.Method, proposal.Plan.Column));
        Assert.Equal($"Rows of one {name} stay together, because it repeats 5.2 times on average.", proposal.Reason);
    }

    [Theory]
    [InlineData("customer_id", 260, 260)]
    [InlineData("customer_id", 260, 240)]
    [InlineData("customer_id", 260, 3)]
    [InlineData("type_id", 260, 50)]
    [InlineData("region_id", 2_600, 50)]
    [InlineData("store_id", 2_600, 50)]
    [InlineData("paid", 260, 50)]
    [InlineData("height", 260, 50)]
    public void A_column_that_differs_in_each_row_or_names_a_kind_groups_nothing(string name, int rows, int distinct) =>
        Assert.Equal(SplitMethod.Random, SplitPlan.Propose(Table(new NumericColumn(name, [.. Enumerable.Range(0, rows).Select(i => (double)(i * 17 % distinct))])), "y", true).Plan.Method);

    [Fact]
    public void What_a_person_changed_is_named_and_what_has_no_effect_is_not()
    {
        var proposal = new SplitProposal(new SplitPlan(), "Five folds.");
        Assert.Empty(proposal.Changes(new SplitPlan(), true));
        Assert.Equal(["in whole groups of one customer instead of at random", "10 % locked test rows instead of 20 %", "1 fold instead of 5", "3 repeats instead of 1", "not stratified", "seed 7 instead of 42"],
            proposal.Changes(new SplitPlan(0.1, 1, false, 7, 3, SplitMethod.Grouped, "customer"), true));
        // Numbers cannot be stratified.
        Assert.Empty(proposal.Changes(new SplitPlan(Stratified: false), false));
        Assert.Equal(["in order of day instead of at random"], proposal.Changes(new SplitPlan(Stratified: false, Method: SplitMethod.TimeOrdered, Column: "day"), true));
    }

    [Fact]
    public void Of_a_sample_the_profile_tells_how_often_an_id_repeats()
    {
        var all = Table(new NumericColumn("user_id", [.. Enumerable.Range(0, 5_000).Select(i => (double)(i / 5))]));
        var sample = all.Take([.. Enumerable.Range(0, 1_000).Select(i => 5 * i)]);
        Assert.Equal(SplitMethod.Random, SplitPlan.Propose(sample, "y", true).Plan.Method);
        var proposal = SplitPlan.Propose(sample, "y", true, Profiler.Profile(all, Token));
        Assert.Equal((SplitMethod.Grouped, 5), (proposal.Plan.Method, proposal.Plan.Folds));
        Assert.Contains("repeats 5 times", proposal.Reason);
    }

    [Fact]
    public void Dates_by_which_rows_are_sorted_order_them_whatever_the_name_and_others_only_by_their_name()
    {
        Assert.Equal((SplitMethod.TimeOrdered, "recorded"), Proposed(Days("recorded", i => i / 2)));
        Assert.Equal((SplitMethod.TimeOrdered, "recorded"), Proposed(Days("recorded", i => 400 - i)));
        Assert.Equal((SplitMethod.TimeOrdered, "Sale Date"), Proposed(Days("Sale Date", i => i * 37 % 300)));
        Assert.Equal((SplitMethod.Random, null), Proposed(Days("recorded", i => i * 37 % 300)));
        Assert.Equal((SplitMethod.Random, null), Proposed(Days("birth_date", i => i)));
        Assert.Equal((SplitMethod.Random, null), Proposed(Days("date", i => i % 12)));
        Assert.Equal((SplitMethod.Random, null), Proposed(Days("date", i => i == 7 ? null : i)));
        Assert.Equal((SplitMethod.TimeOrdered, "timestamp"), Proposed(new NumericColumn("timestamp", [.. Enumerable.Range(0, 300).Select(i => 1.7e9 + i)])));
        Assert.Equal((SplitMethod.Random, null), Proposed(new NumericColumn("timestamp", [.. Enumerable.Range(0, 300).Select(i => 1.7e9 + i * 37 % 300)])));
        var reason = SplitPlan.Propose(Table(Days("recorded", i => i)), "y", true).Reason;
        Assert.Equal("Models are judged on the latest rows, because the rows are in order of recorded (2026-01-01 to 2026-10-27) and new rows will be later still.", reason);
    }

    [Theory]
    [InlineData("split", "train,test", true)]
    [InlineData("Set", "Training,Validation,Test", true)]
    [InlineData("kfold", "0,1,2,3,4", true)]
    [InlineData("fold", "1,2", false)]
    [InlineData("set", "a,b", false)]
    [InlineData("set", "test", false)]
    [InlineData("quality", "train,test", false)]
    public void A_column_that_marks_parts_is_taken_by_name_and_values(string name, string values, bool isOwn) =>
        Assert.Equal(isOwn ? (SplitMethod.OwnColumn, name) : (SplitMethod.Random, null), Proposed(Samples.Categories(name, [.. Enumerable.Range(0, 300).Select(i => values.Split(',')[i % values.Split(',').Length])])));

    [Fact]
    public void What_marks_parts_goes_before_time_and_sorted_time_before_groups_and_groups_before_a_time_by_name()
    {
        var own = Samples.Categories("split", [.. Enumerable.Range(0, 300).Select(i => i % 3 == 0 ? "test" : "train")]);
        var groups = Samples.Categories("user", [.. Enumerable.Range(0, 300).Select(i => $"u{i % 60}")]);
        var (sorted, unsorted) = (Days("date", i => i), Days("date", i => i * 37 % 300));
        Assert.Equal((SplitMethod.OwnColumn, "split"), Proposed(sorted, groups, own));
        Assert.Equal((SplitMethod.TimeOrdered, "date"), Proposed(groups, sorted));
        Assert.Equal((SplitMethod.Grouped, "user"), Proposed(unsorted, groups));
    }

    [Fact]
    public void Of_the_listed_data_sets_only_those_with_dates_or_repeated_ids_are_not_split_by_chance()
    {
        var found = new List<string>();
        foreach (var dataset in listed.All)
        {
            var table = dataset.Sample(20_000);
            var (plan, reason) = SplitPlan.Propose(table, dataset.TargetIn(table), dataset.Task != "regression", dataset.Profile);
            TestContext.Current.TestOutputHelper?.WriteLine($"{dataset.Name}: {plan.Folds} folds, {plan.Repeats} repeats. {reason}");
            if (plan.Method != SplitMethod.Random) found.Add($"{dataset.Name}: {plan.Method} by {plan.Column}");
            Assert.Empty(plan.Problems(table.RowCount));
        }
        Assert.Equal(["bike-sharing-hour: TimeOrdered by dteday", "medicare-cost: Grouped by Provider Id", "melbourne-housing: TimeOrdered by Date", "weather-aus-37k: TimeOrdered by Date"], found);
    }

    private static (SplitMethod, string?) Proposed(params Column[] columns) => SplitPlan.Propose(Table(columns), "y", true).Plan is var plan ? (plan.Method, plan.Column) : default;

    private static Table Table(params Column[] columns) =>
        new([.. columns, Samples.Categories("y", [.. Enumerable.Range(0, columns[0].Length).Select(i => i % 2 == 0 ? "a" : "b")])]);

    private static DateTimeColumn Days(string name, Func<int, int?> day) =>
        new(name, [.. Enumerable.Range(0, 300).Select(i => day(i) is { } d ? new DateTime(2026, 1, 1).AddDays(d).Ticks : DateTimeColumn.MissingTicks)]);
}
