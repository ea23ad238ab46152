"""Studies that go from Krige to Optuna and back."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import optuna
except ImportError:
    print("skipped: python3-optuna is not installed")
    sys.exit(77)
from optuna.trial import TrialState

from krige.optuna_store import from_study, to_study
from support import KRIGE, run, serving

STUDY = {"name": "shop", "metric": {"name": "loss"}, "method": "random", "seed": 2, "budget": {"max_trials": 12},
         "parameters": {"rate": {"type": "float", "min": 0.001, "max": 1, "scale": "log"}, "kind": {"values": ["a", "b", 3]},
                        "n": {"type": "int", "min": 0, "max": 20, "step": 5, "when": {"kind": "b"}}, "same": {"value": True},
                        "width": {"type": "float", "scale": "normal", "mu": 0, "sigma": 2}},
         "command": ["sh", "-c", "test {kind} != 3 || exit 1; echo '{\"loss\": {rate}}'"]}

optuna.logging.set_verbosity(optuna.logging.WARNING)


def objective(trial) -> float:
    value = trial.suggest_float("x", 0, 1)
    if trial.suggest_categorical("kind", ["a", None]) == "a":
        value += trial.suggest_int("n", 1, 5)
    if trial.number == 7:
        raise optuna.TrialPruned
    if trial.number == 8:
        raise ValueError
    return value


class Store(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.storage = f"sqlite:///{self.folder}/optuna.db"

    def module(self, *arguments: str, stdin: str = "") -> str:
        ended = subprocess.run([sys.executable, "-m", "krige.optuna_store", *arguments], input=stdin, capture_output=True, text=True, timeout=60)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return ended.stdout

    def sweep(self, study: dict) -> dict:
        path = self.folder / "study.json"
        path.write_text(json.dumps(study))
        return json.loads(run("sweep", str(path), "--json").stdout)

    def test_a_study_of_krige_opens_in_optuna(self):
        document = self.sweep(STUDY)
        self.assertEqual(self.module("to", self.storage, stdin=json.dumps(document)), "shop: 12 trials\n")
        study = optuna.load_study(study_name="shop", storage=self.storage)
        self.assertEqual(study.best_value, document["study"]["best"]["value"])
        self.assertEqual(study.best_params, document["study"]["best"]["params"])
        for trial, given in zip(study.trials, document["trials"]):
            self.assertEqual((trial.params, trial.value), (given["params"], given["value"]))
            self.assertEqual(trial.state, TrialState.COMPLETE if given["state"] == "COMPLETED" else TrialState.FAIL)
            self.assertLessEqual(trial.datetime_start, trial.datetime_complete)
        self.assertEqual({trial.state for trial in study.trials}, {TrialState.COMPLETE, TrialState.FAIL})
        # It goes on there, with Optuna's own sampler.
        study.sampler = optuna.samplers.TPESampler(seed=1)
        study.optimize(lambda trial: trial.suggest_float("rate", 0.001, 1, log=True), n_trials=2)

    def test_several_objectives_and_constraints(self):
        document = self.sweep({"objectives": [{"name": "a"}, {"name": "b", "goal": "maximize"}], "constraints": [{"name": "c", "min": 0.2, "max": 0.8}],
                               "method": "random", "parameters": {"x": {"min": 0.1, "max": 0.9}}, "budget": {"max_trials": 8},
                               "command": ["sh", "-c", "echo '{\"a\": {x}, \"b\": {x}, \"c\": {x}}'"]})
        study = to_study(document)
        self.assertEqual([direction.name for direction in study.directions], ["MINIMIZE", "MAXIMIZE"])
        for trial in study.trials:
            x = trial.params["x"]
            self.assertEqual(trial.values, [x, x])
            self.assertEqual(trial.system_attrs["constraints"], [0.2 - x, x - 0.8])

    def test_a_study_of_optuna_is_imported(self):
        study = optuna.create_study(storage=self.storage, study_name="theirs", sampler=optuna.samplers.RandomSampler(1))
        optuna.logging.set_verbosity(optuna.logging.CRITICAL)
        study.optimize(objective, n_trials=20, catch=(ValueError,))
        text = self.module("from", self.storage, "theirs")
        document = json.loads(text)
        self.assertEqual(document["study"]["spec"]["parameters"]["n"], {"type": "int", "min": 1, "max": 5, "when": {"kind": ["a"]}})
        self.assertEqual(len(document["trials"]), 20)
        file = self.folder / "theirs.json"
        file.write_text(text)
        # As an older study to learn from …
        path = self.folder / "study.json"
        path.write_text(json.dumps({"parameters": document["study"]["spec"]["parameters"], "warm_start": [{"path": str(file)}]}))
        self.assertIn("learns from 18 trials", run("validate", str(path)).stdout)
        # … and as a study of the service.
        with serving(self.folder / "data") as server:
            made = subprocess.run([KRIGE, "study", "import", str(file), "--server", server.url], capture_output=True, text=True, timeout=60,
                                  env=os.environ | {"KRIGE_TOKEN": server.token})
            self.assertEqual(made.returncode, 0, made.stderr)
            view = server.call(f"/studies/{made.stdout.strip()}")
        self.assertEqual((view["name"], view["trial_counts"], view["best"]["value"]), ("theirs", {"COMPLETED": 18, "FAILED": 1}, study.best_value))

    def test_there_and_back(self):
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(1), directions=["minimize", "maximize"])
        study.optimize(lambda trial: (trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1, step=0.25)), n_trials=6)
        again = to_study(from_study(study))
        self.assertEqual([(t.params, t.values, t.distributions) for t in again.trials], [(t.params, t.values, t.distributions) for t in study.trials])


if __name__ == "__main__":
    unittest.main()
