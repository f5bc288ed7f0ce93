using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers.FastTree;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Trainers;

/// <summary>Our trainers against scikit-learn 1.2.1, and our evaluation of trees against that of their makers.</summary>
public sealed partial class TrainerAccuracyTests
{
    private static readonly string[] HomeNumbers = ["beds", "baths", "sqft", "latitude", "longitude"];

    private static Table Homes()
    {
        var table = Samples.Read("sacramento_homes.csv");
        return table.Without(table.Columns.Select(c => c.Name).Except([.. HomeNumbers, "price"]));
    }

    private static double[] Doubles(System.Text.Json.JsonElement array) => [.. array.EnumerateArray().Select(v => v.GetDouble())];

    [Theory]
    [InlineData("random-forest", "breast_cancer_forest_accuracy")]
    [InlineData("extra-trees", "breast_cancer_extra_trees_accuracy")]
    public void Forests_are_as_accurate_as_those_of_scikit_learn(string id, string figure)
    {
        var (data, test, labels, _, _) = Samples.Prepare(Samples.Read("breast_cancer.csv"), "diagnosis", LearningTask.Binary, FeatureEncoding.Codes);
        var accuracy = Enumerable.Range(0, 5).Average(seed =>
            Samples.Accuracy(Samples.Score(TrainerCatalog.Find(id).TrainWithDefaults(data, new TrainingContext(seed, 2), TestContext.Current.CancellationToken), test), labels));
        Assert.Equal(Samples.ScikitLearn.GetProperty(figure).GetDouble(), accuracy, 0.02);
    }

    [Fact]
    public void A_regression_forest_errs_as_little_as_that_of_scikit_learn()
    {
        var (data, test, labels, _, _) = Samples.Prepare(Homes(), "price", LearningTask.Regression, FeatureEncoding.Codes);
        var error = Enumerable.Range(0, 5).Average(seed =>
            Samples.RootMeanSquaredError(Samples.Score(new RandomForestTrainer().TrainWithDefaults(data, new TrainingContext(seed, 2), TestContext.Current.CancellationToken), test), labels));
        var expected = Samples.ScikitLearn.GetProperty("sacramento_forest_rmse").GetDouble();
        Assert.InRange(error / expected, 0.95, 1.05);
    }

    [Fact]
    public void Logistic_regression_equals_that_of_scikit_learn()
    {
        var expected = Samples.ScikitLearn.GetProperty("breast_cancer_logistic");
        var (data, test, labels, _, _) = Samples.Prepare(Samples.Read("breast_cancer.csv"), "diagnosis", LearningTask.Binary, FeatureEncoding.OneHotStandardized);
        var scorer = (LinearScorer)new LogisticRegressionTrainer().TrainWithDefaults(data, new TrainingContext(1, 2), TestContext.Current.CancellationToken);
        foreach (var (ours, theirs) in scorer.Weights.ToArray().Zip(Doubles(expected.GetProperty("coefficients")))) Assert.Equal(theirs, ours, 5e-3);
        Assert.Equal(expected.GetProperty("intercept").GetDouble(), scorer.Biases[0], 5e-3);
        var scores = Samples.Score(scorer, test);
        foreach (var (ours, theirs) in scores.Zip(Doubles(expected.GetProperty("probabilities")))) Assert.Equal(theirs, ours[1], 2e-3);
        Assert.InRange(Samples.LogLoss(scores, labels) / expected.GetProperty("log_loss").GetDouble(), 0.99, 1.01);
    }

