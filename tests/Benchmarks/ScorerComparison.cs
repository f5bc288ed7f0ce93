using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.Trainers.FastTree;
using ModelWorkbench.Core.Exports.Onnx;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Benchmarks;

/// <summary>The same 100 trees of 31 leaves on 30 features, asked through ML.NET's row mapper, ONNX Runtime and our scorers: single rows, and 10,000 at a time on one core. The best of several rounds, as other work on the machine only ever adds.</summary>
internal static class ScorerComparison
{
    private const int Features = 30, TrainingRows = 40_000, TestRows = 10_000, Trees = 100, Leaves = 31, Rounds = 15;

    public static void Run()
    {
        var (values, labels) = Draw(TrainingRows, seed: 1);
        var test = Draw(TestRows, seed: 2).Values;
        var data = new TrainingData(new FeatureMatrix(values, TrainingRows, [.. Enumerable.Range(0, Features).Select(f => $"x{f}")]), labels, LearningTask.Binary, 2);
        var dials = HyperparameterValues.Defaults(new FastTreeTrainer().Hyperparameters(data.Shape)).With("trees", Trees).With("leaves", Leaves);
        var trees = (TreeEnsembleScorer)new FastTreeTrainer().Train(data, dials, new TrainingContext(1, 2), CancellationToken.None).Scorer;
        Console.WriteLine($"{trees.TreeCount} trees, {trees.LeafCount / trees.TreeCount} leaves each, {Features} features");
        using var onnx = new Onnx(trees);
        var mapper = new RowMapper(values, labels, dials);
        var packed16 = PackedTreeScorer.Pack(trees, 16);
        var packed8 = PackedTreeScorer.Pack(trees, 8);

        Console.WriteLine($"{"single rows",-28} {"µs/row",9} {"bytes/row",10} {"of ML.NET",10} {"of ONNX",9} {"farthest",9}");
        double[] answer = new double[2], ours = [.. Enumerable.Range(0, TestRows).Select(row => One(trees, row))];
        var mlNet = Single("ML.NET row mapper", mapper.Ask, double.NaN, double.NaN);
        var runtime = Single("ONNX Runtime", onnx.Ask, mlNet, double.NaN);
        Single("ours", row => One(trees, row), mlNet, runtime);
        Single("ours, 16 bits", row => One(packed16, row), mlNet, runtime);
        Single("ours, 8 bits", row => One(packed8, row), mlNet, runtime);

        Console.WriteLine($"{"10,000 rows, one core",-28} {"µs/row",9} {"",10} {"",10} {"of ONNX",9}");
        var outputs = new double[2 * TestRows];
        var runtimeBatch = Batch("ONNX Runtime", onnx.AskAll, double.NaN);
        Batch("ours", () => trees.ScoreRows(test, Features, TestRows, outputs), runtimeBatch);
        Batch("ours, 16 bits", () => packed16.ScoreRows(test, Features, TestRows, outputs), runtimeBatch);
        Batch("ours, 8 bits", () => packed8.ScoreRows(test, Features, TestRows, outputs), runtimeBatch);

        double One(Scorer scorer, int row)
        {
            scorer.Score(test.AsSpan(row * Features, Features), answer);
            return answer[1];
        }

        double Single(string name, Func<int, double> ask, double ofMlNet, double ofRuntime)
        {
            mapper.Rows = onnx.Rows = test;
            var farthest = Enumerable.Range(0, 2_000).Max(row => Math.Abs(ask(row) - ours[row]));
            var (best, bytes) = (double.MaxValue, long.MaxValue);
            for (var round = 0; round < Rounds; round++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                var began = Stopwatch.GetTimestamp();
                for (var row = 0; row < TestRows; row++) ask(row);
                best = Math.Min(best, Stopwatch.GetElapsedTime(began).TotalMicroseconds / TestRows);
                bytes = Math.Min(bytes, (GC.GetAllocatedBytesForCurrentThread() - before) / TestRows);
            }
            Tell(name, best, bytes, ofMlNet, ofRuntime, farthest);
            return best;
        }

        double Batch(string name, Action ask, double ofRuntime)
        {
            onnx.Rows = test;
            var best = double.MaxValue;
            for (var round = 0; round < Rounds; round++)
            {
                var began = Stopwatch.GetTimestamp();
                ask();
                best = Math.Min(best, Stopwatch.GetElapsedTime(began).TotalMicroseconds / TestRows);
            }
            Tell(name, best, null, double.NaN, ofRuntime, null);
            return best;
        }
    }

    private static void Tell(string name, double microseconds, long? bytes, double ofMlNet, double ofRuntime, double? farthest) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{name,-28} {microseconds,9:F3} {bytes,10} {(double.IsNaN(ofMlNet) ? "" : $"{ofMlNet / microseconds:F1}×"),10} {(double.IsNaN(ofRuntime) ? "" : $"{ofRuntime / microseconds:F1}×"),9} {farthest,9:E1}"));

