namespace ModelWorkbench.Core.Trainers;

/// <summary>Grows the trees of a forest one after the other, reusing its buffers; one instance a thread.</summary>
/// <remarks>Breiman (2001), Random Forests, Machine Learning 45; Geurts, Ernst and Wehenkel (2006), Extremely randomized trees, Machine Learning 63.</remarks>
internal sealed class ForestTreeGrower
{
    private readonly BinnedFeatures _features;
    private readonly int _rowCount;
    private readonly int[] _labels;
    private readonly double[] _numbers;
    private readonly bool _isRegression;
    private readonly int _featuresTried;
    private readonly bool _extra;

    private readonly int[] _rows;
    private readonly int[] _goRight;
    private readonly float[] _weights;
    private readonly float[]? _rowWeights;
    private readonly double[] _upToRow = [];
    private readonly double _smallestLeaf;
    private readonly int[] _order;

    // Classes of the node in work are renumbered 0..present-1: small nodes hold few of many classes, and counting stays cheap.
    private readonly int[] _localClass;
    private readonly int[] _presentClasses;
    private int _presentCount;
    private readonly double[] _total;
    private readonly double[] _below;
    private double[] _counts = [];
    private readonly double[] _binWeights = new double[256];
    private readonly double[] _binSums = new double[256];

    private Random _random = new(0);

    /// <param name="features">Binned features of all rows.</param>
    /// <param name="labels">0-based classes; empty for regression.</param>
    /// <param name="numbers">The numbers to predict, around 0 to keep their squares exact; empty for classes.</param>
    /// <param name="rowWeights">One a row, about 1 on average; null where all count alike.</param>
    /// <param name="classCount">1 for regression.</param>
    /// <param name="featuresTried">How many features that vary a node tries.</param>
    /// <param name="smallestLeaf">Rows, each counted by its weight, that a leaf must hold.</param>
    /// <param name="extra">Random thresholds on all rows, instead of the best threshold on a bootstrap sample.</param>
    public ForestTreeGrower(BinnedFeatures features, int[] labels, double[] numbers, float[]? rowWeights, int classCount, int featuresTried, int smallestLeaf, bool extra)
    {
        _features = features;
        _isRegression = numbers.Length > 0;
        _rowCount = Math.Max(labels.Length, numbers.Length);
        (_labels, _numbers, _featuresTried, _extra) = (labels, numbers, featuresTried, extra);
        _rows = new int[_rowCount];
        _goRight = new int[_rowCount];
        _weights = new float[_rowCount];
        _rowWeights = rowWeights;
        if (rowWeights is not null && !extra)
        {
            _upToRow = new double[_rowCount];
            var sum = 0.0;
            for (var row = 0; row < _rowCount; row++) _upToRow[row] = sum += rowWeights[row];
        }
        // With one row enough, a row may weigh as little as it likes; the bound only keeps rounding from passing for a row.
        _smallestLeaf = smallestLeaf > 1 ? smallestLeaf : 1e-6;
        _order = new int[features.Bins.Length];
        _localClass = new int[classCount];
        _presentClasses = new int[classCount];
        _total = new double[classCount];
        _below = new double[classCount];
        Array.Fill(_localClass, -1);
    }

    private record struct Candidate(double Gain, int Feature, int Bin, bool MissingGoesLeft, bool HasMissing);

