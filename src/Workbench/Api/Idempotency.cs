using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Api;

/// <summary>Lets a caller send a POST again without its being done twice: the header Idempotency-Key names the wish, and a wish that was granted gets the answer it got.</summary>
/// <remarks>
/// The answer is kept for a day, in the database, sealed with the keys that seal cookies: it may hold an endpoint's key, which is nowhere else in the clear. It is kept before it is sent, so a caller who has it in hand finds it again.
/// What was refused or failed changed nothing, and leaves the key free. What an earlier run of the program began and did not answer may have been done or not: it is said so, and never done again under that key.
/// </remarks>
public sealed class Idempotency(IDbContextFactory<AppDb> databases, IDataProtectionProvider protection, TimeProvider time, ILogger<Idempotency> logger)
{
    public const string Header = "Idempotency-Key";

    /// <summary>On an answer that was given before.</summary>
    public const string ReplayedHeader = "Idempotency-Replayed";

    private const int MostCharacters = 255;

    /// <summary>Answers that are longer are none that create something.</summary>
    private const int MostAnswerBytes = 4 << 20;

    private static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    // Those that say what came of it; what the program says of every answer it says again.
    private static readonly string[] KeptHeaders = ["Content-Type", "Location", "ETag", "Tus-Resumable"];

    private readonly string _run = Guid.NewGuid().ToString("N");
    private readonly IDataProtector _protector = protection.CreateProtector("idempotent answers");

    private sealed record Answer(int Status, IReadOnlyDictionary<string, string> Headers, byte[] Body);

