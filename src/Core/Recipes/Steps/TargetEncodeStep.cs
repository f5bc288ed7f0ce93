using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Replaces each category by the mean of the target in its training rows, drawn towards the mean of all rows the fewer rows it has.</summary>
/// <param name="Columns">Category, boolean and text columns; empty for all category and boolean columns.</param>
/// <param name="Smoothing">m: the mean of all rows counts as that of so many rows of the category.</param>
/// <param name="Folds">In training each row gets what was learnt from the other folds, never from its own target.</param>
/// <param name="Seed">Which row falls into which fold.</param>
/// <remarks>
/// (sum + m · mean of all) / (rows + m): Micci-Barreca (2001), SIGKDD Explorations 3(1), as scikit-learn's TargetEncoder with a fixed <c>smooth</c>, and like it cross-fitted in training.
/// Of two classes the share of the second (by character code) is taken, of more a column for each class; of a numeric target the mean.
/// </remarks>
public sealed record TargetEncodeStep(
    [property: FieldWords("Columns to encode", NoneMeans = "None chosen: all category columns", Kinds = [ColumnKind.Category, ColumnKind.Boolean, ColumnKind.Text])] IReadOnlyList<string> Columns,
    [property: FieldWords("Smoothing", Help = "The mean of all rows counts as that of so many rows of the category.")] double Smoothing = 10,
    [property: FieldWords("Folds", Help = "In training each row gets what was learnt from the other folds, never from its own target.")] int Folds = 5,
    [property: FieldWords("Seed", Help = "Which row falls into which fold.")] int Seed = 1) : RecipeStep
{
    /// <summary>Each makes a column of every column.</summary>
    public const int MostClasses = 20;

    /// <summary>Beyond this a category is rather an identifier, and the model would carry a value for each.</summary>
    public const int MostCategories = 100_000;

    public override string Title => "Target encoding";
    public override string Summary => string.Create(CultureInfo.InvariantCulture, $"{StepColumns.Describe(Columns, "all category columns")}: mean of the target, smoothing {Smoothing}, {Folds} folds in training");
    public override bool Learns => true;
    public override bool LearnsFromTarget => true;
    public override IReadOnlyList<string> InputColumns => Columns;

    public override IReadOnlyList<StepProblem> Check(Table table)
    {
        var problems = Categories.Check(table, Columns);
        if (!(Smoothing >= 0 && double.IsFinite(Smoothing))) problems.Add(new StepProblem(string.Create(CultureInfo.InvariantCulture, $"Found {Smoothing} as smoothing, expected a number of 0 or more.")));
        if (Folds is < 2 or > 100) problems.Add(new StepProblem($"Found {Folds} as the number of folds, expected 2 to 100."));
        foreach (var name in StepColumns.Resolve(table, Columns, Categories.Holds).Distinct())
            if (table.Find(name) is DictionaryColumn column && Categories.ByFrequency(column).Count is var count and > MostCategories)
                problems.Add(new StepProblem($"Column '{name}' has {count} categories, expected at most {MostCategories}.", name));
        return problems;
    }

    public override FittedStep Fit(Table rows) => throw new RecipeException(0, Title, [new StepProblem("This step learns from the target; choose a target first.")]);

    public override FittedStep FitToTarget(Table rows, Column target)
    {
        ThrowUnlessApplicable(rows);
        var problems = new List<StepProblem>();
        if (target.Kind == ColumnKind.DateTime) problems.Add(new StepProblem($"The target '{target.Name}' holds dates; numbers or classes were expected.", target.Name));
        else if (target.CountMissing() == target.Length) problems.Add(new StepProblem($"The target '{target.Name}' has no value to learn from.", target.Name));
        else if (target is DictionaryColumn classes && Categories.ByFrequency(classes).Count is var count and > MostClasses)
            problems.Add(new StepProblem($"The target '{target.Name}' has {count} classes, expected at most {MostClasses}, as each makes a column.", target.Name));
        if (problems.Count > 0) throw new RecipeException(0, Title, problems);

        var outputs = Outputs(target);
        var truth = Truth(target, outputs);
        var prior = truth.Select(t => StepStatistics.Mean(Array.FindAll(t, double.IsFinite))).ToArray();
        var columns = StepColumns.Resolve(rows, Columns, Categories.Holds);
        var fitted = new FittedTargetEncode(outputs, prior, [.. columns.Select(name => Learn(rows[name], truth, prior))]);
        ThrowUnlessFree(rows, [.. fitted.Origins.Select(o => o.Column)], columns);
        return fitted;
    }

    /// <summary>Each row gets what was learnt from the folds it is not in: with its own target among them, a category of one row would tell it.</summary>
    public override Table ReplayInTraining(FittedStep fitted, Table rows, string? target)
    {
        var step = (FittedTargetEncode)fitted;
        if (rows.RowCount < 2) return fitted.Replay(rows);
        var truth = Truth(rows[target ?? throw new ArgumentNullException(nameof(target))], step.Outputs);
        var folds = Math.Min(Folds, rows.RowCount);
        var foldOfRow = TargetMeans.AssignFolds(rows.RowCount, folds, Seed);
        foreach (var encoding in step.Encodings)
        {
            var categories = Positions(rows[encoding.Column], encoding.Categories);
            var columns = new List<Column>(truth.Length);
            for (var output = 0; output < truth.Length; output++)
                columns.Add(new NumericColumn(step.NameOf(encoding.Column, output), TargetMeans.CrossFit(categories, encoding.Categories.Count + 1, truth[output], foldOfRow, folds, Smoothing)));
            rows = StepColumns.Replace(rows, encoding.Column, columns);
        }
        return rows;
    }

    private TargetEncoding Learn(Column column, double[][] truth, double[] prior)
    {
        IReadOnlyList<string> categories = [.. Categories.ByFrequency(column).Select(c => c.Value)];
        var positions = Positions(column, categories);
        var values = Enumerable.Range(0, categories.Count + 1).Select(_ => new double[truth.Length]).ToArray();
        for (var output = 0; output < truth.Length; output++)
        {
            var sums = new double[values.Length];
            var counts = new int[values.Length];
            for (var row = 0; row < positions.Length; row++)
            {
                if (!double.IsFinite(truth[output][row])) continue;
                sums[positions[row]] += truth[output][row];
                counts[positions[row]]++;
            }
            for (var category = 0; category < values.Length; category++) values[category][output] = TargetMeans.Smooth(sums[category], counts[category], prior[output], Smoothing);
        }
        return new TargetEncoding(column.Name, categories, values[..^1], values[^1]);
    }

    /// <summary>As <see cref="Categories.Positions"/>, with missing values as one more category at the end.</summary>
    private static int[] Positions(Column column, IReadOnlyList<string> categories) =>
        Array.ConvertAll(Categories.Positions(column, categories), position => position < 0 ? categories.Count : position);

    /// <summary>The classes that get a column each; empty where one number says all.</summary>
    private static IReadOnlyList<string> Outputs(Column target)
    {
        if (target is not DictionaryColumn classes) return [];
        string[] all = [.. Categories.ByFrequency(classes).Select(c => c.Value).Order(StringComparer.Ordinal)];
        return all.Length > 2 ? all : all[^1..];
    }

    /// <summary>What is averaged, for each output one number a row; NaN where the target is missing.</summary>
    private static double[][] Truth(Column target, IReadOnlyList<string> outputs)
    {
        if (target is NumericColumn numbers) return [numbers.Values.ToArray()];
        var truth = new double[outputs.Count][];
        var positions = Categories.Positions(target, outputs);
        for (var output = 0; output < truth.Length; output++)
        {
            truth[output] = new double[target.Length];
            for (var row = 0; row < target.Length; row++) truth[output][row] = target.IsMissing(row) ? double.NaN : positions[row] == output ? 1 : 0;
        }
        return truth;
    }
}

