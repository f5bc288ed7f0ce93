"""Associations and histograms by class of samples by pandas, scipy, scikit-learn and numpy: python3 make_associations.py > associations.json"""
import json
import os

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency
from sklearn.metrics import mutual_info_score

here = os.path.dirname(os.path.abspath(__file__))


def read(name):
    return pd.read_csv(os.path.join(here, "../../../../samples", name + ".csv"))


def cramers_v(a, b):
    table = pd.crosstab(a, b)
    n = table.to_numpy().sum()
    r, c = table.shape
    phi2 = max(0, chi2_contingency(table, correction=False)[0] / n - (r - 1) * (c - 1) / (n - 1))
    return float(min(1, np.sqrt(phi2 / min(r - (r - 1) ** 2 / (n - 1) - 1, c - (c - 1) ** 2 / (n - 1) - 1))))


def correlation_ratio(names, numbers):
    known = pd.DataFrame({"name": names, "number": numbers}).dropna()
    groups = known.groupby("name").number
    between = (groups.count() * (groups.mean() - known.number.mean()) ** 2).sum()
    return float(np.sqrt(between / ((known.number - known.number.mean()) ** 2).sum()))


def is_number(values):
    return pd.api.types.is_numeric_dtype(values)


def between(frame, columns):
    """[column, column, measure, value] of every pair."""
    pairs = []
    for i, a in enumerate(columns):
        for b in columns[i + 1:]:
            x, y = frame[a], frame[b]
            if is_number(x) and is_number(y):
                pairs.append([a, b, "Pearson", float(x.corr(y))])
            elif is_number(x) != is_number(y):
                pairs.append([a, b, "CorrelationRatio", correlation_ratio(*((y, x) if is_number(x) else (x, y)))])
            else:
                pairs.append([a, b, "CramersV", cramers_v(x, y)])
    return pairs


def levels(values):
    """Ten bins of equal frequency, a value equal to an edge above it; at most 20 names and the rest as one; missing as a level of its own."""
    if is_number(values):
        known = np.sort(values.dropna().to_numpy(dtype=float))
        edges = sorted({known[i * len(known) // 10] for i in range(1, 10)} - {known[0]})
        return values.map(lambda v: -1 if np.isnan(v) else int(np.searchsorted(edges, v, side="right")))
    frequent = values.value_counts().index[:20]
    return values.map(lambda v: "missing" if pd.isna(v) else v if v in frequent else "rest", na_action=None)


def mutual_information(frame, target):
    return {column: float(mutual_info_score(levels(frame[column]), levels(frame[target]))) for column in frame if column != target}


def by_class(frame, column, target):
    """Counts of numpy's bins over all rows, or of the ten most frequent names, class by class."""
    result = {}
    for name, rows in frame.groupby(target):
        if is_number(frame[column]):
            edges = np.histogram_bin_edges(frame[column].dropna(), bins=min(30, frame[column].nunique()))
            result[str(name)] = np.histogram(rows[column].dropna(), bins=edges)[0].tolist()
        else:
            result[str(name)] = {k: int(v) for k, v in rows[column].value_counts().items()}
    return result


penguins, homes = read("penguins"), read("sacramento_homes")
homes_columns = [c for c in homes if is_number(homes[c]) or homes[c].nunique() <= 30]
print(json.dumps({
    "penguins": {
        "between": between(penguins, list(penguins)),
        "mutual_information": mutual_information(penguins, "species"),
        "by_class": {column: by_class(penguins, column, "species") for column in penguins if column != "species"},
    },
    "sacramento_homes": {"between": between(homes, homes_columns)},
}, indent=1))
