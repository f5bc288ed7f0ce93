"""How good the model is that a contestant finds in a given time: the product, scikit-learn and XGBoost, one after another on the same files.

quality.py run --datasets DIR --benchmarks PROGRAM --out DIR [--sets a,b] [--seconds 60] [--seeds 1,2,3] [--contestants a,b]
quality.py report --out DIR

Each data set is split 80/20 (stratified for classes) and written to files that every contestant reads. Results are kept in DIR, one JSON file each; what is there is
not run again. Needs Debian's python3-pandas, python3-sklearn and python3-xgboost.
"""
import argparse, json, os, subprocess, sys, time, warnings

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, RidgeCV
from sklearn.metrics import log_loss, mean_squared_error, roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, OneHotEncoder, OrdinalEncoder, StandardScaler

warnings.filterwarnings("ignore")

# What gives the answer away or only numbers the rows, by the data sets' own descriptions; dropped for everybody.
DROPPED = {
    "weather-aus-37k": ["RISK_MM"], "bike-sharing-hour": ["instant", "casual", "registered"], "telco-churn": ["customerID"], "titanic": ["PassengerId"],
    "breast-cancer-wdbc": ["id"], "house-prices-kaggle": ["Id"], "hr-attrition": ["EmployeeNumber"], "wine-quality-all": ["quality"],
}
SETS = {
    "binary": ["adult", "bank-marketing", "blood-transfusion", "breast-cancer-wdbc", "credit-g", "higgs-7k", "hr-attrition", "lending-club", "pima-diabetes", "sonar", "spambase", "telco-churn", "titanic"],
    "multiclass": ["car-evaluation", "glass", "heart-cleveland", "iris", "letter", "penguins", "segment", "soybean", "vehicle", "wine", "wine-quality-white"],
    "regression": ["abalone", "auto-mpg", "bike-sharing-hour", "boston", "california-housing", "concrete", "diamonds", "house-prices-kaggle", "insurance", "wine-quality-all"],
}
METRIC = {"binary": "AUC", "multiclass": "log loss", "regression": "RMSE"}


def load(datasets, name, task):
    """The rows whose target is known, with the cells as they are, and what the target is called."""
    manifest = pd.read_csv(os.path.join(datasets, "manifest.csv")).set_index("name").loc[name]
    path = os.path.join(datasets, manifest["file"])
    target = manifest["target"]
    headless = target.startswith("#")
    with open(path, "rb") as f:
        head = f.read(4096)
    separator = max([",", ";", "\t"], key=lambda s: head.count(s.encode()))
    frame = pd.read_csv(path, header=None if headless else 0, dtype=str, keep_default_na=False, sep=separator, encoding="latin-1", skipinitialspace=True)
    if headless:
        frame.columns = [f"column_{i + 1}" for i in range(frame.shape[1])]
        target = f"column_{int(target[1:])}"
    frame.columns = [c.strip().lstrip("\ufeff").replace("ï»¿", "") for c in frame.columns]
    target = target.strip()
    frame = frame.drop(columns=[c for c in DROPPED.get(name, []) if c in frame.columns])
    frame = frame[~frame[target].isin(["", "NA", "?"])]
    labels = frame[target] if task != "regression" else None
    if labels is not None:
        frame = frame[labels.map(labels.value_counts()) >= 2]
    return frame, target


def prepare(datasets, name, task, seed, folder):
    """Writes train.csv and test.csv, and says what the target is called."""
    frame, target = load(datasets, name, task)
    train, test = train_test_split(frame, test_size=0.2, random_state=seed, stratify=frame[target] if task != "regression" else None)
    write(train, test, folder)
    return target


def write(train, test, folder):
    os.makedirs(folder, exist_ok=True)
    train.to_csv(os.path.join(folder, "train.csv"), index=False)
    test.to_csv(os.path.join(folder, "test.csv"), index=False)


