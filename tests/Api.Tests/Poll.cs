using System.Diagnostics;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Waits for something that takes a time nobody knows.</summary>
public static class Poll
{
    public static async Task UntilAsync(Func<Task<bool>> isSo, TimeSpan atMost, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!await isSo())
        {
            Assert.True(clock.Elapsed < atMost, $"Waited {clock.Elapsed.TotalSeconds:0.0} s in vain until {what}.");
            await Task.Delay(25, TestContext.Current.CancellationToken);
        }
    }
}
