using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes;

/// <summary>A recipe with what it learnt from training rows, frozen.</summary>
public sealed record FittedRecipe(IReadOnlyList<FittedStep> Steps)
{
    /// <summary>For validation and test rows: all steps, those that drop rows included, but not those for training alone. Training rows: <see cref="Recipe.FitAndReplay"/>.</summary>
    /// <exception cref="KeyNotFoundException">A column that a step needs is not there.</exception>
    public Table Replay(Table rows) => Steps.Aggregate(rows, (table, step) => step.TrainingOnly ? table : step.Replay(table));

    /// <summary>The table as the person's steps leave it, those for training alone included; it comes in pieces, in order, and no more than one is held.</summary>
    public IEnumerable<Table> ReplayPieces(IEnumerable<Table> pieces)
    {
        var replays = Steps.Select(step => step.ReplayPieces()).ToArray();
        foreach (var piece in pieces) yield return replays.Aggregate(piece, (table, replay) => replay(table));
    }

    /// <summary>For rows that need an answer each: steps that drop rows are skipped, so as many rows come out as went in, in the same order.</summary>
    /// <param name="rows">Every source column but the target; where the caller gave none, a column of missing values.</param>
    /// <exception cref="KeyNotFoundException">A column that a step needs is not there.</exception>
    public Table ReplayAtPrediction(Table rows)
    {
        foreach (var step in Steps)
            if (!step.DropsRows && !step.TrainingOnly) rows = step.Replay(rows);
        return rows;
    }

    /// <summary>This recipe and then the other, as one.</summary>
    public FittedRecipe Then(FittedRecipe next) => new([.. Steps, .. next.Steps]);
}
