using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Models;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Recipes.Steps;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Serving;

/// <summary>From a row of a request to the features of a model without a table in between: recipe and encoder worked out for one row, no memory allocated.</summary>
/// <remarks>
/// Made for a model where every feature comes from one input: a number goes through the functions of the steps that change it (<see cref="FittedStep.NumberMap"/>); for a category the real recipe and encoder
/// are run once over all its choices, and what they give is looked up. Any other model is answered by way of a table. It is in use only after it gave the same features as the table, bit for bit, for the golden
/// rows of the model and for each of them with values missing.
/// </remarks>
public sealed class RowEncoder
{
    private readonly Feature[] _features;

    private RowEncoder(Feature[] features, int count) => (_features, FeatureCount) = (features, count);

    public int FeatureCount { get; }

    /// <summary>Null where a feature needs more than one input, or the proof fails.</summary>
    public static RowEncoder? TryMake(ModelPackage package)
    {
        var (pipeline, signature) = (package.Pipeline, package.Manifest.Signature);
        var steps = pipeline.Recipe.Steps.Where(step => !step.DropsRows && !step.TrainingOnly).ToArray();
        var (numbers, sources) = Trace(signature, steps);
        var features = new List<Feature>();
        var first = 0;
        foreach (var encoder in pipeline.Encoder.Columns)
        {
            if (Make(signature, pipeline.Recipe, encoder, first, numbers, sources) is not { } feature) return null;
            features.Add(feature);
            first += encoder.FeatureNames.Count;
        }
        var made = new RowEncoder([.. features], first);
        return made.IsEqualTo(pipeline, signature, package.Manifest.Golden.Rows) ? made : null;
    }

    /// <returns>False where a text is met that only the table's way knows.</returns>
    public bool TryEncode(RowBatch batch, int row, Span<float> features)
    {
        features.Clear();
        foreach (var feature in _features)
            if (!feature.TryWrite(batch, row, features)) return false;
        return true;
    }

    /// <summary>Where the values of a numeric column come from.</summary>
    /// <param name="Input">A numeric or date input.</param>
    /// <param name="FromMoment">For a date: the number taken from it; null while it is still a date.</param>
    /// <param name="Maps">What steps make of the number, in order.</param>
    /// <param name="IsFlag">Whether the column tells whether that number is missing.</param>
    private sealed record Chain(int Input, bool IsDate, Func<long, double>? FromMoment, IReadOnlyList<Func<double, double>> Maps, bool IsFlag = false);

    private static (Dictionary<string, Chain> Numbers, ColumnSources Sources) Trace(Signature signature, FittedStep[] steps)
    {
        var chains = new Dictionary<string, Chain>(StringComparer.Ordinal);
        for (var i = 0; i < signature.Inputs.Count; i++)
            if (signature.Inputs[i] is { Kind: ColumnKind.Numeric or ColumnKind.DateTime } input) chains[input.Name] = new Chain(i, input.Kind == ColumnKind.DateTime, null, []);
        var sources = new ColumnSources();
        foreach (var step in steps)
        {
            var made = new List<(string Name, Chain Chain)>();
            switch (step)
            {
                case FittedRenameColumn rename when chains.TryGetValue(rename.From, out var renamed):
                    made.Add((rename.To, renamed));
                    break;
                case FittedDateParts parts when chains.TryGetValue(parts.Column, out var date) && date is { IsDate: true, FromMoment: null }:
                    foreach (var part in parts.Parts) made.Add((FittedDateParts.NameOf(parts.Column, part), date with { FromMoment = parts.MapOf(part) }));
                    if (parts.KeepSource) made.Add((parts.Column, date));
                    break;
                case FittedFillMissing { Flagged: { } flagged }:
                    foreach (var name in flagged)
                        if (chains.TryGetValue(name, out var chain) && !chain.IsFlag && (!chain.IsDate || chain.FromMoment is not null)) made.Add((FillMissingStep.FlagName(name), chain with { IsFlag = true }));
                    break;
            }
            foreach (var (name, chain) in chains.ToArray())
            {
                var map = step.NumberMap(name);
                if (ReferenceEquals(map, FittedStep.Unchanged)) continue;
                if (map is null || chain.IsFlag || (chain.IsDate && chain.FromMoment is null)) chains.Remove(name);
                else chains[name] = chain with { Maps = [.. chain.Maps, map] };
            }
            foreach (var origin in step.Origins)
                if (!origin.From.Contains(origin.Column)) chains.Remove(origin.Column);
            foreach (var name in step.Removed) chains.Remove(name);
            foreach (var (name, chain) in made) chains[name] = chain;
            sources.Follow(step);
        }
        return (chains, sources);
    }

