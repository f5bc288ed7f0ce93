using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Where the program can be reached from.</summary>
public sealed class ReachTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Listen is '0.0.0.0', so that others can reach it, without TLS", "--Workbench:Listen=0.0.0.0", "--Workbench:Hosts=models.example.org")]
    [InlineData("Hosts is empty; expected the names", "--Workbench:Listen=0.0.0.0", "--Workbench:BehindProxy=true")]
    [InlineData("Listen is 'everywhere'; expected an IP address", "--Workbench:Listen=everywhere")]
    [InlineData("CertificateKeyFile is ''; expected both", "--Workbench:CertificateFile=/nowhere.pem")]
    [InlineData("CertificateFile is '/nowhere.pem'; expected a file", "--Workbench:CertificateFile=/nowhere.pem", "--Workbench:CertificateKeyFile=/nowhere.key")]
    [InlineData("Hosts names '*'", "--Workbench:Hosts=*")]
    [InlineData("ProxyAddresses names 'proxy'", "--Workbench:ProxyAddresses=proxy")]
    public async Task Others_reach_it_only_by_TLS_or_where_somebody_says_that_a_proxy_has_it(string told, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        var (exitCode, _, error) = await WorkbenchProcess.RunAsync(["--data", folder.Path, "--port", "0", .. arguments]);
        Assert.Equal(2, exitCode);
        Assert.Contains(told, error);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task With_a_certificate_it_speaks_TLS_and_its_cookies_are_for_TLS_and_this_host_alone()
    {
        using var folder = new TemporaryFolder();
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(80));
        var (chain, secret) = (folder.Write("chain.pem", certificate.ExportCertificatePem()), folder.Write("key.pem", key.ExportPkcs8PrivateKeyPem()));
        using var program = await WorkbenchProcess.StartAsync(Path.Combine(folder.Path, "data"), $"--Workbench:CertificateFile={chain}", $"--Workbench:CertificateKeyFile={secret}");
        Assert.Equal("https", program.Address.Scheme);
        Assert.Empty(await program.Api.GetAsync<List<object>>("/api/v1/datasets"));

        var link = (await WorkbenchProcess.RunAsync("link", "--data", Path.Combine(folder.Path, "data"))).Output.Trim();
        Assert.StartsWith("https://", link);
        using var browser = Browser();
        using var signedIn = await browser.GetAsync(link, Cancel);
        var cookie = signedIn.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("__Host-workbench=", StringComparison.Ordinal));
        Assert.Matches(new Regex("; secure; samesite=lax; httponly", RegexOptions.IgnoreCase), cookie);
        Assert.Contains("path=/", cookie);
        Assert.DoesNotContain("domain=", cookie);
        using var form = await browser.GetAsync(new Uri(program.Address, "/sign-in"), Cancel);
        Assert.All(form.Headers.GetValues("Set-Cookie"), c => Assert.Contains("secure", c));
        // Pages, the API and what is refused alike: browsers come back by TLS alone.
        foreach (var path in (string[])["/sign-in", "/datasets", "/api/v1/datasets", "/nowhere", "/healthz"])
        {
            using var answer = await browser.GetAsync(new Uri(program.Address, path), Cancel);
            Assert.Equal("max-age=31536000", Assert.Single(answer.Headers.GetValues("Strict-Transport-Security")));
        }
    }

    [Fact]
    public async Task Behind_a_proxy_the_callers_word_is_the_proxys_and_other_hosts_are_refused()
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path, ("BehindProxy", "true"), ("Hosts", "models.example.org"));
        using var client = app.Anonymous();
        Assert.Equal(HttpStatusCode.OK, await AskAsync("models.example.org", "https"));
        Assert.Equal(HttpStatusCode.BadRequest, await AskAsync("evil.example", "https"));
        Assert.Equal(HttpStatusCode.BadRequest, await AskAsync("models.example.org", "http"));

        // A form from the page that people know is no foreign one, although this hop is plain HTTP.
        using var request = new HttpRequestMessage(HttpMethod.Post, "/sign-out") { Headers = { { "X-Forwarded-Proto", "https" }, { "X-Forwarded-For", "192.0.2.7" }, { "Origin", "https://models.example.org" }, { "Cookie", "a=b" } } };
        request.Headers.Host = "models.example.org";
        using var answer = await client.SendAsync(request, Cancel);
        Assert.NotEqual(HttpStatusCode.Forbidden, answer.StatusCode);

        async Task<HttpStatusCode> AskAsync(string host, string scheme)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/sign-in");
            request.Headers.Host = host;
            request.Headers.Add("X-Forwarded-Proto", scheme);
            using var answer = await client.SendAsync(request, Cancel);
            return answer.StatusCode;
        }
    }

    private static HttpClient Browser() => new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
}
