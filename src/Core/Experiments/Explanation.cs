namespace ModelWorkbench.Core.Experiments;

/// <summary>Something computed to explain a finished model, or why it could not be.</summary>
/// <param name="Value">Null where there is a reason.</param>
/// <param name="WhyNot">For people; null where there is a value.</param>
internal sealed record Explanation<T>(T? Value, string? WhyNot) where T : class;

/// <summary>Runs what explains a model so that neither its time nor its failure costs the model.</summary>
internal static class Explanation
{
    public const string TimedOut = "Not computed within the time budget.";

    /// <summary>No more than a person would wait.</summary>
    public const double MostSeconds = 20;

    private const double FewestSeconds = 2;

    /// <summary>The time for an explanation: what is left of the trial's, but enough for small tables even where nothing is left, and no more than a person would wait.</summary>
    public static double Seconds(double left) => Math.Clamp(left, FewestSeconds, MostSeconds);

    /// <param name="compute">Looks at its token.</param>
    /// <param name="seconds">After which that token is cancelled.</param>
    /// <param name="cancellationToken">The person's.</param>
    /// <exception cref="OperationCanceledException">Cancelled by the person, not by time.</exception>
    public static Explanation<T> Run<T>(Func<CancellationToken, T> compute, double seconds, CancellationToken cancellationToken) where T : class
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(seconds));
        try
        {
            return new Explanation<T>(compute(deadline.Token), null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Explanation<T>(null, TimedOut);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return new Explanation<T>(null, OfFailure(e));
        }
    }

    /// <summary>What went wrong, for people; of work on several threads the cause, not that there was one.</summary>
    public static string OfFailure(Exception exception)
    {
        var causes = exception is AggregateException several ? [.. several.Flatten().InnerExceptions] : new[] { exception };
        return causes.Any(cause => cause is OutOfMemoryException)
            ? "Not enough memory. Fewer columns, fewer rows or a larger limit (TrainingMemoryMegabytes) would help."
            : causes[0].Message;
    }
}
