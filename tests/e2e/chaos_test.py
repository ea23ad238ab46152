"""Everything at once: the service is killed again and again, workers are killed or held longer than their lease, while others
follow the events. At the end every study is whole. KRIGE_CHAOS_SECONDS: how long; KRIGE_CHAOS_SEED: who is next, and when."""
import collections
import json
import multiprocessing
import os
import pathlib
import random
import signal
import tempfile
import threading
import time
import unittest

from service import GONE, Client, Refused, Service
from support import DEADLINE, wait_for

SECONDS = float(os.environ.get("KRIGE_CHAOS_SECONDS", "12"))
SEED = int(os.environ.get("KRIGE_CHAOS_SEED", "1"))
LEASE_MS = 400
WORKERS = 5
SPACE = {"x": {"type": "float", "min": 0, "max": 1}, "k": {"type": "int", "min": 1, "max": 1000}}
STUDIES = [
    {"name": "random", "method": "random", "seed": 1, "metric": {"name": "loss"}, "parameters": SPACE, "retries": 1},
    {"name": "model", "method": "gp", "seed": 2, "metric": {"name": "loss"}, "parameters": SPACE},
    {"name": "halving", "method": "sobol", "seed": 3, "metric": {"name": "loss", "reduce": "best"}, "parameters": SPACE,
     "early_terminate": {"type": "asha", "min_iter": 1}},
    {"name": "several", "method": "random", "seed": 4, "objectives": [{"name": "loss"}, {"name": "cost"}],
     "constraints": [{"name": "size", "max": 900}], "parameters": SPACE},
]
FAULTS = ("service", "worker", "pause")    # who is killed, or held
FINAL = ("COMPLETED", "PRUNED", "FAILED", "INFEASIBLE")
NO_LONGER_MINE = ("stale_token", "trial_finished", "study_finished", "conflict")


def again(call):
    """Until it is answered: the service comes back."""
    while True:
        try:
            return call()
        except GONE:
            time.sleep(0.01)


def work(service: Service, name: str, told: pathlib.Path, seed: int):
    """One worker: asks every study in turn, reports, ends its trials, and tells each end that was answered."""
    chance = random.Random(seed)
    client, done, number = Client(service), told.open("a", buffering=1), 0

    def post(path: str, body: dict, key: bool = True) -> dict:
        nonlocal number
        number += 1
        return again(lambda: client.post(path, body, key=f"{name}-{number}" if key else ""))

    def run(path: str, trial: dict):
        token, at = trial["attempt"]["token"], f"{path}/{trial['id']}"
        metrics = {"loss": trial["params"]["x"], "cost": 1 - trial["params"]["x"], "size": trial["params"]["k"]}
        for step in range(1, chance.randrange(1, 5)):
            if post(f"{at}:report", {"token": token, "step": step, "metrics": metrics}, key=False)["should_stop"]:
                break
        end = {"state": "FAILED", "reason": "chance"} if chance.random() < 0.05 else {"metrics": metrics}
        answer = post(f"{at}:complete", {"token": token} | end)
        done.write(json.dumps([path, trial["id"], answer["state"]]) + "\n")

    while True:
        for study in again(lambda: client.get("/studies?page_size=100"))["studies"]:
            path = f"/studies/{study['id']}/trials"
            if study["state"] != "ACTIVE":
                continue
            try:
                given = post(f"{path}:suggest", {"client_id": name, "count": chance.randrange(1, 3), "timeout_ms": 300}, key=False)
            except Refused as refused:
                if refused.body["code"] not in NO_LONGER_MINE:
                    raise
                continue
            for trial in given["trials"]:
                try:
                    run(path, trial)
                except Refused as refused:
                    if refused.body["code"] not in NO_LONGER_MINE:
                        raise


class Follower(threading.Thread):
    """The events of a study, over all ends of the service: what it has seen is all there was, in order, once."""

    def __init__(self, service: Service, study: str):
        super().__init__(daemon=True)
        self.service, self.study, self.seen, self.fault, self.enough = service, study, 0, "", threading.Event()
        self.start()

    def run(self):
        while not self.enough.is_set() and not self.fault:
            client = Client(self.service)
            try:
                self.follow(client)
            except GONE:
                time.sleep(0.01)
            finally:
                client.close()

    def follow(self, client: Client):
        connection = client.connect(timeout=2)
        connection.request("GET", f"/api/v1/studies/{self.study}/events", headers={"Last-Event-ID": str(self.seen)})
        response = connection.getresponse()
        while not self.enough.is_set() and not self.fault and (line := response.readline()):
            if line.startswith(b"event: reset"):
                self.fault = f"reset behind {self.seen}"
            if line.startswith(b"id:"):
                seq = int(line[3:])
                if seq != self.seen + 1:
                    self.fault = f"{seq} behind {self.seen}"
                self.seen = seq


