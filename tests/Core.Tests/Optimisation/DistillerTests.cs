using ModelWorkbench.Core.Optimisation;
using ModelWorkbench.Core.Tests.Trainers;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Optimisation;

public sealed class DistillerTests
{
    private static readonly OptimisationStep.Distil Small = new(60, 15);

    [Theory]
    [InlineData(LearningTask.Binary)]
    [InlineData(LearningTask.Multiclass)]
    [InlineData(LearningTask.Regression)]
    public void A_student_answers_much_as_its_teacher_does(LearningTask task)
    {
        Assert.SkipWhen(LightGbmLibrary.LoadProblem is not null, LightGbmLibrary.LoadProblem ?? "");
        var all = Samples.Synthetic(1_500, 5, task, 0);
        // Held against each other on rows that neither has seen: what the teacher knows by heart is not to be learnt.
        var (data, fresh) = (all.Take([.. Enumerable.Range(0, 1_000)]), all.Take([.. Enumerable.Range(1_000, 500)]).Features);
        var teacher = new RandomForestTrainer().TrainWithDefaults(data, new TrainingContext(1, 1), TestContext.Current.CancellationToken);
        var (rows, width) = (data.Features.RowCount, teacher.OutputCount);
        var answers = new double[rows * width];
        teacher.ScoreRows(data.Features.Values, data.Features.FeatureCount, rows, answers);
        var student = Distiller.Teach(data.Features, answers, task, Small, new TrainingContext(1, 1), TestContext.Current.CancellationToken);
        Assert.Equal(task == LearningTask.Multiclass ? width * 30 : 60, student.TreeCount);
        rows = fresh.RowCount;
        answers = new double[rows * width];
        teacher.ScoreRows(fresh.Values, fresh.FeatureCount, rows, answers);

        var (alike, squares, spread, mean) = (0, 0.0, 0.0, answers.Average());
        var own = new double[width];
        for (var row = 0; row < rows; row++)
        {
            student.Score(fresh.Row(row), own);
            var taught = answers.AsSpan(row * width, width);
            if (task != LearningTask.Regression)
            {
                Assert.Equal(1, own.Sum(), 1e-9);
                if (Target.Likeliest(own) == Target.Likeliest(taught)) alike++;
                continue;
            }
            squares += (own[0] - taught[0]) * (own[0] - taught[0]);
            spread += (taught[0] - mean) * (taught[0] - mean);
        }
        if (task == LearningTask.Regression) Assert.InRange(squares / spread, 0, 0.1);
        else Assert.InRange((double)alike / rows, 0.85, 1);
    }

    [Fact]
    public void A_model_that_is_small_already_or_has_too_many_classes_teaches_nobody()
    {
        Assert.Contains("small", Distiller.WhyNot(new LinearScorer([1], [0], LinearLink.Identity)));
        Assert.Contains("at most 20", Distiller.WhyNot(new SharpenedScorer(new ConstantScorer(1, [.. Enumerable.Repeat(1 / 21.0, 21)]), 2)));
    }
}
