using System.Text.Json;

namespace ModelWorkbench.Workbench.Backups;

/// <summary>A file of a backup.</summary>
/// <param name="Path">With slashes, below the backup's root.</param>
/// <param name="Bytes">Size.</param>
/// <param name="Sha256">Of the content.</param>
public sealed record BackupFile(string Path, long Bytes, string Sha256);

/// <summary>What a backup holds; written last, so that a backup without it is none.</summary>
/// <param name="Format">Of the backup.</param>
/// <param name="Program">Version that wrote it.</param>
/// <param name="Schema">Of the database.</param>
/// <param name="At">The moment whose state it is.</param>
/// <param name="AuditCount">Entries of the audit log.</param>
/// <param name="AuditHead">Hash of the last of them.</param>
/// <param name="Files">All files but this one.</param>
/// <param name="Missing">Hashes of files that the database names and that were missing or damaged.</param>
public sealed record BackupManifest(int Format, string Program, string Schema, DateTimeOffset At, long AuditCount, string AuditHead, IReadOnlyList<BackupFile> Files, IReadOnlyList<string> Missing)
{
    public const int CurrentFormat = 1;
    public const string FileName = "manifest.json";
    public const string Database = "workbench.db";
    public const string Keys = "keys";
    public const string Artefacts = "artefacts";

    /// <summary>That the samples are in place: without it they would be put there again.</summary>
    public const string SamplesMarker = "samples-installed";

    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Whether a path may stand in a backup: what it leads to then is below the folder that is restored into.</summary>
    public static bool IsPath(string path) => path is Database or SamplesMarker || path.Split('/') switch
    {
        [Keys, var name] => name.Length is > 0 and <= 200 && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'),
        [Artefacts, var start, var sha256] => sha256.Length == 64 && sha256.All(char.IsAsciiHexDigitLower) && sha256[..2] == start,
        _ => false,
    };
}

/// <summary>A backup cannot be made or put back; the message is for the person.</summary>
public sealed class BackupException(string message, Exception? inner = null) : Exception(message, inner);
