using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Recipes;

public class RecipeSuggestionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static (Table Table, DatasetProfile Profile, IReadOnlyList<DataWarning> Warnings, IReadOnlyList<SuggestedStep> Steps) Suggest(string file, string? target, int mostRows = int.MaxValue)
    {
        var path = TestFiles.Shared("datasets/" + file);
        var tablePath = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            var builder = new ProfileBuilder();
            DatasetImporter.Import(path, null, tablePath, chunk => builder.Add(chunk, Token), null, Token);
            var profile = builder.Build();
            var sample = TableFile.ReadSample(tablePath, mostRows, 1, Token);
            var name = target is null ? null : target.StartsWith('#') ? sample.Columns[int.Parse(target[1..]) - 1].Name : target.Trim();
            var warnings = DataWarnings.Find(profile, sample, name, Token);
            return (sample, profile, warnings, RecipeSuggestion.Suggest(profile, sample, warnings, name));
        }
        finally { File.Delete(tablePath); }
    }

    [Fact]
    public void Every_listed_data_set_gets_a_recipe_under_which_training_runs()
    {
        var manifest = CsvTableReader.Read(TestFiles.Shared("datasets/manifest.csv"), new CsvOptions(), null, Token).Table;
        var failures = new List<string>();
        var report = new List<string>();
        for (var row = 0; row < manifest.RowCount; row++)
        {
            var name = manifest["name"].GetText(row)!;
            try
            {
                var written = manifest["target"].GetText(row)!;
                var (table, _, warnings, steps) = Suggest(manifest["file"].GetText(row)!, written, 1_500);
                var target = written.StartsWith('#') ? table.Columns[int.Parse(written[1..]) - 1].Name : written.Trim();
                var recipe = new Recipe([.. steps.Select(s => s.Step)]);
                var before = table[target];
                var prepared = recipe.Prepare(table, target, Token);
                var truth = prepared.Rows[target];
                int[] known = [.. Enumerable.Range(0, truth.Length).Where(r => !truth.IsMissing(r))];
                var rows = prepared.Rows.Take(known);
                var task = Target.ProposeTask(rows, target);
                var labels = Target.Create(rows, target, task);
                var split = Splitter.Split(rows, null, new SplitPlan(Stratified: false));
                var (fitted, training) = prepared.Rest.FitAndReplay(split.Training, target);
                var features = training.Without([target]);
                var trainer = TrainerCatalog.Find("random-forest");
                var encoder = FeatureEncoder.Fit(features, trainer.Encoding, Token);
                Assert.NotEmpty(encoder.FeatureNames);
                var data = new TrainingData(encoder.Encode(features), labels.Labels(training), task, Math.Max(1, labels.Classes.Count));
                var scorer = trainer.Train(data, new TrainingContext(1, Environment.ProcessorCount), Token);
                var pipeline = new FittedPipeline(prepared.Leading.Then(fitted), encoder, scorer, labels);
                var answers = pipeline.Predict(table.Without([target]));
                Assert.Equal(table.RowCount * scorer.OutputCount, answers.Length);
                Assert.All(answers, a => Assert.True(double.IsFinite(a)));
                // The target is what it was, or the same numbers read.
                if (before.Kind == truth.Kind)
                {
                    var lines = table.LineNumbers.ToArray().Index().ToDictionary(l => l.Item, l => l.Index);
                    for (var r = 0; r < rows.RowCount; r++) Assert.Equal(before.GetText(lines[rows.LineNumbers[r]]), rows[target].GetText(r));
                }
                report.Add($"{name}\t{task}\t{string.Join("; ", warnings.Where(w => w.Severity > WarningSeverity.Note).Select(w => w.Code + ":" + string.Join("+", w.Columns)))}\t{string.Join("; ", steps.Select(s => s.Step.Title + ": " + s.Step.Summary))}");
            }
            catch (Exception e) when (e is not OperationCanceledException) { failures.Add($"{name}: {e.GetType().Name} {e.Message}"); }
        }
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join("\n", report));
        Assert.True(failures.Count == 0, string.Join("\n", failures));
    }

    [Theory]
    [InlineData("weather-aus-37k/weather-aus-37k.csv", "RainTomorrow", WarningCode.LeakageSuspect, "RISK_MM")]
    [InlineData("bike-sharing-hour/bike-sharing-hour.csv", "cnt", WarningCode.LeakageSuspect, "casual")]
    [InlineData("hr-attrition/hr-attrition.csv", "Attrition", WarningCode.Constant, "Over18")]
    [InlineData("hr-attrition/hr-attrition.csv", "Attrition", WarningCode.IdLike, "EmployeeNumber")]
    [InlineData("pima-diabetes/pima-diabetes.csv", "#9", WarningCode.DisguisedMissing, "column_3")]
    [InlineData("pima-diabetes/pima-diabetes.csv", "#9", WarningCode.DisguisedMissing, "column_6")]
    [InlineData("medicare-cost/medicare-cost.csv", "Average Total Payments", WarningCode.NumbersAsText, "Average Total Payments")]
    public void What_is_awkward_in_a_data_set_is_found(string file, string target, WarningCode code, string column)
    {
        var (_, _, warnings, _) = Suggest(file, target);
        Assert.Contains(warnings, w => w.Code == code && w.Columns.Contains(column) && w.Severity >= WarningSeverity.Warning);
    }

    [Theory]
    [InlineData("iris/iris.csv", "species")]
    [InlineData("penguins/penguins.csv", "species")]
    [InlineData("wine/wine.csv", "#14")]
    public void Clean_data_sets_raise_no_alarm(string file, string target)
    {
        var (_, _, warnings, _) = Suggest(file, target);
        Assert.DoesNotContain(warnings, w => w.Severity >= WarningSeverity.Warning);
    }

    [Fact]
    public void Numbers_written_as_text_are_read_before_holes_are_filled()
    {
        string?[] prices = [.. Enumerable.Range(0, 100).Select(i => i == 7 ? null : $"${i + 1},{(i * 37 + 100) % 900 + 100}.00")];
        var table = new Table([DictionaryColumn.FromTexts("price", ColumnKind.Category, prices), new NumericColumn("y", [.. Enumerable.Range(0, 100).Select(i => i * i % 7 + 0.5)])]);
        var profile = Profiler.Profile(table, Token);
        var steps = RecipeSuggestion.Suggest(profile, table, DataWarnings.Find(profile, table, "y", Token), "y").Select(s => s.Step).ToList();
        var read = steps.FindIndex(s => s is ParseNumberStep);
        Assert.True(read >= 0 && read < steps.FindIndex(s => s is FillMissingStep { Method: FillMethod.Median }));
    }
}
