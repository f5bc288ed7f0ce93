using System.Buffers.Text;
using System.Security.Claims;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Access;

/// <summary>How an attempt to sign in ended.</summary>
public enum SignInOutcome { SignedIn, Wrong, Locked }

/// <summary>An account as administrators see it.</summary>
public sealed record AccountSummary(int Id, string Name, bool IsAdministrator, bool IsDisabled, bool HasPassword, int PasskeyCount, string? Email, bool IsLinked, DateTimeOffset CreatedAt, DateTimeOffset? SignedInAt);

/// <summary>The accounts of people: making them, signing in, passwords and passkeys. Lives as long as one request or one circuit.</summary>
public sealed class Accounts(UserManager<UserRow> users, SignInManager<UserRow> signIn, IDbContextFactory<AppDb> databases, Workspaces workspaces, AccessTokens tokens, AuditLog audit, TimeProvider time)
{
    public const int LeastPasswordLength = 12;
    public const int MaxNameLength = 60;

    /// <summary>More keys than anybody carries.</summary>
    public const int MostPasskeys = 20;

    /// <summary>The name of the account that is there from the beginning.</summary>
    public const string FirstName = "owner";

    /// <summary>Makes the first account, an administrator that gets in by the link on the console, where there is none.</summary>
    public async Task EnsureFirstAsync(CancellationToken cancellationToken)
    {
        if (await users.Users.AnyAsync(cancellationToken)) return;
        var user = new UserRow { UserName = FirstName, IsAdministrator = true, CreatedAt = time.GetUtcNow(), WorkspaceId = WorkspaceRow.FirstId };
        await ThrowUnlessAsync(users.CreateAsync(user));
        await RecordAsync("account.make", user);
        // Tokens of a time before accounts act for whoever was there then.
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
            await db.AccessTokens.Where(t => t.UserId == null).ExecuteUpdateAsync(set => set.SetProperty(t => t.UserId, user.Id), cancellationToken);
        await workspaces.SetRoleAsync(WorkspaceRow.FirstId, user.Id, WorkspaceRole.Owner, cancellationToken);
    }

    /// <summary>Makes an account.</summary>
    /// <param name="password">Null for one that gets in by link or passkey alone.</param>
    /// <exception cref="AccessException">The name is taken or no name, or the password can be guessed.</exception>
    public async Task<UserRow> CreateAsync(string name, string? password, bool isAdministrator)
    {
        var user = new UserRow { UserName = Clean(name), IsAdministrator = isAdministrator, CreatedAt = time.GetUtcNow() };
        await ThrowUnlessAsync(password is null ? users.CreateAsync(user) : users.CreateAsync(user, password));
        await RecordAsync("account.make", user);
        return user;
    }

    /// <summary>Follows an invitation with a new account.</summary>
    /// <exception cref="AccessException">The invitation is used or over, the name is taken or no name, or the password can be guessed; nothing was made.</exception>
    public async Task JoinAsync(string invitation, string name, string password, CancellationToken cancellationToken)
    {
        var offered = await FindAsync(invitation, cancellationToken);
        var user = await CreateAsync(name, password, isAdministrator: false);
        try
        {
            await JoinAsync(offered, user.Id, cancellationToken);
            user.WorkspaceId = offered.WorkspaceId;
        }
        catch (AccessException)
        {
            await RemoveAsync(user);
            throw;
        }
        await SignInAsync(user);
    }

    /// <summary>Takes back an account that was made a moment ago.</summary>
    public async Task RemoveAsync(UserRow user)
    {
        await using (var db = await databases.CreateDbContextAsync()) await db.Users.Where(u => u.Id == user.Id).ExecuteDeleteAsync();
        await RecordAsync("account.delete", user);
    }

    /// <summary>Follows an invitation with the account that is signed in. A role that is higher already stays.</summary>
    /// <exception cref="AccessException">The invitation is used or over.</exception>
    public async Task JoinAsync(string invitation, int userId, CancellationToken cancellationToken) => await JoinAsync(await FindAsync(invitation, cancellationToken), userId, cancellationToken);

