"""Accuracies of scikit-learn's pipelines on the rows that the product locks away.

Reads samples/iris.csv and iris-splits.json (for each seed the lines of the locked test set, as Splitter makes them with 20 %
of the rows, stratified; the test fails where they change) and writes iris-pipelines.json.
Made with scikit-learn 1.2.1: python3 iris_pipelines.py
"""
import json
import pathlib

import numpy
import pandas
import sklearn
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

here = pathlib.Path(__file__).parent
iris = pandas.read_csv(here.parents[2] / "samples" / "iris.csv").dropna()
features = numpy.log1p(iris.drop(columns="species"))
lines = iris.index + 2  # the header is line 1


def accuracies(make):
    result = {}
    for seed, test_lines in json.loads((here / "iris-splits.json").read_text())["testLines"].items():
        test = lines.isin(test_lines)
        model = make(int(seed)).fit(features[~test], iris.species[~test])
        result[seed] = model.score(features[test], iris.species[test])
    return result


def forest(seed):
    return RandomForestClassifier(n_estimators=100, random_state=seed)


(here / "iris-pipelines.json").write_text(json.dumps({
    "tool": f"scikit-learn {sklearn.__version__}",
    "withPca": accuracies(lambda seed: make_pipeline(PCA(2), forest(seed))),
    "withoutPca": accuracies(forest),
}, indent=2) + "\n")
