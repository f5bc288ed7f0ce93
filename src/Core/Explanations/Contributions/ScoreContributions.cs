using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Explanations;

/// <summary>What contributions add up to.</summary>
public enum ContributionScale : byte
{
    /// <summary>The answer itself: a probability a class, or the number.</summary>
    Answer,

    /// <summary>A share a class, before calibration made it a probability: raised to a power and scaled to sum to 1.</summary>
    Share,

    /// <summary>ln(p / (1 - p)): of the second class of two; of several, of each class against the rest.</summary>
    LogOdds,

    /// <summary>One a class: the logarithm of its probability, less the mean of all classes' logarithms.</summary>
    LogProbability,

    /// <summary>ln(1 + number), before a factor that lifts the mean.</summary>
    Logarithm,
}

/// <summary>The scales as they stand in answers.</summary>
public static class ContributionScales
{
    /// <summary>In camel case, as names in JSON are.</summary>
    public static string IdOf(ContributionScale scale) => scale switch
    {
        ContributionScale.Answer => "answer",
        ContributionScale.Share => "shareBeforeCalibration",
        ContributionScale.LogOdds => "logOdds",
        ContributionScale.LogProbability => "centredLogProbability",
        _ => "logarithm",
    };
}

/// <summary>Splits what a model says of a row over groups of its features: what each group adds to the model's sum, against rows that stand for the usual.</summary>
/// <remarks>
/// Shapley values of the game in which the groups join one by one, and a group that has not joined takes its features from a background row; the mean over the background rows.
/// They are exact, and add up: <see cref="Base"/> plus all contributions is the sum of the row.
/// Shapley (1953); Lundberg and Lee (2017), NIPS 30; with background rows ("interventional"): Lundberg et al. (2020), Nature Machine Intelligence 2; Janzing, Minorics and Blöbaum (2020), AISTATS.
/// </remarks>
public abstract class ScoreContributions
{
    private protected ScoreContributions(ContributionScale scale, int sumCount, int groupCount)
    {
        (Scale, SumCount, GroupCount) = (scale, sumCount, groupCount);
        Base = new double[sumCount];
    }

    public ContributionScale Scale { get; }

    /// <summary>1 for a number and for two classes (the second one's), else one a class.</summary>
    public int SumCount { get; }

    public int GroupCount { get; }

    /// <summary>Mean sum of the background rows; length <see cref="SumCount"/>.</summary>
    public double[] Base { get; }

    /// <summary>Splits the sums of one row.</summary>
    /// <param name="features">As the scorer takes them.</param>
    /// <param name="contributions">Set: <see cref="SumCount"/> rows of <see cref="GroupCount"/> numbers.</param>
    public void Explain(ReadOnlySpan<float> features, Span<double> contributions)
    {
        contributions = contributions[..(SumCount * GroupCount)];
        contributions.Clear();
        Add(features, 1, contributions);
        if (Scale != ContributionScale.LogProbability) return;
        for (var group = 0; group < GroupCount; group++) Centre(contributions[group..], GroupCount);
    }

    /// <summary>Adds a multiple of the contributions of one row.</summary>
    internal abstract void Add(ReadOnlySpan<float> features, double weight, Span<double> contributions);

    /// <summary>Exact contributions to the sums of a model, or null where only sampling can tell them: its features meet before they are summed.</summary>
    /// <param name="scorer">The model.</param>
    /// <param name="background">At least one row, as the model takes them.</param>
    /// <param name="groups">One a feature: its group, 0-based.</param>
    /// <param name="groupCount">Groups.</param>
    public static ScoreContributions? TryMake(Scorer scorer, FeatureMatrix background, int[] groups, int groupCount)
    {
        if (background.RowCount == 0) throw new ArgumentException("Found no background row, expected at least 1.", nameof(background));
        if (groups.Length != background.FeatureCount || background.FeatureCount != scorer.FeatureCount)
            throw new ArgumentException($"Found {groups.Length} groups and {background.FeatureCount} features of background rows, expected {scorer.FeatureCount} of each.", nameof(groups));
        var made = Make(scorer, new Background(background, 0, scorer.FeatureCount), groups, groupCount);
        if (made is { Scale: ContributionScale.LogProbability }) Centre(made.Base, 1);
        return made;
    }

