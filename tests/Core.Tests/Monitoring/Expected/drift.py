"""Figures of ColumnDriftTests, by scipy: python3 drift.py (Debian's python3-scipy)."""
import numpy as np
from scipy import stats
from scipy.spatial.distance import jensenshannon

before, after = np.array([100, 100, 100, 100, 100]), np.array([30, 50, 20, 60, 40])
n, m = before.sum(), after.sum()
d = np.abs(np.cumsum(before) / n - np.cumsum(after) / m).max()
print("KS", repr(d), repr(stats.kstwobign.sf(np.sqrt(n * m / (n + m)) * d)))
# Missing (10 of 510, 5 of 205) is a bin of its own.
print("JS", repr(jensenshannon(np.append(before, 10), np.append(after, 5), base=2)))

choices, seen = np.array([50, 30, 20, 0]), np.array([20, 40, 30, 10])
chi2, p, _, _ = stats.chi2_contingency(np.array([choices, seen]), correction=False)
print("chi2", repr(chi2), repr(p))

# Population stability index by its formula; each bin counts half a row more.
b, a = np.append(before, 10), np.append(after, 5)
q, p = (b + 0.5) / (b.sum() + 0.5 * len(b)), (a + 0.5) / (a.sum() + 0.5 * len(a))
print("PSI", repr(((p - q) * np.log(p / q)).sum()))
