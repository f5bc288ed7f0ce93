"""The article's service: one Flask route over one pickled forest of 100 trees, behind gunicorn.

    python3 flask_serving.py train data.csv target model.pickle
    MODEL=model.pickle gunicorn -w 2 -b 127.0.0.1:5073 flask_serving:app
"""
import os
import pickle
import sys


def train(csv, target, path):
    import pandas
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder

    data = pandas.read_csv(csv)
    features = data.drop(columns=[target])
    words = [c for c in features if features[c].dtype == object]
    pipeline = Pipeline([
        ("encode", ColumnTransformer([("words", OneHotEncoder(handle_unknown="ignore"), words)], remainder="passthrough")),
        ("model", RandomForestClassifier(n_estimators=100, random_state=1, n_jobs=1)),
    ])
    pipeline.fit(features, data[target])
    with open(path, "wb") as file:
        pickle.dump((list(features.columns), pipeline), file)


if __name__ == "__main__":
    train(*sys.argv[2:5])
else:
    import pandas
    from flask import Flask, jsonify, request

    app = Flask(__name__)
    with open(os.environ["MODEL"], "rb") as file:
        columns, model = pickle.load(file)

    @app.route("/predict", methods=["POST"])
    def predict():
        rows = pandas.DataFrame(request.get_json()["features"], columns=columns)
        return jsonify({"predictions": model.predict(rows).tolist()})
