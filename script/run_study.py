#!/usr/bin/env python3
"""Starts a study by REST and shows its progress until it ends: run_study.py URL FILE KRIGE TOKEN_FILE."""
import json
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request

FINISHED = ("COMPLETED", "PRUNED", "INFEASIBLE", "FAILED")
ENDED = ("COMPLETED", "STOPPED", "FAILED")


def call(url: str, token: str, body: str | None = None) -> dict:
    request = urllib.request.Request(url, data=body.encode() if body is not None else None,
                                     headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        faults = "".join(f"\n  {e['field']}: {e['message']}" for e in problem.get("errors", []))
        sys.exit(f"{problem.get('detail', error)}{faults}")


def progress(study: dict, elapsed: float) -> str:
    done = sum(study["trial_counts"].get(state, 0) for state in FINISHED)
    total = study["spec"]["budget"].get("max_trials")
    text = f"trial {done} of {total}" if total else f"trial {done}"
    if study["best"]:
        text += f"   best so far {study['best']['value']:.4f} (trial {study['best']['trial']})"
    if total and 0 < done < total:
        text += f"   {elapsed / done * (total - done):.0f} s left"
    return text


def main() -> int:
    url, file, krige, token_file = sys.argv[1:]
    token = pathlib.Path(token_file).read_text().strip()
    canonical = subprocess.run([krige, "validate", "--json", file], stdout=subprocess.PIPE, text=True)
    if canonical.returncode != 0:
        return canonical.returncode
    studies = f"{url}/api/v1/studies"
    study = call(studies, token, canonical.stdout)
    print(f"demo: study {study['name']} is {url}/studies/{study['id']}", flush=True)
    start, shown, terminal = time.monotonic(), "", sys.stdout.isatty()
    while True:
        study = call(f"{studies}/{study['id']}", token)
        text = progress(study, time.monotonic() - start)
        if terminal:
            print(f"\r\033[K{text}", end="", flush=True)
        elif text.split("   ")[0] != shown.split("   ")[0]:
            print(text, flush=True)
        shown = text
        if study["state"] in ENDED:
            break
        time.sleep(0.25)
    seconds = time.monotonic() - start
    print(("\n" if terminal else "") + f"\nThe study is {study['state']} ({study['state_reason']}) after {seconds:.0f} s.")
    if not study["best"]:
        print("No trial was completed.")
        return 1
    metric, best = study["spec"]["metric"]["name"], study["best"]
    print(f"Best {metric}: {best['value']:.4f} by trial {best['trial']}, with")
    width = max(map(len, best["params"]))
    for name, value in best["params"].items():
        print(f"  {name:<{width}}  {value:.4g}" if isinstance(value, float) else f"  {name:<{width}}  {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
