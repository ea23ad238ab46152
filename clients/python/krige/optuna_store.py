"""Studies of Krige as Optuna keeps them, and the other way round.

    krige study export digits-mlp | python3 -m krige.optuna_store to sqlite:///optuna.db
    python3 -m krige.optuna_store from sqlite:///optuna.db digits-mlp >study.json    # for krige study import, and warm_start of a study file
"""
from __future__ import annotations

import argparse
import json
import math
import sys
from datetime import datetime
from typing import Any, Dict, List, Mapping, Optional, Sequence

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from krige._optuna_space import Space, infer_space, krige_parameter

_TO_OPTUNA = {"COMPLETED": TrialState.COMPLETE, "PRUNED": TrialState.PRUNED, "FAILED": TrialState.FAIL, "INFEASIBLE": TrialState.FAIL,
              "CANCELLED": TrialState.FAIL}


def to_study(document: Mapping[str, Any], storage: Optional[str] = None, study_name: Optional[str] = None) -> optuna.Study:
    """A new Optuna study of what `krige study export` or `krige sweep --json` wrote. Trials that have not ended are left out."""
    spec = document["study"]["spec"]
    goals = spec["objectives"] if "objectives" in spec else [spec["metric"]]
    study = optuna.create_study(storage=storage, study_name=study_name or spec.get("name") or None,
                                directions=[goal["goal"] for goal in goals])
    trials = [trial for trial in document["trials"] if trial["state"] in _TO_OPTUNA]
    distributions = {name: _distribution(parameter, [trial["params"][name] for trial in trials if name in trial["params"]])
                     for name, parameter in spec["parameters"].items()}
    names = [goal["name"] for goal in goals] if "objectives" in spec else []
    study.add_trials([_to_trial(trial, names, spec.get("constraints", []), distributions) for trial in trials])
    return study


