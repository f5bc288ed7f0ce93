using System.Globalization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Exports;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Tests.Recipes.Scripts;
using ModelWorkbench.Core.Tests.Trainers;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Tests.Exports.Sources;

/// <summary>A model with rows that a copy of it has to answer alike.</summary>
internal sealed record AskedModel(string Name, ModelPackage Package, ExportSample Sample)
{
    public ExportSource Source => new(Package, "", Name);

    /// <summary>What is wrong with the answers of a copy; null where nothing is.</summary>
    public string? Fault(IReadOnlyList<double> outputs, double tolerance, ref double largest)
    {
        var proof = ExportProof.Compare(Sample, outputs, "The copy", tolerance);
        largest = Math.Max(largest, proof.LargestDifference);
        if (proof.IsEqual) return null;
        var row = Enumerable.Range(0, Sample.Outputs.Length).MaxBy(i => Sample.Outputs[i].Equals(outputs[i]) ? 0 : double.IsNaN(outputs[i]) ? 9 : Math.Abs(outputs[i] - Sample.Outputs[i])) / Sample.OutputCount;
        string Told(IReadOnlyList<double> all) => string.Join(", ", all.Skip(row * Sample.OutputCount).Take(Sample.OutputCount).Select(n => n.ToString("R", CultureInfo.InvariantCulture)));
        return $"{Name}: {proof}\n  {string.Join(" | ", Package.Manifest.Recipe.Steps)}\n  row {row} {string.Join(", ", Sample.Inputs.Zip(Sample.Rows[row], (input, text) => $"{input.Name}={text ?? "·"}"))}: expected {Told(Sample.Outputs)}, found {Told(outputs)}";
    }
}

/// <summary>Models of every kind of scorer, step and encoder, with rows by chance: missing, extreme, unseen.</summary>
internal static class SourceModels
{
    private static readonly string?[] Words = ["Bonn", "bonn", "Bönn", "Ulm", "12", "3,5", "$1,299.00", "45%", "1.2k", "(12.50)", "5 - 7 kg", "2024-01-31", "31.05.2024", "May 5, 2021 2:30 PM", "2019-03-04 05:06:07+02:00", "ß", "İstanbul", "日本 日本語", "a b  c", "x\ny", "\"", "the cat  sat", "The dog, the cat", "🙂 fun", null, null];

    private static double Number(Random random) => random.Next(14) switch { 0 or 1 => double.NaN, 2 => 0, 3 => -0.0, 4 => 1e300, 5 => -1e300, 6 => 1e-300, 7 => -1, 8 => 42, 9 => random.Next(-5, 100), 10 => 1e15 + random.Next(100), _ => Math.Round((random.NextDouble() - 0.2) * 1e4, random.Next(6)) };

