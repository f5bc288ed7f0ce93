using System.Collections.Concurrent;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Jobs;

/// <summary>What happened to a service that runs as long as the program.</summary>
/// <param name="Name">Of the service.</param>
/// <param name="Count">How often it ended by a fault since the program began.</param>
/// <param name="At">When it did so last.</param>
/// <param name="Reason">Why.</param>
public sealed record ServiceFault(string Name, int Count, DateTimeOffset At, string Reason);

/// <summary>Begins services of the background anew that ended by a fault of ours: endpoints answer on meanwhile, and whoever looks at the system's page sees it.</summary>
public sealed class ServiceWatch(IServiceProvider services, TimeProvider time, ILogger<ServiceWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestStoragePause = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<BackgroundService, ServiceFault> _faults = [];

    /// <summary>Services that failed, whether they run again or not.</summary>
    public IReadOnlyList<ServiceFault> Faults => [.. _faults.Values.OrderBy(f => f.Name, StringComparer.Ordinal)];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Asked for now, not in the constructor: they are made together with this one.
        var watched = services.GetServices<IHostedService>().OfType<BackgroundService>().Where(s => s != this).ToArray();
        var again = new Dictionary<BackgroundService, DateTimeOffset>();
        using var timer = new PeriodicTimer(Between, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            foreach (var service in watched)
            {
                if (service.ExecuteTask is not { IsFaulted: true } ended) continue;
                if (!again.TryGetValue(service, out var moment))
                {
                    var fault = Note(service, ended.Exception.GetBaseException());
                    // A database that was away is there again at some moment, and work waits for it.
                    var longest = StorageFault.Of(ended.Exception) is null ? LongestPause : LongestStoragePause;
                    var pause = TimeSpan.FromSeconds(Math.Min(longest.TotalSeconds, Math.Pow(2, fault.Count - 1)));
                    again[service] = time.GetUtcNow() + pause;
                    logger.LogError(ended.Exception, "{Service} ended by a fault, the {Count}. time; it begins anew in {Seconds} s", fault.Name, fault.Count, pause.TotalSeconds);
                }
                else if (moment <= time.GetUtcNow())
                {
                    again.Remove(service);
                    await service.StartAsync(stoppingToken);
                }
            }
        }
    }

    private ServiceFault Note(BackgroundService service, Exception fault) => _faults.AddOrUpdate(service,
        _ => new ServiceFault(service.GetType().Name, 1, time.GetUtcNow(), fault.Message),
        (_, known) => known with { Count = known.Count + 1, At = time.GetUtcNow(), Reason = fault.Message });
}
