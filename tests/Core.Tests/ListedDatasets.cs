using System.Globalization;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using Xunit;

[assembly: AssemblyFixture(typeof(ModelWorkbench.Core.Tests.ListedDatasets))]

namespace ModelWorkbench.Core.Tests;

/// <summary>The public data sets of the manifest, each taken in and profiled once for all tests that go through them.</summary>
public sealed class ListedDatasets : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("listed").FullName;
    private readonly Lock _lock = new();
    private IReadOnlyList<ListedDataset>? _all;

    /// <summary>All of them; skips the test where they are missing.</summary>
    public IReadOnlyList<ListedDataset> All
    {
        get
        {
            lock (_lock) return _all ??= Read();
        }
    }

    /// <summary>The one whose file is so called, such as <c>iris/iris.csv</c>.</summary>
    public ListedDataset Of(string file) => All.Single(d => d.File == file);

    private ListedDataset[] Read()
    {
        var manifest = CsvTableReader.Read(TestFiles.Shared("datasets/manifest.csv"), new CsvOptions(), null, TestContext.Current.CancellationToken).Table;
        return [.. Enumerable.Range(0, manifest.RowCount).Select(row => new ListedDataset(manifest["name"].GetText(row)!, manifest["file"].GetText(row)!, manifest["target"].GetText(row)!, manifest["task"].GetText(row)!, _folder))];
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

/// <param name="file">Below the folder of the data sets.</param>
/// <param name="writtenTarget">As the manifest writes it: a name, or # and a number where the file has no header.</param>
/// <param name="task">binary, multiclass or regression.</param>
/// <param name="folder">Takes the table.</param>
public sealed class ListedDataset(string name, string file, string writtenTarget, string task, string folder)
{
    private readonly Lock _lock = new();
    private DatasetProfile? _profile;

    private string TablePath => Path.Combine(folder, name + ".parquet");

    public string Name => name;

    public string File => file;

    public string Task => task;

    public DatasetProfile Profile
    {
        get
        {
            lock (_lock)
            {
                if (_profile is not null) return _profile;
                var builder = new ProfileBuilder();
                DatasetImporter.Import(TestFiles.Shared("datasets/" + file), null, TablePath, chunk => builder.Add(chunk, TestContext.Current.CancellationToken), null, TestContext.Current.CancellationToken);
                return _profile = builder.Build();
            }
        }
    }

    /// <summary>At most so many of its rows, always the same.</summary>
    public Table Sample(int mostRows)
    {
        _ = Profile;
        return TableFile.ReadSample(TablePath, mostRows, 1, TestContext.Current.CancellationToken);
    }

    public string TargetIn(Table table) => writtenTarget.StartsWith('#') ? table.Columns[int.Parse(writtenTarget[1..], CultureInfo.InvariantCulture) - 1].Name : writtenTarget.Trim();
}
