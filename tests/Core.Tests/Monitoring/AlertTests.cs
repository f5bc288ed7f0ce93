using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Monitoring;
using Xunit;

namespace ModelWorkbench.Core.Tests.Monitoring;

public sealed class AlertTests
{
    private static readonly AlertRules Rules = new();

    private static AlertStep[] Walk(AlertKind kind, double threshold, params double?[] figures)
    {
        var course = new AlertCourse(false);
        return [.. figures.Select(figure =>
        {
            (course, var step) = course.Next(new AlertReading(kind, "", figure, threshold));
            return step;
        })];
    }

    [Fact]
    public void An_alert_is_raised_once_and_cleared_once_when_three_readings_in_a_row_were_well_below()
    {
        const AlertStep stay = AlertStep.Stay;
        Assert.Equal([stay, AlertStep.Raise, stay, stay, stay, stay, AlertStep.Clear, stay], Walk(AlertKind.ErrorShare, 0.1, 0.1, 0.11, 0.5, 0.08, 0.05, null, 0.0, 0.0));
        // Around the threshold it stays up, however long.
        Assert.Equal([AlertStep.Raise, stay, stay, stay, stay, stay, stay], Walk(AlertKind.ColumnDrift, 0.25, 0.3, 0.2, 0.2, 0.21, 0.2, 0.2, 0.26));
        // What is not known neither raises nor clears.
        Assert.Equal([stay, stay], Walk(AlertKind.Latency, 100, null, double.NaN));
        // With a threshold of nothing, anything is too much, and nothing is well.
        Assert.Equal([stay, AlertStep.Raise, stay, stay, AlertStep.Clear], Walk(AlertKind.ErrorShare, 0, 0, 0.001, 0, 0, 0));
    }

    [Fact]
    public void A_silence_begins_at_its_minute_and_ends_with_a_request() =>
        Assert.Equal([AlertStep.Stay, AlertStep.Raise, AlertStep.Stay, AlertStep.Clear, AlertStep.Stay], Walk(AlertKind.Silence, 30, 29.9, 30, 31, 0.5, 1));

    [Fact]
    public void Requests_are_judged_where_there_are_enough()
    {
        static double? Of(IReadOnlyList<AlertReading> readings, AlertKind kind) => readings.Single(r => r.Kind == kind).Figure;
        var enough = Rules.Read(new TrafficCounts(15, 3, 1, 1, 100, 1_000, 2_000, 30_000), 5);
        Assert.Equal((0.05, 0.15, 30), (Of(enough, AlertKind.ErrorShare), Of(enough, AlertKind.InvalidShare), Of(enough, AlertKind.Latency)));
        Assert.DoesNotContain(enough, r => r.Kind == AlertKind.Silence);
        var few = (Rules with { MostSilentMinutes = 30 }).Read(new TrafficCounts(0, 18, 0, 1, 0, null, null, null), 5);
        Assert.All(few.Where(r => r.Kind != AlertKind.Silence), r => Assert.Null(r.Figure));
        Assert.Equal(5, Of(few, AlertKind.Silence));
        Assert.Empty((Rules with { MostErrorShare = null, MostInvalidShare = null, MostMilliseconds = null }).Read(new TrafficCounts(15, 3, 1, 1, 100, 1, 1, 1), 5));
    }

    [Fact]
    public void Columns_are_judged_beside_their_training_and_ignored_ones_are_not()
    {
        static ColumnDrift Drift(string name, int count, string value)
        {
            var live = new LiveDistribution(new ValueDistribution(null, [50, 50], 0), ["a", "b"]);
            for (var i = 0; i < count; i++) live.Add(i % 2 == 0 ? "a" : value);
            return ColumnDrift.Measure(name, live);
        }

        var readings = (Rules with { IgnoredColumns = ["noisy"] }).Read(Drift("answers", 100, "b"), [Drift("new", 100, "c"), Drift("noisy", 100, "c"), Drift("few", 10, "c")]);
        Assert.DoesNotContain(readings, r => r.Subject == "noisy");
        Assert.Equal(0.5, readings.Single(r => r is { Subject: "new", Kind: AlertKind.UnseenShare }).Figure);
        Assert.Equal(0.0, readings.Single(r => r is { Subject: "new", Kind: AlertKind.MissingRise }).Figure);
        Assert.True(readings.Single(r => r is { Subject: "new", Kind: AlertKind.ColumnDrift }).Figure > 1);
        Assert.All(readings.Where(r => r.Subject == "few"), r => Assert.Null(r.Figure));
        Assert.Equal(0.0, readings.Single(r => r.Kind == AlertKind.AnswerDrift).Figure!.Value, 1e-9);
    }

    [Theory]
    [InlineData("accuracy-score", 0.80, 0.75, 0.85, 0.95, 0.15)]
    [InlineData("accuracy-score", 0.80, 0.75, 0.85, 0.84, 0.0)]
    [InlineData("accuracy-score", 0.99, 0.97, 1.0, 0.84, 0.0)]
    [InlineData("mae", 3.0, 2.5, 3.5, 2.0, 0.5)]
    [InlineData("mae", 3.0, 1.5, 4.5, 2.0, 0.0)]
    [InlineData("mae", 3.0, 2.5, 3.5, 0.0, 1.0)]
    [InlineData("mae", 1.0, 0.5, 1.5, 2.0, 0.0)]
    public void Quality_is_lost_only_beyond_chance(string metric, double value, double low, double high, double promised, double expected)
    {
        var id = metric == "mae" ? Core.Evaluation.Metric.Mae.Id : metric;
        var quality = new LiveQuality(1, 60, id, value, low, high, promised);
        Assert.Equal(expected, Assert.Single(Rules.Read(quality)).Figure!.Value, 1e-12);
        Assert.Null(Assert.Single(Rules.Read(quality with { RowCount = 49 })).Figure);
        Assert.Null(Assert.Single(Rules.Read(quality with { InTraining = null })).Figure);
        Assert.Empty((Rules with { MostQualityLoss = null }).Read(quality));
    }

    [Fact]
    public void Every_threshold_that_cannot_work_is_named()
    {
        Assert.Empty(Rules.Problems());
        var problems = (Rules with { WindowMinutes = 0, MostErrorShare = 2, MostMilliseconds = double.NaN, MostColumnPsi = -1 }).Problems();
        Assert.Equal(4, problems.Count);
        Assert.Contains("alerts.mostErrorShare is 2; expected 0 to 1.", problems);
    }
}
