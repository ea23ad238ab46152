#!/usr/bin/env python3
"""GP against random search on the digits study, by seed: bench/digits_gp_vs_random.py BIN_DIR [SEEDS] [TRIALS] → JSON.

Each seed draws another validation split, initial weights and design; both methods get the same of it. Trials run one at
a time in bsp, so that the figures are the same on every run of one build and instruction set.
"""
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]


def best_so_far(krige: str, method: str, seed: int, trials: int) -> list[float]:
    canonical = subprocess.run([krige, "validate", "--json", str(ROOT / "examples" / "digits.yaml")], check=True,
                               capture_output=True, text=True).stdout
    study = json.loads(canonical)
    study |= {"method": method, "seed": seed, "name": f"{method}-{seed}"}
    study["budget"] = {"max_trials": trials, "parallel": 1}
    study["train"] |= {"seed": seed, "mode": "bsp", "workers": 1}
    for name in ("mode", "staleness"):
        del study["parameters"][name]
    study["parameters"]["learning_rate"].pop("default")    # no head start for either
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(study, file)
        file.flush()
        ended = subprocess.run([krige, "sweep", file.name, "--json"], check=True, capture_output=True, text=True)
    best, curve = 0.0, []
    for trial in json.loads(ended.stdout)["trials"]:
        best = max(best, trial["value"] or 0.0)
        curve.append(best)
    return curve


def main() -> int:
    krige = str(pathlib.Path(sys.argv[1]) / "krige")
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    trials = int(sys.argv[3]) if len(sys.argv) > 3 else 40
    rows = []
    for seed in range(seeds):
        gp, random = (best_so_far(krige, method, seed, trials) for method in ("gp", "random"))
        rows.append({"seed": seed, "gp": gp[-1], "random": random[-1],
                     "gp_mean_so_far": statistics.mean(gp), "random_mean_so_far": statistics.mean(random)})
    differences = [row["gp"] - row["random"] for row in rows]
    print(json.dumps({
        "trials": trials, "seeds": rows,
        "gp_mean": statistics.mean(row["gp"] for row in rows), "random_mean": statistics.mean(row["random"] for row in rows),
        "mean_difference": statistics.mean(differences),
        "gp_wins": sum(d > 0 for d in differences), "ties": sum(d == 0 for d in differences), "random_wins": sum(d < 0 for d in differences),
    }, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
