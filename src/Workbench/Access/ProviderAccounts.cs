using System.Security.Claims;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Access;

/// <summary>Somebody as the provider describes them, after its token was proved.</summary>
/// <param name="Issuer">The provider, as the token names it.</param>
/// <param name="Subject">Whom the provider means: never given to somebody else.</param>
/// <param name="Email">Null where there is none that can be compared.</param>
/// <param name="IsVerified">Whether the provider says that it has proved the address.</param>
/// <param name="Name">What they are called; null where that is not said.</param>
/// <param name="Claims">All that was said.</param>
public sealed record ProviderPerson(string Issuer, string Subject, string? Email, bool IsVerified, string? Name, IReadOnlyList<(string Name, string Value)> Claims)
{
    /// <summary>An address that says who somebody is; null where it does not.</summary>
    public string? ProvedEmail => IsVerified ? Email : null;
}

/// <summary>What a browser was sent to the provider for: to sign in, and beyond that at most one of these.</summary>
/// <param name="LinkUserId">To link the account that is signed in.</param>
/// <param name="Invitation">To follow an invitation.</param>
public sealed record ProviderPurpose(int? LinkUserId = null, string? Invitation = null);

/// <summary>Why somebody is not let in by the provider's word.</summary>
public enum ProviderRefusal { Unreachable, NotAccepted, Cancelled, Unknown, Unverified, WrongDomain, MissingClaim, Disabled, LinkedToOther, LinkedElsewhere, NotSignedIn, InvitationOver }

/// <summary>Which account somebody has here whom the provider vouches for. Lives as long as one request.</summary>
/// <remarks>
/// In this order: the account that is linked with issuer and subject; the one that is signed in and asks for the link; a new one by an invitation's link; an account whose proved address is the proved address of the provider, and then an invitation to that address; and only where that is set, a new one for anybody.
/// An address that the provider has not proved says nothing, and an account that is linked already is not linked with somebody else by an address: addresses are given to new people.
/// </remarks>
public sealed class ProviderAccounts(UserManager<UserRow> users, SignInManager<UserRow> signIn, Accounts accounts, Workspaces workspaces, AccessTokens tokens, IDbContextFactory<AppDb> databases, IOptions<WorkbenchOptions> options, AuditLog audit)
{
    private const int MaxEmailLength = 254;

    /// <summary>An address that can be compared letter by letter: other alphabets have letters that look, or become in capitals, like those of another address.</summary>
    public static string? Address(string? text) =>
        text?.Trim() is { Length: > 2 and <= MaxEmailLength } email && email.All(c => c is > ' ' and < '\u007f') && email.IndexOf('@') is > 0 and var at && at == email.LastIndexOf('@') && at < email.Length - 1 ? email : null;

    /// <summary>For the person.</summary>
    public static string Tell(ProviderRefusal refusal) => refusal switch
    {
        ProviderRefusal.Unreachable => "The provider of single sign-on does not answer. Try again in a moment, or sign in another way.",
        ProviderRefusal.NotAccepted => "What the provider of single sign-on answered could not be accepted, or was used before. Begin again from here.",
        ProviderRefusal.Cancelled => "The sign-in was cancelled, or the provider of single sign-on does not let you in here.",
        ProviderRefusal.Unknown => "Nobody has invited you yet. Ask an owner of a workspace for an invitation to your e-mail address.",
        ProviderRefusal.Unverified => "The provider of single sign-on has not proved your e-mail address, so it cannot be used to find your account or your invitation. Follow the link of your invitation, or sign in another way and link your account.",
        ProviderRefusal.WrongDomain => "People with your e-mail address are not let in here.",
        ProviderRefusal.MissingClaim => "Your account at the provider of single sign-on does not have what is needed here, such as a group. Ask whoever looks after it.",
        ProviderRefusal.Disabled => "Your account here is disabled. Ask an administrator.",
        ProviderRefusal.LinkedToOther => "The account here with your e-mail address is linked with somebody else at the provider of single sign-on. Ask an administrator.",
        ProviderRefusal.LinkedElsewhere => "You are linked with another account here already. Sign out, and sign in with that one.",
        ProviderRefusal.NotSignedIn => "You were signed out meanwhile. Sign in, and link your account again.",
        _ => "This invitation is not right, was used before, or is over. Ask for a new one.",
    };