def read(folder, target, task):
    """The files as a careful user of pandas reads them."""
    train, test = (pd.read_csv(os.path.join(folder, f), na_values=["?", "NA", "N/A", ""]) for f in ("train.csv", "test.csv"))
    y, y_test = train.pop(target), test.pop(target)
    if task != "regression":
        encoder = LabelEncoder().fit(y.astype(str))
        y, y_test = encoder.transform(y.astype(str)), encoder.transform(y_test.astype(str))
    else:
        y, y_test = y.astype(float).to_numpy(), y_test.astype(float).to_numpy()
    for column in list(train.columns):
        if train[column].dtype == object and train[column].astype(str).str.match(r"^\d{4}-\d\d-\d\d").mean() > 0.9:
            for frame in (train, test):
                moments = pd.to_datetime(frame.pop(column), errors="coerce")
                frame[column + "_days"], frame[column + "_month"], frame[column + "_weekday"] = (moments - pd.Timestamp("2000-01-01")).dt.days, moments.dt.month, moments.dt.weekday
    return train, y, test, y_test


def columns_of(train):
    numeric = [c for c in train.columns if train[c].dtype != object and train[c].dtype != bool]
    texts = [c for c in train.columns if c not in numeric and train[c].nunique() > 0.5 * len(train) and train[c].astype(str).str.count(" ").mean() > 2]
    return numeric, [c for c in train.columns if c not in numeric and c not in texts], texts


