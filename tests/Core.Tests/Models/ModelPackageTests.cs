using System.Security.Cryptography;
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

    [Theory]
    [InlineData("the number of golden rows is 0, expected 1 to 1000")]
    [InlineData("the number of golden rows is 1001, expected 1 to 1000")]
    [InlineData("the number of classes is 1, expected 0 for a number")]
    [InlineData("the name of the trainer is 201 characters, expected 1 to 200")]
    [InlineData("the name of input 1 is empty, expected a column")]
    [InlineData("golden row 2 is 2 values, expected 1, one an input")]
    [InlineData("golden answer 1 is 2 numbers, expected 1")]
    public void A_manifest_out_of_bounds_is_refused_with_place_found_and_expected(string message)
    {
        var bytes = Bytes(manifest =>
        {
            JsonArray Rows() => manifest["golden"]!["rows"]!.AsArray();
            if (message.Contains("is 0,", StringComparison.Ordinal)) Rows().Clear();
            else if (message.Contains("1001", StringComparison.Ordinal)) for (var i = 0; i < 999; i++) Rows().Add(new JsonArray("1"));
            else if (message.Contains("classes", StringComparison.Ordinal)) manifest["target"]!["classes"]!.AsArray().Add("one");
            else if (message.Contains("trainer", StringComparison.Ordinal)) manifest["trainerName"] = new string('x', 201);
            else if (message.Contains("input 1", StringComparison.Ordinal)) manifest["signature"]!["inputs"]![0]!["name"] = "";
            else if (message.Contains("row 2", StringComparison.Ordinal)) Rows()[1]!.AsArray().Add("5");
            else manifest["golden"]!["outputs"]![0]!.AsArray().Add(5);
        });
        Assert.Equal($"The model package is damaged: {message}.", Assert.Throws<InvalidDataException>(() => Read(bytes)).Message);
    }

    [Fact]
    public void Every_flipped_bit_is_noticed()
    {
        var bytes = Bytes(_ => { });
        Read(bytes);
        for (var bit = 0; bit < 8 * bytes.Length; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<InvalidDataException>(() => Read(bytes));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
        Read(bytes);
    }

    [Fact]
    public void A_file_that_is_cut_short_or_longer_is_refused()
    {
        var bytes = Bytes(_ => { });
        for (var length = 0; length < bytes.Length; length++) Assert.Throws<InvalidDataException>(() => Read(bytes[..length]));
        Assert.Contains("the SHA-256 of its content is ", Assert.Throws<InvalidDataException>(() => Read([.. bytes, 0])).Message);
    }

    [Theory]
    [InlineData("MWM4", "has format version 4; this program reads versions 1 to 3")]
    [InlineData("PK\u0003\u0004", "Not a model package: it begins with the bytes 504b0304, expected 4d574d")]
    [InlineData("sepal_length,petal_length", "Not a model package: it begins with the bytes 736570")]
    [InlineData("MW", "Not a model package: it begins with the bytes 4d57")]
    [InlineData("", "Not a model package: it begins with nothing")]
    public void What_is_no_package_of_today_is_named(string beginning, string message)
    {
        var start = Encoding.UTF8.GetBytes(beginning);
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Read(start.Length == 4 ? [.. start, .. Bytes(_ => { }).AsSpan(4)] : start)).Message);
    }

    [Fact]
    public void Proving_can_be_stopped() =>
        Assert.ThrowsAny<OperationCanceledException>(() => ModelPackage.ReadStoppable(new MemoryStream(Bytes(_ => { })), new CancellationToken(canceled: true)));

    private static Table Rows { get; } = Table(Numbers("x", 1, 2));

    private static ModelPackage Read(byte[] bytes) => ModelPackage.Read(new MemoryStream(bytes));

    /// <summary>A package, its manifest changed and its checksum right.</summary>
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
        byte[] content = [.. bytes.AsSpan(0, 4), .. BitConverter.GetBytes(changed.Length), .. changed, .. bytes.AsSpan(8 + length, bytes.Length - 8 - length - SHA256.HashSizeInBytes)];
        return [.. content, .. SHA256.HashData(content)];
    }
}
