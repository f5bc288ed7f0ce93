using System.Globalization;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Tests.Recipes;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Evaluation;

/// <summary>Three sample data sets of each task, each with one and the same tree here and in scikit-learn (datasets.py): everything that is told of it has to be the same.</summary>
public sealed class DatasetFigureTests
{
    private static readonly JsonElement[] Known = [.. Samples.Expected("Evaluation", "datasets.json").EnumerateArray()];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<int> Sets => [.. Enumerable.Range(0, 9)];

    [Fact]
    public void There_are_three_sets_of_each_task() => Assert.All(Known.GroupBy(k => k.GetProperty("task").GetString()), task => Assert.Equal(3, task.Select(k => $"{k.GetProperty("file")} {k.GetProperty("target")}").Distinct().Count()));

    [Theory]
    [MemberData(nameof(Sets))]
    public void Measures_and_curves_are_scikit_learns(int index)
    {
        var known = Known[index];
        var report = Report(known);
        foreach (var measure in known.GetProperty("measures").EnumerateObject()) Assert.Equal(measure.Value.GetDouble(), report.Metrics[measure.Name]!.Value, 1e-9 * Math.Max(1, Math.Abs(measure.Value.GetDouble())));
        var curves = known.GetProperty("curves").EnumerateArray().ToArray();
        Assert.Equal(curves.Length, report.Classification?.Roc.Count ?? 0);
        foreach (var (c, curve) in curves.Index())
        {
            var (roc, recall) = (report.Classification!.Roc[c], report.Classification.PrecisionRecall[c]);
            Assert.Equal(curve.GetProperty("auc").GetDouble(), roc.Auc, 1e-12);
            Assert.Equal(curve.GetProperty("fpr").Doubles(), roc.FalsePositiveRate, new Near(1e-12));
            Assert.Equal(curve.GetProperty("tpr").Doubles(), roc.TruePositiveRate, new Near(1e-12));
            Assert.Equal(curve.GetProperty("averagePrecision").GetDouble(), recall.AveragePrecision, 1e-12);
            Assert.Equal(curve.GetProperty("recall").Doubles(), recall.Recall, new Near(1e-12));
            Assert.Equal(curve.GetProperty("precision").Doubles(), recall.Precision, new Near(1e-12));
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Principal_components_are_scikit_learns(int index)
    {
        var known = Known[index];
        var rows = Rows(known);
        var names = known.GetProperty("columns").Strings();
        var features = new FeatureMatrix([.. Enumerable.Range(0, rows.RowCount).SelectMany(row => names.Select(name => (float)((NumericColumn)rows[name]).Values[row]))], rows.RowCount, names);
        var report = PcaReporter.Create(features, null, null, standardize: true, seed: 1, Cancellation);
        var components = known.GetProperty("components");
        Assert.Equal(components.GetProperty("ratio").Doubles(), report.ExplainedVarianceRatio.Take(components.GetProperty("ratio").GetArrayLength()), new Near(1e-9));
        Assert.Equal(components.GetProperty("loadings").EnumerateArray().SelectMany(c => c.Doubles()), report.Loadings.SelectMany(l => l), new Near(1e-6));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Permutation_importance_is_scikit_learns(int index)
    {
        var known = Known[index];
        var (importance, columns) = (known.GetProperty("importance"), known.GetProperty("columns").Strings());
        var (repeats, metric) = (importance.GetProperty("repeats").GetInt32(), Metric.Parse(importance.GetProperty("metric").GetString()!));
        var predict = Model(known);
        var (means, deviations) = (importance.GetProperty("mean").Doubles(), importance.GetProperty("deviation").Doubles());
        var rows = Rows(known);
        var labels = Labels(known, rows);
        var classCount = Math.Max(1, known.GetProperty("classes").GetArrayLength());
        var task = Enum.Parse<LearningTask>(known.GetProperty("task").GetString()!, ignoreCase: true);
        var found = PermutationImportanceCalculator.Compute(rows, columns, mixed => MetricCalculator.Compute(metric, task, labels, predict(mixed), classCount)!.Value, metric, repeats, seed: 1, null, Cancellation);
        foreach (var (c, name) in columns.Index())
        {
            var own = found.Columns.Single(column => column.Column == name);
            // Both are means of random shuffles: they differ by no more than five standard errors of the difference.
            Assert.Equal(means[c], own.MeanDrop, 1e-9 + (5 * deviations[c] * Math.Sqrt(2.0 / repeats)));
            Assert.Equal(deviations[c], own.StandardDeviation, 1e-9 + (0.3 * deviations[c]));
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Partial_dependence_is_scikit_learns(int index)
    {
        var known = Known[index];
        var rows = Rows(known);
        var predict = Model(known);
        var isBinary = known.GetProperty("task").GetString() == "binary";
        var answers = isBinary ? 1 : Math.Max(1, known.GetProperty("classes").GetArrayLength());
        foreach (var column in known.GetProperty("dependence").EnumerateObject())
        {
            var found = PartialDependence.Compute(rows, column.Name, table => isBinary ? [.. predict(table).Where((_, i) => i % 2 == 1)] : predict(table), answers, Cancellation);
            var (grid, means) = (column.Value.GetProperty("grid").Doubles(), column.Value.GetProperty("means").EnumerateArray().Select(m => m.Doubles()).ToArray());
            Assert.True(found.Values.Count >= Math.Min(5, grid.Length));
            for (var v = 0; v < found.Values.Count; v++)
            {
                var at = Array.IndexOf(grid, double.Parse(found.Values[v], CultureInfo.InvariantCulture));
                Assert.True(at >= 0, $"{column.Name}: {found.Values[v]} is no value of the rows.");
                for (var k = 0; k < answers; k++) Assert.Equal(means[at][k], found.Means[k][v], 1e-9 * Math.Max(1, Math.Abs(means[at][k])));
            }
        }
    }

    private static EvaluationReport Report(JsonElement known)
    {
        var rows = Rows(known);
        var (labels, answers) = (Labels(known, rows), Model(known)(rows));
        return known.GetProperty("task").GetString() == "regression"
            ? Evaluator.Regression([.. ((NumericColumn)rows[known.GetProperty("target").GetString()!]).Values.ToArray()], answers)
            : Evaluator.Classification(known.GetProperty("classes").Strings(), Array.ConvertAll(labels, l => (int)l), answers);
    }

    /// <summary>Complete rows, thinned as there; numbers with the precision that features have.</summary>
    private static Table Rows(JsonElement known)
    {
        var table = Samples.Read(known.GetProperty("file").GetString()!);
        string[] names = [.. known.GetProperty("columns").Strings(), known.GetProperty("target").GetString()!];
        int[] complete = [.. Enumerable.Range(0, table.RowCount).Where(row => names.All(name => !table[name].IsMissing(row)))];
        var step = known.GetProperty("step").GetInt32();
        var rows = table.Take([.. complete.Where((_, i) => i % step == 0)]);
        Assert.Equal(known.GetProperty("rowCount").GetInt32(), rows.RowCount);
        foreach (var name in known.GetProperty("columns").Strings()) rows = rows.With(new NumericColumn(name, [.. ((NumericColumn)rows[name]).Values.ToArray().Select(v => (double)(float)v)]));
        return rows;
    }

    private static float[] Labels(JsonElement known, Table rows)
    {
        var (target, classes) = (rows[known.GetProperty("target").GetString()!], known.GetProperty("classes").Strings().ToList());
        return [.. Enumerable.Range(0, rows.RowCount).Select(row => classes.Count == 0 ? (float)((NumericColumn)target).Values[row] : classes.IndexOf(target.GetText(row)!))];
    }

    private static Func<Table, double[]> Model(JsonElement known)
    {
        var tree = known.GetProperty("tree");
        int[] Ints(string name) => [.. tree.GetProperty(name).EnumerateArray().Select(v => v.GetInt32())];
        var (features, thresholds, left, right) = (Ints("features"), tree.GetProperty("thresholds").Doubles(), Ints("left"), Ints("right"));
        double[][] values = [.. tree.GetProperty("values").EnumerateArray().Select(v => v.Doubles())];
        var (columns, outputs) = (known.GetProperty("columns").Strings(), values[0].Length);
        var builder = new TreeEnsembleBuilder(columns.Length, outputs, TreeLink.Average, new double[outputs]);
        builder.AddTree(0, n => left[n] < 0 ? TreeNode.EndsWith([.. values[n].Select((value, k) => new LeafEntry(k, value))]) : TreeNode.Split(features[n], TreeEnsembleBuilder.FloorToSingle(thresholds[n]), true, left[n], right[n]));
        var scorer = builder.Build();
        return rows =>
        {
            var found = new double[rows.RowCount * outputs];
            for (var row = 0; row < rows.RowCount; row++)
                scorer.Score([.. columns.Select(name => (float)((NumericColumn)rows[name]).Values[row])], found.AsSpan(row * outputs, outputs));
            return found;
        };
    }
}
