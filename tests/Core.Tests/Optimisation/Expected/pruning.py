"""Cost-complexity pruning by scikit-learn, for TreePruningTests: a full regression tree and the answers of pruned ones. Run with Debian's python3-sklearn; writes pruning.json beside itself."""
import json
import pathlib

import numpy
from sklearn.tree import DecisionTreeRegressor

random = numpy.random.default_rng(5)
x = numpy.round(random.normal(size=(120, 3)), 3).astype(numpy.float32)
y = numpy.round(x[:, 0] * 2 + (x[:, 1] > 0) * x[:, 2] + random.normal(size=120) * 0.3, 3)
full = DecisionTreeRegressor(random_state=1).fit(x, y)
path = full.cost_complexity_pruning_path(x, y)
pruned = []
for alpha in path.ccp_alphas[[10, 40, 70, -10, -4, -2]]:
    tree = DecisionTreeRegressor(random_state=1, ccp_alpha=alpha * (1 + 1e-9)).fit(x, y)
    pruned.append({"splits": int(tree.get_n_leaves()) - 1, "answers": tree.predict(x).tolist()})
t = full.tree_
json.dump(
    {
        "rows": x.tolist(),
        "features": t.feature.tolist(),
        "thresholds": t.threshold.tolist(),
        "left": t.children_left.tolist(),
        "right": t.children_right.tolist(),
        "values": t.value[:, 0, 0].tolist(),
        "pruned": pruned,
    },
    open(pathlib.Path(__file__).with_name("pruning.json"), "w"),
)
