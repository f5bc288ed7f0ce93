using System.Diagnostics;
using System.Globalization;
using System.Text;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Scripts;
using ModelWorkbench.Core.Recipes.Steps;
using Xunit;

namespace ModelWorkbench.Core.Tests.Recipes.Scripts;

/// <summary>The exported programs are run, and what they write is compared with our own replay, cell by cell.</summary>
public sealed class ScriptTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("recipe-script").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("credit_risk.csv", "Income / 12 + Age", "Home", "Seniority")]
    [InlineData("penguins.csv", "if(body_mass_g > 4000, bill_length_mm, bill_depth_mm)", "island", "flipper_length_mm")]
    [InlineData("telco_churn.csv", "round(monthly_charges * tenure, 1)", "contract", "tenure")]
    public async Task Pandas_and_CSharp_make_of_a_real_file_what_our_replay_makes(string file, string formula, string group, string number)
    {
        RequirePandas();
        var csv = TestFiles.Sample(file);
        var table = CsvTableReader.Read(csv, new CsvOptions(), null, TestContext.Current.CancellationToken);
        var (source, recipe, fitted) = Fit(table,
        [
            new DropDuplicatesStep([]), new FillMissingStep([number], FillMethod.Median, GroupBy: group, Flag: true), new FillMissingStep([], FillMethod.Mean),
            new DerivedColumnStep("made", formula), new FilterRowsStep($"made > 0 and {group} != 'nowhere'"), new ClipOutliersStep([number]), new ScaleStep(["made"], ScaleMethod.Standardize),
            new TidyTextStep([group], Case: LetterCase.Lower), new RenameColumnStep(group, "the group"),
        ]);
        var expected = fitted.Steps.Aggregate(table.Table, (t, s) => s.Replay(t));
        Assert.Empty(await RunPandas(PandasScript.Write(source, recipe, fitted), csv, expected));
        if (file == "penguins.csv") Assert.Empty(await RunCSharp(CSharpScript.Write(source, recipe, fitted), csv, expected));
    }

    [Fact]
    public async Task CSharp_makes_of_all_steps_in_a_row_what_our_replay_makes()
    {
        var csv = Path.Combine(_folder, "made.csv");
        var table = Read(csv, MadeUp());
        var (source, recipe, fitted) = Fit(table,
        [
            new FilterRowsStep("income < 1e6 or is_missing(income)"), new DropDuplicatesStep([]), new TidyTextStep(["note"]), new ReplaceTextStep(["city"], "BONN", "Köln", TextMatch.Whole, IgnoreCase: true),
            new ReplaceTextStep(["note"], "([a-z]+) ([a-z]+)", "$2 $1", TextMatch.Pattern), new ValuesToMissingStep(["age", "city"], ["42", "ulm"]),
            new DerivedColumnStep("ratio", "round(income / age, 3) % 7 - min(age, 3) ^ 2"), new DerivedColumnStep("label", "coalesce(city, 'none') + '-' + substring(upper(note), 2, 3)"),
            new DerivedColumnStep("old", "(not member and joined < \"2021-06-01\") or length(note) > 9"), new DerivedColumnStep("when", "weekday(joined) + days_between(joined, date('2024-02-29')) / 7"),
            new FillMissingStep(["income"], FillMethod.Median, GroupBy: "city", Flag: true), new FillMissingStep(["age", "joined"], FillMethod.MostFrequent),
            new DatePartsStep("joined", [DatePart.Year, DatePart.Weekday, DatePart.DaysSince], "2020-01-01", KeepSource: true), new ChangeKindStep("joined", ColumnKind.Text),
            new DerivedColumnStep("income2", "income + 1"), new LogStep(["income2"]), new SquareRootStep(["income_was_missing"]) { Enabled = false }, new Log1pStep(["income"]),
            new ClipOutliersStep(["age"]), new YeoJohnsonStep(["age"]), new ScaleStep(["age"], ScaleMethod.MinMax), new PcaStep(["age", "income"], 2), new DropOutliersStep(["pca_1"]),
            new RenameColumnStep("member", "is member"), new DropColumnsStep(["label"]), new DropMissingRowsStep(["city"]),
        ]);
        var expected = fitted.Steps.Aggregate(table.Table, (t, s) => s.Replay(t));
        Assert.True(expected.RowCount > 20);
        Assert.Empty(await RunCSharp(CSharpScript.Write(source, recipe, fitted), csv, expected));
        if (HasPandas()) Assert.Empty(await RunPandas(PandasScript.Write(source, recipe, fitted), csv, expected));
    }

    [Fact]
    public void A_name_cannot_break_out_of_a_script()
    {
        var table = Read(Path.Combine(_folder, "x.csv"), "\"a\"\" import os #\nx\"\"\",b\n1,2\n3,4\n");
        var name = table.Table.Columns[0].Name;
        var (source, recipe, fitted) = Fit(table, [new RenameColumnStep(name, "\"\"\"\\"), new FilterRowsStep("b > 0 \n or b < 0")]);
        foreach (var script in (RecipeScript[])[PandasScript.Write(source, recipe, fitted), CSharpScript.Write(source, recipe, fitted)])
            Assert.DoesNotContain(script.Text.Split('\n'), line => line.StartsWith("x\"", StringComparison.Ordinal) || line.TrimStart().StartsWith("or b", StringComparison.Ordinal));
    }

    private static (ScriptSource Source, Recipe Recipe, FittedRecipe Fitted) Fit(CsvReadResult read, IReadOnlyList<RecipeStep> steps)
    {
        var recipe = new Recipe(steps);
        var fitted = new List<FittedStep>();
        var table = read.Table;
        foreach (var step in steps.Where(s => s.Enabled))
        {
            fitted.Add(step.LearnsFromTarget ? step.FitToTarget(table.Without(["member"]), table["member"]) : step.Fit(table));
            table = fitted[^1].Replay(table);
        }
        return (new ScriptSource("made.csv", read.Options, [.. read.Table.Columns.Select(c => new ColumnHeader(c.Name, c.Kind))]), recipe, new FittedRecipe(fitted));
    }

    /// <summary>Semicolons, decimal commas, Latin-1 and blanks: the file tells the reader how it is written.</summary>
    private static string MadeUp()
    {
        var random = new Random(7);
        var text = new StringBuilder("age;income;city;note;member;joined\n");
        string[] cities = ["Bonn", " ulm", "Trier", "München", "NA", "12"], notes = ["good  old times", "\"said \"\"hi\"\"; left\"", "x", "", "2024-01-31", "many words to read"];
        for (var row = 0; row < 60; row++)
            text.Append(random.Next(8) == 0 ? "" : random.Next(18, 80).ToString(CultureInfo.InvariantCulture)).Append(';')
                .Append(random.Next(8) == 0 ? "?" : (random.Next(100, 900_000) / 7.0).ToString("F3", CultureInfo.GetCultureInfo("de-DE"))).Append(';')
                .Append(cities[random.Next(cities.Length)]).Append(';').Append(notes[random.Next(notes.Length)]).Append(';')
                .Append(random.Next(9) == 0 ? "" : random.Next(2) == 0 ? "yes" : "no").Append(';')
                .Append(random.Next(9) == 0 ? "" : new DateTime(2020, 1, 1).AddDays(random.Next(1500)).ToString("dd.MM.yyyy", CultureInfo.InvariantCulture)).Append('\n');
        return text.ToString();
    }

    [Fact]
    public void A_program_that_cannot_read_the_file_as_we_do_says_so_instead_of_reading_it_wrongly()
    {
        var source = new ScriptSource("made.csv", new CsvOptions { Delimiter = "||" }, [new ColumnHeader("a", ColumnKind.Numeric)]);
        var (recipe, fitted) = (new Recipe([]), new FittedRecipe([]));
        foreach (var script in new[] { PandasScript.Write(source, recipe, fitted), CSharpScript.Write(source, recipe, fitted) })
        {
            Assert.Contains("The file is read with the delimiter || of several characters", script.Text, StringComparison.Ordinal);
            Assert.Equal("Reading the file: the delimiter || of several characters", Assert.Single(script.NotExported));
        }
    }

    private static CsvReadResult Read(string path, string text)
    {
        File.WriteAllBytes(path, Encoding.Latin1.GetBytes(text));
        return CsvTableReader.Read(path, new CsvOptions
        {
            Delimiter = text.Contains(';') ? ";" : ",",
            DecimalMark = text.Contains(';') ? ',' : '.',
            Encoding = "iso-8859-1",
            Kinds = new Dictionary<string, ColumnKind> { ["note"] = ColumnKind.Text, ["city"] = ColumnKind.Category },
        }, null, CancellationToken.None);
    }

    internal static void RequirePandas()
    {
        if (!HasPandas()) Assert.Skip("There is no /usr/bin/python3 with pandas to run the exported script.");
    }

    private static bool HasPandas()
    {
        if (!File.Exists("/usr/bin/python3")) return false;
        using var process = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", "import pandas"]) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private Task<IReadOnlyList<string>> RunPandas(RecipeScript script, string csv, Table expected) => RunAndCompare(script, "/usr/bin/python3", [], csv, expected);

    private Task<IReadOnlyList<string>> RunCSharp(RecipeScript script, string csv, Table expected) => RunAndCompare(script, "dotnet", ["run"], csv, expected);

    private async Task<IReadOnlyList<string>> RunAndCompare(RecipeScript script, string program, string[] arguments, string csv, Table expected)
    {
        var path = Path.Combine(_folder, script.FileName);
        var output = Path.Combine(_folder, "out.csv");
        File.Delete(output);
        await File.WriteAllTextAsync(path, script.Text, TestContext.Current.CancellationToken);
        var start = new ProcessStartInfo(program, [.. arguments, path, .. arguments.Length > 0 ? (string[])["--"] : [], csv, output]) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = _folder };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var printed = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        if (process.ExitCode != 0) return [$"{await printed}{await errors}\n{script.Text}"];
        return Differences(output, expected);
    }

    /// <summary>Where what a program wrote is not the table; the first difference of each column.</summary>
    internal static IReadOnlyList<string> Differences(string output, Table expected)
    {
        // The names are compared as they stand; a reader of files would trim them.
        var text = File.ReadAllText(output);
        var names = string.Join(',', expected.Columns.Select(c => c.Name.AsSpan().ContainsAny(",\"\r\n") ? $"\"{c.Name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : c.Name));
        if (!text.StartsWith(names + "\n", StringComparison.Ordinal)) return [$"found the columns {text.Split('\n')[0]}, expected {names}"];
        File.WriteAllText(output, text[(names.Length + 1)..]);
        var found = CsvTableReader.Read(output, new CsvOptions
        {
            HasHeader = false,
            MissingMarks = [],
            Kinds = expected.Columns.Index().ToDictionary(c => $"column_{c.Index + 1}", c => c.Item.Kind == ColumnKind.Boolean ? ColumnKind.Category : c.Item.Kind),
        }, null, CancellationToken.None).Table;
        if (found.RowCount != expected.RowCount) return [$"found {found.RowCount} rows, expected {expected.RowCount}"];
        var differences = new List<string>();
        foreach (var (one, other) in found.Columns.Zip(expected.Columns))
            for (var row = 0; row < one.Length; row++)
            {
                var same = one is NumericColumn a && other is NumericColumn b
                    ? a.Values[row].Equals(b.Values[row]) || Math.Abs(a.Values[row] - b.Values[row]) <= 1e-9 * Math.Max(1, Math.Abs(b.Values[row]))
                    // Nothing and an empty text look the same in CSV.
                    : (one.GetText(row) ?? "").Trim() == (other.GetText(row) ?? "").Trim();
                if (same) continue;
                differences.Add($"{other.Name}, line {expected.LineNumbers[row]}: found '{one.GetText(row)}', expected '{other.GetText(row)}'");
                break;
            }
        return differences;
    }
}
