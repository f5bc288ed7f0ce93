"""Writes components.json: scikit-learn's StandardScaler and PCA on a sample data set, and on a wide table that a formula makes.

Run from this folder: python3 components.py (scikit-learn 1.2.1, numpy 1.24). Values are 32-bit floats first, as features are.
"""
import json
import pathlib

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

samples = pathlib.Path(__file__).resolve().parents[4] / "samples"


def components(x, k, rows):
    x = StandardScaler().fit_transform(x.astype(np.float32).astype(float))
    p = PCA(svd_solver="full").fit(x)
    # svd_flip as from scikit-learn 1.5 on: by the components, largest weight positive.
    c = p.components_[:k]
    signs = np.sign(c[np.arange(k), np.argmax(np.abs(c), axis=1)])
    c = c * signs[:, None]
    shares = np.cumsum(p.explained_variance_ratio_)
    return {
        "explainedVarianceRatio": p.explained_variance_ratio_[:k].tolist(),
        "marks": [int(np.argmax(shares >= share) + 1) for share in (0.9, 0.95, 0.99)],
        "rows": rows, "scores": (p.transform(x)[:, :k] * signs)[rows].tolist(),
        "strongest": np.argsort(-np.abs(c), axis=1, kind="stable")[:, :5].tolist(),
        "loadings": [[float(row[j]) for j in np.argsort(-np.abs(row), kind="stable")[:5]] for row in c],
    }


def wide(rows, features):
    """Six directions of falling variance and a little that looks like noise."""
    i, j = np.arange(1, rows + 1)[:, None], np.arange(1, features + 1)[None, :]
    x = sum(0.5**r * np.sin(0.7 * (r + 1) * i + r) * np.cos(0.013 * (r + 2) * j + r * r) for r in range(6))
    return x + 0.01 * np.sin(12.9898 * i * j + 78.233 * i)


cancer = pd.read_csv(samples / "breast_cancer.csv").drop(columns="diagnosis").to_numpy(float)
json.dump({
    "sample": {"file": "breast_cancer.csv", "target": "diagnosis", **components(cancer, 10, [0, 1, 284, 568])},
    "wide": {"rowCount": 80, "featureCount": 2_000, **components(wide(80, 2_000), 6, [0, 1, 40, 79])},
}, open("components.json", "w"), indent=1)
