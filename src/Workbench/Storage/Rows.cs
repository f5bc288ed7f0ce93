using System.ComponentModel.DataAnnotations.Schema;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Serving;
using ModelWorkbench.Core.Tuning;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>Data under one name, in one or more versions.</summary>
public sealed class DatasetRow
{
    public int Id { get; set; }

    /// <summary>The workspace it belongs to.</summary>
    public required int WorkspaceId { get; set; }
    public required string Name { get; set; }
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>The revision of the recipe that counts; later ones can be redone.</summary>
    public int RecipeNumber { get; set; }

    public int? CurrentVersionId { get; set; }

    /// <summary>Keys of the warnings about the data that the person has read and put aside.</summary>
    public IReadOnlyList<string> DismissedWarnings { get; set; } = [];

    /// <summary>The version that pages and API mean where they name none; loaded with the row.</summary>
    public DatasetVersionRow Current { get; set; } = default!;

    public string FileName => Current.FileName;
    public string FileSha256 => Current.FileSha256;
    public long FileBytes => Current.FileBytes;
    public string TableSha256 => Current.TableSha256;
    public string? SampleSha256 => Current.SampleSha256;
    public CsvOptions? Options => Current.Options;
    public DatasetProfile Profile => Current.Profile;
    public IReadOnlyList<CsvProblem> Problems => Current.Problems;
    public int ProblemCount => Current.ProblemCount;
}

/// <summary>One reading of one uploaded file; never changed once it is there.</summary>
public sealed class DatasetVersionRow
{
    public int Id { get; set; }
    public int DatasetId { get; set; }

    /// <summary>From 1, in the order in which they were made.</summary>
    public int Number { get; set; }

    /// <summary>The name the file had on the person's machine; shown, never used as a path.</summary>
    public required string FileName { get; set; }

    public required string FileSha256 { get; set; }
    public long FileBytes { get; set; }
    public required string TableSha256 { get; set; }

    /// <summary>An even sample of the rows, for pages; null where the table is no larger than that.</summary>
    public string? SampleSha256 { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>How the file was read, with the kind of every column; null for a file that tells by itself (Parquet).</summary>
    public CsvOptions? Options { get; set; }

    public required DatasetProfile Profile { get; set; }
    public required IReadOnlyList<CsvProblem> Problems { get; set; }
    public int ProblemCount { get; set; }

    /// <summary>Lines that were left out.</summary>
    public int SkippedCount { get; set; }
}

public enum ImportStatus { Queued, Running, Completed, Cancelled, Failed }

/// <summary>The making of a dataset version out of a file: begun, not yet true.</summary>
public sealed class ImportRow
{
    public int Id { get; set; }

    /// <summary>The workspace it belongs to.</summary>
    public required int WorkspaceId { get; set; }

    /// <summary>The person whose turn it takes, among others; null where it is of a time when nobody was written down, or of the workbench itself.</summary>
    public int? UserId { get; set; }
    public required string FileName { get; set; }

    /// <summary>The finished upload that holds the file; null once the file is kept under its hash.</summary>
    public string? UploadId { get; set; }

    /// <summary>Whether a version of a dataset is read another way, rather than a new file; means nothing once the import is completed.</summary>
    public bool IsReadingAgain => UploadId is null && DatasetId is not null;

    public string? FileSha256 { get; set; }

    /// <summary>How to read the file; null to detect it.</summary>
    public CsvOptions? Options { get; set; }

    /// <summary>The dataset that gets a new version; null for a new dataset until that is made.</summary>
    public int? DatasetId { get; set; }

    public ImportStatus Status { get; set; }

    /// <summary>Why it failed, for people.</summary>
    public string? Reason { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? FinishedAt { get; set; }
}

/// <summary>A recipe as it stood after one edit; number 0 is the empty recipe and has no row.</summary>
public sealed class RecipeRevisionRow
{
    public int Id { get; set; }
    public int DatasetId { get; set; }
    public int Number { get; set; }
    public required Recipe Recipe { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
}

public enum ExperimentStatus { Queued, Running, Completed, Stopped, Interrupted, Failed }

/// <summary>A comparison of trainers on one table.</summary>
public sealed class ExperimentRow
{
    public int Id { get; set; }

    /// <summary>The workspace it belongs to.</summary>
    public required int WorkspaceId { get; set; }

