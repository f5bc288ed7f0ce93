using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Optimisation;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Experiments;

public sealed class LadderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ladder").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Table Noisy(LearningTask task)
    {
        var random = new Random(8);
        double[] a = [.. Enumerable.Range(0, 600).Select(_ => random.NextDouble())], b = [.. a.Select(_ => random.NextDouble())], c = [.. a.Select(v => v + (0.01 * random.NextDouble()))];
        string?[] d = [.. a.Select(_ => random.Next(9) == 0 ? null : "uvw"[random.Next(3)].ToString())];
        double[] y = [.. a.Select((v, i) => (2 * v) + (b[i] * (d[i] == "u" ? 2 : -1)) + (0.3 * random.NextDouble()))];
        return Table(
            task == LearningTask.Regression ? Numbers("y", y) : Categories("y", [.. y.Select(v => task == LearningTask.Binary ? v > 1 ? "yes" : "no" : v > 1.5 ? "high" : v > 0.7 ? "middle" : "low")]),
            Numbers("a", a), Numbers("b", b), Numbers("c", c), Categories("d", d));
    }

    private (LadderReport Report, IReadOnlyList<LadderVariant> Variants) Build(LearningTask task, string trainer, CancellationToken cancellationToken, Action<ExperimentEvent>? told = null, LadderLimits? limits = null)
    {
        var table = Noisy(task);
        var file = Path.Combine(_folder, "table.parquet");
        TableFile.Write(table, file, CancellationToken.None);
        var plan = new ExperimentPlan("y", task, (task == LearningTask.Regression ? Metric.Rmse : Metric.LogLoss).Id, new SplitPlan(Folds: 3), new Recipe([]), [], [trainer], 600);
        var events = new List<ExperimentEvent>();
        ExperimentRunner.Run(new ExperimentJob(plan, file, 2, JobWorkOf.EachOnce(plan)), _folder, events.Add, new JobControl(), CancellationToken.None);
        var completed = events.OfType<TrialCompleted>().Single();
        var spec = events.OfType<TrialStarted>().Single().Spec;
        var trial = new FinishedTrial(1, spec, completed.Result, Path.Combine(_folder, completed.PredictionsFile!), true);
        events.Clear();
        ExperimentRunner.Run(new ExperimentJob(plan, file, 2, new JobWork.Optimise(trial, [], 50, limits)), _folder, e => { events.Add(e); told?.Invoke(e); }, new JobControl(), cancellationToken);
        var ready = events.OfType<LadderReady>().Single();
        var report = JsonSerializer.Deserialize<LadderReport>(File.ReadAllBytes(Path.Combine(_folder, ready.ReportFile)), CoreJson.Options)!;
        Assert.Equal(completed.Result.Score!.Value, report.Original.Score!.Value, 1e-9);
        return (report, ready.Variants);
    }

    [Theory]
    [InlineData(LearningTask.Binary, "random-forest")]
    [InlineData(LearningTask.Multiclass, "lightgbm")]
    [InlineData(LearningTask.Regression, "lightgbm")]
    [InlineData(LearningTask.Multiclass, "linear-lbfgs")]
    public void Variants_are_models_that_prove_themselves_and_cost_less(LearningTask task, string trainer)
    {
        var (report, variants) = Build(task, trainer, TestContext.Current.CancellationToken);
        Assert.Equal(variants.Select(v => v.Number), report.Rungs.Where(r => r.Number is not null).Select(r => r.Number!.Value));
        Assert.Equal(Enumerable.Range(50, variants.Count), variants.Select(v => v.Number));
        foreach (var rung in report.Rungs)
        {
            // Either figures or a reason.
            Assert.True(rung.Figures is null == rung.WhyNot is not null, rung.Name);
            if (rung.Figures is not { } figures) continue;
            var variant = variants.Single(v => v.Number == rung.Number);
            // Reading proves the golden rows.
            using var file = File.OpenRead(Path.Combine(_folder, variant.ModelFile));
            var package = ModelPackage.Read(file);
            Assert.Equal(["a", "b", "c", "d"], package.Manifest.Signature.Inputs.Select(i => i.Name));
            Assert.Equal(variant.Result.Score, figures.Score);
            Assert.Equal(3, variant.Result.FoldScores.Count);
            Assert.True(figures.MedianMicroseconds > 0 && figures.P99Microseconds >= figures.MedianMicroseconds, rung.Name);
            Assert.NotNull(rung.Verdict);
            Assert.Equal(task == LearningTask.Regression, rung.ChangedShare is null);
            if (rung.Steps.All(s => !s.IsLearnt)) Assert.True(figures.FileBytes < report.Original.FileBytes, $"{rung.Name}: {figures.FileBytes} of {report.Original.FileBytes} bytes");
        }
        var lossless = Rung(report, new OptimisationStep.Quantise(16));
        Assert.Equal(report.Original.Score!.Value, lossless.Figures!.Score!.Value, 1e-3);
        Assert.True(lossless.Verdict is not LadderVerdict.Worse);
        // c is a with noise: either will do. Beside them d decides which way b goes.
        var half = Rung(report, new OptimisationStep.KeepColumns(0.5));
        Assert.Equal("The 50 % of the columns that matter most (2 of 4)", half.Name);
        using (var file = File.OpenRead(Path.Combine(_folder, variants.Single(v => v.Number == half.Number).ModelFile)))
        {
            var used = ModelPackage.Read(file).Manifest.Signature.Used.Select(i => i.Name).ToArray();
            Assert.Equal(2, used.Length);
            Assert.Contains("d", used);
        }
        var columnsAndBits = Rung(report, new OptimisationStep.KeepColumns(0.5), new OptimisationStep.Quantise(8));
        Assert.True(columnsAndBits.Figures!.FileBytes < half.Figures!.FileBytes, $"{columnsAndBits.Figures.FileBytes} of {half.Figures.FileBytes} bytes");
        if (trainer == "linear-lbfgs")
        {
            var quarter = Rung(report, new OptimisationStep.KeepWeights(0.25));
            Assert.IsType<LinearScorer>(Unwrapped(variants.Single(v => v.Number == quarter.Number)));
            Assert.True(quarter.Figures!.FileBytes < report.Original.FileBytes && quarter.Loss > 0, $"{quarter.Name}: {quarter.Figures.FileBytes} of {report.Original.FileBytes} bytes, loss {quarter.Loss}");
            Assert.Equal("The model is as small as a student would be.", Rung(report, new OptimisationStep.DistilLinear()).WhyNot);
            return;
        }
        // What d does to b is beyond sums of columns.
        var linear = Rung(report, new OptimisationStep.DistilLinear());
        Assert.IsType<LinearScorer>(Unwrapped(variants.Single(v => v.Number == linear.Number)));
        Assert.Equal(LadderVerdict.Worse, linear.Verdict);
        var small = Rung(report, new OptimisationStep.KeepTrees(0.25), new OptimisationStep.PruneSplits(0.25), new OptimisationStep.Quantise(8));
        Assert.True(small.Figures!.FileBytes < 0.5 * report.Original.FileBytes);
        var student = Rung(report, new OptimisationStep.Distil(100, 15), new OptimisationStep.Quantise(8));
        Assert.IsType<PackedTreeScorer>(Unwrapped(variants.Single(v => v.Number == student.Number)));
        Assert.True(Math.Abs(student.Loss!.Value) < 0.5 * report.Original.Score!.Value, $"{student.Loss} of {report.Original.Score}");
        // c is a with noise, so fewer components than features hold nearly everything, and two of them cannot see d.
        var two = Rung(report, new OptimisationStep.Project(2, null));
        Assert.IsType<ProjectedScorer>(Unwrapped(variants.Single(v => v.Number == two.Number)));
        Assert.Equal(LadderVerdict.Worse, two.Verdict);
        Assert.True(two.Loss > 0 && two.LossInterval!.Low > 0);
    }

    [Fact]
    public void A_search_under_limits_finds_a_combination_that_the_ladder_has_not()
    {
        var limits = new LadderLimits(4, null, null);
        var (report, variants) = Build(LearningTask.Regression, "lightgbm", TestContext.Current.CancellationToken, limits: limits);
        Assert.Equal(limits, report.Search!.Limits);
        Assert.True(report.Search.Number is not null, $"{report.Search.Ending} The smallest: {report.Rungs.Min(r => r.Figures?.FileBytes)} of {report.Original.FileBytes} bytes.");
        var taken = report.Rungs.Single(r => r.Number == report.Search.Number);
        Assert.True(taken.Figures!.FileBytes <= 4_000);
        Assert.Equal(variants.Select(v => v.Number), report.Rungs.Where(r => r.Number is not null).Select(r => r.Number!.Value));
        Assert.Equal(report.Search.TriedCount, report.Rungs.Count(r => r.IsSearched));
    }

    [Fact]
    public void What_does_not_fit_a_family_says_why()
    {
        var (report, variants) = Build(LearningTask.Regression, "baseline", TestContext.Current.CancellationToken);
        Assert.Empty(variants);
        Assert.All(report.Rungs, r => Assert.NotNull(r.WhyNot));
        Assert.Contains(report.Rungs, r => r.WhyNot == "The model looks at no feature.");
    }

    [Fact]
    public void Cancelling_ends_it_without_a_report()
    {
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => Build(LearningTask.Binary, "random-forest", stop.Token, e =>
        {
            if (e is TrialProgressed { Fraction: > 0.4 }) stop.Cancel();
        }));
        Assert.False(File.Exists(Path.Combine(_folder, "ladder.json")));
    }

    private Scorer Unwrapped(LadderVariant variant)
    {
        using var file = File.OpenRead(Path.Combine(_folder, variant.ModelFile));
        return ModelPackage.Read(file).Pipeline.Scorer is SharpenedScorer wrap ? wrap.Inner : ReadAgain();

        Scorer ReadAgain()
        {
            file.Position = 0;
            return ModelPackage.Read(file).Pipeline.Scorer;
        }
    }

    private static LadderRung Rung(LadderReport report, params OptimisationStep[] steps) => report.Rungs.Single(r => r.Steps.SequenceEqual(steps));
}