    private static (float[] Values, float[] Labels) Draw(int rows, int seed)
    {
        var random = new Random(seed);
        var values = new float[rows * Features];
        for (var i = 0; i < values.Length; i++) values[i] = (float)((random.NextDouble() * 2) - 1);
        var labels = new float[rows];
        for (var row = 0; row < rows; row++)
        {
            var x = values.AsSpan(row * Features, Features);
            labels[row] = (2 * x[0]) + Math.Sin(3 * x[1]) + (3 * x[2] * x[3]) + (x[6] * x[7]) + Math.Cos(4 * x[8]) + random.NextDouble() - 0.5 > 0.5 ? 1 : 0;
        }
        return (values, labels);
    }

    /// <summary>ML.NET's own way of answering a row at a time without making anything for each: one row that is written over, and a getter over it.</summary>
    private sealed class RowMapper
    {
        private readonly Row _row;
        private readonly ValueGetter<float> _probability;

        public RowMapper(float[] values, float[] labels, HyperparameterValues dials)
        {
            var context = new MLContext(1);
            var schema = SchemaDefinition.Create(typeof(Example));
            schema[nameof(Example.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, ScorerComparison.Features);
            var view = context.Data.LoadFromEnumerable(labels.Select((label, row) => new Example { Features = values[(row * ScorerComparison.Features)..((row + 1) * ScorerComparison.Features)], Label = label > 0 }), schema);
            ITransformer model = context.BinaryClassification.Trainers.FastTree(new FastTreeBinaryTrainer.Options
            {
                NumberOfTrees = Trees,
                NumberOfLeaves = Leaves,
                MinimumExampleCountPerLeaf = dials.Whole("smallest-leaf"),
                LearningRate = dials["learning-rate"],
                Seed = 1,
                NumberOfThreads = 2,
            }).Fit(view);
            var mapper = model.GetRowToRowMapper(view.Schema);
            var column = mapper.OutputSchema["Probability"];
            _row = new Row(view.Schema);
            _probability = mapper.GetRow(_row, [column]).GetGetter<float>(column);
        }

        public float[] Rows { set => _row.Values = value; }

        public double Ask(int row)
        {
            _row.Move(row);
            var probability = 0f;
            _probability(ref probability);
            return probability;
        }
    }

    private sealed class Example
    {
        public float[] Features { get; set; } = [];
        public bool Label { get; set; }
    }

    private sealed class Row(DataViewSchema schema) : DataViewRow
    {
        private long _position;
        private int _at;

        public float[] Values { get; set; } = [];
        public override DataViewSchema Schema => schema;
        public override long Position => _position;
        public override long Batch => 0;

        // The position tells the mapper that what it kept is of another row.
        public void Move(int row) => (_at, _position) = (row, _position + 1);

        public override bool IsColumnActive(DataViewSchema.Column column) => true;
        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new DataViewRowId((ulong)_position, 0);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            if (column.Type is not VectorDataViewType) return (ValueGetter<TValue>)(Delegate)(ValueGetter<bool>)((ref bool label) => label = false);
            return (ValueGetter<TValue>)(Delegate)(ValueGetter<VBuffer<float>>)((ref VBuffer<float> features) =>
            {
                var editor = VBufferEditor.Create(ref features, Features);
                Values.AsSpan(_at * Features, Features).CopyTo(editor.Values);
                features = editor.Commit();
            });
        }
    }

    /// <summary>The trees as the exporter writes them, in a session of one thread, with values that are made once.</summary>
    private sealed class Onnx : IDisposable
    {
        private static readonly string[] Inputs = ["features"], Outputs = ["answers"];

        private readonly InferenceSession _session;
        private readonly RunOptions _run = new();
        private readonly float[] _row = new float[Features];
        private readonly double[] _answer = new double[2], _answers = new double[2 * TestRows];
        private readonly OrtValue _rowValue, _answerValue;
        private OrtValue? _rowsValue, _answersValue;
        private float[] _rows = [];

        public Onnx(Scorer scorer)
        {
            var graph = new OnnxGraph([Inputs[0]]);
            graph.Output(Outputs[0], OnnxScorers.Score(graph, scorer, graph.Input(Inputs[0], OnnxGraph.Float, Features), CancellationToken.None), OnnxGraph.Double, 2);
            using var options = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1 };
            _session = new InferenceSession(graph.Finish("", []).ToByteArray(), options);
            _rowValue = OrtValue.CreateTensorValueFromMemory(_row, [1, Features]);
            _answerValue = OrtValue.CreateTensorValueFromMemory(_answer, [1, 2]);
        }

        public float[] Rows
        {
            set
            {
                if (ReferenceEquals(_rows, value)) return;
                _rows = value;
                _rowsValue?.Dispose();
                _answersValue?.Dispose();
                _rowsValue = OrtValue.CreateTensorValueFromMemory(value, [TestRows, Features]);
                _answersValue = OrtValue.CreateTensorValueFromMemory(_answers, [TestRows, 2]);
            }
        }

        public double Ask(int row)
        {
            _rows.AsSpan(row * Features, Features).CopyTo(_row);
            _session.Run(_run, Inputs, [_rowValue], Outputs, [_answerValue]);
            return _answer[1];
        }

        public void AskAll() => _session.Run(_run, Inputs, [_rowsValue!], Outputs, [_answersValue!]);

        public void Dispose()
        {
            foreach (var value in (OrtValue?[])[_rowValue, _answerValue, _rowsValue, _answersValue]) value?.Dispose();
            _run.Dispose();
            _session.Dispose();
        }
    }
}
