using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Shell;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Access;

public sealed class SignInTests : StoreTest
{
    public SignInTests()
    {
        Services.AddAuthentication();
        Services.AddDataProtection();
        Services.AddAccounts();
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("token", "This link or token is not right")]
    [InlineData("password", "Name or password is not right")]
    [InlineData("locked", "Wait five minutes")]
    [InlineData("passkey", "belongs to no account")]
    [InlineData("<script>", "This link or token is not right")]
    public void Sign_in_says_in_a_sentence_why_it_failed(string? error, string? expected)
    {
        Services.GetRequiredService<NavigationManager>().NavigateTo(error is null ? "/sign-in" : $"/sign-in?error={Uri.EscapeDataString(error)}&returnUrl=%2Fdatasets");
        var page = Render<SignIn>();
        Assert.All(page.FindAll("form"), form => Assert.Equal(("post", "/sign-in"), (form.GetAttribute("method"), form.GetAttribute("action"))));
        Assert.Equal(["password", "credential", "token"], page.FindAll("form").Select(form => form.QuerySelector("input[name=password], input[name=credential], input[name=token]")!.GetAttribute("name")));
        if (expected is null)
        {
            Assert.Empty(page.FindAll("[role=alert]"));
            return;
        }
        Assert.Contains(expected, page.Find("[role=alert]").TextContent);
        Assert.All(page.FindAll("input[name=returnUrl]"), input => Assert.Equal("/datasets", input.GetAttribute("value")));
    }

    [Fact]
    public async Task The_link_is_asked_for_first_until_somebody_has_a_password()
    {
        Assert.True(Render<SignIn>().Find("details").HasAttribute("open"));
        await Services.GetRequiredService<Accounts>().CreateAsync("Ann", "staple horse battery lamp", isAdministrator: false);
        Assert.False(Render<SignIn>().Find("details").HasAttribute("open"));
    }
}
