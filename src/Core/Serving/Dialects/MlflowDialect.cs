using System.Text.Json;

namespace ModelWorkbench.Core.Serving.Dialects;

/// <summary>MLflow's scoring protocol 2.x: exactly one of <c>dataframe_split</c>, <c>dataframe_records</c>, <c>instances</c> and <c>inputs</c>, and optionally <c>params</c>, of which <c>explain</c> and <c>interval</c> are known.</summary>
/// <remarks>The answer is <c>{"predictions":[…]}</c>, with what the params ask for beside it. Source: mlflow/pyfunc/scoring_server, proto_json_utils.</remarks>
internal sealed class MlflowDialect : Dialect
{
    private const string Forms = "a JSON object with exactly one of dataframe_split, dataframe_records, instances and inputs";

    public override string Name => "mlflow";

    protected override void Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, ReadOnlySpan<byte> tail, Prediction prediction, int mostRows)
    {
        var batch = prediction.Rows;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            batch.Problem(null, null, $"a JSON {Describe(ref reader)}", Forms);
            reader.Skip();
            return;
        }
        var forms = new List<string>(1);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var form = reader.ValueTextEquals("dataframe_split"u8) ? "dataframe_split" : reader.ValueTextEquals("dataframe_records"u8) ? "dataframe_records"
                : reader.ValueTextEquals("instances"u8) ? "instances" : reader.ValueTextEquals("inputs"u8) ? "inputs" : null;
            var isParams = reader.ValueTextEquals("params"u8);
            reader.Read();
            if (isParams)
            {
                ReadOptions(ref reader, prediction);
                continue;
            }
            if (form is not null) forms.Add(form);
            if (form is null || forms.Count > 1) reader.Skip();
            else ReadForm(ref reader, form, batch, mostRows);
        }
        if (forms.Count == 1) return;
        batch.Forget(0, 0);
        batch.Problem(null, null, forms.Count == 0 ? "none of them" : string.Join(" and ", forms), Forms);
    }

    private static void ReadForm(ref Utf8JsonReader reader, string form, RowBatch batch, int mostRows)
    {
        var used = batch.Signature.UsedIndexes;
        switch (form, reader.TokenType)
        {
            case ("dataframe_split", JsonTokenType.StartObject):
                ReadSplit(ref reader, batch, mostRows);
                break;
            case ("dataframe_records", JsonTokenType.StartArray):
                JsonRows.ReadRows(ref reader, batch, used, RowForm.Records, mostRows);
                break;
            case ("instances", JsonTokenType.StartArray):
                JsonRows.ReadRows(ref reader, batch, used, RowForm.Either, mostRows);
                break;
            case ("inputs" or "instances", JsonTokenType.StartObject):
                JsonRows.ReadColumns(ref reader, batch, mostRows);
                break;
            case ("inputs", JsonTokenType.StartArray):
                JsonRows.ReadRows(ref reader, batch, used, RowForm.Either, mostRows);
                break;
            default:
                batch.Problem(null, null, $"\"{form}\": {Describe(ref reader)}", form switch
                {
                    "dataframe_split" => "an object with \"data\" and, if wanted, \"columns\" and \"index\"",
                    "dataframe_records" => "an array of records",
                    _ => "an array of rows or an object of columns",
                });
                reader.Skip();
                break;
        }
    }

    private static void ReadSplit(ref Utf8JsonReader reader, RowBatch batch, int mostRows)
    {
        int[]? order = null;
        int? index = null;
        var (hasData, isRead) = (false, false);
        Utf8JsonReader data = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("columns"u8))
            {
                reader.Read();
                order = JsonRows.ReadOrder(ref reader, batch, "columns");
            }
            else if (reader.ValueTextEquals("data"u8))
            {
                hasData = true;
                reader.Read();
                data = reader;
                isRead = order is not null;
                if (isRead) ReadData(ref reader, batch, order!, mostRows);
                else reader.Skip();
            }
            else if (reader.ValueTextEquals("index"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.StartArray)
                {
                    index = 0;
                    while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) { reader.Skip(); index++; }
                }
                else { batch.Problem(null, null, $"\"index\": {Describe(ref reader)}", "an array with one entry a row"); reader.Skip(); }
            }
            else
            {
                var name = reader.GetString()!;
                batch.Problem(null, null, $"\"{RowBatch.Shorten(name)}\" in \"dataframe_split\"", "only \"columns\", \"index\" and \"data\"");
                reader.Read();
                reader.Skip();
            }
        }
        if (!hasData) batch.Problem(null, null, "no \"data\" in \"dataframe_split\"", "an array of rows");
        else if (!isRead) ReadData(ref data, batch, order ?? batch.Signature.UsedIndexes, mostRows);
        if (index is { } count && count != batch.RowCount && batch.Problems.Count == 0) batch.Problem(null, null, $"{JsonRows.Words(count)} in \"index\"", $"{batch.RowCount:N0}, as \"data\" has rows");
    }

    private static void ReadData(ref Utf8JsonReader reader, RowBatch batch, int[] order, int mostRows)
    {
        if (reader.TokenType == JsonTokenType.StartArray) JsonRows.ReadRows(ref reader, batch, order, RowForm.Positional, mostRows);
        else
        {
            batch.Problem(null, null, $"\"data\": {Describe(ref reader)}", "an array of rows");
            reader.Skip();
        }
    }

    protected override void Write(Prediction prediction, string model, int version, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("predictions"u8);
        WriteAnswers(prediction, writer);
        WriteInterval(prediction, writer);
        WriteExplanation(prediction, writer);
        writer.WriteEndObject();
    }
}
