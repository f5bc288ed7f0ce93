using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Core.Tuning;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Experiments;

public sealed class CalibrationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("calibration").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Answers_that_are_too_sure_get_the_power_under_which_they_say_how_often_they_are_right()
    {
        // Sure to 95 % and right in 80 % of the rows: the logistic of power * logit(0.95) has to be 0.8.
        float[] labels = [.. Enumerable.Range(0, 1_000).Select(r => r % 5 == 0 ? 0f : 1f)];
        double[] outputs = [.. labels.SelectMany(_ => new[] { 0.05, 0.95 })];
        var expected = Math.Log(0.8 / 0.2) / Math.Log(0.95 / 0.05);
        Assert.Equal(expected, Calibration.FitSharpness([labels[..400], labels[400..]], [outputs[..800], outputs[800..]], 2, 1), 1e-3);
    }

    [Fact]
    public void Answers_that_are_right_as_often_as_they_say_stay_as_they_are()
    {
        float[] labels = [.. Enumerable.Range(0, 1_000).Select(r => r % 5 == 0 ? 0f : 1f)];
        Assert.Equal(1, Calibration.FitSharpness([labels], [[.. labels.SelectMany(_ => new[] { 0.2, 0.8 })]], 2, 1));
        Assert.Equal(1, Calibration.FitSharpness([labels], [[.. labels.Select(l => (double)l)]], 1, 1));
    }

    [Theory]
    [InlineData(new[] { 1.0, 2, 3, 4, 100 }, 1.4975367033335198)]
    [InlineData(new[] { 2.0, 2, 2 }, 0)]
    [InlineData(new[] { -5.0, 0, 5 }, 0)]
    public void Skewness_is_that_of_scipy(double[] values, double expected) => Assert.Equal(expected, TargetSkew.Skewness(values), 1e-12);

    [Fact]
    public void Only_a_skewed_target_that_is_nowhere_negative_may_be_learnt_as_a_logarithm()
    {
        float[] prices = [.. Enumerable.Range(0, 200).Select(i => MathF.Exp(i / 25f))];
        Assert.True(TargetSkew.CanLog(prices));
        Assert.False(TargetSkew.CanLog([.. prices, -1]));
        Assert.False(TargetSkew.CanLog([.. Enumerable.Range(0, 200).Select(i => (float)i)]));
    }

    [Fact]
    public void A_linear_model_of_the_logarithm_finds_the_factors_of_a_price_and_answers_in_the_price_s_unit()
    {
        var random = new Random(5);
        var rows = Enumerable.Range(0, 600).Select(_ => (A: random.NextDouble() * 3, B: random.NextDouble() * 2)).ToArray();
        var prices = rows.Select(r => Math.Exp(2 + r.A + r.B + (0.2 * Gaussian(random)))).ToArray();
        Table table = new([Numbers("price", prices), Numbers("a", [.. rows.Select(r => r.A)]), Numbers("b", [.. rows.Select(r => r.B)])]);
        var plan = ExperimentPlan.Propose(table, "price", Recipe.Empty, null) with { TrainerIds = ["linear-lbfgs"], Split = new SplitPlan(0.2, 3, Stratified: false) };

        var plain = Judge(plan, table, 0, out _);
        var onLogarithm = Judge(plan, table, 1, out var model);

        Assert.True(onLogarithm.Score < 0.6 * plain.Score, $"RMSE {onLogarithm.Score} and {plain.Score}");
        Assert.Equal("logarithm", onLogarithm.Settings["Target"]);
        Assert.Equal("as it is", plain.Settings["Target"]);
        // Normal errors of deviation s around the logarithm lift the mean by exp(s² / 2) = 1.0202 over the exponential of the mean.
        Assert.InRange(onLogarithm.Factor, 1.005, 1.035);
        Assert.Equal(1, plain.Factor);

        using var file = File.OpenRead(model);
        var package = ModelPackage.Read(file);
        Assert.Equal(onLogarithm.Factor, Assert.IsType<ExponentialScorer>(package.Pipeline.Scorer).Factor, 1e-9);
        var answers = package.Pipeline.Predict(table.Without(["price"]));
        Assert.InRange(answers.Average() / prices.Average(), 0.97, 1.03);
    }

    private static double Gaussian(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private TrialResult Judge(ExperimentPlan plan, Table table, int scale, out string model)
    {
        var file = Path.Combine(_folder, "table.parquet");
        TableFile.Write(table, file, CancellationToken.None);
        var events = new List<ExperimentEvent>();
        using var control = new JobControl();
        var spec = new TrialSpec("linear-lbfgs", new([new(Trainer.TargetScaleId, scale)]), TrialOrigin.Person, "");
        ExperimentRunner.Run(new ExperimentJob(plan with { Tuning = TuningMode.DefaultsOnly }, file, 1, new JobWork.Search([new JobTrial(scale + 1, spec)], [], 9, 0)), _folder, events.Add, control, TestContext.Current.CancellationToken);
        var ready = Assert.Single(events.OfType<ModelReady>());
        model = Path.Combine(_folder, ready.ModelFile);
        return ready.Result;
    }
}
