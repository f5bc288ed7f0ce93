namespace ModelWorkbench.Workbench.Audit;

/// <summary>Who is behind what is being done now, as the audit log names them.</summary>
/// <param name="Name">The person, the token, or <c>workbench</c>.</param>
/// <param name="Address">IP address, where there is one.</param>
/// <param name="UserId">The person's account, also behind a token: whose turn it takes where work waits. Null for what nobody asked for.</param>
public sealed record Actor(string Name, string? Address, int? UserId = null)
{
    /// <summary>What nobody asked for: schedules, what is begun again after a restart.</summary>
    public static readonly Actor Workbench = new("workbench", null);

    /// <summary>Somebody at the command line of the machine.</summary>
    public static Actor CommandLine => new($"command line ({Environment.UserName})", null);

    private static readonly AsyncLocal<Actor?> Flowing = new();

    /// <summary>Of this request or this event of a page, and of what it awaits.</summary>
    public static Actor Current
    {
        get => Flowing.Value ?? Workbench;
        set => Flowing.Value = value;
    }
}
