"""Checks that the README's commands and programs print what it says.

Every ```console block holds commands, each on a line `$ command`, followed by what it prints to
stdout and stderr. They run in the README's order, each by its own shell, from the root of one copy
of the tree, and end with status 0. Cargo's own lines are left out of the comparison; durations,
rates and run ids may differ.

An HTML comment on its own line, before a block, says that it is special:

    <!-- ci: skip -->       not run
    <!-- ci: exit N -->     its last command ends with status N
    <!-- ci: manifest -->   the dependencies, or all of Cargo.toml, of a package of its own
    <!-- ci: file PATH -->  a file of that package
    <!-- ci: main -->       its src/main.rs
    <!-- ci: output -->     a console block that runs in that package
    <!-- ci: output exit N -->  the same, and its last command ends with status N

Every block of Rust is the main of a package: none is shown that does not compile and run.

The package takes godata from this tree, whatever the manifest says, and the versions of everything
else from this tree's Cargo.lock. A later main block replaces the earlier one.

`python3 .ci/readme.py [FILE]` checks another file than README.md.
"""

import difflib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from workspace import ROOT, environment, members, metadata, normalised, scratch_copy, use_profiles_of_workspace

LIMIT_SECONDS = 600
CARGO_LINE = re.compile(
    r"\s+(Adding|Blocking|Building|Checking|Compiling|Documenting|Downloaded|Downloading|Finished"
    r"|Fresh|Locking|Running|Updating) \S"
    r"|error: process didn't exit successfully: `"
)
MARKER = re.compile(r"<!-- *ci: *(.*?) *-->")
FENCE = re.compile(r"(\s*)(`{3,})\s*([\w-]*)")


class Fault(Exception):
    """Something wrong with the README itself."""


@dataclass
class Block:
    line: int
    language: str
    marker: list[str]
    lines: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


@dataclass
class Command:
    line: int
    shell: str
    output: list[str]
    status: int = 0


def blocks(text: str) -> list[Block]:
    found = []
    marker: tuple[int, list[str]] | None = None
    indent, fence = "", None
    for number, line in enumerate(text.splitlines(), start=1):
        if fence is not None:
            if line.strip() == fence:
                fence = None
            else:
                found[-1].lines.append(line.removeprefix(indent))
        elif match := FENCE.match(line):
            indent, fence, language = match.groups()
            found.append(Block(number, language, marker[1] if marker else [], []))
            marker = None
        elif match := MARKER.fullmatch(line.strip()):
            marker = (number, match[1].split())
        elif line.strip() and marker:
            raise Fault(f"line {marker[0]}: no block follows the marker")
    if fence is not None:
        raise Fault(f"line {found[-1].line}: the block is not closed")
    if marker:
        raise Fault(f"line {marker[0]}: no block follows the marker")
    return found


def commands(block: Block) -> list[Command]:
    """A console block's commands; one that ends in a backslash goes on in the next line."""
    found: list[Command] = []
    continued = False
    for number, line in enumerate(block.lines, start=block.line + 1):
        if continued:
            found[-1].shell += "\n" + line
        elif line.startswith("$ "):
            found.append(Command(number, line[2:], []))
        elif found:
            found[-1].output.append(line)
        elif line.strip():
            raise Fault(f"line {number}: output before the first command")
        continued = bool(found) and not found[-1].output and found[-1].shell.endswith("\\")
    return found


def without_cargo(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not CARGO_LINE.match(line))


def run(command: Command, directory: Path, env: dict) -> str | None:
    """What is wrong with the command's end or output, if anything."""
    try:
        result = subprocess.run(
            ["bash", "-c", command.shell], cwd=directory, env=env, timeout=LIMIT_SECONDS,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", errors="replace",
        )
    except subprocess.TimeoutExpired:
        return f"still running after {LIMIT_SECONDS} s"
    if result.returncode != command.status:
        return f"exit status {result.returncode}, not {command.status}\n{result.stdout}"
    expected = normalised(without_cargo("\n".join(command.output)))
    printed = normalised(without_cargo(result.stdout))
    difference = list(difflib.unified_diff(expected, printed, "README", "printed", lineterm=""))
    return "\n".join(["output differs", *difference]) if difference else None


def is_exit(words: list[str]) -> bool:
    return not words or (len(words) == 2 and words[0] == "exit" and words[1].isdigit())


def parsed(manifest: str) -> dict:
    try:
        return tomllib.loads(manifest)
    except tomllib.TOMLDecodeError as error:
        raise Fault(f"the manifest: {error}") from error


