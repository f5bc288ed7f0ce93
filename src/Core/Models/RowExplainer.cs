using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Explanations;

namespace ModelWorkbench.Core.Models;

/// <summary>What each input column adds to a model's answer for one row.</summary>
/// <param name="Values">One row a sum, one number a column (<see cref="RowExplainer.Columns"/>).</param>
/// <param name="Sums">What <see cref="RowExplainer.Base"/> and the values of a sum add up to; one a sum.</param>
/// <param name="StandardErrors">In the order of <paramref name="Values"/>, at most; null where they are exact.</param>
public sealed record RowContributions(double[] Values, double[] Sums, double[]? StandardErrors);

/// <summary>Tells for any row what each input column, as it stands in the file, adds to the model's answer, against training rows that stand for the usual.</summary>
/// <remarks>
/// Where every feature comes from one column and the model is a sum that can be taken apart (trees, linear, additive, naive Bayes, ensembles of forests), contributions are exact
/// (<see cref="ScoreContributions"/>). Else columns join one by one in random orders, each order walked both ways for each background row, through recipe and model: the contributions still add up
/// exactly, and their standard error is told. Sampling: Štrumbelj and Kononenko (2014), Knowledge and Information Systems 41; both ways: Mitchell, Cooper, Frank and Holmes (2022), JMLR 23.
/// Safe for several threads.
/// </remarks>
public sealed class RowExplainer
{
    /// <summary>More rows that stand for the usual cost time and change little.</summary>
    public const int MostBackgroundRows = 100;

    // Mixed rows that are scored to explain one row by sampling.
    private const int MostMixedRows = 20_000;
    private const int FewestSampledRows = 10;
    private const int MixedRowsTogether = 4_000;

    private readonly FittedPipeline _pipeline;
    private readonly Signature _signature;
    private readonly IReadOnlyList<IReadOnlyList<string?>> _background;
    private readonly ScoreContributions? _exact;
    private readonly int _outputs;

    /// <param name="package">The model, with its background rows.</param>
    public RowExplainer(ModelPackage package) : this(package.Pipeline, package.Manifest.Signature, package.Manifest.Background ?? package.Manifest.Golden.Rows)
    {
    }

    /// <param name="pipeline">The model.</param>
    /// <param name="signature">Of its inputs.</param>
    /// <param name="background">At least one training row, as texts in the order of the inputs; of more than <see cref="MostBackgroundRows"/> an even choice is used.</param>
    /// <exception cref="ArgumentException">There is no background row.</exception>
    public RowExplainer(FittedPipeline pipeline, Signature signature, IReadOnlyList<IReadOnlyList<string?>> background)
    {
        if (background.Count == 0) throw new ArgumentException("Found no background row, expected at least 1.", nameof(background));
        (_pipeline, _signature) = (pipeline, signature);
        Columns = [.. signature.Used.Select(input => input.Name)];
        _background = Evenly(background, MostBackgroundRows);
        _outputs = pipeline.Scorer.OutputCount == 2 ? 1 : pipeline.Scorer.OutputCount;
        if (GroupsOfFeatures() is { } groups)
        {
            var features = pipeline.Encoder.Encode(pipeline.Recipe.ReplayAtPrediction(TextRows.ToTable(signature.Inputs, _background)));
            _exact = ScoreContributions.TryMake(pipeline.Scorer, features, groups, Columns.Count);
        }
        if (_exact is not null)
        {
            (Scale, Base) = (_exact.Scale, _exact.Base);
            return;
        }
        _background = Evenly(_background, Math.Max(FewestSampledRows, MostMixedRows / (2 * Math.Max(1, Columns.Count))));
        Scale = ContributionScale.Answer;
        var answers = pipeline.Predict(TextRows.ToTable(signature.Inputs, _background));
        var usual = new double[_outputs];
        for (var row = 0; row < _background.Count; row++)
            for (var k = 0; k < _outputs; k++) usual[k] += Answer(answers, row, k) / _background.Count;
        Base = usual;
    }

    /// <summary>The input columns that the model uses.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>What contributions add up to.</summary>
    public ContributionScale Scale { get; }

    /// <summary>Whether contributions are computed rather than sampled.</summary>
    public bool IsExact => _exact is not null;

    /// <summary>Training rows that stand for the usual.</summary>
    public int BackgroundCount => _background.Count;

    /// <summary>Mean sum of the background rows: 1 for a number and for two classes (the second one's), else one a class.</summary>
    public IReadOnlyList<double> Base { get; }

    /// <summary>Explains each row.</summary>
    /// <param name="rows">Source rows.</param>
    /// <param name="cancellationToken">Looked at for each row, and some thousand mixed rows.</param>
    /// <returns>One a row.</returns>
    public RowContributions[] Explain(Table rows, CancellationToken cancellationToken)
    {
        if (_exact is null) return [.. Enumerable.Range(0, rows.RowCount).Select(row => Sample(TextRows.FromTable(_signature.Inputs, rows.Take([row]))[0], cancellationToken))];
        var features = _pipeline.Encoder.Encode(_pipeline.Recipe.ReplayAtPrediction(rows));
        var found = new RowContributions[rows.RowCount];
        for (var row = 0; row < found.Length; row++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var values = new double[Base.Count * Columns.Count];
            _exact.Explain(features.Row(row), values);
            found[row] = new RowContributions(values, Add(values), null);
        }
        return found;
    }

