using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Tests.Trainers;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Explanations;

/// <summary>Contributions against Shapley values by their definition: every set of groups, every background row.</summary>
public sealed class ScoreContributionsTests
{
    private const int Features = CompactScorerTests.Features;
    private const int GroupCount = 4;
    private static readonly int[] Groups = [0, 1, 0, 2, 3, 1];

    public static TheoryData<TreeLink, int> Links => new()
    {
        { TreeLink.Average, 1 }, { TreeLink.Average, 2 }, { TreeLink.Average, 4 }, { TreeLink.Identity, 1 }, { TreeLink.Exponential, 1 }, { TreeLink.Logistic, 2 }, { TreeLink.Softmax, 3 },
    };

    [Theory]
    [MemberData(nameof(Links))]
    public void Trees_are_split_as_the_definition_says(TreeLink link, int outputs)
    {
        for (var seed = 0; seed < 4; seed++)
        {
            var trees = CompactScorerTests.Grown(link, outputs, 12, 1, seed);
            Check(trees, Matrix(CompactScorerTests.Rows(9, 12)), CompactScorerTests.Rows(25, 12)[9..]);
        }
    }

    [Fact]
    public void Many_background_rows_give_the_mean_of_what_each_gives()
    {
        var trees = CompactScorerTests.Grown(TreeLink.Average, 4, 12, 1, 7);
        var rows = CompactScorerTests.Rows(101, 12);
        var together = new double[4 * GroupCount];
        ScoreContributions.TryMake(trees, Matrix(rows[..100]), Groups, GroupCount)!.Explain(rows[100], together);
        var alone = rows[..100].Select(row =>
        {
            var values = new double[4 * GroupCount];
            ScoreContributions.TryMake(trees, Matrix([row]), Groups, GroupCount)!.Explain(rows[100], values);
            return values;
        }).ToArray();
        for (var i = 0; i < together.Length; i++) Assert.Equal(alone.Average(v => v[i]), together[i], 1e-12);
        Assert.Throws<ArgumentException>(() => ScoreContributions.TryMake(trees, Matrix([.. rows, .. rows]), Groups, GroupCount));
    }

    [Fact]
    public void Trees_against_the_rest_add_up_to_the_log_odds_of_each_class()
    {
        // The outputs are scaled to sum to 1 and do not tell the sums; trees of the same leaves without a link do, class by class.
        var trees = CompactScorerTests.Grown(TreeLink.OneVersusAll, 3, 12, 1, 5);
        var background = Matrix(CompactScorerTests.Rows(9, 12));
        var made = ScoreContributions.TryMake(trees, background, Groups, GroupCount)!;
        foreach (var row in CompactScorerTests.Rows(12, 12))
        {
            var values = new double[3 * GroupCount];
            made.Explain(row, values);
            double[] odds = [.. Enumerable.Range(0, 3).Select(k => 1 / (1 + Math.Exp(-(made.Base[k] + values.AsSpan(k * GroupCount, GroupCount).ToArray().Sum()))))];
            var found = Score(trees, row);
            for (var k = 0; k < 3; k++) Assert.Equal(odds[k] / odds.Sum(), found[k], 1e-9);
        }
    }

    public static TheoryData<string> Scorers => ["linear", "linear classes", "linear, 8 bits", "components", "additive", "bayes", "bayes of three", "sharpened", "sharpened classes", "logarithm", "forests", "packed", "constant"];

