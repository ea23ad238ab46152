"""The examples as their readers run them. Those whose tools are missing are skipped, each with what it lacks."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from support import KRIGE, ROOT, run, serving

EXAMPLES = ROOT / "examples"


def has_module(name: str) -> bool:
    return subprocess.run(["/usr/bin/python3", "-c", f"import {name}"], capture_output=True).returncode == 0


def needs(*what: str):
    """Skips a test that needs a program or, with python3-, a module of Debian's Python."""
    def lacks(name: str) -> bool:
        module = name.removeprefix("python3-")
        return not has_module(module) if module != name else shutil.which(name) is None
    missing = [name for name in what if lacks(name)]
    return unittest.skipIf(missing, f"needs {', '.join(missing)}")


def sweep(folder: str) -> dict:
    ended = subprocess.run([KRIGE, "sweep", "sweep.yaml", "--json"], cwd=EXAMPLES / folder, capture_output=True, text=True, timeout=200,
                           env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


class Examples(unittest.TestCase):
    def test_a_sweep_of_wandb(self):
        document = sweep("wandb")
        self.assertEqual(sum(document["study"]["trial_counts"].values()), 20)
        self.assertIn("PRUNED", document["study"]["trial_counts"])
        self.assertLess(document["study"]["best"]["value"], 4 / 10)    # it starts from 4

    @needs("python3-sklearn")
    def test_svm_by_command(self):
        document = sweep("svm")
        self.assertEqual(document["study"]["trial_counts"], {"COMPLETED": 12})
        untuned = subprocess.run(["/usr/bin/python3", "train.py"], cwd=EXAMPLES / "svm", capture_output=True, text=True, timeout=60)
        self.assertGreater(document["study"]["best"]["value"], json.loads(untuned.stdout)["accuracy"])

    @needs("python3-sklearn", "python3-optuna")
    def test_svm_by_optuna(self):
        ended = subprocess.run(["/usr/bin/python3", "optuna_study.py", "--trials", "12"], cwd=EXAMPLES / "svm", capture_output=True, text=True,
                               timeout=200, env=os.environ | {"OMP_NUM_THREADS": "1", "KRIGE": KRIGE, "PYTHONPATH": str(ROOT / "clients/python")})
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertRegex(ended.stdout, r"best accuracy 0\.9[0-9]")

    @needs("xz")
    def test_a_shell_script(self):
        document = sweep("shell")
        counts = document["study"]["trial_counts"]
        self.assertEqual(sum(counts.values()), 20)
        self.assertGreater(counts["COMPLETED"], 10)
        sizes = [trial["value"] for trial in document["trials"] if trial["value"] is not None]
        self.assertEqual(document["study"]["best"]["value"], min(sizes))

    @needs("curl", "jq")
    def test_a_worker_of_curl(self):
        with tempfile.TemporaryDirectory() as folder, serving(pathlib.Path(folder)) as server:
            ended = subprocess.run([EXAMPLES / "curl" / "worker.sh"], capture_output=True, text=True, timeout=120,
                                   env=os.environ | {"KRIGE_SERVER": server.url, "KRIGE_TOKEN": server.token})
            self.assertEqual(ended.returncode, 0, ended.stderr)
            shown = json.loads(ended.stdout)
            self.assertEqual(shown["state"], "COMPLETED")
            self.assertAlmostEqual(shown["best"]["value"], (shown["best"]["params"]["x"] - 2)**2)
            self.assertLess(shown["best"]["value"], 1.0)

    def test_they_are_valid(self):
        for file in EXAMPLES.glob("*/sweep.yaml"):
            shown = run("validate", str(file))
            self.assertEqual(shown.returncode, 0, shown.stderr)


if __name__ == "__main__":
    unittest.main()
