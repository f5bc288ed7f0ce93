using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Core.Tuning;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Settings;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Experiments;

/// <summary>Experiments over HTTP: start, follow, stop, leaderboard, reports.</summary>
public static class ExperimentApi
{
    /// <summary>What is left out is proposed from the data.</summary>
    /// <param name="DatasetId">The dataset, with its recipe as it stands now.</param>
    /// <param name="Target">The column to predict.</param>
    /// <param name="Task">binary, multiclass or regression.</param>
    /// <param name="MetricId">What the leaderboard is ordered by.</param>
    /// <param name="Trainers">Ids of the model families.</param>
    /// <param name="IgnoredColumns">Columns that no model may see.</param>
    /// <param name="Split">Method (random, grouped, timeOrdered, ownColumn) with its column, shares, folds, repeats, stratification, seed.</param>
    /// <param name="BudgetSeconds">For all trials together.</param>
    /// <param name="Tuning">search (a portfolio, then a search within the budget, then an ensemble) or defaultsOnly (each family once).</param>
    /// <param name="Limits">What else ends the search, and what a model may cost.</param>
    /// <param name="Weights">How much each row counts when models learn: by a column of numbers, or so that all classes count alike.</param>
    public sealed record StartBody(int DatasetId, string Target, LearningTask? Task = null, string? MetricId = null, IReadOnlyList<string>? Trainers = null, IReadOnlyList<string>? IgnoredColumns = null, SplitPlan? Split = null, int? BudgetSeconds = null, TuningMode? Tuning = null, SearchLimits? Limits = null, RowWeighting? Weights = null);

    /// <param name="Number">1-based within the experiment.</param>
    /// <param name="TrainerId">The family.</param>
    /// <param name="TrainerName">As people read it.</param>
    /// <param name="Spec">What it tries, who proposed it and why.</param>
    /// <param name="Threshold">For two classes: the probability from which on the model answers the second; null for the likelier. The metrics in the result are those of the likelier; a report has both.</param>
    /// <param name="HasModel">Whether a model was fitted on all training rows; else publishing it does so first.</param>
    public sealed record TrialAnswer(int Number, string TrainerId, string TrainerName, TrialStatus Status, string? Reason, TrialSpec? Spec, TrialResult? Result, bool HasModel, bool IsPinned, bool IsExcluded, TrialProgress? Progress, double? Threshold = null)
    {
        public static TrialAnswer From(TrialRow row, TrialProgress? progress) => new(
            row.Number, row.TrainerId, TrainerCatalog.NameOf(row.TrainerId), row.Status, row.Reason, row.Spec, row.Result, row.ModelSha256 is not null, row.IsPinned, row.IsExcluded,
            progress?.Number == row.Number ? progress : null, row.Threshold);
    }

    /// <param name="Seconds">To add to the budget, at least 1.</param>
    public sealed record ExtendBody(int Seconds);

    /// <param name="TrainerId">The family.</param>
    /// <param name="Values">By the dial's id; what is left out is the default.</param>
    public sealed record TryBody(string TrainerId, HyperparameterValues? Values = null);

    /// <param name="IsPinned">To find it again; null leaves it as it is.</param>
    /// <param name="IsExcluded">Neither best nor part of an ensemble; null leaves it as it is.</param>
    public sealed record MarkBody(bool? IsPinned = null, bool? IsExcluded = null);

    /// <param name="Threshold">Probability of the second class, above 0, at most 1; null for the likelier class.</param>
    public sealed record ThresholdBody(double? Threshold);

    /// <param name="To">front, up (before the one before it) or down (behind the one behind it).</param>
    public sealed record MoveBody(QueueMove To);

    /// <param name="Queue">Where it waits for its turn; null where it does not.</param>
    public sealed record ExperimentAnswer(int Id, int? DatasetId, string DatasetName, ExperimentStatus Status, string? Reason, string? EndReason, double SpentSeconds, ExperimentPlan Plan, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt, IReadOnlyList<TrialAnswer> Leaderboard, QueuePlace? Queue = null)
    {
        public static ExperimentAnswer From(ExperimentRow row, TrialProgress? progress, IReadOnlyList<QueuePlace> queue) => new(
            row.Id, row.DatasetId, row.DatasetName, row.Status, row.Reason, row.EndReason, row.SpentSeconds, row.Plan, row.CreatedAt, row.StartedAt, row.FinishedAt,
            [.. ExperimentStore.Leaderboard(row).Select(t => TrialAnswer.From(t, progress))], queue.FirstOrDefault(p => p.ExperimentId == row.Id));
    }

