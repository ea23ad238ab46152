#!/usr/bin/python3
"""Training against what Debian carries: bench/training.py BIN_DIR --data DIR [--rows a9a,mnist,…] [--runs 5] [--json FILE]

DIR holds the unpacked public files: a9a, a9a.t, w8a, train-images-idx3-ubyte and its three companions, ml-latest-small.ratings.csv. The CSV
file of the linear regression is written there when it is missing. A row is the minimum of several runs; a peer that is not installed
(liblinear-tools, python3-sklearn) is left out and said. Real processes: coordinator, shard, workers.
"""
import os

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")    # what Debian's OpenBLAS does not recognize by itself

import argparse
import itertools
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time

A9A_TARGET = 0.324399    # mean train log-loss: the optimum of C = 1 and half a per cent


class Trainer:
    def __init__(self, binary: pathlib.Path, runs: int):
        self.binary = binary
        self.runs = runs

    def once(self, job: dict, cache: str, model: str | None = None) -> tuple[float, list[dict]]:
        """Wall seconds of the whole process, and its records."""
        command = [str(self.binary), "coordinator", "--job", "-"] + (["--model", model] if model else [])
        begin = time.perf_counter()
        done = subprocess.run(command, input=json.dumps(job).encode(), stdout=subprocess.PIPE, check=True,
                              env=os.environ | {"KRIGE_CACHE_DIR": cache}, timeout=600)
        seconds = time.perf_counter() - begin
        return seconds, [json.loads(line) for line in done.stdout.splitlines()]

    def from_text(self, job: dict, model: str | None = None, runs: int | None = None) -> tuple[float, list[dict]]:
        """The quickest of several, each without a cache."""
        best = None
        for _ in range(runs or self.runs):
            with tempfile.TemporaryDirectory() as cache:
                run = self.once(job, cache, model)
            best = min(best or run, run, key=lambda r: r[0])
        return best

    def from_cache(self, job: dict, model: str | None = None) -> tuple[float, list[dict]]:
        with tempfile.TemporaryDirectory() as cache:
            self.once(job, cache)
            return min((self.once(job, cache, model) for _ in range(self.runs)), key=lambda r: r[0])

    def rate(self, job: dict) -> tuple[float, list[dict]]:
        """The best examples a second of several trainings from the cache."""
        with tempfile.TemporaryDirectory() as cache:
            runs = [self.once(job, cache)[1] for _ in range(self.runs)]
        best = max(runs, key=lambda records: records[-1]["examples_per_second"])
        return best[-1]["examples_per_second"], best


def read_model(path: str) -> tuple[dict, list[float]]:
    content = pathlib.Path(path).read_bytes()
    header_bytes = struct.unpack_from("<I", content, 12)[0]
    header = json.loads(content[16:16 + header_bytes])
    return header, list(struct.unpack_from(f"<{header['weights']}f", content, 16 + header_bytes))


def a9a(trainer: Trainer, data: pathlib.Path, out: dict):
    job = {"model": "logistic", "data": {"path": str(data / "a9a"), "format": "libsvm", "validation": 0}, "bias": False,
           "l2": 1 / 32561, "workers": 2, "seed": 1}
    # The fewest iterations that reach the target, found by a run with many.
    _, records = trainer.from_text(job | {"mode": "mapreduce", "epochs": 60})
    enough = next(r["epoch"] for r in records if r["train_loss"] <= A9A_TARGET)
    candidates = {"mapreduce": job | {"mode": "mapreduce", "epochs": enough}}
    for mode, rate, batch in (("bsp", 0.2, 256), ("asp", 0.2, 256)):
        shuffled = job | {"mode": mode, "optimizer": "adagrad", "learning_rate": rate, "batch_size": batch}
        # Asynchronous trainings differ: enough epochs for each of several.
        scouts = [trainer.from_text(shuffled | {"epochs": 12}, runs=1)[1] for _ in range(5)]
        candidates[mode] = shuffled | {"epochs": max(next(r["epoch"] for r in records if r["train_loss"] <= A9A_TARGET)
                                                     for records in scouts)}
    for mode, one in candidates.items():
        seconds, records = trainer.from_text(one)
        assert records[-1]["train_loss"] <= A9A_TARGET, f"{mode}: {records[-1]}"
        cached, _ = trainer.from_cache(one)
        out[f"a9a {mode}"] = {"whole_job_s": seconds, "from_cache_s": cached, "epochs": one["epochs"],
                              "train_loss": records[-1]["train_loss"], "records": records[-1]}
    if shutil.which("liblinear-train"):
        best = float("inf")
        for _ in range(trainer.runs):
            begin = time.perf_counter()
            subprocess.run(["liblinear-train", "-q", "-s", "0", str(data / "a9a"), "/dev/null"], check=True)
            best = min(best, time.perf_counter() - begin)
        out["a9a liblinear -s 0"] = {"whole_job_s": best}
    try:
        from sklearn.datasets import load_svmlight_file
        from sklearn.linear_model import SGDClassifier
        x, y = load_svmlight_file(str(data / "a9a"))
        best = float("inf")
        for _ in range(trainer.runs):
            begin = time.perf_counter()
            SGDClassifier(loss="log_loss", alpha=1 / 32561, average=True, max_iter=2, tol=None).fit(x, y)
            best = min(best, time.perf_counter() - begin)
        out["a9a scikit-learn averaged SGD"] = {"fit_s": best}
    except ImportError:
        print("python3-sklearn is not installed: left out", file=sys.stderr)


