"""Learns the portfolio: which values of which family are best tried first, and in which order.

portfolio.py measure --datasets DIR --benchmarks PROGRAM --out DIR [--rows 2000] [--sets a,b]
portfolio.py learn --out DIR --portfolio src/Core/Tuning/portfolio.json
portfolio.py check --out DIR

`measure` judges the same candidates on every development data set (3 folds of a sample of rows) and keeps one file a data set. `learn` takes the candidates greedily: each time
the one that lowers the mean regret of the list so far most for its time. `check` learns the list without each data set in turn and says how it does there, beside the defaults
of the families: what a list is worth on data it has not seen.
"""
import argparse, json, os, subprocess

import numpy as np

from quality import SETS, prepare

LENGTH = 9
# Regret is counted up to the baseline's; a candidate that failed has all of it.
WORST = 1.0


def measure(args):
    for task, names in SETS.items():
        for name in names:
            if args.sets and name not in args.sets.split(","):
                continue
            folder = os.path.join(args.out, task, name)
            result = os.path.join(folder, "losses.json")
            if os.path.exists(result):
                continue
            target = prepare(args.datasets, name, task, 1, folder)
            done = subprocess.run([args.benchmarks, "losses", os.path.join(folder, "train.csv"), target, task, str(args.rows), result], capture_output=True, text=True)
            print(name, "measured" if done.returncode == 0 else done.stderr[-300:], flush=True)


def read(out, task):
    names, tables = [], []
    for name in sorted(os.listdir(os.path.join(out, task))):
        file = os.path.join(out, task, name, "losses.json")
        if os.path.exists(file):
            names.append(name), tables.append(json.load(open(file)))
    candidates = [(c["trainer"], c["values"]) for c in tables[0]]
    losses = np.array([[np.nan if c["loss"] is None else c["loss"] for c in table] for table in tables])
    seconds = np.array([[np.nan if c["seconds"] is None else c["seconds"] for c in table] for table in tables])
    baseline = [trainer for trainer, _ in candidates].index("baseline")
    best = np.nanmin(losses, axis=1, keepdims=True)
    regret = (losses - best) / np.maximum(1e-12, losses[:, [baseline]] - best)
    regret = np.clip(np.where(np.isnan(regret), WORST, regret), 0, WORST)
    # Time relative to the data set's median candidate, as data sets differ by orders of magnitude.
    cost = np.nanmean(seconds / np.nanmedian(seconds, axis=1, keepdims=True), axis=0)
    return names, candidates, regret, np.where(np.isnan(cost), np.inf, cost), baseline


def mixed(regret, chosen):
    """The regret of a list on each data set: that of its best entry there."""
    return np.min(regret[:, chosen], axis=1) if chosen else np.full(len(regret), WORST)


def choose(candidates, regret, cost, baseline):
    chosen = []
    while len(chosen) < LENGTH:
        now = mixed(regret, chosen)
        gains = np.full(len(candidates), -np.inf)
        for i, (trainer, _) in enumerate(candidates):
            if i == baseline or i in chosen or not np.isfinite(cost[i]):
                continue
            same = sum(candidates[c][0] == trainer for c in chosen)
            # The square root: a candidate four times as dear has to gain twice as much. A family that stands on the list already adds less to a mixture.
            gains[i] = np.mean(now - np.minimum(now, regret[:, i])) / np.sqrt(0.3 + cost[i]) / (1 + 0.5 * same)
        best = int(np.argmax(gains))
        if gains[best] <= 1e-5:
            break
        chosen.append(best)
    return chosen


def learn(args):
    lists = {}
    for task in SETS:
        names, candidates, regret, cost, baseline = read(args.out, task)
        chosen = choose(candidates, regret, cost, baseline)
        lists[task] = [{"trainer": candidates[i][0], "values": candidates[i][1]} for i in chosen]
        print(f"{task}: {len(names)} data sets, {len(candidates)} candidates")
        for n, i in enumerate(chosen):
            print(f"  {np.mean(mixed(regret, chosen[:n + 1])):.4f} {candidates[i][0]} {candidates[i][1]}")
    lines = ",\n".join(f'  "{task}": [\n' + ",\n".join("    " + json.dumps(entry) for entry in entries) + "\n  ]" for task, entries in lists.items())
    with open(args.portfolio, "w") as f:
        f.write("{\n" + lines + "\n}\n")


def check(args):
    for task in SETS:
        names, candidates, regret, cost, baseline = read(args.out, task)
        defaults = [i for i, (trainer, _) in enumerate(candidates) if i != baseline and i == next(j for j, c in enumerate(candidates) if c[0] == trainer)]
        own, plain = [], []
        for left_out in range(len(names)):
            others = [i for i in range(len(names)) if i != left_out]
            chosen = choose(candidates, regret[others], cost, baseline)
            own.append(mixed(regret[[left_out]], chosen)[0])
            plain.append(mixed(regret[[left_out]], defaults)[0])
            print(f"{task} {names[left_out]}: {own[-1]:.3f}, defaults {plain[-1]:.3f}")
        print(f"{task}: mean regret on the data set left out {np.mean(own):.4f} with {LENGTH} entries at most, {np.mean(plain):.4f} with the defaults of all {len(defaults)} families")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["measure", "learn", "check"])
    parser.add_argument("--datasets"), parser.add_argument("--benchmarks"), parser.add_argument("--out", required=True), parser.add_argument("--sets")
    parser.add_argument("--rows", type=int, default=2000), parser.add_argument("--portfolio", default="src/Core/Tuning/portfolio.json")
    arguments = parser.parse_args()
    {"measure": measure, "learn": learn, "check": check}[arguments.what](arguments)
