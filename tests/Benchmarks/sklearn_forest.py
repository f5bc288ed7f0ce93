"""scikit-learn's random forest on the same numbers: seconds to fit, accuracy and AUC on the rows held out."""
import resource
import sys
import time

import numpy
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, roc_auc_score

features, labels, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
x = numpy.fromfile(features, dtype=numpy.float32).reshape(-1, count)
y = numpy.fromfile(labels, dtype=numpy.float32).astype(int)
held_out = len(y) // 10
start = time.time()
forest = RandomForestClassifier(100, n_jobs=-1, random_state=1).fit(x[:-held_out], y[:-held_out])
seconds = time.time() - start
p = forest.predict_proba(x[-held_out:])[:, 1]
usage = resource.getrusage(resource.RUSAGE_SELF)
print(f"FIGURES {usage.ru_utime + usage.ru_stime:.2f} {usage.ru_maxrss / 1024:.0f} {seconds:.3f} {accuracy_score(y[-held_out:], p > 0.5):.5f} {roc_auc_score(y[-held_out:], p):.5f}")
