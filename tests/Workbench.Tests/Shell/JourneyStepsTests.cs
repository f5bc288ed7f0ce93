using Bunit;
using ModelWorkbench.Workbench.Shell;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Shell;

public class JourneyStepsTests : PartTest
{
    private static readonly Journey AtCompare = new(JourneyStep.Compare, new Dictionary<JourneyStep, string>
    {
        [JourneyStep.Data] = "/datasets/1",
        [JourneyStep.Compare] = "/experiments/2",
        [JourneyStep.Evaluate] = "/experiments/2/evaluation",
    });

    [Fact]
    public void Steps_stand_in_order_and_only_the_current_one_says_so()
    {
        var steps = Render<JourneySteps>(p => p.Add(x => x.Journey, AtCompare));
        Assert.Equal(["Data", "Clean", "Compare", "Evaluate", "Optimise", "Publish", "Test"], steps.FindAll("li .name").Select(n => n.TextContent));
        Assert.Equal("Compare", Assert.Single(steps.FindAll("[aria-current=step]")).QuerySelector(".name")!.TextContent);
        Assert.Equal("Journey", steps.Find("nav").GetAttribute("aria-label"));
    }

    [Fact]
    public void A_step_is_done_current_available_or_not_available_yet()
    {
        var steps = Render<JourneySteps>(p => p.Add(x => x.Journey, AtCompare));
        Assert.Equal(["done", "unavailable", "current", "available", "unavailable", "unavailable", "unavailable"], steps.FindAll("li").Select(li => li.ClassName));
    }

    [Fact]
    public void Only_steps_that_can_be_reached_are_links_and_the_current_one_is_none()
    {
        var steps = Render<JourneySteps>(p => p.Add(x => x.Journey, AtCompare));
        Assert.Equal(["/datasets/1", "/experiments/2/evaluation"], steps.FindAll("a").Select(a => a.GetAttribute("href")));
        Assert.Contains("not available yet", steps.FindAll("li")[5].TextContent);
        Assert.Contains("done", steps.FindAll("li")[0].TextContent);
    }
}