    private static ScoreContributions? Make(Scorer scorer, Background background, int[] groups, int groupCount) => scorer switch
    {
        TreeScorer trees => new TreeContributions(trees.Unpack(), background, groups, groupCount),
        LinearScorer or QuantisedLinearScorer or AdditiveScorer or GaussianBayesScorer or ConstantScorer or ProjectedScorer { Inner: LinearScorer or QuantisedLinearScorer } => new SeparableContributions(scorer, background, groups, groupCount),
        ExponentialScorer exponential => Make(exponential.Inner, background, groups, groupCount) is { Scale: ContributionScale.Answer } inner ? new JoinedContributions(ContributionScale.Logarithm, [(inner, 0, 1)]) : null,
        SharpenedScorer sharpened => Make(sharpened.Inner, background, groups, groupCount) is { } inner ? Sharpen(inner, sharpened.Sharpness) : null,
        EnsembleScorer ensemble => Join(ensemble, background, groups, groupCount),
        _ => null,
    };

    private static JoinedContributions? Sharpen(ScoreContributions inner, double sharpness) => inner switch
    {
        // A power of probabilities is a factor on their logarithms.
        { Scale: ContributionScale.LogProbability } or { Scale: ContributionScale.LogOdds, SumCount: 1 } => new JoinedContributions(inner.Scale, [(inner, 0, sharpness)]),
        { Scale: ContributionScale.Answer } => new JoinedContributions(ContributionScale.Share, [(inner, 0, 1)]),
        _ => null,
    };

    private static JoinedContributions? Join(EnsembleScorer ensemble, Background background, int[] groups, int groupCount)
    {
        var members = new List<(ScoreContributions, int, double)>();
        foreach (var member in ensemble.Members)
        {
            var own = new Background(background.Rows, background.First + member.FirstFeature, member.Scorer.FeatureCount);
            if (Make(member.Scorer, own, groups[member.FirstFeature..(member.FirstFeature + member.Scorer.FeatureCount)], groupCount) is not { Scale: ContributionScale.Answer } inner) return null;
            members.Add((inner, member.FirstFeature, member.Weight));
        }
        return new JoinedContributions(ensemble.Sharpness == 1 ? ContributionScale.Answer : ContributionScale.Share, members);
    }

    /// <summary>Classes' logarithms have no zero of their own: their mean is taken for it.</summary>
    private static void Centre(Span<double> values, int stride)
    {
        var (sum, count) = (0.0, 0);
        for (var i = 0; i < values.Length; i += stride, count++) sum += values[i];
        for (var i = 0; i < values.Length; i += stride) values[i] -= sum / count;
    }
}

/// <summary>The background rows as one model of an ensemble sees them.</summary>
/// <param name="Rows">Of the whole model.</param>
/// <param name="First">Where the features begin in a row.</param>
/// <param name="Count">How many they are.</param>
internal sealed record Background(FeatureMatrix Rows, int First, int Count)
{
    public int RowCount => Rows.RowCount;

    public ReadOnlySpan<float> Row(int row) => Rows.Row(row).Slice(First, Count);
}

/// <summary>A weighted sum of several models' sums.</summary>
internal sealed class JoinedContributions : ScoreContributions
{
    private readonly IReadOnlyList<(ScoreContributions Model, int FirstFeature, double Weight)> _members;

    public JoinedContributions(ContributionScale scale, IReadOnlyList<(ScoreContributions Model, int FirstFeature, double Weight)> members)
        : base(scale, members[0].Model.SumCount, members[0].Model.GroupCount)
    {
        _members = members;
        foreach (var (model, _, weight) in members)
            for (var k = 0; k < SumCount; k++) Base[k] += weight * model.Base[k];
    }

    internal override void Add(ReadOnlySpan<float> features, double weight, Span<double> contributions)
    {
        foreach (var (model, first, share) in _members) model.Add(features[first..], weight * share, contributions);
    }
}
