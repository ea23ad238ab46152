#!/usr/bin/python3
"""Optimizers on tuning real scikit-learn models: bench/model_tuning.py KRIGE_BIN_DIR [--seeds 5] [--methods krige,optuna-tpe] …

Regret after n trials = (best so far − best known) / (median of random search at n − best known), clipped to [0, 2]: 0 is the best that
anything ever found, 1 what random search has by then. Needs Debian's python3-sklearn, and python3-optuna for the methods of Optuna.
Every loss is kept in the cache, which also holds the best known values: figures of one call compare with one another; for figures of
another version of Krige in the same table, store it with --json and name it with --against.
"""
import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))    # before NumPy is loaded

import argparse
import functools
import hashlib
import json
import math
import multiprocessing
import pathlib
import random
import statistics
import subprocess
import sys
import time
import warnings

from model_tuning_tasks import TASKS

ROOT = pathlib.Path(__file__).resolve().parents[1]
AT = (20, 40, 50)
REFERENCE_SEEDS = range(1000, 1020)    # of the random searches that regret is measured by; no seed of a method
REFERENCE_TRIALS = 50


class Evaluations:
    """A task's losses by its parameters, on disk; processes append to one file."""
    def __init__(self, cache: pathlib.Path, task: str):
        self.task = TASKS[task]
        self.path = cache / f"{task}-{self.task.fingerprint()}.jsonl"
        self.known = {}
        if self.path.exists():
            for line in self.path.read_text().splitlines():
                key, value = json.loads(line)
                self.known[key] = value

    def __call__(self, params: dict) -> float:
        key = json.dumps(params, sort_keys=True)
        if key not in self.known:
            self.known[key] = self.task(params)
            with self.path.open("a") as file:
                file.write(json.dumps([key, self.known[key]]) + "\n")    # one write: lines of other processes stay whole
        return self.known[key]


def active(spec: dict, params: dict) -> bool:
    return all(params.get(parent) in (wanted if isinstance(wanted, list) else [wanted]) for parent, wanted in spec.get("when", {}).items())


def draw(spec: dict, rng: random.Random):
    if spec["type"] == "categorical":
        return rng.choice(spec["values"])
    half = 0.5 if spec["type"] == "int" else 0.0    # every integer has its share, also the first and the last
    low, high = spec["min"] - half, spec["max"] + half
    value = math.exp(rng.uniform(math.log(low), math.log(high))) if spec.get("scale") == "log" else rng.uniform(low, high)
    value = min(max(value, spec["min"]), spec["max"])
    return round(value) if spec["type"] == "int" else value


def by_random(space: dict, loss, seed: int, trials: int, **unused) -> list[float]:
    rng = random.Random(seed)
    values = []
    for _ in range(trials):
        params = {}
        for name, spec in space.items():
            if active(spec, params):
                params[name] = draw(spec, rng)
        values.append(loss(params))
    return values


