using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>Room on the disk that holds a folder.</summary>
public static class DiskSpace
{
    /// <summary>Bytes that can still be written.</summary>
    public static long Free(string folder) => new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;

    /// <summary>Bytes that can still be written, and of the whole disk.</summary>
    public static (long Free, long Total) FreeAndTotal(string folder) => new DriveInfo(Path.GetFullPath(folder)) is var drive ? (drive.AvailableFreeSpace, drive.TotalSize) : default;

    /// <summary><see cref="Exception.HResult"/> of a write that failed for want of room (ENOSPC as .NET gives it on Unix; it is told by <see cref="IsFull"/> everywhere).</summary>
    public const int FullResult = 28;

    /// <summary>Whether the write failed for want of room.</summary>
    public static bool IsFull(IOException exception) => DatasetImporter.IsDiskFull(exception);

    public static string Describe(string folder) => $"{Shell.Figures.Bytes(Free(folder))} are free";

    /// <param name="floor">Bytes that are left alone.</param>
    public static string Describe(string folder, long floor) => Describe(folder) + (floor == 0 ? "" : $", of which {Shell.Figures.Bytes(floor)} are left alone ({nameof(Settings.WorkbenchOptions.DiskFloorMegabytes)})");

    /// <summary>Whether this many bytes can be written and the floor is still free.</summary>
    public static bool HasRoom(string folder, long bytes, long floor) => Free(folder) - floor >= bytes;
}
