"""A client of `krige serve`."""
from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from types import TracebackType
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Type, Union

from krige.errors import KrigeError, to_json_number

Json = Dict[str, Any]
Outcome = Union[float, Mapping[str, float]]

_HEARTBEAT_SECONDS = 10.0    # a lease is a minute
_SUGGEST_SECONDS = 20.0      # that the service may hold a call
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_PASSING = (408, 429, 503)   # asking again may help


class Problem(KrigeError):
    """An answer of the service that is an error (RFC 9457): `code` is stable, `errors` name the fields."""

    def __init__(self, status: int, body: Mapping[str, Any], retry_after: Optional[float] = None) -> None:
        self.status = status
        self.code: str = body.get("code", "")
        self.errors: List[Dict[str, str]] = list(body.get("errors", []))
        self.request_id: str = body.get("request_id", "")
        self.retry_after = retry_after
        details = "; ".join(f"{error['field']}: {error['message']}" for error in self.errors)
        super().__init__(f"{status} {self.code}: {details or body.get('detail') or body.get('title', '')}")


class TrialLost(KrigeError):
    """The trial is another worker's by now, or has ended: this one's work on it no longer counts."""


class Client:
    """Calls of a service. `server` is its address, by default $KRIGE_SERVER or http://127.0.0.1:8080; `token` by default $KRIGE_TOKEN.

    Calls that find the service away or busy are made again for `retry_seconds`, where that cannot do something twice. Any number of
    threads may use one client.
    """

    def __init__(self, server: Optional[str] = None, token: Optional[str] = None, *, timeout: float = 30.0, retry_seconds: float = 60.0,
                 context: Optional[ssl.SSLContext] = None) -> None:
        self.server = (server or os.environ.get("KRIGE_SERVER") or "http://127.0.0.1:8080").rstrip("/")
        if urllib.parse.urlsplit(self.server).scheme not in ("http", "https"):
            raise ValueError(f"server must be an address as http://127.0.0.1:8080, is {self.server}")
        self._token = token if token is not None else os.environ.get("KRIGE_TOKEN", "")
        self._timeout = timeout
        self._retry_seconds = retry_seconds
        # The machine's proxy settings are for the internet, and the token is not for a proxy.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))

    def create_study(self, spec: Mapping[str, Any]) -> "Study":
        """A new study of a study file as a mapping (docs/study-file.md)."""
        return Study(self, self.call("POST", "/studies", dict(spec))["id"])

    def study(self, study_id: str) -> "Study":
        """An existing study; Problem `not_found` where there is none."""
        found = Study(self, study_id)
        found.view()
        return found

    def studies(self) -> Iterator[Json]:
        """All studies, newest first."""
        return self.pages("/studies", "studies")

    def pages(self, path: str, member: str) -> Iterator[Json]:
        """The items of a list that comes in pages."""
        token = ""
        while True:
            separator = "&" if "?" in path else "?"
            page = self.call("GET", f"{path}{separator}page_size=1000" + (f"&page_token={urllib.parse.quote(token)}" if token else ""))
            yield from page[member]
            token = page["next_page_token"]
            if not token:
                return

    def call(self, method: str, path: str, body: Optional[Mapping[str, Any]] = None, *, repeatable: bool = False) -> Json:
        """One call below /api/v1. `repeatable`: doing it twice does no more than doing it once; of GET that is known."""
        deadline = time.monotonic() + self._retry_seconds
        pause = _FIRST_PAUSE
        while True:
            try:
                return self._call_once(method, path, body)
            except Problem as problem:
                # 429 and 503 are said before anything is done.
                if problem.status not in _PASSING or time.monotonic() + pause > deadline:
                    raise
                wait = max(pause, problem.retry_after or 0.0)
            except (OSError, http.client.HTTPException) as error:
                refused = isinstance(getattr(error, "reason", error), ConnectionRefusedError)    # then it was not even sent
                if not (refused or repeatable or method == "GET") or time.monotonic() + pause > deadline:
                    raise KrigeError(f"no answer from {self.server}: {getattr(error, 'reason', error)}") from error
                wait = pause
            time.sleep(min(wait, _LONGEST_PAUSE))
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _call_once(self, method: str, path: str, body: Optional[Mapping[str, Any]]) -> Json:
        headers = {"Accept": "application/json"}
        data = None
        if method in ("POST", "PATCH"):
            headers["Content-Type"] = "application/json"
            data = json.dumps(body if body is not None else {}).encode()
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(f"{self.server}/api/v1{path}", data=data, headers=headers, method=method)
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                text = response.read()
        except urllib.error.HTTPError as error:
            with error:
                raise _problem(error.code, error.read(), error.headers.get("Retry-After")) from None
        answer: Json = json.loads(text) if text else {}
        return answer


