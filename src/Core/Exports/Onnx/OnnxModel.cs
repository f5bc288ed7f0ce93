using System.Text.Json;
using Google.Protobuf;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Exports.Onnx;

/// <summary>A whole model in ONNX: from the columns of the file to its answers.</summary>
/// <param name="Model">Null where there are reasons against it.</param>
/// <param name="Reasons">Every reason against; empty where there is none.</param>
internal sealed record OnnxModel(ModelProto? Model, IReadOnlyList<string> Reasons)
{
    /// <summary>Name of the output with the probabilities or the number.</summary>
    public static string AnswersOf(ModelPackage package) => FreeOf(package, package.Pipeline.Target.Task == LearningTask.Regression ? "prediction" : "probabilities");

    /// <summary>Name of the output with the class that is the answer; null for numbers.</summary>
    public static string? LabelOf(ModelPackage package) => package.Pipeline.Target.Task == LearningTask.Regression ? null : FreeOf(package, "label");

    // A column may be called so.
    private static string FreeOf(ModelPackage package, string name) => new OnnxGraph(package.Manifest.Signature.Used.Select(i => i.Name)).Free(name);

    /// <param name="package">The model.</param>
    /// <param name="withScorer">False to be told of reasons only, which is quick.</param>
    /// <param name="cancellationToken">Looked at between trees.</param>
    public static OnnxModel Of(ModelPackage package, bool withScorer, CancellationToken cancellationToken)
    {
        var (signature, pipeline) = (package.Manifest.Signature, package.Pipeline);
        if (signature.Used.Count == 0) return new OnnxModel(null, ["The model asks for no column: it gives every row the same answer."]);
        var reasons = new List<string>();
        void Note(string reason)
        {
            if (!reasons.Contains(reason)) reasons.Add(reason);
        }
        var graph = new OnnxGraph(signature.Used.Select(i => i.Name));
        var columns = OnnxRecipe.Replay(graph, signature, pipeline.Recipe);
        var features = OnnxFeatures.Encode(graph, pipeline.Encoder, columns, Note);
        if (OnnxScorers.WhyNot(pipeline.Scorer) is { } whyNot) Note(whyNot);
        if (features is null || reasons.Count > 0 || !withScorer) return new OnnxModel(null, reasons);

        var outputs = OnnxScorers.Score(graph, pipeline.Scorer, features, cancellationToken);
        var target = pipeline.Target;
        if (target.Task == LearningTask.Regression) graph.Output(AnswersOf(package), graph.AddWith("Reshape", [outputs, graph.Ints([-1], 1)]), OnnxGraph.Double, null);
        else
        {
            var answered = target.Threshold is { } threshold
                ? graph.Cast(graph.Add("GreaterOrEqual", graph.AddWith("Gather", [outputs, graph.Ints([1])], ("axis", 1L)), graph.Number(threshold)), OnnxGraph.Int)
                : graph.AddWith("ArgMax", [outputs], ("axis", 1L), ("keepdims", 0L));
            if (target.Threshold is not null) answered = graph.AddWith("Reshape", [answered, graph.Ints([-1], 1)]);
            graph.Output(LabelOf(package)!, graph.Take(graph.Words(target.Classes, target.Classes.Count), answered), OnnxGraph.Text, null);
            graph.Output(AnswersOf(package), outputs, OnnxGraph.Double, target.Classes.Count);
        }
        var about = $"{package.Manifest.TrainerName}: predicts {target.Column}. Inputs are the columns as they stand in the file: NaN and an empty text are missing; dates are texts such as 2026-01-31 or 2026-01-31T08:00:00.{(target.Threshold is { } from ? FormattableString.Invariant($" The label is {target.Classes[1]} from a probability of {from} on.") : "")}";
        return new OnnxModel(graph.Finish(about, [("target", target.Column), ("classes", JsonSerializer.Serialize(target.Classes))]), []);
    }

    public void Write(Stream stream) => Model!.WriteTo(stream);
}
