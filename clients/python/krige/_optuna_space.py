"""The space of a define-by-run objective, found in the trials it has had.

A parameter in every trial is always active. One that is missing in some is taken to hang on another whose values tell where it is
present: `momentum` where `optimizer` is "sgd", `units_2` where `layers` is 3 or 4. Where a later trial refutes that, the space is
found anew. Parameters whose range changes, and those that nothing explains, are left out.
"""
from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Set

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial

_MOST_VALUES = 100    # of a parameter that others hang on


class Condition(NamedTuple):
    parent: str
    values: FrozenSet[int]    # Krige's: of a categorical parameter the indices of its choices


class Space:
    """Parameters by name, parents before those that hang on them. Choices of a categorical parameter are known to Krige by their
    index, since they may be any object, and parameters by their number, since their names may be any text."""

    def __init__(self, distributions: Mapping[str, BaseDistribution], conditions: Mapping[str, Condition]) -> None:
        self.distributions = distributions
        self.conditions = conditions
        self._keys = {name: f"p{number}" for number, name in enumerate(sorted(distributions))}

    def parameters(self) -> Dict[str, Any]:
        """`parameters` of a study file."""
        return {key: self._parameter(name) for name, key in self._keys.items()}

    def point(self, params: Mapping[str, Any]) -> Optional[Dict[str, Any]]:
        """Krige's point, None where a parameter is missing or has a value that is not in its range."""
        point: Dict[str, Any] = {}
        for name, distribution in self.distributions.items():
            if not self._active(name, point):
                continue
            if name not in params or not _contains(distribution, params[name]):
                return None
            point[self._keys[name]] = _krige_value(distribution, params[name])
        return point

    def external(self, point: Mapping[str, Any]) -> Dict[str, Any]:
        """The values of Krige's point as Optuna has them."""
        return {name: distribution.to_external_repr(point[self._keys[name]])
                for name, distribution in self.distributions.items() if self._keys[name] in point}

    def internal(self, point: Mapping[str, Any]) -> Dict[str, float]:
        """Krige's point as numbers by the parameters' names, which every storage can keep."""
        return {name: point[key] for name, key in self._keys.items() if key in point}

    def from_internal(self, kept: Any) -> Optional[Dict[str, Any]]:
        """The inverse of internal(), for a point that may be of another space; None where it is."""
        if not isinstance(kept, dict):
            return None
        known = {name: value for name, value in kept.items() if name in self.distributions}
        if not all(self.distributions[name]._contains(value) for name, value in known.items()):
            return None
        return self.point({name: self.distributions[name].to_external_repr(value) for name, value in known.items()})

    def _active(self, name: str, point: Mapping[str, Any]) -> bool:
        condition = self.conditions.get(name)
        return condition is None or point.get(self._keys[condition.parent]) in condition.values

    def _parameter(self, name: str) -> Dict[str, Any]:
        parameter = krige_parameter(self.distributions[name])
        condition = self.conditions.get(name)
        if condition is not None:
            parameter["when"] = {self._keys[condition.parent]: sorted(condition.values)}
        return parameter


def infer_space(trials: Sequence[FrozenTrial], among: Optional[Mapping[str, BaseDistribution]] = None) -> Space:
    """The space of completed trials; `among`: of these parameters only."""
    stable = _stable_distributions(trials)
    if among is not None:
        stable = {name: distribution for name, distribution in stable.items() if name in among}
    present = {name: frozenset(i for i, trial in enumerate(trials) if name in trial.params) for name in stable}
    everywhere = frozenset(range(len(trials)))
    placed = {name: stable[name] for name in stable if present[name] == everywhere}
    conditions: Dict[str, Condition] = {}
    left = [name for name in stable if name not in placed]
    while left:    # each round places those whose parents are placed
        found = {name: condition for name in left
                 if (condition := _find_condition(name, trials, present, placed, conditions)) is not None}
        if not found:
            break
        conditions.update(found)
        placed.update((name, stable[name]) for name in found)
        left = [name for name in left if name not in found]
    return Space(placed, conditions)


def _stable_distributions(trials: Sequence[FrozenTrial]) -> Dict[str, BaseDistribution]:
    stable: Dict[str, BaseDistribution] = {}
    changing: Set[str] = set()
    for trial in trials:
        for name, distribution in trial.distributions.items():
            if stable.setdefault(name, distribution) != distribution:
                changing.add(name)
    # In the order of names: storages do not keep that of the suggestions.
    return {name: stable[name] for name in sorted(stable) if name not in changing and not stable[name].single()}


def _find_condition(name: str, trials: Sequence[FrozenTrial], present: Mapping[str, FrozenSet[int]], placed: Mapping[str, BaseDistribution],
                    conditions: Mapping[str, Condition]) -> Optional[Condition]:
    # Choices explain better than numbers do; parameters that are always there better than those that hang on others.
    candidates = sorted((parent for parent in placed if _values_of(placed[parent])),
                        key=lambda parent: (parent in conditions, not isinstance(placed[parent], CategoricalDistribution)))
    for parent in candidates:
        if not present[name] <= present[parent]:
            continue
        if present[name] == present[parent]:
            return conditions[parent]    # it comes and goes with the parent (which is not in all trials, or this one were)
        having: Set[int] = set()
        lacking: Set[int] = set()
        for i in present[parent]:
            value = _krige_value(placed[parent], trials[i].params[parent])
            (having if i in present[name] else lacking).add(value)
        if having.isdisjoint(lacking):
            return Condition(parent, _with_unseen(placed[parent], having, lacking))
    return None


def _with_unseen(distribution: BaseDistribution, having: Set[int], lacking: Set[int]) -> FrozenSet[int]:
    """A number that no trial had yet is taken to do as the nearest that was; a choice, to have nothing of its own."""
    if isinstance(distribution, CategoricalDistribution):
        return frozenset(having)
    seen = sorted(having | lacking)
    return frozenset(value for value in _values_of(distribution) if min(seen, key=lambda other: abs(other - value)) in having)


def _values_of(distribution: BaseDistribution) -> List[int]:
    """The values that another parameter may hang on."""
    if isinstance(distribution, CategoricalDistribution):
        values = range(len(distribution.choices))
    elif isinstance(distribution, IntDistribution):
        values = range(distribution.low, distribution.high + 1, distribution.step)
    else:
        values = range(0)
    return list(values) if len(values) <= _MOST_VALUES else []


def krige_parameter(distribution: BaseDistribution) -> Dict[str, Any]:
    if isinstance(distribution, CategoricalDistribution):
        return {"type": "categorical", "values": list(range(len(distribution.choices)))}
    if not isinstance(distribution, (FloatDistribution, IntDistribution)):
        raise ValueError(f"KrigeSampler cannot handle {distribution}")
    parameter: Dict[str, Any] = {"type": "int" if isinstance(distribution, IntDistribution) else "float",
                                 "min": distribution.low, "max": distribution.high}
    if distribution.log:
        parameter["scale"] = "log"
    elif distribution.step is not None and not (isinstance(distribution, IntDistribution) and distribution.step == 1):
        parameter["step"] = distribution.step
    return parameter


def _krige_value(distribution: BaseDistribution, value: Any) -> Any:
    internal = distribution.to_internal_repr(value)
    return float(internal) if isinstance(distribution, FloatDistribution) else int(internal)


def _contains(distribution: BaseDistribution, value: Any) -> bool:
    try:
        return distribution._contains(distribution.to_internal_repr(value))
    except (TypeError, ValueError):    # no choice of a categorical parameter
        return False
