using System.Text.Json;
using System.Text.RegularExpressions;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Core.Tuning;
using ModelWorkbench.Workbench.Cards;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Cards;

public sealed partial class CardTests
{
    private const string Hostile = "<script>alert(1)</script>";

    private static readonly string[] Sections = ["data", "recipe", "split", "comparison", "model", "measures", "plots", "explanations", "limits", "use", "reproduce"];

    [GeneratedRegex("""(src|href|action|url\()\s*=?\s*["']?(https?:)?//""", RegexOptions.IgnoreCase)]
    private static partial Regex Foreign();

    [Fact]
    public async Task Every_section_stands_in_its_place_and_every_plot_has_its_description()
    {
        var page = Parse(await WriteAsync(Classes()));
        Assert.Equal(Sections, page.QuerySelectorAll("section").Select(s => s.Id));
        Assert.All(page.QuerySelectorAll("section"), s => Assert.False(string.IsNullOrWhiteSpace(s.QuerySelector("h2")!.NextElementSibling!.TextContent)));
        Assert.Equal(Sections.Select(s => "#" + s), page.QuerySelectorAll("nav a").Select(a => a.GetAttribute("href")));
        Assert.Equal(["Confusion matrix", "ROC curve", "Precision and recall", "Cumulative gain", "Lift", "Calibration", "Probabilities by true class", "Figures by threshold"],
            page.QuerySelectorAll("#plots figcaption b").Select(b => b.TextContent.TrimEnd('.')).Take(8));
        foreach (var plot in page.QuerySelectorAll("[data-figure]"))
        {
            Assert.True(plot.NextElementSibling!.TextContent.Length > 20);
            var figure = JsonDocument.Parse(page.GetElementById(plot.GetAttribute("data-figure")!)!.TextContent).RootElement;
            Assert.NotEqual(0, figure.GetProperty("data").GetArrayLength());
            Assert.Equal(JsonValueKind.Object, figure.GetProperty("layout").GetProperty("xaxis").ValueKind);
        }
    }

    [Fact]
    public async Task The_file_asks_for_nothing()
    {
        var html = await WriteAsync(Classes());
        Assert.DoesNotMatch(Foreign(), html);
        var page = Parse(html);
        Assert.Empty(page.QuerySelectorAll("link, iframe, img, object, embed, base, form, [src]"));
        Assert.All(page.QuerySelectorAll("[href]"), a => Assert.StartsWith("#", a.GetAttribute("href")));
        Assert.Contains("default-src 'none'", page.QuerySelector("meta[http-equiv]")!.GetAttribute("content"));
    }

    [Fact]
    public async Task What_stands_in_the_data_is_text_and_never_runs()
    {
        var page = Parse(await WriteAsync(Classes(hostile: true)));
        // Plots, plotly.js, and what draws: no other script.
        var scripts = page.QuerySelectorAll("script");
        Assert.Equal(page.QuerySelectorAll("[data-figure]").Length + 2, scripts.Length);
        Assert.DoesNotContain(scripts, s => s.TextContent.Contains(Hostile, StringComparison.Ordinal));
        Assert.DoesNotContain(page.All, e => e.Attributes.Any(a => a.Name.StartsWith("on", StringComparison.OrdinalIgnoreCase)));
        Assert.Contains(Hostile, page.Title);
        Assert.Contains(page.QuerySelectorAll("#data th"), th => th.TextContent == Hostile);
        Assert.Contains(page.QuerySelectorAll("#measures th"), th => th.TextContent == Hostile);
        Assert.Contains(Hostile, page.QuerySelector("#limits")!.TextContent);
        Assert.Contains("alert(1)", page.QuerySelector("#reproduce code")!.TextContent);
    }

    [Fact]
    public async Task Measures_have_their_intervals_beside_those_of_the_baseline_and_of_the_test_set()
    {
        var card = Classes();
        var page = Parse(await WriteAsync(card with { Final = card.Report.Validation with { RowCount = 77 }, Baseline = card.Report.Validation }));
        var accuracy = page.QuerySelectorAll("#measures tbody tr").First(r => r.QuerySelector("th")!.TextContent.StartsWith("Accuracy", StringComparison.Ordinal));
        Assert.Equal(["0.7500 0.5000 to 0.9000", "0.7500", "0.7500 0.5000 to 0.9000"], accuracy.QuerySelectorAll(".number").Select(d => d.TextContent.Trim()));
        Assert.Contains("77 locked test rows", page.QuerySelector("#measures caption")!.TextContent);
        Assert.Contains("Better than the baseline beyond chance", page.QuerySelector("#measures")!.TextContent);
        Assert.Contains("0.6000 to 0.9900", page.QuerySelector("#comparison .chosen")!.TextContent);
    }

