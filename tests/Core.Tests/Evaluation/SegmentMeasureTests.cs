using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Trainers;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Evaluation;

public sealed class SegmentMeasureTests
{
    private static readonly ModelWorkbench.Core.Datasets.Table Rows = Table(Categories("region", "North", "South", "North", null, "North"), Numbers("age", 20, 30, 40, double.NaN, 50));
    private static readonly float[] Labels = [1, 0, 1, 1, 0];

    // Right, wrong, right, right, wrong.
    private static readonly double[] Outputs = [0.2, 0.8, 0.4, 0.6, 0.1, 0.9, 0.3, 0.7, 0.4, 0.6];

    private static SegmentFigure Measure(SegmentMeasure measure) => measure.Measure(Rows, LearningTask.Binary, Labels, Outputs, 2);

    [Fact]
    public void A_metric_is_measured_on_the_rows_of_the_segment_alone()
    {
        Assert.Equal(new SegmentFigure(3.0 / 5, 5), Measure(new SegmentMeasure("accuracy-score")));
        Assert.Equal(new SegmentFigure(2.0 / 3, 3), Measure(new SegmentMeasure("accuracy-score", "region", "North")));
        Assert.Equal(new SegmentFigure(0, 1), Measure(new SegmentMeasure("accuracy-score", "region", "South")));
        // Both ends belong to a range; a missing number is in none.
        Assert.Equal(new SegmentFigure(0.5, 2), Measure(new SegmentMeasure("accuracy-score", "age", From: 30, To: 40)));
        Assert.Equal(new SegmentFigure(0.5, 2), Measure(new SegmentMeasure("accuracy-score", "age", From: 40)));
        Assert.Equal(new SegmentFigure(1, 1), Measure(new SegmentMeasure("accuracy-score", "age", "20.0")));
    }

    [Fact]
    public void Where_there_is_no_figure_it_says_why()
    {
        Assert.Equal(new SegmentFigure(null, 0, "No row that the model had not seen is in the segment."), Measure(new SegmentMeasure("accuracy-score", "region", "West")));
        Assert.Equal(new SegmentFigure(null, 1, "AUC is undefined on these rows."), Measure(new SegmentMeasure("auc-score", "region", "South")));
        Assert.Equal("RMSE is not defined for binary.", Measure(new SegmentMeasure("rmse-error")).WhyNot);
        Assert.Equal("The rows have no column 'size'.", Measure(new SegmentMeasure("accuracy-score", "size", "x")).WhyNot);
        Assert.Contains("a range needs numbers", Measure(new SegmentMeasure("accuracy-score", "region", From: 1)).WhyNot);
    }

    [Fact]
    public void Numbers_are_measured_too()
    {
        var figure = new SegmentMeasure("mae-error", "age", To: 40).Measure(Rows, LearningTask.Regression, [1, 2, 3, 4, 5], [2, 2, 5, 0, 0], 1);
        Assert.Equal(new SegmentFigure(1, 3), figure);
    }
}
