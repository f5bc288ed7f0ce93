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
    private static readonly LearningTask[] TwoClasses = [LearningTask.Binary];
    private static readonly LearningTask[] SeveralClasses = [LearningTask.Multiclass];
    private static readonly LearningTask[] Numbers = [LearningTask.Regression];

    /// <summary>Whether the best trial may be chosen by it: not where whole tables leave it undefined.</summary>
    public bool CanChoose { get; init; } = true;

    /// <summary>Whether leaderboards have a column for it unasked; the page of a trial shows all.</summary>
    public bool IsOnLeaderboard { get; init; }

    /// <summary>With fewer classes it says nothing.</summary>
    public int FewestClasses { get; init; } = 2;

    public static readonly Metric Accuracy = new("accuracy-score", "Accuracy", "Share of rows whose class is predicted correctly; misleading where one class is rare. For several classes micro F1 is the same figure.", true, Classes) { IsOnLeaderboard = true };
    public static readonly Metric BalancedAccuracy = new("balanced-accuracy-score", "Balanced accuracy", "Mean over the classes of the share predicted correctly; guessing gives 1 / number of classes.", true, Classes) { IsOnLeaderboard = true };
    public static readonly Metric Auc = new("auc-score", "AUC", "Chance that a random row of the class is ranked above a random row of the others; 0.5 is guessing. For several classes the mean of each against the rest.", true, Classes) { IsOnLeaderboard = true };
    public static readonly Metric AveragePrecision = new("average-precision-score", "PR-AUC", "Area under the curve of precision and recall (average precision); guessing gives the share of the class, so it tells more than AUC where the class is rare. For several classes the mean of each against the rest.", true, Classes);
    public static readonly Metric F1 = new("f1-score", "F1", "Harmonic mean of precision and recall of the positive class; for several classes the plain mean over the classes.", true, Classes) { IsOnLeaderboard = true };
    public static readonly Metric WeightedF1 = new("weighted-f1-score", "Weighted F1", "Mean of F1 over the classes, each weighted by its rows: frequent classes count more.", true, SeveralClasses);
    public static readonly Metric Mcc = new("mcc-score", "MCC", "Matthews correlation of truth and prediction: 1 is perfect, 0 no better than guessing, below 0 worse; high only where every class is predicted well.", true, Classes);
    public static readonly Metric TopThreeAccuracy = new("top-3-accuracy-score", "Top-3 accuracy", "Share of rows whose class is among the three with the largest probabilities.", true, SeveralClasses) { CanChoose = false, FewestClasses = 6 };
    public static readonly Metric LogLoss = new("log-loss", "Log loss", "Mean of -ln(probability given to the true class); punishes confident errors, 0 is perfect.", false, Classes) { IsOnLeaderboard = true };
    public static readonly Metric Brier = new("brier-loss", "Brier score", "Mean squared distance of the probability from what happened (0 or 1); 0 is perfect, always saying 0.5 gives 0.25.", false, TwoClasses);
    public static readonly Metric RSquared = new("r-squared-score", "R²", "Share of the target's variance that is explained; 1 is perfect, 0 no better than the mean.", true, Numbers) { IsOnLeaderboard = true };
    public static readonly Metric Rmse = new("rmse-error", "RMSE", "Root of the mean squared error, in the target's unit; large errors weigh more.", false, Numbers) { IsOnLeaderboard = true };
    public static readonly Metric Mae = new("mae-error", "MAE", "Mean absolute error, in the target's unit.", false, Numbers) { IsOnLeaderboard = true };

    public static readonly Metric MedianAbsoluteError = new("median-absolute-error", "Median error", "Half of the rows are predicted at least this closely, in the target's unit; a few large errors do not move it.", false, Numbers);
    public static readonly Metric Mape = new("mape-error", "MAPE", "Mean of the error as a share of the actual number: 0.1 is ten per cent. Undefined where an actual number is 0.", false, Numbers) { CanChoose = false };

    public static IReadOnlyList<Metric> All { get; } =
        [Accuracy, BalancedAccuracy, Auc, AveragePrecision, F1, WeightedF1, Mcc, TopThreeAccuracy, LogLoss, Brier, RSquared, Rmse, Mae, MedianAbsoluteError, Mape];

    public static IEnumerable<Metric> For(LearningTask task) => All.Where(m => m.Tasks.Contains(task));

    /// <summary>Those that the best trial may be chosen by.</summary>
    public static IEnumerable<Metric> ToChooseBy(LearningTask task) => For(task).Where(m => m.CanChoose);

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
