using ModelWorkbench.Core.Assertions;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>What is expected of every model of a dataset's target.</summary>
public sealed class AssertionRow
{
    public int Id { get; set; }

    /// <summary>The dataset it is kept with, whose workspace is its own.</summary>
    public int DatasetId { get; set; }

    /// <summary>The column that the models predict.</summary>
    public required string Target { get; set; }

    public required string Name { get; set; }
    public required Expectation Expectation { get; set; }

    /// <summary>Whether a model that does not meet it may not be published.</summary>
    public bool IsRequired { get; set; }

    /// <summary>From 1; another where something else is expected from then on.</summary>
    public int Version { get; set; } = 1;

    public required string CreatedBy { get; set; }
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>Null while it is as it was made.</summary>
    public string? ChangedBy { get; set; }

    public DateTimeOffset? ChangedAt { get; set; }
}

/// <summary>What came of holding a trial's model against an assertion; true as long as neither has changed.</summary>
public sealed class AssertionResultRow
{
    public int Id { get; set; }
    public int AssertionId { get; set; }

    /// <summary>Of the assertion.</summary>
    public int Version { get; set; }

    public int ExperimentId { get; set; }
    public int TrialNumber { get; set; }

    /// <summary>Hash of what was judged: the model, or its answers for the validation rows, followed by the threshold that made them classes.</summary>
    public required string OfSha256 { get; set; }

    public required AssertionFinding Finding { get; set; }
    public DateTimeOffset At { get; set; }
}
