using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Serving.Dialects;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>What became of a request.</summary>
public enum RequestOutcome
{
    Answered,

    /// <summary>It does not fit the model, or cannot be read.</summary>
    Invalid,

    /// <summary>No key, too many requests, too large, or no room.</summary>
    Refused,

    /// <summary>A fault of ours.</summary>
    Failed,
}

/// <summary>A request that is over. Times are those of <see cref="Stopwatch.GetTimestamp"/>.</summary>
public struct ServedRequest
{
    public required string Endpoint;
    public required Dialect Dialect;

    /// <summary>The version that answered; 0 where none did.</summary>
    public int Version;

    /// <summary>As it stands in figures.</summary>
    public string VersionText;

    /// <summary>Public part of the caller's key; empty where there is none.</summary>
    public string Key;

    /// <summary>What the answer calls this request, and feedback about it will.</summary>
    public string? Id;

    public RequestOutcome Outcome;
    public int Rows;
    public long Began;
    public long Read;
    public long Scored;
    public long Ended;
}

/// <summary>The figures of serving as OpenTelemetry instruments; <c>/metrics</c> shows them to Prometheus.</summary>
public sealed class ServingFigures
{
    public const string MeterName = "ModelWorkbench.Serving";

    private static readonly string[] Outcomes = ["ok", "invalid", "rejected", "error"];

    // From 50 µs to 10 s: most answers take less than a millisecond.
    private static readonly InstrumentAdvice<double> Seconds = new() { HistogramBucketBoundaries = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] };

    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _parse;
    private readonly Histogram<double> _score;
    private readonly Counter<long> _missing;
    private readonly Counter<long> _unseen;
    private readonly Counter<long> _feedback;
    private readonly Counter<long> _unlogged;

    public ServingFigures(IMeterFactory meters, LiveModels models)
    {
        // Counts are read from the versions when somebody asks: each instrument that a request writes to costs about as much as reading a row of JSON.
        var meter = meters.Create(MeterName);
        meter.CreateObservableCounter("mw.inference.requests", () => Versions(models).SelectMany(v => Dialect.All.SelectMany(dialect => Enum.GetValues<RequestOutcome>()
            .Select(outcome => (Count: v.Figures.Outcomes(dialect, outcome), dialect, outcome)).Where(c => c.Count > 0)
            .Select(c => new Measurement<long>(c.Count, v.Model, v.Version, new("protocol", c.dialect.Name), new("outcome", Outcomes[(int)c.outcome]))))), "{request}", "Requests for predictions, by what became of them");
        meter.CreateObservableCounter("mw.inference.rows", () => Versions(models).Select(v => new Measurement<long>(v.Figures.Rows, v.Model, v.Version)), "{row}", "Rows answered");
        _duration = meter.CreateHistogram("mw.inference.duration", "s", "From the first byte of the request to the last of the answer", advice: Seconds);
        _parse = meter.CreateHistogram("mw.inference.parse.duration", "s", "Reading and checking the rows", advice: Seconds);
        _score = meter.CreateHistogram("mw.inference.score.duration", "s", "The model's own time", advice: Seconds);
        _missing = meter.CreateCounter<long>("mw.inference.missing_values", "{value}", "Missing values in rows that were answered, unseen ones among them, by column");
        _unseen = meter.CreateCounter<long>("mw.inference.unseen_category", "{value}", "Categories that training rows did not have, by column");
        _feedback = meter.CreateCounter<long>("mw.feedback.joined", "{row}", "Rows whose truth was told");
        _unlogged = meter.CreateCounter<long>("mw.log.dropped", "{row}", "Rows that were to be written into the request log and were not: more came than could be written");
        // The names that dashboards for MLServer know.
        meter.CreateObservableCounter("model_infer_request_success", () => Versions(models).Select(v => new Measurement<long>(v.Figures.CountOf(RequestOutcome.Answered), v.Model, v.Version)), description: "Requests answered");
        meter.CreateObservableCounter("model_infer_request_failure",
            () => Versions(models).Select(v => new Measurement<long>(v.Figures.CountOf(RequestOutcome.Invalid) + v.Figures.CountOf(RequestOutcome.Refused) + v.Figures.CountOf(RequestOutcome.Failed), v.Model, v.Version)), description: "Requests not answered");
    }

    /// <summary>The versions that were asked since the workbench started.</summary>
    private static IEnumerable<(KeyValuePair<string, object?> Model, KeyValuePair<string, object?> Version, VersionFigures Figures)> Versions(LiveModels models) =>
        from endpoint in models.Endpoints
        from version in endpoint.Versions.Values
        where version.Figures is not null
        select (new KeyValuePair<string, object?>("model", endpoint.Name), new KeyValuePair<string, object?>("version", version.Number.ToString(CultureInfo.InvariantCulture)), version.Figures);

    /// <summary>Notes how long an answered request took.</summary>
    public void Record(in ServedRequest request)
    {
        if (request.Outcome != RequestOutcome.Answered) return;
        var (model, version) = (new KeyValuePair<string, object?>("model", request.Endpoint), new KeyValuePair<string, object?>("version", request.VersionText));
        _duration.Record(SecondsBetween(request.Began, request.Ended), model, version);
        _parse.Record(SecondsBetween(request.Began, request.Read), model, version);
        _score.Record(SecondsBetween(request.Read, request.Scored), model, version);
    }

    /// <summary>Counts what was missing in an answered request; its values are counted already.</summary>
    public void CountValues(LiveModel model, RowBatch rows)
    {
        var (name, version) = (new KeyValuePair<string, object?>("model", model.Name), new KeyValuePair<string, object?>("version", model.VersionText));
        for (var column = 0; column < rows.Signature.Inputs.Count; column++)
        {
            // Most are whole: only what is missing costs anything.
            if (rows.MissingCounts[column] > 0) _missing.Add(rows.MissingCounts[column], name, version, new("column", rows.Signature.Inputs[column].Name));
            if (rows.UnseenCounts[column] > 0) _unseen.Add(rows.UnseenCounts[column], name, version, new("column", rows.Signature.Inputs[column].Name));
        }
    }

    public void CountFeedback(string endpoint, int rows) => _feedback.Add(rows, new KeyValuePair<string, object?>("model", endpoint));

    public void CountUnlogged(string endpoint, int rows) => _unlogged.Add(rows, new KeyValuePair<string, object?>("model", endpoint));

    private static double SecondsBetween(long from, long to) => (to - from) / (double)Stopwatch.Frequency;
}
