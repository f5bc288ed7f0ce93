using System.Collections;
using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes;

/// <summary>One setting of a step as a form shows it: its words, its value, and the step with another value.</summary>
/// <param name="Name">The setting's name in JSON: <c>columns</c>.</param>
/// <param name="Label">What people read beside it.</param>
public abstract record StepField(string Name, string Label)
{
    /// <summary>The explanation behind the question mark, a sentence or two.</summary>
    public string? Help { get; init; }

    /// <summary>Any number of columns.</summary>
    /// <param name="NoneMeans">What an empty choice stands for.</param>
    /// <param name="Kinds">Which can be chosen; empty for all.</param>
    /// <param name="IsOrdered">Whether the order of the names matters, and can be changed.</param>
    public sealed record ColumnList(string Name, string Label, IReadOnlyList<string> Value, Func<IReadOnlyList<string>, RecipeStep> Set, string NoneMeans, IReadOnlyList<ColumnKind> Kinds, bool IsOrdered = false) : StepField(Name, Label);

    /// <summary>A column.</summary>
    /// <param name="Kinds">Which can be chosen; empty for all.</param>
    /// <param name="NoneMeans">What no choice stands for, or null where one must be chosen.</param>
    public sealed record ColumnName(string Name, string Label, string? Value, Func<string?, RecipeStep> Set, IReadOnlyList<ColumnKind> Kinds, string? NoneMeans = null) : StepField(Name, Label);

    /// <summary>One of a few.</summary>
    public sealed record Choice(string Name, string Label, string Value, Func<string, RecipeStep> Set, IReadOnlyList<ChoiceOption> Options) : StepField(Name, Label);

    /// <summary>Any number of a few.</summary>
    public sealed record ChoiceList(string Name, string Label, IReadOnlyList<string> Value, Func<IReadOnlyList<string>, RecipeStep> Set, IReadOnlyList<ChoiceOption> Options) : StepField(Name, Label);

    /// <summary>Yes or no.</summary>
    public sealed record Flag(string Name, string Label, bool Value, Func<bool, RecipeStep> Set) : StepField(Name, Label);

    /// <summary>A number.</summary>
    /// <param name="IsWhole">Whether it has no decimals.</param>
    /// <param name="NoneMeans">What an empty box stands for, or null where a number is needed.</param>
    public sealed record Number(string Name, string Label, double? Value, Func<double?, RecipeStep> Set, bool IsWhole, string? NoneMeans = null) : StepField(Name, Label);

    /// <summary>A line of text.</summary>
    public sealed record Text(string Name, string Label, string? Value, Func<string?, RecipeStep> Set) : StepField(Name, Label);

    /// <summary>Texts, one a line.</summary>
    public sealed record TextList(string Name, string Label, IReadOnlyList<string> Value, Func<IReadOnlyList<string>, RecipeStep> Set) : StepField(Name, Label);

    /// <summary>A formula over columns.</summary>
    public sealed record Formula(string Name, string Label, string Value, Func<string, RecipeStep> Set) : StepField(Name, Label);

