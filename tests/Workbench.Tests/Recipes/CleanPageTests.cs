using Bunit;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Workbench.Recipes;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Recipes;

public class CleanPageTests : StoreTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_step_that_is_added_shows_its_effect_and_is_there_after_a_reload()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        var page = Open(dataset);
        await AddAsync(page, "drop-missing-rows");
        await SaveAsync(page);
        Assert.Equal("344 → 333 rows", Outcomes(page)[0]);

        await AddAsync(page, "fill-missing");
        await page.ChangeAsync("[data-testid=step-method]", "Median");
        await page.ChangeAsync("input[name=body_mass_g]", true);
        await SaveAsync(page);
        page.WaitForAssertion(() => Assert.Equal(2, page.FindAll("[data-testid=recipe-step]").Count), Patience);

        var kept = (await Datasets.RecipeAsync(dataset.Id, Cancellation))!.Recipe;
        var fill = Assert.IsType<FillMissingStep>(kept.Steps[1]);
        Assert.Equal((FillMethod.Median, "body_mass_g"), (fill.Method, Assert.Single(fill.Columns)));
        var again = Open(dataset);
        again.WaitForAssertion(() => Assert.Equal(["344 → 333 rows", "333 rows"], Outcomes(again)), Patience);
        Assert.Contains("training rows only", again.FindAll("[data-testid=recipe-step]")[1].TextContent);
    }

    [Fact]
    public async Task A_filled_column_is_full_in_the_preview()
    {
        var dataset = await ImportAsync("ages.csv", "age,name\n1,a\n,b\n3,c\n9,d\n");
        var page = Open(dataset);
        await AddAsync(page, "fill-missing");
        await SaveAsync(page);
        // The median of 1, 3 and 9.
        page.WaitForAssertion(() => Assert.Equal("3", page.Find("[data-testid=table-preview] tbody tr:has(td:first-child) + tr td:nth-child(2)").TextContent), Patience);
        Assert.Empty(page.FindAll("td.missing"));
    }

    [Fact]
    public async Task Of_two_tabs_the_second_to_save_is_told_and_loses_nothing()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        var (first, second) = (Open(dataset), Open(dataset));
        await AddAsync(first, "drop-missing-rows");
        await SaveAsync(first);
        first.WaitForAssertion(() => Assert.Single(first.FindAll("[data-testid=recipe-step]")), Patience);
        await AddAsync(second, "drop-duplicates");
        await SaveAsync(second);
        second.WaitForAssertion(() => Assert.Contains("changed meanwhile", second.Find("[data-testid=recipe-conflict]").TextContent), Patience);
        // Theirs counts and is shown; what was wanted stands beside it.
        Assert.IsType<DropMissingRowsStep>(Assert.Single((await Datasets.RecipeAsync(dataset.Id, Cancellation))!.Recipe.Steps));
        Assert.Single(second.FindAll("[data-testid=recipe-step]"));
        Assert.Single(second.FindAll("[data-testid=recipe-conflict] li"));
        await second.ClickAsync("[data-testid=merge]");
        second.WaitForAssertion(() => Assert.Equal(2, second.FindAll("[data-testid=recipe-step]").Count), Patience);
        Assert.Empty(second.FindAll("[data-testid=recipe-conflict]"));
        Assert.Collection((await Datasets.RecipeAsync(dataset.Id, Cancellation))!.Recipe.Steps, s => Assert.IsType<DropMissingRowsStep>(s), s => Assert.IsType<DropDuplicatesStep>(s));

        // The first tab knows nothing of it yet: its undo takes nothing away.
        await first.ClickAsync("[data-testid=undo]");
        first.WaitForAssertion(() => Assert.Equal(2, first.FindAll("[data-testid=recipe-step]").Count), Patience);
        Assert.Equal(2, (await Datasets.RecipeAsync(dataset.Id, Cancellation))!.Recipe.Steps.Count);
        await second.ClickAsync("[data-testid=step-delete]");
        second.WaitForAssertion(() => Assert.Single(second.FindAll("[data-testid=recipe-step]")), Patience);
        // Who wants the same finds it done.
        await first.ClickAsync("[data-testid=step-delete]");
        first.WaitForAssertion(() => Assert.Single(first.FindAll("[data-testid=recipe-step]")), Patience);
        Assert.Empty(first.FindAll("[data-testid=recipe-conflict]"));

        await first.ClickAsync("[data-testid=step-delete]");
        first.WaitForAssertion(() => Assert.Contains("No steps yet", first.Markup), Patience);
        await AddAsync(second, "drop-missing-rows");
        second.WaitForAssertion(() => Assert.False(second.Find("[data-testid=step-save]").HasAttribute("disabled")), Patience);
        await second.ClickAsync("[data-testid=step-save]");
        second.WaitForAssertion(() => Assert.Equal(2, second.FindAll("[data-testid=recipe-conflict] li").Count), Patience);
        Assert.Single(second.FindAll("[data-testid=recipe-conflict] li.own"));
        await second.ClickAsync("[data-testid=keep-mine]");
        second.WaitForAssertion(() => Assert.Empty(second.FindAll("[data-testid=recipe-conflict]")), Patience);
        Assert.Collection((await Datasets.RecipeAsync(dataset.Id, Cancellation))!.Recipe.Steps, s => Assert.IsType<DropDuplicatesStep>(s), s => Assert.IsType<DropMissingRowsStep>(s));
    }

    [Fact]
    public async Task Undo_brings_back_the_recipe_before_and_redo_the_one_after()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        await Datasets.SaveRecipeAsync(dataset.Id, new Recipe([new DropMissingRowsStep([])]), Cancellation);
        var page = Open(dataset);
        await page.ClickAsync("[data-testid=step-delete]");
        page.WaitForAssertion(() => Assert.Contains("No steps yet", page.Markup), Patience);
        await page.ClickAsync("[data-testid=undo]");
        page.WaitForAssertion(() => Assert.Equal("344 → 333 rows", Outcomes(page).Single()), Patience);
        Assert.Single((await Datasets.RecipeAsync(dataset.Id, Cancellation))!.Recipe.Steps);
        await page.ClickAsync("[data-testid=redo]");
        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[data-testid=recipe-step]")), Patience);
    }

    [Fact]
    public async Task A_logarithm_of_negative_values_cannot_be_added_and_names_column_and_line()
    {
        var dataset = await ImportAsync("balance.csv", "balance,age\n10.5,30\n20,31\n-4.25,32\n7,33\n");
        var page = Open(dataset);
        await AddAsync(page, "log1p");
        await page.ChangeAsync("input[name=balance]", true);
        page.WaitForAssertion(() => Assert.Contains("Column 'balance' has 1 value of -1 or less, the first on line 4: found -4.25", page.Find("[data-testid=step-problems]").TextContent), Patience);
        Assert.True(page.Find("[data-testid=step-save]").HasAttribute("disabled"));

        await page.ChangeAsync("input[name=balance]", false);
        await page.ChangeAsync("input[name=age]", true);
        page.WaitForAssertion(() => Assert.False(page.Find("[data-testid=step-save]").HasAttribute("disabled")), Patience);
    }

    [Fact]
    public async Task A_step_is_checked_on_the_table_as_the_steps_before_it_leave_it()
    {
        var dataset = await ImportAsync("ages.csv", "age,size\n1,4\n,5\n3,6\n4,2\n");
        await Datasets.SaveRecipeAsync(dataset.Id, new Recipe([new DropColumnsStep(["size"]), new FillMissingStep([], FillMethod.Mean)]), Cancellation);
        var page = Open(dataset);
        await AddAsync(page, "pca");
        // Only age is left, and a single column has no second component.
        page.WaitForAssertion(() => Assert.Contains("expected 1 to 1", page.Find("[data-testid=step-problems]").TextContent), Patience);
        Assert.Equal("age", Assert.Single(page.FindAll("[data-testid=step-columns] input[type=checkbox]")).GetAttribute("name"));
    }

    [Fact]
    public async Task A_step_that_no_longer_applies_says_why_and_can_be_moved_switched_off_and_deleted()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        await Datasets.SaveRecipeAsync(dataset.Id, new Recipe([new DropColumnsStep(["sex"]), new RenameColumnStep("sex", "gender")]), Cancellation);
        var page = Open(dataset);
        Assert.Contains("There is no column 'sex' at this step", page.FindAll("[data-testid=recipe-step]")[1].TextContent);

        await page.ClickAsync("[data-testid=step-up]", 1);
        page.WaitForAssertion(() => Assert.Contains("There is no column 'sex'", page.FindAll("[data-testid=recipe-step]")[1].TextContent), Patience);
        Assert.Contains("Rename column", page.FindAll("[data-testid=recipe-step]")[0].TextContent);

        await page.ChangeAsync("[data-testid=step-enabled]", false, 1);
        page.WaitForAssertion(() => Assert.Contains("Switched off", Outcomes(page)[1]), Patience);
        await page.ClickAsync("[data-testid=step-delete]", 1);
        page.WaitForAssertion(() => Assert.Equal("344 rows", Outcomes(page).Single()), Patience);
    }

    [Fact]
    public async Task Of_a_suggested_recipe_the_steps_that_are_ticked_are_added_and_the_rest_is_suggested_again()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        var page = Open(dataset);
        await SuggestAsync(page);
        var suggested = page.FindAll("[data-testid=suggested-step]");
        Assert.True(suggested.Count >= 2, page.Find("[data-testid=suggestions]").TextContent);
        Assert.All(suggested, s => Assert.NotEqual("", s.QuerySelector(".why")!.TextContent.Trim()));
        var second = suggested[1].QuerySelector(".text")!.TextContent;
        await page.ChangeAsync("[data-testid=suggested-step] input", false, 1);
        await page.ClickAsync("[data-testid=add-suggested]");
        page.WaitForAssertion(() => Assert.Equal(suggested.Count - 1, Outcomes(page).Count(o => o != "…")), Patience);
        await SuggestAsync(page);
        page.WaitForAssertion(() => Assert.Contains(second, page.FindAll("[data-testid=suggested-step] .text").Select(t => t.TextContent)), Patience);
    }

    [Fact]
    public async Task A_step_that_is_dragged_comes_to_stand_where_it_is_dropped_and_the_keyboard_does_the_same()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        await Datasets.SaveRecipeAsync(dataset.Id, new Recipe([new DropMissingRowsStep([]), new DropColumnsStep(["sex"]), new DropDuplicatesStep([])]), Cancellation);
        var page = Open(dataset);
        await page.InvokeAsync(() => page.FindAll("[data-testid=recipe-step]")[0].DragStartAsync(new()));
        await page.InvokeAsync(() => page.FindAll("[data-testid=recipe-step]")[2].DropAsync(new()));
        page.WaitForAssertion(() => Assert.Equal(["Drop columns", "Drop duplicate rows", "Drop rows with missing values"], Titles(page)), Patience);
        // Without the column of most missing values, fewer rows are left out at the end.
        page.WaitForAssertion(() => Assert.Equal("344 → 342 rows", Outcomes(page)[2]), Patience);

        await page.InvokeAsync(() => page.FindAll("[data-testid=recipe-step]")[2].KeyDownAsync(new Microsoft.AspNetCore.Components.Web.KeyboardEventArgs { Key = "ArrowUp", AltKey = true }));
        page.WaitForAssertion(() => Assert.Equal(["Drop columns", "Drop rows with missing values", "Drop duplicate rows"], Titles(page)), Patience);
        await page.InvokeAsync(() => page.FindAll("[data-testid=recipe-step]")[0].KeyDownAsync(new Microsoft.AspNetCore.Components.Web.KeyboardEventArgs { Key = "z", CtrlKey = true }));
        page.WaitForAssertion(() => Assert.Equal(["Drop columns", "Drop duplicate rows", "Drop rows with missing values"], Titles(page)), Patience);
        Assert.Equal(3, (await Datasets.RecipeAsync(dataset.Id, Cancellation))!.Recipe.Steps.Count);
    }

    [Fact]
    public async Task A_duplicated_step_stands_below_the_original_and_a_named_one_shows_its_name()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        await Datasets.SaveRecipeAsync(dataset.Id, new Recipe([new DropColumnsStep(["year"]) { Label = "no leak" }, new DropDuplicatesStep([])]), Cancellation);
        var page = Open(dataset);
        Assert.StartsWith("no leak", Titles(page)[0], StringComparison.Ordinal);
        await page.ClickAsync("[data-testid=step-duplicate]", 1);
        page.WaitForAssertion(() => Assert.Equal(["Drop duplicate rows", "Drop duplicate rows"], Titles(page).Skip(1)), Patience);
        await page.ClickAsync("[data-testid=step-edit]", 1);
        page.WaitForElement("[data-testid=step-label]", Patience);
        await page.ChangeAsync("[data-testid=step-label]", "once more");
        page.WaitForAssertion(() => Assert.False(page.Find("[data-testid=step-save]").HasAttribute("disabled")), Patience);
        await page.ClickAsync("[data-testid=step-save]");
        page.WaitForAssertion(() => Assert.StartsWith("once more", Titles(page)[1], StringComparison.Ordinal), Patience);
        Assert.Equal("once more", (await Datasets.RecipeAsync(dataset.Id, Cancellation))!.Recipe.Steps[1].Label);
    }

    [Fact]
    public async Task The_step_that_is_chosen_shows_counts_and_shapes_before_and_after_and_what_it_learnt()
    {
        var dataset = await ImportAsync("ages.csv", "age,name\n1,a\n,b\n3,c\n9,d\n");
        await Datasets.SaveRecipeAsync(dataset.Id, new Recipe([new FillMissingStep(["age"], FillMethod.Median)]), Cancellation);
        var page = Open(dataset);
        await page.ClickAsync("[data-testid=recipe-step]");
        var effect = page.WaitForElement("[data-testid=step-effect]", Patience);
        page.WaitForAssertion(() => Assert.Equal("0", page.Find("[data-testid=effect-missing]").TextContent), Patience);
        Assert.Equal("4", page.Find("[data-testid=effect-rows]").TextContent);
        Assert.Equal(["age"], page.FindAll("[data-testid=effect-column] option").Select(o => o.TextContent));
        Assert.Equal(2, effect.QuerySelectorAll("svg.histogram").Length);
        // The median of 1, 3 and 9.
        Assert.Equal(["age", "fill", "3"], page.FindAll("[data-testid=learnt] tbody td").Select(c => c.TextContent));
        Assert.Contains("on the training rows alone", effect.TextContent);
    }

    [Fact]
    public async Task The_menu_finds_a_step_by_what_it_is_for()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        var page = Open(dataset);
        await page.ClickAsync("button[data-testid=add-step]");
        Assert.Equal(StepKind.All.Count, page.FindAll(".menu li button").Count);
        await page.InvokeAsync(() => page.Find("[data-testid=step-search]").InputAsync(new() { Value = "impute" }));
        Assert.Equal("step-kind-fill-missing", Assert.Single(page.FindAll(".menu li button")).GetAttribute("data-testid"));
        await page.InvokeAsync(() => page.Find("[data-testid=step-search]").InputAsync(new() { Value = "make coffee" }));
        Assert.Contains("No step does", page.Find(".menu").TextContent);
    }

    [Fact]
    public async Task A_recipe_that_is_pasted_replaces_the_steps_and_a_broken_one_is_refused_with_its_place()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        await Datasets.SaveRecipeAsync(dataset.Id, new Recipe([new DropMissingRowsStep([])]), Cancellation);
        var page = Open(dataset);
        await page.ClickAsync("[data-testid=recipe-files-open]");
        await page.ChangeAsync("[data-testid=recipe-text]", """{"steps": [{"step": "drop-duplicates", "columns": []}, {"step": "make-coffee"}]}""");
        await page.ClickAsync("[data-testid=recipe-import]");
        Assert.Contains("$.steps[1]", page.Find("[data-testid=recipe-fault]").TextContent);
        Assert.Contains("drop-missing-rows", page.Find("[data-testid=recipe-fault]").TextContent);
        Assert.Equal(["Drop rows with missing values"], Titles(page));

        await page.ChangeAsync("[data-testid=recipe-text]", RecipeText.Write(new Recipe([new DropDuplicatesStep([]), new DropColumnsStep(["year"])])));
        await page.ClickAsync("[data-testid=recipe-import]");
        page.WaitForAssertion(() => Assert.Equal(["Drop duplicate rows", "Drop columns"], Titles(page)), Patience);
        Assert.Empty(page.FindAll("[data-testid=recipe-fault]"));
    }

    [Fact]
    public async Task A_dataset_larger_than_the_sample_says_so_and_the_exact_counts_follow()
    {
        // Every seventh row has no value, and the last row equals the first.
        var rows = Enumerable.Range(0, 120_000).Select(i => i % 7 == 0 ? $"{i}," : $"{i},{i % 13}").Append("0,");
        var dataset = await ImportAsync("many.csv", "id,value\n" + string.Join('\n', rows) + "\n");
        await Datasets.SaveRecipeAsync(dataset.Id, new Recipe([new DropDuplicatesStep([]), new DropMissingRowsStep([])]), Cancellation);
        var page = Open(dataset);
        Assert.Contains("a sample of 100\u202F000 of 120\u202F001 rows", page.Find("[data-testid=sample-note]").TextContent);
        var valued = 120_000 - (120_000 + 6) / 7;
        page.WaitForAssertion(() => Assert.Equal(["120\u202F001 → 120\u202F000 rows", $"120\u202F000 → {valued:N0} rows".Replace(',', '\u202F')], Outcomes(page)), Patience);
        Assert.Contains("Counted on all rows", page.Find("[data-testid=exact-counts]").TextContent);
    }

    [Fact]
    public void A_dataset_that_is_not_there_is_said_to_be_missing() =>
        Assert.Contains("There is no such dataset", Render<CleanPage>(p => p.Add(x => x.Id, 99)).Markup);

    private IRenderedComponent<CleanPage> Open(DatasetRow dataset)
    {
        var page = Render<CleanPage>(p => p.Add(x => x.Id, dataset.Id));
        page.WaitForElement("[data-testid=preview-extent]", Patience);
        return page;
    }

    private async Task AddAsync(IRenderedComponent<CleanPage> page, string kind)
    {
        await page.ClickAsync("button[data-testid=add-step]");
        page.WaitForElement($"[data-testid=step-kind-{kind}]", Patience);
        await page.ClickAsync($"[data-testid=step-kind-{kind}]");
        page.WaitForElement("[data-testid=step-problems]", Patience);
    }

    private static async Task SaveAsync(IRenderedComponent<CleanPage> page)
    {
        page.WaitForAssertion(() => Assert.False(page.Find("[data-testid=step-save]").HasAttribute("disabled")), Patience);
        var before = page.FindAll("[data-testid=recipe-step]").Count;
        await page.ClickAsync("[data-testid=step-save]");
        page.WaitForAssertion(() => Assert.Equal(before + 1, Outcomes(page).Count(o => o != "…")), Patience);
    }

    private static async Task SuggestAsync(IRenderedComponent<CleanPage> page)
    {
        page.WaitForAssertion(() => Assert.False(page.Find("[data-testid=suggest]").HasAttribute("disabled")), Patience);
        await page.ClickAsync("[data-testid=suggest]");
        page.WaitForElement("[data-testid=suggested-step]", Patience);
    }

    private static List<string> Titles(IRenderedComponent<CleanPage> page) => [.. page.FindAll("[data-testid=recipe-step] h3").Select(t => t.TextContent.Trim())];

    private static List<string> Outcomes(IRenderedComponent<CleanPage> page) =>
        [.. page.FindAll("[data-testid=step-outcome]").Select(o => o.Children.First().TextContent)];
}
