using System.Text.Json;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;

namespace ModelWorkbench.Workbench.Jobs;

/// <summary>The training process: <c>Workbench train FOLDER</c> reads <c>job.json</c> there, writes models and reports there, and tells events on standard output, one line of JSON each.</summary>
/// <remarks>It knows no database. It listens to commands on its standard input (<see cref="JobCommand"/>), and ends when that closes, which also happens when the web process is killed.</remarks>
public static class TrainingCommand
{
    public const string Name = "train";

    public static int Run(string folder)
    {
        LowPriority.TakeProcess();
        using var control = new JobControl();
        WatchStandardInput(control);
        var events = Console.Out;
        // Native libraries print to standard output too; what is not an event must not be mistaken for one.
        Console.SetOut(Console.Error);
        var job = JsonSerializer.Deserialize<ExperimentJob>(File.ReadAllBytes(Path.Combine(folder, "job.json")), CoreJson.Options)
            ?? throw new InvalidDataException("job.json is empty.");
        var gate = new Lock();
        ExperimentRunner.Run(job, folder, experimentEvent =>
        {
            var line = JsonSerializer.Serialize(experimentEvent, CoreJson.Options);
            lock (gate)
            {
                events.WriteLine(line);
                events.Flush();
            }
        }, control, CancellationToken.None);
        return 0;
    }

    private static void WatchStandardInput(JobControl control) => new Thread(() =>
    {
        while (Console.In.ReadLine() is { } line) control.Tell(line);
        // At once and without finalizers: nothing in this process is worth saving that is not already on disk.
        System.Diagnostics.Process.GetCurrentProcess().Kill();
    })
    { IsBackground = true, Name = "standard input watch" }.Start();
}
