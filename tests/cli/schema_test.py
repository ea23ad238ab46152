"""The JSON Schema of the study file against the parser."""
import json
import pathlib
import random
import sys
import tempfile
import unittest

from support import ROOT, run

try:
    import jsonschema
    import yaml
except ImportError as error:
    print(f"skipped: {error.name} is not installed (Debian: python3-jsonschema, python3-yaml)")
    sys.exit(77)

SCHEMA = json.loads(run("schema").stdout)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
X = {"x": {"type": "float", "min": 0, "max": 1}}
TRAIN = {"model": "mlp", "data": {"path": "x.csv", "label": "y"}}

# Both take these.
GOOD = [
    {"parameters": X},
    {"parameters": {"a": {"values": [1, "b", True]}, "b": {"value": 3}, "c": {"min": 1, "max": 5}, "d": {"min": 0.1, "max": 5, "scale": "log", "default": 1},
                    "e": {"type": "ordinal", "values": [1, 2, 4], "prior": {"weights": [1, 4, 1]}},
                    "f": {"type": "float", "min": 0, "max": 1, "when": {"a": [1, "b"], "b": 3}, "prior": {"center": 0.3, "spread": 0.1}},
                    "g": {"type": "float", "scale": "normal", "mu": 1, "sigma": 2}}},
    {"parameters": {"lr": {"distribution": "log_uniform_values", "min": 0.001, "max": 1}, "q": {"distribution": "q_uniform", "min": 0, "max": 8, "q": 2},
                    "deep": {"parameters": {"er": {"value": 1}}}}, "program": "train.py", "project": "p", "entity": "e", "run_cap": 5, "method": "bayes",
     "metric": {"name": "loss", "goal": "minimize"}, "early_terminate": {"type": "hyperband", "max_iter": 27, "s": 2}},
    {"version": 1, "name": "n", "description": "d", "metric": {"name": "v", "goal": "maximize", "reduce": "best", "target": 0.9}, "method": "gp",
     "acquisition": "ucb", "seed": 7, "parameters": X, "repeats": 3, "retries": 2, "early_terminate": {"type": "curve", "max_iter": 20},
     "budget": {"max_trials": 10, "parallel": 2, "max_time": "1h30m", "max_failures": 3, "no_improvement": 5}, "command": ["python3", "t.py", "${args}", 3],
     "warm_start": [{"name": "old", "trials": [{"params": {"x": 0.1}, "value": 1}, {"params": {"x": 0.2}, "value": 2}]}]},
    {"parameters": X, "objectives": [{"name": "a", "goal": "maximize"}, {"name": "b", "reduce": "best", "reference": 3}],
     "constraints": [{"name": "c", "max": 1}, {"name": "d", "min": 0, "max": 2}], "early_terminate": {"type": "median", "metric": "a"}},
    {"parameters": {"learning_rate": {"min": 0.1, "max": 1.0}}, "metric": {"name": "accuracy", "goal": "maximize"},
     "early_terminate": {"type": "asha", "min_iter": 1, "eta": 3, "promote": True},
     "limits": {"time": "1h"}, "train": TRAIN | {"hidden": [64, 32], "early_stop": {"patience": 3}, "dropout": 0.1, "mode": "ssp", "staleness": 2}},
]
GOOD += [
    {"parameters": X, "command": ["x", "${envvar:HOME}", "${args_json_file}"], "metrics": {"regex": {"step": "epoch (\\d+)", "loss": "loss=(\\S+)"}},
     "limits": {"time": 90, "cpu_time": "1h", "memory": "2GiB"}},
    {"parameters": X, "program": "t.py", "metrics": {"regex": {"loss": "(.*)"}}, "limits": {"memory": 2e9}},
]
# Neither takes these; the path is the parser's.
BAD = [
    ({}, "parameters"), ({"parameters": []}, "parameters"), ({"parameters": X, "methd": "gp"}, "methd"), ({"parameters": X, "method": "anneal"}, "method"),
    ({"parameters": X, "seed": -1}, "seed"), ({"parameters": X, "seed": 1.5}, "seed"), ({"parameters": X, "budget": {"max_trials": 0}}, "budget.max_trials"),
    ({"parameters": X, "budget": {"trials": 3}}, "budget.trials"), ({"parameters": X, "metric": {"name": "a", "goal": "max"}}, "metric.goal"),
    ({"parameters": X, "metric": {"goal": "minimize"}}, "metric.name"),
    ({"parameters": X, "objectives": [{"name": "a"}]}, "objectives"), ({"parameters": X, "constraints": [{"max": 3}]}, "constraints[0].name"),
    ({"parameters": X, "command": "true"}, "command"), ({"parameters": X, "command": []}, "command"),
    ({"parameters": {"x": {"type": "real", "min": 0, "max": 1}}}, "parameters.x.type"), ({"parameters": {"x": {"values": []}}}, "parameters.x.values"),
    ({"parameters": {"x": {"min": 0, "max": 1, "step": 0}}}, "parameters.x.step"), ({"parameters": {"x": {"min": "a", "max": 1}}}, "parameters.x.min"),
    ({"parameters": {"x": {"value": None}}}, "parameters.x.value"), ({"parameters": X | {"y": {"value": 1, "when": {}}}}, "parameters.y.when"),
    ({"parameters": X, "early_terminate": {}}, "early_terminate.type"), ({"parameters": X, "train": {"data": {}}}, "train.data.path"),
    ({"parameters": {"learning_rate": X["x"]}, "train": TRAIN | {"workers": 0}}, "train.workers"),
    ({"parameters": {"learning_rate": X["x"]}, "train": TRAIN | {"optimizr": "adam"}}, "train.optimizr"),
    ({"parameters": X, "metrics": {"regex": {"a": "(x)"}}}, "metrics"), ({"parameters": X, "command": ["x"], "metrics": {}}, "metrics.regex"),
    ({"parameters": X, "command": ["x"], "metrics": {"regex": {}}}, "metrics.regex"), ({"parameters": X, "limits": {"time": 3}}, "limits"),
    ({"parameters": X, "command": ["x"], "metrics": {"regex": {"a": 3}}}, "metrics.regex.a"), ({"parameters": X, "command": ["x"], "limits": {"cpus": 3}}, "limits.cpus"),
    ({"parameters": X, "command": ["x"], "limits": {"memory": []}}, "limits.memory"), ({"parameters": X, "command": ["x"], "train": TRAIN}, "command"),
    ({"parameters": X, "run_cap": 3, "budget": {"max_trials": 3}}, "run_cap"),
    ({"parameters": X, "metric": {"name": "a"}, "objectives": [{"name": "a"}, {"name": "b"}]}, "objectives"),
]


