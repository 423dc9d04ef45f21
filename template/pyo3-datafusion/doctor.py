"""Find what a project needs and does not have, before a build takes minutes.

Usage: python3 pyo3-datafusion/doctor.py

Each line is about one thing. Where something is wrong, the line says what to type. The exit code is 1
if the project cannot be built and tested as it is. Needs nothing but Python.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
# The folder `target` after a first build, the tests and a release build.
GIGABYTES = 8
# Types of these crates pass between yours and DataFusion's code, so there can be only one version.
SHARED = re.compile(r"arrow|arrow-.*|datafusion|datafusion-.*|object_store|parquet|pyo3|tokio")
LINKER = {
    "linux": "sudo apt-get install build-essential, or your system's package with gcc",
    "darwin": "xcode-select --install",
    "win32": "winget install Microsoft.VisualStudio.2022.BuildTools, with the workload for C++",
}

Version = tuple[int, ...]


def version(text: str) -> Version:
    """The numbers of the first version in a text."""
    found = re.search(r"\d+(\.\d+)+", text)
    return tuple(map(int, found[0].split("."))) if found else ()


def shown(numbers: Version) -> str:
    return ".".join(map(str, numbers))


def output(*command: str, timeout: float = 60) -> str | None:
    """What a command prints, or None if it fails or is not there."""
    program = shutil.which(command[0])
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, *command[1:]],
            check=False,
            cwd=ROOT,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def setting(file: str, pattern: str) -> str:
    """The first group of a pattern in a file of the project, or nothing."""
    path = ROOT / file
    found = re.search(pattern, path.read_text("utf-8"), re.MULTILINE) if path.exists() else None
    return found[1] if found else ""


class Finding(NamedTuple):
    sentence: str
    # What to do, if anything.
    todo: str = ""
    # Nothing can be built or tested before that.
    needed: bool = True


Findings = Iterator[Finding]


# What is missing.


def rust() -> Findings:
    needed = version(setting("Cargo.toml", r'^rust-version = "(.*)"'))
    found = version(output("rustc", "--version") or "")
    if not found:
        yield Finding("Rust is missing", "install it from https://rustup.rs")
    elif found < needed:
        yield Finding(f"Rust is {shown(found)}, but {shown(needed)} is needed", "rustup update")
    else:
        yield Finding(f"Rust {shown(found)}")
        yield from linker()


def linker() -> Findings:
    with TemporaryDirectory() as folder:
        source = Path(folder, "main.rs")
        source.write_text("fn main() {}", "utf-8")
        if output("rustc", str(source), "-o", str(Path(folder, "main"))) is None:
            todo = LINKER.get(sys.platform, "install a C compiler")
            yield Finding("Rust cannot link a program", todo)
        else:
            yield Finding("the linker works")


def python() -> Findings:
    needed = version(setting("pyproject.toml", r'^requires-python = "(.*)"'))
    found = sys.version_info[:2]
    if found < needed:
        todo = f"run this file with a newer one, such as: uv run --python {shown(needed)}"
        yield Finding(f"Python is {shown(found)}, but {shown(needed)} is needed", todo)
    else:
        yield Finding(f"Python {shown(found)}")


def tools() -> Findings:
    if uv := version(output("uv", "--version") or ""):
        yield Finding(f"uv {shown(uv)}")
    else:
        yield Finding("uv is missing", "pip install uv", needed=False)
    git = version(output("git", "--version") or "")
    if git < (2, 38):
        what = f"git is {shown(git)}" if git else "git is missing"
        yield Finding(f"{what}, but updates need 2.38", "install a newer git", needed=False)
    else:
        yield Finding(f"git {shown(git)}")


def disk() -> Findings:
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < GIGABYTES and not (ROOT / "target").exists():
        todo = "make room, or set CARGO_TARGET_DIR to a folder on another disk"
        yield Finding(f"{free:.0f} GB are free, but builds need up to {GIGABYTES}", todo)
    else:
        yield Finding(f"{free:.0f} GB are free")


# What does not fit together.


def crates() -> Findings:
    """Crates in two versions, and who wants them."""
    text = output("cargo", "metadata", "--format-version=1", "--offline")
    if text is None:
        yield Finding("the crates are not downloaded yet, so their versions are not compared")
        return
    metadata = json.loads(text)
    packages = {package["id"]: package for package in metadata["packages"]}
    wanted: dict[str, dict[str, set[str]]] = {}
    for node in metadata["resolve"]["nodes"]:
        for dependency in node["dependencies"]:
            name, number = packages[dependency]["name"], packages[dependency]["version"]
            if SHARED.fullmatch(name):
                by = packages[node["id"]]
                wants = f"{by['name']} {by['version']}"
                wanted.setdefault(name, {}).setdefault(number, set()).add(wants)
    # A project for several majors of DataFusion has the crates of each.
    majors = 1 + len(list(ROOT.glob("majors/*/Cargo.toml")))
    several = {
        name: versions
        for name, versions in sorted(wanted.items())
        if len(versions) > (majors if re.match("arrow|datafusion|parquet", name) else 1)
    }
    if not several:
        yield Finding("each crate of DataFusion has one version")
    for name, versions in several.items():
        # Who has two versions itself is not the cause.
        causes = {
            number: [wants for wants in sorted(by) if wants.split()[0] not in several]
            for number, by in sorted(versions.items(), key=lambda each: version(each[0]))
        }
        if sum(map(bool, causes.values())) > 1:
            parts = [f"{number} for {', '.join(by[:3])}" for number, by in causes.items() if by]
            todo = f"depend on the version that datafusion-common has: {common(packages)}"
            yield Finding(f"{name} has {len(parts)} versions: {'; '.join(parts)}", todo)


def common(packages: dict[str, dict[str, str]]) -> str:
    """The command that shows which versions DataFusion has."""
    found = (each["version"] for each in packages.values() if each["name"] == "datafusion-common")
    return f"cargo tree --depth 1 --package datafusion-common@{max(found, key=version)}"


def host() -> Findings:
    """The installed ``datafusion``, the one that pyproject.toml asks for, and the crates."""
    numbers = re.findall(r"\d+", setting("pyproject.toml", r'"datafusion(>=\d+,<\d+)"'))
    if not numbers:
        yield Finding("pyproject.toml has no dependency such as datafusion>=55,<56", "add it")
        return
    low, high = map(int, numbers)
    majors = f"{low}" if high == low + 1 else f"{low} to {high - 1}"
    for path in [ROOT / "Cargo.toml", *ROOT.glob("majors/*/Cargo.toml")]:
        manifest = path.relative_to(ROOT).as_posix()
        pattern = r'^datafusion-common = (?:"|\{ version = ")(.*?)"'
        major = (version(setting(manifest, pattern)) or (low,))[0]
        if not low <= major < high:
            what = f"{manifest} is for DataFusion {major}, and pyproject.toml for {majors}"
            yield Finding(what, f"uvx nox --session update -- -d datafusion={major}")
    folders = [*ROOT.glob(".venv/lib/*/site-packages"), *ROOT.glob(".venv/Lib/site-packages")]
    found = [path for folder in folders for path in folder.glob("datafusion-*.dist-info")]
    for installed in map(version, (path.name for path in found)):
        if low <= installed[0] < high:
            yield Finding(f"datafusion {shown(installed)} is installed in .venv")
        else:
            todo = f'uv pip install "datafusion>={low},<{high}"'
            what = f"datafusion {shown(installed)} is installed in .venv, but {majors} is needed"
            yield Finding(what, todo)


def template() -> Findings:
    """A newer template."""
    answers = ".template-answers.toml"
    address, ours = (setting(answers, rf'^{key} = "(.*)"') for key in ("repository", "version"))
    if not address:
        return
    tags = output("git", "ls-remote", "--tags", "--refs", address, "v*", timeout=20)
    if tags is None:
        yield Finding(f"the template at {address} cannot be reached")
        return
    found = [version(tag) for tag in tags.splitlines() if "-" not in tag.rpartition("/")[2]]
    newest = max(found, default=())
    if newest > version(ours):
        what = f"the template has version {shown(newest)}, and this project is from {ours}"
        yield Finding(what, "uvx nox --session update -- --dry-run", needed=False)
    else:
        yield Finding(f"the template has nothing newer than {ours}")


def main() -> int:
    wrong = 0
    for check in [rust, python, tools, disk, crates, host, template]:
        for sentence, todo, needed in check():
            word = ("wrong" if needed else "note") if todo else "ok"
            print(f"{word:6} {sentence}", flush=True)
            if todo:
                print(f"       {todo}", flush=True)
            wrong += bool(todo) and needed
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
