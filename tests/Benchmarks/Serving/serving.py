#!/usr/bin/env python3
"""Requests a second and latency of a published model beside a bare web server and the article's Flask service, in turn, in one run.

    dotnet build -c Release src/Workbench && dotnet build -c Release tests/Benchmarks
    python3 tests/Benchmarks/Serving/serving.py [--rounds 5] [--seconds 3]

Needs wrk; the Flask service is left out with a message where python3-flask, python3-sklearn or gunicorn are missing.
"""
import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
WORKBENCH = os.path.join(ROOT, "src", "Workbench", "bin", "Release", "net10.0", "Workbench.dll")
BENCHMARKS = os.path.join(ROOT, "tests", "Benchmarks", "bin", "Release", "net10.0", "Benchmarks")
NUMBERS, WORDS = 20, 10
PORTS = {"workbench": 5071, "bare": 5072, "flask": 5073}


def row(rng):
    numbers = [round(rng.gauss(0, 1), 4) for _ in range(NUMBERS)]
    words = [rng.choice(["red", "green", "blue", "white", "black", "brown", "grey", "pink"]) for _ in range(WORDS)]
    score = numbers[0] + 0.5 * numbers[1] * numbers[2] + (1 if words[0] == "red" else 0) - (1 if words[1] == "blue" else 0) + rng.gauss(0, 0.7)
    return numbers + words, "yes" if score > 0 else "no"


def write_data(path, rows):
    rng = random.Random(1)
    with open(path, "w") as file:
        file.write(",".join([f"x{i}" for i in range(NUMBERS)] + [f"c{i}" for i in range(WORDS)] + ["y"]) + "\n")
        for _ in range(rows):
            values, label = row(rng)
            file.write(",".join(map(str, values + [label])) + "\n")


def call(method, address, token, body=None, kind="application/json"):
    request = urllib.request.Request(address, method=method, data=body, headers={"Authorization": f"Bearer {token}", "Content-Type": kind})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def wait(address, headers=None, body=None):
    for _ in range(300):
        try:
            urllib.request.urlopen(urllib.request.Request(address, data=body, headers=headers or {}))
            return
        except Exception:  # noqa: BLE001: it is not up yet
            time.sleep(0.1)
    raise SystemExit(f"{address} does not answer")


def publish(folder, csv, trainer):
    base = f"http://127.0.0.1:{PORTS['workbench']}"
    token = subprocess.run(["dotnet", WORKBENCH, "token", "--data", os.path.join(folder, "data")], capture_output=True, text=True, check=True).stdout.strip().splitlines()[-1]
    api = base + "/api/v1"
    with open(csv, "rb") as file:
        dataset = call("POST", api + "/datasets?name=serving.csv", token, file.read(), "text/csv")["id"]
    experiment = call("POST", api + "/experiments", token, json.dumps({"datasetId": dataset, "target": "y", "trainers": [trainer], "tuning": "defaultsOnly", "budgetSeconds": 120, "split": {"folds": 1}}).encode())["id"]
    while True:
        state = call("GET", f"{api}/experiments/{experiment}", token)
        if state["status"] in ("completed", "failed", "stopped"):
            break
        time.sleep(0.5)
    trial = state["leaderboard"][0]
    print("model:", trial["trainerId"], (trial["spec"] or {}).get("values"), file=sys.stderr)
    began = time.time()
    key = call("POST", api + "/endpoints", token, json.dumps({"name": "serving", "experimentId": experiment, "trialNumber": trial["number"]}).encode())["key"]
    print(f"published in {time.time() - began:.2f} s", file=sys.stderr)
    return key


def cpu_seconds(processes):
    """User and system time of the processes and their children."""
    ticks = 0
    for pid in processes:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
        for child in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{child}/children") as file:
                ticks += round(cpu_seconds(file.read().split()) * os.sysconf("SC_CLK_TCK"))
    return ticks / os.sysconf("SC_CLK_TCK")


