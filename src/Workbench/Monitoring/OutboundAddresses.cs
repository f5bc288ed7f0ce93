using System.Net;
using System.Net.Sockets;

namespace ModelWorkbench.Workbench.Monitoring;

/// <summary>Which addresses the workbench may send something to that a person named: those of the public internet, and no others unless the settings say so.</summary>
/// <remarks>Asked at the moment of connecting and of the address that is connected to: a name may mean another one than a moment before.</remarks>
public static class OutboundAddresses
{
    // Loopback, private and link-local networks, carriers' networks, documentation, multicast, reserved.
    private static readonly IPNetwork[] Closed =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
        }.Select(IPNetwork.Parse),
    ];

    // Networks of IPv6 addresses that stand for one of IPv4, and where its four bytes are.
    private static readonly (IPNetwork Network, int At)[] Embedding = [(IPNetwork.Parse("64:ff9b::/96"), 12), (IPNetwork.Parse("2002::/16"), 2)];

    public static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return IsPublic(address.MapToIPv4());
        foreach (var (network, at) in Embedding)
            if (address.AddressFamily == AddressFamily.InterNetworkV6 && network.Contains(address)) return IsPublic(new IPAddress(address.GetAddressBytes().AsSpan(at, 4)));
        return !Closed.Any(c => c.BaseAddress.AddressFamily == address.AddressFamily && c.Contains(address));
    }

    /// <summary>Connects to a host by an address that may be connected to.</summary>
    /// <param name="endPoint">Name or address, and port.</param>
    /// <param name="allowsPrivate">Whether any address will do.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OutboundRefusedException">One of the host's addresses is not public.</exception>
    public static async ValueTask<Stream> ConnectAsync(DnsEndPoint endPoint, bool allowsPrivate, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(endPoint.Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(endPoint.Host, cancellationToken);
        if (!allowsPrivate && addresses.FirstOrDefault(a => !IsPublic(a)) is { } closed)
            throw new OutboundRefusedException($"{endPoint.Host} is at {closed}, which is no public address; the setting {nameof(Settings.WorkbenchOptions.PrivateWebhooks)} allows such.");
        // The very addresses that were looked at: the name is not asked for again.
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, endPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>An address that nothing is sent to.</summary>
public sealed class OutboundRefusedException(string message) : Exception(message);
