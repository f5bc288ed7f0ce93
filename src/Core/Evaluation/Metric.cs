using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Evaluation;

/// <summary>A figure of merit: its name, what it means and which way is better stand here and nowhere else.</summary>
/// <param name="Id">Stable, in files and URLs: <c>accuracy-score</c>; ends in score (up is better), loss or error (down is better).</param>
/// <param name="Name">What people read.</param>
/// <param name="Meaning">One sentence for the tooltip.</param>
/// <param name="HigherIsBetter">Its direction.</param>
/// <param name="Tasks">Where it is defined.</param>
public sealed record Metric(string Id, string Name, string Meaning, bool HigherIsBetter, IReadOnlyList<LearningTask> Tasks)
{
    private static readonly LearningTask[] Classes = [LearningTask.Binary, LearningTask.Multiclass];
    private static readonly LearningTask[] Numbers = [LearningTask.Regression];

    public static readonly Metric Accuracy = new("accuracy-score", "Accuracy", "Share of rows whose class is predicted correctly; misleading where one class is rare.", true, Classes);
    public static readonly Metric BalancedAccuracy = new("balanced-accuracy-score", "Balanced accuracy", "Mean over the classes of the share predicted correctly; guessing gives 1 / number of classes.", true, Classes);
    public static readonly Metric Auc = new("auc-score", "AUC", "Chance that a random row of the class is ranked above a random row of the others; 0.5 is guessing. For several classes the mean of each against the rest.", true, Classes);
    public static readonly Metric F1 = new("f1-score", "F1", "Harmonic mean of precision and recall of the positive class; for several classes the plain mean over the classes.", true, Classes);
    public static readonly Metric LogLoss = new("log-loss", "Log loss", "Mean of -ln(probability given to the true class); punishes confident errors, 0 is perfect.", false, Classes);
    public static readonly Metric RSquared = new("r-squared-score", "R²", "Share of the target's variance that is explained; 1 is perfect, 0 no better than the mean.", true, Numbers);
    public static readonly Metric Rmse = new("rmse-error", "RMSE", "Root of the mean squared error, in the target's unit; large errors weigh more.", false, Numbers);
    public static readonly Metric Mae = new("mae-error", "MAE", "Mean absolute error, in the target's unit.", false, Numbers);

    public static IReadOnlyList<Metric> All { get; } = [Accuracy, BalancedAccuracy, Auc, F1, LogLoss, RSquared, Rmse, Mae];

    public static IEnumerable<Metric> For(LearningTask task) => All.Where(m => m.Tasks.Contains(task));

    /// <summary>Proposed for choosing the best model.</summary>
    public static Metric Default(LearningTask task) => task switch
    {
        LearningTask.Binary => Auc,
        LearningTask.Multiclass => Accuracy,
        _ => Rmse,
    };

    /// <exception cref="ArgumentException">No metric has this id.</exception>
    public static Metric Parse(string id) => All.FirstOrDefault(m => m.Id == id)
        ?? throw new ArgumentException($"There is no metric '{id}'. The metrics are: {string.Join(", ", All.Select(m => m.Id))}.", nameof(id));

    /// <summary>Whether <paramref name="a"/> is better than <paramref name="b"/>.</summary>
    public bool IsBetter(double a, double b) => HigherIsBetter ? a > b : a < b;
}
