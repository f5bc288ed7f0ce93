using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Experiments;

public sealed class RowWeightingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("weights").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_cannot_weigh_rows_is_refused_with_line_found_and_expected()
    {
        var table = new Table([Categories("y", ["a", "b", "a", "b"]), Numbers("w", [1, -2, double.NaN, 3]), Numbers("zero", [0, 0, 0, 0]), Categories("text", ["u", "v", "w", "x"])]);
        Assert.Equal("Line 2, column 'w': expected a weight of at least 0, found '-2'; the same in 1 more rows.", Assert.Single(Problems(new("w"))));
        Assert.Contains("is 0 in all rows", Assert.Single(Problems(new("zero"))));
        Assert.Contains("holds category values; expected numbers", Assert.Single(Problems(new("text"))));
        Assert.Contains("is the target", Assert.Single(Problems(new("y"))));
        Assert.Contains("There is no column 'other'", Assert.Single(Problems(new("other"))));
        Assert.Contains("divides the rows", Assert.Single(new RowWeighting("zero").Problems(table, "y", LearningTask.Binary, "zero")));
        Assert.Contains("has no classes", Assert.Single(new RowWeighting(null, true).Problems(table, "y", LearningTask.Regression, null)));
        Assert.Empty(Problems(RowWeighting.None));

        IReadOnlyList<string> Problems(RowWeighting weights) => weights.Problems(table, "y", LearningTask.Binary, null);
    }

    [Fact]
    public void Balanced_weights_are_those_of_scikit_learn()
    {
        // sklearn.utils.class_weight.compute_class_weight("balanced", classes=[0, 1, 2], y=[0]*6 + [1]*3 + [2]) = [0.5556, 1.1111, 3.3333].
        float[] labels = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2];
        var rows = new Table([Numbers("x", [.. labels.Select(l => (double)l)])]);
        var (training, validation) = new RowWeighting(null, true).Of(null, rows, labels, rows.Take([9, 0]), [2, 0], 3);
        Assert.Equal([10.0 / 18, 10.0 / 9, 10.0 / 3], new[] { training![0], training[6], training[9] }.Select(w => Math.Round(w, 5)), (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Equal([training[9], training[0]], validation!);
    }

    [Fact]
    public void Rows_of_weight_0_teach_nothing_wherever_the_recipe_moves_them_and_no_model_sees_the_column()
    {
        // Half of the rows say the opposite of the others, and weigh nothing. A step that leaves out rows moves all that follow.
        var random = new Random(4);
        var x = Enumerable.Range(0, 400).Select(_ => random.NextDouble()).ToArray();
        var weight = Enumerable.Range(0, 400).Select(r => r % 2 == 0 ? 3.0 : 0).ToArray();
        var table = new Table([
            Categories("y", [.. x.Select((v, r) => v > 0.5 == (weight[r] > 0) ? "up" : "down")]),
            Numbers("x", x), Numbers("w", weight), Numbers("gap", [.. x.Select((_, r) => r % 7 == 0 ? double.NaN : 1)]),
        ]);
        var recipe = new Recipe([new DropMissingRowsStep(["gap"])]);
        var plan = ExperimentPlan.Propose(table, "y", recipe) with { TrainerIds = ["random-forest", "averaged-perceptron"], Split = new SplitPlan(0.2, 4), Tuning = TuningMode.DefaultsOnly, Weights = new RowWeighting("w") };
        Assert.Empty(plan.Problems(table));
        Assert.Contains("w", plan.UnseenColumns);

        var events = Run(plan, table);

        Assert.Contains("cannot weigh rows", Assert.Single(events.OfType<TrialSkipped>()).Reason);
        var ready = Assert.Single(events.OfType<ModelReady>());
        // Judged on all rows alike it is right in half of them: those that weigh something.
        Assert.InRange(Assert.Single(events.OfType<TrialCompleted>()).Result.Metrics[Metric.Accuracy.Id]!.Value, 0.35, 0.65);
        using var file = File.OpenRead(Path.Combine(_folder, ready.ModelFile));
        var package = Core.Models.ModelPackage.Read(file);
        Assert.DoesNotContain(package.Manifest.Signature.Inputs, i => i.Name == "w");
        var outputs = package.Pipeline.Predict(new Table([Numbers("x", [0.05, 0.95]), Numbers("gap", [1, 1])]));
        var up = package.Manifest.Target.Classes.ToList().IndexOf("up");
        Assert.True(outputs[up] < 0.1 && outputs[2 + up] > 0.9, $"{outputs[up]} and {outputs[2 + up]}");
    }

    [Fact]
    public void With_classes_that_count_alike_a_rare_class_is_found_more_often()
    {
        var random = new Random(9);
        var rare = Enumerable.Range(0, 1_500).Select(_ => random.NextDouble() < 0.05).ToArray();
        var table = new Table([Categories("y", [.. rare.Select(r => r ? "yes" : "no")]), Numbers("x", [.. rare.Select(r => random.NextDouble() + (r ? 0.3 : 0))])]);
        var plan = ExperimentPlan.Propose(table, "y", Recipe.Empty) with { TrainerIds = ["linear-lbfgs"], Split = new SplitPlan(0.2, 3), Tuning = TuningMode.DefaultsOnly };

        var plain = Assert.Single(Run(plan, table).OfType<TrialCompleted>()).Result;
        var balanced = Assert.Single(Run(plan with { Weights = new RowWeighting(null, true) }, table).OfType<TrialCompleted>()).Result;

        Assert.Equal(0.5, plain.Metrics[Metric.BalancedAccuracy.Id]!.Value, 0.05);
        // A shift of 0.3 between two uniform distributions of width 1 allows 0.65.
        Assert.True(balanced.Metrics[Metric.BalancedAccuracy.Id] > 0.58, $"{balanced.Metrics[Metric.BalancedAccuracy.Id]}");
        Assert.True(balanced.Metrics[Metric.LogLoss.Id] > plain.Metrics[Metric.LogLoss.Id], "Its probabilities are of another world.");
    }

    private List<ExperimentEvent> Run(ExperimentPlan plan, Table table)
    {
        var file = Path.Combine(_folder, "table.parquet");
        TableFile.Write(table, file, CancellationToken.None);
        var events = new List<ExperimentEvent>();
        using var control = new JobControl();
        ExperimentRunner.Run(new ExperimentJob(plan, file, 1, JobWorkOf.EachOnce(plan)), _folder, events.Add, control, TestContext.Current.CancellationToken);
        return events;
    }
}
