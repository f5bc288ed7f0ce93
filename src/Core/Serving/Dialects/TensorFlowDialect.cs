using System.Text.Json;

namespace ModelWorkbench.Core.Serving.Dialects;

/// <summary>Version 1 of TensorFlow Serving's and KServe's REST: <c>{"instances":[…]}</c>, answered by <c>{"predictions":[…]}</c>, or <c>{"inputs":{column:[…]}}</c>, answered by <c>{"outputs":[…]}</c>.</summary>
/// <remarks>Source: tensorflow/serving, api_rest.md. Beside them <c>"parameters"</c>, as Vertex has them, may ask for <c>explain</c> and <c>interval</c>.</remarks>
internal sealed class TensorFlowDialect : Dialect
{
    public override string Name => "v1";

    protected override void Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, ReadOnlySpan<byte> tail, Prediction prediction, int mostRows)
    {
        var batch = prediction.Rows;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            batch.Problem(null, null, $"a JSON {Describe(ref reader)}", "an object with \"instances\" or \"inputs\"");
            reader.Skip();
            return;
        }
        var count = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isInstances = reader.ValueTextEquals("instances"u8);
            var isInputs = !isInstances && reader.ValueTextEquals("inputs"u8);
            var isParameters = reader.ValueTextEquals("parameters"u8);
            reader.Read();
            if (isParameters)
            {
                ReadOptions(ref reader, prediction);
                continue;
            }
            if (isInstances || isInputs) count++;
            if (count > 1 || !(isInstances || isInputs)) reader.Skip();
            else if (reader.TokenType == JsonTokenType.StartArray) JsonRows.ReadRows(ref reader, batch, batch.Signature.UsedIndexes, RowForm.Either, mostRows);
            else if (isInputs && reader.TokenType == JsonTokenType.StartObject) JsonRows.ReadColumns(ref reader, batch, mostRows);
            else
            {
                batch.Problem(null, null, $"\"{(isInputs ? "inputs" : "instances")}\": {Describe(ref reader)}", isInputs ? "an object of columns or an array of rows" : "an array of rows");
                reader.Skip();
            }
            if (isInputs) prediction.WantsColumns = true;
        }
        if (count == 1) return;
        batch.Forget(0, 0);
        batch.Problem(null, null, count == 0 ? "neither \"instances\" nor \"inputs\"" : "both \"instances\" and \"inputs\"", "exactly one of them");
    }

    protected override void Write(Prediction prediction, string model, int version, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        if (prediction.WantsColumns) writer.WritePropertyName("outputs"u8);
        else writer.WritePropertyName("predictions"u8);
        WriteAnswers(prediction, writer);
        WriteInterval(prediction, writer);
        WriteExplanation(prediction, writer);
        writer.WriteEndObject();
    }
}
