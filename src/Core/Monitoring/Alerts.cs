namespace ModelWorkbench.Core.Monitoring;

/// <summary>What an endpoint is watched for.</summary>
public enum AlertKind
{
    /// <summary>Share of the requests that failed by a fault of ours; 0 to 1.</summary>
    ErrorShare,

    /// <summary>Share of the requests whose rows do not fit the model; 0 to 1.</summary>
    InvalidShare,

    /// <summary>Time that 99 % of the answers stay under, in milliseconds.</summary>
    Latency,

    /// <summary>Minutes without a request.</summary>
    Silence,

    /// <summary>Of a column: share of missing values above that of the training rows; 0 to 1.</summary>
    MissingRise,

    /// <summary>Of a column: share of categories that training rows did not have; 0 to 1.</summary>
    UnseenShare,

    /// <summary>Of a column: population stability index beside the training rows.</summary>
    ColumnDrift,

    /// <summary>Population stability index of the answers beside those for the training rows.</summary>
    AnswerDrift,

    /// <summary>By how much the answers are worse than in training: points of accuracy, for numbers the share by which the mean absolute error is higher; 0 to 1 and more.</summary>
    QualityLoss,
}

/// <summary>From which figures on somebody is told; a figure that is null is not watched.</summary>
/// <param name="WindowMinutes">Requests of so many minutes are looked at together.</param>
/// <param name="MinimumRequests">With fewer in that time nothing is concluded of them.</param>
/// <param name="MostErrorShare">Of <see cref="AlertKind.ErrorShare"/>.</param>
/// <param name="MostInvalidShare">Of <see cref="AlertKind.InvalidShare"/>.</param>
/// <param name="MostMilliseconds">Of <see cref="AlertKind.Latency"/>.</param>
/// <param name="MostSilentMinutes">Of <see cref="AlertKind.Silence"/>; many endpoints rest at night, so it is not watched unless somebody says so.</param>
/// <param name="DriftHours">Rows and truths of so many hours are looked at together.</param>
/// <param name="MostMissingRise">Of <see cref="AlertKind.MissingRise"/>.</param>
/// <param name="MostUnseenShare">Of <see cref="AlertKind.UnseenShare"/>.</param>
/// <param name="MostColumnPsi">Of <see cref="AlertKind.ColumnDrift"/>.</param>
/// <param name="MostAnswerPsi">Of <see cref="AlertKind.AnswerDrift"/>.</param>
/// <param name="MostQualityLoss">Of <see cref="AlertKind.QualityLoss"/>.</param>
/// <param name="MinimumTruths">With fewer rows whose truth is known nothing is concluded of them.</param>
/// <param name="IgnoredColumns">Columns that nobody is told about.</param>
/// <param name="MutedUntil">Until then alerts are written down and nobody is told; null for never.</param>
public sealed record AlertRules(
    int WindowMinutes = 15, int MinimumRequests = 20, double? MostErrorShare = 0.02, double? MostInvalidShare = 0.25, double? MostMilliseconds = 250, int? MostSilentMinutes = null,
    int DriftHours = 24, double? MostMissingRise = 0.2, double? MostUnseenShare = 0.1, double? MostColumnPsi = ColumnDrift.StrongPsi, double? MostAnswerPsi = ColumnDrift.StrongPsi,
    double? MostQualityLoss = 0.1, int MinimumTruths = 50, IReadOnlyList<string>? IgnoredColumns = null, DateTimeOffset? MutedUntil = null)
{
    public IReadOnlyList<string> IgnoredColumns { get; init; } = IgnoredColumns ?? [];

    public bool IsMuted(DateTimeOffset now) => MutedUntil > now;

    /// <summary>Every value that cannot work, with name, found and expected.</summary>
    public IReadOnlyList<string> Problems()
    {
        List<string> problems = [];
        Check("windowMinutes", WindowMinutes, 1, 1_440);
        Check("minimumRequests", MinimumRequests, 1, 1_000_000);
        Check("mostErrorShare", MostErrorShare, 0, 1);
        Check("mostInvalidShare", MostInvalidShare, 0, 1);
        Check("mostMilliseconds", MostMilliseconds, 0.001, 600_000);
        Check("mostSilentMinutes", MostSilentMinutes, 1, 43_200);
        Check("driftHours", DriftHours, 1, 720);
        Check("mostMissingRise", MostMissingRise, 0, 1);
        Check("mostUnseenShare", MostUnseenShare, 0, 1);
        Check("mostColumnPsi", MostColumnPsi, 0.01, 10);
        Check("mostAnswerPsi", MostAnswerPsi, 0.01, 10);
        Check("mostQualityLoss", MostQualityLoss, 0, 10);
        Check("minimumTruths", MinimumTruths, 1, 1_000_000);
        return problems;

        void Check(string name, double? found, double minimum, double maximum)
        {
            if (found is { } value && !(value >= minimum && value <= maximum)) problems.Add(FormattableString.Invariant($"alerts.{name} is {value}; expected {minimum} to {maximum}."));
        }
    }

    /// <summary>What the requests of the window say.</summary>
    /// <param name="counts">Of the window.</param>
    /// <param name="silentMinutes">Since the last request, or since the endpoint began.</param>
    public IReadOnlyList<AlertReading> Read(TrafficCounts counts, double silentMinutes)
    {
        var tells = counts.Requests >= MinimumRequests;
        List<AlertReading> readings = [];
        if (MostErrorShare is { } errors) readings.Add(new(AlertKind.ErrorShare, "", tells ? (double)counts.Failed / counts.Requests : null, errors));
        if (MostInvalidShare is { } invalid) readings.Add(new(AlertKind.InvalidShare, "", tells ? (double)counts.Invalid / counts.Requests : null, invalid));
        if (MostMilliseconds is { } slow) readings.Add(new(AlertKind.Latency, "", tells ? counts.P99Microseconds / 1000 : null, slow));
        if (MostSilentMinutes is { } silent) readings.Add(new(AlertKind.Silence, "", silentMinutes, silent));
        return readings;
    }

    /// <summary>What the logged rows say.</summary>
    public IReadOnlyList<AlertReading> Read(ColumnDrift? answers, IReadOnlyList<ColumnDrift> columns)
    {
        List<AlertReading> readings = [];
        foreach (var column in columns.Where(c => !IgnoredColumns.Contains(c.Name)))
        {
            var tells = column.RowCount >= Monitoring.ColumnDrift.LeastRows;
            if (MostMissingRise is { } missing) readings.Add(new(AlertKind.MissingRise, column.Name, tells ? Math.Max(0, column.MissingShare - column.TrainingMissingShare) : null, missing));
            if (MostUnseenShare is { } unseen) readings.Add(new(AlertKind.UnseenShare, column.Name, tells ? column.UnseenShare : null, unseen));
            if (MostColumnPsi is { } psi) readings.Add(new(AlertKind.ColumnDrift, column.Name, PsiOf(column), psi));
        }
        if (MostAnswerPsi is { } answersPsi && answers is not null) readings.Add(new(AlertKind.AnswerDrift, "", PsiOf(answers), answersPsi));
        return readings;
    }

    // What chance explains is no drift, however large the index of few rows is.
    private static double? PsiOf(ColumnDrift column) => column.Level == DriftLevel.TooFewRows ? null : column.IsBeyondChance ? column.Psi : 0;

    /// <summary>What the known truths say.</summary>
    /// <param name="quality">Of the live version; null where no truth is known.</param>
    public IReadOnlyList<AlertReading> Read(LiveQuality? quality)
    {
        if (MostQualityLoss is not { } most) return [];
        return [new(AlertKind.QualityLoss, "", quality is { InTraining: not null } known && known.RowCount >= MinimumTruths ? known.Loss : null, most)];
    }
}

