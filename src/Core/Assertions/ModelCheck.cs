using System.Diagnostics;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Assertions;

/// <summary>Holds a model against an expectation.</summary>
public static class ModelCheck
{
    // What floating-point sums of trees differ by without meaning anything.
    private const double Rounding = 1e-9;
    private const int MostGridPoints = 21;
    private const int RowsTogether = 50;
    private const int Seed = 17;

    /// <summary>Asks the model for the rows as a caller would.</summary>
    public static AssertionFinding Check(ModelPackage package, Expectation.Answer expected, CancellationToken cancellationToken)
    {
        var target = package.Manifest.Target;
        var wanted = expected.Class is { } name ? target.Classes.ToList().IndexOf(name) : -1;
        if (expected.Class is not null && target.Task == LearningTask.Regression) return AssertionFinding.NotDecided($"A class is expected, but the model predicts a number.");
        if (expected.Class is null && target.Task != LearningTask.Regression) return AssertionFinding.NotDecided("A number is expected, but the model predicts a class.");
        using var prediction = new Predictor(package).Begin();
        var inputs = package.Manifest.Signature.Inputs;
        foreach (var row in expected.Rows)
        {
            var place = prediction.Rows.AddRow();
            // What the model does not read says nothing to it.
            foreach (var (i, input) in inputs.Index())
                if (row.GetValueOrDefault(input.Name) is { Length: > 0 } text) prediction.Rows.SetText(place, i, text);
        }
        if (prediction.Rows.Problems.Count > 0) return AssertionFinding.NotDecided($"The model cannot be asked: {prediction.Rows.Problems[0]}");
        prediction.Score(cancellationToken);
        var (breaking, worst, furthest) = (0, 0, double.PositiveInfinity);
        for (var row = 0; row < expected.Rows.Count; row++)
        {
            // At least 0 where it is as expected; the smallest is furthest from it.
            var outputs = prediction.Outputs(row);
            var margin = expected.Class is null
                ? Math.Min(outputs[0] - (expected.Low ?? double.NegativeInfinity), (expected.High ?? double.PositiveInfinity) - outputs[0])
                : wanted < 0 || prediction.AnsweredClass(row) != wanted ? (wanted < 0 ? 0 : outputs[wanted]) - 2 : outputs[wanted] - (expected.LeastProbability ?? 0);
            if (!(margin >= 0)) breaking++;
            if (margin >= furthest) continue;
            (worst, furthest) = (row, double.IsNaN(margin) ? double.NegativeInfinity : margin);
        }
        return new AssertionFinding(breaking == 0 ? AssertionOutcome.Passed : AssertionOutcome.Failed)
        {
            RowCount = expected.Rows.Count,
            BreakingCount = breaking,
            Figure = expected.Class is null ? prediction.Outputs(worst)[0] : wanted < 0 ? 0 : prediction.Outputs(worst)[wanted],
            Class = expected.Class is null ? null : target.Classes[prediction.AnsweredClass(worst)],
        };
    }

