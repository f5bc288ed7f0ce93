using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Serving;

/// <summary>Reads fields of a file as an import reads them: marks of missing values, decimal mark, order of day and month. For one thread, as parsers of dates remember what fitted last.</summary>
internal sealed class BatchValues
{
    private readonly NumberParser _numbers;
    private readonly (int Input, ColumnKind Kind, MissingMarks Marks, DateParser[] Dates)[] _inputs;

    public BatchValues(BatchFile file)
    {
        _numbers = new NumberParser(file.Options.DecimalMark, file.Options.ThousandsSeparator);
        var common = new MissingMarks(file.Options.MissingMarks);
        _inputs = [.. file.Inputs.Select(i => (i.Input, file.Signature.Inputs[i.Input].Kind, file.Options.ColumnMissingMarks.ContainsKey(file.Names[i.Field]) ? file.MarksOf(i.Field) : common,
            file.DateOrders[i.Input] is { } order and not DateOrder.Iso ? new[] { new DateParser(order), new DateParser(DateOrder.Iso) } : [new DateParser(DateOrder.Iso)]))];
    }

    /// <param name="position">In <see cref="BatchFile.Inputs"/>.</param>
    public void Set(RowBatch rows, int row, int position, ReadOnlySpan<char> field)
    {
        ref readonly var input = ref _inputs[position];
        var text = field.Trim();
        // A new row is all missing.
        if (input.Marks.Contains(text)) return;
        switch (input.Kind)
        {
            case ColumnKind.Numeric:
                if (_numbers.Parse(text, out var number) == NumberFit.Number) rows.SetNumber(row, input.Input, number, []);
                else rows.Refuse(row, input.Input, field);
                return;
            case ColumnKind.DateTime:
                foreach (var parser in input.Dates)
                    if (parser.TryParse(text, out var ticks))
                    {
                        rows.SetTicks(row, input.Input, ticks);
                        return;
                    }
                rows.Refuse(row, input.Input, field, input.Dates is [var own, _] ? own.Example : null);
                return;
            default:
                rows.SetText(row, input.Input, field);
                return;
        }
    }
}
