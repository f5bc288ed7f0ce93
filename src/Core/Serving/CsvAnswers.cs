using System.Buffers;
using System.Globalization;
using System.Text;

namespace ModelWorkbench.Core.Serving;

/// <summary>Writes answers as comma-separated values: the prediction, and for classes a column of probabilities for each.</summary>
public static class CsvAnswers
{
    /// <summary>A header, and a line for each row in the order of the request.</summary>
    public static void Write(Prediction prediction, IBufferWriter<byte> output)
    {
        var isNumber = prediction.Predictor.ClassNames is null;
        var classes = isNumber ? [] : prediction.Predictor.Target.Classes;
        Text(output, "prediction");
        var tellsProbabilities = !prediction.Disclosure.LabelsOnly;
        foreach (var name in tellsProbabilities ? classes : []) { Text(output, ","); Text(output, Quote($"probability {name}")); }
        Text(output, "\n");
        string[] quoted = [.. classes.Select(Quote)];
        for (var row = 0; row < prediction.Rows.RowCount; row++)
        {
            if (isNumber) Number(output, prediction.Disclosure.Tell(prediction.Outputs(row)[0]));
            else
            {
                Text(output, quoted[prediction.AnsweredClass(row)]);
                foreach (var probability in tellsProbabilities ? prediction.Outputs(row) : []) { Text(output, ","); Number(output, prediction.Disclosure.Tell(probability)); }
            }
            Text(output, "\n");
        }
    }

    /// <summary>The text as a field: in quotes where it holds a comma, a quote or a line break.</summary>
    public static string Quote(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;

    private static void Text(IBufferWriter<byte> output, string text) => Encoding.UTF8.GetBytes(text, output);

    private static void Number(IBufferWriter<byte> output, double number)
    {
        // A missing answer is an empty field.
        if (!double.IsFinite(number)) return;
        number.TryFormat(output.GetSpan(32), out var length, "R", CultureInfo.InvariantCulture);
        output.Advance(length);
    }
}
