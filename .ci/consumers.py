"""Checks that one crate is enough for what it does.

Each directory in tests/consumers is a program with exactly one crate of ours in its manifest (the orchestrator's has the
runner too, which runs its jobs). It is built by itself, so it gets only the features that it asks for, and must print
what its expected.txt says. Durations, instants and ids may differ.

`python3 .ci/consumers.py --update` writes what the programs print into expected.txt instead of comparing.
"""

import difflib
import shutil
import subprocess
import sys
from pathlib import Path

from workspace import ROOT, environment, metadata, normalised, scratch_copy, use_profiles_of_workspace

CONSUMERS = ROOT / "tests" / "consumers"
LIMIT_SECONDS = 900


def run(directory: Path, env: dict) -> tuple[str, str | None]:
    """What the program printed, and what was wrong with its end, if anything."""
    result = subprocess.run(
        ["cargo", "run", "--quiet"], cwd=directory, env=env, timeout=LIMIT_SECONDS,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    )
    return result.stdout, f"exit status {result.returncode}\n{result.stdout}" if result.returncode else None


def compare(expected: Path, printed: str) -> str | None:
    wanted = expected.read_text(encoding="utf-8") if expected.is_file() else ""
    lines = difflib.unified_diff(normalised(wanted), normalised(printed), "expected", "printed", lineterm="")
    return "\n".join(lines) or None


def main() -> None:
    update = sys.argv[1:] == ["--update"]
    if sys.argv[1:] and not update:
        sys.exit(__doc__)
    env = environment(metadata()["target_directory"])
    names = sorted(path.parent.name for path in CONSUMERS.glob("*/Cargo.toml"))
    failed = []
    with scratch_copy() as copy:
        for name in names:
            directory = copy / CONSUMERS.relative_to(ROOT) / name
            # The versions that the workspace has been tested with.
            shutil.copy2(ROOT / "Cargo.lock", directory)
            use_profiles_of_workspace(directory)
            printed, problem = run(directory, env)
            expected = CONSUMERS / name / "expected.txt"
            if update and not problem:
                expected.write_text(printed, encoding="utf-8")
            problem = problem or compare(expected, printed)
            print(f"{name}: {'failed' if problem else 'ok'}", flush=True)
            if problem:
                failed.append(name)
                print(problem)
    if not names or failed:
        sys.exit(f"failed: {', '.join(failed) or 'there are no consumers'}")


if __name__ == "__main__":
    main()
