using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Expressions;

/// <summary>The values of a part of an expression for all rows; a constant is held once.</summary>
internal abstract class ExpressionVector(bool isConstant)
{
    public bool IsConstant { get; } = isConstant;

    /// <summary>The index of a row's value is row times this: 0 for a constant.</summary>
    public int Stride { get; } = isConstant ? 0 : 1;

    public abstract ExpressionType Type { get; }

    public abstract bool IsMissing(int row);

    public abstract Column ToColumn(string name, int rowCount);

    /// <summary>Missing everywhere.</summary>
    public static ExpressionVector Missing(ExpressionType type) => type switch
    {
        ExpressionType.Number => new NumberVector([double.NaN], true),
        ExpressionType.Text => new TextVector([DictionaryColumn.MissingCode], [], true),
        ExpressionType.Boolean => new TruthVector([TruthVector.MissingTruth], true),
        _ => new DateVector([DateTimeColumn.MissingTicks], true),
    };
}

/// <summary>NaN is missing; never infinite.</summary>
internal sealed class NumberVector(double[] values, bool isConstant) : ExpressionVector(isConstant)
{
    public double[] Values => values;
    public override ExpressionType Type => ExpressionType.Number;
    public override bool IsMissing(int row) => double.IsNaN(values[row * Stride]);

    public override Column ToColumn(string name, int rowCount)
    {
        if (!IsConstant) return new NumericColumn(name, values);
        var all = new double[rowCount];
        Array.Fill(all, values[0]);
        return new NumericColumn(name, all);
    }
}

/// <summary>Codes into values, of which several may be equal; code -1 is missing.</summary>
internal sealed class TextVector(int[] codes, string[] values, bool isConstant) : ExpressionVector(isConstant)
{
    public int[] Codes => codes;
    public string[] Values => values;
    public override ExpressionType Type => ExpressionType.Text;
    public override bool IsMissing(int row) => codes[row * Stride] < 0;
    public string? this[int row] => codes[row * Stride] is var code && code < 0 ? null : values[code];

    /// <summary>What the function makes of every distinct value, at the cost of the distinct values alone.</summary>
    public TextVector Map(Func<string, string> function) => new(codes, Array.ConvertAll(values, value => function(value)), IsConstant);

    /// <summary>One result a row; <paramref name="missing"/> where the value is missing.</summary>
    public T[] MapTo<T>(Func<string, T> function, T missing)
    {
        var mapped = Array.ConvertAll(values, value => function(value));
        var result = new T[codes.Length];
        for (var i = 0; i < result.Length; i++) result[i] = codes[i] < 0 ? missing : mapped[codes[i]];
        return result;
    }

    public static TextVector Of(IReadOnlyList<string?> texts, bool isConstant)
    {
        var column = DictionaryColumn.FromTexts("", ColumnKind.Text, texts);
        return new TextVector(column.Codes.ToArray(), [.. column.Values], isConstant);
    }

    /// <summary>The column's codes; values that no row has are left out where they outnumber the rows, so that one row costs one value.</summary>
    public static TextVector Of(DictionaryColumn column)
    {
        if (column.Values.Count > column.Length) return Of([.. Enumerable.Range(0, column.Length).Select(column.GetText)], false);
        return new TextVector(column.Codes.ToArray(), [.. column.Values], false);
    }

    public override Column ToColumn(string name, int rowCount)
    {
        var index = new Dictionary<string, int>(StringComparer.Ordinal);
        var distinct = new int[values.Length];
        Array.Fill(distinct, -1);
        var all = new int[rowCount];
        for (var row = 0; row < rowCount; row++)
        {
            var code = codes[row * Stride];
            if (code < 0) { all[row] = DictionaryColumn.MissingCode; continue; }
            if (distinct[code] < 0)
            {
                if (!index.TryGetValue(values[code], out var known)) index.Add(values[code], known = index.Count);
                distinct[code] = known;
            }
            all[row] = distinct[code];
        }
        return new DictionaryColumn(name, ColumnKind.Category, all, [.. index.Keys]);
    }
}

/// <summary>1 is true, 0 is false, -1 is missing.</summary>
internal sealed class TruthVector(sbyte[] values, bool isConstant) : ExpressionVector(isConstant)
{
    public const sbyte MissingTruth = -1;
    private static readonly string[] Words = ["false", "true"];

    public sbyte[] Values => values;
    public override ExpressionType Type => ExpressionType.Boolean;
    public override bool IsMissing(int row) => values[row * Stride] < 0;

    public override Column ToColumn(string name, int rowCount)
    {
        var codes = new int[rowCount];
        for (var row = 0; row < rowCount; row++) codes[row] = values[row * Stride];
        return new DictionaryColumn(name, ColumnKind.Boolean, codes, Words);
    }

    public TextVector ToText() => new(Array.ConvertAll(values, value => (int)value), Words, IsConstant);
}

/// <summary>UTC ticks; <see cref="DateTimeColumn.MissingTicks"/> is missing.</summary>
internal sealed class DateVector(long[] ticks, bool isConstant) : ExpressionVector(isConstant)
{
    public long[] Ticks => ticks;
    public override ExpressionType Type => ExpressionType.Date;
    public override bool IsMissing(int row) => ticks[row * Stride] == DateTimeColumn.MissingTicks;

    public override Column ToColumn(string name, int rowCount)
    {
        if (!IsConstant) return new DateTimeColumn(name, ticks);
        var all = new long[rowCount];
        Array.Fill(all, ticks[0]);
        return new DateTimeColumn(name, all);
    }
}
