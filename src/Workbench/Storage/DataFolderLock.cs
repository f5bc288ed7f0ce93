using System.Globalization;

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
        FileStream file;
        try
        {
            file = new FileStream(Path.Combine(dataFolder, name), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
        File.WriteAllText(HolderFile(dataFolder, name), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        return file;
    }

    /// <returns>The id of the process that took a lock last; null where it cannot be read.</returns>
    public static int? HolderOf(string dataFolder, string name = "lock")
    {
        try
        {
            return int.TryParse(File.ReadAllText(HolderFile(dataFolder, name)), NumberStyles.None, CultureInfo.InvariantCulture, out var process) ? process : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    // What is locked cannot be read by others.
    private static string HolderFile(string dataFolder, string name) => Path.Combine(dataFolder, name + ".process");
}
