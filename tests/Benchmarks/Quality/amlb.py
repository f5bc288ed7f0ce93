"""The product beside the published scores of AutoML systems (AMLB): their metric, ten folds of our own.

amlb.py run --datasets DIR --benchmarks PROGRAM --out DIR [--folds 0,1,2] [--seconds 60] [--sets a,b]
amlb.py report --out DIR --reference amlb-reference.csv

The systems had an hour (AutoGluon 1.0: 10 minutes) on eight cores a fold. A score counts as equal where it lies within one standard deviation of theirs over the folds, as the
published folds are not ours. Data sets whose rows are not those of AMLB are marked.
"""
import argparse, json, os, time

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedKFold

from quality import load, ours, read, score, write

SETS = {
    "binary": ["adult", "bank-marketing", "blood-transfusion", "credit-g", "higgs-7k"], "multiclass": ["car-evaluation", "segment", "shuttle", "vehicle", "wine-quality-white"],
    "regression": ["abalone", "boston", "diamonds", "house-prices-kaggle", "wine-quality-all"],
}
OTHER_ROWS = {"higgs-7k", "adult"}
SYSTEMS = {"FLAML": ("flaml", "1h8c_gp3"), "H2O": ("H2OAutoML", "1h8c_gp3"), "AutoGluon 1.0, 10 min": ("AutoGluon_bq_v1", "10m8c"), "tuned forest": ("TunedRandomForest", "1h8c_gp3")}


def run(args):
    for fold in map(int, args.folds.split(",")):
        for task, names in SETS.items():
            for name in names:
                folder = os.path.join(args.out, name, str(fold))
                file = os.path.join(folder, "ours.json")
                if (args.sets and name not in args.sets.split(",")) or os.path.exists(file):
                    continue
                frame, target = load(args.datasets, name, task)
                parts = KFold(10, shuffle=True, random_state=0).split(frame) if task == "regression" else StratifiedKFold(10, shuffle=True, random_state=0).split(frame, frame[target])
                train, test = list(parts)[fold]
                write(frame.iloc[train], frame.iloc[test], folder)
                start, result = time.time(), {}
                try:
                    figures, out = ours(args, folder, target, task, fold + 1)
                    y = read(folder, target, task)[3]
                    result = figures | {"score": score(y, out, task, np.arange(0 if task == "regression" else out.shape[1]))}
                except Exception as e:
                    result["error"] = f"{type(e).__name__}: {e}"[:600]
                result |= {"task": task, "seconds": round(time.time() - start, 1), "budget": args.seconds}
                json.dump(result, open(file, "w"))
                print(name, fold, result.get("score", result.get("error")), result["seconds"], flush=True)


def report(args):
    reference = pd.read_csv(args.reference)
    tally = {s: {"above": 0, "equal": 0, "below": 0} for s in SYSTEMS}
    print(f"| set | metric | folds | ours (deviation) | {' | '.join(SYSTEMS)} |\n|{'---|' * (4 + len(SYSTEMS))}")
    for task, names in SETS.items():
        for name in names:
            if not os.path.isdir(os.path.join(args.out, name)):
                continue
            results = [json.load(open(os.path.join(args.out, name, f, "ours.json"))) for f in sorted(os.listdir(os.path.join(args.out, name)))]
            scores = [r["score"] for r in results if "score" in r]
            if not scores:
                continue
            mean, cells = np.mean(scores), []
            for system, (framework, constraint) in SYSTEMS.items():
                rows = reference[(reference.dataset == name) & (reference.framework == framework) & (reference.constraint == constraint)]
                if rows.empty:
                    cells.append("")
                    continue
                theirs, deviation = rows.iloc[0].score, rows.iloc[0].std_over_folds
                gain = (mean - theirs) if task == "binary" else (theirs - mean)
                verdict = "above" if gain > 0 else "equal" if gain >= -(deviation if deviation == deviation else 0) else "below"
                tally[system][verdict] += 1
                cells.append(f"{theirs:.4f} ({deviation:.3f}) {verdict}")
            print(f"| {name}{' (other rows)' if name in OTHER_ROWS else ''} | {'AUC' if task == 'binary' else 'log loss' if task == 'multiclass' else 'RMSE'} | {len(scores)} | {mean:.4f} ({np.std(scores, ddof=1) if len(scores) > 1 else 0:.4f}) | {' | '.join(cells)} |")
    for system, counts in tally.items():
        print(f"{system}: ours above on {counts['above']}, equal on {counts['equal']}, below on {counts['below']}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["run", "report"])
    parser.add_argument("--datasets"), parser.add_argument("--benchmarks"), parser.add_argument("--out", required=True), parser.add_argument("--sets"), parser.add_argument("--reference")
    parser.add_argument("--folds", default="0,1,2,3,4,5,6,7,8,9"), parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    run(arguments) if arguments.what == "run" else report(arguments)