    [Fact]
    public void Softmax_regression_equals_that_of_scikit_learn()
    {
        var expected = Samples.ScikitLearn.GetProperty("iris_softmax");
        var (data, test, labels, _, _) = Samples.Prepare(Samples.Read("iris.csv"), "species", LearningTask.Multiclass, FeatureEncoding.OneHotStandardized);
        var scores = Samples.Score(new LogisticRegressionTrainer().TrainWithDefaults(data, new TrainingContext(1, 2), TestContext.Current.CancellationToken), test);
        foreach (var (ours, theirs) in scores.Zip(expected.GetProperty("probabilities").EnumerateArray()))
            for (var k = 0; k < 3; k++) Assert.Equal(theirs[k].GetDouble(), ours[k], 5e-3);
        Assert.InRange(Samples.LogLoss(scores, labels) / expected.GetProperty("log_loss").GetDouble(), 0.99, 1.01);
    }

    [Fact]
    public void Ridge_regression_equals_that_of_scikit_learn()
    {
        var expected = Samples.ScikitLearn.GetProperty("sacramento_ridge");
        var (data, test, _, encoder, _) = Samples.Prepare(Homes(), "price", LearningTask.Regression, FeatureEncoding.OneHotStandardized);
        Assert.Equal(HomeNumbers, encoder.FeatureNames);
        var scorer = (LinearScorer)new LogisticRegressionTrainer().TrainWithDefaults(data, new TrainingContext(1, 2), TestContext.Current.CancellationToken);
        foreach (var (ours, theirs) in scorer.Weights.ToArray().Zip(Doubles(expected.GetProperty("coefficients")))) Assert.InRange(ours / theirs, 1 - 1e-4, 1 + 1e-4);
        foreach (var (ours, theirs) in Samples.Score(scorer, test).Zip(Doubles(expected.GetProperty("predictions")))) Assert.InRange(ours[0] / theirs, 1 - 1e-4, 1 + 1e-4);
    }

    [Fact]
    public void Platt_scaling_equals_that_of_scikit_learn()
    {
        var expected = Samples.ScikitLearn.GetProperty("platt");
        var scores = Doubles(expected.GetProperty("scores"));
        var scaling = PlattScaling.Fit(scores, [.. expected.GetProperty("labels").EnumerateArray().Select(l => l.GetInt32() == 1)]);
        foreach (var (score, probability) in scores.Zip(Doubles(expected.GetProperty("probabilities"))))
            Assert.Equal(probability, 1 / (1 + Math.Exp(-((scaling.Slope * score) + scaling.Offset))), 1e-4);
    }

    [Theory]
    [InlineData(LearningTask.Binary)]
    [InlineData(LearningTask.Regression)]
    public void Flattened_trees_predict_what_fast_tree_predicts(LearningTask task)
    {
        var data = Samples.Synthetic(600, 6, task, 0);
        var scorer = new FastTreeTrainer().TrainWithDefaults(data, new TrainingContext(1, 1), TestContext.Current.CancellationToken);
        var rows = data.Labels.Select((l, i) => new Row { Features = data.Features.Row(i).ToArray(), Truth = l > 0, Number = l }).ToArray();
        var context = new MLContext(1);
        var schema = RowSchema();
        var view = context.Data.LoadFromEnumerable(rows, schema);
        var scores = Samples.Score(scorer, data.Features);
        if (task == LearningTask.Binary)
        {
            var predicted = context.BinaryClassification.Trainers.FastTree(new FastTreeBinaryTrainer.Options
            {
                LabelColumnName = nameof(Row.Truth),
                NumberOfTrees = 100,
                NumberOfLeaves = 20,
                MinimumExampleCountPerLeaf = 10,
                LearningRate = 0.2,
                Seed = 1,
                NumberOfThreads = 1,
            }).Fit(view).Transform(view).GetColumn<float>("Probability").ToArray();
            for (var i = 0; i < predicted.Length; i++) Assert.Equal(predicted[i], scores[i][1], 1e-5);
        }
        else
        {
            var predicted = context.Regression.Trainers.FastTree(new FastTreeRegressionTrainer.Options
            {
                LabelColumnName = nameof(Row.Number),
                NumberOfTrees = 100,
                NumberOfLeaves = 20,
                MinimumExampleCountPerLeaf = 10,
                LearningRate = 0.2,
                Seed = 1,
                NumberOfThreads = 1,
            }).Fit(view).Transform(view).GetColumn<float>("Score").ToArray();
            for (var i = 0; i < predicted.Length; i++) Assert.Equal(predicted[i], scores[i][0], 1e-5);
        }
    }

