using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Trainers;

public sealed class ScoreRowsTests
{
    [Theory]
    [InlineData("random-forest", LearningTask.Binary)]
    [InlineData("random-forest", LearningTask.Regression)]
    [InlineData("extra-trees", LearningTask.Multiclass)]
    [InlineData("fast-tree", LearningTask.Binary)]
    [InlineData("fast-tree", LearningTask.Regression)]
    [InlineData("linear-lbfgs", LearningTask.Multiclass)]
    public void Many_rows_get_the_answers_that_each_gets_alone_bit_for_bit(string id, LearningTask task)
    {
        var random = new Random(5);
        const int width = 6;
        float Draw() => random.Next(12) switch { 0 => float.NaN, 1 => 0, 2 => -0f, 3 => float.MaxValue, 4 => float.NegativeInfinity, _ => (float)Math.Round(random.NextDouble() * 8, 1) };
        var isFilled = TrainerCatalog.Find(id).Encoding != FeatureEncoding.Codes;
        float[] values = [.. Enumerable.Range(0, 700 * width).Select(_ => Draw() is var v && (isFilled && !float.IsFinite(v) || float.IsInfinity(v) || v == float.MaxValue) ? 1 : v)];
        var labels = Enumerable.Range(0, 700).Select(row => task == LearningTask.Regression ? values[row * width] * 3 + random.Next(3) is var y && float.IsNaN(y) ? 4 : values[row * width] * 3 : (float)random.Next(task == LearningTask.Binary ? 2 : 4)).ToArray();
        var data = new TrainingData(new FeatureMatrix(values, 700, [.. Enumerable.Range(0, width).Select(i => $"f{i}")]), labels, task, task switch { LearningTask.Regression => 1, LearningTask.Binary => 2, _ => 4 });
        var scorer = TrainerCatalog.Find(id).TrainWithDefaults(data, new TrainingContext(1, 1), TestContext.Current.CancellationToken);

        // Rows that were never seen, extreme and missing values among them, with room between the rows.
        const int stride = width + 3;
        foreach (var count in new[] { 1, 15, 16, 33, 5000 })
        {
            float[] rows = [.. Enumerable.Range(0, count * stride).Select(_ => Draw())];
            var together = new double[count * scorer.OutputCount];
            scorer.ScoreRows(rows, stride, count, together);
            var alone = new double[scorer.OutputCount];
            for (var row = 0; row < count; row++)
            {
                scorer.Score(rows.AsSpan(row * stride, width), alone);
                for (var output = 0; output < alone.Length; output++)
                    Assert.True(alone[output].Equals(together[row * alone.Length + output]), $"{count} rows, row {row}, output {output}: alone {alone[output]:R}, together {together[row * alone.Length + output]:R}");
            }
        }
    }
}
