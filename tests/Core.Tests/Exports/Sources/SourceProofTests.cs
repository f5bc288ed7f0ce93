using System.Text;
using ModelWorkbench.Core.Exports;
using ModelWorkbench.Core.Exports.Sources;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using Xunit;

namespace ModelWorkbench.Core.Tests.Exports.Sources;

/// <summary>What the exporters of programs say of the files that they wrote.</summary>
public sealed class SourceProofTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("source-proofs").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Ids => [.. ExporterCatalog.All.Where(e => e is PythonExporter or CSharpExporter or ServerExporter).Select(e => e.Id)];

    private static readonly Lazy<AskedModel> Model = new(() =>
    {
        var package = SourceModels.TryMake(SourceModels.Table(80, 3, Core.Trainers.LearningTask.Binary, false), new Recipe([new FillMissingStep(["age"], FillMethod.Mean), new DerivedColumnStep("rate", "income / age")]),
            Core.Trainers.FeatureEncoding.Codes, data => SourceModels.Train("random-forest", data, CancellationToken.None), CancellationToken.None)!;
        return new AskedModel("a-model-2", package, ExportSample.Of(package));
    });

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private (string File, byte[] Bytes) Write(ModelExporter exporter)
    {
        var file = Path.Combine(_folder, exporter.FileName(Model.Value.Name));
        using (var stream = File.Create(file)) exporter.Write(Model.Value.Source, stream, Cancel);
        return (file, File.ReadAllBytes(file));
    }

    private ExportProof Prove(ModelExporter exporter, string file) => exporter.Prove(Model.Value.Source, file, Model.Value.Sample, Directory.CreateDirectory(Path.Combine(_folder, "scratch")).FullName, Cancel);

    [Theory]
    [MemberData(nameof(Ids))]
    public void The_written_file_gives_the_models_answers_and_the_same_model_the_same_bytes(string id)
    {
        var exporter = ExporterCatalog.Find(id)!;
        var (file, bytes) = Write(exporter);
        var proof = Prove(exporter, file);
        Assert.True(proof.IsEqual, proof.ToString());
        Assert.Equal(Model.Value.Sample.Rows.Count, proof.Rows);
        Assert.Equal(0, proof.LargestDifference);
        Assert.Equal(bytes, Write(exporter).Bytes);
        Assert.All(exporter.Use(Model.Value.Source), snippet => Assert.False(string.IsNullOrWhiteSpace(snippet.Text)));
    }

    [Theory]
    [InlineData("python")]
    [InlineData("csharp")]
    public void A_changed_character_of_the_model_is_noticed_before_an_answer_is_given(string id)
    {
        var exporter = ExporterCatalog.Find(id)!;
        var (file, bytes) = Write(exporter);
        var text = Encoding.UTF8.GetString(bytes);
        // A digit of the readable part, and a character of the data: another model of the same form.
        var readable = text.IndexOf("\"mean\":", StringComparison.Ordinal) + "\"mean\":".Length;
        var data = text.IndexOf(id == "python" ? "DATA = b\"\"\"" : "> Data =>", StringComparison.Ordinal) + 200;
        foreach (var at in (int[])[readable, data])
        {
            var changed = text.ToCharArray();
            changed[at] = changed[at] == '1' ? '2' : '1';
            File.WriteAllText(file, new string(changed));
            var error = Assert.ThrowsAny<Exception>(() => Prove(exporter, file));
            Assert.Contains("damaged", error.ToString(), StringComparison.Ordinal);
            Assert.Contains("SHA-256", error.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_wrong_answer_is_no_proof()
    {
        var exporter = new PythonExporter();
        var (file, bytes) = Write(exporter);
        File.WriteAllText(file, Encoding.UTF8.GetString(bytes).Replace("total / len(roots)", "total / len(roots) / 2", StringComparison.Ordinal));
        var proof = Prove(exporter, file);
        Assert.False(proof.IsEqual);
        Assert.Equal(proof.Rows, proof.DifferingRows);
    }

    [Fact]
    public void The_Python_file_answers_on_the_command_line_in_CSV_and_JSON()
    {
        var (file, _) = Write(new PythonExporter());
        var rows = Path.Combine(_folder, "rows.csv");
        File.WriteAllText(rows, "age;income;city;note;member;joined\n12;100;Bonn;\"a;b\";yes;2020-01-02\nNA;;?;;TRUE;\n");
        var csv = SourceExporter.Run("python3", [file], rows, TimeSpan.FromMinutes(1), Cancel).TrimEnd().Split('\n');
        Assert.Equal(["prediction,probability class 0,probability class 1", "class ", "class "], csv.Select((line, i) => i == 0 ? line : line[..6]));
        Assert.StartsWith("[{\"label\": \"class ", SourceExporter.Run("python3", [file, "--json"], rows, TimeSpan.FromMinutes(1), Cancel), StringComparison.Ordinal);
        File.WriteAllText(rows, "age;income\nmany;1\n");
        var error = Assert.Throws<InvalidOperationException>(() => SourceExporter.Run("python3", [file], rows, TimeSpan.FromMinutes(1), Cancel));
        Assert.Contains("column 'age': found 'many'; expected a number", error.Message, StringComparison.Ordinal);
        Assert.Contains("column 'city': found no such column", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_that_Python_does_not_know_is_named()
    {
        var reason = new PythonExporter().WhyNot(new ReplaceTextStep(["city"], @"\p{Lu}", "x", TextMatch.Pattern));
        Assert.Contains(@"\p", reason, StringComparison.Ordinal);
        Assert.Null(new PythonExporter().WhyNot(new ReplaceTextStep(["city"], @"(?i)^a+\b(?<n>x)$", "x", TextMatch.Pattern)));
        Assert.Null(new CSharpExporter().WhyNot(new ReplaceTextStep(["city"], @"\p{Lu}", "x", TextMatch.Pattern)));
    }
}
