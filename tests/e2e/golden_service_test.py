"""Stores that services of earlier versions left are opened by this one for ever: whatever was in them is there, and their studies
go on. `python3 golden_service_test.py write` makes the one of the present version, when it has changed (KRIGE_BIN_DIR as for the tests)."""
import json
import pathlib
import shutil
import sys
import tempfile
import unittest

from support import ROOT, run, serving

GOLDEN = ROOT / "tests" / "golden" / "service"
VERSION = 3    # of the store that write() makes
SPACE = {"x": {"type": "float", "min": 1e-4, "max": 1, "scale": "log"}, "kind": {"values": ["a", "b"]},
         "depth": {"type": "int", "min": 1, "max": 9, "when": {"kind": "a"}}}
STUDIES = [
    {"name": "modelled", "method": "gp", "seed": 1, "metric": {"name": "loss"}, "parameters": SPACE, "budget": {"max_trials": 40}},
    {"name": "several", "method": "random", "seed": 2, "objectives": [{"name": "loss"}, {"name": "cost", "goal": "maximize"}],
     "constraints": [{"name": "size", "max": 5}], "parameters": SPACE, "budget": {"max_trials": 40}},
    {"name": "stopped early", "method": "sobol", "seed": 3, "metric": {"name": "loss", "reduce": "best"}, "parameters": SPACE, "retries": 1,
     "early_terminate": {"type": "asha", "min_iter": 1}, "budget": {"max_trials": 40, "max_time": "9h"}},
    {"name": "over", "method": "grid", "seed": 4, "metric": {"name": "loss", "goal": "maximize"},
     "parameters": {"x": {"type": "ordinal", "values": [1, 2, 3]}}, "budget": {"max_trials": 3}},
]


def loss(params: dict) -> float:
    return (params["x"] - 0.1) ** 2 + (params["kind"] == "b") / 4 + params.get("depth", 0) / 50


def seen(server) -> dict:
    """All that clients can read, by the studies' ids."""
    out = {}
    for study in server.call("/studies?page_size=1000")["studies"]:
        path = f"/studies/{study['id']}"
        view = server.call(path)
        view.pop("active_ms")
        out[study["id"]] = {"study": view, "trials": [server.call(f"{path}/trials/{trial['id']}") for trial in server.trials(study["id"])],
                            "optimal": server.call(f"{path}/trials:optimal")["trials"]}
    return out


def write():
    with tempfile.TemporaryDirectory() as folder:
        with serving(pathlib.Path(folder) / "data") as server:
            for file in STUDIES:
                path = f"/studies/{server.call('/studies', file)['id']}"
                if file["name"] != "over":
                    server.call(f"{path}/trials", {"params": {"x": 0.5, "kind": "a", "depth": 3}})
                    server.call(f"{path}/trials", {"params": {"x": 0.25, "kind": "b"}, "state": "INFEASIBLE", "reason": "out of memory"})
                    server.call(f"{path}/trials", {"params": {"x": 0.75, "kind": "b"}, "state": "CANCELLED", "reason": "a veto"})
                for turn in range(16 if file["name"] != "over" else 3):
                    trial = server.call(f"{path}/trials:suggest", {"client_id": f"w{turn % 3}", "timeout_ms": 30_000})["trials"][0]
                    at, token = f"{path}/trials/{trial['id']}", trial["attempt"]["token"]
                    metrics = {"loss": loss(trial["params"]) if file["name"] != "over" else trial["params"]["x"], "cost": turn, "size": turn / 2}
                    for step in range(1, 4):
                        if server.call(f"{at}:report", {"token": token, "step": step, "metrics": metrics})["should_stop"]:
                            break
                    end = {"state": "FAILED", "reason": "a chance"} if turn == 7 else {"metrics": metrics}
                    server.call(f"{at}:complete", {"token": token} | end)
                if file["name"] != "over":
                    server.call(f"{path}/trials:suggest", {"client_id": "holds", "timeout_ms": 30_000})
                    server.call(f"{path}:pause", {})
            GOLDEN.mkdir(exist_ok=True)
            (GOLDEN / f"v{VERSION}.json").write_text(json.dumps(seen(server), indent=1) + "\n")
            backup = GOLDEN / f"v{VERSION}.sqlite"
            backup.unlink(missing_ok=True)
            made = run("backup", str(backup), "--data-dir", str(pathlib.Path(folder) / "data"))
            assert made.returncode == 0, made.stderr


class GoldenServices(unittest.TestCase):
    def holds(self, before, now, path: str):
        """What was there is there; later versions may tell more."""
        if isinstance(before, dict) and isinstance(now, dict):
            for key, value in before.items():
                self.assertIn(key, now, path)
                self.holds(value, now[key], f"{path}.{key}")
        elif isinstance(before, list) and isinstance(now, list):
            self.assertEqual(len(before), len(now), path)
            for i, (one, other) in enumerate(zip(before, now)):
                self.holds(one, other, f"{path}[{i}]")
        else:
            self.assertEqual(before, now, path)

    def test_what_earlier_services_kept_is_there_and_goes_on(self):
        stores = sorted(GOLDEN.glob("*.sqlite"))
        self.assertGreaterEqual(len(stores), 1)
        for store in stores:
            with self.subTest(store.name), tempfile.TemporaryDirectory() as folder:
                data = pathlib.Path(folder) / "data"
                data.mkdir(mode=0o700)
                shutil.copy(store, data / "krige.sqlite")
                with serving(data) as server:
                    before, now = json.loads(store.with_suffix(".json").read_text()), seen(server)
                    self.holds(before, now, store.name)
                    for study, kept in before.items():
                        if kept["study"]["state"] == "PAUSED":
                            self.goes_on(server, study)

    def goes_on(self, server, study: str):
        path = f"/studies/{study}"
        self.assertEqual(server.call(f"{path}:resume", {})["state"], "ACTIVE")
        held = [t for t in server.trials(study) if t["state"] == "RUNNING"]
        self.assertEqual(len(held), 1)
        again = server.call(f"{path}/trials:suggest", {"client_id": "holds", "timeout_ms": 30_000})["trials"][0]
        self.assertEqual((again["id"], again["params"]), (held[0]["id"], held[0]["params"]))
        new = server.call(f"{path}/trials:suggest", {"client_id": "new", "timeout_ms": 30_000})["trials"][0]
        metrics = {"loss": loss(new["params"]), "cost": 1, "size": 1}
        for trial in (again, new):
            ended = server.call(f"{path}/trials/{trial['id']}:complete", {"token": trial["attempt"]["token"], "metrics": metrics})
            self.assertIn(ended["state"], ("COMPLETED", "PRUNED"))


if __name__ == "__main__":
    if sys.argv[1:] == ["write"]:
        write()
    else:
        unittest.main()
