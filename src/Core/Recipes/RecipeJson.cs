using System.Text.Json;
using System.Text.Json.Serialization;
using ModelWorkbench.Core.Recipes.Expressions;

namespace ModelWorkbench.Core.Recipes;

/// <summary>What is wrong with the JSON of a recipe.</summary>
/// <param name="Path">Where: <c>steps[2].columns</c>; empty for the whole.</param>
/// <param name="Message">For people: what was found and what was expected.</param>
/// <param name="Line">1-based line of the text, where it is known.</param>
public sealed record RecipeJsonProblem(string Path, string Message, long? Line = null);

/// <summary>A recipe or what is wrong with its text.</summary>
/// <param name="Recipe">Null where there are problems.</param>
public sealed record RecipeJsonResult(Recipe? Recipe, IReadOnlyList<RecipeJsonProblem> Problems);

/// <summary>Recipes as JSON files that people keep, pass on and write.</summary>
public static class RecipeJson
{
    private const int MaxSteps = 1000;
    private static readonly JsonSerializerOptions Indented = new(CoreJson.Options) { WriteIndented = true };

    private static readonly IReadOnlyDictionary<string, Type> Steps = typeof(RecipeStep).GetCustomAttributes(typeof(JsonDerivedTypeAttribute), false)
        .Cast<JsonDerivedTypeAttribute>().ToDictionary(a => (string)a.TypeDiscriminator!, a => a.DerivedType, StringComparer.Ordinal);

    /// <summary>The names of all steps, as in the JSON.</summary>
    public static IReadOnlyCollection<string> StepNames => (IReadOnlyCollection<string>)Steps.Keys;

    public static string Write(Recipe recipe) => JsonSerializer.Serialize(recipe, Indented);

    /// <summary>Reads what <see cref="Write"/> wrote or a person did; comments and commas too many are allowed. All steps are looked at, each for its first fault.</summary>
    public static RecipeJsonResult Parse(string text)
    {
        JsonDocument document;
        try { document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = 64 }); }
        catch (JsonException exception) { return Fail("", "The text is no JSON: " + Shorten(exception.Message), exception.LineNumber + 1); }
        using (document)
        {
            var root = document.RootElement;
            var (list, path) = root.ValueKind == JsonValueKind.Array ? (root, "") : (default, "steps");
            if (root.ValueKind == JsonValueKind.Object)
            {
                foreach (var property in root.EnumerateObject())
                    if (property.Name.Equals("steps", StringComparison.OrdinalIgnoreCase)) list = property.Value;
                if (list.ValueKind == JsonValueKind.Undefined) return Fail("", "There is no 'steps'; expected {\"steps\": [ … ]}.");
            }
            if (list.ValueKind != JsonValueKind.Array) return Fail(root.ValueKind == JsonValueKind.Object ? path : "", $"Found {Noun(root.ValueKind == JsonValueKind.Object ? list.ValueKind : root.ValueKind)}, expected a list of steps.");
            if (list.GetArrayLength() > MaxSteps) return Fail(path, $"Found {list.GetArrayLength()} steps, expected at most {MaxSteps}.");

            var problems = new List<RecipeJsonProblem>();
            var steps = new List<RecipeStep>();
            foreach (var (index, element) in list.EnumerateArray().Index())
                if (ReadStep(element, $"{path}[{index}]", problems) is { } step) steps.Add(step);
            return problems.Count > 0 ? new RecipeJsonResult(null, problems) : new RecipeJsonResult(new Recipe(steps), []);
        }
    }

    private static RecipeStep? ReadStep(JsonElement element, string path, List<RecipeJsonProblem> problems)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            problems.Add(new RecipeJsonProblem(path, $"Found {Noun(element.ValueKind)}, expected a step such as {{\"step\": \"drop-columns\", \"columns\": [\"id\"]}}."));
            return null;
        }
        if (!element.TryGetProperty("step", out var name) || name.ValueKind != JsonValueKind.String)
        {
            problems.Add(new RecipeJsonProblem($"{path}.step", $"The step has no name; expected one of: {string.Join(", ", Steps.Keys)}."));
            return null;
        }
        if (!Steps.TryGetValue(name.GetString()!, out var type))
        {
            var nearest = ExpressionBinder.Nearest(name.GetString()!, Steps.Keys);
            problems.Add(new RecipeJsonProblem($"{path}.step", $"There is no step '{name.GetString()}'{(nearest is null ? $"; expected one of: {string.Join(", ", Steps.Keys)}." : $"; did you mean '{nearest}'?")}"));
            return null;
        }
        var known = CoreJson.Options.GetTypeInfo(type).Properties.Select(p => p.Name).Append("step").ToArray();
        var before = problems.Count;
        foreach (var property in element.EnumerateObject())
            if (!known.Contains(property.Name, StringComparer.OrdinalIgnoreCase) && !property.Name.StartsWith('$'))
            {
                var nearest = ExpressionBinder.Nearest(property.Name, known);
                problems.Add(new RecipeJsonProblem($"{path}.{property.Name}", $"'{name.GetString()}' has no setting '{property.Name}'{(nearest is null ? $"; its settings are: {string.Join(", ", known)}." : $"; did you mean '{nearest}'?")}"));
            }
        if (problems.Count > before) return null;
        try { return element.Deserialize<RecipeStep>(CoreJson.Options); }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or ArgumentException)
        {
            var inside = (exception as JsonException)?.Path is { Length: > 1 } at ? at[1..] : "";
            problems.Add(new RecipeJsonProblem(path + inside, Describe(type, inside, element, exception)));
            return null;
        }
    }

    private static string Describe(Type step, string inside, JsonElement element, Exception exception)
    {
        var setting = inside.TrimStart('.').Split('.', '[')[0];
        var property = CoreJson.Options.GetTypeInfo(step).Properties.FirstOrDefault(p => p.Name.Equals(setting, StringComparison.OrdinalIgnoreCase));
        if (property is null) return Shorten(exception.Message);
        var found = element.EnumerateObject().FirstOrDefault(p => p.Name.Equals(setting, StringComparison.OrdinalIgnoreCase)).Value;
        return $"Found {(found.ValueKind == JsonValueKind.Undefined ? "nothing" : Shorten(found.GetRawText()))}, expected {Expected(property.PropertyType)}.";
    }

    private static string Expected(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum) return "one of: " + string.Join(", ", Enum.GetNames(type).Select(JsonNamingPolicy.CamelCase.ConvertName));
        if (type == typeof(string)) return "a text";
        if (type == typeof(bool)) return "true or false";
        if (type == typeof(int) || type == typeof(long)) return "a whole number";
        if (type == typeof(double)) return "a number";
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>)) return "a list, each " + Expected(type.GenericTypeArguments[0]);
        return "another value";
    }

    private static RecipeJsonResult Fail(string path, string message, long? line = null) => new(null, [new RecipeJsonProblem(path, message, line)]);

    private static string Noun(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        _ => "null",
    };

    /// <summary>One line, and not the serialiser's words about its own paths.</summary>
    private static string Shorten(string message)
    {
        var end = message.IndexOf(" Path: ", StringComparison.Ordinal);
        var text = ScriptLiterals.Comment(end > 0 ? message[..end] : message);
        return text.Length <= 200 ? text : text[..200] + "…";
    }
}
