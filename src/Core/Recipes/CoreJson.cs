using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace ModelWorkbench.Core.Recipes;

/// <summary>How records of Core are written as JSON, in files, in the database and by the API.</summary>
public static class CoreJson
{
    /// <summary>camelCase names and enum values. A property that is absent or null where the record needs it is an error, not a silent null.</summary>
    public static JsonSerializerOptions Options { get; } = Create();

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            // A person writes the discriminator anywhere in the object.
            AllowOutOfOrderMetadataProperties = true,
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { RemoveIgnored } },
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
}
