namespace ModelWorkbench.Core.Datasets;

/// <summary>What the values of a column mean, which decides how they are shown, cleaned and turned into features.</summary>
public enum ColumnKind
{
    /// <summary>Numbers on a scale; stored as double.</summary>
    Numeric,

    /// <summary>One of a limited set of names without an order.</summary>
    Category,

    /// <summary>Free text: many different, mostly long values.</summary>
    Text,

    /// <summary>A date, with or without a time of day; stored as UTC ticks.</summary>
    DateTime,

    /// <summary>Two names that mean true and false (yes/no, TRUE/FALSE, t/f); kept as written.</summary>
    Boolean,
}
