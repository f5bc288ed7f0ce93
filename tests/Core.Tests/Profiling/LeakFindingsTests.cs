using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Profiling;

/// <summary>Planted leaks are found; what only looks like one, and the real data sets, raise no false alarm.</summary>
public class LeakFindingsTests(ListedDatasets listed)
{
    private const int Rows = 2000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string?[] Names(Func<int, string?> of) => [.. Enumerable.Range(0, Rows).Select(of)];

    /// <summary>The seriously suspected columns of a table with this target, and a noise column.</summary>
    private static string[] Suspects(Column target, params Column[] features)
    {
        var random = new Random(4);
        var table = Table([target, .. features, Numbers("noise", [.. Enumerable.Range(0, Rows).Select(_ => random.NextDouble())])]);
        return [.. DataWarnings.Find(Profiler.Profile(table, Token), table, target.Name, Token).Where(w => w is { Code: WarningCode.LeakageSuspect, Severity: WarningSeverity.Serious }).SelectMany(w => w.Columns)];
    }

    private static int[] Draw(int classes, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Rows).Select(_ => random.Next(classes))];
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(12)]
    public void A_column_that_gives_away_classes_is_suspected_whatever_its_kind(int classes)
    {
        var (truth, random) = (Draw(classes, 1), new Random(2));
        var target = Categories("y", Names(i => $"class {truth[i]}"));
        Assert.Equal(["code"], Suspects(target, Numbers("code", [.. truth.Select(t => t * 10.0 + random.NextDouble())])));
        Assert.Equal(["word"], Suspects(target, Categories("word", Names(i => $"w{truth[i]}"))));
        // Many names, of which each belongs to one class.
        Assert.Equal(["desk"], Suspects(target, Categories("desk", Names(i => $"{truth[i]}-{i % 20}"))));
        Assert.Equal(["note"], Suspects(target, DictionaryColumn.FromTexts("note", ColumnKind.Text, Names(i => $"case {i} was closed by {i % 7} as outcome{truth[i]} on request"))));
    }

    [Fact]
    public void A_column_that_is_only_there_for_one_class_is_suspected()
    {
        var truth = Draw(2, 1);
        Assert.Equal(["closed"], Suspects(Categories("y", Names(i => truth[i] == 1 ? "yes" : "no")), Numbers("closed", [.. truth.Select((t, i) => t == 1 ? i % 50 : double.NaN)])));
    }

    [Fact]
    public void A_number_that_all_but_tells_another_is_suspected()
    {
        var random = new Random(3);
        double[] y = [.. Enumerable.Range(0, Rows).Select(_ => Math.Exp(random.NextDouble() * 3))];
        var target = Numbers("y", y);
        Assert.Equal(["net"], Suspects(target, Numbers("net", [.. y.Select(v => v / 1.19 + 0.001 * random.NextDouble())])));
        Assert.Equal(["falling"], Suspects(target, Numbers("falling", [.. y.Select(v => 1 / v)])));
        Assert.Equal(["a", "b"], Suspects(target, Numbers("a", [.. y.Select((v, i) => v * (i * 37 % 97 / 100.0))]), Numbers("b", [.. y.Select((v, i) => v - v * (i * 37 % 97 / 100.0))])));
        // A good feature is no leak: correlation 0.9.
        Assert.Empty(Suspects(target, Numbers("good", [.. y.Select(v => v + 5 * (random.NextDouble() - 0.5))])));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void A_name_tag_and_noise_are_not_suspected(int classes)
    {
        var (truth, noise) = (Draw(classes, 1), Draw(1000, 5));
        var target = Categories("y", Names(i => $"class {truth[i]}"));
        Assert.Empty(Suspects(target,
            Categories("tag", Names(i => $"id-{i * 7919 % Rows}")), Numbers("number", [.. Enumerable.Range(0, Rows).Select(i => (double)(i * 7919 % Rows))]), Categories("often", Names(i => $"n{noise[i]}")),
            DictionaryColumn.FromTexts("text", ColumnKind.Text, Names(i => $"word{noise[i]} word{noise[(i + 7) % Rows]} and so on for row {i}"))));
    }

    /// <summary>A column that tells one class of several and nothing of the others is a feature: petals tell setosa.</summary>
    [Fact]
    public void What_tells_one_class_of_three_is_no_leak()
    {
        var truth = Draw(3, 1);
        Assert.Empty(Suspects(Categories("y", Names(i => $"class {truth[i]}")), Categories("half", Names(i => truth[i] == 0 ? "a" : "b"))));
    }

    /// <summary>The leaks that the manifest of the data sets tells of. Of payment-fraud it names paymentMethodAgeDays, but scikit-learn's roc_auc_score gives 1.0 for accountAgeDays and 0.70 for that one; bank-marketing's duration, which it names too, ranks with an AUC of 0.81 only.</summary>
    private static readonly Dictionary<string, string> Known = new()
    {
        ["bike-sharing-hour"] = "casual, registered",
        ["payment-fraud"] = "accountAgeDays",
        ["weather-aus-37k"] = "RISK_MM",
    };

    [Fact]
    public void Of_the_listed_data_sets_only_those_with_a_known_leak_are_suspected()
    {
        var (found, expected) = (new List<string>(), new List<string>());
        foreach (var dataset in listed.All)
        {
            if (Known.TryGetValue(dataset.Name, out var known)) expected.Add($"{dataset.Name}: {known}");
            var sample = dataset.Sample(20_000);
            var leaks = DataWarnings.Find(dataset.Profile, sample, dataset.TargetIn(sample), Token).Where(w => w.Code == WarningCode.LeakageSuspect).ToArray();
            foreach (var leak in leaks) TestContext.Current.TestOutputHelper?.WriteLine($"{dataset.Name}: {leak.Severity} {string.Join(", ", leak.Columns)}: {leak.Message}");
            if (leaks.Where(w => w.Severity == WarningSeverity.Serious).SelectMany(w => w.Columns).Distinct().ToArray() is { Length: > 0 } columns) found.Add($"{dataset.Name}: {string.Join(", ", columns)}");
        }
        Assert.Equal(expected, found);
    }
}