    /// <summary>The person whose turn it takes, among others; null where it is of a time when nobody was written down, or of the workbench itself.</summary>
    public int? UserId { get; set; }
    public int? DatasetId { get; set; }
    public required string DatasetName { get; set; }
    public required string TableSha256 { get; set; }
    public required ExperimentPlan Plan { get; set; }
    public ExperimentStatus Status { get; set; }

    /// <summary>Of the queued ones the smallest begins first: ticks of the time it began to wait, until a person moves it. Null where it never waited, or waited before there was an order.</summary>
    public long? QueueOrder { get; set; }

    /// <summary>Why it failed or was interrupted, for people.</summary>
    public string? Reason { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? StartedAt { get; set; }
    public DateTimeOffset? FinishedAt { get; set; }

    /// <summary>Time spent in training processes so far, counted against the plan's budget when resumed.</summary>
    public double SpentSeconds { get; set; }

    /// <summary>What was noticed about the parts that the rows are split into; null until they are.</summary>
    public SplitFindings? Findings { get; set; }

    /// <summary>When the training process that works on it now began; null while none does.</summary>
    public DateTimeOffset? RunningSince { get; set; }

    /// <summary>It ended by itself, and nobody has looked at it or at the list since.</summary>
    public bool IsNews { get; set; }

    /// <summary>Of the budget, in seconds.</summary>
    public double Elapsed(DateTimeOffset now) => SpentSeconds + (RunningSince is { } since ? Math.Max(0, (now - since).TotalSeconds) : 0);

    /// <summary>Why nothing more is tried, for people; null while a search can go on.</summary>
    public string? EndReason { get; set; }

    /// <summary>Whether there is something to go on with when it is stopped or interrupted.</summary>
    public bool CanGoOn => (Plan.Tuning == TuningMode.Search && EndReason is null) || Trials.Any(t => t.Status == TrialStatus.Waiting);

    public List<TrialRow> Trials { get; set; } = [];

    /// <summary>Variants of the trials, in order of their numbers; filled where one experiment is read, not kept apart in the database.</summary>
    [NotMapped]
    public IReadOnlyList<TrialRow> Variants { get; set; } = [];

    /// <summary>A trial or a variant.</summary>
    public TrialRow? FindTrial(int number) => Trials.FirstOrDefault(t => t.Number == number) ?? Variants.FirstOrDefault(t => t.Number == number);
}

public enum TrialStatus { Waiting, Running, Completed, Failed, Skipped, Pruned }

/// <summary>One trainer on one experiment's data.</summary>
public sealed class TrialRow
{
    public int Id { get; set; }
    public int ExperimentId { get; set; }

    /// <summary>1-based within the experiment.</summary>
    public int Number { get; set; }

    public required string TrainerId { get; set; }

    /// <summary>What it tries; null for trials of a time when families had no dials.</summary>
    public TrialSpec? Spec { get; set; }

    public TrialStatus Status { get; set; }

    /// <summary>A person wants to find it again.</summary>
    public bool IsPinned { get; set; }

    /// <summary>A person put it aside: it is neither best nor part of an ensemble made from now on.</summary>
    public bool IsExcluded { get; set; }

    /// <summary>Why it failed, was skipped or was ended early.</summary>
    public string? Reason { get; set; }

    public TrialResult? Result { get; set; }

    /// <summary>For two classes: the probability from which on its model answers the second; null for the likelier of the two.</summary>
    public double? Threshold { get; set; }

    /// <summary>Null until a model of it was made.</summary>
    public string? ModelSha256 { get; set; }

    public string? ReportSha256 { get; set; }

    /// <summary>What it answered for rows it had not seen; an ensemble is chosen by these.</summary>
    public string? PredictionsSha256 { get; set; }

    /// <summary>The report on the locked test set, once it was asked for.</summary>
    public string? FinalReportSha256 { get; set; }

    /// <summary>What its variants cost and lose, once they were built.</summary>
    public string? LadderSha256 { get; set; }

    /// <summary>Of the <see cref="ModelExplanation"/>; null where nobody asked for one.</summary>
    public string? ExplanationSha256 { get; set; }

    /// <summary>Of the <see cref="Core.Exports.ExportReport"/>, which names the files; null where nobody took the model away.</summary>
    public string? ExportsSha256 { get; set; }

    /// <summary>For a variant: the trial it was made of. Variants stand on that trial's page, not on the leaderboard.</summary>
    public int? VariantOf { get; set; }
}

/// <summary>A name under which models answer over HTTP.</summary>
public sealed class EndpointRow
{
    public int Id { get; set; }

