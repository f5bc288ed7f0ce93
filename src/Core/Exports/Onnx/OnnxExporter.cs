using System.Globalization;
using System.Text;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Expressions;

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
        var (package, file) = (source.Package, FileName(source.Name));
        var signature = package.Manifest.Signature;
        var row = package.Manifest.Golden.Rows.FirstOrDefault();
        var (answers, label) = (OnnxModel.AnswersOf(package), OnnxModel.LabelOf(package));
        var python = new StringBuilder($"# pip install onnxruntime numpy\nimport numpy as np, onnxruntime as ort\n\nsession = ort.InferenceSession({ScriptLiterals.Python(file)})\nrow = {{\n");
        var csharp = new StringBuilder($"// dotnet add package Microsoft.ML.OnnxRuntime\nusing Microsoft.ML.OnnxRuntime;\nusing Microsoft.ML.OnnxRuntime.Tensors;\n\nusing var session = new InferenceSession({ScriptLiterals.CSharp(file)});\nusing var answers = session.Run([\n");
        foreach (var i in signature.UsedIndexes)
        {
            var (input, text) = (signature.Inputs[i], row?[i]);
            if (input.Kind == ColumnKind.Numeric)
            {
                python.Append(CultureInfo.InvariantCulture, $"    {ScriptLiterals.Python(input.Name)}: np.array([[{text ?? "np.nan"}]], dtype=np.float64),\n");
                csharp.Append(CultureInfo.InvariantCulture, $"    NamedOnnxValue.CreateFromTensor({ScriptLiterals.CSharp(input.Name)}, new DenseTensor<double>(new[] {{ {(text is null ? "double.NaN" : text + "d")} }}, [1, 1])),\n");
                continue;
            }
            python.Append(CultureInfo.InvariantCulture, $"    {ScriptLiterals.Python(input.Name)}: np.array([[{ScriptLiterals.Python(text ?? "")}]], dtype=object),\n");
            csharp.Append(CultureInfo.InvariantCulture, $"    NamedOnnxValue.CreateFromTensor({ScriptLiterals.CSharp(input.Name)}, new DenseTensor<string>(new[] {{ {ScriptLiterals.CSharp(text ?? "")} }}, [1, 1])),\n");
        }
        python.Append(CultureInfo.InvariantCulture, $"}}\nprint(session.run([{(label is null ? "" : ScriptLiterals.Python(label) + ", ")}{ScriptLiterals.Python(answers)}], row))\n");
        csharp.Append("]);\n");
        if (label is not null) csharp.Append(CultureInfo.InvariantCulture, $"Console.WriteLine(answers.First(a => a.Name == {ScriptLiterals.CSharp(label)}).AsTensor<string>()[0]);\n");
        csharp.Append(CultureInfo.InvariantCulture, $"Console.WriteLine(string.Join(\", \", answers.First(a => a.Name == {ScriptLiterals.CSharp(answers)}).AsEnumerable<double>()));\n");
        return [new ExportSnippet("Python", python.ToString()), new ExportSnippet("C#", csharp.ToString())];
    }
}
