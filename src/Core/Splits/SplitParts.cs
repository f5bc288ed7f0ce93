using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Splits;

/// <summary>Rows that recipes and trainers may learn from. Only <see cref="Splitter"/> makes them, so what was fitted on them cannot have seen the others.</summary>
public sealed class TrainingRows
{
    private readonly int[] _positions;

    /// <param name="source">What was split, with the columns that models may see.</param>
    /// <param name="positions">The rows in it, ascending.</param>
    /// <param name="by">The column of the plan, of all rows of <paramref name="source"/>; null where chance decides.</param>
    internal TrainingRows(Table source, int[] positions, Column? by = null)
    {
        _positions = positions;
        Table = source.Take(positions);
        By = by?.Take(positions);
    }

    public Table Table { get; }

    /// <summary>What groups these rows, orders them or says their part, for cutting them into folds; it need not be a column of the table.</summary>
    internal Column? By { get; }

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
