using System.Collections.Concurrent;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Trainers;

/// <summary>What holds for every trainer and every task it supports.</summary>
public sealed class TrainerContractTests
{
    public static TheoryData<string, LearningTask> Cases()
    {
        var cases = new TheoryData<string, LearningTask>();
        foreach (var trainer in TrainerCatalog.All)
            foreach (var task in Enum.GetValues<LearningTask>().Where(trainer.Supports)) cases.Add(trainer.Id, task);
        return cases;
    }

    public static TheoryData<string> MulticlassTrainers() => [.. TrainerCatalog.All.Where(t => t.Supports(LearningTask.Multiclass)).Select(t => t.Id)];

    public static TheoryData<string, string, string, LearningTask> SampleCases()
    {
        var cases = new TheoryData<string, string, string, LearningTask>();
        foreach (var trainer in TrainerCatalog.All.Where(t => t is not BaselineTrainer))
            foreach (var (file, target, task) in ((string, string, LearningTask)[])[("iris.csv", "species", LearningTask.Multiclass), ("penguins.csv", "species", LearningTask.Multiclass),
                ("breast_cancer.csv", "diagnosis", LearningTask.Binary), ("telco_churn.csv", "churn", LearningTask.Binary), ("sacramento_homes.csv", "price", LearningTask.Regression)])
                if (trainer.Supports(task)) cases.Add(trainer.Id, file, target, task);
        return cases;
    }

    private static readonly ConcurrentDictionary<string, Table> Tables = new();

    private static Table Load(string file) => Tables.GetOrAdd(file, name =>
    {
        var table = Samples.Read(name);
        return table.RowCount <= 1500 ? table : table.Take([.. Enumerable.Range(0, 1500).Select(i => i * (table.RowCount / 1500))]);
    });

