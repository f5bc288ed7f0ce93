using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Experiments;

/// <summary>Explains a finished model on raw columns: what they add to answers, how answers move with them, the model in a few rules, and where it errs.</summary>
internal sealed class ExplanationRunner(ExperimentData data, int threads, JobFolder folder, Action<ExperimentEvent> report)
{
    private const int MostExplainedRows = 500;
    private const int RowsTogether = 16;
    private const double MostSeconds = 40;

    // One row alone may take long where a model is slow and has to be sampled.
    private const double LongestSeconds = 600;
    private const long MostNumbers = 5_000_000;

    // A point for each row, column and class is drawn: more would be a page that does not open.
    private const int MostPointColumns = 12;
    private const int MostPoints = 40_000;

    private const int DependenceRows = 300;
    private const int DependenceColumns = 12;
    // Every row is answered with the columns of every other, for every pair.
    private const int InteractionRows = 80;
    private const int InteractionColumns = 8;
    private const double InteractionSeconds = 60;
    private const int SurrogateRows = 5_000;
    private const int SurrogateDepth = 3;
    private const int FewestSurrogateRows = 40;
    private const int MostWorstRows = 100;
    private const int WorstRowsAPair = 4;
    private const int MostWorstRowColumns = 200;
    private const int MostErrorRows = 20_000;

    private readonly Target _target = data.Target;

    public void Run(JobWork.Explain work, CancellationToken cancellationToken)
    {
        ModelPackage package;
        using (var file = File.OpenRead(work.ModelFile)) package = ModelPackage.Read(file);
        var rows = new ModelBuilder(data, new TrialRunner(data, threads), threads).TrainingSource;
        Tell(0, "what columns add to answers");
        var contributions = Explanation.Run(token => Contributions(package, Sample(rows, MostExplainedRows), token), LongestSeconds, cancellationToken);
        var columns = contributions.Value?.Columns.Select(c => c.Column).ToArray() ?? [.. package.Manifest.Signature.Used.Select(i => i.Name)];

        var some = Sample(rows, DependenceRows);
        var dependence = new List<PartialDependence>();
        string[] asked = [.. columns.Where(c => PartialDependence.WhyNot(some[c]) is null).Take(DependenceColumns)];
        foreach (var (i, column) in asked.Index())
        {
            Tell(0.5 + (0.2 * i / asked.Length), $"how answers move with {column}");
            dependence.Add(PartialDependence.Compute(some, column, table => Answers(package.Pipeline.Predict(table)), AnswerCount, cancellationToken));
        }
        Tell(0.7, "which columns it uses together");
        string[] paired = [.. asked.Take(InteractionColumns)];
        var interactions = paired.Length < 2 ? new Explanation<Interactions>(null, "There are fewer than two columns to pair.")
            : Explanation.Run(token => Interactions.Compute(Sample(rows, InteractionRows), paired, table => Answers(package.Pipeline.Predict(table)), AnswerCount, share => Tell(0.7 + (0.1 * share), "which columns it uses together"), token), InteractionSeconds, cancellationToken);
        Tell(0.8, "the model in a few rules");
        var surrogate = Surrogate(package, Sample(rows, SurrogateRows), cancellationToken);
        Tell(0.9, "where it errs");
        var errors = Errors(ValidationPredictions.Of(work.Trial), work.Trial.Threshold, cancellationToken);

        Tell(0.95, "how rows differ from those that it learnt from");
        var drift = Drift(cancellationToken);

        const string reportFile = "explanation.json";
        folder.Write(reportFile, stream => JsonSerializer.Serialize(stream, new ModelExplanation(contributions.Value, contributions.WhyNot, dependence, surrogate, errors) { Interactions = interactions.Value, InteractionsNote = interactions.WhyNot, Drift = drift }, CoreJson.Options));
        report(new ExplanationReady(reportFile));

        void Tell(double share, string phase) => report(new TrialProgressed(work.Trial.Number, share, phase));
    }

    /// <summary>Of two classes the second says it all.</summary>
    private int AnswerCount => _target.Task == LearningTask.Multiclass ? _target.Classes.Count : 1;

    private IReadOnlyList<string> AnswerNames => _target.Task switch
    {
        LearningTask.Regression => [_target.Column],
        LearningTask.Binary => [_target.Classes[1]],
        _ => _target.Classes,
    };

    private double[] Answers(double[] outputs) => _target.Task == LearningTask.Binary ? [.. outputs.Where((_, i) => i % 2 == 1)] : outputs;

    private Table Sample(Table rows, int most) => rows.RowCount <= most ? rows : rows.Take(RowSample.Take(rows.RowCount, most, data.Plan.Split.Seed));

