using System.Globalization;
using System.Net;
using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Workbench.Audit;
using ModelWorkbench.Workbench.Backups;
using ModelWorkbench.Workbench.Endpoints;
using ModelWorkbench.Workbench.Experiments;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests.Faults;

/// <summary>What all faults of the plan in tests/Faults have in common: two profiles, and a line each.</summary>
public static class FaultRun
{
    /// <summary>For requests of which it is not known whether anybody answers.</summary>
    public const string Row = """{"features": [[5.1, 3.5, 1.4, 0.2]]}""";

    /// <summary>The full profile, for the night.</summary>
    public static bool IsFull { get; } = Environment.GetEnvironmentVariable("WORKBENCH_FAULTS") == "full";

    public static int Count(int quick, int full) => IsFull ? full : quick;

    /// <summary>Writes a line of figures to the test's output and, where the command of tests/Faults asks for it, to its report.</summary>
    public static void Report(ITestOutputHelper output, string fault, FormattableString figures)
    {
        var line = $"{fault}: {figures.ToString(CultureInfo.InvariantCulture)}";
        output.WriteLine(line);
        if (Environment.GetEnvironmentVariable("WORKBENCH_FAULTS_REPORT") is { Length: > 0 } report) File.AppendAllLines(report, [line]);
    }

    /// <summary>A workbench with iris, an experiment of baseline and linear model, and the linear model published as <c>iris</c>.</summary>
    /// <returns>The experiment and the endpoint's key.</returns>
    public static async Task<(int Experiment, string Key)> PrepareAsync(ApiClient api)
    {
        var iris = await api.UploadAsync(TestFiles.Sample("iris.csv"));
        var experiment = (await api.RunAsync(new ExperimentApi.StartBody(iris.Id, "species", Trainers: ["baseline", "linear-lbfgs"], BudgetSeconds: 60))).Id;
        return (experiment, (await api.PublishAsync("iris", experiment, 2)).Key!);
    }

    /// <summary>Nothing is half there: the database holds together, its endpoint answers, every file that it names is whole, and each fact of an endpoint has its line in the audit log.</summary>
    public static async Task<EndpointApi.EndpointAnswer> CheckAsync(ApiClient api, string folder, string key)
    {
        var cancel = TestContext.Current.CancellationToken;
        var endpoint = await api.GetAsync<EndpointApi.EndpointAnswer>("/api/v1/endpoints/iris");
        Assert.Null(endpoint.Failure);
        using (var answer = await new ModelClient(api.Http, "iris", key).SendAsync(Row)) Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var chain = await api.GetAsync<AuditCheck>("/api/v1/audit/check");
        Assert.True(chain.IsIntact, chain.Describe());
        if (!TestDatabase.PlaceOf(folder).IsServer) Assert.Null(DatabaseCopies.Check(StorageSetup.DatabaseFile(folder)));
        await using var db = TestDatabase.PlaceOf(folder).Open();
        var store = new ArtefactStore(folder);
        foreach (var sha256 in await ArtefactNames.OfAsync(db, store, cancel)) await store.ReadVerifiedAsync(sha256, cancel);
        Assert.Equal(endpoint.Versions.Count, await db.AuditEntries.CountAsync(e => e.Action == "endpoint.publish", cancel));
        return endpoint;
    }
}
