using System.Text.Json;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Serving;

/// <summary>What a model answers to a request, in parallel arrays: one entry a row.</summary>
/// <param name="Model">The endpoint's name.</param>
/// <param name="Version">The version that answered.</param>
/// <param name="Predictions">The class with the highest probability, or the number; null where the model has no finite answer.</param>
/// <param name="Classes">For classes: their names, in the order of the probabilities.</param>
/// <param name="Probabilities">For classes: one row a row, summing to 1.</param>
/// <param name="Warnings">What the caller should look at.</param>
public sealed record PredictionResponse(
    string Model,
    int Version,
    IReadOnlyList<object?> Predictions,
    IReadOnlyList<string>? Classes,
    IReadOnlyList<IReadOnlyList<double>>? Probabilities,
    IReadOnlyList<InputWarning> Warnings)
{
    /// <summary>Scores the rows of a parsed request.</summary>
    public static PredictionResponse Create(string model, int version, FittedPipeline pipeline, ParsedRequest request)
    {
        var outputs = pipeline.Predict(request.Rows ?? throw new ArgumentException("The request has problems and cannot be scored.", nameof(request)));
        var target = pipeline.Target;
        if (target.Task == LearningTask.Regression)
            return new PredictionResponse(model, version, [.. outputs.Select(o => double.IsFinite(o) ? (object?)o : null)], null, null, request.Warnings);
        var probabilities = outputs.Chunk(target.Classes.Count).ToArray();
        return new PredictionResponse(model, version, [.. probabilities.Select(p => (object?)target.Classes[HighestOf(p)])], target.Classes, probabilities, request.Warnings);
    }

    private static int HighestOf(double[] probabilities)
    {
        var highest = 0;
        for (var i = 1; i < probabilities.Length; i++)
            if (probabilities[i] > probabilities[highest]) highest = i;
        return highest;
    }

    /// <summary>Writes the answer as the native JSON dialect; classes and probabilities are left out for regression, warnings where there are none.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("model", Model);
        writer.WriteNumber("version", Version);
        writer.WriteStartArray("predictions");
        foreach (var prediction in Predictions)
        {
            if (prediction is string name) writer.WriteStringValue(name);
            else if (prediction is double number) writer.WriteNumberValue(number);
            else writer.WriteNullValue();
        }
        writer.WriteEndArray();
        if (Classes is not null && Probabilities is not null)
        {
            writer.WriteStartArray("classes");
            foreach (var name in Classes) writer.WriteStringValue(name);
            writer.WriteEndArray();
            writer.WriteStartArray("probabilities");
            foreach (var row in Probabilities)
            {
                writer.WriteStartArray();
                foreach (var p in row) writer.WriteNumberValue(p);
                writer.WriteEndArray();
            }
            writer.WriteEndArray();
        }
        if (Warnings.Count > 0)
        {
            writer.WriteStartArray("warnings");
            foreach (var warning in Warnings)
            {
                writer.WriteStartObject();
                writer.WriteNumber("row", warning.Row);
                writer.WriteString("column", warning.Column);
                writer.WriteString("message", warning.Message);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }
}
