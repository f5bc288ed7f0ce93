using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Experiments;

public sealed class ModelExplanationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("explanation").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The target hangs on a and kind alone; where kind is w it is all but chance.</summary>
    private static Table Rows(LearningTask task)
    {
        var random = new Random(8);
        double[] a = [.. Enumerable.Range(0, 900).Select(_ => random.NextDouble())], noise = [.. a.Select(_ => random.NextDouble())];
        string?[] kind = [.. a.Select(_ => "uvw"[random.Next(3)].ToString())];
        double[] y = [.. a.Select((v, i) => (3 * v) + (kind[i] == "w" ? 3 * random.NextDouble() : kind[i] == "u" ? 1.5 : 0))];
        return Table(
            task == LearningTask.Regression ? Numbers("y", y) : Categories("y", [.. y.Select(v => task == LearningTask.Binary ? v > 2 ? "yes" : "no" : v > 3 ? "high" : v > 1.5 ? "middle" : "low")]),
            Numbers("a", a), Numbers("noise", noise), Categories("kind", kind));
    }

    [Theory]
    [InlineData(LearningTask.Binary, 1)]
    [InlineData(LearningTask.Binary, 2)]
    [InlineData(LearningTask.Multiclass, 1)]
    [InlineData(LearningTask.Regression, 1)]
    public void A_model_is_explained_on_raw_columns_and_its_weak_spot_is_found(LearningTask task, int repeats)
    {
        var (explanation, table) = Explain(task, "lightgbm", repeats);
        var contributions = explanation.Contributions!;
        Assert.True(contributions.IsExact);
        Assert.Equal(task switch { LearningTask.Regression => ["y"], LearningTask.Binary => ["yes"], _ => ["high", "low", "middle"] }, contributions.Of);
        Assert.Equal("noise", contributions.Columns[^1].Column);
        Assert.Equal(["a", "kind"], contributions.Columns.Take(2).Select(c => c.Column).Order());
        var a = contributions.Columns.Single(c => c.Column == "a").Points!;
        Assert.Equal(contributions.RowCount, a.Texts.Count);
        Assert.All(a.Positions, p => Assert.InRange(p!.Value, 0, 1));
        Assert.Equal(contributions.Columns.Single(c => c.Column == "a").MeanAbsolute[0], a.Added[0].Average(v => Math.Abs((double)v)), 1e-5);

        // More of a raises the number, and the probability of the higher class.
        var dependence = explanation.Dependence.Single(d => d.Column == "a");
        Assert.True(dependence.Means[0][^1] > dependence.Means[0][0]);
        Assert.NotNull(explanation.Surrogate);
        Assert.True(explanation.Surrogate.Explained > 0.5);
        Assert.Equal(task == LearningTask.Regression, explanation.Surrogate.Agreement is null);

        // a and kind make the target; what they do adds up in the number, and not in a probability.
        var interactions = explanation.Interactions!;
        Assert.Null(explanation.InteractionsNote);
        Assert.Equal(["a", "kind", "noise"], interactions.Columns.Order());
        var (ofA, ofKind) = (interactions.Columns.ToList().IndexOf("a"), interactions.Columns.ToList().IndexOf("kind"));
        Assert.InRange(interactions.Strength[ofA][ofKind]!.Value, 0, 1);
        if (task == LearningTask.Binary) Assert.Equal(interactions.Effect.SelectMany(e => e).Max(), interactions.Effect[ofA][ofKind]);

        Assert.Equal([DriftPart.Validation, DriftPart.Test], explanation.Drift!.Select(d => d.Part));
        Assert.Equal((720, 180), (explanation.Drift![1].TrainingRowCount, explanation.Drift[1].RowCount));
        Assert.All(explanation.Drift, part => Assert.Equal("y", part.Columns[0].Column));
        // Rows were dealt by chance.
        Assert.Empty(explanation.Drift[1].Notable);

        var errors = explanation.Errors;
        // Each validation row once, however often it was judged.
        Assert.Equal(720, errors.RowCount);
        Assert.Contains(errors.Slices!.Slices[0].Conditions, c => c is { Column: "kind", Text: "is w" });
        Assert.True(errors.Slices.Slices[0].PValue < 0.01);
        Assert.Contains("kind", errors.Groups.Select(g => g.Column));
        Assert.All(errors.Groups, g => Assert.Equal(720, g.Groups.Sum(x => x.RowCount)));
        foreach (var worst in errors.Worst)
        {
            // The line is the one that the row itself stands on; the first row comes after a header.
            Assert.Equal(table["a"].GetText(worst.Line - 2), worst.Values[errors.Columns.ToList().IndexOf("a")]);
            if (task != LearningTask.Regression) Assert.Equal(table["y"].GetText(worst.Line - 2), worst.Actual);
            Assert.Equal(worst.Line - 2, worst.Row);
        }
        Assert.Equal(errors.Worst.OrderByDescending(w => w.Error), errors.Worst);
    }

    [Fact]
    public void A_model_that_cannot_be_taken_apart_is_explained_by_sampling()
    {
        var (explanation, _) = Explain(LearningTask.Binary, "neural-network", 1);
        Assert.False(explanation.Contributions!.IsExact);
        Assert.True(explanation.Contributions.RowCount > 0);
    }

    [Theory]
    [InlineData(LearningTask.Binary, 1)]
    [InlineData(LearningTask.Multiclass, 3)]
    [InlineData(LearningTask.Regression, 2)]
    public void What_was_answered_is_told_row_by_row(LearningTask task, int repeats)
    {
        var (run, trial, _, table) = Train(task, "lightgbm", repeats);
        var ready = run(new JobWork.AnswerRows(trial)).OfType<AnsweredRowsReady>().Single();
        using var file = File.OpenRead(Path.Combine(_folder, ready.File));
        var rows = AnsweredRows.Read(file);
        // Four of five rows are training rows, and each was held out once in every repeat.
        Assert.Equal(720, rows.Rows.Length);
        Assert.Equal(rows.Rows.Distinct().Order(), rows.Rows);
        Assert.All(Enumerable.Range(0, 720), place => Assert.True(rows.IsJudged(place)));
        for (var place = 0; place < 720; place++)
        {
            var truth = table["y"].GetText(rows.Rows[place]);
            if (task == LearningTask.Regression) Assert.Equal(double.Parse(truth!, System.Globalization.CultureInfo.InvariantCulture), rows.Truths[place], 1e-5);
            else Assert.Equal(truth, rows.Classes[(int)rows.Truths[place]]);
        }
        if (task == LearningTask.Regression)
        {
            Assert.Empty(rows.Classes);
            // The mean of the folds' squared errors, and of all rows together, are close.
            if (repeats == 1) Assert.Equal(trial.Result!.Metrics["rmse-error"]!.Value, Math.Sqrt(Enumerable.Range(0, 720).Average(place => rows.ErrorOf(place) * rows.ErrorOf(place))), 0.05);
            return;
        }
        Assert.Equal(720, rows.Cell(null, null).Length);
        var cells = rows.Classes.Index().SelectMany(a => rows.Classes.Index().Select(p => rows.Cell(a.Index, p.Index))).ToList();
        Assert.Equal(720, cells.Sum(c => c.Length));
        Assert.All(cells, cell => Assert.Equal(cell.Select(place => rows.Probabilities[place]).OrderDescending(), cell.Select(place => rows.Probabilities[place])));
        if (repeats > 1) return;
        var right = rows.Classes.Index().Sum(c => rows.Cell(c.Index, c.Index).Length);
        Assert.Equal(trial.Result!.Metrics["accuracy-score"]!.Value, right / 720.0, 1e-9);
    }

    [Fact]
    public void A_damaged_list_of_rows_is_told()
    {
        using var stream = new MemoryStream();
        var rows = new AnsweredRows(["no", "yes"], [1, 4], [0, 1], [1, float.NaN], [0.7f, float.NaN], [0.3f, float.NaN]);
        rows.Write(stream);
        stream.Position = 0;
        var read = AnsweredRows.Read(stream);
        Assert.Equal([0], read.Cell(0, 1));
        Assert.False(read.IsJudged(read.PlaceOf(4)));
        Assert.True(read.PlaceOf(2) < 0);
        Assert.Throws<InvalidDataException>(() => AnsweredRows.Read(new MemoryStream(stream.ToArray()[..^3])));
        Assert.Throws<InvalidDataException>(() => AnsweredRows.Read(new MemoryStream("MWOF"u8.ToArray())));
    }

    [Theory]
    [InlineData(LearningTask.Binary, "lightgbm")]
    [InlineData(LearningTask.Regression, "lightgbm")]
    public void A_learning_curve_grows_with_the_rows_and_ends_at_the_score(LearningTask task, string trainer)
    {
        var (run, trial, _, _) = Train(task, trainer, 1);
        var events = run(new JobWork.DrawLearningCurve(trial, []));
        var curve = events.OfType<LearningCurveReady>().Single().Curve;
        Assert.Equal([0.1, 0.2, 0.4, 0.7, 1], curve.Points.Select(p => p.Share));
        Assert.Equal([48, 96, 192, 336, 480], curve.Points.Select(p => p.RowCount));
        Assert.All(curve.Points, p => Assert.Null(p.Failure));
        Assert.All(curve.Points, p => Assert.Equal(3, p.FoldScores.Count));
        // With all rows it is what the trial was judged by.
        foreach (var (own, judged) in curve.Points[^1].FoldScores.Zip(trial.Result!.FoldScores)) Assert.Equal(judged!.Value, own!.Value, 1e-9);
        var metric = Metric.Parse(curve.MetricId);
        double Sign(double? score) => metric.HigherIsBetter ? score!.Value : -score!.Value;
        Assert.True(Sign(curve.Points[^1].Mean) > Sign(curve.Points[0].Mean));
        // Rows that were learnt from are known better.
        Assert.All(curve.Points, p => Assert.True(Sign(p.TrainingMean) >= Sign(p.Mean)));
        var shares = events.OfType<TrialProgressed>().Select(p => p.Fraction).ToArray();
        Assert.NotEmpty(shares);
        Assert.All(shares, share => Assert.InRange(share, 0, 1.000001));
    }

    [Fact]
    public void A_learning_curve_says_whether_it_still_rises()
    {
        LearningPoint Point(int rows, params double?[] scores) => new(1, rows, scores, scores);
        LearningCurve rising = new("accuracy-score", [Point(100, 0.6, 0.62, 0.61), Point(200, 0.7, 0.72, 0.71), Point(400, 0.8, 0.82, 0.81)]);
        Assert.True(rising.StillRises);
        Assert.Equal(0.1, rising.GainOfTwice!.Value, 1e-12);
        Assert.Equal(0, rising.GainError!.Value, 1e-12);
        // Of an error less is better; by numpy.polyfit on log2 of the rows the folds' slopes are -0.1 and 0.175.
        LearningCurve flat = new("rmse-error", [Point(100, 3, 3.4), Point(200, 3.1, 3.2), Point(400, 3.2, 3.05)]);
        Assert.Equal(0.0375, flat.GainOfTwice!.Value, 1e-12);
        Assert.Equal(0.1375, flat.GainError!.Value, 1e-12);
        Assert.False(flat.StillRises);
        // What rose before and falls at the end does not rise.
        Assert.False(new LearningCurve("accuracy-score", [Point(100, 0.5, 0.51), Point(200, 0.8, 0.81), Point(400, 0.79, 0.8)]).StillRises);
        Assert.Null(new LearningCurve("rmse-error", [Point(100, 3), Point(200, 2), Point(400, 1)]).StillRises);
        Assert.Null(new LearningCurve("rmse-error", [Point(100, 3)]).GainOfTwice);
    }

    private (ModelExplanation Explanation, Table Table) Explain(LearningTask task, string trainer, int repeats)
    {
        var (run, trial, model, table) = Train(task, trainer, repeats);
        var events = run(new JobWork.Explain(trial, model));
        var shares = events.OfType<TrialProgressed>().Select(p => p.Fraction).ToArray();
        Assert.Equal(shares.Order(), shares);
        return (JsonSerializer.Deserialize<ModelExplanation>(File.ReadAllBytes(Path.Combine(_folder, events.OfType<ExplanationReady>().Single().ReportFile)), CoreJson.Options)!, table);
    }

    private (Func<JobWork, List<ExperimentEvent>> Run, FinishedTrial Trial, string ModelFile, Table Table) Train(LearningTask task, string trainer, int repeats)
    {
        var table = Rows(task);
        var file = Path.Combine(_folder, "table.parquet");
        TableFile.Write(table, file, CancellationToken.None);
        var plan = new ExperimentPlan("y", task, Metric.Default(task).Id, new SplitPlan(Folds: 3, Repeats: repeats), new Recipe([]), [], [trainer], 600);
        var events = new List<ExperimentEvent>();
        ExperimentRunner.Run(new ExperimentJob(plan, file, 2, JobWorkOf.EachOnce(plan)), _folder, events.Add, new JobControl(), TestContext.Current.CancellationToken);
        var completed = events.OfType<TrialCompleted>().Single();
        var trial = new FinishedTrial(1, events.OfType<TrialStarted>().Single().Spec, completed.Result, Path.Combine(_folder, completed.PredictionsFile!), true);
        var model = Path.Combine(_folder, events.OfType<ModelReady>().Last().ModelFile);
        return (Run, trial, model, table);

        List<ExperimentEvent> Run(JobWork work)
        {
            var told = new List<ExperimentEvent>();
            ExperimentRunner.Run(new ExperimentJob(plan, file, 2, work), _folder, told.Add, new JobControl(), TestContext.Current.CancellationToken);
            Assert.Empty(told.OfType<JobFailed>());
            return told;
        }
    }
}
