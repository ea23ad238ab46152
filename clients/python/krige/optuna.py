"""Krige's optimizer for code that is written for Optuna:

    study = optuna.create_study(sampler=krige.optuna.KrigeSampler())

The storage of the study is all that is kept: a study that goes on later, and several processes that work at one, learn from its trials.
"""
from __future__ import annotations

import math
import os
import threading
import weakref
import zlib
from datetime import datetime, timedelta
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from krige._optuna_space import Space, infer_space
from krige.ask_tell import AskTell, AskTellError, Point, find_program
from krige.errors import to_json_number

_POINT = "krige:point"             # system attribute of a trial: the point it was given, before its parameters are suggested
_CONSTRAINTS = "constraints"       # as Optuna's own samplers keep them
_STARTING = timedelta(seconds=10)  # a running trial that has no point for longer is not about to get one
_MOST_STARTING = 16
_MOST_MOVES = 4
_MOST_OBJECTIVES = 4

_logger = optuna.logging.get_logger("optuna.krige")    # below Optuna's own: its verbosity holds


class KrigeSampler(BaseSampler):
    """Gaussian-process Bayesian optimization by `krige ask-tell`.

    Parameters that all trials share, and those that only some values of another parameter bring along, are proposed together; the
    rest (in the first trial all, later those whose range changes from trial to trial) is drawn at random. Pruned trials teach by what
    they had reached, running ones are taken into account, failed ones teach where trials fail. One to four objectives.

    `seed`: same seed, same trials: the same points. `method` and `acquisition` are those of the study file. `constraints_func` is as of
    Optuna's samplers: a constraint is broken above 0. `program`: where `krige` is, by default $KRIGE or the PATH.
    Several threads and processes may use it.
    """

    def __init__(self, seed: Optional[int] = None, *, method: str = "gp", acquisition: Optional[str] = None,
                 constraints_func: Optional[Callable[[FrozenTrial], Sequence[float]]] = None, program: Optional[str] = None) -> None:
        self._seed = int.from_bytes(os.urandom(4), "little") if seed is None else int(seed)
        self._settings = {"method": method, "seed": self._seed, **({"acquisition": acquisition} if acquisition else {})}
        self._constraints_func = constraints_func
        self._program = find_program(program)
        self._start_empty()

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> Dict[str, BaseDistribution]:
        return dict(infer_space(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))).distributions)

    def sample_relative(self, study: Study, trial: FrozenTrial, search_space: Dict[str, BaseDistribution]) -> Dict[str, Any]:
        if not search_space:
            return {}
        with self._lock:
            # Anybody may have taken parameters out of the space, as PartialFixedSampler does: conditions are found among the rest.
            complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            session = self._session_for(study, infer_space(complete, search_space), _Outcomes(study, complete))
            try:
                return session.propose(study, trial)
            except BaseException:
                self._end_session()    # whatever it knows may be half of the truth: the next one starts from the storage
                raise

    def sample_independent(self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution) -> Any:
        # A generator of each parameter of each trial: the same in every process, never the same in two trials.
        seed = zlib.crc32(f"{self._seed} {trial.number} {param_name}".encode())
        return RandomSampler(seed).sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Optional[Sequence[float]]) -> None:
        if self._constraints_func is None or state not in (TrialState.COMPLETE, TrialState.PRUNED):
            return
        constraints = [float(value) for value in self._constraints_func(trial)]
        if any(math.isnan(value) for value in constraints):
            raise ValueError("Constraint values cannot be NaN.")
        study._storage.set_trial_system_attr(trial._trial_id, _CONSTRAINTS, constraints)

    def close(self) -> None:
        """Ends the process of `krige ask-tell`; the sampler starts another one when it is used again."""
        with self._lock:
            self._end_session()

    # Copies, as other processes get them, have a process of their own.
    def __getstate__(self) -> Dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_lock", "_session", "_finalizer", "_owner")}

    def __setstate__(self, state: Dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start_empty()

    def _start_empty(self) -> None:
        self._lock = threading.Lock()
        self._session: Optional[_Session] = None
        self._finalizer: Optional[weakref.finalize] = None
        self._owner = os.getpid()

    def _session_for(self, study: Study, space: Space, outcomes: "_Outcomes") -> "_Session":
        if self._owner != os.getpid():    # forked: the pipes are the parent's
            if self._finalizer is not None:
                self._finalizer.detach()
            self._session, self._finalizer, self._owner = None, None, os.getpid()
        spec = {**self._settings, **outcomes.spec(), "parameters": space.parameters()}
        key = (study._storage, study._study_id, spec)
        if self._session is None or self._session.key != key:
            self._end_session()
            process = AskTell(spec, program=self._program)
            self._finalizer = weakref.finalize(self, process.close)
            self._session = _Session(key, process, space, outcomes)
        return self._session

    def _end_session(self) -> None:
        if self._finalizer is not None:
            self._finalizer()    # once
        self._session, self._finalizer = None, None


class _Known(NamedTuple):
    """What the process was told of a trial."""

    id: int
    point: Dict[str, Any]
    final: bool


class _Session:
    """A process for one study and one space, and which of the study's trials it knows."""

    def __init__(self, key: Any, process: AskTell, space: Space, outcomes: "_Outcomes") -> None:
        self.key = key
        self._process = process
        self._space = space
        self._outcomes = outcomes
        self._known: Dict[int, _Known] = {}    # by the trial's number
        self._exhausted = False

    def propose(self, study: Study, trial: FrozenTrial) -> Dict[str, Any]:
        asked = self._ask(study, trial, 0)
        for _ in range(_MOST_MOVES):
            others = self._claim(study, trial, asked) if asked is not None else []
            if asked is None or not others:
                break
            self._process.tell([{"id": asked.id, "state": "CANCELLED"}])
            # The other one may move too, from the same point and with the same knowledge: not to the same place again.
            asked = self._ask(study, trial, sum(number < trial.number for number in others))
        if asked is None:
            return {}
        self._known[trial.number] = _Known(asked.id, asked.params, False)
        return self._space.external(asked.params)

    def _claim(self, study: Study, trial: FrozenTrial, asked: Point) -> List[int]:
        """Keeps the point as the trial's, and returns the others that have the very same, in a corner of the space for instance: they may have
        got it while this one was computed."""
        point = self._space.internal(asked.params)

        def have_it() -> List[int]:
            others = study.get_trials(deepcopy=False)
            return [other.number for other in others if other.number != trial.number and other.system_attrs.get(_POINT) == point]

        others = have_it()
        if not others:
            study._storage.set_trial_system_attr(trial._trial_id, _POINT, point)
            others = have_it()
        return others

    def _ask(self, study: Study, trial: FrozenTrial, skipped: int) -> Optional[Point]:
        trials = [other for other in study.get_trials(deepcopy=False) if other.number != trial.number]
        for other in trials:
            self._take(other)
        # Others that are about to be given a point have not seen ours, nor we theirs: the points go in the order of the trials.
        before = self._starting_before(trial, trials) + skipped
        points = self._process.ask(before + 1)
        for point in points[:before]:
            self._process.tell([{"id": point.id, "state": "CANCELLED"}])
        if len(points) <= before:
            if not self._exhausted:
                _logger.warning("Every point of the space was tried: further ones are drawn at random.")
            self._exhausted = True
            return None
        return points[before]

    def _starting_before(self, trial: FrozenTrial, trials: List[FrozenTrial]) -> int:
        since = datetime.now() - _STARTING
        starting = [other for other in trials if other.number < trial.number and other.state == TrialState.RUNNING
                    and other.number not in self._known and other.datetime_start is not None and other.datetime_start > since]
        return min(len(starting), _MOST_STARTING)

    def _take(self, trial: FrozenTrial) -> None:
        known = self._known.get(trial.number)
        if trial.state == TrialState.WAITING or (known is not None and (known.final or not trial.state.is_finished())):
            return
        if not trial.state.is_finished():
            point = self._space.point(trial.params) or self._space.from_internal(trial.system_attrs.get(_POINT))
            if point is not None:
                self._tell(trial.number, point, {"state": "RUNNING"})
            return
        point = self._space.point(trial.params)
        if known is not None and known.point == point:
            self._process.tell([{"id": known.id, **self._outcomes.of(trial)}])
            self._known[trial.number] = known._replace(final=True)
            return
        if known is not None:    # other values were used than proposed
            self._process.tell([{"id": known.id, "state": "CANCELLED"}])
        # A trial that ended before it had all of its parameters is no point of the space.
        self._known[trial.number] = _Known(0, {}, True)
        if point is not None:
            self._tell(trial.number, point, self._outcomes.of(trial))

    def _tell(self, number: int, point: Dict[str, Any], outcome: Dict[str, Any]) -> None:
        try:
            ids = self._process.tell([{"params": point, **outcome}])
        except AskTellError as error:
            _logger.warning(f"Trial {number} is left out: {error}")
            self._known[number] = _Known(0, {}, True)
            return
        self._known[number] = _Known(ids[0], point, outcome["state"] != "RUNNING")


class _Outcomes:
    """What trials end with, in Krige's terms: the values are v0, v1, …, the constraints c0, c1, …, which hold up to 0."""

    def __init__(self, study: Study, complete: Sequence[FrozenTrial]) -> None:
        self._goals = ["maximize" if direction == StudyDirection.MAXIMIZE else "minimize" for direction in study.directions]
        if len(self._goals) > _MOST_OBJECTIVES:
            raise ValueError(f"KrigeSampler handles up to {_MOST_OBJECTIVES} objectives, the study has {len(self._goals)}")
        # How many there are is known once a trial has them.
        self._constraints = max((len(trial.system_attrs.get(_CONSTRAINTS) or ()) for trial in complete), default=0)

    def spec(self) -> Dict[str, Any]:
        goals = [{"name": f"v{i}", "goal": goal} for i, goal in enumerate(self._goals)]
        spec: Dict[str, Any] = {"metric": goals[0]} if len(goals) == 1 else {"objectives": goals}
        if self._constraints:
            spec["constraints"] = [{"name": f"c{i}", "max": 0} for i in range(self._constraints)]
        return spec

    def of(self, trial: FrozenTrial) -> Dict[str, Any]:
        if trial.state == TrialState.FAIL:
            return {"state": "FAILED"}
        values = {f"v{i}": value for i, value in enumerate(trial.values or ())}
        finite = bool(values) and all(math.isfinite(value) for value in values.values())
        constraints = trial.system_attrs.get(_CONSTRAINTS) or ()
        values.update((f"c{i}", to_json_number(value)) for i, value in enumerate(constraints))
        whole = finite and len(constraints) == self._constraints
        if trial.state == TrialState.PRUNED:
            return {"state": "PRUNED", **({"values": values} if whole else {})}
        if not whole:    # infinite, or of the time before there were constraints
            return {"state": "INFEASIBLE" if not finite else "CANCELLED"}
        seconds = trial.duration.total_seconds() if trial.duration is not None else 0.0
        return {"state": "COMPLETED", "values": values, **({"seconds": seconds} if 0 < seconds < 1e9 else {})}
