using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Experiments;

public class ComparePageTests : StoreTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task The_species_of_penguins_is_proposed_as_a_multiclass_target()
    {
        var page = Open(await ImportSampleAsync("penguins.csv"), "species");
        Assert.Equal("species", page.Find("[data-testid=target-select]").GetAttribute("value"));
        Assert.Equal("Multiclass", page.Find("[data-testid=task-select]").GetAttribute("value"));
        Assert.Equal("accuracy-score", page.Find("[data-testid=metric-select]").GetAttribute("value"));
        Assert.Contains("Binary classification needs exactly 2 classes in column 'species', found 3", page.Markup);
    }

    [Fact]
    public async Task A_likely_target_is_proposed_until_another_is_chosen()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        var page = Open(dataset, null);
        Assert.Equal(("species", "Multiclass"), (page.Find("[data-testid=target-select]").GetAttribute("value"), page.Find("[data-testid=task-select]").GetAttribute("value")));
        await page.ChangeAsync("[data-testid=folds]", "3");
        await page.ChangeAsync("[data-testid=target-select]", "body_mass_g");
        page.WaitForAssertion(() => Assert.Equal("Regression", page.Find("[data-testid=task-select]").GetAttribute("value")), Patience);
        Assert.Equal("3", page.Find("[data-testid=folds]").GetAttribute("value"));
        Assert.True(page.Find("[data-testid=stratified]").HasAttribute("disabled"));
        Assert.EndsWith("?target=body_mass_g", Services.GetRequiredService<NavigationManager>().Uri);
    }

    [Fact]
    public async Task Every_problem_of_the_plan_is_named_and_nothing_can_be_started()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        await Datasets.SaveRecipeAsync(dataset.Id, new Recipe([new Log1pStep(["nothing"])]), Cancellation);
        var page = Open(dataset, "species");
        await page.ChangeAsync("[data-testid=folds]", "40");
        page.WaitForAssertion(() =>
        {
            var problems = page.Find("[data-testid=plan-problems]").TextContent;
            Assert.Contains("The number of folds is 40; expected 1 to 20.", problems);
            Assert.Contains("Recipe step 1 (Log transform): There is no column 'nothing'", problems);
        }, Patience);
        Assert.True(page.Find("[data-testid=start-comparing]").HasAttribute("disabled"));
    }

    [Fact]
    public async Task A_column_that_cannot_be_predicted_says_why()
    {
        var page = Open(await ImportAsync("flat.csv", "x,same\n1,a\n2,a\n3,a\n"), "same");
        Assert.Contains("expected at least two different values, found only 'a'", page.Find("[data-testid=target-problem]").TextContent);
        Assert.True(page.Find("[data-testid=start-comparing]").HasAttribute("disabled"));
    }

    [Fact]
    public async Task A_column_that_looks_like_an_identifier_can_be_left_out_by_one_click()
    {
        var rows = string.Join("\n", Enumerable.Range(1, 30).Select(i => $"{1000 + i},{i % 7},{(i % 2 == 0 ? "yes" : "no")}"));
        var page = Open(await ImportAsync("customers.csv", $"customerID,visits,churn\n{rows}\n"), null);
        var suggestion = Assert.Single(page.FindAll("[data-testid=leave-out]"));
        Assert.Equal("Leave out customerID", suggestion.TextContent.Trim());
        await page.ClickAsync("[data-testid=leave-out]");
        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[data-testid=leave-out]")), Patience);
        Assert.True(page.Find("[data-testid=ignored-columns] input[name=customerID]").HasAttribute("checked"));
    }

    [Fact]
    public async Task Starting_writes_the_plan_down_and_goes_to_the_experiment()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        var page = Open(dataset, "species");
        await page.ChangeAsync("[data-testid=family-sdca]", false);
        await page.ChangeAsync("[data-testid=budget]", "30");
        page.WaitForAssertion(() => Assert.False(page.Find("[data-testid=start-comparing]").HasAttribute("disabled")), Patience);
        await page.ClickAsync("[data-testid=start-comparing]");
        page.WaitForAssertion(() => Assert.EndsWith("/experiments/1", Services.GetRequiredService<NavigationManager>().Uri), Patience);
        var row = (await Experiments.FindAsync(1, Cancellation))!;
        Assert.Equal((dataset.Id, LearningTask.Multiclass, 30, ExperimentStatus.Queued), (row.DatasetId, row.Plan.Task, row.Plan.BudgetSeconds, row.Status));
        Assert.Equal(TuningMode.Search, row.Plan.Tuning);
        Assert.Equal(TrainerCatalog.All.Count(t => t.IsDefault && t.Supports(LearningTask.Multiclass)) - 1, row.Plan.TrainerIds.Count);
        Assert.DoesNotContain("sdca", row.Plan.TrainerIds);
        // The search decides what comes first.
        Assert.Empty(row.Trials);
    }

    [Fact]
    public async Task Each_family_once_waits_in_the_order_of_the_list_and_limits_of_a_search_are_kept()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        var page = Open(dataset, "species");
        await page.ChangeAsync("[data-testid=maximum-trials]", "12");
        await page.ChangeAsync("[data-testid=target-score]", "0.99");
        await page.ChangeAsync("[data-testid=maximum-time]", "50");
        await page.ChangeAsync("[data-testid=maximum-bytes]", "100");
        await StartAsync(page, 1);
        Assert.Equal(new SearchLimits(12, 0.99, 50, 100_000), (await Experiments.FindAsync(1, Cancellation))!.Plan.Limits);

        page = Open(dataset, "species");
        await page.ChangeAsync("[data-testid=tuning]", "DefaultsOnly");
        Assert.Empty(page.FindAll("[data-testid=maximum-trials]"));
        await StartAsync(page, 2);
        var row = (await Experiments.FindAsync(2, Cancellation))!;
        Assert.Equal(row.Plan.TrainerIds, row.Trials.Select(t => t.TrainerId));
        Assert.All(row.Trials, t => Assert.Equal(TrialStatus.Waiting, t.Status));

        page = Open(dataset, "species");
        await page.ChangeAsync("[data-testid=maximum-trials]", "0");
        page.WaitForAssertion(() => Assert.Contains("The number of trials is 0; expected 1 to 100,000.", page.Find("[data-testid=plan-problems]").TextContent), Patience);
    }

    [Fact]
    public async Task A_common_class_is_pointed_out_and_what_rows_count_goes_into_the_plan()
    {
        var rows = string.Join("\n", Enumerable.Range(0, 200).Select(i => $"{i % 9},{i % 3},{(i % 20 == 7 ? "fraud" : "fine")}"));
        var page = Open(await ImportAsync("payments.csv", $"amount,trust,label\n{rows}\n"), "label");
        Assert.Contains("95.0 % of the rows are fine", page.Find("[data-testid=imbalance-note]").TextContent);

        await page.ChangeAsync("[data-testid=weight-column]", "trust");
        await page.ChangeAsync("[data-testid=balance-classes]", true);
        page.WaitForAssertion(() => Assert.Contains("all classes are equally common", page.Find("[data-testid=balance-note]").TextContent), Patience);
        // What cannot weigh rows says so before anything runs.
        page.WaitForAssertion(() => Assert.Contains("cannot weigh rows", page.Markup), Patience);
        await StartAsync(page, 1);
        Assert.Equal(new RowWeighting("trust", true), (await Experiments.FindAsync(1, Cancellation))!.Plan.Weights);

        page = Open(await ImportAsync("debts.csv", "amount,owed,label\n" + string.Join("\n", Enumerable.Range(0, 40).Select(i => $"{i},{5 - i},{(i % 2 == 0 ? "a" : "b")}")) + "\n"), "label");
        await page.ChangeAsync("[data-testid=weight-column]", "owed");
        page.WaitForAssertion(() => Assert.Contains("column 'owed': expected a weight of at least 0, found '-1'", page.Find("[data-testid=plan-problems]").TextContent), Patience);
        Assert.True(page.Find("[data-testid=start-comparing]").HasAttribute("disabled"));
    }

    private async Task StartAsync(IRenderedComponent<ComparePage> page, int experiment)
    {
        page.WaitForAssertion(() => Assert.False(page.Find("[data-testid=start-comparing]").HasAttribute("disabled")), Patience);
        await page.ClickAsync("[data-testid=start-comparing]");
        page.WaitForAssertion(() => Assert.EndsWith($"/experiments/{experiment}", Services.GetRequiredService<NavigationManager>().Uri), Patience);
    }

    [Fact]
    public async Task A_repeated_customer_is_proposed_to_keep_rows_together_and_another_method_goes_into_the_plan()
    {
        var rows = string.Join("\n", Enumerable.Range(0, 200).Select(i => $"C{i * 7 % 40},{i % 9},{(i * 3 % 7 > 2 ? "yes" : "no")},2026-{i % 12 + 1:00}-{i % 28 + 1:00}"));
        var dataset = await ImportAsync("visits.csv", $"customer_id,visits,churn,seen\n{rows}\n");
        var page = Open(dataset, "churn");
        Assert.Equal(("Grouped", "customer_id"), (page.Find("[data-testid=split-method]").GetAttribute("value"), page.Find("[data-testid=split-column]").GetAttribute("value")));
        Assert.Contains("Rows of one customer_id stay together, because it repeats 5 times on average.", page.Find("[data-testid=split-proposal]").TextContent);
        Assert.Equal(5, page.FindAll("[data-testid=split-picture] svg").Count);

        await page.ChangeAsync("[data-testid=split-method]", "TimeOrdered");
        page.WaitForAssertion(() => Assert.Equal("Choose the column that orders the rows in time.", page.Find("#split-column-problem").TextContent), Patience);
        Assert.Empty(page.FindAll("[data-testid=split-picture]"));
        await page.ChangeAsync("[data-testid=split-column]", "seen");
        page.WaitForAssertion(() => Assert.False(page.Find("[data-testid=start-comparing]").HasAttribute("disabled")), Patience);
        Assert.Contains("not used", page.Find("[data-testid=split-picture] svg").GetAttribute("aria-label"));

        // A target that divides the rows is not kept as such; what suits it is proposed anew.
        await page.ChangeAsync("[data-testid=split-column]", "visits");
        await page.ChangeAsync("[data-testid=target-select]", "visits");
        page.WaitForAssertion(() => Assert.Equal("customer_id", page.Find("[data-testid=split-column]").GetAttribute("value")), Patience);
        page.WaitForAssertion(() => Assert.False(page.Find("[data-testid=start-comparing]").HasAttribute("disabled")), Patience);
        await page.ClickAsync("[data-testid=start-comparing]");
        page.WaitForAssertion(() => Assert.EndsWith("/experiments/1", Services.GetRequiredService<NavigationManager>().Uri), Patience);
        var plan = (await Experiments.FindAsync(1, Cancellation))!.Plan;
        Assert.Equal((Core.Splits.SplitMethod.Grouped, "customer_id", "customer_id"), (plan.Split.Method, plan.Split.Column, Assert.Single(plan.UnseenColumns)));
    }

    private IRenderedComponent<ComparePage> Open(DatasetRow dataset, string? target)
    {
        Services.GetRequiredService<NavigationManager>().NavigateTo($"/datasets/{dataset.Id}/compare{(target is null ? "" : $"?target={target}")}");
        var page = Render<ComparePage>(p => p.Add(x => x.Id, dataset.Id));
        page.WaitForAssertion(() => Assert.DoesNotContain("Checking the plan", page.Find("[data-testid=plan-problems]").TextContent), Patience);
        return page;
    }
}
