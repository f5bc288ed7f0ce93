namespace ModelWorkbench.Workbench.Settings;

/// <summary>Everything that can be set in appsettings.json (section "Workbench"), by environment variable (Workbench__Port) or on the command line.</summary>
public sealed class WorkbenchOptions
{
    public const string Section = "Workbench";

    /// <summary>TCP port on the loopback interface; 0 takes a free one.</summary>
    public int Port { get; set; } = 5080;

    /// <summary>Database, uploads, models and keys; relative to the working directory.</summary>
    public string DataFolder { get; set; } = "data";

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

    /// <summary>Whether /metrics answers anybody; otherwise it asks for an access token or a key of an endpoint.</summary>
    public bool OpenMetrics { get; set; }

    /// <summary>Days after which a batch job that has ended is removed with its result; 0 keeps them until somebody removes them.</summary>
    public int BatchRetentionDays { get; set; } = 30;

    /// <summary>Threads of the training process; 0 takes all cores.</summary>
    public int TrainingThreads { get; set; }

    /// <summary>Resident memory at which the training process is ended and its trial marked as failed.</summary>
    public int TrainingMemoryMegabytes { get; set; } = 4096;

    public int TrainingThreadsOrAll => TrainingThreads == 0 ? Environment.ProcessorCount : TrainingThreads;

    /// <summary>Copies of the database that are kept below backups/ of the data folder, one a day; 0 makes none.</summary>
    public int DailyDatabaseCopies { get; set; } = 7;

    /// <summary>Free room on the disk of the data folder below which the program says it is not ready.</summary>
    public int DiskFloorMegabytes { get; set; } = 512;

    public long DiskFloorBytes => DiskFloorMegabytes * 1024L * 1024L;

    /// <summary>Seconds that the program answers on after it was asked to end, saying it is not ready, so that a load balancer can turn to another.</summary>
    public int DrainSeconds { get; set; } = 1;

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
        Range(nameof(BatchRetentionDays), BatchRetentionDays, 0, 36_500);
        Range(nameof(TrainingThreads), TrainingThreads, 0, 1_024);
        Range(nameof(TrainingMemoryMegabytes), TrainingMemoryMegabytes, 256, 16_777_216);
        Range(nameof(DailyDatabaseCopies), DailyDatabaseCopies, 0, 1_000);
        Range(nameof(DiskFloorMegabytes), DiskFloorMegabytes, 0, 1_048_576);
        Range(nameof(DrainSeconds), DrainSeconds, 0, 20);
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
}
