using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Exports.Onnx;
using ModelWorkbench.Core.Exports.Sources;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Serving.Dialects;
using ModelWorkbench.Core.Tests.Exports;
using ModelWorkbench.Core.Tests.Serving;
using ModelWorkbench.Core.Trainers;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Models;

/// <summary>A model that answers the second of two classes from a probability on, wherever it is asked.</summary>
public sealed class ThresholdTests
{
    private const double Low = 0.2;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static readonly Table Rows = Table(
        Numbers("a", [.. Enumerable.Range(0, 300).Select(i => i / 30.0)]), Categories("class", [.. Enumerable.Range(0, 300).Select(i => (i * 7919 % 300) + i > 300 ? "yes" : "no")]));

    private static readonly Lazy<ModelPackage> Model = new(() => ServingModels.Train(Rows, "class", new Recipe([]), "linear-lbfgs", Cancel));

    private static ModelPackage Decided(double? threshold) => Model.Value.WithThreshold(threshold, null);

    private static byte[] Bytes(ModelPackage package)
    {
        using var stream = new MemoryStream();
        package.Write(stream);
        return stream.ToArray();
    }

    [Theory]
    [InlineData(0.3, 0.7, null, 1)]
    [InlineData(0.7, 0.3, null, 0)]
    [InlineData(0.5, 0.5, null, 0)]
    [InlineData(0.5, 0.5, 0.5, 1)]
    [InlineData(0.7, 0.3, 0.3, 1)]
    [InlineData(0.7, 0.29999, 0.3, 0)]
    [InlineData(0.1, 0.9, 0.95, 0)]
    [InlineData(double.NaN, double.NaN, 0.5, 0)]
    public void The_second_class_is_answered_from_the_threshold_on(double first, double second, double? threshold, int answer) =>
        Assert.Equal(answer, new Target("y", LearningTask.Binary, ["no", "yes"]) { Threshold = threshold }.Decide([first, second]));

