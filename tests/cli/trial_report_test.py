"""krige report from inside a trial, and the texts that krige makes of its own help."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from support import DEADLINE, KRIGE, ROOT, run


class Report(unittest.TestCase):
    def sweep(self, script: str, **more) -> dict:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "study.json"
            path.write_text(json.dumps({"metric": {"name": "accuracy", "goal": "maximize"}, "parameters": {"a": {"values": [1, 2]}}, "method": "grid",
                                        "command": ["sh", "-c", script]} | more))
            ended = run("sweep", str(path), "--json")
            self.assertEqual(ended.returncode, 0, ended.stderr)
            return json.loads(ended.stdout)

    def test_a_trial_reports_without_its_standard_output(self):
        document = self.sweep(f"{KRIGE} report accuracy=0.5 loss=nan --step 3 >/dev/null && exec >/dev/null && (cd / && {KRIGE} report accuracy=0.{{a}})")
        self.assertEqual([trial["value"] for trial in document["trials"]], [0.1, 0.2])

    def test_the_best_of_many_reports_at_once(self):
        document = self.sweep(f"for i in 1 2 3 4 5 6 7 8; do {KRIGE} report accuracy=0.$i --step $i & done; wait",
                              metric={"name": "accuracy", "goal": "maximize", "reduce": "best"})
        self.assertEqual([trial["value"] for trial in document["trials"]], [0.8, 0.8])

    def test_faults(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "out"
            out.touch()
            def report(*arguments, **variables):
                environment = {name: value for name, value in os.environ.items() if name != "KRIGE_REPORT"} | {"KRIGE_REPORT": str(out)} | variables
                return subprocess.run([KRIGE, "report", *arguments], capture_output=True, text=True, timeout=DEADLINE, env=environment)
            for arguments, text in ((["accuracy"], "must be NAME=NUMBER"), (["accuracy=high"], "high is not a number"), (["=1"], "must be NAME=NUMBER"),
                                    (["step=1"], "is given by --step"), ([], "METRIC is required"), (["a=1", "--step", "-1"], "--step")):
                ended = report(*arguments)
                self.assertEqual(ended.returncode, 2, arguments)
                self.assertIn(text, ended.stderr)
            self.assertEqual(out.read_text(), "")
            self.assertEqual(report("a=1", KRIGE_REPORT="").returncode, 2)
            self.assertEqual(report("a=1", KRIGE_REPORT="/nonexistent/x").returncode, 1)
            self.assertEqual(report("a=1e-3", "b=inf", "--step", "7").returncode, 0)
            self.assertEqual(json.loads(out.read_text()), {"step": 7, "a": 0.001, "b": "Infinity"})


class Texts(unittest.TestCase):
    def test_validate_explains(self):
        shown = run("validate", str(ROOT / "examples" / "digits.yaml"), "--explain")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        for text in ("PARAMETER", "0.0001 to 1, log", "optimizer is momentum", "It ends after", "A trial is a training"):
            self.assertIn(text, shown.stdout)
        shown = run("validate", str(ROOT / "examples" / "svm" / "sweep.yaml"), "--explain")
        self.assertIn("A trial runs /usr/bin/python3 train.py ${args}.", shown.stdout)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "study.yaml"
            path.write_text("parameters: {x: {min: 0.0, max: 1.0}}\ncommand: [x]\nretries: 2\nearly_terminate: {type: median}\n"
                            "metrics: {regex: {value: 'v=(.*)'}}\nlimits: {time: 30m, memory: 2GB}\n")
            shown = run("validate", str(path), "--explain")
            for text in ("Its value is read from its output", "It may take 30m, 2GB of memory.", "One that fails is tried 2 times more.",
                         "A trial is ended that from step 1 on is not among the best 50 %"):
                self.assertIn(text, shown.stdout)

    def test_the_manual_has_every_command_and_option(self):
        page = run("man").stdout
        for text in (".SS krige sweep\n", ".SS krige study list\n", "\\-\\-max\\-trials", "Ctrl\\-C lets the trials that run finish", ".SH EXIT STATUS"):
            self.assertIn(text, page)
        if shutil.which("man") and shutil.which("groff"):
            shown = subprocess.run(["man", "--warnings", "-l", "-"], input=page, capture_output=True, text=True, timeout=DEADLINE,
                                   env=os.environ | {"MANPAGER": "cat", "LC_ALL": "C.UTF-8"})
            self.assertEqual((shown.returncode, shown.stderr), (0, ""))
            self.assertIn("krige study export", shown.stdout)

    def complete(self, *words: str) -> list[str]:
        script = f"source <({KRIGE} completion bash); COMP_WORDS=({' '.join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1}; _krige; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        shown = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        return shown.stdout.split()

    def test_zsh_and_fish_complete(self):
        tried = 0
        for shell, script in (("zsh", "autoload -U compinit; compinit -u -D; source <({krige} completion zsh); compadd() {{ shift; print -l -- $@; }}; _files() {{ :; }}; "
                                      "words=(krige study export --); CURRENT=4; _krige"),
                              ("fish", "source ({krige} completion fish | psub); complete -C 'krige study export --' | string split -f1 \\t")):
            if shutil.which(shell) is None:
                continue
            tried += 1
            with tempfile.TemporaryDirectory() as home:
                shown = subprocess.run([shell, "-c", script.format(krige=KRIGE)], capture_output=True, text=True, timeout=DEADLINE, env=os.environ | {"HOME": home})
            self.assertEqual((shown.returncode, shown.stderr), (0, ""), shell)
            for word in ("--csv", "--html", "--output"):
                self.assertIn(word, shown.stdout.split(), shell)
            self.assertNotIn("--max-trials", shown.stdout.split(), shell)
        if tried == 0:
            self.skipTest("needs zsh or fish")

    def test_bash_completes(self):
        self.assertEqual(self.complete("krige", "sw"), ["sweep"])
        self.assertEqual(self.complete("krige", "study", "re"), ["resume"])
        self.assertEqual(self.complete("krige", "sweep", "study.yaml", "--max"), ["--max-trials"])
        self.assertEqual(self.complete("krige", "study", "--server", "x", "export", "--c"), ["--csv"])
        self.assertIn("--dry-run", self.complete("krige", "sweep", "--"))
        self.assertEqual(self.complete("krige", "sweep", "file.y"), [])


if __name__ == "__main__":
    unittest.main()