def by_krige(space: dict, loss, seed: int, trials: int, krige: str, method: str = "gp") -> list[float]:
    study = {"parameters": space, "metric": {"name": "loss", "goal": "minimize"}, "method": method, "seed": seed, "budget": {"max_trials": trials}}
    values = []
    with subprocess.Popen([krige, "ask-tell", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        def say(line: dict) -> dict:
            process.stdin.write(json.dumps(line) + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            if "error" in answer:
                raise RuntimeError(f"{line}: {answer}")
            return answer

        process.stdin.write(json.dumps(study) + "\n")
        while len(values) < trials and (asked := say({"ask": 1})["trials"]):
            values.append(loss(asked[0]["params"]))
            say({"tell": [{"id": asked[0]["id"], "value": values[-1]}]})
        process.stdin.close()
    return values


def by_optuna(space: dict, loss, seed: int, trials: int, sampler: str, **unused) -> list[float]:
    import optuna
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    samplers = {"tpe": lambda: optuna.samplers.TPESampler(seed=seed),
                "tpe-multivariate": lambda: optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, warn_independent_sampling=False),
                "cmaes": lambda: optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)}

    def objective(trial) -> float:
        params = {}
        for name, spec in space.items():
            if not active(spec, params):
                continue
            if spec["type"] == "categorical":
                params[name] = trial.suggest_categorical(name, spec["values"])
            else:
                suggest = trial.suggest_int if spec["type"] == "int" else trial.suggest_float
                params[name] = suggest(name, spec["min"], spec["max"], log=spec.get("scale") == "log")
        return loss(params)

    study = optuna.create_study(sampler=samplers[sampler]())
    study.optimize(objective, n_trials=trials)
    return [trial.value for trial in study.trials]


METHODS = {"random": by_random, "krige": by_krige, "krige-sobol": functools.partial(by_krige, method="sobol")} | {
    f"optuna-{name}": functools.partial(by_optuna, sampler=name) for name in ("tpe", "tpe-multivariate", "cmaes")}


def run(job: tuple) -> dict:
    method, task, seed, trials, cache, krige = job
    evaluations, spent = Evaluations(cache, task), 0.0

    def loss(params: dict) -> float:
        nonlocal spent
        start = time.perf_counter()
        value = evaluations(params)
        spent += time.perf_counter() - start
        return value

    start = time.perf_counter()
    values = METHODS[method](TASKS[task].space, loss, seed, trials, krige=krige)
    proposing = (time.perf_counter() - start - spent) / trials
    return {"method": method, "task": task, "seed": seed, "values": values, "proposing_ms": round(1000 * proposing, 2)}


def best_so_far(values: list[float], trials: int) -> list[float]:
    curve = []
    for value in values:
        curve.append(min(value, curve[-1]) if curve else value)
    return curve + curve[-1:] * (trials - len(curve))    # an exhausted space stays where it is


def everything(pool, jobs: list[tuple], what: str) -> list[dict]:
    done, start = [], time.monotonic()
    for result in pool.imap_unordered(run, jobs):
        done.append(result)
        if sys.stderr.isatty():
            print(f"\r{what}: {len(done)}/{len(jobs)} ", end="", file=sys.stderr, flush=True)
    print(f"\r{what}: {len(jobs)} in {time.monotonic() - start:.0f} s", file=sys.stderr)
    return done


def medians(pool, tasks: list[str], cache: pathlib.Path) -> dict[str, list[float]]:
    """Of random search by trial; computed once per task and kept."""
    paths = {task: cache / f"{task}-{TASKS[task].fingerprint()}.random.json" for task in tasks}
    missing = [("random", task, seed, REFERENCE_TRIALS, cache, "") for task in tasks if not paths[task].exists() for seed in REFERENCE_SEEDS]
    curves = {}
    for result in everything(pool, missing, "random reference") if missing else []:
        curves.setdefault(result["task"], []).append(best_so_far(result["values"], REFERENCE_TRIALS))
    for task, runs in curves.items():
        paths[task].write_text(json.dumps([statistics.median(column) for column in zip(*runs)]))
    return {task: json.loads(path.read_text()) for task, path in paths.items()}


def regret(best: float, known: float, median: float) -> float | None:
    return min(max((best - known) / (median - known), 0.0), 2.0) if median > known else None


def mean(values) -> float | None:
    values = [value for value in values if value is not None]
    return statistics.mean(values) if values else None


def interval(table: dict[str, list[float | None]], draws: int = 2000) -> dict:
    """Mean over tasks of the mean over seeds, with a 95 % interval over draws of tasks and, in each, of seeds."""
    table = {task: kept for task, values in table.items() if (kept := [value for value in values if value is not None])}
    if not table:
        return {"mean": None, "low": None, "high": None}
    rng, tasks, means = random.Random(0), list(table), []
    for _ in range(draws):
        means.append(statistics.fmean(statistics.fmean(rng.choices(table[task], k=len(table[task]))) for task in rng.choices(tasks, k=len(tasks))))
    means.sort()
    return {"mean": statistics.fmean(map(statistics.fmean, table.values())), "low": means[draws // 40], "high": means[-draws // 40]}


def summary(runs: list[dict], reference: dict[str, list[float]], known: dict[str, float], trials: int) -> dict:
    at = [n for n in AT if n <= trials]
    methods = list(dict.fromkeys(r["method"] for r in runs))
    regrets = {}    # method → n → task → by seed
    for r in sorted(runs, key=lambda r: r["seed"]):
        curve = best_so_far(r["values"], trials)
        for n in at:
            column = regrets.setdefault(r["method"], {}).setdefault(n, {}).setdefault(r["task"], {})
            column[r["seed"]] = regret(curve[n - 1], known[r["task"]], reference[r["task"]][n - 1])

    def versus(method: str, n: int) -> dict:    # paired by task and seed
        theirs, first = regrets[method][n], regrets[methods[0]][n]
        return interval({task: [a - b for seed in theirs[task] if (a := theirs[task][seed]) is not None and (b := first[task].get(seed)) is not None]
                         for task in theirs if task in first})

    return {
        "methods": {m: {"regret": {n: interval({t: list(s.values()) for t, s in regrets[m][n].items()}) for n in at},
                        "minus_first": {n: versus(m, n) for n in at} if m != methods[0] else None,
                        "proposing_ms": mean(r["proposing_ms"] for r in runs if r["method"] == m)} for m in methods},
        "tasks": {task: {"best_known": known[task], "random_median": {n: reference[task][n - 1] for n in at},
                         "regret": {m: {n: mean(regrets[m][n].get(task, {}).values()) for n in at} for m in methods}} for task in known},
    }


def show(report: dict, trials: int) -> None:
    at = [n for n in AT if n <= trials]
    methods = list(report["methods"])

    def figure(x: float | None) -> str:
        return "   –  " if x is None else f"{x:6.3f}"

    def bounds(x: dict | None) -> str:
        return f"{figure(x['mean'])} [{figure(x['low'])},{figure(x['high'])}]" if x else ""

    label = max(len(f"{m} − {methods[0]}") for m in methods) + 1
    print(f"{'regret, 95 % interval':{label}}" + "".join(f"{f'@{n}':>23} " for n in at) + "  ms/proposal")
    for m in methods:
        print(f"{m:{label}}" + "".join(f"{bounds(report['methods'][m]['regret'][n]):>23} " for n in at) + f"{report['methods'][m]['proposing_ms']:13.1f}")
    for m in methods[1:]:
        print(f"{f'{m} − {methods[0]}':{label}}" + "".join(f"{bounds(report['methods'][m]['minus_first'][n]):>23} " for n in at))
    width = 2 + max(7 * len(at) - 1, *map(len, methods))
    print("\n" + f"{'task':36}{'best known':>11}" + "".join(f"{f'random@{n}':>11}" for n in at) + "".join(f"{m:>{width}}" for m in methods))
    for task, row in report["tasks"].items():
        print(f"{task:36}{row['best_known']:11.5f}" + "".join(f"{row['random_median'][n]:11.5f}" for n in at)
              + "".join(f"{' '.join(figure(row['regret'][m][n]) for n in at):>{width}}" for m in methods))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin_dir", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=50, help=f"at most {REFERENCE_TRIALS}")
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--methods", default="krige,optuna-tpe,random", help=f"of {', '.join(METHODS)}; differences are against the first")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--cache", type=pathlib.Path, default=ROOT / "build" / "model_tuning", help="losses, random medians, best known values")
    parser.add_argument("--json", type=pathlib.Path, help="store the report with every run's losses")
    parser.add_argument("--against", type=pathlib.Path, nargs="*", default=[], help="reports stored before; method names get the file's name")
    options = parser.parse_args()
    tasks, methods = options.tasks.split(","), options.methods.split(",")
    if unknown := [t for t in tasks if t not in TASKS] + [m for m in methods if m not in METHODS]:
        parser.error(f"unknown: {', '.join(unknown)}")
    if not min(AT) <= options.trials <= REFERENCE_TRIALS:
        parser.error(f"--trials is {min(AT)} to {REFERENCE_TRIALS}")
    options.cache.mkdir(parents=True, exist_ok=True)
    krige = options.bin_dir.resolve() / "krige"
    build = hashlib.sha256(krige.read_bytes()).hexdigest()[:12]

    jobs = [(m, t, seed, options.trials, options.cache, str(krige)) for seed in range(options.seeds) for t in tasks for m in methods]
    with multiprocessing.Pool(options.jobs) as pool:
        reference = medians(pool, tasks, options.cache)
        runs = everything(pool, jobs, "runs")
    if hashlib.sha256(krige.read_bytes()).hexdigest()[:12] != build:
        sys.exit(f"{krige} was replaced meanwhile: the runs are not of one build")
    runs.sort(key=lambda r: (methods.index(r["method"]), tasks.index(r["task"]), r["seed"]))
    for path in options.against:
        runs += [r | {"method": f"{path.stem}:{r['method']}"} for r in json.loads(path.read_text())["runs"] if r["task"] in tasks]
    known = {t: min(Evaluations(options.cache, t).known.values()) for t in tasks}
    report = {"krige": build, "trials": options.trials, "seeds": options.seeds} | summary(runs, reference, known, options.trials)
    show(report, options.trials)
    if options.json:
        options.json.write_text(json.dumps(report | {"runs": runs}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
