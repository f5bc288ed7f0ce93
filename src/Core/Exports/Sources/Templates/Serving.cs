using System.Collections.Frozen;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Trainers;
using Exported = @NAMESPACE@.Model;

// What the readers and writers of the protocols, which are those of Model Workbench, look for: here over the one model of this server.

namespace ModelWorkbench.Core.Models
{
    /// <summary>The columns of the model.</summary>
    public sealed record Signature(IReadOnlyList<InputColumn> Inputs)
    {
        public IReadOnlyList<InputColumn> Used { get; } = [.. Inputs.Where(i => i.Used)];
        internal FrozenDictionary<string, int> Index { get; } = Inputs.Index().ToFrozenDictionary(i => i.Item.Name, i => i.Index, StringComparer.Ordinal);
        internal IReadOnlyList<FrozenDictionary<string, int>?> Choices { get; } = [.. Inputs.Select(i => i.Choices?.Index().ToFrozenDictionary(c => c.Item, c => c.Index, StringComparer.Ordinal))];
        internal int[] UsedIndexes { get; } = [.. Inputs.Index().Where(i => i.Item.Used).Select(i => i.Index)];
    }

    public sealed record InputColumn(string Name, ColumnKind Kind, bool Used)
    {
        public double? Minimum { get; init; }
        public double? Maximum { get; init; }
        public IReadOnlyList<string>? Choices { get; init; }
        public bool ChoicesAreComplete { get; init; }
    }

    public sealed record ModelManifest(IReadOnlyList<PredictionInterval>? Intervals);

    public sealed record ModelPackage(ModelManifest Manifest);

    /// <summary>Explanations stay with the workbench.</summary>
    public sealed record RowContributions(double[] Values, double[]? StandardErrors);

    public sealed record RowExplainer(ContributionScale Scale, IReadOnlyList<double> Base, IReadOnlyList<string> Columns, bool IsExact);
}

namespace ModelWorkbench.Core.Explanations
{
    public enum ContributionScale { None }

    public static class ContributionScales
    {
        public static string IdOf(ContributionScale scale) => scale.ToString();
    }
}

namespace ModelWorkbench.Core.Datasets
{
    internal enum OpenQuote { Ignore, Refuse }

    /// <summary>The records of a text of comma-separated values; blank lines are passed over.</summary>
    internal sealed class CsvRecords(TextReader text, CsvOptions options) : IDisposable
    {
        public const int MaxRecordLength = 1 << 24;

        private readonly CsvSplitter _splitter = new(text, options, OpenQuote.Ignore);

        public int FieldCount => _splitter.Fields.Count;

        public ReadOnlySpan<char> Field(int index) => _splitter.Fields[index];

        public bool Read()
        {
            try
            {
                while (_splitter.Read(1))
                    if (!_splitter.Raw.Trim(" \r\n").IsEmpty) return true;
                return false;
            }
            catch (CsvRecordTooLongException)
            {
                throw new CsvFormatException($"A line is longer than {MaxRecordLength:N0} characters.");
            }
        }

        public void Dispose() => text.Dispose();
    }
}

namespace ModelWorkbench.Core.Serving
{
    /// <summary>The model as the protocols see it.</summary>
    public sealed class Predictor
    {
        public Predictor()
        {
            Signature = new Signature([.. Exported.Inputs.Select(i => new InputColumn(i.Name, Enum.Parse<ColumnKind>(i.Kind, ignoreCase: true), i.Used)
            {
                Minimum = i.Minimum, Maximum = i.Maximum, Choices = i.Choices, ChoicesAreComplete = i.ChoicesAreComplete,
            })]);
            Target = new Target(Exported.Target, Enum.Parse<LearningTask>(Exported.Task, ignoreCase: true), Exported.Classes) { Threshold = Exported.Threshold };
            Package = new ModelPackage(new ModelManifest([.. Exported.Intervals.Select(i => new PredictionInterval(i.Level, i.HalfWidth, i.IsRelative, i.Coverage, i.RowCount))]));
            if (Target.Task != LearningTask.Regression) ClassNames = new JsonNames(Target.Classes);
        }

        public ModelPackage Package { get; }
        public Signature Signature { get; }
        public Target Target { get; }

        /// <summary>Null where a number is predicted.</summary>
        public JsonNames? ClassNames { get; }

        public RowExplainer Explainer => throw new NotSupportedException("Explanations stay with the workbench.");

        public Prediction Begin() => new(this);
    }

    /// <summary>One request under way: its rows, then the answers.</summary>
    public sealed class Prediction(Predictor predictor) : IDisposable
    {
        public const int MostExplainedRows = 100;

        private double[] _outputs = [];

        public Predictor Predictor => predictor;
        public RowBatch Rows { get; } = new(predictor.Signature);
        public int OutputCount => Exported.OutputCount;
        public Disclosure Disclosure => Disclosure.Full;
        public string? RequestId { get; set; }
        public string? MadeId { get; set; }
        public bool WantsExplanation { get; set; }
        public RowContributions[]? Contributions => null;
        internal PredictionInterval? Interval { get; set; }
        internal List<string> WantedOutputs { get; } = [];
        internal bool WantsColumns { get; set; }
        internal bool WantsBytes { get; set; }
        internal Dictionary<string, bool> BytesByOutput { get; } = new(0, StringComparer.Ordinal);

        public ReadOnlySpan<double> Outputs(int row) => _outputs.AsSpan(row * OutputCount, OutputCount);

        public int AnsweredClass(int row) => predictor.Target.Decide(Outputs(row));

        public void Score(CancellationToken cancellationToken)
        {
            _outputs = new double[Rows.RowCount * OutputCount];
            var inputs = predictor.Signature.Inputs;
            var cells = new Exported.Cell[inputs.Count];
            for (var row = 0; row < Rows.RowCount; row++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                for (var i = 0; i < cells.Length; i++)
                    cells[i] = inputs[i].Kind switch { ColumnKind.Numeric => Exported.Cell.Of(Rows.Number(row, i)), ColumnKind.DateTime => Exported.Cell.Of(Rows.Ticks(row, i)), _ => Exported.Cell.Of(Rows.Text(row, i)) };
                Exported.Score(cells, _outputs.AsSpan(row * OutputCount, OutputCount));
            }
        }

        internal void Clear()
        {
            Rows.Clear();
            (RequestId, MadeId, Interval) = (null, null, null);
            WantedOutputs.Clear();
            BytesByOutput.Clear();
            (WantsColumns, WantsExplanation, WantsBytes) = (false, false, false);
        }

        public void Dispose() => Clear();
    }
}
