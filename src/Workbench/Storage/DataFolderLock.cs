namespace ModelWorkbench.Workbench.Storage;

/// <summary>Keeps a second workbench out of the same data folder; the system lets go of it however the process ends.</summary>
public static class DataFolderLock
{
    /// <returns>The lock, or null where another process holds it.</returns>
    public static IDisposable? TryTake(string dataFolder)
    {
        try
        {
            return new FileStream(Path.Combine(dataFolder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