    [Fact]
    public void Without_a_threshold_a_package_is_what_it_was_and_with_one_older_programs_refuse_it()
    {
        var plain = Bytes(Model.Value);
        Assert.Equal((byte)'2', plain[3]);
        Assert.Equal(plain, Bytes(Decided(Low).WithThreshold(null, Model.Value.Manifest.Answers)));
        Assert.DoesNotContain("threshold", Encoding.UTF8.GetString(plain), StringComparison.OrdinalIgnoreCase);

        var decided = Bytes(Decided(Low));
        Assert.Equal((byte)'3', decided[3]);
        var read = ModelPackage.Read(new MemoryStream(decided));
        Assert.Equal(Low, read.Manifest.Target.Threshold);
        Assert.Equal(Low, read.Pipeline.Target.Threshold);
        Assert.Equal(Model.Value.Manifest.Golden.Outputs[0], read.Manifest.Golden.Outputs[0]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void What_is_no_threshold_is_refused(double threshold) => Assert.Contains("expected more than 0, at most 1", Assert.Throws<ArgumentException>(() => Decided(threshold)).Message);

    [Fact]
    public void A_threshold_is_for_two_classes()
    {
        var three = ServingModels.Train(Read("penguins.csv"), "species", new Recipe([]), "naive-bayes", Cancel);
        Assert.Contains("the model predicts one of 3 classes", Assert.Throws<ArgumentException>(() => three.WithThreshold(0.3, null)).Message);
    }

    [Fact]
    public void All_dialects_and_files_answer_by_it()
    {
        var (plain, decided) = (Model.Value, Decided(Low));
        double[] asked = [.. Enumerable.Range(0, 41).Select(i => i / 4.0)];
        var outputs = plain.Pipeline.Predict(Table(Numbers("a", asked)));
        string[] likelier = [.. asked.Select((_, i) => outputs[(2 * i) + 1] > outputs[2 * i] ? "yes" : "no")], expected = [.. asked.Select((_, i) => outputs[(2 * i) + 1] >= Low ? "yes" : "no")];
        Assert.NotEqual(likelier, expected);
        foreach (var (package, answers) in new[] { (plain, likelier), (decided, expected) })
        {
            var predictor = new Predictor(package);
            foreach (var dialect in new[] { Dialect.Native, Dialect.MlflowScoring, Dialect.TensorFlowServing, Dialect.OpenInference })
            {
                using var prediction = predictor.Begin();
                foreach (var value in asked) prediction.Rows.SetText(prediction.Rows.AddRow(), 0, value.ToString(CultureInfo.InvariantCulture));
                prediction.Score(Cancel);
                Assert.Equal(answers, asked.Select((_, row) => package.Manifest.Target.Classes[prediction.AnsweredClass(row)]));
                var written = new ArrayBufferWriter<byte>();
                dialect.Write(prediction, "m", 1, written);
                var text = Encoding.UTF8.GetString(written.WrittenSpan);
                // The words in the order of the rows, whatever stands around them; Open Inference tells the classes once more as names of outputs.
                Assert.Contains(string.Join(",", answers.Select(a => $"\"{a}\"")), text, StringComparison.Ordinal);
            }
            using var csv = predictor.Begin();
            foreach (var value in asked) csv.Rows.SetText(csv.Rows.AddRow(), 0, value.ToString(CultureInfo.InvariantCulture));
            csv.Score(Cancel);
            var lines = new ArrayBufferWriter<byte>();
            CsvAnswers.Write(csv, lines);
            Assert.Equal(answers, Encoding.UTF8.GetString(lines.WrittenSpan).Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(l => l.Split(',')[0]));
        }
    }

    [Fact]
    public void Another_threshold_is_another_answer_where_versions_are_compared()
    {
        var outputs = Model.Value.Pipeline.Predict(Rows);
        var between = Enumerable.Range(0, Rows.RowCount).Count(row => outputs[(2 * row) + 1] is >= Low and <= 0.5);
        Assert.True(between > 10);
        Assert.Equal(between / 300.0, ModelComparison.Compare(Decided(Low), Model.Value, Rows, Cancel).ChangedShare, 1e-12);
    }

    [Fact]
    public void A_change_flips_the_answer_at_the_threshold()
    {
        var package = Decided(Low);
        IReadOnlyDictionary<string, string?> row = new Dictionary<string, string?> { ["a"] = "0" };
        var found = Assert.Single(CounterfactualSearch.Find(package, row, new HashSet<string> { "a" }, new WantedAnswer.OfClass(1, Low), Cancel));
        Assert.InRange(found.Outputs[1], Low, 0.5);
        var back = Assert.Single(CounterfactualSearch.Find(package, new Dictionary<string, string?> { ["a"] = "10" }, new HashSet<string> { "a" }, new WantedAnswer.OfClass(0, Low), Cancel));
        Assert.True(back.Outputs[1] < Low);
        Assert.Empty(CounterfactualSearch.Find(package, new Dictionary<string, string?> { ["a"] = found.Changes[0].To }, new HashSet<string> { "a" }, new WantedAnswer.OfClass(1, Low), Cancel));
    }

    [Fact]
    public void What_is_taken_away_answers_by_it()
    {
        ExportCases.AssertEqual(ExportCases.Prove(new OnnxExporter(), Decided(Low), Rows), "ONNX");
        ExportCases.AssertEqual(ExportCases.Prove(new PythonExporter(), Decided(Low), Rows), "Python");
        ExportCases.AssertEqual(ExportCases.Prove(new CSharpExporter(), Decided(Low), Rows), "C#");
    }

    [Fact]
    public async Task The_label_of_a_Python_file_is_by_the_threshold()
    {
        var folder = Directory.CreateTempSubdirectory("threshold").FullName;
        try
        {
            using (var stream = File.Create(Path.Combine(folder, "model.py"))) new PythonExporter().Write(ExportCases.Source(Decided(Low), folder), stream, Cancel);
            await File.WriteAllTextAsync(Path.Combine(folder, "ask.py"), "import json, model\nprint(json.dumps([[a['label'], a['probabilities']['yes']] for a in model.predict([{'a': i / 4} for i in range(41)])]))\n", Cancel);
            using var process = Process.Start(new ProcessStartInfo("python3", ["ask.py"]) { WorkingDirectory = folder, RedirectStandardOutput = true })!;
            var answers = JsonDocument.Parse(await process.StandardOutput.ReadToEndAsync(Cancel)).RootElement.EnumerateArray().Select(a => (Label: a[0].GetString(), Probability: a[1].GetDouble())).ToList();
            Assert.Equal(41, answers.Count);
            Assert.All(answers, a => Assert.Equal(a.Probability >= Low ? "yes" : "no", a.Label));
            Assert.Contains(answers, a => a is { Label: "yes", Probability: < 0.5 });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_report_at_a_threshold_has_the_figures_of_its_matrix()
    {
        var random = new Random(3);
        double[] positive = [.. Enumerable.Range(0, 200).Select(_ => Math.Round(random.NextDouble(), 2))];
        int[] truth = [.. positive.Select(p => random.NextDouble() < p ? 1 : 0)];
        double[] outputs = [.. positive.SelectMany(p => new[] { 1 - p, p })];
        var report = Evaluator.Classification(["no", "yes"], truth, outputs) with { Intervals = new Dictionary<string, MetricInterval> { [Metric.Accuracy.Id] = new(0, 1), [Metric.Auc.Id] = new(0, 1) } };
        Assert.Same(report, ThresholdExplorer.Report(report, null));
        var at = ThresholdExplorer.Report(report, 0.3);
        foreach (var metric in Metric.For(LearningTask.Binary))
            Assert.Equal(MetricCalculator.Compute(metric, LearningTask.Binary, Array.ConvertAll(truth, t => (float)t), outputs, 2, 0.3)!.Value, at.Metrics[metric.Id]!.Value, 1e-12);
        Assert.NotEqual(report.Metrics[Metric.Accuracy.Id], at.Metrics[Metric.Accuracy.Id]);
        Assert.Equal(report.Metrics[Metric.Auc.Id], at.Metrics[Metric.Auc.Id]);
        // What does not hang on the threshold keeps its interval; what does has one of its own, about the figure there.
        Assert.Equal(new MetricInterval(0, 1), at.Intervals![Metric.Auc.Id]);
        foreach (var metric in (Metric[])[Metric.Accuracy, Metric.BalancedAccuracy, Metric.F1, Metric.Mcc])
            Assert.True(at.Intervals[metric.Id] is { } interval && interval.Low < at.Metrics[metric.Id] && at.Metrics[metric.Id] < interval.High && interval.High - interval.Low < 0.4, $"{metric.Name}: {at.Intervals[metric.Id]}");
        var matrix = at.Classification!.Confusion;
        Assert.Equal(truth.Zip(positive).Count(r => r is { First: 1, Second: >= 0.3 }), matrix[1][1]);
        Assert.Equal(truth.Zip(positive).Count(r => r is { First: 0, Second: >= 0.3 }), matrix[0][1]);
        Assert.Equal([matrix[0][0] + matrix[1][0], matrix[0][1] + matrix[1][1]], ThresholdExplorer.Answered(report.Classification!.Thresholds!, 0.3));
    }

    [Fact]
    public void A_part_of_the_rows_is_measured_at_the_threshold()
    {
        var measure = new SegmentMeasure(Metric.Accuracy.Id);
        double[] outputs = [0.6, 0.4, 0.9, 0.1];
        var rows = Table(Numbers("a", 1, 2));
        Assert.Equal(0.5, measure.Measure(rows, LearningTask.Binary, [1, 0], outputs, 2).Figure);
        Assert.Equal(1, measure.Measure(rows, LearningTask.Binary, [1, 0], outputs, 2, 0.4).Figure);
    }
}
