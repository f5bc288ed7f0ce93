using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Models;

/// <summary>Everything from a source row to its scores, frozen in training: recipe, encoder, scorer. Immutable and safe for any number of threads.</summary>
public sealed record FittedPipeline(FittedRecipe Recipe, FittedFeatureEncoder Encoder, Scorer Scorer, Target Target)
{
    /// <summary>Scores every row, none is dropped.</summary>
    /// <param name="rows">Source rows; the target column may be missing.</param>
    /// <returns>Row-major, <c>rows.RowCount * Scorer.OutputCount</c>: probabilities of the classes, or the number.</returns>
    public double[] Predict(Table rows) => Score(Recipe.ReplayAtPrediction(rows));

    /// <summary>Scores rows that already went through the recipe.</summary>
    public double[] Score(Table prepared)
    {
        var features = Encoder.Encode(prepared);
        var outputs = new double[features.RowCount * Scorer.OutputCount];
        Scorer.ScoreRows(features.Values, features.FeatureCount, features.RowCount, outputs);
        return outputs;
    }
}
