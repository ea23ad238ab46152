"""The Debian packages of this build: unpacked into a folder and used from there by somebody who is not root."""
import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["KRIGE_BUILD_DIR"])
# Ascending; empty where the build has one instruction set.
LEVELS = [level for level in os.environ["KRIGE_LEVELS"].split(",") if level]
OWN_LEVEL = os.environ["KRIGE_OWN_LEVEL"]
# What the loader must take the processor not to have, for it to choose a level.
WITHOUT = {"x86-64": "glibc.cpu.hwcaps=-AVX512F,-AVX2", "x86-64-v3": "glibc.cpu.hwcaps=-AVX512F", "x86-64-v4": ""}
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
DEADLINE = 120


def run(*command, **options) -> subprocess.CompletedProcess:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=DEADLINE, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


class Deb(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="krige-deb-")
        top = pathlib.Path(cls.folder.name)
        run("cpack", "-G", "DEB", "-B", top / "packages", cwd=BUILD)
        cls.packages = {path.name.split("_")[0]: path for path in (top / "packages").glob("*.deb")}
        cls.root = top / "root"
        run("dpkg-deb", "-x", cls.packages["krige"], cls.root)
        cls.home = top / "home"
        cls.home.mkdir()
        if os.geteuid() == 0:
            top.chmod(0o755)
            os.chown(cls.home, 65534, 65534)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def environment(self, level: str = "", **more: str) -> dict:
        environment = {"HOME": str(self.home), "PATH": f"{self.root}/usr/bin:/usr/bin:/bin", **more}
        return environment | ({"GLIBC_TUNABLES": WITHOUT[level]} if level else {})

    def command(self, *arguments) -> list[str]:
        as_nobody = NOBODY if os.geteuid() == 0 else []
        return [*as_nobody, str(self.root / "usr" / "bin" / "krige"), *map(str, arguments)]

    def krige(self, *arguments, **options) -> subprocess.CompletedProcess:
        return run(*self.command(*arguments), cwd=self.home, **{"env": self.environment()} | options)

    def examples(self) -> pathlib.Path:
        return self.root / "usr" / "share" / "doc" / "krige" / "examples"

    def test_a_sweep_of_the_example_runs_from_where_it_was_unpacked(self):
        done = self.krige("sweep", self.examples() / "digits.yaml", "--max-trials", "4", "--json")
        trials = json.loads(done.stdout)["trials"]
        self.assertEqual(["COMPLETED"] * 4, [trial["state"] for trial in trials], done.stderr)

    def test_the_service_answers_and_shows_its_page(self):
        server = subprocess.Popen(self.command("serve", "--listen", "127.0.0.1:0", "--no-auth", "--data-root", self.examples()), cwd=self.home,
                                  env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            url = re.search(r"https?://\S+", server.stdout.readline()).group(0).rstrip("/")
            study = self.krige("study", "create", self.examples() / "digits.yaml", "--server", url).stdout.strip()
            listed = json.loads(run("curl", "-fsS", f"{url}/api/v1/studies").stdout)["studies"]
            self.assertEqual([study], [one["id"] for one in listed])
            self.assertIn("<script", run("curl", "-fsS", url + "/").stdout)
        finally:
            server.terminate()
            server.communicate(timeout=DEADLINE)

    def test_the_loader_takes_the_library_of_the_processors_level(self):
        if not LEVELS:
            self.skipTest("this build has one instruction set")
        for level in LEVELS[:LEVELS.index(OWN_LEVEL) + 1]:
            below = "" if level == "x86-64" else f"glibc-hwcaps/{level}/"
            done = self.krige("version", "--verbose", env=self.environment(level, LD_DEBUG="libs"))
            for library in ("gp", "dense"):
                loaded = re.findall(rf"calling init: (\S*/libkrige-{library}\.so\S*)", done.stderr)
                expected = self.root / "usr" / "lib" / "krige" / below
                self.assertEqual([str(expected)], [str(pathlib.Path(os.path.normpath(path)).parent) for path in loaded], level)
            says = done.stdout.splitlines()
            self.assertEqual([level] * 2, [re.search(r"\((x86-64[-v\d]*)", line).group(1) for line in says], done.stdout)

    def test_every_level_trains(self):
        job = self.home / "job.yaml"
        job.write_text(f"model: mlp\ndata: {{path: {self.examples()}/data/digits.csv.gz, label: digit, validation: 0.2}}\n"
                       "epochs: 10\nhidden: 64\noptimizer: adam\nlearning_rate: 0.01\nworkers: 2\n")
        for level in LEVELS[:LEVELS.index(OWN_LEVEL) + 1] or [""]:
            records = self.krige("train", job, "--json", env=self.environment(level)).stdout.splitlines()
            self.assertGreater(json.loads(records[-1])["accuracy"], 0.95, level)

    def test_dependencies_are_computed_and_none_is_our_own(self):
        depends = run("dpkg-deb", "-f", self.packages["krige"], "Depends").stdout
        for package in ("libc6 (>=", "libstdc++6", "libnlopt0", "libsoci-sqlite3"):
            self.assertIn(package, depends)
        self.assertNotIn("libkrige", depends)
        self.assertIn("krige (= ", run("dpkg-deb", "-f", self.packages["krige-dev"], "Depends").stdout)

    def test_the_manual_page_is_without_a_fault(self):
        page = self.root / "usr" / "share" / "man" / "man1" / "krige.1.gz"
        done = run("man", "--warnings", "-l", page, env=self.environment(MANPAGER="cat", LC_ALL="C.UTF-8", MANWIDTH="120"))
        self.assertEqual("", done.stderr)
        for command in ("krige sweep", "krige serve", "--version"):
            self.assertIn(command, done.stdout)
        if shutil.which("mandoc"):
            run("mandoc", "-Tlint", "-Werror", page)   # what it warns of is that the page has no date
        self.assertIn(b"krige 0.", gzip.decompress(page.read_bytes()))

    def test_bash_completes_commands(self):
        script = self.root / "usr" / "share" / "bash-completion" / "completions" / "krige"
        done = run("bash", "-c", 'source "$1"; COMP_WORDS=(krige swe); COMP_CWORD=1; _krige; echo "${COMPREPLY[@]}"', "bash", script)
        self.assertEqual("sweep", done.stdout.strip())

    def test_the_unit_is_valid_and_exposes_little(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("there is no systemd-analyze")
        unit = self.root / "usr" / "lib" / "systemd" / "system" / "krige.service"
        # verify wants the programs that a unit names: here they are below the root it was unpacked to.
        here = self.home.parent / "krige.service"
        here.write_text(unit.read_text().replace("/usr/bin/krige", f"{self.root}/usr/bin/krige"))
        done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", here)
        self.assertEqual("", done.stderr)
        run("systemd-analyze", "security", "--offline=yes", "--threshold=20", here)   # exposure 2.0 of 10

    def test_lintian_finds_no_error(self):
        if not shutil.which("lintian"):
            self.skipTest("there is no lintian")
        done = subprocess.run(["lintian", "--fail-on", "error", "--allow-root", "--suppress-tags", "bogus-mail-host,bogus-mail-host-in-debian-changelog", *map(str, self.packages.values())], capture_output=True, text=True,
                              timeout=DEADLINE)
        self.assertEqual(0, done.returncode, done.stdout)


if __name__ == "__main__":
    unittest.main()
