using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Trainers;

/// <summary>Nearest neighbours, naive Bayes and the network against scikit-learn 1.2.1 (<c>Expected/make_expected.py</c>).</summary>
public sealed class OwnFamiliesTests
{
    private static HyperparameterValues Values(params (string Id, double Value)[] values) => new(values.Select(v => KeyValuePair.Create(v.Id, v.Value)));

    private static double[] Expected(string name, string? part = null) =>
        [.. (part is null ? Samples.ScikitLearn.GetProperty(name) : Samples.ScikitLearn.GetProperty(name).GetProperty(part)).EnumerateArray().Select(v => v.GetDouble())];

    [Theory]
    [InlineData("uniform_5", 5, 0, 0)]
    [InlineData("distance_7_manhattan", 7, 1, 1)]
    public void Neighbours_vote_as_those_of_scikit_learn_with_the_class_shares_as_one_more(string part, int neighbours, int weighting, int distance)
    {
        var (data, test, _, _, _) = Samples.Prepare(Samples.Read("breast_cancer.csv"), "diagnosis", LearningTask.Binary, FeatureEncoding.OneHotStandardized);
        var scorer = new NeighboursTrainer().Train(data, Values(("neighbours", neighbours), ("weighting", weighting), ("distance", distance)), new TrainingContext(1, 1), TestContext.Current.CancellationToken).Scorer;
        var share = (data.Labels.Count(l => l == 1) + 1.0) / (data.Labels.Length + 2);
        foreach (var (ours, theirs) in Samples.Score(scorer, test).Zip(Expected("breast_cancer_neighbours", part)))
            Assert.Equal(((theirs * neighbours) + share) / (neighbours + 1), ours[1], 1e-4);
    }

    [Fact]
    public void Neighbours_predict_numbers_as_those_of_scikit_learn()
    {
        string[] columns = ["beds", "baths", "sqft", "latitude", "longitude", "price"];
        var homes = Samples.Read("sacramento_homes.csv");
        var (data, test, _, _, _) = Samples.Prepare(homes.Without(homes.Columns.Select(c => c.Name).Except(columns)), "price", LearningTask.Regression, FeatureEncoding.OneHotStandardized);
        var scorer = new NeighboursTrainer().Train(data, Values(("neighbours", 10), ("weighting", 1), ("distance", 0)), new TrainingContext(1, 1), TestContext.Current.CancellationToken).Scorer;
        var pairs = Samples.Score(scorer, test).Zip(Expected("sacramento_neighbours")).ToList();
        // Rows at the same distance may be taken in another order: all but a few are equal.
        Assert.True(pairs.Count(p => Math.Abs(p.First[0] - p.Second) <= 1e-3 * p.Second) >= 0.97 * pairs.Count, $"{pairs.Count(p => Math.Abs(p.First[0] - p.Second) <= 1e-3 * p.Second)} of {pairs.Count}");
    }

    [Fact]
    public void Naive_Bayes_has_the_likelihoods_of_scikit_learn_and_says_how_often_it_is_right()
    {
        var (data, test, labels, _, _) = Samples.Prepare(Samples.Read("breast_cancer.csv"), "diagnosis", LearningTask.Binary, FeatureEncoding.OneHotStandardized);
        var scorer = (GaussianBayesScorer)new GaussianBayesTrainer().Train(data, Values(("smoothing", 1e-2)), new TrainingContext(1, 1), TestContext.Current.CancellationToken).Scorer;
        var expected = Samples.ScikitLearn.GetProperty("breast_cancer_naive_bayes");
        var odds = new double[2];
        for (var row = 0; row < test.RowCount; row++)
        {
            scorer.LogOdds(test.Row(row), odds);
            // Features are single precision here, and tails are long: a millionth of the figure.
            for (var k = 0; k < 2; k++) Assert.Equal(expected[row][k].GetDouble(), odds[k], 1e-4 * Math.Max(1, Math.Abs(odds[k])));
        }
        // Unscaled, the log-odds are far too sure: scikit-learn's log loss on these rows is several times as large.
        var unscaled = expected.EnumerateArray().Select((row, i) => Math.Log(1 + Math.Exp(Math.Clamp(row[1 - (int)labels[i]].GetDouble() - row[(int)labels[i]].GetDouble(), -700, 700)))).Average();
        Assert.InRange(scorer.Sharpness, 0.001, 0.9);
        Assert.True(Samples.LogLoss(Samples.Score(scorer, test), labels) < 0.6 * unscaled);
    }