    /// <summary>Grows one tree; the same seed gives the same tree on any thread.</summary>
    /// <returns>Nodes by index, the root first.</returns>
    public List<TreeNode> Grow(int seed, double offset, CancellationToken cancellationToken)
    {
        _random = new Random(seed);
        for (var i = 0; i < _order.Length; i++) _order[i] = i;
        var count = DrawRows();
        var nodes = new List<TreeNode> { default };
        var waiting = new Stack<(int Start, int End, int Node)>();
        waiting.Push((0, count, 0));
        while (waiting.TryPop(out var range))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (start, end, node) = range;
            var (weight, sum, isPure) = Summarise(start, end);
            var best = isPure || weight < 2 * _smallestLeaf ? new Candidate(0, -1, 0, false, false) : FindSplit(start, end, weight, sum);
            if (best.Feature < 0)
            {
                nodes[node] = Leaf(weight, sum, offset);
                continue;
            }
            var (middle, missingGoesLeft) = Partition(start, end, best);
            var left = nodes.Count;
            nodes.Add(default);
            nodes.Add(default);
            var edges = _features.Edges[best.Feature];
            var threshold = best.Bin < edges.Length ? edges[best.Bin] : float.PositiveInfinity;
            nodes[node] = TreeNode.Split(best.Feature, threshold, missingGoesLeft, left, left + 1);
            waiting.Push((middle, end, left + 1));
            waiting.Push((start, middle, left));
        }
        return nodes;
    }

    /// <summary>A row with a chance in proportion to its weight: weighing rows after drawing them would pull the leaves of deep trees, which hold few, too little.</summary>
    private int DrawRow()
    {
        if (_upToRow.Length == 0) return _random.Next(_rowCount);
        var place = Array.BinarySearch(_upToRow, _random.NextDouble() * _upToRow[^1]);
        // A place that is not found, which is nearly every one, belongs to the first row beyond it; one that is found, to the next that weighs anything.
        var row = place < 0 ? ~place : place;
        while (row < _rowCount && _rowWeights![row] == 0) row++;
        return Math.Min(row, _rowCount - 1);
    }

    private int DrawRows()
    {
        if (_extra)
        {
            if (_rowWeights is null) Array.Fill(_weights, 1);
            else _rowWeights.CopyTo(_weights, 0);
        }
        else
        {
            Array.Clear(_weights);
            for (var i = 0; i < _rowCount; i++) _weights[DrawRow()]++;
        }
        var count = 0;
        for (var row = 0; row < _rowCount; row++)
            if (_weights[row] > 0) _rows[count++] = row;
        return count;
    }

    /// <summary>Weight, label sum and purity of the node; for classes also the counts by class.</summary>
    private (double Weight, double Sum, bool IsPure) Summarise(int start, int end)
    {
        var rows = _rows.AsSpan(start, end - start);
        double weight = 0, sum = 0;
        if (_isRegression)
        {
            var isPure = true;
            var first = _numbers[rows[0]];
            foreach (var row in rows)
            {
                weight += _weights[row];
                sum += _weights[row] * _numbers[row];
                isPure &= _numbers[row] == first;
            }
            return (weight, sum, isPure);
        }
        for (var i = 0; i < _presentCount; i++) _localClass[_presentClasses[i]] = -1;
        _presentCount = 0;
        foreach (var row in rows)
        {
            ref var local = ref _localClass[_labels[row]];
            if (local < 0)
            {
                local = _presentCount++;
                _presentClasses[local] = _labels[row];
                _total[local] = 0;
            }
            _total[local] += _weights[row];
            weight += _weights[row];
        }
        return (weight, 0, _presentCount == 1);
    }

    private TreeNode Leaf(double weight, double sum, double offset)
    {
        if (_isRegression) return TreeNode.EndsWith(new LeafEntry(0, (sum / weight) + offset));
        var entries = new LeafEntry[_presentCount];
        for (var i = 0; i < entries.Length; i++) entries[i] = new LeafEntry(_presentClasses[i], _total[i] / weight);
        return TreeNode.EndsWith(entries);
    }

    /// <summary>Tries random features until enough have varied in the node; feature -1 where all are constant in the node.</summary>
    private Candidate FindSplit(int start, int end, double weight, double sum)
    {
        var rows = _rows.AsSpan(start, end - start);
        var parent = _isRegression ? sum * sum / weight : SumOfSquares(_total, _presentCount) / weight;
        // A split without gain is taken too: what it parts, a later one may tell apart (exclusive or).
        var best = new Candidate(double.NegativeInfinity, -1, 0, false, false);
        var tried = 0;
        for (var drawn = 0; drawn < _order.Length && tried < _featuresTried; drawn++)
        {
            var other = _random.Next(drawn, _order.Length);
            (_order[drawn], _order[other]) = (_order[other], _order[drawn]);
            var feature = _order[drawn];
            var bins = _features.Bins[feature];
            int lowest = 255, highest = -1;
            var hasMissing = false;
            foreach (var row in rows)
            {
                int bin = bins[row];
                if (bin == BinnedFeatures.Missing)
                {
                    hasMissing = true;
                    continue;
                }
                if (bin < lowest) lowest = bin;
                if (bin > highest) highest = bin;
            }
            // Constant here; a single bin beside missing values can still part the two.
            if (highest < 0 || (lowest == highest && !hasMissing)) continue;
            tried++;
            Count(rows, bins, lowest, highest, hasMissing);
            if (_extra)
            {
                var bin = lowest == highest ? highest : _random.Next(lowest, highest);
                // Beside a single bin the missing values must go right, or nothing would be parted.
                var missingGoesLeft = hasMissing && lowest < highest && _random.Next(2) == 0;
                ScanOne(feature, lowest, bin, weight, sum, parent, missingGoesLeft, hasMissing, ref best);
            }
            else ScanAll(feature, lowest, highest, hasMissing, weight, sum, parent, ref best);
        }
        return best;
    }

    private void Count(ReadOnlySpan<int> rows, byte[] bins, int lowest, int highest, bool hasMissing)
    {
        Array.Clear(_binWeights, lowest, highest - lowest + 1);
        _binWeights[BinnedFeatures.Missing] = 0;
        if (_isRegression)
        {
            Array.Clear(_binSums, lowest, highest - lowest + 1);
            _binSums[BinnedFeatures.Missing] = 0;
            foreach (var row in rows)
            {
                int bin = bins[row];
                double weight = _weights[row];
                _binWeights[bin] += weight;
                _binSums[bin] += weight * _numbers[row];
            }
            return;
        }
        var present = _presentCount;
        if (_counts.Length < 256 * present) _counts = new double[256 * present];
        Array.Clear(_counts, lowest * present, (highest - lowest + 1) * present);
        if (hasMissing) Array.Clear(_counts, BinnedFeatures.Missing * present, present);
        foreach (var row in rows)
        {
            int bin = bins[row];
            double weight = _weights[row];
            _counts[(bin * present) + _localClass[_labels[row]]] += weight;
            _binWeights[bin] += weight;
        }
    }

    /// <summary>The best threshold, with missing values on either side.</summary>
    private void ScanAll(int feature, int lowest, int highest, bool hasMissing, double weight, double sum, double parent, ref Candidate best)
    {
        double belowWeight = 0, belowSum = 0, belowSquares = 0;
        var aboveSquares = _isRegression ? 0 : SumOfSquares(_total, _presentCount);
        Array.Clear(_below, 0, _presentCount);
        double missingWeight = _binWeights[BinnedFeatures.Missing], missingSum = _isRegression ? _binSums[BinnedFeatures.Missing] : 0;
        var last = hasMissing ? highest : highest - 1;
        for (var bin = lowest; bin <= last; bin++)
        {
            if (_binWeights[bin] == 0) continue;
            belowWeight += _binWeights[bin];
            if (_isRegression) belowSum += _binSums[bin];
            else MoveBelow(bin, ref belowSquares, ref aboveSquares);

            var aboveWeight = weight - belowWeight;
            if (belowWeight >= _smallestLeaf && aboveWeight >= _smallestLeaf)
            {
                var gain = (_isRegression
                    ? (belowSum * belowSum / belowWeight) + ((sum - belowSum) * (sum - belowSum) / aboveWeight)
                    : (belowSquares / belowWeight) + (aboveSquares / aboveWeight)) - parent;
                if (gain > best.Gain) best = new Candidate(gain, feature, bin, false, hasMissing);
            }
            if (!hasMissing || bin == highest) continue;
            var withMissing = belowWeight + missingWeight;
            if (withMissing < _smallestLeaf || weight - withMissing < _smallestLeaf) continue;
            var withMissingGain = (_isRegression
                ? ((belowSum + missingSum) * (belowSum + missingSum) / withMissing) + ((sum - belowSum - missingSum) * (sum - belowSum - missingSum) / (weight - withMissing))
                : ClassScoreWithMissing(withMissing, weight)) - parent;
            if (withMissingGain > best.Gain) best = new Candidate(withMissingGain, feature, bin, true, true);
        }
    }

    /// <summary>Moves a bin's class counts below the threshold and keeps both sums of squares up to date.</summary>
    private void MoveBelow(int bin, ref double belowSquares, ref double aboveSquares)
    {
        var counts = _counts.AsSpan(bin * _presentCount, _presentCount);
        for (var c = 0; c < counts.Length; c++)
        {
            var moved = counts[c];
            if (moved == 0) continue;
            double below = _below[c], above = _total[c] - below;
            belowSquares += moved * ((2 * below) + moved);
            aboveSquares -= moved * ((2 * above) - moved);
            _below[c] = below + moved;
        }
    }

    private double ClassScoreWithMissing(double leftWeight, double weight)
    {
        double leftSquares = 0, rightSquares = 0;
        var missing = _counts.AsSpan(BinnedFeatures.Missing * _presentCount, _presentCount);
        for (var c = 0; c < missing.Length; c++)
        {
            var left = _below[c] + missing[c];
            leftSquares += left * left;
            rightSquares += (_total[c] - left) * (_total[c] - left);
        }
        return (leftSquares / leftWeight) + (rightSquares / (weight - leftWeight));
    }

    private void ScanOne(int feature, int lowest, int threshold, double weight, double sum, double parent, bool missingGoesLeft, bool hasMissing, ref Candidate best)
    {
        double leftWeight = 0, leftSum = 0;
        Array.Clear(_below, 0, _presentCount);
        for (var bin = lowest; bin <= threshold; bin++) Add(bin);
        if (missingGoesLeft) Add(BinnedFeatures.Missing);
        var rightWeight = weight - leftWeight;
        if (leftWeight < _smallestLeaf || rightWeight < _smallestLeaf) return;
        double score;
        if (_isRegression) score = (leftSum * leftSum / leftWeight) + ((sum - leftSum) * (sum - leftSum) / rightWeight);
        else
        {
            double leftSquares = 0, rightSquares = 0;
            for (var c = 0; c < _presentCount; c++)
            {
                leftSquares += _below[c] * _below[c];
                rightSquares += (_total[c] - _below[c]) * (_total[c] - _below[c]);
            }
            score = (leftSquares / leftWeight) + (rightSquares / rightWeight);
        }
        if (score - parent > best.Gain) best = new Candidate(score - parent, feature, threshold, missingGoesLeft, hasMissing);

        void Add(int bin)
        {
            leftWeight += _binWeights[bin];
            if (_isRegression) leftSum += _binSums[bin];
            else
                for (var c = 0; c < _presentCount; c++) _below[c] += _counts[(bin * _presentCount) + c];
        }
    }

    /// <summary>Sorts the node's rows into left and right. Where training saw no missing value here, one goes with the majority.</summary>
    private (int Middle, bool MissingGoesLeft) Partition(int start, int end, Candidate split)
    {
        var bins = _features.Bins[split.Feature];
        int left = start, right = 0;
        double balance = 0;
        for (var i = start; i < end; i++)
        {
            var row = _rows[i];
            int bin = bins[row];
            if (bin == BinnedFeatures.Missing ? split.MissingGoesLeft : bin <= split.Bin)
            {
                _rows[left++] = row;
                balance += _weights[row];
            }
            else
            {
                _goRight[right++] = row;
                balance -= _weights[row];
            }
        }
        Array.Copy(_goRight, 0, _rows, left, right);
        return (left, split.HasMissing ? split.MissingGoesLeft : balance >= 0);
    }

    private static double SumOfSquares(double[] values, int count)
    {
        var sum = 0.0;
        for (var i = 0; i < count; i++) sum += values[i] * values[i];
        return sum;
    }
}
