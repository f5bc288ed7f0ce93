using System.Globalization;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Trainers;

/// <summary>The sample tables that ship with the product, and what the tests make of them.</summary>
internal static class Samples
{
    /// <summary>The trainer, or a skipped test where it cannot run on this machine at all: LightGBM needs a system library that slim systems lack.</summary>
    public static Trainer Trainer(string id)
    {
        var trainer = TrainerCatalog.Find(id);
        if (trainer is LightGbmTrainer && trainer.WhyNot(new TrainingShape(LearningTask.Binary, 100, 1, 2)) is { } reason) Assert.Skip(reason);
        return trainer;
    }

    public static JsonElement ScikitLearn { get; } =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Trainers", "Expected", "scikit_learn.json"))).RootElement;

    public static Table Read(string name)
    {
        var lines = File.ReadAllLines(Path.Combine(Root(), "samples", name));
        var header = Fields(lines[0]);
        var records = lines.Skip(1).Where(l => l.Length > 0).Select(Fields).ToArray();
        return new Table([.. header.Select((title, i) => ToColumn(title, [.. records.Select(r => r[i] is "" or "NA" ? null : r[i])]))]);
    }

    /// <summary>The rows of which the tests learn (number not divisible by 4), and the others.</summary>
    public static (Table Training, Table Test) Split(Table table)
    {
        var rows = Enumerable.Range(0, table.RowCount).ToLookup(r => r % 4 == 0);
        return (table.Take([.. rows[false]]), table.Take([.. rows[true]]));
    }

    public static (TrainingData Training, FeatureMatrix Test, float[] TestLabels, FittedFeatureEncoder Encoder, Target Target) Prepare(
        Table table, string column, LearningTask task, FeatureEncoding encoding)
    {
        var target = Target.Create(table, column, task);
        var (training, test) = Split(table);
        var encoder = FeatureEncoder.Fit(training.Without([column]), encoding, TestContext.Current.CancellationToken);
        return (new TrainingData(encoder.Encode(training), target.Labels(training), task, Math.Max(1, target.Classes.Count)), encoder.Encode(test), target.Labels(test), encoder, target);
    }

    /// <summary>One row of outputs a row of features.</summary>
    public static double[][] Score(Scorer scorer, FeatureMatrix features)
    {
        var scores = new double[features.RowCount][];
        for (var row = 0; row < scores.Length; row++) scorer.Score(features.Row(row), scores[row] = new double[scorer.OutputCount]);
        return scores;
    }

    public static double Accuracy(double[][] scores, float[] labels) =>
        scores.Zip(labels, (s, l) => Array.IndexOf(s, s.Max()) == (int)l ? 1.0 : 0).Average();

    public static double LogLoss(double[][] scores, float[] labels) =>
        scores.Zip(labels, (s, l) => -Math.Log(Math.Max(s[(int)l], 1e-15))).Average();

    public static double RootMeanSquaredError(double[][] scores, float[] labels) =>
        Math.Sqrt(scores.Zip(labels, (s, l) => (s[0] - l) * (s[0] - l)).Average());

    /// <summary>Random features with some missing, and labels that depend on them.</summary>
    public static TrainingData Synthetic(int rows, int features, LearningTask task, double missing, int seed = 1)
    {
        var random = new Random(seed);
        var values = new float[rows * features];
        var labels = new float[rows];
        for (var row = 0; row < rows; row++)
        {
            var own = values.AsSpan(row * features, features);
            foreach (ref var value in own) value = (float)((random.NextDouble() * 2) - 1);
            var sum = (2 * own[0]) + Math.Sin(3 * own[1]) + (3 * own[2] * own[3]) + random.NextDouble() - 0.5;
            labels[row] = task switch { LearningTask.Binary => sum > 0 ? 1 : 0, LearningTask.Multiclass => sum < -1 ? 0 : sum < 1 ? 1 : 2, _ => (float)sum };
            foreach (ref var value in own)
                if (random.NextDouble() < missing) value = float.NaN;
        }
        var classes = task switch { LearningTask.Binary => 2, LearningTask.Multiclass => 3, _ => 1 };
        return new TrainingData(new FeatureMatrix(values, rows, [.. Enumerable.Range(0, features).Select(f => $"f{f}")]), labels, task, classes);
    }

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "ModelWorkbench.sln"))) return folder.FullName;
        throw new InvalidOperationException("The repository's root was not found above the tests.");
    }

    private static Column ToColumn(string name, string?[] texts)
    {
        var numbers = Array.ConvertAll(texts, t => t is null ? double.NaN : double.TryParse(t, CultureInfo.InvariantCulture, out var n) ? n : double.PositiveInfinity);
        return numbers.Any(double.IsInfinity) ? DictionaryColumn.FromTexts(name, ColumnKind.Category, texts) : new NumericColumn(name, numbers);
    }

    private static string[] Fields(string line)
    {
        var fields = new List<string>();
        var field = new System.Text.StringBuilder();
        var quoted = false;
        foreach (var character in line)
        {
            if (character == '"') quoted = !quoted;
            else if (character == ',' && !quoted)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else field.Append(character);
        }
        fields.Add(field.ToString());
        return [.. fields];
    }
}
