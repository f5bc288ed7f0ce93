using System.Globalization;
using System.Text.Json;
using ModelWorkbench.Benchmarks.Quality;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Core.Tuning;

namespace ModelWorkbench.Benchmarks;

/// <summary>On public data sets, whether a variant has a quarter of a model's bytes and half of its time, with a loss inside the interval of the metric: from the ladder, or from a search under just those limits.</summary>
internal static class LadderComparison
{
    private const double BytesShare = 0.25, TimeShare = 0.5;

    // As in the folder of data sets: name, target, task.
    private static readonly (string Name, string Target, LearningTask Task)[] Sets =
    [
        ("concrete", "strength", LearningTask.Regression), ("vehicle", "Class", LearningTask.Multiclass), ("segment", "class", LearningTask.Multiclass), ("car-evaluation", "decision", LearningTask.Multiclass),
        ("telco-churn", "Churn", LearningTask.Binary), ("spambase", "type", LearningTask.Binary), ("credit-g", "default", LearningTask.Binary), ("california-housing", "median_house_value", LearningTask.Regression), ("insurance", "charges", LearningTask.Regression),
    ];

    /// <param name="folder">With a folder and a CSV file for each data set; one that is not there is skipped.</param>
    /// <param name="trainer">The family whose defaults are trained.</param>
    public static void Run(string folder, string trainer)
    {
        Console.WriteLine($"{"data set",-20} {"rows",7} {"bytes",9} {"µs",8} {"score",9} {"variant",9} {"µs",8} {"score",9} {"of bytes",9} {"of time",8}  verdict");
        var (reached, tried) = (0, 0);
        foreach (var (name, target, task) in Sets)
        {
            var csv = Path.Combine(folder, name, $"{name}.csv");
            if (!File.Exists(csv))
            {
                Console.WriteLine($"{name,-20} skipped: there is no {csv}.");
                continue;
            }
            var work = Directory.CreateTempSubdirectory("ladder").FullName;
            try
            {
                tried++;
                if (RunSet(name, csv, target, task, trainer, work)) reached++;
            }
            catch (Exception e) when (e is InvalidDataException or InvalidOperationException or ArgumentException)
            {
                Console.WriteLine($"{name,-20} failed: {e.Message}");
            }
            finally
            {
                Directory.Delete(work, recursive: true);
            }
        }
        Console.WriteLine($"{reached} of {tried} data sets have a variant with {BytesShare:P0} of the bytes and {TimeShare:P0} of the time whose loss lies inside the interval.");
    }

    private static bool RunSet(string name, string csv, string target, LearningTask task, string trainer, string work)
    {
        var (file, _, recipe) = SearchRun.Import(csv, target, work);
        var table = TableFile.Read(file, CancellationToken.None);
        var plan = ExperimentPlan.Propose(table, target, recipe, task) with { TrainerIds = [trainer], Tuning = TuningMode.DefaultsOnly, BudgetSeconds = 600 };
        plan = plan with { Split = plan.Split with { Folds = 3 } };
        var events = Ask(new JobWork.Search([new JobTrial(1, new TrialSpec(trainer, HyperparameterValues.None, TrialOrigin.Default, ""))], [], 2, 0));
        var completed = events.OfType<TrialCompleted>().FirstOrDefault() ?? throw new InvalidOperationException($"{trainer} did not learn: {string.Join("; ", events.Where(e => e is not TrialProgressed))}");
        var trial = new FinishedTrial(1, events.OfType<TrialStarted>().First().Spec, completed.Result, Path.Combine(work, completed.PredictionsFile!), true);
        var ladder = Optimise(null);
        if (Best(ladder) is null) ladder = Optimise(new LadderLimits(BytesShare * ladder.Original.FileBytes / 1000, TimeShare * ladder.Original.MedianMicroseconds, null));
        var (own, best) = (ladder.Original, Best(ladder));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-20} {table.RowCount,7} {own.FileBytes,9} {own.MedianMicroseconds,8:F2} {own.Score,9:F4} ") + (best is { Figures: { } figures }
            ? string.Create(CultureInfo.InvariantCulture, $"{figures.FileBytes,9} {figures.MedianMicroseconds,8:F2} {figures.Score,9:F4} {(double)figures.FileBytes / own.FileBytes,9:F2} {figures.MedianMicroseconds / own.MedianMicroseconds,8:F2}  {best.Verdict}: {best.Name}{(best.IsSearched ? " (searched)" : "")}")
            : $"none: {ladder.Search?.Ending}"));
        return best is not null;

        LadderRung? Best(LadderReport report) => report.Rungs
            .Where(r => r.Verdict is LadderVerdict.NoLoss or LadderVerdict.WithinInterval && r.Figures!.FileBytes <= BytesShare * report.Original.FileBytes && r.Figures.MedianMicroseconds <= TimeShare * report.Original.MedianMicroseconds)
            .MinBy(r => r.Loss);

        LadderReport Optimise(LadderLimits? limits)
        {
            var ready = Ask(new JobWork.Optimise(trial, [], 100, limits)).OfType<LadderReady>().Single();
            using var written = File.OpenRead(Path.Combine(work, ready.ReportFile));
            return JsonSerializer.Deserialize<LadderReport>(written, CoreJson.Options)!;
        }

        List<ExperimentEvent> Ask(JobWork job)
        {
            var told = new List<ExperimentEvent>();
            using var control = new JobControl();
            ExperimentRunner.Run(new ExperimentJob(plan, file, Environment.ProcessorCount, job), work, told.Add, control, CancellationToken.None);
            return told;
        }
    }
}
