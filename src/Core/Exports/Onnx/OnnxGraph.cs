using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;

namespace ModelWorkbench.Core.Exports.Onnx;

/// <summary>A graph of ONNX operators while it grows; values go by the names of tensors.</summary>
/// <remarks>Operator sets 20 and, for trees and tables of texts, ai.onnx.ml 3: what ONNX Runtime has understood since 1.17.</remarks>
internal sealed class OnnxGraph
{
    private const int IrVersion = 9;
    private const int OperatorSet = 20;
    private const int MlOperatorSet = 3;
    private const string MlDomain = "ai.onnx.ml";

    private readonly GraphProto _graph = new() { Name = "model" };
    private readonly Dictionary<string, string> _constants = new(StringComparer.Ordinal);
    private readonly HashSet<string> _taken;
    private int _last;

    /// <param name="reserved">Names that inputs will have.</param>
    public OnnxGraph(IEnumerable<string> reserved) => _taken = new HashSet<string>(reserved, StringComparer.Ordinal);

    public const TensorProto.Types.DataType Float = TensorProto.Types.DataType.Float;
    public const TensorProto.Types.DataType Double = TensorProto.Types.DataType.Double;
    public const TensorProto.Types.DataType Int = TensorProto.Types.DataType.Int64;
    public const TensorProto.Types.DataType Text = TensorProto.Types.DataType.String;
    public const TensorProto.Types.DataType Truth = TensorProto.Types.DataType.Bool;

    /// <summary>A free name: the wanted one, or the first with lines behind it.</summary>
    public string Free(string wanted)
    {
        while (!_taken.Add(wanted)) wanted += "_";
        return wanted;
    }

    /// <param name="width">Numbers a row.</param>
    public string Input(string name, TensorProto.Types.DataType type, int width = 1)
    {
        _graph.Input.Add(Describe(name, type, width));
        return name;
    }

    /// <summary>Gives a value a name to the outside.</summary>
    /// <param name="name">One that no input has.</param>
    /// <param name="width">Numbers a row; null for one a row without a second axis.</param>
    public void Output(string name, string value, TensorProto.Types.DataType type, int? width)
    {
        _taken.Add(name);
        var node = new NodeProto { OpType = "Identity", Name = name };
        node.Input.Add(value);
        node.Output.Add(name);
        _graph.Node.Add(node);
        _graph.Output.Add(Describe(name, type, width));
    }

    public string Add(string operation, params ReadOnlySpan<string> inputs) => AddWith(operation, inputs);

    /// <summary>Adds an operator of one output.</summary>
    /// <param name="attributes">Of long, string, float, arrays of these, or a tensor.</param>
    public string AddWith(string operation, ReadOnlySpan<string> inputs, params ReadOnlySpan<(string Name, object Value)> attributes) => AddMany(operation, "", 1, inputs, attributes)[0];

    /// <summary>As <see cref="AddWith"/>, of the operators for machine learning.</summary>
    public string AddMl(string operation, ReadOnlySpan<string> inputs, params ReadOnlySpan<(string Name, object Value)> attributes) => AddMany(operation, MlDomain, 1, inputs, attributes)[0];

    public string[] AddMany(string operation, int outputs, ReadOnlySpan<string> inputs, params ReadOnlySpan<(string Name, object Value)> attributes) => AddMany(operation, "", outputs, inputs, attributes);

    private string[] AddMany(string operation, string domain, int outputs, ReadOnlySpan<string> inputs, ReadOnlySpan<(string Name, object Value)> attributes)
    {
        var node = new NodeProto { OpType = operation, Domain = domain };
        foreach (var input in inputs) node.Input.Add(input);
        var names = new string[outputs];
        for (var i = 0; i < outputs; i++) node.Output.Add(names[i] = Next());
        node.Name = names[0];
        foreach (var (name, value) in attributes) node.Attribute.Add(Attribute(name, value));
        _graph.Node.Add(node);
        return names;
    }

    public string Cast(string value, TensorProto.Types.DataType type) => AddWith("Cast", [value], ("to", (long)type));

    /// <summary>One number, for every row.</summary>
    public string Number(double value) => Numbers([value]);

    /// <param name="dimensions">None for a single number.</param>
    public string Numbers(double[] values, params long[] dimensions) => Constant("d", values, dimensions, t => Tensor(t, Double, MemoryMarshal.AsBytes(values.AsSpan())));

