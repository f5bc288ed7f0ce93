using System.Globalization;
using ModelWorkbench.Core.Monitoring;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Monitoring;

/// <summary>Alerts in words; invariant, as they stand in webhooks too.</summary>
public static class AlertText
{
    /// <summary>What is watched.</summary>
    public static string Title(AlertKind kind, string subject = "") => kind switch
    {
        AlertKind.ErrorShare => "Failed requests",
        AlertKind.InvalidShare => "Requests that do not fit",
        AlertKind.Latency => "Slow answers",
        AlertKind.Silence => "No requests",
        AlertKind.MissingRise => $"Missing values in {subject}",
        AlertKind.UnseenShare => $"Unseen categories in {subject}",
        AlertKind.ColumnDrift => $"Drift of {subject}",
        AlertKind.AnswerDrift => "Drift of the answers",
        AlertKind.QualityLoss => "Worse answers than in training",
        _ => kind.ToString(),
    };

    /// <summary>A figure with its unit.</summary>
    public static string Figure(AlertKind kind, double figure) => kind switch
    {
        AlertKind.ErrorShare or AlertKind.InvalidShare or AlertKind.UnseenShare => string.Create(CultureInfo.InvariantCulture, $"{figure * 100:0.#} %"),
        AlertKind.MissingRise or AlertKind.QualityLoss => string.Create(CultureInfo.InvariantCulture, $"{figure * 100:0.#} points"),
        AlertKind.Latency => string.Create(CultureInfo.InvariantCulture, $"{figure:0.##} ms"),
        AlertKind.Silence => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(figure):0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"PSI {figure:0.00}"),
    };

    public static string Of(AlertRow row) => row.ClearedAt is null
        ? $"{Title(row.Kind, row.Subject)}: {Figure(row.Kind, row.Figure)}, threshold {Figure(row.Kind, row.Threshold)}."
        : $"{Title(row.Kind, row.Subject)}: over. {row.ClearedWhy ?? $"{Figure(row.Kind, row.Figure)}, threshold {Figure(row.Kind, row.Threshold)}."}";
}
