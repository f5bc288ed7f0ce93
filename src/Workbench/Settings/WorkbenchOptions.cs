using System.Net;

namespace ModelWorkbench.Workbench.Settings;

/// <summary>Everything that can be set in appsettings.json (section "Workbench"), by environment variable (Workbench__Port) or on the command line.</summary>
public sealed class WorkbenchOptions
{
    public const string Section = "Workbench";

    /// <summary>TCP port; 0 takes a free one.</summary>
    public int Port { get; set; } = 5080;

    /// <summary>IP address to listen on; empty for the loopback interface alone.</summary>
    public string Listen { get; set; } = "";

    /// <summary>Names under which browsers and callers reach the program from elsewhere, separated by semicolons; requests for others are refused.</summary>
    public string Hosts { get; set; } = "";

    /// <summary>Certificate chain in PEM for TLS; empty for none.</summary>
    public string CertificateFile { get; set; } = "";

    /// <summary>The certificate's private key in PEM, without a password.</summary>
    public string CertificateKeyFile { get; set; } = "";

    /// <summary>The word of whoever operates it that a proxy before the program ends TLS, and that nobody reaches the program around it.</summary>
    public bool BehindProxy { get; set; }

    /// <summary>IP addresses of the proxy, separated by semicolons, whose word on the caller's address is taken; those of this machine are known.</summary>
    public string ProxyAddresses { get; set; } = "";

    /// <summary>Whether browsers speak TLS with it, here or at the proxy.</summary>
    public bool HasTls => CertificateFile.Length > 0 || BehindProxy;

    public IReadOnlyList<string> HostNames => Hosts.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public IReadOnlyList<string> Proxies => ProxyAddresses.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Database, uploads, models and keys; relative to the working directory.</summary>
    public string DataFolder { get; set; } = "data";

    /// <summary>Connection string of a PostgreSQL database, such as <c>Host=db.example.org;Database=workbench;Username=workbench;Password=…</c>; empty for a file of SQLite in the data folder. It holds a password: what is shown of it is <see cref="Storage.DatabasePlace.Shown"/>.</summary>
    public string Database { get; set; } = "";

    /// <summary>Whether the sample datasets are put in place when the data folder is new.</summary>
    public bool InstallSamples { get; set; } = true;

    public int MaxUploadMegabytes { get; set; } = 20_480;

    public long MaxUploadBytes => MaxUploadMegabytes * 1024L * 1024L;

    /// <summary>Size of a model file that is imported.</summary>
    public int MaxModelMegabytes { get; set; } = 512;

    public long MaxModelBytes => MaxModelMegabytes * 1024L * 1024L;

    /// <summary>Rows in one prediction request.</summary>
    public int MaxPredictionRows { get; set; } = 10_000;

    public int MaxPredictionMegabytes { get; set; } = 16;

    /// <summary>Requests a second that one key may send; 0 for no limit.</summary>
    public int PredictionsPerSecond { get; set; } = 100;

    /// <summary>Requests that one key may send at once after a pause.</summary>
    public int PredictionBurst { get; set; } = 200;

    /// <summary>Megabytes of published models that are kept in memory; those are read again when they are asked for that were not for the longest. 0 for a quarter of the memory that the system or container gives.</summary>
    public int ModelMemoryMegabytes { get; set; }

    /// <summary>Whether /metrics answers anybody; otherwise it asks for an access token of an administrator.</summary>
    public bool OpenMetrics { get; set; }

    /// <summary>Pages that one person may have connected at once.</summary>
    public int MaxPagesPerPerson { get; set; } = 20;

    /// <summary>Pages that all people together may have connected at once; each takes a megabyte or so.</summary>
    public int MaxPages { get; set; } = 500;

    /// <summary>Whether webhooks may be sent to this machine and to addresses of private networks.</summary>
    public bool PrivateWebhooks { get; set; }

    /// <summary>Days after which a batch job that has ended is removed with its result; 0 keeps them until somebody removes them.</summary>
    public int BatchRetentionDays { get; set; } = 30;

    /// <summary>Threads of the training process; 0 takes all cores.</summary>
    public int TrainingThreads { get; set; }

    /// <summary>Resident memory at which the training process is ended and its trial marked as failed.</summary>
    public int TrainingMemoryMegabytes { get; set; } = 4096;

    public int TrainingThreadsOrAll => TrainingThreads == 0 ? Environment.ProcessorCount : TrainingThreads;

    /// <summary>Copies of the database that are kept below backups/ of the data folder, one a day; 0 makes none.</summary>
    public int DailyDatabaseCopies { get; set; } = 7;

    /// <summary>Experiments that one person may have waiting and running; 0 for no limit.</summary>
    public int MaxExperimentsPerPerson { get; set; } = 50;

    /// <summary>Files that one person may have waiting and being read, and as many being scored; 0 for no limit.</summary>
    public int MaxFilesPerPerson { get; set; } = 20;

    /// <summary>Explanations, variants, exports and learning curves that one person may have waiting; 0 for no limit.</summary>
    public int MaxTrialWorkPerPerson { get; set; } = 20;

    /// <summary>Megabytes of data, models and results that a workspace may keep; 0 for no limit.</summary>
    public int WorkspaceQuotaMegabytes { get; set; }

    public long WorkspaceQuotaBytes => WorkspaceQuotaMegabytes * 1024L * 1024L;

    /// <summary>Free room on the disk of the data folder below which the program says it is not ready, takes no files in and begins nothing long.</summary>
    public int DiskFloorMegabytes { get; set; } = 512;

    public long DiskFloorBytes => DiskFloorMegabytes * 1024L * 1024L;

