using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Serving;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>What the page that tries an endpoint asks its model. Trial 1 is a linear model of penguins.</summary>
public sealed class TestFormTests(PublishedModels models) : IClassFixture<PublishedModels>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private async Task<LiveModel> StartAsync(string name)
    {
        await models.App.Api.PublishAsync(name, models.ExperimentId, 1);
        return (await models.App.Services.GetRequiredService<LiveModels>().FindAsync(name, Cancel))!;
    }

    [Fact]
    public async Task A_row_is_pasted_as_object_array_request_or_csv()
    {
        var model = await StartAsync("pasted");
        foreach (var text in new[]
        {
            """{"island": "Torgersen", "bill_length_mm": 39.1, "bill_depth_mm": 18.7, "flipper_length_mm": 181, "body_mass_g": null, "sex": "none of these"}""",
            """ ["Torgersen", 39.1, 18.7, 181, null, "none of these"] """,
            """[["Torgersen", 39.1, 18.7, 181, null, "none of these"], ["Biscoe", 1, 2, 3, 4, null]]""",
            """[{"sex": "none of these", "island": "Torgersen", "bill_length_mm": 39.1, "bill_depth_mm": 18.7, "flipper_length_mm": 181, "body_mass_g": null}]""",
            """{"features": [["Torgersen", 39.1, 18.7, 181, null, "none of these"]]}""",
            """{"records": [{"island": "Torgersen", "bill_length_mm": "39.1", "bill_depth_mm": 18.7, "flipper_length_mm": 181, "body_mass_g": null, "sex": "none of these"}]}""",
            "sex,island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g\nnone of these,Torgersen,39.1,18.7,181,\n",
        })
        {
            var (values, whyNot) = model.ReadRow(text);
            Assert.True(whyNot is null, $"{text}: {whyNot}");
            Assert.Equal([("bill_depth_mm", "18.7"), ("bill_length_mm", "39.1"), ("body_mass_g", null), ("flipper_length_mm", "181"), ("island", "Torgersen"), ("sex", "none of these")], values!.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => (v.Key, v.Value)));
        }
        foreach (var (text, part) in new[] { ("", "Nothing was pasted"), ("{", ""), ("""{"island": "Biscoe"}""", "bill_length_mm"), ("[1, 2]", "6"), ("""["Biscoe", "wide", 1, 1, 1, null]""", "wide"), ("[]", "6"), ("a,b\n1,2", "island"), ("""{"records": []}""", "no row") })
        {
            var (values, whyNot) = model.ReadRow(text);
            Assert.Null(values);
            Assert.Contains(part, whyNot);
        }
    }

    [Fact]
    public async Task A_curve_says_at_each_value_what_the_model_answers_there()
    {
        var model = await StartAsync("moved");
        var manifest = model.Package.Manifest;
        var row = SampleRows.First(manifest);
        foreach (var input in manifest.Signature.Used)
        {
            var curve = model.Curve(row, input, Cancel);
            Assert.Equal(input.Choices?.Count ?? 41, curve.Count);
            if (input.Minimum is { } low) Assert.Equal((low, input.Maximum), (double.Parse(curve[0].Value), double.Parse(curve[^1].Value)));
            foreach (var point in new[] { curve[0], curve[curve.Count / 2], curve[^1] })
            {
                var answer = model.AnswerRow(Snippets.Request(manifest.Signature, new Dictionary<string, string?>(row) { [input.Name] = point.Value }), Disclosure.Full, Cancel);
                Assert.Equal(answer.Probabilities, point.Outputs);
                Assert.True(answer.Microseconds > 0);
            }
        }
        // Nothing to move over in a column of one value.
        Assert.Empty(model.Curve(row, manifest.Signature.Used[1] with { Maximum = manifest.Signature.Used[1].Minimum }, Cancel));
    }
}
