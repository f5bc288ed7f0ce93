"""Makes explanations.json: partial dependence and a regression tree by scikit-learn 1.2.1, Welch's test and Wilson's interval by scipy.

Run with Debian's python3-sklearn: /usr/bin/python3 explanations.py > explanations.json
"""
import json

import numpy as np
from scipy import stats
from sklearn.inspection import partial_dependence
from sklearn.tree import DecisionTreeRegressor

rng = np.random.default_rng(11)
n = 200
# Rounded, so that the file holds the very numbers.
X = np.round(rng.normal(size=(n, 3)), 3)
y = np.round(np.where(X[:, 0] > 0.3, 2.0, -1.0) + X[:, 1] * (X[:, 2] > 0) + 0.1 * rng.normal(size=n), 4)

model = DecisionTreeRegressor(max_depth=5, random_state=0).fit(X, y)
tree = model.tree_
grid = partial_dependence(model, X, [1], kind="both", method="brute", percentiles=(0, 1), grid_resolution=1000)

shallow = DecisionTreeRegressor(max_depth=3, min_samples_leaf=10, random_state=0).fit(X, y)
leaves = shallow.apply(X)

one, other = y[:30], y[30:110]
hits, count = 37, 120

print(json.dumps({
    "rows": X.tolist(),
    "targets": y.tolist(),
    "features": tree.feature.tolist(),
    "thresholds": tree.threshold.tolist(),
    "left": tree.children_left.tolist(),
    "right": tree.children_right.tolist(),
    "values": tree.value[:, 0, 0].tolist(),
    "dependence": {"grid": grid["values"][0].tolist(), "mean": grid["average"][0].tolist(), "first": grid["individual"][0][0].tolist()},
    "shallow": {"leaf": leaves.tolist(), "mean": shallow.predict(X).tolist()},
    "welch": stats.ttest_ind(one, other, equal_var=False).pvalue,
    "wilson": list(stats.binomtest(hits, count).proportion_ci(method="wilson")),
}))
