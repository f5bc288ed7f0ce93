using System.Text;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

public sealed class ArtefactStoreTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_damaged_file_is_noticed_and_replaced_when_its_content_comes_again()
    {
        using var folder = new TemporaryFolder();
        var store = new ArtefactStore(folder.Path);
        var content = Encoding.UTF8.GetBytes("the content");
        var sha256 = await store.AddBytesAsync(content, Cancel);
        Assert.Equal(content, await store.ReadVerifiedAsync(sha256, Cancel));

        await File.WriteAllTextAsync(store.PathOf(sha256), "the c0ntent", Cancel);
        var damaged = await Assert.ThrowsAsync<InvalidDataException>(() => store.ReadVerifiedAsync(sha256, Cancel));
        Assert.Contains(sha256, damaged.Message);

        Assert.Equal(sha256, await store.AddBytesAsync(content, Cancel));
        Assert.Equal(content, await store.ReadVerifiedAsync(sha256, Cancel));
        Assert.Empty(Directory.EnumerateFiles(store.TemporaryFolder));
    }
}
