using System.Text.Json;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Tuning;

/// <summary>Values that did well on many tables, in the order in which they are best tried: each adds what those before it lack.</summary>
/// <remarks>The list is data (<c>portfolio.json</c>), so that it can be learnt anew without changing code.</remarks>
public static class Portfolio
{
    private sealed record Entry(string Trainer, HyperparameterValues Values);

    private sealed record Lists(IReadOnlyList<Entry> Binary, IReadOnlyList<Entry> Multiclass, IReadOnlyList<Entry> Regression);

    private static readonly Lazy<Lists> Data = new(() =>
    {
        using var stream = typeof(Portfolio).Assembly.GetManifestResourceStream("portfolio.json") ?? throw new InvalidOperationException("portfolio.json is not embedded.");
        return JsonSerializer.Deserialize<Lists>(stream, CoreJson.Options)!;
    });

    /// <summary>All entries as they stand in the data.</summary>
    internal static IEnumerable<(string TrainerId, HyperparameterValues Values)> Listed =>
        Data.Value.Binary.Concat(Data.Value.Multiclass).Concat(Data.Value.Regression).Select(e => (e.Trainer, e.Values));

    /// <summary>The baseline, then the list for the task, then the defaults of chosen families that the list lacks.</summary>
    /// <param name="task">What is learnt.</param>
    /// <param name="families">That are to be tried.</param>
    /// <param name="shape">Values are held inside the ranges that apply to it.</param>
    public static IReadOnlyList<TrialSpec> For(LearningTask task, IReadOnlyList<Trainer> families, TrainingShape shape)
    {
        var list = task switch { LearningTask.Binary => Data.Value.Binary, LearningTask.Multiclass => Data.Value.Multiclass, _ => Data.Value.Regression };
        var specs = new List<TrialSpec>();
        if (families.FirstOrDefault(f => f.Id == BaselineTrainer.BaselineId) is { } baseline)
            specs.Add(new TrialSpec(baseline.Id, HyperparameterValues.None, TrialOrigin.Portfolio, "What every model has to beat."));
        foreach (var entry in list)
            if (families.FirstOrDefault(f => f.Id == entry.Trainer) is { } family)
                specs.Add(new TrialSpec(family.Id, entry.Values.Fit(family.Dials(shape)), TrialOrigin.Portfolio, "From the portfolio of values that did well on many tables."));
        foreach (var family in families)
            if (specs.All(s => s.TrainerId != family.Id))
                specs.Add(new TrialSpec(family.Id, HyperparameterValues.Defaults(family.Dials(shape)), TrialOrigin.Portfolio, "The family's defaults."));
        return specs;
    }
}
