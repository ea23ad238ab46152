"""krige study and krige trial against a real service."""
import csv
import http.server
import io
import json
import os
import pathlib
import pty
import subprocess
import tempfile
import threading
import unittest

from support import DATA, DEADLINE, KRIGE, serving, study_of_digits

OUTSIDE = {"name": "mine", "metric": {"name": "loss"}, "seed": 1, "budget": {"max_trials": 4},
           "parameters": {"x": {"type": "float", "min": -5, "max": 10}, "kind": {"values": ["a, b", "c"]}}}


class Against(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def start(self):
        served = serving(self.folder / "data")
        self.server = served.__enter__()
        self.addCleanup(served.__exit__, None, None, None)

    def krige(self, *arguments: str, code: int = 0, server: str | None = None, stdin: int | None = subprocess.DEVNULL, **variables: str) -> str:
        """What it printed; its errors are kept in self.errors. The token comes from the data directory."""
        group, command, *rest = arguments
        ended = subprocess.run([KRIGE, group, command, "--data-dir", str(self.folder / "data"), *rest], capture_output=True, text=True,
                               timeout=DEADLINE, stdin=stdin,
                               env={k: v for k, v in os.environ.items() if k != "KRIGE_TOKEN"} | {"KRIGE_SERVER": server or self.server.url} | variables)
        self.errors = ended.stderr
        self.assertEqual(ended.returncode, code, ended.stdout + ended.stderr)
        return ended.stdout

    def file(self, name: str, document: dict) -> str:
        path = self.folder / name
        path.write_text(json.dumps(document))
        return str(path)

    def create(self, document: dict, *arguments: str) -> str:
        return self.krige("study", "create", self.file("study.json", document), *arguments).strip()


class Studies(Against):
    def setUp(self):
        super().setUp()
        self.start()

    def run_to_its_end(self, study: str):
        for _ in range(4):
            trial, = self.server.call(f"/studies/{study}/trials:suggest", {"client_id": "w"})["trials"]
            body = {"state": "FAILED", "reason": 'said "no"'} if trial["id"] == 2 else {"value": trial["params"]["x"]**2}
            token = {"token": trial["attempt"]["token"]}
            self.server.call(f"/studies/{study}/trials/{trial['id']}:report", token | {"step": 1, "metrics": {"loss": 3.5, "rate": trial["id"]}})
            self.server.call(f"/studies/{study}/trials/{trial['id']}:complete", token | body)

    def test_create_list_and_show(self):
        self.assertEqual(self.krige("study", "list").split(), ["ID", "STATE", "TRIALS", "BEST", "CREATED", "NAME"])
        first = self.create(OUTSIDE)
        second = self.create(OUTSIDE, "--name", "other")
        rows = [line.split() for line in self.krige("study", "list").splitlines()]
        self.assertEqual([(row[0], row[1], row[-1]) for row in rows[1:]], [(second, "ACTIVE", "other"), (first, "ACTIVE", "mine")])
        listed = json.loads(self.krige("study", "list", "--json", "--limit", "1"))["studies"]
        self.assertEqual([study["id"] for study in listed], [second])
        self.assertEqual(json.loads(self.krige("study", "list", "--json", "--state", "PAUSED"))["studies"], [])
        for name in (first, first[:-1], "mine"):
            self.assertEqual(json.loads(self.krige("study", "show", name, "--json"))["id"], first, name)
        self.assertIn("minimize loss by gp", self.krige("study", "show", "mine"))
        self.create(OUTSIDE)
        self.krige("study", "show", "mine", code=1)
        self.assertIn("2 studies are called mine: name one by its id", self.errors)
        self.krige("study", "show", "nothing of the kind", code=1)
        self.assertIn("there is no study nothing of the kind", self.errors)

    def test_pause_resume_stop_delete(self):
        one, two = self.create(OUTSIDE), self.create(OUTSIDE)
        self.assertEqual(self.krige("study", "pause", one, two).count("PAUSED"), 2)
        self.assertIn("ACTIVE", self.krige("study", "resume", one))
        self.assertEqual(json.loads(self.krige("study", "stop", one, "--json"))["state_reason"], "user")
        self.krige("study", "delete", two, code=2)
        self.assertIn("--yes: is needed where nobody can be asked", self.errors)
        self.krige("study", "delete", two, "--yes")
        self.assertEqual([s["id"] for s in json.loads(self.krige("study", "list", "--json"))["studies"]], [one])

    def test_delete_asks_at_a_terminal(self):
        study = self.create(OUTSIDE)
        for answer, code in ((b"n\n", 1), (b"y\n", 0)):
            master, slave = pty.openpty()
            with open(master, "wb", buffering=0) as terminal:
                terminal.write(answer)
                self.krige("study", "delete", study, code=code, stdin=slave)
                os.close(slave)
            self.assertIn("Delete mine", self.errors)
        self.assertEqual(json.loads(self.krige("study", "list", "--json"))["studies"], [])

    def test_trials_are_listed_shown_and_retried(self):
        study = self.create(OUTSIDE | {"budget": {"max_trials": 9}})
        self.run_to_its_end(study)
        self.assertEqual(len(self.krige("trial", "list", "mine").splitlines()), 5)
        failed = json.loads(self.krige("trial", "list", "mine", "--state", "FAILED", "--json"))["trials"]
        self.assertEqual([trial["id"] for trial in failed], [2])
        self.assertEqual(len(json.loads(self.krige("trial", "list", "mine", "--limit", "3", "--json"))["trials"]), 3)
        shown = self.krige("trial", "show", "mine", "2")
        for part in ("trial 2  FAILED", 'said "no"', "attempt 1  FAILED  by w", "STEP  loss  rate", "1     3.5   2"):
            self.assertIn(part, shown)
        self.assertIn("trial 5  WAITING", self.krige("trial", "retry", "mine", "2"))
        self.assertIn("trial 5  CANCELLED", self.krige("trial", "stop", "mine", "5"))
        self.krige("trial", "stop", "mine", "2", code=1)
        self.assertIn("trial 2 is FAILED by attempt 1 of w already", self.errors)
        self.krige("trial", "show", "mine", "77", code=1)
        self.assertEqual(json.loads(self.krige("trial", "show", "mine", "5", "--json"))["params"], failed[0]["params"])

    def test_export_and_import(self):
        study = self.create(OUTSIDE)
        self.run_to_its_end(study)
        rows = list(csv.DictReader(io.StringIO(self.krige("study", "export", study, "--csv"))))
        trials = self.server.trials(study)
        self.assertEqual([list(row)[:5] for row in rows], [["id", "state", "value", "x", "kind"]] * 4)
        self.assertEqual([(int(row["id"]), row["kind"], float(row["x"])) for row in rows],
                         [(trial["id"], trial["params"]["kind"], trial["params"]["x"]) for trial in trials])
        self.assertEqual((rows[1]["value"], rows[1]["reason"]), ("", 'said "no"'))
        out = str(self.folder / "out.json")
        self.assertEqual(self.krige("study", "export", study, "--output", out), "")
        document = json.loads(pathlib.Path(out).read_text())
        self.assertEqual((document["study"]["id"], len(document["trials"])), (study, 4))
        copy = self.krige("study", "import", out, "--name", "again").strip()
        view = self.server.wait_for_end(copy)
        self.assertEqual((view["name"], view["state"], view["trial_counts"]), ("again", "COMPLETED", {"COMPLETED": 3, "FAILED": 1}))
        self.assertEqual(view["best"]["params"], document["study"]["best"]["params"])
        document["trials"] = document["trials"][:2] + [document["trials"][3] | {"state": "PRUNED"}]
        third = self.krige("study", "import", self.file("part.json", document)).strip()
        self.assertIn("1 trials that had no end of their own were left out", self.errors)
        self.assertIn(f"the study is paused: krige study resume {third}", self.errors)
        self.assertEqual(self.server.call(f"/studies/{third}")["state"], "PAUSED")
        self.krige("study", "import", self.file("no.json", {"study": 3}), code=2)
        self.assertIn("is not what krige study export", self.errors)

    def test_clone(self):
        study = self.create(OUTSIDE)
        self.run_to_its_end(study)
        copy = self.krige("study", "clone", "mine", "--name", "copy", "--seed", "5", "--max-trials", "7", "--warm-start").strip()
        spec = self.server.call(f"/studies/{copy}")["spec"]
        self.assertEqual((spec["name"], spec["seed"], spec["budget"]["max_trials"], len(spec["warm_start"])), ("copy", 5, 7, 1))

    def test_watch_a_study_of_real_processes_to_its_end(self):
        document = study_of_digits(2)
        document["train"]["data"]["path"] = str(DATA / "digits.csv.gz")
        study = self.create(document)
        shown = self.krige("study", "watch", study)
        self.assertIn("COMPLETED (max_trials)", shown)
        self.assertIn("best", shown)
        self.assertIn('"accuracy"', self.krige("trial", "logs", study, "1"))
        self.assertIn('"accuracy"', self.krige("trial", "logs", study, "1", "--attempt", "1", "--follow"))
        # The past is not told again; JSON is one event a line.
        self.assertEqual(self.krige("study", "watch", study, "--json"), "")

    def test_watch_tells_what_happens(self):
        study = self.create(OUTSIDE)
        watch = subprocess.Popen([KRIGE, "study", "watch", study, "--server", self.server.url, "--data-dir", str(self.folder / "data"), "--json"],
                                 stdout=subprocess.PIPE, text=True)
        self.server.call(f"/studies/{study}:pause", method="POST")
        # Whatever it had missed by then, it hears of the end.
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(watch.stdout))
        reader.start()
        self.server.call(f"/studies/{study}:stop", method="POST")
        self.assertEqual(watch.wait(timeout=DEADLINE), 0)
        reader.join()
        watch.stdout.close()
        for line in lines:
            self.assertEqual(json.loads(line)["type"], "STUDY_STATE_CHANGED")

    def test_faults_of_a_file_are_told(self):
        path = self.file("study.json", {"parameters": {"x": {"type": "float", "min": 1, "max": 0}}})
        self.krige("study", "create", path, code=2)
        self.assertIn("parameters.x.min", self.errors)
        self.create(OUTSIDE)
        self.krige("study", "create", self.file("command.json", OUTSIDE | {"command": ["true"]}), code=1)
        self.assertIn("command", self.errors)


