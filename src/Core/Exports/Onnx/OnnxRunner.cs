using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;

namespace ModelWorkbench.Core.Exports.Onnx;

/// <summary>Asks an ONNX file in this process.</summary>
internal static class OnnxRunner
{
    private const int RowsTogether = 128;

    public static string Name => "ONNX Runtime " + typeof(InferenceSession).Assembly.GetName().Version?.ToString(3);

    /// <param name="file">Full path.</param>
    /// <param name="inputs">As the file names its inputs.</param>
    /// <param name="rows">One text an input; null is missing.</param>
    /// <param name="answers">Name of the output with the probabilities or the number.</param>
    /// <param name="cancellationToken">Looked at between batches.</param>
    /// <returns>Row-major.</returns>
    public static double[] Ask(string file, IReadOnlyList<InputColumn> inputs, IReadOnlyList<IReadOnlyList<string?>> rows, string answers, CancellationToken cancellationToken)
    {
        using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        using var session = new InferenceSession(file, options);
        var outputs = new List<double>();
        foreach (var batch in rows.Chunk(RowsTogether))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var results = session.Run([.. inputs.Select((input, i) => Value(input, batch, i))], [answers]);
            outputs.AddRange(results[0].AsTensor<double>());
        }
        return [.. outputs];
    }

    private static NamedOnnxValue Value(InputColumn input, IReadOnlyList<string?>[] rows, int at) => input.Kind == ColumnKind.Numeric
        ? NamedOnnxValue.CreateFromTensor(input.Name, new DenseTensor<double>(Array.ConvertAll(rows, r => r[at] is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : double.NaN), [rows.Length, 1]))
        : NamedOnnxValue.CreateFromTensor(input.Name, new DenseTensor<string>(Array.ConvertAll(rows, r => r[at] ?? ""), [rows.Length, 1]));
}
