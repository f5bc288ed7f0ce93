using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using ModelWorkbench.Core.Splits;

namespace ModelWorkbench.Core.Explanations;

/// <summary>Rows on a plane where those that are near in many features stay near. Unlike principal components it keeps neighbours, not distances: how far groups lie apart, and how large they are, means nothing.</summary>
/// <param name="Rows">The 0-based row of the dataset of each point, or null where it is not known.</param>
/// <param name="X">Across, one a row; the unit means nothing.</param>
/// <param name="Y">Up.</param>
/// <param name="RowCount">Rows that the points were drawn from.</param>
/// <param name="FeatureCount">Features of a row.</param>
/// <param name="ComponentCount">Principal components that distances were measured on.</param>
/// <param name="Perplexity">About how many neighbours a row is kept near to.</param>
/// <param name="Trustworthiness">Of the map, for five neighbours: <see cref="NeighbourLayout.Trustworthiness"/>.</param>
/// <param name="OfComponents">That of the first two principal components, to compare with.</param>
public sealed record NeighbourMap(
    IReadOnlyList<int>? Rows, IReadOnlyList<float> X, IReadOnlyList<float> Y, int RowCount, int FeatureCount, int ComponentCount, double Perplexity, double Trustworthiness, double OfComponents)
{
    /// <summary>Every row repels every other, so twice the rows take four times as long.</summary>
    public const int MostRows = 2_000;

    /// <summary>Distances are measured on so many components: more add noise, and time.</summary>
    public const int MostComponents = 50;

    private const double UsualPerplexity = 30;

    /// <summary>Neighbours that the trustworthiness is told for.</summary>
    public const int Told = 5;

    /// <summary>How far each group keeps to itself: of the nearest on the map, the share that is of the same group.</summary>
    /// <param name="groups">A name, and the places of its points on the map.</param>
    /// <returns>Name, number of points, and share of 0 to 1; without groups that have no point.</returns>
    public IReadOnlyList<(string Name, int Count, double Share)> Kinship(IReadOnlyList<(string Name, IReadOnlyList<int> Points)> groups)
    {
        var groupOf = new int[X.Count];
        Array.Fill(groupOf, -1);
        foreach (var (g, group) in groups.Index())
            foreach (var point in group.Points) groupOf[point] = g;
        var own = new double[X.Count];
        float[] plane = [.. Enumerable.Range(0, X.Count).SelectMany(i => new[] { X[i], Y[i] })];
        Parallel.For(0, X.Count, i => own[i] = NeighbourLayout.Nearest(NeighbourLayout.Distances(plane, 2, i), i, Told).Average(j => groupOf[j] == groupOf[i] ? 1.0 : 0.0));
        return [.. groups.Where(g => g.Points.Count > 0).Select(g => (g.Name, g.Points.Count, g.Points.Average(i => own[i])))];
    }

    /// <summary>Places rows by where they lie on their principal components.</summary>
    /// <param name="scores">Row-major, n rows of k components, most variance first; n at least 8.</param>
    /// <param name="componentCount">k, at least 1.</param>
    /// <param name="rowCount">Rows that these were drawn from.</param>
    /// <param name="featureCount">Features that the components are made of.</param>
    /// <param name="rows">Of the dataset, one a row; null where not known.</param>
    /// <param name="seed">Decides what tells rows apart that are alike.</param>
    /// <param name="progress">Told the share that is done.</param>
    /// <param name="cancellationToken">Looked at in every step.</param>
    public static NeighbourMap Create(float[] scores, int componentCount, int rowCount, int featureCount, IReadOnlyList<int>? rows, int seed, Action<double> progress, CancellationToken cancellationToken)
    {
        var n = scores.Length / componentCount;
        var perplexity = Math.Min(UsualPerplexity, (n - 1) / 4.0);
        var layout = NeighbourLayout.Of(scores, componentCount, perplexity, seed, progress, cancellationToken);
        var two = new float[2 * n];
        for (var i = 0; i < n; i++)
            for (var c = 0; c < Math.Min(2, componentCount); c++) two[(2 * i) + c] = scores[(i * componentCount) + c];
        return new NeighbourMap(
            rows, [.. Enumerable.Range(0, n).Select(i => layout[2 * i])], [.. Enumerable.Range(0, n).Select(i => layout[(2 * i) + 1])], rowCount, featureCount, componentCount, perplexity,
            NeighbourLayout.Trustworthiness(scores, componentCount, layout, Told), NeighbourLayout.Trustworthiness(scores, componentCount, two, Told));
    }
}

