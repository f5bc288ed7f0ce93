using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;

namespace ModelWorkbench.Core.Exports.Onnx;

/// <summary>The whole model, recipe included, as one ONNX graph.</summary>
public sealed class OnnxExporter : ModelExporter
{
    public override string Id => "onnx";
    public override string Title => "ONNX";
    public override string WhatFor => "Runs with ONNX Runtime in Python, C#, Java, C++ and JavaScript, on servers, phones and in browsers. Recipe and model in one graph: the columns go in as they stand in the file.";

    public override string FileName(string modelName) => modelName + ".onnx";

    public override string? WhyNot(RecipeStep step) => OnnxRecipe.WhyNot(step);

    public override IReadOnlyList<string> WhyNot(ModelPackage package) => OnnxModel.Of(package, withScorer: false, CancellationToken.None).Reasons;

    public override void Write(ExportSource source, Stream stream, CancellationToken cancellationToken) => OnnxModel.Of(source.Package, withScorer: true, cancellationToken).Write(stream);

    public override ExportProof Prove(ExportSource source, string file, ExportSample sample, string scratchFolder, CancellationToken cancellationToken) =>
        ExportProof.Compare(sample, OnnxRunner.Ask(file, sample.Inputs, sample.Rows, OnnxModel.AnswersOf(source.Package), cancellationToken), OnnxRunner.Name);

    public override IReadOnlyList<ExportSnippet> Use(ExportSource source)
    {
        var package = source.Package;
        var file = FileName(source.Name);
        var (row, used) = (package.Manifest.Golden.Rows.FirstOrDefault(), package.Manifest.Signature);
        var python = new StringBuilder($"# pip install onnxruntime numpy\nimport numpy as np, onnxruntime as ort\n\nsession = ort.InferenceSession({Quote(file)})\nrow = {{\n");
        var csharp = new StringBuilder($"// dotnet add package Microsoft.ML.OnnxRuntime\nusing Microsoft.ML.OnnxRuntime;\nusing Microsoft.ML.OnnxRuntime.Tensors;\n\nusing var session = new InferenceSession({Quote(file)});\nusing var answers = session.Run([\n");
        foreach (var i in used.UsedIndexes)
        {
            var (input, text) = (used.Inputs[i], row?[i]);
            var number = text is null || input.Kind != ColumnKind.Numeric ? "NaN" : text;
            python.Append(CultureInfo.InvariantCulture, $"    {Quote(input.Name)}: np.array([[{(input.Kind == ColumnKind.Numeric ? number == "NaN" ? "np.nan" : number : Quote(text ?? ""))}]], dtype={(input.Kind == ColumnKind.Numeric ? "np.float64" : "object")}),\n");
            csharp.Append(CultureInfo.InvariantCulture, $"    NamedOnnxValue.CreateFromTensor({Quote(input.Name)}, new DenseTensor<{(input.Kind == ColumnKind.Numeric ? "double" : "string")}>(new[] {{ {(input.Kind == ColumnKind.Numeric ? number == "NaN" ? "double.NaN" : number + "d" : Quote(text ?? ""))} }}, [1, 1])),\n");
        }
        var (answersName, labelName) = (OnnxModel.AnswersOf(package), OnnxModel.LabelOf(package));
        python.Append(CultureInfo.InvariantCulture, $"}}\nprint(session.run([{(labelName is null ? "" : Quote(labelName) + ", ")}{Quote(answersName)}], row))\n");
        csharp.Append(CultureInfo.InvariantCulture, $"]);\n{(labelName is null ? "" : $"Console.WriteLine(answers.First(a => a.Name == {Quote(labelName)}).AsTensor<string>()[0]);\n")}Console.WriteLine(string.Join(\", \", answers.First(a => a.Name == {Quote(answersName)}).AsEnumerable<double>()));\n");
        return [new ExportSnippet("Python", python.ToString()), new ExportSnippet("C#", csharp.ToString())];

        // Quotes and escapes of JSON are read alike by Python and C#.
        static string Quote(string text) => JsonSerializer.Serialize(text);
    }
}
