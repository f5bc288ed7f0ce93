using Microsoft.AspNetCore.Mvc;
using ModelWorkbench.Core.Assertions;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Assertions;

/// <summary>Assertions over HTTP: made, changed, deleted, and what came of them.</summary>
public static class AssertionApi
{
    /// <param name="Target">The column that the models predict.</param>
    /// <param name="Expectation">What is expected: kind answer, monotone or segment.</param>
    /// <param name="Name">As people know it; left out for what it says itself.</param>
    /// <param name="IsRequired">Whether a model that does not meet it may not be published.</param>
    public sealed record AssertionBody(string Target, Expectation Expectation, string? Name = null, bool IsRequired = false);

    /// <param name="Id">In URLs.</param>
    /// <param name="Says">What is expected, as a sentence.</param>
    /// <param name="Version">From 1; another where something else is expected from then on.</param>
    public sealed record AssertionAnswer(int Id, int DatasetId, string Target, string Name, Expectation Expectation, string Says, bool IsRequired, int Version, string CreatedBy, DateTimeOffset CreatedAt, string? ChangedBy, DateTimeOffset? ChangedAt)
    {
        public static AssertionAnswer From(AssertionRow row) => new(row.Id, row.DatasetId, row.Target, row.Name, row.Expectation, row.Expectation.Describe(row.Target), row.IsRequired, row.Version, row.CreatedBy, row.CreatedAt, row.ChangedBy, row.ChangedAt);
    }

    /// <param name="Outcome">passed, failed or notDecided.</param>
    /// <param name="Expected">As a sentence.</param>
    /// <param name="Found">As a sentence.</param>
    /// <param name="Finding">The figures behind it.</param>
    public sealed record ResultAnswer(int AssertionId, string Name, bool IsRequired, AssertionOutcome? Outcome, string Expected, string Found, AssertionFinding? Finding)
    {
        public static ResultAnswer From(CheckedAssertion found) =>
            new(found.Assertion.Id, found.Assertion.Name, found.Assertion.IsRequired, found.Finding?.Outcome, found.Assertion.Expectation.Describe(found.Assertion.Target), found.Found, found.Finding);
    }

    /// <param name="Results">One an assertion.</param>
    /// <param name="MayGoLive">Whether all required ones are met.</param>
    public sealed record ResultsAnswer(IReadOnlyList<ResultAnswer> Results, bool MayGoLive);

    public static void MapAssertions(this RouteGroupBuilder api)
    {
        var assertions = api.MapGroup("/datasets/{id:int}/assertions").WithTags("Assertions");
        assertions.MapGet("/", async (int id, [FromQuery] string? target, AssertionStore store, DatasetStore datasets, CancellationToken ct) => await datasets.FindAsync(id, ct) is null ? NoDataset(id)
            : Results.Ok((await store.ListAsync(id, target, ct)).Select(AssertionAnswer.From)))
            .WithName("ListAssertions").WithSummary("What is expected of models of a dataset").WithDescription("target: only those about models that predict this column.").Produces<IEnumerable<AssertionAnswer>>().ProducesProblem(404);
        assertions.MapGet("/{assertion:int}", async (int id, int assertion, AssertionStore store, CancellationToken ct) => await store.FindAsync(id, assertion, ct) is { } row ? Results.Ok(AssertionAnswer.From(row)) : Unknown(id, assertion))
            .WithName("GetAssertion").WithSummary("One assertion").Produces<AssertionAnswer>().ProducesProblem(404);
        assertions.MapPost("/", (int id, AssertionBody body, Caller caller, AssertionStore store, CancellationToken ct) => AnswerAsync(async () =>
            await store.AddAsync(id, body.Target, body.Name, body.Expectation, body.IsRequired, caller.Name, ct) is { } row ? Results.Created($"/api/v1/datasets/{id}/assertions/{row.Id}", AssertionAnswer.From(row)) : NoDataset(id)))
            .WithName("AddAssertion").WithSummary("Expects something of every model of a dataset's target")
            .WithDescription("expectation is one of three kinds. answer: 'rows' (values by column) are of 'class' with 'leastProbability', or give a number from 'low' to 'high'. monotone: raising 'column' never lowers ('rises': true) or raises (false) the predicted number or the probability of 'class', "
                + "tried on 'rowCount' rows of the dataset; 'slack' is how far it may go the wrong way. segment: 'measure' (a metric by 'metricId', on rows where 'column' holds 'value', or a number 'from' to 'to'; all rows without a column) is 'atLeast' or 'atMost' a figure on rows that the model had not seen; with fewer than 'fewestRows' nothing is decided, which is no pass. "
                + "Every model is held against it when it is trained, and models that are there as soon as it is made. With 'isRequired' a model that does not meet it cannot be published.")
            .Produces<AssertionAnswer>(201).ProducesProblem(400).ProducesProblem(404);
        assertions.MapPut("/{assertion:int}", (int id, int assertion, AssertionBody body, Caller caller, AssertionStore store, CancellationToken ct) => AnswerAsync(async () =>
            await store.ChangeAsync(id, assertion, body.Target, body.Name, body.Expectation, body.IsRequired, caller.Name, ct) is { } row ? Results.Ok(AssertionAnswer.From(row)) : Unknown(id, assertion)))
            .WithName("ChangeAssertion").WithSummary("Replaces an assertion; all models are held against it anew").Produces<AssertionAnswer>().ProducesProblem(400).ProducesProblem(404);
        assertions.MapDelete("/{assertion:int}", async (int id, int assertion, AssertionStore store, CancellationToken ct) =>
            await store.DeleteAsync(id, assertion, ct) is not null ? Results.NoContent() : Unknown(id, assertion))
            .WithName("DeleteAssertion").WithSummary("Expects it no longer").Produces(204).ProducesProblem(404);

        api.MapGet("/experiments/{id:int}/trials/{number:int}/assertions", (int id, int number, ExperimentStore store, AssertionChecks checks, CancellationToken ct) => store.WithTrialAsync(id, number, async (_, trial) =>
        {
            var found = (await checks.CheckAsync(id, number, again: false, requiredOnly: false, ct)).GetValueOrDefault(trial.Number) ?? [];
            return Results.Ok(new ResultsAnswer([.. found.Select(ResultAnswer.From)], found.All(c => c.IsMet || !c.Assertion.IsRequired)));
        }, ct)).WithTags("Assertions").WithName("GetTrialAssertions").WithSummary("A trial or variant held against the assertions of its dataset")
            .WithDescription("What is not known yet is checked first, which may take some seconds. A trial without a model is not decided about where the model has to be asked; 'final-report' or publishing makes it.").Produces<ResultsAnswer>().ProducesProblem(404);
    }

    private static IResult NoDataset(int id) => Results.Problem(statusCode: 404, title: "Unknown dataset", detail: $"There is no dataset {id}.");

    private static IResult Unknown(int id, int assertion) => Results.Problem(statusCode: 404, title: "Unknown assertion", detail: $"Dataset {id} has no assertion {assertion}.");

    private static async Task<IResult> AnswerAsync(Func<Task<IResult>> change)
    {
        try
        {
            return await change();
        }
        catch (AssertionException e)
        {
            return Results.Problem(statusCode: 400, title: "Not an assertion", detail: e.Message, extensions: new Dictionary<string, object?> { ["errors"] = e.Problems });
        }
    }
}