class Store(Against):
    """The same commands on a store that no service has open."""

    def store(self, *arguments: str, code: int = 0) -> str:
        group, command, *rest = arguments
        ended = subprocess.run([KRIGE, group, command, "--store", str(self.folder / "store.sqlite"), *rest], capture_output=True, text=True,
                               timeout=DEADLINE, stdin=subprocess.DEVNULL)
        self.errors = ended.stderr
        self.assertEqual(ended.returncode, code, ended.stdout + ended.stderr)
        return ended.stdout

    def test_a_sweeps_store_is_looked_at_and_changed(self):
        path = self.file("study.json", OUTSIDE | {"command": ["sh", "-c", "echo '{\"loss\": {x}}'"]})
        subprocess.run([KRIGE, "sweep", path, "--store", str(self.folder / "store.sqlite")], check=True, capture_output=True, timeout=DEADLINE)
        study, = json.loads(self.store("study", "list", "--json"))["studies"]
        self.assertEqual((study["state"], study["trial_counts"]), ("COMPLETED", {"COMPLETED": 4}))
        self.assertIn("minimize loss by gp", self.store("study", "show", "mine"))
        self.assertEqual(len(self.store("trial", "list", "mine").splitlines()), 5)
        self.assertIn("trial 2  COMPLETED", self.store("trial", "show", "mine", "2"))
        self.assertEqual(len(self.store("study", "export", "mine", "--csv").splitlines()), 5)
        copy = self.store("study", "clone", "mine", "--name", "copy", "--warm-start").strip()
        self.assertIn("PAUSED", self.store("study", "pause", copy))
        self.assertIn("ACTIVE", self.store("study", "resume", copy))
        self.assertIn("STOPPED", self.store("study", "stop", copy))
        self.store("study", "delete", copy, "--yes")
        self.assertEqual([study["name"] for study in json.loads(self.store("study", "list", "--json"))["studies"]], ["mine"])
        exported = str(self.folder / "out.json")
        self.store("study", "export", "mine", "--output", exported)
        self.assertEqual(json.loads(self.store("study", "import", exported, "--name", "again", "--json"))["trial_counts"], {"COMPLETED": 4})

    def test_a_data_directory(self):
        self.start()
        study = self.create(OUTSIDE)
        self.server.call(f"/studies/{study}/trials", {"params": {"x": 1, "kind": "c"}})
        def krige(*arguments):
            return subprocess.run([KRIGE, *arguments, "--store", str(self.folder / "data")], capture_output=True, text=True, timeout=DEADLINE)
        taken = krige("study", "list")
        self.assertEqual(taken.returncode, 1)
        self.assertIn(str(self.server.process.pid), taken.stderr)    # whose it is
        self.server.stop()
        self.assertIn("mine", krige("study", "list").stdout)
        self.assertIn("trial 1  CANCELLED", krige("trial", "stop", "mine", "1").stdout)
        self.assertIn("trial 2  WAITING", krige("trial", "retry", "mine", "1").stdout)

    def test_a_store_that_is_not_there_is_made_for_new_studies_only(self):
        self.store("study", "list", code=1)
        self.assertIn("there is no store", self.errors)
        self.assertFalse((self.folder / "store.sqlite").exists())
        study = self.store("study", "create", self.file("study.json", OUTSIDE)).strip()
        self.assertEqual(json.loads(self.store("study", "show", study, "--json"))["state"], "ACTIVE")
        self.store("study", "watch", study, code=2)
        self.assertIn("nothing runs in a store by itself", self.errors)
        self.store("study", "list", "--server", "http://127.0.0.1:1", code=2)