def mnist(trainer: Trainer, data: pathlib.Path, out: dict):
    base = {"data": {"path": str(data / "train-images-idx3-ubyte"), "format": "idx", "validation": 0,
                     "test": str(data / "t10k-images-idx3-ubyte")}, "seed": 1}
    for batch in (64, 128):
        for workers in (1, 2):
            job = base | {"model": "mlp", "hidden": 128, "optimizer": "adam", "learning_rate": 1e-3, "batch_size": batch,
                          "epochs": 5, "evaluate_every": 5, "workers": workers}
            rate, records = trainer.rate(job)
            out[f"mnist mlp batch {batch}, {workers} workers"] = {"examples_per_second": rate,
                                                                  "test_accuracy": records[-1].get("test_accuracy"),
                                                                  "records": records[-1]}
    rate, records = trainer.rate(base | {"model": "softmax", "optimizer": "adam", "learning_rate": 1e-3, "batch_size": 256,
                                         "epochs": 5, "evaluate_every": 5, "workers": 2})
    out["mnist softmax batch 256"] = {"examples_per_second": rate, "test_accuracy": records[-1].get("test_accuracy")}
    rate, records = trainer.rate(base | {"model": "softmax", "mode": "mapreduce", "epochs": 10, "workers": 2})
    out["mnist softmax full batch (mapreduce)"] = {"examples_per_second": rate, "records": records[-1]}


