"""Writes metrics.json: fixed predictions with their figures by scikit-learn.

Run from this folder: python3 metrics.py (scikit-learn 1.2.1, numpy 1.24).
"""
import json

import numpy as np
from sklearn import metrics as m

rng = np.random.default_rng(7)


def curve(truth, scores):
    if truth.min() == truth.max():
        return None
    fpr, tpr, _ = m.roc_curve(truth, scores, drop_intermediate=False)
    precision, recall, _ = m.precision_recall_curve(truth, scores)
    return {"auc": m.roc_auc_score(truth, scores), "fpr": fpr.tolist(), "tpr": tpr.tolist(),
            "averagePrecision": m.average_precision_score(truth, scores),
            "recall": recall[::-1].tolist(), "precision": precision[::-1].tolist()}


def classification(name, classes, truth, p):
    predicted = p.argmax(axis=1)
    labels = list(range(len(classes)))
    curves = [curve((truth == c).astype(int), p[:, c]) for c in labels]
    defined = [c["auc"] for c in curves if c]
    binary = len(classes) == 2
    if binary:
        auc = curves[1]["auc"] if curves[1] else None
    elif len(defined) == len(classes):
        auc = m.roc_auc_score(truth, p, multi_class="ovr", labels=labels)
    else:
        auc = float(np.mean(defined))
    precision, recall, f1, support = m.precision_recall_fscore_support(truth, predicted, labels=labels, zero_division=0)
    if binary:
        average_precision = curves[1]["averagePrecision"] if curves[1] else None
        brier = m.brier_score_loss(truth, p[:, 1])
    else:
        present = [c for c in labels if curves[c]]
        average_precision = m.average_precision_score((truth[:, None] == np.array(present)).astype(int), p[:, present], average="macro")
        brier = None
    return {"name": name, "classes": classes, "truth": truth.tolist(), "probabilities": p.ravel().tolist(),
            "accuracy": m.accuracy_score(truth, predicted), "balancedAccuracy": m.balanced_accuracy_score(truth, predicted),
            "f1": m.f1_score(truth, predicted, average="binary" if binary else "macro", zero_division=0),
            "averagePrecision": average_precision, "mcc": m.matthews_corrcoef(truth, predicted), "brier": brier,
            "weightedF1": None if binary else m.f1_score(truth, predicted, average="weighted", zero_division=0),
            "topThree": m.top_k_accuracy_score(truth, p, k=3, labels=labels) if len(classes) > 5 else None,
            "auc": auc, "logLoss": m.log_loss(truth, p, labels=labels, eps=1e-15),
            "confusion": m.confusion_matrix(truth, predicted, labels=labels).tolist(),
            "precision": precision.tolist(), "recall": recall.tolist(), "f1PerClass": f1.tolist(), "support": support.tolist(),
            "curves": curves[1:] if binary else curves}


def binary(n, decimals, share):
    truth = (rng.random(n) < share).astype(int)
    # The second column is 1 - the first, so that a tie stays an exact one.
    positive = np.round(np.clip(rng.normal(0.35 + 0.3 * truth, 0.2), 0, 1), decimals)
    return truth, np.column_stack([1 - positive, positive])


def multi(n, k, present):
    truth = rng.choice(present, n)
    p = rng.random((n, k)) + 1.2 * np.eye(k)[truth] * rng.random((n, 1))
    return truth, p / p.sum(axis=1, keepdims=True)


def regression(name, actual, predicted):
    return {"name": name, "actual": actual.tolist(), "predicted": predicted.tolist(), "rSquared": m.r2_score(actual, predicted),
            "rmse": m.mean_squared_error(actual, predicted, squared=False), "mae": m.mean_absolute_error(actual, predicted),
            "medianError": m.median_absolute_error(actual, predicted),
            "mape": None if (actual == 0).any() else m.mean_absolute_percentage_error(actual, predicted)}


cases = [
    classification("binary without ties", ["no", "yes"], *binary(120, 12, 0.4)),
    classification("binary with many ties", ["no", "yes"], *binary(150, 1, 0.3)),
    classification("binary with a rare class", ["no", "yes"], *binary(200, 2, 0.04)),
    classification("binary with certain and wrong", ["no", "yes"], np.array([0, 1, 1, 0]), np.array([[1.0, 0], [0, 1.0], [1.0, 0], [0.5, 0.5]])),
    classification("three classes", ["a", "b", "c"], *multi(150, 3, [0, 1, 2])),
    classification("four classes, one without rows", ["a", "b", "c", "d"], *multi(100, 4, [0, 1, 3])),
]
x = rng.normal(50_000, 20_000, 200)
numbers = [
    regression("good predictions", x, x + rng.normal(0, 4_000, 200)),
    regression("worse than the mean", x, rng.permutation(x)),
    regression("a single bin of error", np.arange(1.0, 11), np.arange(1.0, 11) + 2),
]
truth, p = multi(160, 7, [0, 1, 2, 3, 4, 5, 6])
cases += [
    classification("seven classes", list("abcdefg"), truth, p),
    # Tenths, so that many probabilities of a row are equal.
    classification("seven classes with ties", list("abcdefg"), truth, np.floor(10 * p) / 10 + (1 - np.floor(10 * p).sum(axis=1, keepdims=True) / 10) / 7),
    classification("always the same class", ["no", "yes"], np.array([0, 1, 0, 0, 1]), np.tile([0.6, 0.4], (5, 1))),
]
numbers += [
    regression("an actual 0, an odd number of rows", np.array([0.0, -2, 3, 5, 8]), np.array([0.5, -1, 3, 9, 7.5])),
    regression("actual numbers below 0", np.array([-4.0, -2, 3, 5]), np.array([-5.0, -1, 3, 9])),
]
json.dump({"classification": cases, "regression": numbers}, open("metrics.json", "w"), indent=0)