    private static SchemaDefinition RowSchema()
    {
        var schema = SchemaDefinition.Create(typeof(Row));
        schema[nameof(Row.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 6);
        return schema;
    }

    private sealed class Row
    {
        public float[] Features { get; set; } = [];
        public bool Truth { get; set; }
        public float Number { get; set; }
    }

    [Fact]
    public void Gradient_descent_comes_close_to_the_exact_solutions_of_scikit_learn()
    {
        var (data, test, labels, _, _) = Samples.Prepare(Samples.Read("breast_cancer.csv"), "diagnosis", LearningTask.Binary, FeatureEncoding.OneHotStandardized);
        var scores = Samples.Score(new SgdTrainer().TrainWithDefaults(data, new TrainingContext(1, 1), TestContext.Current.CancellationToken), test);
        Assert.InRange(Samples.LogLoss(scores, labels) / Samples.ScikitLearn.GetProperty("breast_cancer_logistic").GetProperty("log_loss").GetDouble(), 0.5, 1.4);
        var (homes, some, _, _, _) = Samples.Prepare(Homes(), "price", LearningTask.Regression, FeatureEncoding.OneHotStandardized);
        var ridge = Doubles(Samples.ScikitLearn.GetProperty("sacramento_ridge").GetProperty("predictions"));
        var prices = Samples.Score(new SgdTrainer().TrainWithDefaults(homes, new TrainingContext(1, 1), TestContext.Current.CancellationToken), some).Select(s => s[0]).ToArray();
        var spread = Math.Sqrt(ridge.Average(p => Math.Pow(p - ridge.Average(), 2)));
        Assert.InRange(Math.Sqrt(prices.Zip(ridge).Average(p => Math.Pow(p.First - p.Second, 2))) / spread, 0, 0.1);
    }

    /// <summary>The mean of the skewed numbers below is 1.65 times their median.</summary>
    [Theory]
    [InlineData(0, 1.5, 1.8)]
    [InlineData(1, 0.95, 1.05)]
    public void Boosted_trees_answer_with_the_mean_or_the_median_as_their_loss_says(int loss, double least, double most)
    {
        if (LightGbmLibrary.LoadProblem is { } problem) Assert.Skip(problem);
        var random = new Random(1);
        var numbers = Enumerable.Range(0, 4_000).Select(_ => (float)Math.Exp(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))).ToArray();
        var data = new TrainingData(new FeatureMatrix([.. numbers.Select(_ => (float)random.Next(2))], 4_000, ["noise"]), numbers, LearningTask.Regression, 1);
        var defaults = HyperparameterValues.Defaults(new LightGbmTrainer().Hyperparameters(data.Shape));
        var scorer = new LightGbmTrainer().Train(data, defaults.With("loss", loss), new TrainingContext(1, 1), TestContext.Current.CancellationToken).Scorer;
        var median = numbers.Order().ElementAt(2_000);
        Assert.All(Samples.Score(scorer, data.Features).Take(20), s => Assert.InRange(s[0] / median, least, most));
    }

