using CsCheck;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Exports.Onnx;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Tests.Recipes.Scripts;
using ModelWorkbench.Core.Tests.Serving;
using ModelWorkbench.Core.Trainers;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;
using DatePart = ModelWorkbench.Core.Recipes.Steps.DatePart;

namespace ModelWorkbench.Core.Tests.Exports;

/// <summary>ONNX Runtime answers as the model does.</summary>
public sealed class OnnxExporterTests
{
    private static readonly OnnxExporter Exporter = new();

    private static readonly Gen<double> Values = Gen.OneOf(Gen.Int[-5, 100].Select(i => (double)i), Gen.Double[-1e6, 1e6], OneOf(double.NaN, double.NaN, 0, -0.0, 1e300, -1e300, 1e-300, -1, 42));
    private static readonly Gen<string?> Words = OneOf<string?>("Bonn", "bonn", " Bonn ", "Ulm", "12", "3,5", "$1,299.00", "45%", "2024-01-31", "31.05.2024", "ß", "日本", "a b c", "x\ny", "\"", null, null);
    private static readonly Gen<long> Moments = Gen.OneOf(Gen.Int[0, 20_000].Select(d => new DateTime(1980, 1, 1).AddDays(d).Ticks), Gen.Long[new DateTime(1, 1, 2).Ticks, new DateTime(9999, 12, 30).Ticks], Gen.Const(DateTimeColumn.MissingTicks));

    private static readonly Gen<Table> Tables = Gen.Int[10, 30].SelectMany(n => Gen.Select(
        Values.Array[n], Gen.OneOf(Values.Array[n], Gen.Double[1, 1e6].Array[n]), Words.Array[n], Words.Array[n], OneOf<string?>("yes", "no", null).Array[n], Moments.Array[n],
        (age, income, city, note, member, joined) => new Table(
        [
            new NumericColumn("age", age), new NumericColumn("income", income), DictionaryColumn.FromTexts("city", ColumnKind.Category, city),
            DictionaryColumn.FromTexts("note", ColumnKind.Text, note), DictionaryColumn.FromTexts("member", ColumnKind.Boolean, member), new DateTimeColumn("joined", joined),
            new NumericColumn("y", [.. Enumerable.Range(0, n).Select(i => (double)(i * 7 % 5))]),
        ])));

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static IReadOnlyList<RecipeStep> MoreSteps =>
    [
        new DerivedColumnStep("d1", "round(income / 3, 2) % 7 + max(age, 2) ^ 0.5"), new DerivedColumnStep("d2", "if(is_missing(age) or age > 30, coalesce(income, -1), abs(age) - 1)"),
        new DerivedColumnStep("d3", "city = \"Bonn\" and member"), new DerivedColumnStep("d4", "concat(city, \"-\", city)"), new DerivedColumnStep("d5", "days_between(date(\"2020-01-01\"), joined) + weekday(joined) + minute(joined) + month(joined)"),
        new DerivedColumnStep("d6", "contains(city, \"o\") or starts_with(city, \"U\")"), new DerivedColumnStep("d7", "number(member) + clip(age, 0, 50) - min(age, income) + log10(exp(age / 100)) + floor(sqrt(income)) + ceil(age / 7) + round(income)"),
        new ChangeKindStep("age", ColumnKind.Boolean, AllowMissing: true), new ChangeKindStep("city", ColumnKind.Text), new BinStep(["income"], BinMethod.EqualWidth, 4, [], AsNumbers: true), new BinStep(["age"], BinMethod.OwnEdges, 0, [0, 18, 65]),
        new OrdinalEncodeStep([], CategoryOrder.Alphabet, []), new OneHotStep([], 5), new TidyTextStep(["city"]), new TidyTextStep(["city"], Case: LetterCase.Lower), new TargetEncodeStep([]),
        new DatePartsStep("joined", [DatePart.Quarter, DatePart.Day, DatePart.DaysSince]), new FillMissingStep(["joined"], FillMethod.MostFrequent, Flag: true), new FillMissingStep(["city"], FillMethod.MostFrequent, GroupBy: "member"),
    ];

