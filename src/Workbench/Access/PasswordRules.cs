using Microsoft.AspNetCore.Identity;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Access;

/// <summary>Refuses passwords that can be guessed, by how many guesses an attacker who knows words, names, keyboards and lists of leaked passwords would need (zxcvbn; Wheeler 2016). What characters they are made of is the person's choice.</summary>
public sealed class PasswordRules : IPasswordValidator<UserRow>
{
    // Of 0 to 4: safe from somebody who has the hash, for as long as the hash is slow.
    private const int LeastScore = 3;

    public Task<IdentityResult> ValidateAsync(UserManager<UserRow> manager, UserRow user, string? password)
    {
        var found = Zxcvbn.Zxcvbn.MatchPassword(password ?? "", [user.UserName ?? "", "model", "workbench", "modelworkbench"]);
        return Task.FromResult(found.Score >= LeastScore ? IdentityResult.Success : IdentityResult.Failed(new IdentityError
        {
            Code = "GuessablePassword",
            Description = "The password is too easy to guess. Use several words that have nothing to do with one another.",
        }));
    }
}
