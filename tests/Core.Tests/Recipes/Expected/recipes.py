"""Writes recipes.json: what scikit-learn, numpy and pandas make of the sample data sets.

Run from this folder: python3 recipes.py (scikit-learn 1.2.1, numpy 1.24, pandas 1.5).
"""
import json
import pathlib

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

samples = pathlib.Path(__file__).resolve().parents[4] / "samples"


def pca(file, target, standardize, k):
    x = pd.read_csv(samples / file).drop(columns=target).to_numpy(float)
    if standardize:
        x = StandardScaler().fit_transform(x)
    p = PCA(n_components=k, svd_solver="full").fit(x)
    # scikit-learn 1.2 decides signs by the scores; from 1.5 on by the components, largest weight positive. The latter is taken here.
    components = p.components_
    signs = np.sign(components[np.arange(k), np.argmax(np.abs(components), axis=1)])
    scores = (p.transform(x) * signs)[[0, 1, len(x) // 2, len(x) - 1]]
    return {
        "file": file, "target": target, "standardize": standardize, "rows": [0, 1, len(x) // 2, len(x) - 1],
        "components": (components * signs[:, None]).tolist(), "explainedVariance": p.explained_variance_.tolist(),
        "explainedVarianceRatio": p.explained_variance_ratio_.tolist(), "scores": scores.tolist(),
    }


def impute(file, columns, strategy):
    frame = pd.read_csv(samples / file)[columns]
    imputer = SimpleImputer(strategy=strategy, missing_values=np.nan).fit(frame)
    return {"file": file, "columns": columns, "strategy": strategy,
            "values": [v if isinstance(v, str) else float(v) for v in imputer.statistics_.tolist()]}


penguins = pd.read_csv(samples / "penguins.csv")
diamonds = pd.read_csv(samples / "diamonds.csv")
xs = [0, 1e-300, 1e-17, -1e-10, 3e-9, 0.1, -0.5, -0.999999, 1, 846, 1e6, 1e300]
json.dump({
    "pca": [pca("iris.csv", "species", False, 4), pca("iris.csv", "species", True, 4),
            pca("breast_cancer.csv", "diagnosis", False, 10), pca("breast_cancer.csv", "diagnosis", True, 10)],
    "impute": [impute("penguins.csv", ["bill_length_mm", "body_mass_g"], "mean"),
               impute("penguins.csv", ["bill_length_mm", "body_mass_g"], "median"),
               impute("penguins.csv", ["bill_length_mm", "flipper_length_mm", "sex", "island"], "most_frequent"),
               impute("credit_risk.csv", ["Income", "Assets", "Debt"], "median")],
    "log1p": {"x": xs, "y": [float(v) for v in np.log1p(xs)]},
    "rows": {"penguinsWithoutMissing": len(penguins.dropna()), "penguinsWithSex": len(penguins.dropna(subset=["sex"])),
             "diamondsDistinct": len(diamonds.drop_duplicates()),
             "diamondsDistinctCutColor": len(diamonds.drop_duplicates(["cut", "color"])),
             "penguinsDistinctIslandSex": len(penguins.drop_duplicates(["island", "sex"])),
             "firstLinesOfIslandSex": [int(i) + 2 for i in penguins.drop_duplicates(["island", "sex"]).index]},
}, open("recipes.json", "w"), indent=1)
