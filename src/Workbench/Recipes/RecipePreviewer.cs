using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;

namespace ModelWorkbench.Workbench.Recipes;

/// <summary>Makes previews off the page's own thread, one at a time: a new one ends the one before.</summary>
public sealed class RecipePreviewer : IDisposable
{
    /// <param name="Preview">What each step did, and the result.</param>
    /// <param name="Suggestions">Steps that the result still calls for.</param>
    public sealed record Made(RecipePreview Preview, IReadOnlyList<StepSuggestion> Suggestions);

    private CancellationTokenSource? _running;

    /// <returns>Null where a newer call, or the end of the page, overtook this one.</returns>
    public async Task<Made?> MakeAsync(Table table, Recipe recipe, DatasetProfile profile)
    {
        var before = _running;
        using var running = _running = new CancellationTokenSource();
        if (before is not null) await before.CancelAsync();
        try
        {
            var made = await Task.Run(() =>
            {
                var preview = recipe.Preview(table, null, running.Token);
                return new Made(preview, StepSuggestion.Find(profile, recipe.Steps, preview.Result));
            }, running.Token);
            return running.IsCancellationRequested ? null : made;
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

    public void Dispose() => _running?.Cancel();
}
