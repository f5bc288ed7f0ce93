using Bunit;
using Microsoft.AspNetCore.Components;
using ModelWorkbench.Workbench.Endpoints.Parts;
using ModelWorkbench.Workbench.Serving;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Endpoints;

public sealed class EndpointPanelTests : PartTest
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static EndpointRow Endpoint(int versions = 3, int live = 2) => new()
    {
        WorkspaceId = 1,
        Name = "churn",
        LiveVersion = live,
        Versions = [.. Enumerable.Range(1, versions).Select(n => new EndpointVersionRow { Number = n, ModelSha256 = "x", TrainerName = "Random forest", ExperimentId = 4, TrialNumber = n, PublishedAt = Noon.AddHours(n) })],
    };

    [Fact]
    public void Shares_always_sum_to_a_hundred_while_one_is_moved()
    {
        IReadOnlyList<TrafficShare>? saved = null;
        var panel = Render<TrafficPanel>(p => p.Add(x => x.Endpoint, Endpoint()).Add(x => x.OnTraffic, EventCallback.Factory.Create<IReadOnlyList<TrafficShare>>(this, s => saved = s)));
        foreach (var (version, share) in new[] { (3, 10), (1, 35), (3, 90), (2, 100), (2, 0), (1, 1) })
        {
            panel.Find($"[data-testid=share-{version}]").Input(share.ToString(System.Globalization.CultureInfo.InvariantCulture));
            var shares = panel.FindAll("output").Take(3).Select(o => int.Parse(o.TextContent.Replace("%", "", StringComparison.Ordinal).Trim(), System.Globalization.CultureInfo.InvariantCulture)).ToArray();
            Assert.Equal(100, shares.Sum());
            Assert.Equal(share, shares[3 - version]);
        }
        panel.Find("[data-testid=save-traffic]").Click();
        Assert.Equal(100, saved!.Sum(s => s.Percent));
        Assert.All(saved!, s => Assert.InRange(s.Percent, 1, 100));
    }

    [Theory]
    [InlineData("auc-score", 0.79, 0.84, true)]
    [InlineData("auc-score", 0.84, 0.79, false)]
    [InlineData("rmse-error", 12.5, 11.0, true)]
    [InlineData("rmse-error", 11.0, 12.5, false)]
    [InlineData("auc-score", 0.840001, 0.840002, false)]
    public void What_is_worse_than_the_live_version_goes_live_only_where_somebody_says_so(string metric, double now, double before, bool isAsked)
    {
        var confirmed = false;
        var part = Render<WorseConfirmation>(p => p.Add(x => x.Comparison, new VersionComparison(2, 1000, 0.1, metric, now, before, 12, 24)).Add(x => x.IsConfirmedChanged, c => confirmed = c));
        Assert.Equal(isAsked, WorseConfirmation.IsWorse(part.Instance.Comparison));
        Assert.Equal(isAsked ? 1 : 0, part.FindAll("[data-testid=worse]").Count);
        if (!isAsked) return;
        part.Find("input[type=checkbox]").Change(true);
        Assert.True(confirmed);
        // Of what could not be compared nothing is known.
        part.Render(p => p.Add(x => x.Comparison, new VersionComparison(2, 0, 0, null, null, null, 0, 0, WhyNot: "Other columns.")));
        Assert.Empty(part.FindAll("[data-testid=worse]"));
    }

    [Fact]
    public void With_one_version_there_is_nothing_to_split()
    {
        Assert.Contains("One version answers all requests", Render<TrafficPanel>(p => p.Add(x => x.Endpoint, Endpoint(1, 1))).Markup);
    }

    [Fact]
    public void Only_versions_that_are_neither_live_nor_retired_can_be_made_live()
    {
        var endpoint = Endpoint();
        endpoint.Versions[0].RetiredAt = Noon.AddDays(1);
        endpoint.Versions[2].Comparison = new VersionComparison(2, 1000, 0.123, "auc-score", 0.91234, 0.9, 12, 24);
        (int Version, string Why)? promoted = null;
        var panel = Render<VersionsPanel>(p => p.Add(x => x.Endpoint, endpoint).Add(x => x.OnPromote, EventCallback.Factory.Create<(int, string)>(this, change => promoted = change)));
        Assert.Single(panel.FindAll("button"), b => b.TextContent.Contains("Make live", StringComparison.Ordinal));
        Assert.Contains("Nothing to roll back to", panel.Markup);
        Assert.Contains("retired 2026-03-02", panel.Markup);
        Assert.Equal(["0.9123", "0.9000", "12 µs", "24 µs", "12.3 %"], panel.FindAll("[data-testid=comparison] tbody td.figure").Select(c => c.TextContent));
        panel.Find("#why").Change("is better");
        panel.FindAll("button").Single(b => b.TextContent.Contains("Make live", StringComparison.Ordinal)).Click();
        Assert.Equal((3, "is better"), promoted);
    }

    [Fact]
    public void A_key_that_has_ended_is_shown_as_such_and_a_new_one_is_asked_for_with_its_scopes()
    {
        (string Name, EndpointScopes Scopes, int? Days)? asked = null;
        var panel = Render<KeysPanel>(p => p
            .Add(x => x.Keys, [new EndpointKeyRow { Prefix = "mwk_1", Hash = [], CreatedAt = Noon, ExpiresAt = Noon.AddDays(1) }, new EndpointKeyRow { Prefix = "mwk_2", Hash = [], CreatedAt = Noon, ExpiresAt = Noon.AddDays(9), Scopes = EndpointScopes.Predict }])
            .Add(x => x.Now, Noon.AddDays(2)).Add(x => x.IsOpen, true).Add(x => x.OnAdd, EventCallback.Factory.Create<(string, EndpointScopes, int?)>(this, key => asked = key)));
        Assert.Contains("expired 2026-03-02", panel.Markup);
        Assert.Contains("valid until 2026-03-10", panel.Markup);
        Assert.Contains("anybody who reaches it may ask", panel.Markup);
        panel.FindAll("input[type=checkbox]")[1].Change(false);
        panel.Find("form").Submit();
        Assert.Equal(("", EndpointScopes.Predict | EndpointScopes.Metadata, null), asked);
    }

    [Fact]
    public void Limits_that_cannot_work_are_named_and_not_saved()
    {
        EndpointSettings? saved = null;
        var panel = Render<LimitsPanel>(p => p.Add(x => x.Settings, new EndpointSettings { MaxRows = 500, Guard = new GuardSettings(BakeMinutes: 7) }).Add(x => x.Defaults, new WorkbenchOptions()).Add(x => x.OnSave, EventCallback.Factory.Create<EndpointSettings>(this, s => saved = s)));
        Assert.Equal("7", panel.Find("#bake").GetAttribute("value"));
        panel.Find("#max-rows").Change("20000");
        panel.Find("form").Submit();
        Assert.Contains("maxRows is 20,000; expected 1 to 10,000.", panel.Markup);
        Assert.Null(saved);
        panel.Find("#max-rows").Change("700");
        panel.Find("form").Submit();
        Assert.Equal((700, 7), (saved!.MaxRows, saved.Guard!.BakeMinutes));
    }

    [Fact]
    public void The_history_tells_in_sentences_and_which_version_answered_when()
    {
        EndpointEventRow[] history =
        [
            new() { WorkspaceId = 1, Id = 3, EndpointName = "churn", Who = "guard", At = Noon.AddHours(3), Kind = EndpointEventKind.RolledBack, From = "2", To = "1", Why = "too slow", LiveVersion = 1 },
            new() { WorkspaceId = 1, Id = 2, EndpointName = "churn", Who = "Ann", At = Noon.AddHours(2), Kind = EndpointEventKind.Published, From = "1", To = "2", LiveVersion = 2 },
            new() { WorkspaceId = 1, Id = 1, EndpointName = "churn", Who = "Ann", At = Noon, Kind = EndpointEventKind.Published, To = "1", LiveVersion = 1 },
        ];
        var panel = Render<HistoryPanel>(p => p.Add(x => x.History, history));
        Assert.Equal(["guard rolled back from version 2 to version 1: “too slow”", "Ann published version 2 in place of version 1.", "Ann published version 1, the first."], panel.FindAll("li span").Select(s => s.TextContent));
        foreach (var (moment, answer) in new[] { ("2026-03-01T14:03", "Version 2, since 2026-03-01 14:00."), ("2026-03-01T13:00", "Version 1, since 2026-03-01 12:00."), ("2026-02-01T13:00", "Nothing was published then.") })
        {
            panel.Find("#history-at").Change(moment);
            panel.Find("form").Submit();
            Assert.Equal(answer, panel.Find("[role=status]").TextContent);
        }
    }

    [Fact]
    public void Figures_of_versions_give_quantiles_and_a_shift()
    {
        Assert.Equal(0, VersionFigures.Shift(new VersionFigures(2), new VersionFigures(2)));
        Assert.True(double.IsNaN(new VersionFigures(0).Latency(0.5)));
    }
}
