"""Profiles of the samples by pandas and numpy: what Profiling/ProfilerTests.cs is checked against.

Run in this folder: python3 make_profiles.py > profiles.json
"""
import json

import numpy as np
import pandas as pd

SAMPLES = ["penguins", "telco_churn", "sacramento_homes"]


def top_values(values):
    """The ten most frequent values as text, ties in order of the text."""
    counts = values.dropna().map(lambda v: repr(float(v)).removesuffix(".0") if isinstance(v, (int, float)) else v).value_counts()
    return sorted(([text, int(count)] for text, count in counts.items()), key=lambda pair: (-pair[1], pair[0]))[:10]


def describe(values):
    profile = {"missing": int(values.isna().sum()), "distinct": int(values.nunique()), "top": top_values(values)}
    if pd.api.types.is_numeric_dtype(values):
        present = values.dropna().to_numpy(dtype=float)
        counts, edges = np.histogram(present, bins=min(30, values.nunique()))
        profile["numbers"] = [present.min(), *np.quantile(present, [0.25, 0.5, 0.75]), present.max(), present.mean(), present.std(ddof=1)]
        profile["tails"] = np.quantile(present, [0.01, 0.05, 0.95, 0.99]).tolist() + [float(values.skew())]
        profile["zeros"], profile["negatives"] = int((present == 0).sum()), int((present < 0).sum())
        profile["edges"] = edges.tolist()
        profile["counts"] = counts.tolist()
    else:
        lengths = values.dropna().str.len()
        profile["lengths"] = [int(lengths.min()), float(lengths.mean()), int(lengths.max())]
    return profile


result = {}
for name in SAMPLES:
    frame = pd.read_csv(f"../../../../samples/{name}.csv")
    result[name] = {
        "rows": len(frame),
        "duplicates": int(frame.duplicated().sum()),
        "columns": {column: describe(frame[column]) for column in frame},
    }
print(json.dumps({"pandas": pd.__version__, "numpy": np.__version__, "samples": result}, indent=1))
