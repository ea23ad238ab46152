"""kill -9 on every kind of process, with the real programs: what is kept, what runs again, and that nothing is left."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

from support import BIN, DEADLINE, Problem, Server, kill, processes, run, serving, study_of_digits, wait_for

ENDLESS = 1_000_000    # epochs: such a trial ends when it is ended


class Recovery(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.data_dir = pathlib.Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def running(self, server: Server, study: str, trial: int) -> str:
        """The environment mark of the trial's current attempt, once its workers are there."""
        def attempt():
            for one in server.trials(study):
                if one["id"] == trial and one["attempts"] and one["state"] == "RUNNING":
                    return f"KRIGE_ATTEMPT={study}/{trial}/{one['attempts'][-1]['id']}"
            return None
        mark = wait_for(f"trial {trial} to run", attempt)
        wait_for("its workers", lambda: len(processes(mark, "worker")) == 2)
        return mark

    def test_kill_9_of_the_server_loses_nothing_and_leaves_nothing(self):
        server = Server(self.data_dir)
        study = server.call("/studies", study_of_digits(epochs=600))["id"]
        wait_for("a finished trial", lambda: server.call(f"/studies/{study}")["trial_counts"].get("COMPLETED", 0) >= 1)
        mark = f"KRIGE_ATTEMPT={study}/"
        wait_for("running workers", lambda: processes(mark, "worker"))
        before = {t["id"]: t for t in server.trials(study) if t["state"] == "COMPLETED"}
        server.kill()
        wait_for("the end of every process of the study", lambda: not processes(mark), timeout=5)
        with serving(self.data_dir) as again:
            ended = again.wait_for_end(study, timeout=120)
            self.assertEqual((ended["state"], ended["state_reason"]), ("COMPLETED", "max_trials"))
            trials = again.trials(study)
            self.assertEqual([trial["state"] for trial in trials], ["COMPLETED"] * 4)
            for trial in trials:
                if trial["id"] in before:
                    self.assertEqual(trial, before[trial["id"]])
            attempts = [attempt["state"] for trial in trials for attempt in trial["attempts"]]
            self.assertIn("LOST", attempts)
            self.assertEqual(attempts.count("SUCCEEDED"), 4)

    def test_kill_9_of_a_worker_or_shard_fails_the_trial_with_a_clear_reason(self):
        with serving(self.data_dir) as server:
            study = server.call("/studies", study_of_digits(ENDLESS))["id"]
            for trial, role in ((1, "worker"), (2, "shard")):
                mark = self.running(server, study, trial)
                pid = processes(mark, role)[0]
                kill(pid)
                wait_for("the trial's end", lambda: server.call(f"/studies/{study}/trials/{trial}")["state"] == "FAILED")
                self.assertRegex(server.call(f"/studies/{study}/trials/{trial}")["reason"], rf"{role} \d.*signal 9")
                wait_for("no process of it", lambda: not processes(mark), timeout=5)

    def test_kill_9_of_a_supervisor_runs_the_attempt_again(self):
        with serving(self.data_dir) as server:
            study = server.call("/studies", study_of_digits(ENDLESS))["id"]
            mark = self.running(server, study, 1)
            supervisor = min(processes(mark, "supervise"))
            kill(supervisor)
            second = wait_for("a second attempt", lambda: len(server.call(f"/studies/{study}/trials/1")["attempts"]) == 2)
            self.assertTrue(second)
            self.assertEqual(server.call(f"/studies/{study}/trials/1")["attempts"][0]["state"], "LOST")
            wait_for("no process of the first", lambda: not processes(mark), timeout=5)

    def test_a_stopped_study_has_no_process_left(self):
        with serving(self.data_dir) as server:
            study = server.call("/studies", study_of_digits(ENDLESS))["id"]
            mark = self.running(server, study, 1)
            server.call(f"/studies/{study}:stop", method="POST")
            self.assertEqual(server.wait_for_end(study)["state"], "STOPPED")
            self.assertEqual(processes(mark), [])

    def test_escaped_children_of_a_program_are_gone(self):
        # A program that calls setsid, forks twice, and closes everything, as a daemon does.
        script = self.data_dir / "escape.py"
        script.write_text("import os, sys, time\n"
                          "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        os.closerange(0, 64)\n        time.sleep(600)\n    os._exit(0)\n"
                          "print('{\"loss\": 1}', flush=True)\ntime.sleep(600 if sys.argv[1] == 'stay' else 0)\n")
        study = self.data_dir / "study.yaml"
        for stays in ("stay", "leave"):
            study.write_text("metric: {name: loss}\nmethod: grid\nparameters: {a: {values: [1]}}\n"
                             f"command: [{sys.executable}, {script}, {stays}]\n")
            sweep = subprocess.Popen([str(BIN / "krige"), "sweep", str(study)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            def daemons():
                return [pid for pid in processes("KRIGE_ATTEMPT=", str(script))]
            if stays == "stay":
                wait_for("the program and its daemon", lambda: len(daemons()) >= 2)
                kill(sweep.pid)
                sweep.wait(timeout=DEADLINE)
            else:
                self.assertEqual(sweep.wait(timeout=DEADLINE), 0)
            wait_for("no process left", lambda: not daemons(), timeout=5)

    def test_the_store_names_the_process_that_holds_it(self):
        with serving(self.data_dir) as server:
            second = subprocess.run([str(BIN / "krige"), "serve", "--listen", "127.0.0.1:0", "--data-dir", str(self.data_dir)],
                                    capture_output=True, text=True, timeout=DEADLINE)
            self.assertEqual(second.returncode, 1)
            self.assertIn(str(server.process.pid), second.stderr)

    def test_a_backup_of_a_running_server_is_a_store_to_go_on_from(self):
        study = study_of_digits(1)
        del study["train"]
        elsewhere = self.data_dir / "elsewhere"
        elsewhere.mkdir()
        copy = elsewhere / "krige.sqlite"
        with serving(self.data_dir) as server:
            path = f"/studies/{server.call('/studies', study)['id']}"
            server.call(f"{path}/trials", {"params": {"learning_rate": 0.01}, "value": 0.5})
            done = run("backup", str(copy), "--data-dir", str(self.data_dir))
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            again = run("backup", str(copy), "--data-dir", str(self.data_dir))
            self.assertEqual(again.returncode, 1)
            self.assertIn("exists already", again.stderr)
            server.call(f"{path}/trials", {"params": {"learning_rate": 0.02}, "value": 0.6})
        with serving(elsewhere) as server:
            self.assertEqual(server.call(path)["trial_counts"], {"COMPLETED": 1})
            server.call(f"{path}/trials", {"params": {"learning_rate": 0.03}, "value": 0.7})

    def test_requests_cannot_start_programs_or_leave_the_data_root(self):
        with serving(self.data_dir) as server:
            study = study_of_digits(1)
            del study["train"]
            with self.assertRaises(Problem) as refused:
                server.call("/studies", study | {"command": ["touch", "/tmp/x"]})
            self.assertEqual(refused.exception.status, 403)
            outside = study_of_digits(1)
            outside["train"]["data"]["path"] = "/etc/passwd"
            with self.assertRaises(Problem) as refused:
                server.call("/studies", outside)
            self.assertEqual(refused.exception.body["errors"][0]["field"], "train.data.path")


if __name__ == "__main__":
    unittest.main()
