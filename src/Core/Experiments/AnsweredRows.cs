using System.Runtime.InteropServices;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Experiments;

/// <summary>The rows that a model learns from, and what models of the folds that had not seen them answered: row by row, where a report only counts.</summary>
/// <param name="Classes">Their names; empty for numbers.</param>
/// <param name="Rows">0-based rows of the dataset, ascending, each once; without the locked test set.</param>
/// <param name="Truths">The class as its position, or the number; one a row.</param>
/// <param name="Answers">The class that is answered (the likeliest, or by the threshold where a person chose one) as its position, or the number, by the mean of the answers where a row was judged more than once; NaN where it never was, as in a split with a single validation part.</param>
/// <param name="Probabilities">Of the class that is answered; NaN for numbers, and where there is no answer.</param>
/// <param name="TruthProbabilities">Of the true class; NaN likewise.</param>
/// <remarks>As a file: "MWAR", the number of classes and their names, the number of rows and the lists, little-endian.</remarks>
public sealed record AnsweredRows(IReadOnlyList<string> Classes, int[] Rows, float[] Truths, float[] Answers, float[] Probabilities, float[] TruthProbabilities)
{
    private static ReadOnlySpan<byte> Signature => "MWAR"u8;

    /// <summary>Whether models of the folds judged the row at this place.</summary>
    public bool IsJudged(int place) => !float.IsNaN(Answers[place]);

    /// <summary>Where a row of the dataset stands in the lists; below 0 where it does not.</summary>
    public int PlaceOf(int row) => Array.BinarySearch(Rows, row);

    /// <summary>How far off an answer is: actual less predicted for numbers, 1 less the probability of the truth for classes.</summary>
    public double ErrorOf(int place) => Classes.Count == 0 ? Truths[place] - Answers[place] : 1 - TruthProbabilities[place];

    /// <summary>The places of judged rows of one true class that were taken for another, or for the same: most certain answer first.</summary>
    /// <param name="actual">Position of the true class; null for any.</param>
    /// <param name="predicted">Position of the answer; null for any.</param>
    public int[] Cell(int? actual, int? predicted)
    {
        var found = new List<int>();
        for (var place = 0; place < Rows.Length; place++)
            if (IsJudged(place) && (actual is null || (int)Truths[place] == actual) && (predicted is null || (int)Answers[place] == predicted)) found.Add(place);
        return [.. found.OrderByDescending(place => Probabilities[place]).ThenBy(place => place)];
    }

    /// <summary>Joins the folds' answers.</summary>
    /// <param name="data">Whose rows.</param>
    /// <param name="predictions">Of a trial.</param>
    /// <param name="threshold">Of two classes: the probability of the second from which on it is answered; null for the likelier.</param>
    /// <exception cref="InvalidOperationException">The predictions are not of the validation rows as they are split now.</exception>
    internal static AnsweredRows Of(ExperimentData data, ValidationPredictions predictions, double? threshold = null)
    {
        var width = data.ClassCount;
        var isNumber = data.Target.Task == LearningTask.Regression;
        var training = data.Split.Training.Table;
        var truths = new SortedDictionary<int, float>();
        Add(data.DatasetRows(training), data.Target.Labels(training));
        if (predictions.Outputs.Count != data.Folds.Count) throw new InvalidOperationException($"Found predictions of {predictions.Outputs.Count} folds, expected {data.Folds.Count}.");
        var folds = new List<(int[] Rows, double[] Outputs)>();
        for (var fold = 0; fold < data.Folds.Count; fold++)
        {
            var part = data.Part(fold);
            var rows = data.DatasetRows(part.Validation!);
            if (rows.Length * width != predictions.Outputs[fold].Length) throw new InvalidOperationException($"Fold {fold + 1}: found {predictions.Outputs[fold].Length} predictions for {rows.Length} rows.");
            Add(rows, part.ValidationLabels);
            folds.Add((rows, predictions.Outputs[fold]));
        }
        int[] all = [.. truths.Keys];
        var (sums, times) = (new double[all.Length * width], new int[all.Length]);
        foreach (var (rows, outputs) in folds)
            for (var i = 0; i < rows.Length; i++)
            {
                if (rows[i] < 0) continue;
                var place = Array.BinarySearch(all, rows[i]);
                times[place]++;
                for (var k = 0; k < width; k++) sums[(place * width) + k] += outputs[(i * width) + k];
            }
        float[] labels = [.. truths.Values];
        var (answers, probabilities, truthProbabilities) = (new float[all.Length], new float[all.Length], new float[all.Length]);
        for (var place = 0; place < all.Length; place++)
        {
            (answers[place], probabilities[place], truthProbabilities[place]) = (float.NaN, float.NaN, float.NaN);
            if (times[place] == 0) continue;
            var means = sums.AsSpan(place * width, width);
            foreach (ref var mean in means) mean /= times[place];
            answers[place] = isNumber ? (float)means[0] : Target.Decide(means, threshold);
            if (!isNumber) (probabilities[place], truthProbabilities[place]) = ((float)means[(int)answers[place]], (float)means[(int)labels[place]]);
        }
        return new AnsweredRows(isNumber ? [] : data.Target.Classes, all, labels, answers, probabilities, truthProbabilities);

        void Add(int[] rows, float[] known)
        {
            for (var i = 0; i < rows.Length; i++)
                if (rows[i] >= 0) truths.TryAdd(rows[i], known[i]);
        }
    }

    public void Write(Stream stream)
    {
        using var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true);
        writer.Write(Signature);
        writer.Write(Classes.Count);
        foreach (var name in Classes) writer.Write(name);
        writer.Write(Rows.Length);
        // Every platform that .NET 10 runs on is little-endian, as the file is.
        writer.Write(MemoryMarshal.AsBytes(Rows.AsSpan()));
        foreach (var list in new[] { Truths, Answers, Probabilities, TruthProbabilities }) writer.Write(MemoryMarshal.AsBytes(list.AsSpan()));
    }

    /// <exception cref="InvalidDataException">The bytes are no such file.</exception>
    public static AnsweredRows Read(Stream stream)
    {
        try
        {
            using var reader = new BinaryReader(stream, System.Text.Encoding.UTF8, leaveOpen: true);
            if (!reader.ReadBytes(4).AsSpan().SequenceEqual(Signature)) throw new InvalidDataException("Not a file of answered rows: expected it to begin with MWAR.");
            var classes = new string[reader.ReadInt32()];
            for (var i = 0; i < classes.Length; i++) classes[i] = reader.ReadString();
            var rows = new int[reader.ReadInt32()];
            reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(rows.AsSpan()));
            return new AnsweredRows(classes, rows, List(), List(), List(), List());

            float[] List()
            {
                var list = new float[rows.Length];
                reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(list.AsSpan()));
                return list;
            }
        }
        catch (Exception e) when (e is EndOfStreamException or OverflowException)
        {
            throw new InvalidDataException("Answered rows: the file ends too early.", e);
        }
    }
}
