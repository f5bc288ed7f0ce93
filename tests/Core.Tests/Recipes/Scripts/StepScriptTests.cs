using System.Globalization;
using System.IO.Compression;
using System.Text;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Expressions;
using ModelWorkbench.Core.Recipes.Scripts;
using ModelWorkbench.Core.Recipes.Steps;
using Xunit;

namespace ModelWorkbench.Core.Tests.Recipes.Scripts;

/// <summary>Every step of the catalogue, exported in both languages, run on awkward rows, and compared with what the product makes of them, cell by cell:
/// of the rows that a model learns from, and of new rows with categories and texts that no training row had.</summary>
public sealed class StepScriptTests : IDisposable
{
    private readonly ScriptPrograms _programs = new();

    public void Dispose() => _programs.Dispose();

    /// <param name="Steps">The last one is meant; those before make its input.</param>
    private sealed record Case(string? Target, params RecipeStep[] Steps)
    {
        public override string ToString() => $"{Steps[^1].Title}: {Steps[^1].Summary}{(Target is null ? "" : $" (target {Target})")}";
    }

    private static IReadOnlyList<Case> Cases()
    {
        var filled = new FillMissingStep([], FillMethod.Mean);
        return
        [
            .. SampleSteps.All().Select(step => step is PcaStep ? new Case(null, filled, step) : step.LearnsFromTarget ? new Case("member", step) : new Case(null, step)),
            new(null, new YeoJohnsonStep(["balance"])), new(null, new ScaleStep(["balance"], ScaleMethod.Robust)), new(null, new ClipOutliersStep(["balance"], OutlierMethod.Quantiles, 1.5, 0.1, 0.9)),
            new(null, new DropOutliersStep(["balance"], OutlierMethod.Quantiles, 1.5, 0.1, 0.9)), new(null, new ValuesToMissingStep(["balance", "note", "joined"], ["-12.5", " STRASSE ", "2021-03-04"])),
            new(null, new BinStep(["balance"], BinMethod.EqualWidth, 4, [])), new(null, new BinStep(["balance"], BinMethod.OwnEdges, 0, [-10, 0, 12.5])), new(null, new BinStep([], BinMethod.Quantile, 5, [], AsNumbers: true)),
            new(null, new ParseNumberStep(["note"], DecimalMark.Point, PercentAsFraction: true, Magnitudes: true, AllowMissing: true)), new(null, new ParseNumberStep(["note", "city"], DecimalMark.Comma, PercentAsFraction: false, AllowMissing: true)),
            new(null, new ParseDateStep(["note"], DatePartOrder.DayFirst, AllowMissing: true)), new(null, new ParseDateStep(["note", "age", "joined"], DatePartOrder.MonthFirst, AllowMissing: true)),
            new(null, new ParseDateStep(["note"], DatePartOrder.YearFirst, AllowMissing: true), new DatePartsStep("note", [DatePart.Year, DatePart.Quarter, DatePart.Day, DatePart.Hour, DatePart.DaysSince])),
            new(null, new TidyTextStep([], Case: LetterCase.Lower)), new(null, new TidyTextStep([], Case: LetterCase.Upper)), new(null, new TidyTextStep(["note"], Trim: false, CollapseBlanks: true)),
            new(null, new ReplaceTextStep([], "STRASSE", "Weg", TextMatch.Part, IgnoreCase: true)), new(null, new ReplaceTextStep([], "straße", "\\1 $1", TextMatch.Whole, IgnoreCase: true)),
            new(null, new ReplaceTextStep(["note"], @"(?<first>[a-z$]+)\s+(?<second>[a-z0-9]+)\z", "${second}$$ $& \\", TextMatch.Pattern)), new(null, new ReplaceTextStep([], "^(STRA)(ss|ß)e", "$2-${1}", TextMatch.Pattern, IgnoreCase: true)), new(null, new ReplaceTextStep(["note"], ".+", "", TextMatch.Pattern)),
            new(null, new MergeRareStep([], 0.1, 3, "the \"rest\"")), new(null, new MergeRareStep(["note"], 0, 4)),
            new(null, new OneHotStep([])), new(null, new OneHotStep(["note"], 4)),
            new(null, new OrdinalEncodeStep([], CategoryOrder.Alphabet, [])), new(null, new OrdinalEncodeStep(["member"], CategoryOrder.Given, ["no", "yes"])),
            new(null, new HashEncodeStep(["city", "note", "member"], 7)), new(null, new HashEncodeStep(["note"], 64)),
            new("balance", new TargetEncodeStep(["city", "note"], Smoothing: 2, Folds: 4, Seed: -3)), new("city", filled, new TargetEncodeStep(["member"], Smoothing: 0)), new(null, new FillMissingStep(["member"], FillMethod.MostFrequent), new SampleRowsStep(Count: 30)),
            new("member", new FilterRowsStep("age > 30"), new SampleRowsStep(Fraction: 0.6, Seed: 8), new TargetEncodeStep([], Folds: 3)), new(null, new SampleRowsStep(Count: 17, Seed: int.MinValue)), new(null, new SampleRowsStep(Count: 5000)),
            new(null, new SampleRowsStep(Fraction: 1e-9)), new(null, new DropDuplicatesStep(["city"]), new SampleRowsStep(Fraction: 0.5, Seed: -99)),
            new(null, new TextNgramsStep("note", NgramUnit.Word, 1, 2, 40, NgramWeight.Count, KeepSource: true)), new(null, new TextNgramsStep("note", NgramUnit.Character, 1, 3, 60)), new(null, new TextNgramsStep("city", NgramUnit.Character, 2, 2, 30, NgramWeight.Present)),
            new(null, new DerivedColumnStep("upper", "upper(note)")), new(null, new DerivedColumnStep("lower", "lower(trim(note))")), new(null, new FillMissingStep(["city", "member", "joined"], FillMethod.MostFrequent, GroupBy: "age", Flag: true)),
            new(null, new FillMissingStep(["balance"], FillMethod.Mean, GroupBy: "city")), new(null, new ChangeKindStep("balance", ColumnKind.Text)), new(null, new ChangeKindStep("note", ColumnKind.Boolean, AllowMissing: true)), new(null, new ChangeKindStep("note", ColumnKind.Numeric, AllowMissing: true)),
            new(null, [.. Formulas.Select(formula => new DerivedColumnStep(formula, formula))]),
            // Several steps of which each changes what the next one sees.
            new("member", new ReorderColumnsStep(["note", "balance"]), new DropDuplicatesStep(["city", "age"]), new SampleRowsStep(Count: 60, Seed: 4), new MergeRareStep(["city"], 0.05), new BinStep(["age"], BinMethod.Quantile, 3, []), new SampleRowsStep(Fraction: 0.9),
                new TargetEncodeStep(["city", "age"]), new TextNgramsStep("note", Top: 6), new FillMissingStep([], FillMethod.Median), new OneHotStep(["joined_text"]) { Enabled = false }, new PcaStep(["income", "balance"], 2)),
        ];
    }

