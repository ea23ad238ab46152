"""Optimization in this process, without a server."""
from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, Type

from krige.ask_tell import AskTell
from krige.errors import KrigeError, to_json_number

Objective = Callable[[Dict[str, Any]], float]
Space = Mapping[str, Mapping[str, Any]]


class Infeasible(Exception):
    """Raised by an objective: there is no value at this point, and there never will be. Krige learns where."""


@dataclass(frozen=True)
class LocalTrial:
    params: Dict[str, Any]
    state: str                 # COMPLETED, FAILED or INFEASIBLE
    value: Optional[float]     # of a COMPLETED one
    reason: str = ""


@dataclass(frozen=True)
class Result:
    """`params` and `value` of the best trial."""

    params: Dict[str, Any]
    value: float
    trials: List[LocalTrial] = field(repr=False)


def minimize(f: Objective, space: Space, n: int, *, seed: int = 0, catch: Tuple[Type[Exception], ...] = (), program: Optional[str] = None,
             **study: Any) -> Result:
    """Calls `f` with `n` points of `space` and returns the best.

    `space` is `parameters` of a study file: `{"lr": {"type": "float", "min": 1e-4, "max": 1, "scale": "log"}, "kind": {"values": ["a", "b"]}}`.
    A value that is not finite, and `Infeasible`, say that the point has none. An exception of `catch` fails the trial, any other ends
    the optimization. Further keywords are keys of the study file, such as `method` and `acquisition`. A finite space may be exhausted
    before `n`. Raises KrigeError when no trial had a value.
    """
    return _optimize(f, space, n, "minimize", seed, catch, program, study)


def maximize(f: Objective, space: Space, n: int, *, seed: int = 0, catch: Tuple[Type[Exception], ...] = (), program: Optional[str] = None,
             **study: Any) -> Result:
    """As `minimize`, for the greatest value."""
    return _optimize(f, space, n, "maximize", seed, catch, program, study)


def _optimize(f: Objective, space: Space, n: int, goal: str, seed: int, catch: Tuple[Type[Exception], ...], program: Optional[str],
              study: Mapping[str, Any]) -> Result:
    spec = {**study, "parameters": {name: dict(parameter) for name, parameter in space.items()},
            "metric": {"name": "value", "goal": goal}, "seed": seed}
    trials: List[LocalTrial] = []
    with AskTell(spec, program=program) as session:
        while len(trials) < n:
            points = session.ask()
            if not points:
                break
            point = points[0]
            started = time.monotonic()
            told: Dict[str, Any]
            try:
                told = {"value": to_json_number(f(dict(point.params)))}
            except Infeasible as error:
                told = {"state": "INFEASIBLE", "reason": str(error)}
            except catch as error:
                told = {"state": "FAILED", "reason": f"{type(error).__name__}: {error}"}
            session.tell([{"id": point.id, "seconds": time.monotonic() - started, **told}])
            trials.append(_trial(point.params, told))
        best = session.best()
    if best is None:
        raise KrigeError(f"none of {len(trials)} trials had a value" + (f"; the last: {trials[-1].reason}" if trials else ""))
    return Result(best["params"], best["value"], trials)


def _trial(params: Dict[str, Any], told: Mapping[str, Any]) -> LocalTrial:
    value = told.get("value")
    if isinstance(value, float):
        return LocalTrial(params, "COMPLETED", value)
    return LocalTrial(params, told.get("state", "INFEASIBLE"), None, told.get("reason", f"the value was {value}"))
