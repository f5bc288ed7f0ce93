namespace ModelWorkbench.Workbench.Storage;

/// <summary>A line of the audit log. Lines are added and never changed; the database itself refuses both changes and deletions.</summary>
public sealed class AuditEntryRow
{
    /// <summary>From 1, without gaps.</summary>
    public long Id { get; set; }

    /// <summary>UTC, to the millisecond.</summary>
    public DateTimeOffset At { get; set; }

    /// <summary>The person, the token, or <c>workbench</c>.</summary>
    public required string Actor { get; set; }

    /// <summary>IP address the request came from; null for what nobody asked for over the network.</summary>
    public string? Address { get; set; }

    /// <summary>What was done, such as <c>endpoint.promote</c>.</summary>
    public required string Action { get; set; }

    /// <summary>To what, such as <c>endpoint churn</c>.</summary>
    public required string Subject { get; set; }

    /// <summary><c>ok</c>, <c>refused</c> or <c>failed</c>.</summary>
    public required string Result { get; set; }

    /// <summary>JSON with what else matters: before and after, reasons, hashes. Never values of the data, never secrets.</summary>
    public string? Details { get; set; }

    /// <summary>Of the entry before; zeros for the first. Unique, so that the chain cannot fork.</summary>
    public required string PreviousHash { get; set; }

    /// <summary>SHA-256 in hexadecimal digits of this entry and the hash before it.</summary>
    public required string Hash { get; set; }
}
