"""Writes importance.json: scikit-learn's permutation importance of a fixed linear model on a sample data set.

Run from this folder: python3 importance.py (scikit-learn 1.2.1).
"""
import json
import pathlib

import pandas as pd
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression

samples = pathlib.Path(__file__).resolve().parents[4] / "samples"
frame = pd.read_csv(samples / "sacramento_homes.csv")
columns = ["beds", "baths", "sqft", "latitude", "longitude"]
x, y = frame[columns], frame["price"]
model = LinearRegression().fit(x[["beds", "sqft", "latitude"]], y)


class Fixed:
    """Uses three of the five columns."""

    def fit(self, *_):
        return self

    def predict(self, rows):
        return model.predict(rows[["beds", "sqft", "latitude"]])


expected = {}
for scoring in ["neg_root_mean_squared_error", "r2"]:
    result = permutation_importance(Fixed(), x, y, scoring=scoring, n_repeats=400, random_state=0)
    expected[scoring] = {"mean": dict(zip(columns, result.importances_mean)), "deviation": dict(zip(columns, result.importances_std))}
json.dump({"file": "sacramento_homes.csv", "target": "price", "columns": columns, "intercept": model.intercept_,
           "coefficients": dict(zip(["beds", "sqft", "latitude"], model.coef_)), "expected": expected}, open("importance.json", "w"), indent=1)
