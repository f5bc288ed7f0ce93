using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Profiling;

/// <summary>Of every warning a table that must raise it, with column, figures, line and proposed step, and one that all but does; worked examples. Line 2 is the first row.</summary>
public class DataWarningsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="Code">The warning.</param>
    /// <param name="Target">The column to predict, or null.</param>
    /// <param name="Raises">A table that must raise it once.</param>
    /// <param name="NearMiss">A table that must not.</param>
    /// <param name="Columns">The columns that it names.</param>
    /// <param name="Says">What its message holds.</param>
    /// <param name="Line">The line it points to.</param>
    /// <param name="Step">The proposed step with its settings; null where none helps.</param>
    public sealed record Case(WarningCode Code, string? Target, Column[] Raises, Column[] NearMiss, string Columns, string Says, int? Line, string? Step)
    {
        public override string ToString() => $"{Code} {Says}";
    }

    private static double[] Count(int rows, Func<int, double> of) => [.. Enumerable.Range(0, rows).Select(of)];
    private static string?[] Names(int rows, Func<int, string?> of) => [.. Enumerable.Range(0, rows).Select(of)];
    private static NumericColumn N(string name, int rows, Func<int, double> of) => Numbers(name, Count(rows, of));
    private static DictionaryColumn C(string name, int rows, Func<int, string?> of) => Categories(name, Names(rows, of));

    /// <summary>Numbers without any order to speak of, 0 to 96.</summary>
    private static double Mixed(int i) => i * 37 % 97 + i * 11 % 7 / 10.0;

    private static IReadOnlyList<Case> All =>
    [
        new(WarningCode.Constant, null, [N("x", 9, _ => 7), N("y", 9, i => i)], [N("x", 9, i => i == 8 ? 8 : 7)], "x", "All rows have the value '7'.", null, "Drop columns: x"),
        new(WarningCode.Constant, null, [C("x", 9, i => i < 4 ? "yes" : null), N("y", 9, i => i)], [C("x", 9, i => i == 8 ? "no" : "yes")], "x", "The only value is 'yes'; 5 rows have none", null, "Fill missing values: x: 'none'"),
        new(WarningCode.Constant, "y", [N("y", 9, _ => 7), N("x", 9, i => i)], [N("y", 9, i => i / 8)], "y", "nothing to learn", null, null),
        new(WarningCode.NearConstant, null, [C("x", 200, i => i == 5 ? "b" : "a")], [C("x", 200, i => i % 60 == 5 ? "b" : "a")], "x", "99.5 % of the values are 'a'.", null, "Drop columns: x"),
        new(WarningCode.IdLike, null, [N("row", 40, i => 1000 + i * 7 % 40)], [N("row", 40, i => i == 3 ? 1000 : 1000 + i * 7 % 40)], "row", "40 different values in 40 rows", null, "Drop columns: row"),
        new(WarningCode.IdLike, null, [C("token", 40, i => $"6f9619ff-8b86-d011-b42d-{i:x12}")], [C("note", 40, i => $"patient {i} came in with a cough and a fever")], "token", "40 different values in 40 rows", null, "Drop columns: token"),
        new(WarningCode.IdLike, null, [N("customerID", 40, i => i * i * 13 + 5)], [N("PAID", 40, i => i * i * 13 + 5)], "customerID", "40 different values", null, "Drop columns: customerID"),
        new(WarningCode.DuplicateRows, null, [N("x", 100, i => i == 99 ? 0 : i + 0.5 * (i % 2)), C("c", 100, i => i == 99 ? "0" : $"{i % 3}")], [N("x", 100, i => i == 99 ? 0 : i + 0.5 * (i % 2)), C("c", 100, i => i == 99 ? "9" : $"{i % 3}")], "", "1 row equals an earlier row in all columns (1 %)", null, "Drop duplicate rows: first of the rows with equal values in all columns"),
        new(WarningCode.DuplicateColumns, "a", [N("a", 30, Mixed), N("b", 30, Mixed)], [N("a", 30, Mixed), N("b", 30, i => i == 29 ? -1 : Mixed(i))], "a,b", "a, b hold the same values in all rows.", null, "Drop columns: b"),
        new(WarningCode.DisguisedMissing, null, [N("x", 100, i => i % 20 == 4 ? -999 : Mixed(i))], [N("x", 100, i => i % 20 == 4 ? -999 : i % 2 == 0 ? -12 * Mixed(i) : Mixed(i))], "x", "-999 in 5 rows seems to stand for a missing value: no other value comes near; first on line 6.", 6, "Values to missing: x: '-999'"),
        new(WarningCode.DisguisedMissing, null, [N("days", 100, i => i % 3 == 1 ? -1 : 3 + Mixed(i))], [N("days", 100, i => i % 30 == 1 ? -1 : i % 11)], "days", "-1 in 33 rows", 3, "Values to missing: days: '-1'"),
        new(WarningCode.DisguisedMissing, null, [N("x", 100, i => i % 25 == 0 ? 9999 : Mixed(i))], [N("x", 100, i => i % 25 == 0 ? 99 : Mixed(i))], "x", "9999 in 4 rows", 2, "Values to missing: x: '9999'"),
        new(WarningCode.DisguisedMissing, null, [N("size", 200, i => i % 50 == 3 ? 0 : 170 + i * 37 % 41)], [N("rain", 200, i => i % 50 == 3 ? 0 : i * 37 % 41 / 2.0)], "size", "0 in 4 rows", 5, "Values to missing: size: '0'"),
        new(WarningCode.DisguisedMissing, null, [C("c", 50, i => i % 10 == 1 ? "N/A" : i % 10 == 2 ? "null" : i % 3 == 0 ? "red" : "blue")], [C("c", 50, i => i % 10 == 1 ? "Nancy" : i % 3 == 0 ? "red" : "na")], "c", "'N/A' (5 rows), 'null' (5 rows) may stand for a missing value; first on line 3.", 3, "Values to missing: c: 'N/A', 'null'"),
        new(WarningCode.DisguisedMissing, null, [C("c", 50, i => i % 10 == 1 ? "(unknown)" : i % 3 == 0 ? "red" : "blue")], [C("sign", 50, i => i % 10 == 1 ? "-" : "+")], "c", "'(unknown)' (5 rows)", 3, "Values to missing: c: '(unknown)'"),
        new(WarningCode.DisguisedMissing, null, [Day("d", 60, i => i % 20 == 2 ? new(1900, 1, 1) : new DateTime(2019, 1, 1).AddDays(i))], [Day("d", 60, i => i % 20 == 2 ? new(1900, 1, 1) : new DateTime(1899, 1, 1).AddDays(40 * i))], "d", "1900-01-01 in 3 rows", 4, "Values to missing: d: '1900-01-01'"),
        new(WarningCode.MixedKinds, null, [C("n", 200, i => i == 150 ? "ask us" : $"{i * 37 % 97}")], [C("n", 200, i => i % 7 == 3 ? "ask us" : $"{i * 37 % 97}")], "n", "1 text in 199 numbers: line 152 'ask us'.", 152, "Read numbers from text: n, decimal point, others become missing"),
        new(WarningCode.HighCardinality, null, [C("shop", 1000, i => i < 400 ? $"shop {i % 150}" : i % 2 == 0 ? "A" : "B")], [C("shop", 1000, i => $"shop {i % 50}")], "shop", "152 different values in 1,000 rows; 150 values have fewer than 10 rows each, 40 % of the rows together.", null, "Merge rare categories: shop: below 10 rows becomes 'other'"),
        new(WarningCode.RareCategories, null, [C("c", 300, i => i < 3 ? "x" : i < 5 ? "z" : i % 2 == 0 ? "a" : "b")], [C("c", 300, i => i < 3 ? "x" : i % 2 == 0 ? "a" : "b")], "c", "2 values have fewer than 10 rows each, 1.7 % of the rows together: 'z' (2), 'x' (3).", null, "Merge rare categories: c: below 10 rows becomes 'other'"),
        new(WarningCode.RareClasses, "y", [C("y", 300, i => i < 9 ? "rare" : $"class {i % 14}"), N("x", 300, Mixed)], [C("y", 300, i => i < 10 ? "rare" : $"class {i % 14}"), N("x", 300, Mixed)], "y", "Class with fewer than 10 rows: 'rare' (9).", null, null),
        new(WarningCode.Imbalance, "y", [C("y", 300, i => i < 20 ? "fraud" : "fine"), N("x", 300, Mixed)], [C("y", 300, i => i < 40 ? "fraud" : "fine"), N("x", 300, Mixed)], "y", "Class 'fraud' has 6.7 % of the rows, 'fine' 93.3 %", null, null),
        new(WarningCode.MissingTarget, "y", [N("y", 50, i => i < 2 ? double.NaN : Mixed(i)), N("x", 50, i => i)], [N("y", 50, Mixed), N("x", 50, i => i < 2 ? double.NaN : i)], "y", "2 rows have no value in the target", null, "Drop rows with missing values: rows without a value in y"),
        new(WarningCode.Skewed, null, [N("x", 400, i => Math.Exp(i % 100 / 6.0) + i * 1e-6)], [N("x", 400, i => Math.Exp(i % 100 / 50.0) + i * 1e-6)], "x", "Skewness 3.5: a long tail of large values.", null, "Log transform: ln(1 + value) of x"),
        new(WarningCode.Skewed, null, [N("x", 400, i => -Math.Exp(i % 100 / 6.0) - i * 1e-6)], [N("x", 400, Mixed)], "x", "Skewness -3.5: a long tail of small values.", null, "Yeo-Johnson transform: x"),
        new(WarningCode.Outliers, null, [N("x", 100, i => i == 42 ? 5000 : 10 + Mixed(i))], [N("x", 100, i => i == 42 ? 400 : 10 + Mixed(i))], "x", "1 value lies more than ten interquartile ranges away, the first on line 44.", 44, "Clip outliers: x to 10 interquartile ranges beyond"),
        new(WarningCode.DatesAsText, null, [C("d", 40, i => $"{i % 28 + 1}/{i % 12 + 1}/2023")], [C("d", 40, i => $"Room {i % 28 + 1}/{i % 12 + 1}/23")], "d", "100 % of the values are dates written as text, such as '1/1/2023'.", null, "Read dates from text: d, day first"),
        new(WarningCode.DatesAsText, null, [C("d", 40, i => i == 7 ? "soon" : $"{i % 12 + 1:00}/{i % 11 + 1:00}/2023")], [C("d", 40, i => i % 3 == 0 ? "soon" : $"{i % 12 + 1:00}/{i % 11 + 1:00}/2023")], "d", "97.5 % of the values are dates written as text, such as '01/01/2023'. 1 value is not: line 9 'soon'. '12/01/2023' could be 2023-12-01 or 2023-01-12, and no value tells which: it is read as 2023-12-01.", 9, "Read dates from text: d, month first, others become missing"),
        new(WarningCode.NumbersAsText, null, [C("price", 40, i => $"${i + 1},{i % 10 + 100}.50")], [C("code", 40, i => $"{i} Elm {"ABCDEFGH"[i % 8]}way")], "price", "All 40 values are numbers written as text, such as '$1,100.50'", null, "Read numbers from text: price, decimal point"),
        new(WarningCode.MostlyMissing, null, [N("x", 100, i => i % 2 == 0 ? double.NaN : Mixed(i))], [N("x", 100, i => i % 2 == 0 && i > 0 ? double.NaN : Mixed(i))], "x", "50 % of the values are missing.", null, "Drop columns: x"),
        new(WarningCode.SurroundingBlanks, null, [C("c", 50, i => i % 25 == 3 ? " red" : i % 2 == 0 ? "red" : "blue")], [C("c", 50, i => i % 2 == 0 ? "dark red" : "blue")], "c", "2 values begin or end with a blank, the first on line 5.", 5, "Tidy text: c: trimmed, single blanks"),
        new(WarningCode.CaseVariants, "c", [C("c", 50, i => i % 3 == 0 ? "Red" : i % 3 == 1 ? "red" : "blue"), N("x", 50, Mixed)], [C("c", 50, i => i % 2 == 0 ? "Red" : "Red2"), N("x", 50, Mixed)], "c", "Written in several ways: 'Red' / 'red'.", null, "Tidy text: c: trimmed, single blanks, lower case"),
        new(WarningCode.LeakageSuspect, "y", [N("y", 600, i => i * 37 % 97 % 2), N("after", 600, i => i * 37 % 97 % 2 * 50 + i % 20), N("x", 600, Mixed)], [N("y", 600, i => i * 37 % 97 % 2), N("after", 600, i => i * 37 % 97 % 2 * 10 + i % 20), N("x", 600, Mixed)], "after", "all but gives away the target (normalised Gini 1.000 on rows not learnt from)", null, "Drop columns: after"),
    ];

    public static TheoryData<Case> Cases => [.. All.Select(c => new TheoryDataRow<Case>(c))];

    private static DateTimeColumn Day(string name, int rows, Func<int, DateTime> of) => new(name, [.. Enumerable.Range(0, rows).Select(i => of(i).Ticks)]);

    private static IReadOnlyList<DataWarning> Find(string? target, params Column[] columns)
    {
        var table = Table(columns);
        return DataWarnings.Find(Profiler.Profile(table, Token), table, target, Token);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_warning_is_raised_with_its_figures_and_step_and_not_by_what_comes_near(Case given)
    {
        var warning = Assert.Single(Find(given.Target, given.Raises), w => w.Code == given.Code);
        Assert.Equal(given.Columns, string.Join(",", warning.Columns));
        Assert.Contains(given.Says, warning.Message);
        Assert.Equal(given.Line, warning.Line);
        // The last feature cannot be dropped.
        var table = Table([.. given.Raises, N("another", given.Raises[0].Length, i => i)]);
        var steps = WarningSteps.For(warning, Profiler.Profile(table, Token), given.Target);
        var step = steps.Count == 0 ? null : WarningSteps.FirstThatApplies(steps, Recipe.Empty, table, given.Target, Token).Step;
        Assert.StartsWith(given.Step ?? "none", step is null ? "none" : $"{step.Title}: {step.Summary}");
        Assert.DoesNotContain(Find(given.Target, given.NearMiss), w => w.Code == given.Code);
    }

    [Fact]
    public void Every_warning_is_among_the_cases() => Assert.Empty(Enum.GetValues<WarningCode>().Except(All.Select(c => c.Code)));

    [Fact]
    public void Figures_of_a_sample_say_so()
    {
        var table = Table(C("c", 100, i => i % 10 == 1 ? "?" : i % 2 == 0 ? "a" : "b"));
        var warning = Assert.Single(DataWarnings.Find(Profiler.Profile(table, Token), table.Take([.. Enumerable.Range(0, 50)]), null, Token), w => w.Code == WarningCode.DisguisedMissing);
        Assert.Contains("'?' (5 rows) in a sample of 50 rows", warning.Message);
        Assert.True(warning.FromSample);
    }

    /// <summary>What each column becomes when the proposed step is applied.</summary>
    [Theory]
    [InlineData("$1,299.00|$5.00|$12.50", "1299,5,12.5", "Beside each stands '$'.")]
    [InlineData("45%|7%|12.5 %", "0.45,0.07,0.125", "Beside each stands '%'.")]
    [InlineData("2100 - 2850|900 - 1000|1100", "2475,950,1100", "Of a range such as '2100 - 2850' the middle is read, 2475.")]
    [InlineData("1.2k|3M|950", "1200,3000000,950", "")]
    [InlineData("€110.5M|€565K|€0", "110500000,565000,0", "Beside each stands '€'.")]
    [InlineData("5 kg|7.5 kg|12kg", "5,7.5,12", "Beside each stands 'kg'.")]
    [InlineData("1 year|2 years|10+ years", "1,2,10", "Beside each stands 'year'.")]
    [InlineData("(1,234.50)|$(200)|17", "-1234.5,-200,17", "2 values have no '$'")]
    [InlineData("€ 1.299,00|€ 5,50|€ 12,00", "1299,5.5,12", "Beside each stands '€'.")]
    [InlineData("1 234,5|0,5|17,25", "1234.5,0.5,17.25", "")]
    [InlineData("1.234.567|12.345|7", "1234567,12345,7", "")]
    [InlineData("0,299 l|1,299 l|2,5 l", "0.299,1.299,2.5", "")]
    [InlineData("$1,299|$2,500|$17,000", "1299,2500,17000", "'$1,299' could be 1299 or, with a decimal comma, 1.299, and no value tells which: it is read as 1299.")]
    [InlineData("19m|20m|30m", "19,20,30", "'19m' could be 19000000, or in a unit 'm': it is read as the latter.")]
    [InlineData("19M|2.5M|300", "19000000,2500000,300", "'19M' could be 19000000, or in a unit 'M': it is read as the former.")]
    [InlineData("45%|0.3|12%", "0.45,0.3,0.12", "1 value has no percent sign: '0.3' is read as it stands, 45% as 0.45.")]
    [InlineData("$5|$7|ask|$8|$9|$11", "5,7,,8,9,11", "5 of 6 values (83.3 %) are numbers written as text, such as '$5', '$7', '$8'. 1 value is not: line 4 'ask'.")]
    public void Numbers_written_as_text_are_read_as_they_are_meant_and_doubts_are_told(string texts, string expected, string says)
    {
        var table = Table(Categories("n", texts.Split('|')));
        var warning = Assert.Single(Find(null, [.. table.Columns]), w => w.Code == WarningCode.NumbersAsText);
        Assert.Contains(says, warning.Message);
        if (says.Length == 0) Assert.Empty(warning.Numbers!.Doubts);
        var (step, problem) = WarningSteps.FirstThatApplies(WarningSteps.For(warning, Profiler.Profile(table, Token), null), Recipe.Empty, table, null, Token);
        Assert.Null(problem);
        var read = step!.Fit(table).Replay(table)["n"];
        Assert.Equal(expected, string.Join(",", Enumerable.Range(0, read.Length).Select(read.GetText)));
    }

    [Theory]
    [InlineData("1st|2nd|3rd|4th")]
    [InlineData("2|3|4|5more")]
    [InlineData("12 Elm Street|7 Oak Road|9 High Lane|4 Hill|8 Park Way|1 Dell Court")]
    [InlineData("2024-05|2023-11|2022-01")]
    [InlineData("10:30|11:45|12:00")]
    [InlineData("A12|B7|C9")]
    [InlineData("8 am|9 pm|10 am")]
    public void Names_with_digits_are_no_numbers(string texts) =>
        Assert.DoesNotContain(Find(null, Categories("n", texts.Split('|'))), w => w.Code == WarningCode.NumbersAsText);

    [Fact]
    public void Numbers_in_different_units_are_told_and_not_read()
    {
        var table = Table(C("w", 40, i => $"{i + 1} {(i % 4 == 0 ? "lb" : "kg")}"));
        var warning = Assert.Single(Find(null, [.. table.Columns]), w => w.Code == WarningCode.NumbersAsText);
        Assert.Contains("They are in different units ('kg', 'lb')", warning.Message);
        Assert.Empty(WarningSteps.For(warning, Profiler.Profile(table, Token), null));
    }
}
