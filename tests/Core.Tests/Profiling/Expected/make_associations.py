"""Associations of the penguins by pandas, scipy and scikit-learn: python3 make_associations.py > associations.json"""
import json
import os

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency
from sklearn.metrics import mutual_info_score

here = os.path.dirname(os.path.abspath(__file__))
penguins = pd.read_csv(os.path.join(here, "../../../../samples/penguins.csv"))
table = pd.crosstab(penguins.species, penguins.island)
n = table.to_numpy().sum()
r, c = table.shape
phi2 = max(0, chi2_contingency(table, correction=False)[0] / n - (r - 1) * (c - 1) / (n - 1))
v = np.sqrt(phi2 / min(r - (r - 1) ** 2 / (n - 1) - 1, c - (c - 1) ** 2 / (n - 1) - 1))
known = penguins.dropna(subset=["bill_length_mm"])
mean = known.bill_length_mm.mean()
groups = known.groupby("species").bill_length_mm
between = (groups.count() * (groups.mean() - mean) ** 2).sum()
print(json.dumps({
    "pearson": round(penguins.flipper_length_mm.corr(penguins.body_mass_g), 9),
    "cramers_v": round(float(v), 9),
    "correlation_ratio": round(float(np.sqrt(between / ((known.bill_length_mm - mean) ** 2).sum())), 9),
    "mutual_information": mutual_info_score(penguins.species, penguins.island),
}, indent=1))