    private static Feature? Make(Signature signature, FittedRecipe recipe, ColumnEncoder encoder, int first, Dictionary<string, Chain> chains, ColumnSources sources)
    {
        if (chains.TryGetValue(encoder.Column, out var chain))
            return (encoder, chain) switch
            {
                (NumericEncoder numeric, { IsFlag: false, IsDate: false }) => new NumberFeature(chain.Input, [.. chain.Maps], numeric, first),
                (NumericEncoder numeric, { IsFlag: false, FromMoment: { } from }) => new MomentNumberFeature(chain.Input, from, [.. chain.Maps], numeric, first),
                (DateTimeEncoder date, { IsDate: true, FromMoment: null, Maps.Count: 0 }) => new MomentFeature(chain.Input, date, first),
                (not NumericEncoder and not DateTimeEncoder, { IsFlag: true }) => new FlagFeature(chain, EncodeFlags(encoder), first),
                _ => null,
            };
        if (sources.Of(encoder.Column) is not [var source] || !signature.Index.TryGetValue(source, out var input) || signature.Inputs[input].Choices is not { } choices) return null;
        try
        {
            var values = new float[choices.Count + 1][];
            var column = recipe.ReplayAtPrediction(EachChoice(signature, input, choices))[encoder.Column];
            var width = encoder.FeatureNames.Count;
            var table = new float[values.Length * width];
            encoder.Encode(column, table, 0, width);
            for (var i = 0; i < values.Length; i++) values[i] = table[(i * width)..((i + 1) * width)];
            return new ChoiceFeature(input, values, first);
        }
        catch (Exception e) when (e is ArgumentException or KeyNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Every choice of one input, and last a missing value; the other inputs are missing.</summary>
    private static Table EachChoice(Signature signature, int input, IReadOnlyList<string> choices)
    {
        string?[] values = [.. choices, null];
        return TextRows.ToTable(signature.Inputs, [.. values.Select(value =>
        {
            var row = new string?[signature.Inputs.Count];
            row[input] = value;
            return (IReadOnlyList<string?>)row;
        })]);
    }

    private static float[][] EncodeFlags(ColumnEncoder encoder)
    {
        var width = encoder.FeatureNames.Count;
        var table = new float[2 * width];
        encoder.Encode(StepColumns.Flag(encoder.Column, 2, row => row == 1), table, 0, width);
        return [table[..width], table[width..]];
    }

    private bool IsEqualTo(FittedPipeline pipeline, Signature signature, IReadOnlyList<IReadOnlyList<string?>> golden)
    {
        var rows = golden.ToList();
        // Each input missing once, beside a real row.
        foreach (var input in signature.UsedIndexes)
            if (golden.Count > 0)
            {
                var row = golden[input % golden.Count].ToArray();
                row[input] = null;
                rows.Add(row);
            }
        rows.Add(new string?[signature.Inputs.Count]);
        var batch = new RowBatch(signature);
        foreach (var row in rows)
        {
            var index = batch.AddRow();
            for (var c = 0; c < row.Count; c++)
                if (row[c] is { } text) batch.SetText(index, c, text);
        }
        if (batch.Problems.Count > 0) return false;
        var expected = pipeline.Encoder.Encode(pipeline.Recipe.ReplayAtPrediction(batch.ToTable()));
        var found = new float[FeatureCount];
        for (var row = 0; row < rows.Count; row++)
            if (TryEncode(batch, row, found) && !Same(expected.Row(row), found)) return false;
        return true;
    }

    private static bool Same(ReadOnlySpan<float> expected, ReadOnlySpan<float> found)
    {
        for (var i = 0; i < expected.Length; i++)
            if (!expected[i].Equals(found[i])) return false;
        return true;
    }

    private abstract class Feature
    {
        public abstract bool TryWrite(RowBatch batch, int row, Span<float> features);

        protected static double Apply(Func<double, double>[] maps, double value)
        {
            foreach (var map in maps) value = map(value);
            return value;
        }
    }

    private sealed class NumberFeature(int input, Func<double, double>[] maps, NumericEncoder encoder, int first) : Feature
    {
        public override bool TryWrite(RowBatch batch, int row, Span<float> features)
        {
            encoder.Encode(Apply(maps, batch.Number(row, input)), features[first..]);
            return true;
        }
    }

    private sealed class MomentNumberFeature(int input, Func<long, double> from, Func<double, double>[] maps, NumericEncoder encoder, int first) : Feature
    {
        public override bool TryWrite(RowBatch batch, int row, Span<float> features)
        {
            encoder.Encode(Apply(maps, from(batch.Ticks(row, input))), features[first..]);
            return true;
        }
    }

    private sealed class MomentFeature(int input, DateTimeEncoder encoder, int first) : Feature
    {
        public override bool TryWrite(RowBatch batch, int row, Span<float> features)
        {
            encoder.Encode(batch.Ticks(row, input), features[first..]);
            return true;
        }
    }

    private sealed class FlagFeature(Chain chain, float[][] presentAndMissing, int first) : Feature
    {
        private readonly Func<double, double>[] _maps = [.. chain.Maps];

        public override bool TryWrite(RowBatch batch, int row, Span<float> features)
        {
            var value = Apply(_maps, chain.FromMoment is { } from ? from(batch.Ticks(row, chain.Input)) : batch.Number(row, chain.Input));
            presentAndMissing[double.IsNaN(value) ? 1 : 0].CopyTo(features[first..]);
            return true;
        }
    }

    private sealed class ChoiceFeature(int input, float[][] byChoice, int first) : Feature
    {
        public override bool TryWrite(RowBatch batch, int row, Span<float> features)
        {
            var choice = batch.Choice(row, input);
            if (choice < -1) return false;
            byChoice[choice < 0 ? byChoice.Length - 1 : choice].CopyTo(features[first..]);
            return true;
        }
    }
}