    [Theory]
    [MemberData(nameof(Scorers))]
    public void Every_sum_is_split_as_the_definition_says(string kind)
    {
        var random = new Random(4);
        double[] Weights(int count) => [.. Enumerable.Range(0, count).Select(_ => (2 * random.NextDouble()) - 1)];
        float[][] Rows(int count) => [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, Features).Select(_ => random.NextSingle()).ToArray())];
        var background = Rows(7);
        var linear = new LinearScorer(Weights(Features), [0.3], LinearLink.Logistic);
        var classes = new LinearScorer(Weights(3 * Features), Weights(3), LinearLink.Softmax);
        Scorer scorer = kind switch
        {
            "linear" => linear,
            "linear classes" => classes,
            "linear, 8 bits" => QuantisedLinearScorer.Quantise(classes, 8),
            "components" => new ProjectedScorer(new LinearScorer(Weights(2), [0.3], LinearLink.Identity), PrincipalComponents.Fit(7, Features, (row, into) => { for (var j = 0; j < Features; j++) into[j] = background[row][j]; }, 2, true, CancellationToken.None)),
            "additive" => new AdditiveScorer([.. Enumerable.Range(0, Features).Select(_ => new AdditiveCurve([0.3f, 0.6f], Weights(4)))], [0.1], LinearLink.Logistic),
            "bayes" => new GaussianBayesScorer(Features, Weights(2 * Features), [.. Weights(2 * Features).Select(w => 0.2 + Math.Abs(w))], [-0.3, -1.3], 0.7),
            "bayes of three" => new GaussianBayesScorer(Features, Weights(3 * Features), [.. Weights(3 * Features).Select(w => 0.2 + Math.Abs(w))], [-0.3, -1.3, -2], 0.7),
            "sharpened" => new SharpenedScorer(linear, 1.7),
            "sharpened classes" => new SharpenedScorer(CompactScorerTests.Grown(TreeLink.Softmax, 3, 12, 1, 2), 0.6),
            "logarithm" => new ExponentialScorer(CompactScorerTests.Grown(TreeLink.Identity, 1, 12, 1, 2), 1, 500),
            "forests" => new EnsembleScorer(Features, [new(0, 0.25, CompactScorerTests.Grown(TreeLink.Average, 4, 12, 1, 2)), new(0, 0.75, CompactScorerTests.Grown(TreeLink.Average, 4, 12, 1, 3))]),
            "packed" => PackedTreeScorer.Pack(CompactScorerTests.Grown(TreeLink.Average, 4, 12, 1, 2), 8),
            _ => new ConstantScorer(Features, [0.2, 0.8]),
        };
        // Coordinates on components are singles.
        Check(scorer, Matrix(background), Rows(12), kind == "components" ? 1e-6 : 1e-9);
    }

    [Fact]
    public void Features_that_meet_before_they_are_summed_are_refused()
    {
        var background = Matrix(CompactScorerTests.Rows(3, 12));
        var boosted = CompactScorerTests.Grown(TreeLink.Logistic, 2, 12, 1, 2);
        Assert.Null(ScoreContributions.TryMake(new EnsembleScorer(Features, [new(0, 1, boosted)]), background, Groups, GroupCount));
        Assert.Null(ScoreContributions.TryMake(new SharpenedScorer(CompactScorerTests.Grown(TreeLink.OneVersusAll, 4, 12, 1, 2), 2), background, Groups, GroupCount));
        Assert.Throws<ArgumentException>(() => ScoreContributions.TryMake(boosted, background, Groups[1..], GroupCount));
    }

    [Fact]
    public void Of_calibrated_shares_the_shares_are_split()
    {
        var forest = CompactScorerTests.Grown(TreeLink.Average, 4, 12, 1, 2);
        var background = Matrix(CompactScorerTests.Rows(9, 12));
        Scorer[] calibrated = [new SharpenedScorer(forest, 2), new EnsembleScorer(Features, [new(0, 1, forest)], 2)];
        foreach (var made in calibrated.Select(scorer => ScoreContributions.TryMake(scorer, background, Groups, GroupCount)!))
        {
            Assert.Equal(ContributionScale.Share, made.Scale);
            Assert.Equal(ScoreContributions.TryMake(forest, background, Groups, GroupCount)!.Base, made.Base);
        }
    }

    private static void Check(Scorer scorer, FeatureMatrix background, float[][] rows, double tolerance = 1e-9)
    {
        var made = ScoreContributions.TryMake(scorer, background, Groups, GroupCount)!;
        var values = new double[made.SumCount * GroupCount];
        foreach (var row in rows)
        {
            made.Explain(row, values);
            for (var k = 0; k < made.SumCount; k++)
            {
                var worth = Enumerable.Range(0, 1 << GroupCount).Select(joined => Mean(scorer, made.Scale, background, row, joined, k)).ToArray();
                Assert.Equal(worth[0], made.Base[k], tolerance);
                Assert.Equal(worth[^1], made.Base[k] + values.AsSpan(k * GroupCount, GroupCount).ToArray().Sum(), tolerance);
                for (var group = 0; group < GroupCount; group++)
                {
                    var shapley = 0.0;
                    for (var joined = 0; joined < worth.Length; joined++)
                    {
                        if ((joined >> group & 1) != 0) continue;
                        var size = int.PopCount(joined);
                        shapley += Factorial(size) * Factorial(GroupCount - size - 1) / Factorial(GroupCount) * (worth[joined | 1 << group] - worth[joined]);
                    }
                    Assert.Equal(shapley, values[(k * GroupCount) + group], tolerance);
                }
            }
        }
    }

    /// <summary>The mean sum of the background rows after a set of groups took their features from the row.</summary>
    private static double Mean(Scorer scorer, ContributionScale scale, FeatureMatrix background, float[] row, int joined, int sum) => Enumerable.Range(0, background.RowCount).Average(other =>
    {
        var outputs = Score(scorer, [.. Enumerable.Range(0, Features).Select(j => (joined >> Groups[j] & 1) != 0 ? row[j] : background.Row(other)[j])]);
        return scale switch
        {
            ContributionScale.LogOdds => Math.Log(outputs[1] / outputs[0]),
            ContributionScale.LogProbability => Math.Log(outputs[sum]) - outputs.Average(Math.Log),
            ContributionScale.Logarithm => scorer is ExponentialScorer ? Math.Log(1 + outputs[0]) : Math.Log(outputs[0]),
            _ => outputs.Length == 2 ? outputs[1] : outputs[sum],
        };
    });

    private static double Factorial(int n) => n < 2 ? 1 : n * Factorial(n - 1);

    private static FeatureMatrix Matrix(float[][] rows) => new([.. rows.SelectMany(r => r)], rows.Length, [.. Enumerable.Range(0, Features).Select(j => $"f{j}")]);

    private static double[] Score(Scorer scorer, float[] features)
    {
        var outputs = new double[scorer.OutputCount];
        scorer.Score(features, outputs);
        return outputs;
    }
}
