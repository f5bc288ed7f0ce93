using System.Globalization;
using ModelWorkbench.Core.Optimisation;

namespace ModelWorkbench.Core.Experiments;

/// <summary>Looks for a combination of steps that keeps limits, beginning with the model itself and going down one notch at a time.</summary>
/// <remarks>
/// Steepest descent: of all notches that could be next (fewer columns, weights, trees, splits, bits, or a student in the model's place) each is built and judged, and the one is taken that saves most for what it loses. What saves nothing, or loses more than is
/// allowed, is not taken. Nothing is tried twice, and what the ladder built counts as tried.
/// </remarks>
internal sealed class CombinationSearch
{
    /// <summary>Combinations built at most.</summary>
    public const int MostTried = 40;

    // A saving below half a percent is noise of the clock.
    private const double SmallestGain = 0.005;
    private static readonly double[] Shares = [0.75, 0.5, 0.25, 0.1];
    private static readonly int[] Bits = [16, 8];

    // Each is a way to begin; the next notch of one takes its place.
    private static readonly OptimisationStep[][] Beginnings =
    [
        [new OptimisationStep.KeepColumns(0.5), new OptimisationStep.KeepColumns(0.25), new OptimisationStep.KeepColumns(0.1)],
        [new OptimisationStep.KeepWeights(0.5), new OptimisationStep.KeepWeights(0.25), new OptimisationStep.KeepWeights(0.1)],
        [new OptimisationStep.Distil(100, 15), new OptimisationStep.Distil(50, 15), new OptimisationStep.Distil(30, 8)],
        [new OptimisationStep.DistilLinear()],
    ];

    private readonly LadderReport _ladder;
    private readonly LadderLimits _limits;
    private readonly Func<IReadOnlyList<OptimisationStep>, LadderRung> _build;
    private readonly Action<int> _progress;
    private readonly Dictionary<string, LadderRung> _known = [];
    private readonly List<LadderRung> _tried = [];

    /// <param name="ladder">What was built before.</param>
    /// <param name="limits">At least one.</param>
    /// <param name="build">Builds and judges a combination.</param>
    /// <param name="progress">Told how many were tried before each.</param>
    public CombinationSearch(LadderReport ladder, LadderLimits limits, Func<IReadOnlyList<OptimisationStep>, LadderRung> build, Action<int> progress)
    {
        if (limits.WhyNot() is { } whyNot) throw new ArgumentException(whyNot, nameof(limits));
        (_ladder, _limits, _build, _progress) = (ladder, limits, build, progress);
        foreach (var rung in ladder.Rungs) _known[LadderRung.NameOf(rung.Steps)] = rung;
    }

    /// <summary>Notches: 0 is none.</summary>
    private readonly record struct Combination(int Beginning, int Notch, int Trees, int Splits, int Bit)
    {
        public OptimisationStep? First => Notch == 0 ? null : Beginnings[Beginning][Notch - 1];

        public IReadOnlyList<OptimisationStep> Steps =>
        [
            .. First is { } first ? [first] : Array.Empty<OptimisationStep>(),
            .. Trees > 0 ? [new OptimisationStep.KeepTrees(Shares[Trees - 1])] : Array.Empty<OptimisationStep>(),
            .. Splits > 0 ? [new OptimisationStep.PruneSplits(Shares[Splits - 1])] : Array.Empty<OptimisationStep>(),
            .. Bit > 0 ? [new OptimisationStep.Quantise(Bits[Bit - 1])] : Array.Empty<OptimisationStep>(),
        ];

        public IEnumerable<Combination> Next()
        {
            // A linear model has neither trees nor splits.
            var trees = First is not (OptimisationStep.KeepWeights or OptimisationStep.DistilLinear);
            if (Bit < Bits.Length) yield return this with { Bit = Bit + 1 };
            if (trees && Trees < Shares.Length) yield return this with { Trees = Trees + 1 };
            if (trees && Splits < Shares.Length) yield return this with { Splits = Splits + 1 };
            if (Notch > 0)
            {
                if (Notch < Beginnings[Beginning].Length) yield return this with { Notch = Notch + 1 };
                yield break;
            }
            for (var beginning = 0; beginning < Beginnings.Length; beginning++) yield return new Combination(beginning, 1, 0, 0, Bit);
        }
    }

    /// <returns>The ladder with what was tried behind it, and what to take.</returns>
    public LadderReport Run()
    {
        var ending = Search();
        IReadOnlyList<LadderRung> rungs = [.. _ladder.Rungs, .. _tried];
        var held = rungs.Where(_limits.Hold);
        // Where no loss was named, as little as can be.
        var taken = _limits.Loss is null ? held.OrderBy(r => r.Loss ?? double.MaxValue).ThenBy(r => r.Figures!.FileBytes).FirstOrDefault() : held.MinBy(r => r.Figures!.FileBytes);
        return _ladder with { Rungs = rungs, Search = new LadderSearch(_limits, _tried.Count(r => r.Figures is not null), taken?.Number, ending) };
    }

    private bool IsOfSize => _limits.Kilobytes is not null || _limits.Microseconds is not null;

    private string Search()
    {
        if (IsOfSize && _limits.Excess(_ladder.Original) <= 0) return "The model itself keeps these limits, so nothing was searched.";
        if (IsOfSize && _ladder.Rungs.Any(r => r.Verdict is LadderVerdict.NoLoss && _limits.Hold(r))) return "The ladder has a variant within these limits that loses nothing beyond chance, so nothing was searched.";
        var (at, figures, loss) = (default(Combination), _ladder.Original, 0.0);
        while (true)
        {
            var best = (At: default(Combination), Rung: (LadderRung?)null, Worth: double.NegativeInfinity);
            var lost = false;
            foreach (var next in at.Next())
            {
                if (Judge(next.Steps) is not { } rung) return string.Create(CultureInfo.InvariantCulture, $"{MostTried} combinations were tried, the most that a search tries.");
                if (rung.Figures is not { } found || rung.Loss is not { } cost) continue;
                var gain = IsOfSize ? _limits.Excess(figures) - _limits.Excess(found) : Math.Log((double)figures.FileBytes / found.FileBytes);
                if (gain < SmallestGain) continue;
                if (cost > _limits.Loss)
                {
                    lost = true;
                    continue;
                }
                var worth = gain / Math.Max(cost - loss, Tolerance);
                if (worth > best.Worth) best = (next, rung, worth);
            }
            if (best.Rung is not { } taken)
                return lost ? "Every further step loses more than is allowed." : IsOfSize ? "No further step makes it smaller or faster." : "No further step makes the file smaller.";
            (at, figures, loss) = (best.At, taken.Figures!, taken.Loss!.Value);
            if (IsOfSize && _limits.Excess(figures) <= 0) return "It ended where the limits were kept.";
        }
    }

    // Losses far below what rows drawn anew would change are all alike.
    private double Tolerance => _ladder.OriginalInterval is { } interval && interval.High > interval.Low ? (interval.High - interval.Low) / 50 : 1e-9;

    /// <summary>Null where no more may be tried.</summary>
    private LadderRung? Judge(IReadOnlyList<OptimisationStep> steps)
    {
        var name = LadderRung.NameOf(steps);
        if (_known.TryGetValue(name, out var known)) return known;
        if (_tried.Count(r => r.Figures is not null) >= MostTried) return null;
        _progress(_tried.Count(r => r.Figures is not null));
        var rung = _build(steps) with { IsSearched = true };
        _known[name] = rung;
        // That a family has no trees was told once, by the ladder.
        if (rung.Figures is not null) _tried.Add(rung);
        return rung;
    }
}
