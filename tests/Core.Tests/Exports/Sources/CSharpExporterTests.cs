using System.Text;
using Microsoft.CodeAnalysis.Text;
using ModelWorkbench.Core.Exports.Sources;
using Xunit;

namespace ModelWorkbench.Core.Tests.Exports.Sources;

public sealed class CSharpExporterTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Every_kind_of_scorer_answers_in_C_sharp_as_the_package_does() => RequireAgreement(Varied(SourceModels.OfScorers(Cancel), 4), 20);

    [Fact]
    public void Every_step_and_recipes_by_chance_answer_in_C_sharp_as_the_package_does() => RequireAgreement(Varied(SourceModels.OfSteps(Cancel), 6), 40);

    /// <summary>Those that need a part that none before needed, and of the others each n-th: compiling takes its time.</summary>
    private static List<AskedModel> Varied(List<AskedModel> models, int n)
    {
        var seen = new HashSet<string>();
        return [.. models.Where((model, i) => SourceModel.Of(model.Source, forPython: false).Parts.Count(seen.Add) > 0 || i % n == 0 || model.Name.Contains("formulas", StringComparison.Ordinal))];
    }

    /// <summary>All models in one compilation, each in its namespace.</summary>
    private static void RequireAgreement(List<AskedModel> models, int least)
    {
        Assert.True(models.Count >= least, $"{models.Count} models");
        var answers = CSharpExporter.Ask([.. models.Select(model =>
        {
            using var stream = new MemoryStream();
            new CSharpExporter().Write(model.Source, stream, Cancel);
            return (SourceText.From(Encoding.UTF8.GetString(stream.ToArray()), Encoding.UTF8), model.Sample);
        })], Cancel);
        var largest = 0.0;
        string[] faults = [.. models.Select((model, i) => model.Fault(answers[i], SourceExporter.Tolerance, ref largest)).OfType<string>()];
        Assert.True(faults.Length == 0, $"{faults.Length} of {models.Count}\n" + string.Join('\n', faults));
        TestContext.Current.TestOutputHelper?.WriteLine($"{models.Count} models, largest difference {largest:G3}");
    }
}
