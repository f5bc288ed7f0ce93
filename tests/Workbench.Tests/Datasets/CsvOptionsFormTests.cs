using Bunit;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Workbench.Datasets;
using ModelWorkbench.Workbench.Datasets.Parts;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Datasets;

public class CsvOptionsFormTests : StoreTest
{
    private CsvOptions? _applied;

    private IRenderedComponent<CsvOptionsForm> Open(string text, CsvOptions options)
    {
        var artefacts = Services.GetRequiredService<ArtefactStore>();
        var path = artefacts.NewTemporaryPath();
        File.WriteAllText(path, text);
        var head = CsvHead.Open(path, artefacts.TemporaryFolder, Cancellation);
        return Render<CsvOptionsForm>(form => form.Add(f => f.Options, options).Add(f => f.Head, head).Add(f => f.OnApply, o => _applied = o));
    }

    [Fact]
    public void Another_delimiter_shows_at_once_what_becomes_of_the_lines_and_is_applied_on_request()
    {
        var form = Open("a;b\n1;x\n2;y\n", new CsvOptions());
        form.WaitForAssertion(() => Assert.Contains("1 column", form.Find("[data-testid=csv-preview]").TextContent));
        Assert.True(form.Find("[data-testid=read-again]").HasAttribute("disabled"));

        form.Find("[data-testid=csv-delimiter]").Change(";");
        form.WaitForAssertion(() => Assert.Contains("2 columns", form.Find("[data-testid=csv-preview]").TextContent));
        Assert.Contains("a;b", form.Find("pre").TextContent);
        Assert.Null(_applied);

        form.Find("form").Submit();
        form.WaitForAssertion(() => Assert.Equal(";", _applied?.Delimiter));
    }

    [Fact]
    public void Every_option_reaches_the_reader()
    {
        var form = Open("Report\nname,sum\n# note\nann,1\n", new CsvOptions());
        form.Find("[data-testid=csv-skip]").Change("1");
        form.Find("#csv-comment").Change("#");
        form.Find("#csv-quote").Change("");
        form.Find("#csv-escape").Change("\\");
        form.Find("#csv-thousands").Change(".");
        form.Find("[data-testid=csv-decimal]").Change(",");
        form.Find("[data-testid=csv-encoding]").Change("windows-1252");
        form.Find("[data-testid=csv-bad]").Change("Skip");
        form.Find("[data-testid=csv-header]").Change(false);
        form.Find("[data-testid=csv-missing]").Change("NA -999");
        form.Find("form").Submit();
        form.WaitForAssertion(() => Assert.NotNull(_applied));
        Assert.Equal((1, "#", CsvOptions.NoQuote, (char?)'\\', (char?)'.', ',', "windows-1252", BadLineAction.Skip, false),
            (_applied!.SkipLines, _applied.CommentPrefix, _applied.Quote, _applied.Escape, _applied.ThousandsSeparator, _applied.DecimalMark, _applied.Encoding, _applied.BadLines, _applied.HasHeader));
        Assert.Equal(["NA", "-999"], _applied.MissingMarks);
    }

    [Fact]
    public void A_delimiter_of_several_characters_can_be_written_and_shows_at_once_what_becomes_of_the_lines()
    {
        var form = Open("a||b\n1||x\n2||y\n", new CsvOptions());
        form.Find("[data-testid=csv-delimiter]").Change("other");
        form.WaitForElement("[data-testid=csv-other-delimiter]").Change("||");
        form.WaitForAssertion(() => Assert.Contains("2 columns, every line fits", form.Find("[data-testid=csv-preview]").TextContent));
        form.Find("form").Submit();
        form.WaitForAssertion(() => Assert.Equal("||", _applied?.Delimiter));
    }

    [Fact]
    public void Options_for_rare_files_reach_the_reader()
    {
        var form = Open("1,2\n3,4\n", new CsvOptions());
        form.Find("[data-testid=csv-line-end]").Change("CRLF");
        form.Find("[data-testid=csv-blank]").Change("Keep");
        form.Find("[data-testid=csv-bad]").Change("Widen");
        form.Find("[data-testid=csv-names]").Change("x, y");
        form.Find("#csv-escape").Change("\\*");
        form.Find("#csv-comment").Change("#");
        form.Find("[data-testid=csv-comments-within]").Change(true);
        form.Find("form").Submit();
        form.WaitForAssertion(() => Assert.NotNull(_applied));
        Assert.Equal(("\r\n", BlankLineAction.Keep, BadLineAction.Widen, (char?)'\\', true, true),
            (_applied!.LineEnd, _applied.BlankLines, _applied.BadLines, _applied.Escape, _applied.EscapesEverywhere, _applied.CommentsWithinLines));
        Assert.Equal(["x", "y"], _applied.ColumnNames);
    }

    [Fact]
    public void Options_that_cannot_work_say_why_and_cannot_be_applied()
    {
        var form = Open("a;b\n\"1;x\n2;y\n", new CsvOptions { Delimiter = ";", Quote = '\'', BadLines = BadLineAction.Stop });
        form.Find("#csv-quote").Change("\"");
        form.WaitForAssertion(() => Assert.Contains("never closed", form.Find("[role=alert]").TextContent));
        Assert.True(form.Find("[data-testid=read-again]").HasAttribute("disabled"));
    }

    [Fact]
    public async Task Versions_stay_and_each_can_be_made_current_again()
    {
        var dataset = await ImportAsync("sales.csv", "a;b\n1;x\n2;y\n");
        await Datasets.ReadAgainAsync(dataset.Id, dataset.Options! with { HasHeader = false, Kinds = new Dictionary<string, ColumnKind>() }, Cancellation);
        Navigate($"/datasets/{dataset.Id}?version=1");
        var page = Render<DatasetPage>(p => p.Add(d => d.Id, dataset.Id));
        page.WaitForAssertion(() => Assert.Contains("This is version 1", page.Find("[data-testid=older-version]").TextContent));

        await Datasets.MakeCurrentAsync(dataset.Id, 1, Cancellation);
        Assert.Equal((1, 2), ((await Datasets.FindAsync(dataset.Id, Cancellation))!.Current.Number, (await Datasets.VersionsAsync(dataset.Id, Cancellation)).Count));
        Assert.Equal(2, (await Datasets.FindAsync(dataset.Id, 1, Cancellation))!.Profile.RowCount);
        Assert.Equal(3, (await Datasets.FindAsync(dataset.Id, 2, Cancellation))!.Profile.RowCount);
        Assert.Null(await Datasets.FindAsync(dataset.Id, 3, Cancellation));
    }

    private void Navigate(string address) => Services.GetRequiredService<Microsoft.AspNetCore.Components.NavigationManager>().NavigateTo(address);
}