    private ContributionReport Contributions(ModelPackage package, Table rows, CancellationToken cancellationToken)
    {
        var explainer = new RowExplainer(package);
        var (sums, columns) = (explainer.Base.Count, explainer.Columns.Count);
        var wanted = (int)Math.Clamp(MostNumbers / Math.Max(1, sums * columns), 1, Math.Min(rows.RowCount, MostExplainedRows));
        var found = new List<RowContributions>(wanted);
        var clock = Stopwatch.StartNew();
        // Rows were drawn at random but stand in order: those that are explained before time is up shall not be the first of the file.
        int[] order = [.. Enumerable.Range(0, rows.RowCount)];
        new Random(data.Plan.Split.Seed).Shuffle(order);
        while (found.Count < wanted && (found.Count == 0 || clock.Elapsed.TotalSeconds < MostSeconds))
        {
            int[][] next = [.. order[found.Count..Math.Min(wanted, found.Count + (RowsTogether * threads))].Chunk(RowsTogether)];
            var parts = new RowContributions[next.Length][];
            Parallel.For(0, next.Length, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken },
                i => parts[i] = explainer.Explain(rows.Take(next[i]), cancellationToken));
            found.AddRange(parts.SelectMany(p => p));
        }
        var explained = rows.Take(order[..found.Count]);
        double[][] size = [.. Enumerable.Range(0, columns).Select(column => Enumerable.Range(0, sums).Select(sum => found.Average(f => Math.Abs(f.Values[(sum * columns) + column]))).ToArray())];
        int[] ranked = [.. Enumerable.Range(0, columns).OrderByDescending(column => size[column].Sum())];
        var drawn = Math.Min(found.Count, Math.Max(1, MostPoints / (sums * Math.Min(columns, MostPointColumns))));
        return new ContributionReport(explainer.Scale, explainer.IsExact, AnswerNames, explainer.Base, found.Count, explainer.BackgroundCount,
            [.. ranked.Select((column, rank) => new ColumnContributions(explainer.Columns[column], size[column], rank < MostPointColumns ? Points(column) : null))]);

