using Microsoft.AspNetCore.Mvc;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Access;
using ModelWorkbench.Workbench.Api;
using ModelWorkbench.Workbench.Jobs;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Explanations;

/// <summary>What a trial answered row by row, over HTTP.</summary>
public static class TrialRowsApi
{
    private const int MostRows = 1_000;
    private const int MostNeighbours = 100;

    /// <param name="Row">1-based row of the dataset.</param>
    /// <param name="Actual">The truth.</param>
    /// <param name="Predicted">The answer of models that had not seen the row; null where it was never judged.</param>
    /// <param name="Probability">Of the class that is answered.</param>
    /// <param name="TruthProbability">Of the true class.</param>
    /// <param name="Values">By column; null for missing.</param>
    public sealed record AnsweredRow(int Row, string Actual, string? Predicted, double? Probability, double? TruthProbability, IReadOnlyDictionary<string, string?> Values);

    /// <param name="Count">Rows of the kind asked for.</param>
    /// <param name="Rows">The first of them, most certain answer first.</param>
    public sealed record AnsweredRowsAnswer(int Count, IReadOnlyList<AnsweredRow> Rows);

    /// <param name="Distance">Gower's, 0 to 1.</param>
    /// <param name="Row">The training row.</param>
    public sealed record NeighbourAnswer(double Distance, AnsweredRow Row);

    /// <param name="Scale">What contributions add up to.</param>
    /// <param name="IsExact">Computed rather than sampled.</param>
    /// <param name="Of">Name of each sum.</param>
    /// <param name="Base">What is usual, one a sum.</param>
    /// <param name="Sums">Of this row, one a sum.</param>
    /// <param name="Added">By column, one a sum.</param>
    public sealed record RowContributionsAnswer(ContributionScale Scale, bool IsExact, IReadOnlyList<string> Of, IReadOnlyList<double> Base, IReadOnlyList<double> Sums, IReadOnlyDictionary<string, double[]> Added);

    /// <param name="Row">Null where it is in no training part: a locked test row, one without a target, one that a step left out.</param>
    /// <param name="Values">By column; null for missing.</param>
    /// <param name="Contributions">To the finished model's answer; null where no model was made.</param>
    /// <param name="Compared">Columns that neighbours are compared on.</param>
    /// <param name="Nearest">Training rows most like it.</param>
    public sealed record RowAnswer(AnsweredRow? Row, IReadOnlyDictionary<string, string?> Values, RowContributionsAnswer? Contributions, IReadOnlyList<string> Compared, IReadOnlyList<NeighbourAnswer> Nearest);

    /// <param name="Row">1-based row of the dataset to change; null where values are given.</param>
    /// <param name="Values">Or the row's values, as text by column; what is left out is missing.</param>
    /// <param name="Class">The answer that is wanted, of classes.</param>
    /// <param name="AtLeast">Or, of numbers, how large it is to be.</param>
    /// <param name="AtMost">Or how small.</param>
    /// <param name="Fixed">Columns that may not change.</param>
    public sealed record ChangesBody(int? Row = null, IReadOnlyDictionary<string, string?>? Values = null, string? Class = null, double? AtLeast = null, double? AtMost = null, IReadOnlyList<string>? Fixed = null);

    /// <param name="Answered">What the model answers to the row as it is: the class or the number.</param>
    /// <param name="IsAsWanted">Whether that is what is wanted already.</param>
    /// <param name="Changes">At most three, of different columns, smallest first; empty where changes of three columns do not suffice.</param>
    public sealed record ChangesAnswer(string Answered, bool IsAsWanted, IReadOnlyList<Counterfactual> Changes);

    public static void MapTrialRows(this RouteGroupBuilder api)
    {
        var rows = api.MapGroup("/experiments/{id:int}/trials/{number:int}/rows").WithTags("Explanations");
        rows.MapGet("/", ListAsync).WithName("GetTrialRows").WithSummary("Validation rows with what a trial answered")
            .WithDescription("actual and predicted name the classes of a cell of the confusion matrix; either may be left out. Answers are those of models that had not seen the row, the mean of them where it was judged more than once. limit is at most 1,000. Joined with the rows when it is first asked for, which takes some seconds.")
            .Produces<AnsweredRowsAnswer>().ProducesProblem(400).ProducesProblem(404).ProducesProblem(409);
        rows.MapGet("/{row:int}", FindAsync).WithName("GetTrialRow").WithSummary("A row of the dataset: what was answered, why, and the training rows most like it")
            .WithDescription("row counts from 1. neighbours is at most 100, 10 where it is left out; they are compared on the columns that the model uses, by Gower's distance, and are left out where no model was made.")
            .Produces<RowAnswer>().ProducesProblem(400).ProducesProblem(404).ProducesProblem(409);
        api.MapPost("/experiments/{id:int}/trials/{number:int}/changes", ChangeAsync).RequireRole(WorkspaceRole.Viewer).WithTags("Explanations").WithName("FindChanges").WithSummary("The smallest changes of a row with which a model answers as wanted")
            .WithDescription("Of a row of the dataset (row, from 1) or of values by column. Wanted is a class, or a number that is atLeast or atMost a limit; fixed names columns that may not change. Changes are of up to three columns to values that training rows had. They tell what the model would say, not what would happen. Nothing is kept.")
            .Produces<ChangesAnswer>().ProducesProblem(400).ProducesProblem(404).ProducesProblem(409);
    }