def encoder(train, kind):
    numeric, categories, texts = columns_of(train)
    parts = []
    if kind == "one-hot scaled":
        parts += [("n", make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()), numeric)]
    elif kind == "one-hot":
        parts += [("n", SimpleImputer(strategy="median"), numeric)]
    else:
        parts += [("n", "passthrough", numeric)]
    if categories and kind == "ordinal":
        parts += [("c", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan), categories)]
    elif categories:
        parts += [("c", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore", min_frequency=2, sparse_output=False)), categories)]
    parts += [(f"t{i}", TfidfVectorizer(max_features=500), c) for i, c in enumerate(texts)]
    return ColumnTransformer(parts, sparse_threshold=0)


def texts_filled(train, test):
    for frame in (train, test):
        for c in frame.columns:
            if frame[c].dtype == object or frame[c].dtype == bool:
                frame[c] = frame[c].astype(object).where(frame[c].notna(), np.nan).map(lambda v: v if isinstance(v, float) and np.isnan(v) else str(v))
        for c in columns_of(train)[2]:
            frame[c] = frame[c].fillna("")


def article(train, y, test, task, seconds, seed):
    """The article's pipeline: imputed, encoded, scaled, two principal components, a random forest of 100 trees."""
    forest = RandomForestRegressor(100, random_state=seed, n_jobs=2) if task == "regression" else RandomForestClassifier(100, random_state=seed, n_jobs=2)
    return fit_predict(make_pipeline(encoder(train, "one-hot scaled"), PCA(2, random_state=seed), forest), train, y, test, task)


def forest(train, y, test, task, seconds, seed):
    model = RandomForestRegressor(100, random_state=seed, n_jobs=2) if task == "regression" else RandomForestClassifier(100, random_state=seed, n_jobs=2)
    return fit_predict(make_pipeline(encoder(train, "one-hot"), model), train, y, test, task)


def boosting(train, y, test, task, seconds, seed):
    model = HistGradientBoostingRegressor(random_state=seed) if task == "regression" else HistGradientBoostingClassifier(random_state=seed)
    return fit_predict(make_pipeline(encoder(train, "ordinal"), model), train, y, test, task)


def linear(train, y, test, task, seconds, seed):
    model = RidgeCV(np.logspace(-3, 4, 15)) if task == "regression" else LogisticRegressionCV(Cs=8, cv=5, scoring="neg_log_loss", max_iter=500, n_jobs=2) if min(np.bincount(y)) >= 5 and len(y) < 20000 else LogisticRegression(max_iter=500)
    return fit_predict(make_pipeline(encoder(train, "one-hot scaled"), model), train, y, test, task)


def xgb_model(task, seed, **values):
    import xgboost
    return (xgboost.XGBRegressor if task == "regression" else xgboost.XGBClassifier)(random_state=seed, n_jobs=2, tree_method="hist", **values)


def xgboost_default(train, y, test, task, seconds, seed):
    return fit_predict(make_pipeline(encoder(train, "ordinal"), xgb_model(task, seed)), train, y, test, task)


def xgboost_search(train, y, test, task, seconds, seed):
    """Random search with cross-validation for the given time, then the best values on all rows."""
    start, random = time.time(), np.random.RandomState(seed)
    folds = KFold(5, shuffle=True, random_state=seed) if task == "regression" else StratifiedKFold(5, shuffle=True, random_state=seed)
    best, chosen, longest = np.inf, {}, 0
    while time.time() - start + longest < seconds:
        begun = time.time()
        values = {} if not chosen and best == np.inf else dict(
            n_estimators=int(np.exp(random.uniform(np.log(20), np.log(1000)))), max_depth=random.randint(2, 12), learning_rate=np.exp(random.uniform(np.log(0.01), np.log(0.3))),
            subsample=random.uniform(0.5, 1), colsample_bytree=random.uniform(0.3, 1), min_child_weight=np.exp(random.uniform(0, np.log(60))),
            reg_lambda=np.exp(random.uniform(np.log(1e-3), np.log(100))), reg_alpha=np.exp(random.uniform(np.log(1e-3), np.log(10))))
        out = cross_val_predict(make_pipeline(encoder(train, "ordinal"), xgb_model(task, seed, **values)), train, y, cv=folds, method="predict" if task == "regression" else "predict_proba")
        loss = score(y, out, task, np.arange(0 if task == "regression" else out.shape[1]))
        loss = -loss if task == "binary" else loss
        if loss < best:
            best, chosen = loss, values
        longest = max(longest, time.time() - begun)
    return fit_predict(make_pipeline(encoder(train, "ordinal"), xgb_model(task, seed, **chosen)), train, y, test, task)


def fit_predict(model, train, y, test, task):
    model.fit(train, y)
    return model.predict(test) if task == "regression" else model.predict_proba(test)


def score(y, out, task, labels):
    if task == "regression":
        return float(np.sqrt(mean_squared_error(y, np.asarray(out).ravel())))
    if task == "binary":
        return float(roc_auc_score(y, out[:, 1]))
    out = np.clip(out, 1e-15, 1)
    return float(log_loss(y, out / out.sum(axis=1, keepdims=True), labels=labels))


PEERS = {"article": article, "forest": forest, "boosting": boosting, "linear": linear, "xgboost": xgboost_default, "xgboost-search": xgboost_search}


def run_one(args, name, task, seed, contestant):
    folder = os.path.join(args.out, name, str(seed))
    result_file = os.path.join(folder, f"{contestant}.json")
    if os.path.exists(result_file):
        return
    target = prepare(args.datasets, name, task, seed, folder)
    train, y, test, y_test = read(folder, target, task)
    start, result, out = time.time(), {}, None
    try:
        if contestant.startswith("ours"):
            figures, out = ours(args, folder, target, task, seed, contestant)
            result.update(figures)
        else:
            texts_filled(train, test)
            out = PEERS[contestant](train, y, test, task, args.seconds, seed)
        result["score"] = score(y_test, out, task, np.arange(0 if task == "regression" else out.shape[1]))
        np.savez_compressed(os.path.join(folder, f"{contestant}.npz"), y=y_test, out=out)
    except Exception as e:
        result["error"] = f"{type(e).__name__}: {e}"[:600]
    result.update(seconds=round(time.time() - start, 1), budget=args.seconds, task=task)
    with open(result_file, "w") as f:
        json.dump(result, f)
    print(f"{name} {seed} {contestant}: {result.get('score', result.get('error'))} in {result['seconds']} s", flush=True)


def ours(args, folder, target, task, seed, contestant="ours"):
    """The product's answers for the folder's test rows, in the order of scikit-learn's classes, and its own figures."""
    predictions = os.path.join(folder, f"{contestant}.predictions.csv")
    command = [args.benchmarks, "search", os.path.join(folder, "train.csv"), os.path.join(folder, "test.csv"), target, task, str(args.seconds), str(seed), predictions] + (["each-once"] if contestant == "ours-each-once" else [])
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 + 4 * args.seconds)
    with open(os.path.join(folder, f"{contestant}.log"), "w") as log:
        log.write(done.stdout + done.stderr)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-500:] or done.stdout[-500:])
    figures, frame = json.loads(done.stdout.split("FIGURES ")[1].splitlines()[0]), pd.read_csv(predictions)
    if task == "regression":
        return figures, frame.iloc[:, 0].to_numpy()
    # Classes by name; numbers may be written another way.
    classes = pd.read_csv(os.path.join(folder, "train.csv"), na_values=["?", "NA", "N/A", ""])[target].astype(str)
    names = list(LabelEncoder().fit(classes).classes_)
    lookup = {c: i for i, c in enumerate(frame.columns)}
    same = lambda n: lookup[n] if n in lookup else next(i for c, i in lookup.items() if c.lower() == n.lower() or number(c) == number(n) is not None)
    return figures, frame.to_numpy()[:, [same(n) for n in names]]


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def better_by_noise(folder, a, b, task):
    """Share of resampled test rows on which b beats a: a is within noise of b where that is less than 97.5 %."""
    first, second = (np.load(os.path.join(folder, f"{c}.npz")) for c in (a, b))
    random, wins, rounds = np.random.RandomState(0), 0, 300
    y = first["y"]
    labels = np.arange(0 if task == "regression" else first["out"].shape[1])
    for _ in range(rounds):
        rows = random.randint(0, len(y), len(y))
        if task != "regression" and len(np.unique(y[rows])) < 2:
            continue
        x, z = score(y[rows], first["out"][rows], task, labels), score(y[rows], second["out"][rows], task, labels)
        wins += (z > x) if task == "binary" else (z < x)
    return wins / rounds