    /// <summary>Lets somebody in, or not.</summary>
    /// <param name="person">Proved by the provider's signature.</param>
    /// <param name="purpose">What they went there for.</param>
    /// <param name="signedIn">Who is signed in here, where a link is wanted.</param>
    /// <returns>Null for somebody who is signed in now, or why not.</returns>
    public async Task<ProviderRefusal?> ComeAsync(ProviderPerson person, ProviderPurpose purpose, ClaimsPrincipal? signedIn, CancellationToken cancellationToken)
    {
        var (refusal, user) = ((ProviderRefusal?)ProviderRefusal.NotAccepted, (UserRow?)null);
        try
        {
            (refusal, user) = await FindAsync(person, purpose, signedIn, cancellationToken);
        }
        catch (Exception e) when (e is AccessException || e is DbUpdateException && StorageFault.Of(e) is null)
        {
            // The same person in two browsers at once: the other one has the account.
        }
        if (refusal is null && !await signIn.CanSignInAsync(user!)) refusal = ProviderRefusal.Disabled;
        if (refusal is { } why) await RecordRefusalAsync(person, why, user);
        else if (purpose.LinkUserId is null) await accounts.SignInAsync(user!, way: options.Value.OpenId.Name);
        return refusal;
    }

    /// <param name="person">Null where the provider's answer did not hold, and nobody knows who it was.</param>
    /// <param name="refusal">Why not.</param>
    /// <param name="user">The account that it was about; null for none.</param>
    public Task RecordRefusalAsync(ProviderPerson? person, ProviderRefusal refusal, UserRow? user = null) => audit.RecordAsync(
        "sign-in", user is not null ? Accounts.SubjectOf(user) : $"{options.Value.OpenId.Name}{(person is null ? "" : $" ({person.Email ?? person.Subject})")}", new { why = refusal, way = options.Value.OpenId.Name }, AuditResult.Refused);

    private async Task<(ProviderRefusal? Refusal, UserRow? User)> FindAsync(ProviderPerson person, ProviderPurpose purpose, ClaimsPrincipal? signedIn, CancellationToken cancellationToken)
    {
        var settings = options.Value.OpenId;
        var linked = await users.FindByLoginAsync(person.Issuer, person.Subject);
        if (settings.Claim is { } claim && !person.Claims.Contains(claim)) return (ProviderRefusal.MissingClaim, linked);
        if (settings.Domains.Count > 0 && !settings.Domains.Contains(person.ProvedEmail?[(person.ProvedEmail.IndexOf('@') + 1)..], StringComparer.OrdinalIgnoreCase)) return (person.IsVerified ? ProviderRefusal.WrongDomain : ProviderRefusal.Unverified, linked);
        if (purpose.LinkUserId is { } wanted)
        {
            if (signedIn is null || await accounts.FindAsync(signedIn) is not { } own || own.Id != wanted) return (ProviderRefusal.NotSignedIn, null);
            return linked is not null && linked.Id != own.Id ? (ProviderRefusal.LinkedElsewhere, linked)
                : linked is null && await IsLinkedAsync(own, person.Issuer) ? (ProviderRefusal.LinkedToOther, own)
                : (null, linked ?? await LinkAsync(own, person));
        }
        if (purpose.Invitation is { } invitation)
        {
            if (await tokens.FindInvitationAsync(invitation, cancellationToken) is not { } offered) return (ProviderRefusal.InvitationOver, linked);
            return linked is not null && linked.IsDisabled ? (ProviderRefusal.Disabled, linked) : await FollowAsync(offered, linked, person, cancellationToken);
        }
        if (linked is not null) return (null, linked);
        if (person.ProvedEmail is { } email)
        {
            var normalized = users.NormalizeEmail(email);
            var same = await users.Users.Where(u => u.NormalizedEmail == normalized && u.EmailConfirmed).OrderBy(u => u.Id).Take(2).ToListAsync(cancellationToken);
            if (same is [var one]) return one.IsDisabled ? (ProviderRefusal.Disabled, one) : await IsLinkedAsync(one, person.Issuer) ? (ProviderRefusal.LinkedToOther, one) : (null, await LinkAsync(one, person));
            if (same.Count == 0 && await tokens.FindInvitationToAsync(email, cancellationToken) is { } offered) return await FollowAsync(offered, null, person, cancellationToken);
        }
        if (!settings.LetUnknownIn) return (person.Email is not null && !person.IsVerified ? ProviderRefusal.Unverified : ProviderRefusal.Unknown, null);
        var made = await MakeAsync(person);
        await workspaces.SetRoleAsync(WorkspaceRow.FirstId, made.Id, settings.DefaultRole, cancellationToken);
        await workspaces.SwitchAsync(made.Id, WorkspaceRow.FirstId, cancellationToken);
        made.WorkspaceId = WorkspaceRow.FirstId;
        return (null, made);
    }

