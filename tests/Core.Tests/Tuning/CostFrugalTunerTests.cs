using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Core.Tuning;
using Xunit;

namespace ModelWorkbench.Core.Tests.Tuning;

public sealed class CostFrugalTunerTests
{
    private static readonly TrainingShape Shape = new(LearningTask.Binary, 1_000, 10, 2);

    [Fact]
    public void It_finds_the_bottom_of_a_bowl_in_fewer_trials_than_random_values_do()
    {
        var (searched, random) = (new List<double>(), new List<double>());
        for (var seed = 1; seed <= 15; seed++)
        {
            var tuner = new CostFrugalTuner([new Bowl("bowl", 0, 1)], Shape, 1, [], seed);
            for (var trial = 0; trial < 60; trial++)
            {
                var spec = tuner.Next(double.PositiveInfinity)!;
                tuner.Observe(spec, Bowl.Loss(spec.Values), null);
            }
            searched.Add(tuner.BestLoss);
            var draw = new Random(seed);
            random.Add(Enumerable.Range(0, 60).Min(_ => Bowl.Loss(new HyperparameterValues(Bowl.Space.Select(d => KeyValuePair.Create(d.Id, d.FromUnit(draw.NextDouble())))))));
        }
        searched.Sort();
        random.Sort();
        Assert.True(searched[7] < 0.5 * random[7], $"medians: {searched[7]} searched, {random[7]} random");
    }

    [Fact]
    public void The_same_results_lead_to_the_same_proposals()
    {
        Assert.Equal(Run(3), Run(3));
        Assert.NotEqual(Run(3), Run(4));

        static List<string> Run(int seed)
        {
            var tuner = new CostFrugalTuner([new Bowl("bowl", 0, 1), new Bowl("other", 0.5, 2)], Shape, 5, [], seed);
            var proposals = new List<string>();
            for (var trial = 0; trial < 40; trial++)
            {
                var spec = tuner.Next(double.PositiveInfinity)!;
                proposals.Add($"{spec.TrainerId} {spec.Values}");
                tuner.Observe(spec, trial % 7 == 3 ? null : Bowl.Loss(spec.Values) + (spec.TrainerId == "other" ? 0.5 : 0), null);
            }
            return proposals;
        }
    }

    [Fact]
    public void Time_goes_to_the_family_that_improves_for_its_cost()
    {
        // The same bowl, but one family costs a hundred times as much, and another can never come near.
        var tuner = new CostFrugalTuner([new Bowl("cheap", 0, 1), new Bowl("dear", 0, 100), new Bowl("hopeless", 5, 1)], Shape, 1, [], 1);
        var counts = new Dictionary<string, int>();
        for (var trial = 0; trial < 200; trial++)
        {
            var spec = tuner.Next(double.PositiveInfinity)!;
            counts[spec.TrainerId] = counts.GetValueOrDefault(spec.TrainerId) + 1;
            tuner.Observe(spec, Bowl.Loss(spec.Values) + (spec.TrainerId == "hopeless" ? 5 : 0), null);
        }
        Assert.True(counts["cheap"] > 3 * counts.GetValueOrDefault("dear"), string.Join(", ", counts));
        Assert.True(counts["cheap"] > 3 * counts.GetValueOrDefault("hopeless"), string.Join(", ", counts));
        Assert.All(["cheap", "dear", "hopeless"], id => Assert.True(counts.GetValueOrDefault(id) > 0));
    }

    [Fact]
    public void The_portfolio_comes_first_and_what_cannot_be_paid_is_left_out()
    {
        TrialSpec Spec(string id, double x) => new(id, new HyperparameterValues([KeyValuePair.Create("x", x), KeyValuePair.Create("y", 1.0)]), TrialOrigin.Portfolio, "");
        var tuner = new CostFrugalTuner([new Bowl("cheap", 0, 1), new Bowl("dear", 0, 100)], Shape, 1, [Spec("cheap", 0.3), Spec("dear", 0.4), Spec("cheap", 0.3), Spec("unknown", 1), Spec("cheap", 0.7)], 1);
        Assert.Equal(0.3, tuner.Next(50)!.Values["x"]);
        // The dear one is passed over, the repeated one is not offered twice.
        Assert.Equal(("cheap", 0.7), (tuner.Next(50) is { } second ? second.TrainerId : "", 0.7));
        for (var trial = 0; trial < 20; trial++)
        {
            var spec = tuner.Next(50)!;
            Assert.Equal(("cheap", TrialOrigin.Search), (spec.TrainerId, spec.Origin));
            tuner.Observe(spec, 1, null);
        }
        Assert.Null(tuner.Next(0.5));
    }