    [Fact]
    public void The_network_is_as_sure_and_right_as_that_of_scikit_learn()
    {
        var (data, test, labels, _, _) = Samples.Prepare(Samples.Read("breast_cancer.csv"), "diagnosis", LearningTask.Binary, FeatureEncoding.OneHotStandardized);
        // The same layers, rate and decay on the same rows. Steps are of other sizes, so ours may take the best of a few numbers of passes; theirs, 40, is near the best of theirs.
        var loss = ((int[])[5, 10, 20, 40]).Min(passes => Enumerable.Range(0, 5).Average(seed =>
            Samples.LogLoss(Samples.Score(new NeuralNetworkTrainer().TrainWithDefaults(data, new TrainingContext(seed, 1) { Iterations = passes }, TestContext.Current.CancellationToken), test), labels)));
        Assert.True(loss <= 1.1 * Samples.ScikitLearn.GetProperty("breast_cancer_network_log_loss").GetDouble(), $"log loss {loss}");
    }

    [Fact]
    public void Additive_curves_are_as_good_as_boosted_trees_of_two_leaves_by_scikit_learn()
    {
        var (data, test, labels, _, _) = Samples.Prepare(Samples.Read("breast_cancer.csv"), "diagnosis", LearningTask.Binary, FeatureEncoding.Codes);
        var loss = Samples.LogLoss(Samples.Score(new AdditiveTrainer().TrainWithDefaults(data, new TrainingContext(1, 1), TestContext.Current.CancellationToken), test), labels);
        Assert.True(loss <= 1.1 * Samples.ScikitLearn.GetProperty("breast_cancer_additive_log_loss").GetDouble(), $"log loss {loss}");

        string[] columns = ["beds", "baths", "sqft", "latitude", "longitude", "price"];
        var homes = Samples.Read("sacramento_homes.csv");
        (data, test, labels, _, _) = Samples.Prepare(homes.Without(homes.Columns.Select(c => c.Name).Except(columns)), "price", LearningTask.Regression, FeatureEncoding.Codes);
        var error = Samples.RootMeanSquaredError(Samples.Score(new AdditiveTrainer().TrainWithDefaults(data, new TrainingContext(1, 1), TestContext.Current.CancellationToken), test), labels);
        Assert.True(error <= 1.05 * Samples.ScikitLearn.GetProperty("sacramento_additive_rmse").GetDouble(), $"RMSE {error}");
    }

    [Fact]
    public void Additive_curves_have_the_shape_of_what_made_the_numbers()
    {
        var random = new Random(6);
        var x = Enumerable.Range(0, 4_000).Select(_ => (A: random.NextDouble() * 6, B: (random.NextDouble() * 4) - 2)).ToArray();
        // A sine and a parabola, both of mean 0 over their range, and where b is missing, 2.
        var missing = x.Select((_, i) => i % 10 == 0).ToArray();
        var labels = x.Select((v, i) => (float)(10 + Math.Sin(v.A) + (missing[i] ? 2 : (v.B * v.B) - (4.0 / 3)) + (0.1 * random.NextDouble()))).ToArray();
        var data = new TrainingData(new FeatureMatrix([.. x.SelectMany((v, i) => new[] { (float)v.A, missing[i] ? float.NaN : (float)v.B })], x.Length, ["a", "b"]), labels, LearningTask.Regression, 1);
        var scorer = (AdditiveScorer)new AdditiveTrainer().TrainWithDefaults(data, new TrainingContext(1, 1), TestContext.Current.CancellationToken);

        // The difference of two answers that differ in one feature is the difference of its curve.
        foreach (var (from, to) in ((double, double)[])[(0.2, 1.5), (1.5, 4.5), (3, 5.8)])
            Assert.Equal(Math.Sin(to) - Math.Sin(from), Answer((float)to, 0.5f) - Answer((float)from, 0.5f), 0.15);
        foreach (var (from, to) in ((double, double)[])[(-1.9, 0), (0, 1.7)])
            Assert.Equal((to * to) - (from * from), Answer(2, (float)to) - Answer(2, (float)from), 0.25);
        Assert.Equal(2 + (4.0 / 3), Answer(2, float.NaN) - Answer(2, 0), 0.2);

        double Answer(float a, float b)
        {
            Span<double> answer = stackalloc double[1];
            scorer.Score([a, b], answer);
            return answer[0];
        }
    }