    private static readonly string[] Formulas =
    [
        "abs(balance)", "sqrt(balance)", "log(balance)", "log10(balance)", "exp(balance)", "floor(balance)", "ceil(balance / 3)", "round(balance / 7, 2)", "round(balance)", "min(age, balance, 3)", "max(income, balance)", "clip(balance, -10, 10)",
        "lower(city)", "upper(city)", "trim(note)", "length(note)", "contains(note, \"2\")", "starts_with(note, \"S\")", "ends_with(note, \"d\")", "replace(note, \".\", \"<>\")", "substring(note, 2, 3)", "substring(note, 3)",
        "concat(city, \"/\", balance, \"/\", joined, \"/\", member)", "year(joined)", "quarter(joined)", "month(joined)", "day(joined)", "weekday(joined)", "hour(joined)", "minute(date(note))", "days_between(joined, date(\"2024-02-29\"))", "date(note)", "date(trim(note))",
        "number(note)", "number(member)", "number(age)", "text(balance)", "text(joined)", "text(member)", "text(age > 30)", "if(age > 40, note, city)", "if(balance > 0, balance, age)", "if(member, joined, date(\"2020-01-01\"))", "coalesce(city, note)", "coalesce(age, balance, 0)", "is_missing(balance)",
        "balance % 7 + age % -3", "(age - 40) ^ 3", "age ^ 0.5", "balance / (age - 30)", "-balance * 2 - age", "age = 30 or age != 31 and not (age < 50)", "age <= 40 and age >= 20", "city = \"Bonn\"", "city < note", "city >= \"Straße\"", "joined > \"2021-06-01\"", "joined = joined", "member = \"yes\"", "not member or balance > 0", "coalesce(missing, age)",
    ];

    [Fact]
    public void Each_function_of_formulas_is_among_the_cases() =>
        Assert.DoesNotContain(ExpressionFunctions.All, f => f.Group != ExpressionFunctions.Operators && !Formulas.Any(formula => formula.Contains(f.Name + "(", StringComparison.Ordinal)));

