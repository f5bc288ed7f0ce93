using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Experiments;

public sealed class ExperimentRunnerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("runner").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_baseline_ranks_at_random_whatever_the_folds_hold()
    {
        var table = Table(Categories("y", [.. Enumerable.Range(0, 100).Select(i => i % 10 < 3 ? "yes" : "no")]), Numbers("x", [.. Enumerable.Range(0, 100).Select(i => (double)i)]));
        var result = Completed(Run(Plan(table) with { Split = new SplitPlan(Stratified: false, Folds: 5) }, table)).Result;
        Assert.Equal(0.5, result.Score);
        Assert.All(result.FoldScores, score => Assert.Equal(0.5, score));
        Assert.Equal(0.0, FoldSpread.Compute(result.FoldScores));
        Assert.Equal(0.5, Report().Validation.Metrics[Metric.Auc.Id]);
        // The matrix is of all validation rows.
        Assert.Equal(80, Report().Validation.Classification!.Confusion.Sum(row => row.Sum()));
    }

    [Fact]
    public void The_score_is_the_mean_of_the_folds_weighted_by_rows()
    {
        static EvaluationReport Fold(int rows, double? score) => new(LearningTask.Regression, rows, new Dictionary<string, double?> { ["mae-error"] = score }, null, null);
        Assert.Equal((2 * 1.5 + 3 * 4) / 5, FoldMean.Compute([Fold(2, 1.5), Fold(3, 4), Fold(7, null)])["mae-error"]);
        Assert.Null(FoldMean.Compute([Fold(2, null)])["mae-error"]);
    }

    [Fact]
    public void A_finished_model_outlives_the_time_for_explaining_it()
    {
        var table = Line(60);
        // Explaining begins when the trial's time is over already.
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var events = Run(Plan(table), table, e =>
        {
            if (e is TrialProgressed { Phase: "importance and PCA" }) Thread.Sleep(TimeSpan.FromSeconds(Math.Max(0, 4.5 - clock.Elapsed.TotalSeconds)));
        }, budget: 4);
        Assert.Equal("trial-1.mwm", Assert.Single(events.OfType<ModelReady>()).ModelFile);
        Assert.NotNull(Report().Importance);
        Assert.NotNull(Report().Pca);
    }

    [Fact]
    public void Stopping_while_a_model_is_explained_stops()
    {
        using var stop = new CancellationTokenSource();
        var table = Line(60);
        Assert.ThrowsAny<OperationCanceledException>(() => Run(Plan(table), table, e =>
        {
            if (e is TrialProgressed { Phase: "importance and PCA" }) stop.Cancel();
        }, cancellationToken: stop.Token));
    }

    [Fact]
    public void An_explanation_that_is_late_or_fails_is_a_note()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        Assert.Equal(new Explanation<string>("done", null), Explanation.Run(_ => "done", 2, cancellationToken));
        Assert.Equal(new Explanation<string>(null, Explanation.TimedOut), Explanation.Run(Wait, 0.01, cancellationToken));
        Assert.Equal(new Explanation<string>(null, "too wide"), Explanation.Run<string>(_ => throw new TrainingFailedException("too wide"), 2, cancellationToken));
        using var stopped = new CancellationTokenSource(10);
        Assert.ThrowsAny<OperationCanceledException>(() => Explanation.Run(Wait, 20, stopped.Token));
        Assert.Equal([2, 7, 20], new[] { -1.0, 7, 300 }.Select(Explanation.Seconds));

        static string Wait(CancellationToken token)
        {
            token.WaitHandle.WaitOne();
            throw new OperationCanceledException(token);
        }
    }

    [Fact]
    public void A_wide_table_is_explained_coarsely_and_has_components_with_the_row_and_the_answer_of_each_point()
    {
        var random = new Random(1);
        var wide = Table([Numbers("y", [.. Enumerable.Range(0, 40).Select(i => (double)i)]),
            .. Enumerable.Range(0, 1_001).Select(c => Numbers($"x{c}", [.. Enumerable.Range(0, 40).Select(_ => random.NextDouble())]))]);
        Completed(Run(Plan(wide, LearningTask.Regression), wide));
        Assert.Equal((1, 1_001), (Report().Importance!.Repeats, Report().Importance!.Columns.Count));
        var pca = Report().Pca!;
        Assert.Equal((1_001, true), (pca.FeatureCount, pca.IsRandomised));
        Assert.Equal(pca.First.Count, pca.Rows!.Distinct().Count());
        foreach (var (i, row) in pca.Rows!.Index())
        {
            // The target is the row's number.
            Assert.Equal(row, pca.Targets![i]);
            if (pca.Answers!.Values![i] is { } predicted) Assert.Equal(row - predicted, pca.Answers.Errors[i]!.Value, 1e-3);
        }
        Assert.Contains(pca.Answers!.Errors, e => e is not null);
    }

    [Fact]
    public void A_target_that_the_recipe_turns_into_numbers_is_judged_and_run_as_such()
    {
        var texts = Table(Categories("y", [.. Enumerable.Range(0, 60).Select(i => i % 20 == 7 ? "unknown" : $"{i}.5")]), Numbers("x", [.. Enumerable.Range(0, 60).Select(i => (double)i)]));
        var plan = Plan(texts, LearningTask.Regression);
        Assert.Contains(plan.Problems(texts), p => p.Contains("found 'unknown'"));
        plan = plan with { Recipe = new Recipe([new ChangeKindStep("y", ColumnKind.Numeric, AllowMissing: true)]) };
        Assert.Empty(plan.Problems(texts));
        // 57 rows have a number; 12 of them are locked away.
        Assert.Equal(45, Completed(Run(plan, texts)).Result.TrainingRowCount);
    }

    [Fact]
    public void Rows_and_classes_are_counted_after_the_recipe()
    {
        var table = Table(Categories("y", [.. Enumerable.Range(0, 40).Select(i => i % 2 == 0 ? "a" : "b")]), Numbers("x", [.. Enumerable.Range(0, 40).Select(i => i < 38 ? double.NaN : i)]));
        var plan = Plan(table) with { Recipe = new Recipe([new DropMissingRowsStep(["x"])]) };
        Assert.Contains("2 rows leave 1 for training", Assert.Single(plan.Problems(table)));
        plan = plan with { Recipe = new Recipe([new FillMissingStep(["x"], FillMethod.Mean), new ChangeKindStep("y", ColumnKind.Numeric, AllowMissing: true)]) };
        Assert.Equal(["After the recipe: Line 2, column 'y': expected a target value, found none."], plan.Problems(table));
        Assert.Contains("found the constant", Assert.Single((plan with { Recipe = new Recipe([new FillMissingStep(["x"], FillMethod.Constant, "many")]) }).Problems(table)));
        var all = (plan with { Split = new SplitPlan(Folds: 40), Recipe = new Recipe([new Log1pStep(["nothing"]), new DropColumnsStep(["none"])]) }).Problems(table);
        Assert.Equal(3, all.Count);
    }

    [Fact]
    public void An_encoding_learnt_from_the_target_neither_leaks_into_training_nor_changes_at_prediction()
    {
        // Group has a signal; "id" has two rows a category and none, and would drown it if training rows knew their own target through it.
        var random = new Random(3);
        var groups = Enumerable.Range(0, 1200).Select(_ => random.Next(6)).ToArray();
        var table = Table(
            Categories("group", [.. groups.Select(g => $"g{g}")]), Categories("id", [.. Enumerable.Range(0, 1200).Select(i => $"i{i / 2}")]),
            Categories("y", [.. groups.Select(g => random.NextDouble() < 0.1 + 0.16 * g ? "yes" : "no")]));
        var plan = ExperimentPlan.Propose(table, "y", Recipe.Empty, null) with { TrainerIds = ["linear-lbfgs"], Tuning = TuningMode.DefaultsOnly, Split = new SplitPlan(Folds: 3) };
        var alone = Score(plan with { IgnoredColumns = ["id"], Recipe = new Recipe([new TargetEncodeStep(["group"])]) });
        Assert.InRange(alone, 0.7, 0.85);
        Assert.InRange(Score(plan with { Recipe = new Recipe([new TargetEncodeStep(["group", "id"], 1)]) }), alone - 0.03, alone + 0.03);

        // The stored answers were given by the encoding of all training rows: reading the package proves them.
        using var file = File.OpenRead(Path.Combine(_folder, "trial-1.mwm"));
        var package = ModelWorkbench.Core.Models.ModelPackage.Read(file);
        Assert.IsType<FittedTargetEncode>(Assert.Single(package.Manifest.Recipe.Steps));
        var likely = package.Pipeline.Predict(Table(Categories("group", "g0", "g5", "never seen"), Categories("id", null, null, null)));
        Assert.True(likely[1] < likely[5] && likely[5] < likely[3], string.Join(", ", likely));

        double Score(ExperimentPlan plan) => Completed(Run(plan, table)).Result.Score!.Value;
    }

    [Fact]
    public void A_report_says_how_far_its_figures_hang_on_the_rows_and_whether_the_baseline_is_beaten()
    {
        var random = new Random(4);
        double[] x = [.. Enumerable.Range(0, 200).Select(_ => random.NextDouble())];
        var table = Table(Categories("y", [.. x.Select(v => v + (0.8 * random.NextDouble()) > 0.9 ? "yes" : "no")]), Numbers("x", x));
        var events = Run(Plan(table) with { TrainerIds = [BaselineTrainer.BaselineId, "linear-lbfgs"], Split = new SplitPlan(Folds: 3, Repeats: 2) }, table);
        Assert.Equal(2, events.OfType<TrialCompleted>().Count());
        var (baseline, linear) = (Written("trial-1.json"), Written("trial-2.json"));
        Assert.Null(baseline.GainOverBaseline);
        Assert.True(linear.GainOverBaseline!.Low > 0, $"{linear.GainOverBaseline}");
        Assert.Equal(linear.GainOverBaseline, Written("trial-2.model.json").GainOverBaseline);
        Assert.All(Metric.For(LearningTask.Binary), metric =>
        {
            var interval = linear.Validation.Intervals![metric.Id];
            Assert.True(interval.Low < interval.High, metric.Name);
            Assert.InRange(linear.Validation.Metrics[metric.Id]!.Value, interval.Low, interval.High);
        });
    }

    private TrialReport Written(string file) => JsonSerializer.Deserialize<TrialReport>(File.ReadAllText(Path.Combine(_folder, file)), CoreJson.Options)!;

    private static Table Line(int rows) => Table(
        Categories("y", [.. Enumerable.Range(0, rows).Select(i => i % 2 == 0 ? "a" : "b")]), Numbers("x", [.. Enumerable.Range(0, rows).Select(i => (double)i)]));

    private static ExperimentPlan Plan(Table table, LearningTask? task = null) =>
        ExperimentPlan.Propose(table, "y", Recipe.Empty, task) with { TrainerIds = [BaselineTrainer.BaselineId], Tuning = TuningMode.DefaultsOnly };

    private List<ExperimentEvent> Run(ExperimentPlan plan, Table table, Action<ExperimentEvent>? report = null, double budget = 120, CancellationToken? cancellationToken = null)
    {
        var file = Path.Combine(_folder, "table.parquet");
        TableFile.Write(table, file, CancellationToken.None);
        var events = new List<ExperimentEvent>();
        var job = new ExperimentJob(plan, file, 1, JobWorkOf.EachOnce(plan, Math.Max(0, plan.BudgetSeconds - budget)));
        using var control = new JobControl();
        ExperimentRunner.Run(job, _folder, e => { events.Add(e); report?.Invoke(e); }, control, cancellationToken ?? TestContext.Current.CancellationToken);
        return events;
    }

    private static TrialCompleted Completed(IEnumerable<ExperimentEvent> events)
    {
        var list = events.ToList();
        return list.OfType<TrialCompleted>().SingleOrDefault() ?? throw new Xunit.Sdk.XunitException($"Expected a completed trial, found {string.Join(", ", list)}.");
    }

    private TrialReport Report() => Written("trial-1.model.json");
}
