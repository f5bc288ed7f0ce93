using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Explanations;

/// <summary>Of models that add one term a feature: what a group adds is its terms less their mean over the background rows, in whatever order the groups join.</summary>
internal sealed class SeparableContributions : ScoreContributions
{
    private readonly int[] _groups;
    private readonly ITerms _terms;

    // One a sum and group: the mean of the background rows.
    private readonly double[] _usual;

    public SeparableContributions(Scorer scorer, Background background, int[] groups, int groupCount)
        : this(TermsOf(scorer), ScaleOf(scorer), background, groups, groupCount)
    {
    }

    private SeparableContributions(ITerms terms, ContributionScale scale, Background background, int[] groups, int groupCount)
        : base(scale, terms.SumCount, groupCount)
    {
        (_terms, _groups) = (terms, groups);
        var usual = new double[SumCount * groupCount];
        for (var row = 0; row < background.RowCount; row++) AddTerms(background.Row(row), 1.0 / background.RowCount, usual);
        _usual = usual;
        for (var k = 0; k < SumCount; k++)
        {
            Base[k] = terms.Offset(k);
            for (var group = 0; group < groupCount; group++) Base[k] += usual[(k * groupCount) + group];
        }
    }

    internal override void Add(ReadOnlySpan<float> features, double weight, Span<double> contributions)
    {
        AddTerms(features, weight, contributions);
        for (var i = 0; i < _usual.Length; i++) contributions[i] -= weight * _usual[i];
    }

    private void AddTerms(ReadOnlySpan<float> features, double weight, Span<double> into)
    {
        for (var k = 0; k < SumCount; k++)
        {
            var ofSum = into.Slice(k * GroupCount, GroupCount);
            for (var j = 0; j < _groups.Length; j++) ofSum[_groups[j]] += weight * _terms.Term(k, j, features[j]);
        }
    }

    private static ContributionScale ScaleOf(Scorer scorer) => scorer switch
    {
        LinearScorer linear => ScaleOf(linear.Link),
        QuantisedLinearScorer quantised => ScaleOf(quantised.Link),
        AdditiveScorer additive => ScaleOf(additive.Link),
        ProjectedScorer projected => ScaleOf(projected.Inner),
        GaussianBayesScorer { OutputCount: 2 } => ContributionScale.LogOdds,
        GaussianBayesScorer => ContributionScale.LogProbability,
        _ => ContributionScale.Answer,
    };

    private static ContributionScale ScaleOf(LinearLink link) => link switch
    {
        LinearLink.Identity => ContributionScale.Answer,
        LinearLink.Softmax => ContributionScale.LogProbability,
        _ => ContributionScale.LogOdds,
    };

    private static ITerms TermsOf(Scorer scorer) => scorer switch
    {
        LinearScorer linear => new LinearTerms(linear.Weights.ToArray(), linear.Biases.ToArray()),
        QuantisedLinearScorer quantised => TermsOf(quantised.Expand()),
        AdditiveScorer additive => new AdditiveTerms(additive),
        GaussianBayesScorer bayes => new BayesTerms(bayes),
        ConstantScorer { OutputCount: 2 } constant => new ConstantTerms([constant.Outputs[1]]),
        ConstantScorer constant => new ConstantTerms([.. constant.Outputs]),
        // A weight on a component is a weight on every feature of it.
        ProjectedScorer projected => Through(projected, (LinearTerms)TermsOf(projected.Inner)),
        _ => throw new ArgumentException($"A {scorer.GetType().Name} is no sum of one term a feature.", nameof(scorer)),
    };

    private static LinearTerms Through(ProjectedScorer projected, LinearTerms inner)
    {
        var (features, components) = (projected.FeatureCount, projected.ComponentCount);
        var (weights, offsets) = (new double[inner.SumCount * features], new double[inner.SumCount]);
        for (var k = 0; k < offsets.Length; k++)
        {
            offsets[k] = inner.Offset(k);
            for (var c = 0; c < components; c++)
            {
                var weight = inner.Weight(k, c);
                offsets[k] += weight * projected.Offset(c);
                for (var j = 0; j < features; j++) weights[(k * features) + j] += weight * projected.Weight(c, j);
            }
        }
        return new LinearTerms(weights, offsets);
    }

    /// <summary>A model's sums, term by term.</summary>
    private interface ITerms
    {
        int SumCount { get; }
        double Offset(int sum);
        double Term(int sum, int feature, float value);
    }

    private sealed class LinearTerms(double[] weights, double[] offsets) : ITerms
    {
        private readonly int _features = weights.Length / offsets.Length;

        public int SumCount => offsets.Length;
        public double Offset(int sum) => offsets[sum];
        public double Weight(int sum, int feature) => weights[(sum * _features) + feature];
        public double Term(int sum, int feature, float value) => weights[(sum * _features) + feature] * value;
    }

    private sealed class AdditiveTerms(AdditiveScorer scorer) : ITerms
    {
        public int SumCount => scorer.Biases.Length;
        public double Offset(int sum) => scorer.Biases[sum];
        public double Term(int sum, int feature, float value) => scorer.Added(feature, value)[sum];
    }

    private sealed class BayesTerms(GaussianBayesScorer scorer) : ITerms
    {
        public int SumCount => scorer.OutputCount == 2 ? 1 : scorer.OutputCount;
        public double Offset(int sum) => scorer.Sharpness * (SumCount == 1 ? scorer.Offset(1) - scorer.Offset(0) : scorer.Offset(sum));
        public double Term(int sum, int feature, float value) =>
            scorer.Sharpness * (SumCount == 1 ? scorer.Added(1, feature, value) - scorer.Added(0, feature, value) : scorer.Added(sum, feature, value));
    }

    private sealed class ConstantTerms(double[] outputs) : ITerms
    {
        public int SumCount => outputs.Length;
        public double Offset(int sum) => outputs[sum];
        public double Term(int sum, int feature, float value) => 0;
    }
}
