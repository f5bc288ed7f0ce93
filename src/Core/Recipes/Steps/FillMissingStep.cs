using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>What goes where a value is missing.</summary>
public enum FillMethod { Mean, Median, MostFrequent, Constant }

/// <summary>Puts a value where none is: learnt from the training rows, or a constant.</summary>
/// <param name="Columns">Which columns; empty for all that the method can fill (mean and median: the numeric ones).</param>
/// <param name="Method">Mean and median need numbers; of equally frequent values the smallest is taken, as scikit-learn's SimpleImputer does.</param>
/// <param name="Constant">For <see cref="FillMethod.Constant"/>: the value in invariant form, of the columns' kind.</param>
public sealed record FillMissingStep(IReadOnlyList<string> Columns, FillMethod Method, string? Constant = null) : RecipeStep
{
    public override string Title => "Fill missing values";
    public override bool Learns => Method != FillMethod.Constant;
    public override IReadOnlyList<string> InputColumns => Columns;

    public override string Summary => $"{StepColumns.Describe(Columns, NeedsNumbers ? "all numeric columns" : "all columns")}: " + Method switch
    {
        FillMethod.Mean => "mean of the training rows",
        FillMethod.Median => "median of the training rows",
        FillMethod.MostFrequent => "most frequent value of the training rows",
        _ => $"'{Constant}'",
    };

    private bool NeedsNumbers => Method is FillMethod.Mean or FillMethod.Median;

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var columns = Resolve(table);
        var problems = NeedsNumbers ? StepColumns.CheckNumeric(table, columns) : StepColumns.CheckNames(table, columns);
        if (columns.Count == 0) problems.Add(new StepProblem(NeedsNumbers ? "There is no numeric column." : "There is no column."));
        if (Method == FillMethod.Constant && string.IsNullOrEmpty(Constant))
        {
            problems.Add(new StepProblem("The constant to fill in is empty."));
            return problems;
        }
        foreach (var column in columns.Distinct().Select(table.Find).OfType<Column>())
        {
            if (Method == FillMethod.Constant)
            {
                if (WhyNotConstant(column) is { } reason) problems.Add(new StepProblem(reason, column.Name));
            }
            else if (column.CountMissing() == column.Length)
                problems.Add(new StepProblem($"Column '{column.Name}' has no value in {StepColumns.Count(column.Length, "row")} to learn from; drop it or fill it with a constant.", column.Name));
        }
        return problems;
    }

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedFillMissing([.. Resolve(rows).Select(name => new ColumnFill(name, Learn(rows[name])))]);
    }

    private IReadOnlyList<string> Resolve(Table table) => StepColumns.Resolve(table, Columns, NeedsNumbers ? StepColumns.IsNumeric : null);

    private string? WhyNotConstant(Column column)
    {
        var expected = column switch
        {
            NumericColumn when !ColumnConversion.TryParseNumber(Constant!, out _) => ColumnConversion.Expected(ColumnKind.Numeric),
            DateTimeColumn when !ColumnConversion.TryParseMoment(Constant!, out _) => ColumnConversion.Expected(ColumnKind.DateTime),
            DictionaryColumn { Kind: ColumnKind.Boolean, Values.Count: > 0 } names when !names.Values.Contains(Constant!) => string.Join(" or ", names.Values),
            _ => null,
        };
        return expected is null ? null : $"Column '{column.Name}' holds {StepColumns.Noun(column.Kind)}: found the constant '{Constant}', expected {expected}.";
    }

    private string Learn(Column column) => (Method, column) switch
    {
        (FillMethod.Constant, _) => Constant!,
        (FillMethod.Mean, NumericColumn numbers) => Text(Mean(Present(numbers))),
        (FillMethod.Median, NumericColumn numbers) => Text(Median(Sorted(Present(numbers)))),
        (_, NumericColumn numbers) => Text(Mode(Sorted(Present(numbers)))),
        (_, DateTimeColumn moments) => new DateTimeColumn(column.Name, [Mode(Sorted(Array.FindAll(moments.Ticks.ToArray(), ticks => ticks != DateTimeColumn.MissingTicks)))]).GetText(0)!,
        (_, DictionaryColumn names) => Mode(names),
        _ => throw new ArgumentException($"Column '{column.Name}' is of an unknown type {column.GetType().Name}.", nameof(column)),
    };

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static double[] Present(NumericColumn column) => Array.FindAll(column.Values.ToArray(), value => !double.IsNaN(value));

    private static T[] Sorted<T>(T[] values)
    {
        Array.Sort(values);
        return values;
    }

    private static double Mean(double[] values)
    {
        var mean = values.Average();
        // The sum of huge numbers may exceed double where their mean does not.
        return double.IsFinite(mean) ? mean : values.Sum(value => value / values.Length);
    }

    private static double Median(double[] sorted) => sorted[(sorted.Length - 1) / 2] / 2 + sorted[sorted.Length / 2] / 2;

    /// <summary>The value of the longest run; of equally long ones the first, which is the smallest.</summary>
    private static T Mode<T>(T[] sorted) where T : IEquatable<T>
    {
        var (best, longest) = (sorted[0], 0);
        for (var start = 0; start < sorted.Length;)
        {
            var end = start;
            while (end < sorted.Length && sorted[end].Equals(sorted[start])) end++;
            if (end - start > longest) (best, longest) = (sorted[start], end - start);
            start = end;
        }
        return best;
    }

    private static string Mode(DictionaryColumn column)
    {
        var counts = new int[column.Values.Count];
        foreach (var code in column.Codes)
            if (code >= 0) counts[code]++;
        return column.Values.Zip(counts).OrderByDescending(v => v.Second).ThenBy(v => v.First, StringComparer.Ordinal).First().First;
    }
}

/// <summary>What is filled into a column: the value in invariant form, which loses nothing.</summary>
public sealed record ColumnFill(string Column, string Value);

public sealed record FittedFillMissing(IReadOnlyList<ColumnFill> Fills) : FittedStep
{
    public override Table Replay(Table rows) =>
        StepColumns.Change(rows, [.. Fills.Select(fill => fill.Column)], (column, i) => column.CountMissing() == 0 ? column : Fill(column, Fills[i].Value));

    private static Column Fill(Column column, string value)
    {
        switch (column)
        {
            case NumericColumn numbers when ColumnConversion.TryParseNumber(value, out var number):
                var values = numbers.Values.ToArray();
                values.AsSpan().Replace(double.NaN, number);
                return new NumericColumn(column.Name, values);
            case DateTimeColumn moments when ColumnConversion.TryParseMoment(value, out var moment):
                var ticks = moments.Ticks.ToArray();
                ticks.AsSpan().Replace(DateTimeColumn.MissingTicks, moment);
                return new DateTimeColumn(column.Name, ticks);
            case DictionaryColumn names:
                var texts = names.Values.ToList();
                var code = texts.IndexOf(value);
                if (code < 0) { code = texts.Count; texts.Add(value); }
                var codes = names.Codes.ToArray();
                codes.AsSpan().Replace(DictionaryColumn.MissingCode, code);
                return new DictionaryColumn(column.Name, column.Kind, codes, [.. texts]);
            default:
                throw new ArgumentException($"Column '{column.Name}' holds {StepColumns.Noun(column.Kind)}; '{value}' was learnt from a column of another kind.", nameof(column));
        }
    }
}
