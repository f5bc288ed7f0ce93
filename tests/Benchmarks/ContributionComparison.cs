using System.Diagnostics;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Benchmarks;

/// <summary>What columns add to the answers for 10,000 rows, of 100 boosted trees with 31 leaves: ours on one core and on all, beside a plain TreeSHAP on one core.</summary>
internal static class ContributionComparison
{
    private const int Rows = 10_000;
    private const int FeatureCount = 30;
    private const int Rounds = 3;
    private const int BackgroundRows = 100;

    public static void Run()
    {
        var (values, labels) = TrainingComparison.Generate(20_000);
        var matrix = new FeatureMatrix(values, labels.Length, [.. Enumerable.Range(0, FeatureCount).Select(j => $"f{j}")]);
        var trainer = TrainerCatalog.Find("lightgbm");
        var training = new TrainingData(matrix, labels, LearningTask.Binary, 2);
        var chosen = HyperparameterValues.Defaults(trainer.Hyperparameters(training.Shape));
        var model = (TreeEnsembleScorer)trainer.Train(training, chosen, new TrainingContext(1, Environment.ProcessorCount) { Iterations = 100 }, CancellationToken.None).Scorer;
        Console.WriteLine($"{model.TreeCount} trees, {model.LeafCount} leaves, {Rows:N0} rows, {BackgroundRows} background rows, medians of {Rounds}");
        var background = new FeatureMatrix(values[..(BackgroundRows * FeatureCount)], BackgroundRows, matrix.Names);
        var ours = ScoreContributions.TryMake(model, background, [.. Enumerable.Range(0, FeatureCount)], FeatureCount)!;
        var plain = new PlainTreeShap(model, matrix);
        // Both are told what they add up to, so that neither gets away with less.
        var (one, other) = (new double[FeatureCount], new double[FeatureCount]);
        ours.Explain(matrix.Row(7), one);
        plain.Explain(matrix.Row(7), other);
        Console.WriteLine($"log-odds of row 7: ours {ours.Base[0] + one.Sum():F6}, plain {plain.Base + other.Sum():F6}");

        var (first, single, all) = (new double[Rounds], new double[Rounds], new double[Rounds]);
        for (var round = 0; round < Rounds; round++)
        {
            first[round] = Time(() => { for (var row = 0; row < Rows; row++) plain.Explain(matrix.Row(row), other); });
            single[round] = Time(() => { for (var row = 0; row < Rows; row++) ours.Explain(matrix.Row(row), one); });
            all[round] = Time(() => Parallel.For(0, Rows, () => new double[FeatureCount], (row, _, room) => { ours.Explain(matrix.Row(row), room); return room; }, _ => { }));
        }
        double Median(double[] seconds) => seconds.Order().ElementAt(Rounds / 2);
        Console.WriteLine($"plain TreeSHAP, one core  {Median(first):F2} s");
        Console.WriteLine($"ours, one core            {Median(single):F2} s, {Median(single) / Median(first):F2} of plain");
        Console.WriteLine($"ours, {Environment.ProcessorCount} cores             {Median(all):F2} s, {Median(all) / Median(first):F2} of plain (aim: 0.5)");
    }

    private static double Time(Action work)
    {
        var clock = Stopwatch.StartNew();
        work();
        return clock.Elapsed.TotalSeconds;
    }

    /// <summary>TreeSHAP as it was published, without background rows: a feature that has not joined sends a row down both branches, in the shares of the training rows.</summary>
    /// <remarks>Lundberg, Erion and Lee (2018), arXiv 1802.03888, algorithm 2.</remarks>
    private sealed class PlainTreeShap
    {
        private readonly TreeEnsembleScorer _trees;
        private readonly double[] _cover;

        public PlainTreeShap(TreeEnsembleScorer trees, FeatureMatrix training)
        {
            _trees = trees;
            _cover = new double[trees.NodeCount];
            for (var row = 0; row < training.RowCount; row++)
                foreach (var root in trees.Roots)
                    for (var at = root; ;)
                    {
                        _cover[at]++;
                        if (trees.IsLeaf(at, out _, out var question)) break;
                        at = Next(question, training.Row(row));
                    }
            Base = trees.BaseScores[0];
            foreach (var root in trees.Roots) Base += Mean(root);
        }

        public double Base { get; }

