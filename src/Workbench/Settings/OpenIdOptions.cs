using System.Net;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Settings;

/// <summary>A provider of OpenID Connect that people may sign in by (section "Workbench:OpenId"); there is none without an <see cref="Authority"/>.</summary>
public sealed class OpenIdOptions
{
    public const string Section = $"{WorkbenchOptions.Section}:{nameof(WorkbenchOptions.OpenId)}";

    /// <summary>Where the provider describes itself, below <c>/.well-known/openid-configuration</c>: https, or http on this machine.</summary>
    public string Authority { get; set; } = "";

    /// <summary>What the provider calls this workbench.</summary>
    public string ClientId { get; set; } = "";

    /// <summary>What this workbench proves itself to the provider with; shown nowhere.</summary>
    public string ClientSecret { get; set; } = "";

    /// <summary>What is asked for, separated by spaces.</summary>
    public string Scopes { get; set; } = "openid profile email";

    /// <summary>What people know the provider by: "Sign in with …".</summary>
    public string Name { get; set; } = "single sign-on";

    /// <summary>The claim that holds a person's e-mail address; it counts where the provider says beside it that it has proved it (<c>email_verified</c>).</summary>
    public string EmailClaim { get; set; } = "email";

    /// <summary>Domains of e-mail addresses, separated by semicolons, of which a proved one is needed to get in; empty for any.</summary>
    public string EmailDomains { get; set; } = "";

    /// <summary>A claim that is needed to get in, such as <c>groups=data-science</c>; empty for none.</summary>
    public string RequiredClaim { get; set; } = "";

    /// <summary>Whether people get an account whom nobody has invited.</summary>
    public bool LetUnknownIn { get; set; }

    /// <summary>What those may do in the first workspace.</summary>
    public WorkspaceRole DefaultRole { get; set; } = WorkspaceRole.Viewer;

    public bool IsOn => Authority.Length > 0;

    public IReadOnlyList<string> Domains => EmailDomains.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public IReadOnlyList<string> ScopeNames => Scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Name and value of the <see cref="RequiredClaim"/>; null for none.</summary>
    public (string Name, string Value)? Claim => RequiredClaim.IndexOf('=') is > 0 and var at && at < RequiredClaim.Length - 1 ? (RequiredClaim[..at], RequiredClaim[(at + 1)..]) : null;

    /// <summary>Whether what is sent there can be read by nobody else: by TLS, or as it does not leave this machine.</summary>
    public static bool IsSafe(Uri address) => address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp && (address.Host == "localhost" || IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));

    /// <summary>For whoever operates it; without the secret.</summary>
    public override string ToString() => IsOn ? $"{Name} ({Authority})" : "";

    public void AddProblems(List<string> problems)
    {
        if (!IsOn)
        {
            if (ClientId.Length > 0 || ClientSecret.Length > 0) problems.Add($"{Section}:{nameof(Authority)} is empty beside {nameof(ClientId)} or {nameof(ClientSecret)}; expected the address of the provider, such as https://login.example.org.");
            return;
        }
        if (!Uri.TryCreate(Authority, UriKind.Absolute, out var address) || address.Scheme != Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttp || address.Query.Length + address.Fragment.Length + address.UserInfo.Length > 0)
            problems.Add($"{Section}:{nameof(Authority)} is '{Authority}'; expected the address of the provider, such as https://login.example.org.");
        else if (!IsSafe(address))
            problems.Add($"{Section}:{nameof(Authority)} is '{Authority}', where secrets would go without TLS; expected https, or http on this machine alone.");
        if (ClientId.Length == 0) problems.Add($"{Section}:{nameof(ClientId)} is empty; expected what the provider calls this workbench.");
        if (ClientSecret.Length == 0) problems.Add($"{Section}:{nameof(ClientSecret)} is empty; expected the secret that the provider gave with {nameof(ClientId)}.");
        if (!ScopeNames.Contains("openid")) problems.Add($"{Section}:{nameof(Scopes)} is '{Scopes}'; expected openid among them.");
        if (string.IsNullOrWhiteSpace(Name)) problems.Add($"{Section}:{nameof(Name)} is empty; expected what people know the provider by.");
        if (string.IsNullOrWhiteSpace(EmailClaim)) problems.Add($"{Section}:{nameof(EmailClaim)} is empty; expected the name of a claim, such as email.");
        if (RequiredClaim.Length > 0 && Claim is null) problems.Add($"{Section}:{nameof(RequiredClaim)} is '{RequiredClaim}'; expected name=value, such as groups=data-science.");
        foreach (var domain in Domains.Where(d => d.Contains('@') || Uri.CheckHostName(d) != UriHostNameType.Dns)) problems.Add($"{Section}:{nameof(EmailDomains)} names '{domain}'; expected what stands behind the @, such as example.org.");
        if (DefaultRole is < WorkspaceRole.Viewer or > WorkspaceRole.Publisher) problems.Add($"{Section}:{nameof(DefaultRole)} is {DefaultRole}; expected Viewer, Editor or Publisher.");
    }
}
