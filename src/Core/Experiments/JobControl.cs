using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Tuning;

namespace ModelWorkbench.Core.Experiments;

/// <summary>What a training process can be told while it searches: one line of JSON each.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "command")]
[JsonDerivedType(typeof(Extend), "extend")]
[JsonDerivedType(typeof(FinishNow), "finish")]
[JsonDerivedType(typeof(TryThis), "try")]
public abstract record JobCommand
{
    /// <param name="BudgetSeconds">The whole budget from now on.</param>
    public sealed record Extend(double BudgetSeconds) : JobCommand;

    /// <summary>End the search, the trial in flight with it, and make ensemble and models of what is there.</summary>
    public sealed record FinishNow : JobCommand;

    /// <param name="Spec">To be tried next.</param>
    public sealed record TryThis(TrialSpec Spec) : JobCommand;
}

/// <summary>The reins of a running search. Safe for several threads.</summary>
public sealed class JobControl : IDisposable
{
    private readonly ConcurrentQueue<TrialSpec> _wanted = [];
    private readonly CancellationTokenSource _finish = new();
    private double _budgetSeconds;

    /// <summary>Cancelled when the search is to end now.</summary>
    public CancellationToken Finishing => _finish.Token;

    /// <summary>The budget as it was last changed; null where it never was.</summary>
    public double? BudgetSeconds => Volatile.Read(ref _budgetSeconds) is > 0 and var seconds ? seconds : null;

    public bool TryTake(out TrialSpec? spec) => _wanted.TryDequeue(out spec);

    /// <param name="line">A <see cref="JobCommand"/> as JSON; anything else is passed over.</param>
    public void Tell(string line)
    {
        JobCommand? command;
        try
        {
            command = JsonSerializer.Deserialize<JobCommand>(line, CoreJson.Options);
        }
        catch (JsonException)
        {
            return;
        }
        if (command is not null) Tell(command);
    }

    public void Tell(JobCommand command)
    {
        switch (command)
        {
            case JobCommand.Extend extend: Volatile.Write(ref _budgetSeconds, extend.BudgetSeconds); break;
            case JobCommand.FinishNow: _finish.Cancel(); break;
            case JobCommand.TryThis wanted: _wanted.Enqueue(wanted.Spec); break;
        }
    }

    public void Dispose() => _finish.Dispose();
}