        ContributionPoints Points(int column)
        {
            float[][] added = [.. Enumerable.Range(0, sums).Select(sum => found.Take(drawn).Select(f => (float)f.Values[(sum * columns) + column]).ToArray())];
            var source = explained[explainer.Columns[column]].Take([.. Enumerable.Range(0, drawn)]);
            return new ContributionPoints([.. Enumerable.Range(0, drawn).Select(source.GetText)], PositionsOf(source, added[0]), added);
        }
    }

    /// <summary>Where each value lies among all, 0 to 1; equal ones in the middle of the ranks that they share.</summary>
    private static float?[] PositionsOf(Column column, float[] added)
    {
        double[] values;
        if (column is DictionaryColumn names)
        {
            var means = Enumerable.Range(0, column.Length).GroupBy(row => names.Codes[row]).ToDictionary(g => g.Key, g => g.Average(row => added[row]));
            values = [.. Enumerable.Range(0, column.Length).Select(row => (double)means[names.Codes[row]])];
        }
        else values = Discretizer.Numbers(column);
        double[] present = [.. Enumerable.Range(0, column.Length).Where(row => !column.IsMissing(row)).Select(row => values[row]).Order()];
        var ranks = present.Index().GroupBy(v => v.Item, v => v.Index).ToDictionary(g => g.Key, g => g.Average());
        return [.. Enumerable.Range(0, column.Length).Select(row => column.IsMissing(row) ? (float?)null : present.Length < 2 ? 0.5f : (float)(ranks[values[row]] / (present.Length - 1)))];
    }

    private SurrogateTree? Surrogate(ModelPackage package, Table rows, CancellationToken cancellationToken)
    {
        if (rows.RowCount < 2 * FewestSurrogateRows) return null;
        var answers = Answers(package.Pipeline.Predict(rows));
        int[] shuffled = [.. Enumerable.Range(0, rows.RowCount)];
        new Random(data.Plan.Split.Seed).Shuffle(shuffled);
        var held = rows.RowCount / 4;
        int[] learnt = shuffled[held..], told = shuffled[..held];
        double[] Of(int[] some) => [.. some.SelectMany(row => answers.AsSpan(row * AnswerCount, AnswerCount).ToArray())];
        var tree = ReadableTree.Fit(rows.Take(learnt), [.. package.Manifest.Signature.Used.Select(i => i.Name)], Of(learnt), AnswerCount, SurrogateDepth, Math.Max(5, learnt.Length / 50), cancellationToken);
        var truth = Of(told);
        var (errors, deviations, agree) = (0.0, 0.0, 0);
        double[] means = [.. Enumerable.Range(0, AnswerCount).Select(k => told.Average(row => answers[(row * AnswerCount) + k]))];
        foreach (var part in tree.Parts(rows.Take(told)))
            foreach (var row in part.Rows)
            {
                var own = truth.AsSpan(row * AnswerCount, AnswerCount);
                for (var k = 0; k < AnswerCount; k++)
                {
                    errors += (own[k] - part.Means[k]) * (own[k] - part.Means[k]);
                    deviations += (own[k] - means[k]) * (own[k] - means[k]);
                }
                if (ClassOf(own) == ClassOf(part.Means)) agree++;
            }
        return new SurrogateTree(AnswerNames, [.. tree.Parts(rows.Take(learnt)).Select(p => new SurrogateLeaf(p.Conditions, p.Rows.Length, p.Means))],
            deviations == 0 ? null : 1 - (errors / deviations), _target.Task == LearningTask.Regression ? null : (double)agree / told.Length, learnt.Length);
    }

    private int ClassOf(ReadOnlySpan<double> answers) => _target.Task == LearningTask.Binary ? answers[0] > 0.5 ? 1 : 0 : Target.Likeliest(answers);

    private ErrorReport Errors(ValidationPredictions predictions, double? threshold, CancellationToken cancellationToken)
    {
        var (rows, labels, outputs) = data.Judged(predictions);
        var isNumber = _target.Task == LearningTask.Regression;
        var width = data.ClassCount;
        double[] answers = isNumber ? outputs : [.. labels.Select((_, row) => (double)Target.Decide(outputs.AsSpan(row * width, width), threshold))];
        double[] errors = [.. labels.Select((label, row) => isNumber ? Math.Abs(outputs[row] - label) : 1 - outputs[(row * width) + (int)label])];
        // For people a row is right or wrong; to find slices it helps to know by how much.
        double[] told = isNumber ? errors : [.. labels.Select((label, row) => label == answers[row] ? 0.0 : 1.0)];
        string[] columns = [.. rows.Columns.Select(c => c.Name).Where(name => name != _target.Column)];
        var kept = rows.RowCount <= MostErrorRows ? [.. Enumerable.Range(0, rows.RowCount)] : RowSample.Take(rows.RowCount, MostErrorRows, data.Plan.Split.Seed);
        var slices = ErrorSlices.Find(rows.Take(kept), columns, Array.ConvertAll(kept, row => errors[row]), Array.ConvertAll(kept, row => told[row]), data.Plan.Split.Seed, cancellationToken);

        int[] ordered = [.. Enumerable.Range(0, errors.Length).OrderByDescending(row => errors[row])];
        int[] worst = [.. isNumber ? ordered.Take(MostWorstRows) : ordered.Take(MostWorstRows).Concat(ordered.GroupBy(row => (labels[row], answers[row])).SelectMany(pair => pair.Take(WorstRowsAPair))).Distinct().OrderByDescending(row => errors[row])];
        string[] shown = [.. columns.Take(MostWorstRowColumns)];
        var datasetRows = data.DatasetRows(rows.Take(worst));
        return new ErrorReport(
            rows.RowCount, slices, shown,
            [.. worst.Select((row, i) => new WorstRow(rows.LineNumbers[row], Text(labels[row]), Text(answers[row]), errors[row], [.. shown.Select(name => rows[name].GetText(row))]) { Row = datasetRows[i] })],
            [.. columns.Select(name => GroupReport.Compute(rows[name], _target.Task, labels, answers)).OfType<GroupReport>().OrderByDescending(g => g.Differences[0] ?? -1)])
        {
            Threshold = threshold,
        };

        string Text(double answer) => isNumber ? answer.ToString("G6", CultureInfo.InvariantCulture) : _target.Classes[(int)answer];
    }

    /// <summary>Training rows beside the validation rows of the last fold, and beside the locked test set: nothing is chosen by it.</summary>
    private IReadOnlyList<PartDrift> Drift(CancellationToken cancellationToken)
    {
        var seed = data.Plan.Split.Seed;
        var last = data.Folds[^1];
        List<PartDrift> found = [Measure(DriftPart.Validation, SourceOf(last.Training.Table.LineNumbers), SourceOf(last.Validation.Table.LineNumbers))];
        if (data.Split.Test.RowCount == 0) return found;
        var test = new int[data.Split.Test.RowCount];
        for (var i = 0; i < test.Length; i++) test[i] = data.Prepared.Rows.LineNumbers[data.Split.Test.Positions[i]];
        found.Add(Measure(DriftPart.Test, SourceOf(data.Split.Training.Table.LineNumbers), SourceOf(test)));
        return found;

        PartDrift Measure(DriftPart part, Table before, Table after) => PartDrift.Measure(part, before, after, _target.Column, seed, cancellationToken);

        Table SourceOf(ReadOnlySpan<int> lines)
        {
            var wanted = lines.ToArray().ToHashSet();
            return data.Source.Take([.. Enumerable.Range(0, data.Source.RowCount).Where(row => wanted.Contains(data.Source.LineNumbers[row]))]);
        }
    }
}