def load(address, body, key, connections, seconds, folder):
    script = os.path.join(folder, "post.lua")
    with open(script, "w") as file:
        file.write('wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n')
        if key:
            file.write(f'wrk.headers["Authorization"] = "Bearer {key}"\n')
        file.write("wrk.body = [==[" + body + "]==]\n")
        file.write('done = function(s, l, r) io.write(string.format("RESULT %f %f %f %d\\n", s.requests / (s.duration / 1e6), l:percentile(50) / 1000, l:percentile(99) / 1000, s.errors.status + s.errors.connect + s.errors.read + s.errors.timeout)) end\n')
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", script, address], capture_output=True, text=True, check=True).stdout
    found = re.search(r"RESULT (\S+) (\S+) (\S+) (\d+)", out)
    if not found:
        raise SystemExit(out)
    if int(found[4]):
        raise SystemExit(f"{address}: {found[4]} errors\n{out}")
    return float(found[1]), float(found[2]), float(found[3])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--trainer", default="random-forest")
    parser.add_argument("--connections", default="1,16,64")
    parser.add_argument("--no-flask", action="store_true")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not installed (apt-get install wrk); nothing was measured.")
    folder = tempfile.mkdtemp(prefix="serving")
    csv = os.path.join(folder, "serving.csv")
    write_data(csv, options.rows)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = []
    try:
        started.append(subprocess.Popen(["dotnet", WORKBENCH, "--data", os.path.join(folder, "data"), "--port", str(PORTS["workbench"]), "--Workbench:InstallSamples=false",
                                         "--Workbench:PredictionsPerSecond=1000000", "--Workbench:PredictionBurst=1000000"], **quiet))
        wait(f"http://127.0.0.1:{PORTS['workbench']}/v2/health/live")
        started.append(subprocess.Popen([BENCHMARKS, "bare-server", str(PORTS["bare"])], **quiet))
        rng = random.Random(2)
        single = json.dumps({"features": [row(rng)[0]]})
        hundred = json.dumps({"features": [row(rng)[0] for _ in range(100)]})
        wait(f"http://127.0.0.1:{PORTS['bare']}/predict", body=single.encode())
        key = publish(folder, csv, options.trainer)
        contenders = {"workbench": (f"http://127.0.0.1:{PORTS['workbench']}/api/v1/models/serving/predict", key, started[0].pid), "bare": (f"http://127.0.0.1:{PORTS['bare']}/predict", None, started[1].pid)}
        here = os.path.dirname(os.path.abspath(__file__))
        try:
            if options.no_flask:
                raise FileNotFoundError("--no-flask")
            subprocess.run(["/usr/bin/python3", os.path.join(here, "flask_serving.py"), "train", csv, "y", os.path.join(folder, "model.pickle")], check=True, capture_output=True)
            started.append(subprocess.Popen(["gunicorn", "-w", "2", "-b", f"127.0.0.1:{PORTS['flask']}", "flask_serving:app"], cwd=here, env={**os.environ, "MODEL": os.path.join(folder, "model.pickle"), "PYTHONDONTWRITEBYTECODE": "1"}, **quiet))
            wait(f"http://127.0.0.1:{PORTS['flask']}/predict", {"Content-Type": "application/json"}, single.encode())
            contenders["flask"] = (f"http://127.0.0.1:{PORTS['flask']}/predict", None, started[2].pid)
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            print(f"The Flask service is left out: {getattr(error, 'stderr', b'') or error}", file=sys.stderr)
        for address, secret, _ in contenders.values():
            load(address, single, secret, 4, 3, folder)
        print(f"{'rows':>4} {'connections':>11} {'contender':>10} {'requests/s':>11} {'p50 ms':>8} {'p99 ms':>8} {'CPU µs':>8} {'of bare':>8}")
        for rows, body in ((1, single), (100, hundred)):
            for connections in map(int, options.connections.split(",")):
                found = {name: [] for name in contenders}
                for _ in range(options.rounds):
                    for name, (address, secret, pid) in contenders.items():
                        before = cpu_seconds([pid])
                        rate, p50, p99 = load(address, body, secret, connections, options.seconds, folder)
                        found[name].append((rate, p50, p99, 1e6 * (cpu_seconds([pid]) - before) / (rate * options.seconds)))
                medians = {name: [statistics.median(values) for values in zip(*results)] for name, results in found.items()}
                for name, (rate, p50, p99, cpu) in medians.items():
                    print(f"{rows:>4} {connections:>11} {name:>10} {rate:>11.0f} {p50:>8.2f} {p99:>8.2f} {cpu:>8.0f} {rate / medians['bare'][0]:>8.2f}", flush=True)
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