    [Fact]
    public async Task A_card_stands_without_what_was_never_computed_or_is_gone()
    {
        var card = Classes();
        var bare = card with
        {
            Report = card.Report with { Importance = null, Validation = new EvaluationReport(LearningTask.Binary, 4, new Dictionary<string, double?>(), null, null), GainOverBaseline = null },
            Data = null,
            Explanation = null,
            Intervals = new Dictionary<int, MetricInterval>(),
        };
        bare.Experiment.Findings = null;
        bare.Trial.Spec = null;
        bare.Trial.Result = null;
        bare.Experiment.DatasetId = null;
        var page = Parse(await WriteAsync(bare));
        Assert.Equal(Sections, page.QuerySelectorAll("section").Select(s => s.Id));
        Assert.Empty(page.QuerySelectorAll("script"));
        Assert.Contains("were not computed", page.QuerySelector("#explanations")!.TextContent);
        Assert.Contains("not kept any more", page.QuerySelector("#data")!.TextContent);
        Assert.DoesNotContain("interval holds", page.QuerySelector("#measures")!.TextContent);

        var signature = new Signature([new InputColumn("age", ColumnKind.Numeric, true, false) { Minimum = 18, Maximum = 90, Median = 40 }]);
        Assert.Contains("18 to 90, median 40", Parse(await WriteAsync(bare with { Signature = signature })).QuerySelector("#data")!.TextContent);
    }

    [Fact]
    public async Task A_model_of_numbers_has_its_plots_and_needs_only_the_small_plotly()
    {
        bool? all = null;
        var html = await CardDocument.WriteAsync(Numbers(), wanted =>
        {
            all = wanted;
            return Task.FromResult("");
        });
        var page = Parse(html);
        Assert.False(all);
        Assert.Equal(["Predicted and actual", "Residuals", "Distribution of the residuals"], page.QuerySelectorAll("#plots figcaption b").Select(b => b.TextContent.TrimEnd('.')).Take(3));
        Assert.DoesNotContain("scattergl", html);
        Assert.Contains("price, a number", page.QuerySelector("header")!.TextContent);
        await CardDocument.WriteAsync(Classes(), wanted =>
        {
            all = wanted;
            return Task.FromResult("");
        });
        Assert.True(all);
    }

    [Fact]
    public void Limits_name_what_makes_the_figures_doubtful()
    {
        var text = string.Join("\n", CardLimits.Of(Classes()));
        Assert.Contains("2 of 4 validation rows (50.0 %) equal a row that was learnt from", text);
        Assert.Contains("leak all but gives target away", text);
        Assert.Contains("2 models of the experiment were tested", text);
        Assert.Contains("learnt from 200 rows", text);
        Assert.Contains("Few validation rows: no (2), yes (2)", text);
        Assert.Contains("calibration error", text);
        Assert.Contains("rows where age above 60", text);
        Assert.DoesNotContain("city", text);
        Assert.Contains("not what brings something about", text);
    }

    [Fact]
    public void The_lines_that_make_it_again_hold_the_plan_and_survive_quotes_in_names()
    {
        var card = Classes();
        var commands = CardCommands.Of(card with { Experiment = Row(card.Plan with { Target = "it's", IgnoredColumns = ["a'b"] }) });
        Assert.Contains("/api/v1/datasets/7/recipe", commands);
        Assert.Contains("\"step\":\"drop-missing-rows\"", commands);
        Assert.Contains("\"seed\":11", commands);
        Assert.Contains("\"target\":\"it'\\''s\"", commands);
        Assert.Contains("[\"a'\\''b\"]", commands);
        Assert.Contains("\"trainerId\":\"lightgbm\"", commands);
        // What is proposed from the data is left out.
        Assert.DoesNotContain("\"limits\"", commands);
    }

    [Fact]
    public void A_script_between_tags_cannot_end_them() =>
        Assert.Equal("""x="<\/script><\!-- <script";""", CardDocument.InScript("""x="</SCRIPT><!-- <script";""").Replace("SCRIPT", "script", StringComparison.Ordinal));

    private static Task<string> WriteAsync(ModelCard card) => CardDocument.WriteAsync(card, _ => Task.FromResult("window.Plotly = { newPlot() { } };"));

    private static IDocument Parse(string html)
    {
        // Strict: a tag that does not fit is an error.
        var parser = new HtmlParser(new HtmlParserOptions { IsStrictMode = true });
        return parser.ParseDocument(html);
    }