    /// <summary>The workspace it belongs to.</summary>
    public required int WorkspaceId { get; set; }
    public required string Name { get; set; }

    /// <summary>The champion: the version that answers where the caller names none and no traffic is split.</summary>
    public int LiveVersion { get; set; }

    public EndpointRouting Routing { get; set; } = EndpointRouting.ChampionOnly;
    public EndpointSettings Settings { get; set; } = new();
    public DateTimeOffset CreatedAt { get; set; }
    public List<EndpointVersionRow> Versions { get; set; } = [];
    public List<EndpointKeyRow> Keys { get; set; } = [];
}

/// <summary>One model that was published under an endpoint; its model never changes.</summary>
public sealed class EndpointVersionRow
{
    public int Id { get; set; }
    public int EndpointId { get; set; }
    public int Number { get; set; }
    public required string ModelSha256 { get; set; }

    /// <summary>Where its model was made; null where it came from a file.</summary>
    public int? ExperimentId { get; set; }

    /// <summary>With <see cref="ExperimentId"/>.</summary>
    public int? TrialNumber { get; set; }

    /// <summary>The dataset that its model was made of, whose assertions it has to meet; null where that is not known, and for those of a time when there were no assertions.</summary>
    public int? DatasetId { get; set; }

    /// <summary>For two classes: the probability from which on it answers the second; null for the likelier of the two.</summary>
    public double? Threshold { get; set; }

    /// <summary>The model file that it came from, which has the hash <see cref="ModelSha256"/>; null for a trial's model.</summary>
    public string? FileName { get; set; }

    public required string TrainerName { get; set; }
    public DateTimeOffset PublishedAt { get; set; }

    /// <summary>How it answers beside the version that was live when it was published; null for the first, and for those of a time before versions were compared.</summary>
    public VersionComparison? Comparison { get; set; }

    /// <summary>Since then it can be neither asked nor made live; null while it can.</summary>
    public DateTimeOffset? RetiredAt { get; set; }
}

/// <summary>A key that may call one endpoint; only its hash is kept.</summary>
public sealed class EndpointKeyRow
{
    public int Id { get; set; }
    public int EndpointId { get; set; }
    public required string Prefix { get; set; }
    public required byte[] Hash { get; set; }

    /// <summary>What the key is for, in the words of the person who made it.</summary>
    public string Name { get; set; } = "";

    public EndpointScopes Scopes { get; set; } = EndpointScopes.All;
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>Null for a key that does not expire.</summary>
    public DateTimeOffset? ExpiresAt { get; set; }

    /// <summary>To the minute; null while it was never used.</summary>
    public DateTimeOffset? LastUsedAt { get; set; }

    public DateTimeOffset? RevokedAt { get; set; }
}

/// <summary>What a key may do.</summary>
[Flags]
public enum EndpointScopes
{
    None = 0,

    /// <summary>Ask for predictions.</summary>
    Predict = 1,

    /// <summary>Say what came true.</summary>
    Feedback = 2,

    /// <summary>Read what the model expects.</summary>
    Metadata = 4,

    All = Predict | Feedback | Metadata,
}

/// <summary>What was done to an endpoint.</summary>
public enum EndpointEventKind { Published, Imported, Promoted, RolledBack, Retired, AliasSet, AliasRemoved, TrafficSet, ShadowSet, SettingsChanged, KeyAdded, KeyRevoked, Deleted }

/// <summary>A line of an endpoint's history; lines are added and never changed, and outlive the endpoint.</summary>
public sealed class EndpointEventRow
{
    public int Id { get; set; }

    /// <summary>The workspace that the endpoint belongs or belonged to.</summary>
    public required int WorkspaceId { get; set; }
    public required string EndpointName { get; set; }
    public DateTimeOffset At { get; set; }

    /// <summary>The person, or the token.</summary>
    public required string Who { get; set; }

    public EndpointEventKind Kind { get; set; }

    /// <summary>What was there before, and after; in words, or a version's number.</summary>
    public string? From { get; set; }
    public string? To { get; set; }

    /// <summary>The reason that the person gave, or the workbench.</summary>
    public string? Why { get; set; }

    /// <summary>The version that answers from then on where the caller names none.</summary>
    public int LiveVersion { get; set; }
}

public enum BatchJobStatus { Queued, Running, Completed, Failed, Cancelled, Interrupted }

/// <summary>A file that one version of an endpoint scores. What is said of its progress is on the disk already: it goes on from there, whatever ends the program.</summary>
public sealed class BatchJobRow
{
    public int Id { get; set; }

