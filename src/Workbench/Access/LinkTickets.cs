using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;

namespace ModelWorkbench.Workbench.Access;

/// <summary>What the page of an account puts into its link to the provider: that the person asked for it there, a moment ago.</summary>
public sealed class LinkTickets(IDataProtectionProvider protection)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    private readonly ITimeLimitedDataProtector _protector = protection.CreateProtector("account link").ToTimeLimitedDataProtector();

    public string Make(int userId) => _protector.Protect(userId.ToString(CultureInfo.InvariantCulture), Lifetime);

    public bool IsOf(int userId, string? ticket)
    {
        try
        {
            return ticket is not null && _protector.Unprotect(ticket) == userId.ToString(CultureInfo.InvariantCulture);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
