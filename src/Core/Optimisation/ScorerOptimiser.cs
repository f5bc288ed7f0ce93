using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Optimisation;

/// <summary>Applies steps to what was learnt. What wraps a model, such as a calibration, stays around it.</summary>
public static class ScorerOptimiser
{
    /// <summary>The steps worth a try for a model, each alone and some together.</summary>
    public static IReadOnlyList<IReadOnlyList<OptimisationStep>> Propose(Scorer scorer)
    {
        var trees = Within(scorer).OfType<TreeEnsembleScorer>().Any();
        OptimisationStep half = new OptimisationStep.KeepTrees(0.5), quarter = new OptimisationStep.KeepTrees(0.25);
        OptimisationStep pruned = new OptimisationStep.PruneSplits(0.5), deeper = new OptimisationStep.PruneSplits(0.25);
        OptimisationStep taught = new OptimisationStep.Distil(100, 15);
        OptimisationStep bits16 = new OptimisationStep.Quantise(16), bits8 = new OptimisationStep.Quantise(8);
        IReadOnlyList<IReadOnlyList<OptimisationStep>> quantised = [[bits16], [bits8]];
        IReadOnlyList<IReadOnlyList<OptimisationStep>> fitted =
        [
            [new OptimisationStep.Project(null, 0.99)], [new OptimisationStep.Project(null, 0.95)], [new OptimisationStep.Project(null, 0.9)],
            [new OptimisationStep.Project(null, 0.8)], [new OptimisationStep.Project(2, null)],
            [new OptimisationStep.KeepColumns(0.5)], [new OptimisationStep.KeepColumns(0.5), bits8], [new OptimisationStep.KeepColumns(0.25)], [new OptimisationStep.KeepColumns(0.25), bits8],
        ];
        IReadOnlyList<IReadOnlyList<OptimisationStep>> sparse = [[new OptimisationStep.KeepWeights(0.5)], [new OptimisationStep.KeepWeights(0.25)], [new OptimisationStep.KeepWeights(0.25), bits8]];
        return [.. trees ? [[half], [quarter], [pruned], [deeper]] : Array.Empty<IReadOnlyList<OptimisationStep>>(), .. quantised,
            .. trees ? [[half, bits8], [pruned, bits8], [half, pruned, bits8], [quarter, deeper, bits8]] : Array.Empty<IReadOnlyList<OptimisationStep>>(), .. Within(scorer).OfType<LinearScorer>().Any() ? sparse : [], [taught], [taught, bits8], [new OptimisationStep.DistilLinear()], .. fitted];
    }

    /// <summary>Null, or why a step does nothing for a model.</summary>
    public static string? WhyNot(Scorer scorer, OptimisationStep step) => step switch
    {
        OptimisationStep.Distil => Distiller.WhyNot(scorer),
        OptimisationStep.DistilLinear => Distiller.WhyNotLinear(scorer),
        OptimisationStep.KeepWeights => SparseWeights.WhyNot(scorer),
        OptimisationStep.KeepTrees keep when !Within(scorer).OfType<TreeEnsembleScorer>().Any(t => TreePruning.LeavesOut(t, keep.Share)) => "The model has no trees to leave out.",
        OptimisationStep.PruneSplits when !Within(scorer).OfType<TreeEnsembleScorer>().Any(t => t.LeafCount > t.TreeCount) => "The model has no trees with splits.",
        OptimisationStep.Quantise when !Within(scorer).OfType<TreeEnsembleScorer>().Any() && !Within(scorer).OfType<LinearScorer>().Any() => WhyNotQuantised(scorer),
        OptimisationStep.Project or OptimisationStep.KeepColumns when scorer is ConstantScorer => "The model looks at no feature.",
        OptimisationStep.Project or OptimisationStep.KeepColumns when scorer is EnsembleScorer => "An ensemble's members would each be learnt anew; take a single model of the leaderboard.",
        _ => null,
    };

    private static string WhyNotQuantised(Scorer scorer) => Within(scorer).Last() switch
    {
        ConstantScorer => "The model is one answer.",
        AdditiveScorer => "An additive model's curves have few steps, and its thresholds and heights are added up over all columns: rounded, they would be off by the sum of all.",
        NeuralScorer => "A network multiplies what it rounds, layer by layer. Taught to small trees, it is smaller than its weights in 8 bits.",
        NeighboursScorer => "Neighbours are found by distances to the training rows themselves. Fewer columns make them smaller.",
        GaussianBayesScorer => "A few means and variances a class are all there is to it.",
        PackedTreeScorer or QuantisedLinearScorer => "It is quantised already.",
        _ => "Only trees and linear models can be quantised.",
    };

    /// <summary>Applies a step that needs no new training.</summary>
    /// <param name="scorer">What was learnt.</param>
    /// <param name="step">Any that is not <see cref="OptimisationStep.IsLearnt"/>.</param>
    /// <param name="training">Rows it learnt from, or some of them.</param>
    /// <param name="cancellationToken">Stops soon.</param>
    public static Scorer Apply(Scorer scorer, OptimisationStep step, FeatureMatrix training, CancellationToken cancellationToken) => Apply(scorer, step, training, 0, cancellationToken);

    private static Scorer Apply(Scorer scorer, OptimisationStep step, FeatureMatrix training, int firstFeature, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return (scorer, step) switch
        {
            (SharpenedScorer wrap, _) => new SharpenedScorer(Apply(wrap.Inner, step, training, firstFeature, cancellationToken), wrap.Sharpness),
            (ExponentialScorer wrap, _) => new ExponentialScorer(Apply(wrap.Inner, step, training, firstFeature, cancellationToken), wrap.Factor, wrap.Ceiling),
            (ProjectedScorer wrap, _) => wrap.With(Apply(wrap.Inner, step, wrap.Project(training, firstFeature), 0, cancellationToken)),
            (EnsembleScorer ensemble, _) => new EnsembleScorer(ensemble.FeatureCount,
                [.. ensemble.Members.Select(m => m with { Scorer = Apply(m.Scorer, step, training, firstFeature + m.FirstFeature, cancellationToken) })], ensemble.Sharpness),
            (TreeEnsembleScorer trees, OptimisationStep.KeepTrees keep) => TreePruning.KeepFirst(trees, keep.Share),
            (TreeEnsembleScorer trees, OptimisationStep.PruneSplits prune) => TreePruning.PruneSplits(trees, prune.Share, training, firstFeature, cancellationToken),
            (TreeEnsembleScorer trees, OptimisationStep.Quantise quantise) => PackedTreeScorer.Pack(trees, quantise.Bits),
            (LinearScorer linear, OptimisationStep.Quantise quantise) => QuantisedLinearScorer.Quantise(linear, quantise.Bits),
            (_, { IsLearnt: true }) => throw new ArgumentException($"'{step.Name}' needs a model to be learnt anew.", nameof(step)),
            _ => scorer,
        };
    }

    /// <summary>A model and all that it wraps or averages.</summary>
    public static IEnumerable<Scorer> Within(Scorer scorer) => scorer switch
    {
        SharpenedScorer wrap => Within(wrap.Inner).Prepend(scorer),
        ExponentialScorer wrap => Within(wrap.Inner).Prepend(scorer),
        ProjectedScorer wrap => Within(wrap.Inner).Prepend(scorer),
        EnsembleScorer ensemble => ensemble.Members.SelectMany(m => Within(m.Scorer)).Prepend(scorer),
        _ => [scorer],
    };
}
