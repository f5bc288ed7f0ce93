using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Optimisation;

/// <summary>Teaches a small model to answer as a big one does.</summary>
/// <remarks>The student learns the teacher's log-odds by squared error: Ba and Caruana (2014), Do deep nets really need to be deep?, NIPS 27; Hinton, Vinyals and Dean (2015), arXiv:1503.02531.</remarks>
public static class Distiller
{
    public const int MostClasses = 20;

    // Beyond that a teacher is sure, and how sure is noise that would take the student's leaves.
    private const double SmallestProbability = 1e-3;
    private const int FewestTreesAClass = 30;
    private const int MostLinearFeatures = 500;

    // Features are standardised; columns that say the same share their weight.
    private const double LinearPenalty = 1;

    /// <summary>Null, or why no student can be taught.</summary>
    public static string? WhyNot(Scorer teacher) =>
        teacher is ConstantScorer or LinearScorer ? "The model is as small as a student would be."
        : teacher.OutputCount > MostClasses ? $"A student has trees for each class; at most {MostClasses} classes are taught, found {teacher.OutputCount}."
        : LightGbmLibrary.LoadProblem;

    /// <summary>Null, or why no linear model can be taught.</summary>
    public static string? WhyNotLinear(Scorer teacher) =>
        teacher is ConstantScorer || ScorerOptimiser.Within(teacher).OfType<LinearScorer>().Any() && teacher is not EnsembleScorer ? "The model is as small as a student would be." : null;

    /// <param name="features">Rows to teach with, one-hot and standardised; n.</param>
    /// <param name="answers">The teacher's, row-major: n · K probabilities, or n numbers.</param>
    /// <param name="task">What the teacher was learnt for.</param>
    /// <param name="cancellationToken">Stops soon.</param>
    /// <exception cref="TrainingFailedException">The answers cannot be learnt.</exception>
    public static LinearScorer TeachLinear(FeatureMatrix features, double[] answers, LearningTask task, CancellationToken cancellationToken)
    {
        if (features.FeatureCount is 0 or > MostLinearFeatures) throw new TrainingFailedException($"A linear student learns from 1 to {MostLinearFeatures:N0} features; found {features.FeatureCount:N0}.");
        var classes = task == LearningTask.Regression ? 1 : answers.Length / Math.Max(1, features.RowCount);
        var sums = task == LearningTask.Multiclass ? classes : 1;
        var (weights, biases) = (new double[sums * features.FeatureCount], new double[sums]);
        for (var sum = 0; sum < sums; sum++)
        {
            var student = RidgeRegression.Fit(features, Lessons(answers, task, classes, sum), null, LinearPenalty, new MonotoneProgress(null), cancellationToken);
            student.Weights.CopyTo(weights.AsSpan(sum * features.FeatureCount));
            biases[sum] = student.Biases[0];
        }
        return new LinearScorer(weights, biases, task switch { LearningTask.Regression => LinearLink.Identity, LearningTask.Binary => LinearLink.Logistic, _ => LinearLink.Softmax });
    }

    /// <param name="features">Rows to teach with, encoded as <see cref="LightGbmTrainer"/> asks; n.</param>
    /// <param name="answers">The teacher's, row-major: n · K probabilities, or n numbers.</param>
    /// <param name="task">What the teacher was learnt for.</param>
    /// <param name="step">The student's size.</param>
    /// <param name="context">Seed and threads.</param>
    /// <param name="cancellationToken">Stops soon.</param>
    /// <exception cref="TrainingFailedException">The answers cannot be learnt.</exception>
    public static TreeEnsembleScorer Teach(FeatureMatrix features, double[] answers, LearningTask task, OptimisationStep.Distil step, TrainingContext context, CancellationToken cancellationToken)
    {
        var classes = task == LearningTask.Regression ? 1 : answers.Length / Math.Max(1, features.RowCount);
        var sums = task == LearningTask.Multiclass ? classes : 1;
        var trees = sums == 1 ? step.Trees : Math.Max(FewestTreesAClass, step.Trees / sums);
        var link = task switch { LearningTask.Regression => TreeLink.Identity, LearningTask.Binary => TreeLink.Logistic, _ => TreeLink.Softmax };
        var builder = new TreeEnsembleBuilder(features.FeatureCount, classes, link, new double[sums]);
        var trainer = new LightGbmTrainer();
        for (var sum = 0; sum < sums; sum++)
        {
            var data = new TrainingData(features, Lessons(answers, task, classes, sum), LearningTask.Regression, 1);
            var values = HyperparameterValues.None.With("leaves", step.Leaves).With("learning-rate", 0.15).Fit(trainer.Hyperparameters(data.Shape));
            var student = (TreeEnsembleScorer)trainer.Train(data, values, context with { Iterations = trees, Validation = null }, cancellationToken).Scorer;
            var (own, first) = (sum, student.BaseScores[0]);
            for (var tree = 0; tree < student.TreeCount; tree++)
            {
                // What it starts from stands in the first tree, as the sums of this ensemble start from 0.
                var more = tree == 0 ? first : 0;
                builder.AddTree(student.NodesOf(tree).First, node => student.IsLeaf(node, out var entries, out var question)
                    ? TreeNode.EndsWith(new LeafEntry(own, student.LeafEntry(entries.First).Value + more))
                    : TreeNode.Split(question.Feature, question.Threshold, question.MissingGoesLeft, question.Left, question.Left + 1));
            }
        }
        return builder.Build();
    }

    /// <summary>What the student is to say before the link: the number, the log-odds, or a class's log probability less the mean of all classes'.</summary>
    private static float[] Lessons(double[] answers, LearningTask task, int classes, int sum)
    {
        if (task == LearningTask.Regression) return Array.ConvertAll(answers, a => (float)a);
        var lessons = new float[answers.Length / classes];
        for (var row = 0; row < lessons.Length; row++)
        {
            var own = answers.AsSpan(row * classes, classes);
            if (task == LearningTask.Binary)
            {
                lessons[row] = (float)(Log(own[1]) - Log(own[0]));
                continue;
            }
            var mean = 0.0;
            foreach (var probability in own) mean += Log(probability) / classes;
            lessons[row] = (float)(Log(own[sum]) - mean);
        }
        return lessons;

        static double Log(double probability) => Math.Log(Math.Max(probability, SmallestProbability));
    }
}
