using System.Text.Json;

namespace ModelWorkbench.Core.Serving.Dialects;

/// <summary>The workbench's own: <c>{"features":[[…],…]}</c>, positional in the order of the used inputs or of <c>"columns"</c>, or <c>{"records":[{…},…]}</c>, by name.</summary>
/// <remarks>The answer is parallel arrays with one entry a row: <c>{"model":…,"version":…,"predictions":[…],"classes":[…],"probabilities":[[…]],"warnings":[…]}</c>.
/// With <c>"interval":0.9</c> a number comes with an interval around it, and with the share of validation rows that such intervals held.
/// With <c>"explain":true</c> comes what each column adds to each answer: for every row one list a sum, whose numbers add up with the sum's base.</remarks>
internal sealed class NativeDialect : Dialect
{
    private const string Rows = "exactly one of them";

    public override string Name => "native";

    protected override void Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, ReadOnlySpan<byte> tail, Prediction prediction, int mostRows)
    {
        var batch = prediction.Rows;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            batch.Problem(null, null, $"a JSON {Describe(ref reader)}", "an object with \"features\" or \"records\"");
            reader.Skip();
            return;
        }
        var (hasFeatures, hasRecords, isRead) = (false, false, false);
        int[]? order = null;
        Utf8JsonReader features = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("features"u8))
            {
                reader.Read();
                // Generated clients write null for what they leave out.
                if (reader.TokenType == JsonTokenType.Null) continue;
                hasFeatures = true;
                features = reader;
                isRead = !hasRecords && order is not null || body.IndexOf("\"columns\""u8) < 0;
                if (isRead) ReadFeatures(ref reader, prediction, order, mostRows);
                else reader.Skip();
            }
            else if (reader.ValueTextEquals("records"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.Null) continue;
                hasRecords = true;
                if (reader.TokenType == JsonTokenType.StartArray && !hasFeatures) JsonRows.ReadRows(ref reader, batch, batch.Signature.UsedIndexes, RowForm.Records, mostRows);
                else
                {
                    if (reader.TokenType != JsonTokenType.StartArray) batch.Problem(null, null, $"\"records\": {Describe(ref reader)}", "an array of objects, one a row");
                    reader.Skip();
                }
            }
            else if (reader.ValueTextEquals("columns"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.Null) continue;
                order = JsonRows.ReadOrder(ref reader, batch, "columns");
            }
            else if (reader.ValueTextEquals("interval"u8))
            {
                reader.Read();
                ReadInterval(ref reader, prediction);
            }
            else if (reader.ValueTextEquals("explain"u8))
            {
                reader.Read();
                ReadExplain(ref reader, prediction);
            }
            else if (reader.ValueTextEquals("requestId"u8))
            {
                reader.Read();
                prediction.RequestId = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                reader.Skip();
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        if (hasFeatures == hasRecords)
        {
            batch.Forget(0, 0);
            batch.Problem(null, null, hasFeatures ? "both \"features\" and \"records\"" : "neither \"features\" nor \"records\"", Rows);
        }
        else if (hasFeatures && !isRead) ReadFeatures(ref features, prediction, order, mostRows);
    }

    private static void ReadFeatures(ref Utf8JsonReader reader, Prediction prediction, int[]? order, int mostRows)
    {
        var batch = prediction.Rows;
        if (reader.TokenType == JsonTokenType.StartArray)
            JsonRows.ReadRows(ref reader, batch, order ?? batch.Signature.UsedIndexes, RowForm.Positional, mostRows, mayBeFlat: true);
        else
        {
            batch.Problem(null, null, $"\"features\": {Describe(ref reader)}", "an array of arrays, one a row");
            reader.Skip();
        }
    }

    protected override void Write(Prediction prediction, string model, int version, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("model"u8, model);
        writer.WriteNumber("version"u8, version);
        if (prediction.RequestId is { } id) writer.WriteString("requestId"u8, id);
        writer.WritePropertyName("predictions"u8);
        WriteAnswers(prediction, writer);
        WriteInterval(prediction, writer);
        if (prediction.Predictor.ClassNames is { } names)
        {
            writer.WriteStartArray("classes"u8);
            for (var i = 0; i < names.Count; i++) writer.WriteStringValue(names[i]);
            writer.WriteEndArray();
            if (!prediction.Disclosure.LabelsOnly) WriteProbabilities(prediction, writer);
        }
        WriteExplanation(prediction, writer);
        if (prediction.Rows.Warnings.Count > 0)
        {
            writer.WriteStartArray("warnings"u8);
            foreach (var warning in prediction.Rows.Warnings)
            {
                writer.WriteStartObject();
                writer.WriteNumber("row"u8, warning.Row);
                writer.WriteString("column"u8, warning.Column);
                writer.WriteString("message"u8, warning.Message);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    private static void WriteProbabilities(Prediction prediction, Utf8JsonWriter writer)
    {
        writer.WriteStartArray("probabilities"u8);
        for (var row = 0; row < prediction.Rows.RowCount; row++)
        {
            writer.WriteStartArray();
            foreach (var probability in prediction.Outputs(row)) WriteNumber(prediction.Disclosure.Tell(probability), writer);
            writer.WriteEndArray();
        }
        writer.WriteEndArray();
    }
}