    [Fact]
    public void Steps_and_features_of_random_tables_and_recipes_are_the_same()
    {
        var exported = new Dictionary<string, int>();
        var (asked, refused) = (0, new Dictionary<string, int>());
        var failures = new List<string>();
        var all = SampleSteps.All().Concat(MoreSteps).ToArray();
        Gen.Select(Tables, Tables, OneOf(all).Array[1, 5], OneOf(FeatureEncoding.Codes, FeatureEncoding.FilledCodes, FeatureEncoding.OneHotStandardized)).Sample((table, others, steps, encoding) =>
        {
            var kept = new List<RecipeStep>();
            ModelPackage? package = null;
            foreach (var step in steps)
            {
                try
                {
                    package = ExportCases.LooksAtEverything(table, "y", [.. kept, step], encoding);
                    kept.Add(step);
                }
                catch (RecipeException) { }
            }
            if (package is null) return;
            var reasons = Exporter.WhyNot(package);
            lock (exported)
            {
                asked++;
                foreach (var reason in reasons) refused[reason] = refused.GetValueOrDefault(reason) + 1;
            }
            if (reasons.Count > 0) return;
            string? failure = null;
            try
            {
                var proof = ExportCases.Prove(Exporter, package, others);
                if (!proof.IsEqual) failure = proof.ToString();
            }
            catch (Exception e)
            {
                failure = e.Message;
            }
            lock (exported)
            {
                if (failure is not null) failures.Add($"{failure}\n{RecipeJson.Write(new Recipe(kept))} {encoding}\n{Show(table)}\n");
                foreach (var step in kept) exported[step.Title] = exported.GetValueOrDefault(step.Title) + 1;
            }
        }, iter: 400);
        Assert.True(failures.Count == 0, $"{failures.Count} of {asked}:\n{string.Join('\n', failures.OrderBy(f => f.Length).Take(8))}");
        Assert.True(exported.Values.Sum() > 300, $"{exported.Values.Sum()} of {asked}: {string.Join('\n', refused.OrderByDescending(r => r.Value).Select(r => $"{r.Value} {r.Key}"))}");
        string[] never = [.. all.Where(s => Exporter.WhyNot(s) is null).Select(s => s.Title).Distinct().Except(exported.Keys)];
        Assert.True(never.Length == 0, string.Join(", ", never));
    }

    private static Table Rows(LearningTask task, int seed)
    {
        var random = new Random(seed);
        double[] a = [.. Enumerable.Range(0, 240).Select(_ => random.NextDouble() * 10)], b = [.. a.Select(_ => random.Next(8) == 0 ? double.NaN : Math.Round(100 * random.NextDouble()))];
        string?[] c = [.. a.Select(_ => random.Next(9) == 0 ? null : "uvw"[random.Next(3)].ToString())];
        double[] y = [.. a.Select((v, i) => 3 + (2 * v) + (double.IsNaN(b[i]) ? 0 : b[i] / 10 * (c[i] == "u" ? 2 : -1)) + (3 * random.NextDouble()))];
        return Table(
            task == LearningTask.Regression ? Numbers("y", y) : Categories("y", [.. y.Select(v => task == LearningTask.Binary ? v > 13 ? "yes" : "no" : v > 15 ? "high" : v > 9 ? "middle" : "low")]),
            Numbers("a", a), Numbers("b", b), Categories("c", c));
    }

