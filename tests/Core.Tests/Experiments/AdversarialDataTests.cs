using System.Globalization;
using System.Text;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;
using Xunit;

namespace ModelWorkbench.Core.Tests.Experiments;

/// <summary>Files that people bring and nothing good comes of: from the file to the leaderboard, as the pages go about it, there are clear words and no crash.</summary>
public sealed class AdversarialDataTests(ITestOutputHelper output) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("adversarial").FullName;
    private readonly Random _random = new(20261128);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <param name="what">Is wrong with the file.</param>
    /// <param name="said">In the words that refuse the plan; null where the families learn.</param>
    [Theory]
    [InlineData("one class", "expected at least two different values, found only 'yes'")]
    [InlineData("a row a class", "300 rows in 300 classes leave no row to hold out")]
    [InlineData("constant columns", "No column is left to learn from")]
    [InlineData("an empty column", null)]
    [InlineData("1,000 classes", null)]
    [InlineData("5,000 columns", null)]
    [InlineData("infinite values", null)]
    [InlineData("one text among numbers", null)]
    public void From_the_file_to_the_leaderboard_there_are_clear_words_and_no_crash(string what, string? said)
    {
        var (header, rows, cells) = what switch
        {
            "one class" => ("a,b,y", 300, (Func<int, string>)(_ => $"{Number()},{Number()},yes")),
            "a row a class" => ("a,b,y", 300, i => $"{Number()},{Number()},name {i}"),
            "constant columns" => ("a,b,y", 300, i => $"1,x,{YesNo(i)}"),
            "an empty column" => ("a,b,y", 300, i => $",{Number()},{YesNo(i)}"),
            "1,000 classes" => ("a,b,y", 3_000, i => string.Create(CultureInfo.InvariantCulture, $"{(i % 1000) + (0.1 * _random.NextDouble())},{i % 10},class {i % 1000}")),
            "5,000 columns" => (string.Join(',', Enumerable.Range(0, 5_000).Select(c => $"c{c}")) + ",y", 200, i => string.Join(',', Enumerable.Range(0, 5_000).Select(_ => Number())) + $",{YesNo(i)}"),
            "infinite values" => ("a,b,y", 300, i => $"{(i % 20 == 0 ? "inf" : i % 21 == 0 ? "-Infinity" : Number())},{(i % 30 == 0 ? "1e400" : Number())},{YesNo(i)}"),
            _ => ("a,b,y", 300, i => $"{Number()},{Number()},{(i == 77 ? "oops" : (i % 9).ToString(CultureInfo.InvariantCulture))}"),
        };
        var text = new StringBuilder(header).Append('\n');
        for (var i = 0; i < rows; i++) text.Append(cells(i)).Append('\n');
        var (file, tablePath) = (Path.Combine(_folder, "data.csv"), Path.Combine(_folder, "table.parquet"));
        File.WriteAllText(file, text.ToString());

        var builder = new ProfileBuilder();
        DatasetImporter.Import(file, null, tablePath, chunk => builder.Add(chunk, Cancel), null, Cancel);
        var (profile, table) = (builder.Build(), TableFile.Read(tablePath, Cancel));
        var warnings = DataWarnings.Find(profile, table, "y", Cancel);
        var recipe = new Recipe([.. RecipeSuggestion.Suggest(profile, table, warnings, "y").Select(s => s.Step)]);
        if (what == "one text among numbers") Assert.Contains(warnings, w => w.Code == WarningCode.MixedKinds && w.Message.Contains("line 79 'oops'", StringComparison.Ordinal));
        ExperimentPlan plan;
        try
        {
            plan = ExperimentPlan.Propose(table, "y", recipe, null, profile) with { TrainerIds = ["baseline", "random-forest"], Tuning = TuningMode.DefaultsOnly, BudgetSeconds = 600 };
        }
        catch (ArgumentException e)
        {
            Assert.Contains(said!, e.Message);
            return;
        }
        var problems = plan.Problems(table);
        if (said is not null)
        {
            Assert.Contains(said, string.Join(" ", problems));
            return;
        }
        Assert.Empty(problems);
        var events = new List<ExperimentEvent>();
        using var control = new JobControl();
        ExperimentRunner.Run(new ExperimentJob(plan, tablePath, 2, JobWorkOf.EachOnce(plan)), _folder, events.Add, control, Cancel);
        var scores = events.OfType<TrialCompleted>().Select(e => e.Result.Score).ToArray();
        output.WriteLine($"{plan.Task}, {plan.MetricId}: {string.Join(", ", scores)}");
        Assert.True(scores.Length == 2, string.Join("; ", events.Where(e => e is TrialFailed or TrialSkipped)));
        Assert.All(scores, score => Assert.True(score is { } s && double.IsFinite(s)));
        if (what == "1,000 classes") Assert.True(scores[1] > scores[0]);
    }

    private static string YesNo(int i) => i % 3 == 0 ? "yes" : "no";

    private string Number() => _random.NextDouble().ToString("0.####", CultureInfo.InvariantCulture);
}
