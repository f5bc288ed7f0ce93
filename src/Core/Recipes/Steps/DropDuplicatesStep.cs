using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Keeps the first of rows that are equal; missing equals missing.</summary>
/// <param name="Columns">What must be equal; empty for all columns, the target included.</param>
public sealed record DropDuplicatesStep([property: FieldWords("Columns that must be equal", NoneMeans = "None chosen: all columns")] IReadOnlyList<string> Columns) : RecipeStep
{
    public override string Title => "Drop duplicate rows";
    public override string Summary => $"first of the rows with equal {StepColumns.Describe(Columns, "values in all columns")}";
    public override IReadOnlyList<string> InputColumns => Columns;
    public override bool AllowsTarget => true;

    public override IReadOnlyList<StepProblem> Check(Table table) => StepColumns.CheckNames(table, Columns);

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedDropDuplicates(StepColumns.Resolve(rows, Columns));
    }
}

public sealed record FittedDropDuplicates(IReadOnlyList<string> Columns) : FittedStep
{
    public override bool DropsRows => true;

    public override Table Replay(Table rows)
    {
        if (Columns.Count == 0) return rows;
        var seen = new HashSet<int>(rows.RowCount, new RowComparer([.. Columns.Select(name => Keys(rows[name]))], rows.RowCount));
        return StepColumns.Where(rows, seen.Add);
    }

    /// <summary>Remembers 16 bytes of the SHA-256 of every row kept, whatever its length; two different rows share them with a chance of 2⁻¹²⁸ a pair.</summary>
    public override Func<Table, Table> ReplayPieces()
    {
        if (Columns.Count == 0) return rows => rows;
        var seen = new HashSet<UInt128>();
        return rows =>
        {
            var columns = Columns.Select(name => rows[name]).ToArray();
            var bytes = new ArrayBufferWriter<byte>();
            return StepColumns.Where(rows, row =>
            {
                bytes.ResetWrittenCount();
                foreach (var column in columns) Append(bytes, column, row);
                Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
                SHA256.HashData(bytes.WrittenSpan, hash);
                return seen.Add(BinaryPrimitives.ReadUInt128LittleEndian(hash));
            });
        };
    }

    /// <summary>A value as bytes that no other value of the column has, whichever piece it stands in.</summary>
    private static void Append(ArrayBufferWriter<byte> bytes, Column column, int row)
    {
        if (column is DictionaryColumn names)
        {
            var text = names.GetText(row);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.GetSpan(sizeof(int)), text?.Length ?? -1);
            bytes.Advance(sizeof(int));
            bytes.Write(MemoryMarshal.AsBytes(text.AsSpan()));
            return;
        }
        BinaryPrimitives.WriteInt64LittleEndian(bytes.GetSpan(sizeof(long)), Key(column, row));
        bytes.Advance(sizeof(long));
    }

    /// <summary>One number a row, equal exactly where the values are equal.</summary>
    private static long[] Keys(Column column)
    {
        var keys = new long[column.Length];
        for (var row = 0; row < keys.Length; row++) keys[row] = Key(column, row);
        return keys;
    }

    private static long Key(Column column, int row) => column switch
    {
        // 0 and -0 are one value, and so are all NaN.
        NumericColumn numbers => numbers.Values[row] switch
        {
            0 => 0,
            double.NaN => BitConverter.DoubleToInt64Bits(double.NaN),
            var value => BitConverter.DoubleToInt64Bits(value),
        },
        DictionaryColumn dictionary => dictionary.Codes[row],
        DateTimeColumn moments => moments.Ticks[row],
        _ => throw new ArgumentException($"Column '{column.Name}' is of an unknown type {column.GetType().Name}.", nameof(column)),
    };

    private sealed class RowComparer : IEqualityComparer<int>
    {
        private readonly long[][] _keys;
        private readonly int[] _hashes;

        public RowComparer(long[][] keys, int rowCount)
        {
            _keys = keys;
            _hashes = new int[rowCount];
            foreach (var column in keys)
                for (var row = 0; row < rowCount; row++) _hashes[row] = HashCode.Combine(_hashes[row], column[row]);
        }

        public bool Equals(int a, int b) => Array.TrueForAll(_keys, column => column[a] == column[b]);
        public int GetHashCode(int row) => _hashes[row];
    }
}
