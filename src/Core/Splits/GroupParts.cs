namespace ModelWorkbench.Core.Splits;

/// <summary>Deals groups of rows out to parts so that the parts get their shares of the rows, and of each class.</summary>
/// <remarks>Greedy, large groups first, each to the part where the classes then are most even: for parts of equal size and classes this is the rule of
/// scikit-learn's StratifiedGroupKFold, and without classes that of its GroupKFold.</remarks>
internal static class GroupParts
{
    private const double Tie = 1e-9;

    /// <summary>Which part each group belongs to.</summary>
    /// <param name="groups">Rows of each group by class: pairs of a 0-based class and a count above 0.</param>
    /// <param name="order">The groups in the order in which they are dealt out.</param>
    /// <param name="shares">What each part is to get of all rows; they sum to 1.</param>
    public static int[] Assign(IReadOnlyList<(int Class, int Count)[]> groups, IReadOnlyList<int> order, IReadOnlyList<double> shares) => Assign(groups, order, shares, null);

    /// <summary>Which groups are held out: their rows are nearly <paramref name="fraction"/> of all.</summary>
    /// <param name="groups">As in <see cref="Assign(IReadOnlyList{ValueTuple{int, int}[]}, IReadOnlyList{int}, IReadOnlyList{double})"/>.</param>
    /// <param name="fraction">Above 0, at most 0.5.</param>
    /// <param name="leave">How many groups stay at least.</param>
    public static bool[] HoldOut((int Class, int Count)[][] groups, double fraction, int leave, Random random)
    {
        // A class of so few groups that its share is less than half of one of them would never be held out: such classes share the place of one.
        var counts = groups.SelectMany(g => g.Select(c => c.Class)).CountBy(c => c).ToDictionary();
        var other = counts.Keys.Max() + 1;
        var merged = Array.ConvertAll(groups, group => group.GroupBy(c => counts[c.Class] * fraction < 0.5 ? other : c.Class).Select(g => (g.Key, g.Sum(c => c.Count))).ToArray());
        var parts = Assign(merged, Order(merged, random), [1 - fraction, fraction], Math.Max(1, groups.Length - leave));
        FillEmpty(parts, groups, 2);
        return Array.ConvertAll(parts, p => p == 1);
    }

    /// <param name="mostHeld">How many groups the last part may get; null where neither that nor the number of rows of any part is limited.</param>
    private static int[] Assign(IReadOnlyList<(int Class, int Count)[]> groups, IReadOnlyList<int> order, IReadOnlyList<double> shares, int? mostHeld)
    {
        var classes = groups.Max(g => g.Max(c => c.Class)) + 1;
        var totals = new double[classes];
        foreach (var group in groups)
            foreach (var (c, count) in group) totals[c] += count;

        // How full each part is, by class: 1 where it has its share. Sums and squares over the parts give the deviation without walking all parts.
        var filled = new double[shares.Count, classes];
        var (sums, squares) = (new double[classes], new double[classes]);
        var (rows, held, all) = (new double[shares.Count], new int[shares.Count], totals.Sum());
        var parts = new int[groups.Count];
        foreach (var index in order)
        {
            var group = groups[index];
            var (best, bestUnevenness, bestRows) = (-1, double.PositiveInfinity, double.PositiveInfinity);
            for (var part = 0; part < shares.Count; part++)
            {
                if (mostHeld is not null && IsFull(part, group.Sum(c => c.Count))) continue;
                var unevenness = 0.0;
                foreach (var (c, count) in group)
                {
                    var added = count / (totals[c] * shares[part]);
                    var (sum, square) = (sums[c] + added, squares[c] + 2 * filled[part, c] * added + added * added);
                    unevenness += Math.Sqrt(Math.Max(0, square / shares.Count - sum / shares.Count * (sum / shares.Count)));
                }
                var rowsOfPart = rows[part] / shares[part];
                if (!(unevenness < bestUnevenness - Tie) && !(unevenness <= bestUnevenness + Tie && rowsOfPart < bestRows)) continue;
                (best, bestUnevenness, bestRows) = (part, unevenness, rowsOfPart);
            }
            foreach (var (c, count) in group)
            {
                var added = count / (totals[c] * shares[best]);
                sums[c] += added;
                squares[c] += 2 * filled[best, c] * added + added * added;
                filled[best, c] += added;
                rows[best] += count;
            }
            held[best]++;
            parts[index] = best;
        }
        return parts;

        // Parts of different size are kept to it: one is full when it would go farther beyond its share than it now falls short. The first takes what no other does.
        bool IsFull(int part, int size) => part == shares.Count - 1
            ? held[part] >= mostHeld || size > 2 * (shares[part] * all - rows[part])
            : held[^1] < mostHeld && size > 2 * (shares[part] * all - rows[part]) && !IsFull(shares.Count - 1, size);
    }

    /// <summary>Where classes were even without it, a part may have got no group: it gets the smallest of a part that has several.</summary>
    public static void FillEmpty(int[] parts, (int Class, int Count)[][] groups, int count)
    {
        var held = new int[count];
        foreach (var part in parts) held[part]++;
        for (var empty = Array.IndexOf(held, 0); empty >= 0; empty = Array.IndexOf(held, 0))
        {
            var moved = Enumerable.Range(0, parts.Length).Where(g => held[parts[g]] > 1).MinBy(g => groups[g].Sum(c => c.Count));
            held[parts[moved]]--;
            held[empty]++;
            parts[moved] = empty;
        }
    }

    /// <summary>Large groups first, those of about the same size in an order of chance, so that another seed and another repeat give other parts.</summary>
    public static int[] Order(IReadOnlyList<(int Class, int Count)[]> groups, Random random)
    {
        var order = Enumerable.Range(0, groups.Count).ToArray();
        random.Shuffle(order);
        // Length of the counts as a vector: a group of one class weighs more than one of as many rows in several.
        var sizes = groups.Select(g => (int)Math.Floor(2 * Math.Log2(Math.Sqrt(g.Sum(c => (double)c.Count * c.Count))))).ToArray();
        return [.. order.OrderByDescending(g => sizes[g])];
    }

    /// <summary>Rows of each group by class.</summary>
    public static (int Class, int Count)[][] Counts(int[] groupOf, int groupCount, int[]? classOf)
    {
        var groups = ColumnCodes.Rows(groupOf, groupCount);
        return Array.ConvertAll(groups, rows => classOf is null ? [(0, rows.Length)] : rows.GroupBy(row => classOf[row]).Select(g => (g.Key, g.Count())).ToArray());
    }
}