    public static TheoryData<string, LearningTask> Families()
    {
        var data = new TheoryData<string, LearningTask>();
        foreach (var trainer in TrainerCatalog.All)
            foreach (var task in Enum.GetValues<LearningTask>())
                if (trainer.WhyNot(new TrainingShape(task, 240, 5, task switch { LearningTask.Binary => 2, LearningTask.Multiclass => 3, _ => 1 })) is null) data.Add(trainer.Id, task);
        return data;
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_family_answers_the_same(string trainer, LearningTask task)
    {
        _ = Trainers.Samples.Trainer(trainer);
        var package = ServingModels.Train(Rows(task, 1), "y", Recipe.Empty, trainer, TestContext.Current.CancellationToken);
        var proof = ExportCases.Prove(Exporter, package, Rows(task, 2));
        ExportCases.AssertEqual(proof, trainer);
        Assert.True(proof.Rows > 240);
    }

    [Theory]
    [InlineData(LearningTask.Binary)]
    [InlineData(LearningTask.Multiclass)]
    [InlineData(LearningTask.Regression)]
    public void Scorers_made_of_other_scorers_answer_the_same(LearningTask task)
    {
        var cancel = TestContext.Current.CancellationToken;
        ModelPackage Train(string trainer) => ServingModels.Train(Rows(task, 1), "y", new Recipe([new FillMissingStep([], FillMethod.MostFrequent)]), trainer, cancel);
        var (forest, linear, boosted) = (Train("random-forest"), Train("linear-lbfgs"), Train("fast-tree"));
        var own = linear.Pipeline.Encoder.Encode(linear.Pipeline.Recipe.ReplayAtPrediction(Rows(task, 1).Without(["y"])));
        var components = PrincipalComponents.Fit(own.RowCount, own.FeatureCount, own.Read, 2, standardize: true, cancel);
        var inner = new LinearScorer([.. Enumerable.Range(0, 2 * Math.Max(1, task == LearningTask.Multiclass ? 3 : 1)).Select(i => 0.3 - (0.2 * i))], task == LearningTask.Multiclass ? [0.1, 0.2, 0.3] : [0.4],
            task switch { LearningTask.Binary => LinearLink.Logistic, LearningTask.Multiclass => LinearLink.OneVersusAll, _ => LinearLink.Identity });
        // A model that asks two encoders side by side has features of both.
        var joined = new FittedFeatureEncoder(FeatureEncoding.Codes, [.. linear.Pipeline.Encoder.Columns, .. boosted.Pipeline.Encoder.Columns]);
        var together = new EnsembleScorer(joined.FeatureNames.Count,
            [new EnsembleScorerMember(0, 0.25, linear.Pipeline.Scorer), new EnsembleScorerMember(linear.Pipeline.Scorer.FeatureCount, 0.75, boosted.Pipeline.Scorer)], task == LearningTask.Regression ? 1 : 1.7);
        var trees = (TreeEnsembleScorer)forest.Pipeline.Scorer;
        var cases = new Dictionary<string, ModelPackage>
        {
            ["packed to 8 bits"] = forest.With(PackedTreeScorer.Pack(trees, 8)),
            ["packed to 16 bits"] = forest.With(PackedTreeScorer.Pack(trees, 16)),
            ["quantised"] = linear.With(QuantisedLinearScorer.Quantise((LinearScorer)linear.Pipeline.Scorer, 8)),
            ["projected"] = linear.With(new ProjectedScorer(inner, components)),
            ["ensemble"] = new ModelPackage(linear.Manifest with { Encoder = joined, Golden = new GoldenRows([], []) }, together),
            ["constant"] = linear.With(new ConstantScorer(linear.Pipeline.Scorer.FeatureCount, [.. Enumerable.Repeat(1.0 / linear.Pipeline.Scorer.OutputCount, linear.Pipeline.Scorer.OutputCount)])),
        };
        if (task == LearningTask.Regression)
        {
            var logarithms = new LinearScorer([.. Enumerable.Range(0, own.FeatureCount).Select(i => 0.1 * i)], [1.5], LinearLink.Identity);
            cases["exponential"] = linear.With(new ExponentialScorer(logarithms, 1.1, 9));
        }
        else cases["sharpened"] = forest.With(new SharpenedScorer(trees, 0.6));
        foreach (var (name, package) in cases) ExportCases.AssertEqual(ExportCases.Prove(Exporter, package, Rows(task, 2)), name);
    }

    [Theory]
    [InlineData(1, true, true)]
    [InlineData(7, false, true)]
    [InlineData(7, true, false)]
    public void Neighbours_of_every_kind_answer_the_same(int count, bool byDistance, bool manhattan)
    {
        var random = new Random(4);
        var package = ServingModels.Train(Rows(LearningTask.Multiclass, 1), "y", Recipe.Empty, "neighbours", TestContext.Current.CancellationToken);
        var width = package.Pipeline.Scorer.FeatureCount;
        float[] Values(int rows, int columns) => [.. Enumerable.Range(0, rows * columns).Select(_ => (float)(random.NextDouble() * 4 - 2))];
        float[] labels = [.. Enumerable.Range(0, 60).Select(_ => (float)random.Next(3))], weights = [.. Enumerable.Range(0, 60).Select(_ => 0.5f + random.NextSingle())];
        foreach (var own in new[] { null, weights })
            ExportCases.AssertEqual(ExportCases.Prove(Exporter, package.With(new NeighboursScorer(width, 3, Values(60, width), labels, own, count, byDistance, manhattan)), Rows(LearningTask.Multiclass, 2)));
    }

    [Fact]
    public void A_column_that_is_called_as_an_output_is_no_trouble()
    {
        var rows = Rows(LearningTask.Binary, 1);
        var table = new Table([rows["y"], rows["a"].Rename("label"), rows["b"].Rename("probabilities"), rows["c"].Rename("_1")]);
        ExportCases.AssertEqual(ExportCases.Prove(Exporter, ServingModels.Train(table, "y", Recipe.Empty, "fast-tree", TestContext.Current.CancellationToken)));
    }

    [Fact]
    public void What_a_column_is_filled_by_is_not_asked_for_where_only_its_flag_is_looked_at()
    {
        var table = new Table(
        [
            new NumericColumn("y", [.. Enumerable.Range(0, 60).Select(i => i % 3 == 0 ? 5.0 : 1)]), new NumericColumn("income", [.. Enumerable.Range(0, 60).Select(i => i % 3 == 0 ? double.NaN : i)]),
            DictionaryColumn.FromTexts("city", ColumnKind.Category, [.. Enumerable.Range(0, 60).Select(i => i % 2 == 0 ? "Bonn" : "Ulm")]),
        ]);
        var recipe = new Recipe([new FillMissingStep(["income"], FillMethod.Median, GroupBy: "city", Flag: true), new DropColumnsStep(["income", "city"])]);
        var package = ServingModels.Train(table, "y", recipe, "fast-tree", TestContext.Current.CancellationToken);
        Assert.Equal(["income"], package.Manifest.Signature.Used.Select(i => i.Name));
        ExportCases.AssertEqual(ExportCases.Prove(Exporter, package));
    }

    [Fact]
    public void Reasons_name_the_step_and_the_part()
    {
        string?[] words = [.. Enumerable.Range(0, 40).Select(i => i % 3 == 0 ? "good and cheap" : i % 3 == 1 ? "bad" : "31.05.2024")];
        var table = new Table([new NumericColumn("y", [.. Enumerable.Range(0, 40).Select(i => (double)(i % 3))]), DictionaryColumn.FromTexts("review", ColumnKind.Text, words), DictionaryColumn.FromTexts("day", ColumnKind.Category, words)]);
        var package = ServingModels.Train(table, "y", new Recipe([new ReplaceTextStep(["day"], "bad", "01.02.2023"), new ParseDateStep(["day"], DatePartOrder.DayFirst, AllowMissing: true)]), "fast-tree", TestContext.Current.CancellationToken);
        Assert.Equal(
        [
            "Column review is free text, which the model takes apart into words; ONNX has no operator that does it alike.",
            "Step 2, Read dates from text, reads dates out of free text, for which ONNX has no operator (day).",
        ], Exporter.WhyNot(package));
        Assert.Equal("uses lower(…), for which ONNX has no operator", Exporter.WhyNot(new DerivedColumnStep("x", "if(contains(lower(day), \"a\"), 1, 2)")));
        Assert.Null(Exporter.WhyNot(new DerivedColumnStep("x", "log(a) / b")));
    }
}
