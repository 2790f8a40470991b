"""Runs every example and compares what it prints with examples/expected/<name>.txt.

`python3 .ci/examples.py --update` writes those files instead of comparing.

Each example runs in a copy of the tree of its own, from its root, for at most a minute, and ends
with status 0. Only stdout is compared; durations, instants, rates and run ids may differ. The
examples are those that `cargo test --workspace` has built already.
"""

import difflib
import json
import subprocess
import sys
import time

from workspace import ROOT, environment, members, metadata, normalised, scratch_copy

PACKAGES = {"godata-examples", "full-examples", "custom-store"}
EXPECTED = ROOT / "examples" / "expected"
LIMIT_SECONDS = 60
# Of those that would go on until they are stopped.
ARGUMENTS = {"orchestrate": ["state.json", "2"]}


def declared(meta: dict) -> list[str]:
    targets = (t for p in members(meta) if p["name"] in PACKAGES for t in p["targets"])
    return sorted(t["name"] for t in targets if t["kind"] == ["example"])


def build() -> dict[str, str]:
    """Builds the workspace's examples, as `cargo test` does, and says where those of PACKAGES are."""
    command = ["cargo", "build", "--workspace", "--examples"]
    command += ["--message-format", "json-render-diagnostics"]
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if result.returncode != 0:
        sys.exit("the examples do not build")
    executables = {}
    for message in map(json.loads, result.stdout.splitlines()):
        if message.get("executable") and str(ROOT / "examples") in message["manifest_path"]:
            executables[message["target"]["name"]] = message["executable"]
    return executables


def run(command: list[str], target_directory: str) -> tuple[str, str | None]:
    """What the example printed, and what was wrong with its end, if anything."""
    with scratch_copy() as copy:
        try:
            result = subprocess.run(
                command, cwd=copy, env=environment(target_directory), timeout=LIMIT_SECONDS,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8", errors="replace",
            )
        except subprocess.TimeoutExpired:
            return "", f"still running after {LIMIT_SECONDS} s"
    problem = f"exit status {result.returncode}" if result.returncode else None
    return result.stdout, problem


def compare(name: str, printed: str) -> str | None:
    path = EXPECTED / f"{name}.txt"
    if not path.is_file():
        return f"{path.relative_to(ROOT)} is missing"
    expected = path.read_text(encoding="utf-8")
    difference = list(difflib.unified_diff(
        normalised(expected), normalised(printed), str(path.relative_to(ROOT)), "printed", lineterm="",
    ))
    return "\n".join(["output differs", *difference]) if difference else None


def update(name: str, printed: str) -> None:
    EXPECTED.mkdir(exist_ok=True)
    (EXPECTED / f"{name}.txt").write_text(printed, encoding="utf-8")


def main() -> None:
    if sys.argv[1:] not in ([], ["--update"]):
        sys.exit(__doc__)
    updating = sys.argv[1:] == ["--update"]
    meta = metadata()
    names = declared(meta)
    problems = {} if names else {"examples": "there are none"}
    for path in sorted(EXPECTED.glob("*")):
        if path.stem not in names or path.suffix != ".txt":
            problems[path.name] = "belongs to no example"
    executables = build()
    for name in names:
        if name not in executables:
            problems[name] = "was not built"
            continue
        began = time.monotonic()
        printed, problem = run([executables[name], *ARGUMENTS.get(name, [])], meta["target_directory"])
        if problem is None and updating:
            update(name, printed)
        elif problem is None:
            problem = compare(name, printed)
        print(f"{name}: {'failed' if problem else 'ok'}, {time.monotonic() - began:.1f} s")
        if problem:
            problems[name] = problem
    for name, problem in problems.items():
        print(f"{name}: {problem}")
    if problems:
        sys.exit(1)


if __name__ == "__main__":
    main()
