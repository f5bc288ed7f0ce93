using System.Text.Json;
using System.Text.Json.Serialization;

namespace ModelWorkbench.Core.Trainers;

/// <summary>One value for each dial of a trainer. Two are equal when they name the same values.</summary>
[JsonConverter(typeof(Converter))]
public sealed class HyperparameterValues : IEquatable<HyperparameterValues>
{
    private readonly SortedDictionary<string, double> _values;

    public HyperparameterValues(IEnumerable<KeyValuePair<string, double>> values)
    {
        _values = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var (id, value) in values) _values[id] = value;
    }

    public static HyperparameterValues None { get; } = new([]);

    /// <summary>By the dial's id, in order of ids.</summary>
    public IReadOnlyDictionary<string, double> ById => _values;

    /// <exception cref="KeyNotFoundException">There is no value for this dial.</exception>
    public double this[string id] => _values.TryGetValue(id, out var value) ? value
        : throw new KeyNotFoundException($"There is no value for the hyperparameter '{id}'. There are values for: {string.Join(", ", _values.Keys)}.");

    public int Whole(string id) => (int)this[id];

    public HyperparameterValues With(string id, double value) => new(_values.Where(v => v.Key != id).Append(new(id, value)));

    /// <summary>The default of every dial.</summary>
    public static HyperparameterValues Defaults(IEnumerable<Hyperparameter> space) => new(space.Select(h => KeyValuePair.Create(h.Id, h.Default)));

    /// <summary>Given values, held inside this space's ranges; what is not given is the default, and what the space does not know is left out.</summary>
    public HyperparameterValues Fit(IEnumerable<Hyperparameter> space) =>
        new(space.Select(h => KeyValuePair.Create(h.Id, _values.TryGetValue(h.Id, out var value) ? Math.Clamp(h.IsWhole ? Math.Round(value) : value, h.Minimum, h.Maximum) : h.Default)));

    /// <summary>Every reason why these values do not suit a space; empty where they do. Values that are not given are no reason.</summary>
    public IReadOnlyList<string> Problems(IReadOnlyList<Hyperparameter> space) =>
    [
        .. _values.Keys.Where(id => space.All(h => h.Id != id)).Select(id => $"There is no hyperparameter '{id}'. The hyperparameters are: {string.Join(", ", space.Select(h => h.Id))}."),
        .. space.Where(h => _values.ContainsKey(h.Id)).Select(h => h.Problem(_values[h.Id])).OfType<string>(),
    ];

    public bool Equals(HyperparameterValues? other) => other is not null && _values.SequenceEqual(other._values);
    public override bool Equals(object? obj) => Equals(obj as HyperparameterValues);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var (id, value) in _values) hash.Add(HashCode.Combine(id, value));
        return hash.ToHashCode();
    }

    public override string ToString() => string.Join(", ", _values.Select(v => FormattableString.Invariant($"{v.Key} {v.Value}")));

    private sealed class Converter : JsonConverter<HyperparameterValues>
    {
        public override HyperparameterValues Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            new(JsonSerializer.Deserialize<Dictionary<string, double>>(ref reader, options) ?? throw new JsonException("Expected an object with a number for each hyperparameter."));

        public override void Write(Utf8JsonWriter writer, HyperparameterValues value, JsonSerializerOptions options) => JsonSerializer.Serialize(writer, value._values, options);
    }
}