    /// <param name="Trial">The row of the leaderboard.</param>
    /// <param name="Report">On validation rows: measures, curves, importance, PCA.</param>
    /// <param name="Final">On the locked test set, once it was asked for.</param>
    public sealed record ReportAnswer(TrialAnswer Trial, TrialReport? Report, EvaluationReport? Final)
    {
        /// <summary>The validation figures as the model decides: at its threshold, of all folds together, with their intervals. Null where it answers the likelier class.</summary>
        public DecidedFigures? AtThreshold { get; init; }

        /// <summary>The same on the locked test set; null where it was not tested.</summary>
        public DecidedFigures? FinalAtThreshold { get; init; }
    }

    /// <summary>What hangs on which class is answered.</summary>
    /// <param name="Metrics">By id, those of the probabilities too.</param>
    /// <param name="Intervals">95 %, by metric id.</param>
    /// <param name="Confusion">Rows by true class, then by answered class.</param>
    public sealed record DecidedFigures(IReadOnlyDictionary<string, double?> Metrics, IReadOnlyDictionary<string, MetricInterval> Intervals, IReadOnlyList<IReadOnlyList<int>> Confusion)
    {
        internal static DecidedFigures? Of(EvaluationReport? report, double? threshold, int repeats) =>
            threshold is null || report?.Classification?.Thresholds is null ? null
            : ThresholdExplorer.Report(report, threshold, repeats) is var decided ? new DecidedFigures(decided.Metrics, decided.Intervals!, decided.Classification!.Confusion) : null;
    }

