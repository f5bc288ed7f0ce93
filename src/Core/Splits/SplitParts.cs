using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Splits;

/// <summary>Rows that recipes and trainers may learn from. Only <see cref="Splitter"/> makes them, so what was fitted on them cannot have seen the others.</summary>
public sealed class TrainingRows
{
    private readonly int[] _positions;

    internal TrainingRows(Table source, int[] positions)
    {
        _positions = positions;
        Table = source.Take(positions);
    }

    public Table Table { get; }

    /// <summary>Where the rows stand in the table that was split, 0-based, ascending.</summary>
    public ReadOnlySpan<int> Positions => _positions;
}

/// <summary>Rows on which trials are compared; nothing is fitted on them.</summary>
public sealed class ValidationRows
{
    private readonly int[] _positions;

    internal ValidationRows(Table source, int[] positions)
    {
        _positions = positions;
        Table = source.Take(positions);
    }

    public Table Table { get; }

    /// <summary>Where the rows stand in the table that was split, 0-based, ascending.</summary>
    public ReadOnlySpan<int> Positions => _positions;
}

/// <summary>Rows that nobody sees until the model is chosen; only the final report reads them.</summary>
public sealed class LockedTestSet
{
    private readonly int[] _positions;

    internal LockedTestSet(Table source, int[] positions)
    {
        _positions = positions;
        Table = source.Take(positions);
    }

    /// <summary>For <c>Evaluation.FinalReport</c> alone.</summary>
    internal Table Table { get; }

    public int RowCount => _positions.Length;

    /// <summary>Where the rows stand in the table that was split, 0-based, ascending.</summary>
    public ReadOnlySpan<int> Positions => _positions;
}

public sealed record DataSplit(TrainingRows Training, LockedTestSet Test);

/// <summary>One comparison: learn on the one, predict the other.</summary>
public sealed record Fold(TrainingRows Training, ValidationRows Validation);