/// <summary>One figure beside its threshold.</summary>
/// <param name="Subject">A column; empty where the whole endpoint is meant.</param>
/// <param name="Figure">In the unit of the kind; null where nothing can be concluded.</param>
public sealed record AlertReading(AlertKind Kind, string Subject, double? Figure, double Threshold);

/// <summary>What a reading does to an alert.</summary>
public enum AlertStep { Stay, Raise, Clear }

/// <summary>Whether an alert is up: raised once when a figure passes its threshold, cleared once when it has been well below for a while, so that a figure around the threshold does not ring again and again.</summary>
/// <param name="IsRaised">Whether it is up.</param>
/// <param name="CalmLooks">Readings in a row that were well below the threshold while it is up.</param>
public readonly record struct AlertCourse(bool IsRaised, int CalmLooks = 0)
{
    /// <summary>Readings in a row that clear an alert.</summary>
    public const int ClearingLooks = 3;

    /// <summary>Well below: at most this share of the threshold.</summary>
    public const double CalmShare = 0.8;

    /// <returns>The course after the reading, and what happened. A figure that is not known changes nothing.</returns>
    public (AlertCourse Course, AlertStep Step) Next(AlertReading reading)
    {
        if (reading.Figure is not { } figure || double.IsNaN(figure)) return (this, AlertStep.Stay);
        // A request that came ends a silence, there is nothing to wait for.
        var isSilence = reading.Kind == AlertKind.Silence;
        var isOver = isSilence ? figure >= reading.Threshold : figure > reading.Threshold;
        if (!IsRaised) return isOver ? (new AlertCourse(true), AlertStep.Raise) : (this, AlertStep.Stay);
        var isCalm = isSilence ? !isOver : figure <= CalmShare * reading.Threshold;
        if (!isCalm) return (new AlertCourse(true), AlertStep.Stay);
        return isSilence || CalmLooks + 1 >= ClearingLooks ? (new AlertCourse(false), AlertStep.Clear) : (new AlertCourse(true, CalmLooks + 1), AlertStep.Stay);
    }
}
