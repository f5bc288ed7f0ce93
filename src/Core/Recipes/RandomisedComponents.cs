using System.Numerics.Tensors;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;

namespace ModelWorkbench.Core.Recipes;

/// <summary>The first directions in which rows of very many features vary most, found by repeated random projection: the time grows with the features, not with their cube.</summary>
/// <remarks>
/// Randomised subspace iteration: Halko, Martinsson and Tropp (2011), SIAM Review 53(2), algorithms 4.4 and 5.1, with the iteration on the side of the features.
/// Directions come out exact where the variance falls off within the <see cref="Oversampling"/> further ones; of a flat spectrum they are a good approximation.
/// </remarks>
public static class RandomisedComponents
{
    /// <summary>Directions followed beyond those asked for, as the paper recommends.</summary>
    public const int Oversampling = 10;

    /// <summary>Times that the covariance is applied after the first: each lets the error of a direction fall by the ratio of the variance of the first one not followed to its own.</summary>
    public const int PowerIterations = 6;

    private const int BlockRows = 64;
    private const int SliceFeatures = 1_024;

    /// <summary>Finds the first components of n rows of d features.</summary>
    /// <param name="rowCount">n, at least 2.</param>
    /// <param name="featureCount">d, at least 1.</param>
    /// <param name="read">As for <see cref="PrincipalComponents.Fit"/>; called some ten times a row, in order.</param>
    /// <param name="componentCount">k, 1 to d.</param>
    /// <param name="standardize">Whether each feature is divided by its standard deviation.</param>
    /// <param name="seed">Of the directions that the search begins with.</param>
    /// <param name="cancellationToken">Looked at every few dozen rows.</param>
    /// <returns>k components with the sign rule of <see cref="PrincipalComponents"/>; the shares are of the variance of all features.</returns>
    /// <exception cref="ArgumentException">A size is out of range, or a value is not finite or too large.</exception>
    public static PrincipalComponents Fit(int rowCount, int featureCount, FeatureReader read, int componentCount, bool standardize, int seed, CancellationToken cancellationToken)
    {
        if (rowCount < 2) throw new ArgumentException($"Principal components need at least 2 rows, found {rowCount}.", nameof(rowCount));
        if (featureCount < 1) throw new ArgumentException($"Principal components need at least 1 feature, found {featureCount}.", nameof(featureCount));
        if (componentCount < 1 || componentCount > featureCount) throw new ArgumentException($"1 to {featureCount} components can be found, asked for {componentCount}.", nameof(componentCount));

        var mean = PrincipalComponents.Average(rowCount, featureCount, read, cancellationToken);
        var (scale, total) = Spread(rowCount, featureCount, read, mean, standardize, cancellationToken);
        var random = new Random(seed);
        var basis = new double[Math.Min(componentCount + Oversampling, featureCount)][];
        for (var c = 0; c < basis.Length; c++) basis[c] = Draw(random, featureCount);
        Orthonormalize(basis, random);
        for (var i = 0; i <= PowerIterations; i++)
        {
            basis = Apply(basis, rowCount, read, mean, scale, cancellationToken);
            Orthonormalize(basis, random);
        }
        return Rotate(basis, Apply(basis, rowCount, read, mean, scale, cancellationToken), mean, scale, componentCount, total / (rowCount - 1), rowCount);
    }

    /// <summary>What each feature is divided by, and the sum of squares of all features after that.</summary>
    private static (double[] Scale, double Total) Spread(int rowCount, int featureCount, FeatureReader read, double[] mean, bool standardize, CancellationToken cancellationToken)
    {
        var (sums, features) = (new double[featureCount], new double[featureCount]);
        for (var row = 0; row < rowCount; row++)
        {
            if (row % BlockRows == 0) cancellationToken.ThrowIfCancellationRequested();
            read(row, features);
            TensorPrimitives.Subtract<double>(features, mean, features);
            TensorPrimitives.MultiplyAdd<double>(features, features, sums, sums);
        }
        var scale = new double[featureCount];
        Array.Fill(scale, 1.0);
        var total = 0.0;
        for (var j = 0; j < featureCount; j++)
        {
            if (standardize) scale[j] = PrincipalComponents.ScaleOf(Math.Sqrt(sums[j] / rowCount), mean[j]);
            total += sums[j] / (scale[j] * scale[j]);
        }
        return (scale, total);
    }

