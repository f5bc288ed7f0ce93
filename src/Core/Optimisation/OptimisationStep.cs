using System.Globalization;
using System.Text.Json.Serialization;

namespace ModelWorkbench.Core.Optimisation;

/// <summary>One way to make a model smaller or faster.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "step")]
[JsonDerivedType(typeof(KeepTrees), "keep-trees")]
[JsonDerivedType(typeof(PruneSplits), "prune-splits")]
[JsonDerivedType(typeof(Quantise), "quantise")]
[JsonDerivedType(typeof(Distil), "distil")]
[JsonDerivedType(typeof(Project), "pca")]
[JsonDerivedType(typeof(KeepColumns), "keep-columns")]
[JsonDerivedType(typeof(KeepWeights), "keep-weights")]
[JsonDerivedType(typeof(DistilLinear), "distil-linear")]
public abstract record OptimisationStep
{
    /// <summary>As people read it.</summary>
    [JsonIgnore]
    public abstract string Name { get; }

    /// <summary>What is done, and what it costs.</summary>
    [JsonIgnore]
    public abstract string Meaning { get; }

    /// <summary>Whether a model is learnt or taught anew, so that it can only come first.</summary>
    [JsonIgnore]
    public bool IsLearnt => this is Project or KeepColumns or KeepWeights || IsTaught;

    /// <summary>Whether another model learns the model's answers.</summary>
    [JsonIgnore]
    public bool IsTaught => this is Distil or DistilLinear;

    /// <summary>Leaves out the trees that were learnt last.</summary>
    /// <param name="Share">Of the trees that stay: above 0, below 1.</param>
    public sealed record KeepTrees(double Share) : OptimisationStep
    {
        public override string Name => $"First {Percent(Share)} of the trees";
        public override string Meaning => "Leaves out the trees that were learnt last. Size and time fall with their number; of boosted trees the last ones correct least.";
    }

    /// <summary>Takes the leaves of a split together where that changes answers least.</summary>
    /// <param name="Share">Of the splits that stay: above 0, below 1.</param>
    public sealed record PruneSplits(double Share) : OptimisationStep
    {
        public override string Name => $"Pruned to {Percent(Share)} of the splits";
        public override string Meaning => "Cost-complexity pruning: of all splits, those go first whose leaves answer nearly alike or hold few training rows. Shallower trees are faster, and a boosted tree without a split left is no tree any more.";
    }

    /// <summary>Writes thresholds, leaves and weights with fewer bits.</summary>
    /// <param name="Bits">8 or 16.</param>
    public sealed record Quantise(int Bits) : OptimisationStep
    {
        public override string Name => $"Quantised to {Bits} bits";
        public override string Meaning => $"Thresholds, leaves and weights become whole numbers of {Bits} bits in place of 32 and 64.";
    }

    /// <summary>Teaches a small model of boosted trees to answer as the model does.</summary>
    /// <param name="Trees">At least 1; of more than two classes they are shared out, 30 to a class at least.</param>
    /// <param name="Leaves">Of a tree, at least 3.</param>
    public sealed record Distil(int Trees, int Leaves) : OptimisationStep
    {
        public override string Name => $"Taught to {Trees} small trees";
        public override string Meaning => $"A small model of boosted trees with {Leaves} leaves each learns the model's own answers for the training rows in place of the truth. Of an ensemble one model is left.";
    }

    /// <summary>Puts principal components before the model and learns it anew on them.</summary>
    /// <param name="ComponentCount">How many; null where the variance decides.</param>
    /// <param name="Variance">The share of the variance that they hold at least; null where the count decides.</param>
    public sealed record Project(int? ComponentCount, double? Variance) : OptimisationStep
    {
        public override string Name => ComponentCount is { } count ? $"PCA to {count} components" : $"PCA holding {Percent(Variance ?? 1)} of the variance";
        public override string Meaning => "The standardised features are projected on their principal components, found on training rows alone, and the model is learnt anew on those.";
    }

    /// <summary>Learns the model anew without the columns that its answers hang on least.</summary>
    /// <param name="Share">Of the columns that stay: above 0, below 1.</param>
    public sealed record KeepColumns(double Share) : OptimisationStep
    {
        public override string Name => $"The {Percent(Share)} of the columns that matter most";
        public override string Meaning => "The model is learnt anew without the columns that its answers change least with, as found on training rows alone. Callers need not send those columns any more.";
    }

    /// <summary>Learns a linear model anew with a penalty on absolute weights, so strong that most of them are 0.</summary>
    /// <param name="Share">Of the features with a weight that keep one at most: above 0, below 1.</param>
    public sealed record KeepWeights(double Share) : OptimisationStep
    {
        public override string Name => $"Weights for {Percent(Share)} of the features";
        public override string Meaning => "An L1 penalty is raised until so many weights are 0, and those that are left are learnt anew without it. Values and words without a weight leave the encoder, too.";
    }

    /// <summary>Teaches a linear model to answer as the model does.</summary>
    public sealed record DistilLinear() : OptimisationStep
    {
        public override string Name => "Taught to a linear model";
        public override string Meaning => "A linear model learns the model's own answers for the training rows, as log-odds or numbers, in place of the truth. Where effects of columns hang on one another it cannot follow.";
    }

    private static string Percent(double share) => (share * 100).ToString("0.#", CultureInfo.InvariantCulture) + " %";
}
