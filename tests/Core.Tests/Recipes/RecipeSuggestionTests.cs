using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Tests.Trainers;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Recipes;

public class RecipeSuggestionTests(ListedDatasets listed)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static (Table Table, string Target, IReadOnlyList<DataWarning> Warnings, IReadOnlyList<SuggestedStep> Steps) Suggest(ListedDataset dataset, int mostRows = int.MaxValue)
    {
        var sample = dataset.Sample(mostRows);
        var target = dataset.TargetIn(sample);
        var warnings = DataWarnings.Find(dataset.Profile, sample, target, Token);
        return (sample, target, warnings, RecipeSuggestion.Suggest(dataset.Profile, sample, warnings, target));
    }

    [Fact]
    public void Every_listed_data_set_gets_a_recipe_under_which_training_runs()
    {
        var failures = new List<string>();
        var report = new List<string>();
        foreach (var dataset in listed.All)
        {
            var name = dataset.Name;
            try
            {
                var (table, target, warnings, steps) = Suggest(dataset, 1_500);
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
                var scorer = trainer.TrainWithDefaults(data, new TrainingContext(1, Environment.ProcessorCount), Token);
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
    [InlineData("weather-aus-37k/weather-aus-37k.csv", WarningCode.LeakageSuspect, "RISK_MM")]
    [InlineData("bike-sharing-hour/bike-sharing-hour.csv", WarningCode.LeakageSuspect, "casual")]
    [InlineData("hr-attrition/hr-attrition.csv", WarningCode.Constant, "Over18")]
    [InlineData("hr-attrition/hr-attrition.csv", WarningCode.IdLike, "EmployeeNumber")]
    [InlineData("pima-diabetes/pima-diabetes.csv", WarningCode.DisguisedMissing, "column_3")]
    [InlineData("pima-diabetes/pima-diabetes.csv", WarningCode.DisguisedMissing, "column_6")]
    [InlineData("medicare-cost/medicare-cost.csv", WarningCode.NumbersAsText, "Average Total Payments")]
    public void What_is_awkward_in_a_data_set_is_found(string file, WarningCode code, string column)
    {
        var (_, _, warnings, _) = Suggest(listed.Of(file));
        Assert.Contains(warnings, w => w.Code == code && w.Columns.Contains(column) && w.Severity >= WarningSeverity.Warning);
    }

    [Theory]
    [InlineData("iris/iris.csv")]
    [InlineData("penguins/penguins.csv")]
    [InlineData("wine/wine.csv")]
    public void Clean_data_sets_raise_no_alarm(string file)
    {
        var (_, _, warnings, _) = Suggest(listed.Of(file));
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

    /// <summary>A shop's table with most of what goes wrong; each warning is answered once, with its reason, columns with the same trouble by one step.</summary>
    [Fact]
    public void Each_suggested_step_tells_its_reason_and_columns_with_the_same_trouble_share_a_step()
    {
        const int rows = 400;
        string?[] Texts(Func<int, string?> of) => [.. Enumerable.Range(0, rows).Select(of)];
        var table = new Table(
        [
            DictionaryColumn.FromTexts("net", ColumnKind.Text, Texts(i => $"€ {i % 90 + 1}.{i % 9 + 100},{i % 10}0")),
            DictionaryColumn.FromTexts("gross", ColumnKind.Text, Texts(i => i == 77 ? "N/A" : $"€ {i % 70 + 1}.{i % 8 + 100},{i % 10}5")),
            DictionaryColumn.FromTexts("ordered", ColumnKind.Text, Texts(i => $"{i % 28 + 1}/{i % 12 + 1}/2023")),
            new NumericColumn("size", [.. Enumerable.Range(0, rows).Select(i => i % 40 == 5 ? -999 : 20 + i * 37 % 61)]),
            new NumericColumn("weight", [.. Enumerable.Range(0, rows).Select(i => i % 50 == 5 ? -999 : 30 + i * 41 % 67)]),
            DictionaryColumn.FromTexts("shop", ColumnKind.Category, Texts(i => i % 100 == 3 ? "Bonn" : i % 100 == 4 ? $"Ulm {i % 2}" : i % 2 == 0 ? "Trier" : "Mainz")),
            DictionaryColumn.FromTexts("country", ColumnKind.Category, Texts(_ => "DE")),
            DictionaryColumn.FromTexts("y", ColumnKind.Category, Texts(i => i * i % 11 % 2 == 0 ? "yes" : "no")),
        ], [.. Enumerable.Range(2, rows)]);
        var profile = Profiler.Profile(table, Token);
        var suggested = RecipeSuggestion.Suggest(profile, table, DataWarnings.Find(profile, table, "y", Token), "y");
        Assert.Equal(
        [
            "Drop columns: country",
            "Values to missing: gross: 'N/A'",
            "Values to missing: size, weight: '-999'",
            "Read numbers from text: net, gross, decimal comma",
            "Read dates from text: ordered, day first",
            "Merge rare categories: shop: below 10 rows becomes 'other'",
            "Date parts: ordered: year, month, weekday, days since the earliest training row",
            "Fill missing values: gross, size, weight: median of the training rows",
        ], suggested.Select(s => $"{s.Step.Title}: {s.Step.Summary}"));
        string[] reasons = ["country: All rows have the value 'DE'.", "first on line 79", "weight: -999 in 8 rows", "gross: All 399 values are numbers", "ordered: 100 % of the values are dates", "shop: 2 values have fewer than 10 rows", "ordered is a date", "size: 2.5 % missing"];
        foreach (var (step, reason) in suggested.Zip(reasons)) Assert.Contains(reason, step.Reason);
        var made = new Recipe([.. suggested.Select(s => s.Step)]).Preview(table, "y", Token);
        Assert.All(made.Outcomes, outcome => Assert.Empty(outcome.Problems));
        Assert.Equal(1100.0, ((NumericColumn)made.Result["net"]).Values[0]);
        Assert.Equal(0, made.Result["gross"].CountMissing());
    }
}
