"""Runs every command that the documents show in ```sh blocks, in their order, in a copy of what a reader has: the
examples, the scripts' names, and the programs of this build. A document that shows what does not work fails."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from support import BIN, ROOT

DOCUMENTS = ["README.md", "docs/install.md"]
DEADLINE = 120

# What is not run as it stands: how a command begins, what is run instead, and why.
MAPPED = [
    ("script/", "test -x {first}", "installs packages and builds for minutes: CI does it before this test"),
    ("cpack ", "command -v cpack", "tests/package/deb_test.py makes the packages"),
    ("cmake --install ", "command -v cmake", "tests/package/install_test.py installs"),
    ("sudo ", ":", "needs root, and changes the machine"),
    ("tar ", ":", "the archive is of cpack"),
    ("krige serve ", "start_service {rest}", "runs until it is stopped: on a free port, in the background, waited for"),
    ("curl -sN ", "{first} --max-time 3 {rest} || test $? = 28", "a stream ends with its study only"),
]
PRELUDE = """
set -euo pipefail
trap 'echo "in: $BASH_COMMAND" >&2' ERR
start_service() {
  krige serve --listen "$ADDRESS" "$@" >serve.log 2>&1 &
  for _ in $(seq 200); do
    ! curl -fsS -o /dev/null "http://$ADDRESS/healthz" 2>/dev/null || return 0
    kill -0 $! || break
    sleep 0.05
  done
  cat serve.log >&2
  return 1
}
"""


def blocks(text: str) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)


def commands(block: str) -> list[str]:
    """The commands of a block: lines, joined as long as bash wants more."""
    found, pending = [], ""
    for line in block.splitlines():
        pending += line + "\n"
        if line.endswith("\\") or subprocess.run(["bash", "-n"], input=pending, capture_output=True, text=True).returncode != 0:
            continue
        if pending.strip():
            found.append(pending)
        pending = ""
    if pending:
        raise AssertionError(f"bash does not understand\n{pending}")
    return found


def as_run(command: str) -> str:
    for begins, instead, _ in MAPPED:
        if command.startswith(begins):
            plain = re.sub(r"\s+#.*$", "", command.strip(), flags=re.M).removesuffix("&").strip()
            words = begins.strip() if instead.startswith("{first} ") else plain.split()[0]
            return instead.format(first=words, rest=plain.removeprefix(begins).strip()) + "\n"
    return command


class Reader:
    """A folder of somebody who has just built: run() is their shell, and nothing of it is left afterwards."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        shutil.copytree(ROOT / "examples", folder / "examples")
        for name in ("script", "clients"):
            (folder / name).symlink_to(ROOT / name)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.environment = {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(folder), "ADDRESS": self.address,
                            "KRIGE_SERVER": f"http://{self.address}", "LC_ALL": "C.UTF-8"}

    def run(self, script: str) -> tuple[int, str]:
        with tempfile.TemporaryFile("w+") as output:
            shell = subprocess.Popen(["bash", "-c", script.replace("127.0.0.1:8080", self.address)], cwd=self.folder, env=self.environment,
                                     stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
            try:
                code = shell.wait(DEADLINE)
            finally:
                # Services of the block run on in the shell's session, which is theirs alone.
                for number in (signal.SIGTERM, signal.SIGKILL):
                    self.signal_session(shell.pid, number)
                shell.wait(DEADLINE)
            output.seek(0)
            return code, output.read()

    @staticmethod
    def signal_session(session: int, number: int):
        try:
            os.killpg(session, number)
        except ProcessLookupError:
            return
        if number == signal.SIGTERM:
            subprocess.run(["bash", "-c", f"for _ in $(seq 200); do pgrep -g {session} -r R,S,D >/dev/null || exit; sleep 0.05; done"], timeout=DEADLINE)


class Commands(unittest.TestCase):
    def test_every_command_of_the_documents_works(self):
        for document in DOCUMENTS:
            with tempfile.TemporaryDirectory(prefix="krige-docs-") as folder:
                reader = Reader(pathlib.Path(folder))
                found = blocks((ROOT / document).read_text())
                self.assertTrue(found, document)
                for block in found:
                    with self.subTest(document=document, block=block.splitlines()[0]):
                        code, output = reader.run(PRELUDE + "".join(map(as_run, commands(block))))
                        self.assertEqual(0, code, f"{block}\n{output}")

    def test_every_mapping_is_of_a_command_that_is_shown(self):
        shown = [command for document in DOCUMENTS for block in blocks((ROOT / document).read_text()) for command in commands(block)]
        for begins, _, _ in MAPPED:
            self.assertTrue(any(command.startswith(begins) for command in shown), begins)


if __name__ == "__main__":
    unittest.main()