/// <summary>t-distributed stochastic neighbour embedding, exact in what repels and of the nearest rows in what attracts.</summary>
/// <remarks>
/// van der Maaten and Hinton (2008), Visualizing data using t-SNE, JMLR 9; the nearest rows alone attract as in van der Maaten (2014), Accelerating t-SNE using tree-based algorithms, JMLR 15.
/// It begins at the first two components (Kobak and Linderman 2021, Nature Biotechnology 39), so that a run hangs on no chance; learning rate, exaggeration and momentum are scikit-learn's.
/// </remarks>
public static class NeighbourLayout
{
    private const int Steps = 1_000;
    private const int ExaggeratedSteps = 250;
    private const float Exaggeration = 12;

    // Of the first component when it begins; rows that are alike are told apart by a hundredth of it.
    private const double Spread = 1e-4;

    /// <summary>Places rows on a plane.</summary>
    /// <param name="points">Row-major, n rows of d numbers; n at least 8. The first two numbers are where it begins.</param>
    /// <param name="width">d, at least 1.</param>
    /// <param name="perplexity">About how many neighbours count, at least 1, below n / 3.</param>
    /// <param name="seed">Tells rows apart that are alike.</param>
    /// <param name="progress">Told the share that is done.</param>
    /// <param name="cancellationToken">Looked at in every step.</param>
    /// <returns>Row-major, n rows of two numbers; the same for any number of threads.</returns>
    /// <exception cref="ArgumentException">Sizes do not fit.</exception>
    public static float[] Of(float[] points, int width, double perplexity, int seed, Action<double> progress, CancellationToken cancellationToken)
    {
        var n = width > 0 ? points.Length / width : 0;
        if (n < 8 || points.Length != n * width) throw new ArgumentException($"Found {points.Length} numbers for rows of {width}, expected at least 8 rows.", nameof(points));
        if (!(perplexity >= 1 && perplexity < n / 3.0)) throw new ArgumentException(FormattableString.Invariant($"The perplexity is {perplexity}, expected 1 to less than a third of the {n} rows."), nameof(perplexity));
        var attraction = Attraction.Of(points, width, n, perplexity, cancellationToken);

        var (x, y) = (Begin(points, width, n, 0, seed), Begin(points, width, n, 1, seed));
        float[] moveX = new float[n], moveY = new float[n], gainX = [.. Enumerable.Repeat(1f, n)], gainY = [.. gainX], forceX = new float[n], forceY = new float[n];
        var repulsion = new (float X, float Y, float Sum)[n];
        var rate = (float)Math.Max(n / Exaggeration / 4, 50);
        for (var step = 0; step < Steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (step % 50 == 0) progress((double)step / Steps);
            var (exaggeration, momentum) = step < ExaggeratedSteps ? (Exaggeration, 0.5f) : (1f, 0.8f);
            Parallel.For(0, n, i => repulsion[i] = Repel(x, y, i));
            // In the order of the rows, so that threads make no difference.
            var total = 0.0;
            foreach (var row in repulsion) total += row.Sum;
            var scale = (float)(1 / Math.Max(total, 1e-12));
            Parallel.For(0, n, i =>
            {
                var (ax, ay) = attraction.Pull(x, y, i);
                forceX[i] = 4 * ((exaggeration * ax) - (scale * repulsion[i].X));
                forceY[i] = 4 * ((exaggeration * ay) - (scale * repulsion[i].Y));
            });
            Move(x, moveX, gainX, forceX, momentum, rate);
            Move(y, moveY, gainY, forceY, momentum, rate);
        }
        progress(1);
        var placed = new float[2 * n];
        for (var i = 0; i < n; i++) (placed[2 * i], placed[(2 * i) + 1]) = (x[i], y[i]);
        return placed;
    }

    private static float[] Begin(float[] points, int width, int n, int component, int seed)
    {
        var begin = new float[n];
        // Against the spread of the first, as the second is narrower by nature.
        double mean = 0, first = 0, deviation = 0;
        for (var i = 0; i < n; i++) (mean, first) = (mean + (component < width ? points[(i * width) + component] : 0), first + points[i * width]);
        (mean, first) = (mean / n, first / n);
        for (var i = 0; i < n; i++) deviation += (points[i * width] - first) * (points[i * width] - first);
        deviation = Math.Sqrt(deviation / n);
        for (var i = 0; i < n; i++)
        {
            var own = component < width && deviation > 0 ? (points[(i * width) + component] - mean) / deviation : 0;
            begin[i] = (float)(Spread * (own + (0.01 * (RowSample.Chance((2L * i) + component, seed) - 0.5))));
        }
        return begin;
    }

