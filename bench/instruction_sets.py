#!/usr/bin/env python3
"""What the levels of x86-64 are worth, and what another build: the user time of one dense training by each.

bench/instruction_sets.py KRIGE [KRIGE …]   programs `krige`; the first is run at every level that this machine has

An MLP with a hidden layer of 1024 on the optical digits, by `krige train`. Rounds go through all in turn, so that a machine that is
busy is busy for all; the median is told, and its ratio to the first program as the loader starts it.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import tempfile

DATA = pathlib.Path(__file__).resolve().parents[1] / "examples" / "data" / "digits.csv.gz"
LEVELS = {"as it is": "", "x86-64-v3": "glibc.cpu.hwcaps=-AVX512F", "x86-64": "glibc.cpu.hwcaps=-AVX512F,-AVX2"}


def user_seconds(krige: str, tunables: str, job: pathlib.Path, cache: str) -> float:
    environment = os.environ | {"KRIGE_CACHE_DIR": cache} | ({"GLIBC_TUNABLES": tunables} if tunables else {})
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run([krige, "train", str(job), "--json"], check=True, stdout=subprocess.DEVNULL, env=environment)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("krige", nargs="+")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    cases = [(options.krige[0], level) for level in LEVELS] + [(krige, "as it is") for krige in options.krige[1:]]
    times = {case: [] for case in cases}
    with tempfile.TemporaryDirectory() as folder:
        job = pathlib.Path(folder) / "job.json"
        job.write_text(json.dumps({"model": "mlp", "hidden": 1024, "optimizer": "adam", "learning_rate": 0.001, "epochs": 10, "workers": 2,
                                   "data": {"path": str(DATA), "label": "digit", "validation": 0.2}}))
        for _ in range(options.rounds):
            for case in cases:
                times[case].append(user_seconds(case[0], LEVELS[case[1]], job, folder))
    first = statistics.median(times[cases[0]])
    for (krige, level), seconds in times.items():
        median = statistics.median(seconds)
        print(json.dumps({"program": krige, "level": level, "user_seconds": round(median, 3), "ratio": round(median / first, 2)}))


if __name__ == "__main__":
    main()
