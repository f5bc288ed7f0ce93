using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Accounts, roles, invitations and tokens, from outside.</summary>
public sealed class AccessTests(AccessWorld world) : IClassFixture<AccessWorld>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_elsewhere_and_what_is_nowhere_are_told_in_the_same_words()
    {
        foreach (var (family, id, nowhere) in new[] { ("datasets", world.Ids["datasets"], "9999"), ("experiments", world.Ids["experiments"], "9999"), ("endpoints", AccessWorld.Canary, "nobody"), ("imports", "1", "9999"), ("batches", "1", "9999") })
        {
            var (elsewhere, gone) = (await AccessWorld.AskAsync(world.Stranger, "GET", $"/api/v1/{family}/{id}"), await AccessWorld.AskAsync(world.Stranger, "GET", $"/api/v1/{family}/{nowhere}"));
            Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (elsewhere.Status, gone.Status));
            Assert.Equal(WithoutTrace(gone.Body, nowhere), WithoutTrace(elsewhere.Body, id));
        }

        static string WithoutTrace(string body, string id) => Regex.Replace(body, ",\"traceId\":\"[^\"]*\"", "").Replace($" {id}.", " ….", StringComparison.Ordinal).Replace($"\\u0027{id}\\u0027", "…", StringComparison.Ordinal).Replace($"'{id}'", "…", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/v1/datasets")]
    [InlineData("/api/v1/experiments")]
    [InlineData("/api/v1/experiments/queue")]
    [InlineData("/api/v1/endpoints")]
    [InlineData("/api/v1/imports")]
    [InlineData("/api/v1/batches")]
    public async Task Lists_hold_what_belongs_to_the_workspace_alone(string list)
    {
        Assert.DoesNotContain(AccessWorld.Canary, (await AccessWorld.AskAsync(world.Stranger, "GET", list)).Body);
        var own = (await AccessWorld.AskAsync(world.Members[WorkspaceRole.Viewer], "GET", list)).Body;
        if (!list.EndsWith("/queue", StringComparison.Ordinal)) Assert.Contains(AccessWorld.Canary, own);
    }

    [Fact]
    public async Task A_body_cannot_name_what_belongs_to_others()
    {
        foreach (var (route, body) in new (string, object)[]
        {
            ("/api/v1/experiments", new { datasetId = int.Parse(world.Ids["datasets"], System.Globalization.CultureInfo.InvariantCulture), target = "species" }),
            ("/api/v1/endpoints", new { name = "mine", experimentId = int.Parse(world.Ids["experiments"], System.Globalization.CultureInfo.InvariantCulture), trialNumber = 1 }),
            ("/api/v1/imports", new { uploadId = world.Ids["uploads"] }),
            ("/api/v1/imports", new { uploadId = world.Ids["uploads"], datasetId = int.Parse(world.Ids["datasets"], System.Globalization.CultureInfo.InvariantCulture) }),
        })
        {
            using var answer = await world.Stranger.PostAsJsonAsync(route, body, Cancel);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_name_that_another_workspace_has_is_taken_and_says_no_more()
    {
        using var file = new ByteArrayContent(await File.ReadAllBytesAsync(TestFiles.Sample("iris.csv"), Cancel));
        using var uploaded = await world.Stranger.PostAsync("/api/v1/datasets?name=iris.csv", file, Cancel);
        Assert.Equal(HttpStatusCode.Created, uploaded.StatusCode);
        var api = new ApiClient(world.Stranger);
        var experiment = await api.RunAsync(new ExperimentApi.StartBody((await api.GetAsync<List<ModelWorkbench.Workbench.Datasets.DatasetApi.DatasetAnswer>>("/api/v1/datasets")).Single().Id, "species", Trainers: ["baseline"]));
        using var published = await world.Stranger.PostAsJsonAsync("/api/v1/endpoints", new { name = AccessWorld.Canary, experimentId = experiment.Id, trialNumber = 1 }, Cancel);
        Assert.Contains("is taken", (await ApiClient.ReadProblemAsync(published, HttpStatusCode.BadRequest)).Detail);
        Assert.Single((await world.App.Api.GetAsync<System.Text.Json.JsonElement>($"/api/v1/endpoints/{AccessWorld.Canary}")).GetProperty("versions").EnumerateArray());
    }

    [Fact]
    public async Task A_bounded_token_does_no_more_than_it_says_and_ends_with_its_account()
    {
        await using var scope = world.App.Services.CreateAsyncScope();
        var (accounts, tokens) = (scope.ServiceProvider.GetRequiredService<Accounts>(), scope.ServiceProvider.GetRequiredService<AccessTokens>());
        var owner = await world.App.FirstUserAsync();
        using var bounded = world.App.Anonymous(await tokens.CreateManagementAsync("reader", owner, new TokenBounds(WorkspaceRow.FirstId, WorkspaceRole.Viewer), 1, Cancel));
        Assert.Equal(HttpStatusCode.OK, (await AccessWorld.AskAsync(bounded, "GET", "/api/v1/datasets")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await AccessWorld.AskAsync(bounded, "DELETE", $"/api/v1/datasets/{world.Ids["datasets"]}")).Status);

        var ann = await accounts.CreateAsync("Ann", null, isAdministrator: true);
        using var hers = world.App.Anonymous(await tokens.CreateManagementAsync("hers", ann.Id, null, 1, Cancel));
        Assert.Equal(HttpStatusCode.OK, (await AccessWorld.AskAsync(hers, "GET", "/api/v1/datasets")).Status);
        await accounts.SetDisabledAsync(ann.Id, true, Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, (await AccessWorld.AskAsync(hers, "GET", "/api/v1/datasets")).Status);
        await Assert.ThrowsAsync<AccessException>(() => accounts.SetDisabledAsync(owner, true, Cancel));
    }

    [Fact]
    public async Task Pages_show_a_stranger_nothing_and_let_a_role_no_further_than_it_goes()
    {
        await using var scope = world.App.Services.CreateAsyncScope();
        var (accounts, workspaces) = (scope.ServiceProvider.GetRequiredService<Accounts>(), scope.ServiceProvider.GetRequiredService<Workspaces>());
        var visitors = new Dictionary<string, string>();
        foreach (var (name, role) in new (string, WorkspaceRole?)[] { ("outsider", null), ("viewer", WorkspaceRole.Viewer), ("editor", WorkspaceRole.Editor) })
        {
            var user = await accounts.CreateAsync(name, "staple horse battery lamp", isAdministrator: false);
            if (role is { } held) await workspaces.SetRoleAsync(WorkspaceRow.FirstId, user.Id, held, Cancel);
            else await workspaces.CreateAsync("outside", user.Id, Cancel);
            visitors[name] = await world.SignInAsync(name, "staple horse battery lamp");
        }
        var (dataset, trial) = (world.Ids["datasets"], $"/experiments/{world.Ids["experiments"]}/trials/1");
        foreach (var page in new[] { $"/datasets/{dataset}", $"/datasets/{dataset}/clean", $"/datasets/{dataset}/compare", "/imports/1", $"/experiments/{world.Ids["experiments"]}", trial, $"{trial}/explain", $"{trial}/errors", $"{trial}/components", $"{trial}/optimise", $"{trial}/publish", $"/endpoints/{AccessWorld.Canary}", $"/endpoints/{AccessWorld.Canary}/watch", $"/endpoints/{AccessWorld.Canary}/test", $"/endpoints/{AccessWorld.Canary}/batch", $"/experiments/{world.Ids["experiments"]}/side-by-side" })
        {
            var body = await world.PageAsync(visitors["outsider"], page);
            Assert.Contains("There is no ", body);
            Assert.DoesNotContain(AccessWorld.Canary, body.Replace(page, "", StringComparison.Ordinal).Replace($"There is no endpoint {AccessWorld.Canary}", "", StringComparison.Ordinal));
        }
        Assert.DoesNotContain(AccessWorld.Canary, await world.PageAsync(visitors["outsider"], "/datasets"));
        Assert.Contains(AccessWorld.Canary, await world.PageAsync(visitors["viewer"], $"/datasets/{dataset}"));
        Assert.DoesNotContain("data-testid=\"rename\"", await world.PageAsync(visitors["viewer"], $"/datasets/{dataset}"));
        Assert.Contains("data-testid=\"rename\"", await world.PageAsync(visitors["editor"], $"/datasets/{dataset}"));
        foreach (var page in new[] { $"/datasets/{dataset}/clean", $"/datasets/{dataset}/compare", "/imports/1" }) Assert.Contains("Your role does not go that far", await world.PageAsync(visitors["viewer"], page));
        Assert.Contains("Your role does not go that far", await world.PageAsync(visitors["editor"], $"{trial}/publish"));
        Assert.Contains("For administrators", await world.PageAsync(visitors["editor"], "/users"));
    }

    [Fact]
    public async Task Five_wrong_passwords_lock_an_account_and_signing_out_everywhere_ends_its_cookies()
    {
        await using var scope = world.App.Services.CreateAsyncScope();
        var accounts = scope.ServiceProvider.GetRequiredService<Accounts>();
        var user = await accounts.CreateAsync("Bob", "staple horse battery lamp", isAdministrator: false);
        await scope.ServiceProvider.GetRequiredService<Workspaces>().SetRoleAsync(WorkspaceRow.FirstId, user.Id, WorkspaceRole.Viewer, Cancel);
        var cookie = await world.SignInAsync("bob", "staple horse battery lamp");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(cookie));
        await using (var later = world.App.Services.CreateAsyncScope())
        {
            var users = later.ServiceProvider.GetRequiredService<Microsoft.AspNetCore.Identity.UserManager<UserRow>>();
            Assert.True((await users.UpdateSecurityStampAsync((await users.FindByNameAsync("Bob"))!)).Succeeded);
        }
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(cookie));

        for (var i = 0; i < 5; i++) Assert.Contains("error=", await RefusedAsync("Bob", "wrong"));
        Assert.Equal("/sign-in?error=locked", await RefusedAsync("Bob", "staple horse battery lamp"));
        Assert.Equal("/sign-in?error=password", await RefusedAsync("nobody", "staple horse battery lamp"));

        async Task<HttpStatusCode> StatusAsync(string with)
        {
            using var http = world.App.Anonymous();
            http.DefaultRequestHeaders.Add("Cookie", with);
            return (await AccessWorld.AskAsync(http, "GET", "/api/v1/datasets")).Status;
        }

        async Task<string> RefusedAsync(string name, string password) => (await world.PostSignInAsync(name, password)).Location;
    }

    [Theory]
    [InlineData("password1234")]
    [InlineData("aaaaaaaaaaaa")]
    [InlineData("qwertyuiop12")]
    [InlineData("Carla Carla1")]
    [InlineData("short")]
    public async Task A_password_that_is_tried_first_is_refused(string password)
    {
        await using var scope = world.App.Services.CreateAsyncScope();
        var accounts = scope.ServiceProvider.GetRequiredService<Accounts>();
        await Assert.ThrowsAsync<AccessException>(() => accounts.CreateAsync("Carla", password, isAdministrator: false));
        Assert.DoesNotContain("Carla", (await accounts.ListAsync(Cancel)).Select(a => a.Name));
    }

    [Fact]
    public async Task An_invitation_makes_one_member_once_and_no_workspace_is_left_without_an_owner()
    {
        await using var scope = world.App.Services.CreateAsyncScope();
        var (workspaces, tokens) = (scope.ServiceProvider.GetRequiredService<Workspaces>(), scope.ServiceProvider.GetRequiredService<AccessTokens>());
        var invitation = await tokens.CreateInvitationAsync(WorkspaceRow.FirstId, WorkspaceRole.Editor, await world.App.FirstUserAsync(), null, Cancel);
        var (status, cookie, location) = await world.PostAsync($"/join/{invitation}", ("name", "Dora"), ("password", "staple horse battery lamp"));
        Assert.Equal((HttpStatusCode.Redirect, "/"), (status, location));
        Assert.Equal(WorkspaceRole.Editor, (await workspaces.MembersAsync(WorkspaceRow.FirstId, Cancel)).Single(m => m.Name == "Dora").Role);
        Assert.Contains(AccessWorld.Canary, await world.PageAsync(cookie!, "/datasets"));
        Assert.StartsWith($"/join/{invitation}?error=", (await world.PostAsync($"/join/{invitation}", ("name", "Eve"), ("password", "staple horse battery lamp"))).Location);
        await using var db = await scope.ServiceProvider.GetRequiredService<Microsoft.EntityFrameworkCore.IDbContextFactory<AppDb>>().CreateDbContextAsync(Cancel);
        Assert.DoesNotContain("Eve", db.Users.Select(u => u.UserName));

        foreach (var owner in (await workspaces.MembersAsync(WorkspaceRow.FirstId, Cancel)).Where(m => m.Role == WorkspaceRole.Owner).Skip(1)) await workspaces.RemoveAsync(WorkspaceRow.FirstId, owner.UserId, Cancel);
        await Assert.ThrowsAsync<AccessException>(async () => await workspaces.SetRoleAsync(WorkspaceRow.FirstId, (await workspaces.MembersAsync(WorkspaceRow.FirstId, Cancel)).Single(m => m.Role == WorkspaceRole.Owner).UserId, WorkspaceRole.Viewer, Cancel));
    }
}
