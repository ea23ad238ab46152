"""krige ask-tell as a client in any language sees it."""
import json
import math
import subprocess
import unittest

from support import DEADLINE, KRIGE, run

BRANIN = {"parameters": {"x": {"type": "float", "min": -5, "max": 10}, "y": {"type": "float", "min": 0, "max": 15}},
          "metric": {"name": "value", "goal": "minimize"}, "budget": {"max_trials": 40}}
MIXED = {"parameters": {"kind": {"type": "categorical", "values": ["a", "b", "c"]},
                        "n": {"type": "int", "min": 1, "max": 12},
                        "rate": {"type": "float", "min": 1e-5, "max": 1, "scale": "log"},
                        "extra": {"type": "float", "min": 0, "max": 1, "when": {"kind": ["b", "c"]}}},
         "metric": {"name": "value", "goal": "maximize"}}


def branin(x: float, y: float) -> float:
    return (y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6)**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


class Session:
    def __init__(self, study: dict):
        self.process = subprocess.Popen([KRIGE, "ask-tell", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(json.dumps(study) + "\n")

    def say(self, line: dict | str) -> dict:
        self.process.stdin.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.stdin.close()
        self.process.stdout.close()
        self.code = self.process.wait(timeout=DEADLINE)


class AskTell(unittest.TestCase):
    def best_on_branin(self, seed: int) -> float:
        with Session(BRANIN | {"seed": seed}) as session:
            for _ in range(40):
                trial, = session.say({"ask": 1})["trials"]
                value = branin(**trial["params"])
                self.assertEqual(session.say({"tell": [{"id": trial["id"], "value": value}]}), {"ok": True})
            self.assertEqual(session.say({"ask": 1}), {"trials": [], "reason": "max_trials"})
            return session.say({"best": True})["best"]["value"]

    def test_branin_within_40_evaluations_for_all_seeds(self):
        best = [self.best_on_branin(seed) for seed in range(10)]
        print("best on Branin:", [round(value, 4) for value in best])
        self.assertLessEqual(max(best), 0.42)

    def test_points_of_a_mixed_space_stay_inside_and_never_repeat(self):
        seen = set()
        with Session(MIXED | {"seed": 3}) as session:
            for _ in range(20):
                trials = session.say({"ask": 2})["trials"]
                for trial in trials:
                    p = trial["params"]
                    self.assertIn(p["kind"], ("a", "b", "c"))
                    self.assertTrue(isinstance(p["n"], int) and 1 <= p["n"] <= 12)
                    self.assertTrue(1e-5 <= p["rate"] <= 1)
                    self.assertEqual("extra" in p, p["kind"] != "a")
                    self.assertTrue(0 <= p.get("extra", 0) <= 1)
                    self.assertNotIn(json.dumps(p), seen)
                    seen.add(json.dumps(p))
                    value = -abs(math.log10(p["rate"]) + 2) - abs(p["n"] - 4) / 4 + p.get("extra", 0)
                    session.say({"tell": [{"id": trial["id"], "value": value}]})
        self.assertEqual(len(seen), 40)

    def test_same_seed_and_history_give_the_same_points(self):
        def points():
            with Session(MIXED | {"seed": 11}) as session:
                asked = []
                for _ in range(12):
                    trial, = session.say({"ask": 1})["trials"]
                    asked.append(trial)
                    session.say({"tell": [{"id": trial["id"], "value": len(asked) % 5}]})
                return asked
        self.assertEqual(points(), points())

    def test_the_same_lines_give_the_same_output_byte_for_byte(self):
        # Lines that are fixed beforehand: ids are 1, 2, ….
        for study in (BRANIN, MIXED, MIXED | {"method": "random"}, BRANIN | {"method": "cmaes"}):
            lines = [json.dumps(study | {"seed": 5})]
            for i in range(1, 31):
                lines.append(json.dumps({"ask": 1}))
                if i % 5 == 4:
                    lines.append(json.dumps({"id": i, "state": "FAILED"}))
                elif i % 7 != 6:  # else it stays pending
                    lines.append(json.dumps({"tell": [{"id": i, "value": "NaN" if i % 11 == 10 else i * 37 % 17 / 3}]}))
            lines.append(json.dumps({"best": True}))
            first, second = (run("ask-tell", "-", stdin="\n".join(lines) + "\n") for _ in range(2))
            self.assertEqual((first.returncode, second.returncode), (0, 0))
            self.assertEqual(len(first.stdout.splitlines()), len(lines) - 1)
            self.assertNotIn("error", first.stdout)
            self.assertEqual(first.stdout, second.stdout)

    def test_an_exhausted_space_says_so(self):
        with Session({"parameters": {"a": {"values": [1, 2, 3]}}}) as session:
            trials = session.say({"ask": 5})["trials"]
            self.assertEqual(sorted(t["params"]["a"] for t in trials), [1, 2, 3])
            self.assertEqual(session.say({"ask": 1}), {"trials": [], "reason": "space_exhausted"})

    def test_errors_name_the_field_and_the_process_goes_on(self):
        with Session(BRANIN) as session:
            for line, code, field in [("nonsense", "invalid_argument", ""), ({"ask": 0}, "invalid_argument", "ask"),
                                      ({"tel": []}, "invalid_argument", "tel"), ({"tell": [{"id": 9, "value": 1}]}, "not_found", "tell[0].id"),
                                      ({"tell": [{"id": 9}]}, "invalid_argument", "tell[0].value")]:
                error = session.say(line)["error"]
                self.assertEqual((error["code"], error["field"]), (code, field), line)
            trial, = session.say({"ask": 1})["trials"]
            self.assertEqual(session.say({"id": trial["id"], "state": "FAILED"}), {"ok": True})
            self.assertEqual(session.say({"id": trial["id"], "value": 1})["error"]["code"], "trial_finished")
            self.assertEqual(session.say({"best": True}), {"best": None})
        self.assertEqual(session.code, 0)

    def test_values_that_are_not_finite_are_infeasible(self):
        with Session(BRANIN) as session:
            trial, = session.say({"ask": 1})["trials"]
            self.assertEqual(session.say({"tell": [{"id": trial["id"], "value": "NaN"}]}), {"ok": True})
            self.assertEqual(session.say({"best": True}), {"best": None})

    def test_several_objectives_and_a_constraint(self):
        study = {"parameters": {"x": {"type": "float", "min": 0, "max": 1}}, "seed": 2,
                 "objectives": [{"name": "near", "goal": "maximize"}, {"name": "far"}],
                 "constraints": [{"name": "size", "max": 0.8}]}
        with Session(study) as session:
            self.assertEqual(session.say({"best": True}), {"optimal": []})
            values = {}
            for _ in range(14):
                trial, = session.say({"ask": 1})["trials"]
                x = trial["params"]["x"]
                values[trial["id"]] = {"near": -(1 - x)**2, "far": x * x, "size": x}
                self.assertEqual(session.say({"tell": [{"id": trial["id"], "values": values[trial["id"]]}]}), {"ok": True})
            # Every x is a trade-off: all that are small enough are optimal.
            optimal = session.say({"best": True})["optimal"]
            self.assertEqual([one["trial"] for one in optimal], [i for i, v in values.items() if v["size"] <= 0.8])
            self.assertEqual(optimal[0]["values"], {name: values[optimal[0]["trial"]][name] for name in ("near", "far")})
            self.assertTrue(all(one["constraints"]["size"]["feasible"] for one in optimal))
            trial, = session.say({"ask": 1})["trials"]
            for told, field in [({"value": 1}, "tell[0].value"), ({"values": {"near": 1, "far": 1}}, "tell[0].values.size"),
                                ({"values": {"near": "x"}}, "tell[0].values.near"), ({}, "tell[0].values")]:
                self.assertEqual(session.say({"tell": [{"id": trial["id"]} | told]})["error"]["field"], field, told)
            self.assertEqual(session.say({"tell": [{"id": trial["id"], "values": {"near": "NaN", "far": 1, "size": 0}}]}), {"ok": True})
            self.assertEqual(session.say({"best": True})["optimal"], optimal)

    def test_the_best_meets_the_constraints(self):
        study = {"parameters": {"x": {"type": "float", "min": 0, "max": 1}}, "metric": {"name": "loss"},
                 "constraints": [{"name": "x", "min": 0.5}], "seed": 1}
        with Session(study) as session:
            for _ in range(15):
                trial, = session.say({"ask": 1})["trials"]
                x = trial["params"]["x"]
                self.assertEqual(session.say({"tell": [{"id": trial["id"], "value": x * x, "values": {"x": x}}]}), {"ok": True})
            best = session.say({"best": True})["best"]
            self.assertGreaterEqual(best["params"]["x"], 0.5)
            self.assertLess(best["params"]["x"], 0.52)

    def test_a_bad_study_ends_with_exit_code_2(self):
        ended = run("ask-tell", "-", stdin='{"parameters":{"x":{"type":"float","min":1,"max":0}}}\n')
        self.assertEqual(ended.returncode, 2)
        self.assertEqual(json.loads(ended.stdout)["error"]["field"], "parameters.x.min")


if __name__ == "__main__":
    unittest.main()
