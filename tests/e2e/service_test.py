"""What the operator of a service does and sees, with the real program."""
import http.client
import json
import pathlib
import ssl
import stat
import subprocess
import tempfile
import unittest

from support import DEADLINE, KRIGE, Problem, run, serving

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
            self.assertEqual(refused.returncode, 1, refused.stderr)
            self.assertIn(hint, refused.stderr)
            self.assertEqual(refused.stdout, "")

    def test_wrong_use_of_the_commands_says_so(self):
        for arguments, code in ((("create", "x", "--role", "king"), 2), (("create", "A B"), 2), (("revoke", "nobody"), 1), ((), 2)):
            done = run("token", *arguments, "--data-dir", str(self.data_dir))
            self.assertEqual(done.returncode, code, done.stderr)


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


if __name__ == "__main__":
    unittest.main()