    [Theory]
    [MemberData(nameof(SampleCases))]
    public void Beats_the_baseline_on_sample_data(string id, string file, string column, LearningTask task)
    {
        var trainer = Samples.Trainer(id);
        var (data, test, labels, _, _) = Samples.Prepare(Load(file), column, task, trainer.Encoding);
        var scores = Samples.Score(trainer.TrainWithDefaults(data, new TrainingContext(1, 2), TestContext.Current.CancellationToken), test);
        var guesses = Samples.Score(new BaselineTrainer().TrainWithDefaults(data, new TrainingContext(1, 1), TestContext.Current.CancellationToken), test);
        if (task == LearningTask.Regression)
        {
            Assert.True(Samples.RootMeanSquaredError(scores, labels) < 0.75 * Samples.RootMeanSquaredError(guesses, labels));
            return;
        }
        Assert.True(Samples.Accuracy(scores, labels) > Samples.Accuracy(guesses, labels), $"accuracy {Samples.Accuracy(scores, labels)}, baseline {Samples.Accuracy(guesses, labels)}");
        Assert.True(Samples.LogLoss(scores, labels) < 0.92 * Samples.LogLoss(guesses, labels), $"log loss {Samples.LogLoss(scores, labels)}, baseline {Samples.LogLoss(guesses, labels)}");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Outputs_are_finite_probabilities_even_where_everything_is_missing_or_unseen(string id, LearningTask task)
    {
        var trainer = Samples.Trainer(id);
        var (table, column) = task switch
        {
            LearningTask.Binary => (Load("telco_churn.csv"), "churn"),
            LearningTask.Multiclass => (Load("penguins.csv"), "species"),
            _ => (Load("sacramento_homes.csv"), "price"),
        };
        var (data, test, _, encoder, _) = Samples.Prepare(table, column, task, trainer.Encoding);
        var scorer = trainer.TrainWithDefaults(data, new TrainingContext(1, 2), TestContext.Current.CancellationToken);
        Assert.Equal(encoder.FeatureNames.Count, scorer.FeatureCount);
        Assert.Equal(data.ClassCount, scorer.OutputCount);
        var odd = new Table([.. table.Columns.Select(c => c is DictionaryColumn
            ? (Column)DictionaryColumn.FromTexts(c.Name, c.Kind, [null, "never seen", ""])
            : new NumericColumn(c.Name, [double.NaN, 1e30, -1e30]))]);
        foreach (var outputs in (double[][])[.. Samples.Score(scorer, test), .. Samples.Score(scorer, encoder.Encode(odd))])
        {
            Assert.All(outputs, o => Assert.True(double.IsFinite(o)));
            if (task == LearningTask.Regression) continue;
            Assert.All(outputs, o => Assert.InRange(o, 0, 1));
            Assert.Equal(1, outputs.Sum(), 1e-9);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_same_seed_gives_the_same_scores_on_one_thread_and_on_two(string id, LearningTask task)
    {
        var trainer = Samples.Trainer(id);
        var data = Samples.Synthetic(500, 6, task, trainer.Encoding == FeatureEncoding.Codes ? 0.1 : 0);
        var first = Samples.Score(trainer.TrainWithDefaults(data, new TrainingContext(3, 1), TestContext.Current.CancellationToken), data.Features);
        var second = Samples.Score(trainer.TrainWithDefaults(data, new TrainingContext(3, 2), TestContext.Current.CancellationToken), data.Features);
        Assert.Equal(first.SelectMany(s => s), second.SelectMany(s => s));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_scorer_file_gives_back_the_same_scores(string id, LearningTask task)
    {
        var trainer = Samples.Trainer(id);
        var data = Samples.Synthetic(300, 6, task, trainer.Encoding == FeatureEncoding.Codes ? 0.1 : 0);
        var scorer = trainer.TrainWithDefaults(data, new TrainingContext(3, 2), TestContext.Current.CancellationToken);
        using var stream = new MemoryStream();
        ScorerFile.Write(scorer, stream);
        stream.Position = 0;
        var read = ScorerFile.Read(stream);
        Assert.Equal(Samples.Score(scorer, data.Features).SelectMany(s => s), Samples.Score(read, data.Features).SelectMany(s => s));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Progress_runs_forward_within_bounds(string id, LearningTask task)
    {
        var seen = new List<double>();
        var data = Samples.Synthetic(300, 5, task, 0);
        Samples.Trainer(id).TrainWithDefaults(data, new TrainingContext(1, 2, share => { lock (seen) seen.Add(share); }), TestContext.Current.CancellationToken);
        Assert.Equal(seen.Order(), seen);
        Assert.All(seen, s => Assert.InRange(s, 0, 1));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Settings_and_description_are_written_for_people(string id, LearningTask task)
    {
        var trainer = Samples.Trainer(id);
        Assert.NotEmpty(trainer.FixedSettings(task));
        Assert.All(trainer.FixedSettings(task), s => Assert.False(string.IsNullOrWhiteSpace(s.Key) || string.IsNullOrWhiteSpace(s.Value)));
        Assert.EndsWith(".", trainer.Description);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_few_rows_train_or_say_why_not(string id, LearningTask task)
    {
        var data = Samples.Synthetic(12, 4, task, 0);
        var scorer = Samples.Trainer(id).TrainWithDefaults(data, new TrainingContext(1, 1), TestContext.Current.CancellationToken);
        Assert.All(Samples.Score(scorer, data.Features), outputs => Assert.All(outputs, o => Assert.True(double.IsFinite(o))));
    }

    [Theory]
    [MemberData(nameof(MulticlassTrainers))]
    public void A_class_without_training_rows_is_possible_but_unlikely(string id)
    {
        var data = Samples.Synthetic(300, 5, LearningTask.Multiclass, 0) with { ClassCount = 4 };
        var scores = Samples.Score(Samples.Trainer(id).TrainWithDefaults(data, new TrainingContext(1, 2), TestContext.Current.CancellationToken), data.Features);
        Assert.All(scores, s => Assert.InRange(s[3], 0, 0.15));
    }

    [Fact]
    public void Trainers_say_why_not_before_anything_runs()
    {
        Assert.Equal("Averaged perceptron does not do regression.", new AveragedPerceptronTrainer().WhyNot(new TrainingShape(LearningTask.Regression, 10, 2, 1)));
        foreach (var trainer in TrainerCatalog.All.Where(t => t is not BaselineTrainer))
            Assert.Contains("no feature", trainer.WhyNot(new TrainingShape(LearningTask.Binary, 10, 0, 2)));
        var onlyOneClass = Samples.Synthetic(50, 4, LearningTask.Binary, 0);
        Array.Clear(onlyOneClass.Labels);
        Assert.Throws<TrainingFailedException>(() => new LightGbmTrainer().TrainWithDefaults(onlyOneClass, new TrainingContext(1, 1), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void The_catalogue_finds_by_id_and_lists_ids_otherwise()
    {
        Assert.Equal(TrainerCatalog.All.Count, TrainerCatalog.All.Select(t => t.Id).Distinct().Count());
        Assert.IsType<RandomForestTrainer>(TrainerCatalog.Find("random-forest"));
        Assert.Contains("baseline, linear-lbfgs", Assert.Throws<ArgumentException>(() => TrainerCatalog.Find("magic")).Message);
    }
}
