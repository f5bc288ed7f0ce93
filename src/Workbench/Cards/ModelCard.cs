using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Storage;

namespace ModelWorkbench.Workbench.Cards;

/// <summary>All that is stored of a model and that its card tells.</summary>
/// <param name="Experiment">The comparison, with all trials.</param>
/// <param name="Trial">The chosen one; it was judged.</param>
/// <param name="Report">On validation rows.</param>
/// <param name="Version">Of the program that writes the card.</param>
/// <param name="WrittenAt">When the card is written.</param>
/// <remarks>The order of its parts is that of Mitchell, Wu, Zaldivar, Barnes, Vasserman, Hutchinson, Spitzer, Raji and Gebru (2019), Model Cards for Model Reporting, FAT*.</remarks>
public sealed record ModelCard(ExperimentRow Experiment, TrialRow Trial, TrialReport Report, string Version, DateTimeOffset WrittenAt)
{
    /// <summary>On the locked test set; null where it was not tested.</summary>
    public EvaluationReport? Final { get; init; }

    /// <summary>The baseline on the same validation rows; null where there is none, and for the baseline itself.</summary>
    public EvaluationReport? Baseline { get; init; }

    /// <summary>Null where nobody asked for one.</summary>
    public ModelExplanation? Explanation { get; init; }

    /// <summary>The version of the dataset that was learnt from; null where it is gone.</summary>
    public DatasetVersionRow? Data { get; init; }

    /// <summary>What the model expects; null where no model was made, and where <see cref="Data"/> tells more.</summary>
    public Signature? Signature { get; init; }

    /// <summary>Where the experiment's metric lies in 95 of 100 cases, by the number of the trial; without trials whose report has no intervals.</summary>
    public IReadOnlyDictionary<int, MetricInterval> Intervals { get; init; } = new Dictionary<int, MetricInterval>();

    public ExperimentPlan Plan => Experiment.Plan;

    public Metric Metric => Metric.Parse(Plan.MetricId);

    public string TrainerName => TrainerCatalog.NameOf(Trial.TrainerId) + (Trial.VariantOf is null ? "" : ", variant");

    public string Title => $"Prediction of {Plan.Target} by {TrainerName}";

    /// <summary>Models of the experiment that were tested on the locked test set.</summary>
    public int TestedCount => Experiment.Trials.Concat(Experiment.Variants).Count(t => t.FinalReportSha256 is not null);

    /// <summary>Trials that the card compares, with their rank: the best, this one and the baseline.</summary>
    public IReadOnlyList<(TrialRow Trial, int Rank)> Compared =>
        [.. ExperimentStore.Leaderboard(Experiment).Where(t => t is { Status: TrialStatus.Completed, Result.Score: not null }).Select((trial, index) => (trial, index + 1))
            .Where(t => t.Item2 <= MostCompared || t.trial.Number == (Trial.VariantOf ?? Trial.Number) || t.trial.TrainerId == BaselineTrainer.BaselineId)];

    private const int MostCompared = 12;
}
