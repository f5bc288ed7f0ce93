namespace ModelWorkbench.Workbench.Storage;

/// <summary>Room on the disk that holds a folder.</summary>
public static class DiskSpace
{
    private const int UnixNoSpace = 28;
    private const int UnixQuota = 122;
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);

    /// <summary>Bytes that can still be written.</summary>
    public static long Free(string folder) => new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;

    /// <summary>Whether the write failed for want of room.</summary>
    public static bool IsFull(IOException exception) => exception.HResult is UnixNoSpace or UnixQuota or WindowsDiskFull or WindowsHandleDiskFull;

    public static string Describe(string folder) => $"{Shell.Figures.Bytes(Free(folder))} are free";
}
