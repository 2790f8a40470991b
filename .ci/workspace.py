"""What the checks need to know of the workspace, and how they run things beside it.

`python3 .ci/workspace.py published` prints the crates that are published, one a line.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def metadata() -> dict:
    """The workspace's members as Cargo sees them; an outdated Cargo.lock is an error."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE)
    if result.returncode != 0:
        sys.exit("cargo metadata --locked failed")
    return json.loads(result.stdout)


def members(meta: dict) -> list[dict]:
    ids = set(meta["workspace_members"])
    return sorted((p for p in meta["packages"] if p["id"] in ids), key=lambda p: p["name"])


def is_published(package: dict) -> bool:
    return package["publish"] != []


@contextmanager
def scratch_copy():
    """A copy of the tree, without ignored files, that is removed afterwards.

    Modification times are kept and `target` leads to the workspace's own, so Cargo finds what it
    has built already.
    """
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )
    with tempfile.TemporaryDirectory(prefix="godata-ci-") as directory:
        copy = Path(directory).resolve() / "godata"
        for name in filter(None, listing.stdout.split("\0")):
            if (ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
        yield copy


def use_profiles_of_workspace(package: Path) -> None:
    """Has a package outside of the workspace be built with its profiles. With others, Cargo would build dependencies again."""
    manifest = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    tables = re.findall(r"^\[profile\..*?(?=^\[|\Z)", manifest, re.MULTILINE | re.DOTALL)
    config = package / ".cargo" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    config.write_text("".join(tables), encoding="utf-8")


def environment(target_directory: str) -> dict:
    """The environment in which commands run: plain output, one target directory for all."""
    return os.environ | {
        "CARGO_TARGET_DIR": target_directory,
        "CARGO_TERM_COLOR": "never",
        "CARGO_TERM_PROGRESS_WHEN": "never",
        "NO_COLOR": "1",
    }


VOLATILE = [
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"), "<instant>"),
    (re.compile(r"(?<![\w.])[0-9][0-9.,]*( ?[A-Za-z]+){0,2}/s\b"), "<rate>"),
    (re.compile(r"(?<![\w.])[0-9][0-9.,]* ?(ns|µs|us|ms|s)\b"), "<time>"),
    (re.compile(r"[ \t]+"), " "),
]


def normalised(text: str) -> list[str]:
    """The lines of `text` without what differs from run to run: durations, instants, rates, run
    ids, and the width of the columns that they stand in."""
    lines = []
    for line in text.splitlines():
        for pattern, replacement in VOLATILE:
            line = pattern.sub(replacement, line)
        lines.append(line.rstrip())
    while lines and not lines[-1]:
        lines.pop()
    return lines


if __name__ == "__main__":
    if sys.argv[1:] != ["published"]:
        sys.exit(__doc__)
    for package in members(metadata()):
        if is_published(package):
            print(package["name"])
