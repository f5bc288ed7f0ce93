"""Writes datasets.json: measures, curves, principal components, permutation importance and partial dependence by scikit-learn on three sample data sets of each task.

Of each set the complete rows of its numbers are taken, evenly thinned to at most 400, and a decision tree is grown on every other of them. Its nodes stand in the file, so that the
same model answers here and there.

Run from this folder: python3 datasets.py (scikit-learn 1.2.1, pandas 1.5, numpy 1.24).
"""
import json
import pathlib

import numpy as np
import pandas as pd
from sklearn import metrics as m
from sklearn.decomposition import PCA
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

samples = pathlib.Path(__file__).resolve().parents[4] / "samples"
REPEATS = 300


def curves(truth, p, classes):
    found = []
    for c in range(1 if classes == 2 else 0, classes):
        own = (truth == c).astype(int)
        fpr, tpr, _ = m.roc_curve(own, p[:, c], drop_intermediate=False)
        precision, recall, _ = m.precision_recall_curve(own, p[:, c])
        found.append({"auc": m.roc_auc_score(own, p[:, c]), "fpr": fpr.tolist(), "tpr": tpr.tolist(),
                      "averagePrecision": m.average_precision_score(own, p[:, c]), "recall": recall[::-1].tolist(), "precision": precision[::-1].tolist()})
    return found


def measures(task, truth, answers):
    if task == "regression":
        return {"r-squared-score": m.r2_score(truth, answers), "rmse-error": m.mean_squared_error(truth, answers, squared=False), "mae-error": m.mean_absolute_error(truth, answers),
                "median-absolute-error": m.median_absolute_error(truth, answers), "mape-error": m.mean_absolute_percentage_error(truth, answers)}
    predicted, labels = answers.argmax(axis=1), list(range(answers.shape[1]))
    found = {"accuracy-score": m.accuracy_score(truth, predicted), "balanced-accuracy-score": m.balanced_accuracy_score(truth, predicted), "mcc-score": m.matthews_corrcoef(truth, predicted),
             "log-loss": m.log_loss(truth, answers, labels=labels, eps=1e-15)}
    if task == "binary":
        return found | {"f1-score": m.f1_score(truth, predicted), "auc-score": m.roc_auc_score(truth, answers[:, 1]), "average-precision-score": m.average_precision_score(truth, answers[:, 1]),
                        "brier-loss": m.brier_score_loss(truth, answers[:, 1])}
    # Of one class a row, micro F1 is the accuracy: held against it here.
    assert abs(m.f1_score(truth, predicted, average="micro") - found["accuracy-score"]) < 1e-12
    return found | {"f1-score": m.f1_score(truth, predicted, average="macro"), "weighted-f1-score": m.f1_score(truth, predicted, average="weighted"),
                    "auc-score": m.roc_auc_score(truth, answers, multi_class="ovr"), "average-precision-score": m.average_precision_score(np.eye(len(labels))[truth], answers, average="macro")}


def figures(task, file, target, columns):
    table = pd.read_csv(samples / file)[columns + [target]].dropna().reset_index(drop=True)
    step = -(-len(table) // 400)
    table = table.iloc[::step]
    # Features are 32-bit numbers, for scikit-learn's trees as for ours.
    x = table[columns].to_numpy(np.float32).astype(float)
    classes = [] if task == "regression" else sorted(table[target].unique().tolist())
    truth = table[target].to_numpy(float) if task == "regression" else table[target].map(classes.index).to_numpy()
    tree = (DecisionTreeRegressor if task == "regression" else DecisionTreeClassifier)(max_depth=5, min_samples_leaf=4, random_state=0).fit(x[::2], truth[::2])
    nodes = tree.tree_
    values = nodes.value[:, 0, :]
    if task != "regression":
        values = values / values.sum(axis=1, keepdims=True)
    answers_of = tree.predict if task == "regression" else tree.predict_proba
    answers = answers_of(x)

    pca = PCA(svd_solver="full").fit(StandardScaler().fit_transform(x))
    count = min(10, len(columns))
    components = pca.components_[:count]
    components = components * np.sign(components[np.arange(count), np.argmax(np.abs(components), axis=1)])[:, None]

    scoring = {"binary": "roc_auc", "multiclass": "accuracy", "regression": "neg_root_mean_squared_error"}[task]
    importance = permutation_importance(tree, x, truth, scoring=scoring, n_repeats=REPEATS, random_state=0)
    dependence = {}
    for name in [columns[i] for i in np.argsort(-importance.importances_mean)[:2]]:
        j = columns.index(name)
        grid = sorted(set(x[:, j].tolist()))
        means = []
        for value in grid:
            same = x.copy()
            same[:, j] = value
            means.append(np.atleast_1d(answers_of(same).mean(axis=0)).tolist())
        if task != "multiclass":
            # The loop is scikit-learn's brute method: held against it where its grid has the value.
            known = partial_dependence(tree, x, [j], kind="average", method="brute", percentiles=(0, 1), grid_resolution=10_000)
            at = dict(zip(known["values"][0].tolist(), known["average"][0].tolist()))
            assert any(v in at for v in grid) and all(abs(at[v] - mean[-1]) < 1e-9 for v, mean in zip(grid, means) if v in at)
        dependence[name] = {"grid": grid, "means": [mean[1:] if task == "binary" else mean for mean in means]}
    return {
        "task": task, "file": file, "target": target, "columns": columns, "step": step, "rowCount": len(x), "classes": [str(c) for c in classes],
        "tree": {"features": nodes.feature.tolist(), "thresholds": nodes.threshold.tolist(), "left": nodes.children_left.tolist(), "right": nodes.children_right.tolist(), "values": values.tolist()},
        "measures": measures(task, truth, answers), "curves": [] if task == "regression" else curves(truth, answers, len(classes)),
        "components": {"ratio": pca.explained_variance_ratio_[:count].tolist(), "loadings": components.tolist()},
        "importance": {"metric": {"binary": "auc-score", "multiclass": "accuracy-score", "regression": "rmse-error"}[task], "repeats": REPEATS,
                       "mean": importance.importances_mean.tolist(), "deviation": importance.importances_std.tolist()},
        "dependence": dependence,
    }


cancer = ["mean_radius", "mean_texture", "mean_perimeter", "mean_smoothness", "mean_concavity", "worst_symmetry"]
penguins = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
iris = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
homes = ["beds", "baths", "sqft", "latitude", "longitude"]
diamonds = ["carat", "depth", "table", "x", "y", "z"]
json.dump([
    figures("binary", "breast_cancer.csv", "diagnosis", cancer),
    figures("binary", "telco_churn.csv", "churn", ["tenure", "monthly_charges", "total_charges"]),
    figures("binary", "credit_risk.csv", "Status", ["Seniority", "Age", "Expenses", "Income", "Amount", "Price"]),
    figures("multiclass", "iris.csv", "species", iris),
    figures("multiclass", "penguins.csv", "species", penguins),
    figures("multiclass", "diamonds.csv", "cut", diamonds + ["price"]),
    figures("regression", "sacramento_homes.csv", "price", homes),
    figures("regression", "diamonds.csv", "price", diamonds),
    figures("regression", "penguins.csv", "body_mass_g", penguins[:3]),
], open("datasets.json", "w"))
