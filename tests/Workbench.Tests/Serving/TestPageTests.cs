using Bunit;
using ModelWorkbench.Workbench.Serving;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Serving;

public sealed class TestPageTests : EndpointTest
{
    [Fact]
    public async Task A_row_is_filled_in_answered_and_shown_as_curl()
    {
        await PublishAsync("homes");
        var page = Render<TestPage>(p => p.Add(x => x.Name, "homes"));
        Assert.Contains("Version 1, Baseline", page.Markup, StringComparison.Ordinal);
        await page.Find("[data-testid=random-row]").ClickAsync(new());
        Assert.Equal("4", page.Find("[data-testid=prediction]").TextContent);
        Assert.Contains("/api/v1/models/homes/predict", page.Markup, StringComparison.Ordinal);
        Assert.Contains("\"predictions\"", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pasted_row_fills_the_form_and_what_is_no_row_says_why()
    {
        await PublishAsync("homes");
        var page = Render<TestPage>(p => p.Add(x => x.Name, "homes"));
        page.Find("[data-testid=paste]").Change("no row at all {");
        page.Find("details.paste form").Submit();
        Assert.NotEmpty(page.Find(".problem").TextContent);

        page.Find("[data-testid=paste]").Change("{\"sqft\": 99, \"type\": \"Castle\"}");
        page.Find("details.paste form").Submit();
        Assert.Empty(page.FindAll(".problem"));
        page.Find("form.inputs").Submit();
        // Outside the training range, and not seen in training: answered, and said.
        Assert.Equal("4", page.Find("[data-testid=prediction]").TextContent);
        Assert.Contains("99 is outside the training range 10 to 20", page.Markup, StringComparison.Ordinal);
        Assert.Contains("Castle", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void An_endpoint_that_is_not_there_says_so() =>
        Assert.Contains("does not answer", Render<TestPage>(p => p.Add(x => x.Name, "nobody")).Markup, StringComparison.Ordinal);
}
