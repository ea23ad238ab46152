"""Studies from and to Optuna's own SQLite files, with Optuna itself."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from support import run

try:
    import optuna
except ImportError:
    print("skipped: optuna is not installed (Debian: python3-optuna)")
    sys.exit(77)

optuna.logging.set_verbosity(optuna.logging.ERROR)
STUDY = {"name": "mine", "metric": {"name": "loss"}, "method": "random", "seed": 1, "budget": {"max_trials": 6},
         "parameters": {"x": {"type": "float", "min": -5, "max": 10}, "rate": {"type": "float", "min": 0.001, "max": 1, "scale": "log"},
                        "n": {"type": "int", "min": 2, "max": 20, "step": 3}, "kind": {"values": ["a", 2, True]}, "extra": {"type": "float", "min": 0, "max": 1, "when": {"kind": "a"}}},
         "command": ["sh", "-c", "test $KRIGE_TRIAL != 3 && echo '{\"loss\": {x}}'"]}


class OptunaFile(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.database = str(self.folder / "optuna.db")
        self.store = str(self.folder / "store.sqlite")

    def krige(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess:
        ended = run(*arguments)
        self.assertEqual(ended.returncode, code, ended.stderr)
        return ended

    def test_optuna_goes_on_with_a_study_of_krige(self):
        (self.folder / "study.json").write_text(json.dumps(STUDY))
        document = json.loads(self.krige("sweep", str(self.folder / "study.json"), "--store", self.store, "--json").stdout)
        self.krige("study", "export", "mine", "--store", self.store, "--optuna", self.database)
        study = optuna.load_study(study_name="mine", storage=f"sqlite:///{self.database}")
        self.assertEqual([(trial.params, trial.value, trial.state.name) for trial in study.trials],
                         [(trial["params"], trial["value"], "FAIL" if trial["id"] == 3 else "COMPLETE") for trial in document["trials"]])
        self.assertEqual(study.best_value, document["study"]["best"]["value"])

        def objective(trial):
            kind = trial.suggest_categorical("kind", ["a", 2, True])
            extra = trial.suggest_float("extra", 0, 1) if kind == "a" else 0
            return trial.suggest_float("x", -5, 10) + extra + trial.suggest_float("rate", 0.001, 1, log=True) + trial.suggest_int("n", 2, 20, step=3)
        study.optimize(objective, n_trials=3)    # the distributions are Optuna's own: it would refuse others
        self.assertEqual(len(study.trials), 9)
        # A second time under another name, into the same file.
        self.krige("study", "export", "mine", "--store", self.store, "--optuna", self.database, code=1)
        self.krige("study", "export", "mine", "--store", self.store, "--optuna", self.database, "--name", "other")
        self.assertEqual(sorted(summary.study_name for summary in optuna.get_all_study_summaries(f"sqlite:///{self.database}")), ["mine", "other"])

    def test_krige_takes_a_study_of_optuna(self):
        study = optuna.create_study(storage=f"sqlite:///{self.database}", study_name="theirs", direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1))
        study.optimize(lambda trial: trial.suggest_float("x", -5, 10) * trial.suggest_categorical("sign", [-1, 1]), n_trials=8)
        made = json.loads(self.krige("study", "import", self.database, "--store", self.store, "--json").stdout)
        self.assertEqual((made["name"], made["spec"]["metric"]["goal"], made["trial_counts"]), ("theirs", "maximize", {"COMPLETED": 8}))
        self.assertEqual((made["best"]["value"], made["best"]["params"]), (study.best_value, study.best_params))
        # As warm starts.
        copy = json.loads(self.krige("study", "clone", "theirs", "--warm-start", "--store", self.store, "--json").stdout)
        self.assertEqual(len(copy["spec"]["warm_start"][0]["trials"]), 8)
        self.krige("study", "import", self.database, "--from", "nothing", "--store", self.store, code=1)


if __name__ == "__main__":
    unittest.main()
