#!/usr/bin/env python3
"""Fails when a file includes what the folders' directions forbid (docs/architecture.md)."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Which folders the files of a folder may include, besides their own.
ALLOWED = {
    "base": set(),
    "gp": {"base"},
    "tuner": {"base", "gp"},
    "trainer": {"base"},
    "server": {"base", "tuner", "web"},
    "cli": {"base", "gp", "tuner", "server", "web"},
    "bench": {"base", "gp", "tuner", "trainer"},
}
# Of these, only some headers are public.
PUBLIC_ONLY = {("cli", "server"): {"server/server.h", "server/auth/token_store.h"}}
# A library belongs to the folders that need it: pattern of the include, and where it may stand.
LIBRARIES = [
    (r"httplib\.h", ("server/", "cli/")),
    (r"soci/|sqlite3\.h|libpq", ("tuner/storage/",)),
    (r"boost/process", ("tuner/executors/",)),
    (r"yaml-cpp/", ("tuner/spec/",)),
    (r"re2/", ("tuner/spec/",)),
    (r"CLI/", ("cli/", "server/", "bench/")),
    (r"spdlog/", ("cli/", "server/")),
    (r"nlopt", ("gp/",)),
    (r"prometheus/", ("server/metrics/",)),
    (r"openssl/", ("server/",)),
    (r"dlib/", ("bench/competitors/",)),
    (r"lbfgs", ("trainer/optimizers/",)),
]
# The Gaussian process is usable alone: no JSON, SQL or threads; samplers get trials as values.
FORBIDDEN = [
    (r"gp/", r"nlohmann|soci|sqlite|<thread>|<mutex>|base/json\.h|base/log\.h"),
    (r"tuner/samplers/", r"tuner/storage|tuner/study|tuner/executors"),
    (r"tuner/(space|spec|trial)/", r"tuner/(storage|study|executors|samplers)|gp/"),
]
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.M)


def faults_of(path: pathlib.Path) -> list[str]:
    name = path.relative_to(ROOT).as_posix()
    folder = name.split("/")[0]
    faults = []
    for include in INCLUDE.findall(path.read_text()):
        target = include.split("/")[0]
        if target in ALLOWED and target != folder and target not in ALLOWED[folder]:
            faults.append(f"{name} includes {include}: {folder} may not use {target}")
        public = PUBLIC_ONLY.get((folder, target))
        if public is not None and include not in public:
            faults.append(f"{name} includes {include}: only {', '.join(sorted(public))} is public")
        for pattern, homes in LIBRARIES:
            if re.match(pattern, include) and not name.startswith(homes):
                faults.append(f"{name} includes {include}, which belongs to {', '.join(homes)}")
        for where, what in FORBIDDEN:
            if re.match(where, name) and re.search(what, include):
                faults.append(f"{name} includes {include}, which its folder must not know")
        if include.endswith(".cc"):
            faults.append(f"{name} includes the source {include}")
    return faults


def main() -> int:
    files = [p for folder in ALLOWED for ext in ("h", "cc") for p in (ROOT / folder).rglob(f"*.{ext}")
             if "node_modules" not in p.parts]
    faults = [fault for path in files for fault in faults_of(path)]
    print("\n".join(faults) or f"{len(files)} files include only what they may")
    return 1 if faults or len(files) < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
