using System.Globalization;
using System.Text;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Workbench.Datasets;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Datasets;

public class DatasetPageTests : StoreTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private NavigationManager Navigation => Services.GetRequiredService<NavigationManager>();

    /// <summary>600 rows: "outcome" is yes where "noise" is large; "after" is the outcome as a number, "same" never changes, "fee" has -999 for missing.</summary>
    private static string Leaky()
    {
        var csv = new StringBuilder("noise,after,same,fee,outcome\n");
        for (var i = 0; i < 600; i++)
        {
            var yes = i * 7919 % 600 > 300;
            csv.Append(CultureInfo.InvariantCulture, $"{i * 104729 % 1000 + (yes ? 300 : 0)},{(yes ? 10 : 0) + i % 5 * 0.1:0.0},k,{(i % 20 == 3 ? -999 : 20 + i * 31 % 60)},{(yes ? "yes" : "no")}\n");
        }
        return csv.ToString();
    }

    [Fact]
    public async Task The_tab_the_target_and_the_column_stand_in_the_address()
    {
        var page = Open(await ImportSampleAsync("penguins.csv"), "?target=species&column=bill_length_mm");
        page.WaitForAssertion(() => Assert.Contains("bill_length_mm by species", page.Find("[data-testid=column-detail] figure").GetAttribute("aria-label")), Patience);
        var detail = page.Find("[data-testid=column-detail]");
        // pandas 1.5.3: describe() and quantile() of the column.
        foreach (var (name, value) in new[] { ("Missing", "2 (0.6 %)"), ("Distinct", "164"), ("Minimum", "32.1"), ("Maximum", "59.6"), ("Mean", "43.922"), ("Median", "44.45"), ("Standard deviation", "5.4596"), ("25 % quantile", "39.225"), ("75 % quantile", "48.5"), ("Zeros", "0") })
            Assert.Equal(value, detail.QuerySelectorAll("dl > div").Single(d => d.QuerySelector("dt")!.TextContent == name).QuerySelector("dd")!.TextContent);
        page.WaitForAssertion(() => Assert.Contains("mutual information", page.Find("[data-testid=column-detail] .association").TextContent), Patience);
        await page.ChangeAsync("[data-testid=target-select]", "");
        Assert.DoesNotContain("target=", Navigation.Uri);
        Assert.Contains("column=bill_length_mm", Navigation.Uri);
    }

    [Fact]
    public async Task Columns_are_sorted_by_what_they_tell_of_the_target()
    {
        var page = Open(await ImportAsync("leaky.csv", Leaky()), "?target=outcome&order=association");
        page.WaitForAssertion(() => Assert.Equal("after", page.FindAll(".column-card h3")[0].TextContent.Trim()), Patience);
        Assert.Contains("AUC by itself", page.FindAll(".column-card")[0].TextContent);
    }

    [Fact]
    public async Task A_column_that_gives_the_target_away_is_the_first_warning()
    {
        var page = Open(await ImportAsync("leaky.csv", Leaky()), "?target=outcome&tab=warnings");
        page.WaitForAssertion(() => Assert.Equal("LeakageSuspect", page.FindAll("[data-testid=warning]")[0].GetAttribute("data-code")), Patience);
        var first = page.FindAll("[data-testid=warning]")[0];
        Assert.Contains("after", first.TextContent);
        Assert.Contains("column=after", first.QuerySelector("a")!.GetAttribute("href"));
    }

    [Fact]
    public async Task The_step_that_a_warning_proposes_is_added_to_the_recipe_once()
    {
        var dataset = await ImportAsync("leaky.csv", Leaky());
        await Datasets.SaveRecipeAsync(dataset.Id, new Recipe([new DropDuplicatesStep([])]), Cancellation);
        var page = Open(dataset, "?target=outcome&tab=warnings");
        page.WaitForAssertion(() => page.Find("[data-code=DisguisedMissing] [data-testid=add-step]"), Patience);
        await page.ClickAsync("[data-code=DisguisedMissing] [data-testid=add-step]");
        page.WaitForAssertion(() => Assert.Contains("In the recipe", page.Find("[data-code=DisguisedMissing]").TextContent), Patience);
        var recipe = (await Datasets.RecipeAsync(dataset.Id, Cancellation))!.Recipe;
        Assert.Equal(2, recipe.Steps.Count);
        var step = Assert.IsType<ValuesToMissingStep>(recipe.Steps[1]);
        Assert.Equal(["fee"], step.Columns);
        Assert.Equal(["-999"], step.Values);
    }

    [Fact]
    public async Task A_warning_that_is_put_aside_stays_so_and_can_be_taken_up_again()
    {
        var dataset = await ImportAsync("leaky.csv", Leaky());
        var page = Open(dataset, "?tab=warnings");
        page.WaitForAssertion(() => page.Find("[data-code=Constant]"), Patience);
        await page.ClickAsync("[data-code=Constant] [data-testid=dismiss]");
        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[data-code=Constant]")), Patience);
        Assert.Equal(["Constant:same"], (await Datasets.FindAsync(dataset.Id, Cancellation))!.DismissedWarnings);

        var later = Open(dataset, "?tab=warnings");
        later.WaitForAssertion(() => Assert.Contains("1 warning put aside", later.Markup), Patience);
        Assert.Empty(later.FindAll("[data-code=Constant]"));
        await later.ClickAsync("details button");
        later.WaitForAssertion(() => later.Find("[data-code=Constant]"), Patience);
        Assert.Empty((await Datasets.FindAsync(dataset.Id, Cancellation))!.DismissedWarnings);
    }

    [Fact]
    public async Task Of_the_suggested_recipe_the_chosen_steps_are_added()
    {
        var dataset = await ImportAsync("leaky.csv", Leaky());
        var page = Open(dataset, "?target=outcome&tab=warnings");
        page.WaitForAssertion(() => page.Find("[data-testid=suggest-recipe]"), Patience);
        await page.ClickAsync("[data-testid=suggest-recipe]");
        page.WaitForAssertion(() => Assert.True(page.FindAll("[data-testid=suggested-step]").Count >= 2), Patience);
        var first = page.FindAll("[data-testid=suggested-step]")[0];
        Assert.Contains("Drop columns", first.TextContent);
        Assert.Contains("after: By itself it all but gives away the target", first.TextContent);
        await page.ChangeAsync("[data-testid=suggested-step] input", false);
        var rest = page.FindAll("[data-testid=suggested-step]").Count - 1;
        await page.ClickAsync("[data-testid=take-suggested]");
        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[data-testid=suggested-recipe]")), Patience);
        var recipe = (await Datasets.RecipeAsync(dataset.Id, Cancellation))!.Recipe;
        Assert.Equal(rest, recipe.Steps.Count);
        Assert.DoesNotContain(recipe.Steps, s => s is DropColumnsStep);
    }

    [Fact]
    public async Task Relations_show_the_target_the_heat_map_and_the_strongest_pairs()
    {
        var page = Open(await ImportSampleAsync("penguins.csv"), "?target=species&tab=relations");
        page.WaitForAssertion(() => page.Find("[data-testid=pairs] tbody tr"), Patience);
        Assert.Contains("What each column tells of species", page.Markup);
        Assert.Equal(6, page.FindAll("[data-testid=with-target] li").Count);
        // pandas 1.5.3: the Pearson correlation of the two columns is 0.871202.
        Assert.Contains(page.FindAll("[data-testid=pairs] tbody tr"), r => r.TextContent.Contains("flipper_length_mm", StringComparison.Ordinal) && r.TextContent.Contains("body_mass_g", StringComparison.Ordinal) && r.TextContent.Contains("0.8712", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_target_that_is_no_column_is_as_if_none_were_chosen()
    {
        var page = Open(await ImportSampleAsync("iris.csv"), "?target=nothing&tab=warnings&column=nothing");
        page.WaitForAssertion(() => Assert.Contains("Choose what you want to predict", page.Markup), Patience);
        Assert.Equal("", page.Find("[data-testid=target-select]").GetAttribute("value") ?? "");
    }

    private IRenderedComponent<DatasetPage> Open(DatasetRow dataset, string query)
    {
        Navigation.NavigateTo($"/datasets/{dataset.Id}{query}");
        return Render<DatasetPage>(p => p.Add(x => x.Id, dataset.Id));
    }
}
