using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Finds the data that tests read: samples of the repository, shared data beside it, expected figures beside the tests.</summary>
public static class TestFiles
{
    /// <summary>The folder with ModelWorkbench.sln.</summary>
    public static string RepositoryRoot { get; } = FindRepositoryRoot();

    /// <summary>A file that ships with the product, such as <c>penguins.csv</c>.</summary>
    public static string Sample(string name) => Path.Combine(RepositoryRoot, "samples", name);

    /// <summary>A file of expected figures, such as <c>iris-splits.json</c>.</summary>
    public static string Expected(string name) => Path.Combine(AppContext.BaseDirectory, "Expected", name);

    /// <summary>A data set that is too big or not free to ship; skips the test where it is missing.</summary>
    /// <remarks>They lie in the folder named by WORKBENCH_SHARED, or in <c>shared</c> beside the repository.</remarks>
    public static string Shared(string relativePath)
    {
        var root = Environment.GetEnvironmentVariable("WORKBENCH_SHARED") ?? Path.Combine(Path.GetDirectoryName(RepositoryRoot)!, "shared");
        var path = Path.Combine(root, relativePath);
        if (!Path.Exists(path)) Assert.Skip($"There is no shared test data '{relativePath}'. Set WORKBENCH_SHARED to the folder that holds it.");
        return path;
    }

    private static string FindRepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "ModelWorkbench.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds ModelWorkbench.sln.");
    }
}

/// <summary>A folder that is removed with all it holds after the test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    /// <param name="postgres">Connection string of a server that has the databases of data folders below it; null for the one that all tests have.</param>
    public TemporaryFolder(string? postgres = null)
    {
        if (postgres is not null) TestDatabase.Use(Path, postgres);
    }

    public string Path { get; } = Directory.CreateTempSubdirectory("workbench-test-").FullName;

    /// <summary>A file of this content in the folder.</summary>
    public string Write(string name, string text)
    {
        var path = System.IO.Path.Combine(Path, name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose()
    {
        TestDatabase.Drop(Path);
        Directory.Delete(Path, recursive: true);
    }
}