    private static ModelCard Classes(bool hostile = false)
    {
        var name = hostile ? Hostile : "yes";
        var target = hostile ? Hostile : "target";
        var report = Evaluator.Classification(["no", name], [1, 0, 1, 0], [0.1, 0.9, 0.4, 0.6, 0.2, 0.8, 0.8, 0.2]) with
        {
            Intervals = new Dictionary<string, MetricInterval> { [Metric.Accuracy.Id] = new(0.5, 0.9), [Metric.Auc.Id] = new(0.6, 0.99) },
        };
        var plan = Plan(target, LearningTask.Binary, Metric.Auc);
        var experiment = Row(plan);
        experiment.DatasetName = hostile ? Hostile : "people";
        experiment.Findings = new SplitFindings(new RepeatedRows(2, 4, [new(3, 9), new(4, 9)]), null, [new DataWarning(WarningCode.LeakageSuspect, WarningSeverity.Serious, ["leak"], "It tells all.")], [], null);
        TreeCondition old = new("age", "above 60"), place = new("city", $"is {name}");
        var errors = new ErrorReport(200, new ErrorSlices([new([old], 30, 0.4, 0.1, 0.0004), new([place], 70, 0.2, 0.14, 0.6)], 0.15, 100), ["age"], [], [new GroupReport(name, [new GroupRow(name, 40, [.. GroupReport.FigureNames(LearningTask.Binary).Select(_ => new GroupFigure(0.5, new(0.4, 0.6)))])], [null, null, null, null])]);
        var contributions = new ContributionReport(ContributionScale.LogOdds, true, [name], [0.1], 4, 100, [new(name, [0.5], new(["1", "2", null, name], [0, 0.5f, null, 1], [[-1, 0, 0.1f, 1]]))]);
        return new ModelCard(experiment, experiment.Trials[0], new TrialReport(report, new PermutationImportance(Metric.Auc.Id, 4, 3, [new(name, 0.2, 0.1)]), null, "No numbers.") { GainOverBaseline = new(0.1, 0.3) }, "1.0", Moment)
        {
            Data = Data(name, target),
            Explanation = new ModelExplanation(contributions, null, [], new SurrogateTree([name], [new([old], 60, [0.8]), new([place], 40, [0.1])], 0.7, 0.9, 100), errors),
            Intervals = new Dictionary<int, MetricInterval> { [1] = new(0.6, 0.99) },
        };
    }

    private static ModelCard Numbers()
    {
        var experiment = Row(Plan("price", LearningTask.Regression, Metric.Rmse));
        return new ModelCard(experiment, experiment.Trials[0], new TrialReport(Evaluator.Regression([1, 2, 3, 4], [1.1, 2.2, 2.7, 4.1]), null, null, null), "1.0", Moment) { Data = Data("age", "price") };
    }

    private static readonly DateTimeOffset Moment = new(2026, 3, 1, 14, 5, 0, TimeSpan.Zero);

    private static ExperimentPlan Plan(string target, LearningTask task, Metric metric) =>
        new(target, task, metric.Id, new SplitPlan(Seed: 11), new Recipe([new DropMissingRowsStep(["age"])]), [], ["lightgbm", "baseline"], 60);

    private static ExperimentRow Row(ExperimentPlan plan) => new()
    {
        WorkspaceId = 1,
        Id = 3,
        DatasetId = 7,
        DatasetName = "people",
        TableSha256 = "t",
        Plan = plan,
        Status = ExperimentStatus.Completed,
        CreatedAt = Moment,
        Trials = [Trial(1, "lightgbm", 0.9), Trial(2, "baseline", 0.5)],
    };

    private static TrialRow Trial(int number, string trainer, double score) => new()
    {
        Number = number,
        TrainerId = trainer,
        Status = TrialStatus.Completed,
        Spec = new TrialSpec(trainer, HyperparameterValues.None, TrialOrigin.Default, "Its defaults."),
        Result = new TrialResult(score, new Dictionary<string, double?>(), [score - 0.1, score + 0.1], 1.5, 3, 1000, 200, 4, 6, new Dictionary<string, string> { ["Trees"] = "100" }),
        ModelSha256 = "m",
        ReportSha256 = "r",
        FinalReportSha256 = "f",
    };

    private static DatasetVersionRow Data(string feature, string target) => new()
    {
        Number = 1,
        FileName = $"{feature}.csv",
        FileSha256 = "abc",
        TableSha256 = "t",
        CreatedAt = Moment,
        Problems = [],
        Profile = new DatasetProfile(240, 2,
        [
            new ColumnProfile(feature, ColumnKind.Numeric, 240, 12, 80, new NumericSummary(18, 30, 40, 50, 90, 41, 9), [], null),
            new ColumnProfile(target, ColumnKind.Category, 240, 0, 2, null, [new("no", 140), new(feature, 100)], null),
        ]),
    };
}
