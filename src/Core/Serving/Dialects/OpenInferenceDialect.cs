using System.Buffers;
using System.Globalization;
using System.Text.Json;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Models;

namespace ModelWorkbench.Core.Serving.Dialects;

/// <summary>Version 2 of the Open Inference Protocol as REST: one tensor a column, or one of all features in the order of the used inputs.</summary>
/// <remarks>Source: kserve/open-inference-protocol, specification/protocol/inference_rest.md. Outputs: <c>predict</c>, and for classes <c>predict_proba</c>.
/// The parameters <c>explain</c> and <c>interval</c> of a request ask for further ones. Data may be bytes after the JSON, as Triton's extension for binary tensors has it.</remarks>
public sealed class OpenInferenceDialect : Dialect
{
    private const string Predict = "predict";
    private const string Probabilities = "predict_proba";

    private static readonly (string Name, double Minimum, double Maximum)[] Integers =
    [
        ("UINT8", 0, byte.MaxValue), ("UINT16", 0, ushort.MaxValue), ("UINT32", 0, uint.MaxValue), ("UINT64", 0, ulong.MaxValue),
        ("INT8", sbyte.MinValue, sbyte.MaxValue), ("INT16", short.MinValue, short.MaxValue), ("INT32", int.MinValue, int.MaxValue), ("INT64", long.MinValue, long.MaxValue),
    ];

    public override string Name => "oip-v2";

    private ref struct Tensor
    {
        public string? Name;
        public string? Type;
        public long[]? Shape;
        public bool HasData;
        public Utf8JsonReader Data;

        /// <summary>Of its bytes after the JSON; null where its data is in the JSON.</summary>
        public long? Size;

        public bool IsSizeWrong;
        public ReadOnlySpan<byte> Bytes;
    }

