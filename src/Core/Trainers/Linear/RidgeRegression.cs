using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;

namespace ModelWorkbench.Core.Trainers;

/// <summary>Least squares with a penalty on the size of the weights, solved exactly.</summary>
internal static class RidgeRegression
{
    /// <summary>Minimises the weighted sum of squared errors plus alpha times the sum of squared weights; the bias is not penalised.</summary>
    /// <remarks>Hoerl and Kennard (1970), Ridge regression, Technometrics 12; the same objective as scikit-learn's Ridge.</remarks>
    /// <exception cref="TrainingFailedException">The equations have no finite solution.</exception>
    public static LinearScorer Fit(FeatureMatrix features, float[] labels, float[]? weights, double alpha, MonotoneProgress progress, CancellationToken cancellationToken)
    {
        int rows = features.RowCount, count = features.FeatureCount;
        var means = new double[count];
        var total = weights?.Sum(w => (double)w) ?? rows;
        var labelMean = labels.Index().Sum(l => (weights?[l.Index] ?? 1) * (double)l.Item / total);
        var gram = new double[count][];
        for (var j = 0; j < count; j++) gram[j] = new double[count];
        var moments = new double[count];
        var row = new double[count];
        for (var i = 0; i < rows; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var source = features.Row(i);
            double weight = weights?[i] ?? 1;
            for (var j = 0; j < count; j++) row[j] = source[j];
            TensorPrimitives.MultiplyAdd(row, weight, means, means);
            TensorPrimitives.MultiplyAdd(row, weight * (labels[i] - labelMean), moments, moments);
            for (var j = 0; j < count; j++)
            {
                // One-hot features are mostly 0.
                if (row[j] == 0) continue;
                var target = gram[j].AsSpan(j);
                TensorPrimitives.MultiplyAdd(row.AsSpan(j), weight * row[j], target, target);
            }
            if (i % 1024 == 0) progress.Report(0.9 * i / rows);
        }
        for (var j = 0; j < count; j++) means[j] /= total;

        var left = Matrix<double>.Build.Dense(count, count, (a, b) =>
            gram[Math.Min(a, b)][Math.Max(a, b)] - (total * means[a] * means[b]) + (a == b ? alpha : 0));
        double[] solution;
        try
        {
            solution = left.Cholesky().Solve(Vector<double>.Build.DenseOfArray(moments)).ToArray();
        }
        catch (ArgumentException e)
        {
            throw new TrainingFailedException("The least-squares equations have no stable solution. Look for extremely large values in the features.", e);
        }
        cancellationToken.ThrowIfCancellationRequested();
        return MlNetLinear.Build(solution, [labelMean - TensorPrimitives.Dot<double>(solution, means)], LinearLink.Identity);
    }
}
