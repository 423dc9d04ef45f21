#!/usr/bin/env -S uv run --script
# /// script
# dependencies = ["nox>=2025.11"]
# ///
"""CI runs these sessions, and so can you: `uvx nox --list` shows them."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nox

nox.needs_version = ">=2025.11"
nox.options.default_venv_backend = "uv"

PYPROJECT = nox.project.load_toml("pyproject.toml")


def majors(pyproject: dict[str, Any]) -> range:
    """Return the majors in "datafusion>=…,<…"."""
    found = re.findall(r"\bdatafusion>=(\d+),<(\d+)", str(pyproject["project"]))
    return range(*map(int, found[0]))


MAJORS = majors(PYPROJECT)
# A "t" stands for a free-threaded Python.
PYTHONS = ["{{pythons | join: '", "'}}"]
# As for `datafusion`: a wheel for Python {{python}} and later, and one for a free-threaded Python.
WHEELS = ["{{python}}", "{{free_threaded}}"]
# The oldest systems that Linux wheels run on.
LINUX = ["--zig", "--compatibility={{linux}}"] if sys.platform == "linux" else []
DIST = Path("dist")
WHEEL_PARTS = "pyo3-datafusion/wheels.py"
LARGEST = "50_000_000"  # PyPI accepts twice as many bytes.
# These files list the classes that not every major has.
NEWER = [f"--allowlist={path}" for path in Path("tests").glob("newer_classes.txt")]
{%- if function_library %}
STUBS = "pyo3-datafusion/stubs.py"
{%- endif %}


def pytest(session: nox.Session, *further_majors: int) -> None:
    # A free-threaded Python switches the GIL on for an extension that does not support it.
    env = {"PYTHON_GIL": "0"} if str(session.python).endswith("t") else None
    session.run("pytest", *session.posargs, env=env)
    for major in further_majors:
        session.install(f"datafusion=={major}.*")
        session.run("pytest", *session.posargs, env=env)


def in_dist(session: nox.Session, pattern: str) -> str:
    files = sorted(DIST.glob(pattern))
    if len(files) != 1:
        session.error(f"dist/ has {len(files)} files {pattern}, not one: empty it, and build again")
    return str(files[0])


def cargo_tool(session: nox.Session, name: str, *options: str) -> None:
    if not shutil.which(name):
        session.log(f"{name} is not on the PATH: compiling it takes some minutes, once")
        # With the optimizations that these tools ask for, compiling would take twice as long.
        env = {"CARGO_PROFILE_RELEASE_LTO": "off"}
        session.run_install("cargo", "install", "--locked", name, *options, env=env, external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Check format, style and types, of Rust and Python."""
    session.log("the first time, compiling takes about four minutes")
    session.run("cargo", "fmt", "--all", "--check", external=True)
    clippy = ["cargo", "clippy", "--workspace", "--all-targets"]
    session.run(*clippy, "--", "--deny", "warnings", external=True)
    session.install("--editable", ".", "--group", "dev")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    # stubtest fails if the compiled module has other classes or methods than _internal.pyi.
    (pyi,) = Path("python").glob("*/_internal.pyi")
    for major in MAJORS:
        session.install(f"datafusion=={major}.*")
        session.run("stubtest", "--ignore-unused-allowlist", *NEWER, f"{pyi.parent.name}._internal")
{%- if function_library %}
    session.run("python", STUBS, "--check")
{%- endif %}


{% if function_library -%}
@nox.session(default=False)
def stubs(session: nox.Session) -> None:
    """Write functions.pyi, the types and docstrings of the functions in Rust."""
    session.install("--editable", ".")
    session.run("python", STUBS)


