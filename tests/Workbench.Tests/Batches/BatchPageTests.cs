using Bunit;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Workbench.Batches;
using ModelWorkbench.Workbench.Shell;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Batches;

public sealed class BatchPageTests : EndpointTest
{
    public BatchPageTests() => Services.AddSingleton<BatchQueue>();

    private async Task AddAsync(BatchJobStatus status, string file)
    {
        await using var db = await Databases.CreateDbContextAsync(Cancellation);
        db.BatchJobs.Add(new BatchJobRow { WorkspaceId = WorkspaceRow.FirstId, EndpointName = "homes", Version = 1, ModelSha256 = "", FileName = file, Status = status });
        await db.SaveChangesAsync(Cancellation);
    }

    [Fact]
    public async Task Before_the_first_file_the_page_says_what_to_drop_and_which_version_scores()
    {
        await PublishAsync("homes");
        var page = Render<BatchPage>(p => p.Add(x => x.Name, "homes"));
        Assert.Contains("No file was scored yet", page.Markup, StringComparison.Ordinal);
        Assert.Contains("1, Baseline (live)", page.Markup, StringComparison.Ordinal);
        Assert.NotEmpty(page.FindComponents<UploadPanel>());
    }

    [Fact]
    public async Task Jobs_are_listed_with_what_can_be_done_and_removed_when_somebody_says_so()
    {
        await PublishAsync("homes");
        await AddAsync(BatchJobStatus.Completed, "done.csv");
        await AddAsync(BatchJobStatus.Failed, "broken.csv");
        var page = Render<BatchPage>(p => p.Add(x => x.Name, "homes"));
        Assert.Equal(2, page.FindAll("[data-testid=batches] > *").Count);
        Assert.Contains("done.csv", page.Markup, StringComparison.Ordinal);
        Assert.Contains("removed with their results after 30 days", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_viewer_sees_the_list_and_cannot_send_a_file()
    {
        await PublishAsync("homes");
        await AddAsync(BatchJobStatus.Completed, "done.csv");
        this.ActAs(WorkspaceRole.Viewer);
        var page = Render<BatchPage>(p => p.Add(x => x.Name, "homes"));
        Assert.Contains("done.csv", page.Markup, StringComparison.Ordinal);
        Assert.Empty(page.FindComponents<UploadPanel>());
    }

    [Fact]
    public void An_endpoint_that_is_not_there_says_so() =>
        Assert.Contains("There is no endpoint", Render<BatchPage>(p => p.Add(x => x.Name, "nobody")).Markup, StringComparison.Ordinal);
}