    private static void Move(float[] place, float[] move, float[] gain, float[] force, float momentum, float rate)
    {
        for (var i = 0; i < place.Length; i++)
        {
            gain[i] = Math.Max(0.01f, move[i] * force[i] < 0 ? gain[i] + 0.2f : gain[i] * 0.8f);
            move[i] = (momentum * move[i]) - (rate * gain[i] * force[i]);
            place[i] += move[i];
        }
        // Nothing holds the map in its place.
        TensorPrimitives.Subtract(place, TensorPrimitives.Sum<float>(place) / place.Length, place);
    }

    /// <summary>How a row is pushed by all others (before it is divided by the sum of all kernels), and its sum of kernels.</summary>
    private static (float X, float Y, float Sum) Repel(float[] x, float[] y, int row)
    {
        var (ownX, ownY) = (new Vector<float>(x[row]), new Vector<float>(y[row]));
        Vector<float> pushX = default, pushY = default, sum = default;
        ReadOnlySpan<Vector<float>> xs = MemoryMarshal.Cast<float, Vector<float>>(x), ys = MemoryMarshal.Cast<float, Vector<float>>(y);
        for (var v = 0; v < xs.Length; v++)
        {
            var (dx, dy) = (ownX - xs[v], ownY - ys[v]);
            var kernel = Vector<float>.One / (Vector<float>.One + (dx * dx) + (dy * dy));
            var squared = kernel * kernel;
            (pushX, pushY, sum) = (pushX + (squared * dx), pushY + (squared * dy), sum + kernel);
        }
        var found = (X: Vector.Sum(pushX), Y: Vector.Sum(pushY), Sum: Vector.Sum(sum));
        for (var i = xs.Length * Vector<float>.Count; i < x.Length; i++)
        {
            var (dx, dy) = (x[row] - x[i], y[row] - y[i]);
            var kernel = 1 / (1 + (dx * dx) + (dy * dy));
            found = (found.X + (kernel * kernel * dx), found.Y + (kernel * kernel * dy), found.Sum + kernel);
        }
        // Without the row itself, which neither pushes nor counts.
        return (found.X, found.Y, found.Sum - 1);
    }

    /// <summary>How strongly each row is drawn to others: a symmetric table of which only the nearest rows are kept.</summary>
    private sealed class Attraction(int[] starts, int[] others, float[] weights)
    {
        public static Attraction Of(float[] points, int width, int n, double perplexity, CancellationToken cancellationToken)
        {
            var count = Math.Min(n - 1, (int)(3 * perplexity) + 1);
            var nearest = new (int Other, double Weight)[n][];
            Parallel.For(0, n, new ParallelOptions { CancellationToken = cancellationToken }, row => nearest[row] = Nearest(points, width, n, row, count, perplexity));
            var pairs = new Dictionary<int, double>[n];
            for (var i = 0; i < n; i++) pairs[i] = [];
            for (var i = 0; i < n; i++)
                foreach (var (j, weight) in nearest[i])
                {
                    CollectionsMarshal.GetValueRefOrAddDefault(pairs[i], j, out _) += weight;
                    CollectionsMarshal.GetValueRefOrAddDefault(pairs[j], i, out _) += weight;
                }
            var total = pairs.Sum(row => row.Values.Sum());
            var (starts, others, weights) = (new int[n + 1], new List<int>(), new List<float>());
            for (var i = 0; i < n; i++)
            {
                foreach (var (j, weight) in pairs[i].OrderBy(p => p.Key))
                {
                    others.Add(j);
                    weights.Add((float)(weight / total));
                }
                starts[i + 1] = others.Count;
            }
            return new Attraction(starts, [.. others], [.. weights]);
        }