    private double[] Add(double[] values)
    {
        double[] sums = [.. Base];
        for (var k = 0; k < sums.Length; k++)
            for (var column = 0; column < Columns.Count; column++) sums[k] += values[(k * Columns.Count) + column];
        return sums;
    }

    /// <summary>One a feature: the position of its input column; null where a feature comes from several.</summary>
    private int[]? GroupsOfFeatures()
    {
        var sources = ColumnSources.Through(_pipeline.Recipe);
        var positions = Columns.Index().ToDictionary(c => c.Item, c => c.Index, StringComparer.Ordinal);
        var groups = new List<int>();
        foreach (var column in _pipeline.Encoder.SourceColumns)
        {
            if (sources.Of(column) is not [var source] || !positions.TryGetValue(source, out var group)) return null;
            groups.Add(group);
        }
        return [.. groups];
    }

    private RowContributions Sample(IReadOnlyList<string?> row, CancellationToken cancellationToken)
    {
        var (count, others) = (Columns.Count, _background.Count);
        var both = TextRows.ToTable(_signature.Inputs, [.. _background, row]);
        var (values, squares) = (new double[_outputs * count], new double[_outputs * count]);
        var own = new double[_outputs * count];
        var ends = _pipeline.Predict(both);
        var together = Math.Max(1, MixedRowsTogether / Math.Max(1, 2 * (count - 1)));
        for (var first = 0; first < others; first += together)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var some = Math.Min(together, others - first);
            var orders = Enumerable.Range(first, some).SelectMany(other => BothWays(other, count)).ToArray();
            var answers = count < 2 ? [] : _pipeline.Predict(Mix(both, [.. orders.Select((order, i) => (first + (i / 2), order))]));
            for (var i = 0; i < some; i++)
            {
                own.AsSpan().Clear();
                for (var way = 0; way < 2; way++)
                {
                    var order = orders[(2 * i) + way];
                    for (var k = 0; k < _outputs; k++)
                    {
                        var before = Answer(ends, first + i, k);
                        for (var j = 0; j < count; j++)
                        {
                            var after = j == count - 1 ? Answer(ends, others, k) : Answer(answers, ((((2 * i) + way) * (count - 1)) + j), k);
                            own[(k * count) + order[j]] += (after - before) / 2;
                            before = after;
                        }
                    }
                }
                for (var v = 0; v < own.Length; v++) (values[v], squares[v]) = (values[v] + own[v], squares[v] + (own[v] * own[v]));
            }
        }
        for (var v = 0; v < values.Length; v++)
        {
            values[v] /= others;
            squares[v] = Math.Sqrt(Math.Max(0, (squares[v] / others) - (values[v] * values[v])) / others);
        }
        return new RowContributions(values, Add(values), squares);
    }

    /// <summary>An order in which columns join, and the same backwards: the same for every row that is explained, so that rows can be compared.</summary>
    private static int[][] BothWays(int background, int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        new Random(background).Shuffle(order);
        return [order, [.. order.Reverse()]];
    }

    /// <summary>For each order the rows after one column has joined, after two, and so on to all but the last.</summary>
    /// <param name="both">The background rows, and last the explained one.</param>
    /// <param name="walks">A background row, and in which order columns join.</param>
    private Table Mix(Table both, (int Background, int[] Order)[] walks)
    {
        var count = Columns.Count;
        var explained = both.RowCount - 1;
        var rows = walks.Length * (count - 1);
        var takenFrom = new Dictionary<string, int[]>(StringComparer.Ordinal);
        foreach (var name in Columns) takenFrom[name] = new int[rows];
        var unused = new int[rows];
        for (var walk = 0; walk < walks.Length; walk++)
        {
            var (background, order) = walks[walk];
            var first = walk * (count - 1);
            unused.AsSpan(first, count - 1).Fill(background);
            for (var j = 0; j < count; j++)
            {
                var ofColumn = takenFrom[Columns[order[j]]].AsSpan(first, count - 1);
                ofColumn[..j].Fill(background);
                ofColumn[j..].Fill(explained);
            }
        }
        return new Table([.. both.Columns.Select(column => column.Take(takenFrom.GetValueOrDefault(column.Name, unused)))], rowCount: rows);
    }

    private double Answer(double[] answers, int row, int sum)
    {
        var width = _pipeline.Scorer.OutputCount;
        return answers[(row * width) + (width == 2 ? 1 : sum)];
    }

    private static IReadOnlyList<IReadOnlyList<string?>> Evenly(IReadOnlyList<IReadOnlyList<string?>> rows, int most) =>
        rows.Count <= most ? rows : [.. Enumerable.Range(0, most).Select(i => rows[(int)((long)i * rows.Count / most)])];
}
