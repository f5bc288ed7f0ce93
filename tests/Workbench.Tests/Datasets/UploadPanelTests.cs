using Bunit;
using Microsoft.AspNetCore.Components;
using ModelWorkbench.Workbench.Shell;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Datasets;

public class UploadPanelTests : PartTest
{
    private readonly List<string> _uploaded = [];

    [Fact]
    public void A_file_that_is_taken_hands_the_answer_on()
    {
        var (panel, transfer) = Panel("data.csv", 2_000_000);
        panel.Find("input").Change("data.csv");
        Assert.Equal("data.csv", panel.Find(".name").TextContent);
        Assert.Equal(["/api/uploads", "/api/imports", null, "token"], Assert.Single(transfer.Invocations).Arguments.Skip(1).Take(4));
        Assert.Empty(_uploaded);
        transfer.SetResult(new UploadPanel.Answer(202, "/api/v1/imports/7"));
        panel.WaitForAssertion(() => Assert.Equal(["/api/v1/imports/7"], _uploaded));
        panel.WaitForAssertion(() => Assert.NotNull(panel.Find(".invitation")));
        Assert.Empty(panel.FindAll("[role=alert]"));
    }

    [Theory]
    [InlineData(400, "{\"title\":\"Bad\",\"detail\":\"Line 3: found 4 fields, expected 5.\"}", "Line 3: found 4 fields, expected 5.")]
    [InlineData(413, "{\"title\":\"Too large\"}", "Too large")]
    [InlineData(502, "<html>Bad gateway</html>", "The server refused the file with status 502.")]
    [InlineData(500, "[1]", "The server refused the file with status 500.")]
    [InlineData(500, "{\"detail\":7}", "The server refused the file with status 500.")]
    [InlineData(0, "", "The connection was lost")]
    [InlineData(-1, "", "Cancelled")]
    public void An_upload_that_fails_says_why(int status, string body, string expected)
    {
        var (panel, transfer) = Panel("data.csv", 2_000_000);
        panel.Find("input").Change("data.csv");
        transfer.SetResult(new UploadPanel.Answer(status, body));
        panel.WaitForAssertion(() => Assert.Contains(expected, panel.Find("[role=alert]").TextContent));
        Assert.Empty(_uploaded);
    }

    [Fact]
    public async Task Progress_shows_percent_speed_and_what_is_left()
    {
        var (panel, _) = Panel("data.csv", 2_000_000);
        panel.Find("input").Change("data.csv");
        await panel.InvokeAsync(() => panel.Instance.ReportProgress(500_000, 2_000_000));
        Assert.Matches(@"^25 % of 2\.0 MB · .+/s · .+ left$", panel.Find(".state").TextContent);
        Assert.Equal("25", panel.Find("[role=progressbar]").GetAttribute("aria-valuenow"));
        await panel.InvokeAsync(() => panel.Instance.ReportProgress(2_000_000, 2_000_000));
        Assert.Equal("100 %, the import begins", panel.Find(".state").TextContent);
    }

    [Fact]
    public async Task A_lost_connection_is_told_and_what_had_arrived_before_does_not_count_as_speed()
    {
        var (panel, _) = Panel("data.csv", 2_000_000);
        panel.Find("input").Change("data.csv");
        await panel.InvokeAsync(() => panel.Instance.ReportProgress(1_000_000, 2_000_000));
        await panel.InvokeAsync(() => panel.Instance.ReportLost());
        Assert.Contains("lost at 50 %", panel.Find(".state").TextContent);
        await panel.InvokeAsync(() => panel.Instance.ReportResumed(1_000_000, 2_000_000));
        Assert.Matches(@"^50 % of 2\.0 MB · 1 B/s · ", panel.Find(".state").TextContent);
    }

    [Fact]
    public void Cancel_stops_the_transfer()
    {
        var (panel, _) = Panel("data.csv", 2_000_000);
        panel.Find("input").Change("data.csv");
        panel.Find("button").Click();
        Assert.Single(JSInterop.Invocations, i => i.Identifier == "cancel");
    }

    [Theory]
    [InlineData("photo.png", 10, "photo.png is not one of .csv")]
    [InlineData("big.csv", 5_000_000, "big.csv has 5.0 MB; at most 3.0 MB")]
    [InlineData("none.CSV", 0, "none.CSV is empty")]
    public void A_file_that_cannot_be_taken_is_refused_before_anything_is_sent(string name, long size, string expected)
    {
        var (panel, transfer) = Panel(name, size);
        panel.Find("input").Change(name);
        Assert.Contains(expected, panel.Find("[role=alert]").TextContent);
        Assert.Empty(transfer.Invocations);
    }

    [Fact]
    public void The_file_input_can_be_reached_by_keyboard_and_has_a_label()
    {
        var (panel, _) = Panel("data.csv", 1);
        var input = panel.Find("input[type=file]");
        Assert.Null(input.GetAttribute("tabindex"));
        Assert.Equal("choose a file", panel.Find($"label[for={input.Id}]").TextContent);
    }

    private (IRenderedComponent<UploadPanel>, JSRuntimeInvocationHandler<UploadPanel.Answer>) Panel(string name, long size)
    {
        var module = JSInterop.SetupModule("/js/upload.js");
        module.Mode = JSRuntimeMode.Loose;
        module.Setup<UploadPanel.ChosenFile?>("describe", _ => true).SetResult(new UploadPanel.ChosenFile(name, size));
        var transfer = module.Setup<UploadPanel.Answer>("start", _ => true);
        var panel = Render<UploadPanel>(p => p
            .Add(x => x.UploadsUrl, "/api/uploads")
            .Add(x => x.ImportsUrl, "/api/imports")
            .Add(x => x.AntiforgeryToken, "token")
            .Add(x => x.AcceptedExtensions, [".csv"])
            .Add(x => x.MaxBytes, 3_000_000)
            .Add(x => x.OnUploaded, EventCallback.Factory.Create<string>(this, _uploaded.Add)));
        return (panel, transfer);
    }
}
