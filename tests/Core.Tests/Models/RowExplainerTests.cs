using System.Text;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Serving.Dialects;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Tests.Experiments;
using ModelWorkbench.Core.Trainers;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Models;

public sealed class RowExplainerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("explainer").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Table Rows(LearningTask task)
    {
        var random = new Random(8);
        double[] a = [.. Enumerable.Range(0, 300).Select(_ => random.NextDouble())], b = [.. a.Select(_ => random.Next(12) == 0 ? double.NaN : 1 + random.NextDouble())];
        string?[] c = [.. a.Select(_ => random.Next(9) == 0 ? null : "uvw"[random.Next(3)].ToString())];
        double[] y = [.. a.Select((v, i) => 3 + (2 * v) + (double.IsNaN(b[i]) ? 0 : b[i] * (c[i] == "u" ? 2 : -1)) + (0.3 * random.NextDouble()))];
        return Table(
            task == LearningTask.Regression ? Numbers("y", y) : Categories("y", [.. y.Select(v => task == LearningTask.Binary ? v > 3 ? "yes" : "no" : v > 4 ? "high" : v > 3 ? "middle" : "low")]),
            Numbers("a", a), Numbers("b", b), Categories("c", c));
    }

    private ModelPackage Train(LearningTask task, string trainer, params RecipeStep[] steps)
    {
        var file = Path.Combine(_folder, "table.parquet");
        TableFile.Write(Rows(task), file, CancellationToken.None);
        var plan = new ExperimentPlan("y", task, Metric.Default(task).Id, new SplitPlan(Folds: 3), new Recipe(steps), [], [trainer], 600);
        var events = new List<ExperimentEvent>();
        ExperimentRunner.Run(new ExperimentJob(plan, file, 2, JobWorkOf.EachOnce(plan)), _folder, events.Add, new JobControl(), TestContext.Current.CancellationToken);
        using var package = File.OpenRead(Path.Combine(_folder, events.OfType<ModelReady>().Last().ModelFile));
        return ModelPackage.Read(package);
    }

    [Theory]
    [InlineData(LearningTask.Binary, "lightgbm", ContributionScale.LogOdds)]
    [InlineData(LearningTask.Binary, "random-forest", ContributionScale.Share)]
    [InlineData(LearningTask.Binary, "linear-lbfgs", ContributionScale.LogOdds)]
    [InlineData(LearningTask.Binary, "additive", ContributionScale.LogOdds)]
    [InlineData(LearningTask.Multiclass, "lightgbm", ContributionScale.LogProbability)]
    [InlineData(LearningTask.Multiclass, "extra-trees", ContributionScale.Share)]
    [InlineData(LearningTask.Multiclass, "naive-bayes", ContributionScale.LogProbability)]
    [InlineData(LearningTask.Regression, "lightgbm", ContributionScale.Answer)]
    [InlineData(LearningTask.Regression, "linear-lbfgs", ContributionScale.Answer)]
    public void Contributions_of_trained_models_are_exact_and_add_up_to_the_answer(LearningTask task, string trainer, ContributionScale scale)
    {
        var package = Train(task, trainer);
        Assert.Equal(100, package.Manifest.Background!.Count);
        var explainer = new RowExplainer(package);
        Assert.True(explainer.IsExact);
        Assert.Equal(scale, explainer.Scale);
        Assert.Equal(["a", "b", "c"], explainer.Columns);
        var rows = Rows(task).Take([.. Enumerable.Range(0, 40)]);
        var answers = package.Pipeline.Predict(rows);
        var width = package.Pipeline.Scorer.OutputCount;
        foreach (var (row, found) in explainer.Explain(rows, TestContext.Current.CancellationToken).Index())
        {
            Assert.Null(found.StandardErrors);
            var answer = answers.AsSpan(row * width, width).ToArray();
            if (scale == ContributionScale.Share)
            {
                double[] shares = width == 2 ? [1 - found.Sums[0], found.Sums[0]] : [.. found.Sums];
                SharpenedScorer.Sharpen(shares, width, ((SharpenedScorer)package.Pipeline.Scorer).Sharpness);
                for (var k = 0; k < width; k++) Assert.Equal(answer[k], shares[k], 1e-9);
                continue;
            }
            for (var k = 0; k < found.Sums.Length; k++)
                Assert.Equal(scale switch
                {
                    ContributionScale.LogOdds => Math.Log(answer[1] / answer[0]),
                    ContributionScale.LogProbability => Math.Log(answer[k]) - answer.Average(Math.Log),
                    _ => width == 2 ? answer[1] : answer[k],
                }, found.Sums[k], 1e-6);
        }
    }

    [Theory]
    [InlineData(LearningTask.Regression, "neighbours", false)]
    [InlineData(LearningTask.Binary, "neural-network", false)]
    // A feature of two columns: they meet before the model.
    [InlineData(LearningTask.Multiclass, "random-forest", true)]
    public void Sampled_contributions_add_up_and_lie_within_their_error_of_the_definition(LearningTask task, string trainer, bool isCombined)
    {
        var package = Train(task, trainer, isCombined ? [new DerivedColumnStep("ratio", "a / b")] : []);
        var explainer = new RowExplainer(package);
        Assert.False(explainer.IsExact);
        var rows = Rows(task).Take([3, 77, 150]);
        var answers = package.Pipeline.Predict(rows);
        var (width, count) = (package.Pipeline.Scorer.OutputCount, explainer.Columns.Count);
        foreach (var (row, found) in explainer.Explain(rows, TestContext.Current.CancellationToken).Index())
        {
            for (var k = 0; k < found.Sums.Length; k++)
            {
                Assert.Equal(answers[(row * width) + (width == 2 ? 1 : k)], found.Sums[k], 1e-9);
                for (var column = 0; column < count; column++)
                    Assert.InRange(found.Values[(k * count) + column] - Shapley(package, explainer, rows, row, column, width == 2 ? 1 : k), -4 * found.StandardErrors![(k * count) + column] - 1e-9, 4 * found.StandardErrors![(k * count) + column] + 1e-9);
            }
        }
    }

    [Fact]
    public void Packages_without_background_rows_are_explained_against_their_golden_rows()
    {
        var package = Train(LearningTask.Regression, "linear-lbfgs");
        var old = new ModelPackage(package.Manifest with { Background = null }, package.Pipeline.Scorer);
        var golden = package.Manifest.Golden.Outputs.Average(o => o[0]);
        Assert.Equal(golden, new RowExplainer(old).Base.Single(), 1e-6);
    }

    [Fact]
    public void More_rows_than_are_explained_are_refused_and_the_next_request_is_not_explained()
    {
        var predictor = new Predictor(Train(LearningTask.Regression, "linear-lbfgs"));
        string Body(int rows, bool explain) => $$"""{"features": [{{string.Join(", ", Enumerable.Repeat("""[0.5, 1.5, "u"]""", rows))}}], "explain": {{(explain ? "true" : "false")}}}""";
        using (var prediction = predictor.Begin())
        {
            Assert.NotNull(Dialect.Native.ReadJson(Encoding.UTF8.GetBytes(Body(101, true)), prediction, 1000));
            Assert.Contains("at most 100", prediction.Rows.Problems[0].Expected);
        }
        foreach (var explain in (bool[])[true, false])
        {
            using var prediction = predictor.Begin();
            Assert.Null(Dialect.Native.ReadJson(Encoding.UTF8.GetBytes(Body(explain ? 100 : 101, explain)), prediction, 1000));
            prediction.Score(TestContext.Current.CancellationToken);
            Assert.Equal(explain, prediction.Contributions is not null);
        }
    }

    /// <summary>By the definition: every set of columns, every background row.</summary>
    private static double Shapley(ModelPackage package, RowExplainer explainer, Table rows, int row, int column, int output)
    {
        var inputs = package.Manifest.Signature.Inputs;
        var background = package.Manifest.Background!;
        var own = TextRows.FromTable(inputs, rows.Take([row]))[0];
        int[] used = [.. explainer.Columns.Select(name => inputs.ToList().FindIndex(i => i.Name == name))];
        double Worth(int joined)
        {
            var mixed = background.Select(other => (IReadOnlyList<string?>)[.. other.Select((value, i) => Array.IndexOf(used, i) is var p and >= 0 && (joined >> p & 1) != 0 ? own[i] : value)]).ToArray();
            return package.Pipeline.Predict(TextRows.ToTable(inputs, mixed)).Chunk(package.Pipeline.Scorer.OutputCount).Average(o => o[output]);
        }
        var shapley = 0.0;
        for (var joined = 0; joined < 1 << used.Length; joined++)
        {
            if ((joined >> column & 1) != 0) continue;
            var size = int.PopCount(joined);
            shapley += Factorial(size) * Factorial(used.Length - size - 1) / Factorial(used.Length) * (Worth(joined | 1 << column) - Worth(joined));
        }
        return shapley;
    }

    private static double Factorial(int n) => n < 2 ? 1 : n * Factorial(n - 1);
}
