#!/usr/bin/env python3
"""How long a training takes to start: from the spawn of the coordinator to the first minibatch that a shard has applied.

    bench/training_start.py [--bin build/release/bin] [--rounds N]

One coordinator, one shard, two workers, on a small table (442 rows), so that what is measured is the processes. The floor
is the start of one process of the same program (`krige-trainer --version`), of which a training needs two one after the
other. JSON on standard output.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
JOB = {"model": "linear", "data": {"path": str(ROOT / "examples/data/diabetes.csv"), "label": "progression"},
       "epochs": 3, "batch_size": 32, "learning_rate": 0.01, "workers": 2, "shards": 1}


def first_minibatch(trainer: pathlib.Path, job: str, transport: str) -> float:
    begin = time.perf_counter()
    with subprocess.Popen([trainer, "coordinator", "--job", "-", "--trace", "--transport", transport],
                          stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        process.stdin.write(job)
        process.stdin.close()
        seconds = None
        for line in process.stderr:  # to its end, or the trainer would stall
            if seconds is None and " clock=1 " in line:
                seconds = time.perf_counter() - begin
    if process.returncode != 0 or seconds is None:
        sys.exit("training_start: a training failed")
    return seconds


def one_process(trainer: pathlib.Path) -> float:
    begin = time.perf_counter()
    subprocess.run([trainer, "--version"], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def summary(seconds: list[float]) -> dict[str, float]:
    return {"min_ms": round(min(seconds) * 1e3, 3), "median_ms": round(statistics.median(seconds) * 1e3, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    trainer = options.bin / "krige-trainer"
    if not os.access(trainer, os.X_OK):
        sys.exit(f"training_start: {trainer} is not there")
    job = json.dumps(JOB)
    report = {"benchmark": "training_start", "target_ms": 10,
              "one_process": summary([one_process(trainer) for _ in range(options.rounds)])}
    for transport in ("shm", "unix"):
        report[transport] = summary([first_minibatch(trainer, job, transport) for _ in range(options.rounds)])
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
