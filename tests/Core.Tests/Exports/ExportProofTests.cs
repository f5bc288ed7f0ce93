using System.Text.Json;
using ModelWorkbench.Core.Exports;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Tests.Serving;
using Xunit;

namespace ModelWorkbench.Core.Tests.Exports;

public sealed class ExportProofTests
{
    private static ExportSample Sample(int width, params double[] outputs) => new([], [.. Enumerable.Repeat<IReadOnlyList<string?>>([], outputs.Length / width)], outputs, width);

    [Fact]
    public void Differences_are_shares_of_large_answers_and_plain_for_small_ones()
    {
        var proof = ExportProof.Compare(Sample(1, 1_000_000, 0.5, 3), [1_000_004, 0.500003, 3], "a program");
        Assert.Equal(4e-6, proof.LargestDifference, 1e-12);
        Assert.True(proof.IsEqual);
        Assert.Equal(3, proof.Rows);
        var off = ExportProof.Compare(Sample(1, 1_000_000, 0.5, 3), [1_000_020, 0.5, 3], "a program");
        Assert.False(off.IsEqual);
        Assert.Equal((1, 2e-5), (off.DifferingRows, Math.Round(off.LargestDifference, 12)));
    }

    [Fact]
    public void Another_class_is_a_difference_and_a_tie_is_none()
    {
        Assert.True(ExportProof.Compare(Sample(2, 0.5, 0.5), [0.4999999, 0.5000001], "a program").IsEqual);
        var other = ExportProof.Compare(Sample(3, 0.4, 0.35, 0.25), [0.35, 0.4, 0.25], "a program", tolerance: 0.04);
        Assert.Equal((1, 1), (other.OtherClasses, other.DifferingRows));
        Assert.False(other.IsEqual);
    }

    [Fact]
    public void What_gives_no_number_or_was_not_asked_is_never_equal()
    {
        var none = ExportProof.Compare(Sample(1, 2, 3), [double.NaN, 3], "a program");
        Assert.Equal((double.MaxValue, false), (none.LargestDifference, none.IsEqual));
        Assert.True(ExportProof.Compare(Sample(1, double.NaN), [double.NaN], "a program").IsEqual);
        Assert.False(ExportProof.CannotRun("Python", "There is no python3.").IsEqual);
        Assert.Throws<InvalidDataException>(() => ExportProof.Compare(Sample(1, 2, 3), [2], "a program"));
        Assert.Contains("\"isEqual\":false", JsonSerializer.Serialize(none, CoreJson.Options));
        Assert.Equal(none, JsonSerializer.Deserialize<ExportProof>(JsonSerializer.Serialize(none, CoreJson.Options), CoreJson.Options));
    }

    [Fact]
    public void The_sample_holds_missing_unseen_and_extreme_values_of_every_column_and_is_the_same_each_time()
    {
        var package = ServingModels.Train(Recipes.Samples.Read("penguins.csv"), "species", Recipe.Empty, "fast-tree", TestContext.Current.CancellationToken);
        var sample = ExportSample.Of(package);
        Assert.Equal(sample.Rows, ExportSample.Of(package).Rows);
        Assert.Equal(sample.Rows.Count * 3, sample.Outputs.Length);
        foreach (var (i, input) in package.Manifest.Signature.Used.Index())
        {
            Assert.Contains(sample.Rows, r => r[i] is null && r.Count(t => t is null) == 1);
            if (input.Choices is { } choices) Assert.Contains(sample.Rows, r => r[i] is { } text && !choices.Contains(text));
            else Assert.Contains(sample.Rows, r => r[i] is { } text && double.Parse(text, System.Globalization.CultureInfo.InvariantCulture) > 10 * input.Maximum);
        }
        // What an endpoint takes as missing, the sample does.
        var island = package.Manifest.Signature.Used.Index().First(i => i.Item.Name == "island").Index;
        string?[] row = [.. sample.Rows[0]], without = [.. sample.Rows[0]];
        (row[island], without[island]) = ("Atlantis", null);
        Assert.Equal(ExportSample.Answers(package, [without]), ExportSample.Answers(package, [row]));
    }
}