    /// <summary>The settings of a step by their names and types, in the order in which the step declares them.</summary>
    /// <remarks>
    /// Lists of texts named <c>…Columns</c> and texts named <c>…Column</c> are columns, a text named <c>Expression</c> or <c>Condition</c> is a formula;
    /// enumerations, flags, numbers and texts are what they are. A setting of another type has no field and is a fault of the step, which a test finds.
    /// </remarks>
    public static IReadOnlyList<StepField> Derive(RecipeStep step)
    {
        // The primary constructor: the one with the most parameters; a record's other one takes the record itself.
        var parameters = step.GetType().GetConstructors().OrderByDescending(c => c.GetParameters().Length).First().GetParameters();
        var settings = parameters.Select(p => step.GetType().GetProperty(p.Name!)).OfType<PropertyInfo>()
            .Concat(step.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly).Where(p => p.SetMethod is not null && parameters.All(q => q.Name != p.Name)))
            .Where(p => p.GetCustomAttribute<JsonIgnoreAttribute>() is not { Condition: JsonIgnoreCondition.Always });
        return [.. settings.Select(p => Derive(step, p)).OfType<StepField>()];
    }

    private static StepField? Derive(RecipeStep step, PropertyInfo property)
    {
        var said = property.GetCustomAttribute<FieldWordsAttribute>();
        var (name, label) = (JsonNamingPolicy.CamelCase.ConvertName(property.Name), said?.Label ?? Words(property.Name));
        return Derive(step, property, name, label, said) is { } field ? field with { Help = said?.Help } : null;
    }

    private static StepField? Derive(RecipeStep step, PropertyInfo property, string name, string label, FieldWordsAttribute? said)
    {
        var value = property.GetValue(step);
        var isOptional = new NullabilityInfoContext().Create(property).ReadState == NullabilityState.Nullable;
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        RecipeStep Set(object? changed) => With(step, property, changed);
        if (typeof(IReadOnlyList<string>).IsAssignableFrom(type))
            return property.Name.EndsWith("Columns", StringComparison.Ordinal)
                ? new ColumnList(name, label, (IReadOnlyList<string>?)value ?? [], Set, said?.NoneMeans ?? "none chosen", said?.Kinds ?? [], said?.IsOrdered == true)
                : new TextList(name, label, (IReadOnlyList<string>?)value ?? [], Set);
        if (typeof(IReadOnlyList<double>).IsAssignableFrom(type))
            return new TextList(name, label, [.. ((IReadOnlyList<double>?)value ?? []).Select(v => v.ToString("R", CultureInfo.InvariantCulture))], lines =>
                // A line that is no number is left out, as a list of numbers has no place for it.
                Set(lines.Select(line => ColumnConversion.TryParseNumber(line.Trim(), out var number) ? number : double.NaN).Where(double.IsFinite).ToArray()));
        if (type == typeof(string))
            return property.Name.EndsWith("Column", StringComparison.Ordinal) || property.Name is "GroupBy" or "By" || property.Name == "From" && step.GetType().GetProperty("To") is not null && step.GetType().GetProperty("Columns") is null
                ? new ColumnName(name, label, (string?)value, v => Set(isOptional && string.IsNullOrEmpty(v) ? null : v ?? ""), said?.Kinds ?? [], isOptional ? said?.NoneMeans ?? "none" : null)
                : property.Name is "Expression" or "Condition" ? new Formula(name, label, (string?)value ?? "", Set)
                : new Text(name, label, (string?)value, v => Set(isOptional && string.IsNullOrEmpty(v) ? null : v ?? ""));
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) && type.GenericTypeArguments[0] is { IsEnum: true } element)
            return new ChoiceList(name, label, [.. ((IEnumerable?)value ?? Array.Empty<object>()).Cast<object>().Select(v => v.ToString()!)], chosen =>
            {
                var values = Array.CreateInstance(element, chosen.Count);
                for (var i = 0; i < chosen.Count; i++) values.SetValue(Enum.Parse(element, chosen[i]), i);
                return Set(values);
            }, OptionsOf(element));
        if (type == typeof(bool)) return new Flag(name, label, value is true, v => Set(v));
        if (type.IsEnum)
            return new Choice(name, label, value?.ToString() ?? "", v => Set(v.Length == 0 ? null : Enum.Parse(type, v)),
                [.. isOptional ? [new ChoiceOption("", said?.NoneMeans ?? "by default")] : Array.Empty<ChoiceOption>(), .. OptionsOf(type)]);
        if (type == typeof(int) || type == typeof(long) || type == typeof(double))
            return new Number(name, label, value is null ? null : Convert.ToDouble(value, CultureInfo.InvariantCulture),
                v => v is null && !isOptional ? step : Set(v is null ? null : Convert.ChangeType(v, type, CultureInfo.InvariantCulture)), type != typeof(double), isOptional ? said?.NoneMeans ?? "none" : null);
        return null;
    }

    private static IReadOnlyList<ChoiceOption> OptionsOf(Type type) =>
        [.. Enum.GetNames(type).Select(v => new ChoiceOption(v, type.GetField(v)!.GetCustomAttribute<DescriptionAttribute>()?.Description ?? Words(v).ToLowerInvariant()))];

    /// <summary>What <c>step with { Property = value }</c> gives, for a property that is known at run time only.</summary>
    private static RecipeStep With(RecipeStep step, PropertyInfo property, object? value)
    {
        var copy = (RecipeStep)step.GetType().GetMethod("<Clone>$")!.Invoke(step, null)!;
        property.SetValue(copy, value);
        return copy;
    }

    /// <summary><c>MostFrequent</c> as <c>Most frequent</c>.</summary>
    private static string Words(string name)
    {
        var words = new StringBuilder();
        foreach (var letter in name)
        {
            if (char.IsUpper(letter) && words.Length > 0) words.Append(' ').Append(char.ToLowerInvariant(letter));
            else words.Append(letter);
        }
        return words.ToString();
    }
}

/// <param name="Value">As it is stored.</param>
/// <param name="Text">As people read it.</param>
public sealed record ChoiceOption(string Value, string Text);

/// <summary>What the form says beside a setting of a step; without it the words of its name stand there.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class FieldWordsAttribute(string label) : Attribute
{
    /// <summary>As <see cref="StepField.Label"/>.</summary>
    public string Label { get; } = label;

    /// <summary>As <see cref="StepField.Help"/>.</summary>
    public string? Help { get; init; }

    /// <summary>What an empty choice stands for: <c>all numeric columns</c>.</summary>
    public string? NoneMeans { get; init; }

    /// <summary>Of columns: whether their order matters.</summary>
    public bool IsOrdered { get; init; }

    /// <summary>Of columns: which can be chosen; empty for all.</summary>
    public ColumnKind[] Kinds { get; init; } = [];
}
