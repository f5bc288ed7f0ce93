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
        Assert.Equal(["344 → 333 rows", "333 rows"], Outcomes(again));
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
    public async Task A_suggested_step_is_added_by_one_click_and_then_no_longer_suggested()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        var page = Open(dataset);
        page.WaitForAssertion(() => Assert.Equal(["Fill 4 numeric columns with the median", "Fill sex with the most frequent value"], page.FindAll("[data-testid=suggested-step]").Select(s => s.TextContent.Trim())), Patience);
        await page.ClickAsync("[data-testid=suggested-step]", 0);
        page.WaitForAssertion(() => Assert.Equal("Fill sex with the most frequent value", page.FindAll("[data-testid=suggested-step]").Single().TextContent.Trim()), Patience);
        Assert.Contains("bill_length_mm, bill_depth_mm, flipper_length_mm, body_mass_g: median", page.Find("[data-testid=recipe-step]").TextContent);
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
        await page.ClickAsync("[data-testid=add-step] button, button[data-testid=add-step]");
        Popovers.WaitForElement($"[data-testid=step-kind-{kind}]", Patience);
        await Popovers.ClickAsync($"[data-testid=step-kind-{kind}]");
        page.WaitForElement("[data-testid=step-problems]", Patience);
    }

    private static async Task SaveAsync(IRenderedComponent<CleanPage> page)
    {
        page.WaitForAssertion(() => Assert.False(page.Find("[data-testid=step-save]").HasAttribute("disabled")), Patience);
        var before = page.FindAll("[data-testid=recipe-step]").Count;
        await page.ClickAsync("[data-testid=step-save]");
        page.WaitForAssertion(() => Assert.Equal(before + 1, Outcomes(page).Count(o => o != "…")), Patience);
    }

    private static List<string> Outcomes(IRenderedComponent<CleanPage> page) =>
        [.. page.FindAll("[data-testid=step-outcome]").Select(o => o.Children.First().TextContent)];
}
