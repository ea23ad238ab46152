"""`cmake --install` to a folder, which is then moved: the programs run there, and a project finds its libraries."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from support import DATA

BUILD = os.environ["KRIGE_BUILD_DIR"]
CONSUMER = pathlib.Path(__file__).resolve().parent / "consumer"
JOB = """
model: softmax
data: {{path: {path}, label: digit, validation: 0.2}}
epochs: 3
workers: 2
"""


def run(*command, **options) -> str:
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="krige-install-")
        top = pathlib.Path(cls.folder.name)
        run("cmake", "--install", BUILD, "--prefix", top / "first")
        cls.prefix = (top / "first").rename(top / "moved")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_programs_find_each_other_where_they_were_moved(self):
        krige = self.prefix / "bin" / "krige"
        self.assertIn("krige-trainer", run(krige, "version", "--verbose"))
        job = self.prefix / "job.yaml"
        job.write_text(JOB.format(path=DATA / "digits.csv.gz"))
        self.assertIn("accuracy", run(krige, "train", job, "--json", env=os.environ | {"KRIGE_CACHE_DIR": str(self.prefix / "cache")}))

    def test_headers_include_what_is_installed_and_no_eigen(self):
        include = self.prefix / "include" / "krige"
        headers = [*include.rglob("*.h")]
        self.assertGreater(len(headers), 20)
        for header in headers:
            text = header.read_text()
            self.assertNotIn("#include <Eigen", text, header)
            for ours in re.findall(r'#include "([^"]+)"', text):
                self.assertTrue((include / ours).is_file(), f"{header} includes {ours}")

    def test_another_project_uses_the_libraries(self):
        build = self.prefix / "consumer"
        run("cmake", "-G", "Ninja", "-S", CONSUMER, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DCMAKE_BUILD_TYPE=Release")
        run("cmake", "--build", build)
        self.assertRegex(run(build / "process"), r"krige::gp \(.+\): \S+")
        self.assertRegex(run(build / "study"), r"krige::tuner: \S+ after 12 trials")

    def test_another_version_is_refused(self):
        project = self.prefix / "older"
        project.mkdir()
        (project / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.25)\nproject(older LANGUAGES NONE)\nfind_package(krige 9.0 REQUIRED)\n")
        with self.assertRaisesRegex(AssertionError, r"compatible\s+with requested"):
            run("cmake", "-G", "Ninja", "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={self.prefix}")


if __name__ == "__main__":
    unittest.main()
