"""Writes neighbours.json: nearest rows by Gower's distance, differences of two halves, clusters of columns and Friedman's H, each on a sample data set or by its definition.

Run from this folder: /usr/bin/python3 neighbours.py (numpy, pandas 1.5.3, scipy 1.10.1).
"""
import json
import pathlib

import numpy as np
import pandas as pd
from scipy import stats
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

samples = pathlib.Path(__file__).resolve().parents[4] / "samples"


def gower(frame, columns, row):
    total = np.zeros(len(frame))
    for name in columns:
        column, own = frame[name], frame[name][row]
        missing = column.isna().to_numpy()
        if pd.api.types.is_numeric_dtype(column):
            span = np.nanquantile(column, 0.99) - np.nanquantile(column, 0.01)
            apart = np.minimum(1, np.abs(column - own) / span).to_numpy()
        else:
            apart = (column != own).astype(float).to_numpy()
        total += np.where(missing, 0.0 if pd.isna(own) else 1.0, 1.0 if pd.isna(own) else np.nan_to_num(apart, nan=1.0))
    return total / len(columns)


def nearest(file, columns, row, count):
    frame = pd.read_csv(samples / file)
    distance = gower(frame, columns, row)
    order = [int(i) for i in np.argsort(distance, kind="stable") if i != row][:count]
    return {"file": file, "columns": columns, "row": row, "rows": order, "distances": [float(distance[i]) for i in order]}


def halves(file, columns):
    frame = pd.read_csv(samples / file)
    before, after = frame[: len(frame) // 2], frame[len(frame) // 2 :]
    found = {}
    for name in columns:
        a, b = before[name].dropna(), after[name].dropna()
        if pd.api.types.is_numeric_dtype(frame[name]):
            d = stats.ks_2samp(a, b).statistic
            found[name] = {"statistic": d, "size": d, "p": stats.kstwobign.sf(np.sqrt(len(a) * len(b) / (len(a) + len(b))) * d)}
        else:
            # The fifty most frequent before, and one kind for all others.
            kept = list(a.value_counts().index[:50])
            table = np.array([[(s == v).sum() for v in kept] + [(~s.isin(kept)).sum()] for s in (a, b)])
            table = table[:, table.sum(axis=0) > 0]
            chi2, p, _, _ = stats.chi2_contingency(table, correction=False)
            found[name] = {"statistic": chi2, "size": np.sqrt(chi2 / table.sum()), "p": p}
    return {"file": file, "columns": found}


def clusters(file, columns, limit):
    correlation = pd.read_csv(samples / file)[columns].corr(method="spearman").abs().to_numpy()
    distance = 1 - correlation
    np.fill_diagonal(distance, 0)
    labels = fcluster(linkage(squareform(distance, checks=False), method="complete"), 1 - limit, criterion="distance")
    groups = [[c for c, l in zip(columns, labels) if l == label] for label in sorted(set(labels))]
    return {"file": file, "columns": columns, "limit": limit, "groups": sorted([g for g in groups if len(g) > 1], key=lambda g: (-len(g), columns.index(g[0])))}


def friedman():
    # Not of a library: by its definition, value by value.
    random = np.random.default_rng(7)
    x = np.round(random.normal(size=(25, 3)), 3)

    def f(r):
        return r[:, 0] * r[:, 1] + 2 * r[:, 2] + 0.5 * r[:, 0]

    def dependence(columns):
        means = []
        for own in x:
            mixed = x.copy()
            mixed[:, columns] = own[columns]
            means.append(f(mixed).mean())
        means = np.array(means)
        return means - means.mean()

    alone = [dependence([j]) for j in range(3)]
    h, effect = {}, {}
    for j in range(3):
        for k in range(j + 1, 3):
            both = dependence([j, k])
            rest = both - alone[j] - alone[k]
            h[f"{j}{k}"], effect[f"{j}{k}"] = np.sqrt((rest**2).sum() / (both**2).sum()), np.sqrt((rest**2).mean())
    return {"x": x.T.tolist(), "h": h, "effect": effect}


cancer = list(pd.read_csv(samples / "breast_cancer.csv").select_dtypes("number").columns)
json.dump({
    "nearest": [
        nearest("penguins.csv", ["island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex"], 10, 8),
        nearest("penguins.csv", ["island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex"], 3, 8),
        nearest("sacramento_homes.csv", ["city", "beds", "baths", "sqft", "type", "latitude", "longitude"], 100, 8),
    ],
    "halves": [halves("penguins.csv", ["island", "bill_length_mm", "sex"]), halves("sacramento_homes.csv", ["city", "sqft", "type", "price"]), halves("breast_cancer.csv", cancer[:5])],
    "clusters": [clusters("breast_cancer.csv", cancer, 0.7), clusters("breast_cancer.csv", cancer, 0.9)],
    "friedman": friedman(),
}, open("neighbours.json", "w"), indent=1)