        /// <summary>The nearest rows with weights that fall with their distance, so wide that about as many count as asked for.</summary>
        private static (int Other, double Weight)[] Nearest(float[] points, int width, int n, int row, int count, double perplexity)
        {
            var (distances, order) = (new double[n], new int[n]);
            var own = points.AsSpan(row * width, width);
            for (var i = 0; i < n; i++)
            {
                var distance = TensorPrimitives.Distance<float>(own, points.AsSpan(i * width, width));
                (distances[i], order[i]) = (i == row ? -1 : (double)distance * distance, i);
            }
            Array.Sort(distances, order);
            // The first is the row itself.
            var (low, high, precision, weights) = (0.0, double.PositiveInfinity, 1.0, new double[count]);
            for (var step = 0; step < 100; step++)
            {
                var (sum, mean) = (0.0, 0.0);
                for (var k = 0; k < count; k++)
                {
                    var distance = distances[k + 1] - distances[1];
                    sum += weights[k] = Math.Exp(-precision * distance);
                    mean += weights[k] * distance;
                }
                var entropy = Math.Log(sum) + (precision * mean / sum);
                for (var k = 0; k < count; k++) weights[k] /= sum;
                var off = entropy - Math.Log(perplexity);
                if (Math.Abs(off) < 1e-5) break;
                if (off > 0) (low, precision) = (precision, double.IsInfinity(high) ? precision * 2 : (precision + high) / 2);
                else (high, precision) = (precision, (precision + low) / 2);
                // Many rows at one place: no width tells them apart.
                if (!double.IsFinite(precision) || precision > 1e100) break;
            }
            return [.. Enumerable.Range(0, count).Select(k => (order[k + 1], weights[k]))];
        }

        public (float X, float Y) Pull(float[] x, float[] y, int row)
        {
            var (pullX, pullY) = (0f, 0f);
            for (var k = starts[row]; k < starts[row + 1]; k++)
            {
                var (dx, dy) = (x[row] - x[others[k]], y[row] - y[others[k]]);
                var weight = weights[k] / (1 + (dx * dx) + (dy * dy));
                (pullX, pullY) = (pullX + (weight * dx), pullY + (weight * dy));
            }
            return (pullX, pullY);
        }
    }

    /// <summary>Whether rows that lie side by side on a plane are side by side in truth: 1 where all neighbours are, near 0.5 for a random order.</summary>
    /// <param name="points">Row-major, n rows of d numbers.</param>
    /// <param name="width">d.</param>
    /// <param name="plane">Row-major, n rows of two numbers.</param>
    /// <param name="neighbours">k, below n / 2.</param>
    /// <remarks>Venna and Kaski (2001), Neighborhood preservation in nonlinear projection methods, ICANN; scikit-learn's manifold.trustworthiness. Equal distances count in the order of the rows.</remarks>
    public static double Trustworthiness(float[] points, int width, float[] plane, int neighbours)
    {
        var n = plane.Length / 2;
        if (points.Length != n * width) throw new ArgumentException($"Found {points.Length} numbers for {n} rows of {width}.", nameof(points));
        if (neighbours < 1 || neighbours >= n / 2.0) throw new ArgumentException($"Found {neighbours} neighbours, expected 1 to less than half of the {n} rows.", nameof(neighbours));
        var surprises = new long[n];
        Parallel.For(0, n, row =>
        {
            var inTruth = Distances(points, width, row);
            foreach (var other in Nearest(Distances(plane, 2, row), row, neighbours))
            {
                var rank = 1;
                for (var i = 0; i < n; i++)
                    if (i != row && (inTruth[i] < inTruth[other] || (inTruth[i] == inTruth[other] && i < other))) rank++;
                surprises[row] += Math.Max(0, rank - neighbours);
            }
        });
        return 1 - (2.0 * surprises.Sum() / ((double)n * neighbours * ((2.0 * n) - (3.0 * neighbours) - 1)));
    }

    /// <summary>The nearest to a row but itself; few of many, so they are kept in order as they are met.</summary>
    internal static List<int> Nearest(float[] distances, int row, int count)
    {
        var near = new List<int>(count + 1);
        for (var i = 0; i < distances.Length; i++)
        {
            if (i == row || (near.Count == count && distances[i] >= distances[near[^1]])) continue;
            var place = near.Count;
            while (place > 0 && distances[near[place - 1]] > distances[i]) place--;
            near.Insert(place, i);
            if (near.Count > count) near.RemoveAt(count);
        }
        return near;
    }

    /// <summary>From a row to every row.</summary>
    internal static float[] Distances(float[] points, int width, int row)
    {
        var found = new float[points.Length / width];
        var own = points.AsSpan(row * width, width);
        for (var i = 0; i < found.Length; i++) found[i] = TensorPrimitives.Distance<float>(own, points.AsSpan(i * width, width));
        return found;
    }
}
