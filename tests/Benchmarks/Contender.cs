using System.Diagnostics;

namespace ModelWorkbench.Benchmarks;

/// <summary>What a contender used.</summary>
/// <param name="Wall">Seconds of the clock, from start to end of its process.</param>
/// <param name="Cpu">Processor seconds, all threads.</param>
/// <param name="PeakMegabytes">Largest resident memory.</param>
/// <param name="Own">What it measured itself, in its own order.</param>
internal sealed record ContenderFigures(double Wall, double Cpu, double PeakMegabytes, IReadOnlyList<double> Own);

/// <summary>Runs a contender in a process of its own.</summary>
internal static class Contender
{
    private const string Marker = "FIGURES";

    /// <summary>This program, as <c>child</c> with arguments.</summary>
    public static ProcessStartInfo Self(params string[] arguments) => new(Environment.ProcessPath!, ["child", .. arguments]);

    /// <summary>A Python that can import a module; null where there is none.</summary>
    public static string? FindPython(string module)
    {
        foreach (var python in new[] { "python3", "/usr/bin/python3" })
        {
            try
            {
                using var probe = Process.Start(new ProcessStartInfo(python, ["-c", $"import {module}"]) { RedirectStandardError = true });
                probe!.WaitForExit();
                if (probe.ExitCode == 0) return python;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                // Not installed under that name.
            }
        }
        return null;
    }

    public static ContenderFigures Measure(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var wall = clock.Elapsed.TotalSeconds;
        var line = output.Split('\n').FirstOrDefault(text => text.StartsWith(Marker, StringComparison.Ordinal));
        if (process.ExitCode != 0 || line is null) throw new InvalidOperationException($"'{start.FileName} {string.Join(' ', start.ArgumentList)}' ended with {process.ExitCode}: {output}");
        var fields = line.Split(' ');
        return new ContenderFigures(wall, double.Parse(fields[1]), double.Parse(fields[2]), [.. fields[3..].Select(double.Parse)]);
    }

    /// <summary>The last word of a contender.</summary>
    public static void PrintFigures(params double[] own)
    {
        using var self = Process.GetCurrentProcess();
        Console.WriteLine($"{Marker} {self.TotalProcessorTime.TotalSeconds:F2} {self.PeakWorkingSet64 / 1048576.0:F0}{string.Concat(own.Select(o => $" {o:R}"))}");
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