    /// <summary>Raises a column of some rows over the values that training rows had.</summary>
    /// <param name="package">The model.</param>
    /// <param name="expected">Which column, which way.</param>
    /// <param name="rows">As they stand in the file.</param>
    /// <param name="longest">What is not done by then is not decided, unless a row breaks it already.</param>
    /// <param name="cancellationToken">Looked at between rows.</param>
    public static AssertionFinding Check(ModelPackage package, Expectation.Monotone expected, Table rows, TimeSpan longest, CancellationToken cancellationToken)
    {
        var (signature, target) = (package.Manifest.Signature, package.Manifest.Target);
        if (signature.Inputs.FirstOrDefault(i => i.Name == expected.Column) is not { } input) return AssertionFinding.NotDecided($"The model has no column '{expected.Column}'.");
        if (input.Kind != ColumnKind.Numeric) return AssertionFinding.NotDecided($"Column '{expected.Column}' holds {input.Kind.ToString().ToLowerInvariant()} values; only numbers can be raised.");
        var output = 0;
        if (target.Task == LearningTask.Regression)
        {
            if (expected.Class is not null) return AssertionFinding.NotDecided("The probability of a class is expected, but the model predicts a number.");
        }
        else
        {
            output = expected.Class is { } name ? target.Classes.ToList().IndexOf(name) : target.Task == LearningTask.Binary ? 1 : -1;
            if (output < 0) return AssertionFinding.NotDecided(expected.Class is null ? "The model tells more than two classes; it takes the class whose probability is meant." : $"The model has no class '{expected.Class}'.");
        }
        double[] grid = [.. new[] { input.Minimum, input.Maximum }.OfType<double>().Concat(input.Training?.LowerBounds ?? []).Concat(Evenly(input)).Distinct().Order()];
        if (grid.Length < 2) return AssertionFinding.NotDecided($"Column '{expected.Column}' had one value alone when the model was trained, so there is nothing to raise it over.");
        var chosen = RowSample.Take(rows.RowCount, expected.RowCount, Seed);
        if (chosen.Length == 0) return AssertionFinding.NotDecided("There is no row to try it on.");

        var own = rows.Find(expected.Column) as NumericColumn;
        var width = package.Pipeline.Scorer.OutputCount;
        var clock = Stopwatch.StartNew();
        var (tried, breaking) = (0, 0);
        MonotoneBreak? worst = null;
        foreach (var part in chosen.Chunk(RowsTogether))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (clock.Elapsed > longest) break;
            // The row's own value is one of the points.
            double[][] points = [.. part.Select(row => own is { } numbers && double.IsFinite(numbers.Values[row]) ? [.. grid.Append(numbers.Values[row]).Distinct().Order()] : grid)];
            int[] repeated = [.. part.SelectMany((row, i) => Enumerable.Repeat(row, points[i].Length))];
            var moved = rows.Take(repeated).With(new NumericColumn(expected.Column, [.. points.SelectMany(p => p)]));
            double[] answers;
            try
            {
                answers = ModelComparison.Answer(package, moved);
            }
            catch (Exception e) when (e is ArgumentException or KeyNotFoundException or FormatException or RecipeException)
            {
                return AssertionFinding.NotDecided($"The rows do not suit the model: {e.Message}");
            }
            var first = 0;
            foreach (var (i, row) in part.Index())
            {
                if (WorstOf(points[i], answers.AsSpan(first * width), width, output, expected.Rises, rows.LineNumbers[row]) is { } found && Size(found) > expected.Slack + (Rounding * Math.Max(1, Math.Abs(found.Before))))
                {
                    breaking++;
                    if (worst is null || Size(found) > Size(worst)) worst = found;
                }
                first += points[i].Length;
            }
            tried += part.Length;
        }
        var outcome = worst is not null ? AssertionOutcome.Failed : tried == chosen.Length ? AssertionOutcome.Passed : AssertionOutcome.NotDecided;
        return new AssertionFinding(outcome, outcome == AssertionOutcome.NotDecided ? $"Within {longest.TotalSeconds:N0} s only {tried} of {chosen.Length} rows were tried; none of them breaks it. Expect it of fewer rows." : null) { RowCount = tried, BreakingCount = breaking, Worst = worst };
    }

    /// <summary>Decides about a segment by its measured figure.</summary>
    public static AssertionFinding Check(Expectation.Segment expected, SegmentFigure measured)
    {
        if (measured.RowCount < expected.FewestRows && (measured.RowCount > 0 || measured.WhyNot is null))
            return AssertionFinding.NotDecided($"Too few rows: {measured.RowCount} that the model had not seen {(measured.RowCount == 1 ? "is" : "are")} in the segment, expected at least {expected.FewestRows}.") with { RowCount = measured.RowCount, Figure = measured.Figure };
        if (measured.Figure is not { } figure || !double.IsFinite(figure)) return AssertionFinding.NotDecided(measured.WhyNot ?? "There is no figure.") with { RowCount = measured.RowCount };
        var isMet = expected.AtLeast is { } least ? figure >= least : figure <= expected.AtMost;
        return new AssertionFinding(isMet ? AssertionOutcome.Passed : AssertionOutcome.Failed) { RowCount = measured.RowCount, Figure = figure };
    }

    /// <summary>Between the smallest and the largest value, so that long stretches without training rows are walked through too.</summary>
    private static IEnumerable<double> Evenly(InputColumn input)
    {
        if (input is not { HasRange: true, Minimum: { } low, Maximum: { } high } || !double.IsFinite(high - low)) return [];
        var values = Enumerable.Range(0, MostGridPoints).Select(i => low + ((high - low) * i / (MostGridPoints - 1)));
        return input.WholeNumbers ? values.Select(v => Math.Round(v)) : values;
    }

    private static double Size(MonotoneBreak found) => Math.Abs(found.After - found.Before);

    /// <summary>The largest way back: from the highest answer so far to a later one below it, or the other way round.</summary>
    private static MonotoneBreak? WorstOf(double[] points, ReadOnlySpan<double> answers, int width, int output, bool rises, int line)
    {
        MonotoneBreak? worst = null;
        var best = 0;
        for (var i = 1; i < points.Length; i++)
        {
            var (before, after) = (answers[(best * width) + output], answers[(i * width) + output]);
            if (rises ? after >= before : after <= before) best = i;
            else if (worst is null || Math.Abs(after - before) > Size(worst)) worst = new MonotoneBreak(line, points[best], points[i], before, after);
        }
        return worst;
    }
}
