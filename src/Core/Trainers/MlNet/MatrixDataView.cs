using Microsoft.ML;
using Microsoft.ML.Data;

namespace ModelWorkbench.Core.Trainers;

/// <summary>Features and labels as ML.NET wants to see them, without copying; reading stops with an exception once cancelled.</summary>
internal sealed class MatrixDataView : IDataView
{
    public const string Features = "Features";
    public const string Label = "Label";
    public const string Weight = "Weight";

    private readonly FeatureMatrix _features;
    private readonly float[] _labels;
    private readonly float[]? _weights;
    private readonly int[] _rows;
    private readonly CancellationToken _cancellationToken;

    /// <param name="features">All rows.</param>
    /// <param name="labels">One a row of <paramref name="features"/>: 0 or 1, a class, or a number.</param>
    /// <param name="rows">The rows to show, in order.</param>
    /// <param name="task">Which type the label has: boolean, key or number.</param>
    /// <param name="classCount">For multiclass.</param>
    /// <param name="cancellationToken">Stops the next row from being read.</param>
    /// <param name="weights">One a row of <paramref name="features"/>; null for a view without the column <see cref="Weight"/>.</param>
    public MatrixDataView(FeatureMatrix features, float[] labels, int[] rows, LearningTask task, int classCount, CancellationToken cancellationToken, float[]? weights = null)
    {
        (_features, _labels, _rows, _cancellationToken, _weights) = (features, labels, rows, cancellationToken, weights);
        var builder = new DataViewSchema.Builder();
        builder.AddColumn(Features, new VectorDataViewType(NumberDataViewType.Single, features.FeatureCount));
        builder.AddColumn(Label, task switch
        {
            LearningTask.Binary => BooleanDataViewType.Instance,
            LearningTask.Multiclass => new KeyDataViewType(typeof(uint), classCount),
            _ => NumberDataViewType.Single,
        });
        if (weights is not null) builder.AddColumn(Weight, NumberDataViewType.Single);
        Schema = builder.ToSchema();
    }

    public MatrixDataView(TrainingData data, CancellationToken cancellationToken)
        : this(data.Features, data.Labels, [.. Enumerable.Range(0, data.Labels.Length)], data.Task, data.ClassCount, cancellationToken, data.Weights)
    {
    }

    public DataViewSchema Schema { get; }

    public bool CanShuffle => true;

    public long? GetRowCount() => _rows.Length;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) => new Cursor(this, columnsNeeded, rand);

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) => [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor : DataViewRowCursor
    {
        private readonly MatrixDataView _view;
        private readonly bool[] _active = new bool[3];
        private readonly int[] _order;
        private int _position = -1;

        public Cursor(MatrixDataView view, IEnumerable<DataViewSchema.Column> needed, Random? random)
        {
            _view = view;
            foreach (var column in needed) _active[column.Index] = true;
            _order = view._rows;
            if (random is null) return;
            _order = [.. _order];
            random.Shuffle(_order);
        }

        public override long Position => _position;
        public override long Batch => 0;
        public override DataViewSchema Schema => _view.Schema;
        public override bool IsColumnActive(DataViewSchema.Column column) => _active[column.Index];
        private int Row => _order[_position];

        public override bool MoveNext()
        {
            _view._cancellationToken.ThrowIfCancellationRequested();
            if (_position + 1 < _order.Length)
            {
                _position++;
                return true;
            }
            _position = -1;
            return false;
        }

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new DataViewRowId((ulong)Row, 0);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            Delegate getter = column.Index == 0 ? FeatureGetter() : column.Index == 2 ? (ValueGetter<float>)((ref float weight) => weight = _view._weights![Row]) : column.Type switch
            {
                BooleanDataViewType => (ValueGetter<bool>)((ref bool label) => label = _view._labels[Row] > 0),
                KeyDataViewType => (ValueGetter<uint>)((ref uint label) => label = (uint)_view._labels[Row] + 1),
                _ => (ValueGetter<float>)((ref float label) => label = _view._labels[Row]),
            };
            return getter as ValueGetter<TValue>
                ?? throw new InvalidOperationException($"Column '{column.Name}' is {column.Type}, not {typeof(TValue).Name}.");
        }

        private ValueGetter<VBuffer<float>> FeatureGetter() => (ref VBuffer<float> features) =>
        {
            var row = _view._features.Row(Row);
            var editor = VBufferEditor.Create(ref features, row.Length);
            row.CopyTo(editor.Values);
            features = editor.Commit();
        };
    }
}
