using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Tests.Trainers;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Tests.Serving;

/// <summary>Small models to ask.</summary>
internal static class ServingModels
{
    /// <summary>Answers 4 to every row.</summary>
    public static Predictor Constant(Signature signature) => new(new ModelPackage(
        new ModelManifest("baseline", "Baseline", new Target("y", LearningTask.Regression, []), signature, new FittedRecipe([]), new FittedFeatureEncoder(FeatureEncoding.Codes, []), new GoldenRows([], [])),
        new ConstantScorer(0, [4])));

    /// <summary>A real model: the recipe and the trainer are fitted on the table.</summary>
    /// <param name="table">With the target.</param>
    public static ModelPackage Train(Table table, string target, Recipe recipe, string trainerId, CancellationToken cancellationToken)
    {
        var truth = table[target];
        var inputs = table.Without([target]);
        var fitted = recipe.FitAndReplay(Splitter.Split(table, target, new SplitPlan(Stratified: false)).Training, target);
        var prepared = fitted.Rows.Without([target]);
        var trainer = TrainerCatalog.Find(trainerId);
        var encoder = FeatureEncoder.Fit(prepared, trainer.Encoding, cancellationToken);
        var isNumber = truth is NumericColumn;
        string[] classes = isNumber ? [] : [.. Enumerable.Range(0, truth.Length).Select(truth.GetText).OfType<string>().Distinct().Order(StringComparer.Ordinal)];
        var task = isNumber ? LearningTask.Regression : classes.Length == 2 ? LearningTask.Binary : LearningTask.Multiclass;
        var labels = Enumerable.Range(0, fitted.Rows.RowCount).Select(row => isNumber ? (float)((NumericColumn)fitted.Rows[target]).Values[row] : Array.IndexOf(classes, fitted.Rows[target].GetText(row))).ToArray();
        var scorer = trainer.TrainWithDefaults(new TrainingData(encoder.Encode(prepared), labels, task, isNumber ? 1 : classes.Length), new TrainingContext(1, 1), cancellationToken);
        var used = Signature.UsedColumns(inputs.Columns.Select(c => c.Name), fitted.Recipe, encoder.Columns.Select(c => c.Column).ToHashSet());
        var signature = Signature.Describe(inputs, used, Signature.ReinterpretedColumns(fitted.Recipe));
        var golden = TextRows.FromTable(signature.Inputs, inputs.Take([.. Enumerable.Range(0, Math.Min(25, inputs.RowCount))]));
        var pipeline = new FittedPipeline(fitted.Recipe, encoder, scorer, new Target(target, task, classes));
        var outputs = pipeline.Predict(TextRows.ToTable(signature.Inputs, golden)).Chunk(scorer.OutputCount).ToArray();
        return new ModelPackage(new ModelManifest(trainerId, trainer.Name, pipeline.Target, signature, fitted.Recipe, encoder, new GoldenRows(golden, outputs)), scorer);
    }
}
