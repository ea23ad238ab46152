"""A disk that is full: 503 with a reason, nothing half done, and the service goes on when there is room again."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

from service import Client, Refused, Service

STUDY = {"name": "full", "method": "random", "seed": 1, "metric": {"name": "loss"},
         "parameters": {"x": {"type": "float", "min": 0, "max": 1}}, "budget": {"max_trials": 100000}}


def small_disk(folder: str) -> str | None:
    """Mounts one there; why not, if it cannot."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder], capture_output=True, text=True)
    return None if done.returncode == 0 else done.stderr.strip()


class FullDisk(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(lambda: pathlib.Path(self.folder).rmdir())
        missing = small_disk(self.folder)
        if missing:
            self.skipTest(f"needs the right to mount a tmpfs (root, or unshare -rm): {missing}")
        self.addCleanup(lambda: subprocess.run(["umount", self.folder], check=True))

    def test_writes_are_refused_until_there_is_room(self):
        ballast = pathlib.Path(self.folder) / "ballast"
        ballast.write_bytes(b"x" * 4_500_000)
        service = Service(pathlib.Path(self.folder))
        self.addCleanup(service.stop)
        service.start()
        client = Client(service)
        study = client.post("/studies", STUDY)["id"]
        path = f"/studies/{study}/trials"
        accepted = 0
        with self.assertRaises(Refused) as full:
            while accepted < 20_000:
                client.post(path, {"params": {"x": 0.5}, "state": "FAILED", "reason": "x" * 10_000})
                accepted += 1
        self.assertEqual(full.exception.status, 503)
        self.assertEqual(full.exception.body["code"], "io")
        self.assertRegex(full.exception.body["detail"], "full")
        self.assertEqual(client.get(f"/studies/{study}")["trial_counts"], {"FAILED": accepted}, "what was refused is not there")
        with self.assertRaises(Refused):
            client.post(path, {"params": {"x": 0.5}, "state": "FAILED", "reason": "x" * 10_000})
        ballast.unlink()
        added = client.post(path, {"params": {"x": 0.25}, "value": 1})
        self.assertEqual(added["id"], accepted + 1)
        given = client.post(f"{path}:suggest", {"client_id": "w"})["trials"][0]
        client.post(f"{path}/{given['id']}:complete", {"token": given["attempt"]["token"], "value": 2})
        service.stop()
        service.start()
        client.close()
        counts = client.get(f"/studies/{study}")["trial_counts"]
        self.assertEqual(counts, {"COMPLETED": 2, "FAILED": accepted})


if __name__ == "__main__":
    if "--unshared" not in sys.argv and subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode == 0:
        # Mounts of its own, which end with it; without being root.
        sys.exit(subprocess.run(["unshare", "-rm", sys.executable, __file__, "--unshared", *sys.argv[1:]]).returncode)
    sys.argv = [argument for argument in sys.argv if argument != "--unshared"]
    unittest.main()