    [Theory]
    [InlineData(LearningTask.Binary, 0.2)]
    [InlineData(LearningTask.Multiclass, 0.2)]
    [InlineData(LearningTask.Regression, 0.2)]
    [InlineData(LearningTask.Binary, 0)]
    [InlineData(LearningTask.Binary, 0.2, true)]
    [InlineData(LearningTask.Multiclass, 0.2, true)]
    [InlineData(LearningTask.Regression, 0.2, true)]
    public void Parsed_trees_predict_what_lightgbm_predicts(LearningTask task, double missing, bool dropsTrees = false)
    {
        if (LightGbmLibrary.LoadProblem is { } problem) Assert.Skip(problem);
        var data = Samples.Synthetic(2000, 6, task, missing);
        var context = new TrainingContext(1, 2);
        var text = dropsTrees
            ? DartTrainer.TrainText(data, HyperparameterValues.Defaults(new DartTrainer().Hyperparameters(data.Shape)), context, TestContext.Current.CancellationToken)
            : LightGbmTrainer.TrainText(data, HyperparameterValues.Defaults(new LightGbmTrainer().Hyperparameters(data.Shape)), context, TestContext.Current.CancellationToken).Text;
        Assert.Equal(dropsTrees, text.Contains("[boosting: dart]", StringComparison.Ordinal));
        var scores = Samples.Score(LightGbmModelText.Parse(text, 6, task, data.ClassCount), data.Features);
        var native = PredictNatively(text, data.Features, task == LearningTask.Multiclass ? 3 : 1);
        for (var row = 0; row < scores.Length; row++)
            for (var k = 0; k < native.Length / scores.Length; k++)
                Assert.Equal(native[(row * (native.Length / scores.Length)) + k], scores[row][task == LearningTask.Binary ? 1 : k], 1e-6);

        // Missing values where training had none.
        var other = Samples.Synthetic(500, 6, task, 0.3, seed: 9).Features;
        var otherScores = Samples.Score(LightGbmModelText.Parse(text, 6, task, data.ClassCount), other);
        var otherNative = PredictNatively(text, other, task == LearningTask.Multiclass ? 3 : 1);
        for (var row = 0; row < 500; row++)
            Assert.Equal(otherNative[row * (otherNative.Length / 500)], otherScores[row][task == LearningTask.Binary ? 1 : 0], 1e-6);
    }

    [Fact]
    public void Lightgbm_text_that_is_damaged_is_refused()
    {
        if (LightGbmLibrary.LoadProblem is { } problem) Assert.Skip(problem);
        var data = Samples.Synthetic(300, 4, LearningTask.Binary, 0);
        var text = LightGbmTrainer.TrainText(data, HyperparameterValues.Defaults(new LightGbmTrainer().Hyperparameters(data.Shape)), new TrainingContext(1, 1), TestContext.Current.CancellationToken).Text;
        Assert.Throws<InvalidDataException>(() => LightGbmModelText.Parse(text, 2, LearningTask.Binary, 2));
        Assert.Throws<InvalidDataException>(() => LightGbmModelText.Parse(text.Replace("left_child=1 ", "left_child=0 ", StringComparison.Ordinal).Replace("left_child=", "left_child=x", StringComparison.Ordinal), 4, LearningTask.Binary, 2));
        Assert.Throws<InvalidDataException>(() => LightGbmModelText.Parse("", 4, LearningTask.Binary, 2));
    }

    private static unsafe double[] PredictNatively(string text, FeatureMatrix features, int outputs)
    {
        Assert.Equal(0, BoosterLoadModelFromString(text, out _, out var booster));
        var results = new double[features.RowCount * outputs];
        fixed (float* values = features.Values)
        fixed (double* target = results)
            Assert.Equal(0, BoosterPredictForMat(booster, values, 0, features.RowCount, features.FeatureCount, 1, 0, 0, -1, "", out _, target));
        _ = LightGbmLibrary.BoosterFree(booster);
        return results;
    }

    [LibraryImport("lib_lightgbm", EntryPoint = "LGBM_BoosterLoadModelFromString", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int BoosterLoadModelFromString(string text, out int iterations, out nint booster);

    [LibraryImport("lib_lightgbm", EntryPoint = "LGBM_BoosterPredictForMat", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int BoosterPredictForMat(nint booster, void* data, int type, int rows, int columns, int isRowMajor, int kind, int start, int iterations, string parameters, out long length, double* results);
}
