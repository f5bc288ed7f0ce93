using System.Globalization;
using System.Text.Json;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Models;

namespace ModelWorkbench.Core.Serving.Dialects;

/// <summary>The workbench's own: <c>{"features":[[…],…]}</c>, positional in the order of the used inputs or of <c>"columns"</c>, or <c>{"records":[{…},…]}</c>, by name.</summary>
/// <remarks>The answer is parallel arrays with one entry a row: <c>{"model":…,"version":…,"predictions":[…],"classes":[…],"probabilities":[[…]],"warnings":[…]}</c>.
/// With <c>"interval":0.9</c> a number comes with an interval around it, and with the share of validation rows that such intervals held.
/// With <c>"explain":true</c> comes what each column adds to each answer: for every row one list a sum, whose numbers add up with the sum's base.</remarks>
internal sealed class NativeDialect : Dialect
{
    private const string Rows = "exactly one of them";

    public override string Name => "native";

    protected override void Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, Prediction prediction, int mostRows)
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
                hasFeatures = true;
                reader.Read();
                features = reader;
                isRead = !hasRecords && order is not null || body.IndexOf("\"columns\""u8) < 0;
                if (isRead) ReadFeatures(ref reader, prediction, order, mostRows);
                else reader.Skip();
            }
            else if (reader.ValueTextEquals("records"u8))
            {
                hasRecords = true;
                reader.Read();
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
                prediction.WantsExplanation = reader.TokenType == JsonTokenType.True;
                if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null)) batch.Problem(null, null, $"\"explain\": {Describe(ref reader)}", "true or false");
                reader.Skip();
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
        if (prediction.WantsExplanation && batch.RowCount > Prediction.MostExplainedRows) batch.Problem(null, null, $"{batch.RowCount} rows to explain", $"at most {Prediction.MostExplainedRows} where \"explain\" is true");
    }

    private static void ReadInterval(ref Utf8JsonReader reader, Prediction prediction)
    {
        var manifest = prediction.Predictor.Package.Manifest;
        if (reader.TokenType != JsonTokenType.Null)
        {
            var level = reader.TokenType == JsonTokenType.Number ? reader.GetDouble() : double.NaN;
            prediction.Interval = manifest.Intervals?.FirstOrDefault(i => i.Level == level);
            if (prediction.Interval is null)
                prediction.Rows.Problem(null, null, $"\"interval\": {Describe(ref reader)}", prediction.Predictor.ClassNames is not null ? "none: the model predicts a class, and its probabilities say how sure it is"
                    : manifest.Intervals is { Count: > 0 } known ? string.Join(" or ", known.Select(i => i.Level.ToString(CultureInfo.InvariantCulture))) : "none: no interval was measured for this model");
        }
        reader.Skip();
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
        if (prediction.Interval is { } interval)
        {
            writer.WriteStartArray("intervals"u8);
            for (var row = 0; row < prediction.Rows.RowCount; row++)
            {
                var (low, high) = interval.Around(prediction.Outputs(row)[0]);
                writer.WriteStartArray();
                WriteNumber(low, writer);
                WriteNumber(high, writer);
                writer.WriteEndArray();
            }
            writer.WriteEndArray();
            writer.WriteNumber("intervalLevel"u8, interval.Level);
            writer.WriteNumber("intervalCoverage"u8, interval.Coverage);
        }
        if (prediction.Predictor.ClassNames is { } names)
        {
            writer.WriteStartArray("classes"u8);
            for (var i = 0; i < names.Count; i++) writer.WriteStringValue(names[i]);
            writer.WriteEndArray();
            writer.WriteStartArray("probabilities"u8);
            for (var row = 0; row < prediction.Rows.RowCount; row++)
            {
                writer.WriteStartArray();
                foreach (var probability in prediction.Outputs(row)) WriteNumber(probability, writer);
                writer.WriteEndArray();
            }
            writer.WriteEndArray();
        }
        if (prediction.Contributions is { } contributions) WriteExplanation(prediction.Predictor, contributions, writer);
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

    private static void WriteExplanation(Predictor predictor, RowContributions[] contributions, Utf8JsonWriter writer)
    {
        var explainer = predictor.Explainer;
        writer.WriteStartObject("explanation"u8);
        writer.WriteString("scale"u8, ContributionScales.IdOf(explainer.Scale));
        // Which sums are told: a number's, the second of two classes', or each class's.
        writer.WriteStartArray("of"u8);
        var target = predictor.Target;
        if (target.Classes.Count == 0) writer.WriteStringValue(target.Column);
        else foreach (var name in target.Classes.Skip(target.Classes.Count - explainer.Base.Count)) writer.WriteStringValue(name);
        writer.WriteEndArray();
        WriteNumbers("base"u8, [.. explainer.Base], writer);
        writer.WriteStartArray("columns"u8);
        foreach (var column in explainer.Columns) writer.WriteStringValue(column);
        writer.WriteEndArray();
        WriteRows("contributions"u8, row => row.Values);
        if (!explainer.IsExact) WriteRows("standardErrors"u8, row => row.StandardErrors!);
        writer.WriteEndObject();

        void WriteRows(ReadOnlySpan<byte> name, Func<RowContributions, double[]> numbers)
        {
            writer.WriteStartArray(name);
            foreach (var row in contributions)
            {
                writer.WriteStartArray();
                for (var sum = 0; sum < explainer.Base.Count; sum++) WriteNumbers(null, numbers(row).AsSpan(sum * explainer.Columns.Count, explainer.Columns.Count), writer);
                writer.WriteEndArray();
            }
            writer.WriteEndArray();
        }
    }

    private static void WriteNumbers(ReadOnlySpan<byte> name, ReadOnlySpan<double> numbers, Utf8JsonWriter writer)
    {
        if (name.IsEmpty) writer.WriteStartArray();
        else writer.WriteStartArray(name);
        foreach (var number in numbers) WriteNumber(number, writer);
        writer.WriteEndArray();
    }
}
