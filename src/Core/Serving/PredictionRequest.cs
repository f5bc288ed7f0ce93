using System.Globalization;
using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;

namespace ModelWorkbench.Core.Serving;

/// <summary>A value in a request that the model cannot take.</summary>
/// <param name="Row">0-based row of the request; null where the request as a whole is meant.</param>
/// <param name="Column">The column's name, or null.</param>
/// <param name="Found">What was sent.</param>
/// <param name="Expected">What the model takes.</param>
public sealed record InputProblem(int? Row, string? Column, string Found, string Expected)
{
    public override string ToString() =>
        $"{(Row is { } row ? $"Row {row}" : "Request")}{(Column is null ? "" : $", column '{Column}'")}: found {Found}; expected {Expected}.";
}

/// <summary>Something the model answered in spite of, so that the caller can see it.</summary>
public sealed record InputWarning(int Row, string Column, string Message);

/// <summary>A request turned into a table of source rows, or the reasons why not.</summary>
/// <param name="Rows">All inputs of the signature, typed; null where there are problems.</param>
/// <param name="Problems">At most 100.</param>
/// <param name="Warnings">At most 100: values outside the training range, unseen categories, unknown columns.</param>
public sealed record ParsedRequest(Table? Rows, IReadOnlyList<InputProblem> Problems, IReadOnlyList<InputWarning> Warnings);

/// <summary>Reads <c>{"features":[[…],…]}</c> (positional, in the order of the used inputs) and <c>{"records":[{…},…]}</c> (by name).</summary>
/// <remarks>Missing values: <c>null</c> and, for numbers, <c>""</c> are missing, in every column; the model treats them as the missing values of its training rows.
/// A category that was not seen in training counts as missing, with a warning (<see cref="InputColumn.ChoicesAreComplete"/>). A used column that is absent altogether is an error.</remarks>
public static class PredictionRequest
{
    private const int MostProblems = 100;

    public static ParsedRequest Parse(JsonElement body, Signature signature, int mostRows)
    {
        var reader = new Reader(signature);
        if (body.ValueKind != JsonValueKind.Object)
            return reader.Refuse($"a JSON {Describe(body)}", "an object with \"features\" or \"records\"");
        var hasFeatures = body.TryGetProperty("features", out var features);
        var hasRecords = body.TryGetProperty("records", out var records);
        if (hasFeatures == hasRecords)
            return reader.Refuse(hasFeatures ? "both \"features\" and \"records\"" : "neither \"features\" nor \"records\"", "exactly one of them");
        var rows = hasFeatures ? features : records;
        var name = hasFeatures ? "features" : "records";
        if (rows.ValueKind != JsonValueKind.Array)
            return reader.Refuse($"\"{name}\": {Describe(rows)}", $"an array of {(hasFeatures ? "arrays, one a row" : "objects, one a row")}");
        var rowCount = rows.GetArrayLength();
        if (rowCount > mostRows) return reader.Refuse($"{rowCount:N0} rows", $"at most {mostRows:N0} rows in one request (MaxPredictionRows)");
        reader.Begin(rowCount);
        reader.ReadAll(rows, hasFeatures ? reader.ReadPositional : reader.ReadRecord);
        return reader.Finish();
    }