    private static Task<IResult> ChangeAsync(int id, int number, ChangesBody body, ExperimentStore store, TrialRows rows, CancellationToken ct) => store.WithTrialAsync(id, number, async (experiment, trial) =>
    {
        if (await rows.ModelAsync(trial, ct) is not { } model) return Results.Problem(statusCode: 409, title: "No model", detail: "This trial was not fitted on all training rows yet; make its model first.");
        var target = model.Package.Manifest.Target;
        string[] used = [.. model.Package.Manifest.Signature.Used.Select(i => i.Name)];
        if (body.Fixed?.FirstOrDefault(name => !used.Contains(name)) is { } unknown) return BadChange($"The model uses no column '{unknown}'. The columns are: {string.Join(", ", used)}.");
        if ((body.Row is null) == (body.Values is null)) return BadChange("Expected either row or values.");
        if (body.Values?.Keys.FirstOrDefault(name => !used.Contains(name) && model.Package.Manifest.Signature.Inputs.All(i => i.Name != name)) is { } stray) return BadChange($"There is no column '{stray}'. The columns are: {string.Join(", ", used)}.");
        var (wanted, problem) = WantedOf(body, target);
        if (wanted is null) return BadChange(problem!);
        var values = body.Values;
        if (body.Row is { } row)
        {
            try
            {
                values = ValuesOf(await rows.ValuesAsync(experiment, [row - 1], null, ct), 0);
            }
            catch (ArgumentException)
            {
                return Results.Problem(statusCode: 404, title: "Unknown row", detail: $"The dataset has no row {row}.");
            }
        }
        try
        {
            var inputs = model.Package.Manifest.Signature.Inputs;
            var outputs = model.Package.Pipeline.Predict(TextRows.ToTable(inputs, [[.. inputs.Select(i => values!.GetValueOrDefault(i.Name) is { Length: > 0 } text ? text : null)]]));
            var found = await Task.Run(() => CounterfactualSearch.Find(model.Package, values!, used.Except(body.Fixed ?? []).ToHashSet(StringComparer.Ordinal), wanted, ct), ct);
            return Results.Ok(new ChangesAnswer(target.Classes.Count == 0 ? outputs[0].ToString("R", System.Globalization.CultureInfo.InvariantCulture) : target.Classes[target.Decide(outputs)], wanted.Margin(outputs) > 0, found));
        }
        catch (FormatException e)
        {
            return BadChange(e.Message);
        }
    }, ct);

    private static (WantedAnswer? Wanted, string? Problem) WantedOf(ChangesBody body, Target target) => (target.Classes.Count > 0, body) switch
    {
        (true, { Class: { } name, AtLeast: null, AtMost: null }) => target.Classes.ToList().IndexOf(name) is >= 0 and var index ? (new WantedAnswer.OfClass(index, target.Threshold), null) : (null, $"Found the class '{name}', expected one of: {string.Join(", ", target.Classes)}."),
        (true, _) => (null, "The model answers a class: expected class, without atLeast and atMost."),
        (false, { Class: null, AtLeast: { } least, AtMost: null }) when double.IsFinite(least) => (new WantedAnswer.AtLeast(least), null),
        (false, { Class: null, AtLeast: null, AtMost: { } most }) when double.IsFinite(most) => (new WantedAnswer.AtMost(most), null),
        _ => (null, "The model answers a number: expected either atLeast or atMost, and no class."),
    };

    private static IResult BadChange(string detail) => Results.Problem(statusCode: 400, title: "No changes can be looked for", detail: detail);

