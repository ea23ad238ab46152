"""The package as pip installs it from the tree, without a network."""
import importlib.metadata
import importlib.util
import pathlib
import subprocess
import sys
import tempfile
import unittest

from support import KRIGE, ROOT

# Not imported: pip and setuptools quarrel about who replaces distutils first.
missing = [name for name in ("pip", "setuptools", "wheel") if importlib.util.find_spec(name) is None]
if missing or int(importlib.metadata.version("setuptools").split(".")[0]) < 61:    # the first that reads [project]
    print(f"skipped: needs pip, wheel and setuptools 61; missing or older: {', '.join(missing) or 'setuptools'}")
    sys.exit(77)

PROGRAM = """
import krige, importlib.resources
assert krige.__file__.startswith({target!r}), krige.__file__
assert importlib.resources.files("krige").joinpath("py.typed").is_file()
print(krige.minimize(lambda p: (p["x"] - 0.5)**2, {{"x": {{"type": "float", "min": 0, "max": 1}}}}, 8, program={program!r}).value)
"""


class Package(unittest.TestCase):
    def test_it_is_installed_from_the_tree_and_works(self):
        with tempfile.TemporaryDirectory() as folder:
            # From a copy: setuptools builds in the source folder.
            source, target = f"{folder}/source", f"{folder}/target"
            subprocess.run(["cp", "-r", str(ROOT / "clients" / "python"), source], check=True)
            installed = subprocess.run([sys.executable, "-m", "pip", "install", "--no-index", "--no-build-isolation", "--no-deps", "--quiet",
                                        "--target", target, source], capture_output=True, text=True, timeout=100)
            self.assertEqual(installed.returncode, 0, installed.stderr)
            self.assertIn("py.typed", [path.name for path in pathlib.Path(target, "krige").iterdir()])
            ran = subprocess.run([sys.executable, "-c", PROGRAM.format(target=target, program=KRIGE)], capture_output=True, text=True, timeout=60,
                                 env={"PYTHONPATH": target})
            self.assertEqual(ran.returncode, 0, ran.stderr)
            self.assertLess(float(ran.stdout), 0.01)


if __name__ == "__main__":
    unittest.main()
