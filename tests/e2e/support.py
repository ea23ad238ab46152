"""Runs the real programs: a server that is always stopped, processes that are always waited for, deadlines everywhere."""
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ["KRIGE_BIN_DIR"])
KRIGE = str(BIN / "krige")
DATA = ROOT / "examples" / "data"
DEADLINE = 60.0


def run(*arguments: str, stdin: str | None = None, timeout: float = DEADLINE) -> subprocess.CompletedProcess:
    return subprocess.run([KRIGE, *arguments], input=stdin, capture_output=True, text=True, timeout=timeout)


def wait_for(what: str, probe, timeout: float = DEADLINE):
    """The first true value of probe(); fails after the deadline. Polls: what it looks at is another process."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if value := probe():
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {timeout:.0f} s in vain for {what}")


class Problem(Exception):
    def __init__(self, status: int, body: dict):
        super().__init__(f"{status} {body}")
        self.status, self.body = status, body


class Server:
    """krige serve on a free port over a data directory."""

    def __init__(self, data_dir: pathlib.Path, *arguments: str):
        self.process = subprocess.Popen([KRIGE, "serve", "--listen", "127.0.0.1:0", "--data-dir", str(data_dir),
                                         "--data-root", str(DATA), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        found = re.search(r"https?://\S+", line)
        if not found:
            raise AssertionError(f"the server did not start: {line} {self.process.communicate()[1]}")
        self.url = found.group(0).rstrip("/")
        self.tls = None    # an ssl.SSLContext where the service needs one
        self.token = "" if "--no-auth" in arguments else (data_dir / "token").read_text().strip()

    def call(self, path: str, body: dict | None = None, method: str | None = None) -> dict:
        data = json.dumps(body).encode() if body is not None else (b"{}" if method == "POST" else None)
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE, context=self.tls) as response:
                text = response.read()
                return json.loads(text) if text else {}
        except urllib.error.HTTPError as error:
            raise Problem(error.code, json.load(error)) from error

    def trials(self, study: str) -> list[dict]:
        return self.call(f"/studies/{study}/trials?page_size=1000")["trials"]

    def wait_for_end(self, study: str, timeout: float = DEADLINE) -> dict:
        def ended():
            view = self.call(f"/studies/{study}")
            return view if view["state"] in ("COMPLETED", "STOPPED", "FAILED") else None
        return wait_for("the study's end", ended, timeout)

    def kill(self):
        self.process.kill()
        self.process.communicate(timeout=DEADLINE)

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=DEADLINE)


@contextlib.contextmanager
def serving(data_dir: pathlib.Path, *arguments: str):
    server = Server(data_dir, *arguments)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


def stat_of(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; None when the process is gone or a zombie that nobody reaped yet."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields


def processes(mark: str, role: str = "") -> list[int]:
    """Living processes with `mark` in their environment and `role` as an argument."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or stat_of(int(entry.name)) is None:
            continue
        try:
            environment = (entry / "environ").read_bytes()
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if mark.encode() in environment and (not role or role.encode() in arguments[1:3]):
            found.append(int(entry.name))
    return found


def kill(pid: int):
    os.kill(pid, signal.SIGKILL)


def study_of_digits(epochs: int) -> dict:
    """A study whose trials train for some milliseconds an epoch."""
    return {
        "name": "slow", "method": "random", "seed": 1, "metric": {"name": "accuracy", "goal": "maximize"},
        "parameters": {"learning_rate": {"type": "float", "min": 0.001, "max": 0.1, "scale": "log"}},
        "budget": {"max_trials": 4, "parallel": 2},
        "train": {"model": "mlp", "data": {"path": "digits.csv.gz", "label": "digit", "validation": 0.2}, "hidden": 64,
                  "epochs": epochs, "workers": 2, "shards": 1, "mode": "bsp"},
    }