    public static void MapExperiments(this RouteGroupBuilder api)
    {
        var experiments = api.MapGroup("/experiments").WithTags("Experiments");
        experiments.MapPost("/", StartAsync).WithName("StartExperiment").WithSummary("Compares model families on a dataset")
            .WithDescription("Only datasetId and target are needed; the rest is proposed from the data and shown in the answer's plan. Families that cannot fit into the training process's memory are left out, and stand on the leaderboard as skipped; where none fits, the answer is 507 with the estimate.").Produces<ExperimentAnswer>(202).ProducesProblem(400).ProducesProblem(404).ProducesProblem(429).ProducesProblem(507);
        experiments.MapGet("/", async (Caller caller, ExperimentStore store, ExperimentQueue queue, CancellationToken ct, [FromQuery] int? datasetId) =>
        {
            var waiting = await queue.ReadAsync(caller.WorkspaceId, ct);
            return (await store.ListAsync(caller.WorkspaceId, datasetId, ct)).Select(e => ExperimentAnswer.From(e, null, waiting));
        }).WithName("ListExperiments").WithSummary("All experiments, newest first");
        experiments.MapGet("/{id:int}", async (int id, ExperimentStore store, ExperimentQueue queue, JobMonitor monitor, CancellationToken ct) =>
            await store.FindAsync(id, ct) is { } row ? Results.Ok(ExperimentAnswer.From(row, monitor.ProgressOf(id), row.Status == ExperimentStatus.Queued ? await queue.ReadAsync(row.WorkspaceId, ct) : [])) : TrialApi.Unknown(id))
            .WithName("GetExperiment").WithSummary("Status, progress and leaderboard").Produces<ExperimentAnswer>().ProducesProblem(404);
        experiments.MapPost("/{id:int}/stop", async (int id, ExperimentStore store, ExperimentSupervisor supervisor, CancellationToken ct) =>
        {
            if (await store.FindAsync(id, ct) is null) return TrialApi.Unknown(id);
            await supervisor.StopAsync(id, ct);
            return Results.NoContent();
        }).WithName("StopExperiment").WithSummary("Ends it now and keeps what is finished; one that waits leaves the queue").Produces(204).ProducesProblem(404);
        experiments.MapGet("/queue", async (Caller caller, ExperimentQueue queue, CancellationToken ct) => await queue.ReadAsync(caller.WorkspaceId, ct)).WithName("ListQueue").WithSummary("Experiments that wait for their turn, the next one first")
            .WithDescription("Experiments run one after another. secondsUntilStart is what is left of the budgets before it: an estimate, not a promise.");
        experiments.MapPost("/{id:int}/move", async (int id, MoveBody body, ExperimentStore store, ExperimentQueue queue, CancellationToken ct) =>
            await store.FindAsync(id, ct) is not { } row ? TrialApi.Unknown(id)
            : await queue.MoveAsync(id, body.To, ct) is { } reason ? Results.Problem(statusCode: 409, title: "The queue stays as it is", detail: reason)
            : Results.Ok(await queue.ReadAsync(row.WorkspaceId, ct)))
            .WithName("MoveExperiment").WithSummary("Moves a waiting experiment in the queue").WithDescription("To take it out of the queue, stop it. The order outlives a restart of the program.")
            .Produces<IReadOnlyList<QueuePlace>>().ProducesProblem(400).ProducesProblem(404).ProducesProblem(409);
        experiments.MapPost("/{id:int}/resume", async (int id, ExperimentStore store, ExperimentSupervisor supervisor, CancellationToken ct) =>
            await store.FindAsync(id, ct) is null ? TrialApi.Unknown(id)
            : await supervisor.ResumeAsync(id, ct) ? Results.Accepted($"/api/v1/experiments/{id}")
            : Results.Problem(statusCode: 409, title: "Nothing to go on with", detail: "Only an interrupted or stopped experiment with unfinished trials can go on."))
            .WithName("ResumeExperiment").WithSummary("Goes on with the unfinished trials").Produces(202).ProducesProblem(404).ProducesProblem(409);
        experiments.MapPost("/{id:int}/finish", async (int id, ExperimentStore store, ExperimentSupervisor supervisor, CancellationToken ct) =>
            await store.FindAsync(id, ct) is null ? TrialApi.Unknown(id)
            : await supervisor.FinishAsync(id, ct) ? Results.Accepted($"/api/v1/experiments/{id}")
            : Results.Problem(statusCode: 409, title: "Nothing to finish", detail: "Only a search that runs, or that was stopped before its end, can be finished."))
            .WithName("FinishExperiment").WithSummary("Ends a search early, with ensemble and final report").Produces(202).ProducesProblem(404).ProducesProblem(409);
        experiments.MapPost("/{id:int}/extend", async (int id, ExtendBody body, ExperimentStore store, ExperimentSupervisor supervisor, CancellationToken ct) =>
            await store.FindAsync(id, ct) is null ? TrialApi.Unknown(id)
            : await supervisor.ExtendAsync(id, body.Seconds, ct) is { } reason ? Results.Problem(statusCode: 409, title: "The budget stays as it is", detail: reason)
            : Results.Accepted($"/api/v1/experiments/{id}"))
            .WithName("ExtendExperiment").WithSummary("Gives a search more time; one that has ended goes on").Produces(202).ProducesProblem(404).ProducesProblem(409);
        experiments.MapPost("/{id:int}/trials", TryAsync).WithName("TryValues").WithSummary("Tries a family with values of your own").Produces(202).ProducesProblem(400).ProducesProblem(404).ProducesProblem(409);
        experiments.MapPatch("/{id:int}/trials/{number:int}", async (int id, int number, MarkBody body, ExperimentStore store, CancellationToken ct) =>
            await store.FindAsync(id, ct) is not { } experiment ? TrialApi.Unknown(id)
            : await store.MarkAsync(id, number, body.IsPinned, body.IsExcluded, ct) ? Results.NoContent() : UnknownTrial(experiment, number))
            .WithName("MarkTrial").WithSummary("Pins a trial or puts it aside").Produces(204).ProducesProblem(404);
        experiments.MapPut("/{id:int}/trials/{number:int}/threshold", async (int id, int number, ThresholdBody body, ExperimentStore store, ExperimentSupervisor supervisor, CancellationToken ct) =>
            await store.FindAsync(id, ct) is not { } experiment ? TrialApi.Unknown(id)
            : experiment.FindTrial(number) is null ? UnknownTrial(experiment, number)
            : await supervisor.SetThresholdAsync(id, number, body.Threshold, ct) is { } reason ? Results.Problem(statusCode: 409, title: "No threshold", detail: reason)
            : await ReportAsync(id, number, store, ct))
            .WithName("SetThreshold").WithSummary("Has a model answer the second of two classes from a probability on")
            .WithDescription("Published versions stay as they are; those that are published from then on decide by it in all dialects, in batches and in what is taken away. null lets the model answer the likelier class again. A variant has a threshold of its own.").Produces<ReportAnswer>().ProducesProblem(404).ProducesProblem(409);
        experiments.MapPost("/{id:int}/trials/{number:int}/model", async (int id, int number, ExperimentStore store, ExperimentSupervisor supervisor, CancellationToken ct) =>
            await store.FindAsync(id, ct) is not { } experiment ? TrialApi.Unknown(id)
            : experiment.FindTrial(number) is null ? UnknownTrial(experiment, number)
            : await supervisor.MakeModelAsync(id, number, ct) is { } reason ? Results.Problem(statusCode: 409, title: "No model", detail: reason)
            : await ReportAsync(id, number, store, ct))
            .WithName("MakeModel").WithSummary("Fits a judged trial on all training rows and explains it").Produces<ReportAnswer>().ProducesProblem(404).ProducesProblem(409);
        experiments.MapDelete("/{id:int}", async (int id, ExperimentStore store, ExperimentSupervisor supervisor, CancellationToken ct) =>
        {
            if (await store.FindAsync(id, ct) is null) return TrialApi.Unknown(id);
            await supervisor.DiscardAsync(id, ct);
            return Results.NoContent();
        }).WithName("DiscardExperiment").WithSummary("Ends it and throws it away; published models stay").Produces(204).ProducesProblem(404);
        experiments.MapGet("/{id:int}/trials/{number:int}", ReportAsync).WithName("GetReport").WithSummary("A model's report").Produces<ReportAnswer>().ProducesProblem(404);
        experiments.MapPost("/{id:int}/trials/{number:int}/final-report", FinalReportAsync).WithName("MakeFinalReport").WithSummary("Tests a model on the locked test set")
            .WithDescription("Done for the best model when an experiment completes. Testing several models and choosing by the result makes the test set part of the choice.").Produces<ReportAnswer>().ProducesProblem(404).ProducesProblem(409);
        api.MapGet("/trainers", () => TrainerCatalog.All.Select(t => new
        {
            t.Id,
            t.Name,
            t.Description,
            Tasks = Enum.GetValues<LearningTask>().Where(t.Supports),
            // Whether a comparison tries it without being asked.
            t.IsDefault,
            Hyperparameters = t.Dials(TypicalShape(t)),
        })).WithTags("Experiments").WithName("ListTrainers").WithSummary("The model families");
        api.MapGet("/metrics", () => Metric.All).WithTags("Experiments").WithName("ListMetrics").WithSummary("The metrics, what they mean and which way is better");
    }