    [Fact]
    public void Each_step_of_the_catalogue_is_among_the_cases_and_in_both_languages()
    {
        var cases = Cases();
        var tried = cases.Select(c => Name(c.Steps[^1])).ToHashSet();
        Assert.DoesNotContain(RecipeJson.StepNames, name => !tried.Contains(name));
        foreach (var made in Fit(cases, Read("train.csv", TrainingRows()), Read("new.csv", NewRows())))
            Assert.Equal((made.Case.ToString(), 0, 0), (made.Case.ToString(), PandasScript.Write(made.Source, made.Recipe, made.Fitted).NotExported.Count, CSharpScript.Write(made.Source, made.Recipe, made.Fitted).NotExported.Count));
    }

    [Fact]
    public async Task Pandas_makes_of_each_step_what_we_make_in_training_and_of_new_rows()
    {
        Add(Fit(Cases(), Read("train.csv", TrainingRows()), Read("new.csv", NewRows())));
        await _programs.RequirePandasToAgree();
    }

    [Fact]
    public async Task CSharp_makes_of_each_step_what_we_make_in_training_and_of_new_rows()
    {
        Add(Fit(Cases(), Read("train.csv", TrainingRows()), Read("new.csv", NewRows())));
        await _programs.RequireCSharpToAgree();
    }

    private sealed record Made(Case Case, ScriptSource Source, Recipe Recipe, FittedRecipe Fitted, Table Training, Table New);

    private static List<Made> Fit(IReadOnlyList<Case> cases, CsvReadResult training, CsvReadResult newRows)
    {
        var made = new List<Made>();
        foreach (var one in cases)
        {
            var recipe = new Recipe(one.Steps);
            var (fitted, table) = (new List<FittedStep>(), training.Table);
            for (var i = 0; i < one.Steps.Length; i++)
            {
                var step = recipe.PreviewStep(i, table, one.Target);
                Assert.Equal((one.ToString(), ""), (one.ToString(), string.Join(" ", step.Outcome.Problems.Select(p => p.Message))));
                if (step.Fitted is not null) fitted.Add(step.Fitted);
                table = step.After;
            }
            var whole = new FittedRecipe(fitted);
            made.Add(new Made(one, new ScriptSource("train.csv", training.Options, [.. training.Table.Columns.Select(c => new ColumnHeader(c.Name, c.Kind))]) { Target = one.Target },
                recipe, whole, table, whole.ReplayAtPrediction(newRows.Table)));
        }
        return made;
    }

    private void Add(IReadOnlyList<Made> cases)
    {
        foreach (var made in cases)
            _programs.Add(made.Case.ToString(), made.Source, made.Recipe, made.Fitted, (_programs.PathOf("train.csv"), true, made.Training), (_programs.PathOf("new.csv"), false, made.New));
        using (var gzip = new GZipStream(File.Create(_programs.PathOf("train.csv.gz")), CompressionLevel.Fastest)) gzip.Write(File.ReadAllBytes(_programs.PathOf("train.csv")));
        using (var zip = ZipFile.Open(_programs.PathOf("train.zip"), ZipArchiveMode.Create)) zip.CreateEntryFromFile(_programs.PathOf("train.csv"), "train.csv");
        foreach (var packed in (string[])["train.csv.gz", "train.zip"])
            _programs.Add(packed, cases[0].Source, cases[0].Recipe, cases[0].Fitted, (_programs.PathOf(packed), true, cases[0].Training));
    }

    private static string Name(RecipeStep step) => RecipeJson.StepNames.Single(n => RecipeJson.Write(new Recipe([step])).Contains($"\"step\": \"{n}\"", StringComparison.Ordinal));

    private static readonly string[] Notes =
    [
        "$1,299.00", "45%", "(12.50)", "1 234,5 €", "2100 - 2850", "19.67 kmpl", "10,000+", "12,34,567", "1.234.567,89", "3.2k", "19M USD", "10 - 20%", "1 to 2k", "ca. 5", "~7 m2", "-5.-", "5.", "US$ 4", "kr 12", "krone 12", "‰", "3‰", "1e3", "1e3 m", "−8", "+4.5", "12 34", "1'000'000", "1\u00a0000", "5 - 1", "1,2", ".5", "0.5.6", "7 °C", "5 km/h", "9..12", "8–9 m²", "(3", "€ € 3", "- - 3", "3 lakh", "2 crore+", "12 kr.", "12 to", "4 tons", "20 m to 30 m", "6 mio.",
        "31.05.2024", "5/31/24 2:30 PM", "05/06/2024", "September 9, 2019", "sep 9, 2019 12:15 AM", "25-Sep-19", "25-Sep-50", "20240531", "2024-05", "Mon, 9 Sep 2019", "Tuesday, September 9, 2019", "Monday, September 9, 2019", "Mon Sep 9 2019 14:05:06.1234567", "May. 3, 2020", "31.02.2024", "2024-05-31T14:30:00+02:00", "2024-05-31 14:30", "2024-05-31 24:30", "1.1.99 13:00 PM", "1.1.99 0:30PM", "2024/5/1  7:05", "9 September2019", "3 4 2021", "99-12-31", "December 2020", "1999-Dec-31",
        "Straße zum Hof", "STRASSE", "straße", "İstanbul ılık", "ΟΔΟΣ ΟΔΟΣ", "ǆ ŉ ﬁ", "日本語 テキスト 日本語", "said \"hi\"; left", "good  old\ttimes", "two\nlines here", "a_b a_b c3", "x", "😀😀 smile ½ ⅷ", "naïve café", "e\u0301 e\u0301", "NULL", "yes", "F", "1", "'quoted'", "back\\slash", "{brace} $1 $&", "  blanks around  ", "-", "",
    ];

