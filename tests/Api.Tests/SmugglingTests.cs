using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Requests that two servers in a row would end at different places: never a second answer on the connection.</summary>
public sealed partial class SmugglingTests(SharedWorkbench workbench) : IClassFixture<SharedWorkbench>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [GeneratedRegex(@"HTTP/1\.1 (\d{3})")]
    private static partial Regex StatusLine();

    [Theory]
    [InlineData("two lengths that differ", "Content-Length: 3\r\nContent-Length: 60\r\n\r\n")]
    [InlineData("two lengths in one", "Content-Length: 3, 60\r\n\r\n")]
    [InlineData("a length beside chunks", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("chunks beside a length", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n")]
    [InlineData("a line end in a chunk's extension", "Transfer-Encoding: chunked\r\n\r\n3;a=\nb\r\n{}\n\r\n0\r\n\r\n")]
    [InlineData("a header over two lines", "Content-Length: 2\r\nX-Folded: a\r\n b\r\n\r\n{}")]
    [InlineData("a space before the colon", "Content-Length : 2\r\n\r\n{}")]
    [InlineData("an unknown encoding", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("chunked twice", "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n")]
    public async Task It_is_refused_and_what_follows_is_never_answered(string what, string rest)
    {
        var address = workbench.App.ClientOptions.BaseAddress;
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, Cancel);
        var stream = client.GetStream();
        var host = $"Host: {address.Authority}\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST /api/v1/models/none/predict HTTP/1.1\r\n{host}Content-Type: application/json\r\n{rest}GET /healthz HTTP/1.1\r\n{host}\r\n"), Cancel);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(10));
        using var received = new MemoryStream();
        // The server closes the connection; one that it kept open would run into the patience.
        await stream.CopyToAsync(received, patience.Token);
        var answers = StatusLine().Matches(Encoding.Latin1.GetString(received.ToArray()));
        Assert.True(answers.Count <= 1, $"{what}: {answers.Count} answers.");
        // Without a key, the chunks may never be read.
        Assert.All(answers, a => Assert.Contains(a.Groups[1].Value, (string[])["400", "401", "404", "501"]));
    }
}
