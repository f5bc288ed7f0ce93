using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace ModelWorkbench.Core.Recipes;

/// <summary>How records of Core are written as JSON, in files, in the database and by the API.</summary>
public static class CoreJson
{
    /// <summary>camelCase names and enum values. A property, or an element of a list, that is absent or null where the record needs it is an error, not a silent null.</summary>
    public static JsonSerializerOptions Options { get; } = Create();

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            // A person writes the discriminator anywhere in the object.
            AllowOutOfOrderMetadataProperties = true,
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { RemoveIgnored, RefuseNullElements } },
        };
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
        options.MakeReadOnly();
        return options;
    }

    /// <summary>The serialiser does not see <see cref="JsonIgnoreAttribute"/> on the base of an overridden property; this does.</summary>
    private static void RemoveIgnored(JsonTypeInfo type)
    {
        for (var i = type.Properties.Count - 1; i >= 0; i--)
            if (type.Properties[i].AttributeProvider is PropertyInfo property
                && Attribute.GetCustomAttribute(property, typeof(JsonIgnoreAttribute), inherit: true) is JsonIgnoreAttribute { Condition: JsonIgnoreCondition.Always })
                type.Properties.RemoveAt(i);
    }

    /// <summary>The serialiser looks at the nullability of a list, but not of its elements; this does.</summary>
    private static void RefuseNullElements(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object) return;
        // Not safe for several threads, hence one each; a type is described once.
        var nullability = new NullabilityInfoContext();
        var lists = type.Properties.Where(p => p.Get is not null && p.AttributeProvider is PropertyInfo declared
            && p.PropertyType.IsGenericType && p.PropertyType.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) && !p.PropertyType.GenericTypeArguments[0].IsValueType
            && nullability.Create(declared).GenericTypeArguments[0].ReadState == NullabilityState.NotNull).ToArray();
        if (lists.Length == 0) return;
        type.OnDeserialized = read =>
        {
            foreach (var property in lists)
            {
                var index = 0;
                foreach (var element in (IEnumerable?)property.Get!(read) ?? Array.Empty<object>())
                {
                    index++;
                    if (element is null) throw new JsonException($"'{property.Name}': element {index} is null, expected a value.");
                }
            }
        };
    }
}