def parse(document: dict):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "study.json"
        path.write_text(json.dumps(document))
        return run("validate", str(path), "--json")


def properties(schema: dict, path=()):
    """Every property of the schema by its path; a parameter is at parameters.x."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    for name, inner in schema.get("properties", {}).items():
        if path[-1:] == ("x",) and name == "parameters":
            continue    # nested as often as one likes
        yield path + (name,)
        yield from properties(inner, path + (name,))
    for inner in schema.get("anyOf", []):
        yield from properties(inner, path)
    if isinstance(schema.get("additionalProperties"), dict) and path == ("parameters",):
        yield from properties(schema["additionalProperties"], path + ("x",))


class Files:
    """Study files by chance, all of them sound; the same for the same seed."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def maybe(self, **keys) -> dict:
        return {key: make() for key, make in keys.items() if self.random.random() < 0.4}

    def number(self, low: float, high: float) -> float:
        return round(self.random.uniform(low, high), 3)

    def parameter(self) -> dict:
        kind = self.random.choice(["float", "int", "categorical", "ordinal", "fixed", "normal", "wandb"])
        if kind == "float":
            return {"type": "float", "min": self.number(0.001, 1), "max": self.number(2, 9)} | self.maybe(
                scale=lambda: self.random.choice(["linear", "log"]), default=lambda: 1.5, prior=lambda: {"center": 1.25, "spread": 0.5})
        if kind == "int":
            return {"min": self.random.randint(1, 5), "max": self.random.randint(10, 90)} | self.maybe(
                type=lambda: "int", scale=lambda: "log", default=lambda: 7)
        if kind in ("categorical", "ordinal"):
            values = self.random.sample([1, 2.5, "a", "b", True, "c d"], self.random.randint(2, 5))
            return {"type": kind, "values": values} | self.maybe(default=lambda: values[0], prior=lambda: {"weights": [1] * len(values)})
        if kind == "fixed":
            return {"value": self.random.choice([3, "x", False])}
        if kind == "normal":
            return {"type": "float", "scale": "normal", "mu": 1, "sigma": self.number(0.5, 2)}
        return {"distribution": self.random.choice(["uniform", "log_uniform_values", "inv_log_uniform_values"]), "min": 0.5, "max": self.number(1, 2)}

    def study(self) -> dict:
        study = {"parameters": {f"p{i}": self.parameter() for i in range(self.random.randint(1, 5))}}
        study |= self.maybe(name=lambda: "näme", description=lambda: "d", seed=lambda: self.random.randrange(1 << 40), retries=lambda: 3,
                            method=lambda: self.random.choice(["gp", "bayes", "random", "sobol"]),
                            budget=lambda: self.maybe(max_trials=lambda: 9, parallel=lambda: 2, max_time=lambda: "1h30m", max_failures=lambda: 3))
        if self.random.random() < 0.3:
            study["objectives"] = [{"name": "a", "goal": "maximize"}, {"name": "b"} | self.maybe(reduce=lambda: "best", reference=lambda: 3.5)]
        else:
            study["metric"] = {"name": "loss"} | self.maybe(goal=lambda: "minimize", reduce=lambda: "best", target=lambda: 0.5)
            study |= self.maybe(early_terminate=lambda: self.random.choice(
                [{"type": "median"}, {"type": "percentile", "percentile": 30}, {"type": "asha", "eta": 2}, {"type": "curve", "max_iter": 9}]),
                acquisition=lambda: self.random.choice(["ei", "ucb", "pi", "ei_per_second"]))
        if self.random.random() < 0.5:
            study["command"] = ["t", "${args}", 3]
            study |= self.maybe(metrics=lambda: {"regex": {"loss": "loss=(.*)"}},
                                limits=lambda: self.maybe(time=lambda: "1m", cpu_time=lambda: 30, memory=lambda: "1GB"))
        return study

    def mutated(self, study: dict) -> dict:
        """With one thing that is no longer of the right kind."""
        study = json.loads(json.dumps(study))
        places = []

        def walk(value, path):
            if isinstance(value, dict):
                if path[:1] != ("metrics",):
                    places.append((value, None))
                for key, inner in value.items():
                    if path != ("parameters",) and not (path == () and key == "parameters"):
                        places.append((value, key))
                    walk(inner, path + (key,))

        walk(study, ())
        holder, key = self.random.choice([place for place in places if place[0] is not study["parameters"]])
        if key is None:
            holder["unknown_key"] = 1
        else:
            holder[key] = self.random.choice([None, {"no": 1}, [[]]])
        return study


