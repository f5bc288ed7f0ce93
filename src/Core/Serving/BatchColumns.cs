using System.Text;

namespace ModelWorkbench.Core.Serving;

/// <summary>The columns that stand behind those of the file: the prediction, a probability a class, the error.</summary>
internal sealed class BatchColumns
{
    private readonly CsvFieldText _fields;

    public BatchColumns(BatchFile file, Predictor predictor)
    {
        _fields = file.Fields;
        var classes = predictor.ClassNames is null ? [] : predictor.Target.Classes;
        Names = Distinct(file.Names, ["prediction", .. classes.Select(name => $"probability {name}"), "error"]);
        Delimiter = Bytes(_fields.Delimiter);
        LineEnd = Bytes(file.LineEnd);
        DecimalMark = (byte)(_fields.DecimalMark == ',' && !_fields.Delimiter.Contains(',') ? ',' : '.');
        NoAnswer = Bytes(string.Concat(Enumerable.Repeat(_fields.Delimiter, classes.Count + 1)));
        if (predictor.ClassNames is not null) Classes = [.. classes.Select(Ready)];
    }

    public IReadOnlyList<string> Names { get; }

    public byte[] Delimiter { get; }

    public byte[] LineEnd { get; }

    /// <summary>A point, or the comma where the file writes its numbers so and that does not end a field.</summary>
    public byte DecimalMark { get; }

    /// <summary>Everything between the fields of the file and the error of a row that is not answered.</summary>
    public byte[] NoAnswer { get; }

    /// <summary>The names of the classes as fields; null for regression.</summary>
    public byte[][]? Classes { get; }

    public byte[] Ready(string text) => Bytes(_fields.Ready(text));

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>A name that the file has already, in whatever case, gets a number: prediction_2.</summary>
    private static List<string> Distinct(IReadOnlyList<string> taken, IReadOnlyList<string> wanted)
    {
        var used = taken.ToHashSet(StringComparer.OrdinalIgnoreCase);
        var names = new List<string>();
        foreach (var name in wanted)
        {
            var free = name;
            for (var number = 2; !used.Add(free); number++) free = $"{name}_{number}";
            names.Add(free);
        }
        return names;
    }
}
