"""Workers outside under load, some killed: exactly max_trials, all points distinct, totals that match (after Orion's stress
test)."""
import collections
import json
import multiprocessing
import pathlib
import random
import signal
import tempfile
import unittest

from service import Client, Refused, Service
from support import DEADLINE, wait_for

WORKERS = 8
KILLED = 2
MAX_TRIALS = 400
STUDY = {"name": "stress", "method": "random", "seed": 11, "metric": {"name": "loss"},
         "parameters": {"x": {"type": "float", "min": 0, "max": 1}, "k": {"type": "int", "min": 1, "max": 1000}},
         "budget": {"max_trials": MAX_TRIALS}}


def work(service: Service, study: str, name: str, told: pathlib.Path):
    """Asks and completes until the study has ended; tells each result that was accepted."""
    client = Client(service)
    path = f"/studies/{study}/trials"
    done = told.open("w", buffering=1)
    while True:
        try:
            for trial in client.post(f"{path}:suggest", {"client_id": name, "count": 2, "timeout_ms": 200})["trials"]:
                token = trial["attempt"]["token"]
                client.post(f"{path}/{trial['id']}:report", {"token": token, "step": 1, "metrics": {"loss": 1}})
                client.post(f"{path}/{trial['id']}:complete", {"token": token, "value": trial["params"]["x"]})
                done.write(f"{trial['id']}\n")
        except Refused as refused:
            if refused.body["code"] == "study_finished":
                return
            if refused.body["code"] not in ("stale_token", "trial_finished"):
                raise


class OutsideWorkers(unittest.TestCase):
    def test_exactly_max_trials_distinct_points_and_matching_totals(self):
        with tempfile.TemporaryDirectory() as folder:
            service = Service(pathlib.Path(folder), lease_ms=500)
            workers = []
            try:
                service.start()
                client = Client(service)
                study = client.post("/studies", STUDY)["id"]
                for i in range(WORKERS):
                    workers.append(multiprocessing.Process(target=work, args=(service, study, f"w{i}", pathlib.Path(folder) / f"w{i}"), daemon=True))
                    workers[-1].start()
                chance = random.Random(2026)
                for victim in chance.sample(workers, KILLED):
                    goal = len(self.completed(client, study)) + chance.randrange(20, 80)
                    wait_for("progress", lambda: len(self.completed(client, study)) >= goal)
                    victim.kill()
                wait_for("the study's end", lambda: client.get(f"/studies/{study}")["state"] == "COMPLETED")
                for worker in workers:
                    worker.join(DEADLINE)
                    self.assertIn(worker.exitcode, (0, -signal.SIGKILL))
                self.assertEqual([w.exitcode for w in workers].count(-signal.SIGKILL), KILLED)
                self.check(client, study, pathlib.Path(folder))
            finally:
                for worker in workers:
                    worker.kill()
                service.stop()

    @staticmethod
    def completed(client: Client, study: str) -> list[dict]:
        return client.get(f"/studies/{study}/trials?page_size=1000&state=COMPLETED")["trials"]

    def check(self, client: Client, study: str, folder: pathlib.Path):
        trials = client.get(f"/studies/{study}/trials?page_size=1000")["trials"]
        self.assertEqual(len(trials), MAX_TRIALS)
        self.assertEqual({t["state"] for t in trials}, {"COMPLETED"})
        self.assertEqual(len({json.dumps(t["params"]) for t in trials}), MAX_TRIALS)
        told = [(f"w{i}", int(line)) for i in range(WORKERS) for line in (folder / f"w{i}").read_text().split()]
        self.assertEqual(len(told), len({trial for _, trial in told}), "each trial took one result")
        winners = collections.Counter(t["attempts"][-1]["worker"] for t in trials)
        by_worker = collections.Counter(name for name, _ in told)
        self.assertEqual(sum(winners.values()), MAX_TRIALS)
        for name, count in by_worker.items():
            # A worker that was killed may have been so between the answer and telling of it.
            self.assertLessEqual(winners[name] - count, 1, name)
            self.assertGreaterEqual(winners[name], count, name)
        lost = [a["worker"] for t in trials for a in t["attempts"] if a["state"] == "LOST"]
        self.assertLessEqual(len(set(lost)), KILLED, f"only who was killed lost anything: {lost}")


if __name__ == "__main__":
    unittest.main()
