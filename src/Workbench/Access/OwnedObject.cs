using System.Globalization;
using Microsoft.AspNetCore.Routing.Patterns;

namespace ModelWorkbench.Workbench.Access;

/// <summary>What belongs to a workspace by itself; everything below it (versions, trials, keys) belongs to where it does.</summary>
public enum OwnedKind { Dataset, Import, Upload, Experiment, Endpoint, Batch }

/// <summary>A thing that an address names.</summary>
/// <param name="Key">As it stands in the address: a number, an endpoint's name, an upload's id.</param>
public sealed record OwnedObject(OwnedKind Kind, string Key)
{
    private static readonly Dictionary<string, (OwnedKind Kind, string Parameter)> Families = new(StringComparer.OrdinalIgnoreCase)
    {
        ["datasets"] = (OwnedKind.Dataset, "id"),
        ["imports"] = (OwnedKind.Import, "id"),
        ["uploads"] = (OwnedKind.Upload, "id"),
        ["experiments"] = (OwnedKind.Experiment, "id"),
        ["endpoints"] = (OwnedKind.Endpoint, "name"),
        ["batches"] = (OwnedKind.Batch, "id"),
    };

    public OwnedObject(OwnedKind kind, int id) : this(kind, id.ToString(CultureInfo.InvariantCulture))
    {
    }

    /// <summary>The same words for what is not there and for what the caller must not know of.</summary>
    public string Missing => Kind switch
    {
        OwnedKind.Upload => "There is no such upload. It may have been finished or cancelled, or nothing happened to it for a day.",
        OwnedKind.Endpoint => $"There is no endpoint '{Key}'.",
        _ => $"There is no {Name} {Key}.",
    };

    public string Name => Kind.ToString().ToLowerInvariant();

    /// <summary>What an address of a page or of the API names; null where it names nothing that belongs to a workspace (a list, say).</summary>
    /// <param name="template"><c>/api/v1/datasets/{id:int}/rows</c> or <c>/datasets/{Id:int}</c>.</param>
    /// <param name="values">Of the parameters.</param>
    public static OwnedObject? Of(RoutePattern template, IReadOnlyDictionary<string, object?> values) =>
        FamilyOf(template) is { } family && template.GetParameter(family.Parameter) is { } parameter ? new OwnedObject(family.Kind, Convert.ToString(values[parameter.Name], CultureInfo.InvariantCulture) ?? "") : null;

    /// <summary>The kind of thing that all addresses of a template name; null where they name none.</summary>
    public static OwnedKind? KindOf(RoutePattern template) => FamilyOf(template) is { } family && template.GetParameter(family.Parameter) is not null ? family.Kind : null;

    private static (OwnedKind Kind, string Parameter)? FamilyOf(RoutePattern template)
    {
        foreach (var segment in template.PathSegments)
            if (segment.Parts is [RoutePatternLiteralPart { Content: var word }] && Families.TryGetValue(word, out var family)) return family;
        return null;
    }
}
