using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Trainers;

public sealed class TargetTests
{
    private static Table Numbers(params double[] values) => new([new NumericColumn("y", values)]);
    private static Table Texts(params string?[] values) => new([DictionaryColumn.FromTexts("y", ColumnKind.Category, values)]);

    [Fact]
    public void Numbers_with_many_or_broken_values_are_a_regression()
    {
        Assert.Equal(LearningTask.Regression, Target.ProposeTask(Numbers([.. Enumerable.Range(0, 200).Select(i => (double)(i % 21))]), "y"));
        Assert.Equal(LearningTask.Regression, Target.ProposeTask(Numbers([.. Enumerable.Range(0, 200).Select(i => i % 2 + 0.5)]), "y"));
        Assert.Equal(LearningTask.Regression, Target.ProposeTask(Numbers(1, 2, 3, 4, 5, 1, 2, 3, 4, 5), "y"));
    }

    [Fact]
    public void Few_repeated_integers_are_classes()
    {
        Assert.Equal(LearningTask.Binary, Target.ProposeTask(Numbers([.. Enumerable.Range(0, 20).Select(i => (double)(i % 2))]), "y"));
        Assert.Equal(LearningTask.Multiclass, Target.ProposeTask(Numbers([.. Enumerable.Range(0, 100).Select(i => (double)(i % 20))]), "y"));
        Assert.Equal(LearningTask.Binary, Target.ProposeTask(Texts("a", "b", null, "a"), "y"));
        Assert.Equal(LearningTask.Multiclass, Target.ProposeTask(Texts("a", "b", "c"), "y"));
    }

    [Fact]
    public void A_constant_or_a_date_cannot_be_a_target()
    {
        Assert.Contains("found only 'a'", Assert.Throws<ArgumentException>(() => Target.ProposeTask(Texts("a", null, "a"), "y")).Message);
        Assert.Contains("found none", Assert.Throws<ArgumentException>(() => Target.ProposeTask(Numbers(double.NaN), "y")).Message);
        Assert.Contains("found dates", Assert.Throws<ArgumentException>(() => Target.ProposeTask(new Table([new DateTimeColumn("y", [1, 2])]), "y")).Message);
        Assert.Contains("There is no column 'z'. The columns are: y.", Assert.Throws<ArgumentException>(() => Target.ProposeTask(Numbers(1, 2), "z")).Message);
    }

    [Fact]
    public void Classes_are_sorted_as_numbers_where_all_are_numbers()
    {
        Assert.Equal(["2", "9", "10"], Target.Create(Texts("10", "9", "2", "9"), "y", LearningTask.Multiclass).Classes);
        Assert.Equal(["10", "9", "x"], Target.Create(Texts("x", "9", "10"), "y", LearningTask.Multiclass).Classes);
        Assert.Equal(["0", "1"], Target.Create(Numbers(1, 0, double.NaN), "y", LearningTask.Binary).Classes);
        Assert.Equal(["No", "Yes"], Target.Create(Texts("Yes", "No"), "y", LearningTask.Binary).Classes);
    }

    [Fact]
    public void Binary_needs_exactly_two_classes()
    {
        var error = Assert.Throws<ArgumentException>(() => Target.Create(Texts("a", "b", "c"), "y", LearningTask.Binary));
        Assert.Equal("Binary classification needs exactly 2 classes in column 'y', found 3 (a, b, c).", error.Message);
    }

    [Fact]
    public void More_than_a_thousand_classes_are_refused()
    {
        Assert.Equal(1000, Target.Create(Texts([.. Enumerable.Range(0, 1000).Select(i => $"c{i}")]), "y", LearningTask.Multiclass).Classes.Count);
        Assert.Throws<ArgumentException>(() => Target.Create(Texts([.. Enumerable.Range(0, 1001).Select(i => $"c{i}")]), "y", LearningTask.Multiclass));
    }

    [Fact]
    public void Labels_name_the_line_that_has_none()
    {
        var table = new Table([DictionaryColumn.FromTexts("y", ColumnKind.Category, ["a", "b", null])], [2, 3, 7]);
        var target = Target.Create(table, "y", LearningTask.Binary);
        Assert.Equal([0f, 1f], target.Labels(table.Take([0, 1])));
        Assert.Equal("Line 7, column 'y': expected a target value, found none.", Assert.Throws<ArgumentException>(() => target.Labels(table)).Message);
        var other = new Table([DictionaryColumn.FromTexts("y", ColumnKind.Category, ["c"])], [5]);
        Assert.Equal("Line 5, column 'y': expected one of the 2 classes (a, b), found 'c'.", Assert.Throws<ArgumentException>(() => target.Labels(other)).Message);
    }

    [Fact]
    public void A_regression_target_may_be_text_of_numbers_and_names_the_line_that_is_none()
    {
        var table = new Table([DictionaryColumn.FromTexts("y", ColumnKind.Category, ["1.5", "-2e3"])]);
        Assert.Equal([1.5f, -2000f], Target.Create(table, "y", LearningTask.Regression).Labels(table));
        Assert.Contains("Line 2, column 'y': expected a number", Assert.Throws<ArgumentException>(() => Target.Create(Texts("1", "x"), "y", LearningTask.Regression)).Message);
    }

    [Fact]
    public void A_target_survives_json()
    {
        var target = new Target("y", LearningTask.Binary, ["No", "Yes"]);
        var read = System.Text.Json.JsonSerializer.Deserialize<Target>(System.Text.Json.JsonSerializer.Serialize(target))!;
        Assert.Equal((target.Column, target.Task, 2), (read.Column, read.Task, read.Classes.Count));
        Assert.Equal([1f], read.Labels(Texts("Yes")));
    }
}
