using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Workbench.Audit;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Audit;

public sealed class AuditPageTests : StoreTest
{
    private AuditLog Log => Services.GetRequiredService<AuditLog>();

    [Fact]
    public async Task Shows_the_newest_entries_with_the_state_of_the_chain_and_pages_back()
    {
        for (var i = 1; i <= 60; i++) await Log.RecordAsync("endpoint.promote", $"endpoint e{i}", new { from = i }, actor: new Actor("ann", "10.0.0.7"), cancellationToken: Cancellation);
        var page = Render<AuditPage>();
        Assert.Contains("60 entries, chain intact", page.Find("[data-testid=chain]").TextContent);
        var rows = page.FindAll("[data-testid=audit] tbody tr");
        Assert.Equal(50, rows.Count);
        Assert.Equal(["60", "ann", "10.0.0.7", "endpoint.promote", "endpoint e60", "ok", "from: 60"], rows[0].Children.Where((_, i) => i != 1).Select(c => c.TextContent));

        var older = page.Find("[data-testid=audit-older]").GetAttribute("href")!;
        Services.GetRequiredService<NavigationManager>().NavigateTo(older);
        page = Render<AuditPage>();
        Assert.Equal(10, page.FindAll("[data-testid=audit] tbody tr").Count);
    }

    [Fact]
    public async Task The_filter_goes_into_the_address_and_the_download_heeds_it()
    {
        await Log.RecordAsync("dataset.delete", "dataset 1 (iris)", actor: new Actor("ann", null), cancellationToken: Cancellation);
        await Log.RecordAsync("dataset.delete", "dataset 2 (wine)", actor: new Actor("bob", null), cancellationToken: Cancellation);
        var page = Render<AuditPage>();
        await page.ChangeAsync("[data-testid=audit-actor]", "bob");
        await page.InvokeAsync(() => page.Find("form.filter").SubmitAsync());
        var address = Services.GetRequiredService<NavigationManager>().Uri;
        Assert.EndsWith("/audit?actor=bob", address);
        page = Render<AuditPage>();
        Assert.Contains("dataset 2 (wine)", Assert.Single(page.FindAll("[data-testid=audit] tbody tr")).TextContent);
        Assert.Equal("/api/v1/audit/csv?actor=bob", page.Find("[data-testid=audit-csv]").GetAttribute("href"));
    }

    [Fact]
    public async Task A_broken_chain_is_said_in_red_and_nothing_written_is_no_table()
    {
        Assert.Contains("Nothing is written down yet", Render<AuditPage>().Markup);
        await Log.RecordAsync("test", "a", cancellationToken: Cancellation);
        await Log.RecordAsync("test", "b", cancellationToken: Cancellation);
        await using var db = await Databases.CreateDbContextAsync(Cancellation);
        await db.Database.ExecuteSqlRawAsync("DROP TRIGGER AuditEntries_are_not_changed; UPDATE AuditEntries SET Subject = 'c' WHERE Id = 2", Cancellation);
        var chain = Render<AuditPage>().Find("[data-testid=chain]");
        Assert.Contains("The chain is broken. Entry 2 does not fit", chain.TextContent);
        Assert.Contains("error", chain.ClassName);
    }
}