def write_csv(path: pathlib.Path, rows: int):
    import numpy as np
    rng = np.random.default_rng(1)
    beta = rng.normal(size=20)
    with open(path, "w") as file:
        file.write(",".join(f"x{i}" for i in range(20)) + ",y\n")
        for _ in range(rows // 50_000):
            x = np.round(rng.normal(size=(50_000, 20)), 6)
            y = x @ beta + 0.5 * rng.normal(size=50_000)
            np.savetxt(file, np.column_stack([x, y]), fmt="%.6f", delimiter=",")


class MemoryWatch(threading.Thread):
    """The most anonymous and shared memory that all processes of a name held at once, in MB."""
    def __init__(self, name: str):
        super().__init__(daemon=True)
        self.name_of = name
        self.most = 0.0
        self.done = threading.Event()

    def run(self):
        while not self.done.wait(0.02):
            total = 0
            for folder in pathlib.Path("/proc").iterdir():
                if not folder.name.isdigit():
                    continue
                try:
                    if not (folder / "comm").read_text().startswith(self.name_of):
                        continue
                    status = (folder / "status").read_text()
                    total += sum(int(line.split()[1]) for line in status.splitlines()
                                 if line.startswith(("RssAnon:", "RssShmem:")))
                except (OSError, ProcessLookupError):
                    pass
            self.most = max(self.most, total / 1024)


def linear(trainer: Trainer, data: pathlib.Path, out: dict):
    import numpy as np
    path = data / "linear-2000000x20.csv"
    if not path.exists():
        write_csv(path, 2_000_000)
    job = {"model": "linear", "data": {"path": str(path), "label": "y", "validation": 0, "standardize": False},
           "mode": "mapreduce", "workers": 2, "epochs": 30}
    watch = MemoryWatch("krige-")
    watch.start()
    with tempfile.NamedTemporaryFile() as model:
        seconds, records = trainer.from_text(job, model.name)
        watch.done.set()
        cached, _ = trainer.from_cache(job, model.name)
        header, weights = read_model(model.name)
    begin = time.perf_counter()
    table = np.loadtxt(path, delimiter=",", skiprows=1, max_rows=None, dtype=np.float64) if not (
        data / "linear.npy").exists() else np.load(data / "linear.npy")
    loaded = time.perf_counter() - begin
    np.save(data / "linear.npy", table)
    design = np.column_stack([table[:, :20], np.ones(len(table))])
    exact = np.linalg.solve(design.T @ design, design.T @ table[:, 20])
    error = float(np.max(np.abs(np.array(weights) - exact)))
    out["linear CSV 2,000,000 x 20"] = {"whole_job_s": seconds, "from_cache_s": cached, "memory_mb": watch.most,
                                        "largest_error_of_a_coefficient": f"{error:.1e}", "epochs": records[-1]["epoch"],
                                        "MB_per_s": path.stat().st_size / 1e6 / seconds}


def fm(trainer: Trainer, data: pathlib.Path, out: dict):
    job = {"model": "fm", "loss": "squared", "factors": 8, "workers": 2, "seed": 1,
           "data": {"path": str(data / "ml-latest-small.ratings.csv"), "label": "rating", "validation": 0, "test": 0.1,
                    "categorical_columns": ["userId", "movieId"], "ignore_columns": ["timestamp"]},
           "batch_size": 8192, "optimizer": "adagrad", "learning_rate": 0.4, "l2": 1.6e-4, "epochs": 40}
    for mode in ("bsp", "asp"):
        rate, records = trainer.rate(job | {"mode": mode})
        out[f"movielens fm {mode}"] = {"examples_per_second": rate, "test_rmse": records[-1].get("test_rmse")}


def hogwild(trainer: Trainer, data: pathlib.Path, out: dict):
    """What the parameter server costs: asp by two workers against two threads on shared weights, each at its best batch up to 256."""
    for name, rows, target in (("a9a", 32561, A9A_TARGET), ("w8a", 49749, 0.119067)):
        bench = trainer.binary.with_name("hogwild_bench")
        baseline = json.loads(subprocess.run([str(bench), str(data / name), "--target", str(target)], check=True,
                                             stdout=subprocess.PIPE).stdout)
        best = {"seconds": float("inf")}
        with tempfile.TemporaryDirectory() as cache:
            for batch, steps, rate in itertools.product((64, 128, 256), (8, 16, 32), (0.1, 0.2, 0.4, 0.8)):
                job = {"model": "logistic", "data": {"path": str(data / name), "format": "libsvm", "validation": 0},
                       "bias": False, "l2": 1 / rows, "workers": 2, "seed": 1, "mode": "asp", "optimizer": "adagrad",
                       "learning_rate": rate, "batch_size": batch, "local_steps": steps, "epochs": 25}
                reached = [r["epoch"] for r in trainer.once(job, cache)[1] if r["train_loss"] <= target]
                if not reached:
                    continue
                # Without the evaluations, as the other; and only what reached the target again.
                once = job | {"epochs": reached[0], "evaluate_every": reached[0]}
                for _ in range(trainer.runs):
                    last = trainer.once(once, cache)[1][-1]
                    if last["train_loss"] <= target:
                        seconds = rows * reached[0] / last["examples_per_second"]
                        best = min(best, {"seconds": seconds, "batch": batch, "local_steps": steps, "learning_rate": rate,
                                          "epochs": reached[0]}, key=lambda found: found["seconds"])
        out[f"{name} asp against Hogwild"] = {"asp": best, "hogwild": baseline, "ratio": best["seconds"] / baseline["seconds"]}


ROWS = {"hogwild": hogwild, "a9a": a9a, "mnist": mnist, "linear": linear, "fm": fm}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    trainer = Trainer(options.bin / "krige-trainer", options.runs)
    out = {}
    for row in options.rows.split(","):
        if row not in ROWS:
            parser.error(f"there is no row {row}: {', '.join(ROWS)}")
        ROWS[row](trainer, options.data, out)
    for name, figures in out.items():
        print(name, {k: round(v, 4) if isinstance(v, float) else v for k, v in figures.items() if k != "records"})
    if options.json:
        options.json.write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
