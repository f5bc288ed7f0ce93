using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Profiling;
using Xunit;

namespace ModelWorkbench.Core.Tests.Experiments;

public sealed class TargetProposalTests
{
    [Theory]
    [InlineData("iris.csv", "species")]
    [InlineData("penguins.csv", "species")]
    [InlineData("breast_cancer.csv", "diagnosis")]
    [InlineData("telco_churn.csv", "churn")]
    [InlineData("credit_risk.csv", "Status")]
    [InlineData("sacramento_homes.csv", "price")]
    [InlineData("diamonds.csv", "price")]
    public void The_target_of_a_sample_is_found(string file, string target) => Assert.Equal(target, Propose(TestFiles.Sample(file)));

    [Theory]
    [InlineData("titanic/titanic.csv", "Survived")]
    [InlineData("letter/letter.csv", "letter")]
    [InlineData("weather-aus-37k/weather-aus-37k.csv", "RainTomorrow")]
    [InlineData("adult/adult.csv", "column_15")]
    [InlineData("sms-spam-latin1/sms-spam-latin1.csv", "v1")]
    public void The_target_of_a_real_dataset_is_found(string file, string target) => Assert.Equal(target, Propose(TestFiles.Shared("datasets/" + file)));

    [Fact]
    public void A_table_without_a_possible_target_gets_none()
    {
        var profile = Profiler.Profile(new Table([new NumericColumn("constant", [1, 1, 1])]), TestContext.Current.CancellationToken);
        Assert.Null(TargetProposal.Choose(profile));
    }

    private static string? Propose(string path)
    {
        var cancel = TestContext.Current.CancellationToken;
        return TargetProposal.Choose(Profiler.Profile(CsvTableReader.Read(path, CsvDetector.Detect(path, cancel), null, cancel).Table, cancel));
    }
}