def _problem(status: int, text: bytes, retry_after: Optional[str]) -> Problem:
    try:
        body = json.loads(text)
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    return Problem(status, body, float(retry_after) if retry_after and retry_after.isdigit() else None)


class Study:
    """A study of the service, by its id."""

    def __init__(self, client: Client, study_id: str) -> None:
        self.client = client
        self.id = study_id
        self._path = f"/studies/{urllib.parse.quote(study_id, safe='')}"

    def view(self) -> Json:
        return self.client.call("GET", self._path)

    @property
    def best(self) -> Optional[Json]:
        """`{"trial", "value", "params"}`, None until a trial is COMPLETED."""
        best: Optional[Json] = self.view()["best"]
        return best

    def trials(self) -> Iterator[Json]:
        return self.client.pages(f"{self._path}/trials", "trials")

    def trial(self, trial_id: int) -> Json:
        """One trial with its records."""
        return self.client.call("GET", f"{self._path}/trials/{trial_id}")

    def pause(self) -> Json:
        return self.client.call("POST", f"{self._path}:pause")

    def resume(self) -> Json:
        return self.client.call("POST", f"{self._path}:resume")

    def stop(self) -> Json:
        return self.client.call("POST", f"{self._path}:stop")

    def delete(self) -> None:
        self.client.call("DELETE", self._path)

    def clone(self, **changes: Any) -> "Study":
        """A new study of the same study file; `name`, `seed`, `budget`, `warm_start=True` change it."""
        return Study(self.client, self.client.call("POST", f"{self._path}:clone", changes)["id"])

    def enqueue(self, params: Mapping[str, Any]) -> Json:
        """A point to be tried next."""
        return self.client.call("POST", f"{self._path}/trials", {"params": dict(params)})

    def add(self, params: Mapping[str, Any], value: float) -> Json:
        """A trial that was completed elsewhere."""
        return self.client.call("POST", f"{self._path}/trials", {"params": dict(params), "value": to_json_number(value)})

    def suggest(self, client_id: Optional[str] = None, *, heartbeat_seconds: float = _HEARTBEAT_SECONDS) -> Optional["Trial"]:
        """A trial to work on, None once the study has ended. Waits while it is paused or its whole budget is in flight.

        `client_id` names the worker, which gets a trial that it had not completed again; by default a name that nobody else has.
        """
        body = {"count": 1, "client_id": client_id or _worker_name(), "timeout_ms": int(min(_SUGGEST_SECONDS, self.client._timeout / 2) * 1000)}
        while True:
            asked = time.monotonic()
            try:
                answer = self.client.call("POST", f"{self._path}/trials:suggest", body, repeatable=True)
            except Problem as problem:
                if problem.code == "study_finished":
                    return None
                raise
            if answer["trials"]:
                return Trial(self, answer["trials"][0], heartbeat_seconds)
            time.sleep(max(0.0, 1.0 - (time.monotonic() - asked)))    # at most one call a second

    def run(self, objective: Callable[["Trial"], Outcome], client_id: Optional[str] = None, *, catch: bool = False) -> int:
        """Works on trials until the study has ended; returns how many. `objective` returns the value, or the metrics by their names.
        `catch`: an exception fails the trial and the next one follows; otherwise it fails the trial and is raised again."""
        name = client_id or _worker_name()
        worked = 0
        while (trial := self.suggest(name)) is not None:
            worked += 1
            try:
                with trial:
                    outcome = objective(trial)
                    if isinstance(outcome, Mapping):
                        trial.complete(metrics=outcome)
                    else:
                        trial.complete(outcome)
            except TrialLost:
                continue
            except Exception:
                if not catch:
                    raise
        return worked