    private async Task<Invitation> FindAsync(string invitation, CancellationToken cancellationToken) =>
        await tokens.FindInvitationAsync(invitation, cancellationToken) ?? throw new AccessException("This invitation is not right, was used before, or is over. Ask for a new one.");

    /// <exception cref="AccessException">The invitation is used.</exception>
    public async Task JoinAsync(Invitation offered, int userId, CancellationToken cancellationToken)
    {
        if (!await tokens.UseAsync(offered.Id, cancellationToken)) throw new AccessException("This invitation was used a moment ago. Ask for a new one.");
        var has = (await workspaces.MembersAsync(offered.WorkspaceId, cancellationToken)).FirstOrDefault(m => m.UserId == userId)?.Role;
        if (has is null || has < offered.Role) await workspaces.SetRoleAsync(offered.WorkspaceId, userId, offered.Role, cancellationToken);
        await workspaces.SwitchAsync(userId, offered.WorkspaceId, cancellationToken);
    }

    /// <summary>Signs in by name and password; five wrong ones lock the account for five minutes.</summary>
    public async Task<SignInOutcome> SignInAsync(string name, string password)
    {
        var user = await users.FindByNameAsync(Clean(name));
        if (user is null)
        {
            // As long as for an account that is there: how long an answer takes must not tell which are.
            users.PasswordHasher.HashPassword(new UserRow(), password);
            return await RefusedAsync($"no account ({Clean(name)})");
        }
        var result = await signIn.CheckPasswordSignInAsync(user, password, lockoutOnFailure: true);
        if (!result.Succeeded)
        {
            await RefusedAsync(SubjectOf(user), result.IsLockedOut ? "locked" : null);
            return result.IsLockedOut ? SignInOutcome.Locked : SignInOutcome.Wrong;
        }
        await SignInAsync(user);
        return SignInOutcome.SignedIn;
    }

    /// <summary>Signs in by what a passkey answered.</summary>
    public async Task<SignInOutcome> SignInByPasskeyAsync(string credential)
    {
        var assertion = await signIn.PerformPasskeyAssertionAsync(credential);
        if (!assertion.Succeeded || !await signIn.CanSignInAsync(assertion.User)) return await RefusedAsync(assertion.User is { } known ? SubjectOf(known) : "unknown passkey");
        // The counter of the key is kept: a copy of it would count on its own.
        await users.AddOrUpdatePasskeyAsync(assertion.User, assertion.Passkey);
        await SignInAsync(assertion.User);
        return SignInOutcome.SignedIn;
    }

    /// <summary>Signs in by a one-time link.</summary>
    public async Task<SignInOutcome> SignInByLinkAsync(string token, CancellationToken cancellationToken)
    {
        if (await tokens.UseSignInAsync(token, cancellationToken) is not { } userId || await FindAsync(userId) is not { } user || !await signIn.CanSignInAsync(user)) return await RefusedAsync("link or token");
        await SignInAsync(user);
        return SignInOutcome.SignedIn;
    }

    private async Task<SignInOutcome> RefusedAsync(string subject, string? why = null)
    {
        await audit.RecordAsync("sign-in", subject, why is null ? null : new { why }, AuditResult.Refused);
        return SignInOutcome.Wrong;
    }

    public static string SubjectOf(UserRow user) => $"account {user.Id} ({user.UserName})";

    private Task RecordAsync(string action, UserRow user, object? details = null) => audit.RecordAsync(action, SubjectOf(user), details);

    /// <summary>Signs in whoever was proved to be this person.</summary>
    /// <param name="way">For the audit log, where it is not one of our own ways.</param>
    public async Task SignInAsync(UserRow user, string? way = null)
    {
        user.SignedInAt = time.GetUtcNow();
        await users.UpdateAsync(user);
        await signIn.SignInAsync(user, isPersistent: true);
        await audit.RecordAsync("sign-in", "browser", way is null ? null : new { way }, actor: Actor.Current with { Name = user.UserName! });
    }

    public async Task<UserRow?> FindAsync(int userId) => await users.FindByIdAsync(userId.ToString(System.Globalization.CultureInfo.InvariantCulture));

    public async Task<UserRow?> FindAsync(ClaimsPrincipal principal) => await users.GetUserAsync(principal);

