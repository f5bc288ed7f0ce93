using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Tuning;

/// <summary>Decides what to try next: first a portfolio of values that do well on many tables, then the family that may be expected to improve on the best soonest for its cost.</summary>
/// <remarks>
/// Costs are those of <see cref="Trainer.CostSeconds"/>, not of a clock, so the same results in the same order lead to the same proposals on every machine; the clock only decides where the sequence ends.
/// Choice of family: Wang, Wu, Weimer and Zhu (2021), FLAML, MLSys: with a chance inversely proportional to the estimated cost for improvement.
/// </remarks>
public sealed class CostFrugalTuner
{
    private readonly List<FamilySearch> _families;
    private readonly Queue<TrialSpec> _portfolio;
    private readonly Random _random;
    private readonly int _fits;

    /// <param name="families">That apply to the shape.</param>
    /// <param name="shape">Of the rows that one fit learns from.</param>
    /// <param name="fits">Fits a trial: the number of folds.</param>
    /// <param name="portfolio">What to try first, in order; entries of other families are left out.</param>
    /// <param name="seed">All randomness comes from it.</param>
    public CostFrugalTuner(IReadOnlyList<Trainer> families, TrainingShape shape, int fits, IEnumerable<TrialSpec> portfolio, int seed)
    {
        _families = [.. families.Select((trainer, i) => new FamilySearch(trainer, shape, unchecked(seed * 397 + i)))];
        _random = new Random(seed);
        _fits = fits;
        _portfolio = new Queue<TrialSpec>(portfolio.Where(p => families.Any(f => f.Id == p.TrainerId))
            .Select(p => p with { Values = p.Values.Fit(families.First(f => f.Id == p.TrainerId).Dials(shape)) })
            .DistinctBy(p => (p.TrainerId, p.Values)));
    }

    /// <summary>The least loss so far; infinite before the first result.</summary>
    public double BestLoss => _families.Count == 0 ? double.PositiveInfinity : _families.Min(f => f.BestLoss);

    /// <summary>Whether nothing new is left to try in any family, whatever it may cost.</summary>
    public bool IsExhausted => _portfolio.Count == 0 && _families.TrueForAll(f => f.IsExhausted);

    /// <summary>The next trial, or null where nothing is left that costs no more than <paramref name="affordable"/>.</summary>
    /// <param name="affordable">In the seconds of <see cref="Trainer.CostSeconds"/>, all fits of a trial together.</param>
    public TrialSpec? Next(double affordable)
    {
        while (_portfolio.TryDequeue(out var spec))
        {
            var family = Family(spec.TrainerId);
            if (!family.WasTried(spec.Values) && family.CostOf(spec.Values) * _fits <= affordable) return spec;
        }
        // A family that has no untried values left, or none that can be paid, makes way for the others.
        var candidates = _families.Where(f => !f.IsExhausted).ToList();
        var best = BestLoss;
        while (candidates.Count > 0)
        {
            var costs = candidates.ConvertAll(f => Math.Max(1e-3, f.EstimatedCostForImprovement(best)));
            var chosen = Draw(costs);
            var family = candidates[chosen];
            if (family.Propose() is { } values && family.CostOf(values) * _fits <= affordable)
                return new TrialSpec(family.Trainer.Id, values, TrialOrigin.Search, Why(family, candidates, costs, chosen));
            candidates.RemoveAt(chosen);
        }
        return null;
    }

    /// <summary>What came of a trial; trials that nobody here proposed count as well.</summary>
    /// <param name="spec">What was tried.</param>
    /// <param name="loss">Lower is better; null where it failed.</param>
    /// <param name="iterations">After how many the fits ended, where they have any: part of the cost.</param>
    public void Observe(TrialSpec spec, double? loss, int? iterations)
    {
        if (_families.FirstOrDefault(f => f.Trainer.Id == spec.TrainerId) is not { } family) return;
        family.Observe(spec.Values, loss, family.Trainer.CostSeconds(family.Shape, spec.Values, iterations) * _fits);
    }

    private FamilySearch Family(string trainerId) => _families.First(f => f.Trainer.Id == trainerId);

    private int Draw(List<double> costs)
    {
        var total = costs.Sum(c => 1 / c);
        var at = _random.NextDouble() * total;
        for (var i = 0; i < costs.Count; i++)
            if ((at -= 1 / costs[i]) <= 0) return i;
        return costs.Count - 1;
    }

    private static string Why(FamilySearch family, List<FamilySearch> candidates, List<double> costs, int chosen)
    {
        var share = 1 / costs[chosen] / costs.Sum(c => 1 / c);
        var place = costs.Count(c => c < costs[chosen]) + 1;
        return double.IsInfinity(family.BestLoss)
            ? "Not tried yet."
            : FormattableString.Invariant($"May be expected to improve on the best within {costs[chosen]:0.#} s of processor time: number {place} of {candidates.Count} families, drawn with a chance of {100 * share:0} %.");
    }
}
