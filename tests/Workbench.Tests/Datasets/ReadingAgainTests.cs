using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Workbench.Datasets;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Datasets;

public class ReadingAgainTests : StoreTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private NavigationManager Navigation => Services.GetRequiredService<NavigationManager>();
    private ImportQueue Imports => Services.GetRequiredService<ImportQueue>();

    [Fact]
    public async Task Another_kind_of_a_column_is_read_in_the_background_and_makes_a_new_version()
    {
        var dataset = await ImportAsync("codes.csv", "code,name\n1,a\n2,b\n3,a\n");
        var import = await ChangeKindAsync(dataset, "code", ColumnKind.Text);
        // The queue does not run yet: the page waits for nothing, and nothing is read.
        Assert.Equal(ImportStatus.Queued, import.Status);
        Assert.Single(await Datasets.VersionsAsync(dataset.Id, Cancellation));

        var page = Render<ImportPage>(p => p.Add(x => x.Id, import.Id));
        page.WaitForAssertion(() => page.Find("[data-testid=import-progress]"), Patience);
        await Imports.StartAsync(Cancellation);
        page.WaitForAssertion(() => Assert.EndsWith($"/datasets/{dataset.Id}", Navigation.Uri), Patience);
        await Imports.StopAsync(Cancellation);
        var after = (await Datasets.FindAsync(dataset.Id, Cancellation))!;
        Assert.Equal(2, after.Current.Number);
        Assert.Equal(ColumnKind.Text, after.Profile.Columns[0].Kind);
    }

    [Fact]
    public async Task A_reading_that_fails_leaves_the_dataset_as_it_was_and_says_why()
    {
        var dataset = await ImportAsync("uneven.csv", "a,b\n1,2\n3,4,5\n");
        var import = await Imports.EnqueueReadingAsync(dataset, dataset.Options! with { BadLines = BadLineAction.Stop }, Cancellation);
        var page = Render<ImportPage>(p => p.Add(x => x.Id, import.Id));
        await Imports.StartAsync(Cancellation);
        page.WaitForAssertion(() => Assert.Contains("The file cannot be read this way", page.Markup), Patience);
        await Imports.StopAsync(Cancellation);
        Assert.Contains("Line 3", page.Markup);
        Assert.Contains("The dataset stays as it was", page.Markup);
        await AssertAsItWasAsync(dataset);
        await page.ClickAsync("[data-testid=import-dismiss]");
        Assert.EndsWith($"/datasets/{dataset.Id}", Navigation.Uri);
        await AssertAsItWasAsync(dataset);
    }

    [Fact]
    public async Task A_reading_that_is_cancelled_leaves_the_dataset_and_its_original()
    {
        var dataset = await ImportAsync("codes.csv", "code,name\n1,a\n2,b\n");
        var import = await ChangeKindAsync(dataset, "code", ColumnKind.Text);
        var page = Render<ImportPage>(p => p.Add(x => x.Id, import.Id));
        page.WaitForAssertion(() => page.Find("[data-testid=import-cancel]"), Patience);
        await page.ClickAsync("[data-testid=import-cancel]");
        page.WaitForAssertion(() => Assert.Equal($"/datasets/{dataset.Id}", page.Find("[data-testid=to-dataset]").GetAttribute("href")), Patience);
        await AssertAsItWasAsync(dataset);
    }

    [Fact]
    public async Task Lines_that_do_not_fit_are_listed_and_left_out_in_a_new_version_where_the_person_says_so()
    {
        var dataset = await ImportAsync("uneven.csv", "a,b\n1,2\n3,4,5\n6,7\n");
        var page = Open(dataset);
        page.WaitForAssertion(() => page.Find("[data-testid=problem-table]"), Patience);
        Assert.Equal(["3", "the whole line", "Found 3 fields; expected 2 fields.", "3,4,5"], page.FindAll("[data-testid=problem-table] tbody td").Select(cell => cell.TextContent.Trim()));
        Assert.Empty(page.FindAll("[data-testid=problem-repair]"));
        page.WaitForAssertion(() => Assert.False(page.Find("[data-testid=problem-skip]").HasAttribute("disabled")), Patience);
        await page.ClickAsync("[data-testid=problem-skip]");
        page.WaitForAssertion(() => Assert.Contains("/imports/", Navigation.Uri), Patience);
        var import = Render<ImportPage>(p => p.Add(x => x.Id, ImportInAddress));
        await Imports.StartAsync(Cancellation);
        import.WaitForAssertion(() => Assert.EndsWith($"/datasets/{dataset.Id}", Navigation.Uri), Patience);
        await Imports.StopAsync(Cancellation);

        var after = (await Datasets.FindAsync(dataset.Id, Cancellation))!;
        Assert.Equal((2, 2, 1), (after.Current.Number, after.Profile.RowCount, after.Current.SkippedCount));
        Assert.Equal(3, (await Datasets.FindAsync(dataset.Id, 1, Cancellation))!.Profile.RowCount);
        var later = Open(after);
        later.WaitForAssertion(() => Assert.Contains("1 line was left out", later.Find("[data-testid=problems]").TextContent), Patience);
        Assert.NotNull(later.Find("[data-testid=problem-repair]"));
    }

    private int ImportInAddress => int.Parse(Navigation.Uri[(Navigation.Uri.LastIndexOf('/') + 1)..], System.Globalization.CultureInfo.InvariantCulture);

    private IRenderedComponent<DatasetPage> Open(DatasetRow dataset)
    {
        Navigation.NavigateTo($"/datasets/{dataset.Id}");
        return Render<DatasetPage>(p => p.Add(x => x.Id, dataset.Id));
    }

    private async Task AssertAsItWasAsync(DatasetRow before)
    {
        var after = (await Datasets.FindAsync(before.Id, Cancellation))!;
        Assert.Equal((before.Current.Number, before.TableSha256), (after.Current.Number, after.TableSha256));
        Assert.Single(await Datasets.VersionsAsync(before.Id, Cancellation));
        Assert.True(File.Exists(Services.GetRequiredService<ArtefactStore>().PathOf(before.FileSha256)));
    }

    /// <summary>On the column's card; gives the reading that the page went to.</summary>
    private async Task<ImportRow> ChangeKindAsync(DatasetRow dataset, string column, ColumnKind kind)
    {
        var page = Open(dataset);
        var index = dataset.Profile.Columns.ToList().FindIndex(c => c.Name == column);
        page.WaitForAssertion(() => page.Find(".column-card select"), Patience);
        await page.ChangeAsync(".column-card select", kind.ToString(), index);
        page.WaitForAssertion(() => Assert.Contains("/imports/", Navigation.Uri), Patience);
        return (await Imports.FindAsync(ImportInAddress, Cancellation))!;
    }
}
