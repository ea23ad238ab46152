"""krige.Client against a real server."""
import http.server
import json
import pathlib
import tempfile
import threading
import unittest

import krige
from support import serving, wait_for

SPEC = {"name": "mine", "metric": {"name": "loss", "goal": "minimize"}, "seed": 1,
        "parameters": {"x": {"type": "float", "min": -5, "max": 10}, "kind": {"values": ["a", "b"]}}, "budget": {"max_trials": 6}}


class Studies(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        served = serving(pathlib.Path(folder.name))
        self.server = served.__enter__()
        self.addCleanup(served.__exit__, None, None, None)
        self.client = krige.Client(self.server.url, self.server.token)

    def test_a_worker_runs_a_whole_study(self):
        study = self.client.create_study(SPEC)
        reports = []

        def objective(trial):
            if trial.id == 2:
                raise RuntimeError("out of memory")
            reports.append(trial.report(1, loss=trial.params["x"]**2 + 1))
            return {"loss": trial.params["x"]**2, "other": 1.0} if trial.id % 2 else trial.params["x"]**2
        self.assertEqual(study.run(objective, catch=True), 6)
        self.assertEqual(reports, [False] * 5)
        view = study.view()
        self.assertEqual((view["state"], view["state_reason"], view["trial_counts"]), ("COMPLETED", "max_trials", {"COMPLETED": 5, "FAILED": 1}))
        trials = list(study.trials())
        self.assertEqual(trials[1]["reason"], "RuntimeError: out of memory")
        self.assertEqual(study.best["value"], min(trial["value"] for trial in trials if trial["value"] is not None))
        self.assertEqual(study.trial(1)["records"][0]["step"], 1)
        self.assertIsNone(study.suggest())
        self.assertEqual(threading.active_count(), 1)    # no heartbeat goes on

    def test_a_trial_completes_with_what_it_has_reported(self):
        study = self.client.create_study(SPEC | {"metric": {"name": "loss", "reduce": "best"}})
        trial = study.suggest("w")
        for step, loss in enumerate((3, 1, 2)):
            trial.report(step, loss=loss)
        self.assertEqual(trial.complete()["value"], 1)
        with self.assertRaises(ValueError), study.suggest("w") as other:
            other.complete(1, metrics={"loss": 1})

    def test_an_exception_fails_the_trial_and_is_raised(self):
        study = self.client.create_study(SPEC)
        with self.assertRaises(ZeroDivisionError):
            study.run(lambda trial: 1 / 0)
        self.assertEqual([trial["state"] for trial in study.trials()], ["FAILED"])

    def test_the_heartbeat_goes_on_until_the_end_and_brings_the_stop(self):
        study = self.client.create_study(SPEC)
        trial = study.suggest("w", heartbeat_seconds=0.05)
        self.assertFalse(trial.should_stop)
        study.stop()
        wait_for("the heartbeat to hear of it", lambda: trial.should_stop)
        trial.complete(1.0)    # asked to stop, it had a result in hand
        self.assertFalse(trial._heart.is_alive())

    def test_a_trial_that_is_gone_is_told(self):
        study = self.client.create_study(SPEC)
        trial = study.suggest("w", heartbeat_seconds=0.05)
        study.delete()
        wait_for("the heartbeat to hear of it", lambda: not trial._heart.is_alive())
        self.assertTrue(trial.should_stop)
        with self.assertRaises(krige.TrialLost):
            trial.complete(1.0)

    def test_the_same_worker_gets_its_trial_again(self):
        study = self.client.create_study(SPEC)
        with study.suggest("w") as first:
            pass    # it ends without a word
        self.assertFalse(first._heart.is_alive())
        with study.suggest("w") as again:
            self.assertEqual((again.id, again.params), (first.id, first.params))
            self.assertEqual(again.fail("no such point", infeasible=True)["state"], "INFEASIBLE")

    def test_studies_are_listed_changed_and_deleted(self):
        study = self.client.create_study(SPEC)
        self.assertEqual(study.add({"x": 1.0, "kind": "a"}, 1.0)["state"], "COMPLETED")
        self.assertEqual(study.enqueue({"x": 2.0, "kind": "b"})["state"], "WAITING")
        with study.suggest() as trial:
            self.assertEqual(trial.params, {"x": 2.0, "kind": "b"})
            trial.complete(metrics={"loss": float("nan")})
        self.assertEqual([trial["state"] for trial in study.trials()], ["COMPLETED", "INFEASIBLE"])
        self.assertEqual((study.pause()["state"], study.resume()["state"]), ("PAUSED", "ACTIVE"))
        copy = study.clone(name="copy", budget={"max_trials": 9})
        self.assertEqual([view["name"] for view in self.client.studies()], ["copy", "mine"])
        self.assertEqual(copy.view()["spec"]["budget"]["max_trials"], 9)
        copy.delete()
        with self.assertRaises(krige.Problem) as caught:
            self.client.study(copy.id)
        self.assertEqual((caught.exception.status, caught.exception.code), (404, "not_found"))

    def test_faults_are_named(self):
        with self.assertRaises(krige.Problem) as caught:
            self.client.create_study({"parameters": {"x": {"type": "float", "min": 1, "max": 0}}})
        self.assertEqual(caught.exception.errors[0]["field"], "parameters.x.min")
        self.assertIn("parameters.x.min: ", str(caught.exception))


class Flaky(http.server.BaseHTTPRequestHandler):
    """Busy at first, then cuts the line, then answers; keeps what it was asked."""
    asked: list = []

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append((self.command, self.headers.get("Authorization")))
        if len(self.asked) == 2:
            self.close_connection = True
            return
        text = json.dumps({"code": "unavailable", "detail": "busy"} if len(self.asked) == 1 else {"id": "k1"}).encode()
        self.send_response(503 if len(self.asked) == 1 else 200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = answer

    def log_message(self, *unused):
        pass


class Retries(unittest.TestCase):
    def setUp(self):
        Flaky.asked = []
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Flaky)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(lambda: (server.shutdown(), thread.join(), server.server_close()))
        self.url = f"http://127.0.0.1:{server.server_address[1]}"

    def test_a_call_is_made_again_where_that_is_safe(self):
        self.assertEqual(krige.Client(self.url, "secret").call("GET", "/studies/k1"), {"id": "k1"})
        self.assertEqual(Flaky.asked, [("GET", "Bearer secret")] * 3)

    def test_a_study_is_not_made_twice(self):
        with self.assertRaisesRegex(krige.KrigeError, "no answer"):
            krige.Client(self.url).create_study(SPEC)
        self.assertEqual(len(Flaky.asked), 2)    # once when it was busy, and once cut off in the middle

    def test_it_does_not_try_for_ever(self):
        with self.assertRaises(krige.Problem) as caught:
            krige.Client(self.url, retry_seconds=0).call("GET", "/studies")
        self.assertEqual(caught.exception.code, "unavailable")


if __name__ == "__main__":
    unittest.main()