    [Fact]
    public void Where_the_portfolio_cannot_be_paid_the_search_begins_with_cheap_values()
    {
        var trainer = new LightGbmTrainer();
        var shape = new TrainingShape(LearningTask.Binary, 100_000, 50, 2);
        var dials = trainer.Hyperparameters(shape);
        var usual = HyperparameterValues.Defaults(dials);
        var tuner = new CostFrugalTuner([trainer], shape, 1, [new TrialSpec(trainer.Id, usual, TrialOrigin.Portfolio, "")], 1);

        var first = tuner.Next(0.9 * trainer.CostSeconds(shape, usual))!;

        Assert.All(dials, d => Assert.Equal(d.CheapStart, first.Values[d.Id]));
        Assert.True(trainer.CostSeconds(shape, first.Values) < trainer.CostSeconds(shape, usual));
    }

    [Fact]
    public void A_family_without_dials_is_tried_once()
    {
        var tuner = new CostFrugalTuner([new BaselineTrainer()], Shape, 1, [], 1);
        var spec = tuner.Next(double.PositiveInfinity)!;
        tuner.Observe(spec, 0.5, null);
        Assert.Null(tuner.Next(double.PositiveInfinity));
    }

    [Fact]
    public void All_values_of_the_portfolio_are_dials_of_their_families_and_within_range()
    {
        foreach (var task in Enum.GetValues<LearningTask>())
        {
            var shape = new TrainingShape(task, 5_000, 20, task == LearningTask.Binary ? 2 : task == LearningTask.Multiclass ? 5 : 1) { CanLogTarget = true };
            Trainer[] families = [.. TrainerCatalog.All.Where(t => t.Supports(task))];
            var portfolio = Portfolio.For(task, families, shape);
            Assert.Equal(BaselineTrainer.BaselineId, portfolio[0].TrainerId);
            Assert.All(families, family => Assert.Contains(portfolio, p => p.TrainerId == family.Id));
            Assert.All(portfolio, p => Assert.Empty(p.Values.Problems(TrainerCatalog.Find(p.TrainerId).Dials(shape))));
        }
        Assert.All(Portfolio.Listed, entry => Assert.Empty(entry.Values.Problems(TrainerCatalog.Find(entry.TrainerId).Dials(new TrainingShape(LearningTask.Regression, 5_000, 20, 1) { CanLogTarget = true }))));
        // Where the logarithm makes no sense nobody is asked to try it.
        var plain = Portfolio.For(LearningTask.Regression, TrainerCatalog.All, new TrainingShape(LearningTask.Regression, 5_000, 20, 1));
        Assert.DoesNotContain(plain, p => p.Values.ById.ContainsKey(Trainer.TargetScaleId));
    }

    /// <summary>A family whose loss is known: lowest at x = 0.7, y = 30.</summary>
    private sealed class Bowl(string id, double floor, double cost) : Trainer
    {
        public static readonly IReadOnlyList<Hyperparameter> Space = [new("x", "X", "", 0, 1, 0.1), new("y", "Y", "", 1, 1_000, 900) { IsLogarithmic = true }];

        public static double Loss(HyperparameterValues values) => Math.Pow(values["x"] - 0.7, 2) + Math.Pow(Math.Log10(values["y"] / 30), 2);

        public override string Id => id;
        public override string Name => $"{id} {floor}";
        public override string Description => "";
        public override FeatureEncoding Encoding => FeatureEncoding.Codes;
        public override bool Supports(LearningTask task) => true;
        public override IReadOnlyList<Hyperparameter> Hyperparameters(TrainingShape shape) => Space;
        public override IReadOnlyDictionary<string, string> FixedSettings(LearningTask task) => new Dictionary<string, string>();
        public override double CostSeconds(TrainingShape shape, HyperparameterValues values, int? iterations = null) => cost;
        public override long MemoryBytes(TrainingShape shape, HyperparameterValues values) => 0;
        public override TrainedScorer Train(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
