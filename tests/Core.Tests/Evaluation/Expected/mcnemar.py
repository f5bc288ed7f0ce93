"""Writes mcnemar.json: rows that one of two models alone has right, with McNemar's exact p as scipy's binomial test gives it.

Run from this folder: python3 mcnemar.py (scipy 1.10).
"""
import json

from scipy.stats import binomtest

pairs = [(0, 1), (1, 0), (0, 7), (3, 3), (5, 12), (12, 5), (40, 61), (1, 999), (480, 520), (1000, 1100), (20000, 20400), (20, 700)]
with open("mcnemar.json", "w") as file:
    json.dump([{"first": a, "other": b, "p": float(binomtest(a, a + b, 0.5).pvalue)} for a, b in pairs], file, indent=1)
    file.write("\n")
