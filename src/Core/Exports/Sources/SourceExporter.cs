using System.Diagnostics;
using System.Globalization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes.Expressions;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Exports.Sources;

/// <summary>What the models that leave as programs have in common: how they describe themselves, and how they are asked.</summary>
internal static class SourceExporter
{
    /// <summary>Sums of 32-bit numbers are added in another order than the processor does it here; all else is the same to the last digits.</summary>
    public const double Tolerance = 1e-6;

    private const int MostNamedChoices = 12;

    public static string Template(string name)
    {
        using var reader = new StreamReader(typeof(SourceExporter).Assembly.GetManifestResourceStream("Sources/" + name) ?? throw new InvalidOperationException($"The file {name} is not embedded."));
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    /// <summary>What the model is, and what it asks for; a line each, without control characters.</summary>
    public static IReadOnlyList<string> Describe(ExportSource source)
    {
        var manifest = source.Package.Manifest;
        var target = manifest.Target;
        var lines = new List<string>
        {
            $"{ScriptLiterals.Comment(source.Name)}: predicts {ScriptLiterals.Comment(target.Column)}{(target.Task == LearningTask.Regression ? ", a number" : $", one of {target.Classes.Count} classes: {Some(target.Classes)}")}.{(target.Threshold is { } threshold ? string.Create(CultureInfo.InvariantCulture, $" The answer is {ScriptLiterals.Comment(target.Classes[1])} from a probability of {threshold:R} on.") : "")}",
            "",
            $"A {manifest.TrainerName} model of {manifest.Encoder.FeatureNames.Count} features, trained by Model Workbench and written with its whole recipe: rows go in as they stand in the source. It needs nothing but the standard library.",
            "",
            "Inputs; any of them may be missing:",
        };
        foreach (var input in manifest.Signature.Used) lines.Add("  " + DescribeInput(input));
        return lines;
    }

    /// <summary>Name, kind, range or choices of an input in a line.</summary>
    public static string DescribeInput(InputColumn input) => $"{ScriptLiterals.Comment(input.Name)}: {Kind(input)}";

    private static string Kind(InputColumn input) => input.Kind switch
    {
        ColumnKind.Numeric => input.Minimum is { } low && input.Maximum is { } high ? string.Create(CultureInfo.InvariantCulture, $"{(input.WholeNumbers ? "a whole number" : "a number")}, in training {low} to {high}") : "a number",
        ColumnKind.DateTime => input.Earliest is null ? "a date in ISO 8601" : $"a date in ISO 8601, in training {input.Earliest} to {input.Latest}",
        ColumnKind.Text => "a text",
        var kind => $"{(kind == ColumnKind.Boolean ? "yes or no" : "a category")}: {Some(input.Choices ?? [])}{(input.ChoicesAreComplete ? "; others count as missing" : "")}",
    };

    private static string Some(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(MostNamedChoices).Select(ScriptLiterals.Comment)) + (names.Count > MostNamedChoices ? $" and {names.Count - MostNamedChoices} more" : "");

    /// <summary>A text in lines of a width that editors show.</summary>
    public static string Base64(ReadOnlySpan<byte> data)
    {
        const int width = 160;
        var text = Convert.ToBase64String(data);
        var lines = new System.Text.StringBuilder(text.Length + (text.Length / width) + 2);
        for (var at = 0; at < text.Length; at += width) lines.Append(text.AsSpan(at, Math.Min(width, text.Length - at))).Append('\n');
        return lines.ToString();
    }

    /// <summary>The sample as an endpoint sees it: without blanks at the ends of texts.</summary>
    public static ExportSample Trimmed(ModelPackage package, ExportSample sample)
    {
        if (!sample.Rows.Any(row => row.Any(text => text is not null && text != text.Trim()))) return sample;
        IReadOnlyList<IReadOnlyList<string?>> rows = [.. sample.Rows.Select(row => (IReadOnlyList<string?>)[.. row.Select(text => text?.Trim() is { Length: > 0 } kept ? kept : null)])];
        return sample with { Rows = rows, Outputs = ExportSample.Answers(package, rows) };
    }

    /// <summary>A first row of the model's own, for what is shown to people.</summary>
    public static IReadOnlyList<(InputColumn Input, string? Text)> FirstRow(ExportSource source)
    {
        var signature = source.Package.Manifest.Signature;
        var golden = source.Package.Manifest.Golden.Rows;
        return [.. signature.Inputs.Index().Where(i => i.Item.Used).Select(i => (i.Item, golden.Count > 0 ? golden[0][i.Index] : i.Item.Default))];
    }

    /// <summary>Runs a program to its end and returns what it wrote.</summary>
    /// <param name="input">A file that it reads as its standard input.</param>
    /// <exception cref="InvalidOperationException">It failed, with what it said; or it took too long.</exception>
    public static string Run(string program, IReadOnlyList<string> arguments, string input, TimeSpan most, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })
            ?? throw new InvalidOperationException($"{program} does not start.");
        using var clock = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        clock.CancelAfter(most);
        using var kill = clock.Token.Register(() => { try { process.Kill(entireProcessTree: true); } catch (InvalidOperationException) { } });
        // Read at the side: a full pipe would stop the program.
        var errors = "";
        var reading = new Thread(() => errors = process.StandardError.ReadToEnd());
        reading.Start();
        var writing = new Thread(() =>
        {
            try
            {
                using var stream = process.StandardInput.BaseStream;
                using var file = File.OpenRead(input);
                file.CopyTo(stream);
            }
            // It ended before it had read everything; why is told by its errors.
            catch (IOException) { }
        });
        writing.Start();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        reading.Join();
        writing.Join();
        cancellationToken.ThrowIfCancellationRequested();
        if (clock.IsCancellationRequested) throw new InvalidOperationException($"{program} did not end within {most.TotalSeconds:N0} s.");
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {Last(errors)}");
    }

    private static string Last(string errors) => errors.Trim() is { Length: > 2000 } text ? "…" + text[^2000..] : errors.Trim();

    /// <summary>Where a program stands among the folders in which the system looks; null where it does not.</summary>
    public static string? Find(params string[] names) =>
        (from name in names
         from folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
         let path = Path.Combine(folder, OperatingSystem.IsWindows() ? name + ".exe" : name)
         where File.Exists(path)
         select path).FirstOrDefault();
}
