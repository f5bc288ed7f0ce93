using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Exports;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Exports;

/// <summary>Models to take away, and how it is told whether what was taken away is the same.</summary>
internal static class ExportCases
{
    /// <summary>Writes an export, proves it on the sample and on further rows.</summary>
    /// <param name="exporter">With no reason against the package.</param>
    /// <param name="package">The model.</param>
    /// <param name="more">Further rows of the source, or null.</param>
    public static ExportProof Prove(ModelExporter exporter, ModelPackage package, Table? more = null)
    {
        var folder = Directory.CreateTempSubdirectory("export").FullName;
        try
        {
            Assert.Empty(exporter.WhyNot(package));
            var source = Source(package, folder);
            var file = Path.Combine(folder, "exported");
            using (var stream = File.Create(file)) exporter.Write(source, stream, TestContext.Current.CancellationToken);
            var sample = ExportSample.Of(package);
            if (more is not null)
            {
                var rows = TextRows.FromTable(package.Manifest.Signature.Used, more);
                sample = sample with { Rows = [.. sample.Rows, .. rows], Outputs = [.. sample.Outputs, .. ExportSample.Answers(package, rows)] };
            }
            var scratch = Directory.CreateDirectory(Path.Combine(folder, "scratch")).FullName;
            return exporter.Prove(source, file, sample, scratch, TestContext.Current.CancellationToken);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public static ExportSource Source(ModelPackage package, string folder)
    {
        var stored = Path.Combine(folder, "model.mwm");
        using (var stream = File.Create(stored)) package.Write(stream);
        return new ExportSource(package, stored, "a-model");
    }

    public static void AssertEqual(ExportProof proof, string what = "") => Assert.True(proof.IsEqual, $"{what}: {proof}");

    /// <summary>A model that looks at every feature: trees of one question each, between values that occur, so that rows which differ in any feature have different answers.</summary>
    /// <exception cref="RecipeException">A step cannot be applied.</exception>
    public static ModelPackage LooksAtEverything(Table table, string target, IReadOnlyList<RecipeStep> steps, FeatureEncoding encoding = FeatureEncoding.Codes)
    {
        var inputs = table.Without([target]);
        var fitted = new Recipe(steps).FitAndReplay(Splitter.Split(table, target, new SplitPlan()).Training, target);
        var prepared = fitted.Rows.Without([target]);
        // Free text is taken apart into words, which is a reason against most forms; here it is about the steps.
        prepared = prepared.Without([.. prepared.Columns.Where(c => c.Kind == ColumnKind.Text).Select(c => c.Name)]);
        var encoder = FeatureEncoder.Fit(prepared, encoding, TestContext.Current.CancellationToken);
        var features = encoder.Encode(prepared);
        var trees = new TreeEnsembleBuilder(features.FeatureCount, 1, TreeLink.Identity, [1]);
        for (var j = 0; j < features.FeatureCount; j++)
        {
            float[] values = [.. Enumerable.Range(0, features.RowCount).Select(row => features.Row(row)[j]).Where(v => !float.IsNaN(v)).Distinct().Order()];
            float[] cuts = values.Length < 2 ? [0.5f] : [.. Enumerable.Range(1, values.Length - 1).Select(i => (values[i - 1] / 2) + (values[i] / 2)).Where((_, i) => i % Math.Max(1, values.Length / 6) == 0)];
            foreach (var (i, cut) in cuts.Index())
                trees.AddTree(0, node => node switch
                {
                    0 => TreeNode.Split(j, cut, i % 2 == 0, 1, 2),
                    1 => TreeNode.EndsWith(new LeafEntry(0, 0.25 + (j % 7 * 0.1) + (0.01 * i))),
                    _ => TreeNode.EndsWith(new LeafEntry(0, -0.5)),
                });
        }
        Scorer scorer = trees.TreeCount == 0 ? new ConstantScorer(0, [1]) : trees.Build();
        var used = Signature.UsedColumns(inputs.Columns.Select(c => c.Name), fitted.Recipe, encoder.Columns.Select(c => c.Column).ToHashSet());
        var signature = Signature.Describe(inputs, used, Signature.ReinterpretedColumns(fitted.Recipe));
        var rows = TextRows.FromTable(signature.Inputs, inputs.Take([.. Enumerable.Range(0, Math.Min(25, inputs.RowCount))]));
        var pipeline = new FittedPipeline(fitted.Recipe, encoder, scorer, new Target(target, LearningTask.Regression, []));
        var outputs = pipeline.Predict(TextRows.ToTable(signature.Inputs, rows)).Chunk(1).ToArray();
        return new ModelPackage(new ModelManifest("own", "Own", pipeline.Target, signature, fitted.Recipe, encoder, new GoldenRows(rows, outputs)), scorer);
    }

    /// <summary>The same model with another scorer of the same features.</summary>
    public static ModelPackage With(this ModelPackage package, Scorer scorer)
    {
        var (manifest, golden) = (package.Manifest, package.Manifest.Golden.Rows);
        var outputs = new FittedPipeline(manifest.Recipe, manifest.Encoder, scorer, manifest.Target).Predict(TextRows.ToTable(manifest.Signature.Inputs, golden)).Chunk(scorer.OutputCount).ToArray();
        return new ModelPackage(manifest with { Golden = new GoldenRows(golden, outputs) }, scorer);
    }
}