    private async Task<(ProviderRefusal? Refusal, UserRow? User)> FollowAsync(Invitation offered, UserRow? linked, ProviderPerson person, CancellationToken cancellationToken)
    {
        var user = linked ?? await MakeAsync(person);
        try
        {
            await accounts.JoinAsync(offered, user.Id, cancellationToken);
        }
        catch (AccessException)
        {
            if (linked is null) await accounts.RemoveAsync(user);
            return (ProviderRefusal.InvitationOver, linked);
        }
        user.WorkspaceId = offered.WorkspaceId;
        return (null, user);
    }

    /// <summary>Whether the provider means somebody with this account already.</summary>
    private async Task<bool> IsLinkedAsync(UserRow user, string issuer) => (await users.GetLoginsAsync(user)).Any(l => l.LoginProvider == issuer);

    private async Task<UserRow> LinkAsync(UserRow user, ProviderPerson person)
    {
        await Accounts.ThrowUnlessAsync(users.AddLoginAsync(user, new UserLoginInfo(person.Issuer, person.Subject, options.Value.OpenId.Name)));
        if (user.Email is null && person.ProvedEmail is { } email && await IsFreeAsync(email)) await accounts.SetEmailAsync(user, email);
        await audit.RecordAsync("account.link", Accounts.SubjectOf(user), new { provider = person.Issuer, subject = person.Subject });
        return user;
    }

    private async Task<bool> IsFreeAsync(string email)
    {
        var normalized = users.NormalizeEmail(email);
        await using var db = await databases.CreateDbContextAsync();
        return !await db.Users.AnyAsync(u => u.NormalizedEmail == normalized);
    }

    /// <summary>A new account, linked; of a name that is taken the next free one with a number.</summary>
    private async Task<UserRow> MakeAsync(ProviderPerson person)
    {
        var wanted = Accounts.Clean(person.Name ?? "") is { Length: > 0 } called ? called : person.Email ?? "somebody";
        var name = wanted;
        for (var i = 2; await users.FindByNameAsync(name) is not null; i++) name = $"{wanted[..Math.Min(wanted.Length, Accounts.MaxNameLength - 6)]} {i}";
        var user = await accounts.CreateAsync(name, null, isAdministrator: false);
        try
        {
            return await LinkAsync(user, person);
        }
        catch (Exception e) when (e is AccessException or DbUpdateException)
        {
            await accounts.RemoveAsync(user);
            throw;
        }
    }
}