    /// <summary>Seconds that the program answers on after it was asked to end, saying it is not ready, so that a load balancer can turn to another.</summary>
    public int DrainSeconds { get; set; } = 1;

    /// <summary>A provider of single sign-on.</summary>
    public OpenIdOptions OpenId { get; set; } = new();

    /// <summary>Every setting that cannot work, with name, found and expected; empty where all is well.</summary>
    public IReadOnlyList<string> Problems()
    {
        List<string> problems = [];
        Range(nameof(Port), Port, 0, 65_535);
        Range(nameof(MaxUploadMegabytes), MaxUploadMegabytes, 1, 1_048_576);
        Range(nameof(MaxModelMegabytes), MaxModelMegabytes, 1, 2_047);
        Range(nameof(MaxPredictionRows), MaxPredictionRows, 1, 1_000_000);
        Range(nameof(MaxPredictionMegabytes), MaxPredictionMegabytes, 1, 1_024);
        Range(nameof(PredictionsPerSecond), PredictionsPerSecond, 0, 1_000_000);
        Range(nameof(PredictionBurst), PredictionBurst, 1, 1_000_000);
        Range(nameof(MaxPagesPerPerson), MaxPagesPerPerson, 1, 10_000);
        Range(nameof(MaxPages), MaxPages, 1, 100_000);
        Range(nameof(ModelMemoryMegabytes), ModelMemoryMegabytes, 0, 16_777_216);
        Range(nameof(BatchRetentionDays), BatchRetentionDays, 0, 36_500);
        Range(nameof(TrainingThreads), TrainingThreads, 0, 1_024);
        Range(nameof(TrainingMemoryMegabytes), TrainingMemoryMegabytes, 256, 16_777_216);
        Range(nameof(DailyDatabaseCopies), DailyDatabaseCopies, 0, 1_000);
        Range(nameof(DiskFloorMegabytes), DiskFloorMegabytes, 0, 1_048_576);
        Range(nameof(MaxExperimentsPerPerson), MaxExperimentsPerPerson, 0, 100_000);
        Range(nameof(MaxFilesPerPerson), MaxFilesPerPerson, 0, 100_000);
        Range(nameof(MaxTrialWorkPerPerson), MaxTrialWorkPerPerson, 0, 100_000);
        Range(nameof(WorkspaceQuotaMegabytes), WorkspaceQuotaMegabytes, 0, 1_073_741_824);
        Range(nameof(DrainSeconds), DrainSeconds, 0, 20);
        Reach(problems);
        if (Database.Length > 0 && Storage.DatabasePlace.WhyNot(Database) is { } unreadable)
            problems.Add($"{Section}:{nameof(Database)} {unreadable}; expected a connection string of PostgreSQL, such as Host=db.example.org;Database=workbench;Username=workbench;Password=…, or nothing for SQLite.");
        OpenId.AddProblems(problems);
        if (string.IsNullOrWhiteSpace(DataFolder))
            problems.Add($"{Section}:{nameof(DataFolder)} is empty; expected the path of a folder.");
        else if (File.Exists(DataFolder))
            problems.Add($"{Section}:{nameof(DataFolder)} is '{DataFolder}', which is a file; expected a folder, or a path where one can be made.");
        return problems;

        void Range(string name, int found, int minimum, int maximum)
        {
            if (found < minimum || found > maximum)
                problems.Add($"{Section}:{name} is {found}; expected {minimum} to {maximum}.");
        }
    }

    /// <summary>Whoever can be reached from elsewhere speaks TLS, or somebody has said in so many words that a proxy does.</summary>
    private void Reach(List<string> problems)
    {
        if (Listen.Length > 0 && !IPAddress.TryParse(Listen, out _)) problems.Add($"{Section}:{nameof(Listen)} is '{Listen}'; expected an IP address, such as 0.0.0.0 or ::, or nothing for this machine alone.");
        else if (Listen.Length > 0 && !IPAddress.IsLoopback(IPAddress.Parse(Listen)))
        {
            if (!HasTls) problems.Add($"{Section}:{nameof(Listen)} is '{Listen}', so that others can reach it, without TLS; expected {nameof(CertificateFile)} and {nameof(CertificateKeyFile)}, or {nameof(BehindProxy)} where a proxy before it speaks TLS.");
            if (HostNames.Count == 0) problems.Add($"{Section}:{nameof(Hosts)} is empty; expected the names under which it is reached at '{Listen}', such as models.example.org.");
        }
        if ((CertificateFile.Length > 0) != (CertificateKeyFile.Length > 0)) problems.Add($"{Section}:{nameof(CertificateFile)} is '{CertificateFile}' and {nameof(CertificateKeyFile)} is '{CertificateKeyFile}'; expected both, or neither.");
        foreach (var (name, file) in new[] { (nameof(CertificateFile), CertificateFile), (nameof(CertificateKeyFile), CertificateKeyFile) })
            if (file.Length > 0 && !File.Exists(file)) problems.Add($"{Section}:{name} is '{file}'; expected a file that is there.");
        if (BehindProxy && CertificateFile.Length > 0) problems.Add($"{Section}:{nameof(BehindProxy)} is set beside a certificate; expected one of them.");
        foreach (var proxy in Proxies.Where(p => !IPAddress.TryParse(p, out _))) problems.Add($"{Section}:{nameof(ProxyAddresses)} names '{proxy}'; expected IP addresses.");
        foreach (var host in HostNames.Where(h => h.Contains('*') || Uri.CheckHostName(h) == UriHostNameType.Unknown)) problems.Add($"{Section}:{nameof(Hosts)} names '{host}'; expected names of hosts, without port and without *.");
    }
}