class Trial:
    """A trial that this worker holds. A thread tells the service that it is still worked on until complete(), fail() or close(), or the
    end of a `with`, which fails the trial when an exception leaves it."""

    def __init__(self, study: Study, given: Mapping[str, Any], heartbeat_seconds: float) -> None:
        self.study = study
        self.id: int = given["id"]
        self.params: Json = given["params"]
        self._attempt: int = given["attempt"]["id"]
        self._token: str = given["attempt"]["token"]
        self._path = f"{study._path}/trials/{self.id}"
        self._ended = threading.Event()
        self._should_stop = threading.Event()
        self._lost = threading.Event()
        self._heart = threading.Thread(target=self._beat, args=(heartbeat_seconds,), name=f"krige trial {self.id}", daemon=True)
        self._heart.start()

    @property
    def should_stop(self) -> bool:
        """Whether the service has said that the trial falls behind or that its study ends."""
        return self._should_stop.is_set() or self._lost.is_set()

    def report(self, step: int, **metrics: float) -> bool:
        """What was reached at a step; returns `should_stop`."""
        answer = self._call("report", {"step": step, "metrics": {name: to_json_number(value) for name, value in metrics.items()}})
        if answer["should_stop"]:
            self._should_stop.set()
        return self.should_stop

    def complete(self, value: Optional[float] = None, *, metrics: Optional[Mapping[str, float]] = None) -> Json:
        """Ends the trial with its value, or its metrics by their names; without either, with what it has reported."""
        if value is not None and metrics is not None:
            raise ValueError("give either value or metrics")
        body: Json = {"state": "COMPLETED"} if value is None and metrics is None else {}
        if value is not None:
            body["value"] = to_json_number(value)
        if metrics is not None:
            body["metrics"] = {name: to_json_number(number) for name, number in metrics.items()}
        return self._end(body)

    def fail(self, reason: str = "", *, infeasible: bool = False) -> Json:
        """Ends the trial without a value. `infeasible`: there is none at its point, and never will be."""
        return self._end({"state": "INFEASIBLE" if infeasible else "FAILED", "reason": reason})

    def close(self) -> None:
        """Ends the heartbeat only: the trial is given to another worker when its lease is over."""
        self._ended.set()
        if threading.current_thread() is not self._heart:
            self._heart.join()

    def __enter__(self) -> "Trial":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        try:
            if isinstance(error, Exception) and not isinstance(error, TrialLost) and not self._ended.is_set():
                self.fail(f"{type(error).__name__}: {error}")
        except KrigeError:
            pass    # the exception that is on its way says more
        finally:
            self.close()

    def _end(self, body: Json) -> Json:
        try:
            return self._call("complete", body)
        except TrialLost as lost:
            # The answer to this very result may have been lost, and what is told now is that it was taken.
            try:
                view = self.study.trial(self.id)
            except Problem:
                raise lost from None
            if any(attempt["id"] == self._attempt and attempt["state"] in ("SUCCEEDED", "FAILED") for attempt in view["attempts"]):
                return view
            raise
        finally:
            self.close()

    def _call(self, verb: str, body: Json) -> Json:
        try:
            # A result that was taken is not taken twice: asking again is safe.
            return self.study.client.call("POST", f"{self._path}:{verb}", {"token": self._token, **body}, repeatable=True)
        except Problem as problem:
            if problem.code in ("stale_token", "trial_finished", "study_finished", "not_found"):
                self._lost.set()
                raise TrialLost(f"trial {self.id}: {problem}") from problem
            raise

    def _beat(self, seconds: float) -> None:
        while not self._ended.wait(seconds):
            try:
                if self._call("heartbeat", {})["should_stop"]:
                    self._should_stop.set()
            except TrialLost:
                return
            except KrigeError:
                continue    # the service is away: the next beat may find it


def _worker_name() -> str:
    return f"{socket.gethostname()[:64]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
