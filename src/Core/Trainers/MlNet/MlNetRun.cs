using System.Runtime.CompilerServices;
using Microsoft.ML;

namespace ModelWorkbench.Core.Trainers;

/// <summary>One training by ML.NET in a context of its own, so that it can be cancelled without touching others.</summary>
internal static class MlNetRun
{
    /// <exception cref="OperationCanceledException">Cancelled, whatever ML.NET made of it.</exception>
    /// <exception cref="TrainingFailedException">ML.NET could not learn from this data.</exception>
    public static T Execute<T>(int seed, CancellationToken cancellationToken, Func<MLContext, T> train)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var context = new MLContext(seed);
        using var registration = cancellationToken.Register(() => CancelExecution(context));
        try
        {
            var result = train(context);
            cancellationToken.ThrowIfCancellationRequested();
            return result;
        }
        // Cancelling makes ML.NET throw many kinds of exceptions, some of them inside others.
        catch (Exception e) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("Training was cancelled.", e, cancellationToken);
        }
        catch (DllNotFoundException e)
        {
            throw new TrainingFailedException($"A native library of ML.NET cannot be loaded on this machine: {e.Message}", e);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or AggregateException or NotSupportedException or ArithmeticException)
        {
            throw new TrainingFailedException($"ML.NET could not learn from this data: {e.GetBaseException().Message}", e);
        }
    }

    // Public only in a package that is not published; the method is what that package calls.
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "CancelExecution")]
    private static extern void CancelExecution(MLContext context);
}
