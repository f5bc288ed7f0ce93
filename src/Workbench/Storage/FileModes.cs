using System.Runtime.InteropServices;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>Files of this process are for the account that runs it alone: it holds other people's data, and the keys of signing in.</summary>
public static class FileModes
{
    private const uint GroupAndOthers = 0b000_111_111;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Every folder that is made from now on has the mode 0700, every file 0600, those that SQLite makes included. Child processes inherit it.</summary>
    public static void KeepToOwner()
    {
        if (!OperatingSystem.IsWindows()) SetMask(GroupAndOthers);
    }

    /// <summary>Closes a folder to others that was made without care.</summary>
    /// <returns>Whether it was open to others before.</returns>
    public static bool Close(string folder)
    {
        if (OperatingSystem.IsWindows() || (File.GetUnixFileMode(folder) & ~OwnerOnly) == 0) return false;
        File.SetUnixFileMode(folder, OwnerOnly);
        return true;
    }

    [DllImport("libc", EntryPoint = "umask")]
    private static extern uint SetMask(uint mask);
}