    /// <summary>The workspace it belongs to.</summary>
    public required int WorkspaceId { get; set; }

    /// <summary>The person whose turn it takes, among others; null where it is of a time when nobody was written down, or of the workbench itself.</summary>
    public int? UserId { get; set; }

    /// <summary>The job outlives the endpoint: the model is its own.</summary>
    public required string EndpointName { get; set; }

    /// <summary>Fixed when the job was made.</summary>
    public int Version { get; set; }

    public required string ModelSha256 { get; set; }

    /// <summary>As the person knows it; shown, never used as a path.</summary>
    public required string FileName { get; set; }

    /// <summary>The finished upload that holds the file; null once the file is kept under its hash.</summary>
    public string? UploadId { get; set; }

    /// <summary>The file; null when the job is completed and needs it no more.</summary>
    public string? SourceSha256 { get; set; }

    /// <summary>How the file is read; null until that was detected.</summary>
    public CsvOptions? Options { get; set; }

    public BatchJobStatus Status { get; set; }

    /// <summary>Why it failed or was interrupted, for people.</summary>
    public string? Reason { get; set; }

    public long RowsDone { get; set; }

    /// <summary>Of these, rows without a prediction.</summary>
    public long ErrorRows { get; set; }

    public IReadOnlyList<BatchError> FirstErrors { get; set; } = [];

    /// <summary>Of the unpacked file.</summary>
    public long BytesDone { get; set; }

    /// <summary>0 until the file is unpacked.</summary>
    public long BytesTotal { get; set; }

    /// <summary>Length of the answer up to the rows that are done.</summary>
    public long OutputBytes { get; set; }

    public string? ResultSha256 { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? StartedAt { get; set; }
    public DateTimeOffset? FinishedAt { get; set; }

    public bool IsOpen => Status is BatchJobStatus.Queued or BatchJobStatus.Running;

    /// <summary>Whether it can be asked to go on.</summary>
    public bool CanGoOn => Status is BatchJobStatus.Failed or BatchJobStatus.Cancelled or BatchJobStatus.Interrupted;
}

/// <summary>What an access token opens.</summary>
public enum AccessTokenKind
{
    /// <summary>Signs a browser in, once.</summary>
    SignIn,

    /// <summary>Bearer token for the management API.</summary>
    Management,

    /// <summary>Makes whoever has it a member of a workspace, once.</summary>
    Invitation,
}

/// <summary>A secret that was handed out; only its hash is kept.</summary>
public sealed class AccessTokenRow
{
    public int Id { get; set; }
    public AccessTokenKind Kind { get; set; }
    public required string Name { get; set; }
    public required string Prefix { get; set; }
    public required byte[] Hash { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset ExpiresAt { get; set; }
    public DateTimeOffset? UsedAt { get; set; }
    public DateTimeOffset? RevokedAt { get; set; }

    /// <summary>Whom it signs in, for whom it acts, or who invites; null before the first account was made, which then took them over.</summary>
    public int? UserId { get; set; }

    /// <summary>The only workspace in which it may do anything, or to which it invites; null where it is not bounded.</summary>
    public int? WorkspaceId { get; set; }

    /// <summary>What may be done with it at most, or the role that it gives.</summary>
    public WorkspaceRole? Role { get; set; }

    /// <summary>For an invitation: whoever a provider of single sign-on proves to have this address may follow it without the link. Null for none.</summary>
    public string? Email { get; set; }
}

/// <summary>A request that carried an idempotency key, and what it was answered with.</summary>
public sealed class IdempotencyRow
{
    public int Id { get; set; }

    /// <summary>Whose key it is: the same word of another person is another key.</summary>
    public int UserId { get; set; }

    /// <summary>SHA-256 of the key in hex.</summary>
    public required string KeySha256 { get; set; }

    /// <summary>SHA-256 of method, address, content type and body in hex.</summary>
    public required string RequestSha256 { get; set; }

    public DateTimeOffset At { get; set; }

    /// <summary>The run of the program that works on it; what an earlier run began and did not answer is not under way any more.</summary>
    public required string Run { get; set; }

    /// <summary>Status, headers and body of the answer, sealed: it may hold a key that is shown once. Null while there is none.</summary>
    public byte[]? Answer { get; set; }
}
