using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Exports;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Tests.Recipes.Scripts;
using Xunit;

namespace ModelWorkbench.Core.Tests.Exports;

public sealed class ExportOutlookTests
{
    [Fact]
    public void Steps_that_a_form_cannot_hold_are_named_before_training_and_those_that_are_off_do_not_count()
    {
        var recipe = new Recipe([new Log1pStep(["a"]) { Enabled = false }, new FillMissingStep([], FillMethod.MostFrequent), new HashEncodeStep(["city"], 4)]);
        var outlook = Assert.Single(ExportOutlook.Of(recipe), o => o.Forms.Contains("ONNX"));
        Assert.Contains("ML.NET", outlook.Forms);
        Assert.Equal(["step 2, Hashing encoding, puts texts into buckets by a hash, for which ONNX has no operator"], outlook.Steps);
        Assert.DoesNotContain(ExportOutlook.Of(new Recipe([new HashEncodeStep(["city"], 4) { Enabled = false }])), o => o.Forms.Contains("ONNX"));
    }

    [Fact]
    public void What_is_said_before_training_is_said_of_the_trained_model_too()
    {
        var table = new Table(
        [
            new NumericColumn("age", [.. Enumerable.Range(0, 40).Select(i => (double)(i % 13))]), new NumericColumn("income", [.. Enumerable.Range(0, 40).Select(i => 1.0 + (i % 7))]),
            DictionaryColumn.FromTexts("city", ColumnKind.Category, [.. Enumerable.Range(0, 40).Select(i => "abc"[i % 3].ToString())]), DictionaryColumn.FromTexts("note", ColumnKind.Text, [.. Enumerable.Range(0, 40).Select(i => i % 3 == 0 ? "good and cheap" : i % 3 == 1 ? "bad" : "a fine day")]),
            DictionaryColumn.FromTexts("member", ColumnKind.Boolean, [.. Enumerable.Range(0, 40).Select(i => i % 2 == 0 ? "yes" : "no")]), new DateTimeColumn("joined", [.. Enumerable.Range(0, 40).Select(i => new DateTime(2020, 1, 1 + (i % 20)).Ticks)]),
            new NumericColumn("y", [.. Enumerable.Range(0, 40).Select(i => (double)(i % 5))]),
        ]);
        foreach (var step in SampleSteps.All())
        {
            try
            {
                var package = ExportCases.LooksAtEverything(table, "y", [step]);
                foreach (var exporter in ExporterCatalog.All)
                    if (exporter.WhyNot(step) is null && step is not (ChangeKindStep or DerivedColumnStep)) Assert.Empty(exporter.WhyNot(package));
                    else if (exporter.WhyNot(step) is not null && step is HashEncodeStep or TextNgramsStep) Assert.NotEmpty(exporter.WhyNot(package));
            }
            catch (RecipeException) { }
        }
    }
}
