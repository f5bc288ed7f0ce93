using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;

namespace ModelWorkbench.Workbench.Serving;

/// <summary>A body that was read whole; dispose it when nothing of it is needed any more.</summary>
/// <remarks>What arrives in one piece, as small requests do, is not copied.</remarks>
public readonly struct RequestBody : IDisposable
{
    private readonly PipeReader? _pipe;
    private readonly SequencePosition _end;
    private readonly byte[]? _rented;

    private RequestBody(PipeReader pipe, ReadOnlySequence<byte> buffer) => (_pipe, _end, Content) = (pipe, buffer.End, buffer.First);

    private RequestBody(byte[] rented, int length) => (_rented, Content) = (rented, rented.AsMemory(0, length));

    public ReadOnlyMemory<byte> Content { get; }

    /// <param name="mostBytes">After decompression.</param>
    /// <exception cref="BodyTooLargeException">There are more.</exception>
    /// <exception cref="InvalidDataException">It is not compressed as its encoding says.</exception>
    public static ValueTask<RequestBody> ReadAsync(HttpRequest request, string? encoding, long mostBytes, CancellationToken cancellationToken) =>
        encoding is null ? ReadPlainAsync(request.BodyReader, mostBytes, cancellationToken) : ReadCompressedAsync(request.Body, encoding, mostBytes, cancellationToken);

    private static async ValueTask<RequestBody> ReadPlainAsync(PipeReader pipe, long mostBytes, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await pipe.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            if (buffer.Length > mostBytes)
            {
                pipe.AdvanceTo(buffer.End);
                throw new BodyTooLargeException();
            }
            if (!read.IsCompleted)
            {
                pipe.AdvanceTo(buffer.Start, buffer.End);
                continue;
            }
            if (buffer.IsSingleSegment) return new RequestBody(pipe, buffer);
            var length = (int)buffer.Length;
            var rented = ArrayPool<byte>.Shared.Rent(length);
            buffer.CopyTo(rented);
            pipe.AdvanceTo(buffer.End);
            return new RequestBody(rented, length);
        }
    }

    private static async ValueTask<RequestBody> ReadCompressedAsync(Stream body, string encoding, long mostBytes, CancellationToken cancellationToken)
    {
        await using Stream plain = encoding switch
        {
            "gzip" => new GZipStream(body, CompressionMode.Decompress, leaveOpen: true),
            "deflate" => new ZLibStream(body, CompressionMode.Decompress, leaveOpen: true),
            "br" => new BrotliStream(body, CompressionMode.Decompress, leaveOpen: true),
            _ => throw new ArgumentOutOfRangeException(nameof(encoding), encoding, "Expected gzip, deflate or br."),
        };
        var rented = ArrayPool<byte>.Shared.Rent(1 << 16);
        var length = 0;
        try
        {
            while (true)
            {
                var read = await plain.ReadAsync(rented.AsMemory(length), cancellationToken);
                if (read == 0) return new RequestBody(rented, length);
                length += read;
                // On what comes out: a few kilobytes can unfold to gigabytes.
                if (length > mostBytes) throw new BodyTooLargeException();
                if (length < rented.Length) continue;
                var larger = ArrayPool<byte>.Shared.Rent(rented.Length * 2);
                rented.AsSpan(0, length).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(rented);
                rented = larger;
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(rented);
            throw;
        }
    }

    public void Dispose()
    {
        _pipe?.AdvanceTo(_end);
        if (_rented is not null) ArrayPool<byte>.Shared.Return(_rented);
    }
}

/// <summary>A body has more bytes than are allowed.</summary>
public sealed class BodyTooLargeException : Exception;
