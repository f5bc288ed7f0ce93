using System.Text.Json;
using System.Text.Json.Serialization;

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
        };
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