    private static Task<IResult> ListAsync(int id, int number, [FromQuery] string? actual, [FromQuery] string? predicted, [FromQuery] int? limit, ExperimentStore store, TrialRows rows, CancellationToken ct) => store.WithTrialAsync(id, number, async (experiment, trial) =>
    {
        if (limit is < 1 or > MostRows) return Bad($"Found limit {limit}, expected 1 to {MostRows}.");
        var (answered, whyNot) = await rows.FindAsync(experiment, trial, ct);
        if (answered is null) return None(whyNot);
        if ((ClassOf(actual) ?? ClassOf(predicted)) is { Problem: { } problem }) return Bad(problem);
        var places = answered.Cell(ClassOf(actual)?.Index, ClassOf(predicted)?.Index);
        int[] shown = [.. places.Take(limit ?? 100)];
        return Results.Ok(new AnsweredRowsAnswer(places.Length, await DescribeAsync(experiment, answered, shown, rows, ct)));

        (int? Index, string? Problem)? ClassOf(string? name) =>
            name is null ? null
            : answered.Classes.ToList().IndexOf(name) is >= 0 and var index ? (index, null)
            : (null, answered.Classes.Count == 0 ? "Numbers have no classes; leave actual and predicted out." : $"Found the class '{name}', expected one of: {string.Join(", ", answered.Classes)}.");
    }, ct);

    private static Task<IResult> FindAsync(int id, int number, int row, [FromQuery] int? neighbours, ExperimentStore store, TrialRows rows, CancellationToken ct) => store.WithTrialAsync(id, number, async (experiment, trial) =>
    {
        if (neighbours is < 0 or > MostNeighbours) return Bad($"Found neighbours {neighbours}, expected 0 to {MostNeighbours}.");
        var (answered, whyNot) = await rows.FindAsync(experiment, trial, ct);
        if (answered is null) return None(whyNot);
        Table values;
        try
        {
            values = await rows.ValuesAsync(experiment, [row - 1], null, ct);
        }
        catch (ArgumentException)
        {
            return Results.Problem(statusCode: 404, title: "Unknown row", detail: $"The dataset has no row {row}.");
        }
        RowContributionsAnswer? contributions = null;
        NearestRows nearest = new([], []);
        if (await rows.ModelAsync(trial, ct) is { } model)
        {
            var explainer = model.Explainer;
            var told = explainer.Explain(values.Without([experiment.Plan.Target]), ct)[0];
            contributions = new RowContributionsAnswer(explainer.Scale, explainer.IsExact,
                answered.Classes.Count == 0 ? [experiment.Plan.Target] : explainer.Base.Count == 1 ? [answered.Classes[1]] : answered.Classes, explainer.Base, told.Sums,
                explainer.Columns.Index().ToDictionary(c => c.Item, c => Enumerable.Range(0, explainer.Base.Count).Select(k => told.Values[(k * explainer.Columns.Count) + c.Index]).ToArray()));
            var asked = new Table([.. model.Package.Manifest.Signature.Used.Select(input => values.Find(input.Name)).OfType<Column>()], rowCount: 1);
            nearest = await rows.NearestAsync(experiment, answered, asked, row - 1, neighbours ?? 10, ct);
        }
        var described = await DescribeAsync(experiment, answered, [.. nearest.Rows.Select(near => answered.PlaceOf(near.Row))], rows, ct);
        var place = answered.PlaceOf(row - 1);
        return Results.Ok(new RowAnswer(place < 0 ? null : Describe(answered, place, values, 0), ValuesOf(values, 0), contributions, nearest.Columns, [.. nearest.Rows.Zip(described, (near, one) => new NeighbourAnswer(near.Distance, one))]));
    }, ct);

    private static async Task<IReadOnlyList<AnsweredRow>> DescribeAsync(ExperimentRow experiment, AnsweredRows answered, int[] places, TrialRows rows, CancellationToken ct)
    {
        var values = await rows.ValuesAsync(experiment, Array.ConvertAll(places, place => answered.Rows[place]), null, ct);
        return [.. places.Select((place, i) => Describe(answered, place, values, i))];
    }

    private static AnsweredRow Describe(AnsweredRows answered, int place, Table values, int at)
    {
        return new AnsweredRow(answered.Rows[place] + 1, Text(answered.Truths[place])!, Text(answered.Answers[place]), Share(answered.Probabilities[place]), Share(answered.TruthProbabilities[place]), ValuesOf(values, at));

        string? Text(float value) => float.IsNaN(value) ? null : answered.Classes.Count == 0 ? value.ToString("R", System.Globalization.CultureInfo.InvariantCulture) : answered.Classes[(int)value];

        static double? Share(float share) => float.IsNaN(share) ? null : share;
    }

    private static Dictionary<string, string?> ValuesOf(Table values, int row) => values.Columns.ToDictionary(c => c.Name, c => c.GetText(row), StringComparer.Ordinal);

    private static IResult Bad(string detail) => Results.Problem(statusCode: 400, title: "These rows cannot be listed", detail: detail);

    private static IResult None(string? whyNot) => Results.Problem(statusCode: 409, title: "No answers row by row", detail: whyNot);
}
