using System.Diagnostics;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Serving;

/// <summary>How two models answer the same rows.</summary>
/// <param name="ChangedShare">Share of the rows with another class; for numbers, of those that differ by more than a hundredth of the spread of the earlier answers.</param>
/// <param name="Metric">Of the new model; null where the truth is not at hand. <see cref="Metric.Default"/> of the task.</param>
/// <param name="MetricBefore">Of the earlier model, on the same rows.</param>
/// <param name="Microseconds">Median time of the new model for one row, read and encoded.</param>
/// <param name="MicrosecondsBefore">And of the earlier one.</param>
public sealed record ModelComparison(int RowCount, double ChangedShare, Metric? MetricUsed, double? Metric, double? MetricBefore, double Microseconds, double MicrosecondsBefore)
{
    private const int TimedRows = 200;

    /// <summary>Why the two cannot be asked the same; null where they can.</summary>
    public static string? WhyNot(ModelPackage model, ModelPackage before, Table rows)
    {
        if (model.Manifest.Target.Task != before.Manifest.Target.Task || model.Manifest.Target.Column != before.Manifest.Target.Column)
            return $"The live version predicts '{before.Manifest.Target.Column}' ({before.Manifest.Target.Task.ToString().ToLowerInvariant()}), this one '{model.Manifest.Target.Column}' ({model.Manifest.Target.Task.ToString().ToLowerInvariant()}).";
        string[] missing = [.. before.Manifest.Signature.Used.Where(i => rows.Find(i.Name) is null).Select(i => i.Name)];
        return missing.Length > 0 ? $"The live version asks for {string.Join(", ", missing.Take(5))}, which the rows do not have." : null;
    }

    /// <param name="rows">Source rows, with the target where it is known.</param>
    public static ModelComparison Compare(ModelPackage model, ModelPackage before, Table rows, CancellationToken cancellationToken)
    {
        var (found, earlier) = (Answer(model, rows), Answer(before, rows));
        cancellationToken.ThrowIfCancellationRequested();
        var (metric, value) = Judge(model, rows, found);
        var (_, valueBefore) = Judge(before, rows, earlier);
        return new ModelComparison(rows.RowCount, Changed(model.Manifest.Target, before.Manifest.Target, found, earlier), metric, value, valueBefore, Time(model, rows), Time(before, rows));
    }

    /// <summary>Inputs by name, each of its model's kind; what the rows do not have is missing.</summary>
    private static Table Inputs(ModelPackage model, Table rows) => new(
        [.. model.Manifest.Signature.Inputs.Select(input => rows.Find(input.Name) is { } column ? ColumnConversion.Convert(column, input.Kind) : Missing(input, rows.RowCount))], rowCount: rows.RowCount);

    private static Column Missing(InputColumn input, int count) => TextRows.ToTable([input], [.. Enumerable.Range(0, count).Select(_ => (IReadOnlyList<string?>)[null])]).Columns[0];

    /// <summary>The model's answers to rows whose columns may be of other kinds, or not there.</summary>
    public static double[] Answer(ModelPackage model, Table rows) => model.Pipeline.Predict(Inputs(model, rows));

    private static (Metric? Metric, double? Value) Judge(ModelPackage model, Table rows, double[] outputs)
    {
        var target = model.Manifest.Target;
        if (rows.Find(target.Column) is not { } truth) return (null, null);
        var labels = new float[rows.RowCount];
        for (var row = 0; row < labels.Length; row++)
        {
            if (target.Task == LearningTask.Regression) labels[row] = truth is NumericColumn numbers ? (float)numbers.Values[row] : float.NaN;
            else labels[row] = truth.GetText(row) is { } name && target.Classes.ToList().IndexOf(name) is >= 0 and var index ? index : float.NaN;
        }
        // Rows without a truth, or with one that the model does not know, say nothing.
        int[] known = [.. Enumerable.Range(0, labels.Length).Where(row => !float.IsNaN(labels[row]))];
        if (known.Length == 0) return (null, null);
        var width = model.Pipeline.Scorer.OutputCount;
        var metric = Evaluation.Metric.Default(target.Task);
        double[] judged = [.. known.SelectMany(row => outputs.Skip(row * width).Take(width))];
        return (metric, MetricCalculator.Compute(metric, target.Task, Array.ConvertAll(known, row => labels[row]), judged, Math.Max(1, target.Classes.Count)));
    }

    private static double Changed(Target target, Target before, double[] found, double[] earlier)
    {
        if (target.Task == LearningTask.Regression)
        {
            if (earlier.Length == 0) return 0;
            var tolerance = (earlier.Max() - earlier.Min()) / 100;
            return found.Zip(earlier).Count(pair => !(Math.Abs(pair.First - pair.Second) <= tolerance)) / (double)earlier.Length;
        }
        var (width, widthBefore) = (target.Classes.Count, before.Classes.Count);
        var count = found.Length / width;
        var changed = 0;
        for (var row = 0; row < count; row++)
            if (target.Classes[target.Decide(found.AsSpan(row * width, width))] != before.Classes[before.Decide(earlier.AsSpan(row * widthBefore, widthBefore))]) changed++;
        return count == 0 ? 0 : changed / (double)count;
    }

    private static double Time(ModelPackage model, Table rows)
    {
        var predictor = new Predictor(model);
        var inputs = Inputs(model, rows);
        var times = new List<double>();
        for (var i = 0; i < 2 * TimedRows && rows.RowCount > 0; i++)
        {
            using var prediction = predictor.Begin();
            var began = Stopwatch.GetTimestamp();
            var row = prediction.Rows.AddRow();
            for (var c = 0; c < inputs.ColumnCount; c++)
                if (inputs.Columns[c].GetText(i % rows.RowCount) is { } text) prediction.Rows.SetText(row, c, text);
            prediction.Score(CancellationToken.None);
            // The first half warms up.
            if (i >= TimedRows) times.Add(Stopwatch.GetElapsedTime(began).TotalMicroseconds);
        }
        if (times.Count == 0) return 0;
        times.Sort();
        return times[times.Count / 2];
    }
}