def report(args):
    results = {}
    for name in sorted(os.listdir(args.out)):
        for seed in sorted(os.listdir(os.path.join(args.out, name))):
            for file in os.listdir(os.path.join(args.out, name, seed)):
                if file.endswith(".json"):
                    results.setdefault(name, {}).setdefault(file[:-5], {})[seed] = json.load(open(os.path.join(args.out, name, seed, file)))
    contestants = sorted({c for r in results.values() for c in r}, key=lambda c: (not c.startswith("ours"), c))
    rows, ranks = [], {c: [] for c in contestants}
    within = {c: [] for c in contestants if c.startswith("ours")}
    for name, by in results.items():
        task = next(iter(next(iter(by.values())).values()))["task"]
        scores = {c: np.median([s["score"] for s in by[c].values() if "score" in s]) for c in contestants if c in by and any("score" in s for s in by[c].values())}
        sign = -1 if task == "binary" else 1
        order = sorted(scores, key=lambda c: sign * scores[c])
        for c in scores:
            ranks[c].append(1 + sum(sign * scores[o] < sign * scores[c] for o in scores))
        note = ""
        for ours in within:
            if ours not in scores:
                continue
            others = [c for c in order if not c.startswith("ours")]
            if not others:
                continue
            best = others[0]
            seed = next(s for s, r in by[ours].items() if "score" in r and "score" in by[best].get(s, {}))
            lost = sign * scores[ours] > sign * scores[best] and better_by_noise(os.path.join(args.out, name, seed), ours, best, task) > 0.975
            within[ours].append(not lost)
            note = "lost" if lost else ("best" if sign * scores[ours] <= sign * scores[best] else "within noise")
        rows.append((note != "lost", name, f"| {name} | {METRIC[task]} | " + " | ".join(f"{scores[c]:.4f}" if c in scores else "failed" if c in by else "" for c in contestants) + f" | {order[0]} | {note} |"))
    print(f"| set | metric | {' | '.join(contestants)} | best | ours |\n|{'---|' * (len(contestants) + 4)}")
    for _, _, line in sorted(rows):
        print(line)
    print(f"| mean rank | | {' | '.join(f'{np.mean(ranks[c]):.2f}' if ranks[c] else '' for c in contestants)} | | |")
    for ours, list_ in within.items():
        if list_:
            print(f"\n{ours}: best or within noise of the best on {sum(list_)} of {len(list_)} sets.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["run", "report"])
    parser.add_argument("--datasets"), parser.add_argument("--benchmarks"), parser.add_argument("--out", required=True)
    parser.add_argument("--sets"), parser.add_argument("--seconds", type=float, default=60), parser.add_argument("--seeds", default="1")
    parser.add_argument("--contestants", default="ours," + ",".join(PEERS))
    arguments = parser.parse_args()
    if arguments.what == "report":
        report(arguments)
    else:
        wanted = arguments.sets.split(",") if arguments.sets else None
        for seed in map(int, arguments.seeds.split(",")):
            for task, names in SETS.items():
                for name in names:
                    if wanted and name not in wanted:
                        continue
                    for contestant in arguments.contestants.split(","):
                        run_one(arguments, name, task, seed, contestant)
