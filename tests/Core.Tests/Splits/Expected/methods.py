"""Writes methods.json: how scikit-learn deals groups out to folds and cuts rows in order of time.

Run from this folder: python3 methods.py (scikit-learn 1.2.1).
"""
import json

import numpy as np
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, TimeSeriesSplit

random = np.random.default_rng(5)


def fold_of_group(splitter, x, y, groups):
    parts = {}
    for fold, (_, validation) in enumerate(splitter.split(x, y, groups)):
        for group in np.unique(groups[validation]):
            parts[int(group)] = fold
    return [parts[g] for g in sorted(parts)]


grouped, stratified, times = [], [], []
for count, folds in [(8, 2), (12, 3), (30, 5), (7, 7)]:
    # Different sizes, as scikit-learn leaves the order of equal ones open.
    sizes = random.permutation(np.arange(1, count + 1)) * 3
    groups = np.repeat(np.arange(count), sizes)
    grouped.append({"sizes": sizes.tolist(), "folds": folds, "foldOfGroup": fold_of_group(GroupKFold(folds), np.zeros(len(groups)), None, groups)})
for count, folds, classes in [(12, 3, 2), (20, 4, 3), (40, 5, 2), (60, 5, 4)]:
    # Counts wide apart, as between folds that are equally good rounding decides.
    counts = random.integers(0, 60, (count, classes))
    counts[:, 0] += 1
    groups = np.concatenate([np.repeat(g, counts[g].sum()) for g in range(count)])
    y = np.concatenate([np.repeat(np.arange(classes), counts[g]) for g in range(count)])
    # The order in which StratifiedGroupKFold takes them.
    order = np.argsort(-np.std(counts, axis=1), kind="mergesort")
    stratified.append({"counts": counts.tolist(), "order": order.tolist(), "folds": folds, "foldOfGroup": fold_of_group(StratifiedGroupKFold(folds), np.zeros(len(y)), y, groups)})
for count, folds in [(6, 2), (100, 5), (103, 4), (11, 10), (1000, 20)]:
    times.append({"rows": count, "folds": folds, "cuts": [[len(training), len(validation)] for training, validation in TimeSeriesSplit(folds).split(np.zeros(count))]})
json.dump({"grouped": grouped, "stratified": stratified, "times": times}, open("methods.json", "w"))
