using Xunit;

namespace ModelWorkbench.Core.Tests;

/// <summary>Finds the data that tests read: samples of the repository, shared data beside it, expected figures beside the tests.</summary>
public static class TestFiles
{
    /// <summary>The folder with ModelWorkbench.sln.</summary>
    public static string RepositoryRoot { get; } = FindRepositoryRoot();

    /// <summary>A file that ships with the product, such as <c>penguins.csv</c>.</summary>
    public static string Sample(string name) => Path.Combine(RepositoryRoot, "samples", name);

    /// <summary>A file of expected figures, such as <c>Profiling/Expected/profiles.json</c>.</summary>
    public static string Expected(string relativePath) => Path.Combine(AppContext.BaseDirectory, relativePath);

    /// <summary>A file or folder of the data sets and corpora that are too big or not free to ship; skips the test where it is missing.</summary>
    /// <remarks>They lie in the folder named by WORKBENCH_SHARED, or in <c>shared</c> beside the repository.</remarks>
    public static string Shared(string relativePath)
    {
        var path = Path.Combine(SharedRoot, relativePath);
        if (!Path.Exists(path)) Assert.Skip($"There is no shared test data '{relativePath}'. Set WORKBENCH_SHARED to the folder that holds it.");
        return path;
    }

    /// <summary>Whether the shared data are there; for theories that list their cases.</summary>
    public static bool HasShared(string relativePath) => Path.Exists(Path.Combine(SharedRoot, relativePath));

    private static string SharedRoot => Environment.GetEnvironmentVariable("WORKBENCH_SHARED") ?? Path.Combine(Path.GetDirectoryName(RepositoryRoot)!, "shared");

    private static string FindRepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "ModelWorkbench.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds ModelWorkbench.sln.");
    }
}

/// <summary>A file of the given content that is removed after the test.</summary>
public sealed class TemporaryFile : IDisposable
{
    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), System.IO.Path.GetRandomFileName());

    public TemporaryFile() { }

    public TemporaryFile(string text, string encoding = "utf-8") : this(System.Text.Encoding.GetEncoding(encoding).GetBytes(text)) { }

    public TemporaryFile(byte[] bytes) => File.WriteAllBytes(Path, bytes);

    public void Dispose() => File.Delete(Path);
}
