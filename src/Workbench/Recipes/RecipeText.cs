using System.Text.Json;
using ModelWorkbench.Core.Recipes;

namespace ModelWorkbench.Workbench.Recipes;

/// <summary>A recipe as a file that people keep, send and edit.</summary>
public static class RecipeText
{
    private static readonly JsonSerializerOptions Indented = new(CoreJson.Options) { WriteIndented = true };

    public static string Write(Recipe recipe) => JsonSerializer.Serialize(recipe, Indented);

    /// <summary>Reads <c>{"steps": […]}</c>, or the bare list of steps.</summary>
    /// <exception cref="FormatException">It is none; the message names the place, what was found and what was expected.</exception>
    public static Recipe Read(string text)
    {
        if (string.IsNullOrWhiteSpace(text)) throw new FormatException("The recipe is empty; expected {\"steps\": […]}.");
        try
        {
            return text.TrimStart().StartsWith('[')
                ? new Recipe(JsonSerializer.Deserialize<IReadOnlyList<RecipeStep>>(text, CoreJson.Options) is { } steps && steps.All(s => s is not null) ? steps : throw new FormatException("A step is null; expected an object with a \"step\"."))
                : JsonSerializer.Deserialize<Recipe>(text, CoreJson.Options) ?? throw new FormatException("Found null; expected {\"steps\": […]}.");
        }
        catch (JsonException e)
        {
            var place = e.LineNumber is { } line ? $"Line {line + 1}" + (string.IsNullOrEmpty(e.Path) || e.Path == "$" ? "" : $", at {e.Path}") : "";
            var message = e.Message.Split(" Path: ")[0];
            if (message.Contains("type discriminator", StringComparison.Ordinal)) message += $" The steps are: {string.Join(", ", StepKind.All.Select(k => k.Id))}.";
            throw new FormatException(place.Length == 0 ? message : $"{place}: {message}", e);
        }
        catch (NotSupportedException e)
        {
            // What the serialiser says of an object without its discriminator.
            throw new FormatException($"A step does not say what it is; expected \"step\" with one of: {string.Join(", ", StepKind.All.Select(k => k.Id))}.", e);
        }
    }
}
