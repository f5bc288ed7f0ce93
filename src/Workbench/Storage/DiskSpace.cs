using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>Room on the disk that holds a folder.</summary>
public static class DiskSpace
{
    /// <summary>Bytes that can still be written.</summary>
    public static long Free(string folder) => new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;

    /// <summary>Bytes that can still be written, and of the whole disk.</summary>
    public static (long Free, long Total) FreeAndTotal(string folder) => new DriveInfo(Path.GetFullPath(folder)) is var drive ? (drive.AvailableFreeSpace, drive.TotalSize) : default;

    /// <summary>Whether the write failed for want of room.</summary>
    public static bool IsFull(IOException exception) => DatasetImporter.IsDiskFull(exception);

    public static string Describe(string folder) => $"{Shell.Figures.Bytes(Free(folder))} are free";
}