/// <param name="Column">The column.</param>
/// <param name="Categories">Those of the training rows.</param>
/// <param name="Values">For each category one number an output.</param>
/// <param name="Missing">What stands for a missing value; one number an output.</param>
public sealed record TargetEncoding(string Column, IReadOnlyList<string> Categories, IReadOnlyList<double[]> Values, double[] Missing);

/// <param name="Outputs">The classes whose shares were learnt; empty for the mean of a number.</param>
/// <param name="Prior">For a category that no training row had; one number an output.</param>
/// <param name="Encodings">One a column.</param>
public sealed record FittedTargetEncode(IReadOnlyList<string> Outputs, double[] Prior, IReadOnlyList<TargetEncoding> Encodings) : FittedStep
{
    public override IReadOnlyList<LearntValue> Learnt => [.. Encodings.SelectMany(e => LearntValue.Cut(e.Column,
    [
        .. Prior.Select((value, output) => new LearntValue(e.Column, $"other categories{Of(output)}", value)),
        .. e.Missing.Select((value, output) => new LearntValue(e.Column, $"missing{Of(output)}", value)),
        .. e.Categories.SelectMany((category, i) => e.Values[i].Select((value, output) => new LearntValue(e.Column, category + Of(output), value))),
    ]))];

    public override IReadOnlyList<ColumnOrigin> Origins => [.. Encodings.SelectMany(e => Enumerable.Range(0, Prior.Length).Select(output => new ColumnOrigin(NameOf(e.Column, output), [e.Column])))];
    public override IReadOnlyList<string> Removed => Prior.Length > 1 ? [.. Encodings.Select(e => e.Column)] : [];
    public override IReadOnlyList<string> ReadTexts => [.. Encodings.Select(e => e.Column)];

    public override Func<double, double>? NumberMap(string column) => Encodings.Any(e => e.Column == column) ? null : Unchanged;

    /// <summary>What all training rows together taught; a category that they did not have gets the mean of all.</summary>
    public override Table Replay(Table rows)
    {
        foreach (var encoding in Encodings)
        {
            var column = rows[encoding.Column];
            var positions = Categories.Positions(column, encoding.Categories);
            var columns = new List<Column>(Prior.Length);
            for (var output = 0; output < Prior.Length; output++)
            {
                var values = new double[positions.Length];
                for (var row = 0; row < values.Length; row++)
                    values[row] = positions[row] >= 0 ? encoding.Values[positions[row]][output] : column.IsMissing(row) ? encoding.Missing[output] : Prior[output];
                columns.Add(new NumericColumn(NameOf(encoding.Column, output), values));
            }
            rows = StepColumns.Replace(rows, encoding.Column, columns);
        }
        return rows;
    }

    /// <summary>The column itself where there is one output, else one a class.</summary>
    internal string NameOf(string column, int output) => Prior.Length == 1 ? column : $"{column}~{Outputs[output]}";

    private string Of(int output) => Outputs.Count == 0 ? "" : $" (share of {Outputs[output]})";
}