    protected override void Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, ReadOnlySpan<byte> tail, Prediction prediction, int mostRows)
    {
        var batch = prediction.Rows;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            batch.Problem(null, null, $"a JSON {Describe(ref reader)}", "an object with \"inputs\"");
            reader.Skip();
            return;
        }
        var count = 0;
        var bytes = tail;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("id"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.String) prediction.RequestId = reader.GetString();
                else batch.Problem(null, null, $"\"id\": {Describe(ref reader)}", "a text");
                reader.Skip();
            }
            else if (reader.ValueTextEquals("inputs"u8))
            {
                reader.Read();
                count = ReadTensors(ref reader, ref bytes, batch, mostRows);
            }
            else if (reader.ValueTextEquals("outputs"u8))
            {
                reader.Read();
                ReadWanted(ref reader, prediction);
            }
            else if (reader.ValueTextEquals("parameters"u8))
            {
                reader.Read();
                var parameters = reader;
                if (ReadFlag(ref parameters, "binary_data_output"u8, "\"binary_data_output\"", batch) is { } wantsBytes) prediction.WantsBytes = wantsBytes;
                ReadOptions(ref reader, prediction);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        if (bytes.Length > 0 && batch.Problems.Count == 0) batch.Problem(null, null, $"{bytes.Length:N0} bytes after the last tensor", $"none: the sizes of all tensors together, {tail.Length - bytes.Length:N0} bytes");
        if (count == 0 && batch.Problems.Count == 0) batch.Problem(null, null, "no tensor in \"inputs\"", $"one for each of {Names(batch.Signature)}");
    }

    private static int ReadTensors(ref Utf8JsonReader reader, ref ReadOnlySpan<byte> bytes, RowBatch batch, int mostRows)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            batch.Problem(null, null, $"\"inputs\": {Describe(ref reader)}", "an array of tensors");
            reader.Skip();
            return 1;
        }
        var (count, isMatrix) = (0, false);
        int? rowCount = null;
        var strangers = new List<string>(0);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            count++;
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                batch.Problem(null, null, $"input {count}: {Describe(ref reader)}", "an object with name, shape, datatype and data");
                reader.Skip();
                continue;
            }
            var tensor = ReadTensor(ref reader, count, batch);
            // Where one tensor's bytes cannot be told from the next one's, nothing after it means anything.
            var isCut = TakeBytes(tensor.Name ?? $"input {count}", tensor.IsSizeWrong, tensor.HasData, tensor.Size, ref bytes, out var own, batch);
            tensor.Bytes = own;
            if (!isCut) { while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) reader.Skip(); break; }
            if (tensor.Name is null) continue;
            if (Check(tensor, batch) is not { } shape) continue;
            if (!batch.TryFind(tensor.Name, out var column))
            {
                strangers.Add(tensor.Name);
                if (count == 1 && shape.Columns == batch.Signature.UsedIndexes.Length && shape.Columns > 0 && (shape.Columns > 1 || shape.Rank == 2))
                {
                    isMatrix = true;
                    ReadMatrix(tensor, shape, batch, mostRows);
                }
                else if (count == 1 && shape.Rank >= 2 && shape.Columns > 1)
                    batch.Problem(null, tensor.Name, $"a tensor of {shape.Columns:N0} columns", $"{batch.Signature.UsedIndexes.Length:N0}: {Names(batch.Signature)}");
                else batch.NoteUnknown(0, tensor.Name);
                continue;
            }
            if (shape.Rank >= 2 && shape.Columns != 1)
            {
                batch.Problem(null, tensor.Name, $"{shape.Columns:N0} values a row", "the shape [n] or [n, 1]");
                continue;
            }
            batch.MarkGiven(0, column);
            if (rowCount is null && shape.Rows > mostRows) { batch.RefuseRows((int)Math.Min(int.MaxValue, shape.Rows), mostRows); continue; }
            if (rowCount is { } rows && rows != shape.Rows) { batch.Problem(null, tensor.Name, JsonRows.Words((int)Math.Min(int.MaxValue, shape.Rows)), $"{rows:N0}, as the tensors before it have"); continue; }
            ReadData(tensor, shape, [column], rowCount is null, batch);
            rowCount ??= (int)shape.Rows;
        }
        if (isMatrix && count > 1)
            batch.Problem(null, null, $"the tensors {string.Join(", ", strangers.Select(s => $"'{RowBatch.Shorten(s)}'"))}", "one tensor of all features, or one a column with the column's name");
        else if (!isMatrix && count > 0 && batch.Problems.Count == 0) batch.CheckGiven(0, "\"inputs\"");
        return count;
    }

    private static Tensor ReadTensor(ref Utf8JsonReader reader, int number, RowBatch batch)
    {
        var tensor = default(Tensor);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("name"u8)) tensor.Name = ReadText(ref reader);
            else if (reader.ValueTextEquals("datatype"u8)) tensor.Type = ReadText(ref reader);
            else if (reader.ValueTextEquals("shape"u8)) tensor.Shape = ReadShape(ref reader, number, batch);
            else if (reader.ValueTextEquals("data"u8))
            {
                reader.Read();
                tensor.HasData = true;
                tensor.Data = reader;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("parameters"u8))
            {
                reader.Read();
                ReadSize(ref reader, ref tensor);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        if (tensor.Name is null) batch.Problem(null, null, $"input {number} without a name", "an object with name, shape, datatype and data");
        return tensor;
    }

    private static void ReadSize(ref Utf8JsonReader reader, ref Tensor tensor)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isSize = reader.ValueTextEquals("binary_data_size"u8);
                reader.Read();
                if (isSize)
                {
                    if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var size) && size >= 0) tensor.Size = size;
                    else tensor.IsSizeWrong = true;
                }
                reader.Skip();
            }
        }
        else reader.Skip();
    }

    /// <summary>Cuts a tensor's bytes off those that are left.</summary>
    private static bool TakeBytes(string name, bool isSizeWrong, bool hasData, long? size, ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> own, RowBatch batch)
    {
        own = default;
        if (isSizeWrong) batch.Problem(null, name, "\"binary_data_size\"", "a whole number of bytes of 0 or more");
        else if (size is null) return true;
        else if (hasData) batch.Problem(null, name, "both \"data\" and \"binary_data_size\"", "exactly one of them");
        else if (size > bytes.Length) batch.Problem(null, name, $"\"binary_data_size\": {size:N0}", $"at most {bytes.Length:N0}, the bytes that are left after the JSON");
        else
        {
            own = bytes[..(int)size];
            bytes = bytes[(int)size..];
            return true;
        }
        return false;
    }

    /// <summary>The value of one property of an object, which is true or false; null where it is not there. The reader is a copy: what it reads is read again.</summary>
    private static bool? ReadFlag(ref Utf8JsonReader reader, ReadOnlySpan<byte> property, string said, RowBatch batch)
    {
        bool? flag = null;
        if (reader.TokenType != JsonTokenType.StartObject) return null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMeant = reader.ValueTextEquals(property);
            reader.Read();
            if (isMeant)
            {
                if (reader.TokenType is JsonTokenType.True or JsonTokenType.False) flag = reader.TokenType == JsonTokenType.True;
                else batch.Problem(null, null, $"{said}: {Describe(ref reader)}", "true or false");
            }
            reader.Skip();
        }
        return flag;
    }

    private static string? ReadText(ref Utf8JsonReader reader)
    {
        reader.Read();
        var text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        reader.Skip();
        return text;
    }

    private static long[]? ReadShape(ref Utf8JsonReader reader, int number, RowBatch batch)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            var shape = new List<long>(2);
            var isWrong = false;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var size) && size >= 0) shape.Add(size);
                else isWrong = true;
                reader.Skip();
            }
            if (!isWrong) return [.. shape];
        }
        else reader.Skip();
        batch.Problem(null, null, $"the shape of input {number}", "an array of whole numbers of 0 or more, such as [2, 4]");
        return null;
    }

    private readonly record struct Shape(int Rank, long Rows, long Columns);

    private static Shape? Check(in Tensor tensor, RowBatch batch)
    {
        var known = batch.Problems.Count;
        if (!IsType(tensor.Type) && !(tensor.Size is not null && tensor.Type == "FP16"))
            batch.Problem(null, tensor.Name, tensor.Type is null ? "no datatype" : $"the datatype '{RowBatch.Shorten(tensor.Type)}'", "BOOL, UINT8 to UINT64, INT8 to INT64, FP32, FP64 or BYTES");
        if (tensor.Shape is null) { if (batch.Problems.Count == known) batch.Problem(null, tensor.Name, "no shape", "an array of whole numbers, such as [2, 4]"); }
        else if (tensor.Shape.Length is 0 or > 2) batch.Problem(null, tensor.Name, $"a shape of {tensor.Shape.Length} dimensions", "one or two");
        if (!tensor.HasData && tensor.Size is null) batch.Problem(null, tensor.Name, "no data", "an array of values");
        if (batch.Problems.Count > known) return null;
        return new Shape(tensor.Shape!.Length, tensor.Shape[0], tensor.Shape.Length == 2 ? tensor.Shape[1] : 1);
    }

    private static bool IsType(string? type) => type is "BOOL" or "FP32" or "FP64" or "BYTES" || Array.Exists(Integers, i => i.Name == type);

    private static void ReadMatrix(in Tensor tensor, Shape shape, RowBatch batch, int mostRows)
    {
        if (shape.Rows > mostRows) batch.RefuseRows((int)Math.Min(int.MaxValue, shape.Rows), mostRows);
        else ReadData(tensor, shape, batch.Signature.UsedIndexes, addsRows: true, batch);
    }

    /// <summary>Values in the order of rows, flat or nested. The shape is never trusted: rows are made as values come.</summary>
    private static void ReadData(in Tensor tensor, Shape shape, ReadOnlySpan<int> columns, bool addsRows, RowBatch batch)
    {
        if (tensor.Size is not null)
        {
            TensorBytes.Read(tensor.Bytes, tensor.Type!, tensor.Name!, tensor.Shape!, columns, addsRows, batch);
            return;
        }
        var reader = tensor.Data;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            batch.Problem(null, tensor.Name, $"data: {Describe(ref reader)}", "an array of values");
            return;
        }
        var type = tensor.Type!;
        var limits = Array.Find(Integers, i => i.Name == type);
        var expected = (UInt128)(ulong)shape.Rows * (ulong)columns.Length;
        var (depth, count) = (reader.CurrentDepth, 0);
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == depth))
        {
            if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.EndArray) continue;
            if ((UInt128)count < expected && !batch.IsHopeless)
            {
                var (row, position) = (count / columns.Length, count % columns.Length);
                if (addsRows && position == 0) batch.AddRow();
                if (CheckType(ref reader, type, limits, row, columns[position], batch)) JsonRows.ReadValue(ref reader, batch, row, columns[position]);
            }
            else reader.Skip();
            count++;
        }
        if ((UInt128)count != expected) batch.Problem(null, tensor.Name, JsonRows.Words(count), $"{expected:N0}, as the shape [{string.Join(", ", tensor.Shape!)}] says");
    }

    private static bool CheckType(ref Utf8JsonReader reader, string type, (string? Name, double Minimum, double Maximum) limits, int row, int column, RowBatch batch)
    {
        if (reader.TokenType == JsonTokenType.Null) return true;
        var fits = type switch
        {
            "BYTES" => reader.TokenType == JsonTokenType.String,
            "BOOL" => reader.TokenType is JsonTokenType.True or JsonTokenType.False,
            // An empty text stands for the NaN that JSON does not know.
            "FP32" or "FP64" => reader.TokenType is JsonTokenType.Number || reader.TokenType == JsonTokenType.String,
            _ => reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var number) && number >= limits.Minimum && number <= limits.Maximum && number == Math.Floor(number),
        };
        if (fits) return true;
        batch.Problem(row, batch.Signature.Inputs[column].Name, Describe(ref reader), $"a value of the datatype {type}");
        reader.Skip();
        return false;
    }

    private static void ReadWanted(ref Utf8JsonReader reader, Prediction prediction)
    {
        var batch = prediction.Rows;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            batch.Problem(null, null, $"\"outputs\": {Describe(ref reader)}", "an array of objects with a name");
            reader.Skip();
            return;
        }
        var isNumber = prediction.Predictor.ClassNames is null;
        var hasProbabilities = !isNumber && !prediction.Disclosure.LabelsOnly;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            string? name = null;
            bool? wantsBytes = null;
            if (reader.TokenType == JsonTokenType.StartObject)
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    if (reader.ValueTextEquals("name"u8)) name = ReadText(ref reader);
                    else if (reader.ValueTextEquals("parameters"u8))
                    {
                        reader.Read();
                        var parameters = reader;
                        wantsBytes = ReadFlag(ref parameters, "binary_data"u8, "\"binary_data\"", batch);
                        reader.Skip();
                    }
                    else { reader.Read(); reader.Skip(); }
                }
            else reader.Skip();
            if (!(name == Predict || (name == Probabilities && hasProbabilities)))
                batch.Problem(null, null, $"the output '{RowBatch.Shorten(name ?? "?")}'", hasProbabilities ? $"{Predict} or {Probabilities}" : isNumber ? $"{Predict}: the model predicts a number" : $"{Predict}: this endpoint tells labels alone");
            else if (prediction.WantedOutputs.Contains(name)) batch.Problem(null, null, $"the output '{name}' twice", "each once");
            else
            {
                prediction.WantedOutputs.Add(name);
                if (wantsBytes is { } bytes) prediction.BytesByOutput[name] = bytes;
            }
        }
    }

    private static string Names(Signature signature) => RowBatch.Shorten(string.Join(", ", signature.Used.Select(u => u.Name)));

    protected override void Write(Prediction prediction, string model, int version, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("model_name"u8, model);
        Span<byte> digits = stackalloc byte[16];
        version.TryFormat(digits, out var length, provider: System.Globalization.CultureInfo.InvariantCulture);
        writer.WriteString("model_version"u8, digits[..length]);
        if ((prediction.RequestId ?? prediction.MadeId) is { } id) writer.WriteString("id"u8, id);
        writer.WriteStartArray("outputs"u8);
        foreach (var output in OutputsOf(prediction)) WriteOutput(output, prediction, writer);
        WriteIntervalTensor(prediction, writer);
        WriteExplanationTensors(prediction, writer);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static readonly string[] Alone = [Predict], OfClasses = [Predict, Probabilities];

    private static IReadOnlyList<string> OutputsOf(Prediction prediction) =>
        prediction.WantedOutputs.Count > 0 ? prediction.WantedOutputs : prediction.Predictor.ClassNames is null || prediction.Disclosure.LabelsOnly ? Alone : OfClasses;

    private static bool IsBytes(string output, Prediction prediction) => prediction.BytesByOutput.Count > 0 && prediction.BytesByOutput.TryGetValue(output, out var said) ? said : prediction.WantsBytes;

    protected override bool WriteTail(Prediction prediction, IBufferWriter<byte> output)
    {
        if (!prediction.WantsBytes && prediction.BytesByOutput.Count == 0) return false;
        var isAny = false;
        foreach (var name in OutputsOf(prediction))
        {
            if (!IsBytes(name, prediction)) continue;
            isAny = true;
            if (name == Predict && prediction.Predictor.ClassNames is not null) TensorBytes.WriteClasses(prediction, output);
            else TensorBytes.WriteNumbers(prediction, name == Predict ? 1 : prediction.OutputCount, output);
        }
        return isAny;
    }

    private static void WriteOutput(string name, Prediction prediction, Utf8JsonWriter writer)
    {
        var rows = prediction.Rows.RowCount;
        var isPredict = name == Predict;
        var isClass = isPredict && prediction.Predictor.ClassNames is not null;
        BeginTensor(name, isClass ? "BYTES"u8 : "FP64"u8, [rows, isPredict ? 1 : prediction.OutputCount], writer);
        if (IsBytes(name, prediction))
        {
            writer.WriteStartObject("parameters"u8);
            writer.WriteNumber("binary_data_size"u8, isClass ? TensorBytes.SizeOfClasses(prediction) : sizeof(double) * (long)rows * (isPredict ? 1 : prediction.OutputCount));
            writer.WriteEndObject();
            writer.WriteEndObject();
            return;
        }
        writer.WritePropertyName("data"u8);
        if (isPredict) WriteAnswers(prediction, writer);
        else
        {
            writer.WriteStartArray();
            for (var row = 0; row < rows; row++)
                foreach (var probability in prediction.Outputs(row)) WriteNumber(prediction.Disclosure.Tell(probability), writer);
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    private static void BeginTensor(string name, ReadOnlySpan<byte> type, ReadOnlySpan<int> shape, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, name);
        writer.WriteStartArray("shape"u8);
        foreach (var size in shape) writer.WriteNumberValue(size);
        writer.WriteEndArray();
        writer.WriteString("datatype"u8, type);
    }

    private static void WriteIntervalTensor(Prediction prediction, Utf8JsonWriter writer)
    {
        if (prediction.Interval is not { } interval) return;
        BeginTensor("interval", "FP64"u8, [prediction.Rows.RowCount, 2], writer);
        writer.WriteStartObject("parameters"u8);
        writer.WriteNumber("level"u8, interval.Level);
        writer.WriteNumber("coverage"u8, interval.Coverage);
        writer.WriteEndObject();
        writer.WriteStartArray("data"u8);
        for (var row = 0; row < prediction.Rows.RowCount; row++)
        {
            var (low, high) = interval.Around(prediction.Disclosure.Tell(prediction.Outputs(row)[0]));
            WriteNumber(low, writer);
            WriteNumber(high, writer);
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>What each column adds: for every row and sum one number a column, which add up with the sum's base.</summary>
    private static void WriteExplanationTensors(Prediction prediction, Utf8JsonWriter writer)
    {
        if (prediction.Contributions is not { } contributions) return;
        var explainer = prediction.Predictor.Explainer;
        var (sums, columns) = (explainer.Base.Count, explainer.Columns.Count);
        WriteContributions("explanation", row => row.Values);
        if (!explainer.IsExact) WriteContributions("explanation_standard_errors", row => row.StandardErrors!);
        BeginTensor("explanation_base", "FP64"u8, [sums], writer);
        writer.WriteStartArray("data"u8);
        foreach (var number in explainer.Base) WriteNumber(number, writer);
        writer.WriteEndArray();
        writer.WriteEndObject();
        WriteNames("explanation_of", sums, ExplainedOf(prediction.Predictor));
        WriteNames("explanation_columns", columns, explainer.Columns);

        void WriteContributions(string name, Func<RowContributions, double[]> numbers)
        {
            BeginTensor(name, "FP64"u8, [contributions.Length, sums, columns], writer);
            writer.WriteStartObject("parameters"u8);
            writer.WriteString("scale"u8, ContributionScales.IdOf(explainer.Scale));
            writer.WriteEndObject();
            writer.WriteStartArray("data"u8);
            foreach (var row in contributions)
                foreach (var number in numbers(row)) WriteNumber(number, writer);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        void WriteNames(string name, int count, IEnumerable<string> names)
        {
            BeginTensor(name, "BYTES"u8, [count], writer);
            writer.WriteStartArray("data"u8);
            foreach (var text in names) writer.WriteStringValue(text);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
    }

    /// <summary>Reads a body of JSON that is followed by the bytes of tensors.</summary>
    /// <param name="body">Both.</param>
    /// <param name="jsonLength">As the header Inference-Header-Content-Length says; it need not be true.</param>
    /// <param name="prediction">Takes the rows.</param>
    /// <param name="mostRows">That are allowed.</param>
    /// <remarks>Source: Triton's extension_binary_data.md.</remarks>
    public Refusal? ReadParts(ReadOnlySpan<byte> body, string jsonLength, Prediction prediction, int mostRows) =>
        int.TryParse(jsonLength, NumberStyles.None, CultureInfo.InvariantCulture, out var length) && length <= body.Length
            ? ReadJson(body[..length], body[length..], prediction, mostRows)
            : new Refusal(RefusalKind.Unreadable, $"Inference-Header-Content-Length is '{RowBatch.Shorten(jsonLength)}'; expected a whole number from 0 to {body.Length:N0}, the bytes of the body.");
}
