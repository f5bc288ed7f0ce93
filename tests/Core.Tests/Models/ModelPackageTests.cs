using System.Text;
using System.Text.Json.Nodes;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Tests.Trainers;
using ModelWorkbench.Core.Trainers;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Models;

public sealed class ModelPackageTests
{
    [Fact]
    public void A_package_comes_back_from_its_bytes()
    {
        var package = Read(Bytes(_ => { }));
        Assert.Equal("baseline", package.Manifest.TrainerId);
        Assert.Equal(2, package.Pipeline.Predict(Rows).Length);
    }

    [Theory]
    [InlineData("a step names a column that is not there")]
    [InlineData("a golden number is none")]
    [InlineData("a golden row is too short")]
    [InlineData("golden answers are too few")]
    [InlineData("the encoder has a null")]
    [InlineData("two inputs have one name")]
    [InlineData("a component is empty")]
    public void A_package_whose_manifest_makes_no_sense_is_damaged(string damage)
    {
        var bytes = Bytes(manifest =>
        {
            switch (damage)
            {
                case "a step names a column that is not there": manifest["recipe"]!["steps"]![0]!["from"] = "y"; break;
                case "a golden number is none": manifest["golden"]!["rows"]![0]![0] = "many"; break;
                case "a golden row is too short": manifest["golden"]!["rows"]![0] = new JsonArray(); break;
                case "golden answers are too few": manifest["golden"]!["outputs"] = new JsonArray(); break;
                case "the encoder has a null": manifest["encoder"]!["columns"]![0] = null; break;
                case "two inputs have one name": manifest["signature"]!["inputs"]!.AsArray().Add(manifest["signature"]!["inputs"]![0]!.DeepClone()); break;
                case "a component is empty": manifest["recipe"]!["steps"]![1]!["components"]!["components"]![0] = new JsonArray(); break;
            }
        });
        Assert.StartsWith("The model package is damaged: ", Assert.Throws<InvalidDataException>(() => Read(bytes)).Message);
    }

    private static Table Rows { get; } = Table(Numbers("x", 1, 2));

    private static ModelPackage Read(byte[] bytes) => ModelPackage.Read(new MemoryStream(bytes));

    /// <summary>A package, its manifest changed.</summary>
    private static byte[] Bytes(Action<JsonNode> change)
    {
        var rename = new FittedRenameColumn("x", "z");
        var pca = (FittedPca)new PcaStep(["z"], 1).Fit(rename.Replay(Rows));
        var recipe = new FittedRecipe([rename, pca]);
        var prepared = recipe.Replay(Rows);
        var encoder = FeatureEncoder.Fit(prepared, FeatureEncoding.Codes, TestContext.Current.CancellationToken);
        var scorer = TrainerCatalog.Find("baseline").TrainWithDefaults(
            new TrainingData(encoder.Encode(prepared), [3, 5], LearningTask.Regression, 1), new TrainingContext(1, 1), TestContext.Current.CancellationToken);
        var signature = Signature.Describe(Rows, new HashSet<string> { "x" });
        var golden = new GoldenRows(TextRows.FromTable(signature.Inputs, Rows), [[4], [4]]);
        using var stream = new MemoryStream();
        new ModelPackage(new ModelManifest("baseline", "Baseline", new Target("y", LearningTask.Regression, []), signature, recipe, encoder, golden), scorer).Write(stream);

        var bytes = stream.ToArray();
        var length = BitConverter.ToInt32(bytes, 4);
        var manifest = JsonNode.Parse(bytes.AsSpan(8, length))!;
        change(manifest);
        var changed = Encoding.UTF8.GetBytes(manifest.ToJsonString(CoreJson.Options));
        return [.. bytes.AsSpan(0, 4), .. BitConverter.GetBytes(changed.Length), .. changed, .. bytes.AsSpan(8 + length)];
    }
}
