namespace ModelWorkbench.Core.Serving;

/// <summary>How much of a model's answers callers are told. Exact scores for rows of their choice are what a model is copied by, and what tells whose rows it was trained on.</summary>
/// <param name="LabelsOnly">Classes without their probabilities; means nothing for numbers.</param>
/// <param name="ScoreDecimals">Digits after the point of probabilities and numbers; null for all. Which class is the answer is decided by the exact ones.</param>
public sealed record Disclosure(bool LabelsOnly = false, int? ScoreDecimals = null)
{
    public static Disclosure Full { get; } = new();

    /// <summary>A probability or number as callers are told it; whatever else is made of it is made of the exact one.</summary>
    public double Tell(double score) => ScoreDecimals is { } decimals ? Math.Round(score, decimals) : score;

    /// <summary>What may not be asked for beside the answers, as it would tell the score exactly: why explanations are refused; null where they are not.</summary>
    public string? WhyNoExplanation => LabelsOnly ? "false: this endpoint tells labels alone" : ScoreDecimals is not null ? "false: this endpoint tells rounded scores" : null;
}
