using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ModelWorkbench.Core.Datasets;

/// <summary>Puts files on the disk itself, where a loss of power leaves them, and says so where the disk refuses.</summary>
/// <remarks>
/// <c>FileStream.Flush(flushToDisk: true)</c> and <c>RandomAccess.FlushToDisk</c> of .NET 10 on Linux call fsync and keep its failure to themselves (seen with <c>strace -e inject=fsync:error=EIO</c>):
/// what is acknowledged after them may be nowhere. And a file that is flushed may be in no folder yet: the folder that names it has to be flushed too (fsync(2)).
/// Windows has no such call for folders; NTFS keeps a journal of names.
/// </remarks>
public static partial class DurableFile
{
    private const int ReadOnlyFolder = 0x10000;
    private const int InvalidArgument = 22;
    private const int Interrupted = 4;

    /// <summary>Returns when all that was written to the file is on the disk.</summary>
    /// <exception cref="IOException">It may not be; HResult is the system's error number.</exception>
    public static void Flush(FileStream file)
    {
        file.Flush();
        Flush(file.SafeFileHandle, file.Name);
    }

    /// <summary>As <see cref="Flush(FileStream)"/>, for a file that others have written and closed.</summary>
    /// <exception cref="IOException">It may not be on the disk, or cannot be opened.</exception>
    public static void Flush(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        Flush(file, path);
    }

    /// <summary>Moves a file that is on the disk; when this returns, its new name is there too, and that of its folder where that had to be made.</summary>
    /// <exception cref="IOException">The move, or the flush of the folder, failed: the name may not outlast a loss of power, and nothing may be said to be kept.</exception>
    public static void Move(string from, string to, bool overwrite = false)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(to))!;
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
            FlushFolder(Path.GetDirectoryName(folder)!);
        }
        File.Move(from, to, overwrite);
        FlushFolder(folder);
    }

    private static void FlushFolder(string path)
    {
        if (OperatingSystem.IsWindows()) return;
        using var folder = Open(path, OperatingSystem.IsLinux() ? ReadOnlyFolder : 0);
        if (folder.IsInvalid) throw Failure($"The folder '{path}' could not be opened");
        Flush(folder, path);
    }

    private static void Flush(SafeFileHandle handle, string path)
    {
        if (OperatingSystem.IsWindows())
        {
#pragma warning disable RS0030 // There it throws.
            RandomAccess.FlushToDisk(handle);
#pragma warning restore RS0030
            return;
        }
        while (Sync(handle) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            // A file system without anything to flush to says that the argument makes no sense.
            if (error == InvalidArgument) return;
            if (error != Interrupted) throw Failure($"'{path}' could not be put on the disk");
        }
    }

    private static IOException Failure(string what)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"{what}: {Marshal.GetPInvokeErrorMessage(error)}", error);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(SafeFileHandle handle);
}
