using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Workbench.Datasets;
using ModelWorkbench.Workbench.Storage;
using MudBlazor;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Datasets;

public class RenameTests : StoreTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_dataset_gets_another_name_on_its_page_and_its_old_one_back()
    {
        var snackbars = Render<MudSnackbarProvider>();
        var dataset = await ImportAsync("iris.csv", "a,b\n1,2\n");
        var page = await BeginAsync(dataset);
        Assert.Equal("iris", page.Find("#dataset-name").GetAttribute("value"));
        await SaveAsync(page, "  Flowers of 1936 ");
        page.WaitForAssertion(() => Assert.Equal("Flowers of 1936", page.Find("h1").TextContent), Patience);
        Assert.Empty(page.FindAll("[data-testid=rename-form]"));
        Assert.Equal("Flowers of 1936", await NameAsync(dataset));

        snackbars.WaitForElement(".mud-snackbar-content-action button", Patience);
        await snackbars.ClickAsync(".mud-snackbar-content-action button");
        page.WaitForAssertion(() => Assert.Equal("iris", page.Find("h1").TextContent), Patience);
        Assert.Equal("iris", await NameAsync(dataset));
    }

    [Fact]
    public async Task A_name_that_is_blank_or_another_dataset_s_is_refused_with_the_reason_at_the_field()
    {
        var dataset = await ImportAsync("iris.csv", "a,b\n1,2\n");
        await ImportAsync("wine.csv", "a,b\n1,2\n");
        var page = await BeginAsync(dataset);
        foreach (var (name, reason) in new[] { ("   ", "The name has 0 characters; expected 1 to 100."), ("wine", "There is another dataset named 'wine'; expected a name of its own.") })
        {
            await SaveAsync(page, name);
            page.WaitForAssertion(() => Assert.Equal(reason, page.Find("#dataset-name-fault").TextContent), Patience);
            Assert.Equal("true", page.Find("#dataset-name").GetAttribute("aria-invalid"));
            Assert.Equal("iris", await NameAsync(dataset));
        }
        await page.InvokeAsync(() => page.Find("[data-testid=rename-form]").KeyDownAsync(new KeyboardEventArgs { Key = "Escape" }));
        Assert.Empty(page.FindAll("[data-testid=rename-form]"));
        Assert.Equal("iris", page.Find("h1").TextContent);
    }

    private async Task<string> NameAsync(DatasetRow dataset) => (await Datasets.FindAsync(dataset.Id, Cancellation))!.Name;

    private async Task<IRenderedComponent<DatasetPage>> BeginAsync(DatasetRow dataset)
    {
        Services.GetRequiredService<NavigationManager>().NavigateTo($"/datasets/{dataset.Id}");
        var page = Render<DatasetPage>(p => p.Add(x => x.Id, dataset.Id));
        page.WaitForAssertion(() => Assert.False(page.Find("[data-testid=rename]").HasAttribute("disabled")), Patience);
        await page.ClickAsync("[data-testid=rename]");
        return page;
    }

    private static async Task SaveAsync(IRenderedComponent<DatasetPage> page, string name)
    {
        await page.InvokeAsync(() => page.Find("#dataset-name").InputAsync(new ChangeEventArgs { Value = name }));
        await page.InvokeAsync(() => page.Find("[data-testid=rename-form]").SubmitAsync());
    }
}
