using System.Text.Json;
using Bunit;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Experiments.Parts;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Experiments;

public class SplitPartTests : PartTest
{
    private static readonly ColumnProfile[] Columns =
    [
        new("customer", ColumnKind.Category, 100, 0, 30, null, [], null),
        new("day", ColumnKind.DateTime, 100, 0, 90, null, [], null),
    ];

    private static readonly SplitProposal ByCustomer = new(new SplitPlan(Method: SplitMethod.Grouped, Column: "customer"), "Rows of one customer stay together, because it repeats 3.3 times on average.");

    [Fact]
    public void The_plan_of_an_experiment_tells_why_its_rows_were_split_so_and_what_was_changed_by_hand()
    {
        var plan = new ExperimentPlan("y", LearningTask.Binary, "auc-score", ByCustomer.Plan, Recipe.Empty, [], ["baseline"], 60, Proposal: ByCustomer);
        Assert.Equal("Proposed from the data. Rows of one customer stay together, because it repeats 3.3 times on average.", Reason(plan));
        Assert.Equal("Changed by hand: at random instead of in whole groups of one customer, 3 folds instead of 5. Proposed was: Rows of one customer stay together, because it repeats 3.3 times on average.", Reason(plan with { Split = new SplitPlan(Folds: 3) }));

        // In the database it is part of the plan; what was written before does not have it.
        var json = JsonSerializer.Serialize(plan, CoreJson.Options);
        Assert.Equal(ByCustomer, JsonSerializer.Deserialize<ExperimentPlan>(json, CoreJson.Options)!.Proposal);
        var older = JsonSerializer.Deserialize<ExperimentPlan>(JsonSerializer.Serialize(plan with { Proposal = null }, CoreJson.Options).Replace(",\"proposal\":null", "", StringComparison.Ordinal), CoreJson.Options)!;
        Assert.Null(older.Proposal);
        Assert.Empty(Render<PlanSummary>(p => p.Add(x => x.Plan, older)).FindAll("[data-testid=split-reason]"));

        string Reason(ExperimentPlan plan) => string.Join(' ', Render<PlanSummary>(p => p.Add(x => x.Plan, plan)).Find("[data-testid=split-reason] dd").TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task A_method_that_needs_a_column_asks_for_it_and_the_proposed_one_is_taken()
    {
        SplitPlan? changed = null;
        var fields = Fields(new SplitPlan(Repeats: 3), c => changed = c);
        Assert.Empty(fields.FindAll("[data-testid=split-column]"));
        await fields.ChangeAsync("[data-testid=split-method]", "Grouped");
        Assert.Equal(new SplitPlan(Repeats: 3, Method: SplitMethod.Grouped, Column: "customer"), changed);
        await fields.ChangeAsync("[data-testid=split-method]", "TimeOrdered");
        // Time can be cut in one way only, and no column was proposed.
        Assert.Equal(new SplitPlan(Method: SplitMethod.TimeOrdered), changed);

        fields = Fields(changed!, c => changed = c);
        Assert.Equal(["", "customer", "day"], fields.FindAll("[data-testid=split-column] option").Select(o => o.GetAttribute("value")));
        Assert.Empty(fields.FindAll("[data-testid=repeats]"));
        Assert.True(fields.Find("[data-testid=stratified]").HasAttribute("disabled"));
        await fields.ChangeAsync("[data-testid=split-column]", "day");
        Assert.Equal("day", changed!.Column);
        await fields.ChangeAsync("[data-testid=split-method]", "Random");
        Assert.Null(changed!.Column);
    }

    [Fact]
    public async Task The_proposal_tells_its_reason_and_can_be_taken_again()
    {
        SplitPlan? changed = null;
        var fields = Fields(ByCustomer.Plan with { Seed = 7 }, c => changed = c);
        Assert.Equal("Proposed from the data. Rows of one customer stay together, because it repeats 3.3 times on average.", fields.Find("[data-testid=split-proposal]").TextContent.Trim());
        Assert.Contains("No model sees this column", fields.Markup);
        fields = Fields(new SplitPlan(Folds: 3, Stratified: false, Seed: 7), c => changed = c);
        Assert.DoesNotContain("Proposed from the data.", fields.Markup);
        await fields.ClickAsync("[data-testid=use-proposal]");
        Assert.Equal(ByCustomer.Plan with { Stratified = false, Seed = 7 }, changed);
    }

    [Fact]
    public void A_problem_stands_at_its_field()
    {
        var fields = Fields(new SplitPlan(Folds: 40, Method: SplitMethod.OwnColumn), _ => { }, [new SplitProblem("Too many.", "Folds"), new SplitProblem("Choose the column.", "Column"), new SplitProblem("No row is left.", "Stratified")]);
        Assert.Equal(("true", "folds-problem"), (fields.Find("#folds").GetAttribute("aria-invalid"), fields.Find("#folds").GetAttribute("aria-describedby")));
        Assert.Equal("Too many.", fields.Find("#folds-problem").TextContent);
        Assert.Equal("Choose the column.", fields.Find("#split-column-problem").TextContent);
        Assert.Contains("No row is left.", fields.Markup);
        Assert.False(fields.Find("#test-share").HasAttribute("aria-invalid") || fields.Find("#test-share").HasAttribute("aria-describedby"));
    }

    [Fact]
    public void The_picture_draws_each_part_by_its_share_and_says_it_in_words()
    {
        var outline = new SplitOutline(20, [new FoldOutline(20, 20, 0, 40), new FoldOutline(40, 40, 0, 0)]);
        var picture = Render<SplitPicture>(p => p.Add(x => x.Outline, outline));
        Assert.Equal(["Fold 1: 20 rows teach, 20 rows judge, 40 rows not used, 20 rows locked", "Fold 2: 40 rows teach, 40 rows judge, 20 rows locked"], picture.FindAll("svg").Select(s => s.GetAttribute("aria-label")));
        Assert.Equal(["training 0+200", "validation 200+200", "unused 400+400", "test 800+200"], picture.FindAll("svg")[0].QuerySelectorAll("rect").Select(r => $"{r.GetAttribute("class")} {r.GetAttribute("x")}+{r.GetAttribute("width")}"));
        Assert.Contains("Teach: 20 to 40 rows", picture.Markup);
        Assert.Contains("Not used in this fold", picture.Markup);

        picture = Render<SplitPicture>(p => p.Add(x => x.Outline, new SplitOutline(0, [new FoldOutline(80, 20, 0, 0)])).Add(x => x.IsSample, true).Add(x => x.Repeats, 1));
        Assert.Equal("Hold-out: 80 % teach, 20 % judge", picture.Find("svg").GetAttribute("aria-label"));
        Assert.DoesNotContain("Locked", picture.Markup);
        Assert.DoesNotContain("Cut", picture.Markup);
        Assert.Contains("Cut 3 times", Render<SplitPicture>(p => p.Add(x => x.Outline, outline).Add(x => x.Repeats, 3)).Markup);
    }

    [Fact]
    public void Repeated_rows_are_told_with_examples_and_what_to_do()
    {
        var warnings = Warnings(Nothing with { Validation = new RepeatedRows(12, 300, [.. Enumerable.Range(1, 10).Select(i => new RepeatedRow(10 * i, i))]), Test = new RepeatedRows(1, 75, [new RepeatedRow(400, 4)]) });
        var alert = warnings.Find("[data-testid=repeated-rows]");
        Assert.Contains("12 of 300 validation rows (4.0 %) and 1 of 75 locked test rows (1.3 %) equal a row that was learnt from.", alert.TextContent);
        Assert.Contains("10 equals 1; 20 equals 2;", alert.TextContent);
        Assert.Contains("and 2 more", alert.TextContent);
        Assert.Contains("Locked test rows, by line of the file: 400 equals 4.", alert.TextContent);
        Assert.Equal("/datasets/3/clean?target=is%20ill", warnings.Find("[data-testid=deduplicate]").GetAttribute("href"));
        // Without its dataset there is nowhere to go.
        Assert.Empty(Warnings(Nothing with { Test = new RepeatedRows(1, 75, [new RepeatedRow(400, 4)]) }, null).FindAll("a"));
    }

    [Fact]
    public void Columns_that_give_away_gaps_and_a_moving_target_are_told_in_plain_words()
    {
        var warnings = Warnings(new SplitFindings(null, null,
            [new DataWarning(WarningCode.LeakageSuspect, WarningSeverity.Serious, ["refund"], "Gini 0.999.")],
            [new ClassGap("rare", 2, [1, 3], [2])], new TargetShift(0.3, null, null, [new ClassShift("yes", 0.2, 0.5)])));
        Assert.Empty(warnings.FindAll("[data-testid=repeated-rows]"));
        Assert.Contains("refund all but gives is ill away.", warnings.Find("[data-testid=give-aways]").TextContent);
        Assert.Contains("Gini 0.999.", warnings.Find("[data-testid=give-aways]").TextContent);
        Assert.Contains("1 class is not learnt in every fold.", warnings.Find("[data-testid=class-gaps]").TextContent);
        Assert.Contains("rare (2 training rows): not learnt in folds 1, 3, not judged in fold 2", warnings.Find("[data-testid=class-gaps]").TextContent);
        Assert.Contains("is ill moves with time.", warnings.Find("[data-testid=target-shift]").TextContent);
        Assert.Contains("yes: 20.0 % before, 50.0 % later", warnings.Find("[data-testid=target-shift]").TextContent);

        var numbers = Warnings(Nothing with { ClassGaps = [new ClassGap("rare", 2, [], [2])], Shift = new TargetShift(0.3, 10, 20, []) });
        Assert.Contains("1 class is not judged in every fold.", numbers.Find("[data-testid=class-gaps]").TextContent);
        Assert.Contains("Its mean is 10 in the rows learnt from and 20 in the later ones", numbers.Find("[data-testid=target-shift]").TextContent);
    }

    [Fact]
    public void Where_nothing_is_found_nothing_is_said() => Assert.Empty(Warnings(Nothing).Markup.Trim());

    [Theory]
    [InlineData(SplitMethod.Random, "20 % locked test set, 5-fold cross-validation, 2 times, on the rest, stratified, seed 42")]
    [InlineData(SplitMethod.Grouped, "20 % locked test set, 5-fold cross-validation, 2 times, on the rest, rows of one c together, stratified, seed 42")]
    [InlineData(SplitMethod.TimeOrdered, "in order of c: the latest 20 % as locked test set, 5 folds on the rest, each judged on later rows than it learnt from")]
    [InlineData(SplitMethod.OwnColumn, "parts as c says; where it does not, 20 % locked test set, 5-fold cross-validation, 2 times, on the rest, stratified, seed 42")]
    public void A_split_is_told_in_a_line(SplitMethod method, string text) =>
        Assert.Equal(text, ExperimentText.Split(new SplitPlan(Repeats: 2, Method: method, Column: method == SplitMethod.Random ? null : "c")));

    private static SplitFindings Nothing => new(null, null, [], [], null);

    private IRenderedComponent<SplitWarnings> Warnings(SplitFindings findings, int? datasetId = 3) =>
        Render<SplitWarnings>(p => p.Add(x => x.Findings, findings).Add(x => x.Target, "is ill").Add(x => x.DatasetId, datasetId));

    private IRenderedComponent<SplitFields> Fields(SplitPlan split, Action<SplitPlan> changed, IReadOnlyList<SplitProblem>? problems = null) => Render<SplitFields>(p => p
        .Add(x => x.Split, split).Add(x => x.CanStratify, true).Add(x => x.Proposal, ByCustomer).Add(x => x.Columns, Columns).Add(x => x.Problems, problems ?? []).Add(x => x.SplitChanged, changed));
}
