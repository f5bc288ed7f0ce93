using System.Globalization;
using ModelWorkbench.Core.Datasets;
using Xunit;

namespace ModelWorkbench.Core.Tests.Datasets;

/// <summary>Public data sets as people upload them, against the manifest that lists their rows, columns and targets.</summary>
public class SharedDatasetsTests
{
    [Fact]
    public void Every_listed_data_set_is_read_with_the_rows_columns_and_target_of_the_manifest()
    {
        var manifest = CsvTableReader.Read(TestFiles.Shared("datasets/manifest.csv"), new CsvOptions(), null, TestContext.Current.CancellationToken).Table;
        var failures = new List<string>();
        for (var row = 0; row < manifest.RowCount; row++)
        {
            var name = manifest["name"].GetText(row)!;
            using var source = SourceFile.Open(TestFiles.Shared("datasets/" + manifest["file"].GetText(row)), Path.GetTempPath(), TestContext.Current.CancellationToken);
            var path = source.Path;
            var target = manifest["target"].GetText(row)!;
            try
            {
                var options = CsvDetector.Detect(path, TestContext.Current.CancellationToken);
                var result = CsvTableReader.Read(path, options, null, TestContext.Current.CancellationToken);
                var expected = $"{manifest["rows"].GetText(row)} x {manifest["cols"].GetText(row)}, header: {!target.StartsWith('#')}";
                var found = string.Create(CultureInfo.InvariantCulture, $"{result.Table.RowCount} x {result.Table.ColumnCount}, header: {options.HasHeader}");
                if (found != expected) failures.Add($"{name}: expected {expected}; found {found} {options}");
                else if (options.HasHeader && result.Table.Find(target.Trim()) is null) failures.Add($"{name}: no column {target}: {string.Join(",", result.Table.Columns.Select(c => c.Name))}");
                else if (result.ProblemCount > 0) failures.Add($"{name}: {result.ProblemCount} problems, first {result.Problems[0]}");
            }
            catch (CsvFormatException e)
            {
                failures.Add($"{name}: {e.Message}");
            }
        }
        Assert.True(failures.Count == 0, string.Join("\n", failures));
    }
}
