"""Writes curves.json: fixed predictions with their calibration, gains, thresholds and residual quantiles by scikit-learn and scipy.

Run from this folder: python3 curves.py (scikit-learn 1.2.1, scipy 1.10, numpy 1.24).
"""
import json

import numpy as np
from scipy import stats
from sklearn import metrics as m
from sklearn.calibration import calibration_curve

rng = np.random.default_rng(11)


def calibration(truth, p):
    observed, predicted = calibration_curve(truth, p, n_bins=10, strategy="quantile")
    edges = np.percentile(p, np.linspace(0, 100, 11))
    bins = np.searchsorted(edges[1:-1], p)
    counts = np.bincount(bins, minlength=10)
    counts = counts[counts > 0]
    return {"observed": observed.tolist(), "predicted": predicted.tolist(), "counts": counts.tolist(),
            "expectedError": float(np.sum(counts * np.abs(observed - predicted)) / len(p)),
            "histogram": np.bincount(np.minimum((20 * p).astype(int), 19), minlength=20).tolist()}


def binary(name, truth, p):
    thresholds = sorted(set(p.tolist()), reverse=True)
    at = []
    for t in thresholds[:: max(1, len(thresholds) // 12)]:
        predicted = (p >= t).astype(int)
        tn, fp, fn, tp = m.confusion_matrix(truth, predicted, labels=[0, 1]).ravel()
        at.append({"threshold": t, "tp": int(tp), "fp": int(fp), "fn": int(fn), "tn": int(tn),
                   "rowShare": float(predicted.mean()), "foundShare": float(tp / truth.sum()),
                   "accuracy": m.accuracy_score(truth, predicted), "precision": m.precision_score(truth, predicted),
                   "recall": m.recall_score(truth, predicted), "f1": m.f1_score(truth, predicted), "mcc": m.matthews_corrcoef(truth, predicted)})
    scores = {t: m.f1_score(truth, (p >= t).astype(int)) for t in thresholds}
    best = max(scores.values())
    return {"name": name, "truth": truth.tolist(), "p": p.tolist(), "calibration": calibration(truth, p), "at": at, "bestF1": best,
            "bestThreshold": next(t for t in thresholds if scores[t] == best)}


def multiclass(name, truth, p):
    return {"name": name, "truth": truth.tolist(), "probabilities": p.ravel().tolist(), "classes": p.shape[1],
            "calibration": calibration((p.argmax(axis=1) == truth).astype(int), p.max(axis=1))}


def regression(name, actual, predicted):
    (normal, residual), _ = stats.probplot(actual - predicted)
    bins = np.searchsorted(np.percentile(predicted, np.linspace(0, 100, 11))[1:-1], predicted)
    ranges = []
    for b in sorted(set(bins.tolist())):
        a, q = actual[bins == b], predicted[bins == b]
        ranges.append({"from": q.min(), "to": q.max(), "mae": m.mean_absolute_error(a, q), "residual": float((a - q).mean()), "count": len(q)})
    return {"name": name, "actual": actual.tolist(), "predicted": predicted.tolist(), "normal": normal.tolist(), "residual": residual.tolist(), "ranges": ranges,
            "mean": float((actual - predicted).mean()), "deviation": float((actual - predicted).std())}


truth = (rng.random(300) < 0.3).astype(int)
p = np.clip(rng.normal(0.3 + 0.3 * truth, 0.2), 0.001, 0.999)
k = rng.random((200, 4)) + 1.2 * np.eye(4)[rng.integers(0, 4, 200)]
x = rng.normal(50, 20, 250)
json.dump({
    "binary": [binary("all different", truth, p), binary("many ties", truth, np.round(p, 1)), binary("two values", truth, np.where(p > 0.4, 0.75, 0.25))],
    "multiclass": [multiclass("four classes", rng.integers(0, 4, 200), k / k.sum(axis=1, keepdims=True))],
    "regression": [regression("normal", x, x + rng.normal(0, 5, 250)), regression("heavy tails", x, np.round(x + rng.standard_t(2, 250) * 4, -1)), regression("constant", x[:30], np.full(30, 48.0))],
    "normal": [[q, float(stats.norm.ppf(q))] for q in [1e-300, 1e-20, 1e-10, 0.001, 0.02425, 0.075, 0.3, 0.5, 0.6, 0.924, 0.97, 0.9999, 1 - 1e-12]],
}, open("curves.json", "w"), indent=0)
