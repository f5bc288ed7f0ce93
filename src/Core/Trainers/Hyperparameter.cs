using System.Globalization;

namespace ModelWorkbench.Core.Trainers;

/// <summary>A dial of a trainer: its range, scale, default and cheap start stand here and nowhere else; forms, search and help read them.</summary>
/// <param name="Id">Stable, in files and requests: <c>learning-rate</c>.</param>
/// <param name="Name">What people read.</param>
/// <param name="Meaning">One sentence for the help text: what more of it does.</param>
/// <param name="Minimum">The smallest value that the search tries and a person may choose.</param>
/// <param name="Maximum">The largest, not below the minimum.</param>
/// <param name="Default">Good on most tables.</param>
public sealed record Hyperparameter(string Id, string Name, string Meaning, double Minimum, double Maximum, double Default)
{
    /// <summary>Where a search that begins cheaply begins; the default where cost does not depend on it.</summary>
    public double CheapStart { get; init; } = Default;

    /// <summary>Searched by factors rather than by differences; the minimum is then above 0.</summary>
    public bool IsLogarithmic { get; init; }

    /// <summary>Whole numbers only.</summary>
    public bool IsWhole { get; init; }

    /// <summary>Where it is a choice: the name of each value, which is its 0-based index.</summary>
    public IReadOnlyList<string>? Choices { get; init; }

    /// <summary>A dial that chooses among names.</summary>
    /// <param name="defaultChoice">Index of the default among <paramref name="choices"/>.</param>
    public static Hyperparameter Choice(string id, string name, string meaning, IReadOnlyList<string> choices, int defaultChoice) =>
        new(id, name, meaning, 0, choices.Count - 1, defaultChoice) { IsWhole = true, Choices = choices };

    /// <summary>Where a value stands in the range, 0 to 1, on the dial's scale.</summary>
    public double ToUnit(double value)
    {
        value = Math.Clamp(value, Minimum, Maximum);
        if (Maximum <= Minimum) return 0;
        return IsLogarithmic ? Math.Log(value / Minimum) / Math.Log(Maximum / Minimum) : (value - Minimum) / (Maximum - Minimum);
    }

    /// <summary>The value at a place in the range; places outside 0 to 1 are taken as the nearer end.</summary>
    public double FromUnit(double unit)
    {
        unit = Math.Clamp(unit, 0, 1);
        var value = IsLogarithmic ? Minimum * Math.Pow(Maximum / Minimum, unit) : Minimum + unit * (Maximum - Minimum);
        if (IsWhole) value = Math.Round(value);
        else if (value != 0)
        {
            // Four figures: more would be false precision in a list of trials, and no model tells the difference.
            var scale = Math.Pow(10, 3 - Math.Floor(Math.Log10(Math.Abs(value))));
            value = Math.Round(value * scale) / scale;
        }
        return Math.Clamp(value, Minimum, Maximum);
    }

    /// <summary>For people: the name of a choice, or the number.</summary>
    public string Format(double value)
    {
        if (Choices is { } choices && value >= 0 && value < choices.Count) return choices[(int)value];
        var plain = value.ToString("0.######", CultureInfo.InvariantCulture);
        return plain == "0" && value != 0 ? value.ToString("0.###e0", CultureInfo.InvariantCulture) : plain;
    }

    /// <summary>Null, or why a value cannot be used.</summary>
    public string? Problem(double value)
    {
        if (!(value >= Minimum && value <= Maximum)) return FormattableString.Invariant($"{Name} ('{Id}') is {value}; expected {Minimum} to {Maximum}.");
        return IsWhole && value != Math.Floor(value) ? FormattableString.Invariant($"{Name} ('{Id}') is {value}; expected a whole number.") : null;
    }
}