    /// <summary>The centred, scaled rows X applied twice: XᵀX times each direction, one pass over the rows.</summary>
    private static double[][] Apply(double[][] basis, int rowCount, FeatureReader read, double[] mean, double[] scale, CancellationToken cancellationToken)
    {
        var (count, featureCount) = (basis.Length, mean.Length);
        var applied = basis.Select(_ => new double[featureCount]).ToArray();
        var block = new double[Math.Min(BlockRows, rowCount)][];
        for (var i = 0; i < block.Length; i++) block[i] = new double[featureCount];
        var products = new double[block.Length * count];
        for (var start = 0; start < rowCount; start += BlockRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var length = Math.Min(BlockRows, rowCount - start);
            for (var i = 0; i < length; i++)
            {
                read(start + i, block[i]);
                TensorPrimitives.Subtract<double>(block[i], mean, block[i]);
                TensorPrimitives.Divide<double>(block[i], scale, block[i]);
            }
            Array.Clear(products);
            // Slice by slice: a slice of the block and of the directions stays in the cache.
            for (var from = 0; from < featureCount; from += SliceFeatures)
            {
                var width = Math.Min(SliceFeatures, featureCount - from);
                for (var c = 0; c < count; c++)
                    for (var i = 0; i < length; i++)
                        products[i * count + c] += TensorPrimitives.Dot<double>(block[i].AsSpan(from, width), basis[c].AsSpan(from, width));
            }
            for (var from = 0; from < featureCount; from += SliceFeatures)
            {
                var width = Math.Min(SliceFeatures, featureCount - from);
                for (var c = 0; c < count; c++)
                {
                    var sums = applied[c].AsSpan(from, width);
                    for (var i = 0; i < length; i++) TensorPrimitives.MultiplyAdd(block[i].AsSpan(from, width), products[i * count + c], sums, sums);
                }
            }
        }
        return applied;
    }

    /// <summary>Gram-Schmidt, each direction twice, which is enough: Giraud and others (2005), Numerische Mathematik 101. One that hangs on those before it is drawn anew.</summary>
    private static void Orthonormalize(double[][] directions, Random random)
    {
        for (var c = 0; c < directions.Length; c++)
        {
            var before = TensorPrimitives.Norm<double>(directions[c]);
            for (var attempt = 0; ; attempt++)
            {
                for (var pass = 0; pass < 2; pass++)
                    for (var other = 0; other < c; other++)
                        TensorPrimitives.MultiplyAdd(directions[other], -TensorPrimitives.Dot<double>(directions[other], directions[c]), directions[c], directions[c]);
                var norm = TensorPrimitives.Norm<double>(directions[c]);
                if (norm > 1e-10 * before)
                {
                    TensorPrimitives.Divide<double>(directions[c], norm, directions[c]);
                    break;
                }
                directions[c] = Draw(random, directions[c].Length);
                before = TensorPrimitives.Norm<double>(directions[c]);
            }
        }
    }

    /// <summary>Turns the basis so that its directions are the eigenvectors of what the rows do to it (Rayleigh and Ritz).</summary>
    private static PrincipalComponents Rotate(double[][] basis, double[][] applied, double[] mean, double[] scale, int componentCount, double totalVariance, int rowCount)
    {
        var count = basis.Length;
        var small = Matrix<double>.Build.Dense(count, count, (a, b) => TensorPrimitives.Dot<double>(basis[a], applied[b]));
        var decomposition = ((small + small.Transpose()) / 2).Evd(Symmetricity.Symmetric);
        var components = new double[componentCount][];
        var variance = new double[componentCount];
        for (var c = 0; c < componentCount; c++)
        {
            // Eigenvalues come ascending; rounding may leave one of 0 slightly below.
            var position = count - 1 - c;
            variance[c] = Math.Max(0, decomposition.EigenValues[position].Real) / (rowCount - 1);
            components[c] = new double[mean.Length];
            for (var b = 0; b < count; b++) TensorPrimitives.MultiplyAdd(basis[b], decomposition.EigenVectors[b, position], components[c], components[c]);
            PrincipalComponents.FixSign(components[c]);
        }
        return new PrincipalComponents(mean, scale, components, variance, [.. variance.Select(v => totalVariance > 0 ? v / totalVariance : 0)]);
    }

    private static double[] Draw(Random random, int length)
    {
        var values = new double[length];
        Normal.Samples(random, values, 0, 1);
        return values;
    }
}