class Schema(unittest.TestCase):
    def test_it_is_a_schema(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_all_example_files(self):
        studies = [path for path in sorted((ROOT / "examples").rglob("*.yaml")) if "\nparameters:" in path.read_text()]
        self.assertGreater(len(studies), 4)
        for path in studies:
            with self.subTest(path.name):
                VALIDATOR.validate(yaml.safe_load(path.read_text()))
                VALIDATOR.validate(json.loads(run("validate", str(path), "--json").stdout))

    def test_what_the_parser_takes(self):
        for document in GOOD:
            VALIDATOR.validate(document)
            parsed = parse(document)
            self.assertEqual(parsed.returncode, 0, (document, parsed.stderr))
            VALIDATOR.validate(json.loads(parsed.stdout))

    def test_what_the_parser_refuses(self):
        for document, path in BAD:
            self.assertFalse(VALIDATOR.is_valid(document), document)
            parsed = parse(document)
            self.assertEqual(parsed.returncode, 2, document)
            self.assertIn(path, parsed.stderr, document)

    def test_files_by_chance(self):
        files = Files(seed=20260131)
        for _ in range(60):
            study = files.study()
            with self.subTest(json.dumps(study)):
                VALIDATOR.validate(study)
                parsed = parse(study)
                self.assertEqual(parsed.returncode, 0, parsed.stderr)
                VALIDATOR.validate(json.loads(parsed.stdout))
            wrong = files.mutated(study)
            with self.subTest(json.dumps(wrong)):
                self.assertEqual((VALIDATOR.is_valid(wrong), parse(wrong).returncode), (False, 2))

    def test_every_key_of_the_schema_is_one_of_the_parser(self):
        count = 0
        for path in properties(SCHEMA):
            if path[0] in ("warm_start", "objectives", "constraints"):    # lists: GOOD has their keys
                continue
            with self.subTest(".".join(path)):
                # The parser reads some keys beside certain others only: it knows the key if it does in one of these.
                contexts = [{}, {"type": "percentile"}, {"type": "hyperband"}, {"type": "curve"}, {"type": "ordinal"}, {"type": "categorical"},
                            {"type": "fixed"}, {"scale": "normal"}, {"distribution": "q_uniform"}, {"folds": 3}, {"format": "csv"}]
                self.assertTrue(any(self.knows(path, context) for context in contexts))
            count += 1
        self.assertGreater(count, 80)

    def knows(self, path: tuple, context: dict) -> bool:
        document = {"parameters": {"learning_rate": {"min": 0.1, "max": 1.0}, "x": {"min": 0.5, "max": 1.5, "prior": {"center": 1.0}}}}
        if path[0] == "train":
            document = {"parameters": {"learning_rate": {"min": 0.1, "max": 1.0}}, "train": TRAIN | {"data": dict(TRAIN["data"])}}
        if path[:2] == ("parameters", "x") and path[2] != "prior":
            document["parameters"]["x"] = {}
        if path[-1] in ("weights", "probabilities"):
            document["parameters"]["x"] = {"values": [1, 2]}
        inner = document
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        inner |= {key: value for key, value in context.items() if key != path[-1]} if path[0] in ("parameters", "early_terminate") or path[:2] == ("train", "data") else {}
        inner[path[-1]] = inner.get(path[-1], {}) if path[-1] in ("data",) else []    # of a wrong kind, mostly
        return f"{'.'.join(path)}: is not a known key" not in parse(document).stderr


if __name__ == "__main__":
    unittest.main()
