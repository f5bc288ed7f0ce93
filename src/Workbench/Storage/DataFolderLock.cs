namespace ModelWorkbench.Workbench.Storage;

/// <summary>Keeps a second workbench out of the same data folder; the system lets go of it however the process ends.</summary>
public static class DataFolderLock
{
    /// <summary>Held while a backup is written: no file is removed meanwhile.</summary>
    public const string Backup = "backup.lock";

    /// <param name="name">Of the file that stands for the lock.</param>
    /// <returns>The lock, or null where another process holds it.</returns>
    public static IDisposable? TryTake(string dataFolder, string name = "lock")
    {
        try
        {
            return new FileStream(Path.Combine(dataFolder, name), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
