using Microsoft.AspNetCore.Mvc;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Experiments;

/// <summary>Trials of an experiment side by side, over HTTP.</summary>
public static class SideBySideApi
{
    /// <param name="Number">The trial.</param>
    /// <param name="TrainerId">The family.</param>
    /// <param name="TrainerName">As people read it.</param>
    /// <param name="VariantOf">For a variant: the trial it was made of.</param>
    /// <param name="Result">Time, size and features.</param>
    /// <param name="Report">On validation rows: metrics with their intervals, curves; at the threshold where there is one.</param>
    /// <param name="Threshold">For two classes: the probability from which on the model answers the second; null for the likelier.</param>
    public sealed record ModelAnswer(int Number, string TrainerId, string TrainerName, int? VariantOf, TrialResult Result, EvaluationReport Report, double? Threshold = null);

    /// <param name="Models">In the order in which they were asked for; the first is the one that the others are held against.</param>
    /// <param name="Held">The others against the first; null where that could not be computed.</param>
    /// <param name="WhyNot">Why it could not.</param>
    public sealed record SideBySideAnswer(IReadOnlyList<ModelAnswer> Models, SideBySideReport? Held, string? WhyNot);

    public static void MapSideBySide(this RouteGroupBuilder api) =>
        api.MapGet("/experiments/{id:int}/side-by-side", FindAsync).WithTags("Experiments").WithName("GetSideBySide").WithSummary("Two to five trials or variants of one experiment, held against the first")
            .WithDescription("trials names them with commas between: 2,4,7. gain is how much better a trial's metric is than the first's, above 0 is better whichever way the metric goes; chance holds its 95 % interval and two-sided p (paired bootstrap of the validation rows), right counts the rows by who has them right with McNemar's exact p (classes), closer by who is nearer to the truth with the p of a sign test (numbers). Models decide as they were told to: a trial with a threshold by it, the others by the likelier class. Computed when it is first asked for, which takes some seconds.")
            .Produces<SideBySideAnswer>().ProducesProblem(400).ProducesProblem(404);

    private static async Task<IResult> FindAsync(int id, [FromQuery] string? trials, ExperimentStore store, SideBySides sideBySides, CancellationToken ct)
    {
        if (await store.FindAsync(id, ct) is not { } experiment) return TrialApi.Unknown(id);
        var (chosen, problem) = SideBySide.Choose(experiment, trials);
        if (problem is not null) return Results.Problem(statusCode: 400, title: "These trials cannot be shown side by side", detail: problem);
        var models = new List<ModelAnswer>();
        foreach (var trial in chosen)
            models.Add(new ModelAnswer(trial.Number, trial.TrainerId, TrainerCatalog.NameOf(trial.TrainerId), trial.VariantOf, trial.Result!, ThresholdExplorer.Report((await store.ReportAsync(trial, ct))!.Validation, trial.Threshold, experiment.Plan.Split.Repeats), trial.Threshold));
        var (report, whyNot) = await sideBySides.FindAsync(experiment, chosen, ct);
        return Results.Ok(new SideBySideAnswer(models, report, whyNot));
    }
}