    public async Task<bool> HasPasswordAsync(UserRow user) => await users.HasPasswordAsync(user);

    /// <summary>Sets the first password, or another one; other browsers are signed out.</summary>
    /// <param name="current">The one that holds; not looked at where there is none.</param>
    /// <exception cref="AccessException">The current one is wrong, or the new one can be guessed.</exception>
    public async Task ChangePasswordAsync(UserRow user, string current, string changed)
    {
        await ThrowUnlessAsync(await users.HasPasswordAsync(user) ? users.ChangePasswordAsync(user, current, changed) : users.AddPasswordAsync(user, changed));
        await RecordAsync("account.password", user);
        await signIn.RefreshSignInAsync(user);
    }

    /// <summary>Every browser has to sign in again, within a minute; tokens stay.</summary>
    public async Task SignOutEverywhereAsync(UserRow user)
    {
        await ThrowUnlessAsync(users.UpdateSecurityStampAsync(user));
        await RecordAsync("account.sign-out-everywhere", user);
        await SignOutAsync();
    }

    /// <summary>Whether anybody can sign in without a link.</summary>
    public async Task<bool> AnyCanSignInAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Users.AnyAsync(u => u.PasswordHash != null, cancellationToken) || await db.Set<IdentityUserPasskey<int>>().AnyAsync(cancellationToken);
    }

    public async Task SignOutAsync()
    {
        await signIn.SignOutAsync();
        await audit.RecordAsync("sign-out", "browser");
    }

    public async Task<IReadOnlyList<UserPasskeyInfo>> PasskeysAsync(UserRow user) => [.. await users.GetPasskeysAsync(user)];

    /// <summary>What a browser is asked to make a passkey with.</summary>
    public async Task<string> PasskeyCreationAsync(UserRow user) =>
        await signIn.MakePasskeyCreationOptionsAsync(new PasskeyUserEntity { Id = user.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), Name = user.UserName!, DisplayName = user.UserName! });

    /// <summary>What a browser is asked for a passkey with; it says which account.</summary>
    public async Task<string> PasskeyRequestAsync() => await signIn.MakePasskeyRequestOptionsAsync(null);

    /// <exception cref="AccessException">The answer does not hold, or there are too many.</exception>
    public async Task AddPasskeyAsync(UserRow user, string credential, string name)
    {
        if ((await users.GetPasskeysAsync(user)).Count >= MostPasskeys) throw new AccessException($"The account has {MostPasskeys} passkeys; expected fewer. Remove one first.");
        var attestation = await signIn.PerformPasskeyAttestationAsync(credential);
        if (!attestation.Succeeded) throw new AccessException($"The passkey was not accepted: {attestation.Failure.Message}");
        attestation.Passkey.Name = Clean(name) is { Length: > 0 } clean ? clean : "passkey";
        await ThrowUnlessAsync(users.AddOrUpdatePasskeyAsync(user, attestation.Passkey));
        await RecordAsync("account.passkey", user, new { added = attestation.Passkey.Name });
    }

    public async Task RemovePasskeyAsync(UserRow user, string id)
    {
        if (!Base64Url.IsValid(id)) return;
        await ThrowUnlessAsync(users.RemovePasskeyAsync(user, Base64Url.DecodeFromChars(id)));
        await RecordAsync("account.passkey", user, new { removed = true });
    }

    /// <summary>Says which e-mail address an account has: by it the provider of single sign-on finds it.</summary>
    /// <param name="email">Empty for none.</param>
    /// <exception cref="AccessException">It is no address, or another account has it.</exception>
    public async Task SetEmailAsync(UserRow user, string email)
    {
        var address = ProviderAccounts.Address(email);
        if (address is null && !string.IsNullOrWhiteSpace(email)) throw new AccessException($"'{email}' is no e-mail address that can be used; expected one such as ann@example.org, in plain letters.");
        await using var db = await databases.CreateDbContextAsync();
        await using var transaction = await db.Database.BeginTransactionAsync();
        var normalized = address is null ? null : users.NormalizeEmail(address);
        if (normalized is not null && await db.Users.AnyAsync(u => u.NormalizedEmail == normalized && u.Id != user.Id)) throw new AccessException($"Another account has the address '{address}'; expected one of its own.");
        await db.Users.Where(u => u.Id == user.Id).ExecuteUpdateAsync(set => set.SetProperty(u => u.Email, address).SetProperty(u => u.NormalizedEmail, normalized).SetProperty(u => u.EmailConfirmed, address != null));
        await audit.AppendAsync(db, "account.email", SubjectOf(user), new { email = address });
        await transaction.CommitAsync();
        (user.Email, user.NormalizedEmail, user.EmailConfirmed) = (address, normalized, address is not null);
    }

    /// <summary>With whom at a provider of single sign-on the account is linked.</summary>
    public async Task<IReadOnlyList<UserLoginInfo>> LinksAsync(UserRow user) => [.. await users.GetLoginsAsync(user)];

    /// <summary>Single sign-on no longer leads to the account.</summary>
    /// <param name="byAdministrator">Who can make a link for the one whose account it is.</param>
    /// <exception cref="AccessException">There would be no way in but an administrator's link.</exception>
    public async Task UnlinkAsync(UserRow user, bool byAdministrator)
    {
        if (!byAdministrator && !await users.HasPasswordAsync(user) && (await users.GetPasskeysAsync(user)).Count == 0) throw new AccessException("There is no other way into the account. Set a password or add a passkey first.");
        foreach (var login in await users.GetLoginsAsync(user)) await ThrowUnlessAsync(users.RemoveLoginAsync(user, login.LoginProvider, login.ProviderKey));
        await RecordAsync("account.unlink", user);
        if (!byAdministrator) await signIn.RefreshSignInAsync(user);
    }

    /// <summary>All accounts, by name.</summary>
    public async Task<IReadOnlyList<AccountSummary>> ListAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Users.AsNoTracking().OrderBy(u => u.UserName).Select(u => new AccountSummary(
            u.Id, u.UserName!, u.IsAdministrator, u.IsDisabled, u.PasswordHash != null, db.Set<IdentityUserPasskey<int>>().Count(p => p.UserId == u.Id), u.Email, db.UserLogins.Any(l => l.UserId == u.Id), u.CreatedAt, u.SignedInAt)).ToListAsync(cancellationToken);
    }

    /// <summary>Lets an account in no longer, or again. Its browsers are signed out within a minute, its tokens stop at once.</summary>
    /// <exception cref="AccessException">No administrator would be left.</exception>
    public Task SetDisabledAsync(int userId, bool isDisabled, CancellationToken cancellationToken) => ChangeAsync(userId, user => user.IsDisabled = isDisabled, cancellationToken);

    /// <exception cref="AccessException">No administrator would be left.</exception>
    public Task SetAdministratorAsync(int userId, bool isAdministrator, CancellationToken cancellationToken) => ChangeAsync(userId, user => user.IsAdministrator = isAdministrator, cancellationToken);

    private async Task ChangeAsync(int userId, Action<UserRow> change, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var user = await db.Users.SingleAsync(u => u.Id == userId, cancellationToken);
        change(user);
        user.SecurityStamp = Guid.NewGuid().ToString("N");
        await db.SaveChangesAsync(cancellationToken);
        if (!await db.Users.AnyAsync(u => u.IsAdministrator && !u.IsDisabled, cancellationToken)) throw new AccessException("No administrator would be left. Make somebody else an administrator first.");
        await audit.AppendAsync(db, "account.rights", SubjectOf(user), new { user.IsAdministrator, user.IsDisabled }, cancellationToken: cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>A name without what cannot be seen, no longer than names may be.</summary>
    public static string Clean(string name) => string.Join(' ', string.Concat(name.Where(c => !char.IsControl(c) && char.GetUnicodeCategory(c) != System.Globalization.UnicodeCategory.Format)).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)) is var clean && clean.Length > MaxNameLength ? clean[..MaxNameLength] : clean;

    internal static async Task ThrowUnlessAsync(Task<IdentityResult> asked)
    {
        var result = await asked;
        if (!result.Succeeded) throw new AccessException(string.Join(" ", result.Errors.Select(e => e.Description)));
    }
}
