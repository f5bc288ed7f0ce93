using ModelWorkbench.Core.Serving;
using Xunit;

namespace ModelWorkbench.Core.Tests.Serving;

/// <summary>Tests that read the memory of the whole process, which other tests use too.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;

[Collection(nameof(AloneCollection))]
public sealed class BatchMemoryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("batch-memory-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Path => System.IO.Path.Combine(_folder, "many.csv");

    public BatchMemoryTests() => File.WriteAllText(Path, BatchScorerTests.Many(200_000));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Memory_does_not_grow_with_the_file()
    {
        var file = BatchFile.Open(Path, null, BatchScorerTests.Kinds.Value.Signature, Cancel);
        var scorer = new BatchScorer(BatchScorerTests.Kinds.Value, file) { Threads = 2 };
        scorer.Run(Stream.Null, BatchProgress.None, null, Cancel);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
        var most = 0L;
        var done = scorer.Run(Stream.Null, BatchProgress.None, _ => most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: false)), Cancel);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - allocatedBefore;
        Assert.Equal((200_000, new FileInfo(Path).Length), (done.Rows, done.BytesRead));
        TestContext.Current.TestOutputHelper?.WriteLine($"at most {(most - before) / 1e6:F1} MB more than before, {allocated / 200_000.0:F0} bytes allocated a row");
        // The chunks that travel, once; a file of ten times the length has no more. Rows leave next to nothing behind, or a slow collector would see the memory grow.
        Assert.True(most - before < 150e6, $"{most - before:N0} bytes more than before");
        Assert.True(allocated < 200e6, $"{allocated:N0} bytes were allocated");
    }
}
