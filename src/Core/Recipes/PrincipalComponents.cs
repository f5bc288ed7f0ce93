using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;

namespace ModelWorkbench.Core.Recipes;

/// <summary>Copies the features of a row; <paramref name="features"/> has one place a feature.</summary>
public delegate void FeatureReader(int row, Span<double> features);

/// <summary>The orthogonal directions in which rows vary most, exact, from training rows; immutable.</summary>
/// <param name="Mean">Of each feature; length d.</param>
/// <param name="Scale">What the centred feature is divided by: its standard deviation (n in the denominator, as scikit-learn's StandardScaler) or 1; a constant feature has 1.</param>
/// <param name="Components">k directions of length d and norm 1, most variance first. Of the weights with the largest size (within 1e-9) the first is positive, so that the sign does not hang on the solver.</param>
/// <param name="ExplainedVariance">Variance of the rows along each component, n - 1 in the denominator; length k.</param>
/// <param name="ExplainedVarianceRatio">Its share of the variance of all features; length k; 0 where nothing varies.</param>
/// <remarks>Eigenvectors of the covariance matrix: Jolliffe (2002), Principal Component Analysis, 2nd edition, chapter 3. The sign rule is that of scikit-learn's svd_flip on components.</remarks>
public sealed record PrincipalComponents(
    double[] Mean,
    double[] Scale,
    double[][] Components,
    double[] ExplainedVariance,
    double[] ExplainedVarianceRatio)
{
    /// <summary>The eigen decomposition grows with the cube of the features: at 1,000 it takes seconds, beyond that minutes.</summary>
    public const int MaximumFeatures = 1_000;

    /// <summary>Sums of squares of 10 million values of this size are still finite.</summary>
    public const double LargestValue = 1e150;

    private const int BlockRows = 256;

    /// <summary>Finds the components of n rows of d features.</summary>
    /// <param name="rowCount">n, at least 2.</param>
    /// <param name="featureCount">d, 1 to <see cref="MaximumFeatures"/>.</param>
    /// <param name="read">Gives a row; all values finite and no larger than <see cref="LargestValue"/>. Called twice a row, in order.</param>
    /// <param name="componentCount">k, 1 to d.</param>
    /// <param name="standardize">Whether each feature is divided by its standard deviation, so that units do not matter.</param>
    /// <param name="cancellationToken">Looked at every few hundred rows.</param>
    /// <exception cref="ArgumentException">A size is out of range, or a value is not finite or too large.</exception>
    public static PrincipalComponents Fit(int rowCount, int featureCount, FeatureReader read, int componentCount, bool standardize, CancellationToken cancellationToken)
    {
        if (rowCount < 2) throw new ArgumentException($"Principal components need at least 2 rows, found {rowCount}.", nameof(rowCount));
        if (featureCount is < 1 or > MaximumFeatures) throw new ArgumentException($"Principal components need 1 to {MaximumFeatures} features, found {featureCount}.", nameof(featureCount));
        if (componentCount < 1 || componentCount > featureCount) throw new ArgumentException($"1 to {featureCount} components can be found, asked for {componentCount}.", nameof(componentCount));

        var mean = Average(rowCount, featureCount, read, cancellationToken);
        var covariance = Covariance(rowCount, featureCount, read, mean, cancellationToken);
        var scale = new double[featureCount];
        Array.Fill(scale, 1.0);
        if (standardize) Standardize(covariance, mean, scale, rowCount);
        cancellationToken.ThrowIfCancellationRequested();
        return Decompose(covariance, mean, scale, componentCount);
    }

    /// <summary>The coordinates of a row on the components.</summary>
    /// <param name="features">Length d. A missing value (NaN) counts as the training mean and so adds nothing.</param>
    /// <param name="scores">Length k.</param>
    public void Project(ReadOnlySpan<double> features, Span<double> scores)
    {
        if (features.Length != Mean.Length) throw new ArgumentException($"The components are made of {Mean.Length} features, found {features.Length}.", nameof(features));
        scores = scores[..Components.Length];
        scores.Clear();
        for (var j = 0; j < features.Length; j++)
        {
            if (double.IsNaN(features[j])) continue;
            var centred = (features[j] - Mean[j]) / Scale[j];
            for (var c = 0; c < scores.Length; c++) scores[c] += centred * Components[c][j];
        }
    }

    internal static double[] Average(int rowCount, int featureCount, FeatureReader read, CancellationToken cancellationToken)
    {
        var mean = new double[featureCount];
        var features = new double[featureCount];
        for (var row = 0; row < rowCount; row++)
        {
            if (row % BlockRows == 0) cancellationToken.ThrowIfCancellationRequested();
            read(row, features);
            for (var j = 0; j < featureCount; j++)
                if (!(Math.Abs(features[j]) <= LargestValue))
                    throw new ArgumentException(FormattableString.Invariant($"Row {row}, feature {j}: found {features[j]}, expected a finite number of at most {LargestValue}."), nameof(read));
            TensorPrimitives.Add(mean, features, mean);
        }
        TensorPrimitives.Divide(mean, rowCount, mean);
        return mean;
    }

    /// <summary>Sums products block by block, feature by feature: two short runs of memory at a time stay in the cache.</summary>
    private static double[,] Covariance(int rowCount, int featureCount, FeatureReader read, double[] mean, CancellationToken cancellationToken)
    {
        var sums = new double[featureCount, featureCount];
        var features = new double[featureCount];
        var block = new double[featureCount * BlockRows];
        for (var start = 0; start < rowCount; start += BlockRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var length = Math.Min(BlockRows, rowCount - start);
            for (var i = 0; i < length; i++)
            {
                read(start + i, features);
                for (var j = 0; j < featureCount; j++) block[j * BlockRows + i] = features[j] - mean[j];
            }
            for (var j = 0; j < featureCount; j++)
                for (var l = 0; l <= j; l++)
                    sums[j, l] += TensorPrimitives.Dot<double>(block.AsSpan(j * BlockRows, length), block.AsSpan(l * BlockRows, length));
        }
        for (var j = 0; j < featureCount; j++)
            for (var l = 0; l <= j; l++)
                sums[j, l] = sums[l, j] = sums[j, l] / (rowCount - 1);
        return sums;
    }

    private static void Standardize(double[,] covariance, double[] mean, double[] scale, int rowCount)
    {
        for (var j = 0; j < scale.Length; j++)
            scale[j] = ScaleOf(Math.Sqrt(covariance[j, j] * (rowCount - 1) / rowCount), mean[j]);
        for (var j = 0; j < scale.Length; j++)
            for (var l = 0; l < scale.Length; l++)
                covariance[j, l] /= scale[j] * scale[l];
    }

    /// <summary>The standard deviation, or 1 of a constant feature: what rounding leaves of it must not be blown up to unit variance.</summary>
    internal static double ScaleOf(double deviation, double mean) => deviation > 10 * double.Epsilon && deviation > 1e-13 * Math.Abs(mean) ? deviation : 1;

    private static PrincipalComponents Decompose(double[,] covariance, double[] mean, double[] scale, int componentCount)
    {
        var featureCount = mean.Length;
        var decomposition = Matrix<double>.Build.DenseOfArray(covariance).Evd(Symmetricity.Symmetric);
        var total = 0.0;
        for (var j = 0; j < featureCount; j++) total += covariance[j, j];

        var components = new double[componentCount][];
        var variance = new double[componentCount];
        for (var c = 0; c < componentCount; c++)
        {
            // Eigenvalues come ascending; rounding may leave a variance of 0 slightly below.
            var position = featureCount - 1 - c;
            variance[c] = Math.Max(0, decomposition.EigenValues[position].Real);
            components[c] = decomposition.EigenVectors.Column(position).ToArray();
            FixSign(components[c]);
        }
        return new PrincipalComponents(mean, scale, components, variance, [.. variance.Select(v => total > 0 ? v / total : 0)]);
    }

    internal static void FixSign(double[] component)
    {
        var largest = TensorPrimitives.MaxMagnitude<double>(component);
        var first = Array.Find(component, weight => Math.Abs(weight) >= Math.Abs(largest) - 1e-9);
        if (first < 0) TensorPrimitives.Negate(component, component);
    }
}
