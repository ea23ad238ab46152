"""krige sweep on a laptop: budgets of the command line, the first points, tables, interrupts, exit codes."""
import concurrent.futures
import csv
import json
import pathlib
import signal
import subprocess
import tempfile
import unittest

from support import DEADLINE, KRIGE, run, wait_for

STUDY = """
metric: {name: loss}
method: random
seed: 3
parameters:
  x: {type: float, min: 0, max: 1}
  kind: {values: ["it's", b]}
budget: {max_trials: 4}
command: [sh, -c, %s, trial, "{x}", "{kind}"]
"""
PRINT = """'echo "{\\"loss\\": $1}"'"""


class Sweep(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.store = str(self.folder / "store.sqlite")

    def file(self, script: str = PRINT) -> str:
        path = self.folder / "study.yaml"
        path.write_text(STUDY % script)
        return str(path)

    def document(self, *arguments: str) -> dict:
        ended = run("sweep", *arguments, "--json")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return json.loads(ended.stdout)

    def test_budgets_of_the_command_line(self):
        document = self.document(self.file(), "--max-trials", "6", "--parallel", "3")
        self.assertEqual(document["study"]["spec"]["budget"], document["study"]["spec"]["budget"] | {"max_trials": 6, "parallel": 3})
        self.assertEqual(len(document["trials"]), 6)
        for wrong in (["--max-trials", "0"], ["--parallel", "x"], ["--until", "low"]):
            self.assertEqual(run("sweep", self.file(), *wrong).returncode, 2)

    def test_programs_that_end_at_once_in_a_crowd(self):
        # The end of a first trial may come before anything else of its study is under way; no sweep may wait for it for ever.
        file = self.file()
        with concurrent.futures.ThreadPoolExecutor(6) as crowd:
            counts = list(crowd.map(lambda _: len(self.document(file, "--parallel", "3")["trials"]), range(60)))
        self.assertEqual(counts, [4] * 60)

    def test_until(self):
        ended = run("sweep", self.file(), "--until", "0.9", "--max-trials", "500", "--json")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        document = json.loads(ended.stdout)
        self.assertEqual(document["study"]["state_reason"], "target_reached")
        self.assertLess(len(document["trials"]), 100)
        ended = run("sweep", self.file(), "--until", "-1")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("no trial reached -1", ended.stderr)

    def test_without_a_completed_trial_the_exit_code_is_1(self):
        ended = run("sweep", self.file("exit 1"))
        self.assertEqual(ended.returncode, 1)
        self.assertIn("no trial was completed", ended.stdout)

    def test_a_dry_run_shows_what_a_sweep_begins_with(self):
        file = self.file(f"'touch {self.folder}/started'")
        shown = run("sweep", file, "--dry-run")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        lines = shown.stdout.splitlines()
        self.assertEqual(lines[0].split(), ["TRIAL", "x", "kind"])
        self.assertEqual(len(lines), 6)    # four trials, heading, what the first would run
        self.assertRegex(lines[-1], r"^trial 1 would run: sh -c 'touch \S+/started' trial 0\.\d+ (b|'it'\\''s')$")
        dry = json.loads(run("sweep", file, "--dry-run", "--json").stdout)["trials"]
        self.assertFalse((self.folder / "started").exists())
        self.assertEqual([trial["params"] for trial in dry], [trial["params"] for trial in self.document(self.file())["trials"]])
        self.assertEqual(len(json.loads(run("sweep", file, "--dry-run", "--json", "--max-trials", "2").stdout)["trials"]), 2)

    def test_csv(self):
        out = self.folder / "trials.csv"
        document = self.document(self.file(), "--csv", str(out))
        with out.open(newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([(row["id"], float(row["value"]), float(row["x"]), row["kind"]) for row in rows],
                         [(str(t["id"]), t["value"], t["params"]["x"], t["params"]["kind"]) for t in document["trials"]])
        ended = run("sweep", self.file(), "--csv", "/nonexistent/trials.csv")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("cannot write /nonexistent/trials.csv", ended.stderr)

    def start(self, *arguments: str):
        """A sweep whose trials wait for the file `go`, and one of them that has begun."""
        file = self.file(f"'touch {self.folder}/begun; while [ ! -e {self.folder}/go ]; do sleep 0.02; done; echo \"{{\\\"loss\\\": $1}}\"'")
        sweep = subprocess.Popen([KRIGE, "sweep", file, "--store", self.store, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(sweep.stdout.close)
        self.addCleanup(sweep.stderr.close)
        self.addCleanup(lambda: sweep.poll() is None and sweep.kill())
        wait_for("a trial", (self.folder / "begun").exists)
        return file, sweep

    def test_the_first_interrupt_lets_running_trials_finish(self):
        file, sweep = self.start()
        sweep.send_signal(signal.SIGINT)
        for line in sweep.stderr:
            if "Ctrl-C once more stops them" in line:
                break
        (self.folder / "go").touch()
        unused, errors = sweep.communicate(timeout=DEADLINE)
        self.assertEqual(sweep.returncode, 130, errors)
        self.assertIn("trial 1  COMPLETED", errors)
        self.assertNotIn("trial 2", errors)
        # Going on, with another budget.
        document = self.document(file, "--store", self.store, "--max-trials", "3")
        self.assertEqual([len(trial["attempts"]) for trial in document["trials"]], [1, 1, 1])
        self.assertEqual(document["study"]["spec"]["budget"]["max_trials"], 3)

    def test_the_second_interrupt_stops_them(self):
        file, sweep = self.start("--csv", str(self.folder / "trials.csv"))
        sweep.send_signal(signal.SIGINT)
        for line in sweep.stderr:
            if "Ctrl-C once more stops them" in line:
                break
        sweep.send_signal(signal.SIGINT)
        self.assertEqual(sweep.wait(timeout=DEADLINE), 130)
        self.assertEqual(len((self.folder / "trials.csv").read_text().splitlines()), 2)    # what there was is written
        (self.folder / "go").touch()
        document = self.document(file, "--store", self.store)
        self.assertEqual(len(document["trials"]), 4)
        self.assertEqual([attempt["state"] for attempt in document["trials"][0]["attempts"]][-1], "SUCCEEDED")


if __name__ == "__main__":
    unittest.main()
