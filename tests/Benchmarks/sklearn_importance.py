"""scikit-learn's permutation importance of a random forest: features, labels, features a row, training rows, repeats. Ends with its figures."""
import resource
import sys
import time

import numpy
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import permutation_importance

features, labels, count, training, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
x = numpy.fromfile(features, dtype=numpy.float32).reshape(-1, count)
y = numpy.fromfile(labels, dtype=numpy.float32).astype(int)
forest = RandomForestClassifier(100, n_jobs=-1, random_state=1).fit(x[:training], y[:training])
start = time.time()
result = permutation_importance(forest, x[training:], y[training:], scoring="accuracy", n_repeats=repeats, random_state=1)
seconds = time.time() - start
usage = resource.getrusage(resource.RUSAGE_SELF)
print(f"FIGURES {usage.ru_utime + usage.ru_stime:.2f} {usage.ru_maxrss / 1024:.0f} {seconds:.3f} {forest.score(x[training:], y[training:]):.5f} {result.importances_mean.max():.5f}")