    [Fact]
    public void Damaged_curves_are_refused_or_score_without_failing()
    {
        using var stream = new MemoryStream();
        ScorerFile.Write(new AdditiveTrainer().TrainWithDefaults(Samples.Synthetic(80, 4, LearningTask.Multiclass, 0.1), new TrainingContext(5, 1), TestContext.Current.CancellationToken), stream);
        var random = new Random(7);
        var refused = 0;
        for (var round = 0; round < 1_000; round++)
        {
            var damaged = stream.ToArray();
            damaged[random.Next(round % 2 == 0 ? 60 : damaged.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                var scorer = ScorerFile.Read(new MemoryStream(damaged));
                scorer.Score(new float[scorer.FeatureCount], new double[scorer.OutputCount]);
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 50, 999);
        for (var length = 0; length < stream.Length; length += 53)
            Assert.Throws<InvalidDataException>(() => ScorerFile.Read(new MemoryStream(stream.ToArray()[..length])));
    }

    [Fact]
    public void A_network_that_is_very_sure_learns_on()
    {
        // Three classes far apart: answers grow until an exponential that is not taken relative to the largest overflows.
        var random = new Random(2);
        var labels = Enumerable.Range(0, 600).Select(i => (float)(i % 3)).ToArray();
        var values = labels.SelectMany(l => new[] { (5 * l) - 5 + (0.1f * random.NextSingle()), random.NextSingle() }).ToArray();
        var data = new TrainingData(new FeatureMatrix(values, 600, ["a", "b"]), labels, LearningTask.Multiclass, 3);
        var scorer = new NeuralNetworkTrainer().Train(data, Values(("hidden-units", 64), ("layers", 2), ("learning-rate", 0.01), ("weight-decay", 1e-5), ("dropout", 0)),
            new TrainingContext(1, 1) { Iterations = 150 }, TestContext.Current.CancellationToken).Scorer;
        Assert.All(Samples.Score(scorer, data.Features).Zip(labels), p => Assert.True(p.First[(int)p.Second] > 0.99));
    }

    [Theory]
    [InlineData("lightgbm")]
    [InlineData("random-forest")]
    [InlineData("extra-trees")]
    [InlineData("neural-network")]
    [InlineData("neighbours")]
    [InlineData("naive-bayes")]
    [InlineData("additive")]
    public void Rows_of_weight_nothing_teach_nothing(string id)
    {
        var trainer = Samples.Trainer(id);
        var data = Samples.Synthetic(400, 5, LearningTask.Binary, 0);
        // The second half has the wrong labels, and no weight.
        var spoilt = data with
        {
            Labels = [.. data.Labels.Select((l, i) => i < 200 ? l : 1 - l)],
            Weights = [.. Enumerable.Range(0, 400).Select(i => i < 200 ? 1f : 0)],
        };
        var judged = Samples.Synthetic(400, 5, LearningTask.Binary, 0, seed: 5);
        var values = HyperparameterValues.Defaults(trainer.Hyperparameters(data.Shape));
        var context = new TrainingContext(1, 1) { Validation = judged };
        double Accuracy(TrainingData taught) => Samples.Accuracy(Samples.Score(trainer.Train(taught, values, context, TestContext.Current.CancellationToken).Scorer, judged.Features), judged.Labels);
        var (ignored, misled) = (Accuracy(spoilt), Accuracy(spoilt with { Weights = null }));
        Assert.True(ignored > 0.75 && misled < 0.7, $"{ignored} with weights, {misled} without");
    }

    [Fact]
    public void Neighbours_answer_with_the_mean_of_the_nearest_rows()
    {
        var features = new FeatureMatrix([0, 1, 2, 7], 4, ["x"]);
        var data = new TrainingData(features, [1, 3, 8, 100], LearningTask.Regression, 1);
        var values = HyperparameterValues.Defaults(new NeighboursTrainer().Hyperparameters(data.Shape)).With("neighbours", 2);
        double At(float x, double weighting)
        {
            var outputs = new double[1];
            new NeighboursTrainer().Train(data, values.With("weighting", weighting), new TrainingContext(1, 1), TestContext.Current.CancellationToken).Scorer.Score([x], outputs);
            return outputs[0];
        }
        Assert.Equal(2, At(0.25f, 0), 1e-9);
        Assert.Equal(((1 / 0.25) + (3 / 0.75)) / ((1 / 0.25) + (1 / 0.75)), At(0.25f, 1), 1e-6);
        Assert.Equal(3, At(1, 1), 1e-9);
    }
}
