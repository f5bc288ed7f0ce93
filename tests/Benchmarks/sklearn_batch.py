"""Fits a pipeline with a forest of 100 trees on a CSV, or scores a CSV with it into another CSV; prints the seconds from the file to the answer."""
import resource
import sys
import time

import joblib
import pandas
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

if sys.argv[1] == "fit":
    frame = pandas.read_csv(sys.argv[2])
    y = frame.pop("label")
    prepare = make_column_transformer(
        (SimpleImputer(strategy="median"), make_column_selector(dtype_include="number")),
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), make_column_selector(dtype_exclude="number")))
    pipeline = make_pipeline(prepare, RandomForestClassifier(100, n_jobs=-1, random_state=1)).fit(frame, y)
    print(f"scikit-learn: {sum(tree.tree_.node_count for tree in pipeline[-1].estimators_):,} nodes")
    joblib.dump(pipeline, sys.argv[3])
else:
    pipeline = joblib.load(sys.argv[2])
    pipeline[-1].n_jobs = int(sys.argv[5])
    start = time.time()
    frame = pandas.read_csv(sys.argv[3])
    probabilities = pipeline.predict_proba(frame)
    # The class of the largest probability is what predict gives, without walking the trees twice.
    frame["prediction"] = pipeline.classes_[probabilities.argmax(axis=1)]
    for i, name in enumerate(pipeline.classes_):
        frame[f"probability {name}"] = probabilities[:, i]
    frame["error"] = ""
    frame.to_csv(sys.argv[4], index=False)
    seconds = time.time() - start
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(f"FIGURES {usage.ru_utime + usage.ru_stime:.2f} {usage.ru_maxrss / 1024:.0f} {seconds:.3f}")
