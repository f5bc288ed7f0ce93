using System.Globalization;

namespace ModelWorkbench.Core.Trainers;

/// <summary>Reads the trees out of LightGBM's model text.</summary>
/// <remarks>Format: LightGBM v4, src/io/tree.cpp and gbdt_model_text.cpp.</remarks>
internal static class LightGbmModelText
{
    private const int CategoricalBit = 1;
    private const int DefaultLeftBit = 2;

    private enum MissingType { None, Zero, NaN }

    /// <exception cref="InvalidDataException">The text is not a model of numerical splits with this shape.</exception>
    public static TreeEnsembleScorer Parse(string text, int featureCount, LearningTask task, int classCount)
    {
        var (link, outputs) = task switch
        {
            LearningTask.Binary => (TreeLink.Logistic, 2),
            LearningTask.Multiclass => (TreeLink.Softmax, classCount),
            _ => (TreeLink.Identity, 1),
        };
        var treesAnIteration = task == LearningTask.Multiclass ? classCount : 1;
        // Starting scores are already in the leaves of the first trees.
        var builder = new TreeEnsembleBuilder(featureCount, outputs, link, new double[treesAnIteration]);
        var trees = 0;
        Dictionary<string, string>? fields = null;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (line.StartsWith("Tree=") || line.StartsWith("end of trees"))
            {
                if (fields is not null) AddTree(builder, fields, trees++ % treesAnIteration, featureCount);
                fields = [];
                if (line.StartsWith("end")) break;
                continue;
            }
            if (fields is not null && line.IndexOf('=') is > 0 and var at) fields[line[..at].ToString()] = line[(at + 1)..].ToString();
        }
        if (trees == 0 || trees % treesAnIteration != 0)
            throw new InvalidDataException($"LightGBM's model text: found {trees} trees, expected a multiple of {treesAnIteration}.");
        return builder.Build();
    }

    private static void AddTree(TreeEnsembleBuilder builder, Dictionary<string, string> fields, int output, int featureCount)
    {
        var leaves = Numbers(fields, "leaf_value", null);
        if (!leaves.All(double.IsFinite)) throw new InvalidDataException("LightGBM's model text, leaf_value: found a number that is not finite: training diverged.");
        if (leaves.Length == 1)
        {
            builder.AddTree(-1, _ => TreeNode.EndsWith(new LeafEntry(output, leaves[0])));
            return;
        }
        var splits = leaves.Length - 1;
        var features = Integers(fields, "split_feature", splits, 0, featureCount - 1);
        var thresholds = Numbers(fields, "threshold", splits);
        var decisions = Integers(fields, "decision_type", splits, 0, 255);
        var left = Integers(fields, "left_child", splits, -leaves.Length, splits - 1);
        var right = Integers(fields, "right_child", splits, -leaves.Length, splits - 1);
        for (var node = 0; node < splits; node++)
            foreach (var child in (ReadOnlySpan<int>)[left[node], right[node]])
                if (child >= 0 && child <= node) throw new InvalidDataException($"LightGBM's model text: found child {child} of split {node}, expected one after it.");
        // Names: splits by their index, leaves by its complement, as in the text.
        builder.AddTree(0, node => node < 0
            ? TreeNode.EndsWith(new LeafEntry(output, leaves[~node]))
            : TreeNode.Split(features[node], TreeEnsembleBuilder.FloorToSingle(thresholds[node]), MissingGoesLeft(decisions[node], thresholds[node]), left[node], right[node]));
    }

    private static bool MissingGoesLeft(int decision, double threshold)
    {
        if ((decision & CategoricalBit) != 0) throw new InvalidDataException("LightGBM's model text: found a categorical split, expected numerical ones.");
        return (MissingType)(decision >> 2) switch
        {
            // Without missing values in training, LightGBM reads NaN as 0.
            MissingType.None => 0 <= threshold,
            MissingType.NaN => (decision & DefaultLeftBit) != 0,
            var other => throw new InvalidDataException($"LightGBM's model text: found missing type {other}, expected None or NaN."),
        };
    }

    private static double[] Numbers(Dictionary<string, string> fields, string name, int? count)
    {
        var parts = Parts(fields, name, count);
        return Array.ConvertAll(parts, p => p switch
        {
            // A split of missing values from all others.
            "inf" => double.PositiveInfinity,
            "-inf" => double.NegativeInfinity,
            _ => double.TryParse(p, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && !double.IsNaN(number) ? number
                : throw new InvalidDataException($"LightGBM's model text, {name}: found '{p}', expected a number."),
        });
    }

    private static int[] Integers(Dictionary<string, string> fields, string name, int count, int minimum, int maximum)
    {
        var parts = Parts(fields, name, count);
        return Array.ConvertAll(parts, p => int.TryParse(p, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= minimum && number <= maximum ? number
            : throw new InvalidDataException($"LightGBM's model text, {name}: found '{p}', expected {minimum} to {maximum}."));
    }

    private static string[] Parts(Dictionary<string, string> fields, string name, int? count)
    {
        var parts = fields.GetValueOrDefault(name, "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return parts.Length > 0 && parts.Length == (count ?? parts.Length) ? parts
            : throw new InvalidDataException($"LightGBM's model text, {name}: found {parts.Length} numbers, expected {count?.ToString(CultureInfo.InvariantCulture) ?? "some"}.");
    }
}
