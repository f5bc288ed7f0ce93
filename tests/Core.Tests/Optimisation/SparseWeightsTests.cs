using ModelWorkbench.Core.Optimisation;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Optimisation;

public sealed class SparseWeightsTests
{
    private const int Rows = 200, Features = 6;

    /// <summary>As Expected/l1.py draws them.</summary>
    private static (FeatureMatrix Features, double[] Sums, double[] Noise) Draw()
    {
        var state = 12345L;
        float[] values = [.. Enumerable.Range(0, Rows * Features).Select(_ => (float)((2 * Next()) - 1))];
        double[] noise = [.. Enumerable.Range(0, Rows).Select(_ => Next() - 0.5)];
        double[] sums = [.. Enumerable.Range(0, Rows).Select(i => (1.5 * values[i * Features]) - values[(i * Features) + 1] + (0.3 * values[(i * Features) + 2]) + 0.4)];
        return (new FeatureMatrix(values, Rows, [.. Enumerable.Range(0, Features).Select(j => $"x{j}")]), sums, noise);

        double Next() => (state = ((state * 1103515245) + 12345) % 2147483648) / 2147483648.0;
    }

    private static TrainingData Data(LearningTask task)
    {
        var (features, sums, noise) = Draw();
        float[] labels = [.. sums.Select((s, i) => task switch
        {
            LearningTask.Regression => (float)(s + noise[i]),
            LearningTask.Binary => s + (2 * noise[i]) > 0.4 ? 1f : 0f,
            _ => s + noise[i] < 0 ? 0f : s + noise[i] < 1 ? 1f : 2f,
        })];
        return new TrainingData(features, labels, task, task == LearningTask.Regression ? 1 : task == LearningTask.Binary ? 2 : 3);
    }

    /// <summary>Weights and bias of Lasso(alpha=0.05) and of LogisticRegression(penalty='l1', solver='saga', C=1/(200 · 0.02)) of scikit-learn: Expected/l1.py.</summary>
    [Theory]
    [InlineData(LearningTask.Regression, 0.05, new[] { 1.310200, -0.870257, 0.215300, 0, 0, 0 }, new[] { 0.418681 })]
    [InlineData(LearningTask.Binary, 0.02, new[] { 2.81652, -1.82953, 0.28241, 0, 0, 0 }, new[] { -0.04879 })]
    [InlineData(LearningTask.Multiclass, 0.02, new[] { -3.32887, 1.91136, -0.73908, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2.63096, -1.86840, 0.02206, 0, 0, 0 }, new[] { -0.07303, 0.55736, -0.48433 })]
    public void A_penalty_gives_the_weights_of_scikit_learn(LearningTask task, double alpha, double[] weights, double[] biases)
    {
        var solved = SparseWeights.Solve(Data(task), alpha, TestContext.Current.CancellationToken);
        for (var i = 0; i < weights.Length; i++)
        {
            Assert.Equal(weights[i], solved.Weights[i], 2e-4);
            // A weight of 0 is 0, not small.
            if (weights[i] == 0) Assert.Equal(0, solved.Weights[i]);
        }
        // Of several classes only the differences count.
        for (var k = 0; k < biases.Length; k++) Assert.Equal(biases[k] - (biases.Length > 1 ? biases[0] : 0), solved.Biases[k] - (biases.Length > 1 ? solved.Biases[0] : 0), 5e-4);
    }

    [Theory]
    [InlineData(LearningTask.Regression)]
    [InlineData(LearningTask.Binary)]
    [InlineData(LearningTask.Multiclass)]
    public void The_features_that_matter_keep_a_weight_and_the_rest_leaves_the_encoder(LearningTask task)
    {
        var data = Data(task);
        var (cancel, all) = (TestContext.Current.CancellationToken, Enumerable.Range(0, Features).Select(j => (ColumnEncoder)new NumericEncoder($"x{j}", new NumericFeature($"x{j}", 0, 0, 1), false)).ToArray());
        var linear = SparseWeights.Solve(data, 1e-4, cancel);
        var two = (LinearScorer)SparseWeights.Learn(linear, data, 0.4, 1, cancel);
        var (encoder, trimmed) = FeatureTrimming.Trim(new FittedFeatureEncoder(FeatureEncoding.OneHotStandardized, all), two);
        Assert.Equal(["x0", "x1"], encoder.FeatureNames);
        double[] before = new double[two.OutputCount], after = new double[two.OutputCount];
        for (var row = 0; row < Rows; row++)
        {
            two.Score(data.Features.Row(row), before);
            trimmed.Score(data.Features.Row(row)[..2], after);
            Assert.Equal(before, after);
        }
        // Learnt anew almost without the penalty, a weight is not far from what it is beside all others; classes that can nearly be told apart have none that is largest.
        Assert.InRange(Math.Abs(two.Weights[0] / linear.Weights[0]), 0.6, 1.2);
        var wrapped = Assert.IsType<ExponentialScorer>(SparseWeights.Learn(new ExponentialScorer(new LinearScorer(new double[Features], [0], LinearLink.Identity), 1.2, 9), Data(LearningTask.Binary) with { Task = LearningTask.Regression, ClassCount = 1 }, 0.5, 1, cancel));
        Assert.Equal((1.2, 9), (wrapped.Factor, wrapped.Ceiling));
    }

    [Fact]
    public void What_has_no_weights_says_so()
    {
        Assert.Equal("Only linear models have weights.", SparseWeights.WhyNot(new ConstantScorer(3, [1])));
        Assert.Null(SparseWeights.WhyNot(new LinearScorer([1, 2], [0], LinearLink.Logistic)));
        Assert.Throws<ArgumentException>(() => SparseWeights.Learn(new LinearScorer(new double[Features], [0], LinearLink.Identity), Data(LearningTask.Regression), 1, 1, CancellationToken.None));
    }
}
