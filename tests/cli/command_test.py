"""Trials that are any program: how they are told their parameters, how they are read, and what ends them."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from support import DEADLINE, KRIGE, run

BASE = {"metric": {"name": "accuracy", "goal": "maximize"}, "parameters": {"a": {"values": [1, 2]}, "flag": {"value": True}}, "method": "grid"}


class Command(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def sweep(self, command: list, code: int = 0, environment: dict | None = None, **more) -> list[dict]:
        path = self.folder / "study.json"
        path.write_text(json.dumps(BASE | {"command": command} | more))
        ended = subprocess.run([KRIGE, "sweep", str(path), "--json"], capture_output=True, text=True, timeout=DEADLINE,
                               env=os.environ | {"TMPDIR": str(self.folder)} | (environment or {}))
        self.assertEqual(ended.returncode, code, ended.stderr)
        return json.loads(ended.stdout)["trials"]

    def test_every_macro_of_wandb(self):
        script = self.folder / "train.py"
        script.write_text("import json, sys\n"
                          f"open({str(self.folder / 'seen')!r}, 'a').write(json.dumps(sys.argv[1:]) + '\\n')\n"
                          "print(json.dumps({'accuracy': 1}))\n")
        for macro, words in (("${args}", ["--a=1", "--flag=true"]), ("${args_no_hyphens}", ["a=1", "flag=true"]),
                             ("${args_no_boolean_flags}", ["--a=1", "--flag"]), ("${args_json}", ['{"a":1,"flag":true}']),
                             ("${envvar:OF_TEST}/x", ["value/x"])):
            (self.folder / "seen").unlink(missing_ok=True)
            self.sweep(["${env}", "${interpreter}", "${program}", macro], program=str(script), environment={"OF_TEST": "value"})
            self.assertEqual(json.loads((self.folder / "seen").read_text().splitlines()[0]), words, macro)

    def test_arguments_in_a_file_that_goes_with_the_trial(self):
        trials = self.sweep(["python3", "-c", "import json, sys; print(json.dumps({'accuracy': json.load(open(sys.argv[1]))['a']}))", "${args_json_file}"])
        self.assertEqual([trial["value"] for trial in trials], [1, 2])
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["study.json"])

    def test_a_variable_that_is_not_there(self):
        trials = self.sweep(["true", "${envvar:NOT_THERE}"], code=1)
        self.assertEqual(trials[0]["reason"], "command[1]: the environment has no variable NOT_THERE")

    def test_metrics_by_regular_expressions(self):
        # Half of it on standard error, a progress bar that rewrites its line, words between.
        script = r"""echo starting; printf 'epoch 1 val_acc=0.1\r epoch 2 val_acc=0.2\r'; echo; echo "epoch 7: val_acc=0.{a} loss=3" >&2"""
        trials = self.sweep(["sh", "-c", script], metrics={"regex": {"step": r"epoch (\d+)", "accuracy": r"val_acc=([0-9.]+)"}})
        self.assertEqual([trial["value"] for trial in trials], [0.1, 0.2])

    def reasons(self, script: str, **more) -> list[tuple]:
        return [(trial["attempts"][-1]["state"], trial["attempts"][-1]["reason"]) for trial in self.sweep(["sh", "-c", script], code=1, **more)]

    def test_ends_are_told_in_words(self):
        for script, reason in (("exit 3", "exit code 3"), ("echo broken >&2; exit 3", "broken (exit code 3)"),
                               ("kill -9 $$", "killed by SIGKILL, as the kernel does when memory runs out"),
                               ("kill -SEGV $$", "killed by SIGSEGV, a memory fault")):
            self.assertEqual(self.reasons(script), [("FAILED", reason)] * 2, script)
        (state, reason), _ = self.reasons("not-a-program-of-this-machine")
        self.assertTrue(reason.endswith("(exit code 127, which is a shell's for a program that is not there)"), reason)
        self.assertEqual(self.reasons("exit 0"), [("FAILED", "ended without reporting accuracy")] * 2)

    def test_limits(self):
        self.assertEqual(self.reasons("sleep 60 & sleep 60", limits={"time": 0.2}), [("TIMED_OUT", "took longer than its limit of 200ms")] * 2)
        self.assertEqual(self.reasons("while :; do :; done", limits={"cpu_time": 0.2}),
                         [("FAILED", "used more processor time than its limit of 200ms")] * 2)
        self.assertEqual(self.reasons("exec python3 -S -c 'import time; x = bytearray(b\"x\") * 90000000; time.sleep(60)'", limits={"memory": "60MB"}),
                         [("FAILED", "out of memory: used more than its limit of 60MB")] * 2)

    def test_a_trial_that_timed_out_is_tried_again(self):
        trials = self.sweep(["sh", "-c", f"if [ -e {self.folder}/tried{{a}} ]; then echo '{{\"accuracy\": 1}}'; else touch {self.folder}/tried{{a}}; sleep 60; fi"],
                            limits={"time": 0.3}, retries=1)
        self.assertEqual([[attempt["state"] for attempt in trial["attempts"]] for trial in trials], [["TIMED_OUT", "SUCCEEDED"]] * 2)

    def test_what_a_file_says_wrong(self):
        path = self.folder / "study.json"
        for more, text in (({"metrics": {"regex": {"accuracy": "acc=.*"}}}, "metrics.regex.accuracy: must have one group"),
                           ({"limits": {"memory": "lots"}}, "limits.memory: must be an amount"),
                           ({"limits": {"cpus": 2}}, "limits.cpus: is not a known key")):
            path.write_text(json.dumps(BASE | {"command": ["true"]} | more))
            ended = run("validate", str(path))
            self.assertEqual(ended.returncode, 2)
            self.assertIn(text, ended.stderr)
        path.write_text(json.dumps(BASE | {"command": ["true", "${arg}"]}))
        self.assertIn("note: command[1]: ${arg} is no macro and stays as it is; did you mean ${args}?", run("validate", str(path)).stdout)


if __name__ == "__main__":
    unittest.main()
