"""Checks that one crate is enough for what it does.

Each directory in tests/consumers is a program with exactly one crate of ours in its manifest (the orchestrator's has the
runner too, which runs its jobs). It is built by itself, so it gets only the features that it asks for, and must print
what its expected.txt says. Durations, instants and ids may differ.

`python3 .ci/consumers.py --write` writes what the programs print into expected.txt.
"""

import difflib
import shutil
import subprocess
import sys

from workspace import ROOT, environment, metadata, normalised, scratch_copy

LIMIT_SECONDS = 900


def printed(directory, env: dict) -> str:
    result = subprocess.run(
        ["cargo", "run", "--quiet"], cwd=directory, env=env, timeout=LIMIT_SECONDS,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    )
    if result.returncode != 0:
        return f"exit status {result.returncode}\n{result.stdout}"
    return result.stdout


def main() -> None:
    write = sys.argv[1:] == ["--write"]
    if sys.argv[1:] and not write:
        sys.exit(__doc__)
    env = environment(metadata()["target_directory"] + "/consumers") | {"CARGO_PROFILE_DEV_DEBUG": "0"}
    names = sorted(path.parent.name for path in (ROOT / "tests/consumers").glob("*/Cargo.toml"))
    failed = []
    with scratch_copy() as copy:
        for name in names:
            directory = copy / "tests/consumers" / name
            # The versions that the workspace has been tested with.
            shutil.copy2(ROOT / "Cargo.lock", directory)
            text = printed(directory, env)
            expected = ROOT / "tests/consumers" / name / "expected.txt"
            if write:
                expected.write_text(text, encoding="utf-8")
            wanted = expected.read_text(encoding="utf-8")
            difference = list(difflib.unified_diff(normalised(wanted), normalised(text), "expected", "printed", lineterm=""))
            print(f"{name}: {'failed' if difference else 'ok'}", flush=True)
            if difference:
                failed.append(name)
                print("\n".join(difference))
    if not names or failed:
        sys.exit(f"failed: {', '.join(failed) or 'there are no consumers'}")


if __name__ == "__main__":
    main()