    private static async Task<IResult> StartAsync(StartBody body, Caller caller, Workspaces workspaces, DatasetStore datasets, ExperimentStore store, ExperimentQueue queue, ArtefactStore artefacts, IOptions<WorkbenchOptions> options, CancellationToken ct)
    {
        if (await workspaces.WhyNotAsync(caller, new OwnedObject(OwnedKind.Dataset, body.DatasetId), WorkspaceRole.Editor, ct) is { } refusal) return refusal;
        if (await datasets.FindAsync(body.DatasetId, ct) is not { } dataset) return Results.Problem(statusCode: 404, title: "Unknown dataset", detail: $"There is no dataset {body.DatasetId}.");
        var table = await datasets.SampleAsync(dataset);
        var recipe = (await datasets.RecipeAsync(dataset.Id, ct))!.Recipe;
        if (table.Find(body.Target) is null) return Invalid([$"There is no column '{body.Target}' to predict. The columns are: {string.Join(", ", table.Columns.Select(c => c.Name))}."]);
        ExperimentPlan plan;
        try
        {
            plan = ExperimentPlan.Propose(table, body.Target, recipe, body.Task, dataset.Profile);
        }
        catch (ArgumentException e)
        {
            return Invalid([e.Message]);
        }
        plan = plan with
        {
            MetricId = body.MetricId ?? plan.MetricId,
            TrainerIds = body.Trainers ?? plan.TrainerIds,
            IgnoredColumns = body.IgnoredColumns ?? [],
            Split = body.Split ?? plan.Split,
            BudgetSeconds = body.BudgetSeconds ?? plan.BudgetSeconds,
            Tuning = body.Tuning ?? plan.Tuning,
            Limits = body.Limits,
            Weights = body.Weights == RowWeighting.None ? null : body.Weights,
        };
        var check = await Task.Run(() => plan.Check(table), ct);
        if (check.Problems.Count > 0) return Invalid(check.Problems);
        var admission = Admission.Of(plan, check.Shape, dataset.Profile.RowCount, options.Value, artefacts.DataFolder);
        if (admission.Refusal is { } tooMuch) return Results.Problem(statusCode: 507, title: "No room for the experiment", detail: tooMuch);
        var row = await store.AddAsync(dataset, admission.Plan, ct, admission.LeftOut);
        queue.Wake();
        return Results.Accepted($"/api/v1/experiments/{row.Id}", ExperimentAnswer.From(row, null, await queue.ReadAsync(row.WorkspaceId, ct)));
    }

