"""Checks how the workspace's crates depend on each other and on others, and lists every violation.

* A published crate depends on godata-core and on no sibling, but for the exceptions in SIBLINGS.
  Dev-dependencies are free, and so are the crates that are not published.
* godata-core does not ask for tokio's runtime.
* A crate in BUDGETS has no more external packages in its normal tree than that; one in BEYOND_CORE, without its default
  features, no more than that which godata-core has not.
* A published crate carries its README and both licences.
* Published code has no `get_` method, American spelling, one form of imports and of `# Errors`, and none of the phrases
  in PHRASES, which a reader has to read twice.
* No `#[error(...)]` prints a path or a text as it is: `excerpt` and its siblings escape and cut what others have written.
* Each file that ARCHITECTURE.md names exists.
* Every crate inherits the workspace's lints, or forbids unsafe code if it is PRINTING, and is published or not as UNPUBLISHED says.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from workspace import ROOT, is_published, members, metadata

CORE = "godata-core"
FACADE = "godata"
UNPUBLISHED = {"custom-store", "full-examples", "godata-bench", "godata-examples", "godata-store-kit", "godata-tests"}
# Shows what a user does, who has godata-core and no more.
ON_CORE_ALONE = {"custom-store"}
# Has lints of its own: examples print, and copies of them should not begin with exceptions.
PRINTING = {"full-examples", "godata-examples"}
FORMAT_PREFIX = "godata-io-"
SIBLINGS = {
    # The adapters between byte streams and the engine's readers and writers live with the bytes.
    "godata-io": {"godata-etl"},
    # A format implements the engine's Reader and Writer over bytes.
    FORMAT_PREFIX: {"godata-io", "godata-etl"},
}
BUDGETS = {"godata-etl": 45}
BEYOND_CORE = {"godata-scheduler": 16}
RUNTIME_FEATURES = {"rt", "rt-multi-thread"}
CARRIED = ["README.md", "LICENSE-MIT", "LICENSE-APACHE"]
# What comments say in place of a plain sentence, and what to write instead.
PHRASES = {
    r"(^|[.:;] )Who [a-z]": "a noun, or `callers`",
    r"\b(the|The) begin of\b": "the beginning of",
    r"\b(is|are|was) tried (on|again)\b": "is retried",
    r"\b(which|that) counts itself\b": "inclusive",
    r"\b[Ss]o many (bytes|rows|runs|records|times|orders|slots)\b": "up to N, or the parameter's name",
    r"\b[Gg]oes on anew\b": "starts again",
    r"\bwithin his\b": "within the",
    r"\bbelongs? into\b": "belongs to",
}
# Names in other crates that are spelled the British way.
FOREIGN_SPELLING = re.compile(r"\.(is_cancelled|cancelled|run_until_cancelled)\b")


def allowed_siblings(name: str, names: set[str]) -> set[str]:
    if name == FACADE:
        return names - UNPUBLISHED
    if name in UNPUBLISHED - ON_CORE_ALONE:
        return names
    if name.startswith(FORMAT_PREFIX):
        return {CORE} | SIBLINGS[FORMAT_PREFIX]
    return {CORE} | SIBLINGS.get(name, set())


def dependency_violations(packages: list[dict]):
    names = {package["name"] for package in packages}
    for package in packages:
        used = {
            dependency["name"]
            for dependency in package["dependencies"]
            if dependency["name"] in names and dependency["kind"] != "dev"
        }
        for sibling in sorted(used - allowed_siblings(package["name"], names)):
            yield f"{package['name']} may not depend on {sibling}"


def normal_tree(name: str, *options: str) -> set[tuple[str, frozenset[str]]]:
    """The packages in a crate's own normal tree, as "name version", each with its features."""
    command = ["cargo", "tree", "--locked", "--package", name, "--edges", "normal", "--prefix", "none"]
    command += ["--no-dedupe", "--format", "{p}|{f}", *options]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    tree = set()
    for line in filter(None, output.splitlines()):
        package, features = line.split("|")
        name, version = package.split()[:2]
        tree.add((f"{name} {version}", frozenset(features.split(","))))
    return tree