    public string Floats(float[] values, params long[] dimensions) => Constant("f", values, dimensions, t => Tensor(t, Float, MemoryMarshal.AsBytes(values.AsSpan())));

    public string Ints(long[] values, params long[] dimensions) => Constant("i", values, dimensions, t => Tensor(t, Int, MemoryMarshal.AsBytes(values.AsSpan())));

    public string Word(string value) => Words([value]);

    public string Words(IReadOnlyList<string> values, params long[] dimensions) => Constant(null, values, dimensions, tensor =>
    {
        tensor.DataType = (int)Text;
        tensor.StringData.AddRange(values.Select(ByteString.CopyFromUtf8));
    });

    public static TensorProto Tensor(double[] values)
    {
        var tensor = new TensorProto();
        tensor.Dims.Add(values.Length);
        Tensor(tensor, Double, MemoryMarshal.AsBytes(values.AsSpan()));
        return tensor;
    }

    /// <summary>The finished model.</summary>
    /// <param name="about">Shown by tools that draw graphs.</param>
    /// <param name="properties">By name.</param>
    public ModelProto Finish(string about, IEnumerable<(string Key, string Value)> properties)
    {
        var model = new ModelProto { IrVersion = IrVersion, ProducerName = "Model Workbench", DocString = about, Graph = _graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = OperatorSet });
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = MlDomain, Version = MlOperatorSet });
        model.MetadataProps.AddRange(properties.Select(p => new StringStringEntryProto { Key = p.Key, Value = p.Value }));
        return model;
    }

    private string Next() => Free(string.Create(CultureInfo.InvariantCulture, $"_{++_last}"));

    // Small constants are shared: fills, bounds and words come again and again.
    private string Constant<T>(string? type, IReadOnlyList<T> values, long[] dimensions, Action<TensorProto> fill)
    {
        const int mostShared = 8;
        var key = values.Count > mostShared || type is null ? null : $"{type}|{string.Join(',', dimensions)}|{string.Join(',', values.Select(v => v is double d ? BitConverter.DoubleToInt64Bits(d).ToString(CultureInfo.InvariantCulture) : Convert.ToString(v, CultureInfo.InvariantCulture)))}";
        if (key is not null && _constants.TryGetValue(key, out var known)) return known;
        var tensor = new TensorProto { Name = Next() };
        tensor.Dims.AddRange(dimensions);
        fill(tensor);
        _graph.Initializer.Add(tensor);
        if (key is not null) _constants.Add(key, tensor.Name);
        return tensor.Name;
    }

    private static void Tensor(TensorProto tensor, TensorProto.Types.DataType type, ReadOnlySpan<byte> bytes)
    {
        // The format is little-endian, and so is every machine that .NET 10 runs on but one.
        if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("ONNX files are written on little-endian machines only.");
        tensor.DataType = (int)type;
        tensor.RawData = ByteString.CopyFrom(bytes);
    }

    private static AttributeProto Attribute(string name, object value)
    {
        var attribute = new AttributeProto { Name = name };
        switch (value)
        {
            case long number: (attribute.Type, attribute.I) = (AttributeProto.Types.AttributeType.Int, number); break;
            case float number: (attribute.Type, attribute.F) = (AttributeProto.Types.AttributeType.Float, number); break;
            case string text: (attribute.Type, attribute.S) = (AttributeProto.Types.AttributeType.String, ByteString.CopyFromUtf8(text)); break;
            case TensorProto tensor: (attribute.Type, attribute.T) = (AttributeProto.Types.AttributeType.Tensor, tensor); break;
            case long[] numbers: attribute.Type = AttributeProto.Types.AttributeType.Ints; attribute.Ints.AddRange(numbers); break;
            case float[] numbers: attribute.Type = AttributeProto.Types.AttributeType.Floats; attribute.Floats.AddRange(numbers); break;
            case ByteString[] texts: attribute.Type = AttributeProto.Types.AttributeType.Strings; attribute.Strings.AddRange(texts); break;
            case IEnumerable<string> texts: attribute.Type = AttributeProto.Types.AttributeType.Strings; attribute.Strings.AddRange(texts.Select(ByteString.CopyFromUtf8)); break;
            default: throw new ArgumentException($"An attribute cannot be a {value.GetType().Name}.", nameof(value));
        }
        return attribute;
    }

    private static ValueInfoProto Describe(string name, TensorProto.Types.DataType type, int? width)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "rows" });
        if (width is { } count) shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = count });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = shape } } };
    }
}
