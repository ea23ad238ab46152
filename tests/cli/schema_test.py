"""The JSON Schema of the study file against the parser."""
import json
import pathlib
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
     "train": TRAIN | {"hidden": [64, 32], "early_stop": {"patience": 3}, "dropout": 0.1, "mode": "ssp", "staleness": 2}},
]
# Neither takes these; the path is the parser's.
BAD = [
    ({}, "parameters"), ({"parameters": []}, "parameters"), ({"parameters": X, "methd": "gp"}, "methd"), ({"parameters": X, "method": "anneal"}, "method"),
    ({"parameters": X, "seed": -1}, "seed"), ({"parameters": X, "seed": 1.5}, "seed"), ({"parameters": X, "budget": {"max_trials": 0}}, "budget.max_trials"),
    ({"parameters": X, "budget": {"trials": 3}}, "budget.trials"), ({"parameters": X, "metric": {"goal": "max"}}, "metric.goal"),
    ({"parameters": X, "objectives": [{"name": "a"}]}, "objectives"), ({"parameters": X, "constraints": [{"max": 3}]}, "constraints[0].name"),
    ({"parameters": X, "command": "true"}, "command"), ({"parameters": X, "command": []}, "command"),
    ({"parameters": {"x": {"type": "real", "min": 0, "max": 1}}}, "parameters.x.type"), ({"parameters": {"x": {"values": []}}}, "parameters.x.values"),
    ({"parameters": {"x": {"min": 0, "max": 1, "step": 0}}}, "parameters.x.step"), ({"parameters": {"x": {"min": "a", "max": 1}}}, "parameters.x.min"),
    ({"parameters": {"x": {"value": None}}}, "parameters.x.value"), ({"parameters": X | {"y": {"value": 1, "when": {}}}}, "parameters.y.when"),
    ({"parameters": X, "early_terminate": {}}, "early_terminate.type"), ({"parameters": X, "train": {"data": {}}}, "train.data.path"),
    ({"parameters": {"learning_rate": X["x"]}, "train": TRAIN | {"workers": 0}}, "train.workers"),
    ({"parameters": {"learning_rate": X["x"]}, "train": TRAIN | {"optimizr": "adam"}}, "train.optimizr"),
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
