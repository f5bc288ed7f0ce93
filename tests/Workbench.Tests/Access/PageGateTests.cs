using System.Security.Claims;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Datasets;
using ModelWorkbench.Workbench.Experiments.Parts;
using ModelWorkbench.Workbench.Recipes;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Access;

public sealed class PageGateTests : StoreTest
{
    public PageGateTests()
    {
        Services.AddSingleton<Workspaces>();
        ComponentFactories.AddStub<ModelWorkbench.Workbench.Shell.MainLayout>();
    }

    private Workspaces Workspaces => Services.GetRequiredService<Workspaces>();

    private async Task<int> UserAsync(string name, WorkspaceRole? role)
    {
        await using var db = await Databases.CreateDbContextAsync(Cancellation);
        var user = new UserRow { UserName = name, WorkspaceId = WorkspaceRow.FirstId, SecurityStamp = "now" };
        db.Users.Add(user);
        await db.SaveChangesAsync(Cancellation);
        if (role is { } held) await Workspaces.SetRoleAsync(WorkspaceRow.FirstId, user.Id, held, Cancellation);
        return user.Id;
    }

    private IRenderedComponent<PageGate> Open(int user, Type page, int id, string stamp = "now")
    {
        var principal = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, $"{user}"), new Claim(ClaimTypes.Name, "somebody"), new Claim("AspNet.Identity.SecurityStamp", stamp)], "test"));
        return Render<PageGate>(gate => gate
            .AddCascadingValue(Task.FromResult(new AuthenticationState(principal)))
            .Add(g => g.Route, new RouteData(page, new Dictionary<string, object?> { ["Id"] = id }))
            .AddChildContent("<p id=\"inside\">inside</p>"));
    }

    [Theory]
    [InlineData(WorkspaceRole.Viewer, true, false)]
    [InlineData(WorkspaceRole.Editor, true, true)]
    [InlineData(null, false, false)]
    public async Task A_page_opens_for_the_roles_that_it_takes(WorkspaceRole? role, bool sees, bool changes)
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        var user = await UserAsync("Ann", role);
        Assert.Equal(sees, Open(user, typeof(DatasetPage), dataset.Id).FindAll("#inside").Count == 1);
        Assert.Equal(changes, Open(user, typeof(CleanPage), dataset.Id).FindAll("#inside").Count == 1);
    }

    [Fact]
    public async Task Whoever_signed_out_everywhere_or_is_disabled_sees_nothing()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        var user = await UserAsync("Ann", WorkspaceRole.Owner);
        Assert.NotEmpty(Open(user, typeof(DatasetPage), dataset.Id).FindAll("#inside"));
        Assert.Empty(Open(user, typeof(DatasetPage), dataset.Id, stamp: "before").FindAll("#inside"));
        await using var db = await Databases.CreateDbContextAsync(Cancellation);
        db.Users.Single(u => u.Id == user).IsDisabled = true;
        await db.SaveChangesAsync(Cancellation);
        Assert.Empty(Open(user, typeof(DatasetPage), dataset.Id).FindAll("#inside"));
    }

    [Fact]
    public void Every_page_can_be_placed_by_the_gate()
    {
        foreach (var page in typeof(PageGate).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(ComponentBase))))
            foreach (RouteAttribute route in page.GetCustomAttributes(typeof(RouteAttribute), false))
            {
                var pattern = Microsoft.AspNetCore.Routing.Patterns.RoutePatternFactory.Parse(route.Template);
                Assert.True(pattern.Parameters.Count == 0 || OwnedObject.KindOf(pattern) is not null || page.IsDefined(typeof(Microsoft.AspNetCore.Authorization.AllowAnonymousAttribute), false), $"{route.Template} names something that the gate does not know.");
            }
    }

    [Theory]
    [InlineData(WorkspaceRole.Viewer, 0)]
    [InlineData(WorkspaceRole.Editor, 1)]
    public void What_takes_a_role_is_not_even_rendered_for_others(WorkspaceRole role, int count)
    {
        var part = Render<Allow>(allow => allow.AddCascadingValue(Persons.Of(role)).Add(a => a.Role, WorkspaceRole.Editor).AddChildContent("<button>Delete</button>"));
        Assert.Equal(count, part.FindAll("button").Count);
    }

    [Fact]
    public async Task A_viewer_gets_no_control_that_changes_something_on_the_leaderboard()
    {
        var dataset = await ImportSampleAsync("penguins.csv");
        var experiment = await Experiments.AddAsync(dataset, new ExperimentPlan("species", LearningTask.Multiclass, ModelWorkbench.Core.Evaluation.Metric.Accuracy.Id, new SplitPlan(), Recipe.Empty, [], ["baseline"], 60), Cancellation);
        var queue = new ModelWorkbench.Workbench.Jobs.QueuePlace(experiment.Id, "species", "penguins", 1, 2, null, null, 0);
        Assert.Empty(Render<QueueButtons>(p => p.AddCascadingValue(Persons.Of(WorkspaceRole.Viewer)).Add(q => q.Place, queue).Add(q => q.Enabled, true)).FindAll("button"));
        Assert.NotEmpty(Render<QueueButtons>(p => p.AddCascadingValue(Persons.Of(WorkspaceRole.Editor)).Add(q => q.Place, queue).Add(q => q.Enabled, true)).FindAll("button"));
    }
}
