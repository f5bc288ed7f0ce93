"""Writes map.json: how far scikit-learn's t-SNE keeps neighbours on sample data sets, and how far the first two principal components do.

Run from this folder: python3 map.py (scikit-learn 1.2.1). Rows that stand twice are left out, as their order among themselves is arbitrary.
"""
import json
import pathlib

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness
from sklearn.preprocessing import StandardScaler

samples = pathlib.Path(__file__).resolve().parents[4] / "samples"


def figures(file, target):
    table = pd.read_csv(samples / file).dropna().select_dtypes("number").drop(columns=[target], errors="ignore").drop_duplicates()
    x = StandardScaler().fit_transform(table.to_numpy(float))
    perplexity = min(30, (len(x) - 1) / 4)
    maps = [TSNE(perplexity=perplexity, init="pca", learning_rate="auto", method=method, random_state=0).fit_transform(x) for method in ("exact", "barnes_hut")]
    return {
        "file": file, "target": target, "rowCount": len(x), "perplexity": perplexity,
        "components": trustworthiness(x, PCA(2, svd_solver="full").fit_transform(x), n_neighbors=5),
        "exact": trustworthiness(x, maps[0], n_neighbors=5), "barnesHut": trustworthiness(x, maps[1], n_neighbors=5),
    }


json.dump([figures("iris.csv", "species"), figures("breast_cancer.csv", "diagnosis"), figures("penguins.csv", "species")], open("map.json", "w"), indent=1)