class Package:
    """The package that the README's manifest, file and main blocks describe."""

    def __init__(self, directory: Path, crates: dict[str, Path]):
        self.directory = directory
        self.crates = crates
        (directory / "src").mkdir(parents=True)
        shutil.copy2(ROOT / "Cargo.lock", directory)
        use_profiles_of_workspace(directory)

    def write(self, name: str, text: str) -> None:
        path = (self.directory / name).resolve()
        if not path.is_relative_to(self.directory):
            raise Fault(f"{name} is not inside the package")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def write_manifest(self, text: str) -> None:
        parsed(text)
        lines = [self.from_this_tree(line) for line in text.splitlines()]
        if not any(line.strip() == "[package]" for line in lines):
            lines = ["[package]", 'name = "readme"', 'version = "0.0.0"', 'edition = "2024"', "", *lines]
        # Without this, Cargo would look for a workspace in the directories above.
        lines += ["", "[workspace]"]
        manifest = "\n".join(lines) + "\n"
        for name, dependency in parsed(manifest).get("dependencies", {}).items():
            if name in self.crates and (isinstance(dependency, str) or "path" not in dependency):
                raise Fault(f"the manifest's {name} is not one line `{name} = …`")
        self.write("Cargo.toml", manifest)

    def from_this_tree(self, line: str) -> str:
        name, _, value = (part.strip() for part in line.partition("="))
        if name not in self.crates:
            return line
        options = []
        if value.startswith("{"):
            options = re.findall(r'((?:default-)?features)\s*=\s*(\[[^]]*\]|true|false)', value)
        path = f'path = "{self.crates[name]}"'
        return f"{name} = {{ {', '.join([path, *(f'{key} = {v}' for key, v in options)])} }}"


def check(text: str) -> list[str]:
    """Runs the README's commands; what is wrong, with line numbers."""
    problems: list[str] = []
    count = 0
    meta = metadata()
    env = environment(meta["target_directory"])
    crates = {p["name"]: Path(p["manifest_path"]).parent for p in members(meta)}

    def run_all(chosen: list[Command], directory: Path) -> None:
        nonlocal count
        for command in chosen:
            count += 1
            problem = run(command, directory, env)
            print(f"line {command.line}: {'failed' if problem else 'ok'}: {command.shell}", flush=True)
            if problem:
                problems.append(f"line {command.line}: {command.shell}: {problem}")

    with scratch_copy() as copy, tempfile.TemporaryDirectory(prefix="godata-readme-") as directory:
        (copy / "target").symlink_to(meta["target_directory"])
        package = Package(Path(directory).resolve() / "readme", crates)
        unused: Block | None = None
        for block in blocks(text):
            match block.marker:
                case [] if block.language != "rust":
                    if block.language == "console":
                        run_all(commands(block), copy)
                case ["skip"] if block.language != "rust":
                    print(f"line {block.line}: skipped")
                case ["exit", status] if status.isdigit() and block.language == "console":
                    chosen = commands(block)
                    if not chosen:
                        raise Fault(f"line {block.line}: no command to end with status {status}")
                    chosen[-1].status = int(status)
                    run_all(chosen, copy)
                case ["manifest"] if block.language == "toml":
                    package.write_manifest(block.text)
                case ["file", name]:
                    package.write(name, block.text)
                case ["main"] if block.language == "rust":
                    if unused:
                        raise Fault(f"line {unused.line}: no output block follows the program")
                    package.write("src/main.rs", block.text)
                    unused = block
                case ["output", *exit] if block.language == "console" and is_exit(exit):
                    if not all((package.directory / name).exists() for name in ("Cargo.toml", "src/main.rs")):
                        raise Fault(f"line {block.line}: no manifest and program precede the output")
                    unused = None
                    chosen = commands(block)
                    if not chosen:
                        raise Fault(f"line {block.line}: no command runs the program")
                    chosen[-1].status = int(exit[1]) if exit else 0
                    run_all(chosen, package.directory)
                case marker:
                    raise Fault(f"line {block.line}: `ci: {' '.join(marker)}` before a {block.language} block")
        if unused:
            raise Fault(f"line {unused.line}: no output block follows the program")
    if not count:
        raise Fault("no command was checked")
    return problems


def main() -> None:
    if len(sys.argv) > 2 or sys.argv[1:2] == ["--help"]:
        sys.exit(__doc__)
    readme = Path(sys.argv[1]) if len(sys.argv) == 2 else ROOT / "README.md"
    try:
        problems = check(readme.read_text(encoding="utf-8"))
    except (Fault, OSError) as fault:
        sys.exit(f"{readme.name}: {fault}")
    for problem in problems:
        print(f"\n{readme.name}: {problem}")
    if problems:
        sys.exit(1)


if __name__ == "__main__":
    main()
