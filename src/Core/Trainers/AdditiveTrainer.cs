namespace ModelWorkbench.Core.Trainers;

/// <summary>A generalised additive model: one curve a feature, learnt by boosting the features in turn with steps over their values, stopped where held-out rows no longer gain.</summary>
/// <remarks>Lou, Caruana and Gehrke (2012), Intelligible models for classification and regression, KDD; the cyclic form of Nori, Jenkins, Koch and Caruana (2019), InterpretML, arXiv:1909.09223, without pairs.</remarks>
public sealed class AdditiveTrainer : Trainer
{
    private const int MaximumRounds = 1000;
    private const int RoundsWithoutStopping = 60;
    private const int LargestClassCount = 100;

    public override string Id => "additive";
    public override string Name => "Additive curves (GAM)";
    public override string Description => "Adds up one curve for each feature, free in its shape; nearly as easy to read as a linear model, and often nearly as accurate as trees where features do not act together.";
    public override FeatureEncoding Encoding => FeatureEncoding.Codes;
    public override bool Supports(LearningTask task) => true;

    public override string? WhyNot(TrainingShape shape) => base.WhyNot(shape) ?? TrainingChecks.NoFeatures(shape)
        ?? (shape.ClassCount > LargestClassCount ? $"{Name} takes at most {LargestClassCount} classes; there are {shape.ClassCount}." : null);

    public override IReadOnlyList<Hyperparameter> Hyperparameters(TrainingShape shape) =>
    [
        new("learning-rate", "Learning rate", "How far each step goes; less needs more rounds and ends smoother.", 0.01, 0.5, 0.1) { IsLogarithmic = true, CheapStart = 0.3 },
        new("leaves", "Steps a round", "Into how many levels a feature's values are parted at a time; more follow finer detail, and noise.", 2, 16, 3) { IsWhole = true, CheapStart = 2 },
        new("smallest-leaf", "Rows a step", "Rows that a level must hold; more make curves smoother.", 1, Math.Clamp(shape.RowCount / 10, 2, 500), Math.Clamp(shape.RowCount / 50, 1, 10)) { IsLogarithmic = true, IsWhole = true },
        new("l2", "L2 penalty", "Draws curves to 0; more for noisy data.", 1e-3, 100, 1) { IsLogarithmic = true },
    ];

    public override IReadOnlyDictionary<string, string> FixedSettings(LearningTask task) => new Dictionary<string, string>
    {
        ["Rounds"] = $"at most {MaximumRounds}, each over all features in turn, until the loss on held-out rows no longer falls",
        ["Loss"] = task == LearningTask.Regression ? "squared error" : "log loss",
    };

    public override double CostSeconds(TrainingShape shape, HyperparameterValues values, int? iterations = null)
    {
        var rounds = (iterations ?? Math.Clamp(8 / values["learning-rate"], 30, MaximumRounds / 2.0)) + Patience(values["learning-rate"]);
        return 0.005 + (rounds * shape.FeatureCount * Outputs(shape.Task, shape.ClassCount) * ((shape.RowCount * 6e-9) + (values["leaves"] * 5e-7)));
    }

    public override long MemoryBytes(TrainingShape shape, HyperparameterValues values) =>
        shape.RowCount * (shape.FeatureCount + (12L * Outputs(shape.Task, shape.ClassCount))) + (4096L * shape.FeatureCount * Outputs(shape.Task, shape.ClassCount)) + (4L << 20);

    public override TrainedScorer Train(TrainingData data, HyperparameterValues values, TrainingContext context, CancellationToken cancellationToken)
    {
        TrainingChecks.Require(this, data);
        if (data.Task != LearningTask.Regression) TrainingChecks.RequireTwoClasses(data);
        (data, var judged) = HoldOut.ForStopping(data, context);
        var learner = new AdditiveLearner(data, judged, values["learning-rate"], values.Whole("leaves"), values.Whole("smallest-leaf"), values["l2"], context.Threads, cancellationToken);
        var rounds = context.Iterations ?? (judged is null ? RoundsWithoutStopping : MaximumRounds);
        var patience = Patience(values["learning-rate"]);
        var progress = new MonotoneProgress(context.Progress);
        var (best, bestRound, kept) = (double.PositiveInfinity, 0, (AdditiveScorer?)null);
        for (var round = 1; round <= rounds; round++)
        {
            learner.Learn(cancellationToken);
            progress.Report(judged is null ? (double)round / rounds : 1 - Math.Exp(-round * values["learning-rate"] / 4));
            if (judged is null) continue;
            var loss = learner.JudgedLoss();
            if (loss < best) (best, bestRound, kept) = (loss, round, learner.ToScorer());
            else if (round - bestRound >= patience) break;
            if (context.StopEarly.IsCancellationRequested) break;
        }
        return new TrainedScorer(kept ?? learner.ToScorer(), judged is null ? rounds : Math.Max(1, bestRound));
    }

    /// <summary>Rounds without gain after which training stops: slow learners gain in smaller steps.</summary>
    private static int Patience(double learningRate) => (int)Math.Clamp(5 + (1.5 / learningRate), 10, 100);

    private static int Outputs(LearningTask task, int classCount) => task == LearningTask.Multiclass ? Math.Max(2, classCount) : 1;
}