def from_study(study: optuna.Study) -> Dict[str, Any]:
    """A document as `krige study export` writes it. Parameters whose range changes, or whose presence nothing explains, are left out, and
    trials that are no point of the space."""
    goals = [{"name": f"value_{i}", "goal": direction.name.lower()} for i, direction in enumerate(study.directions)]
    space = infer_space(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
    spec: Dict[str, Any] = {"name": study.study_name, "parameters": _parameters(space)}
    if len(goals) == 1:
        spec["metric"] = {"name": "value", "goal": goals[0]["goal"]}
    else:
        spec["objectives"] = goals
    trials: List[Dict[str, Any]] = []
    for trial in study.get_trials(deepcopy=False):
        point = space.point(trial.params)
        if point is not None and trial.state.is_finished():
            trials.append({"id": len(trials) + 1, "params": {name: _scalar(value) for name, value in space.external(point).items()},
                           **_from_outcome(trial, [goal["name"] for goal in goals])})
    return {"study": {"spec": spec}, "trials": trials}


def _distribution(parameter: Mapping[str, Any], seen: Sequence[Any]) -> BaseDistribution:
    kind, log = parameter["type"], parameter.get("scale") == "log"
    if kind == "int":
        return IntDistribution(parameter["min"], parameter["max"], log=log, **({} if log else {"step": int(parameter.get("step", 1))}))
    if kind == "float" and parameter.get("scale") == "normal":    # without bounds: those of the trials
        return FloatDistribution(min(seen, default=0.0), max(seen, default=1.0))
    if kind == "float":
        return FloatDistribution(parameter["min"], parameter["max"], log=log, step=None if log else parameter.get("step"))
    return CategoricalDistribution([parameter["value"]] if kind == "fixed" else parameter["values"])


def _to_trial(trial: Mapping[str, Any], objectives: Sequence[str], constraints: Sequence[Mapping[str, Any]],
              distributions: Mapping[str, BaseDistribution]) -> FrozenTrial:
    values = [trial["values"][name] for name in objectives] if trial.get("values") else None
    if trial.get("value") is not None:
        values = [trial["value"]]
    state = _TO_OPTUNA[trial["state"]]
    attributes: Dict[str, Any] = {"krige:id": trial["id"]}
    if trial["state"] == "INFEASIBLE" or trial.get("reason"):
        attributes["krige:reason"] = trial.get("reason") or trial["state"]
    system: Dict[str, Any] = {}
    if trial.get("constraints"):
        system["constraints"] = [violation for constraint in constraints
                                 for violation in _violations(constraint, trial["constraints"][constraint["name"]]["value"])]
    frozen = optuna.trial.create_trial(state=state, values=values if state != TrialState.FAIL else None, params=dict(trial["params"]),
                                       distributions={name: distributions[name] for name in trial["params"]}, user_attrs=attributes,
                                       system_attrs=system)
    frozen.datetime_start = _time(trial.get("created_at")) or frozen.datetime_start
    frozen.datetime_complete = _time(trial.get("ended_at")) or frozen.datetime_complete
    return frozen


def _violations(constraint: Mapping[str, Any], value: float) -> List[float]:
    bounds = [(constraint["min"] - value) if "min" in constraint else None, (value - constraint["max"]) if "max" in constraint else None]
    return [bound for bound in bounds if bound is not None]


def _time(rfc3339: Optional[str]) -> Optional[datetime]:
    """Optuna's times are local and without a zone."""
    return datetime.fromisoformat(rfc3339.replace("Z", "+00:00")).astimezone().replace(tzinfo=None) if rfc3339 else None


def _parameters(space: Space) -> Dict[str, Any]:
    parameters: Dict[str, Any] = {}
    for name, distribution in space.distributions.items():
        parameter = krige_parameter(distribution)
        if isinstance(distribution, CategoricalDistribution):
            parameter["values"] = [_scalar(choice) for choice in distribution.choices]
        if (condition := space.conditions.get(name)) is not None:
            parent = space.distributions[condition.parent]
            values = sorted(condition.values)
            parameter["when"] = {condition.parent: [_scalar(parent.choices[value]) for value in values]
                                 if isinstance(parent, CategoricalDistribution) else values}
        parameters[name] = parameter
    return parameters


def _scalar(value: Any) -> Any:
    """A choice as a study file can have it."""
    return value if isinstance(value, (bool, int, float, str)) else str(value)


def _from_outcome(trial: FrozenTrial, names: Sequence[str]) -> Dict[str, Any]:
    finite = bool(trial.values) and all(math.isfinite(value) for value in trial.values)
    if trial.state == TrialState.FAIL:
        return {"state": "FAILED", "value": None, "reason": "failed in Optuna"}
    if not finite:
        return {"state": "CANCELLED" if trial.state == TrialState.PRUNED else "INFEASIBLE", "value": None, "reason": ""}
    outcome: Dict[str, Any] = {"state": "PRUNED" if trial.state == TrialState.PRUNED else "COMPLETED", "value": None, "reason": ""}
    if len(names) == 1:
        outcome["value"] = trial.values[0]
    else:
        outcome["values"] = dict(zip(names, trial.values))
    return outcome


def main(arguments: Optional[Sequence[str]] = None) -> None:
    parser = argparse.ArgumentParser(prog="python3 -m krige.optuna_store", description="Krige's studies as Optuna keeps them, and back.")
    commands = parser.add_subparsers(dest="command", required=True)
    to = commands.add_parser("to", help="read a study as krige study export writes it from standard input, and add it to a storage")
    to.add_argument("storage")
    to.add_argument("--name", help="another name for the study")
    back = commands.add_parser("from", help="print a study of a storage as krige study import and warm_start read it")
    back.add_argument("storage")
    back.add_argument("name")
    options = parser.parse_args(arguments)
    if options.command == "to":
        study = to_study(json.load(sys.stdin), options.storage, options.name)
        print(f"{study.study_name}: {len(study.trials)} trials")
    else:
        json.dump(from_study(optuna.load_study(study_name=options.name, storage=options.storage)), sys.stdout)
        print()


if __name__ == "__main__":
    main()
