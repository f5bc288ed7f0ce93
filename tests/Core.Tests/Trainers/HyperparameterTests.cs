using System.Text.Json;
using CsCheck;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Trainers;

public sealed class HyperparameterTests
{
    public static TheoryData<string, LearningTask> Cases()
    {
        var cases = new TheoryData<string, LearningTask>();
        foreach (var trainer in TrainerCatalog.All)
            foreach (var task in Enum.GetValues<LearningTask>().Where(trainer.Supports)) cases.Add(trainer.Id, task);
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Dials_make_sense_for_every_shape(string id, LearningTask task)
    {
        var trainer = TrainerCatalog.Find(id);
        var classes = task switch { LearningTask.Binary => 2, LearningTask.Multiclass => 7, _ => 1 };
        Gen.Select(Gen.Int[1, 2_000_000], Gen.Int[1, 5_000]).Sample((rows, features) =>
        {
            var shape = new TrainingShape(task, rows, features, classes);
            var dials = trainer.Hyperparameters(shape);
            Assert.Equal(dials.Count, dials.Select(d => d.Id).Distinct().Count());
            Assert.All(dials, d =>
            {
                Assert.True(d.Minimum <= d.Maximum && (!d.IsLogarithmic || d.Minimum > 0), $"{d.Id}: {d.Minimum} to {d.Maximum}");
                Assert.Null(d.Problem(d.Default));
                Assert.Null(d.Problem(d.CheapStart));
                Assert.NotEqual("", d.Meaning);
                foreach (var unit in (double[])[0, 0.3, 0.77, 1])
                {
                    Assert.Null(d.Problem(d.FromUnit(unit)));
                    if (d is { IsWhole: false, Maximum: var most } && most > d.Minimum) Assert.Equal(unit, d.ToUnit(d.FromUnit(unit)), 0.01);
                }
            });
            var values = HyperparameterValues.Defaults(dials);
            Assert.Empty(values.Problems(dials));
            Assert.True(trainer.CostSeconds(shape, values) > 0);
            Assert.True(trainer.MemoryBytes(shape, values) >= 0);
        }, iter: 50);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_corner_of_the_dials_trains(string id, LearningTask task)
    {
        var trainer = Samples.Trainer(id);
        var data = Samples.Synthetic(120, 5, task, 0);
        var judged = Samples.Synthetic(60, 5, task, 0, seed: 2);
        var dials = trainer.Hyperparameters(data.Shape);
        HyperparameterValues[] corners =
        [
            new(dials.Select(d => KeyValuePair.Create(d.Id, d.Minimum))), new(dials.Select(d => KeyValuePair.Create(d.Id, d.Maximum))),
            .. Enumerable.Range(0, 4).Select(seed => { var random = new Random(seed); return new HyperparameterValues(dials.Select(d => KeyValuePair.Create(d.Id, d.FromUnit(random.NextDouble())))); }),
        ];
        foreach (var values in corners.Distinct())
        {
            var trained = trainer.Train(data, values, new TrainingContext(1, 1) { Validation = judged }, TestContext.Current.CancellationToken);
            foreach (var outputs in Samples.Score(trained.Scorer, judged.Features))
            {
                Assert.All(outputs, o => Assert.True(double.IsFinite(o), $"{values}: {o}"));
                if (task != LearningTask.Regression) Assert.Equal(1, outputs.Sum(), 1e-6);
            }
            if (trained.Iterations is not { } iterations) continue;
            // Fitting anew with as many iterations as were best needs no rows to judge by.
            Assert.True(iterations >= 1);
            Assert.Equal(iterations, trainer.Train(data, values, new TrainingContext(1, 1) { Iterations = iterations }, TestContext.Current.CancellationToken).Iterations);
        }
    }

    [Fact]
    public void Values_are_equal_by_what_they_name_and_survive_json()
    {
        var values = new HyperparameterValues([KeyValuePair.Create("b", 2.5), KeyValuePair.Create("a", 1.0)]);
        Assert.Equal(values, new HyperparameterValues([KeyValuePair.Create("a", 1.0), KeyValuePair.Create("b", 2.5)]));
        Assert.NotEqual(values, values.With("a", 2));
        Assert.Equal("""{"a":1,"b":2.5}""", JsonSerializer.Serialize(values, CoreJson.Options));
        Assert.Equal(values, JsonSerializer.Deserialize<HyperparameterValues>("""{"b":2.5,"a":1}""", CoreJson.Options));
        Assert.Contains("no value for the hyperparameter 'c'", Assert.Throws<KeyNotFoundException>(() => values["c"]).Message);
    }

    [Fact]
    public void Wrong_values_are_named_with_what_is_expected()
    {
        IReadOnlyList<Hyperparameter> dials = [new("rate", "Rate", "More is faster.", 0.1, 1, 0.5), new("trees", "Trees", "More is surer.", 1, 10, 5) { IsWhole = true }];
        var problems = new HyperparameterValues([KeyValuePair.Create("rate", 2.0), KeyValuePair.Create("trees", 2.5), KeyValuePair.Create("depth", 1.0)]).Problems(dials);
        Assert.Equal(["There is no hyperparameter 'depth'. The hyperparameters are: rate, trees.", "Rate ('rate') is 2; expected 0.1 to 1.", "Trees ('trees') is 2.5; expected a whole number."], problems);
        Assert.Equal(new HyperparameterValues([KeyValuePair.Create("rate", 1.0), KeyValuePair.Create("trees", 5.0)]), new HyperparameterValues([KeyValuePair.Create("rate", 2.0)]).Fit(dials));
    }

    [Theory]
    [InlineData(0.1, "0.1")]
    [InlineData(0.00001, "0.00001")]
    [InlineData(0.0000000123, "1.23e-8")]
    [InlineData(0, "0")]
    [InlineData(1500, "1500")]
    public void Numbers_are_written_for_people(double value, string expected) => Assert.Equal(expected, new Hyperparameter("x", "X", "", 0, 1e9, 1).Format(value));
}
