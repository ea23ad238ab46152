"""The `krige ask-tell` process: points and results as JSON lines."""
from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from types import TracebackType
from typing import Any, Dict, List, Mapping, Optional, Sequence, Type

from krige.errors import KrigeError

_CLOSE_SECONDS = 5.0    # that the process has to end once its input has


class AskTellError(KrigeError):
    """An answer {"error": …}: `code` is stable, `field` names what was wrong."""

    def __init__(self, code: str, message: str, field: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.code = code
        self.field = field


class Point:
    """A point to try and the id to tell its result by."""

    __slots__ = ("id", "params")

    def __init__(self, id: int, params: Dict[str, Any]) -> None:
        self.id = id
        self.params = params

    def __repr__(self) -> str:
        return f"Point({self.id}, {self.params})"


def find_program(given: Optional[str] = None) -> str:
    """`given`, else $KRIGE, else `krige` of the PATH."""
    name = given or os.environ.get("KRIGE") or "krige"
    found = shutil.which(name)
    if found is None:
        raise KrigeError(f"the program {name} was not found: put krige into the PATH, or name it by $KRIGE or the argument `program`")
    return found


class AskTell:
    """A study in a process of its own, which ends with close() or when this program does. Not for several threads at once.

    `study` is a study file as a mapping (docs/study-file.md). `timeout`: seconds that an answer may take.
    """

    def __init__(self, study: Mapping[str, Any], *, program: Optional[str] = None, timeout: float = 600.0) -> None:
        self._timeout = timeout
        self._rest = b""
        # What the process has to say of a bad study comes as an answer, too.
        self._process = subprocess.Popen([find_program(program), "ask-tell", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.DEVNULL, bufsize=0)
        self._write(study)

    def ask(self, count: int = 1) -> List[Point]:
        """Up to `count` points; fewer when the budget or the space is exhausted."""
        answer = self.say({"ask": count})
        return [Point(trial["id"], trial["params"]) for trial in answer["trials"]]

    def tell(self, results: Sequence[Mapping[str, Any]]) -> List[int]:
        """All results, or none when one of them is wrong. `{"id": …}` names a point that was asked for, `{"params": …}` one that was not;
        the ids of the latter are returned."""
        ids: List[int] = self.say({"tell": list(results)}).get("ids", [])
        return ids

    def best(self) -> Optional[Dict[str, Any]]:
        """`{"trial", "value", "params"}` of the best completed trial."""
        found: Optional[Dict[str, Any]] = self.say({"best": True})["best"]
        return found

    def say(self, line: Mapping[str, Any]) -> Dict[str, Any]:
        """One line and its answer."""
        try:
            self._write(line)
            answer: Dict[str, Any] = json.loads(self._read_line())
        except BrokenPipeError:    # it has said why before it ended
            answer = json.loads(self._read_line())
        if "error" in answer:
            error = answer["error"]
            raise AskTellError(error["code"], error["message"], error.get("field", ""))
        return answer

    def close(self) -> None:
        """Ends the process. Further calls do nothing."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(timeout=_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> "AskTell":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()

    def _write(self, line: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        left = memoryview((json.dumps(line) + "\n").encode())
        while left:
            left = left[self._process.stdin.write(left) or 0:]

    def _read_line(self) -> bytes:
        assert self._process.stdout is not None
        deadline = time.monotonic() + self._timeout
        pipe = self._process.stdout.fileno()
        poll = select.poll()    # select() cannot wait for descriptors from 1024 on
        poll.register(pipe, select.POLLIN)
        parts = [self._rest]
        while b"\n" not in parts[-1]:
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise KrigeError(f"krige ask-tell has not answered within {self._timeout:g} s")
            part = os.read(pipe, 1 << 16)
            if not part:
                raise KrigeError(f"krige ask-tell ended with code {self._process.wait(_CLOSE_SECONDS)}")
            parts.append(part)
        line, _, self._rest = b"".join(parts).partition(b"\n")
        return line
