"""What the operator of a service does and sees, with the real program."""
import http.client
import json
import pathlib
import signal
import ssl
import stat
import subprocess
import tempfile
import time
import unittest
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from support import DEADLINE, KRIGE, Problem, Server, processes, run, serving, study_of_digits, wait_for

OUTSIDE = {"name": "outside", "method": "random", "seed": 1, "parameters": {"x": {"type": "float", "min": 0, "max": 1}},
           "budget": {"max_trials": 3}}


class Service(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.data_dir = pathlib.Path(self.folder.name) / "data"

    def tearDown(self):
        self.folder.cleanup()

    def token(self, name: str, role: str) -> str:
        made = run("token", "create", name, "--role", role, "--json", "--data-dir", str(self.data_dir))
        self.assertEqual(made.returncode, 0, made.stderr)
        return json.loads(made.stdout)["token"]

    def status(self, server, *arguments, **others) -> int:
        try:
            server.call(*arguments, **others)
            return 200
        except Problem as problem:
            return problem.status


class Tokens(Service):
    def test_a_service_asks_for_a_token_and_takes_those_that_are_made_and_revoked_meanwhile(self):
        with serving(self.data_dir) as server:
            self.assertEqual(stat.S_IMODE((self.data_dir / "token").stat().st_mode), 0o600)
            study = server.call("/studies", OUTSIDE)["id"]
            local, server.token = server.token, ""
            self.assertEqual(self.status(server, "/studies"), 401)
            server.token = self.token("eve", "viewer")
            self.assertEqual(self.status(server, f"/studies/{study}"), 200)
            self.assertEqual(self.status(server, "/studies", OUTSIDE), 403)
            listed = json.loads(run("token", "list", "--json", "--data-dir", str(self.data_dir)).stdout)["tokens"]
            self.assertEqual([(token["name"], token["role"]) for token in listed], [("eve", "viewer")])
            self.assertNotIn(server.token, (self.data_dir / "tokens.json").read_text())
            self.assertEqual(run("token", "revoke", "eve", "--data-dir", str(self.data_dir)).returncode, 0)
            self.assertEqual(self.status(server, f"/studies/{study}"), 401)
            server.token = local
            self.assertEqual(self.status(server, f"/studies/{study}", method="DELETE"), 200)

    def test_a_wrong_data_directory_is_told_and_not_made(self):
        other = pathlib.Path(self.folder.name) / "other"
        for command in (("token", "list"), ("token", "revoke", "eve"), ("backup", str(other) + ".sqlite")):
            done = run(*command, "--data-dir", str(other))
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"there is no folder {other}", done.stderr)
        self.assertFalse(other.exists())
        made = run("token", "create", "eve", "--data-dir", str(self.data_dir))
        self.assertIn(f"for the service of {self.data_dir}.", made.stderr)

    def test_no_auth_is_explicit(self):
        with serving(self.data_dir, "--no-auth") as server:
            self.assertEqual(server.call("/studies", OUTSIDE)["name"], "outside")
            self.assertFalse((self.data_dir / "token").exists())

    def test_other_machines_are_not_let_in_by_accident(self):
        def start(*arguments):
            return subprocess.run([KRIGE, "serve", "--listen", "0.0.0.0:0", "--data-dir", str(self.data_dir), *arguments],
                                  capture_output=True, text=True, timeout=DEADLINE)
        for arguments, hint in (((), "--tls-cert"), (("--no-auth",), "--no-auth"), (("--no-auth", "--insecure-http"), "--no-auth")):
            refused = start(*arguments)
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertIn(hint, refused.stderr)
            self.assertEqual(refused.stdout, "")

    def test_wrong_options_are_told(self):
        for option, value, hint in (("--lease", "0s", "must be 1s to 7d"), ("--lease", "8d", "must be 1s to 7d"), ("--lease", "x", "duration"),
                                    ("--allow-host", "http://a.example/", "a name as example.org")):
            done = subprocess.run([KRIGE, "serve", "--listen", "127.0.0.1:0", "--data-dir", str(self.data_dir), option, value],
                                  capture_output=True, text=True, timeout=DEADLINE)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(hint, done.stderr)

    def test_wrong_use_of_the_commands_says_so(self):
        for arguments, code in ((("create", "x", "--role", "king"), 2), (("create", "A B"), 2), (("revoke", "nobody"), 1), ((), 2)):
            done = run("token", *arguments, "--data-dir", str(self.data_dir))
            self.assertEqual(done.returncode, code, done.stderr)


