using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Monitoring;

/// <summary>Where alerts of endpoints are sent, and the sending: what is to be told is written down with the alert itself and tried until it is delivered, at most <see cref="MostAttempts"/> times.</summary>
public sealed class Webhooks(IDbContextFactory<AppDb> databases, IDataProtectionProvider protection, AuditLog audit, IOptions<WorkbenchOptions> options, TimeProvider time, ILogger<Webhooks> logger) : BackgroundService
{
    public const string TimestampHeader = "X-Workbench-Timestamp";
    public const string SignatureHeader = "X-Workbench-Signature";
    public const string DeliveryHeader = "X-Workbench-Delivery";

    public const string TestEvent = "test";

    public const int LeastSecretCharacters = 16, MostSecretCharacters = 200;

    private const int MostUrlCharacters = 2_000;
    private const int KeptDeliveries = 100;
    private const int MostAtOnce = 4;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(10);

    // The longest pause is half an hour: whoever mends a receiver in the meantime still hears of it.
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30)];

    /// <summary>Of one delivery.</summary>
    public static readonly int MostAttempts = Pauses.Length + 1;

    private readonly IDataProtector _protector = protection.CreateProtector("ModelWorkbench.Webhooks");
    private readonly HttpClient _http = MakeClient(options.Value.PrivateWebhooks);
    private readonly SemaphoreSlim _due = new(0, 1);

    private static HttpClient MakeClient(bool allowsPrivate)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            // Each delivery connects anew, and so is checked anew.
            PooledConnectionLifetime = TimeSpan.Zero,
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = 0,
            ConnectCallback = (context, cancellationToken) => OutboundAddresses.ConnectAsync(context.DnsEndPoint, allowsPrivate, cancellationToken),
        };
        var http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("ModelWorkbench", ManagementApi.ProgramVersion));
        return http;
    }

    /// <summary>Where this endpoint's alerts go; null for nowhere.</summary>
    public async Task<WebhookRow?> FindAsync(string endpoint, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Webhooks.AsNoTracking().SingleOrDefaultAsync(w => w.EndpointName == endpoint, cancellationToken);
    }

    /// <summary>What was sent, or is to be, the newest first.</summary>
    public async Task<IReadOnlyList<WebhookDeliveryRow>> DeliveriesAsync(string endpoint, int most, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.WebhookDeliveries.AsNoTracking().Where(d => d.EndpointName == endpoint).OrderByDescending(d => d.Id).Take(most).ToListAsync(cancellationToken);
    }

    /// <summary>Sends an endpoint's alerts to an address from now on.</summary>
    /// <param name="endpoint">Its name.</param>
    /// <param name="url">http or https.</param>
    /// <param name="secret">What signs the bodies; null keeps the known one, or makes one.</param>
    /// <param name="who">For the audit log.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The secret where it was made; it is never shown again.</returns>
    /// <exception cref="ArgumentException">The address or the secret will not do.</exception>
    public async Task<string?> SetAsync(string endpoint, string url, string? secret, string who, CancellationToken cancellationToken)
    {
        var address = CheckUrl(url);
        if (secret is { Length: < LeastSecretCharacters or > MostSecretCharacters }) throw new ArgumentException($"The secret has {secret.Length} characters; expected {LeastSecretCharacters} to {MostSecretCharacters}.");
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var known = await db.Webhooks.SingleOrDefaultAsync(w => w.EndpointName == endpoint, cancellationToken);
        var made = secret is null && known is null ? Access.Secret.Create("mws").Text : null;
        if (known is null) db.Webhooks.Add(known = new WebhookRow { EndpointName = endpoint, Url = "", ProtectedSecret = "", SetBy = who });
        (known.Url, known.SetAt, known.SetBy) = (url, time.GetUtcNow(), who);
        if ((secret ?? made) is { } signing) known.ProtectedSecret = _protector.Protect(signing);
        await db.SaveChangesAsync(cancellationToken);
        // The host alone: with many services the path of such an address is a secret itself.
        await audit.AppendAsync(db, "endpoint.webhook.set", $"endpoint {endpoint}", new { address.Scheme, address.Host, address.Port, newSecret = (secret ?? made) is not null }, actor: Actor.Current with { Name = who }, cancellationToken: cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return made;
    }

    /// <summary>An address as it can be used.</summary>
    /// <exception cref="ArgumentException">It will not do; the message says why.</exception>
    public static Uri CheckUrl(string url)
    {
        if (url.Length > MostUrlCharacters) throw new ArgumentException($"The address has {url.Length} characters; expected at most {MostUrlCharacters}.");
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps)) throw new ArgumentException($"The address is '{url}'; expected one that begins with https:// or http://.");
        if (address.UserInfo.Length > 0) throw new ArgumentException("The address holds a name or password before the host; expected none.");
        return address;
    }

    /// <returns>False where there was none.</returns>
    public async Task<bool> RemoveAsync(string endpoint, string who, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.Webhooks.Where(w => w.EndpointName == endpoint).ExecuteDeleteAsync(cancellationToken) == 0) return false;
        await db.WebhookDeliveries.Where(d => d.EndpointName == endpoint && d.NextAt != null).ExecuteUpdateAsync(set => set.SetProperty(d => d.NextAt, (DateTimeOffset?)null).SetProperty(d => d.Problem, "The webhook was removed."), cancellationToken);
        await audit.AppendAsync(db, "endpoint.webhook.remove", $"endpoint {endpoint}", actor: Actor.Current with { Name = who }, cancellationToken: cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Writes down something to be told, in the transaction of the fact that it tells.</summary>
    public void Add(AppDb db, string endpoint, string what, object body) => db.WebhookDeliveries.Add(DeliveryOf(endpoint, what, body));

    private WebhookDeliveryRow DeliveryOf(string endpoint, string what, object body) => new()
    {
        EndpointName = endpoint,
        Event = what,
        Body = JsonSerializer.Serialize(body, AlertBody.Json),
        CreatedAt = time.GetUtcNow(),
        NextAt = time.GetUtcNow(),
    };

    /// <summary>Says that there is something to send.</summary>
    public void Wake()
    {
        try
        {
            _due.Release();
        }
        catch (SemaphoreFullException)
        {
            // It was said already.
        }
    }

    /// <summary>Sends something at once, a single time, for somebody who waits for the outcome.</summary>
    /// <returns>Null where there is no webhook.</returns>
    public async Task<WebhookDeliveryRow?> SendTestAsync(string endpoint, string who, CancellationToken cancellationToken)
    {
        if (await FindAsync(endpoint, cancellationToken) is not { } webhook) return null;
        var delivery = DeliveryOf(endpoint, TestEvent, new AlertBody(TestEvent, endpoint, null, time.GetUtcNow(), $"A test of the webhook of '{endpoint}'.", null));
        delivery.NextAt = null;
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        db.WebhookDeliveries.Add(delivery);
        await db.SaveChangesAsync(cancellationToken);
        await TryAsync(webhook, delivery, cancellationToken);
        delivery.NextAt = null;
        await db.SaveChangesAsync(CancellationToken.None);
        await audit.RecordAsync("endpoint.webhook.test", $"endpoint {endpoint}", new { delivery.StatusCode }, delivery.IsDelivered ? AuditResult.Ok : AuditResult.Failed, Actor.Current with { Name = who }, CancellationToken.None);
        return delivery;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await SendDueAsync(stoppingToken);
                await _due.WaitAsync(Period, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Sends everything whose time has come.</summary>
    public async Task SendDueAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        var due = await db.WebhookDeliveries.Where(d => d.NextAt != null && d.NextAt <= now).OrderBy(d => d.Id).Take(KeptDeliveries).ToListAsync(cancellationToken);
        if (due.Count == 0) return;
        var names = due.Select(d => d.EndpointName).Distinct().ToArray();
        var webhooks = await db.Webhooks.AsNoTracking().Where(w => names.Contains(w.EndpointName)).ToDictionaryAsync(w => w.EndpointName, cancellationToken);
        // One receiver hears of things in their order; a slow one does not keep the others waiting.
        await Parallel.ForEachAsync(due.GroupBy(d => d.EndpointName), new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = cancellationToken }, async (deliveries, ct) =>
        {
            foreach (var delivery in deliveries)
            {
                if (webhooks.TryGetValue(delivery.EndpointName, out var webhook)) await TryAsync(webhook, delivery, ct);
                else (delivery.NextAt, delivery.Problem) = (null, "The webhook was removed.");
            }
        });
        // What was sent is written down even while the program ends: it would be sent again.
        await db.SaveChangesAsync(CancellationToken.None);
        foreach (var name in names)
        {
            var last = await db.WebhookDeliveries.Where(d => d.EndpointName == name).OrderByDescending(d => d.Id).Skip(KeptDeliveries).Select(d => (long?)d.Id).FirstOrDefaultAsync(cancellationToken);
            if (last is { } id) await db.WebhookDeliveries.Where(d => d.EndpointName == name && d.Id <= id && d.NextAt == null).ExecuteDeleteAsync(cancellationToken);
        }
    }

    private async Task TryAsync(WebhookRow webhook, WebhookDeliveryRow delivery, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        (delivery.StatusCode, delivery.Problem, delivery.TriedAt) = (null, null, time.GetUtcNow());
        delivery.Attempts++;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LongestAnswer);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, CheckUrl(webhook.Url)) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(delivery.Body)) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json") { CharSet = "utf-8" };
            var timestamp = time.GetUtcNow().ToUnixTimeSeconds();
            request.Headers.Add(TimestampHeader, timestamp.ToString(CultureInfo.InvariantCulture));
            request.Headers.Add(SignatureHeader, Sign(_protector.Unprotect(webhook.ProtectedSecret), timestamp, delivery.Body));
            request.Headers.Add(DeliveryHeader, delivery.Id.ToString(CultureInfo.InvariantCulture));
            // The status alone: what a receiver says is nothing to show or keep.
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            delivery.StatusCode = (int)answer.StatusCode;
            if (!answer.IsSuccessStatusCode)
                delivery.Problem = answer.StatusCode is >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest ? $"Status {delivery.StatusCode}: redirects are not followed." : $"Status {delivery.StatusCode}; expected 200 to 299.";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            delivery.Problem = $"No answer within {LongestAnswer.TotalSeconds:N0} s.";
        }
        catch (OperationCanceledException)
        {
            // The program ends: the attempt does not count, and is made again.
            delivery.Attempts--;
            return;
        }
        catch (HttpRequestException e)
        {
            delivery.Problem = e.GetBaseException() switch
            {
                OutboundRefusedException refused => refused.Message,
                AuthenticationException => "The receiver's certificate is not trusted.",
                System.Net.Sockets.SocketException socket => $"No connection: {socket.SocketErrorCode}.",
                _ => $"No connection: {e.HttpRequestError}.",
            };
        }
        catch (CryptographicException)
        {
            delivery.Problem = "The secret cannot be read, as the workbench's keys are others now. Set it again.";
        }
        delivery.Milliseconds = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        delivery.NextAt = delivery.Problem is null || delivery.Attempts >= MostAttempts ? null : time.GetUtcNow() + Pauses[delivery.Attempts - 1];
        if (delivery.Problem is not null) logger.LogWarning("Webhook of endpoint {Name}, delivery {Id}, attempt {Attempt}: {Problem}", delivery.EndpointName, delivery.Id, delivery.Attempts, delivery.Problem);
    }

    /// <summary><c>v1=</c> and the HMAC-SHA256, in hexadecimal, of the timestamp, a full stop and the body.</summary>
    public static string Sign(string secret, long timestamp, string body) =>
        "v1=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{timestamp}.{body}"))));

    public override void Dispose()
    {
        _http.Dispose();
        _due.Dispose();
        base.Dispose();
    }
}

/// <summary>What a webhook is sent.</summary>
/// <param name="Event"><c>alert.raised</c>, <c>alert.cleared</c> or <c>test</c>.</param>
/// <param name="Endpoint">Its name.</param>
/// <param name="Version">That is live; null for a test.</param>
/// <param name="At">When it happened.</param>
/// <param name="Text">For people.</param>
/// <param name="Alert">Null for a test.</param>
public sealed record AlertBody(string Event, string Endpoint, int? Version, DateTimeOffset At, string Text, AlertAnswer? Alert)
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter(JsonNamingPolicy.CamelCase) }, NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals };
}
