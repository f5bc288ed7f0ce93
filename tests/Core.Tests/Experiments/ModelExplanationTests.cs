using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Experiments;

public sealed class ModelExplanationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("explanation").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The target hangs on a and kind alone; where kind is w it is all but chance.</summary>
    private static Table Rows(LearningTask task)
    {
        var random = new Random(8);
        double[] a = [.. Enumerable.Range(0, 900).Select(_ => random.NextDouble())], noise = [.. a.Select(_ => random.NextDouble())];
        string?[] kind = [.. a.Select(_ => "uvw"[random.Next(3)].ToString())];
        double[] y = [.. a.Select((v, i) => (3 * v) + (kind[i] == "w" ? 3 * random.NextDouble() : kind[i] == "u" ? 1.5 : 0))];
        return Table(
            task == LearningTask.Regression ? Numbers("y", y) : Categories("y", [.. y.Select(v => task == LearningTask.Binary ? v > 2 ? "yes" : "no" : v > 3 ? "high" : v > 1.5 ? "middle" : "low")]),
            Numbers("a", a), Numbers("noise", noise), Categories("kind", kind));
    }

    [Theory]
    [InlineData(LearningTask.Binary, 1)]
    [InlineData(LearningTask.Binary, 2)]
    [InlineData(LearningTask.Multiclass, 1)]
    [InlineData(LearningTask.Regression, 1)]
    public void A_model_is_explained_on_raw_columns_and_its_weak_spot_is_found(LearningTask task, int repeats)
    {
        var (explanation, table) = Explain(task, "lightgbm", repeats);
        var contributions = explanation.Contributions!;
        Assert.True(contributions.IsExact);
        Assert.Equal(task switch { LearningTask.Regression => ["y"], LearningTask.Binary => ["yes"], _ => ["high", "low", "middle"] }, contributions.Of);
        Assert.Equal("noise", contributions.Columns[^1].Column);
        Assert.Equal(["a", "kind"], contributions.Columns.Take(2).Select(c => c.Column).Order());
        var a = contributions.Columns.Single(c => c.Column == "a").Points!;
        Assert.Equal(contributions.RowCount, a.Texts.Count);
        Assert.All(a.Positions, p => Assert.InRange(p!.Value, 0, 1));
        Assert.Equal(contributions.Columns.Single(c => c.Column == "a").MeanAbsolute[0], a.Added[0].Average(v => Math.Abs((double)v)), 1e-5);

        // More of a raises the number, and the probability of the higher class.
        var dependence = explanation.Dependence.Single(d => d.Column == "a");
        Assert.True(dependence.Means[0][^1] > dependence.Means[0][0]);
        Assert.NotNull(explanation.Surrogate);
        Assert.True(explanation.Surrogate.Explained > 0.5);
        Assert.Equal(task == LearningTask.Regression, explanation.Surrogate.Agreement is null);

        var errors = explanation.Errors;
        // Each validation row once, however often it was judged.
        Assert.Equal(720, errors.RowCount);
        Assert.Contains(errors.Slices!.Slices[0].Conditions, c => c is { Column: "kind", Text: "is w" });
        Assert.True(errors.Slices.Slices[0].PValue < 0.01);
        Assert.Contains("kind", errors.Groups.Select(g => g.Column));
        Assert.All(errors.Groups, g => Assert.Equal(720, g.Groups.Sum(x => x.RowCount)));
        foreach (var worst in errors.Worst)
        {
            // The line is the one that the row itself stands on; the first row comes after a header.
            Assert.Equal(table["a"].GetText(worst.Line - 2), worst.Values[errors.Columns.ToList().IndexOf("a")]);
            if (task != LearningTask.Regression) Assert.Equal(table["y"].GetText(worst.Line - 2), worst.Actual);
        }
        Assert.Equal(errors.Worst.OrderByDescending(w => w.Error), errors.Worst);
    }

    [Fact]
    public void A_model_that_cannot_be_taken_apart_is_explained_by_sampling()
    {
        var (explanation, _) = Explain(LearningTask.Binary, "neural-network", 1);
        Assert.False(explanation.Contributions!.IsExact);
        Assert.True(explanation.Contributions.RowCount > 0);
    }

    private (ModelExplanation Explanation, Table Table) Explain(LearningTask task, string trainer, int repeats)
    {
        var table = Rows(task);
        var file = Path.Combine(_folder, "table.parquet");
        TableFile.Write(table, file, CancellationToken.None);
        var plan = new ExperimentPlan("y", task, Metric.Default(task).Id, new SplitPlan(Folds: 3, Repeats: repeats), new Recipe([]), [], [trainer], 600);
        var events = new List<ExperimentEvent>();
        ExperimentRunner.Run(new ExperimentJob(plan, file, 2, JobWorkOf.EachOnce(plan)), _folder, events.Add, new JobControl(), TestContext.Current.CancellationToken);
        var completed = events.OfType<TrialCompleted>().Single();
        var trial = new FinishedTrial(1, events.OfType<TrialStarted>().Single().Spec, completed.Result, Path.Combine(_folder, completed.PredictionsFile!), true);
        var model = Path.Combine(_folder, events.OfType<ModelReady>().Last().ModelFile);
        events.Clear();
        ExperimentRunner.Run(new ExperimentJob(plan, file, 2, new JobWork.Explain(trial, model)), _folder, events.Add, new JobControl(), TestContext.Current.CancellationToken);
        Assert.Empty(events.OfType<JobFailed>());
        var shares = events.OfType<TrialProgressed>().Select(p => p.Fraction).ToArray();
        Assert.Equal(shares.Order(), shares);
        return (JsonSerializer.Deserialize<ModelExplanation>(File.ReadAllBytes(Path.Combine(_folder, events.OfType<ExplanationReady>().Single().ReportFile)), CoreJson.Options)!, table);
    }
}
