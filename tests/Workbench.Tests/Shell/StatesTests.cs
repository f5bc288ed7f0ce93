using Bunit;
using Microsoft.AspNetCore.Components;
using ModelWorkbench.Workbench.Shell;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Shell;

public class StatesTests : PartTest
{
    [Fact]
    public void A_header_is_the_pages_only_first_heading_and_shows_names_as_text()
    {
        var header = Render<PageHeader>(p => p.Add(x => x.Title, "<script>alert(1)</script>").Add(x => x.Subtitle, "3 rows").AddChildContent("<button>Go</button>"));
        Assert.Equal("<script>alert(1)</script>", Assert.Single(header.FindAll("h1")).TextContent);
        Assert.Empty(header.FindAll("script"));
        Assert.Equal("Go", header.Find(".actions button").TextContent);
    }

    [Fact]
    public void A_failure_offers_to_try_again_only_where_that_can_help()
    {
        Assert.Empty(Render<FailedState>(p => p.Add(x => x.Title, "No")).FindAll("button"));
        var retried = 0;
        var failed = Render<FailedState>(p => p.Add(x => x.Title, "No").Add(x => x.Message, "Line 3").Add(x => x.Retry, EventCallback.Factory.Create(this, () => retried++)));
        Assert.Equal("alert", failed.Find(".failed-state").GetAttribute("role"));
        failed.Find("button").Click();
        Assert.Equal(1, retried);
    }

    [Fact]
    public void Loading_says_so_to_screen_readers() => Assert.Contains("Reading the file", Render<LoadingState>(p => p.Add(x => x.Text, "Reading the file")).Find("[role=status]").TextContent);

    [Fact]
    public void Help_is_a_button_that_carries_the_explanation()
    {
        var help = Render<HelpTip>(p => p.Add(x => x.Text, "Higher is better.").Add(x => x.Subject, "AUC")).Find("button");
        Assert.Equal("What AUC means: Higher is better.", help.GetAttribute("aria-label"));
    }

    [Fact]
    public void Code_is_shown_as_text_and_copied_as_it_stands()
    {
        var module = JSInterop.SetupModule("/js/clipboard.js");
        module.Setup<bool>("copy", "curl <b>").SetResult(true);
        var block = Render<CodeBlock>(p => p.Add(x => x.Title, "curl").Add(x => x.Text, "curl <b>"));
        Assert.Equal("curl <b>", block.Find("pre code").TextContent);
        block.Find("button").Click();
        block.WaitForAssertion(() => Assert.Contains("Copied", block.Find("button").TextContent));
        Assert.Single(module.Invocations["copy"]);
    }
}