    private static string TrainingRows()
    {
        var random = new Random(11);
        string[] cities = ["Bonn", "BONN", " ulm", "Trier", "München", "Straße", "ΟΔΟΣ", "12", "a\"b\"", "x;y"];
        var text = new StringBuilder("age;income;city;note;member;joined;balance\n");
        for (var row = 0; row < 3 * Notes.Length; row++)
            Row(text, random.Next(8) == 0 ? "" : random.Next(18, 80).ToString(CultureInfo.InvariantCulture), random.Next(9) == 0 ? "?" : German(random.Next(100, 900_000) / 7.0), cities[Math.Min(random.Next(cities.Length), random.Next(cities.Length + 3))],
                Notes[row % Notes.Length], random.Next(9) == 0 ? "" : random.Next(2) == 0 ? "yes" : "no", random.Next(9) == 0 ? "" : new DateTime(2020, 1, 1).AddDays(random.Next(1500)).ToString("dd.MM.yyyy", CultureInfo.InvariantCulture),
                random.Next(10) switch { 0 => "", 1 => "0", 2 => "-12,5", _ => German((random.NextDouble() - 0.6) * 1000) });
        return text.ToString();
    }

    /// <summary>Unknown categories, numbers outside of what was seen, columns with little in them.</summary>
    private static string NewRows()
    {
        var random = new Random(12);
        string[] cities = ["Bonn", "bonn", "Atlantis", "Ulm", "", "Łódź", "\"", "straße", "12"], numbers = ["-1", "0", "-0,0", "1e300", "-1e9", "1.234.567,5", "1.23", "0.123", "abc", "", "17", "-3,25"];
        string[] words = ["unseen words", "GOOD old Times", "1 2 3", "７", "٣", "\u001fodd\u001f", "ẞ ſ", "ᾳ", "12.13.2014", "13/12/2014", "$ 5 to 7 k", "1,5%"];
        var text = new StringBuilder("age;income;city;note;member;joined;balance\n");
        for (var row = 0; row < 80; row++)
            Row(text, numbers[random.Next(numbers.Length)], numbers[random.Next(numbers.Length)], cities[random.Next(cities.Length)], row % 2 == 0 ? Notes[random.Next(Notes.Length)] : words[random.Next(words.Length)],
                random.Next(3) switch { 0 => "", 1 => "no", _ => "yes" }, random.Next(3) == 0 ? "" : $"{random.Next(13, 29)}.{random.Next(1, 13)}.{random.Next(1900, 2100)}", numbers[random.Next(numbers.Length)]);
        return text.ToString();
    }

    private static string German(double value) => value.ToString("F3", CultureInfo.GetCultureInfo("de-DE"));

    private static void Row(StringBuilder text, params string[] fields) =>
        text.AppendJoin(';', fields.Select(field => field.AsSpan().ContainsAny(";\"\n") ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field)).Append('\n');

    private CsvReadResult Read(string name, string text)
    {
        File.WriteAllText(_programs.PathOf(name), text);
        return CsvTableReader.Read(_programs.PathOf(name), new CsvOptions
        {
            Delimiter = ';',
            DecimalMark = ',',
            ThousandsSeparator = '.',
            Kinds = new Dictionary<string, ColumnKind>
            {
                ["age"] = ColumnKind.Numeric,
                ["income"] = ColumnKind.Numeric,
                ["city"] = ColumnKind.Category,
                ["note"] = ColumnKind.Text,
                ["member"] = ColumnKind.Boolean,
                ["joined"] = ColumnKind.DateTime,
                ["balance"] = ColumnKind.Numeric,
            },
        }, null, CancellationToken.None);
    }
}