    /// <summary>Does what was asked for, or gives the answer that it got before.</summary>
    public async Task InvokeAsync(HttpContext context, RequestDelegate next, Caller caller)
    {
        var key = context.Request.Headers[Header].ToString();
        if (key.Length is 0 or > MostCharacters || key.Any(c => c is <= ' ' or > '~'))
        {
            await Results.Problem(statusCode: 400, title: "Invalid idempotency key", detail: $"{Header} has {key.Length} characters; expected 1 to {MostCharacters} letters, digits and signs of ASCII without spaces.").ExecuteAsync(context);
            return;
        }
        var keySha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(key)));
        var cancellationToken = context.RequestAborted;
        if (await TakeAsync(caller.UserId, keySha256, cancellationToken) is { } earlier)
        {
            await TellAsync(context, earlier, cancellationToken);
            return;
        }

        using var request = new HashingStream(context.Request.Body, StartOf(context.Request));
        using var answer = new MemoryStream();
        var (body, response) = (context.Request.Body, context.Response.Body);
        (context.Request.Body, context.Response.Body) = (request, answer);
        var isKept = false;
        try
        {
            await next(context);
            (context.Request.Body, context.Response.Body) = (body, response);
            if (context.Response.StatusCode is >= 200 and < 300 && answer.Length <= MostAnswerBytes)
            {
                // A handler need not have read what it did not need. It is done, though the caller may have gone meanwhile: that is what the key is for.
                try { await request.CopyToAsync(Stream.Null, CancellationToken.None); }
                catch (Exception e) when (e is IOException or OperationCanceledException) { }
                await KeepAsync(caller.UserId, keySha256, request.Sha256(), new Answer(
                    context.Response.StatusCode, KeptHeaders.Where(h => context.Response.Headers.ContainsKey(h)).ToDictionary(h => h, h => context.Response.Headers[h].ToString()), answer.ToArray()));
                isKept = true;
            }
        }
        finally
        {
            (context.Request.Body, context.Response.Body) = (body, response);
            if (!isKept) await ForgetAsync(caller.UserId, keySha256);
        }
        answer.Position = 0;
        await answer.CopyToAsync(response, cancellationToken);
    }

    /// <summary>Takes the key for a request that begins now.</summary>
    /// <returns>Null where it is ours; else what had it before.</returns>
    private async Task<IdempotencyRow?> TakeAsync(int userId, string keySha256, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        // Two requests at once: the second waits here for the first, and finds its row.
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var oldest = now - Kept;
        await db.Idempotencies.Where(i => i.At < oldest && (i.Answer != null || i.Run != _run)).ExecuteDeleteAsync(cancellationToken);
        if (await db.Idempotencies.AsNoTracking().SingleOrDefaultAsync(i => i.UserId == userId && i.KeySha256 == keySha256, cancellationToken) is { } earlier) return earlier;
        db.Idempotencies.Add(new IdempotencyRow { UserId = userId, KeySha256 = keySha256, RequestSha256 = "", At = now, Run = _run });
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateException) when (!cancellationToken.IsCancellationRequested)
        {
            // A database that lets both look before either writes.
            await transaction.RollbackAsync(cancellationToken);
            db.ChangeTracker.Clear();
            return await db.Idempotencies.AsNoTracking().SingleAsync(i => i.UserId == userId && i.KeySha256 == keySha256, cancellationToken);
        }
    }

    private async Task TellAsync(HttpContext context, IdempotencyRow earlier, CancellationToken cancellationToken)
    {
        if (earlier.Answer is null)
        {
            var isUnderWay = earlier.Run == _run;
            if (isUnderWay) context.Response.Headers.RetryAfter = "1";
            await Results.Problem(statusCode: 409, title: isUnderWay ? "Under way" : "Unknown outcome", detail: isUnderWay
                ? "A request with this idempotency key is being answered right now. Ask again in a moment."
                : "The program ended while it worked on a request with this idempotency key. It may have been done or not: look whether it was, and send it with another key if it was not.").ExecuteAsync(context);
            return;
        }
        using var request = new HashingStream(context.Request.Body, StartOf(context.Request));
        await request.CopyToAsync(Stream.Null, cancellationToken);
        if (request.Sha256() != earlier.RequestSha256)
        {
            await Results.Problem(statusCode: 422, title: "Another request", detail: "This idempotency key was used for a request with another address or body; expected the same, or a key of its own.").ExecuteAsync(context);
            return;
        }
        Answer answer;
        try
        {
            answer = JsonSerializer.Deserialize<Answer>(_protector.Unprotect(earlier.Answer))!;
        }
        catch (CryptographicException e)
        {
            logger.LogWarning(e, "A kept answer cannot be opened: the keys of signing in are other ones now");
            await Results.Problem(statusCode: 409, title: "Unknown outcome", detail: "What was answered to this idempotency key cannot be read any more. It was done; look for what it made.").ExecuteAsync(context);
            return;
        }
        context.Response.StatusCode = answer.Status;
        foreach (var (name, value) in answer.Headers) context.Response.Headers[name] = value;
        context.Response.Headers[ReplayedHeader] = "true";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.WriteAsync(answer.Body, cancellationToken);
    }

    // It has happened, whether the caller still waits or not.
    private async Task KeepAsync(int userId, string keySha256, string requestSha256, Answer answer)
    {
        var sealedAnswer = _protector.Protect(JsonSerializer.SerializeToUtf8Bytes(answer));
        await using var db = await databases.CreateDbContextAsync(CancellationToken.None);
        await db.Idempotencies.Where(i => i.UserId == userId && i.KeySha256 == keySha256).ExecuteUpdateAsync(set => set.SetProperty(i => i.RequestSha256, requestSha256).SetProperty(i => i.Answer, sealedAnswer), CancellationToken.None);
    }

    private async Task ForgetAsync(int userId, string keySha256)
    {
        await using var db = await databases.CreateDbContextAsync(CancellationToken.None);
        await db.Idempotencies.Where(i => i.UserId == userId && i.KeySha256 == keySha256 && i.Answer == null).ExecuteDeleteAsync(CancellationToken.None);
    }

    private static string StartOf(HttpRequest request) => $"{request.Method}\n{request.Path}{request.QueryString}\n{request.ContentType}\n";

    /// <summary>Passes a request's body on and hashes what passes: a file of gigabytes is not held for it.</summary>
    private sealed class HashingStream : Stream
    {
        private readonly Stream _inner;
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public HashingStream(Stream inner, string start)
        {
            _inner = inner;
            _hash.AppendData(Encoding.UTF8.GetBytes(start));
        }

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        /// <summary>Of all that was read, in hex.</summary>
        public string Sha256() => Convert.ToHexStringLower(_hash.GetCurrentHash());

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await _inner.ReadAsync(buffer, cancellationToken);
            _hash.AppendData(buffer.Span[..read]);
            return read;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = _inner.Read(buffer, offset, count);
            _hash.AppendData(buffer.AsSpan(offset, read));
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _hash.Dispose();
            base.Dispose(disposing);
        }
    }
}

public static class IdempotencySetup
{
    /// <summary>After the check of who may: an answer is given again to whoever still may ask for it.</summary>
    public static void UseIdempotency(this WebApplication app) => app.UseWhen(
        context => HttpMethods.IsPost(context.Request.Method) && context.Request.Headers.ContainsKey(Idempotency.Header) && context.GetEndpoint() is { } endpoint && AccessCheck.IsChecked(endpoint),
        api => api.Use((HttpContext context, RequestDelegate next) => context.RequestServices.GetRequiredService<Idempotency>().InvokeAsync(context, next, context.Features.Get<Caller>()!)));
}
