"""Figures of scikit-learn 1.2.1 that the trainer tests are held against; writes scikit_learn.json beside this file.

Rows whose 0-based number is divisible by 4 are the test rows, the others the training rows.
"""
import json
import os

import numpy as np
import pandas as pd
from sklearn.calibration import _SigmoidCalibration
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error
from sklearn.preprocessing import StandardScaler

here = os.path.dirname(os.path.abspath(__file__))
samples = os.path.join(here, "..", "..", "..", "..", "samples")


def split(name, target, columns=None):
    frame = pd.read_csv(os.path.join(samples, name))
    x = frame.drop(columns=[target]) if columns is None else frame[columns]
    test = np.arange(len(frame)) % 4 == 0
    return x[~test].to_numpy(float), frame[target][~test].to_numpy(), x[test].to_numpy(float), frame[target][test].to_numpy()


out = {}

x, y, xt, yt = split("breast_cancer.csv", "diagnosis")
out["breast_cancer_forest_accuracy"] = np.mean([accuracy_score(yt, RandomForestClassifier(100, random_state=s).fit(x, y).predict(xt)) for s in range(5)])
out["breast_cancer_extra_trees_accuracy"] = np.mean([accuracy_score(yt, ExtraTreesClassifier(100, random_state=s).fit(x, y).predict(xt)) for s in range(5)])
scaler = StandardScaler().fit(x)
model = LogisticRegression(C=1, max_iter=10000, tol=1e-10).fit(scaler.transform(x), y)
out["breast_cancer_logistic"] = {
    "coefficients": model.coef_[0].tolist(), "intercept": model.intercept_[0],
    "probabilities": model.predict_proba(scaler.transform(xt))[:, 1].tolist(), "log_loss": log_loss(yt, model.predict_proba(scaler.transform(xt)))}

# Ours holds standardised features within 8 deviations for these.
held, held_test = np.clip(scaler.transform(x), -8, 8), np.clip(scaler.transform(xt), -8, 8)
out["breast_cancer_neighbours"] = {
    "uniform_5": KNeighborsClassifier(5).fit(held, y).predict_proba(held_test)[:, 1].tolist(),
    "distance_7_manhattan": KNeighborsClassifier(7, weights="distance", metric="manhattan").fit(held, y).predict_proba(held_test)[:, 1].tolist()}
out["breast_cancer_naive_bayes"] = GaussianNB(var_smoothing=1e-2).fit(scaler.transform(x), y)._joint_log_likelihood(scaler.transform(xt)).tolist()
out["breast_cancer_network_log_loss"] = np.mean([
    log_loss(yt, MLPClassifier((64, 64), alpha=1e-2, learning_rate_init=2e-3, max_iter=40, random_state=s).fit(held, y).predict_proba(held_test)) for s in range(5)])

# Trees of two leaves: each looks at one feature, so that their sum is one curve a feature.
out["breast_cancer_additive_log_loss"] = log_loss(yt, HistGradientBoostingClassifier(max_leaf_nodes=2, max_iter=1000, early_stopping=True, validation_fraction=0.125, n_iter_no_change=20, random_state=1).fit(x, y).predict_proba(xt))

x, y, xt, yt = split("iris.csv", "species")
scaler = StandardScaler().fit(x)
model = LogisticRegression(C=1, max_iter=10000, tol=1e-10).fit(scaler.transform(x), y)
out["iris_softmax"] = {"probabilities": model.predict_proba(scaler.transform(xt)).tolist(), "log_loss": log_loss(yt, model.predict_proba(scaler.transform(xt)))}

numbers = ["beds", "baths", "sqft", "latitude", "longitude"]
x, y, xt, yt = split("sacramento_homes.csv", "price", numbers)
out["sacramento_forest_rmse"] = np.mean([np.sqrt(mean_squared_error(yt, RandomForestRegressor(100, random_state=s).fit(x, y).predict(xt))) for s in range(5)])
out["sacramento_additive_rmse"] = np.sqrt(mean_squared_error(yt, HistGradientBoostingRegressor(max_leaf_nodes=2, max_iter=1000, early_stopping=True, validation_fraction=0.125, n_iter_no_change=20, random_state=1).fit(x, y).predict(xt)))
scaler = StandardScaler().fit(x)
model = Ridge(alpha=1).fit(scaler.transform(x), y)
out["sacramento_ridge"] = {"coefficients": model.coef_.tolist(), "intercept": model.intercept_, "predictions": model.predict(scaler.transform(xt)).tolist()}

held, held_test = np.clip(scaler.transform(x), -8, 8), np.clip(scaler.transform(xt), -8, 8)
out["sacramento_neighbours"] = KNeighborsRegressor(10, weights="distance").fit(held, y).predict(held_test).tolist()

texts = ["Call now to claim your FREE prize, call 09061701461!", "ok see you at 5, don't be late", "Free entry: win win win",
         "I'll call you later, ok?", "", "Größe 42 für Ärzte — naïve café_bar x y", "Ünïcode e\u0301te\u0301 日本語 テスト ½ cup"]
vectorizer = TfidfVectorizer()
matrix = vectorizer.fit_transform(texts).toarray()
out["tf_idf"] = {"texts": texts, "words": vectorizer.get_feature_names_out().tolist(), "weights": matrix.tolist()}

random = np.random.RandomState(3)
truth = (random.rand(400) < 0.3).astype(int)
scores = np.round(truth * 40 + random.randn(400) * 30 + 500, 3)
# scikit-learn fits 1 / (1 + exp(a * score + b)) on the bare scores.
calibration = _SigmoidCalibration().fit((scores - 500) / 30, truth)
out["platt"] = {"scores": scores.tolist(), "labels": truth.tolist(), "probabilities": calibration.predict((scores - 500) / 30).tolist()}

with open(os.path.join(here, "scikit_learn.json"), "w", encoding="utf-8") as file:
    json.dump(out, file, ensure_ascii=False)
