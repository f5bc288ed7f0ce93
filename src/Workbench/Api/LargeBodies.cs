using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Api;

/// <summary>What requests that carry a whole file have in common.</summary>
public static class LargeBodies
{
    // Written between two looks at the disk.
    private const long LookBytes = 2 << 20;

    /// <summary>Lets the body be as large as a file, and as slow as a person's line; to be called before the first byte is read.</summary>
    /// <param name="context">The request.</param>
    /// <param name="most">Bytes.</param>
    public static void AllowLargeBody(this HttpContext context, long most)
    {
        // The default limit is 30 MB, and a slow line is no attack.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = most;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
    }

    /// <summary>Writes a body, or a part of one, into a file that is not there yet.</summary>
    /// <exception cref="IOException">The disk is full, or would be below its floor (<see cref="DiskSpace.IsFull"/>).</exception>
    public static async Task SaveAsync(this Stream body, string path, ArtefactStore artefacts, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16, useAsync: true);
        var buffer = new byte[1 << 20];
        for (var unlooked = 0L; await body.ReadAsync(buffer, cancellationToken) is > 0 and var read; unlooked -= read)
        {
            // How long a body in pieces becomes nobody knows, and others write as well.
            if (unlooked <= 0)
            {
                if (!artefacts.HasRoom(LookBytes)) throw new IOException("The disk would be below its floor.", DiskSpace.FullResult);
                unlooked = LookBytes;
            }
            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }

    /// <param name="what">The file, such as <c>model file</c>.</param>
    /// <param name="megabytes">The limit.</param>
    /// <param name="setting">That sets it.</param>
    public static IResult TooLarge(string what, int megabytes, string setting) => Results.Problem(statusCode: 413, title: "File too large", detail: $"The {what} is larger than {megabytes:N0} MB ({setting}).");

    /// <summary>Why a workspace cannot keep the body of a request: before it has come, by the length that it announces, if any.</summary>
    public static Task<string?> WhyNotAsync(this StoredBytes stored, HttpContext context, Caller caller) => stored.WhyNotAsync(caller.WorkspaceId, context.Request.ContentLength ?? 0, context.RequestAborted);

    /// <summary>Why a workspace cannot keep a body that came in pieces: its length is known now. Any other was asked about before.</summary>
    public static async Task<string?> WhyNotArrivedAsync(this StoredBytes stored, HttpContext context, Caller caller, string path) =>
        context.Request.ContentLength is null ? await stored.WhyNotAsync(caller.WorkspaceId, new FileInfo(path).Length, context.RequestAborted) : null;

    /// <param name="why">With found and expected.</param>
    public static IResult WorkspaceFull(string why) => Results.Problem(statusCode: 507, title: "Workspace full", detail: why);

    public static IResult DiskFull(ArtefactStore artefacts) =>
        Results.Problem(statusCode: 507, title: "Disk full", detail: $"The disk of the data folder has no room for the file; {DiskSpace.Describe(artefacts.TemporaryFolder, artefacts.Floor)}. Make room and try again.");
}
