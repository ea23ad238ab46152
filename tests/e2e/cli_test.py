"""The commands as somebody at a terminal uses them."""
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import sys
import tempfile
import unittest

from support import DATA, DEADLINE, KRIGE, ROOT, processes, run, wait_for

SMALL = """
name: small
metric: {name: validation_loss, goal: minimize}
method: gp
seed: 2
parameters:
  learning_rate: {type: float, min: 1.0e-3, max: 1.0, scale: log, default: 0.05}
  l2: {type: float, min: 1.0e-6, max: 1.0, scale: log}
budget: {max_trials: %d, parallel: 2}
train:
  model: logistic
  data: {path: %s, label: diagnosis, validation: 0.25}
  epochs: %d
"""


def study_file(folder: str, trials: int = 6, epochs: int = 3) -> str:
    path = pathlib.Path(folder) / "study.yaml"
    path.write_text(SMALL % (trials, DATA / "breast_cancer.csv", epochs))
    return str(path)


class Commands(unittest.TestCase):
    def test_the_example_in_one_dimension_finds_the_deeper_valley(self):
        done = subprocess.run([KRIGE, "sweep", "examples/forrester.yaml", "--json"], cwd=ROOT, text=True,
                              capture_output=True, timeout=DEADLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        best = json.loads(done.stdout)["study"]["best"]
        self.assertLess(best["value"], -6)  # the other one ends at -0.9863
        self.assertAlmostEqual(best["params"]["x"], 0.7572, delta=0.01)

    def test_every_command_has_help(self):
        for command in ("serve", "sweep", "train", "validate", "ask-tell", "version"):
            shown = run(command, "--help")
            self.assertEqual(shown.returncode, 0)
            self.assertIn("Usage", shown.stdout)

    def test_wrong_usage_is_exit_code_2(self):
        for arguments in ([], ["swep"], ["sweep"], ["train", "--modle", "x"], ["sweep", "/nonexistent.yaml"]):
            self.assertEqual(run(*arguments).returncode, 2, arguments)
        self.assertIn("there is no command swep; did you mean sweep?", run("swep").stderr)
        self.assertIn("run it with krige sweep", run("train", str(ROOT / "examples" / "digits.yaml")).stderr)
        self.assertEqual(run("serve", "--listen", "8080").returncode, 2)
        self.assertEqual(run("serve", "--listen", "0.0.0.0:0").returncode, 2)

    def test_validate_accepts_the_examples(self):
        examples = [path for path in sorted((ROOT / "examples").glob("*.yaml")) if "\nparameters:" in path.read_text()]
        self.assertGreater(len(examples), 2)    # the others are training jobs
        for example in examples:
            shown = run("validate", str(example))
            self.assertEqual(shown.returncode, 0, shown.stderr)
            kind = "study" if "parameters:" in example.read_text() else "training job"
            self.assertIn(f"is a valid {kind}", shown.stdout)

    def test_validate_names_the_faults_of_a_job(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "job.yaml"
            path.write_text("model: linear\ndata: {path: x.csv, label: y}\noptimizr: adam\n")
            shown = run("validate", str(path))
            self.assertEqual(shown.returncode, 2)
            self.assertIn("optimizr: is not a known key; did you mean optimizer?", shown.stderr)

    def test_validate_names_every_fault(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "bad.yaml"
            path.write_text("parameters:\n  x: {type: float, min: 0, max: 1, scale: log}\n  y: {type: int, min: 3, mx: 5}\nmethd: gp\n")
            shown = run("validate", str(path))
            self.assertEqual(shown.returncode, 2)
            for fault in ("parameters.x.min: must be above 0", "parameters.y.mx: is not a known key; did you mean max?",
                          "parameters.y.max: is missing", "methd: is not a known key; did you mean method?"):
                self.assertIn(fault, shown.stderr)

    def test_train_prints_records(self):
        with tempfile.TemporaryDirectory() as folder:
            job = pathlib.Path(folder) / "job.yaml"
            job.write_text(f"model: softmax\ndata: {{path: {DATA}/digits.csv.gz, label: digit, validation: 0.2}}\n"
                           "epochs: 3\nworkers: 2\noptimizer: adam\nlearning_rate: 0.01\n")
            model = pathlib.Path(folder) / "out.kmodel"
            ended = run("train", str(job), "--json", "--model", str(model))
            self.assertEqual(ended.returncode, 0, ended.stderr)
            records = [json.loads(line) for line in ended.stdout.splitlines()]
            self.assertEqual([record["epoch"] for record in records], [1, 2, 3])
            for name in ("step", "train_loss", "validation_loss", "accuracy", "examples_per_second", "elapsed_seconds"):
                self.assertIn(name, records[-1])
            self.assertGreater(records[-1]["accuracy"], 0.9)
            self.assertGreater(model.stat().st_size, 64 * 10 * 4)
            self.assertIn("accuracy 0.9", run("train", str(job)).stdout)

    def test_a_model_predicts_and_is_evaluated(self):
        with tempfile.TemporaryDirectory() as folder:
            job = pathlib.Path(folder) / "job.yaml"
            job.write_text(f"model: logistic\ndata: {{path: {DATA}/breast_cancer.csv, label: -1, test: {DATA}/breast_cancer.csv}}\n"
                           "epochs: 5\n")
            model = f"{folder}/out.kmodel"
            trained = run("train", str(job), "--json", "--model", model)
            self.assertEqual(trained.returncode, 0, trained.stderr)
            last = json.loads(trained.stdout.splitlines()[-1])
            measured = run("evaluate", model, f"{DATA}/breast_cancer.csv", "--json")
            self.assertEqual(measured.returncode, 0, measured.stderr)
            document = json.loads(measured.stdout)
            self.assertEqual((document["rows"], document["loss"], document["accuracy"]), (569, last["test_loss"], last["test_accuracy"]))

            lines = (DATA / "breast_cancer.csv").read_text().splitlines()
            bare = pathlib.Path(folder) / "bare.csv"
            bare.write_text("".join(line.rpartition(",")[0] + "\n" for line in lines))
            predicted = run("predict", model, str(bare))
            self.assertEqual(predicted.returncode, 0, predicted.stderr)
            labels = [line.rpartition(",")[2] for line in lines[1:]]
            right = sum(label == said for label, said in zip(labels, predicted.stdout.splitlines(), strict=True))
            self.assertAlmostEqual(right / len(labels), last["test_accuracy"])
            out = pathlib.Path(folder) / "out.jsonl"
            self.assertEqual(run("predict", model, str(bare), "--json", "--probabilities", "--output", str(out)).stdout, "")
            first = json.loads(out.read_text().splitlines()[0])
            self.assertAlmostEqual(sum(first["probabilities"].values()), 1.0)
            self.assertEqual(first["class"], predicted.stdout.split()[0])
            self.assertEqual(run("predict", str(bare), str(bare)).returncode, 1)

    def test_a_terminal_shows_a_progress_bar(self):
        with tempfile.TemporaryDirectory() as folder:
            job = pathlib.Path(folder) / "job.yaml"
            job.write_text(f"model: softmax\ndata: {{path: {DATA}/digits.csv.gz, label: digit}}\nepochs: 3\n")
            master, slave = pty.openpty()
            with open(master, "rb", buffering=0) as terminal:
                ended = subprocess.run([KRIGE, "train", str(job)], stdout=subprocess.PIPE, stderr=slave, timeout=DEADLINE)
                os.close(slave)
                shown = terminal.read(4096).decode()
            self.assertEqual(ended.returncode, 0, shown)
            for part in ("[████████················] 1/3  loss ", "examples/s", " left", "] 3/3"):
                self.assertIn(part, shown)
            self.assertEqual(len(ended.stdout.splitlines()), 3)    # not a terminal: plain lines
            self.assertNotIn("█", run("train", str(job)).stderr)

    def test_the_oracles_say_what_is_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "a9a").touch()
            ended = subprocess.run([sys.executable, ROOT / "script" / "oracles", "--data", folder], capture_output=True, text=True,
                                   timeout=DEADLINE)
            self.assertEqual(ended.returncode, 1)
            self.assertIn("lacks a9a.t, w8a, reuters52.train.libsvm", ended.stderr)

    def test_modes_are_compared(self):
        with tempfile.TemporaryDirectory() as folder:
            job = pathlib.Path(folder) / "job.yaml"
            job.write_text(f"model: softmax\ndata: {{path: {DATA}/digits.csv.gz, label: digit}}\n"
                           "epochs: 3\nworkers: 2\noptimizer: adagrad\nlearning_rate: 0.05\n")
            ended = run("train", str(job), "--compare-modes", "--json", "--straggler", "0.001")
            self.assertEqual(ended.returncode, 0, ended.stderr)
            modes = json.loads(ended.stdout)["modes"]
            self.assertEqual([mode["mode"] for mode in modes], ["bsp", "ssp", "asp", "mapreduce"])
            self.assertEqual([mode["optimizer"] for mode in modes], ["adagrad", "adagrad", "adagrad", "lbfgs"])
            for mode in modes:
                self.assertEqual([record["epoch"] for record in mode["records"]], [1, 2, 3])
                self.assertAlmostEqual(mode["compute_share"] + mode["wait_share"], 1.0)
                self.assertGreater(mode["wire_bytes"], 0)
            self.assertEqual(run("train", str(job), "--straggler", "0.001").returncode, 2)

    def test_train_says_what_is_wrong_with_the_data(self):
        with tempfile.TemporaryDirectory() as folder:
            job = pathlib.Path(folder) / "job.yaml"
            job.write_text("model: linear\ndata: {path: none.csv, label: y}\n")
            ended = run("train", str(job))
            self.assertEqual(ended.returncode, 1)
            self.assertIn("none.csv", ended.stderr)

    def test_sweep_prints_one_document(self):
        with tempfile.TemporaryDirectory() as folder:
            ended = run("sweep", study_file(folder), "--json")
            self.assertEqual(ended.returncode, 0, ended.stderr)
            document = json.loads(ended.stdout)
            self.assertEqual(document["study"]["state"], "COMPLETED")
            self.assertEqual([trial["id"] for trial in document["trials"]], [1, 2, 3, 4, 5, 6])
            self.assertEqual(document["trials"][0]["params"]["learning_rate"], 0.05)
            self.assertTrue(all(trial["state"] == "COMPLETED" for trial in document["trials"]))
            self.assertEqual(ended.stderr.count("COMPLETED"), 6)

    def test_sweep_goes_on_where_it_stopped(self):
        with tempfile.TemporaryDirectory() as folder:
            file, store = study_file(folder, trials=6, epochs=400), f"{folder}/store.sqlite"
            sweep = subprocess.Popen([KRIGE, "sweep", file, "--store", store, "--json"], stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, text=True)
            for line in sweep.stderr:
                if found := re.match(r"trial (\d+)  COMPLETED", line):
                    first = int(found.group(1))
                    break
            sweep.send_signal(signal.SIGINT)
            unused, errors = sweep.communicate(timeout=DEADLINE)
            self.assertEqual(sweep.returncode, 130, errors)
            self.assertIn("the same command goes on", errors)
            ended = run("sweep", file, "--store", store, "--json", timeout=120)
            self.assertEqual(ended.returncode, 0, ended.stderr)
            self.assertIn("going on with it", ended.stderr)
            trials = json.loads(ended.stdout)["trials"]
            self.assertEqual([trial["id"] for trial in trials], [1, 2, 3, 4, 5, 6])
            self.assertEqual([attempt["state"] for attempt in trials[first - 1]["attempts"]], ["SUCCEEDED"])
            again = run("sweep", file, "--store", store)
            self.assertIn("it has ended", again.stderr)
            self.assertIn("best value", again.stdout)

    def test_an_interrupted_sweep_leaves_no_process(self):
        with tempfile.TemporaryDirectory() as folder:
            mark = f"KRIGE_TEST_MARK={folder}"
            sweep = subprocess.Popen([KRIGE, "sweep", study_file(folder, epochs=1_000_000)], stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL, env=os.environ | {"KRIGE_TEST_MARK": folder})
            def workers():
                return processes(mark, "worker")
            wait_for("a worker", workers)
            sweep.send_signal(signal.SIGTERM)
            self.assertEqual(sweep.wait(timeout=DEADLINE), 130)
            wait_for("the end of the workers", lambda: not workers(), timeout=5)

    def test_successive_halving_pauses_and_goes_on(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(study_file(folder, trials=9, epochs=9))
            path.write_text(path.read_text() + "early_terminate: {type: asha, eta: 3, promote: true}\n")
            store = folder + "/studies.sqlite"
            shown = run("sweep", str(path), "--json", "--store", store)
            self.assertEqual(shown.returncode, 0, shown.stderr)
            document = json.loads(shown.stdout)
            counts = document["study"]["trial_counts"]
            self.assertEqual(counts["COMPLETED"] + counts["PRUNED"], 9, counts)
            self.assertGreater(counts["PRUNED"], counts["COMPLETED"])
            for trial in document["trials"]:
                self.assertIsNotNone(trial["value"])
                whole = trial["state"] == "COMPLETED"
                self.assertEqual([a["state"] for a in trial["attempts"]], ["SUCCEEDED"] * len(trial["attempts"]))
                self.assertEqual(len(trial["attempts"]) == 3, whole, "by the rungs 1 and 3 to the end")
                if whole:
                    # Bit for bit the training that was never stopped.
                    job = json.loads(json.dumps(document["study"]["spec"]["train"])) | trial["params"]
                    alone = pathlib.Path(folder) / "job.json"
                    alone.write_text(json.dumps(job | {"seed": job.get("seed", document["study"]["spec"]["seed"])}))
                    trained = run("train", str(alone), "--json")
                    self.assertEqual(trained.returncode, 0, trained.stderr)
                    last = json.loads(trained.stdout.splitlines()[-1])
                    self.assertEqual(last["validation_loss"], trial["value"])
            self.assertEqual(list(pathlib.Path(store + ".trainings").rglob("*.kckpt")), [])

    def test_sweep_of_any_program(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "study.yaml"
            path.write_text("metric: {name: loss}\nmethod: grid\nparameters: {a: {values: [1, 2]}, b: {values: [x, y]}}\n"
                            "command: [sh, -c, 'echo \"{\\\"loss\\\": {a}}\"; test {b} = x || exit 3']\n")
            ended = run("sweep", str(path), "--json")
            self.assertEqual(ended.returncode, 0, ended.stderr)
            trials = json.loads(ended.stdout)["trials"]
            self.assertEqual(sorted(trial["state"] for trial in trials), ["COMPLETED", "COMPLETED", "FAILED", "FAILED"])
            self.assertEqual(next(t["reason"] for t in trials if t["state"] == "FAILED"), "exit code 3")

    def test_sweep_of_several_objectives_shows_the_pareto_set(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "study.yaml"
            path.write_text("objectives: [{name: loss}, {name: speed, goal: maximize}]\nconstraints: [{name: size, max: 3}]\n"
                            "method: grid\nparameters: {a: {values: [1, 2, 3, 4]}, b: {values: [0, 1]}}\n"
                            "command: [sh, -c, 'echo \"{\\\"loss\\\": {a}, \\\"speed\\\": {a}{b}, \\\"size\\\": {a}}\"']\n")
            ended = run("sweep", str(path), "--json")
            self.assertEqual(ended.returncode, 0, ended.stderr)
            document = json.loads(ended.stdout)
            self.assertIsNone(document["study"]["best"])
            self.assertEqual([t["params"] for t in document["optimal"]], [{"a": a, "b": 1} for a in (1, 2, 3)])
            self.assertEqual(document["study"]["optimal"], [t["id"] for t in document["optimal"]])
            self.assertEqual(document["optimal"][0]["values"], {"loss": 1.0, "speed": 11.0})
            self.assertIn("breaks size: 4", ended.stderr)
            summary = run("sweep", str(path)).stdout
            self.assertIn("3 trials that no other beats", summary)
            self.assertRegex(summary, r"trial\s+loss\s+speed\s+parameters")


if __name__ == "__main__":
    unittest.main()