    private static async Task<IResult> ReportAsync(int id, int number, ExperimentStore store, CancellationToken ct)
    {
        if (await store.FindAsync(id, ct) is not { } experiment) return TrialApi.Unknown(id);
        if (experiment.FindTrial(number) is not { } trial) return UnknownTrial(experiment, number);
        var (report, final) = (await store.ReportAsync(trial, ct), await store.FinalReportAsync(trial, ct));
        return Results.Ok(new ReportAnswer(TrialAnswer.From(trial, null), report, final)
        {
            AtThreshold = DecidedFigures.Of(report?.Validation, trial.Threshold, experiment.Plan.Split.Repeats),
            FinalAtThreshold = DecidedFigures.Of(final, trial.Threshold, 1),
        });
    }

    private static async Task<IResult> FinalReportAsync(int id, int number, ExperimentStore store, ExperimentSupervisor supervisor, CancellationToken ct) =>
        await store.FindAsync(id, ct) is null ? TrialApi.Unknown(id)
        : await supervisor.MakeFinalReportAsync(id, number, ct) is { } reason ? Results.Problem(statusCode: 409, title: "No final report", detail: reason)
        : await ReportAsync(id, number, store, ct);

    private static async Task<IResult> TryAsync(int id, TryBody body, ExperimentStore store, ExperimentSupervisor supervisor, CancellationToken ct)
    {
        if (await store.FindAsync(id, ct) is not { } experiment) return TrialApi.Unknown(id);
        if (TrainerCatalog.All.FirstOrDefault(t => t.Id == body.TrainerId) is not { } trainer)
            return Invalid([$"There is no model family '{body.TrainerId}'. The families are: {string.Join(", ", TrainerCatalog.All.Select(t => t.Id))}."]);
        var space = trainer.Dials(ExperimentShape(experiment));
        var values = body.Values ?? HyperparameterValues.None;
        if (values.Problems(space) is { Count: > 0 } problems) return Invalid(problems);
        return await supervisor.TryAsync(id, new TrialSpec(trainer.Id, values.Fit(space), TrialOrigin.Person, "Asked for by a person."), ct) is { } reason
            ? Results.Problem(statusCode: 409, title: "It cannot be tried now", detail: reason)
            : Results.Accepted($"/api/v1/experiments/{id}");
    }

    /// <summary>What a trial of this experiment learns from, as far as it is known.</summary>
    public static TrainingShape ExperimentShape(ExperimentRow experiment)
    {
        var known = experiment.Trials.Select(t => t.Result).OfType<TrialResult>().FirstOrDefault();
        return new TrainingShape(experiment.Plan.Task, known?.TrainingRowCount ?? 1_000, known?.FeatureCount ?? 10, experiment.Plan.Task == LearningTask.Regression ? 0 : 2)
        {
            // Trials have a value for it where it can be chosen.
            CanLogTarget = experiment.Trials.Any(t => t.Spec?.Values.ById.ContainsKey(Trainer.TargetScaleId) == true),
        };
    }

    private static TrainingShape TypicalShape(Trainer trainer) =>
        new(Enum.GetValues<LearningTask>().First(trainer.Supports), 10_000, 20, trainer.Supports(LearningTask.Binary) ? 2 : 0);

    private static IResult UnknownTrial(ExperimentRow experiment, int number) =>
        Results.Problem(statusCode: 404, title: "Unknown trial", detail: $"Experiment {experiment.Id} has no trial {number}; there are {experiment.Trials.Count}.");

    private static IResult Invalid(IReadOnlyList<string> problems) =>
        Results.Problem(statusCode: 400, title: "The experiment cannot run", detail: problems[0], extensions: new Dictionary<string, object?> { ["errors"] = problems });
}