class Leases(Service):
    def test_the_operator_says_how_long_a_worker_may_be_silent(self):
        with serving(self.data_dir, "--lease", "1s") as server:
            trials = f"/studies/{server.call('/studies', OUTSIDE)['id']}/trials"
            given = server.call(f"{trials}:suggest", {"client_id": "gone"})["trials"][0]
            attempt = wait_for("the loss", lambda: [a for a in server.call(f"{trials}/{given['id']}")["attempts"] if a["state"] == "LOST"])
            self.assertIn("no sign of life", attempt[0]["reason"])


class Tls(Service):
    def test_the_service_speaks_tls(self):
        certificate, key = (str(pathlib.Path(self.folder.name) / name) for name in ("server.crt", "server.key"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True, timeout=DEADLINE)
        with serving(self.data_dir, "--tls-cert", certificate, "--tls-key", key) as server:
            self.assertTrue(server.url.startswith("https://"))
            server.tls = ssl.create_default_context(cafile=certificate)
            study = server.call("/studies", OUTSIDE)["id"]
            self.assertEqual(server.call(f"/studies/{study}")["name"], "outside")
            host, port = server.url.removeprefix("https://").split(":")
            connection = http.client.HTTPSConnection(host, int(port), context=server.tls, timeout=DEADLINE)
            connection.request("POST", "/api/v1/session", json.dumps({"token": server.token}), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            self.assertIn("Secure", answer.headers["Set-Cookie"])
            answer.read()
            connection.request("GET", f"/api/v1/studies/{study}/events", headers={"Authorization": f"Bearer {server.token}"})
            self.assertEqual(connection.getresponse().readline(), b"retry: 1000\n")
            connection.close()
        for arguments in (("--tls-cert", certificate), ("--tls-cert", certificate, "--tls-key", certificate)):
            self.assertEqual(run("serve", "--listen", "127.0.0.1:0", "--data-dir", str(self.data_dir), *arguments).returncode, 2)

    def test_a_renewed_certificate_is_served_after_sighup_and_open_connections_go_on(self):
        certificate, key = (str(pathlib.Path(self.folder.name) / name) for name in ("server.crt", "server.key"))

        def renew() -> ssl.SSLContext:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                            "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                           check=True, capture_output=True, timeout=DEADLINE)
            return ssl.create_default_context(cafile=certificate)

        def trusted(context: ssl.SSLContext) -> bool:
            connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=DEADLINE)
            try:
                connection.request("GET", "/healthz")
                return connection.getresponse().status == 200
            except ssl.SSLCertVerificationError:
                return False
            finally:
                connection.close()

        first = renew()
        with serving(self.data_dir, "--tls-cert", certificate, "--tls-key", key) as server:
            host, port = server.url.removeprefix("https://").split(":")
            held = http.client.HTTPSConnection(host, int(port), context=first, timeout=DEADLINE)
            for _ in range(2):
                held.request("GET", "/healthz")
                self.assertEqual(held.getresponse().read(), b'{"status":"ok"}')
                second = renew()
                self.assertFalse(trusted(second))
                server.process.send_signal(signal.SIGHUP)
                wait_for("the new certificate", lambda: trusted(second))
            held.close()


class OneTrial(Service):
    def test_a_stopped_training_leaves_no_process_and_the_others_go_on(self):
        with serving(self.data_dir) as server:
            study = server.call("/studies", study_of_digits(100_000))["id"]
            first = f"/studies/{study}/trials/1"
            wait_for("a record", lambda: server.trials(study) and server.call(first)["records"])
            self.assertEqual(server.call(f"{first}:stop", {})["state"], "STOPPING")
            wait_for("its end", lambda: server.call(first)["state"] == "PRUNED")
            ended = server.call(first)
            self.assertEqual(ended["value"], ended["records"][-1]["metrics"]["accuracy"])
            self.assertEqual(processes(f"KRIGE_ATTEMPT={study}/1/1"), [])
            self.assertNotEqual(processes(f"KRIGE_ATTEMPT={study}/2/1"), [])
            self.assertEqual(self.status(server, f"{first}:stop", {}), 409)


class Programs(Service):
    def test_a_request_starts_only_programs_that_the_operator_allowed(self):
        script = pathlib.Path(self.folder.name) / "objective.sh"
        script.write_text("#!/bin/sh\necho hello from \"$1\" >&2\necho '{\"loss\": 0.5}'\n")
        script.chmod(0o755)
        study = {"metric": {"name": "loss"}, "method": "random", "parameters": {"x": {"type": "int", "min": 1, "max": 9}},
                 "budget": {"max_trials": 2}}
        with serving(self.data_dir, "--allow-program", str(script)) as server:
            for refused in (["/bin/sh", str(script)], [f"{script.parent}/../{script.parent.name}/objective.sh"], ["{x}"],
                            ["/usr/bin/env", str(script)], ["objective.sh"]):
                self.assertEqual(self.status(server, "/studies", study | {"command": refused}), 403, refused)
            made = server.call("/studies", study | {"command": [str(script), "x={x}"]})["id"]
            self.assertEqual(server.wait_for_end(made)["trial_counts"], {"COMPLETED": 2})
            trial = server.trials(made)[0]
            request = urllib.request.Request(f"{server.url}/api/v1/studies/{made}/trials/1/attempts/1/logs?tail=1000",
                                             headers={"Authorization": f"Bearer {server.token}"})
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                log = answer.read().decode()
            self.assertIn(f"hello from x={trial['params']['x']}\n", log)
            self.assertIn('{"loss": 0.5}\n', log)
            logs = self.data_dir / "logs" / made
            self.assertEqual(sorted(path.name for path in logs.iterdir()), ["1-1.log", "2-1.log"])
            server.call(f"/studies/{made}", method="DELETE")
            self.assertFalse(logs.exists())
        (self.data_dir / "logs" / "deletedstudyabcd").mkdir(parents=True)
        with serving(self.data_dir):
            self.assertEqual(list((self.data_dir / "logs").iterdir()), [])
        self.assertEqual(run("serve", "--allow-program", "objective.sh").returncode, 2)

    def test_sigterm_lets_programs_end_by_themselves(self):
        script, saved = pathlib.Path(self.folder.name) / "long.sh", pathlib.Path(self.folder.name) / "saved"
        script.write_text("#!/bin/sh\ntrap 'sleep 0.2; echo > \"$1\"; exit 1' TERM\necho '{\"loss\": 1}'\nwhile :; do sleep 0.05; done\n")
        script.chmod(0o755)
        study = {"metric": {"name": "loss"}, "parameters": {"x": {"min": 0.0, "max": 1.0}}, "budget": {"max_trials": 1}}
        with serving(self.data_dir, "--allow-program", str(script)) as server:
            made = server.call("/studies", study | {"command": [str(script), str(saved)]})["id"]
            wait_for("a record", lambda: server.trials(made) and server.call(f"/studies/{made}/trials/1")["records"])
            server.stop()
            self.assertEqual(server.process.returncode, 0)
            self.assertTrue(saved.exists())
        with serving(self.data_dir, "--allow-program", str(script)) as server:
            wait_for("the next attempt", lambda: len(server.call(f"/studies/{made}/trials/1")["attempts"]) == 2)
            self.assertEqual(server.call(f"/studies/{made}/trials/1")["attempts"][0]["state"], "PREEMPTED")

    def test_a_program_that_is_not_allowed_any_more_is_not_started_again(self):
        script = pathlib.Path(self.folder.name) / "objective.sh"
        script.write_text("#!/bin/sh\nexec sleep 60\n")
        script.chmod(0o755)
        study = {"metric": {"name": "loss"}, "method": "random", "parameters": {"x": {"type": "int", "min": 1, "max": 9}},
                 "budget": {"max_trials": 2}, "command": [str(script)]}
        with serving(self.data_dir, "--allow-program", str(script)) as server:
            made = server.call("/studies", study)["id"]
            wait_for("the trial", lambda: server.call(f"/studies/{made}")["trial_counts"].get("RUNNING"))
        with serving(self.data_dir) as server:
            wait_for("the pause", lambda: server.call(f"/studies/{made}")["state"] == "PAUSED")
            self.assertEqual(server.call(f"/studies/{made}")["state_reason"], "program_not_allowed")
            self.assertEqual(self.status(server, f"/studies/{made}:resume", {}), 403)
            self.assertEqual(self.status(server, f"/studies/{made}/trials/1:stop", {}), 200)
            server.call(f"/studies/{made}/trials/1:retry", {})
            self.assertEqual(server.call(f"/studies/{made}")["trial_counts"], {"CANCELLED": 1, "WAITING": 1})


class Operation(Service):
    def get(self, server: Server, path: str) -> str:
        request = urllib.request.Request(server.url + path, headers={"Authorization": f"Bearer {server.token}"})
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            return answer.read().decode()

    def metrics(self, server: Server) -> dict:
        """By name and labels, read by Prometheus' own parser."""
        samples = {}
        for family in text_string_to_metric_families(self.get(server, "/metrics")):
            self.assertTrue(family.documentation, family.name)
            for sample in family.samples:
                key = (sample.name, *sorted(sample.labels.items()))
                self.assertNotIn(key, samples)
                samples[key] = sample.value
        return samples

    def test_metrics_tell_what_happens(self):
        with serving(self.data_dir) as server:
            study = server.call("/studies", study_of_digits(1_000_000))["id"]
            wait_for("running trials", lambda: server.call(f"/studies/{study}")["trial_counts"].get("RUNNING") == 2)
            # Two trials, each a supervisor, a coordinator, a shard and two workers.
            wait_for("their processes", lambda: self.metrics(server)[("krige_attempt_processes",)] >= 8)
            seen = self.metrics(server)
            self.assertEqual(seen[("krige_trials", ("state", "RUNNING"))], 2)
            self.assertGreater(seen[("krige_store_seconds_count", ("operation", "write"))], 1)
            self.assertEqual(seen[("krige_store_seconds_bucket", ("le", "+Inf"), ("operation", "write"))],
                             seen[("krige_store_seconds_count", ("operation", "write"))])
            self.assertEqual(seen[("krige_http_requests_total", ("method", "POST"), ("route", "/api/v1/studies"), ("status", "201"))], 1)
            self.assertGreater(seen[("process_resident_memory_bytes",)], 1 << 20)
            self.assertLess(abs(seen[("process_start_time_seconds",)] - time.time()), 300)

    def test_the_log_is_json_lines_with_request_ids(self):
        server = Server(self.data_dir, "--log", "json")
        request = urllib.request.Request(f"{server.url}/api/v1/studies?page_size=7", headers={
            "Authorization": f"Bearer {server.token}", "X-Request-Id": "look-for-me"})
        urllib.request.urlopen(request, timeout=DEADLINE).close()
        server.process.terminate()
        _, errors = server.process.communicate(timeout=DEADLINE)
        lines = [json.loads(line) for line in errors.splitlines()]
        self.assertTrue(all({"time", "level", "message"} <= set(line) for line in lines))
        found = [line for line in lines if line.get("request_id") == "look-for-me"]
        self.assertEqual(len(found), 1, errors)
        self.assertEqual((found[0]["path"], found[0]["status"], found[0]["caller"]), ("/api/v1/studies", 200, "local"))
        self.assertNotIn(server.token, errors)
        self.assertTrue(any("stopping" in line["message"] for line in lines))

    def test_sigterm_ends_streams_and_attempts_and_leaves_nothing(self):
        with serving(self.data_dir) as server:
            study = server.call("/studies", study_of_digits(1_000_000))["id"]
            wait_for("running workers", lambda: processes(f"KRIGE_ATTEMPT={study}/", "worker"))
            request = urllib.request.Request(f"{server.url}/api/v1/events", headers={"Authorization": f"Bearer {server.token}"})
            with urllib.request.urlopen(request, timeout=DEADLINE) as events:
                self.assertEqual(events.readline(), b"retry: 1000\n")
                started = time.monotonic()
                server.process.terminate()
                events.read()    # ends whole: a stream that is cut off raises IncompleteRead
            server.process.communicate(timeout=DEADLINE)
            self.assertEqual(server.process.returncode, 0)
            self.assertLess(time.monotonic() - started, 10)
            self.assertEqual(processes(f"KRIGE_ATTEMPT={study}/"), [])


if __name__ == "__main__":
    unittest.main()
