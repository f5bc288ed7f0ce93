using System.Globalization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;

namespace ModelWorkbench.Core.Monitoring;

/// <summary>Values of requests, counted in the bins of the training rows.</summary>
public sealed class LiveDistribution
{
    private readonly ValueDistribution _training;
    private readonly Dictionary<string, int>? _choices;
    private readonly double _minimum, _maximum;

    /// <param name="training">What the values are compared with.</param>
    /// <param name="choices">Names of the counts; null for numbers and moments.</param>
    /// <param name="minimum">Smallest training number; numbers below it are new.</param>
    /// <param name="maximum">Largest training number; numbers above it are new.</param>
    public LiveDistribution(ValueDistribution training, IReadOnlyList<string>? choices = null, double? minimum = null, double? maximum = null)
    {
        _training = training;
        _choices = choices?.Index().ToDictionary(c => c.Item, c => c.Index, StringComparer.Ordinal);
        (_minimum, _maximum) = (minimum ?? double.NegativeInfinity, maximum ?? double.PositiveInfinity);
        Counts = new int[training.Counts.Count];
    }

    /// <summary>Of an input whose training values are known; null where they are not: text, and models of a time when they were not kept.</summary>
    public static LiveDistribution? Of(InputColumn input) =>
        input.Training is null ? null : new LiveDistribution(input.Training, input.Choices, input.Minimum, input.Maximum);

    public ValueDistribution Training => _training;

    /// <summary>One a bin, as in training.</summary>
    public int[] Counts { get; }

    public int Missing { get; private set; }

    /// <summary>Choices that training rows did not have; they are in no bin.</summary>
    public int Unseen { get; private set; }

    /// <summary>Numbers outside the training range; they are in the first and the last bin too.</summary>
    public int Outside { get; private set; }

    public int RowCount => Counts.Sum() + Missing + Unseen;

    /// <param name="text">As a request or a log writes the value; null or empty is missing.</param>
    public void Add(string? text)
    {
        if (string.IsNullOrWhiteSpace(text)) { Missing++; return; }
        if (_choices is not null)
        {
            if (_choices.TryGetValue(text, out var choice)) Counts[choice]++;
            else Unseen++;
        }
        else if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)) Add(number);
        else if (ColumnConversion.TryParseMoment(text, out var ticks)) Add(ticks);
        else Unseen++;
    }

    /// <param name="value">NaN is missing.</param>
    public void Add(double value)
    {
        if (double.IsNaN(value) || Counts.Length == 0) { Missing++; return; }
        Counts[_training.BinOf(value)]++;
        if (value < _minimum || value > _maximum) Outside++;
    }
}
