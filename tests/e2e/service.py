"""The test service (tests/support/service_main.cc) and a client that asks again when the service was killed."""
import http.client
import json
import pathlib
import re
import signal
import subprocess

from support import BIN, DEADLINE

SERVICE = str(BIN / "test_service")


class Refused(Exception):
    def __init__(self, status: int, body: dict):
        super().__init__(f"{status} {body}")
        self.status, self.body = status, body


class Service:
    """One at a time over its folder; start() again after a crash, on the same port."""

    def __init__(self, folder: pathlib.Path, lease_ms: int = 60_000):
        self.folder, self.lease_ms, self.port, self.process = folder, lease_ms, 0, None

    def start(self, crash_at: str = "", points: pathlib.Path | None = None):
        arguments = [SERVICE, str(self.folder), "--port", str(self.port), "--lease-ms", str(self.lease_ms)]
        if crash_at:
            arguments += ["--crash-at", crash_at]
        if points:
            arguments += ["--points", str(points)]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            return False    # it crashed while it opened the store
        self.port = int(re.search(r":(\d+)", line.removeprefix("http://")).group(1))
        return True

    def ended(self) -> int:
        self.process.communicate(timeout=DEADLINE)
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.ended()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.ended()


class Client:
    """A keep-alive connection; OSError or HTTPException when the service goes away before it has answered."""

    def __init__(self, service: Service):
        self.service = service
        self.connection = None

    def connect(self, timeout: float = DEADLINE) -> http.client.HTTPConnection:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=timeout)
        return self.connection

    def call(self, method: str, path: str, body: dict | None = None, key: str = "") -> dict:
        if self.connection is None:
            self.connect()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if key:
            headers["Idempotency-Key"] = key
        try:
            self.connection.request(method, "/api/v1" + path, json.dumps(body) if body is not None else None, headers)
            response = self.connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        answer = json.loads(text) if text else {}
        if response.status >= 400:
            raise Refused(response.status, answer)
        return answer

    def post(self, path: str, body: dict | None = None, key: str = "") -> dict:
        return self.call("POST", path, body if body is not None else {}, key)

    def get(self, path: str) -> dict:
        return self.call("GET", path)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


GONE = (OSError, http.client.HTTPException)