    /// <summary>Numbers, categories, texts, truths and dates, with a target that is never missing.</summary>
    /// <param name="wild">Whether numbers may be extreme.</param>
    public static Table Table(int rowCount, int seed, LearningTask task, bool wild)
    {
        var random = new Random(seed);
        double Tame() => random.Next(9) == 0 ? double.NaN : Math.Round(random.NextDouble() * 100, 2);
        T[] Draw<T>(Func<T> draw) => [.. Enumerable.Range(0, rowCount).Select(_ => draw())];
        long Moment() => random.Next(8) == 0 ? DateTimeColumn.MissingTicks : new DateTime(1990, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddDays(random.Next(14_000)).AddTicks(random.Next(3) == 0 ? random.NextInt64(TimeSpan.TicksPerDay) : 0).Ticks;
        return new Table(
        [
            new NumericColumn("age", Draw(() => wild ? Number(random) : Tame())), new NumericColumn("income", Draw(() => random.Next(12) == 0 ? double.NaN : 1 + Math.Round(random.NextDouble() * 1e5, 2))),
            DictionaryColumn.FromTexts("city", ColumnKind.Category, Draw<string?>(() => Words[random.Next(Words.Length)])), DictionaryColumn.FromTexts("note", ColumnKind.Text, Draw<string?>(() => random.Next(3) == 0 ? $"{Words[random.Next(Words.Length)]} {Words[random.Next(Words.Length)]} x".Trim() : Words[random.Next(Words.Length)])),
            DictionaryColumn.FromTexts("member", ColumnKind.Boolean, Draw<string?>(() => random.Next(5) switch { 0 => null, 1 or 2 => "yes", _ => "no" })), new DateTimeColumn("joined", Draw(Moment)),
            task == LearningTask.Regression ? new NumericColumn("y", Draw(() => Math.Round(random.NextDouble() * 50, 3))) : DictionaryColumn.FromTexts("y", ColumnKind.Category, Draw<string?>(() => $"class {random.Next(task == LearningTask.Binary ? 2 : 4)}")),
        ]);
    }

    /// <summary>Rows by chance for a model's used columns, with what the model answers.</summary>
    public static ExportSample Ask(ModelPackage package, int count, int seed)
    {
        var random = new Random(seed);
        var inputs = package.Manifest.Signature.Used;
        string? Draw(InputColumn input) => random.Next(7) == 0 ? null : input.Kind switch
        {
            ColumnKind.Numeric => Number(random) is var number && double.IsNaN(number) ? null : number.ToString("R", CultureInfo.InvariantCulture),
            ColumnKind.DateTime => new DateTimeColumn("", [random.NextInt64(new DateTime(1, 1, 2).Ticks, new DateTime(9999, 12, 30).Ticks) / (random.Next(2) == 0 ? 1 : TimeSpan.TicksPerDay) is var t && t < 4_000_000 ? t * TimeSpan.TicksPerDay : t]).GetText(0),
            _ => random.Next(6) == 0 ? "never seen" : random.Next(3) == 0 || input.Choices is null ? Words[random.Next(Words.Length)] : input.Choices[random.Next(input.Choices.Count)],
        };
        IReadOnlyList<IReadOnlyList<string?>> rows = [.. Enumerable.Range(0, count).Select(_ => (IReadOnlyList<string?>)[.. inputs.Select(Draw)])];
        return new ExportSample(inputs, rows, ExportSample.Answers(package, rows), package.Pipeline.Scorer.OutputCount);
    }

    /// <summary>A package of what was fitted; the scorer is made for as many features as there are.</summary>
    /// <returns>Null where a step cannot be applied to the table.</returns>
    public static ModelPackage? TryMake(Table table, Recipe recipe, FeatureEncoding encoding, Func<TrainingData, Scorer> train, CancellationToken cancellationToken)
    {
        var truth = table["y"];
        var inputs = table.Without(["y"]);
        FittedTraining fitted;
        try { fitted = recipe.FitAndReplay(Splitter.Split(table, "y", new SplitPlan(Stratified: false)).Training, "y"); }
        catch (RecipeException) { return null; }
        var prepared = fitted.Rows.Without(["y"]);
        var encoder = FeatureEncoder.Fit(prepared, encoding, cancellationToken);
        if (encoder.FeatureNames.Count == 0) return null;
        string[] classes = truth is NumericColumn ? [] : [.. ((DictionaryColumn)truth).Values.Order(StringComparer.Ordinal)];
        var task = classes.Length switch { 0 => LearningTask.Regression, 2 => LearningTask.Binary, _ => LearningTask.Multiclass };
        var labels = Enumerable.Range(0, fitted.Rows.RowCount).Select(row => fitted.Rows["y"] is NumericColumn numbers ? (float)numbers.Values[row] : Array.IndexOf(classes, fitted.Rows["y"].GetText(row))).ToArray();
        var scorer = train(new TrainingData(encoder.Encode(prepared), labels, task, Math.Max(1, classes.Length)));
        var used = Signature.UsedColumns(inputs.Columns.Select(c => c.Name), fitted.Recipe, encoder.Columns.Select(c => c.Column).ToHashSet());
        var signature = Signature.Describe(inputs, used, Signature.ReinterpretedColumns(fitted.Recipe));
        var golden = TextRows.FromTable(signature.Inputs, inputs.Take([.. Enumerable.Range(0, Math.Min(5, inputs.RowCount))]));
        var target = new Target("y", task, classes);
        var outputs = new FittedPipeline(fitted.Recipe, encoder, scorer, target).Predict(TextRows.ToTable(signature.Inputs, golden)).Chunk(scorer.OutputCount).ToArray();
        return new ModelPackage(new ModelManifest("test", "Test", target, signature, fitted.Recipe, encoder, new GoldenRows(golden, outputs)), scorer);
    }

    public static Scorer Train(string trainer, TrainingData data, CancellationToken cancellationToken) => TrainerCatalog.Find(trainer).TrainWithDefaults(data, new TrainingContext(1, 1), cancellationToken);

    /// <summary>A linear scorer of weights by chance: every feature shows in the answer.</summary>
    public static Scorer RandomLinear(TrainingData data, int seed)
    {
        var random = new Random(seed);
        var link = data.Task switch { LearningTask.Regression => LinearLink.Identity, LearningTask.Binary => LinearLink.Logistic, _ => LinearLink.Softmax };
        var sums = data.Task == LearningTask.Multiclass ? data.ClassCount : 1;
        double Draw() => (random.NextDouble() - 0.5) * 0.2;
        return new LinearScorer([.. Enumerable.Range(0, sums * data.Features.FeatureCount).Select(_ => Draw())], [.. Enumerable.Range(0, sums).Select(_ => Draw())], link);
    }

    /// <summary>One model for every step with several settings, then recipes of several steps by chance.</summary>
    public static List<AskedModel> OfSteps(CancellationToken cancellationToken)
    {
        RecipeStep[] steps =
        [
            .. SampleSteps.All(),
            new ParseNumberStep(["note"], DecimalMark.Comma, PercentAsFraction: false, Magnitudes: true, AllowMissing: true), new ParseDateStep(["note"], DatePartOrder.DayFirst, AllowMissing: true), new ParseDateStep(["city"], DatePartOrder.MonthFirst, AllowMissing: true),
            new TextNgramsStep("note", NgramUnit.Character, 1, 3, 40, NgramWeight.Count), new TextNgramsStep("note", NgramUnit.Word, 1, 2, 30, NgramWeight.Present, KeepSource: true), new TextNgramsStep("city", NgramUnit.Character, 2, 2, 20, NgramWeight.TfIdf),
            new ChangeKindStep("city", ColumnKind.Boolean, AllowMissing: true), new ChangeKindStep("member", ColumnKind.Category), new ChangeKindStep("age", ColumnKind.Text), new ValuesToMissingStep(["joined"], ["2001-01-01", "never"]),
            new BinStep(["income"], BinMethod.EqualWidth, 4, [], AsNumbers: true), new BinStep(["age"], BinMethod.OwnEdges, 0, [0, 10, 50]), new TidyTextStep(["note"], Case: LetterCase.Lower), new ReplaceTextStep(["note"], "THE", "a", TextMatch.Part, IgnoreCase: true),
            new ReplaceTextStep(["note", "city"], @"^(?<first>\w)(\w*)", "${first}-$2", TextMatch.Pattern, IgnoreCase: true), new OneHotStep([]), new OrdinalEncodeStep([], CategoryOrder.Alphabet, []), new FillMissingStep(["age"], FillMethod.Mean, GroupBy: "member"), new FillMissingStep(["joined", "city"], FillMethod.MostFrequent, GroupBy: "member", Flag: true),
            new DatePartsStep("joined", [ModelWorkbench.Core.Recipes.Steps.DatePart.Year, ModelWorkbench.Core.Recipes.Steps.DatePart.Quarter, ModelWorkbench.Core.Recipes.Steps.DatePart.Month, ModelWorkbench.Core.Recipes.Steps.DatePart.Day, ModelWorkbench.Core.Recipes.Steps.DatePart.Weekday, ModelWorkbench.Core.Recipes.Steps.DatePart.Hour, ModelWorkbench.Core.Recipes.Steps.DatePart.DaysSince]),
        ];
        RecipeStep[] formulas = [.. Formulas.Select((formula, i) => new DerivedColumnStep($"computed {i}", formula))];
        var models = new List<AskedModel>();
        LearningTask[] tasks = [LearningTask.Regression, LearningTask.Binary, LearningTask.Multiclass];
        foreach (var (i, step) in steps.Index())
        {
            // A step that asks for more of the table gets a tamer one.
            var package = new (bool Wild, int Seed)[] { (true, i), (false, i), (false, i + 500) }.Select(way => TryMake(Table(60, way.Seed, tasks[i % 3], way.Wild), new Recipe([step]), (FeatureEncoding)(i % 3) is var encoding && encoding == FeatureEncoding.Codes ? FeatureEncoding.OneHotStandardized : encoding, data => RandomLinear(data, i), cancellationToken)).FirstOrDefault(p => p is not null)
                ?? TryMake(Table(60, i, tasks[i % 3], false), new Recipe([new FillMissingStep([], FillMethod.Median), step]), FeatureEncoding.OneHotStandardized, data => RandomLinear(data, i), cancellationToken);
            if (package is not null) models.Add(new AskedModel($"step-{i}-{step.GetType().Name.ToLowerInvariant()}", package, Ask(package, 25, i)));
        }
        for (var i = 0; i < formulas.Length; i += 5)
        {
            var kept = new List<RecipeStep>();
            ModelPackage? package = null;
            foreach (var formula in formulas.Skip(i).Take(5))
            {
                if (TryMake(Table(60, i, tasks[i % 3], true), new Recipe([.. kept, formula]), FeatureEncoding.OneHotStandardized, data => RandomLinear(data, i), cancellationToken) is not { } made) continue;
                kept.Add(formula);
                package = made;
            }
            if (package is not null) models.Add(new AskedModel($"formulas-{i}", package, Ask(package, 40, i)));
        }
        steps = [.. steps, .. formulas];
        for (var i = 0; i < 40; i++)
        {
            var random = new Random(1000 + i);
            var kept = new List<RecipeStep>();
            var table = Table(50, i, tasks[i % 3], i % 2 == 0);
            ModelPackage? package = null;
            for (var tried = 0; tried < 6; tried++)
            {
                var step = steps[random.Next(steps.Length)];
                if (TryMake(table, new Recipe([.. kept, step]), i % 4 == 0 ? FeatureEncoding.FilledCodes : FeatureEncoding.OneHotStandardized, data => RandomLinear(data, i), cancellationToken) is not { } made) continue;
                kept.Add(step);
                package = made;
            }
            if (package is not null) models.Add(new AskedModel($"recipe-{i}", package, Ask(package, 20, i)));
        }
        return models;
    }

    private static readonly string[] Formulas =
    [
        "age + income * 2 - 3 / age", "age % 7", "age ^ 2", "-age", "age ^ 0.5 + 2 ^ age", "if(city = 'Bonn', 1, 2)", "city < 'Ulm'", "city >= note", "joined > '2005-06-07'", "member = true", "not member or age > 5", "member and age < 50",
        "coalesce(age, income, 5)", "coalesce(city, note, 'none')", "is_missing(age) or is_missing(city)", "abs(age) + sqrt(income) + log(income) + log10(age) + exp(age / 100)", "floor(age / 3) + ceil(age / 7)", "round(age, 1) + round(income / 7)",
        "min(age, income, 50) + max(age, 3)", "clip(age, 10, 20)", "lower(note)", "upper(city)", "trim(note)", "length(note)", "contains(note, 'the')", "starts_with(city, 'B')", "ends_with(note, 'x')", "replace(note, 'a', 'bb')", "substring(note, 2, 3)", "substring(city, 3)",
        "concat(city, '-', age, '/', joined, member)", "year(joined) + quarter(joined) + month(joined) + day(joined) + weekday(joined) + hour(joined) + minute(joined)", "days_between(joined, '2010-01-01')", "joined - date('1999-12-31')", "date(note)", "number(city)", "number(member)", "text(age)", "text(joined)",
        "if(is_missing(joined), 'none', text(year(joined)))", "1 / (age * 1e300 * 1e300)",
    ];

    /// <summary>A model for every kind of scorer and link, over random features of a few columns.</summary>
    public static List<AskedModel> OfScorers(CancellationToken cancellationToken)
    {
        var models = new List<AskedModel>();
        void Add(string name, LearningTask task, FeatureEncoding encoding, Func<TrainingData, Scorer> train, int seed = 7)
        {
            var package = TryMake(Table(120, seed, task, false), new Recipe([new DropColumnsStep(["note"])]), encoding, train, cancellationToken)!;
            models.Add(new AskedModel(name, package, Ask(package, 40, seed + models.Count)));
        }
        var (number, binary, multi) = (LearningTask.Regression, LearningTask.Binary, LearningTask.Multiclass);
        Add("constant", multi, FeatureEncoding.Codes, data => new ConstantScorer(data.Features.FeatureCount, [0.1, 0.2, 0.3, 0.4]));
        foreach (var task in (LearningTask[])[number, binary, multi])
        {
            var name = task.ToString().ToLowerInvariant();
            foreach (var trainer in (string[])["random-forest", "extra-trees", "fast-tree", "lightgbm"]) Add($"{trainer}-{name}", task, FeatureEncoding.Codes, data => Train(trainer, data, cancellationToken));
            foreach (var trainer in (string[])["neural-network", "neighbours"]) Add($"{trainer}-{name}", task, FeatureEncoding.OneHotStandardized, data => Train(trainer, data, cancellationToken));
            Add($"additive-{name}", task, FeatureEncoding.Codes, data => Train("additive", data, cancellationToken));
            Add($"linear-{name}", task, FeatureEncoding.OneHotStandardized, data => RandomLinear(data, 3));
            foreach (var bits in (int[])[8, 16])
            {
                Add($"quantised-{bits}-{name}", task, FeatureEncoding.OneHotStandardized, data => QuantisedLinearScorer.Quantise((LinearScorer)RandomLinear(data, 4), bits));
                Add($"packed-{bits}-{name}", task, FeatureEncoding.Codes, data => PackedTreeScorer.Pack((TreeEnsembleScorer)Train(bits == 8 ? "random-forest" : "fast-tree", data, cancellationToken).Innermost(), bits));
            }
            Add($"projected-{name}", task, FeatureEncoding.OneHotStandardized, data => Projected(data, inner => RandomLinear(inner, 5)));
            Add($"ensemble-{name}", task, FeatureEncoding.OneHotStandardized, data => new EnsembleScorer(data.Features.FeatureCount,
                [new(0, 0.5, Train("random-forest", data, cancellationToken)), new(0, 0.3, RandomLinear(data, 6)), new(0, 0.2, Projected(data, inner => RandomLinear(inner, 8)))], 1.3));
        }
        foreach (var task in (LearningTask[])[binary, multi])
        {
            Add($"bayes-{task}".ToLowerInvariant(), task, FeatureEncoding.OneHotStandardized, data => Train("naive-bayes", data, cancellationToken));
            Add($"sharpened-{task}".ToLowerInvariant(), task, FeatureEncoding.OneHotStandardized, data => new SharpenedScorer(RandomLinear(data, 9), 0.7));
        }
        Add("exponential", number, FeatureEncoding.OneHotStandardized, data => new ExponentialScorer(RandomLinear(data, 10), 1.1, 5));
        foreach (var (link, outputs) in ((TreeLink, int)[])[(TreeLink.Average, 1), (TreeLink.Average, 4), (TreeLink.Exponential, 1), (TreeLink.Logistic, 2), (TreeLink.Softmax, 4), (TreeLink.OneVersusAll, 4)])
            Add($"trees-{link}-{outputs}".ToLowerInvariant(), outputs switch { 1 => number, 2 => binary, _ => multi }, FeatureEncoding.Codes, data => Grown(link, outputs, data.Features));
        Add("one-versus-all", multi, FeatureEncoding.OneHotStandardized, data => new LinearScorer([.. ((LinearScorer)RandomLinear(data, 11)).Weights.ToArray().Select(w => w * 500)], [-900, -800, 1, 2], LinearLink.OneVersusAll));
        return models;
    }

    private static Scorer Innermost(this Scorer scorer) => scorer switch { SharpenedScorer s => s.Inner.Innermost(), ExponentialScorer e => e.Inner.Innermost(), _ => scorer };

    private static ProjectedScorer Projected(TrainingData data, Func<TrainingData, Scorer> train)
    {
        var components = PrincipalComponents.Fit(data.Features.RowCount, data.Features.FeatureCount, data.Features.Read, 3, true, CancellationToken.None);
        var inner = train(data with { Features = new FeatureMatrix(new float[3 * data.Features.RowCount], data.Features.RowCount, ["a", "b", "c"]) });
        return new ProjectedScorer(inner, components);
    }

    /// <summary>Trees of questions by chance at values that rows have, missing values going both ways, and an endless threshold.</summary>
    private static TreeEnsembleScorer Grown(TreeLink link, int outputs, FeatureMatrix features)
    {
        var random = new Random(outputs);
        var sums = TreeScorer.SumsOf(link, outputs)!.Value;
        var builder = new TreeEnsembleBuilder(features.FeatureCount, outputs, link, [.. Enumerable.Range(0, sums).Select(_ => link == TreeLink.Average ? 0 : random.NextDouble() - 0.5)]);
        for (var tree = 0; tree < 23; tree++)
        {
            var nodes = new List<TreeNode>();
            Grow(tree == 3 ? 0 : 6);
            builder.AddTree(nodes.Count - 1, n => nodes[n]);

            int Grow(int depth)
            {
                if (depth == 0 || random.Next(6) == 0) nodes.Add(TreeNode.EndsWith([.. Enumerable.Range(0, sums).Where(s => s == 0 || random.Next(2) == 0).Select(s => new LeafEntry(s, random.NextDouble()))]));
                else
                {
                    var (left, right, feature) = (Grow(depth - 1), Grow(depth - 1), random.Next(features.FeatureCount));
                    var value = features.Row(random.Next(features.RowCount))[feature];
                    nodes.Add(TreeNode.Split(feature, random.Next(20) == 0 ? float.PositiveInfinity : float.IsNaN(value) ? 0 : value, random.Next(2) == 0, left, right));
                }
                return nodes.Count - 1;
            }
        }
        return builder.Build();
    }
}
