using Bunit;
using Microsoft.AspNetCore.Components;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Monitoring;
using ModelWorkbench.Workbench.Monitoring;
using ModelWorkbench.Workbench.Monitoring.Parts;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Monitoring;

public sealed class WatchPartTests : PartTest
{
    [Fact]
    public void Tiles_say_shares_of_what_went_wrong_and_mark_our_own_faults()
    {
        var tiles = Render<TrafficTiles>(p => p.Add(x => x.Counts, new TrafficCounts(96, 2, 1, 1, 300, 120, 900, null)));
        Assert.Equal(["100", "300", "120 µs", "900 µs", "–", "2 (2.0 %)", "1 (1.0 %)", "1 (1.0 %)"], tiles.FindAll("dd").Select(d => d.TextContent));
        Assert.Contains("Failed", tiles.Find(".bad").TextContent);
        Assert.Empty(Render<TrafficTiles>(p => p.Add(x => x.Counts, new TrafficCounts(1, 0, 0, 0, 1, 1, 1, 1))).FindAll(".bad"));
    }

    [Fact]
    public void Keys_are_named_where_they_are_known()
    {
        var counts = new TrafficCounts(1, 0, 0, 0, 1, 1, 1, 1);
        var table = Render<TrafficTable>(p => p
            .Add(x => x.Parts, [new TrafficPart(2, "mwk_1", "native", counts), new TrafficPart(2, "mwk_2", "v2", counts), new TrafficPart(1, "", "mlflow", counts)])
            .Add(x => x.Keys, [new EndpointKeyRow { Prefix = "mwk_1", Hash = [], Name = "shop" }]));
        Assert.Equal(["shop (mwk_1…)", "mwk_2…", "none"], table.FindAll("tbody tr").Select(r => r.QuerySelectorAll("td")[1].TextContent));
    }

    [Fact]
    public void Live_quality_is_better_or_worse_only_beyond_its_interval()
    {
        static LiveQuality Of(Metric metric, double value, double? low, double? high, double? promised) => new(1, 100, metric.Id, value, low, high, promised);
        var table = Render<QualityTable>(p => p.Add(x => x.Quality, [
            Of(Metric.Accuracy, 0.8, 0.7, 0.9, 0.85), Of(Metric.Accuracy, 0.8, 0.7, 0.82, 0.95), Of(Metric.Mae, 3, 2.5, 3.5, 2), Of(Metric.Mae, 1, 0.5, 1.5, 2), Of(Metric.Mae, 1, null, null, 2), Of(Metric.Mae, 1, 0, 2, null)]));
        Assert.Equal(["as in training, as far as so many rows tell", "worse than in training", "worse than in training", "better than in training", "as in training, as far as so many rows tell", "nothing to compare with"],
            table.FindAll("tbody tr").Select(r => r.QuerySelectorAll("td")[^1].TextContent));
        var none = Render<QualityTable>(p => p.Add(x => x.Name, "churn").Add(x => x.BaseAddress, "http://here"));
        Assert.Contains("http://here/api/v1/models/churn/feedback", none.Markup);
    }

    [Fact]
    public void Drift_names_every_column_that_was_compared_and_those_that_were_not()
    {
        var live = new LiveDistribution(new ValueDistribution(null, [50, 50], 0), ["a", "b"]);
        for (var i = 0; i < 60; i++) live.Add(i < 30 ? "c" : "a");
        var columns = Enumerable.Range(0, 25).Select(i => ColumnDrift.Measure($"column {i}", live)).ToArray();
        var table = Render<DriftTable>(p => p.Add(x => x.Report, new DriftReport(2, 60, columns[0] with { Name = "species" }, columns, ["notes"])));
        Assert.Equal(21, table.FindAll("tbody tr").Count);
        Assert.Contains("answers (species)", table.Find("tbody tr").TextContent);
        Assert.Contains("strong change", table.Find("tbody tr").TextContent);
        Assert.Contains("50.0 %", table.Find("tbody tr").TextContent);
        Assert.Contains("notes", table.Markup);
        table.FindAll("button").Single(b => b.TextContent.Contains("Show 5 more", StringComparison.Ordinal)).Click();
        Assert.Equal(26, table.FindAll("tbody tr").Count);
        Assert.Contains("no rows of the live version", Render<DriftTable>().Markup);
        Assert.Contains("below 50 nothing is concluded", Render<DriftTable>(p => p.Add(x => x.Report, new DriftReport(1, 49, null, [], []))).Markup);
    }

    [Fact]
    public void What_callers_sent_is_text_and_a_wrong_answer_is_marked()
    {
        var id = 0;
        LoggedRow Row(string? answer, double? probability, string? truth, string? problem = null) => new() { Id = ++id, EndpointName = "e", RequestId = "r-1", Dialect = "native", Values = """{"name":"<script>alert(1)</script>"}""", Answer = answer, Probability = probability, Truth = truth, Problem = problem };
        var table = Render<LogTable>(p => p.Add(x => x.Rows, [Row("yes", 0.9, "no"), Row("yes", 0.9, "yes"), Row("1.5", null, "1.6"), Row(null, null, null, "Row 0, column 'x': found <b>; expected a number.")]));
        Assert.Empty(table.FindAll("script"));
        Assert.Empty(table.FindAll("b"));
        Assert.Single(table.FindAll(".wrong"));
        Assert.Contains("refused", table.FindAll("details")[3].TextContent);
        Assert.Contains("No row is written down", Render<LogTable>().Markup);
        Assert.Contains("No row fits", Render<LogTable>(p => p.Add(x => x.IsSearch, true)).Markup);
    }

    [Fact]
    public void Columns_that_are_ticked_are_never_written_down()
    {
        LogSettings? saved = null;
        var form = Render<LogSettingsForm>(p => p.Add(x => x.Settings, new LogSettings(Masked: ["zip"])).Add(x => x.Columns, ["name", "zip", "age"]).Add(x => x.OnSave, EventCallback.Factory.Create<LogSettings>(this, s => saved = s)));
        Assert.Contains("Up to 20 rows a second, kept for 30 days, without zip", form.Find("summary").TextContent);
        form.FindAll("input[type=checkbox]")[0].Change(true);
        form.FindAll("input[type=checkbox]")[1].Change(false);
        form.Find("#log-days").Change("7");
        form.Find("form").Submit();
        Assert.Equal((20, 7, 100_000), (saved!.RowsPerSecond, saved.KeepDays, saved.KeepRows));
        Assert.Equal(["name"], saved.Masked);
    }
}
