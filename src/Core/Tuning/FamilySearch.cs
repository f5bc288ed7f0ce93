using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Tuning;

/// <summary>The search within one family: from the best values so far a step in a random direction, then the opposite one; shorter steps where none helps, and a fresh start where steps are too short to matter.</summary>
/// <remarks>FLOW2: Wu, Wang and Huang (2021), Frugal optimization for cost-related hyperparameters, AAAI. One proposal in <see cref="GlobalShare"/> is drawn from the whole
/// space instead, as a local search alone cannot leave a valley.</remarks>
internal sealed class FamilySearch
{
    private const double GlobalShare = 0.15;
    private const double FlipShare = 0.2;
    private const int MostFailures = 8;
    private const double ShortestStep = 0.02;
    private const int MostRepeats = 20;

    private readonly IReadOnlyList<Hyperparameter> _space;
    private readonly Random _random;
    private readonly HashSet<HyperparameterValues> _tried = [];
    private readonly double _firstStep;

    private double[]? _direction;
    private bool _opposite;
    private double _step;
    private int _failures;

    // Where the local search stands; the best of all may lie elsewhere after a fresh start.
    private HyperparameterValues? _center;
    private double _centerLoss = double.PositiveInfinity;

    public FamilySearch(Trainer trainer, TrainingShape shape, int seed)
    {
        Trainer = trainer;
        Shape = shape;
        _space = trainer.Dials(shape);
        _random = new Random(seed);
        _step = _firstStep = 0.1 * Math.Sqrt(Math.Max(1, _space.Count));
    }

    public Trainer Trainer { get; }
    public TrainingShape Shape { get; }

    public HyperparameterValues? Best { get; private set; }
    public double BestLoss { get; private set; } = double.PositiveInfinity;

    /// <summary>Cost of all trials so far, in seconds of <see cref="Trainer.CostSeconds"/>.</summary>
    public double Spent { get; private set; }

    private double _previousBestLoss = double.PositiveInfinity;
    private double _spentAtBest;
    private double _spentAtPreviousBest;

    /// <summary>Nothing new is left to try.</summary>
    public bool IsExhausted { get; private set; }

    public double CostOf(HyperparameterValues values) => Trainer.CostSeconds(Shape, values);

    public bool WasTried(HyperparameterValues values) => _tried.Contains(values);

    /// <summary>Processor seconds after which this family may be expected to beat the best of all families; what has improved lately is cheap, what lies far behind is dear.</summary>
    /// <remarks>Estimated cost for improvement: Wang, Wu, Weimer and Zhu (2021), FLAML: a fast and lightweight AutoML library, MLSys, equation 1.</remarks>
    public double EstimatedCostForImprovement(double bestOfAll)
    {
        if (double.IsInfinity(BestLoss)) return Math.Max(1e-3, CostOf(HyperparameterValues.Defaults(_space)));
        var own = Math.Max(Spent - _spentAtBest, _spentAtBest - _spentAtPreviousBest);
        // At least the price of one more trial at the best values.
        own = Math.Max(own, CostOf(Best!));
        if (BestLoss <= bestOfAll) return own;
        var gain = double.IsInfinity(_previousBestLoss) ? Math.Abs(BestLoss) * 0.05 : _previousBestLoss - BestLoss;
        var speed = gain / Math.Max(1e-3, Spent - _spentAtPreviousBest);
        return speed > 0 ? Math.Max(own, 2 * (BestLoss - bestOfAll) / speed) : Math.Max(own, Spent * 2);
    }

    /// <summary>Values not tried before, or null where none can be found.</summary>
    public HyperparameterValues? Propose()
    {
        if (_space.Count == 0)
        {
            IsExhausted = _tried.Count > 0;
            return IsExhausted ? null : HyperparameterValues.None;
        }
        // Nothing to step from: what was to be tried first cost too much, so the search begins where it is cheap.
        if (_center is null && new HyperparameterValues(_space.Select(dial => KeyValuePair.Create(dial.Id, dial.CheapStart))) is var cheap && !_tried.Contains(cheap)) return cheap;
        for (var attempt = 0; attempt < MostRepeats; attempt++)
        {
            var values = _center is null || _random.NextDouble() < GlobalShare ? Draw() : Step();
            if (!_tried.Contains(values)) return values;
            // A repeated proposal tells nothing; the step has become too short for this grid.
            Failed();
        }
        IsExhausted = true;
        return null;
    }

    /// <param name="values">That were tried, by this search or by anybody.</param>
    /// <param name="loss">Lower is better; null where the trial failed.</param>
    /// <param name="cost">What it cost.</param>
    public void Observe(HyperparameterValues values, double? loss, double cost)
    {
        _tried.Add(values);
        Spent += cost;
        if (loss is not { } found || double.IsNaN(found))
        {
            Failed();
            return;
        }
        if (found < BestLoss)
        {
            (_previousBestLoss, BestLoss, Best) = (BestLoss, found, values);
            (_spentAtPreviousBest, _spentAtBest) = (_spentAtBest, Spent);
        }
        if (found < _centerLoss)
        {
            (_center, _centerLoss) = (values, found);
            // On along a direction that helped, and a little further.
            (_opposite, _failures) = (false, 0);
            _step = Math.Min(1, _step * 1.2);
        }
        else Failed();
    }

    private void Failed()
    {
        if (_direction is not null && !_opposite) { _opposite = true; return; }
        (_direction, _opposite) = (null, false);
        if (++_failures < Math.Min(MostFailures, 1 << Math.Min(20, _space.Count - 1))) return;
        _failures = 0;
        _step *= 0.7;
        if (_step >= ShortestStep) return;
        // Converged: look elsewhere, with long steps again.
        _step = _firstStep;
        (_center, _centerLoss) = (null, double.PositiveInfinity);
    }

    private HyperparameterValues Draw() => new(_space.Select(dial => KeyValuePair.Create(dial.Id, dial.FromUnit(_random.NextDouble()))));

    private HyperparameterValues Step()
    {
        if (_direction is null)
        {
            _direction = new double[_space.Count];
            for (var i = 0; i < _direction.Length; i++) _direction[i] = Gaussian();
            var length = Math.Sqrt(_direction.Sum(d => d * d));
            for (var i = 0; i < _direction.Length; i++) _direction[i] /= Math.Max(1e-12, length);
            _opposite = false;
        }
        var sign = _opposite ? -1 : 1;
        return new(_space.Select((dial, i) =>
        {
            var from = _center!.ById.GetValueOrDefault(dial.Id, dial.Default);
            // Between names there is no direction.
            if (dial.Choices is not null) return KeyValuePair.Create(dial.Id, _random.NextDouble() < FlipShare ? _random.Next(dial.Choices.Count) : from);
            return KeyValuePair.Create(dial.Id, dial.FromUnit(dial.ToUnit(from) + sign * _step * _direction[i]));
        }));
    }

    private double Gaussian() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
