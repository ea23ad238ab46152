"""krige.minimize and the process behind it."""
import math
import os
import pathlib
import stat
import tempfile
import unittest

import krige
from support import KRIGE

BRANIN = {"x": {"type": "float", "min": -5, "max": 10}, "y": {"type": "float", "min": 0, "max": 15}}


def branin(p: dict) -> float:
    x, y = p["x"], p["y"]
    return (y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6)**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


class Minimize(unittest.TestCase):
    def test_branin_within_30_evaluations(self):
        found = krige.minimize(branin, BRANIN, 30, seed=1, program=KRIGE)
        self.assertLess(found.value, 0.45)
        self.assertEqual(found.value, branin(found.params))
        self.assertEqual(len(found.trials), 30)
        self.assertEqual(min(trial.value for trial in found.trials), found.value)

    def test_maximize_is_minimize_of_the_negative(self):
        up = krige.maximize(lambda p: -branin(p), BRANIN, 8, seed=3, program=KRIGE)
        down = krige.minimize(branin, BRANIN, 8, seed=3, program=KRIGE)
        self.assertAlmostEqual(up.value, -down.value)

    def test_trials_without_a_value(self):
        def f(p):
            if p["kind"] == "a":
                raise krige.Infeasible("never")
            if p["kind"] == "b":
                raise OSError("disk")
            return math.nan if p["kind"] == "c" else 1.0
        found = krige.minimize(f, {"kind": {"values": ["a", "b", "c", "d"]}}, 9, catch=(OSError,), program=KRIGE)
        self.assertEqual({trial.params["kind"]: (trial.state, trial.reason) for trial in found.trials},
                         {"a": ("INFEASIBLE", "never"), "b": ("FAILED", "OSError: disk"), "c": ("INFEASIBLE", "the value was NaN"),
                          "d": ("COMPLETED", "")})    # four of nine: the space is exhausted
        self.assertEqual((found.params, found.value), ({"kind": "d"}, 1.0))
        with self.assertRaisesRegex(krige.KrigeError, "none of 2 trials had a value; the last: OSError"):
            krige.minimize(lambda p: f({"kind": "b"}), BRANIN, 2, catch=(OSError,), program=KRIGE)

    def test_other_exceptions_end_it(self):
        with self.assertRaises(ZeroDivisionError):
            krige.minimize(lambda p: 1 / 0, BRANIN, 3, program=KRIGE)

    def test_faults_of_the_space_are_named(self):
        with self.assertRaises(krige.AskTellError) as caught:
            krige.minimize(branin, {"x": {"type": "float", "min": 1, "max": 0}}, 3, program=KRIGE)
        self.assertEqual((caught.exception.code, caught.exception.field), ("invalid_argument", "parameters.x.min"))

    def test_a_missing_program_is_told(self):
        with self.assertRaisesRegex(krige.KrigeError, "/nonexistent was not found"):
            krige.minimize(branin, BRANIN, 3, program="/nonexistent")


class Process(unittest.TestCase):
    def test_points_that_were_not_asked_for(self):
        with krige.AskTell({"parameters": BRANIN}, program=KRIGE) as session:
            self.assertEqual(session.tell([{"params": {"x": 1, "y": 2}, "value": 5}, {"params": {"x": 3.0, "y": 4.0}, "state": "RUNNING"}]), [1, 2])
            self.assertEqual(session.best()["value"], 5)
            point, = session.ask()
            self.assertEqual(point.id, 3)
            self.assertEqual(session.tell([{"id": 2, "value": 1}, {"params": {"x": 0, "y": 0}, "state": "FAILED"}]), [4])
            self.assertEqual(session.best(), {"trial": 2, "value": 1, "params": {"x": 3.0, "y": 4.0}})
            for wrong, field in [({"params": {"x": 11, "y": 0}, "value": 1}, "tell[0].params.x"), ({"params": {"x": 1}, "value": 1}, "tell[0].params.y"),
                                 ({"params": 3, "value": 1}, "tell[0].params"), ({"id": 3, "state": "RUNNING"}, "tell[0].state"),
                                 ({"id": 3, "params": {"x": 1, "y": 1}, "value": 1}, "tell[0].params"), ({"params": {"x": 1, "y": 1}}, "tell[0].value")]:
                with self.assertRaises(krige.AskTellError) as caught:
                    session.tell([wrong])
                self.assertEqual(caught.exception.field, field, wrong)

    def test_told_points_are_learned_from(self):
        # A parabola around 0.7 told from elsewhere: the next point is where it says.
        told = [{"params": {"x": i / 10}, "value": (i / 10 - 0.7)**2} for i in (0, 2, 4, 5, 9, 10)]
        with krige.AskTell({"parameters": {"x": {"type": "float", "min": 0, "max": 1}}}, program=KRIGE) as session:
            session.tell(told)
            self.assertAlmostEqual(session.ask()[0].params["x"], 0.7, delta=0.06)

    def test_a_process_that_says_nothing_or_dies_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            for script, text in [("exec sleep 600", "has not answered within 0.2 s"), ("read line; exit 3", "ended with code 3")]:
                program = pathlib.Path(folder) / "krige"
                program.write_text(f"#!/bin/sh\n{script}\n")
                program.chmod(program.stat().st_mode | stat.S_IXUSR)
                session = krige.AskTell({"parameters": BRANIN}, program=str(program), timeout=0.2 if "sleep" in script else 60)
                with self.assertRaisesRegex(krige.KrigeError, text):
                    session.ask()
                if "sleep" in script:
                    os.kill(session._process.pid, 15)
                session.close()
                self.assertIsNotNone(session._process.returncode)


if __name__ == "__main__":
    unittest.main()
