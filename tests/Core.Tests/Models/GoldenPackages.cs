using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Exports;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Tests.Exports;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Core.Tuning;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Models;

/// <summary>What a package answered when it was written.</summary>
/// <param name="Rows">Texts of the used columns, null is missing; texts that training rows did not have and numbers far beyond theirs are among them.</param>
/// <param name="Outputs">One list a row.</param>
internal sealed record GoldenAnswers(IReadOnlyList<IReadOnlyList<string?>> Rows, IReadOnlyList<IReadOnlyList<double>> Outputs);

/// <summary>Packages of real models, small, one for every kind of scorer: written once a format version and kept for ever, so that later programs are held to read them.</summary>
internal static class GoldenPackages
{
    private const int MostRows = 40;

    public static string Folder(int version) => Path.Combine(TestFiles.RepositoryRoot, "tests", "Core.Tests", "Models", "Packages", $"v{version}");

    /// <summary>Trains all models and writes them with their answers, in the format of today.</summary>
    public static void Write(string folder, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        foreach (var (name, package) in Make(cancellationToken)) Write(folder, name, package);
    }

    /// <summary>Of a version of its own: a model that decides by a threshold.</summary>
    public static void WriteDecided(string plain, string folder)
    {
        Directory.CreateDirectory(folder);
        using var file = File.OpenRead(Path.Combine(plain, "linear-binary-with-recipe.mwm"));
        Write(folder, "linear-binary-at-threshold", ModelPackage.Read(file).WithThreshold(0.3, null));
    }

    private static void Write(string folder, string name, ModelPackage package)
    {
        using (var file = File.Create(Path.Combine(folder, name + ".mwm"))) package.Write(file);
        var sample = ExportSample.Of(package);
        var kept = Enumerable.Range(0, sample.Rows.Count).Where(i => i % Math.Max(1, sample.Rows.Count / MostRows) == 0).ToArray();
        var outputs = sample.Outputs.Chunk(sample.OutputCount).ToArray();
        File.WriteAllText(Path.Combine(folder, name + ".json"), JsonSerializer.Serialize(new GoldenAnswers([.. kept.Select(i => sample.Rows[i])], [.. kept.Select(i => outputs[i])]), CoreJson.Options) + "\n");
    }

    private static IEnumerable<(string Name, ModelPackage Package)> Make(CancellationToken cancellationToken)
    {
        var iris = Read("iris.csv");
        var penguins = Read("penguins.csv");
        var homes = Read("sacramento_homes.csv");
        homes = homes.Take([.. Enumerable.Range(0, 200).Select(i => i * homes.RowCount / 200)]);
        RecipeStep[] cleaned =
        [
            new FillMissingStep(["bill_length_mm", "body_mass_g"], FillMethod.Median, GroupBy: "species"), new ReplaceTextStep(["island"], "^(Torg|Bisc).*$", "$1", TextMatch.Pattern),
            new DerivedColumnStep("bill", "if(bill_depth_mm > 17, log(bill_length_mm), bill_length_mm / 10)"), new BinStep(["flipper_length_mm"], BinMethod.EqualWidth, 4, [], AsNumbers: true), new OneHotStep(["island"]),
        ];
        ModelPackage Train(Table table, string target, LearningTask task, string trainer, RecipeStep[]? steps = null, params (string Id, double Value)[] dials)
        {
            var plan = new ExperimentPlan(target, task, Metric.Default(task).Id, new SplitPlan(Folds: 3), new Recipe(steps ?? []), [], [trainer], 600);
            var defaults = TrainerCatalog.Find(trainer).Dials(new TrainingShape(task, table.RowCount, table.ColumnCount - 1, task == LearningTask.Regression ? 1 : 3) { CanLogTarget = task == LearningTask.Regression });
            return Run(table, plan, trainer, new([.. defaults.Select(d => KeyValuePair.Create(d.Id, dials.FirstOrDefault(own => own.Id == d.Id, (d.Id, d.Default)).Item2))]), cancellationToken);
        }

        yield return ("baseline", Train(iris, "species", LearningTask.Multiclass, "baseline"));
        var trees = Train(iris, "species", LearningTask.Multiclass, "lightgbm", null, ("leaves", 4), ("learning-rate", 0.3));
        yield return ("trees-multiclass", trees);
        yield return ("trees-packed-8", trees.With(PackedTreeScorer.Pack((TreeEnsembleScorer)Inner(trees.Pipeline.Scorer), 8)));
        yield return ("trees-packed-16", trees.With(PackedTreeScorer.Pack((TreeEnsembleScorer)Inner(trees.Pipeline.Scorer), 16)));
        var linear = Train(penguins, "sex", LearningTask.Binary, "linear-lbfgs", cleaned);
        yield return ("linear-binary-with-recipe", linear);
        yield return ("linear-quantised", linear.With(QuantisedLinearScorer.Quantise((LinearScorer)Inner(linear.Pipeline.Scorer), 8)));
        yield return ("additive-regression", Train(homes, "price", LearningTask.Regression, "additive", [new DropColumnsStep(["zip", "city"])]));
        yield return ("linear-regression-on-logarithm", Train(homes, "price", LearningTask.Regression, "linear-lbfgs", [new DropColumnsStep(["zip"])], (Trainer.TargetScaleId, 1)));
        yield return ("neural-multiclass", Train(iris, "species", LearningTask.Multiclass, "neural-network"));
        var neighbours = Train(iris, "species", LearningTask.Multiclass, "neighbours");
        yield return ("neighbours-multiclass", neighbours);
        var bayes = Train(iris, "species", LearningTask.Multiclass, "naive-bayes");
        yield return ("naive-bayes-multiclass", bayes);
        var features = bayes.Pipeline.Encoder.FeatureNames.Count;
        yield return ("ensemble-multiclass", bayes.With(new EnsembleScorer(features, [new(0, 0.6, Inner(neighbours.Pipeline.Scorer)), new(0, 0.4, Inner(bayes.Pipeline.Scorer))], 1.2)));
        yield return ("sharpened-multiclass", bayes.With(new SharpenedScorer(Inner(bayes.Pipeline.Scorer), 0.7)));
        var matrix = bayes.Pipeline.Encoder.Encode(iris.Without(["species"]));
        var components = PrincipalComponents.Fit(matrix.RowCount, features, matrix.Read, 2, true, cancellationToken);
        yield return ("projected-multiclass", bayes.With(new ProjectedScorer(new LinearScorer([1.5, -0.5, -0.25, 0.75, -1.25, 0.5], [0.1, 0.2, -0.3], LinearLink.Softmax), components)));
    }

    private static Scorer Inner(Scorer scorer) => scorer is SharpenedScorer sharpened ? sharpened.Inner : scorer;

    private static ModelPackage Run(Table table, ExperimentPlan plan, string trainer, HyperparameterValues values, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("golden").FullName;
        try
        {
            var file = Path.Combine(folder, "table.parquet");
            TableFile.Write(table, file, cancellationToken);
            var events = new List<ExperimentEvent>();
            using var control = new JobControl();
            ExperimentRunner.Run(new ExperimentJob(plan, file, 1, new JobWork.Search([new JobTrial(1, new TrialSpec(trainer, values, TrialOrigin.Person, ""))], [], 2, 0)), folder, events.Add, control, cancellationToken);
            if (events.OfType<ModelReady>().SingleOrDefault() is not { } ready) throw new InvalidOperationException($"{trainer} made no model of {plan.Target}: {string.Join(", ", events)}");
            using var stream = File.OpenRead(Path.Combine(folder, ready.ModelFile));
            return ModelPackage.Read(stream);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
