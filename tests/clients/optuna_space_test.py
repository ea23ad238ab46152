"""The space of a define-by-run objective, found in its trials."""
import sys
import unittest

try:
    import optuna
except ImportError:
    print("skipped: python3-optuna is not installed")
    sys.exit(77)
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from krige._optuna_space import infer_space

X = FloatDistribution(0, 1)
KIND = CategoricalDistribution(["a", "b", None])
LAYERS = IntDistribution(1, 8)


def trial(distributions: dict, **params):
    return optuna.trial.create_trial(params=params, distributions={name: distributions[name] for name in params}, value=0.0)


class InferSpace(unittest.TestCase):
    def test_parameters_of_all_trials_have_no_condition(self):
        d = {"x": X, "kind": KIND, "one": IntDistribution(3, 3)}
        space = infer_space([trial(d, x=0.1, kind="a", one=3), trial(d, x=0.2, kind=None, one=3)])
        self.assertEqual(dict(space.distributions), {"kind": KIND, "x": X})    # one has one value only
        self.assertEqual(space.parameters(), {"p0": {"type": "categorical", "values": [0, 1, 2]}, "p1": {"type": "float", "min": 0, "max": 1}})
        self.assertEqual(space.point({"kind": None, "x": 0.5, "one": 3}), {"p0": 2, "p1": 0.5})
        self.assertEqual(space.external({"p0": 2, "p1": 0.5}), {"kind": None, "x": 0.5})
        self.assertIsNone(space.point({"kind": "a"}))
        self.assertIsNone(space.point({"kind": "z", "x": 0.5}))
        self.assertIsNone(space.point({"kind": "a", "x": 1.5}))
        self.assertEqual(space.from_internal(space.internal({"p0": 2, "p1": 0.5})), {"p0": 2, "p1": 0.5})
        self.assertIsNone(space.from_internal({"x": 3.0}))
        self.assertIsNone(space.from_internal(None))

    def test_every_kind_of_range(self):
        d = {"a": FloatDistribution(1e-4, 1, log=True), "b": FloatDistribution(0, 1, step=0.25), "c": IntDistribution(1, 1024, log=True),
             "d": IntDistribution(0, 10, step=5)}
        space = infer_space([trial(d, a=0.1, b=0.5, c=8, d=5)])
        self.assertEqual(space.parameters(), {
            "p0": {"type": "float", "min": 1e-4, "max": 1, "scale": "log"}, "p1": {"type": "float", "min": 0, "max": 1, "step": 0.25},
            "p2": {"type": "int", "min": 1, "max": 1024, "scale": "log"}, "p3": {"type": "int", "min": 0, "max": 10, "step": 5}})
        self.assertEqual(list(map(type, space.point({"a": 1, "b": 0.5, "c": 8, "d": 5}).values())), [float, float, int, int])

    def test_a_choice_brings_parameters_along(self):
        d = {"kind": KIND, "x": X, "y": X}
        space = infer_space([trial(d, kind="a", x=0.1), trial(d, kind="b", y=0.1), trial(d, kind="a", x=0.3)])
        self.assertEqual({name: (c.parent, set(c.values)) for name, c in space.conditions.items()}, {"x": ("kind", {0}), "y": ("kind", {1})})
        self.assertEqual(space.parameters()["p1"]["when"], {"p0": [0]})
        self.assertEqual(space.point({"kind": "a", "x": 0.1, "y": 0.2}), {"p0": 0, "p1": 0.1})
        self.assertEqual(space.point({"kind": None}), {"p0": 2})

    def test_a_number_that_was_not_seen_does_as_the_nearest(self):
        d = {"layers": LAYERS, "units_2": X}
        space = infer_space([trial(d, layers=1), trial(d, layers=3, units_2=0.1), trial(d, layers=6, units_2=0.2)])
        self.assertEqual(space.conditions["units_2"].values, {3, 4, 5, 6, 7, 8})

    def test_conditions_of_conditions(self):
        d = {"kind": KIND, "layers": LAYERS, "u": X, "v": X}
        trials = [trial(d, kind="a"), trial(d, kind="b", layers=1, u=0.1), trial(d, kind="b", layers=5, u=0.1, v=0.2)]
        space = infer_space(trials)
        self.assertEqual({name: c.parent for name, c in space.conditions.items()}, {"layers": "kind", "u": "kind", "v": "layers"})
        self.assertEqual(space.point({"kind": "b", "layers": 5, "u": 0.1, "v": 0.2}), {"p0": 1, "p1": 5, "p2": 0.1, "p3": 0.2})
        self.assertIsNone(space.point({"kind": "b", "layers": 5, "u": 0.1}))

    def test_what_changes_or_cannot_be_explained_is_left_out(self):
        d = {"kind": KIND, "x": X, "y": X}
        trials = [trial(d, kind="a", x=0.1, y=0.1), trial(d | {"y": FloatDistribution(0, 2)}, kind="a", y=0.1)]
        self.assertEqual(list(infer_space(trials).distributions), ["kind"])

    def test_a_reduced_space_has_no_condition_on_what_was_taken_out(self):
        d = {"kind": KIND, "x": X, "y": X}
        trials = [trial(d, kind="a", x=0.1, y=0.1), trial(d, kind="b", y=0.1)]
        self.assertEqual(list(infer_space(trials, {"x": X, "y": X}).distributions), ["y"])


if __name__ == "__main__":
    unittest.main()
