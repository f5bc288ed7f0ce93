using Bunit;
using Microsoft.AspNetCore.Components;
using ModelWorkbench.Core.Monitoring;
using ModelWorkbench.Workbench.Monitoring.Parts;
using ModelWorkbench.Workbench.Shell;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Monitoring;

public sealed class AlertPartTests : EndpointTest
{
    private static readonly DateTimeOffset Morning = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    private static AlertRow Alert(int id, AlertKind kind, double figure, double threshold, string subject = "") =>
        new() { Id = id, WorkspaceId = WorkspaceRow.FirstId, EndpointName = "homes", Kind = kind, Subject = subject, Version = 2, RaisedAt = Morning, RaisedFigure = figure, Figure = figure, Threshold = threshold };

    [Fact]
    public void Alerts_that_are_up_say_figure_and_threshold_and_can_be_acknowledged_and_muted()
    {
        List<int> acknowledged = [], muted = [];
        var cleared = Alert(1, AlertKind.ErrorShare, 0.05, 0.02);
        cleared.ClearedAt = Morning.AddHours(1);
        cleared.ClearedWhy = "Version 2 is live now.";
        var seen = Alert(2, AlertKind.Latency, 512.345, 250);
        (seen.AcknowledgedAt, seen.AcknowledgedBy) = (Morning, "Ada");
        var panel = Render<AlertsPanel>(p => p.Add(x => x.Alerts, [Alert(3, AlertKind.ColumnDrift, 0.412, 0.25, "sqft"), seen, cleared])
            .Add(x => x.OnAcknowledge, EventCallback.Factory.Create<int>(this, acknowledged.Add)).Add(x => x.OnMute, EventCallback.Factory.Create<int>(this, muted.Add)));
        var up = panel.FindAll("[data-testid=alerts] li").Select(l => l.TextContent).ToArray();
        Assert.Contains("Drift of sqft: PSI 0.41, threshold PSI 0.25.", up[0], StringComparison.Ordinal);
        Assert.Contains("Slow answers: 512.35 ms, threshold 250 ms.", up[1], StringComparison.Ordinal);
        Assert.Contains("seen by Ada", up[1], StringComparison.Ordinal);
        Assert.Contains("Failed requests (Version 2 is live now.)", panel.Find("[data-testid=past-alerts] tbody").TextContent, StringComparison.Ordinal);
        panel.FindAll("[data-testid=acknowledge]").Single().Click();
        panel.Find("[data-testid=mute-hour]").Click();
        Assert.Equal([3], acknowledged);
        Assert.Equal([60], muted);
        var silent = Render<AlertsPanel>(p => p.Add(x => x.Alerts, []).Add(x => x.MutedUntil, Morning));
        Assert.Contains("Muted until 2026-03-01 08:00", silent.Markup, StringComparison.Ordinal);
        Assert.NotNull(silent.Find("[data-testid=unmute]"));
    }

    [Fact]
    public void Thresholds_are_shown_in_percent_and_saved_as_shares_and_what_is_empty_is_not_watched()
    {
        AlertRules? saved = null;
        var form = Render<AlertRulesForm>(p => p.Add(x => x.Rules, new AlertRules()).Add(x => x.Columns, ["sqft", "type"]).Add(x => x.OnSave, EventCallback.Factory.Create<AlertRules>(this, rules => saved = rules)));
        Assert.Contains("8 of 9 figures are watched", form.Find("summary").TextContent, StringComparison.Ordinal);
        Assert.Equal("2", form.Find("#alert-errors").GetAttribute("value"));
        form.Find("#alert-errors").Change("5");
        form.Find("#alert-latency").Change("");
        form.Find("#alert-silence").Change("30");
        form.FindAll("input[type=checkbox]")[1].Change(true);
        form.Find("form").Submit();
        Assert.Equal((0.05, null, 30, "type"), (saved!.MostErrorShare, saved.MostMilliseconds, saved.MostSilentMinutes, saved.IgnoredColumns.Single()));
        saved = null;
        form.Find("#alert-errors").Change("500");
        form.Find("form").Submit();
        Assert.Null(saved);
        Assert.Contains("alerts.mostErrorShare is 5; expected 0 to 1.", form.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void A_webhook_says_its_last_outcome_and_refuses_what_will_not_do()
    {
        WebhookDeliveryRow Delivery(int? status, string? problem, DateTimeOffset? next) => new() { EndpointName = "homes", Event = "alert.raised", Body = "{}", CreatedAt = Morning, Attempts = 2, StatusCode = status, Problem = problem, NextAt = next, Milliseconds = 12 };
        var webhook = new WebhookRow { EndpointName = "homes", Url = "https://example.org/hook", ProtectedSecret = "…", SetAt = Morning, SetBy = "Ada" };
        var tested = 0;
        var form = Render<WebhookForm>(p => p.Add(x => x.Webhook, webhook).Add(x => x.Deliveries, [Delivery(500, "Status 500; expected 200 to 299.", Morning), Delivery(200, null, null)])
            .Add(x => x.Save, (_, _) => throw new ArgumentException("The address will not do.")).Add(x => x.Test, () => { tested++; return Task.CompletedTask; }));
        Assert.Equal("Last: alert.raised, not delivered: Status 500; expected 200 to 299. Tried again at 08:00:00.", form.Find("[data-testid=delivery]").TextContent);
        Assert.Contains("delivered, status 200 after", form.Find("[data-testid=deliveries]").TextContent, StringComparison.Ordinal);
        form.Find("form").Submit();
        Assert.Contains("The address will not do.", form.Markup, StringComparison.Ordinal);
        form.Find("[data-testid=test-webhook]").Click();
        Assert.Equal(1, tested);
        Assert.Empty(Render<WebhookForm>(p => p.Add(x => x.Save, (_, _) => Task.CompletedTask).Add(x => x.Test, () => Task.CompletedTask)).FindAll("[data-testid=test-webhook]"));
    }

    [Fact]
    public async Task The_menu_counts_the_alerts_that_nobody_has_seen()
    {
        await PublishAsync("homes");
        var dot = Render<AlertDot>();
        Assert.Empty(dot.FindAll("[data-testid=alert-dot]"));
        await using (var db = await Databases.CreateDbContextAsync(Cancellation))
        {
            var seen = Alert(0, AlertKind.Latency, 300, 250);
            seen.AcknowledgedAt = Morning;
            db.Alerts.AddRange(Alert(0, AlertKind.ErrorShare, 0.5, 0.02), seen);
            await db.SaveChangesAsync(Cancellation);
        }
        ((WaitingAlerts)Services.GetService(typeof(WaitingAlerts))!).NoteChange();
        dot.WaitForAssertion(() => Assert.Equal("1, 1 alert of endpoints that nobody has seen", dot.Find("[data-testid=alert-dot]").TextContent));
        await Endpoints.SetSettingsAsync("homes", new EndpointSettings { Alerts = new AlertRules(MutedUntil: DateTimeOffset.MaxValue) }, "Ada", Cancellation);
        Assert.Empty(Render<AlertDot>().FindAll("[data-testid=alert-dot]"));
    }
}