def budget_violations(packages: list[dict]):
    own = {f"{package['name']} v{package['version']}" for package in packages}
    print("external packages in the normal tree:")
    for package in packages:
        name = package["name"]
        count = len({entry for entry, _ in normal_tree(name)} - own)
        budget = BUDGETS.get(name)
        print(f"{count:5}  {name}" + (f" (at most {budget})" if budget else ""))
        if budget and count > budget:
            yield f"{name} has {count} external packages in its normal tree, {count - budget} more than its budget"
    core = {entry for entry, _ in normal_tree(CORE)}
    print("external packages beyond those of godata-core, without default features:")
    for name, budget in BEYOND_CORE.items():
        count = len({entry for entry, _ in normal_tree(name, "--no-default-features")} - own - core)
        print(f"{count:5}  {name} (at most {budget})")
        if count > budget:
            yield f"{name} has {count} external packages beyond those of {CORE}, {count - budget} more than its budget"
    for name in sorted((BUDGETS.keys() | BEYOND_CORE.keys()) - {package["name"] for package in packages}):
        yield f"{name} has a budget and is not in the workspace"


def runtime_violations():
    for entry, features in normal_tree(CORE, "--all-features"):
        if entry.startswith("tokio "):
            for feature in sorted(features & RUNTIME_FEATURES):
                yield f"{CORE} turns on tokio's feature {feature}"


def manifest_violations(packages: list[dict]):
    for package in packages:
        name = package["name"]
        manifest = tomllib.loads(Path(package["manifest_path"]).read_text(encoding="utf-8"))
        lints = manifest.get("lints", {})
        if name in PRINTING:
            if lints.get("rust", {}).get("unsafe_code") != "forbid":
                yield f"{name} does not forbid unsafe code"
        elif lints != {"workspace": True}:
            yield f"{name} does not inherit the workspace's lints"
        if is_published(package) and name in UNPUBLISHED:
            yield f"{name} needs publish = false"
        if not is_published(package) and name not in UNPUBLISHED:
            yield f"{name} is not published and not in the list of those that are not"


def carried_violations(packages: list[dict]):
    for package in filter(is_published, packages):
        for name in CARRIED:
            if not (Path(package["manifest_path"]).parent / name).is_file():
                yield f"{package['name']} has no {name}"


def text_violations(packages: list[dict]):
    """What sources say, line by line."""
    for package in packages:
        root = Path(package["manifest_path"]).parent
        for path in sorted((root / "src").rglob("*.rs")):
            lines = path.read_text(encoding="utf-8").splitlines()
            for number, line in enumerate(lines, start=1):
                for violation in line_violations(line, lines[number] if number < len(lines) else ""):
                    yield f"{path.relative_to(ROOT)}:{number}: {violation}"


def line_violations(line: str, next_line: str):
    code, _, comment = line.partition("//")
    comment = comment.lstrip("/!").strip()
    if re.search(r"\bfn get_", code):
        yield "a method is named without `get_`"
    if re.search(r"[Cc]ancelled", FOREIGN_SPELLING.sub("", line)):
        yield "the spelling is `canceled`"
    if re.match(r"\s*use (std|core)::\{", code):
        yield "one module per line is imported"
    if comment == "# Errors" and not re.match(r"\s*//[/!]\s*$", next_line):
        yield "an empty line follows `# Errors`"
    for pattern, instead in PHRASES.items():
        if re.search(pattern, comment):
            yield f"`{comment}` is hard to read; write {instead}"


def message_violations(packages: list[dict]):
    """Fields that hold text are found by their type, up to the next message."""
    for package in filter(is_published, packages):
        for path in sorted((Path(package["manifest_path"]).parent / "src").rglob("*.rs")):
            for part in path.read_text(encoding="utf-8").split("#[error(")[1:]:
                message, _, fields = part.partition(")]\n")
                texts = re.findall(r"\b(\w+): (?:String|Arc<str>|Box<str>|PathBuf)\b", fields)
                if ".display()" in message or any(f"{{{name}" in message for name in texts):
                    yield f"{path.relative_to(ROOT)}: `#[error({message.strip()}` prints text without `excerpt`"


def page_violations():
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    files = [f"/{name}" for name in listing.splitlines()]
    for name in sorted(set(re.findall(r"`([\w./-]+\.rs|(?:crates|tests|examples)/[\w./-]+)`", page))):
        if not any(file.endswith(f"/{name}") or f"/{name}/" in file for file in files):
            yield f"ARCHITECTURE.md names {name}, which does not exist"


def main() -> None:
    packages = members(metadata())
    violations = [
        *dependency_violations(packages),
        *runtime_violations(),
        *budget_violations(packages),
        *manifest_violations(packages),
        *carried_violations(packages),
        *text_violations(packages),
        *message_violations(packages),
        *page_violations(),
    ]
    for violation in violations:
        print(f"violation: {violation}")
    if violations:
        sys.exit(1)
    print(f"{len(packages)} crates keep the rules")


if __name__ == "__main__":
    main()