class Answers(http.server.BaseHTTPRequestHandler):
    """A service by script: path → (status, headers, body); every request is kept."""
    script: dict = {}
    asked: list = []

    def do_GET(self):
        self.asked.append((self.path, self.headers.get("Authorization")))
        status, headers, body = self.script.get(self.path, (404, {}, '{"code": "not_found", "detail": "no"}'))
        if isinstance(body, list):
            body = body.pop(0) if len(body) > 1 else body[0]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body.encode())), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *unused):
        pass


class Scripted(Against):
    def setUp(self):
        super().setUp()
        Answers.script, Answers.asked = {}, []
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(lambda: (server.shutdown(), thread.join(), server.server_close()))
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        (self.folder / "data").mkdir()

    def test_the_token_of_the_data_directory_or_the_environment(self):
        Answers.script["/api/v1/studies?page_size=1000"] = (200, {}, '{"studies": [], "next_page_token": ""}')
        self.krige("study", "list", server=self.url)
        (self.folder / "data" / "token").write_text("local\n")
        self.krige("study", "list", server=self.url + "/")
        self.krige("study", "list", server=self.url, KRIGE_TOKEN="given")
        self.assertEqual([token for _, token in Answers.asked], [None, "Bearer local", "Bearer given"])

    def test_who_may_not_is_told_where_tokens_are(self):
        Answers.script["/api/v1/studies?page_size=1000"] = (401, {}, '{"code": "unauthenticated", "detail": "who are you?"}')
        self.krige("study", "list", server=self.url, code=1)
        self.assertIn("who are you?; $KRIGE_TOKEN holds the token", self.errors)

    def test_a_server_that_is_something_else(self):
        for status, body in ((200, "<html>"), (200, "[]"), (200, '{"studies": 3}'), (200, '{"studies": [3], "next_page_token": ""}'), (502, "bad gateway")):
            Answers.script["/api/v1/studies?page_size=1000"] = (status, {}, body)
            ended = subprocess.run([KRIGE, "study", "list", "--server", self.url], capture_output=True, text=True, timeout=DEADLINE)
            self.assertIn(ended.returncode, (1, 2), ended)
            self.assertTrue(ended.stderr.startswith("krige: "), ended.stderr)

    def test_no_server(self):
        self.krige("study", "list", server="http://127.0.0.1:1", code=1)
        self.assertIn("krige serve starts a service", self.errors)
        self.krige("study", "list", server="ftp://x", code=2)

    def test_logs_are_followed(self):
        trial = {"id": 2, "state": "RUNNING", "attempts": [{"id": 1}, {"id": 2}], "ended_at": None}
        Answers.script = {
            "/api/v1/studies/k1": (200, {}, '{"id": "k1"}'),
            "/api/v1/studies/k1/trials/2": (200, {}, [json.dumps(trial), json.dumps(trial | {"ended_at": "2026-01-31T12:00:00.000Z"})]),
            "/api/v1/studies/k1/trials/2/attempts/2/logs": (200, {"X-Log-Offset": "100", "X-Log-Size": "106"}, "begin\n"),
            "/api/v1/studies/k1/trials/2/attempts/2/logs?offset=106": (200, {"X-Log-Offset": "106", "X-Log-Size": "110"}, "end\n"),
            "/api/v1/studies/k1/trials/2/attempts/1/logs": (200, {}, "first\n"),
        }
        self.assertEqual(self.krige("trial", "logs", "k1", "2", "--follow", server=self.url), "begin\nend\n")
        self.assertEqual(self.krige("trial", "logs", "k1", "2", "--attempt", "1", server=self.url), "first\n")


if __name__ == "__main__":
    unittest.main()
