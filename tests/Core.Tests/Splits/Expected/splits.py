"""Writes splits.json: sizes and class counts of scikit-learn's stratified splits of the sample data sets.

Run from this folder: python3 splits.py (scikit-learn 1.2.1).
"""
import json
import pathlib

import pandas as pd
from sklearn.model_selection import StratifiedKFold, train_test_split

samples = pathlib.Path(__file__).resolve().parents[4] / "samples"
cases = []
for file, target, fraction in [("iris.csv", "species", 0.2), ("penguins.csv", "species", 0.2), ("telco_churn.csv", "churn", 0.25),
                               ("credit_risk.csv", "Status", 0.1), ("breast_cancer.csv", "diagnosis", 0.33)]:
    y = pd.read_csv(samples / file)[target]
    train, test = train_test_split(y, test_size=fraction, stratify=y, random_state=0)
    folds = [train.iloc[v].value_counts().to_dict() for _, v in StratifiedKFold(5, shuffle=True, random_state=0).split(train, train)]
    cases.append({"file": file, "target": target, "fraction": fraction, "trainCount": len(train), "testCount": len(test),
                  "testByClass": test.value_counts().to_dict(), "validationByClass": folds})
json.dump(cases, open("splits.json", "w"), indent=1)
