using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;

namespace ModelWorkbench.Workbench.Recipes;

/// <summary>Makes previews off the page's own thread, one at a time: a new one ends the one before. What the unchanged first steps gave is kept.</summary>
public sealed class RecipePreviewer : IDisposable
{
    /// <summary>A step on the sample.</summary>
    /// <param name="Before">The sample as the steps before leave it.</param>
    /// <param name="Preview">What the step does to it.</param>
    public sealed record Stage(Table Before, StepPreview Preview);

    /// <param name="Recipe">What was previewed.</param>
    /// <param name="Source">What on.</param>
    /// <param name="Stages">One a step.</param>
    public sealed record Made(Recipe Recipe, RecipeSource Source, IReadOnlyList<Stage> Stages)
    {
        /// <summary>The sample after all steps.</summary>
        public Table Result => Stages.Count == 0 ? Source.Sample : Stages[^1].Preview.After;
    }

    private readonly List<(string Step, Stage Stage)> _kept = [];
    private (Table? Sample, string? Target) _keptFor;
    private CancellationTokenSource? _running, _counting;

    /// <returns>Null where a newer call, or the end of the page, overtook this one.</returns>
    /// <param name="source">The dataset.</param>
    /// <param name="recipe">What to do to it.</param>
    /// <param name="target">The target's name, or null where none is chosen.</param>
    public async Task<Made?> MakeAsync(RecipeSource source, Recipe recipe, string? target)
    {
        var before = _running;
        using var running = _running = new CancellationTokenSource();
        if (before is not null) await before.CancelAsync();
        if (_counting is not null) await _counting.CancelAsync();
        try
        {
            return await Task.Run(() => Make(source, recipe, target, running.Token), running.Token);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        finally
        {
            if (ReferenceEquals(_running, running)) _running = null;
        }
    }

    /// <summary>Counts all rows of the dataset: the steps as they were fitted on the sample, replayed piece by piece.</summary>
    /// <returns>One count before the first step and one after each; null where it was overtaken.</returns>
    public async Task<IReadOnlyList<StageCount>?> CountAsync(Made made, IProgress<long>? progress)
    {
        if (_counting is not null) await _counting.CancelAsync();
        using var counting = _counting = new CancellationTokenSource();
        try
        {
            return await Task.Run(() => made.Source.IsWhole
                ? CountWhole(made, counting.Token)
                : RecipeCounts.Count([.. made.Stages.Select(s => s.Preview.Fitted)], made.Source.Pieces(counting.Token), progress, counting.Token), counting.Token);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        finally
        {
            if (ReferenceEquals(_counting, counting)) _counting = null;
        }
    }

    public void Dispose()
    {
        _running?.Cancel();
        _counting?.Cancel();
    }

    private Made Make(RecipeSource source, Recipe recipe, string? target, CancellationToken cancellationToken)
    {
        // A page's previews follow one another, but one that is overtaken may still be at its last step.
        lock (_kept)
        {
            if (!ReferenceEquals(_keptFor.Sample, source.Sample) || _keptFor.Target != target)
            {
                _kept.Clear();
                _keptFor = (source.Sample, target);
            }
            var table = source.Sample;
            for (var i = 0; i < recipe.Steps.Count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                // A label changes nothing that is computed.
                var step = JsonSerializer.Serialize(recipe.Steps[i] with { Label = null }, CoreJson.Options);
                if (i >= _kept.Count || _kept[i].Step != step)
                {
                    var made = new Stage(table, recipe.PreviewStep(i, table, target));
                    if (i < _kept.Count) _kept.RemoveRange(i, _kept.Count - i);
                    _kept.Add((step, made));
                }
                table = _kept[i].Stage.Preview.After;
            }
            if (_kept.Count > recipe.Steps.Count) _kept.RemoveRange(recipe.Steps.Count, _kept.Count - recipe.Steps.Count);
            return new Made(recipe, source, [.. _kept.Select(k => k.Stage)]);
        }
    }

    private static IReadOnlyList<StageCount> CountWhole(Made made, CancellationToken cancellationToken)
    {
        var counted = new Dictionary<Column, long>(ReferenceEqualityComparer.Instance);
        return [.. made.Stages.Select(s => s.Preview.After).Prepend(made.Source.Sample).Select(table =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new StageCount(table.RowCount, table.Columns.ToDictionary(c => c.Name, c => counted.TryGetValue(c, out var count) ? count : counted[c] = c.CountMissing()));
        })];
    }
}
