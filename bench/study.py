#!/usr/bin/python3
"""A whole study, from its first process to its last: bench/study.py BIN_DIR --data DIR [--seeds 5] [--rule JSON] [--set JSON] [--job JSON] [--json FILE]

MNIST, 50,000 rows to train and 10,000 to validate, an MLP: learning_rate [1e-4, 1] log, hidden [16, 256] log, batch_size [16, 512] log, the
optimizer of four, momentum when it is momentum; 30 trials of 5 epochs, two at once, each by its own coordinator, shard and worker
processes; early stopping by the rule. Tells, by seed and in the median, the seconds until a trial had .972 validation accuracy after its last
epoch, the seconds to the end of the study, the seconds of the processors that it took, the best such accuracy, and the best trial's test
accuracy, which the study does not know. --set and --job give further fields of the study file and of its job.
DIR holds MNIST's four unpacked files.
"""
import argparse
import datetime
import json
import os
import pathlib
import resource
import statistics
import subprocess
import tempfile
import time

GOOD = 0.972


def study(options: argparse.Namespace, seed: int) -> dict:
    job = {"model": "mlp", "data": {"path": str(options.data / "train-images-idx3-ubyte"), "format": "idx", "validation": 1 / 6},
           "epochs": 5, "seed": seed} | options.job
    number = lambda kind, low, high: {"type": kind, "min": low, "max": high, "scale": "log"}
    return {"name": "mnist", "metric": {"name": "accuracy", "goal": "maximize"}, "method": "gp", "seed": seed,
            "parameters": {"learning_rate": number("float", 1e-4, 1), "hidden": number("int", 16, 256),
                           "batch_size": number("int", 16, 512),
                           "optimizer": {"values": ["sgd", "momentum", "adagrad", "adam"]},
                           "momentum": {"type": "float", "min": 0, "max": 0.99, "when": {"optimizer": "momentum"}}},
            "early_terminate": options.rule, "budget": {"max_trials": 30, "parallel": 2}, "train": job} | options.set


def seconds_since(start: str, end: str) -> float:
    return (datetime.datetime.fromisoformat(end) - datetime.datetime.fromisoformat(start)).total_seconds()


def processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(binary: pathlib.Path, file: dict, cache: str) -> tuple[dict, dict]:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as written:
        json.dump(file, written)
        written.flush()
        begin, spent = time.perf_counter(), processor_seconds()
        done = subprocess.run([binary / "krige", "sweep", written.name, "--json"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=True, env=os.environ | {"KRIGE_CACHE_DIR": cache})
    return {"seconds": time.perf_counter() - begin, "processor_seconds": processor_seconds() - spent}, json.loads(done.stdout)


def test_accuracy(binary: pathlib.Path, data: pathlib.Path, file: dict, params: dict, cache: str) -> float:
    job = file["train"] | params | {"data": file["train"]["data"] | {"test": str(data / "t10k-images-idx3-ubyte")}}
    done = subprocess.run([binary / "krige-trainer", "coordinator", "--job", "-"], input=json.dumps(job).encode(), check=True,
                          stdout=subprocess.PIPE, env=os.environ | {"KRIGE_CACHE_DIR": cache})
    return json.loads(done.stdout.splitlines()[-1])["test_accuracy"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rule", type=json.loads, default={"type": "median", "min_iter": 1, "min_trials": 4})
    parser.add_argument("--set", type=json.loads, default={})
    parser.add_argument("--job", type=json.loads, default={"evaluate_train": False})
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    seeds = []
    with tempfile.TemporaryDirectory() as cache:
        for seed in range(1, options.seeds + 1):
            file = study(options, seed)
            costs, document = run(options.bin, file, cache)
            began = document["study"]["created_at"]
            good = [seconds_since(began, trial["ended_at"]) for trial in document["trials"]
                    if trial["state"] == "COMPLETED" and trial["value"] >= GOOD]
            best = document["study"]["best"]
            seeds.append({"seed": seed, "seconds_to_good": min(good, default=float("inf")), **costs,
                          "best": best["value"], "trials": document["study"]["trial_counts"],
                          "test_accuracy": test_accuracy(options.bin, options.data, file, best["params"], cache)})
            print(seeds[-1], flush=True)
    median = {key: statistics.median(seed[key] for seed in seeds) for key in seeds[0] if key not in ("seed", "trials")}
    print("median", median)
    if options.json:
        options.json.write_text(json.dumps({"rule": options.rule, "set": options.set, "job": options.job, "median": median, "seeds": seeds}, indent=1) + "\n")


if __name__ == "__main__":
    main()