class Chaos(unittest.TestCase):
    def test_every_study_ends_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            self.folder = pathlib.Path(folder)
            self.service = Service(self.folder, LEASE_MS)
            client = Client(self.service)
            self.workers, self.names, self.studies, self.followers = [], 0, {}, {}
            try:
                self.assertTrue(self.service.start())
                self.rounds(client)
                self.drain(client)
                for study, file in self.studies.items():
                    with self.subTest(file["name"]):
                        self.check(client, study, file["budget"]["max_trials"])
            finally:
                for worker in self.workers:
                    worker.kill()
                    worker.join()
                for follower in self.followers.values():
                    follower.enough.set()
                self.service.stop()
                for follower in self.followers.values():
                    follower.join(DEADLINE)
                client.close()

    def start_worker(self):
        self.names += 1
        name = f"w{self.names}"
        worker = multiprocessing.Process(target=work, args=(self.service, name, self.folder / f"told-{name}", SEED * 1000 + self.names),
                                         daemon=True)
        worker.start()
        self.workers.append(worker)

    def rounds(self, client: Client):
        """Faults until the time is over; a study that has ended makes room for another."""
        chance = random.Random(SEED)
        for _ in range(WORKERS):
            self.start_worker()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            active = again(lambda: client.get("/studies?page_size=1000"))["studies"]
            running = {s["name"] for s in active if s["state"] == "ACTIVE"}
            for file in STUDIES:
                if file["name"] not in running:
                    file = file | {"budget": {"max_trials": chance.randrange(20, 60)}}
                    made = again(lambda: client.post("/studies", file, key=f"study-{len(self.studies)}"))["id"]
                    self.studies[made] = file
                    self.followers[made] = Follower(self.service, made)
            for what in chance.sample(FAULTS, len(FAULTS)):
                self.fault(chance, what)

    def fault(self, chance: random.Random, what: str):
        time.sleep(chance.uniform(0.02, 0.3))
        if what == "service":
            self.service.kill()
            self.assertTrue(self.service.start())
            return
        worker = chance.choice([w for w in self.workers if w.is_alive()])
        if what == "worker":
            worker.kill()
            worker.join()
            self.start_worker()
        else:    # for longer than its lease: what it says then is late
            os.kill(worker.pid, signal.SIGSTOP)
            time.sleep(1.5 * LEASE_MS / 1000)
            os.kill(worker.pid, signal.SIGCONT)

    def drain(self, client: Client):
        def ended():
            self.assertTrue(all(w.is_alive() or w.exitcode == -signal.SIGKILL for w in self.workers), "a worker was told nonsense")
            studies = again(lambda: client.get("/studies?page_size=1000"))["studies"]
            return all(study["state"] == "COMPLETED" for study in studies)
        wait_for("every study's end", ended)

    def check(self, client: Client, study: str, max_trials: int):
        view = client.get(f"/studies/{study}")
        self.assertEqual(view["state_reason"], "max_trials")
        trials = client.get(f"/studies/{study}/trials?page_size=1000")["trials"]
        self.assertEqual([t["id"] for t in trials], list(range(1, len(trials) + 1)))
        states = collections.Counter(t["state"] for t in trials)
        self.assertEqual(states, view["trial_counts"])
        self.assertEqual(sum(states.values()), max_trials, states)
        self.assertLessEqual(set(states), set(FINAL))
        self.assertEqual(len({json.dumps(t["params"]) for t in trials}), len(trials), "all points are distinct")
        for trial in trials:
            ends = collections.Counter(a["state"] for a in trial["attempts"])
            # Of one that was asked to stop the worker may have died.
            stopped = trial["state"] == "PRUNED" and trial["attempts"][-1]["state"] == "CANCELLED"
            self.assertEqual(ends["SUCCEEDED"], trial["state"] != "FAILED" and not stopped, trial)
            self.assertLessEqual(set(ends), {"SUCCEEDED", "FAILED", "LOST"} | ({"CANCELLED"} if stopped else set()), trial)
        # What was answered is kept, and nobody else's result was taken for it.
        told = [json.loads(line) for file in self.folder.glob("told-*") for line in file.read_text().splitlines()]
        kept = {f"/studies/{study}/trials {t['id']}": t["state"] for t in trials}
        once = collections.Counter(f"{path} {trial}" for path, trial, state in told if state in ("COMPLETED", "PRUNED"))
        for path, trial, state in told:
            name = f"{path} {trial}"
            if name in kept and state in ("COMPLETED", "PRUNED"):
                self.assertEqual((kept[name], once[name]), (state, 1), name)
        # Its events are all there, and were all seen.
        follower = self.followers[study]
        wait_for("the last event", lambda: follower.fault or follower.seen == view["seq"])
        self.assertEqual(follower.fault, "")


if __name__ == "__main__":
    unittest.main()