{% endif -%}
@nox.session(venv_backend="none")
def rust(session: nox.Session) -> None:
    """Run the tests that need no Python."""
    session.run("cargo", "test")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests, with the versions in uv.lock if there is one."""
    venv = session.virtualenv.location
    session.run_install("uv", "sync", f"--python={venv}", env={"UV_PROJECT_ENVIRONMENT": venv})
    pytest(session, *MAJORS[:-1])


{% if spark -%}
@nox.session(python="{{usual_python}}", default=False)
def spark(session: nox.Session) -> None:
    """Run the tests of the data source with Sail instead of Spark."""
    session.install("--editable", ".[spark]", "pysail==0.7.*", "--group", "test")
    session.run("pytest", "tests/test_spark.py", *session.posargs)


{% endif -%}
@nox.session(python="{{usual_python}}", default=False)
def lowest(session: nox.Session) -> None:
    """Run the tests with the lowest versions that pyproject.toml allows."""
    session.install("--resolution=lowest-direct", "--editable", ".", "--group", "test")
    pytest(session)


@nox.session(python="{{usual_python}}", default=False)
def newest(session: nox.Session) -> None:
    """Run the tests with the newest versions that pyproject.toml allows."""
    session.install("--upgrade", "--editable", ".", "--group", "test")
    pytest(session, *MAJORS[:-1])


@nox.session(python="{{usual_python}}", default=False)
def released(session: nox.Session) -> None:
    """Run the tests of the newest tag, with its wheel from PyPI and the newest hosts for it."""

    def git(*arguments: str) -> str:
        return str(session.run("git", *arguments, silent=True, external=True)).strip()

    order = ["-c", "versionsort.suffix=-", "tag", "--sort=-version:refname"]
    tag = git(*order, "--list", "v[0-9]*").partition("\n")[0]
    if not tag and git("rev-parse", "--is-shallow-repository") == "true":
        session.error("this clone has no tags: `git fetch --unshallow --tags`")
    if not tag:
        session.skip("no version has a tag yet")
    name = PYPROJECT["project"]["name"]
    wheel = [f"--only-binary={name}", f"{name}=={tag.removeprefix('v')}"]
    with TemporaryDirectory() as folder:
        git("archive", f"--output={folder}/tag.tar", tag)
        shutil.unpack_archive(f"{folder}/tag.tar", folder)
        # The tests of today may be for more than that wheel has.
        with session.chdir(folder):
            for major in majors(nox.project.load_toml("pyproject.toml")):
                session.install("--upgrade", *wheel, f"datafusion=={major}.*", "--group", "test")
                pytest(session)


@nox.session(venv_backend="none", default=False)
def audit(session: nox.Session) -> None:
    """Look for crates with advisories, with licenses not allowed, or from outside the registry."""
    cargo_tool(session, "cargo-deny", "--version=^0.20")
    tables = r"(?ms)^(\[+)package\.metadata\.deny\.(.*?)(?=^\[|\Z)"
    found = re.findall(tables, Path("Cargo.toml").read_text("utf-8"))
    with TemporaryDirectory() as folder:
        config = Path(folder, "deny.toml")
        config.write_text("".join(map("".join, found)), "utf-8")
        command = ["cargo", "deny", f"--config={config}", "check", "--hide-inclusion-graph"]
        checks = session.posargs or ["advisories", "licenses", "sources"]
        session.run(*command, *checks, external=True)


@nox.session(python="{{usual_python}}", default=False)
def benchmark(session: nox.Session) -> None:
    """Measure your tables and functions, in a release build, against the same rows in memory."""
    session.install(".", "--group", "test")
    session.run("python", "pyo3-datafusion/benchmark.py")


@nox.session(venv_backend="none", default=False)
def update(session: nox.Session) -> None:
    """Take a newer template over, or other answers: `-- --help` says what can be asked for."""
    address = nox.project.load_toml(".template-answers.toml")["template"]["repository"]
    arguments = session.posargs
    if arguments and not arguments[0].startswith("-"):
        address, *arguments = arguments
    if not address and {"-h", "--help"} & {*arguments}:
        usage = "usage: -- ADDRESS [--check] [--dry-run] [-d KEY=VALUE] [--to TAG]"
        session.skip(f"{usage}\nADDRESS is where the template is: with it, --help says the rest")
    if not address:
        refuse = session.skip if "--check" in arguments else session.error
        refuse("it is not recorded where the template is: add `-- ADDRESS`")
    with TemporaryDirectory() as clone:
        session.run("git", "clone", "--quiet", address, clone)
        session.run("uv", "run", f"{clone}/update.py", f"--template={address}", *arguments)


@nox.session(python=WHEELS, default=False)
def build(session: nox.Session) -> None:
    """Build the release wheel for this platform, in dist/."""
    session.install(*PYPROJECT["build-system"]["requires"], "wheel", "ziglang")
    cargo_tool(session, "cargo-about", "--version=^0.9", "--features=cli")
    # Panics name source files. The names must not contain folders of this machine.
    cargo = os.environ.get("CARGO_HOME", str(Path.home() / ".cargo"))
    remap = [f"--remap-path-prefix={cargo}=cargo", f"--remap-path-prefix={Path.cwd()}=."]
    with TemporaryDirectory() as folder:
        session.run("python", WHEEL_PARTS, "licenses", folder)
        options = ["--release", f"--out={folder}", "--interpreter=python", *LINUX]
        env = {"CARGO_ENCODED_RUSTFLAGS": "\x1f".join(remap)}
        session.run("maturin", "build", *options, env=env)
        session.run("python", WHEEL_PARTS, "complete", folder, str(DIST))


@nox.session(default=False)
def sdist(session: nox.Session) -> None:
    """Build the source distribution, in dist/."""
    session.install(*PYPROJECT["build-system"]["requires"])
    session.run("maturin", "sdist", f"--out={DIST}")


@nox.session(python=PYTHONS, default=False)
def test_wheel(session: nox.Session) -> None:
    """Run the tests with the wheel in dist/."""
    free_threaded = str(session.python).endswith("t")
    wheel = in_dist(session, "*-cp3??t-*.whl" if free_threaded else "*-abi3-*.whl")
    session.install("--reinstall", wheel, "--group", "test")
    pytest(session, *MAJORS[:-1])


@nox.session(python="{{usual_python}}", default=False)
def test_sdist(session: nox.Session) -> None:
    """Run the tests with what the source distribution in dist/ builds into."""
    session.install("--reinstall", in_dist(session, "*.tar.gz"), "--group", "test")
    pytest(session)


@nox.session(venv_backend="none", default=False)
def check_tag(session: nox.Session) -> None:
    """Check that the tag given as an argument is that of Cargo.toml, and is in CHANGELOG.md."""
    version = nox.project.load_toml("Cargo.toml")["package"]["version"]
    if session.posargs != [f"v{version}"]:
        session.error(f"the tag is v{version}: push that, or change `version` in Cargo.toml")
    if f"## {version}" not in Path("CHANGELOG.md").read_text("utf-8").splitlines():
        session.error(f"CHANGELOG.md has no heading `## {version}`: write there what is new")


@nox.session(default=False)
def check_dist(session: nox.Session) -> None:
    """Check what is in dist/; with platforms as arguments, that there are just their wheels."""
    session.install("abi3audit", "check-wheel-contents", "twine")
    wheels = sorted(DIST.glob("*.whl"))
    session.run("twine", "check", "--strict", *map(str, wheels), in_dist(session, "*.tar.gz"))
    session.run("check-wheel-contents", *map(str, wheels))
    session.run("abi3audit", "--strict", *(str(path) for path in wheels if "-abi3-" in path.name))
    session.run("python", WHEEL_PARTS, "check", LARGEST, *map(str, wheels))
    if session.posargs:
        tags = ["{{wheel_tags | join: '", "'}}"]
        expected = {f"{tag}-{platform}" for tag in tags for platform in session.posargs}
        found = {wheel.stem.split("-", 2)[2] for wheel in wheels}
        if found != expected:
            session.error(f"missing are {expected - found}, and too many are {found - expected}")


if __name__ == "__main__":
    nox.main()