    private static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.Null => "null",
        _ => Shorten(value.GetRawText()),
    };

    private static string Shorten(string text) => text.Length <= 60 ? text : string.Concat(text.AsSpan(0, 57), "…");

    private sealed class Reader(Signature signature)
    {
        private readonly List<InputProblem> _problems = [];
        private readonly List<InputWarning> _warnings = [];
        private readonly HashSet<string> _unknown = new(StringComparer.Ordinal);
        private double[]?[] _numbers = [];
        private long[]?[] _moments = [];
        private string?[]?[] _texts = [];
        private readonly int[] _lastRow = new int[signature.Inputs.Count];
        private int _rowCount;

        public ParsedRequest Refuse(string found, string expected) => new(null, [new InputProblem(null, null, found, expected)], []);

        public void Begin(int rowCount)
        {
            _rowCount = rowCount;
            var width = signature.Inputs.Count;
            _numbers = new double[]?[width];
            _moments = new long[]?[width];
            _texts = new string?[]?[width];
        }

        /// <summary>Hands on each row with its index until there are enough problems.</summary>
        public void ReadAll(JsonElement rows, Action<int, JsonElement> read)
        {
            var index = 0;
            foreach (var row in rows.EnumerateArray())
            {
                read(index++, row);
                if (_problems.Count >= MostProblems) return;
            }
        }

        public void ReadPositional(int row, JsonElement values)
        {
            var used = signature.Used;
            if (values.ValueKind != JsonValueKind.Array) { Problem(row, null, Describe(values), $"an array of {used.Count} values"); return; }
            if (values.GetArrayLength() != used.Count)
            {
                Problem(row, null, $"{values.GetArrayLength()} values", $"{used.Count}: {Shorten(string.Join(", ", used.Select(u => u.Name)))}");
                return;
            }
            var position = 0;
            foreach (var value in values.EnumerateArray()) ReadValue(row, signature.Index[used[position++].Name], value);
        }

        public void ReadRecord(int row, JsonElement record)
        {
            if (record.ValueKind != JsonValueKind.Object) { Problem(row, null, Describe(record), "an object with one value a column"); return; }
            foreach (var property in record.EnumerateObject())
            {
                if (signature.Index.TryGetValue(property.Name, out var column))
                {
                    _lastRow[column] = row + 1;
                    ReadValue(row, column, property.Value);
                }
                else if (_unknown.Add(property.Name)) Warn(row, property.Name, "The model has no such column; the value was not used.");
            }
            for (var column = 0; column < _lastRow.Length; column++)
                if (signature.Inputs[column].Used && _lastRow[column] != row + 1)
                    Problem(row, signature.Inputs[column].Name, "no such column in the record", $"a value, or null where it is missing");
        }

        // Made at the first value: a request whose rows have none, or only wrong ones, costs no memory.
        private double[] Numbers(int column) => _numbers[column] ??= Filled(double.NaN);
        private long[] Moments(int column) => _moments[column] ??= Filled(DateTimeColumn.MissingTicks);
        private string?[] Texts(int column) => _texts[column] ??= Filled<string?>(null);

        private T[] Filled<T>(T value)
        {
            var values = new T[_rowCount];
            Array.Fill(values, value);
            return values;
        }

        private void ReadValue(int row, int column, JsonElement value)
        {
            var input = signature.Inputs[column];
            if (value.ValueKind == JsonValueKind.Null) return;
            if (value.ValueKind is JsonValueKind.Object or JsonValueKind.Array) { Problem(row, input.Name, $"a JSON {Describe(value)}", Expected(input)); return; }
            switch (input.Kind)
            {
                case ColumnKind.Numeric: ReadNumber(row, column, input, value); break;
                case ColumnKind.DateTime: ReadMoment(row, column, input, value); break;
                default: ReadText(row, column, input, value); break;
            }
        }

        private void ReadNumber(int row, int column, InputColumn input, JsonElement value)
        {
            var text = value.ValueKind == JsonValueKind.String ? value.GetString()!.Trim() : null;
            if (text is "") return;
            double number;
            var isNumber = value.ValueKind == JsonValueKind.Number
                ? value.TryGetDouble(out number)
                : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number);
            if (!isNumber || !double.IsFinite(number)) { Problem(row, input.Name, Shorten(value.GetRawText()), Expected(input)); return; }
            Numbers(column)[row] = number;
            if (number < input.Minimum || number > input.Maximum)
                Warn(row, input.Name, $"{number.ToString("R", CultureInfo.InvariantCulture)} is outside the training range {Format(input.Minimum)} to {Format(input.Maximum)}.");
        }

        private void ReadMoment(int row, int column, InputColumn input, JsonElement value)
        {
            if (value.ValueKind == JsonValueKind.String && value.GetString()!.Trim() is { } text)
            {
                if (text.Length == 0) return;
                if (ColumnConversion.TryParseMoment(text, out var moment))
                {
                    Moments(column)[row] = moment;
                    return;
                }
            }
            Problem(row, input.Name, Shorten(value.GetRawText()), Expected(input));
        }

        private void ReadText(int row, int column, InputColumn input, JsonElement value)
        {
            var text = value.ValueKind == JsonValueKind.String ? value.GetString()!.Trim() : value.GetRawText();
            if (text.Length == 0) return;
            if (signature.Choices[column] is { } choices && !choices.Contains(text))
            {
                // Clients send true and false for a column that the file writes as TRUE, yes or t.
                if (input.Kind == ColumnKind.Boolean && SameTruth(text, choices) is { } same) text = same;
                else if (input.ChoicesAreComplete)
                {
                    Warn(row, input.Name, $"'{Shorten(text)}' was not seen in training; it counts as missing.");
                    return;
                }
            }
            Texts(column)[row] = text;
        }

        private static string? SameTruth(string text, IReadOnlySet<string> choices)
        {
            bool? Truth(string s) => s.ToLowerInvariant() switch
            {
                "true" or "t" or "yes" or "y" or "1" => true,
                "false" or "f" or "no" or "n" or "0" => false,
                _ => null,
            };
            return Truth(text) is { } truth ? choices.FirstOrDefault(c => Truth(c) == truth) : null;
        }

        public ParsedRequest Finish()
        {
            if (_problems.Count > 0) return new ParsedRequest(null, _problems, _warnings);
            var columns = new Column[signature.Inputs.Count];
            for (var i = 0; i < columns.Length; i++)
            {
                var input = signature.Inputs[i];
                columns[i] = input.Kind switch
                {
                    ColumnKind.Numeric => new NumericColumn(input.Name, Numbers(i)),
                    ColumnKind.DateTime => new DateTimeColumn(input.Name, Moments(i)),
                    _ => DictionaryColumn.FromTexts(input.Name, input.Kind, Texts(i)),
                };
            }
            return new ParsedRequest(new Table(columns, rowCount: _rowCount), [], _warnings);
        }

        private void Problem(int row, string? column, string found, string expected)
        {
            if (_problems.Count < MostProblems) _problems.Add(new InputProblem(row, column, found, expected));
        }

        private void Warn(int row, string column, string message)
        {
            if (_warnings.Count < MostProblems) _warnings.Add(new InputWarning(row, column, message));
        }

        private static string Expected(InputColumn input) => input.Kind switch
        {
            ColumnKind.Numeric => input.Minimum is null ? "a number or null" : $"a number (training range {Format(input.Minimum)} to {Format(input.Maximum)}) or null",
            ColumnKind.DateTime => "an ISO 8601 date or date-time such as \"2026-01-31\", or null",
            ColumnKind.Text => "a text or null",
            _ => $"a text ({Shorten(string.Join(", ", (input.Choices ?? []).Take(5)))}) or null",
        };

        private static string Format(double? number) => number?.ToString("R", CultureInfo.InvariantCulture) ?? "?";
    }
}
