"""Writes steps.json: what scikit-learn and pandas make of the sample data sets, for the recipe steps.

Run from this folder: python3 steps.py (scikit-learn 1.2.1, numpy 1.24, pandas 1.5).
"""
import json
import pathlib

import numpy as np
import pandas as pd
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, PowerTransformer, RobustScaler, StandardScaler

samples = pathlib.Path(__file__).resolve().parents[5] / "samples"
penguins = pd.read_csv(samples / "penguins.csv")
diamonds = pd.read_csv(samples / "diamonds.csv")
credit = pd.read_csv(samples / "credit_risk.csv")
numbers = ["bill_length_mm", "body_mass_g"]
rows = [0, 3, 100, 343]
nan = lambda values: [None if pd.isna(v) else float(v) for v in values]


def transformed(transformer, frame, columns):
    out = transformer.fit_transform(frame[columns])
    return {c: nan(out[[r for r in rows], i]) for i, c in enumerate(columns)}


def yeo_johnson(frame, column):
    transformer = PowerTransformer(method="yeo-johnson", standardize=False).fit(frame[[column]])
    return {"column": column, "lambda": float(transformer.lambdas_[0]), "values": nan(transformer.transform(frame[[column]])[rows, 0])}


# Both signs in one column: price less its median.
shifted = pd.DataFrame({"offset": (diamonds.price - diamonds.price.median()) / 100})

texts = ["The cat sat on the mat.", "The dog  ate my homework; the CAT did not!", "naïve café — 2 cats, 1 dög", "a b c", "it is it is it"]


def ngrams(analyzer, shortest, longest, top, weight):
    counts = CountVectorizer(analyzer=analyzer, ngram_range=(shortest, longest), binary=True).fit(texts)
    frequency = np.asarray(counts.transform(texts).sum(axis=0)).ravel()
    names = sorted(counts.vocabulary_, key=lambda n: (-frequency[counts.vocabulary_[n]], n))[:top]
    vectorizer = {"tfIdf": TfidfVectorizer, "count": CountVectorizer, "present": CountVectorizer}[weight]
    more = {"binary": True} if weight == "present" else {}
    # idf is that of all rows whatever the vocabulary, so fitting with the chosen one gives the same.
    matrix = vectorizer(analyzer=analyzer, ngram_range=(shortest, longest), vocabulary=names, **more).fit_transform(texts).toarray()
    return {"unit": {"word": "word", "char": "character"}[analyzer], "shortest": shortest, "longest": longest, "top": top, "weight": weight,
            "names": names, "matrix": matrix.tolist()}


def target_encoding(frame, column, y, smooth):
    # The m-estimate of scikit-learn's TargetEncoder with a fixed smooth (that class came with 1.3).
    prior = y.mean()
    groups = y.groupby(frame[column])
    codes = (groups.sum() + smooth * prior) / (groups.count() + smooth)
    return {"prior": float(prior), "codes": {k: float(v) for k, v in codes.items()}}


hashed = FeatureHasher(n_features=16, input_type="string", alternate_sign=False)
cities = ["Berlin", "New York", "São Paulo", "東京", "", "a", "ab", "abc", "abcd", "abcde", "x" * 50]
one_hot = OneHotEncoder(handle_unknown="ignore").fit(diamonds[["cut"]])
moments = pd.to_datetime(pd.Series(["2023-12-31T23:59:59", "2024-01-01", "2024-02-29T12:30:00", "1969-07-20T20:17:40", "2024-07-07"]))
own = [0, 3000, 4000, 10000]
json.dump({
    "rows": rows,
    "standardize": transformed(StandardScaler(), penguins, numbers),
    "minMax": transformed(MinMaxScaler(), penguins, numbers),
    "robust": transformed(RobustScaler(), penguins, numbers),
    "yeoJohnson": [{"file": "credit_risk.csv", **yeo_johnson(credit, c)} for c in ["Income", "Assets", "Amount", "Age"]]
                  + [{"file": "diamonds.csv", **yeo_johnson(diamonds, "carat")}],
    "yeoJohnsonSigned": yeo_johnson(shifted, "offset"),
    "quantiles": {c: {"q1": float(credit[c].quantile(.25)), "q3": float(credit[c].quantile(.75)), "p01": float(credit[c].quantile(.01)), "p99": float(credit[c].quantile(.99)),
                      "outliers": int(((credit[c] < credit[c].quantile(.25) - 1.5 * (credit[c].quantile(.75) - credit[c].quantile(.25)))
                                       | (credit[c] > credit[c].quantile(.75) + 1.5 * (credit[c].quantile(.75) - credit[c].quantile(.25)))).sum())}
                  for c in ["Income", "Amount"]},
    "fillByGroup": {
        "median": penguins.groupby("species").bill_length_mm.median().to_dict(),
        "mean": penguins.groupby("species").body_mass_g.mean().to_dict(),
        "mostFrequent": penguins.groupby("island").sex.agg(lambda s: s.mode()[0]).to_dict(),
    },
    "oneHot": {"categories": one_hot.categories_[0].tolist(), "sums": one_hot.transform(diamonds[["cut"]]).sum(axis=0).A1.tolist()},
    "ordinal": OrdinalEncoder().fit_transform(diamonds[["cut"]])[:20, 0].tolist(),
    "frequency": diamonds.cut.value_counts().index.tolist(),
    "hash": {"texts": cities, "buckets": [int(np.flatnonzero(hashed.transform([[c]]).toarray()[0])[0]) for c in cities]},
    "targetEncoding": target_encoding(diamonds, "clarity", diamonds.price, 10),
    "equalWidth": {"edges": [float(e) for e in np.linspace(diamonds.price.min(), diamonds.price.max(), 6)[1:-1]],
                   "counts": [int(v) for v in pd.cut(diamonds.price, 5).value_counts(sort=False)]},
    "quantile": {"edges": [float(e) for e in pd.qcut(diamonds.carat, 10, retbins=True, duplicates="drop")[1][1:-1]],
                 "counts": [int(v) for v in pd.qcut(diamonds.carat, 10, duplicates="drop").value_counts(sort=False)]},
    "ownEdges": {"edges": own, "counts": [int(v) for v in pd.cut(diamonds.price, [-np.inf, *own, np.inf]).value_counts(sort=False)]},
    "texts": texts,
    "ngrams": [ngrams("word", 1, 1, 6, "count"), ngrams("word", 1, 2, 12, "tfIdf"), ngrams("word", 1, 3, 200, "present"),
               ngrams("char", 2, 3, 20, "tfIdf"), ngrams("char", 1, 1, 50, "count")],
    "dates": {"texts": [m.isoformat() for m in moments], "year": moments.dt.year.tolist(), "quarter": moments.dt.quarter.tolist(), "month": moments.dt.month.tolist(),
              "day": moments.dt.day.tolist(), "weekday": moments.dt.dayofweek.tolist(), "hour": moments.dt.hour.tolist(),
              "days": ((moments - moments.min()) / pd.Timedelta(days=1)).tolist()},
}, open("steps.json", "w"), indent=1, ensure_ascii=False)
