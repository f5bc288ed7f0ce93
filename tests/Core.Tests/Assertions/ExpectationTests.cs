using System.Text.Json;
using ModelWorkbench.Core.Assertions;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Recipes;
using Xunit;

namespace ModelWorkbench.Core.Tests.Assertions;

public sealed class ExpectationTests
{
    private static readonly string[] Columns = ["age", "job", "income"];

    [Fact]
    public void A_row_is_written_as_people_write_it()
    {
        var read = Assert.IsType<Expectation.Answer>(JsonSerializer.Deserialize<Expectation>("""{"rows":[{"age":39,"job":"teacher","income":null}],"class":"yes","leastProbability":0.8,"kind":"answer"}""", CoreJson.Options));
        Assert.Equal(("39", "teacher", null), (read.Rows[0]["age"], read.Rows[0]["job"], read.Rows[0]["income"]));
        Assert.Empty(read.Problems(Columns, "income"));
        Assert.Equal("For one row income is yes with a probability of at least 0.8", read.Describe("income"));
        var again = Assert.IsType<Expectation.Answer>(JsonSerializer.Deserialize<Expectation>(JsonSerializer.Serialize<Expectation>(read, CoreJson.Options), CoreJson.Options));
        Assert.Equal(read.Rows[0], again.Rows[0]);

        Assert.Contains("Row 1, column 'age': found a list", Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Expectation>("""{"kind":"answer","rows":[{"age":[1]}],"class":"yes"}""", CoreJson.Options)).Message);
    }

    public static TheoryData<string, string> Nonsense => new()
    {
        { """{"kind":"answer","rows":[],"class":"yes"}""", "Found 0 rows, expected 1 to 100." },
        { """{"kind":"answer","rows":[{"size":1}],"class":"yes"}""", "The rows name 'size', which the dataset does not have." },
        { """{"kind":"answer","rows":[{"age":null}],"class":"yes"}""", "A row has no value at all" },
        { """{"kind":"answer","rows":[{"age":1}]}""", "Neither a class nor a range of numbers is expected" },
        { """{"kind":"answer","rows":[{"age":1}],"class":"yes","low":1}""", "Both a class and a range of numbers are expected" },
        { """{"kind":"answer","rows":[{"age":1}],"class":"yes","leastProbability":80}""", "The least probability is 80; expected more than 0, at most 1." },
        { """{"kind":"answer","rows":[{"age":1}],"low":3,"high":2}""", "The range is 3 to 2" },
        { """{"kind":"monotone","column":"size"}""", "There is no column 'size'." },
        { """{"kind":"monotone","column":"income"}""", "'income' is the target" },
        { """{"kind":"monotone","column":"age","rowCount":0}""", "It is to be tried on 0 rows; expected 1 to 1000." },
        { """{"kind":"monotone","column":"age","slack":-1}""", "The slack is -1; expected 0 or more." },
        { """{"kind":"segment","measure":{"metricId":"luck"},"atLeast":1}""", "There is no metric 'luck'." },
        { """{"kind":"segment","measure":{"metricId":"accuracy-score","column":"job"},"atLeast":1}""", "Of column 'job' neither a value nor a range is given" },
        { """{"kind":"segment","measure":{"metricId":"accuracy-score","value":"x"},"atLeast":1}""", "A value or a range is given without a column" },
        { """{"kind":"segment","measure":{"metricId":"accuracy-score"}}""", "Neither 'at least' nor 'at most' is given" },
        { """{"kind":"segment","measure":{"metricId":"accuracy-score"},"atLeast":1,"atMost":2}""", "Both 'at least' and 'at most' are given" },
        { """{"kind":"segment","measure":{"metricId":"accuracy-score"},"atLeast":1,"fewestRows":0}""", "The fewest rows are 0" },
    };

    [Theory]
    [MemberData(nameof(Nonsense))]
    public void What_makes_no_sense_says_what_was_found_and_expected(string json, string problem)
    {
        var problems = JsonSerializer.Deserialize<Expectation>(json, CoreJson.Options)!.Problems(Columns, "income");
        Assert.Contains(problem, string.Join(" ", problems));
        Assert.Single(problems);
    }

    [Fact]
    public void Expectations_read_as_sentences()
    {
        Assert.Equal("Raising age never lowers the probability of yes, tried on 200 rows", new Expectation.Monotone("age", Class: "yes").Describe("income"));
        Assert.Equal("Raising age never raises income by more than 0.5, tried on 50 rows", new Expectation.Monotone("age", false, RowCount: 50, Slack: 0.5).Describe("income"));
        Assert.Equal("Accuracy where job is teacher is at least 0.8", new Expectation.Segment(new SegmentMeasure("accuracy-score", "job", "teacher"), 0.8).Describe("income"));
        Assert.Equal("RMSE where age is 30 to 40 is at most 12.5", new Expectation.Segment(new SegmentMeasure("rmse-error", "age", From: 30, To: 40), AtMost: 12.5).Describe("income"));
    }
}
