using System.Numerics.Tensors;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Steps;

/// <summary>Bends each column so that its values lie as a normal distribution would, as nearly as one power can; takes negative values too.</summary>
/// <param name="Columns">Numeric columns; empty for all of them.</param>
/// <remarks>The power is that of greatest likelihood: Yeo and Johnson (2000), Biometrika 87(4), as scikit-learn's PowerTransformer(standardize=False).</remarks>
public sealed record YeoJohnsonStep(
    [property: FieldWords("Columns to transform", NoneMeans = "None chosen: all numeric columns", Kinds = [ColumnKind.Numeric])] IReadOnlyList<string> Columns) : RecipeStep
{
    /// <summary>Beyond this size the likelihood of a power cannot be told from that of its neighbours.</summary>
    private const double MostLambda = 30;

    public override string Title => "Yeo-Johnson transform";
    public override string Summary => $"{StepColumns.Describe(Columns, "all numeric columns")}, power learnt from the training rows";
    public override bool Learns => true;
    public override IReadOnlyList<string> InputColumns => Columns;

    public override IReadOnlyList<StepProblem> Check(Table table) => StepColumns.CheckAllNumeric(table, Columns, needValues: true);

    public override FittedStep Fit(Table rows)
    {
        ThrowUnlessApplicable(rows);
        return new FittedYeoJohnson([.. StepColumns.Resolve(rows, Columns, StepColumns.IsNumeric).Select(name => new ColumnPower(name, MostLikely(StepStatistics.Present(rows[name]))))]);
    }

    /// <summary>The power of greatest likelihood; 1, which changes nothing, where the values do not vary.</summary>
    private static double MostLikely(double[] values)
    {
        if (values.Length < 2 || values.AsSpan().ContainsAnyExcept(values[0]) is false) return 1;
        // Everything is a function of ln(1 + |x|), which is the same for every power.
        var above = Array.ConvertAll(Array.FindAll(values, x => x >= 0), FittedLog1p.Log1p);
        var below = Array.ConvertAll(Array.FindAll(values, x => x < 0), x => FittedLog1p.Log1p(-x));
        var jacobian = TensorPrimitives.Sum<double>(above) - TensorPrimitives.Sum<double>(below);
        var buffer = new double[Math.Max(above.Length, below.Length)];
        double Loss(double lambda)
        {
            var variance = Variance(above, below, lambda, buffer);
            return variance > 0 && double.IsFinite(variance) ? values.Length / 2.0 * Math.Log(variance) - (lambda - 1) * jacobian : double.MaxValue;
        }
        return Minimum(Loss);
    }

    /// <summary>Brackets a minimum around -2 … 2 by doubling, as scipy's brent does from there, and narrows it down by golden section.</summary>
    private static double Minimum(Func<double, double> loss)
    {
        double low = -2, high = 2;
        var middle = 0.0;
        while (loss(low) <= loss(middle) && low > -MostLambda) (low, middle, high) = (low * 2, low, middle);
        while (loss(high) <= loss(middle) && high < MostLambda) (low, middle, high) = (middle, high, Math.Max(4, high * 2));
        const double golden = 0.6180339887498949;
        var (left, right) = (high - golden * (high - low), low + golden * (high - low));
        var (lossLeft, lossRight) = (loss(left), loss(right));
        while (high - low > 1e-7)
        {
            if (lossLeft <= lossRight)
            {
                (high, right, lossRight) = (right, left, lossLeft);
                left = high - golden * (high - low);
                lossLeft = loss(left);
            }
            else
            {
                (low, left, lossLeft) = (left, right, lossRight);
                right = low + golden * (high - low);
                lossRight = loss(right);
            }
        }
        return (low + high) / 2;
    }

    /// <summary>Of the transformed values, n in the denominator.</summary>
    private static double Variance(double[] above, double[] below, double lambda, double[] buffer)
    {
        var count = above.Length + below.Length;
        Transform(above, lambda, buffer);
        var (sumAbove, squaresAbove) = (TensorPrimitives.Sum<double>(buffer.AsSpan(0, above.Length)), 0.0);
        var (sumBelow, squaresBelow) = (0.0, 0.0);
        if (below.Length > 0)
        {
            Transform(below, 2 - lambda, buffer);
            sumBelow = -TensorPrimitives.Sum<double>(buffer.AsSpan(0, below.Length));
        }
        var mean = (sumAbove + sumBelow) / count;
        if (below.Length > 0)
        {
            var negative = buffer.AsSpan(0, below.Length);
            TensorPrimitives.Add(negative, mean, negative);
            squaresBelow = TensorPrimitives.SumOfSquares<double>(negative);
        }
        Transform(above, lambda, buffer);
        var positive = buffer.AsSpan(0, above.Length);
        TensorPrimitives.Subtract(positive, mean, positive);
        squaresAbove = TensorPrimitives.SumOfSquares<double>(positive);
        return (squaresAbove + squaresBelow) / count;
    }

    /// <summary>(e^(power · l) − 1) / power of each l.</summary>
    private static void Transform(double[] logs, double power, double[] into)
    {
        var result = into.AsSpan(0, logs.Length);
        if (Math.Abs(power) < 1e-7)
        {
            // The series: the difference in the fraction would lose all digits.
            for (var i = 0; i < logs.Length; i++) result[i] = logs[i] * (1 + power * logs[i] / 2);
            return;
        }
        TensorPrimitives.Multiply(logs, power, result);
        TensorPrimitives.Exp<double>(result, result);
        TensorPrimitives.Subtract(result, 1.0, result);
        TensorPrimitives.Divide(result, power, result);
    }
}

/// <param name="Column">The column.</param>
/// <param name="Lambda">The power; 1 changes nothing.</param>
public sealed record ColumnPower(string Column, double Lambda);

public sealed record FittedYeoJohnson(IReadOnlyList<ColumnPower> Powers) : FittedStep
{
    public override IReadOnlyList<LearntValue> Learnt => [.. Powers.Select(p => new LearntValue(p.Column, "lambda", p.Lambda))];

    /// <summary>A value so far off that its power exceeds the largest number becomes missing.</summary>
    public override Table Replay(Table rows) => StepColumns.Change(rows, [.. Powers.Select(p => p.Column)], (column, i) => StepColumns.Map(column, MapOf(Powers[i].Lambda)));

    public override Func<double, double> NumberMap(string column) => Powers.FirstOrDefault(p => p.Column == column) is { } power ? MapOf(power.Lambda) : Unchanged;

    private static Func<double, double> MapOf(double lambda) => value => Transform(value, lambda) is var y && double.IsFinite(y) ? y : double.NaN;

    private static double Transform(double x, double lambda)
    {
        if (double.IsNaN(x)) return x;
        return x >= 0 ? Bend(x, lambda) : -Bend(-x, 2 - lambda);
    }

    private static double Bend(double x, double power) => Math.Abs(power) < 1e-12 ? FittedLog1p.Log1p(x) : (Math.Pow(x + 1, power) - 1) / power;
}