        private double Mean(int at) => _trees.IsLeaf(at, out var entries, out var question) ? _trees.LeafEntry(entries.First).Value
            : ((_cover[question.Left] * Mean(question.Left)) + (_cover[question.Left + 1] * Mean(question.Left + 1))) / Math.Max(1, _cover[at]);

        private static int Next((int Feature, float Threshold, bool MissingGoesLeft, int Left) question, ReadOnlySpan<float> row) =>
            question.Left + (row[question.Feature] <= question.Threshold || (question.MissingGoesLeft && float.IsNaN(row[question.Feature])) ? 0 : 1);

        private struct Step
        {
            public int Feature;
            public double Zero, One, Weight;
        }

        public void Explain(ReadOnlySpan<float> row, double[] contributions)
        {
            Array.Clear(contributions);
            Span<Step> room = stackalloc Step[64 * 65 / 2];
            foreach (var root in _trees.Roots) Recurse(root, row, contributions, room, 0, 1, 1, -1);
        }

        private void Recurse(int at, ReadOnlySpan<float> row, double[] contributions, Span<Step> path, int depth, double zero, double one, int feature)
        {
            Extend(path, depth, zero, one, feature);
            if (_trees.IsLeaf(at, out var entries, out var question))
            {
                var value = _trees.LeafEntry(entries.First).Value;
                for (var i = 1; i <= depth; i++) contributions[path[i].Feature] += UnwoundSum(path, depth, i) * (path[i].One - path[i].Zero) * value;
                return;
            }
            var hot = Next(question, row);
            var cold = hot == question.Left ? question.Left + 1 : question.Left;
            var (ownZero, ownOne) = (1.0, 1.0);
            var known = 0;
            while (known <= depth && path[known].Feature != question.Feature) known++;
            var next = path[(depth + 1)..];
            path[..(depth + 1)].CopyTo(next);
            var deeper = depth;
            if (known <= depth)
            {
                (ownZero, ownOne) = (path[known].Zero, path[known].One);
                Unwind(next, depth, known);
                deeper--;
            }
            var cover = Math.Max(1, _cover[at]);
            // The walk into a branch writes over what follows the path, so each begins with its own copy.
            Span<Step> own = stackalloc Step[deeper + 1];
            next[..(deeper + 1)].CopyTo(own);
            Recurse(hot, row, contributions, next, deeper + 1, ownZero * _cover[hot] / cover, ownOne, question.Feature);
            own.CopyTo(next);
            Recurse(cold, row, contributions, next, deeper + 1, ownZero * _cover[cold] / cover, 0, question.Feature);
        }

        private static void Extend(Span<Step> path, int depth, double zero, double one, int feature)
        {
            path[depth] = new Step { Feature = feature, Zero = zero, One = one, Weight = depth == 0 ? 1 : 0 };
            for (var i = depth - 1; i >= 0; i--)
            {
                path[i + 1].Weight += one * path[i].Weight * (i + 1) / (depth + 1);
                path[i].Weight = zero * path[i].Weight * (depth - i) / (depth + 1);
            }
        }

        private static void Unwind(Span<Step> path, int depth, int index)
        {
            var (one, zero, next) = (path[index].One, path[index].Zero, path[depth].Weight);
            for (var i = depth - 1; i >= 0; i--)
            {
                if (one != 0)
                {
                    var before = path[i].Weight;
                    path[i].Weight = next * (depth + 1) / ((i + 1) * one);
                    next = before - (path[i].Weight * zero * (depth - i) / (depth + 1));
                }
                else path[i].Weight = path[i].Weight * (depth + 1) / (zero * (depth - i));
            }
            for (var i = index; i < depth; i++) (path[i].Feature, path[i].Zero, path[i].One) = (path[i + 1].Feature, path[i + 1].Zero, path[i + 1].One);
        }

        private static double UnwoundSum(Span<Step> path, int depth, int index)
        {
            var (one, zero, next, total) = (path[index].One, path[index].Zero, path[depth].Weight, 0.0);
            for (var i = depth - 1; i >= 0; i--)
            {
                if (one != 0)
                {
                    var weight = next * (depth + 1) / ((i + 1) * one);
                    total += weight;
                    next = path[i].Weight - (weight * zero * ((depth - i) / (double)(depth + 1)));
                }
                else total += path[i].Weight / zero / ((depth - i) / (double)(depth + 1));
            }
            return total;
        }
    }
}
