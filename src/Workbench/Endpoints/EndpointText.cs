using System.Globalization;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Endpoints;

/// <summary>What people read about endpoints.</summary>
public static class EndpointText
{
    public static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    private static string Source(EndpointEventRow line) => line.Kind == EndpointEventKind.Imported ? " from a model file" : "";

    /// <summary>What a line of the history says, as a sentence without its subject.</summary>
    public static string Describe(EndpointEventRow line) => line.Kind switch
    {
        EndpointEventKind.Published or EndpointEventKind.Imported when line.From is null => $"published version 1{Source(line)}, the first",
        EndpointEventKind.Published or EndpointEventKind.Imported when line.To!.Contains(',', StringComparison.Ordinal) => $"published version {line.To.Split(',')[0]}{Source(line)} as challenger; version {line.LiveVersion} stays live",
        EndpointEventKind.Published or EndpointEventKind.Imported => $"published version {line.To}{Source(line)} in place of version {line.From}",
        EndpointEventKind.Promoted => $"made version {line.To} live in place of version {line.From}",
        EndpointEventKind.RolledBack => $"rolled back from version {line.From} to version {line.To}",
        EndpointEventKind.Retired => $"retired version {line.From}",
        EndpointEventKind.AliasSet => line.From is null ? $"set the alias {line.To}" : $"moved the alias {line.From} to {line.To}",
        EndpointEventKind.AliasRemoved => $"removed the alias {line.From}",
        EndpointEventKind.TrafficSet => $"sends {line.To}; before, {line.From}",
        EndpointEventKind.ShadowSet => line.To is null ? $"ended the shadow ({line.From})" : $"set a shadow: {line.To}",
        EndpointEventKind.SettingsChanged => line.To == "limits" ? "changed the limits" : line.To!,
        EndpointEventKind.KeyAdded => $"made the key {line.To}",
        EndpointEventKind.KeyRevoked => $"revoked the key {line.From}",
        _ => "deleted the endpoint",
    };

    public static string Scopes(EndpointScopes scopes) => scopes == EndpointScopes.All ? "everything" : scopes.ToString().ToLowerInvariant();
}
